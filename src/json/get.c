/*
 * get.c - typed members of a jansson object
 */
#include "json/get.h"

#include <string.h>

/* Without a hash of the key where there is nothing to find. */
static json_t *
member(const json_t *obj, const char *key)
{
	return json_object_size(obj) > 0 ? json_object_get(obj, key) : NULL;
}

json_t *
json_get(const json_t *obj, const char *key)
{
	json_t *value = member(obj, key);

	return json_is_null(value) ? NULL : value;
}

json_t *
json_get_object(const json_t *obj, const char *key)
{
	json_t *value = member(obj, key);

	return json_is_object(value) ? value : NULL;
}

json_t *
json_get_array(const json_t *obj, const char *key)
{
	json_t *value = member(obj, key);

	return json_is_array(value) ? value : NULL;
}

size_t
json_get_array_len(const json_t *obj, const char *key)
{
	return json_array_size(member(obj, key));
}

struct slice
json_get_slice(const json_t *obj, const char *key)
{
	const json_t *value = member(obj, key);

	return json_is_string(value) ? slice_of(json_string_value(value), json_string_length(value)) : SLICE_NONE;
}

const char *
json_get_str(const json_t *obj, const char *key, const char *fallback)
{
	struct slice s = json_get_slice(obj, key);

	return s.ptr == NULL || strlen(s.ptr) != s.len ? fallback : s.ptr;
}

bool
json_is_integral(const json_t *value, int64_t *value_r)
{
	double real;

	if (json_is_integer(value)) {
		*value_r = json_integer_value(value);
		return true;
	}
	if (!json_is_real(value))
		return false;
	real = json_real_value(value);
	/* 2^63 is the first double that int64 cannot hold; -2^63 is the last one it can. */
	if (!(real >= -0x1p63 && real < 0x1p63) || (double)(int64_t)real != real)
		return false;
	*value_r = (int64_t)real;
	return true;
}

int64_t
json_get_int(const json_t *obj, const char *key, int64_t fallback)
{
	int64_t value;

	return json_is_integral(member(obj, key), &value) ? value : fallback;
}

double
json_get_num(const json_t *obj, const char *key, double fallback)
{
	const json_t *value = member(obj, key);

	return json_is_number(value) ? json_number_value(value) : fallback;
}

bool
json_get_bool(const json_t *obj, const char *key, bool fallback)
{
	const json_t *value = member(obj, key);

	return json_is_boolean(value) ? json_is_true(value) : fallback;
}
