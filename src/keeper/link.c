/*
 * link.c - one connection, kept up; calls in order, sent again once when it breaks
 *
 * Answers are delivered from an event of their own, one at a time, so that whatever the resumed fiber does, no frame of
 * ours is below it.
 */
#include "link.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/clock.h"
#include "base/fiber.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/turn.h"
#include "wire.h"

#define WAIT_MS 10000
#define BACKOFF_FIRST_MS 10
#define BACKOFF_MAX_MS 1000
#define SENDS_MAX 2
#define GONE_AFTER_MS 15000
#define GONE_WAIT_MS 1500 /* longer than the longest back-off */
#define HELLO_CALL 0	  /* its number; calls are numbered from 1 */

struct call {
	TAILQ_ENTRY(call) link;
	struct fiber_wait wait;
	struct keeper *keeper;
	struct event deadline;
	uint16_t type;
	uint32_t number;
	unsigned sends;
	bool finished; /* in the list of those; code or answer is set */
	int code;
	struct slice payload;
	struct buf answer;
};
TAILQ_HEAD(call_list, call);

struct keeper {
	struct event_base *base;
	struct keeper_options options;
	char *path;
	struct bufferevent *bev; /* NULL: not connected */
	struct message_reader reader;
	bool is_up;
	uint64_t down_mono_ms; /* since when it is not up */
	bool is_closing;
	struct call_list calls; /* under way, in order */
	struct call_list finished;
	LIST_HEAD(, handle) handles;
	struct event *deliver;
	struct event *reconnect;
	uint32_t backoff_ms;
	uint32_t last_number;
};

static struct timeval
timeval_of_ms(uint32_t ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};
}

void
handle_init(struct handle *handle, struct keeper *keeper)
{
	handle->keeper = keeper;
	handle->fence = 0;
	LIST_INSERT_HEAD(&keeper->handles, handle, link);
}

void
handle_fini(struct handle *handle)
{
	if (handle->keeper != NULL)
		LIST_REMOVE(handle, link);
	handle->keeper = NULL;
}

/* ---- Calls ---- */

static void
finish(struct call *call, int code)
{
	struct keeper *keeper = call->keeper;

	must(!call->finished);
	event_del(&call->deadline);
	TAILQ_REMOVE(&keeper->calls, call, link);
	TAILQ_INSERT_TAIL(&keeper->finished, call, link);
	call->finished = true;
	call->code = code;
	event_active(keeper->deliver, EV_TIMEOUT, 0);
}

/* The fiber goes on from here, and the keeper may be gone when it comes back. */
static void
deliver_first(struct keeper *keeper)
{
	struct call *call = TAILQ_FIRST(&keeper->finished);

	TAILQ_REMOVE(&keeper->finished, call, link);
	if (!TAILQ_EMPTY(&keeper->finished))
		event_active(keeper->deliver, EV_TIMEOUT, 0);
	fiber_wait_done(&call->wait);
}

static void
on_deliver(evutil_socket_t fd, short what, void *ctx)
{
	struct keeper *keeper = ctx;

	turn_enter("keeper");
	(void)fd, (void)what;
	if (!TAILQ_EMPTY(&keeper->finished))
		deliver_first(keeper);
}

static void
on_deadline(evutil_socket_t fd, short what, void *ctx)
{
	struct call *call = ctx;
	struct keeper *keeper = call->keeper;
	bool was_sent = call->sends > 0;

	turn_enter("keeper");
	(void)fd, (void)what;
	finish(call, was_sent ? ERR_TIMEOUT : ERR_AGAIN);
	if (was_sent)
		link_drop(keeper); /* so that what this call may have taken is free again */
}

static void
on_cancel(void *ctx)
{
	struct call *call = ctx;

	event_del(&call->deadline);
	TAILQ_REMOVE(call->finished ? &call->keeper->finished : &call->keeper->calls, call, link);
}

static void
send_call(struct call *call)
{
	call->sends++;
	if (wire_write(bufferevent_get_output(call->keeper->bev), call->type, call->number, call->payload) < 0)
		finish(call, ERR_NOMEM);
}

static struct call *
call_find(struct keeper *keeper, uint32_t number)
{
	struct call *call;

	TAILQ_FOREACH(call, &keeper->calls, link)
	{
		if (call->number == number)
			return call;
	}
	return NULL;
}

/* ---- The connection ---- */

