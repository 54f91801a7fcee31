/*
 * seo_meta.c - seo.bulk_update_meta: one step for the caller, plan, claim and journal underneath
 *
 * The plan is stored and claimed within the call, under its idempotency_key: an interrupted call is resumed by
 * repeating it.
 */
#include <string.h>

#include "json/clone.h"
#include "json/get.h"
#include "once.h"
#include "results.h"
#include "seo_private.h"
#include "shapes.h"

#define TITLE_ADVISED 70
#define DESCRIPTION_ADVISED 160
#define SAMPLE_MAX 5
#define PAIR "seo.bulk_update_meta" /* the action's own name: its key must lead to the plan */

/* ---- the plan ---- */

static void
warn(struct product_plan *pp, json_t *updates)
{
	const char *title = json_get_str(updates, "meta_title", "");
	const char *description = json_get_str(updates, "meta_description", "");
	const char *field;
	json_t *value;

	product_plan_warn_scope(pp);
	if (fields_characters(title) > TITLE_ADVISED)
		plan_warn(pp->plan, "The meta title has %zu characters: search engines show about %d",
			  fields_characters(title), TITLE_ADVISED);
	if (fields_characters(description) > DESCRIPTION_ADVISED) {
		plan_warn(pp->plan, "The meta description has %zu characters: search engines show about %d",
			  fields_characters(description), DESCRIPTION_ADVISED);
	}
	json_object_foreach(updates, field, value)
	{
		if (fields_is_long(field, value))
			plan_warn(pp->plan, FIELDS_LONG_WARNING, field);
	}
	if (title[0] != '\0' && json_array_size(pp->products.items) > 1)
		plan_warn(pp->plan, "%zu products get one and the same meta title",
			  json_array_size(pp->products.items));
}

/*
 * The commit, which another call may resume, has only the items: so the first one carries the warnings.  They come from
 * all items, so they are known last.
 */
static int
make_plan(struct product_plan *pp, char id_r[static PLAN_ID_CAP], json_t **result_r, struct fault *fault)
{
	json_t *updates = json_object_get(pp->params, "meta_updates");

	if (product_plan_place(pp, updates, fault) < 0 ||
	    product_plan_read(pp, PAIR, "seo_bulk_update_meta", fault) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(pp->products.items); i++) {
		json_t *item;

		if (product_plan_add(pp, json_array_get(pp->products.items, i), NULL, &item) < 0)
			return result_out_of_memory(fault);
	}
	if (product_plan_warn_overrides(pp, SAMPLE_MAX, fault) < 0)
		return -1;
	warn(pp, updates);
	if (plan_count(pp->plan) > 0 &&
	    json_object_set(plan_item(pp->plan, 0), "warnings", plan_warnings(pp->plan)) < 0)
		return result_out_of_memory(fault);
	return product_plan_finish(pp, json_object(), id_r, result_r, fault);
}

/* ---- carrying it out ---- */

static json_t *
diff_of(const struct commit_step *step)
{
	json_t *changes = json_object();
	json_t *row = json_clone(json_object_get(step->plan_item, "key"));
	const char *field;
	json_t *to;

	json_object_foreach(step->to, field, to)
	{
		json_t *from = json_object_get(step->from, field);

		json_object_set_new(changes, field,
				    json_pack("{s:O, s:O}", "from", from != NULL ? from : json_null(), "to", to));
	}
	if (row == NULL || json_object_set_new(row, "scope", json_string(step->scope)) < 0 ||
	    json_object_set_new(row, "changes", changes) < 0) {
		json_decref(row);
		return NULL;
	}
	return row;
}

static void
add_sample(struct store_client *sc, struct commit_step *const *steps, size_t n, json_t *result)
{
	json_t *rows = json_array();
	json_t *warnings = n > 0 ? json_get_array(steps[0]->plan_item, "warnings") : NULL;

	(void)sc;
	for (size_t i = 0; i < n && i < SAMPLE_MAX; i++)
		json_array_append_new(rows, diff_of(steps[i]));
	json_object_set_new(result, "sample_diffs", rows);
	json_object_set_new(result, "warnings", warnings != NULL ? json_clone(warnings) : json_array());
}

