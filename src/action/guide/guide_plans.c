/*
 * guide_plans.c - magento://plans/ID: the whole diff of a plan, a page at a time, for its owner
 */
#include <stdio.h>
#include <string.h>

#include "action/env.h"
#include "base/clock.h"
#include "commit_private.h"
#include "guide.h"
#include "json/get.h"
#include "json/parse.h"
#include "keeper/keeper.h"
#include "plan.h"
#include "plan_uri.h"
#include "results.h"

#define PAGE_ITEMS 100
#define PAGE_BYTES (256 * 1024) /* of stored items: a page ends behind the one that passes it */
#define LONG_BYTES PAGE_BYTES	/* one item over this is shown with its texts cut */
#define SCOPE_CAP 80

static const char *
state_name(enum keeper_plan_state state)
{
	static const char *const names[] = {
	    [KEEPER_PLAN_PREPARED] = "prepared",       [KEEPER_PLAN_RUNNING] = "running",
	    [KEEPER_PLAN_INTERRUPTED] = "interrupted", [KEEPER_PLAN_DONE] = "done",
	    [KEEPER_PLAN_EXPIRED] = "expired",
	};

	return (size_t)state < ARRAY_LEN(names) && names[state] != NULL ? names[state] : "unknown";
}

static const char *
status_name(enum keeper_status status)
{
	static const char *const names[KEEPER_STATUS_COUNT] = {
	    [KEEPER_PENDING] = "pending",     [KEEPER_SENT] = "sent",	      [KEEPER_UPDATED] = "updated",
	    [KEEPER_UNCHANGED] = "unchanged", [KEEPER_CONFLICT] = "conflict", [KEEPER_ERROR] = "error",
	};

	return (size_t)status < ARRAY_LEN(names) ? names[status] : "unknown";
}

/* ---- whose it is ---- */

/* With the right to read what the plan's tool works on: "catalog.bulk_update" needs catalog:read. */
static bool
may_see(const struct action_call *call, const struct keeper_plan *plan)
{
	const char *tool = plan->meta.party.tool;
	char scope[SCOPE_CAP];
	int n = snprintf(scope, sizeof(scope), "%.*s:read", (int)strcspn(tool, "."), tool);

	return n > 0 && (size_t)n < sizeof(scope) && guide_may_see(call, plan->meta.party.store, scope);
}

/* Unknown and another's are the same. */
static int
no_such_plan(struct fault *fault)
{
	return fault_set(
	    fault, FAULT_PLAN_NOT_FOUND, NULL,
	    "There is no such plan of yours. Plans are known until a day after they expired, and a week after "
	    "they were carried out; prepare it again.");
}

static int
refuse_keeper(const struct err *err, struct fault *fault)
{
	if (err->code == ERR_NOT_FOUND)
		return no_such_plan(fault);
	if (err->code == ERR_CANCELLED)
		return fault_set(fault, FAULT_CANCELLED, NULL, "The call was cancelled.");
	return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "The plan could not be read: %s", err->text);
}

static int
find_plan(struct action_call *call, const char *id, struct keeper_plan *plan_r, struct fault *fault)
{
	const struct keeper_party party = {.owner = call->principal->name};
	struct err err = {.code = ERR_OK};

	if (strlen(id) != KEEPER_ID_LEN)
		return no_such_plan(fault);
	if (keeper_plan_read(call->env->keeper, id, &party, clock_wall_ms(), call->pool, plan_r, &err) < 0)
		return refuse_keeper(&err, fault);
	return may_see(call, plan_r) ? 0 : no_such_plan(fault);
}

/* ---- items ---- */

struct page {
	json_t *items;
	size_t bytes;
	uint32_t next; /* behind the last one shown */
	bool short_of_memory;
};

static const struct keeper_step *
step_of(const struct keeper_item *item, size_t step)
{
	for (size_t i = 0; i < item->n_steps; i++) {
		if (item->steps[i].step == step)
			return &item->steps[i];
	}
	return NULL;
}

/* {"field":{"from","to"}} of one write. */
static json_t *
render_changes(const json_t *write, bool cut)
{
	json_t *from = json_get_object(write, "from"), *to = json_get_object(write, "to");
	json_t *changes = json_object();
	const char *field;
	json_t *value;

	json_object_foreach(to, field, value)
	{
		json_t *before = json_object_get(from, field);

		before = before != NULL ? before : json_null();
		if (json_object_set_new(changes, field,
					json_pack("{s:o, s:o}", "from", cut ? plan_shown(before) : json_incref(before),
						  "to", cut ? plan_shown(value) : json_incref(value))) < 0) {
			json_decref(changes);
			return NULL;
		}
	}
	return changes;
}

