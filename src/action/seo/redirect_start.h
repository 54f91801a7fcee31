/*
 * redirect_start.h - which storefront address a caller means (private to action/); pure
 *
 * An address is a path, or a URL under one of the shop's base URLs, which several store views may share.
 */
#ifndef ACTION_REDIRECT_START_H
#define ACTION_REDIRECT_START_H

#include <jansson.h>
#include <stdbool.h>

#include "base/compiler.h"
#include "base/pool.h"

/* Has it a scheme? */
bool redirect_start_is_url(const char *address);

/*
 * The path without a slash in front, query and fragment ("/" for the home page); NULL for a URL that lies under no base
 * URL, or without memory.  `configs` are the rows of store/storeConfigs (may be NULL), base_url is the session's.
 * *view_r is the store view whose base URL matches best, the first of several, or NULL; it points into `configs`.
 */
const char *redirect_start_path(struct pool *pool, const char *address, const json_t *configs, const char *base_url,
				const char **view_r) MUST_CHECK;

#endif
