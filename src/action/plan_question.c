#include "plan_question.h"

#include <string.h>

#include "action/env.h"
#include "base/clock.h"
#include "commit_private.h"
#include "json/get.h"
#include "json/write.h"
#include "verdict.h"

#define WARNINGS_SHOWN 10
#define WARNING_SHOWN 300 /* bytes of one */
#define EXAMPLES_SHOWN 3
#define EXAMPLE_MAX 1500
#define LISTED_MAX 8
#define VALUE_SHOWN 80 /* bytes of one value */

/* ---- pieces of the text ---- */

static bool
has_text(const json_t *list, const json_t *text)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (json_equal(json_array_get(list, i), text))
			return true;
	}
	return false;
}

/* The texts of a member of all rows, each once.  NULL without memory. */
static json_t *
collect(const json_t *rows, const char *member)
{
	json_t *all = json_array();

	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *texts = json_get_array(json_array_get(rows, i), member);

		for (size_t k = 0; k < json_array_size(texts); k++) {
			json_t *text = json_array_get(texts, k);

			if (!has_text(all, text) && json_array_append(all, text) < 0) {
				json_decref(all);
				return NULL;
			}
		}
	}
	return all;
}

static void
put_list(struct buf *text, const json_t *list, size_t max)
{
	size_t n = json_array_size(list);

	for (size_t i = 0; i < n && i < max; i++)
		buf_printf(text, "%s%s", i > 0 ? ", " : "", json_string_value(json_array_get(list, i)));
	if (n > max)
		buf_printf(text, " and %zu more", n - max);
}

/* Does any write reach more views than can be named? */
static bool
reaches_all(const json_t *effective)
{
	for (size_t i = 0; i < json_array_size(effective); i++) {
		if (json_get_array_len(json_array_get(effective, i), "store_views") == 0)
			return true;
	}
	return false;
}

static void
put_reach(struct buf *text, const json_t *effective)
{
	json_t *views = collect(effective, "store_views");
	size_t n = json_array_size(views);

	if (n == 0 || reaches_all(effective)) {
		buf_put_str(text, " in all store views");
	} else {
		buf_printf(text, " in %zu store view%s (", n, n == 1 ? "" : "s");
		put_list(text, views, LISTED_MAX);
		buf_put_str(text, ")");
	}
	json_decref(views);
}

/* The first bytes of a text, whole characters. */
static void
put_cut(struct buf *text, const char *str, size_t max)
{
	size_t len = strlen(str), keep = max;

	while (keep > 0 && len > max && ((unsigned char)str[keep] & 0xc0) == 0x80)
		keep--;
	buf_put(text, str, len > max ? keep : len);
	if (len > max)
		buf_put_str(text, "...");
}

void
plan_question_value(struct buf *text, const json_t *value)
{
	struct buf json;

	if (value == NULL) {
		buf_put_str(text, "-");
		return;
	}
	buf_init(&json, KEEPER_TEXT_BYTES_MAX);
	if (json_dump_to(&json, value) < 0) {
		buf_put_str(text, "...");
	} else if (json.len <= VALUE_SHOWN) {
		buf_put_slice(text, buf_slice(&json));
	} else {
		put_cut(text, buf_cstr(&json), VALUE_SHOWN);
	}
	buf_fini(&json);
}

/* One row of sample_diffs: what names the item, then its changes. */
static void
put_example(struct buf *text, json_t *row)
{
	static const char *const names[] = {"sku", "identifier", "name", "title", "page_id", "block_id"};
	json_t *changes = json_object_get(row, "changes"), *change;
	size_t mark = text->len;
	const char *field;

	buf_put_str(text, "\n- ");
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (json_object_get(row, names[i]) == NULL)
			continue;
		plan_question_value(text, json_object_get(row, names[i]));
		break;
	}
	if (strcmp(json_get_str(row, "scope", "all"), "all") != 0)
		buf_printf(text, " (%s)", json_get_str(row, "scope", ""));
	json_object_foreach(changes, field, change)
	{
		if (text->len - mark > EXAMPLE_MAX) {
			buf_put_str(text, " ...");
			break;
		}
		buf_printf(text, " %s: ", field);
		plan_question_value(text, json_object_get(change, "from"));
		buf_put_str(text, " -> ");
		plan_question_value(text, json_object_get(change, "to"));
	}
}

static void
put_warnings(struct buf *text, const json_t *warnings)
{
	size_t n = json_array_size(warnings);

	if (n > 0)
		buf_put_str(text, "\nWarnings:");
	for (size_t i = 0; i < n && i < WARNINGS_SHOWN; i++) {
		buf_put_str(text, "\n- ");
		put_cut(text, json_string_value(json_array_get(warnings, i)), WARNING_SHOWN);
	}
	if (n > WARNINGS_SHOWN)
		buf_printf(text, "\n- and %zu more", n - WARNINGS_SHOWN);
}

