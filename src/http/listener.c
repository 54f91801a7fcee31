/*
 * listener.c - accepting on a shared, inherited socket
 */
#include "http/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/turn.h"
#include "http/server_private.h"

struct http_listener {
	struct http_server *server;
	int fd;
	int reserve; /* given up for a moment to answer a client when descriptors have run out; -1: could not be had
			back */
	struct event *wake;
	struct event *rest;
	struct event *full;
	bool is_full;	 /* connections_max is reached */
	bool is_resting; /* descriptors or memory ran out */
	TAILQ_ENTRY(http_listener) link;
};

bool
http_listener_is_accepting(const struct http_listener *listener)
{
	return !listener->is_full && !listener->is_resting;
}

static void
follow_flags(struct http_listener *listener)
{
	if (http_listener_is_accepting(listener))
		(void)event_add(listener->wake, NULL);
	else
		(void)event_del(listener->wake);
}

static struct timeval
timeval_of_ms(uint32_t ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
}

static void
take_rest(struct http_listener *listener)
{
	const struct timeval pause = timeval_of_ms(listener->server->limits.accept_pause_ms);

	/* Without the timer accepting would rest for ever: better to be woken too often. */
	if (evtimer_add(listener->rest, &pause) == 0)
		listener->is_resting = true;
	follow_flags(listener);
}

