/*
 * loop.c - both callbacks of curl only move events, they never call back into curl: it refuses that, and older ones
 * recursed.  curl runs from the events.
 */
#include "loop.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/turn.h"

/* Resolver, two address families racing, and one being closed. */
#define WATCHES_PER_REQUEST 4

static void
run_curl(struct loop *loop, curl_socket_t fd, int flags)
{
	int left;

	loop->is_running = true;
	curl_multi_socket_action(loop->multi, fd, flags, &left);
	loop->is_running = false;
	loop->on_progress(loop->ctx);
}

static void on_socket_ready(evutil_socket_t fd, short what, void *ctx);

static void
arm(struct watch *watch, short events)
{
	if (watch->armed == events)
		return;
	if (watch->armed != 0)
		event_del(watch->event);
	watch->armed = 0;
	if (events == 0)
		return;
	event_assign(watch->event, watch->loop->base, watch->fd, (short)(events | EV_PERSIST), on_socket_ready, watch);
	if (event_add(watch->event, NULL) == 0)
		watch->armed = events;
}

static void
on_socket_ready(evutil_socket_t fd, short what, void *ctx)
{
	struct watch *watch = ctx;
	struct loop *loop = watch->loop;
	int flags = 0;

	turn_enter("shop");
	if (!watch->is_wanted) { /* the other end has closed it, or has more to say: curl sees that at the next request
				  */
		arm(watch, 0);
		return;
	}
	if (what & EV_READ)
		flags |= CURL_CSELECT_IN;
	if (what & EV_WRITE)
		flags |= CURL_CSELECT_OUT;
	run_curl(loop, fd, flags);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct loop *loop = ctx;

	turn_enter("shop");
	(void)fd, (void)what;
	run_curl(loop, CURL_SOCKET_TIMEOUT, 0);
}

static int
on_timer_change(CURLM *multi, long timeout_ms, void *ctx)
{
	struct loop *loop = ctx;
	struct timeval after;

	(void)multi;
	if (timeout_ms < 0) {
		evtimer_del(loop->timer);
		return 0;
	}
	/* A new request begins in this turn; what goes on lets others have theirs.  Never run curl from here. */
	if (timeout_ms == 0 && !loop->is_running) {
		event_active(loop->timer, EV_TIMEOUT, 0);
		return 0;
	}
	after.tv_sec = timeout_ms / 1000;
	after.tv_usec = timeout_ms % 1000 * 1000;
	evtimer_add(loop->timer, &after);
	return 0;
}

/* ---- sockets ---- */

static struct watch_list *
list_of(struct loop *loop, curl_socket_t fd)
{
	return &loop->busy[(unsigned)fd % WATCH_LISTS];
}

static struct watch *
watch_find(struct loop *loop, curl_socket_t fd)
{
	struct watch *watch;

	SLIST_FOREACH(watch, list_of(loop, fd), link)
	{
		if (watch->fd == fd)
			return watch;
	}
	return NULL;
}

static struct watch *
watch_take(struct loop *loop, curl_socket_t fd)
{
	struct watch *watch = SLIST_FIRST(&loop->spare);

	if (watch == NULL)
		return NULL;
	SLIST_REMOVE_HEAD(&loop->spare, link);
	SLIST_INSERT_HEAD(list_of(loop, fd), watch, link);
	watch->fd = fd;
	watch->is_wanted = false;
	watch->is_kept = false;
	return watch;
}

static void
watch_give_back(struct loop *loop, struct watch *watch)
{
	arm(watch, 0);
	SLIST_REMOVE(list_of(loop, watch->fd), watch, watch, link);
	SLIST_INSERT_HEAD(&loop->spare, watch, link);
}

void
loop_closed(struct loop *loop, curl_socket_t fd)
{
	struct watch *watch = watch_find(loop, fd);

	if (watch != NULL)
		watch_give_back(loop, watch);
}

void
loop_opened(struct loop *loop, curl_socket_t fd)
{
	struct watch *watch;

	loop_closed(loop, fd); /* of one whose end we were not told */
	watch = watch_take(loop, fd);
	if (watch != NULL)
		watch->is_kept = true;
}

/* curl has no more use for it, for now. */
static void
let_go(struct loop *loop, struct watch *watch)
{
	watch->is_wanted = false;
	if (!watch->is_kept)
		watch_give_back(loop, watch);
	else if (watch->armed != EV_READ)
		arm(watch, 0);
}

static int
on_socket_change(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
	struct loop *loop = ctx;
	struct watch *watch = watch_find(loop, fd);
	short events = 0;

	(void)easy, (void)socket_ctx;
	if (what == CURL_POLL_REMOVE) {
		if (watch != NULL)
			let_go(loop, watch);
		return 0;
	}
	if (watch == NULL)
		watch = watch_take(loop, fd);
	if (watch == NULL)
		return 0; /* unwatched: that request ends at its deadline, the others go on */
	if (what & CURL_POLL_IN)
		events |= EV_READ;
	if (what & CURL_POLL_OUT)
		events |= EV_WRITE;
	watch->is_wanted = true;
	arm(watch, events);
	return 0;
}

int
loop_reserve(struct loop *loop, size_t requests)
{
	size_t wanted = WATCHES_PER_REQUEST * requests;
	struct watch *watch;

	while (loop->n_watches < wanted) {
		watch = calloc(1, sizeof(*watch));
		if (watch == NULL)
			return ERR_NOMEM;
		watch->loop = loop;
		watch->event = event_new(loop->base, -1, EV_PERSIST, on_socket_ready, watch);
		if (watch->event == NULL) {
			free(watch);
			return ERR_NOMEM;
		}
		SLIST_INSERT_HEAD(&loop->spare, watch, link);
		loop->n_watches++;
	}
	return 0;
}

static void
free_watches(struct watch_list *list)
{
	struct watch *watch;

	while (!SLIST_EMPTY(list)) {
		watch = SLIST_FIRST(list);
		SLIST_REMOVE_HEAD(list, link);
		event_free(watch->event);
		free(watch);
	}
}

int
loop_init(struct loop *loop, struct event_base *base, size_t max_idle, void (*on_progress)(void *ctx), void *ctx)
{
	loop->base = base;
	loop->on_progress = on_progress;
	loop->ctx = ctx;
	SLIST_INIT(&loop->spare);
	for (size_t i = 0; i < WATCH_LISTS; i++)
		SLIST_INIT(&loop->busy[i]);
	loop->timer = evtimer_new(base, on_timer, loop);
	loop->multi = curl_multi_init();
	if (loop->timer == NULL || loop->multi == NULL)
		return ERR_NOMEM;
	if (curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, on_socket_change) != CURLM_OK ||
	    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop) != CURLM_OK ||
	    curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, on_timer_change) != CURLM_OK ||
	    curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop) != CURLM_OK ||
	    curl_multi_setopt(loop->multi, CURLMOPT_MAXCONNECTS, (long)max_idle) != CURLM_OK)
		return ERR_UNSUPPORTED;
	return 0;
}

void
loop_fini(struct loop *loop)
{
	if (loop->multi != NULL)
		curl_multi_cleanup(loop->multi);
	loop->multi = NULL;
	for (size_t i = 0; i < WATCH_LISTS; i++)
		free_watches(&loop->busy[i]);
	free_watches(&loop->spare);
	if (loop->timer != NULL)
		event_free(loop->timer);
	loop->timer = NULL;
}