/* "Change price, name of 300 products in 2 store views (de, fr)?" */
static void
put_deed(const struct plan_words *words, enum keeper_plan_state state, json_t *summary, struct buf *text)
{
	json_t *effective = json_get_array(summary, "effective_scopes");
	json_t *fields = collect(effective, "fields");
	long long n = (long long)json_get_int(summary, "affected_count", 0);
	int plural = (int)strlen(words->noun);

	if (state == KEEPER_PLAN_INTERRUPTED)
		buf_put_str(text, "Go on with a plan that was interrupted. ");
	buf_put_str(text, words->creates ? "Create " : "Change ");
	if (!words->creates && json_array_size(fields) > 0) {
		put_list(text, fields, LISTED_MAX);
		buf_put_str(text, " of ");
	}
	buf_printf(text, "%lld %.*s", n, n == 1 ? plural - 1 : plural, words->noun);
	if (!words->creates)
		put_reach(text, effective);
	buf_put_str(text, "?");
	json_decref(fields);
}

void
plan_question_put(const struct plan_words *words, enum keeper_plan_state state, json_t *summary, bool force,
		  struct buf *text)
{
	json_t *samples = json_get_array(summary, "sample_diffs");

	put_deed(words, state, summary, text);
	if (force)
		buf_put_str(text, " What others have changed since the plan was made is overwritten (force).");
	put_warnings(text, json_get_array(summary, "warnings"));
	if (json_array_size(samples) > 0)
		buf_put_str(text, words->creates ? "\nDetails:" : "\nFor example:");
	for (size_t i = 0; i < json_array_size(samples) && i < EXAMPLES_SHOWN; i++)
		put_example(text, json_array_get(samples, i));
}

/* ---- the plan ---- */

static enum keeper_claim_verdict
verdict_of(enum keeper_plan_state state)
{
	switch (state) {
	case KEEPER_PLAN_RUNNING:
		return KEEPER_BUSY;
	case KEEPER_PLAN_DONE:
		return KEEPER_DONE;
	case KEEPER_PLAN_EXPIRED:
		return KEEPER_EXPIRED;
	case KEEPER_PLAN_PREPARED:
	case KEEPER_PLAN_INTERRUPTED:
		break;
	}
	return KEEPER_CLAIMED;
}

static int
refuse(const struct keeper_plan *plan, struct fault *fault)
{
	const struct keeper_verdict verdict = {.kind = plan != NULL ? verdict_of(plan->state) : KEEPER_NOT_FOUND,
					       .finished_wall_ms = plan != NULL ? plan->finished_wall_ms : 0,
					       .outcome = plan != NULL ? plan->outcome : KEEPER_COMPLETED};
	json_t *unused = NULL;

	return verdict_answer(&verdict, &unused, fault);
}

static int
read_plan(struct action_call *call, const char *id, const char *pair, struct keeper_plan *plan, struct fault *fault)
{
	const struct keeper_party party = {.tool = pair, .owner = call->principal->name, .store = call->login.base_url};
	struct err err = {.code = ERR_OK};
	int r = keeper_plan_read(call->env->keeper, id, &party, clock_wall_ms(), call->pool, plan, &err);

	if (r == 0)
		return 0;
	if (r == ERR_NOT_FOUND)
		return refuse(NULL, fault);
	if (r == ERR_CANCELLED)
		return fault_set(fault, FAULT_CANCELLED, NULL, "The call was cancelled.");
	return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "The plan could not be read, nothing was changed: %s",
			 err.text);
}

int
plan_question(struct action_call *call, const json_t *params, const char *pair, const struct plan_words *words,
	      struct buf *text, struct fault *fault)
{
	struct keeper_plan plan;
	json_t *summary = NULL;

	if (read_plan(call, json_get_str(params, "plan_id", ""), pair, &plan, fault) < 0)
		return -1;
	/* Whether a finished plan's result is told again is for the claim to judge, which knows the key. */
	if (plan.state == KEEPER_PLAN_DONE && json_get_str(params, "idempotency_key", NULL) != NULL) {
		buf_put_str(text, "Show the result of this plan again? It has been carried out already, and nothing "
				  "more is changed.");
		return 0;
	}
	if (verdict_of(plan.state) != KEEPER_CLAIMED)
		return refuse(&plan, fault);
	if (json_parse(plan.meta.summary, &commit_limits, &summary, NULL) < 0)
		return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "The plan could not be read: it is damaged.");
	plan_question_put(words, plan.state, summary, json_get_bool(params, "force", false), text);
	json_decref(summary);
	return 0;
}
