/*
 * cache_urls.c - addresses taken apart, and held against the base URLs of the shop
 */
#include "cache_urls.h"

#include <stdio.h>
#include <string.h>

#include "arguments.h"
#include "json/get.h"
#include "magento/param.h"
#include "results.h"

/* ---- One address ---- */

/* "." and "..", also with %2e: they would be taken away on the way. */
static bool
is_dots(struct slice segment)
{
	size_t dots = 0;

	while (segment.len > 0) {
		size_t step = segment.ptr[0] == '.' ? 1 : slice_is_nocase(slice_sub(segment, 0, 3), "%2e") ? 3 : 0;

		if (step == 0)
			return false;
		segment = slice_sub(segment, step, segment.len);
		dots++;
	}
	return dots == 1 || dots == 2;
}

static bool
has_dots(struct slice path)
{
	struct slice segment;

	while (slice_next(&path, '/', &segment)) {
		if (is_dots(segment))
			return true;
	}
	return false;
}

/* Why it is refused, or NULL. */
static const char *
read_url(const char *text, struct url_parts *parts)
{
	struct slice url = slice_from_str(text);

	for (size_t i = 0; i < url.len; i++) {
		unsigned char c = (unsigned char)url.ptr[i];

		if (c < 0x20 || c == 0x7f)
			return "must not hold control characters";
		if (c == ' ' || c >= 0x80 || c == '\\')
			return "must be percent-encoded: no spaces, backslashes or letters beyond ASCII";
	}
	if (slice_find(url, '*') >= 0)
		return "must be one address; wildcards are not purged";
	if (slice_find(url, '#') >= 0)
		return "must not have a fragment (#...)";
	if (!slice_is_nocase(slice_sub(url, 0, 7), "http://") && !slice_is_nocase(slice_sub(url, 0, 8), "https://"))
		return "must begin with http:// or https://";
	if (url_split(url, parts) < 0)
		return "must be an address without user name, such as https://shop.example.com/page.html";
	if (has_dots(parts->path))
		return "must not hold . or .. segments";
	return NULL;
}

int
cache_urls_read(struct cache_urls *urls, struct store_client *sc, json_t *list, struct fault *fault)
{
	json_t *violations = json_array();
	char path[48];

	*urls = (struct cache_urls){.sc = sc, .n = json_array_size(list)};
	urls->items = pool_alloc(sc->call->pool, (urls->n + 1) * sizeof(*urls->items));
	if (urls->items == NULL || violations == NULL) {
		json_decref(violations);
		return result_out_of_memory(fault);
	}
	for (size_t i = 0; i < urls->n; i++) {
		struct cache_url *url = &urls->items[i];
		const char *why;

		url->text = json_string_value(json_array_get(list, i));
		why = read_url(url->text, &url->parts);
		snprintf(path, sizeof(path), "params.urls[%zu]", i);
		if (why != NULL)
			arguments_violation(violations, path, "%s", why);
	}
	if (json_array_size(violations) > 0)
		return arguments_refuse(violations, fault);
	json_decref(violations);
	return 0;
}

/* ---- The shop's addresses ---- */

static struct slice
without_slash(struct slice path)
{
	while (path.len > 0 && path.ptr[path.len - 1] == '/')
		path.len--;
	return path;
}

static bool
add_base(struct cache_urls *urls, const char *text, const char *view, int64_t view_id)
{
	struct cache_base *base = &urls->bases[urls->n_bases];
	const char *copy = pool_strdup(urls->sc->call->pool, text);

	if (copy == NULL)
		return false;
	if (url_split(slice_from_str(copy), &base->parts) < 0)
		return true; /* "{{base_url}}" and the like */
	base->parts.path = without_slash(base->parts.path);
	base->view = view;
	base->view_id = view_id;
	urls->n_bases++;
	return true;
}

