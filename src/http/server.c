/*
 * server.c - the set of connections of one worker, its memory and its numbers
 */
#include "http/server_private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/pool.h"
#include "base/turn.h"

struct http_server *
http_server_new(struct event_base *base, const struct http_limits *limits, const struct http_server_ops *ops, void *ctx)
{
	struct http_server *server = calloc(1, sizeof(*server));

	must(ops->on_request != NULL && ops->on_closed != NULL);
	if (server == NULL)
		return NULL;
	server->base = base;
	server->limits = *limits;
	server->ops = ops;
	server->ctx = ctx;
	TAILQ_INIT(&server->connections);
	TAILQ_INIT(&server->listeners);
	must(server_begin_holding(server) == 0);
	server->fields = calloc(limits->fields_max > 0 ? limits->fields_max : 1, sizeof(*server->fields));
	server->scratch = malloc(SCRATCH_BYTES);
	if (server->fields == NULL || server->scratch == NULL)
		http_server_free(&server);
	return server;
}

void
http_server_free(struct http_server **server_p)
{
	struct http_server *server = *server_p;

	if (server == NULL)
		return;
	must(TAILQ_EMPTY(&server->listeners));
	http_server_abort_all(server);
	must(server->stats.requests_now == 0);
	pool_shelf_fini(&server->pools);
	server_end_holding(server);
	free(server->fields);
	free(server->scratch);
	free(server);
	*server_p = NULL;
}

/* Unread bytes would turn the close into a reset, and the client would not learn why. */
static void
turn_away(struct http_server *server, int fd)
{
	const struct slice sorry = HTTP_CANNED_429;
	char request[4096];

	server->stats.accept_limited++;
	(void)send(fd, sorry.ptr, sorry.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)shutdown(fd, SHUT_WR);
	(void)recv(fd, request, sizeof(request), MSG_DONTWAIT);
	close(fd);
}

int
http_server_adopt(struct http_server *server, int fd, const char *peer)
{
	void *source = NULL;
	int r;

	if (server->stats.connections_now >= server->limits.connections_max) {
		close(fd);
		return ERR_LIMIT;
	}
	if (server->ops->on_connect != NULL && !server->ops->on_connect(server->ctx, peer, &source)) {
		turn_away(server, fd);
		return ERR_LIMIT;
	}
	r = connection_open(server, fd, peer, source);
	if (r < 0)
		close(fd);
	if (r < 0 && source != NULL)
		server->ops->on_disconnect(server->ctx, source);
	return r;
}

const struct http_stats *
http_server_stats(const struct http_server *server)
{
	return &server->stats;
}

size_t
http_server_count(const struct http_server *server, unsigned states)
{
	size_t count = 0;

	for (unsigned i = 0; i < HTTP_STATES; i++)
		count += states & HTTP_STATE_BIT(i) ? server->in_state[i] : 0;
	return count;
}

void
http_server_set_lame(struct http_server *server)
{
	server->is_lame = true;
}

void
http_server_close_idle(struct http_server *server)
{
	struct http_connection *conn, *next;

	server_flush(server);
	for (conn = TAILQ_FIRST(&server->connections); conn != NULL; conn = next) {
		next = TAILQ_NEXT(conn, link);
		if (conn->state == HTTP_STATE_IDLE && !conn->is_entered)
			connection_free(conn);
	}
}

static void
abort_connection(struct http_connection *conn)
{
	const struct piece sorry = {.bytes = HTTP_CANNED_503, .is_static = true};
	int status = 499;

	if (conn->state == HTTP_STATE_HANDLING && connection_send(conn, &sorry, 1) == 0)
		status = 503;
	connection_gone(conn, status);
	if (conn->is_entered)
		connection_doom(conn);
	else
		connection_free(conn);
}

void
http_server_abort_all(struct http_server *server)
{
	struct http_connection *conn, *next;

	server_flush(server);
	for (conn = TAILQ_FIRST(&server->connections); conn != NULL; conn = next) {
		next = TAILQ_NEXT(conn, link);
		abort_connection(conn);
	}
}

const char *
server_date(struct http_server *server)
{
	uint64_t now_ms = turn_wall_ms();

	if (server->date_second != now_ms / 1000) {
		http_date_format(now_ms, server->date);
		server->date_second = now_ms / 1000;
	}
	return server->date;
}