static bool
wants_connection(const struct keeper *keeper)
{
	const struct handle *handle;

	if (keeper->options.connect == NULL || !TAILQ_EMPTY(&keeper->calls))
		return true;
	LIST_FOREACH(handle, &keeper->handles, link)
	{
		if (handle->fence != 0)
			return true;
	}
	return false;
}

static void
reconnect_later(struct keeper *keeper)
{
	struct timeval pause = timeval_of_ms(keeper->backoff_ms);

	if (keeper->is_closing)
		return;
	keeper->backoff_ms = keeper->backoff_ms < BACKOFF_MAX_MS / 2 ? keeper->backoff_ms * 2 : BACKOFF_MAX_MS;
	evtimer_add(keeper->reconnect, &pause);
}

void
link_drop(struct keeper *keeper)
{
	struct call *call, *next;

	if (keeper->bev == NULL)
		return;
	bufferevent_free(keeper->bev);
	keeper->bev = NULL;
	if (keeper->is_up)
		keeper->down_mono_ms = clock_mono_ms();
	keeper->is_up = false;
	message_reader_fini(&keeper->reader);
	for (call = TAILQ_FIRST(&keeper->calls); call != NULL; call = next) {
		next = TAILQ_NEXT(call, link);
		if (call->sends >= SENDS_MAX)
			finish(call, ERR_AGAIN);
	}
	if (wants_connection(keeper))
		reconnect_later(keeper);
}

static void
take_answer(struct keeper *keeper)
{
	struct message_reader *reader = &keeper->reader;
	struct call *call;

	if (reader->call == HELLO_CALL) {
		keeper->is_up = true;
		keeper->backoff_ms = BACKOFF_FIRST_MS;
	} else {
		call = call_find(keeper, reader->call);
		if (call != NULL) {
			call->answer = reader->payload;
			buf_init(&reader->payload, MESSAGE_MAX);
			finish(call, 0);
		}
	}
	buf_clear(&reader->payload);
}

static void
on_read(struct bufferevent *bev, void *ctx)
{
	struct keeper *keeper = ctx;
	int r;

	turn_enter("keeper");
	for (;;) {
		r = wire_read(&keeper->reader, bufferevent_get_input(bev));
		if (r == 1 && keeper->reader.type != MESSAGE_REPLY)
			r = ERR_INVALID;
		if (r != 1)
			break;
		take_answer(keeper);
	}
	if (r < 0) {
		log_write(LOG_WARN, "keeper_not_understood", LOG_STR("reason", err_name(r)), LOG_END);
		link_drop(keeper);
	}
}

static void
on_event(struct bufferevent *bev, short what, void *ctx)
{
	turn_enter("keeper");
	(void)bev;
	if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0)
		link_drop(ctx);
}

