/*
 * loop.h - curl's multi handle on the event loop: sockets become events, its one timer an evtimer
 */
#ifndef FETCH_LOOP_H
#define FETCH_LOOP_H

#include <curl/curl.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "base/compiler.h"

struct loop;

#define WATCH_LISTS 64

/* A socket that curl wants watched, or did. */
struct watch {
	struct loop *loop;
	struct event *event;
	curl_socket_t fd;
	short armed;	/* what the event waits for; 0: nothing */
	bool is_wanted; /* by curl; else its connection idles, and may be wanted again */
	bool is_kept;	/* until the socket is closed: see loop_opened() */
	SLIST_ENTRY(watch) link;
};

SLIST_HEAD(watch_list, watch);

struct loop {
	struct event_base *base;
	CURLM *multi;
	struct event *timer;
	struct watch_list spare; /* made ahead: the socket callback must not fail, it would end every transfer */
	struct watch_list busy[WATCH_LISTS]; /* by descriptor */
	size_t n_watches;
	bool is_running;		/* curl, from an event */
	void (*on_progress)(void *ctx); /* curl has run and returned: transfers may have ended */
	void *ctx;
};

/* The caller's storage, zeroed.  On failure loop_fini is still due.  max_idle: connections kept for later requests. */
int loop_init(struct loop *loop, struct event_base *base, size_t max_idle, void (*on_progress)(void *ctx),
	      void *ctx) MUST_CHECK;
void loop_fini(struct loop *loop); /* no easy handle may be in the multi */

/* Makes sure there is a watch for every socket that this many requests may open. */
int loop_reserve(struct loop *loop, size_t requests) MUST_CHECK;

/*
 * A socket that a connection will use, and its end, which comes before it is closed.  In between it stays watched for
 * reading also while curl does not ask for it: curl lets go of a connection after each request and takes it up again
 * with the next, and telling the kernel of both cost more than all else of ours between them.
 */
void loop_opened(struct loop *loop, curl_socket_t fd);
void loop_closed(struct loop *loop, curl_socket_t fd);

#endif
