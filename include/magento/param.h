/*
 * param.h - query parameters of a request
 *
 * A query is a list of decoded names and values; encoding and signing are the client's.  Values are sent with %20 for a
 * space and %2C, %3D ... encoded.  A name must not be repeated: Magento would sign only the last one.
 */
#ifndef MAGENTO_PARAM_H
#define MAGENTO_PARAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"

struct magento_param {
	const char *name;
	const char *value; /* NULL counts as "" */
};

/* Appends "?a=b&c=d", or nothing when n is 0.  Always with "=": a bare name would be left out of the signature. */
int param_query_put(struct buf *out, const struct magento_param *params, size_t n);

/*
 * Cuts a plain query ("a=b&c=d", nothing encoded) into parameters, in place; at most `max`, gives how many.  For routes
 * that are written down in full.
 */
size_t param_query_split(char *query, struct magento_param *params_r, size_t max);

/* Is a name there twice? */
bool param_has_repeated(const struct magento_param *params, size_t n);

#endif
