#include "endpoint_stdio.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "lines.h"
#include "rpc/answer.h"
#include "session/mcp_session.h"
#include "worker_private.h"

#define READ_BYTES (64 * 1024)
#define OUTPUT_HIGH (1024 * 1024)      /* from here on nothing more is read until the client reads */
#define OUTPUT_MAX (256 * 1024 * 1024) /* answers to what was read before */
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
	struct buf out; /* what the client has not read yet */
	struct event *read_event;
	struct event *write_event;
	struct event *hangup_event; /* NULL: the end of the reader shows at the next write only */
	bool is_closed;		    /* no more input */
	bool is_broken;		    /* no more output */
	bool has_told;
	LIST_HEAD(, visit) visits;
	size_t n_visits;
	uint64_t counter;
	char session_id[MCP_SESSION_ID_CAP]; /* the legacy session of this process; "" before initialize */
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
break_output(struct endpoint_stdio *endpoint)
{
	endpoint->is_broken = true;
	buf_fini(&endpoint->out);
	event_del(endpoint->write_event);
	if (endpoint->hangup_event != NULL)
		event_del(endpoint->hangup_event);
	endpoint_stdio_close_input(endpoint);
	tell_end(endpoint);
}

/* Back-pressure: a client that does not read is not read from. */
static void
pace(struct endpoint_stdio *endpoint)
{
	bool may_read = !endpoint->is_closed && endpoint->out.len < OUTPUT_HIGH && endpoint->n_visits < RUNNING_HIGH;

	if (may_read)
		event_add(endpoint->read_event, NULL);
	else
		event_del(endpoint->read_event);
}

/* Gives how many bytes went out, 0 when there is no room, -1 when nobody reads. */
static ssize_t
write_once(struct endpoint_stdio *endpoint, const struct iovec *parts, int n_parts)
{
	ssize_t n = writev(endpoint->options.out_fd, parts, n_parts);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return n;
}

static void
on_writable(evutil_socket_t fd, short what, void *ctx)
{
	struct endpoint_stdio *endpoint = ctx;
	const struct iovec part = {.iov_base = endpoint->out.ptr, .iov_len = endpoint->out.len};
	ssize_t n = write_once(endpoint, &part, 1);

	(void)fd;
	(void)what;
	if (n < 0) {
		break_output(endpoint);
		return;
	}
	buf_consume(&endpoint->out, (size_t)n);
	if (endpoint->out.len == 0) {
		buf_fini(&endpoint->out);
		event_del(endpoint->write_event);
	}
	pace(endpoint);
}

/* Keeps what did not go out.  A line that cannot be kept whole would spoil all that follow. */
static void
keep_rest(struct endpoint_stdio *endpoint, struct slice message, size_t written)
{
	if (written < message.len)
		buf_put_slice(&endpoint->out, slice_sub(message, written, message.len));
	if (written <= message.len)
		buf_put_char(&endpoint->out, '\n');
	if (endpoint->out.failed != 0) {
		log_write(LOG_ERROR, "output_lost", LOG_STR("reason", err_name(endpoint->out.failed)), LOG_END);
		break_output(endpoint);
	} else if (endpoint->out.len > 0) {
		event_add(endpoint->write_event, NULL);
	}
}

static void
write_message(struct endpoint_stdio *endpoint, struct slice message)
{
	union {
		const char *in;
		void *out;
	} bytes = {message.ptr}, end = {"\n"}; /* writev(2) changes nothing */
	const struct iovec parts[] = {{bytes.out, message.len}, {end.out, 1}};
	ssize_t n = 0;

	if (endpoint->is_broken)
		return;
	if (endpoint->out.len == 0)
		n = write_once(endpoint, parts, ARRAY_LEN(parts));
	if (n < 0)
		break_output(endpoint);
	else
		keep_rest(endpoint, message, (size_t)n);
}

/* What could not be read has no id. */
static void
write_refusal(struct endpoint_stdio *endpoint, int code, const char *text)
{
	struct buf message;

	buf_init(&message, ERROR_MAX);
	if (rpc_write_error(&message, SLICE_NONE, code, text, SLICE_NONE) == 0)
		write_message(endpoint, buf_slice(&message));
	buf_fini(&message);
}

/* ---- serving ---- */

static void
visit_free(struct visit *visit)
{
	LIST_REMOVE(visit, link);
	visit->endpoint->n_visits--;
	free(visit->line);
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
		write_message(endpoint, answer->body);
	else if (answer->http_status == 503)
		write_refusal(endpoint, RPC_INTERNAL_ERROR, "The server is short of memory. Try again in a moment.");
	visit_free(visit);
	pace(endpoint);
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

static void
serve_line(struct endpoint_stdio *endpoint, struct slice line)
{
	struct visit *visit = visit_new(endpoint, line);
	struct mcp_request request;

	if (visit == NULL) {
		write_refusal(endpoint, RPC_INTERNAL_ERROR, "The server is short of memory. Try again in a moment.");
		return;
	}
	request = (struct mcp_request){
	    .transport = MCP_STDIO,
	    .body = slice_of(visit->line, line.len),
	    .headers = {.session_id =
			    endpoint->session_id[0] != '\0' ? slice_from_str(endpoint->session_id) : SLICE_NONE},
	    .principal = endpoint->options.principal,
	    .request_id = visit->request_id,
	    .now_mono_ms = clock_mono_ms(),
	    .now_wall_ms = clock_wall_ms(),
	};
	mcp_server_post(endpoint->options.worker->mcp, &request,
			&(struct mcp_channel){.answer = on_answer, .ctx = visit}, &visit->exchange);
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
	pace(endpoint);
}

/* ---- life ---- */

static void
on_hangup(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	break_output(ctx);
}

/* The writing end of a pipe is never readable: poll(2) says so only when the last reader has gone. */
static int
watch_reader(struct endpoint_stdio *endpoint)
{
	int fd = endpoint->options.out_fd;
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode))
		return 0;
	endpoint->hangup_event = event_new(endpoint->options.worker->base, fd, EV_READ, on_hangup, endpoint);
	return endpoint->hangup_event != NULL && event_add(endpoint->hangup_event, NULL) == 0 ? 0 : ERR_NOMEM;
}

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
	buf_init(&endpoint->out, OUTPUT_MAX);
	if (prepare_fd(options->in_fd) < 0 || prepare_fd(options->out_fd) < 0)
		return err_set(err, ERR_IO, "standard input or output cannot be used");
	endpoint->read_event = event_new(base, options->in_fd, EV_READ | EV_PERSIST, on_readable, endpoint);
	endpoint->write_event = event_new(base, options->out_fd, EV_WRITE | EV_PERSIST, on_writable, endpoint);
	if (endpoint->read_event == NULL || endpoint->write_event == NULL ||
	    event_add(endpoint->read_event, NULL) < 0 || watch_reader(endpoint) < 0)
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
	endpoint_stdio_cancel_all(e);
	if (e->read_event != NULL)
		event_free(e->read_event);
	if (e->write_event != NULL)
		event_free(e->write_event);
	if (e->hangup_event != NULL)
		event_free(e->hangup_event);
	lines_fini(&e->lines);
	buf_fini(&e->out);
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
	return endpoint->n_visits == 0 && endpoint->out.len == 0;
}

bool
endpoint_stdio_is_broken(const struct endpoint_stdio *endpoint)
{
	return endpoint->is_broken;
}
