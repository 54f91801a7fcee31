/*
 * schema_rules.c - the single rules of the schema checker
 */
#include "json/schema_rules.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "json/get.h"
#include "json/nearest.h"
#include "json/scan.h"
#include "json/text.h"
#include "json/write.h"

/* A list of words inside a message. */
#define WORDS_MAX 200

static const char *const wanted_names[] = {
    [JSON_T_ANY] = "anything",		[JSON_T_OBJECT] = "an object",	 [JSON_T_ARRAY] = "an array",
    [JSON_T_STRING] = "a string",	[JSON_T_INTEGER] = "an integer", [JSON_T_NUMBER] = "a number",
    [JSON_T_BOOLEAN] = "true or false",
};

static const char *
name_of(const json_t *value)
{
	static const char *const names[] = {
	    [JSON_OBJECT] = "an object",   [JSON_ARRAY] = "an array",  [JSON_STRING] = "a string",
	    [JSON_INTEGER] = "an integer", [JSON_REAL] = "a fraction", [JSON_TRUE] = "true",
	    [JSON_FALSE] = "false",	   [JSON_NULL] = "null",
	};
	int64_t integer;

	if (json_is_real(value) && json_is_integral(value, &integer))
		return "a number";
	return names[json_typeof(value)];
}

bool
schema_has_nul(const json_t *value)
{
	return json_is_string(value) && strlen(json_string_value(value)) != json_string_length(value);
}

bool
schema_type_fits(const struct json_schema *s, const json_t *value)
{
	int64_t integer;

	switch (s->type) {
	case JSON_T_OBJECT:
		return json_is_object(value);
	case JSON_T_ARRAY:
		return json_is_array(value);
	case JSON_T_STRING:
		return json_is_string(value);
	case JSON_T_INTEGER:
		return json_is_integral(value, &integer);
	case JSON_T_NUMBER:
		return json_is_number(value);
	case JSON_T_BOOLEAN:
		return json_is_boolean(value);
	default:
		return true;
	}
}

/* A number or boolean that was put in quotes: the commonest slip, worth a cure of its own. */
static bool
is_quoted(const struct json_schema *s, const json_t *value)
{
	struct json_facts facts;
	struct slice text;

	if (!json_is_string(value) || json_string_length(value) > 20)
		return false;
	text = slice_of(json_string_value(value), json_string_length(value));
	if (json_scan_value(text, NULL, &facts, NULL) != 0 || facts.value.len != text.len)
		return false;
	if (s->type == JSON_T_BOOLEAN)
		return facts.kind == JSON_KIND_TRUE || facts.kind == JSON_KIND_FALSE;
	if (s->type == JSON_T_NUMBER && facts.kind == JSON_KIND_REAL)
		return true;
	return (s->type == JSON_T_NUMBER || s->type == JSON_T_INTEGER) && facts.kind == JSON_KIND_INTEGER;
}

void
schema_type_refused(struct violation_list *list, const struct json_schema *s, const json_t *value)
{
	const char *or_null = s->nullable ? " or null" : "";

	if (is_quoted(s, value))
		violation_add(list, NULL, "must be %s%s, not a string: write %s without quotes", wanted_names[s->type],
			      or_null, json_string_value(value));
	else
		violation_add(list, NULL, "must be %s%s, not %s", wanted_names[s->type], or_null, name_of(value));
}

static bool
is_repeated(const struct json_schema *const *branches, size_t i)
{
	for (size_t j = 0; j < i; j++) {
		if (branches[j]->type == branches[i]->type)
			return true;
	}
	return false;
}

void
schema_no_branch_fits(struct violation_list *list, const struct json_schema *s, const json_t *value)
{
	char words[WORDS_MAX];
	size_t used = 0;

	words[0] = '\0';
	for (size_t i = 0; s->any_of[i] != NULL; i++) {
		if (!is_repeated(s->any_of, i)) /* so there are at most as many as types, and they fit */
			used += (size_t)snprintf(words + used, sizeof(words) - used, "%s%s", i == 0 ? "" : " or ",
						 wanted_names[s->any_of[i]->type]);
	}
	violation_add(list, NULL, "must be %s, not %s", words, name_of(value));
}

/* The names of an object's members; NULL without memory, which costs the list only. */
static json_t *
prop_names(const struct json_schema *s)
{
	json_t *names = json_array();

	for (const struct json_prop *p = s->props; p != NULL && p->name != NULL; p++) {
		if (json_array_append_new(names, json_string(p->name)) != 0) {
			json_decref(names);
			return NULL;
		}
	}
	return names;
}

void
schema_name_unknown(struct violation_list *list, const struct json_schema *s, struct slice key)
{
	struct json_nearest nearest;

	json_nearest_init(&nearest, key);
	for (const struct json_prop *p = s->props; p != NULL && p->name != NULL; p++)
		json_nearest_offer(&nearest, p->name);
	if (nearest.best != NULL)
		violation_add(list, prop_names(s), "is not known here; did you mean \"%s\"?", nearest.best);
	else
		violation_add(list, prop_names(s), "is not known here; leave it out");
}

void
schema_name_refused(struct violation_list *list, const struct json_schema *s)
{
	if (s->key_hint != NULL)
		violation_add(list, NULL, "has a name that cannot be right: it must be %s", s->key_hint);
	else
		violation_add(list, NULL, "has a name that does not match %s", s->key_pattern);
}

