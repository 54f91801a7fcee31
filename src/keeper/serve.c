/*
 * serve.c - connections of workers, and the turn in which their requests are carried out together
 *
 * Reading has the higher priority: all that has arrived is read before the next batch starts, and while the batch waits
 * for the disk, the next one gathers in the sockets.
 */
#include "serve.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "batch.h"
#include "desk.h"
#include "wire.h"

#define PRIORITY_READ 0
#define PRIORITY_TURN 1
#define CONNECTIONS_MAX 512
#define BATCH_MAX 64
#define QUEUED_MAX 32		     /* of one connection; beyond it is not read */
#define OUTPUT_MAX (4 * 1024 * 1024) /* likewise */
#define SWEEP_EVERY_MS 60000
#define SWEEP_AGAIN_MS 50
#define ACCEPT_PAUSE_MS 100

struct connection {
	TAILQ_ENTRY(connection) link;
	struct server *server;
	uint64_t id;
	struct bufferevent *bev;
	struct message_reader reader;
	size_t queued;
};
TAILQ_HEAD(connection_list, connection);

struct server {
	struct event_base *base;
	struct database *database;
	int listen_fd; /* -1: serves one connection only */
	struct event *accept;
	struct event *accept_again;
	struct event *turn;
	struct event *sweep;
	struct connection_list connections;
	size_t n_connections;
	uint64_t last_id;
	struct request_list requests;
	int end;
};

static struct timeval
timeval_of_ms(long ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

static struct connection *
connection_find(struct server *server, uint64_t id)
{
	struct connection *connection;

	TAILQ_FOREACH(connection, &server->connections, link)
	{
		if (connection->id == id)
			return connection;
	}
	return NULL;
}

static bool
connection_is_live(void *ctx, uint64_t id)
{
	return connection_find(ctx, id) != NULL;
}

static int
enqueue(struct server *server, struct request *request)
{
	TAILQ_INSERT_TAIL(&server->requests, request, link);
	event_active(server->turn, EV_TIMEOUT, 0);
	return 0;
}

/* ---- Connections ---- */

static void
connection_free(struct connection *connection)
{
	struct server *server = connection->server;

	TAILQ_REMOVE(&server->connections, connection, link);
	server->n_connections--;
	message_reader_fini(&connection->reader);
	if (connection->bev != NULL)
		bufferevent_free(connection->bev);
	free(connection);
}

/* What it held is free from this moment, because its id is no longer found; the request only writes it down. */
static void
connection_end(struct connection *connection)
{
	struct server *server = connection->server;
	struct request *leave = keeper_request_new(connection->id, REQUEST_LEAVE, 0);

	connection_free(connection);
	if (leave != NULL)
		enqueue(server, leave);
	if (server->listen_fd < 0)
		serve_stop(server);
}

static bool
may_read(const struct connection *connection)
{
	return connection->queued < QUEUED_MAX &&
	       evbuffer_get_length(bufferevent_get_output(connection->bev)) < OUTPUT_MAX;
}

static int
take_request(struct connection *connection)
{
	struct message_reader *reader = &connection->reader;
	struct request *request = keeper_request_new(connection->id, reader->type, reader->call);

	if (request == NULL)
		return ERR_NOMEM;
	request->payload = reader->payload;
	buf_init(&reader->payload, MESSAGE_MAX);
	if (request->type == REQUEST_LEAVE)
		request->type = MESSAGE_TYPES; /* nobody sends that */
	connection->queued++;
	return enqueue(connection->server, request);
}

/* Takes requests while it may; the connection may be gone afterwards. */
static void
connection_pull(struct connection *connection)
{
	struct evbuffer *input = bufferevent_get_input(connection->bev);
	int r = 1;

	while (r == 1 && may_read(connection)) {
		r = wire_read(&connection->reader, input);
		if (r == 1 && take_request(connection) < 0)
			r = ERR_NOMEM;
	}
	if (r < 0) {
		log_write(LOG_WARN, "connection_refused", LOG_STR("reason", err_name(r)), LOG_END);
		connection_end(connection);
		return;
	}
	if (may_read(connection))
		bufferevent_enable(connection->bev, EV_READ);
	else
		bufferevent_disable(connection->bev, EV_READ);
}

static void
on_read(struct bufferevent *bev, void *ctx)
{
	(void)bev;
	connection_pull(ctx);
}

static void
on_event(struct bufferevent *bev, short what, void *ctx)
{
	(void)bev;
	if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT)) != 0)
		connection_end(ctx);
}