/* A socket of the Unix kind connects at once or not at all. */
static int
open_socket(const struct keeper *keeper)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd;

	if (keeper->options.connect != NULL)
		return keeper->options.connect(keeper->options.ctx);
	memcpy(addr.sun_path, keeper->path, strlen(keeper->path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		fd_close(&fd);
	return fd >= 0 ? fd : ERR_AGAIN;
}

static int
say_hello(struct keeper *keeper)
{
	struct handle *handle;
	struct buf payload;
	size_t mark;
	int r;

	buf_init(&payload, MESSAGE_MAX);
	mark = message_begin_text(&payload, TEXT_LIST);
	LIST_FOREACH(handle, &keeper->handles, link)
	{
		if (handle->fence != 0)
			message_put_fence(&payload, handle->fence);
	}
	message_end_text(&payload, mark);
	r = payload.failed;
	if (r == 0)
		r = wire_write(bufferevent_get_output(keeper->bev), MESSAGE_HELLO, HELLO_CALL, buf_slice(&payload));
	buf_fini(&payload);
	return r;
}

static int
attach(struct keeper *keeper, int fd)
{
	int r = fd_set_nonblock(fd, true);

	if (r == 0)
		keeper->bev = bufferevent_socket_new(keeper->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (keeper->bev == NULL) {
		fd_close(&fd);
		return r < 0 ? r : ERR_NOMEM;
	}
	message_reader_init(&keeper->reader);
	bufferevent_setwatermark(keeper->bev, EV_READ, 0, WIRE_READ_MAX);
	bufferevent_setcb(keeper->bev, on_read, NULL, on_event, keeper);
	bufferevent_enable(keeper->bev, EV_READ | EV_WRITE);
	return say_hello(keeper);
}

static void
connect_now(struct keeper *keeper)
{
	struct call *call, *next;
	int fd = open_socket(keeper);

	if (fd < 0) {
		reconnect_later(keeper);
		return;
	}
	if (attach(keeper, fd) < 0) {
		if (keeper->bev != NULL)
			link_drop(keeper);
		else
			reconnect_later(keeper);
		return;
	}
	for (call = TAILQ_FIRST(&keeper->calls); call != NULL; call = next) {
		next = TAILQ_NEXT(call, link);
		send_call(call);
	}
}

static void
on_reconnect(evutil_socket_t fd, short what, void *ctx)
{
	struct keeper *keeper = ctx;

	turn_enter("keeper");
	(void)fd, (void)what;
	if (keeper->bev == NULL && wants_connection(keeper))
		connect_now(keeper);
}

/* ---- The keeper, as workers see it ---- */

struct keeper *
keeper_new(struct event_base *base, const struct keeper_options *options, struct err *err)
{
	struct keeper *keeper = calloc(1, sizeof(*keeper));
	const char *path = options->socket_path != NULL ? options->socket_path : "";

	if (keeper == NULL) {
		err_set(err, ERR_NOMEM, "No memory for the connection to the keeper.");
		return NULL;
	}
	TAILQ_INIT(&keeper->calls);
	TAILQ_INIT(&keeper->finished);
	LIST_INIT(&keeper->handles);
	keeper->base = base;
	keeper->options = *options;
	keeper->backoff_ms = BACKOFF_FIRST_MS;
	keeper->down_mono_ms = clock_mono_ms();
	if (keeper->options.wait_ms == 0)
		keeper->options.wait_ms = WAIT_MS;
	if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
		err_set(err, ERR_LIMIT, "%s: too long for the path of a socket: choose a shorter server.state_dir.",
			path);
		keeper_free(&keeper);
		return NULL;
	}
	keeper->path = strdup(path);
	keeper->deliver = event_new(base, -1, 0, on_deliver, keeper);
	keeper->reconnect = evtimer_new(base, on_reconnect, keeper);
	if (keeper->path == NULL || keeper->deliver == NULL || keeper->reconnect == NULL) {
		err_set(err, ERR_NOMEM, "No memory for the connection to the keeper.");
		keeper_free(&keeper);
		return NULL;
	}
	if (options->connect == NULL)
		event_active(keeper->reconnect, EV_TIMEOUT, 0);
	return keeper;
}

void
keeper_free(struct keeper **keeper)
{
	struct keeper *k = *keeper;

	if (k == NULL)
		return;
	*keeper = NULL;
	k->is_closing = true;
	while (!TAILQ_EMPTY(&k->calls))
		finish(TAILQ_FIRST(&k->calls), ERR_AGAIN);
	while (!TAILQ_EMPTY(&k->finished))
		deliver_first(k);
	while (!LIST_EMPTY(&k->handles))
		handle_fini(LIST_FIRST(&k->handles));
	link_drop(k);
	if (k->deliver != NULL)
		event_free(k->deliver);
	if (k->reconnect != NULL)
		event_free(k->reconnect);
	free(k->path);
	free(k);
}

/* ---- Calling ---- */

static int
fail(int code, struct err *err)
{
	switch (code) {
	case ERR_CANCELLED:
		return err_set(err, ERR_CANCELLED, "The call was cancelled.");
	case ERR_TIMEOUT:
		return err_set(err, ERR_TIMEOUT,
			       "The keeper of plans and keys did not answer in time: try again later.");
	case ERR_AGAIN:
		return err_set(err, ERR_AGAIN,
			       "The keeper of plans and keys cannot be reached: try again in a moment.");
	case ERR_LIMIT:
		return err_set(
		    err, ERR_LIMIT,
		    "Too much for one request to the keeper of plans and keys: split the change into several.");
	default:
		return err_set(err, (enum err_code)code, "The keeper of plans and keys could not be asked (%s).",
			       err_name(code));
	}
}

/*
 * A keeper that is being started again is worth waiting for.  One that has been gone for longer (it refuses its
 * database, say) keeps nobody: a call only looks whether it has come back.
 */
static uint32_t
patience(const struct keeper *keeper)
{
	bool is_gone = keeper->options.connect == NULL && !keeper->is_up &&
		       clock_mono_ms() - keeper->down_mono_ms >= GONE_AFTER_MS;

	return is_gone && keeper->options.wait_ms > GONE_WAIT_MS ? GONE_WAIT_MS : keeper->options.wait_ms;
}

static int
wait_for(struct call *call, bool may_cancel, uint32_t wait_ms)
{
	struct timeval deadline = timeval_of_ms(wait_ms);
	struct keeper *keeper = call->keeper;

	fiber_wait_init(&call->wait, may_cancel ? on_cancel : NULL, call);
	event_assign(&call->deadline, keeper->base, -1, 0, on_deadline, call);
	TAILQ_INSERT_TAIL(&keeper->calls, call, link);
	if (evtimer_add(&call->deadline, &deadline) < 0)
		finish(call, ERR_NOMEM);
	else if (keeper->bev != NULL)
		send_call(call);
	else if (!evtimer_pending(keeper->reconnect, NULL))
		event_active(keeper->reconnect, EV_TIMEOUT, 0);
	return fiber_wait_for(&call->wait);
}

static int
read_answer(struct buf *answer, struct message *message_r, struct err *err)
{
	uint64_t code;

	if (message_decode(buf_slice(answer), message_r) < 0)
		return err_set(err, ERR_INVALID, "The keeper's answer cannot be read.");
	code = message_r->number[NUMBER_CODE];
	if (code == 0)
		return 0;
	if (code > (uint64_t)-ERR_UNSUPPORTED)
		code = (uint64_t)-ERR_IO;
	return err_set(err, (enum err_code) - (int)code, "%.*s", SLICE_FMT(message_r->text[TEXT_ERROR]));
}

int
link_call(struct keeper *keeper, uint16_t type, struct buf *payload, bool may_cancel, struct buf *answer,
	  struct message *message_r, struct err *err)
{
	struct call call = {.keeper = keeper, .type = type, .payload = buf_slice(payload)};
	int r = payload->failed;

	buf_init(answer, MESSAGE_MAX);
	buf_init(&call.answer, MESSAGE_MAX);
	if (r == 0 && (keeper == NULL || keeper->is_closing))
		r = ERR_AGAIN;
	if (r == 0) {
		call.number = ++keeper->last_number;
		if (call.number == HELLO_CALL)
			call.number = ++keeper->last_number;
		r = wait_for(&call, may_cancel, patience(keeper));
		if (r == 0)
			r = call.code;
	}
	buf_fini(payload);
	*answer = call.answer;
	r = r < 0 ? fail(r, err) : read_answer(answer, message_r, err);
	if (r < 0)
		buf_fini(answer);
	return r;
}

int
link_tell(struct keeper *keeper, uint16_t type, struct buf *payload, struct err *err)
{
	struct message message;
	struct buf answer;
	int r = link_call(keeper, type, payload, false, &answer, &message, err);

	if (r == 0)
		buf_fini(&answer);
	return r;
}

/* ---- Parameters and results ---- */

int
link_text(struct pool *pool, struct slice text, struct slice *copy_r, struct err *err)
{
	char *copy;

	*copy_r = SLICE_NONE;
	if (text.ptr == NULL)
		return 0;
	copy = pool_slicedup(pool, text);
	if (copy == NULL)
		return err_set(err, ERR_NOMEM, "No memory for what the keeper of plans and keys has stored.");
	*copy_r = slice_of(copy, text.len);
	return 0;
}

int
link_put_name(struct buf *payload, enum message_text tag, const char *name, const char *what, struct err *err)
{
	struct slice text = slice_from_str(name);

	if (text.len == 0 || text.len > KEEPER_NAME_MAX)
		return err_set(err, ERR_INVALID, "The %s must have " NAME_LIMIT_TEXT ".", what);
	message_put_text(payload, tag, text);
	return 0;
}

int
link_put_party(struct buf *payload, const struct keeper_party *party, unsigned needed, struct err *err)
{
	int r = 0;

	if (party->tool != NULL || (needed & PARTY_TOOL) != 0)
		r = link_put_name(payload, TEXT_TOOL, party->tool, "name of the tool", err);
	if (r == 0 && (party->owner != NULL || (needed & PARTY_OWNER) != 0))
		r = link_put_name(payload, TEXT_OWNER, party->owner, "name of the owner", err);
	if (r == 0 && (party->store != NULL || (needed & PARTY_STORE) != 0))
		r = link_put_name(payload, TEXT_STORE, party->store, "base URL of the store", err);
	return r;
}

int
link_put_json(struct buf *payload, enum message_text tag, struct slice json, const char *what, struct err *err)
{
	if (json.len > KEEPER_TEXT_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "The %s may have %d MiB at most: split the change into several.", what,
			       KEEPER_TEXT_BYTES_MAX / (1024 * 1024));
	if (json.len > 0)
		message_put_text(payload, tag, json);
	return 0;
}
