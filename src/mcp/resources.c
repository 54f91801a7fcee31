/*
 * resources.c - resources/list, resources/templates/list and resources/read, for both eras
 */
#include <string.h>

#include "action/lookup.h"
#include "call.h"
#include "offer.h"
#include "cursor.h"
#include "json/get.h"
#include "lists.h"

#define PAGE_ITEMS 50
#define LIST_NAME "resources/list"

/* ---- what a row says about itself ---- */

static json_t *
render_row(const struct action_resource *row, const char *key, const char *text, enum mcp_protocol protocol)
{
	json_t *tree = json_pack("{s:s, s:s}", key, text, "name", row->name);
	int r = offer_put_text(tree, "description", row->action.description) |
		offer_put_text(tree, "mimeType", row->mime_type);

	if (r == 0 && protocol >= MCP_2025_06_18)
		r = offer_put_text(tree, "title", row->action.title);
	if (r != 0) {
		json_decref(tree);
		return NULL;
	}
	return tree;
}

/* ---- resources/templates/list ---- */

static size_t
count_templates(const struct action_registry *registry)
{
	size_t n = 0;

	for (size_t i = 0; i < action_registry_resource_count(registry); i++)
		n += action_registry_resource_at(registry, i)->uri_template != NULL;
	return n;
}

static const struct action_resource *
template_at(const struct action_registry *registry, size_t index)
{
	size_t n = action_registry_resource_count(registry);

	for (size_t i = 0; i < n; i++) {
		const struct action_resource *row = action_registry_resource_at(registry, i);

		if (row->uri_template != NULL && index-- == 0)
			return row;
	}
	must(!"a template of this registry");
	return NULL;
}

static json_t *
render_template(const struct action_registry *registry, size_t index, enum mcp_protocol protocol)
{
	const struct action_resource *row = template_at(registry, index);

	return render_row(row, "uriTemplate", row->uri_template, protocol);
}

static const struct action *
action_of(const struct action_registry *registry, size_t index)
{
	return &template_at(registry, index)->action;
}

int
resources_render_lists(struct mcp_server *server)
{
	server->templates.action_of = action_of;
	return list_render(server, &server->templates, "resourceTemplates", count_templates(server->options.registry),
			   render_template);
}

void
resources_serve_templates(struct mcp_exchange *x)
{
	list_serve(x, &x->server->templates);
}

/* ---- resources/list: the fixed ones first, then those behind each template that lists them ---- */

