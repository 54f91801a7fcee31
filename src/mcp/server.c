/*
 * server.c - the core's life, and the texts that are rendered once
 */
#include "mcp/server.h"

#include <stdlib.h>

#include "asking.h"
#include "capabilities.h"
#include "event_store.h"
#include "exchange.h"
#include "lists.h"
#include "json/write.h"
#include "watch.h"

#define TEXT_MAX (256 * 1024)

/* ---- constant texts ---- */

static int
render_server_info(struct mcp_server *server)
{
	const char *title = server->options.title;
	struct json_writer w;

	json_write_init(&w, &server->server_info);
	json_write_begin_object(&w);
	json_write_key_string(&w, "name", server->product->name);
	json_write_key_string(&w, "title", title != NULL && title[0] != '\0' ? title : server->product->title);
	json_write_key_string(&w, "version", server->options.version);
	json_write_end(&w);
	return json_write_finish(&w);
}

static int
render_modern_tail(struct mcp_server *server)
{
	struct buf *out = &server->modern_tail;

	buf_put_str(out, ",\"resultType\":\"complete\",\"_meta\":{\"io.modelcontextprotocol/serverInfo\":");
	buf_put_slice(out, buf_slice(&server->server_info));
	return buf_put_str(out, "}}");
}

static void
write_instructions(struct json_writer *w, const struct mcp_server *server)
{
	if (server->product->instructions != NULL)
		json_write_key_string(w, "instructions", server->product->instructions);
}

/* what this server speaks statelessly, and what it offers. */
static int
render_discover(struct mcp_server *server)
{
	struct json_writer w;
	struct buf *out = &server->discover;

	json_write_init(&w, out);
	json_write_begin_object(&w);
	json_write_key_raw(&w, "supportedVersions", SLICE_LIT("[\"" MCP_MODERN_VERSION "\"]"));
	capabilities_write(&w, server, METHOD_MODERN);
	write_instructions(&w, server);
	json_write_key_int(&w, "ttlMs", 300000);
	json_write_key_string(&w, "cacheScope", "private");
	json_write_end(&w);
	if (json_write_finish(&w) < 0)
		return ERR_NOMEM;
	buf_truncate(out, out->len - 1);
	return buf_put_slice(out, buf_slice(&server->modern_tail));
}

/* everything of an initialize result but the protocol version. */
static int
render_initialize(struct mcp_server *server)
{
	struct buf whole;
	struct json_writer w;
	int r;

	buf_init(&whole, TEXT_MAX);
	json_write_init(&w, &whole);
	json_write_begin_object(&w);
	capabilities_write(&w, server, METHOD_LEGACY);
	json_write_key_raw(&w, "serverInfo", buf_slice(&server->server_info));
	write_instructions(&w, server);
	json_write_end(&w);
	r = json_write_finish(&w);
	if (r == 0) {
		buf_put_char(&server->initialize_tail, ',');
		r = buf_put(&server->initialize_tail, whole.ptr + 1, whole.len - 1);
	}
	buf_fini(&whole);
	return r;
}

static int
render_all(struct mcp_server *server)
{
	if (render_server_info(server) < 0 || render_modern_tail(server) < 0 || render_discover(server) < 0 ||
	    render_initialize(server) < 0)
		return ERR_NOMEM;
	if (tools_render_lists(server) < 0 || prompts_render_lists(server) < 0)
		return ERR_NOMEM;
	return resources_render_lists(server);
}

static void
fill_defaults(struct mcp_options *options)
{
	if (options->ask_timeout_ms == 0)
		options->ask_timeout_ms = ASKING_TIMEOUT_MS;
	if (options->keep_events_ms == 0)
		options->keep_events_ms = EVENTS_KEPT_MS;
	if (options->keep_events_bytes == 0)
		options->keep_events_bytes = EVENTS_PER_SESSION_MAX;
}

struct mcp_server *
mcp_server_new(const struct mcp_options *options)
{
	struct mcp_server *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return NULL;
	server->options = *options;
	fill_defaults(&server->options);
	server->product = action_registry_product(options->registry);
	LIST_INIT(&server->exchanges);
	LIST_INIT(&server->remote_streams);
	LIST_INIT(&server->watchers);
	server->events = event_store_new(server->options.keep_events_bytes, server->options.keep_events_ms);
	LIST_INIT(&server->askings);
	server->limits = json_limits_default;
	if (options->max_depth != 0)
		server->limits.max_depth = (uint32_t)options->max_depth;
	buf_init(&server->server_info, TEXT_MAX);
	buf_init(&server->modern_tail, TEXT_MAX);
	buf_init(&server->discover, TEXT_MAX);
	buf_init(&server->initialize_tail, TEXT_MAX);
	if (server->events == NULL || render_all(server) < 0)
		mcp_server_free(&server);
	else
		watch_digest_lists(server, server->digests);
	return server;
}

void
mcp_server_free(struct mcp_server **server)
{
	struct mcp_server *s = *server;

	if (s == NULL)
		return;
	while (!LIST_EMPTY(&s->exchanges))
		exchange_abandon(LIST_FIRST(&s->exchanges));
	event_store_free(&s->events);
	pool_shelf_fini(&s->pools);
	buf_fini(&s->server_info);
	buf_fini(&s->modern_tail);
	buf_fini(&s->discover);
	buf_fini(&s->initialize_tail);
	list_fini(&s->tools);
	list_fini(&s->prompts);
	list_fini(&s->templates);
	free(s);
	*server = NULL;
}
