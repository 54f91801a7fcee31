/*
 * cms_update.c - cms.prepare_bulk_update_*: which rows, which of them may be touched, what would change
 */
#include <string.h>

#include "action/env.h"
#include "arguments.h"
#include "cms_private.h"
#include "cms_read.h"
#include "cms_text.h"
#include "cms_warn.h"
#include "guard.h"
#include "json/get.h"
#include "magento/criteria.h"
#include "magento/error.h"
#include "plan.h"
#include "results.h"

#define CAP_SETTING "guardrails.max_skus_per_bulk"
#define LIGHT "id,identifier,title,active"

/* One prepare under way. */
struct preparing {
	struct store_client *sc;
	const struct cms_kind *kind;
	json_t *params;
	json_t *updates; /* borrowed from params */
	int64_t *ids;	 /* asked for, each once; none when the match names none */
	size_t n_ids;
	struct reach reach;
	json_t *rows;			  /* owned; those that match */
	json_t *not_found;		  /* owned; ids */
	struct cms_assignment assignment; /* of rows, unless the reach is global */
	struct plan *plan;
	struct cms_warnings warnings;
};

/* ---- what needs no shop ---- */

static const struct config_list *
allowed_fields(const struct preparing *p)
{
	const struct config *config = p->sc->call->env->config;

	return p->kind == &cms_pages ? &config->guardrails.cms_page_update_fields
				     : &config->guardrails.cms_block_update_fields;
}

static bool
list_has(const struct config_list *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->items[i], text) == 0)
			return true;
	}
	return false;
}

static json_t *
list_to_json(const struct config_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; array != NULL && i < list->n; i++)
		json_array_append_new(array, json_string(list->items[i]));
	return array;
}

/* The operator may allow fewer fields than there are. */
static int
check_fields(const struct preparing *p, struct fault *fault)
{
	const struct config_list *allowed = allowed_fields(p);
	json_t *violations = json_array();
	const char *name;
	json_t *value;

	json_object_foreach(p->updates, name, value)
	{
		if (list_has(allowed, name))
			continue;
		arguments_violation(violations, pool_printf(p->sc->call->pool, "params.updates.%s", name),
				    "may not be changed here: see %s", p->kind->allowed_setting);
		json_object_set_new(json_array_get(violations, json_array_size(violations) - 1), "allowed",
				    list_to_json(allowed));
	}
	if (json_array_size(violations) > 0)
		return arguments_refuse(violations, fault);
	json_decref(violations);
	return 0;
}

/* The ids asked for, each once; none when the match has none. */
static int
list_ids(const struct preparing *p, int64_t **ids_r, size_t *n_r, struct fault *fault)
{
	json_t *given = json_get_array(json_get_object(p->params, "match"), p->kind->ids_name);
	size_t n = json_array_size(given), kept = 0;
	int64_t *ids = pool_alloc(p->sc->call->pool, (n + 1) * sizeof(*ids));

	if (ids == NULL)
		return result_out_of_memory(fault);
	for (size_t i = 0; i < n; i++) {
		int64_t id = 0;
		size_t at = 0;

		json_is_integral(json_array_get(given, i), &id);
		while (at < kept && ids[at] != id)
			at++;
		ids[at] = id;
		kept = at == kept ? kept + 1 : kept;
	}
	*ids_r = ids;
	*n_r = kept;
	return guard_cap(kept, p->sc->call->env->config->guardrails.max_skus_per_bulk, CAP_SETTING, fault);
}

/* ---- which rows ---- */

/* The projection that shows what is to be changed. */
static const char *
projection(const struct preparing *p)
{
	const char *fields = NULL;
	struct buf out;

	buf_init(&out, 256);
	buf_put_str(&out, "items[" LIGHT);
	for (size_t i = 0; i < p->kind->n_fields; i++) {
		const struct cms_field *field = &p->kind->fields[i];

		if (json_object_get(p->updates, field->name) != NULL && strstr(LIGHT, field->member) == NULL)
			buf_printf(&out, ",%s", field->member);
	}
	if (buf_put_str(&out, "],total_count") == 0)
		fields = pool_slicedup(p->sc->call->pool, buf_slice(&out));
	buf_fini(&out);
	return fields;
}

