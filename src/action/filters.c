#include "filters.h"

#include <stdio.h>
#include <string.h>

#include "arguments.h"
#include "json/get.h"
#include "results.h"

/* Magento ORs the filters of one group; so many may stand in one. */
#define SPLIT_MAX 9

static int
refuse(const char *path, const char *key, const char *message, struct fault *fault)
{
	json_t *violations = json_array();
	char where[160];

	snprintf(where, sizeof(where), "%s.%s", path, key);
	arguments_violation(violations, where, "%s", message);
	return arguments_refuse(violations, fault);
}

static bool
holds_comma(const json_t *value)
{
	return json_is_string(value) && memchr(json_string_value(value), ',', json_string_length(value)) != NULL;
}

/* One more filter in the present group. */
static int
add_alternative(struct criteria *criteria, const char *key, const char *condition, const json_t *value,
		const char *path, struct fault *fault)
{
	const char *why = NULL;
	const char *text = criteria_value(criteria->pool, value, &why);

	if (text == NULL)
		return refuse(path, key, why != NULL ? why : "cannot be used as a filter value", fault);
	criteria_filter(criteria, key, condition, text);
	return 0;
}

static size_t
count_commas(const json_t *list)
{
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(list); i++)
		n += holds_comma(json_array_get(list, i));
	return n;
}

/*
 * `in` with values that hold a comma: Magento would split them, so each becomes an eq of its own, ORed in one group
 * with an `in` of the others.
 */
static int
add_split(struct criteria *criteria, const char *key, const json_t *list, const char *path, struct fault *fault)
{
	json_t *plain = json_array();
	int r = plain != NULL ? 0 : result_out_of_memory(fault);

	criteria_group(criteria);
	for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
		json_t *value = json_array_get(list, i);

		if (holds_comma(value))
			r = add_alternative(criteria, key, "eq", value, path, fault);
		else if (json_array_append(plain, value) < 0)
			r = result_out_of_memory(fault);
	}
	if (r == 0 && json_array_size(plain) > 0)
		r = add_alternative(criteria, key, "in", plain, path, fault);
	json_decref(plain);
	return r;
}

static int
add_list(struct criteria *criteria, const char *key, const json_t *list, const char *path, struct fault *fault)
{
	size_t commas = count_commas(list);

	if (commas + (commas < json_array_size(list)) > SPLIT_MAX)
		return refuse(path, key, "at most 9 values may hold a comma (8 beside others)", fault);
	return add_split(criteria, key, list, path, fault);
}

static bool
is_one_of(const char *word, const char *a, const char *b)
{
	return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

static int
add_condition(struct criteria *criteria, const char *key, const char *condition, const json_t *value, const char *path,
	      struct fault *fault)
{
	const char *why = NULL;
	const char *text;

	if (is_one_of(condition, "null", "notnull")) {
		criteria_where(criteria, key, condition, "1");
		return 0;
	}
	if (value == NULL)
		return refuse(path, key, "needs a value", fault);
	if (json_is_array(value) && !is_one_of(condition, "in", "nin"))
		return refuse(path, key, "a list of values goes with the conditions in and nin only", fault);
	if (strcmp(condition, "in") == 0 && count_commas(value) > 0)
		return add_list(criteria, key, value, path, fault);
	if (strcmp(condition, "in") == 0 && holds_comma(value))
		condition = "eq";
	if (strcmp(condition, "nin") == 0 && holds_comma(value))
		condition = "neq";
	text = criteria_value(criteria->pool, value, &why);
	if (text == NULL)
		return refuse(path, key, why != NULL ? why : "cannot be used as a filter value", fault);
	criteria_where(criteria, key, condition, text);
	return 0;
}

static int
add_object(struct criteria *criteria, const char *key, const json_t *object, const char *path, struct fault *fault)
{
	return add_condition(criteria, key, json_get_str(object, "condition", "eq"), json_get(object, "value"), path,
			     fault);
}

static int
add_objects(struct criteria *criteria, const char *key, const json_t *list, const char *path, struct fault *fault)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (add_object(criteria, key, json_array_get(list, i), path, fault) < 0)
			return -1;
	}
	return 0;
}

int
filters_add(struct criteria *criteria, json_t *filters, const char *path, struct fault *fault)
{
	const char *key;
	json_t *filter;
	int r = 0;

	json_object_foreach(filters, key, filter)
	{
		if (json_is_object(filter))
			r = add_object(criteria, key, filter, path, fault);
		else if (json_is_array(filter) && json_is_object(json_array_get(filter, 0)))
			r = add_objects(criteria, key, filter, path, fault);
		else
			r = add_condition(criteria, key, json_is_array(filter) ? "in" : "eq", filter, path, fault);
		if (r < 0)
			return -1;
	}
	return 0;
}
