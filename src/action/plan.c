#include "plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "action/env.h"
#include "base/clock.h"
#include "base/rand.h"
#include "guard.h"
#include "json/clone.h"
#include "json/get.h"
#include "json/write.h"
#include "keeper/keeper.h"
#include "notice.h"
#include "results.h"
#include "shapes.h"

#define WARNINGS_MAX 50
#define MANY_ITEMS 100
#define SKIPPED_SHOWN 50
#define SAMPLE_DEFAULT 5
#define WRITES_PER_SKU 4
#define SHOWN_BYTES 400 /* of one text in a result */

struct plan {
	struct action_call *call;
	const char *pair;
	const char *commit_tool;
	const char *noun;
	json_t *items;
	json_t *warnings;
	json_t *skipped;
	json_t *effective;
	size_t skipped_count;
	size_t unchanged_count;
	size_t writes;
};

struct plan *
plan_new(struct action_call *call, const char *pair, const char *commit_tool, const char *noun)
{
	struct plan *plan = calloc(1, sizeof(*plan));

	if (plan == NULL)
		return NULL;
	plan->call = call;
	plan->pair = pair;
	plan->commit_tool = commit_tool;
	plan->noun = noun;
	plan->items = json_array();
	plan->warnings = json_array();
	plan->skipped = json_array();
	plan->effective = json_array();
	if (plan->items == NULL || plan->warnings == NULL || plan->skipped == NULL || plan->effective == NULL)
		plan_free(&plan);
	return plan;
}

void
plan_free(struct plan **plan)
{
	if (*plan == NULL)
		return;
	json_decref((*plan)->items);
	json_decref((*plan)->warnings);
	json_decref((*plan)->skipped);
	json_decref((*plan)->effective);
	free(*plan);
	*plan = NULL;
}

int
plan_add(struct plan *plan, json_t *item)
{
	plan->writes += json_get_array_len(item, "writes");
	return json_array_append_new(plan->items, item);
}

void
plan_add_unchanged(struct plan *plan)
{
	plan->unchanged_count++;
}

int
plan_skip(struct plan *plan, json_t *key, const char *reason)
{
	plan->skipped_count++;
	if (json_array_size(plan->skipped) == SKIPPED_SHOWN) {
		json_decref(key);
		return 0;
	}
	if (json_object_set_new(key, "reason", json_string(reason)) < 0) {
		json_decref(key);
		return -1;
	}
	return json_array_append_new(plan->skipped, key);
}

void
plan_warn(struct plan *plan, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (json_array_size(plan->warnings) == WARNINGS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_array_append_new(plan->warnings, json_string(text));
}

void
plan_warn_missing(struct plan *plan, const json_t *not_found)
{
	size_t n = json_array_size(not_found);

	if (n > 0)
		plan_warn(plan, "%zu of the listed SKUs %s not exist, see not_found_skus.", n, n == 1 ? "does" : "do");
}

void
plan_warn_many(struct plan *plan)
{
	if (plan_count(plan) > MANY_ITEMS)
		plan_warn(plan, "%zu %s would change.", plan_count(plan), plan->noun);
}

json_t *
plan_warnings(const struct plan *plan)
{
	return plan->warnings;
}

/* ---- where it is written ---- */

static bool
has_views(const json_t *row, const struct reach_write *write)
{
	json_t *views = json_object_get(row, "store_views");

	if (json_array_size(views) != write->n_views)
		return false;
	for (size_t i = 0; i < write->n_views; i++) {
		if (strcmp(json_string_value(json_array_get(views, i)), write->views[i]) != 0)
			return false;
	}
	return true;
}

static json_t *
find_effective(const struct plan *plan, const struct reach_write *write)
{
	for (size_t i = 0; i < json_array_size(plan->effective); i++) {
		json_t *row = json_array_get(plan->effective, i);

		if (strcmp(json_get_str(row, "scope", ""), write->prefix) == 0 && has_views(row, write))
			return row;
	}
	return NULL;
}

static json_t *
new_effective(struct plan *plan, const struct reach_write *write)
{
	json_t *row = json_pack("{s:s, s:[], s:[]}", "scope", write->prefix, "fields", "store_views");
	json_t *views = json_object_get(row, "store_views");

	for (size_t i = 0; row != NULL && i < write->n_views; i++) {
		if (json_array_append_new(views, json_string(write->views[i])) < 0) {
			json_decref(row);
			return NULL;
		}
	}
	return row != NULL && json_array_append_new(plan->effective, row) == 0 ? row : NULL;
}

int
plan_effective(struct plan *plan, const struct reach_write *write, const char *field)
{
	json_t *row = find_effective(plan, write);

	if (row == NULL)
		row = new_effective(plan, write);
	return row != NULL ? json_array_append_new(json_object_get(row, "fields"), json_string(field)) : -1;
}

size_t
plan_count(const struct plan *plan)
{
	return json_array_size(plan->items);
}

json_t *
plan_item(const struct plan *plan, size_t index)
{
	return json_array_get(plan->items, index);
}

/* ---- the result ---- */

json_t *
plan_shown(json_t *value)
{
	size_t len = json_string_length(value), keep = SHOWN_BYTES;
	const char *text = json_string_value(value);

	if (text == NULL || len <= SHOWN_BYTES + SHOWN_BYTES / 4)
		return json_incref(value);
	while (((unsigned char)text[keep] & 0xc0) == 0x80)
		keep--;
	return json_sprintf("%.*s... (%zu bytes in all)", (int)keep, text, len);
}

/* {"price":{"from":..,"to":..}} of one write. */
static json_t *
diff_of(const json_t *write)
{
	json_t *from = json_get_object(write, "from"), *to = json_get_object(write, "to");
	json_t *changes = json_object();
	const char *field;
	json_t *value;

	json_object_foreach(to, field, value)
	{
		json_t *before = json_object_get(from, field);

		json_object_set_new(changes, field,
				    json_pack("{s:o, s:o}", "from", plan_shown(before != NULL ? before : json_null()),
					      "to", plan_shown(value)));
	}
	return changes;
}

/* One row per write of the first items. */
static json_t *
sample(const struct plan *plan, size_t n_items)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < n_items && i < plan_count(plan); i++) {
		json_t *item = plan_item(plan, i), *writes = json_get_array(item, "writes");

		for (size_t w = 0; w < json_array_size(writes); w++) {
			const json_t *write = json_array_get(writes, w);
			json_t *row = json_clone(json_object_get(item, "key"));
			json_t *diff = json_get_object(item, "shown_diff");

			if (json_get_str(item, "title", NULL) != NULL)
				json_object_set(row, "title", json_object_get(item, "title"));
			json_object_set_new(row, "scope", json_string(json_get_str(write, "scope", "all")));
			json_object_set_new(row, "changes", diff != NULL ? json_incref(diff) : diff_of(write));
			if (json_array_append_new(rows, row) < 0) {
				json_decref(rows);
				return NULL;
			}
		}
	}
	return rows;
}

