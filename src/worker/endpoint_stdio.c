#include "endpoint_stdio.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/turn.h"
#include "base/scrub.h"
#include "base/secret.h"
#include "lines.h"
#include "outlet.h"
#include "rpc/answer.h"
#include "rpc/message.h"
#include "session/mcp_session.h"
#include "worker_private.h"

#define READ_BYTES (64 * 1024)
#define OUTPUT_HIGH (1024 * 1024) /* from here on nothing more is read until the client reads */
#define RUNNING_HIGH 1024
#define ERROR_MAX 1024

/* One message on its way. */
struct visit {
	LIST_ENTRY(visit) link;
	struct endpoint_stdio *endpoint;
	struct mcp_exchange *exchange; /* under way, or NULL */
	char *line;
	char request_id[32];
	uint64_t start_us;
};

struct endpoint_stdio {
	struct endpoint_stdio_options options;
	struct lines lines;
	struct outlet outlet;
	struct event *read_event;
	bool is_closed; /* no more input */
	bool has_told;
	bool has_listened;
	bool is_dropping; /* what the client does not read is not worth keeping */
	LIST_HEAD(, visit) visits;
	size_t n_visits;
	uint64_t counter;
	char session_id[MCP_SESSION_ID_CAP]; /* the legacy session of this process; "" before initialize */
	struct mcp_exchange *listening;	     /* what that session is told without having asked; or NULL */
	char chunk[READ_BYTES];
};

/* ---- writing ---- */

static void
tell_end(struct endpoint_stdio *endpoint)
{
	if (endpoint->has_told)
		return;
	endpoint->has_told = true;
	endpoint->options.on_end(endpoint->options.ctx);
}

static void
on_broken(void *ctx)
{
	struct endpoint_stdio *endpoint = ctx;

	endpoint_stdio_close_input(endpoint);
	tell_end(endpoint);
}

/* Back-pressure: a client that does not read is not read from. */
static void
pace(struct endpoint_stdio *endpoint)
{
	bool may_read = !endpoint->is_closed && outlet_waiting(&endpoint->outlet) < OUTPUT_HIGH &&
			endpoint->n_visits < RUNNING_HIGH;

	if (may_read)
		event_add(endpoint->read_event, NULL);
	else
		event_del(endpoint->read_event);
}

static void
on_less(void *ctx)
{
	struct endpoint_stdio *endpoint = ctx;

	endpoint->is_dropping = endpoint->is_dropping && outlet_waiting(&endpoint->outlet) >= OUTPUT_HIGH;
	pace(endpoint);
}

/* Of progress and log lines only the newest matter; all else has to arrive. */
static bool
is_passing(struct slice message)
{
	struct rpc_message msg;
	struct rpc_fault fault;

	rpc_fault_init(&fault);
	if (rpc_parse(message, &json_limits_default, &msg, &fault) < 0) {
		rpc_fault_fini(&fault);
		return false;
	}
	return msg.kind == RPC_NOTIFICATION &&
	       (strcmp(msg.method, "notifications/progress") == 0 || strcmp(msg.method, "notifications/message") == 0);
}

/* A word of the server's own.  A client that reads nothing while a call has much to tell gets less of it. */
static int
write_word(struct endpoint_stdio *endpoint, const struct mcp_event *event)
{
	if (endpoint->outlet.is_broken)
		return ERR_CLOSED;
	if (event->data.len == 0)
		return 0;
	if (outlet_waiting(&endpoint->outlet) >= OUTPUT_HIGH && is_passing(event->data)) {
		if (!endpoint->is_dropping)
			log_write(LOG_WARN, "output_slow", LOG_U64("bytes", outlet_waiting(&endpoint->outlet)),
				  LOG_END);
		endpoint->is_dropping = true;
		return 0;
	}
	outlet_write(&endpoint->outlet, event->data);
	return endpoint->outlet.is_broken ? ERR_CLOSED : 0;
}

/* What could not be read has no id. */
static void
write_refusal(struct endpoint_stdio *endpoint, int code, const char *text)
{
	struct buf message;

	buf_init(&message, ERROR_MAX);
	if (rpc_write_error(&message, SLICE_NONE, code, text, SLICE_NONE) == 0)
		outlet_write(&endpoint->outlet, buf_slice(&message));
	buf_fini(&message);
}

/* ---- serving ---- */

static void
visit_free(struct visit *visit)
{
	LIST_REMOVE(visit, link);
	visit->endpoint->n_visits--;
	scrub_free(visit->line);
	free(visit);
}