void
schema_too_few_members(struct violation_list *list, const struct json_schema *s, size_t n)
{
	if (n > 0)
		violation_add(list, NULL, "must have at least %zu members, not %zu", s->min_properties, n);
	else if (s->props != NULL)
		violation_add(list, prop_names(s), "must not be empty: give at least %zu of the allowed members",
			      s->min_properties);
	else
		violation_add(list, NULL, "must not be empty");
}

static bool
is_in(const char *const *words, const char *word)
{
	for (size_t i = 0; words[i] != NULL; i++) {
		if (strcmp(words[i], word) == 0)
			return true;
	}
	return false;
}

/* As many words as fit, "a, b, c"; then an ellipsis. */
static void
join_words(const char *const *words, char dst[static WORDS_MAX])
{
	size_t used = 0;

	dst[0] = '\0';
	for (size_t i = 0; words[i] != NULL; i++) {
		size_t need = strlen(words[i]) + (i == 0 ? 0 : 2);

		if (used + need + sizeof(", ...") > WORDS_MAX) {
			snprintf(dst + used, WORDS_MAX - used, "%s...", i == 0 ? "" : ", ");
			return;
		}
		used += (size_t)snprintf(dst + used, WORDS_MAX - used, "%s%s", i == 0 ? "" : ", ", words[i]);
	}
}

static void
check_enumeration(struct violation_list *list, const struct json_schema *s, const char *text)
{
	struct json_nearest nearest;
	char words[WORDS_MAX];
	json_t *allowed;

	if (is_in(s->enumeration, text))
		return;
	allowed = json_array();
	json_nearest_init(&nearest, slice_from_str(text));
	for (size_t i = 0; s->enumeration[i] != NULL; i++) {
		json_nearest_offer(&nearest, s->enumeration[i]);
		(void)json_array_append_new(allowed, json_string(s->enumeration[i]));
	}
	join_words(s->enumeration, words);
	if (nearest.best != NULL)
		violation_add(list, allowed, "must be one of: %s; did you mean \"%s\"?", words, nearest.best);
	else
		violation_add(list, allowed, "must be one of: %s", words);
}

static size_t
count_code_points(struct slice text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
	return n;
}

static void
check_length(struct violation_list *list, const struct json_schema *s, struct slice text)
{
	size_t n = count_code_points(text);

	if (n < s->min_length && n == 0)
		violation_add(list, NULL, "must not be empty");
	else if (n < s->min_length)
		violation_add(list, NULL, "must have at least %zu characters, not %zu", s->min_length, n);
	if (s->max_length != 0 && n > s->max_length)
		violation_add(list, NULL, "must have at most %zu characters, not %zu", s->max_length, n);
}

void
schema_check_string(struct violation_list *list, const struct json_schema *s, const json_t *value)
{
	struct slice text = slice_of(json_string_value(value), json_string_length(value));
	int before = list->count;

	if (schema_has_nul(value)) {
		violation_add(list, NULL, "must not hold a NUL character (\\u0000)");
		return;
	}
	if (s->enumeration != NULL)
		check_enumeration(list, s, text.ptr);
	check_length(list, s, text);
	if (s->match == NULL || list->count > before || s->match(text.ptr, text.len))
		return;
	if (s->hint != NULL)
		violation_add(list, NULL, "must be %s", s->hint);
	else
		violation_add(list, NULL, "must match %s", s->pattern);
}

void
schema_check_number(struct violation_list *list, const struct json_schema *s, const json_t *value)
{
	double number = json_number_value(value);

	if (s->minimum.set && number < s->minimum.value)
		violation_add(list, NULL, "must be at least %.15g", s->minimum.value);
	if (s->exclusive_minimum.set && number <= s->exclusive_minimum.value)
		violation_add(list, NULL, "must be greater than %.15g", s->exclusive_minimum.value);
	if (s->maximum.set && number > s->maximum.value)
		violation_add(list, NULL, "must be at most %.15g", s->maximum.value);
	if (s->exclusive_maximum.set && number >= s->exclusive_maximum.value)
		violation_add(list, NULL, "must be less than %.15g", s->exclusive_maximum.value);
}

/* Equal scalars give equal text: 5 and 5.0 too. */
static int
put_canonical(struct buf *out, const json_t *value)
{
	int64_t integer;

	buf_clear(out);
	return json_is_integral(value, &integer) ? buf_put_i64(out, integer) : json_dump_to(out, value);
}

/* 0, 1 when it was there already, or a failure. */
static int
remember(json_t *seen, struct buf *text, const json_t *value, size_t index, size_t *first_r)
{
	const json_t *earlier;
	int r;

	r = put_canonical(text, value);
	if (r < 0)
		return r;
	earlier = json_object_get(seen, buf_cstr(text));
	if (earlier != NULL) {
		*first_r = (size_t)json_integer_value(earlier);
		return 1;
	}
	return json_object_set_new_nocheck(seen, buf_cstr(text), json_integer((json_int_t)index));
}

void
schema_check_unique(struct violation_list *list, const json_t *array)
{
	json_t *seen = json_object();
	struct buf text;
	size_t first = 0;
	int r = 0;

	buf_init(&text, (size_t)32 << 20);
	for (size_t i = 0; i < json_array_size(array) && r >= 0 && !violation_is_full(list); i++) {
		const json_t *value = json_array_get(array, i);

		if (json_is_object(value) || json_is_array(value))
			continue;
		r = remember(seen, &text, value, i, &first);
		if (r > 0) {
			size_t mark = violation_enter_element(list, i);

			violation_add(list, NULL, "repeats item %zu; each may be given once", first);
			violation_leave(list, mark);
		}
	}
	if (r < 0)
		list->out_of_memory = true;
	buf_fini(&text);
	json_decref(seen);
}