static int
put_step(json_t *row, const struct keeper_step *step)
{
	json_t *detail = NULL;
	int r =
	    json_object_set_new(row, "status", json_string(status_name(step != NULL ? step->status : KEEPER_PENDING)));

	if (step == NULL)
		return r;
	r |= result_set_time(row, "at", step->at_wall_ms);
	if (step->detail.len > 0 && json_parse(step->detail, &commit_limits, &detail, NULL) == 0)
		r |= json_object_set_new(row, "detail", detail);
	return r;
}

static json_t *
render_writes(const json_t *tree, const struct keeper_item *item)
{
	json_t *writes = json_get_array(tree, "writes"), *rows = json_array();

	for (size_t i = 0; i < json_array_size(writes); i++) {
		const json_t *write = json_array_get(writes, i);
		json_t *row = json_pack("{s:s, s:o}", "scope", json_get_str(write, "scope", "all"), "changes",
					render_changes(write, item->json.len > LONG_BYTES));

		if (row == NULL || put_step(row, step_of(item, i)) != 0 || json_array_append_new(rows, row) < 0) {
			json_decref(row);
			json_decref(rows);
			return NULL;
		}
	}
	return rows;
}

static json_t *
render_item(const struct keeper_item *item)
{
	json_t *tree = NULL, *row = NULL;

	if (json_parse(item->json, &commit_limits, &tree, NULL) == 0)
		row = json_pack("{s:I, s:O*, s:O*, s:o}", "index", (json_int_t)item->index, "key",
				json_get_object(tree, "key"), "title", json_get(tree, "title"), "writes",
				render_writes(tree, item));
	json_decref(tree);
	return row;
}

/* 1: the page is full. */
static int
take_item(void *ctx, const struct keeper_item *item)
{
	struct page *page = ctx;

	if (json_array_append_new(page->items, render_item(item)) < 0) {
		page->short_of_memory = true;
		return 1;
	}
	page->next = item->index + 1;
	page->bytes += item->json.len;
	return page->bytes >= PAGE_BYTES ? 1 : 0;
}

static int
read_page(struct action_call *call, const struct keeper_plan *plan, uint32_t from, json_t *tree, struct fault *fault)
{
	struct page page = {.items = json_array(), .next = from};
	struct err err = {.code = ERR_OK};
	int r = page.items != NULL
		    ? keeper_plan_items(call->env->keeper, plan->meta.id, from, PAGE_ITEMS, take_item, &page, &err)
		    : ERR_NOMEM;
	char next[PLAN_URI_CAP];

	if (r < 0 && r != ERR_NOMEM) {
		json_decref(page.items);
		return refuse_keeper(&err, fault);
	}
	if (json_object_set_new(tree, "items", page.items) < 0 || page.short_of_memory || r < 0)
		return result_out_of_memory(fault);
	plan_uri(plan->meta.id, next);
	if (page.next < plan->meta.n_items && page.next > from &&
	    json_object_set_new(tree, "next", json_sprintf("%s?from=%u", next, page.next)) < 0)
		return result_out_of_memory(fault);
	return 0;
}

/* ---- the plan ---- */

static int
put_text(json_t *tree, const char *key, struct slice text)
{
	json_t *value = NULL;

	if (text.len == 0)
		return 0;
	if (json_parse(text, &commit_limits, &value, NULL) < 0)
		return -1;
	return json_object_set_new(tree, key, value);
}

static int
put_time(json_t *tree, const char *key, uint64_t wall_ms)
{
	return wall_ms != 0 ? result_set_time(tree, key, wall_ms) : 0;
}

/* Examples are left out: the items follow. */
static int
put_summary(json_t *tree, struct slice text)
{
	json_t *summary;
	int r = put_text(tree, "summary", text);

	summary = json_object_get(tree, "summary");
	json_object_del(summary, "sample_diffs");
	json_object_del(summary, "plan_id");
	json_object_del(summary, "expires_at");
	return r;
}

static json_t *
render_plan(const struct keeper_plan *plan)
{
	json_t *tree = json_pack("{s:s, s:s, s:s, s:s, s:I}", "plan_id", plan->meta.id, "change", plan->meta.party.tool,
				 "state", state_name(plan->state), "store", plan->meta.party.store, "item_count",
				 (json_int_t)plan->meta.n_items);
	int r = tree != NULL ? 0 : -1;

	if (r == 0 && plan->state == KEEPER_PLAN_DONE)
		r = json_object_set_new(
		    tree, "outcome",
		    json_string(plan->outcome == KEEPER_COMPLETED ? "completed" : "completed_with_errors"));
	if (r == 0)
		r = put_time(tree, "created_at", plan->meta.created_wall_ms) |
		    put_time(tree, "expires_at", plan->meta.expires_wall_ms) |
		    put_time(tree, "begun_at", plan->claimed_wall_ms) |
		    put_time(tree, "finished_at", plan->finished_wall_ms) | put_text(tree, "scope", plan->meta.scope) |
		    put_text(tree, "arguments", plan->meta.arguments) | put_summary(tree, plan->meta.summary) |
		    put_text(tree, "result", plan->result);
	if (r != 0) {
		json_decref(tree);
		return NULL;
	}
	return tree;
}

