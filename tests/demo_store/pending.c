#include "pending.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HUGE_PIECE = 64 * 1024 };

struct pending {
	LIST_ENTRY(pending) link;
	struct pendings *all;
	struct evhttp_request *http;
	struct event *timer;
	struct fault fault;
	unsigned long number;
	char *body; /* of a drip or a truncated answer */
	size_t body_len;
	size_t sent;
};

static void
pending_free(struct pending *pending)
{
	struct evhttp_connection *conn = evhttp_request_get_connection(pending->http);

	if (conn != NULL)
		evhttp_connection_set_closecb(conn, NULL, NULL);
	if (pending->timer != NULL)
		event_free(pending->timer);
	LIST_REMOVE(pending, link);
	free(pending->body);
	free(pending);
}

/* The client went away. libevent has taken the request off the connection by then and leaves it to us. */
static void
on_close(struct evhttp_connection *conn, void *arg)
{
	struct pending *pending = arg;
	struct evhttp_request *http = pending->http;
	bool detached = evhttp_request_get_connection(http) == NULL;

	(void)conn;
	pending_free(pending);
	if (detached)
		evhttp_request_free(http);
}

static struct pending *
pending_new(struct pendings *all, struct evhttp_request *http, const struct fault *fault, event_callback_fn step)
{
	struct pending *pending = calloc(1, sizeof(*pending));

	if (pending == NULL)
		return NULL;
	pending->all = all;
	pending->http = http;
	pending->fault = *fault;
	LIST_INSERT_HEAD(&all->list, pending, link);
	evhttp_connection_set_closecb(evhttp_request_get_connection(http), on_close, pending);
	pending->timer = evtimer_new(all->base, step, pending);
	if (pending->timer == NULL) {
		pending_free(pending);
		return NULL;
	}
	return pending;
}

static void
pending_schedule(struct pending *pending, long long ms)
{
	struct timeval delay = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	evtimer_add(pending->timer, &delay);
}

void
pendings_init(struct pendings *pendings, struct event_base *base, pending_answer_fn *answer, void *arg)
{
	pendings->base = base;
	pendings->answer = answer;
	pendings->arg = arg;
	LIST_INIT(&pendings->list);
}

void
pendings_fini(struct pendings *pendings)
{
	while (!LIST_EMPTY(&pendings->list))
		pending_free(LIST_FIRST(&pendings->list));
}

static void
drop_connection(struct pending *pending)
{
	struct evhttp_connection *conn = evhttp_request_get_connection(pending->http);

	pending_free(pending);
	evhttp_connection_free(conn);
}

void
pendings_drop_hung(struct pendings *pendings)
{
	struct pending *pending = LIST_FIRST(&pendings->list);

	while (pending != NULL) {
		struct pending *next = LIST_NEXT(pending, link);

		if (pending->fault.mode == FAULT_HANG) {
			if (evtimer_pending(pending->timer, NULL))
				pending->fault.mode = FAULT_NONE; /* waits still, and has not begun to hang */
			else
				drop_connection(pending);
		}
		pending = next;
	}
}

static void
on_wait_over(evutil_socket_t fd, short what, void *arg)
{
	struct pending *pending = arg;
	struct pendings *all = pending->all;
	struct evhttp_request *http = pending->http;
	struct fault fault = pending->fault;
	unsigned long number = pending->number;

	(void)fd;
	(void)what;
	pending_free(pending);
	all->answer(http, &fault, number, all->arg);
}

int
pending_wait(struct pendings *pendings, struct evhttp_request *http, const struct fault *fault, unsigned long number,
	     long long ms)
{
	struct pending *pending = pending_new(pendings, http, fault, on_wait_over);

	if (pending == NULL)
		return -1;
	pending->number = number;
	pending_schedule(pending, ms);
	return 0;
}

static int
connection_fd(const struct pending *pending)
{
	struct evhttp_connection *conn = evhttp_request_get_connection(pending->http);

	return (int)bufferevent_getfd(evhttp_connection_get_bufferevent(conn));
}

/* Undoing the connect makes the kernel send a reset instead of an orderly end. */
static void
reset_socket(int fd)
{
	struct sockaddr none = {.sa_family = AF_UNSPEC};

	(void)connect(fd, &none, sizeof(none));
}

/* Written past libevent: what fits into the socket is enough for an answer that is wrong anyway. */
static void
write_raw(int fd, const char *text, size_t len)
{
	if (write(fd, text, len) < 0)
		return;
}