/* The shop's `like` and `eq` are more generous than what was asked for: only rows that really fit stay. */
static int
keep_matching(json_t *rows, const char *pattern)
{
	for (size_t i = json_array_size(rows); pattern != NULL && i > 0; i--) {
		if (!cms_text_matches(pattern, json_get_str(json_array_get(rows, i - 1), "identifier", "")) &&
		    json_array_remove(rows, i - 1) < 0)
			return -1;
	}
	return 0;
}

static int
find_by_identifier(struct preparing *p, const char *pattern, int64_t **ids_r, size_t *n_r, struct fault *fault)
{
	const struct cms_search search = {.identifier = pattern, .is_active = -1, .store_id = -1};
	size_t cap = p->sc->call->env->config->guardrails.max_skus_per_bulk;
	json_t *rows = NULL;
	int64_t total = 0;
	int r;

	if (cms_read_all(p->sc, p->kind, &search, "items[" LIGHT "],total_count", cap, &rows, &total, fault) < 0)
		return -1;
	r = guard_cap((size_t)total, cap, CAP_SETTING, fault);
	if (r == 0 && keep_matching(rows, pattern) < 0)
		r = result_out_of_memory(fault);
	if (r == 0) {
		*n_r = json_array_size(rows);
		*ids_r = cms_ids_of(p->sc->call->pool, rows);
		r = *ids_r != NULL ? 0 : result_out_of_memory(fault);
	}
	json_decref(rows);
	return r;
}

static int
note_missing(struct preparing *p, const int64_t *ids, size_t n, struct fault *fault)
{
	p->not_found = json_array();
	for (size_t i = 0; p->not_found != NULL && i < n; i++) {
		size_t k = 0;

		while (k < json_array_size(p->rows) && cms_id(json_array_get(p->rows, k)) != ids[i])
			k++;
		if (k == json_array_size(p->rows) && json_array_append_new(p->not_found, json_integer(ids[i])) < 0)
			return result_out_of_memory(fault);
	}
	if (p->not_found == NULL)
		return result_out_of_memory(fault);
	if (n > 0 && json_array_size(p->not_found) == n) {
		return fault_set(fault, FAULT_NOT_FOUND, NULL, "None of these %s exists. Try %s.", p->kind->ids_name,
				 p->kind->search_tool);
	}
	return 0;
}

static int
find_rows(struct preparing *p, int64_t *ids, size_t n, struct fault *fault)
{
	const char *pattern = json_get_str(json_get_object(p->params, "match"), "identifier", NULL);
	const char *fields = projection(p);
	bool by_id = n > 0;

	if (fields == NULL)
		return result_out_of_memory(fault);
	if (!by_id && find_by_identifier(p, pattern, &ids, &n, fault) < 0)
		return -1;
	if (cms_read_ids(p->sc, p->kind, ids, n, fields, &p->rows, fault) < 0)
		return -1;
	if (by_id && (note_missing(p, ids, n, fault) < 0))
		return -1;
	if (keep_matching(p->rows, pattern) < 0)
		return result_out_of_memory(fault);
	if (json_array_size(p->rows) == 0)
		return fault_set(fault, FAULT_VALIDATION_ERROR, NULL, "The match selects no %s.", p->kind->noun);
	return 0;
}

/* ---- which of them may be touched ---- */

static int
read_assignment(struct preparing *p, struct fault *fault)
{
	int64_t *ids = cms_ids_of(p->sc->call->pool, p->rows);

	if (ids == NULL)
		return result_out_of_memory(fault);
	if (p->reach.target.level == SCOPE_GLOBAL)
		return 0;
	if (p->reach.tree == NULL) {
		return fault_set(fault, FAULT_FORBIDDEN, NULL,
				 "To find out which %s belong to a store view needs the Magento permission %s. Use "
				 "{\"scope\":\"global\"}.",
				 p->kind->nouns, MAGENTO_RESOURCE_STORE);
	}
	return cms_read_assignment(p->sc, p->kind, p->reach.tree, ids, json_array_size(p->rows), &p->assignment, fault);
}

static bool
is_asked_for(const struct reach_writes *writes, const char *view_code)
{
	for (size_t i = 0; i < writes->n; i++) {
		if (strcmp(writes->items[i].prefix, view_code) == 0)
			return true;
	}
	return false;
}