/* The engine speaks of plan_id, which this tool does not take. */
static int
say_how_to_go_on(json_t *result, const char *key, struct fault *fault)
{
	json_t *message;

	if (strcmp(json_get_str(result, "status", ""), "interrupted") != 0)
		return 0;
	message = json_sprintf("%lld products done, %lld still to do. %s",
			       (long long)json_get_int(result, "success_count", 0),
			       (long long)json_get_int(result, "pending_count", 0),
			       key != NULL ? "Call again with the same arguments and idempotency_key to go on."
					   : "Call again with the same arguments: what is done is left alone.");
	return json_object_set_new(result, "message", message) < 0 ? result_out_of_memory(fault) : 0;
}

static int
carry_out(struct action_call *call, json_t *params, const char *plan_id, json_t **result_r, struct fault *fault)
{
	const char *key = json_get_str(params, "idempotency_key", NULL);
	struct commit_ops ops = catalog_commit_ops;

	ops.pair = PAIR;
	ops.after = add_sample;
	if (commit_run_plan(call, plan_id, key, false, &ops, result_r, fault) < 0)
		return -1;
	return say_how_to_go_on(*result_r, key, fault);
}

static json_t *
nothing_to_do(const json_t *planned)
{
	json_int_t unchanged = (json_int_t)json_get_int(planned, "unchanged_count", 0);

	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:i, s:i, s:i, s:[], s:[], s:b, s:[], s:O}", "message",
			 "Nothing to change: all matching products are already as wanted.", "plan_id", "", "status",
			 "completed", "success_count", unchanged, "unchanged_count", unchanged, "error_count", 0,
			 "conflict_count", 0, "pending_count", 0, "errors", "conflicts", "replayed", 0, "sample_diffs",
			 "warnings", json_object_get(planned, "warnings"));
}

static int
change(struct action_call *call, json_t *params, struct once *once, json_t **result_r, struct fault *fault)
{
	struct product_plan pp = {.params = params, .projection = SEO_PROJECTION};
	char id[PLAN_ID_CAP] = "";
	json_t *planned = NULL;
	int r = store_open(&pp.sc, call, fault);

	if (r == 0)
		r = make_plan(&pp, id, &planned, fault);
	product_plan_fini(&pp);
	store_close(&pp.sc);
	if (r < 0) {
		once_abandon(once, true);
	} else if (id[0] == '\0') {
		*result_r = nothing_to_do(planned);
		if (*result_r != NULL)
			once_finish(once, *result_r);
		else
			r = result_out_of_memory(fault);
	} else {
		r = carry_out(call, params, id, result_r, fault);
		once_abandon(once, false);
	}
	json_decref(planned);
	return r;
}

int
seo_update_meta(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	struct once once;
	int r;

	if (product_plan_check(call, params, fault) < 0)
		return -1;
	r = once_begin(&once, call, params, result_r, fault);
	if (r != 0) {
		r = r == 1 ? 0 : -1;
	} else if (once.plan_id[0] != '\0') {
		r = carry_out(call, params, once.plan_id, result_r, fault);
	} else {
		r = change(call, params, &once, result_r, fault);
	}
	once_abandon(&once, false);
	return r;
}

/* ---- shapes ---- */

static const struct json_schema value = {
    .type = JSON_T_STRING, .max_length = 65535, .nullable = true, .description = "null removes the value"};
static const struct json_prop updates_props[] = {{"meta_title", &value, false, NULL},
						 {"meta_description", &value, false, NULL},
						 {"meta_keyword", &value, false, NULL},
						 {0}};
static const struct json_schema updates = {.type = JSON_T_OBJECT, .props = updates_props, .min_properties = 1};

static const struct json_prop params_props[] = {
    {"match", &match_shape, true, NULL},
    {"meta_updates", &updates, true, "New values; null removes"},
    {"scope", &shape_scope, false, "Where to write; needed unless scope_set_default was called"},
    SHAPE_CONFIRM_PROPS,
    {0},
};
const struct json_schema seo_meta_params = {.type = JSON_T_OBJECT, .props = params_props};