static json_t *
render(const struct plan *plan, json_t *params, const char *id, uint64_t expires_wall_ms)
{
	json_t *result = json_object();
	char message[256];
	int r = 0;

	if (plan_count(plan) > 0) {
		r |= json_object_set_new(result, "plan_id", json_string(id));
		r |= result_set_time(result, "expires_at", expires_wall_ms);
		snprintf(message, sizeof(message),
			 "%zu %.*s would change. Nothing has been changed yet. To do it call %s with this plan_id.",
			 plan_count(plan), (int)(strlen(plan->noun) - (plan_count(plan) == 1)), plan->noun,
			 plan->commit_tool);
	} else {
		snprintf(message, sizeof(message), "Nothing to change: all %s are already as wanted, or were left out.",
			 plan->noun);
	}
	r |= json_object_set_new(result, "affected_count", json_integer((json_int_t)plan_count(plan)));
	r |= json_object_set_new(result, "write_count", json_integer((json_int_t)plan->writes));
	r |= json_object_set_new(result, "unchanged_count", json_integer((json_int_t)plan->unchanged_count));
	r |= json_object_set_new(result, "sample_diffs",
				 sample(plan, (size_t)json_get_int(params, "sample_size", SAMPLE_DEFAULT)));
	r |= json_object_set(result, "effective_scopes", plan->effective);
	if (plan->skipped_count > 0) {
		r |= json_object_set(result, "skipped", plan->skipped);
		r |= json_object_set_new(result, "skipped_count", json_integer((json_int_t)plan->skipped_count));
	}
	r |= json_object_set(result, "warnings", plan->warnings);
	r |= json_object_set_new(result, "commit_tool", json_string(plan->commit_tool));
	r |= json_object_set_new(result, "message", json_string(message));
	if (r != 0) {
		json_decref(result);
		return NULL;
	}
	return result;
}

/* ---- keeping it ---- */

static int
refuse_store(const struct err *err, struct fault *fault)
{
	if (err->code == ERR_LIMIT)
		return fault_set(fault, FAULT_BULK_CAP_EXCEEDED, NULL,
				 "The plan is too large to be kept. Plan fewer items at once.");
	return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "The plan could not be kept: %s", err->text);
}

static int
add_items(const struct plan *plan, struct keeper_draft *draft, struct err *err)
{
	struct buf text;
	int r = 0;

	buf_init(&text, KEEPER_TEXT_BYTES_MAX);
	for (size_t i = 0; r == 0 && i < plan_count(plan); i++) {
		buf_clear(&text);
		r = json_dump_to(&text, plan_item(plan, i));
		if (r < 0)
			err_set(err, (enum err_code)r, "an item of it is too large");
		else
			r = keeper_plan_add(draft, buf_slice(&text), err);
	}
	buf_fini(&text);
	return r;
}

