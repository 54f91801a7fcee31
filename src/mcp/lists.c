#include "lists.h"

#include <stdlib.h>
#include <string.h>

#include "json/write.h"

#define TEXT_MAX (1024 * 1024)

static enum list_form
form_of(enum mcp_protocol protocol)
{
	if (protocol == MCP_2026_07_28)
		return LIST_MODERN;
	return protocol >= MCP_2025_06_18 ? LIST_TITLED : LIST_2025_03_26;
}

struct slice
list_text(const struct list *list, enum mcp_protocol protocol)
{
	return buf_slice(&list->text[form_of(protocol)]);
}

/* ---- once ---- */

static int
put_items(const struct mcp_server *server, struct list *list, list_item_fn item, enum mcp_protocol protocol)
{
	enum list_form form = form_of(protocol);
	struct buf *out = &list->text[form];
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->n; i++) {
		json_t *tree = item(server->options.registry, i, protocol);

		if (i > 0)
			buf_put_char(out, ',');
		r = tree != NULL ? json_dump_to(out, tree) : ERR_NOMEM;
		json_decref(tree);
		list->ends[form][i] = out->len;
	}
	return r;
}

static int
render(const struct mcp_server *server, struct list *list, const char *key, list_item_fn item,
       enum mcp_protocol protocol)
{
	struct buf *out = &list->text[form_of(protocol)];

	buf_printf(out, "{\"%s\":[", key);
	list->head_len = out->len;
	return put_items(server, list, item, protocol);
}

/* The elements of the revisions before, and what every result of this one ends with. */
static int
render_modern(const struct mcp_server *server, struct list *list)
{
	struct buf *out = &list->text[LIST_MODERN];

	memcpy(list->ends[LIST_MODERN], list->ends[LIST_TITLED], list->n * sizeof(*list->ends[LIST_TITLED]));
	buf_put_slice(out, buf_slice(&list->text[LIST_TITLED]));
	buf_printf(out, "],\"ttlMs\":%d,\"cacheScope\":\"private\"", LISTS_TTL_MS);
	return buf_put_slice(out, buf_slice(&server->modern_tail));
}

static int
make_room(struct list *list, size_t n)
{
	int r = 0;

	list->n = n;
	for (size_t form = 0; form < LIST_FORMS; form++) {
		buf_init(&list->text[form], TEXT_MAX);
		list->ends[form] = calloc(n + 1, sizeof(*list->ends[form]));
		r = list->ends[form] != NULL ? r : ERR_NOMEM;
	}
	return r;
}

int
list_render(struct mcp_server *server, struct list *list, const char *key, size_t n, list_item_fn item)
{
	int r = make_room(list, n);

	if (r == 0)
		r = render(server, list, key, item, MCP_2025_03_26);
	if (r == 0)
		r = render(server, list, key, item, MCP_LATEST_LEGACY);
	if (r == 0)
		r = render_modern(server, list);
	if (r == 0)
		r = buf_put_str(&list->text[LIST_2025_03_26], "]}");
	return r == 0 ? buf_put_str(&list->text[LIST_TITLED], "]}") : r;
}

void
list_fini(struct list *list)
{
	for (size_t form = 0; form < LIST_FORMS; form++) {
		buf_fini(&list->text[form]);
		free(list->ends[form]);
		list->ends[form] = NULL;
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
	struct slice whole = list_text(list, x->protocol);
	const size_t *ends = list->ends[form_of(x->protocol)];
	size_t end = list->head_len;
	bool is_first = true;

	buf_put_slice(out, slice_of(whole.ptr, end));
	for (size_t i = 0; i < list->n; i++) {
		size_t from = i == 0 ? end : end + 1; /* behind the comma */

		end = ends[i];
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

	exchange_open_result(x, &out, 0, list_text(list, x->protocol).len);
	(void)put_own(x, list, &out);
	exchange_close_result(x, &out);
}

void
lists_refuse_cursor(struct mcp_exchange *x)
{
	exchange_answer_invalid(x, "This cursor is not valid. Ask for the list without a cursor.");
}

void
list_serve(struct mcp_exchange *x, const struct list *list)
{
	if (json_view_is_there(json_view_get(x->given, "cursor")))
		lists_refuse_cursor(x);
	else if (action_all_are_for(x->server->options.env, x->request.principal))
		exchange_answer_result(x, list_text(list, x->protocol));
	else
		answer_own(x, list);
}
