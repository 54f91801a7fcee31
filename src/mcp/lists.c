#include "lists.h"

#include "json/write.h"

static int
put_items(struct mcp_server *server, struct buf *out, size_t n, lists_item_fn item, enum mcp_protocol protocol)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		json_t *tree = item(server->options.registry, i, protocol);

		if (i > 0)
			buf_put_char(out, ',');
		r = tree != NULL ? json_dump_to(out, tree) : ERR_NOMEM;
		json_decref(tree);
	}
	return r;
}

int
lists_render(struct mcp_server *server, struct buf *lists, const char *key, size_t n, lists_item_fn item)
{
	for (int protocol = MCP_2025_03_26; protocol <= MCP_2026_07_28; protocol++) {
		struct buf *out = &lists[protocol];
		int r;

		buf_printf(out, "{\"%s\":[", key);
		r = put_items(server, out, n, item, (enum mcp_protocol)protocol);
		if (r < 0)
			return r;
		if (protocol == MCP_2026_07_28) {
			buf_printf(out, "],\"ttlMs\":%d,\"cacheScope\":\"private\"", LISTS_TTL_MS);
			r = buf_put_slice(out, buf_slice(&server->modern_tail));
		} else {
			r = buf_put_str(out, "]}");
		}
		if (r < 0)
			return r;
	}
	return 0;
}

void
lists_refuse_cursor(struct mcp_exchange *x)
{
	exchange_answer_invalid(x, "This cursor is not valid. Ask for the list without a cursor.");
}

void
lists_serve(struct mcp_exchange *x, const struct buf *lists)
{
	if (json_object_get(x->params, "cursor") != NULL)
		lists_refuse_cursor(x);
	else
		exchange_answer_result(x, buf_slice(&lists[x->protocol]));
}