static int
open_reserve(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void
say_sorry(int fd)
{
	const struct slice sorry = HTTP_CANNED_503;
	char request[4096];

	(void)send(fd, sorry.ptr, sorry.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)shutdown(fd, SHUT_WR);
	(void)recv(fd, request, sizeof(request), MSG_DONTWAIT); /* unread bytes would turn the close into a reset */
	close(fd);
}

static bool
refuse_one(struct http_listener *listener)
{
	int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return false;
	listener->server->stats.accept_refused++;
	say_sorry(fd);
	return true;
}

static void
wait_while_full(struct http_listener *listener, uint32_t ms)
{
	const struct timeval wait = timeval_of_ms(ms);

	(void)evtimer_add(listener->full, &wait); /* without memory they wait on */
}

/* Whoever waits now has found no room in any worker, nor will for a while: he is told, instead of hanging. */
static void
on_full(evutil_socket_t fd, short what, void *arg)
{
	struct http_listener *listener = arg;
	uint32_t budget = listener->server->limits.accept_budget;

	turn_enter("accept");
	(void)fd;
	(void)what;
	if (!listener->is_full)
		return;
	while (budget > 0 && refuse_one(listener))
		budget--;
	wait_while_full(listener,
			budget > 0 ? listener->server->limits.full_wait_ms : listener->server->limits.accept_pause_ms);
}

/* No descriptor left.  One client learns why; the others wait in the backlog until the pause is over. */
static void
answer_famine(struct http_listener *listener)
{
	if (listener->reserve >= 0) {
		fd_close(&listener->reserve);
		(void)refuse_one(listener);
	}
	if (listener->reserve < 0)
		listener->reserve = open_reserve();
	take_rest(listener);
}

static void
format_peer(const struct sockaddr_storage *addr, char peer_r[static PEER_CAP])
{
	char ip[INET6_ADDRSTRLEN] = "";
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (addr->ss_family == AF_INET) {
		memcpy(&v4, addr, sizeof(v4));
		inet_ntop(AF_INET, &v4.sin_addr, ip, sizeof(ip));
		snprintf(peer_r, PEER_CAP, "%s:%u", ip, ntohs(v4.sin_port));
	} else if (addr->ss_family == AF_INET6) {
		memcpy(&v6, addr, sizeof(v6));
		inet_ntop(AF_INET6, &v6.sin6_addr, ip, sizeof(ip));
		snprintf(peer_r, PEER_CAP, "[%s]:%u", ip, ntohs(v6.sin6_port));
	} else {
		snprintf(peer_r, PEER_CAP, "unix");
	}
}

static void
welcome(struct http_listener *listener, int fd, const struct sockaddr_storage *addr)
{
	char peer[PEER_CAP];
	int on = 1;

	format_peer(addr, peer);
	if (addr->ss_family == AF_INET || addr->ss_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (http_server_adopt(listener->server, fd, peer) == ERR_NOMEM)
		take_rest(listener);
}

/* Accepts one.  False when it is enough for this wake-up. */
static bool
accept_one(struct http_listener *listener)
{
	struct sockaddr_storage addr = {.ss_family = AF_UNSPEC};
	socklen_t len = sizeof(addr);
	int fd;

	if (listener->server->stats.connections_now >= listener->server->limits.connections_max) {
		listener->is_full = true;
		listener->server->stats.accept_paused++;
		wait_while_full(listener, listener->server->limits.full_wait_ms);
		follow_flags(listener);
		return false;
	}
	fd = accept4(listener->fd, (struct sockaddr *)&addr, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0) {
		welcome(listener, fd, &addr);
		return http_listener_is_accepting(listener);
	}
	if (errno == EMFILE || errno == ENFILE)
		answer_famine(listener);
	else if (errno == ENOMEM || errno == ENOBUFS)
		take_rest(listener);
	else if (errno != EAGAIN)
		return true; /* a client that gave up before it was accepted, and the like */
	return false;
}

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct http_listener *listener = arg;
	uint32_t budget = listener->server->limits.accept_budget;

	turn_enter("accept");
	(void)fd;
	(void)what;
	while (budget > 0 && accept_one(listener))
		budget--;
}

static void
on_rested(evutil_socket_t fd, short what, void *arg)
{
	struct http_listener *listener = arg;

	turn_enter("accept");
	(void)fd;
	(void)what;
	listener->is_resting = false;
	if (listener->reserve < 0)
		listener->reserve = open_reserve();
	follow_flags(listener);
}

void
listener_note_room(struct http_server *server)
{
	struct http_listener *listener;

	if (server->stats.connections_now > (uint64_t)server->limits.connections_max * 9 / 10)
		return;
	TAILQ_FOREACH(listener, &server->listeners, link)
	{
		if (listener->is_full) {
			listener->is_full = false;
			(void)evtimer_del(listener->full);
			follow_flags(listener);
		}
	}
}

int
http_listener_new(struct http_server *server, int fd, struct http_listener **listener_r, struct err *err)
{
	struct http_listener *listener = calloc(1, sizeof(*listener));
	int r;

	if (listener == NULL)
		return err_set(err, ERR_NOMEM, "There is no memory for a listener.");
	listener->server = server;
	listener->fd = fd;
	listener->reserve = -1;
	TAILQ_INSERT_TAIL(&server->listeners, listener, link);
	listener->wake = event_new(server->base, fd, EV_READ | EV_PERSIST, on_wake, listener);
	listener->rest = evtimer_new(server->base, on_rested, listener);
	listener->full = evtimer_new(server->base, on_full, listener);
	if (listener->wake == NULL || listener->rest == NULL || listener->full == NULL) {
		r = err_set(err, ERR_NOMEM, "There is no memory for a listener.");
		goto fail;
	}
	r = fd_set_nonblock(fd, true);
	if (r < 0) {
		r = err_set_errno(err, ERR_IO, errno, "The listening socket cannot be used");
		goto fail;
	}
	listener->reserve = open_reserve();
	if (listener->reserve < 0 || event_add(listener->wake, NULL) < 0) {
		r = err_set_errno(err, ERR_IO, errno, "The listening socket cannot be watched");
		goto fail;
	}
	*listener_r = listener;
	return 0;
fail:
	http_listener_free(&listener);
	return r;
}

void
http_listener_free(struct http_listener **listener_p)
{
	struct http_listener *listener = *listener_p;

	if (listener == NULL)
		return;
	if (listener->wake != NULL)
		event_free(listener->wake);
	if (listener->rest != NULL)
		event_free(listener->rest);
	if (listener->full != NULL)
		event_free(listener->full);
	fd_close(&listener->reserve);
	TAILQ_REMOVE(&listener->server->listeners, listener, link);
	free(listener);
	*listener_p = NULL;
}
