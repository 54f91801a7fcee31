#include "origin.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define URL_MAX_BYTES 16384

static bool
is_visible(const char *url)
{
	const char *p;

	for (p = url; *p != '\0'; p++) {
		if (*p <= 0x20 || *p >= 0x7f)
			return false;
	}
	return p - url <= URL_MAX_BYTES;
}

static bool
is_http(const char *url)
{
	return strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;
}

/* Scheme and authority: up to the path, query or end. */
static struct slice
key_of(const char *url)
{
	const char *host = strchr(url, ':') + 3;

	return slice_of(url, (size_t)(host - url) + strcspn(host, "/?#"));
}

static struct origin *
find(struct origin_list *list, struct slice key)
{
	struct origin *origin;

	LIST_FOREACH(origin, list, link)
	{
		if (slice_eq_nocase(origin->key, key))
			return origin;
	}
	return NULL;
}

/* What may stand between scheme and path is curl's to judge; nobody's name may. */
static int
parse(struct origin *origin)
{
	CURLUcode code;

	origin->url = curl_url();
	if (origin->url == NULL)
		return ERR_NOMEM;
	code = curl_url_set(origin->url, CURLUPART_URL, origin->key.ptr, CURLU_PATH_AS_IS | CURLU_DISALLOW_USER);
	if (code == CURLUE_OUT_OF_MEMORY)
		return ERR_NOMEM;
	return code == CURLUE_OK ? 0 : ERR_INVALID;
}

static void
origin_free(struct origin *origin)
{
	curl_url_cleanup(origin->url);
	free(origin);
}

static int
origin_new(struct slice key, struct origin **origin_r)
{
	struct origin *origin = calloc(1, sizeof(*origin) + key.len + 1);
	char *copy;
	int r;

	if (origin == NULL)
		return ERR_NOMEM;
	copy = (char *)(origin + 1);
	memcpy(copy, key.ptr, key.len);
	origin->key = slice_of(copy, key.len);
	r = parse(origin);
	if (r < 0)
		origin_free(origin);
	else
		*origin_r = origin;
	return r;
}

int
origin_take(struct origin_list *list, const char *url, struct origin **origin_r)
{
	struct origin *origin;
	int r;

	if (!is_http(url) || !is_visible(url))
		return ERR_INVALID;
	origin = find(list, key_of(url));
	if (origin == NULL) {
		r = origin_new(key_of(url), &origin);
		if (r < 0)
			return r;
		LIST_INSERT_HEAD(list, origin, link);
	}
	*origin_r = origin_share(origin);
	return 0;
}

struct origin *
origin_share(struct origin *origin)
{
	origin->users++;
	return origin;
}

void
origin_give_back(struct origin **origin_p)
{
	struct origin *origin = *origin_p;

	*origin_p = NULL;
	if (origin == NULL)
		return;
	origin->users--;
	if (origin->users > 0)
		return;
	LIST_REMOVE(origin, link);
	origin_free(origin);
}
