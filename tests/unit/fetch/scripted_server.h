/*
 * scripted_server.h - an HTTP/1.1 server inside a test, on the test's own event loop, that misbehaves on request
 *
 * The test gives a handler; it sees each complete request and writes whatever bytes it likes.
 */
#ifndef TESTS_SCRIPTED_SERVER_H
#define TESTS_SCRIPTED_SERVER_H

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/compiler.h"

struct server;
struct server_peer;

struct server_request {
	char method[16];
	char target[16384];
	const char *head; /* request line and fields, NUL-terminated */
	const char *body;
	size_t body_len;
	unsigned index;		/* 0 = the first request of all */
	unsigned connection;	/* 0 = the first connection of all */
	unsigned on_connection; /* 0 = the first request on this connection */
};

typedef void (*server_handler)(void *ctx, struct server_peer *peer, const struct server_request *request);

struct server_peer {
	struct server *server;
	struct bufferevent *bev;
	unsigned connection;
	unsigned requests;
	bool close_when_written;
	LIST_ENTRY(server_peer) link;
};

struct server {
	struct event_base *base;
	struct evconnlistener *listener;
	LIST_HEAD(, server_peer) peers;
	uint16_t port;
	unsigned connections;
	unsigned open;
	unsigned most_open;
	unsigned requests;
	server_handler handler;
	void *ctx;
	char url[64]; /* "http://127.0.0.1:PORT" */
};

static inline void
server_peer_drop(struct server_peer *peer)
{
	peer->server->open--;
	LIST_REMOVE(peer, link);
	bufferevent_free(peer->bev);
	free(peer);
}

static inline void
server_write(struct server_peer *peer, const char *text)
{
	bufferevent_write(peer->bev, text, strlen(text));
}

static inline void
server_reply_with(struct server_peer *peer, int status, const char *fields, const char *body)
{
	evbuffer_add_printf(bufferevent_get_output(peer->bev), "HTTP/1.1 %d X\r\n%sContent-Length: %zu\r\n\r\n%s",
			    status, fields, strlen(body), body);
}

static inline void
server_reply_json(struct server_peer *peer, int status, const char *body)
{
	server_reply_with(peer, status, "Content-Type: application/json; charset=utf-8\r\n", body);
}

static inline void
server_close(struct server_peer *peer)
{
	if (evbuffer_get_length(bufferevent_get_output(peer->bev)) == 0)
		shutdown(bufferevent_getfd(peer->bev), SHUT_RDWR);
	else
		peer->close_when_written = true;
}

/* Closing with unread linger time 0 sends RST. */
static inline void
server_reset(struct server_peer *peer)
{
	struct linger hard = {.l_onoff = 1, .l_linger = 0};

	bufferevent_flush(peer->bev, EV_WRITE, BEV_FLUSH);
	setsockopt(bufferevent_getfd(peer->bev), SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	server_peer_drop(peer);
}

/* One complete request at the front of the input?  Handles it; false when more bytes are needed or the peer is gone. */
static inline bool
server_take_request(struct server_peer *peer)
{
	struct evbuffer *in = bufferevent_get_input(peer->bev);
	struct server *server = peer->server;
	struct server_request *request;
	struct evbuffer_ptr end;
	char *bytes, *length;
	size_t head_len, body_len = 0;
	unsigned alive = server->open;

	end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
	if (end.pos < 0)
		return false;
	head_len = (size_t)end.pos + 4;
	bytes = calloc(1, head_len + 1);
	evbuffer_copyout(in, bytes, head_len);
	length = strcasestr(bytes, "\r\nContent-Length:");
	if (length != NULL)
		body_len = strtoul(length + 17, NULL, 10);
	free(bytes);
	if (evbuffer_get_length(in) < head_len + body_len)
		return false;
	request = calloc(1, sizeof(*request));
	bytes = calloc(1, head_len + body_len + 2);
	evbuffer_remove(in, bytes, head_len);
	evbuffer_remove(in, bytes + head_len + 1, body_len);
	request->head = bytes;
	request->body = bytes + head_len + 1;
	request->body_len = body_len;
	if (sscanf(bytes, "%15s %16383s", request->method, request->target) != 2)
		request->target[0] = '\0';
	request->index = server->requests++;
	request->connection = peer->connection;
	request->on_connection = peer->requests++;
	server->handler(server->ctx, peer, request);
	free(bytes);
	free(request);
	return server->open == alive;
}

static inline void
server_on_read(struct bufferevent *bev, void *ctx)
{
	(void)bev;
	while (server_take_request(ctx))
		;
}

static inline void
server_on_written(struct bufferevent *bev, void *ctx)
{
	struct server_peer *peer = ctx;

	if (peer->close_when_written)
		shutdown(bufferevent_getfd(bev), SHUT_RDWR);
}

static inline void
server_on_event(struct bufferevent *bev, short what, void *ctx)
{
	(void)bev;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		server_peer_drop(ctx);
}

static inline void
server_on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int len, void *ctx)
{
	struct server *server = ctx;
	struct server_peer *peer = calloc(1, sizeof(*peer));

	(void)listener, (void)address, (void)len;
	peer->server = server;
	peer->connection = server->connections++;
	peer->bev = bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE);
	LIST_INSERT_HEAD(&server->peers, peer, link);
	server->open++;
	if (server->open > server->most_open)
		server->most_open = server->open;
	bufferevent_setcb(peer->bev, server_on_read, server_on_written, server_on_event, peer);
	bufferevent_enable(peer->bev, EV_READ | EV_WRITE);
}

static inline void
server_start(struct server *server, struct event_base *base, server_handler handler, void *ctx)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);

	memset(server, 0, sizeof(*server));
	server->base = base;
	server->handler = handler;
	server->ctx = ctx;
	LIST_INIT(&server->peers);
	server->listener =
	    evconnlistener_new_bind(base, server_on_accept, server, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 256,
				    (struct sockaddr *)&address, sizeof(address));
	if (server->listener == NULL)
		abort();
	getsockname(evconnlistener_get_fd(server->listener), (struct sockaddr *)&address, &len);
	server->port = ntohs(address.sin_port);
	snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%u", server->port);
}

static inline void
server_stop(struct server *server)
{
	while (!LIST_EMPTY(&server->peers))
		server_peer_drop(LIST_FIRST(&server->peers));
	if (server->listener != NULL)
		evconnlistener_free(server->listener);
	server->listener = NULL;
}

#endif
