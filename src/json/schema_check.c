/*
 * schema_check.c - values held against the tables
 *
 * Recursion follows our own constant tables; where a table says "anything" the value is walked without recursion.
 */
#include <stdint.h>

#include "base/err.h"
#include "json/schema_rules.h"

static void check_node(struct violation_list *list, const struct json_schema *s, const json_t *value, int depth);

/* No rule but one: a NUL in a string would cut it short on its way to the shop. */
static void
check_free(struct violation_list *list, const json_t *value)
{
	struct json_walk walk;
	int step;

	json_walk_init(&walk, value);
	for (;;) {
		step = json_walk_next(&walk);
		if (step == JSON_WALK_DONE)
			return;
		if (step < 0) {
			violation_add(list, NULL, "is nested too deeply");
			return;
		}
		if (step == JSON_WALK_VALUE && schema_has_nul(walk.value)) {
			violation_add(list, NULL, "must not hold a NUL character (\\u0000)");
			return;
		}
	}
}

static void
check_elements(struct violation_list *list, const struct json_schema *s, const json_t *value, int depth)
{
	for (size_t i = 0; i < json_array_size(value) && !violation_is_full(list); i++) {
		size_t mark = violation_enter_element(list, i);

		if (s->items != NULL)
			check_node(list, s->items, json_array_get(value, i), depth + 1);
		else
			check_free(list, json_array_get(value, i));
		violation_leave(list, mark);
	}
}

static void
check_array(struct violation_list *list, const struct json_schema *s, const json_t *value, int depth)
{
	size_t n = json_array_size(value);

	if (n < s->min_items && n == 0)
		violation_add(list, NULL, "must not be empty");
	else if (n < s->min_items)
		violation_add(list, NULL, "must have at least %zu items, not %zu", s->min_items, n);
	if (s->max_items != 0 && n > s->max_items)
		violation_add(list, NULL, "must have at most %zu items, not %zu", s->max_items, n);
	check_elements(list, s, value, depth);
	if (s->unique_items)
		schema_check_unique(list, value);
}

static const struct json_prop *
find_prop(const struct json_schema *s, struct slice key)
{
	for (const struct json_prop *p = s->props; p != NULL && p->name != NULL; p++) {
		if (slice_is(key, p->name))
			return p;
	}
	return NULL;
}

static void
check_missing(struct violation_list *list, const struct json_schema *s, const json_t *value)
{
	for (const struct json_prop *p = s->props; p != NULL && p->name != NULL; p++) {
		if (p->required && json_object_get(value, p->name) == NULL) {
			size_t mark = violation_enter_member(list, slice_from_str(p->name));

			violation_add(list, NULL, "is required");
			violation_leave(list, mark);
		}
	}
}

static void
check_member(struct violation_list *list, const struct json_schema *s, struct slice key, const json_t *value, int depth)
{
	const struct json_prop *prop = find_prop(s, key);
	size_t mark = violation_enter_member(list, key);

	if (prop == NULL && s->key_match != NULL && !s->key_match(key.ptr, key.len))
		schema_name_refused(list, s);
	else if (prop != NULL)
		check_node(list, prop->schema, value, depth + 1);
	else if (s->extra_schema != NULL)
		check_node(list, s->extra_schema, value, depth + 1);
	else if (s->extra == JSON_EXTRA_ALLOWED)
		check_free(list, value);
	else
		schema_name_unknown(list, s, key);
	violation_leave(list, mark);
}

static void
check_object(struct violation_list *list, const struct json_schema *s, json_t *value, int depth)
{
	size_t n = json_object_size(value);

	if (n < s->min_properties)
		schema_too_few_members(list, s, n);
	if (s->max_properties != 0 && n > s->max_properties)
		violation_add(list, NULL, "must have at most %zu members, not %zu", s->max_properties, n);
	check_missing(list, s, value);
	for (void *it = json_object_iter(value); it != NULL && !violation_is_full(list);
	     it = json_object_iter_next(value, it)) {
		struct slice key = slice_of(json_object_iter_key(it), json_object_iter_key_len(it));

		check_member(list, s, key, json_object_iter_value(it), depth);
	}
}

/* Which branch to explain: the one of the value's type with the fewest complaints; NULL when one of them passes. */
static const struct json_schema *
nearest_branch(const struct json_schema *s, const json_t *value, int depth, bool *passes_r)
{
	const struct json_schema *best = NULL;
	int least = JSON_VIOLATIONS_MAX + 1;

	*passes_r = false;
	for (size_t i = 0; s->any_of[i] != NULL && !*passes_r; i++) {
		struct violation_list trial;

		violation_init(&trial, "", NULL);
		check_node(&trial, s->any_of[i], value, depth + 1);
		*passes_r = trial.count == 0;
		if (schema_type_fits(s->any_of[i], value) && trial.count < least) {
			least = trial.count;
			best = s->any_of[i];
		}
	}
	return best;
}

static void
check_any_of(struct violation_list *list, const struct json_schema *s, const json_t *value, int depth)
{
	const struct json_schema *best;
	bool passes;

	best = nearest_branch(s, value, depth, &passes);
	if (passes)
		return;
	if (best != NULL)
		check_node(list, best, value, depth + 1);
	else
		schema_no_branch_fits(list, s, value);
}

static void
check_kind(struct violation_list *list, const struct json_schema *s, const json_t *value, int depth)
{
	switch (s->type) {
	case JSON_T_STRING:
		schema_check_string(list, s, value);
		break;
	case JSON_T_INTEGER:
	case JSON_T_NUMBER:
		schema_check_number(list, s, value);
		break;
	case JSON_T_BOOLEAN:
		if (s->const_true && !json_is_true(value))
			violation_add(list, NULL, "must be true");
		break;
	case JSON_T_ARRAY:
		check_array(list, s, value, depth);
		break;
	case JSON_T_OBJECT:
		check_object(list, s, (json_t *)(uintptr_t)value, depth); /* jansson's iterators take no const */
		break;
	case JSON_T_ANY:
		if (s->any_of == NULL)
			check_free(list, value);
		break;
	}
}

static void
check_node(struct violation_list *list, const struct json_schema *s, const json_t *value, int depth)
{
	must(depth < JSON_SCHEMA_DEPTH_MAX);
	if (violation_is_full(list) || (s->nullable && json_is_null(value)))
		return;
	if (!schema_type_fits(s, value)) {
		schema_type_refused(list, s, value);
		return;
	}
	check_kind(list, s, value, depth);
	if (s->any_of != NULL)
		check_any_of(list, s, value, depth);
}

int
json_schema_check(const struct json_schema *schema, const json_t *value, const char *root_path, json_t *violations)
{
	struct violation_list list;

	must(value != NULL && (violations == NULL || json_is_array(violations)));
	violation_init(&list, root_path, violations);
	check_node(&list, schema, value, 0);
	return list.out_of_memory ? ERR_NOMEM : list.count;
}
