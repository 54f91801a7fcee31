/*
 * schema.c - the tables published as JSON Schema 2020-12
 *
 * Recursion follows our own constant tables, whose depth is bounded; a table that says something that would not be
 * checked, or contradicts itself, is a bug and is found the first time it is published.
 */
#include "json/schema.h"

#include "base/err.h"
#include "json/get.h"
#include "json/parse.h"

/* An object being put together; after the first failure the rest is skipped by jansson (NULL arguments). */
struct out {
	json_t *object;
	int failed;
};

static json_t *publish(const struct json_schema *s, const char *description, int depth);

static void
put(struct out *out, const char *key, json_t *value)
{
	out->failed |= json_object_set_new(out->object, key, value);
}

static void
put_str(struct out *out, const char *key, const char *value)
{
	if (value != NULL)
		put(out, key, json_string(value));
}

static void
put_count(struct out *out, const char *key, size_t value)
{
	if (value != 0)
		put(out, key, json_integer((json_int_t)value));
}

static void
put_bound(struct out *out, const char *key, struct json_bound bound)
{
	json_t *real = json_real(bound.value);
	int64_t integer;

	if (bound.set)
		put(out, key, json_is_integral(real, &integer) ? json_integer(integer) : json_incref(real));
	json_decref(real);
}

static void
put_type(struct out *out, const struct json_schema *s)
{
	static const char *const names[] = {
	    [JSON_T_OBJECT] = "object",	  [JSON_T_ARRAY] = "array",   [JSON_T_STRING] = "string",
	    [JSON_T_INTEGER] = "integer", [JSON_T_NUMBER] = "number", [JSON_T_BOOLEAN] = "boolean",
	};

	if (s->type == JSON_T_ANY)
		return;
	if (s->nullable)
		put(out, "type", json_pack("[ss]", names[s->type], "null"));
	else
		put_str(out, "type", names[s->type]);
}

static void
put_string_rules(struct out *out, const struct json_schema *s)
{
	if (s->enumeration != NULL) {
		json_t *values = json_array();

		for (size_t i = 0; s->enumeration[i] != NULL; i++)
			out->failed |= json_array_append_new(values, json_string(s->enumeration[i]));
		if (s->nullable)
			out->failed |= json_array_append_new(values, json_null());
		put(out, "enum", values);
	}
	put_count(out, "minLength", s->min_length);
	put_count(out, "maxLength", s->max_length);
	must((s->match == NULL) == (s->pattern == NULL));
	put_str(out, "pattern", s->pattern);
	put_str(out, "format", s->format);
}

static void
put_number_rules(struct out *out, const struct json_schema *s)
{
	put_bound(out, "minimum", s->minimum);
	put_bound(out, "maximum", s->maximum);
	put_bound(out, "exclusiveMinimum", s->exclusive_minimum);
	put_bound(out, "exclusiveMaximum", s->exclusive_maximum);
}

static bool
is_scalar(const struct json_schema *s)
{
	return s != NULL && s->type != JSON_T_ANY && s->type != JSON_T_OBJECT && s->type != JSON_T_ARRAY;
}

static void
put_array_rules(struct out *out, const struct json_schema *s, int depth)
{
	if (s->items != NULL)
		put(out, "items", publish(s->items, NULL, depth + 1));
	put_count(out, "minItems", s->min_items);
	put_count(out, "maxItems", s->max_items);
	if (s->unique_items) {
		must(is_scalar(s->items));
		put(out, "uniqueItems", json_true());
	}
}

static void
put_props(struct out *out, const struct json_schema *s, int depth)
{
	json_t *props, *required;

	if (s->props == NULL)
		return;
	props = json_object();
	required = json_array();
	for (const struct json_prop *p = s->props; p->name != NULL; p++) {
		out->failed |= json_object_set_new(props, p->name, publish(p->schema, p->description, depth + 1));
		if (p->required)
			out->failed |= json_array_append_new(required, json_string(p->name));
	}
	put(out, "properties", props);
	if (json_array_size(required) > 0)
		put(out, "required", json_incref(required));
	json_decref(required);
}

static void
put_object_rules(struct out *out, const struct json_schema *s, int depth)
{
	put_props(out, s, depth);
	must((s->key_match == NULL) == (s->key_pattern == NULL));
	must(s->key_match == NULL || s->props == NULL);
	if (s->key_pattern != NULL)
		put(out, "propertyNames", json_pack("{ss}", "pattern", s->key_pattern));
	if (s->extra_schema != NULL)
		put(out, "additionalProperties", publish(s->extra_schema, NULL, depth + 1));
	else
		put(out, "additionalProperties", json_boolean(s->extra == JSON_EXTRA_ALLOWED));
	put_count(out, "minProperties", s->min_properties);
	put_count(out, "maxProperties", s->max_properties);
}

static void
put_any_of(struct out *out, const struct json_schema *s, int depth)
{
	json_t *branches;

	if (s->any_of == NULL)
		return;
	branches = json_array();
	for (size_t i = 0; s->any_of[i] != NULL; i++)
		out->failed |= json_array_append_new(branches, publish(s->any_of[i], NULL, depth + 1));
	put(out, "anyOf", branches);
}

static void
put_default(struct out *out, const struct json_schema *s)
{
	json_t *value;
	int r;

	if (s->default_json == NULL)
		return;
	r = json_parse(slice_from_str(s->default_json), NULL, &value, NULL);
	must(r == 0 || r == ERR_NOMEM);
	put(out, "default", value);
}

/* A new reference, or NULL without memory. */
static json_t *
publish(const struct json_schema *s, const char *description, int depth)
{
	struct out out = {.object = json_object()};

	must(s != NULL && depth < JSON_SCHEMA_DEPTH_MAX);
	put_str(&out, "title", s->title);
	put_str(&out, "description", description != NULL ? description : s->description);
	put_type(&out, s);
	if (s->const_true)
		put(&out, "const", json_true());
	put_string_rules(&out, s);
	put_number_rules(&out, s);
	put_array_rules(&out, s, depth);
	if (s->type == JSON_T_OBJECT)
		put_object_rules(&out, s, depth);
	put_any_of(&out, s, depth);
	put_default(&out, s);
	if (out.object != NULL && out.failed == 0)
		return out.object;
	json_decref(out.object);
	return NULL;
}

int
json_schema_to_json(const struct json_schema *schema, json_t **out_r)
{
	*out_r = publish(schema, NULL, 0);
	return *out_r == NULL ? ERR_NOMEM : 0;
}