static void
cancel(struct visit *visit)
{
	mcp_server_cancel(&visit->exchange);
	log_write(LOG_INFO, "cancelled", LOG_STR("request_id", visit->request_id),
		  LOG_U64("us", clock_mono_us() - visit->start_us), LOG_END);
	visit_free(visit);
}

static void
log_answer(const struct visit *visit, const struct mcp_answer *answer)
{
	log_write(
	    LOG_INFO, answer->was_cancelled ? "cancelled" : "mcp", LOG_STR("request_id", visit->request_id),
	    LOG_STR("protocol", mcp_protocol_name(answer->protocol)), LOG_STR("method", answer->method),
	    LOG_STR("tool", answer->tool[0] != '\0' ? answer->tool : NULL), LOG_I64("rpc_code", answer->rpc_code),
	    LOG_STR("fault", answer->fault_code != 0 ? fault_code_name((enum fault_code)answer->fault_code) : NULL),
	    LOG_U64("us", clock_mono_us() - visit->start_us), LOG_END);
}

static void
on_answer(void *ctx, const struct mcp_answer *answer)
{
	struct visit *visit = ctx;
	struct endpoint_stdio *endpoint = visit->endpoint;

	visit->exchange = NULL;
	log_answer(visit, answer);
	if (answer->session_id != NULL)
		snprintf(endpoint->session_id, sizeof(endpoint->session_id), "%s", answer->session_id);
	if (answer->body.len > 0)
		outlet_write(&endpoint->outlet, answer->body);
	else if (answer->http_status == 503)
		write_refusal(endpoint, RPC_INTERNAL_ERROR, "The server is short of memory. Try again in a moment.");
	visit_free(visit);
	pace(endpoint);
}

static int
on_event(void *ctx, const struct mcp_event *event)
{
	const struct visit *visit = ctx;

	return write_word(visit->endpoint, event);
}

static struct visit *
visit_new(struct endpoint_stdio *endpoint, struct slice line)
{
	struct visit *visit = calloc(1, sizeof(*visit));
	char *copy = malloc(line.len);

	if (visit == NULL || copy == NULL) {
		free(visit);
		free(copy);
		return NULL;
	}
	memcpy(copy, line.ptr, line.len);
	visit->endpoint = endpoint;
	visit->line = copy;
	visit->start_us = clock_mono_us();
	snprintf(visit->request_id, sizeof(visit->request_id), "%d.%llx", (int)getpid(),
		 (unsigned long long)++endpoint->counter);
	LIST_INSERT_HEAD(&endpoint->visits, visit, link);
	endpoint->n_visits++;
	return visit;
}

static struct mcp_request
request_of(struct endpoint_stdio *endpoint, struct slice body, const char *request_id)
{
	return (struct mcp_request){
	    .transport = MCP_STDIO,
	    .takes_events = true,
	    .body = body,
	    .headers = {.session_id =
			    endpoint->session_id[0] != '\0' ? slice_from_str(endpoint->session_id) : SLICE_NONE},
	    .principal = endpoint->options.principal,
	    .request_id = request_id,
	    .now_mono_ms = clock_mono_ms(),
	    .now_wall_ms = clock_wall_ms(),
	};
}

static int
on_news(void *ctx, const struct mcp_event *event)
{
	return write_word(ctx, event);
}

static void
on_no_more_news(void *ctx, const struct mcp_answer *answer)
{
	struct endpoint_stdio *endpoint = ctx;

	(void)answer;
	endpoint->listening = NULL;
}

/* What GET is over HTTP: the legacy session of this process hears of changes. */
static void
listen_to_news(struct endpoint_stdio *endpoint)
{
	const struct mcp_channel channel = {.send = on_news, .answer = on_no_more_news, .ctx = endpoint};
	struct mcp_request request = request_of(endpoint, SLICE_NONE, "");

	endpoint->has_listened = true;
	mcp_server_get(endpoint->options.worker->mcp, &request, &channel, &endpoint->listening);
}

static void
serve_line(struct endpoint_stdio *endpoint, struct slice line)
{
	struct visit *visit = visit_new(endpoint, line);
	struct mcp_exchange *exchange = NULL;
	struct mcp_request request;

	if (visit == NULL) {
		write_refusal(endpoint, RPC_INTERNAL_ERROR, "The server is short of memory. Try again in a moment.");
		return;
	}
	request = request_of(endpoint, slice_of(visit->line, line.len), visit->request_id);
	mcp_server_post(endpoint->options.worker->mcp, &request,
			&(struct mcp_channel){.send = on_event, .answer = on_answer, .ctx = visit}, &exchange);
	if (exchange != NULL)
		visit->exchange = exchange;
	if (endpoint->session_id[0] != '\0' && !endpoint->has_listened)
		listen_to_news(endpoint);
}

