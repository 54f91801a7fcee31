/*
 * listen.c - subscriptions/listen, the modern era's way to hear of changes
 */
#include <string.h>

#include "base/err.h"
#include "json/get.h"
#include "json/write.h"
#include "rpc/answer.h"
#include "watch.h"

#define URIS_MAX 256
#define TEXT_SLACK 1024
#define TASKS "io.modelcontextprotocol/tasks"

/* What is asked for, and what of it can be had. */
struct wish {
	json_t *asked;	  /* params.notifications; borrowed */
	json_t *uris;	  /* of it; borrowed, may be NULL */
	json_t *accepted; /* owned */
	unsigned kinds;
};

static const struct {
	const char *name;
	enum action_change_kind kind;
} lists[] = {
    {"toolsListChanged", ACTION_CHANGE_TOOLS},
    {"promptsListChanged", ACTION_CHANGE_PROMPTS},
    {"resourcesListChanged", ACTION_CHANGE_RESOURCES},
};

/* ---- reading ---- */

static int
bad_params(struct rpc_fault *fault, const char *text)
{
	return rpc_fault_set(fault, RPC_INVALID_PARAMS, NULL, "%s", text);
}

/* */
static int
check_tasks(const struct mcp_exchange *x, const struct wish *wish, struct rpc_fault *fault)
{
	const json_t *meta = json_object_get(x->params, "_meta");
	const json_t *client = json_object_get(meta, "io.modelcontextprotocol/clientCapabilities");

	if (json_object_get(wish->asked, "taskIds") == NULL ||
	    json_object_get(json_object_get(client, "extensions"), TASKS) != NULL)
		return 0;
	return rpc_fault_set(fault, RPC_CAPABILITY_MISSING,
			     json_pack("{s:{s:{s:{}}}}", "requiredCapabilities", "extensions", TASKS),
			     "taskIds need the tasks extension.");
}

static int
check_uris(const struct wish *wish, struct rpc_fault *fault)
{
	size_t i;
	json_t *uri;

	if (wish->uris == NULL)
		return 0;
	if (!json_is_array(wish->uris))
		return bad_params(fault, "params.notifications.resourceSubscriptions must be an array of URIs.");
	if (json_array_size(wish->uris) > URIS_MAX)
		return bad_params(fault, "One subscription takes at most 256 URIs. Open another one for the rest.");
	json_array_foreach(wish->uris, i, uri)
	{
		if (!json_is_string(uri))
			return bad_params(fault,
					  "params.notifications.resourceSubscriptions must be an array of URIs.");
	}
	return 0;
}

static int
check_wish(const struct mcp_exchange *x, struct wish *wish, struct rpc_fault *fault)
{
	wish->asked = json_object_get(x->params, "notifications");
	if (!json_is_object(wish->asked))
		return bad_params(fault, "params.notifications must be an object that says what is to be told.");
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		const json_t *flag = json_object_get(wish->asked, lists[i].name);

		if (flag != NULL && !json_is_boolean(flag))
			return rpc_fault_set(fault, RPC_INVALID_PARAMS, NULL,
					     "params.notifications.%s must be true or false.", lists[i].name);
	}
	wish->uris = json_object_get(wish->asked, "resourceSubscriptions");
	if (check_uris(wish, fault) < 0)
		return -1;
	return check_tasks(x, wish, fault);
}

/* what cannot be had is left out. */
static int
accept_uris(const struct mcp_server *server, struct wish *wish)
{
	json_t *kept = json_array();
	size_t i;
	json_t *uri;
	int r = kept != NULL ? 0 : -1;

	json_array_foreach(wish->uris, i, uri)
	{
		if (r == 0 && subscribe_can_watch(server, slice_of(json_string_value(uri), json_string_length(uri))))
			r = json_array_append(kept, uri);
	}
	if (r == 0 && json_array_size(kept) > 0) {
		wish->kinds |= WATCH_KIND(ACTION_CHANGE_RESOURCE);
		r = json_object_set(wish->accepted, "resourceSubscriptions", kept);
	}
	json_decref(kept);
	return r == 0 ? 0 : ERR_NOMEM;
}

static int
accept_wish(const struct mcp_server *server, struct wish *wish)
{
	unsigned offered = watch_offered(server);

	wish->accepted = json_object();
	if (wish->accepted == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		if ((offered & WATCH_KIND(lists[i].kind)) == 0 ||
		    !json_is_true(json_object_get(wish->asked, lists[i].name)))
			continue;
		wish->kinds |= WATCH_KIND(lists[i].kind);
		if (json_object_set_new(wish->accepted, lists[i].name, json_true()) < 0)
			return ERR_NOMEM;
	}
	return accept_uris(server, wish);
}

/* ---- beginning ---- */

