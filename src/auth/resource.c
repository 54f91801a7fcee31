#include "resource.h"

#include <string.h>

#include "json/write.h"

#define WELL_KNOWN "/.well-known/oauth-protected-resource"
#define TEXT_MAX (64 * 1024)

/* The path of a URL begins after its authority. */
static size_t
path_at(const char *url)
{
	const char *authority = strstr(url, "://");
	const char *path = authority != NULL ? strchr(authority + 3, '/') : NULL;

	return path != NULL ? (size_t)(path - url) : strlen(url);
}

static int
render_url(struct resource *resource, const char *url)
{
	size_t at = path_at(url);

	buf_put(&resource->metadata_url, url, at);
	buf_put_str(&resource->metadata_url, WELL_KNOWN);
	return buf_put_str(&resource->metadata_url, strcmp(url + at, "/") == 0 ? "" : url + at);
}

static void
write_list(struct json_writer *w, const char *key, const char *const *items, size_t n)
{
	json_write_key(w, key);
	json_write_begin_array(w);
	for (size_t i = 0; i < n; i++)
		json_write_string(w, items[i]);
	json_write_end(w);
}

/* */
static int
render_metadata(struct resource *resource, const struct config *config)
{
	static const char *const methods[] = {"header"};
	struct json_writer w;

	json_write_init(&w, &resource->metadata);
	json_write_begin_object(&w);
	json_write_key_string(&w, "resource", config->auth.resource);
	write_list(&w, "authorization_servers", &config->auth.issuer, 1);
	write_list(&w, "scopes_supported", config->auth.scopes.items, config->auth.scopes.n);
	write_list(&w, "bearer_methods_supported", methods, ARRAY_LEN(methods));
	json_write_key_string(&w, "resource_name", config->server.name);
	json_write_end(&w);
	return json_write_finish(&w);
}

/* `error` only when a token was sent.  Nothing here holds a quotation mark: the configuration refuses it. */
static int
render_challenge(const struct resource *resource, struct buf *out, const struct config *config, const char *error)
{
	buf_printf(out, "Bearer %sresource_metadata=\"%s\"", error, buf_slice(&resource->metadata_url).ptr);
	if (config->auth.scopes.n > 0) {
		buf_put_str(out, ", scope=\"");
		for (size_t i = 0; i < config->auth.scopes.n; i++)
			buf_printf(out, "%s%s", i > 0 ? " " : "", config->auth.scopes.items[i]);
		buf_put_char(out, '"');
	}
	buf_put_char(out, '\0');
	return out->failed;
}

int
resource_init(struct resource *resource, const struct config *config)
{
	int r;

	buf_init(&resource->metadata, TEXT_MAX);
	buf_init(&resource->metadata_url, TEXT_MAX);
	buf_init(&resource->missing, TEXT_MAX);
	buf_init(&resource->invalid, TEXT_MAX);
	r = render_url(resource, config->auth.resource);
	if (r == 0)
		r = buf_put_char(&resource->metadata_url, '\0');
	if (r == 0)
		r = render_metadata(resource, config);
	if (r == 0)
		r = render_challenge(resource, &resource->missing, config, "");
	if (r == 0)
		r = render_challenge(resource, &resource->invalid, config, "error=\"invalid_token\", ");
	return r;
}

void
resource_fini(struct resource *resource)
{
	buf_fini(&resource->metadata);
	buf_fini(&resource->metadata_url);
	buf_fini(&resource->missing);
	buf_fini(&resource->invalid);
}

int
resource_put_scope_challenge(const struct resource *resource, struct buf *out, const char *scope)
{
	buf_printf(out, "Bearer error=\"insufficient_scope\", scope=\"%s\", resource_metadata=\"%s\"", scope,
		   resource->metadata_url.ptr);
	return out->failed;
}
