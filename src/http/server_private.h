/*
 * server_private.h - what the .c files of the event part share
 *
 * Two rules keep lifetimes simple.  A connection is freed by connection_leave() or by the server as a whole, never in
 * the middle of something.  The application's callbacks are called between connection_enter() and connection_leave() or
 * from http_server_abort_all()/free(), never from the answer functions (on_access and on_waiting excepted).
 */
#ifndef HTTP_SERVER_PRIVATE_H
#define HTTP_SERVER_PRIVATE_H

#include <sys/queue.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/buf.h"
#include "http/body.h"
#include "http/server.h"
#include "http/writer.h"

#define CONNECTION_MAGIC 0x68747063u
#define PEER_CAP 64
/* What is read at once at most: 4 MiB of a body do not need 1,024 loop turns. */
#define SCRATCH_BYTES (64 * 1024)

struct evbuffer;

enum request_phase {
	REQUEST_HEAD,	   /* the body is still to come; not yet the application's */
	REQUEST_HANDLING,  /* the application owes the answer */
	REQUEST_STREAMING, /* the answer has begun */
	REQUEST_DONE,	   /* the answer is complete; the request is no longer tied to a connection */
	REQUEST_CUT,	   /* a write failed; the connection is about to go */
	REQUEST_GONE	   /* the client went away first */
};

struct http_connection {
	uint32_t magic;
	uint8_t state; /* enum http_state */
	bool is_entered;
	bool is_doomed;	    /* connection_leave() frees it */
	bool is_eof;	    /* the client sends no more */
	bool is_kicked;	    /* the timer was armed to go on, not as a deadline */
	bool is_last;	    /* the connection closes after the present answer */
	bool needs_linger;  /* ... and the client may still be sending */
	bool is_head_asked; /* on_head() had its say */
	bool is_stream;	    /* the present answer is one */
	bool is_held;	    /* stands in the server's list `holding` */
	short watched;	    /* EV_READ, EV_WRITE: what `io` waits for */
	struct http_server *server;
	struct http_request *req; /* the one that is read, handled or streamed to */
	void *source;		  /* of on_connect() */
	TAILQ_ENTRY(http_connection) link;
	struct event io;
	struct event timer;
	struct slice input;	/* what came and is not used yet, while entered: in `kept` or in the server's scratch */
	struct buf kept;	/* likewise between; has no memory while there is nothing to keep */
	struct evbuffer *queue; /* what the socket did not take; NULL: nothing */
	uint64_t progress_ms;	/* when it took something of the queue last */
	uint32_t waiting_kib;	/* as on_waiting() was told */
	TAILQ_ENTRY(http_connection) held_link;
	size_t held_at, held_len; /* in the server's `held`: leaves at the end of the loop's turn */
	struct slice held_body;	  /* lives for ever; follows */
	uint64_t deadline_ms;	  /* 0: to be computed from the state by connection_arm() */
	uint64_t armed_ms;	  /* when the timer fires; 0: not armed */
	uint64_t body_start_ms;
	size_t linger_left;
	struct http_parser parser;
	struct http_body body;
	char peer[PEER_CAP];
};

TAILQ_HEAD(connection_list, http_connection);
TAILQ_HEAD(holding_list, http_connection);
TAILQ_HEAD(listener_list, http_listener);

struct http_server {
	struct event_base *base;
	struct http_limits limits;
	const struct http_server_ops *ops;
	void *ctx;
	struct connection_list connections;
	struct listener_list listeners;
	size_t in_state[HTTP_STATES];
	struct http_stats stats;
	bool is_lame;
	struct http_field *fields; /* room for one head while it is parsed */
	char *scratch;		   /* SCRATCH_BYTES */
	struct buf held;	   /* answers that leave at the end of the turn; the tail serves as room to build one */
	struct holding_list holding;
	struct event flush;
	struct pool_shelf pools; /* of requests: idle connections cost nothing but themselves */
	uint64_t date_second;
	char date[HTTP_DATE_CAP];
};

/* server.c */
const char *server_date(struct http_server *server);

/* listener.c: a connection has gone; accept again if that was waited for. */
void listener_note_room(struct http_server *server);

/* connection.c */
int connection_open(struct http_server *server, int fd, const char *peer, void *source);
void connection_free(struct http_connection *conn);
void connection_enter(struct http_connection *conn);
void connection_leave(struct http_connection *conn);
void connection_set_state(struct http_connection *conn, enum http_state state);
void connection_arm(struct http_connection *conn);
void connection_doom(struct http_connection *conn);
void connection_reset(struct http_connection *conn);	/* like doom, and the kernel forgets unsent bytes */
void connection_answered(struct http_connection *conn); /* an answer is complete: what comes next */
void connection_gone(struct http_connection *conn,
		     int status);			     /* tells whoever holds the request; status for the log */
size_t connection_input(const struct http_connection *conn); /* bytes read and not yet looked at */
int connection_watch(struct http_connection *conn, short what); /* EV_READ, EV_WRITE.  ERR_NOMEM: doomed */

/* receive.c: takes what is there until the connection has to wait for bytes, the client or the application. */
void connection_advance(struct http_connection *conn);

/* request.c: takes the head's bytes over into the request's own memory.  NULL when there is none. */
struct http_request *request_new(struct http_connection *conn, const struct http_head *head, const char *bytes,
				 size_t len);
void request_free(struct http_request *req);
void request_log(struct http_request *req, int status, const char *refusal);

/* send.c */
struct piece {
	struct slice bytes;
	bool is_static;	   /* the bytes live for ever */
	struct buf *owner; /* not NULL: the bytes are this buffer's, which is emptied when they have to wait */
};

/* Now, behind what is held or queued.  0, or a code and the connection is doomed: half an answer is beyond repair. */
int connection_send(struct http_connection *conn, const struct piece *pieces, size_t n);

/* At the end of the turn: what stands in the server's `held` from `at`, and a body that lives for ever. */
int connection_hold(struct http_connection *conn, size_t at, struct slice body);
void connection_flush(struct http_connection *conn);	   /* what is held leaves now */
int connection_note_waiting(struct http_connection *conn); /* ERR_LIMIT: there may not be as much */
void connection_write_queue(struct http_connection *conn);
size_t connection_queued(const struct http_connection *conn);
void connection_forget_queue(struct http_connection *conn);
void server_flush(struct http_server *server);	      /* what all hold leaves now */
int server_begin_holding(struct http_server *server); /* -1: a bug of the caller */
void server_end_holding(struct http_server *server);

/* respond.c */
void connection_refuse(struct http_connection *conn, const struct http_refusal *why);

#endif
