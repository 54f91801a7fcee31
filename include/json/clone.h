/*
 * clone.h - copies that are whole, or are not made
 *
 * jansson's own json_copy() and json_deep_copy() leave out what they find no memory for, and say nothing.
 */
#ifndef JSON_CLONE_H
#define JSON_CLONE_H

#include <jansson.h>

#include "base/compiler.h"

/* A new reference; NULL without memory, and for NULL. */
json_t *json_clone(const json_t *value) MUST_CHECK;	    /* all the way down */
json_t *json_clone_shallow(const json_t *value) MUST_CHECK; /* an object or array with the same values in it */

#endif
