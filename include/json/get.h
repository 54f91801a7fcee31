/*
 * get.h - typed members of a jansson object
 *
 * Each getter gives the member if the object has it with that type, else the fallback; so absent, null and wrongly
 * typed look alike.  For parameters that passed their schema, and for replies of a shop, which may hold anything. `obj`
 * may be NULL or no object.  What is given is borrowed from the tree.
 */
#ifndef JSON_GET_H
#define JSON_GET_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

json_t *json_get(const json_t *obj, const char *key);	       /* any type but null; else NULL */
json_t *json_get_object(const json_t *obj, const char *key);   /* or NULL */
json_t *json_get_array(const json_t *obj, const char *key);    /* or NULL */
size_t json_get_array_len(const json_t *obj, const char *key); /* 0 unless an array */

/* A string that holds a NUL counts as wrongly typed here; json_get_slice gives it whole. */
const char *json_get_str(const json_t *obj, const char *key, const char *fallback);
struct slice json_get_slice(const json_t *obj, const char *key); /* SLICE_NONE unless a string */

int64_t json_get_int(const json_t *obj, const char *key, int64_t fallback); /* 5 and 5.0 */
double json_get_num(const json_t *obj, const char *key, double fallback);   /* integer or real */
bool json_get_bool(const json_t *obj, const char *key, bool fallback);

/* An integral number: 5, or 5.0 within int64.  Fills *value_r. */
bool json_is_integral(const json_t *value, int64_t *value_r);

#endif