int
guide_read_plan(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	struct keeper_plan plan;
	uint64_t from = 0;
	json_t *tree;

	if (find_plan(call, json_get_str(params, "id", ""), &plan, fault) < 0)
		return -1;
	if (slice_to_u64(slice_from_str(json_get_str(params, "from", "0")), UINT32_MAX, &from) < 0 ||
	    (from > 0 && from >= plan.meta.n_items))
		return fault_set(fault, FAULT_NOT_FOUND, NULL,
				 "The plan has no item %s. Follow `next` of the page before.",
				 json_get_str(params, "from", "0"));
	tree = render_plan(&plan);
	if (tree == NULL)
		return result_out_of_memory(fault);
	if (read_page(call, &plan, (uint32_t)from, tree, fault) < 0) {
		json_decref(tree);
		return -1;
	}
	return guide_give_json(params, tree, result_r, fault);
}

/* ---- those that are open ---- */

static bool
is_open(const struct keeper_plan *plan)
{
	return plan->state == KEEPER_PLAN_PREPARED || plan->state == KEEPER_PLAN_RUNNING ||
	       plan->state == KEEPER_PLAN_INTERRUPTED;
}

/* The caller's open plans, newest first, moved to the front of *plans_r (in the pool).  Gives how many, or -1. */
static int
find_open(struct action_call *call, struct keeper_plan **plans_r, struct fault *fault)
{
	const struct keeper_party party = {.owner = call->principal->name};
	struct keeper_plan *plans = pool_alloc(call->pool, KEEPER_LIST_MAX * sizeof(*plans));
	struct err err = {.code = ERR_OK};
	int n, open = 0;

	if (plans == NULL)
		return result_out_of_memory(fault);
	n = keeper_plan_list(call->env->keeper, &party, clock_wall_ms(), call->pool, plans, KEEPER_LIST_MAX, &err);
	if (n < 0)
		return refuse_keeper(&err, fault);
	for (int i = 0; i < n; i++) {
		if (is_open(&plans[i]) && may_see(call, &plans[i]))
			plans[open++] = plans[i];
	}
	*plans_r = plans;
	return open;
}

static json_t *
render_listed(const struct keeper_plan *plan)
{
	char uri[PLAN_URI_CAP], expires[CLOCK_ISO_CAP];

	plan_uri(plan->meta.id, uri);
	clock_format_iso(plan->meta.expires_wall_ms, expires);
	return json_pack(
	    "{s:s, s:s, s:o, s:o, s:s}", "uri", uri, "name", plan->meta.id, "title",
	    json_sprintf("Plan %s: %u items", plan->meta.party.tool, plan->meta.n_items), "description",
	    json_sprintf("%s; for %s; expires at %s", state_name(plan->state), plan->meta.party.store, expires),
	    "mimeType", "application/json");
}

int
guide_list_plans(struct action_call *call, uint32_t from, uint32_t max, json_t *list, bool *has_more_r,
		 struct fault *fault)
{
	struct keeper_plan *plans = NULL;
	int n = find_open(call, &plans, fault);

	*has_more_r = n > 0 && (uint64_t)from + max < (uint64_t)n;
	for (uint32_t i = from; n >= 0 && i < (uint32_t)n && i - from < max; i++) {
		if (json_array_append_new(list, render_listed(&plans[i])) < 0)
			return result_out_of_memory(fault);
	}
	return n < 0 ? -1 : 0;
}

int
guide_complete_plans(struct action_call *call, const char *prefix, const json_t *chosen, struct action_completions *out,
		     struct fault *fault)
{
	struct keeper_plan *plans = NULL;
	int n = find_open(call, &plans, fault);

	(void)chosen;
	for (int i = 0; i < n; i++) {
		if (strncmp(plans[i].meta.id, prefix, strlen(prefix)) != 0)
			continue;
		if (json_array_size(out->values) == ACTION_COMPLETIONS_MAX) {
			out->has_more = true;
			break;
		}
		if (json_array_append_new(out->values, json_string(plans[i].meta.id)) < 0)
			return result_out_of_memory(fault);
	}
	return n < 0 ? -1 : 0;
}