static int
take_configs(struct cache_urls *urls, const json_t *configs, struct fault *fault)
{
	static const char *const members[] = {"base_url", "base_link_url", "secure_base_url", "secure_base_link_url"};
	struct pool *pool = urls->sc->call->pool;
	size_t n = json_array_size(configs);

	urls->bases = pool_alloc(pool, (n * ARRAY_LEN(members) + 1) * sizeof(*urls->bases));
	if (urls->bases == NULL)
		return result_out_of_memory(fault);
	for (size_t i = 0; i < n; i++) {
		const json_t *row = json_array_get(configs, i);
		const char *view = pool_strdup(pool, json_get_str(row, "code", ""));
		int64_t id = json_get_int(row, "id", 0);

		if (id == 0) /* `admin` */
			continue;
		for (size_t k = 0; k < ARRAY_LEN(members); k++) {
			if (view == NULL || !add_base(urls, json_get_str(row, members[k], ""), view, id))
				return result_out_of_memory(fault);
		}
	}
	return 0;
}

/* Without the permission to read them only the address of the session is known to be the shop's. */
static int
take_session_base(struct cache_urls *urls, struct fault *fault)
{
	urls->n_bases = 0;
	urls->bases = pool_alloc(urls->sc->call->pool, sizeof(*urls->bases));
	if (urls->bases == NULL ||
	    !add_base(urls, urls->sc->magento.base_url, urls->sc->call->login.scope.store_view, 0))
		return result_out_of_memory(fault);
	return 0;
}

static int
read_bases(struct cache_urls *urls, struct fault *fault)
{
	static const struct magento_param fields = {
	    "fields", "id,code,base_url,base_link_url,secure_base_url,secure_base_link_url"};
	struct magento_request request = {.method = FETCH_GET,
					  .scope = MAGENTO_SCOPE_ALL,
					  .path = "/store/storeConfigs",
					  .query = &fields,
					  .n_query = 1};
	struct magento_reply reply;
	int r;

	magento_reply_init(&reply);
	r = magento_call(&urls->sc->magento, &request, &reply, fault);
	if (r == 0)
		r = take_configs(urls, reply.body, fault);
	else if (fault->code == FAULT_FORBIDDEN) {
		fault_fini(fault);
		fault_init(fault);
		r = 0;
	}
	magento_reply_fini(&reply);
	return r == 0 && urls->n_bases == 0 ? take_session_base(urls, fault) : r;
}

/* ---- Under one of them? ---- */

/* The scheme does not matter; a port that is the scheme's own is none. */
static uint16_t
odd_port(const struct url_parts *parts)
{
	return parts->port == (parts->tls ? 443 : 80) ? 0 : parts->port;
}

static bool
is_below(const struct cache_url *url, const struct cache_base *base)
{
	struct slice path = url->parts.path;
	size_t len = base->parts.path.len;

	if (!slice_eq_nocase(url->parts.host, base->parts.host) || odd_port(&url->parts) != odd_port(&base->parts))
		return false;
	if (!slice_eq(slice_sub(path, 0, len), base->parts.path))
		return false;
	return path.len == len || path.ptr[len] == '/';
}

int
cache_urls_place(struct cache_urls *urls, struct fault *fault)
{
	json_t *violations;
	char path[48];

	if (read_bases(urls, fault) < 0)
		return -1;
	violations = json_array();
	for (size_t i = 0; i < urls->n; i++) {
		struct cache_url *url = &urls->items[i];
		bool is_ours = false;

		for (size_t k = 0; k < urls->n_bases; k++) {
			size_t len = urls->bases[k].parts.path.len;

			if (!is_below(url, &urls->bases[k]))
				continue;
			is_ours = true;
			url->base_len = len > url->base_len ? len : url->base_len;
		}
		snprintf(path, sizeof(path), "params.urls[%zu]", i);
		if (!is_ours)
			arguments_violation(violations, path, "is not under a base URL of this store");
	}
	if (json_array_size(violations) > 0)
		return arguments_refuse(violations, fault);
	json_decref(violations);
	return 0;
}

bool
cache_url_is_of_view(const struct cache_url *url, const struct cache_base *base)
{
	return base->parts.path.len == url->base_len && is_below(url, base);
}