/* Others of the same machine have no business here, whatever the socket's mode became. */
static bool
is_own_user(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && (peer.uid == geteuid() || peer.uid == 0);
}

static int
connection_new(struct server *server, int fd)
{
	struct connection *connection = NULL;

	if (server->n_connections < CONNECTIONS_MAX && is_own_user(fd) && fd_set_nonblock(fd, true) == 0)
		connection = calloc(1, sizeof(*connection));
	if (connection == NULL) {
		fd_close(&fd);
		return ERR_FULL;
	}
	connection->server = server;
	connection->id = ++server->last_id;
	message_reader_init(&connection->reader);
	TAILQ_INSERT_TAIL(&server->connections, connection, link);
	server->n_connections++;
	connection->bev = bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (connection->bev == NULL) {
		fd_close(&fd);
		connection_free(connection);
		return ERR_NOMEM;
	}
	bufferevent_priority_set(connection->bev, PRIORITY_READ);
	bufferevent_setwatermark(connection->bev, EV_READ, 0, WIRE_READ_MAX);
	bufferevent_setcb(connection->bev, on_read, on_read, on_event, connection);
	bufferevent_enable(connection->bev, EV_READ | EV_WRITE);
	return 0;
}

static void
on_accept(evutil_socket_t listen_fd, short what, void *ctx)
{
	const struct timeval pause = timeval_of_ms(ACCEPT_PAUSE_MS);
	struct server *server = ctx;
	int fd;

	(void)what;
	for (;;) {
		fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			break;
		if (connection_new(server, fd) < 0)
			log_write(LOG_WARN, "connection_refused", LOG_U64("connections", server->n_connections),
				  LOG_END);
	}
	if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
		event_del(server->accept);
		evtimer_add(server->accept_again, &pause);
	}
}

static void
on_accept_again(evutil_socket_t fd, short what, void *ctx)
{
	struct server *server = ctx;

	(void)fd, (void)what;
	event_add(server->accept, NULL);
}

/* ---- Turns ---- */

static void
stop_if_damaged(struct server *server)
{
	if (!server->database->is_damaged || server->end < 0)
		return;
	log_write(
	    LOG_ERROR, "database_damaged", LOG_STR("path", server->database->path),
	    LOG_STR("cure", "stop the server, put a backup in its place or move it away with its -wal and -shm files"),
	    LOG_END);
	server->end = ERR_CORRUPT;
	serve_stop(server);
}

static void
answer(struct server *server, struct request *request)
{
	struct connection *connection = connection_find(server, request->connection);

	if (connection == NULL || request->type == REQUEST_LEAVE)
		return;
	connection->queued--;
	if (wire_write(bufferevent_get_output(connection->bev), MESSAGE_REPLY, request->call,
		       buf_slice(&request->reply)) < 0)
		connection_end(connection);
}

/* Those that were not read because of their many requests. */
static void
read_on(struct server *server)
{
	struct connection *connection, *next;

	for (connection = TAILQ_FIRST(&server->connections); connection != NULL; connection = next) {
		next = TAILQ_NEXT(connection, link);
		if ((bufferevent_get_enabled(connection->bev) & EV_READ) == 0)
			connection_pull(connection);
	}
}

static void
on_turn(evutil_socket_t fd, short what, void *ctx)
{
	struct server *server = ctx;
	struct request_list batch;
	struct request *request;
	size_t n = 0;

	(void)fd, (void)what;
	TAILQ_INIT(&batch);
	while (n < BATCH_MAX && !TAILQ_EMPTY(&server->requests)) {
		request = TAILQ_FIRST(&server->requests);
		TAILQ_REMOVE(&server->requests, request, link);
		TAILQ_INSERT_TAIL(&batch, request, link);
		n++;
	}
	keeper_batch_run(server->database, &batch);
	while (!TAILQ_EMPTY(&batch)) {
		request = TAILQ_FIRST(&batch);
		TAILQ_REMOVE(&batch, request, link);
		answer(server, request);
		keeper_request_free(&request);
	}
	read_on(server);
	if (!TAILQ_EMPTY(&server->requests))
		event_active(server->turn, EV_TIMEOUT, 0);
	stop_if_damaged(server);
}