enum touch { TOUCH_NOT, TOUCH_YES, TOUCH_ALL_VIEWS, TOUCH_MORE_VIEWS };

/* A row belongs to the scope when one of its views does; what else it is assigned to is changed with it. */
static enum touch
may_touch(const struct preparing *p, const struct reach_writes *asked, size_t row)
{
	const struct scope_tree *tree = p->reach.tree;
	bool is_in = false, is_elsewhere = false;

	if (p->reach.target.level == SCOPE_GLOBAL)
		return TOUCH_YES;
	if (cms_is_assigned(&p->assignment, row, 0))
		return TOUCH_ALL_VIEWS;
	for (size_t i = 0; i < tree->n_views; i++) {
		if (!cms_is_assigned(&p->assignment, row, tree->views[i].id))
			continue;
		if (is_asked_for(asked, tree->views[i].code))
			is_in = true;
		else
			is_elsewhere = true;
	}
	if (!is_in)
		return TOUCH_NOT;
	return is_elsewhere ? TOUCH_MORE_VIEWS : TOUCH_YES;
}

/* ---- what would change ---- */

/* Fills from, to and what is shown of them; 0 when nothing would change, -1 without memory. */
static int
compare(const struct preparing *p, const json_t *row, json_t *from, json_t *to, json_t *shown)
{
	int n = 0, r = 0;

	for (size_t i = 0; i < p->kind->n_fields; i++) {
		const struct cms_field *field = &p->kind->fields[i];
		json_t *update = json_object_get(p->updates, field->name);
		json_t *present, *target;

		if (update == NULL)
			continue;
		present = cms_field_of_row(field, row);
		target = cms_field_normal(field, update);
		if (!cms_field_same(field->name, present, target)) {
			n++;
			r |= json_object_set_new(shown, field->name,
						 field->is_flag ? json_pack("{s:O, s:O}", "from", present, "to", target)
								: cms_text_diff(present, target));
			r |= json_object_set(from, field->name, present);
			r |= json_object_set(to, field->name, target);
		}
		json_decref(present);
		json_decref(target);
	}
	return r != 0 || result_clean(shown) < 0 ? -1 : n;
}

static json_t *
make_item(const struct preparing *p, const json_t *row, json_t *from, json_t *to, json_t *shown)
{
	json_t *key = cms_key(p->kind, row);
	json_t *title = json_string(json_get_str(row, "title", ""));

	if (key == NULL || title == NULL || result_clean(key) < 0 || result_clean(title) < 0) {
		json_decref(key);
		json_decref(title);
		return NULL;
	}
	return json_pack("{s:o, s:o, s:[{s:s, s:O, s:O}], s:O}", "key", key, "title", title, "writes", "scope",
			 MAGENTO_SCOPE_ALL, "from", from, "to", to, "shown_diff", shown);
}

static int
plan_row(struct preparing *p, const json_t *row, enum touch touch, struct fault *fault)
{
	json_t *from = json_object(), *to = json_object(), *shown = json_object();
	int n = compare(p, row, from, to, shown);
	int r = n < 0 ? -1 : 0;

	if (n == 0)
		plan_add_unchanged(p->plan);
	if (n > 0) {
		json_t *item = make_item(p, row, from, to, shown);

		r = item != NULL ? plan_add(p->plan, item) : -1;
		cms_warnings_note(&p->warnings, row, from, to, touch == TOUCH_ALL_VIEWS, touch == TOUCH_MORE_VIEWS);
	}
	json_decref(from);
	json_decref(to);
	json_decref(shown);
	return r < 0 ? result_out_of_memory(fault) : 0;
}

static int
skip_row(struct preparing *p, const json_t *row, struct fault *fault)
{
	json_t *key = cms_key(p->kind, row);

	if (key == NULL || result_clean(key) < 0 ||
	    plan_skip(p->plan, key, "It is not assigned to the store views asked for.") < 0)
		return result_out_of_memory(fault);
	return 0;
}

static int
plan_rows(struct preparing *p, struct fault *fault)
{
	struct reach_writes asked = {NULL, 0, false};

	if (p->reach.target.level != SCOPE_GLOBAL &&
	    reach_writes_of(p->sc, &p->reach, REACH_STORE_VIEW, &asked, fault) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(p->rows); i++) {
		const json_t *row = json_array_get(p->rows, i);
		enum touch touch = may_touch(p, &asked, i);

		if ((touch == TOUCH_NOT ? skip_row(p, row, fault) : plan_row(p, row, touch, fault)) < 0)
			return -1;
	}
	return 0;
}