static int
put_acknowledgement(struct buf *out, const struct mcp_exchange *x, const struct wish *wish)
{
	struct buf params;
	int r;

	buf_init(&params, out->max);
	buf_put_str(&params, "{\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":");
	buf_put_slice(&params, x->msg.id);
	buf_put_str(&params, "},\"notifications\":");
	r = json_dump_to(&params, wish->accepted);
	if (r == 0)
		r = buf_put_char(&params, '}');
	if (r == 0)
		r = rpc_write_notification(out, "notifications/subscriptions/acknowledged", buf_slice(&params));
	buf_fini(&params);
	return r;
}

/* the first message of the stream. */
static int
acknowledge(struct mcp_exchange *x, const struct wish *wish)
{
	struct buf out;
	int r;

	buf_init(&out, x->request.body.len * 6 + TEXT_SLACK);
	r = put_acknowledgement(&out, x, wish);
	if (r == 0)
		(void)exchange_send(x, buf_slice(&out)); /* mcp_server_hangup() follows if it failed */
	buf_fini(&out);
	return r;
}

static void
begin(struct mcp_exchange *x, struct wish *wish)
{
	const json_t *uris;
	struct watcher *watcher;

	/* a shortage is -32603. */
	if (accept_wish(x->server, wish) < 0) {
		exchange_answer_shortage(x);
		return;
	}
	uris = json_object_get(wish->accepted, "resourceSubscriptions");
	if (watch_begin(x, wish->kinds, json_array_size(uris), &watcher) < 0 || acknowledge(x, wish) < 0) {
		exchange_answer_shortage(x);
		return;
	}
	for (size_t i = 0; i < watcher->n_uris; i++) {
		const json_t *uri = json_array_get(uris, i);

		watcher->uris[i] = mcp_session_uri_hash(x->server->options.env->sessions,
							slice_of(json_string_value(uri), json_string_length(uri)));
	}
	if (x->server->is_retiring)
		watch_end(watcher);
}

static void
refuse_media(struct mcp_exchange *x)
{
	struct rpc_fault fault;

	rpc_fault_init(&fault);
	rpc_fault_set(&fault, RPC_INVALID_REQUEST, NULL,
		      "A subscription is an event stream: Accept must include text/event-stream.");
	exchange_answer_fault_with(x, 406, &fault);
}

void
listen_serve(struct mcp_exchange *x)
{
	struct wish wish = {.kinds = 0};
	struct rpc_fault fault;

	rpc_fault_init(&fault);
	if (!x->request.takes_events) { /* */
		refuse_media(x);
		return;
	}
	if (check_wish(x, &wish, &fault) < 0)
		exchange_answer_fault(x, &fault);
	else
		begin(x, &wish);
	json_decref(wish.accepted);
}

/* ---- ending ---- */

static int
put_result(struct buf *out, const struct mcp_exchange *x)
{
	buf_put_str(out, "{\"resultType\":\"complete\",\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":");
	buf_put_slice(out, x->msg.id);
	buf_put_str(out, ",\"io.modelcontextprotocol/serverInfo\":");
	buf_put_slice(out, buf_slice(&x->server->server_info));
	return buf_put_str(out, "}}");
}

/* On stdio nothing closes, so the end is said once more. */
static int
put_cancelled(struct buf *out, const struct mcp_exchange *x)
{
	struct buf params;
	int r;

	buf_init(&params, out->max);
	buf_put_str(&params, "{\"requestId\":");
	buf_put_slice(&params, x->msg.id);
	buf_put_str(&params, ",\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":");
	buf_put_slice(&params, x->msg.id);
	r = buf_put_str(&params, "}}");
	if (r == 0)
		r = rpc_write_notification(out, "notifications/cancelled", buf_slice(&params));
	buf_fini(&params);
	return r;
}

static void
end_on_stdio(struct mcp_exchange *x, struct slice result)
{
	struct buf out;

	buf_init(&out, result.len + 4 * x->msg.id.len + TEXT_SLACK);
	if (rpc_write_result(&out, x->msg.id, result) == 0)
		(void)exchange_send(x, buf_slice(&out));
	buf_clear(&out);
	if (put_cancelled(&out, x) == 0)
		(void)exchange_send(x, buf_slice(&out));
	buf_fini(&out);
	exchange_answer_empty(x, 200);
}

void
listen_end(struct watcher *watcher)
{
	struct mcp_exchange *x = watcher->x;
	struct buf result;

	buf_init(&result, x->server->server_info.len + x->msg.id.len + TEXT_SLACK);
	if (put_result(&result, x) < 0)
		exchange_answer_empty(x, 200);
	else if (x->request.transport == MCP_STDIO)
		end_on_stdio(x, buf_slice(&result));
	else
		exchange_answer_result(x, buf_slice(&result));
	buf_fini(&result);
}
