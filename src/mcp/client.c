#include "client.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "exchange.h"
#include "json/scan.h"
#include "json/write.h"
#include "rpc/answer.h"

#define NOTE_MAX (64 * 1024)
#define EXACT_INTEGER_MAX 9007199254740992.0 /* 2^53 */

static const char *const level_names[] = {
    [ACTION_LOG_DEBUG] = "debug",     [ACTION_LOG_INFO] = "info",	    [ACTION_LOG_NOTICE] = "notice",
    [ACTION_LOG_WARNING] = "warning", [ACTION_LOG_ERROR] = "error",	    [ACTION_LOG_CRITICAL] = "critical",
    [ACTION_LOG_ALERT] = "alert",     [ACTION_LOG_EMERGENCY] = "emergency",
};

/* ---- who it is ---- */

bool
client_is_text(struct json_view value)
{
	struct slice text = json_view_text(value);

	return text.ptr != NULL && (text.len == 0 || memchr(text.ptr, '\0', text.len) == NULL);
}

bool
client_info_is_whole(struct json_view info)
{
	return client_is_text(json_view_get(info, "name")) && client_is_text(json_view_get(info, "version"));
}

/* ---- what it can be asked ---- */

static bool
has_object(struct json_view parent, const char *name)
{
	return json_view_is(json_view_get(parent, name), JSON_KIND_OBJECT);
}

/* elicitation:{} means forms only.  2025-06-18 knows no other; 2025-03-26 knows no elicitation. */
static unsigned
elicitation_kinds(struct json_view capabilities, enum mcp_protocol protocol)
{
	struct json_view elicitation = json_view_get(capabilities, "elicitation");
	bool form = has_object(elicitation, "form");
	bool url = has_object(elicitation, "url");

	if (!json_view_is(elicitation, JSON_KIND_OBJECT) || protocol < MCP_2025_06_18)
		return 0;
	if (protocol < MCP_2025_11_25)
		return ACTION_ELICIT_FORM;
	return (form || !url ? (unsigned)ACTION_ELICIT_FORM : 0) | (url ? (unsigned)ACTION_ELICIT_URL : 0);
}

unsigned
client_capabilities(struct json_view capabilities, enum mcp_protocol protocol)
{
	unsigned can = elicitation_kinds(capabilities, protocol);

	if (has_object(capabilities, "sampling"))
		can |= ACTION_SAMPLE;
	if (has_object(capabilities, "roots"))
		can |= ACTION_LIST_ROOTS;
	return can;
}

/* ---- what it wants to hear ---- */

int
client_log_level(struct json_view name, enum action_log_level *level_r)
{
	struct slice text = json_view_text(name);

	for (size_t i = 0; i < ARRAY_LEN(level_names); i++) {
		if (slice_is(text, level_names[i])) {
			*level_r = (enum action_log_level)i;
			return 0;
		}
	}
	return ERR_INVALID;
}

static int
take_meta(void *ctx, const struct json_item *item)
{
	struct slice *meta = ctx;

	if (json_scan_key_is(item->key, "_meta") && item->kind == JSON_KIND_OBJECT)
		*meta = item->value;
	return 0;
}

static int
take_token(void *ctx, const struct json_item *item)
{
	struct slice *token = ctx;

	if (json_scan_key_is(item->key, "progressToken") &&
	    (item->kind == JSON_KIND_STRING || item->kind == JSON_KIND_INTEGER))
		*token = item->value;
	return 0;
}

/* The params have been read as a whole before: they are an object, no name stands twice. */
static struct slice
token_as_it_came(const struct mcp_exchange *x, struct json_view view)
{
	const struct json_limits *limits = &x->server->limits;
	struct slice meta = SLICE_NONE, token = SLICE_NONE;

	if (view.node != NULL && (view.node->kind == JSON_KIND_STRING || view.node->kind == JSON_KIND_INTEGER))
		return slice_of(view.node->ptr, view.node->len);
	if (view.node != NULL || x->msg.params.ptr == NULL ||
	    json_scan_object(x->msg.params, limits, take_meta, &meta, NULL) < 0 || meta.ptr == NULL ||
	    json_scan_object(meta, limits, take_token, &token, NULL) < 0)
		return SLICE_NONE;
	return token;
}

int
client_read_progress_token(struct mcp_exchange *x)
{
	struct json_view view = json_view_get(x->meta, "progressToken");
	struct slice token;

	if (!json_view_is_there(view))
		return 0;
	token = token_as_it_came(x, view);
	if (token.ptr == NULL || token.len > RPC_ID_MAX)
		return 0;
	x->progress_token = strndup(token.ptr, token.len); /* the body may go before the call does */
	return x->progress_token != NULL ? 0 : ERR_NOMEM;
}

/* A notification that cannot be made, or sent, is left out: nothing rests on it. */
static void
send_note(struct mcp_exchange *x, const char *method, struct json_writer *w)
{
	struct buf message;

	buf_init(&message, NOTE_MAX + 256);
	if (json_write_finish(w) == 0 && rpc_write_notification(&message, method, buf_slice(w->out)) == 0)
		(void)exchange_send(x, buf_slice(&message));
	buf_fini(&message);
}

static void
write_number(struct json_writer *w, const char *key, double value)
{
	json_write_key(w, key);
	if (value == floor(value) && fabs(value) < EXACT_INTEGER_MAX)
		json_write_int(w, (int64_t)value);
	else
		json_write_real(w, value);
}

static void
send_progress(void *ctx, double done, double total, const char *text)
{
	struct mcp_exchange *x = ctx;
	struct json_writer w;
	struct buf params;

	if (x->progress_token == NULL || !isfinite(done) || (x->has_progress && done <= x->progress_told))
		return;
	x->has_progress = true;
	x->progress_told = done;
	buf_init(&params, NOTE_MAX);
	json_write_init(&w, &params);
	json_write_begin_object(&w);
	json_write_key_raw(&w, "progressToken", slice_from_str(x->progress_token));
	write_number(&w, "progress", done);
	if (total > 0)
		write_number(&w, "total", total);
	if (text != NULL && text[0] != '\0')
		json_write_key_string(&w, "message", text);
	json_write_end(&w);
	send_note(x, "notifications/progress", &w);
	buf_fini(&params);
}

static void
send_log(void *ctx, enum action_log_level level, const char *text)
{
	struct mcp_exchange *x = ctx;
	struct json_writer w;
	struct buf params;

	if (level < x->log_from || (size_t)level >= ARRAY_LEN(level_names))
		return;
	buf_init(&params, NOTE_MAX);
	json_write_init(&w, &params);
	json_write_begin_object(&w);
	json_write_key_string(&w, "level", level_names[level]);
	json_write_key_string(&w, "logger", x->server->product->name);
	json_write_key_string(&w, "data", text);
	json_write_end(&w);
	send_note(x, "notifications/message", &w);
	buf_fini(&params);
}

static void
let_go(void *ctx, uint32_t retry_ms)
{
	exchange_let_go(ctx, retry_ms);
}

void
client_fill_peer(struct mcp_exchange *x, struct action_peer *peer)
{
	bool hears = x->request.takes_events;

	*peer = (struct action_peer){
	    .can = x->can,
	    .log_from = hears ? x->log_from : ACTION_LOG_NONE,
	    .wants_progress = hears && x->progress_token != NULL,
	    .kept = x->kept,
	    .progress = send_progress,
	    .log = send_log,
	    .let_go = exchange_can_let_go(x) ? let_go : NULL,
	    .ctx = x,
	};
}
