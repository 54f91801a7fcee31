/*
 * clone.c - copies that are whole, or are not made
 */
#include "json/clone.h"

#include <stdint.h>

json_t *
json_clone(const json_t *value)
{
	json_t *copy = json_deep_copy(value);

	if (copy == NULL || json_equal(value, copy))
		return copy;
	json_decref(copy);
	return NULL;
}

json_t *
json_clone_shallow(const json_t *value)
{
	json_t *copy = json_copy((json_t *)(uintptr_t)value);

	if (copy == NULL ||
	    (json_object_size(copy) == json_object_size(value) && json_array_size(copy) == json_array_size(value)))
		return copy;
	json_decref(copy);
	return NULL;
}
