#include "origin.h"

#include <stdlib.h>
#include <string.h>

/* Scheme and authority: up to the path, query or end. */
static struct slice
key_of(const char *url)
{
	const char *host = strstr(url, "://");

	host = host != NULL ? host + 3 : url;
	return slice_of(url, (size_t)(host - url) + strcspn(host, "/?#"));
}

struct origin *
origin_take(struct origin_list *list, const char *url)
{
	struct slice key = key_of(url);
	struct origin *origin;
	char *copy;

	LIST_FOREACH(origin, list, link)
	{
		if (slice_eq_nocase(origin->key, key)) {
			origin->jobs++;
			return origin;
		}
	}
	origin = calloc(1, sizeof(*origin) + key.len + 1);
	if (origin == NULL)
		return NULL;
	copy = (char *)(origin + 1);
	memcpy(copy, key.ptr, key.len);
	origin->key = slice_of(copy, key.len);
	origin->jobs = 1;
	LIST_INSERT_HEAD(list, origin, link);
	return origin;
}

void
origin_give_back(struct origin **origin_p)
{
	struct origin *origin = *origin_p;

	*origin_p = NULL;
	if (origin == NULL)
		return;
	origin->jobs--;
	if (origin->jobs > 0)
		return;
	LIST_REMOVE(origin, link);
	free(origin);
}
