#include "client.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "exchange.h"
#include "json/get.h"
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

/* ---- what it can be asked ---- */

/* elicitation:{} means forms only.  2025-06-18 knows no other; 2025-03-26 knows no elicitation. */
static unsigned
elicitation_kinds(const json_t *capabilities, enum mcp_protocol protocol)
{
	const json_t *elicitation = json_get_object(capabilities, "elicitation");
	bool form = json_get_object(elicitation, "form") != NULL;
	bool url = json_get_object(elicitation, "url") != NULL;

	if (elicitation == NULL || protocol < MCP_2025_06_18)
		return 0;
	if (protocol < MCP_2025_11_25)
		return ACTION_ELICIT_FORM;
	return (form || !url ? (unsigned)ACTION_ELICIT_FORM : 0) | (url ? (unsigned)ACTION_ELICIT_URL : 0);
}

unsigned
client_capabilities(const json_t *capabilities, enum mcp_protocol protocol)
{
	unsigned can = elicitation_kinds(capabilities, protocol);

	if (json_get_object(capabilities, "sampling") != NULL)
		can |= ACTION_SAMPLE;
	if (json_get_object(capabilities, "roots") != NULL)
		can |= ACTION_LIST_ROOTS;
	return can;
}

/* ---- what it wants to hear ---- */

int
client_log_level(const json_t *name, enum action_log_level *level_r)
{
	struct slice text = slice_of(json_string_value(name), json_string_length(name));

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

/* The params have been read as a whole before: they are an object, no name stands twice.  The token is wanted as it
 * came. */
int
client_read_progress_token(struct mcp_exchange *x)
{
	const struct json_limits *limits = &x->server->limits;
	struct slice meta = SLICE_NONE, token = SLICE_NONE;

	if (json_object_get(json_object_get(x->params, "_meta"), "progressToken") == NULL)
		return 0;
	if (x->msg.params.ptr == NULL || json_scan_object(x->msg.params, limits, take_meta, &meta, NULL) < 0 ||
	    meta.ptr == NULL || json_scan_object(meta, limits, take_token, &token, NULL) < 0 || token.ptr == NULL ||
	    token.len > RPC_ID_MAX)
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