static void
write_truncated(const struct pending *pending, int fd)
{
	char head[256];
	int len =
	    snprintf(head, sizeof(head),
		     "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %zu\r\n\r\n",
		     pending->body_len);

	write_raw(fd, head, (size_t)len);
	write_raw(fd, pending->body, pending->body_len / 2);
}

static void
on_break(evutil_socket_t fd, short what, void *arg)
{
	static const char garbage[] = "\x16\x03\x01\x02 this is not HTTP \x00\xff\r\n\r\n{]";
	struct pending *pending = arg;
	int sock = connection_fd(pending);

	(void)fd;
	(void)what;
	if (pending->fault.mode == FAULT_RESET)
		reset_socket(sock);
	else if (pending->fault.mode == FAULT_GARBAGE)
		write_raw(sock, garbage, sizeof(garbage) - 1);
	else
		write_truncated(pending, sock);
	drop_connection(pending);
}

static void
end_reply(struct pending *pending)
{
	struct evhttp_request *http = pending->http;

	pending_free(pending);
	evhttp_send_reply_end(http);
}

static void
on_drip(evutil_socket_t fd, short what, void *arg)
{
	struct pending *pending = arg;
	size_t left = pending->body_len - pending->sent;
	size_t piece = left < (size_t)pending->fault.bytes ? left : (size_t)pending->fault.bytes;
	struct evbuffer *out;

	(void)fd;
	(void)what;
	if (left == 0) {
		end_reply(pending);
		return;
	}
	out = evbuffer_new();
	if (out == NULL) {
		end_reply(pending);
		return;
	}
	evbuffer_add(out, pending->body + pending->sent, piece);
	pending->sent += piece;
	pending_schedule(pending, pending->fault.ms);
	evhttp_send_reply_chunk(pending->http, out);
	evbuffer_free(out);
}

static void on_huge_written(struct evhttp_connection *conn, void *arg);

static void
send_huge_piece(struct pending *pending)
{
	size_t total = (size_t)pending->fault.bytes, left = total - pending->sent;
	size_t piece = left < HUGE_PIECE ? left : HUGE_PIECE;
	struct evbuffer *out = evbuffer_new();
	struct evbuffer_iovec space;

	if (left == 0 || out == NULL || evbuffer_reserve_space(out, (ev_ssize_t)piece, &space, 1) != 1) {
		if (out != NULL)
			evbuffer_free(out);
		end_reply(pending);
		return;
	}
	memset(space.iov_base, 'x', piece);
	if (pending->sent == 0)
		((char *)space.iov_base)[0] = '"';
	if (pending->sent + piece == total)
		((char *)space.iov_base)[piece - 1] = '"';
	space.iov_len = piece;
	evbuffer_commit_space(out, &space, 1);
	pending->sent += piece;
	evhttp_send_reply_chunk_with_cb(pending->http, out, on_huge_written, pending);
	evbuffer_free(out);
}

/* The next piece waits for the last one to leave, so that never more than one is in memory. */
static void
on_huge_written(struct evhttp_connection *conn, void *arg)
{
	(void)conn;
	send_huge_piece(arg);
}

static void
on_huge(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	send_huge_piece(arg);
}

bool
pending_starts(const struct fault *fault)
{
	switch (fault->mode) {
	case FAULT_GARBAGE:
	case FAULT_HUGE:
	case FAULT_DRIP:
	case FAULT_TRUNCATE:
	case FAULT_HANG:
	case FAULT_RESET:
		return true;
	default:
		return false;
	}
}

static event_callback_fn
find_step(enum fault_mode mode)
{
	if (mode == FAULT_DRIP)
		return on_drip;
	return mode == FAULT_HUGE ? on_huge : on_break;
}

int
pending_act(struct pendings *pendings, struct evhttp_request *http, const struct fault *fault,
	    const struct reply *reply)
{
	struct pending *pending = pending_new(pendings, http, fault, find_step(fault->mode));
	bool pieces = fault->mode == FAULT_DRIP || fault->mode == FAULT_HUGE;

	if (pending == NULL)
		return -1;
	if (fault->mode == FAULT_DRIP || fault->mode == FAULT_TRUNCATE) {
		pending->body = malloc(reply->text_len + 1);
		if (pending->body == NULL) {
			pending_free(pending);
			return -1;
		}
		memcpy(pending->body, reply->text, reply->text_len);
		pending->body_len = reply->text_len;
	}
	if (pieces)
		evhttp_send_reply_start(http, fault->mode == FAULT_DRIP ? reply->status : fault->status, "OK");
	if (fault->mode == FAULT_HANG)
		return 0;
	/* Never from within the request's own callback: some of the steps free the connection. */
	pending_schedule(pending, pieces ? 0 : fault->ms);
	return 0;
}