/* ---- reading ---- */

static void
take(struct endpoint_stdio *endpoint, enum lines_result result, struct slice line)
{
	char text[160];

	switch (result) {
	case LINES_LINE:
		serve_line(endpoint, line);
		break;
	case LINES_TOO_LONG:
		snprintf(text, sizeof(text),
			 "This line is longer than %zu bytes. The operator can raise http.max_body_bytes.",
			 endpoint->lines.max_bytes);
		write_refusal(endpoint, RPC_PARSE_ERROR, text);
		break;
	case LINES_NO_MEMORY:
		write_refusal(endpoint, RPC_INTERNAL_ERROR, "The server is short of memory. Try again in a moment.");
		break;
	case LINES_MORE:
		break;
	}
}

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct endpoint_stdio *endpoint = ctx;
	ssize_t n = read(fd, endpoint->chunk, sizeof(endpoint->chunk));
	struct slice input = slice_of(endpoint->chunk, n > 0 ? (size_t)n : 0);
	enum lines_result result = LINES_MORE;
	struct slice line;

	turn_enter("standard input");
	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		result = lines_end(&endpoint->lines, &line);
		take(endpoint, result, line);
		endpoint_stdio_close_input(endpoint);
		tell_end(endpoint);
		return;
	}
	do {
		result = lines_next(&endpoint->lines, &input, &line);
		take(endpoint, result, line);
	} while (result != LINES_MORE && !endpoint->is_closed);
	secret_wipe_bytes(endpoint->chunk, (size_t)n);
	pace(endpoint);
}

/* ---- life ---- */

/*
 * Only what no other process shares: the flag belongs to the open file.  A terminal is left as it is; libevent says
 * when it can be read, and a file is always ready.
 */
static int
prepare_fd(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return ERR_IO;
	return S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) ? fd_set_nonblock(fd, true) : 0;
}

int
endpoint_stdio_new(const struct endpoint_stdio_options *options, struct endpoint_stdio **endpoint_r, struct err *err)
{
	struct event_base *base = options->worker->base;
	struct endpoint_stdio *endpoint = calloc(1, sizeof(*endpoint));

	*endpoint_r = endpoint;
	if (endpoint == NULL)
		return err_set(err, ERR_NOMEM, "out of memory");
	endpoint->options = *options;
	LIST_INIT(&endpoint->visits);
	lines_init(&endpoint->lines, options->worker->config->http.max_body_bytes);
	endpoint->outlet.on_less = on_less;
	endpoint->outlet.on_broken = on_broken;
	endpoint->outlet.ctx = endpoint;
	if (prepare_fd(options->in_fd) < 0 || prepare_fd(options->out_fd) < 0)
		return err_set(err, ERR_IO, "standard input or output cannot be used");
	endpoint->read_event = event_new(base, options->in_fd, EV_READ | EV_PERSIST, on_readable, endpoint);
	if (endpoint->read_event == NULL || outlet_open(&endpoint->outlet, base, options->out_fd) < 0 ||
	    event_add(endpoint->read_event, NULL) < 0)
		return err_set(err, ERR_NOMEM, "out of memory");
	return 0;
}

void
endpoint_stdio_free(struct endpoint_stdio **endpoint)
{
	struct endpoint_stdio *e = *endpoint;

	if (e == NULL)
		return;
	*endpoint = NULL;
	mcp_server_hangup(&e->listening);
	endpoint_stdio_cancel_all(e);
	if (e->read_event != NULL)
		event_free(e->read_event);
	outlet_close(&e->outlet);
	lines_fini(&e->lines);
	free(e);
}

void
endpoint_stdio_close_input(struct endpoint_stdio *endpoint)
{
	endpoint->is_closed = true;
	event_del(endpoint->read_event);
}

void
endpoint_stdio_cancel_all(struct endpoint_stdio *endpoint)
{
	while (!LIST_EMPTY(&endpoint->visits))
		cancel(LIST_FIRST(&endpoint->visits));
}

bool
endpoint_stdio_is_idle(const struct endpoint_stdio *endpoint)
{
	return endpoint->n_visits == 0 && outlet_waiting(&endpoint->outlet) == 0;
}

bool
endpoint_stdio_is_broken(const struct endpoint_stdio *endpoint)
{
	return endpoint->outlet.is_broken;
}
