/*
 * listener.h - accepts connections for an HTTP server on an inherited listening socket
 *
 * The socket belongs to the supervisor and is shared with other workers, so it is borrowed: never closed or shut down
 * here.  At most limits.accept_budget connections are taken per wake-up, so that the others get their share.  At
 * limits.connections_max accepting stops and goes on at 90 %; further clients wait in the backlog, where other
 * workers find them; who is still there after limits.full_wait_ms is answered 503.  When descriptors
 * run out one client is answered 503 by means of a reserved descriptor, then accepting rests for
 * limits.accept_pause_ms: neither a busy loop nor a silent hang.  Runs in: worker.
 */
#ifndef HTTP_LISTENER_H
#define HTTP_LISTENER_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/err.h"

struct http_server;
struct http_listener;

/* Starts accepting on `fd` (listening, TCP or Unix).  `server` must outlive the listener.  ERR_NOMEM, ERR_IO. */
int http_listener_new(struct http_server *server, int fd, struct http_listener **listener_r,
		      struct err *err) MUST_CHECK;

bool http_listener_is_accepting(const struct http_listener *listener);

/* Stops accepting and frees; the socket stays open. */
void http_listener_free(struct http_listener **listener);

#endif
