#include "lists.h"

#include <stdlib.h>

#include "json/write.h"

#define TEXT_MAX (1024 * 1024)

/* ---- once ---- */

static int
put_items(const struct mcp_server *server, struct list *list, list_item_fn item, enum mcp_protocol protocol)
{
	struct buf *out = &list->text[protocol];
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->n; i++) {
		json_t *tree = item(server->options.registry, i, protocol);

		if (i > 0)
			buf_put_char(out, ',');
		r = tree != NULL ? json_dump_to(out, tree) : ERR_NOMEM;
		json_decref(tree);
		list->ends[protocol][i] = out->len;
	}
	return r;
}

static int
render(const struct mcp_server *server, struct list *list, const char *key, list_item_fn item,
       enum mcp_protocol protocol)
{
	struct buf *out = &list->text[protocol];
	int r;

	list->ends[protocol] = calloc(list->n + 1, sizeof(*list->ends[protocol]));
	if (list->ends[protocol] == NULL)
		return ERR_NOMEM;
	buf_printf(out, "{\"%s\":[", key);
	list->head_len = out->len;
	r = put_items(server, list, item, protocol);
	if (r < 0)
		return r;
	if (protocol != MCP_2026_07_28)
		return buf_put_str(out, "]}");
	buf_printf(out, "],\"ttlMs\":%d,\"cacheScope\":\"private\"", LISTS_TTL_MS);
	return buf_put_slice(out, buf_slice(&server->modern_tail));
}

int
list_render(struct mcp_server *server, struct list *list, const char *key, size_t n, list_item_fn item)
{
	int r = 0;

	list->n = n;
	for (size_t protocol = 0; protocol < ARRAY_LEN(list->text); protocol++)
		buf_init(&list->text[protocol], TEXT_MAX);
	for (int protocol = MCP_2025_03_26; r == 0 && protocol <= MCP_2026_07_28; protocol++)
		r = render(server, list, key, item, (enum mcp_protocol)protocol);
	return r;
}

void
list_fini(struct list *list)
{
	for (size_t protocol = 0; protocol < ARRAY_LEN(list->text); protocol++) {
		buf_fini(&list->text[protocol]);
		free(list->ends[protocol]);
		list->ends[protocol] = NULL;
	}
}

/* ---- for a caller ---- */

static bool
is_for(const struct mcp_exchange *x, const struct list *list, size_t index)
{
	return action_is_for(x->server->options.env, list->action_of(x->server->options.registry, index),
			     x->request.principal);
}

/* The elements that are his, cut out of the whole. */
static int
put_own(const struct mcp_exchange *x, const struct list *list, struct buf *out)
{
	struct slice whole = buf_slice(&list->text[x->protocol]);
	size_t end = list->head_len;
	bool is_first = true;

	buf_put_slice(out, slice_of(whole.ptr, end));
	for (size_t i = 0; i < list->n; i++) {
		size_t from = i == 0 ? end : end + 1; /* behind the comma */

		end = list->ends[x->protocol][i];
		if (!is_for(x, list, i))
			continue;
		if (!is_first)
			buf_put_char(out, ',');
		buf_put_slice(out, slice_sub(whole, from, end - from));
		is_first = false;
	}
	return buf_put_slice(out, slice_sub(whole, end, whole.len));
}

static void
answer_own(struct mcp_exchange *x, const struct list *list)
{
	struct buf out;

	buf_init(&out, list->text[x->protocol].len);
	if (put_own(x, list, &out) == 0)
		exchange_answer_result(x, buf_slice(&out));
	else
		exchange_answer_shortage(x);
	buf_fini(&out);
}

void
lists_refuse_cursor(struct mcp_exchange *x)
{
	exchange_answer_invalid(x, "This cursor is not valid. Ask for the list without a cursor.");
}

void
list_serve(struct mcp_exchange *x, const struct list *list)
{
	if (json_object_get(x->params, "cursor") != NULL)
		lists_refuse_cursor(x);
	else if (action_all_are_for(x->server->options.env, x->request.principal))
		exchange_answer_result(x, buf_slice(&list->text[x->protocol]));
	else
		answer_own(x, list);
}
