/*
 * param.c - query strings
 */
#include "magento/param.h"

#include <string.h>

#include "base/enc.h"
#include "base/err.h"

int
param_query_put(struct buf *out, const struct magento_param *params, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		buf_put_char(out, i == 0 ? '?' : '&');
		enc_percent_put(out, slice_from_str(params[i].name));
		buf_put_char(out, '=');
		enc_percent_put(out, slice_from_str(params[i].value));
	}
	return out->failed;
}

size_t
param_query_split(char *query, struct magento_param *params_r, size_t max)
{
	size_t n = 0;
	char *at = query;
	char *value;

	while (at != NULL && *at != '\0' && n < max) {
		params_r[n].name = at;
		at = strchr(at, '&');
		if (at != NULL)
			*at++ = '\0';
		value = strchr(params_r[n].name, '=');
		if (value != NULL)
			*value++ = '\0';
		params_r[n].value = value != NULL ? value : "";
		n++;
	}
	return n;
}

bool
param_has_repeated(const struct magento_param *params, size_t n)
{
	size_t i, k;

	for (i = 1; i < n; i++) {
		for (k = 0; k < i; k++) {
			if (strcmp(params[i].name, params[k].name) == 0)
				return true;
		}
	}
	return false;
}
