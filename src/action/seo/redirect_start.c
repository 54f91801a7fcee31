#include "redirect_start.h"

#include <string.h>

#include "base/slice.h"
#include "json/get.h"
#include "magento/url.h"

bool
redirect_start_is_url(const char *address)
{
	struct slice text = slice_from_str(address);

	return slice_is_nocase(slice_sub(text, 0, 7), "http://") || slice_is_nocase(slice_sub(text, 0, 8), "https://");
}

/* A path as the storefront is asked for it. */
static const char *
plain_path(struct pool *pool, struct slice path)
{
	while (path.len > 0 && path.ptr[0] == '/')
		path = slice_sub(path, 1, path.len - 1);
	path.len = path.len > 0 ? strcspn(path.ptr, "?#") < path.len ? strcspn(path.ptr, "?#") : path.len : 0;
	return path.len > 0 ? pool_slicedup(pool, path) : pool_strdup(pool, "/");
}

static bool
has_default_port(const struct url_parts *parts)
{
	return parts->port == (parts->tls ? 443 : 80);
}

/* Length of the base's path when the URL lies under it, else -1.  http and https are the same shop. */
static ptrdiff_t
covered(const struct url_parts *url, const char *base)
{
	struct url_parts parts;
	size_t len;

	if (url_split(slice_from_str(base), &parts) < 0 || !slice_eq_nocase(parts.host, url->host))
		return -1;
	if (parts.port != url->port && !(has_default_port(&parts) && has_default_port(url)))
		return -1;
	len = parts.path.len;
	while (len > 0 && parts.path.ptr[len - 1] == '/')
		len--;
	if (len > url->path.len || memcmp(parts.path.ptr, url->path.ptr, len) != 0)
		return -1;
	return len == url->path.len || url->path.ptr[len] == '/' ? (ptrdiff_t)len : -1;
}

const char *
redirect_start_path(struct pool *pool, const char *address, const json_t *configs, const char *base_url,
		    const char **view_r)
{
	static const char *const keys[] = {"base_link_url", "secure_base_link_url", "base_url", "secure_base_url"};
	struct url_parts url;
	ptrdiff_t best;

	*view_r = NULL;
	if (!redirect_start_is_url(address))
		return plain_path(pool, slice_from_str(address));
	if (url_split(slice_from_str(address), &url) < 0)
		return NULL;
	best = covered(&url, base_url);
	for (size_t i = 0; i < json_array_size(configs); i++) {
		const json_t *config = json_array_get(configs, i);

		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
			ptrdiff_t len = covered(&url, json_get_str(config, keys[k], ""));

			if (len > best || (len == best && len >= 0 && *view_r == NULL)) {
				best = len;
				*view_r = json_get_str(config, "code", NULL);
			}
		}
	}
	return best < 0 ? NULL : plain_path(pool, slice_sub(url.path, (size_t)best, url.path.len - (size_t)best));
}