static int
store_plan(const struct plan *plan, const struct keeper_plan_meta *meta, struct fault *fault)
{
	struct keeper_draft *draft = NULL;
	struct err err = {.code = ERR_OK};
	int r = keeper_plan_begin(plan->call->env->keeper, meta, &draft, &err);

	if (r == 0)
		r = add_items(plan, draft, &err);
	if (r == 0)
		r = keeper_plan_store(draft, &err);
	keeper_plan_drop(&draft);
	if (r < 0)
		return refuse_store(&err, fault);
	notice_plans(plan->call);
	return 0;
}

static int
keep(const struct plan *plan, json_t *params, json_t *scope, const json_t *result, char id[static PLAN_ID_CAP],
     uint64_t expires_wall_ms, struct fault *fault)
{
	struct buf texts[3];
	const json_t *const trees[] = {scope, params, result};
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		buf_init(&texts[i], KEEPER_TEXT_BYTES_MAX);
		if (r == 0 && trees[i] != NULL)
			r = json_dump_to(&texts[i], trees[i]);
	}
	if (r < 0) {
		fault_set(fault, FAULT_BULK_CAP_EXCEEDED, NULL,
			  "The plan is too large to be kept. Plan fewer items at once.");
	} else {
		const struct keeper_plan_meta meta = {
		    .id = id,
		    .party = {.tool = plan->pair,
			      .owner = plan->call->principal->name,
			      .store = plan->call->login.base_url},
		    .scope = buf_slice(&texts[0]),
		    .arguments = buf_slice(&texts[1]),
		    .summary = buf_slice(&texts[2]),
		    .created_wall_ms = clock_wall_ms(),
		    .expires_wall_ms = expires_wall_ms,
		};

		r = store_plan(plan, &meta, fault);
	}
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		buf_fini(&texts[i]);
	return r;
}

int
plan_finish(struct plan *plan, json_t *params, json_t *scope, json_t *extra, char *id_r, json_t **result_r,
	    struct fault *fault)
{
	const struct config *config = plan->call->env->config;
	size_t cap = (size_t)config->guardrails.max_skus_per_bulk * WRITES_PER_SKU;
	uint64_t expires_wall_ms = clock_wall_ms() + (uint64_t)config->guardrails.plan_expiry_min * 60 * 1000;
	char id[PLAN_ID_CAP];
	json_t *result;

	if (guard_cap(plan->writes, cap, "guardrails.max_skus_per_bulk", fault) < 0)
		return -1;
	rand_uuid(id);
	result = render(plan, params, id, expires_wall_ms);
	if (result == NULL || (extra != NULL && json_object_update(result, extra) < 0)) {
		json_decref(result);
		return result_out_of_memory(fault);
	}
	if (plan_count(plan) > 0 && keep(plan, params, scope, result, id, expires_wall_ms, fault) < 0) {
		json_decref(result);
		return -1;
	}
	if (id_r != NULL)
		snprintf(id_r, PLAN_ID_CAP, "%s", plan_count(plan) > 0 ? id : "");
	*result_r = result;
	return 0;
}

/* ---- shapes ---- */

static const struct json_schema any_value = {.type = JSON_T_ANY};
static const struct json_prop change_props[] = {
    {"from", &any_value, true, "null: not set"}, {"to", &any_value, true, NULL}, {0}};
static const struct json_schema change = {.type = JSON_T_OBJECT, .props = change_props, .extra = JSON_EXTRA_ALLOWED};
static const struct json_schema changes = {.type = JSON_T_OBJECT, .extra_schema = &change};
static const struct json_prop diff_props[] = {
    {"scope", &shape_text, true, NULL}, {"changes", &changes, true, "Field -> {from, to}"}, {0}};
static const struct json_schema diff = {.type = JSON_T_OBJECT, .props = diff_props, .extra = JSON_EXTRA_ALLOWED};
const struct json_schema plan_diffs_shape = {.type = JSON_T_ARRAY, .items = &diff};

static const struct json_prop effective_props[] = {
    {"scope", &shape_text, true, "all, or the store view under whose name it is written"},
    {"fields", &shape_texts, true, NULL},
    {"store_views", &shape_texts, true, "Who sees it; empty: all"},
    {0},
};
static const struct json_schema effective = {.type = JSON_T_OBJECT, .props = effective_props};
const struct json_schema plan_effective_shape = {.type = JSON_T_ARRAY, .items = &effective};

static const struct json_prop skipped_props[] = {{"reason", &shape_text, true, NULL}, {0}};
static const struct json_schema skipped = {.type = JSON_T_OBJECT, .props = skipped_props, .extra = JSON_EXTRA_ALLOWED};
const struct json_schema plan_skipped_shape = {.type = JSON_T_ARRAY, .items = &skipped};

static const struct json_prop result_props[] = {PLAN_RESULT_PROPS, {0}};
const struct json_schema plan_result = {.type = JSON_T_OBJECT, .props = result_props};

const struct json_schema plan_sample_size_shape = {.type = JSON_T_INTEGER,
						   .minimum = JSON_BOUND(1),
						   .maximum = JSON_BOUND(50),
						   .default_json = "5",
						   .description = "How many example changes to show"};
