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

/* A socket that curl wants watched. */
struct watch {
	struct loop *loop;
	struct event *event;
	bool armed;
	SLIST_ENTRY(watch) link;
};

SLIST_HEAD(watch_list, watch);

struct loop {
	struct event_base *base;
	CURLM *multi;
	struct event *timer;
	struct watch_list spare; /* made ahead: the socket callback must not fail, it would end every transfer */
	struct watch_list busy;
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

#endif