static void
on_sweep(evutil_socket_t fd, short what, void *ctx)
{
	struct server *server = ctx;
	struct desk desk = {.database = server->database};
	struct err err = {.code = ERR_OK};
	struct timeval next;
	int r = database_begin(server->database, true, &err);

	(void)fd, (void)what;
	if (r == 0) {
		r = sweep_run(&desk, clock_wall_ms(), &err);
		if (r < 0)
			database_rollback(server->database);
		else if (database_commit(server->database, &err) < 0)
			r = err.code;
	}
	next = timeval_of_ms(r == 1 ? SWEEP_AGAIN_MS : SWEEP_EVERY_MS);
	evtimer_add(server->sweep, &next);
	stop_if_damaged(server);
}

/* ---- The server ---- */

static int
take_socket(struct server *server, int fd)
{
	int listening = 0;
	socklen_t len = sizeof(listening);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) < 0)
		return ERR_IO;
	if (listening == 0)
		return connection_new(server, fd);
	server->listen_fd = fd;
	if (fd_set_nonblock(fd, true) < 0)
		return ERR_IO;
	server->accept = event_new(server->base, fd, EV_READ | EV_PERSIST, on_accept, server);
	server->accept_again = evtimer_new(server->base, on_accept_again, server);
	if (server->accept == NULL || server->accept_again == NULL || event_add(server->accept, NULL) < 0)
		return ERR_NOMEM;
	return 0;
}

static int
start(struct server *server, int *fd)
{
	const struct timeval first = timeval_of_ms(SWEEP_EVERY_MS);
	int mine = *fd;

	server->base = event_base_new();
	if (server->base == NULL || event_base_priority_init(server->base, 2) < 0)
		return ERR_NOMEM;
	server->turn = event_new(server->base, -1, 0, on_turn, server);
	server->sweep = evtimer_new(server->base, on_sweep, server);
	if (server->turn == NULL || server->sweep == NULL)
		return ERR_NOMEM;
	event_priority_set(server->turn, PRIORITY_TURN);
	event_priority_set(server->sweep, PRIORITY_TURN);
	if (evtimer_add(server->sweep, &first) < 0)
		return ERR_NOMEM;
	*fd = -1;
	return take_socket(server, mine);
}

int
serve_new(struct database *database, int fd, struct server **server_r, struct err *err)
{
	struct server *server = calloc(1, sizeof(*server));
	int r = ERR_NOMEM;

	*server_r = NULL;
	if (server != NULL) {
		server->listen_fd = -1;
		server->database = database;
		TAILQ_INIT(&server->connections);
		TAILQ_INIT(&server->requests);
		database->connection_is_live = connection_is_live;
		database->ctx = server;
		r = start(server, &fd);
	}
	fd_close(&fd);
	if (r < 0) {
		serve_free(&server);
		return err_set(err, (enum err_code)r, "The keeper cannot serve: %s.", err_name(r));
	}
	*server_r = server;
	return 0;
}

static void
event_drop(struct event *event)
{
	if (event != NULL)
		event_free(event);
}

void
serve_free(struct server **server)
{
	struct server *s = *server;
	struct request *request;

	if (s == NULL)
		return;
	*server = NULL;
	while (!TAILQ_EMPTY(&s->connections))
		connection_free(TAILQ_FIRST(&s->connections));
	while (!TAILQ_EMPTY(&s->requests)) {
		request = TAILQ_FIRST(&s->requests);
		TAILQ_REMOVE(&s->requests, request, link);
		keeper_request_free(&request);
	}
	event_drop(s->accept);
	event_drop(s->accept_again);
	event_drop(s->turn);
	event_drop(s->sweep);
	if (s->base != NULL)
		event_base_free(s->base);
	fd_close(&s->listen_fd);
	s->database->connection_is_live = NULL;
	s->database->ctx = NULL;
	free(s);
}

struct event_base *
serve_base(struct server *server)
{
	return server->base;
}

/* Answers that the loop had no more time for; as much as the sockets take. */
static void
flush(struct server *server)
{
	struct connection *connection;

	TAILQ_FOREACH(connection, &server->connections, link)
	{
		struct evbuffer *output = bufferevent_get_output(connection->bev);

		evbuffer_unfreeze(output, 1); /* a bufferevent lets nobody else drain it */
		(void)evbuffer_write(output, bufferevent_getfd(connection->bev));
		evbuffer_freeze(output, 1);
	}
}

int
serve_loop(struct server *server)
{
	int r = event_base_dispatch(server->base);

	flush(server);
	if (r < 0)
		log_write(LOG_ERROR, "loop_failed", LOG_STR("error", "the event loop cannot wait any longer"), LOG_END);
	return r < 0 ? ERR_IO : server->end;
}

void
serve_stop(struct server *server)
{
	event_base_loopbreak(server->base);
}