/* ---- the views that see it ---- */

/* Codes of the views that show a planned row; none when one of them is shown in all. */
static size_t
list_views(const struct preparing *p, const char ***codes_r)
{
	const struct scope_tree *tree = p->reach.tree;
	const char **codes = pool_alloc(p->sc->call->pool, (p->assignment.n_stores + 1) * sizeof(*codes));
	size_t n = 0;

	*codes_r = codes;
	if (codes == NULL || p->reach.target.level == SCOPE_GLOBAL || p->warnings.n_all_views > 0)
		return 0;
	for (size_t v = 0; v < tree->n_views; v++) {
		for (size_t i = 0; i < plan_count(p->plan); i++) {
			int64_t id = json_get_int(json_object_get(plan_item(p->plan, i), "key"), p->kind->id_name, 0);
			size_t row = 0;

			while (row < p->assignment.n_ids && p->assignment.ids[row] != id)
				row++;
			if (row < p->assignment.n_ids && cms_is_assigned(&p->assignment, row, tree->views[v].id)) {
				codes[n++] = tree->views[v].code;
				break;
			}
		}
	}
	return n;
}

static int
note_effective(struct preparing *p, struct fault *fault)
{
	struct reach_write write = {.prefix = MAGENTO_SCOPE_ALL};
	const char **codes = NULL;

	write.n_views = list_views(p, &codes);
	write.views = codes;
	for (size_t i = 0; plan_count(p->plan) > 0 && i < p->kind->n_fields; i++) {
		const char *name = p->kind->fields[i].name;

		if (json_object_get(p->updates, name) != NULL && plan_effective(p->plan, &write, name) < 0)
			return result_out_of_memory(fault);
	}
	return 0;
}

/* ---- all of it ---- */

static int
finish(struct preparing *p, json_t **result_r, struct fault *fault)
{
	json_t *extra = json_object();
	json_t *scope = reach_to_json(&p->reach);
	int r = extra != NULL && scope != NULL ? 0 : result_out_of_memory(fault);

	if (json_array_size(p->not_found) > 0) {
		plan_warn(p->plan, "%zu of the %s do not exist, see not_found_ids.", json_array_size(p->not_found),
			  p->kind->ids_name);
		if (r == 0 && json_object_set(extra, "not_found_ids", p->not_found) < 0)
			r = result_out_of_memory(fault);
	}
	if (r == 0)
		r = cms_warnings_say(&p->warnings, p->sc, p->reach.tree, p->updates, p->plan, fault);
	if (r == 0)
		r = plan_finish(p->plan, p->params, scope, extra, NULL, result_r, fault);
	json_decref(extra);
	json_decref(scope);
	return r;
}

static int
prepare(struct preparing *p, json_t **result_r, struct fault *fault)
{
	p->plan = plan_new(p->sc->call, p->kind->pair, p->kind->commit_tool, p->kind->nouns);
	if (p->plan == NULL)
		return result_out_of_memory(fault);
	cms_warnings_init(&p->warnings, p->kind);
	if (reach_resolve(p->sc, p->params, &p->reach, fault) < 0 || find_rows(p, p->ids, p->n_ids, fault) < 0 ||
	    read_assignment(p, fault) < 0 || plan_rows(p, fault) < 0 || note_effective(p, fault) < 0)
		return -1;
	return finish(p, result_r, fault);
}

int
cms_prepare(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	struct store_client sc = {.call = call};
	struct preparing p = {
	    .sc = &sc, .kind = cms_kind_of(call), .params = params, .updates = json_get_object(params, "updates")};
	int r;

	/* What can be said without the shop is said before it is asked anything. */
	if (check_fields(&p, fault) < 0 || list_ids(&p, &p.ids, &p.n_ids, fault) < 0)
		return -1;
	r = store_open(&sc, call, fault);
	if (r == 0)
		r = prepare(&p, result_r, fault);
	cms_warnings_fini(&p.warnings);
	plan_free(&p.plan);
	json_decref(p.rows);
	json_decref(p.not_found);
	store_close(&sc);
	return r;
}