static json_t *
render_fixed(const struct mcp_exchange *x)
{
	const struct action_registry *registry = x->server->options.registry;
	json_t *list = json_array();

	for (size_t i = 0; i < action_registry_resource_count(registry); i++) {
		const struct action_resource *row = action_registry_resource_at(registry, i);

		if (row->uri == NULL || !action_is_for(x->server->options.env, &row->action, x->request.principal))
			continue;
		if (json_array_append_new(list, render_row(row, "uri", row->uri, x->protocol)) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* The first row from `from` on that lists what is behind it; the number of rows when there is none. */
static size_t
find_lister(const struct action_registry *registry, size_t from)
{
	size_t n = action_registry_resource_count(registry);

	while (from < n && action_registry_resource_at(registry, from)->list == NULL)
		from++;
	return from;
}

static struct cursor_use
use_of(const struct mcp_exchange *x)
{
	return (struct cursor_use){.list = SLICE_LIT(LIST_NAME),
				   .principal = slice_from_str(x->request.principal->name)};
}

static int
put_cursor(const struct mcp_exchange *x, json_t *result, const struct cursor *next)
{
	struct cursor_use use = use_of(x);
	struct buf text;
	int r;

	buf_init(&text, CURSOR_TEXT_LEN);
	r = cursor_put(&text, x->server->options.env->sessions->keys, &use, next);
	if (r == 0)
		r = json_object_set_new(result, "nextCursor", json_string(buf_cstr(&text)));
	buf_fini(&text);
	return r;
}

/* `list` is taken.  A page that depends on the moment is not to be kept. */
static void
answer_page(struct mcp_exchange *x, json_t *list, const struct cursor *next)
{
	json_t *result = list != NULL ? json_pack("{s:o}", "resources", list) : NULL;
	int r = result != NULL ? 0 : -1;

	if (r == 0 && next != NULL)
		r = put_cursor(x, result, next);
	if (r == 0 && call_is_cacheable(x)) /* */
		r = json_object_update_new(result, json_pack("{s:i, s:s}", "ttlMs", 0, "cacheScope", "private"));
	if (r < 0) {
		json_decref(result);
		result = NULL;
	}
	exchange_answer_tree(x, result);
}

/* Titles came with 2025-06-18. */
static void
suit_revision(json_t *items, enum mcp_protocol protocol)
{
	for (size_t i = 0; protocol < MCP_2025_06_18 && i < json_array_size(items); i++)
		json_object_del(json_array_get(items, i), "title");
}

static void
on_listed(struct mcp_exchange *x, const struct action_outcome *outcome)
{
	const struct action_registry *registry;
	struct cursor next = x->page;
	bool has_next;
	json_t *items, *list;

	if (outcome->fault != NULL) {
		offer_refuse(x, outcome->fault, NULL);
		return;
	}
	registry = x->server->options.registry;
	items = json_get_array(outcome->result, "items");
	has_next = json_get_bool(outcome->result, "hasMore", false);
	if (has_next) {
		next.from += (uint32_t)json_array_size(items);
	} else {
		next = (struct cursor){.row = (uint32_t)find_lister(registry, (size_t)x->page.row + 1)};
		has_next = next.row < action_registry_resource_count(registry);
	}
	suit_revision(items, x->protocol);
	list = x->page_is_first ? render_fixed(x) : json_array();
	if (list != NULL && json_array_extend(list, items) < 0) {
		json_decref(list);
		list = NULL;
	}
	answer_page(x, list, has_next ? &next : NULL);
}

static void
run_lister(struct mcp_exchange *x)
{
	const struct action_registry *registry = x->server->options.registry;
	struct action_subject subject = {.list = action_registry_resource_at(registry, x->page.row)->list};
	json_t *params = json_pack("{s:i, s:i}", "from", (int)x->page.from, "max", PAGE_ITEMS);
	json_t *arguments = offer_arguments(x, params, NULL);

	if (arguments != NULL)
		call_look_up(x, &action_lookup_list, subject, arguments, on_listed);
	else
		exchange_answer_shortage(x);
	json_decref(arguments);
}

/* The page asked for.  -1: the cursor is not ours. */
static int
find_page(struct mcp_exchange *x)
{
	const struct action_registry *registry = x->server->options.registry;
	json_t *cursor = json_object_get(x->params, "cursor");
	struct cursor_use use = use_of(x);

	x->page_is_first = cursor == NULL;
	if (cursor == NULL) {
		x->page = (struct cursor){.row = (uint32_t)find_lister(registry, 0)};
		return 0;
	}
	if (cursor_take(json_get_slice(x->params, "cursor"), x->server->options.env->sessions->keys, &use, &x->page) <
	    0)
		return -1;
	return x->page.row < action_registry_resource_count(registry) && x->page.from <= INT32_MAX &&
		       action_registry_resource_at(registry, x->page.row)->list != NULL
		   ? 0
		   : -1;
}

void
resources_serve_list(struct mcp_exchange *x)
{
	if (find_page(x) < 0)
		lists_refuse_cursor(x);
	else if (x->page.row < action_registry_resource_count(x->server->options.registry))
		run_lister(x);
	else
		answer_page(x, render_fixed(x), NULL);
}

/* ---- resources/read ---- */

static int
not_found_code(const struct mcp_exchange *x)
{
	return exchange_is_modern(x) ? RPC_INVALID_PARAMS : RPC_RESOURCE_NOT_FOUND;
}

static json_t *
uri_data(const struct mcp_exchange *x)
{
	return json_pack("{s:O}", "uri", json_object_get(x->params, "uri"));
}

static bool
says_not_found(enum fault_code code)
{
	return code == FAULT_NOT_FOUND || code == FAULT_PLAN_NOT_FOUND || code == FAULT_PLAN_EXPIRED;
}

/* the URI asked for, also where a handle was taken out of it. */
static int
set_uris(const struct mcp_exchange *x, json_t *contents)
{
	int r = 0;

	for (size_t i = 0; i < json_array_size(contents); i++) {
		json_t *item = json_array_get(contents, i);

		if (x->uri_had_session || json_object_get(item, "uri") == NULL)
			r |= json_object_set(item, "uri", json_object_get(x->params, "uri"));
	}
	return r;
}

static void
on_read(struct mcp_exchange *x, const struct action_outcome *outcome)
{
	json_t *result;
	int r;

	if (outcome->fault != NULL) {
		if (says_not_found(outcome->fault->code))
			offer_refuse_as(x, not_found_code(x), outcome->fault, uri_data(x));
		else
			offer_refuse(x, outcome->fault, uri_data(x));
		return;
	}
	/* Without memory a copy lacks members. */
	result = json_copy(outcome->result);
	r = json_object_size(result) == json_object_size(outcome->result)
		? set_uris(x, json_get_array(result, "contents"))
		: -1;
	if (r == 0 && call_is_cacheable(x)) /* */
		r = json_object_update_new(result, json_pack("{s:i, s:s}", "ttlMs", x->is_public ? LISTS_TTL_MS : 0,
							     "cacheScope", x->is_public ? "public" : "private"));
	if (r < 0) {
		json_decref(result);
		result = NULL;
	}
	exchange_answer_tree(x, result);
}

static void
refuse_unknown(struct mcp_exchange *x)
{
	struct rpc_fault fault;

	rpc_fault_init(&fault);
	rpc_fault_set(&fault, not_found_code(x), uri_data(x),
		      "There is no such resource. See resources/list and resources/templates/list.");
	exchange_answer_fault(x, &fault);
}

/* The handle is a secret: it goes to the dispatcher, not into params, which are recorded. */
static json_t *
read_arguments(struct mcp_exchange *x, json_t *variables)
{
	struct slice uri = json_get_slice(x->params, "uri");
	json_t *session = json_incref(json_object_get(variables, "session"));
	json_t *arguments = NULL;

	x->uri_had_session = session != NULL;
	if (session != NULL)
		uri.len = (size_t)slice_find(uri, '?');
	if (json_object_del(variables, "session") == 0 || session == NULL) {
		if (json_object_set_new(variables, "uri", json_stringn(uri.ptr, uri.len)) == 0)
			arguments = offer_arguments(x, json_incref(variables), json_string_value(session));
	}
	json_decref(session);
	return arguments;
}

static void
run_reader(struct mcp_exchange *x, const struct action_resource *row, json_t *variables)
{
	json_t *arguments = read_arguments(x, variables);

	x->is_public = row->is_public;
	if (arguments != NULL)
		call_run(x, &row->action, json_view_of(arguments), on_read);
	else
		exchange_answer_shortage(x);
	json_decref(arguments);
}

void
resources_serve_read(struct mcp_exchange *x)
{
	struct slice uri = json_get_slice(x->params, "uri");
	const struct action_resource *row = NULL;
	json_t *variables;
	int r;

	if (uri.ptr == NULL) {
		exchange_answer_invalid(x, "params.uri must be the URI of a resource.");
		return;
	}
	variables = json_object();
	r = variables != NULL ? action_registry_find_resource(x->server->options.registry, uri, &row, variables)
			      : ERR_NOMEM;
	if (r == 0)
		run_reader(x, row, variables);
	else if (r == ERR_NOMEM)
		exchange_answer_shortage(x);
	else
		refuse_unknown(x);
	json_decref(variables);
}
