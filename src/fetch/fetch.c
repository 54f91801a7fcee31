/*
 * fetch.c - the worker's client: requests in line, with curl, ended and delivered
 *
 * Requests wait for their turn here, in order; curl's own queue for connections keeps neither order nor deadlines.
 *
 * Ended transfers are collected after curl has returned, and their completions are delivered from an event of their
 * own: all that one turn of the loop brought, so that what follows from them is recorded and written together, too.
 */
#include "fetch/fetch.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/turn.h"
#include "curl_library.h"
#include "base/scrub.h"
#include "job.h"
#include "loop.h"
#include "origin.h"

#define DELIVERIES_MAX 64 /* in a row; then others have their turn */

struct fetch {
	struct loop loop;
	struct fetch_options options;
	char *ca_file;
	struct transfer_fields fields;
	bool is_open;		/* curl is there: see fetch_open() */
	struct event *deliver;	/* active while `finished` is not empty */
	bool *is_gone;		/* of whoever delivers: set when the client is freed meanwhile */
	struct job_list active; /* delayed or with curl */
	struct job_list waiting;
	struct job_list finished;
	struct origin_list origins;
	size_t running; /* all that are not delivered yet */
	size_t with_curl;
	CURLSH *share;	      /* TLS sessions: kept by a handle alone, they would end with it */
	struct handle **idle; /* to use again */
	size_t n_idle;
	struct job_list spare; /* jobs to use again */
	size_t n_spare;
};

void
fetch_reply_init(struct fetch_reply *reply)
{
	memset(reply, 0, sizeof(*reply));
	reply->outcome = FETCH_BROKEN;
	reply->retry_after_s = -1;
	reply->date_s = -1;
	buf_init(&reply->body, 0);
}

void
fetch_reply_fini(struct fetch_reply *reply)
{
	buf_fini(&reply->body);
	fetch_reply_init(reply);
}

static struct timeval
timeval_of_ms(uint64_t ms)
{
	return (struct timeval){.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)};
}

/* ---- Ended transfers ---- */

/* For another request, with what all have in common.  A handle keeps the buffer that the last answer was read into. */
static void
release_handle(struct fetch *f, struct fetch_job *job)
{
	struct handle *used = job->handle;
	bool is_fit;

	job->handle = NULL;
	if (used == NULL)
		return;
	is_fit = f->n_idle < f->options.connections_total && !job->is_secret;
	if (is_fit && !(job->reply.outcome == FETCH_OK && handle_strip(used)))
		is_fit = handle_reset(used, f->share, &f->loop, &f->options) == 0;
	if (is_fit)
		f->idle[f->n_idle++] = used;
	else
		handle_free(&used);
}

static struct job_list *
list_of(struct fetch *f, enum job_state state)
{
	if (state == JOB_FINISHED)
		return &f->finished;
	return state == JOB_WAITING ? &f->waiting : &f->active;
}

static void
move(struct fetch *f, struct fetch_job *job, enum job_state state)
{
	TAILQ_REMOVE(list_of(f, job->state), job, link);
	TAILQ_INSERT_TAIL(list_of(f, state), job, link);
	job->state = state;
}

static void
take_from_curl(struct fetch *f, struct fetch_job *job)
{
	if (job->state != JOB_RUNNING)
		return;
	curl_multi_remove_handle(f->loop.multi, job->handle->easy);
	job->origin->running--;
	f->with_curl--;
}

/* Only the delivery is left. */
static void
finish(struct fetch *f, struct fetch_job *job)
{
	take_from_curl(f, job);
	release_handle(f, job);
	transfer_release(job);
	evtimer_del(job->timer);
	move(f, job, JOB_FINISHED);
	event_active(f->deliver, EV_TIMEOUT, 0);
}

static bool
has_room(const struct fetch *f, const struct fetch_job *job)
{
	uint32_t per_host = f->options.connections_per_host;

	return f->with_curl < f->options.connections_total && (per_host == 0 || job->origin->running < per_host);
}

/* Hands to curl whose turn has come. */
static void
admit(struct fetch *f)
{
	struct fetch_job *job, *next;

	for (job = TAILQ_FIRST(&f->waiting); job != NULL; job = next) {
		next = TAILQ_NEXT(job, link);
		if (!has_room(f, job))
			continue;
		if (curl_multi_add_handle(f->loop.multi, job->handle->easy) != CURLM_OK) {
			transfer_conclude(job, CURLE_OUT_OF_MEMORY);
			finish(f, job);
			continue;
		}
		move(f, job, JOB_RUNNING);
		job->origin->running++;
		f->with_curl++;
	}
}

static void
collect(void *ctx)
{
	struct fetch *f = ctx;
	struct handle *handle;
	CURLMsg *message;
	bool has_ended = false;
	CURLcode result;
	int left;

	for (;;) {
		message = curl_multi_info_read(f->loop.multi, &left);
		if (message == NULL)
			break;
		if (message->msg != CURLMSG_DONE)
			continue;
		handle = NULL;
		result = message->data.result;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &handle);
		must(handle != NULL && handle->job != NULL && handle->job->magic == JOB_MAGIC);
		transfer_conclude(handle->job, result);
		finish(f, handle->job);
		has_ended = true;
	}
	if (has_ended) /* else nobody made room */
		admit(f);
}

static void
job_free(struct fetch_job *job)
{
	if (job->timer != NULL)
		event_free(job->timer);
	free(job);
}

/* Nothing of a request stays, but for the timer of whichever is the next one's. */
static void
job_give_back(struct fetch *f, struct fetch_job *job)
{
	struct event *timer = job->timer;

	release_handle(f, job);
	transfer_release(job);
	origin_give_back(&job->origin);
	evtimer_del(timer);
	fetch_reply_fini(&job->reply);
	memset(job, 0, sizeof(*job));
	job->timer = timer;
	if (f->n_spare >= f->options.connections_total) {
		job_free(job);
		return;
	}
	TAILQ_INSERT_HEAD(&f->spare, job, link);
	f->n_spare++;
}

/* `done` may do anything, also free the whole client. */
static void
deliver_first(struct fetch *f)
{
	struct fetch_job *job = TAILQ_FIRST(&f->finished);
	struct fetch_reply reply = job->reply;
	fetch_done_fn done = job->done;
	void *done_ctx = job->ctx;

	turn_enter("shop");
	TAILQ_REMOVE(&f->finished, job, link);
	f->running--;
	buf_init(&job->reply.body, 0);
	job_give_back(f, job);
	done(done_ctx, &reply);
	fetch_reply_fini(&reply);
}

static void
on_deliver(evutil_socket_t fd, short what, void *ctx)
{
	struct fetch *f = ctx;
	bool is_gone = false;
	size_t n;

	(void)fd, (void)what;
	f->is_gone = &is_gone;
	for (n = 0; n < DELIVERIES_MAX && !is_gone && !TAILQ_EMPTY(&f->finished); n++)
		deliver_first(f);
	if (is_gone)
		return;
	f->is_gone = NULL;
	if (!TAILQ_EMPTY(&f->finished))
		event_active(f->deliver, EV_TIMEOUT, 0);
}

/* ---- The client ---- */

static int
copy_options(struct fetch *f, const struct fetch_options *options)
{
	f->options = *options;
	if (f->options.connections_total == 0)
		f->options.connections_total = 1;
	f->options.ca_file = NULL;
	f->options.user_agent = NULL;
	if (options->ca_file != NULL && options->ca_file[0] != '\0') {
		f->ca_file = strdup(options->ca_file);
		if (f->ca_file == NULL)
			return ERR_NOMEM;
		f->options.ca_file = f->ca_file;
	}
	transfer_fields_init(&f->fields, options->user_agent);
	f->idle = calloc(f->options.connections_total, sizeof(*f->idle));
	return f->idle != NULL ? 0 : ERR_NOMEM;
}

static int
global_init(bool scrubs_memory)
{
	CURLcode code = scrubs_memory ? curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, scrub_free, scrub_realloc,
							     strdup, scrub_calloc)
				      : curl_global_init(CURL_GLOBAL_DEFAULT);

	return code == CURLE_OK ? 0 : ERR_UNSUPPORTED;
}

struct fetch *
fetch_new(struct event_base *base, const struct fetch_options *options, struct err *err)
{
	struct fetch *f;
	int r;

	f = calloc(1, sizeof(*f));
	if (f == NULL) {
		err_set(err, ERR_NOMEM, "No memory for the HTTP client.");
		return NULL;
	}
	TAILQ_INIT(&f->active);
	TAILQ_INIT(&f->waiting);
	TAILQ_INIT(&f->finished);
	TAILQ_INIT(&f->spare);
	LIST_INIT(&f->origins);
	if (curl_library_find(err) < 0) {
		fetch_free(&f);
		return NULL;
	}
	r = copy_options(f, options);
	if (r == 0) {
		f->loop.base = base;
		f->deliver = event_new(base, -1, 0, on_deliver, f);
		r = f->deliver != NULL ? 0 : ERR_NOMEM;
	}
	if (r < 0) {
		err_set(err, r, "The HTTP client could not be started (%s).", err_name(r));
		fetch_free(&f);
	}
	return f;
}

static int
share_init(struct fetch *f)
{
	f->share = curl_share_init();
	if (f->share == NULL)
		return ERR_NOMEM;
	return curl_share_setopt(f->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) == CURLSHE_OK ? 0 : ERR_NOMEM;
}

/* No easy handle may be left. */
static void
close_curl(struct fetch *f)
{
	loop_fini(&f->loop);
	if (f->share != NULL)
		curl_share_cleanup(f->share);
	f->share = NULL;
	curl_global_cleanup();
}

int
fetch_open(struct fetch *f, struct err *err)
{
	int r;

	if (f->is_open)
		return 0;
	r = curl_library_load(err);
	if (r < 0)
		return r;
	if (global_init(f->options.scrubs_memory) < 0)
		return err_set(err, ERR_UNSUPPORTED, "The HTTP client could not be started.");
	r = loop_init(&f->loop, f->loop.base, f->options.connections_total, collect, f);
	if (r == 0)
		r = share_init(f);
	if (r < 0) {
		close_curl(f);
		return err_set(err, r, "The HTTP client could not be started (%s).", err_name(r));
	}
	f->is_open = true;
	return 0;
}

static void
cancel_list(struct job_list *list)
{
	struct fetch_job *job;

	while (!TAILQ_EMPTY(list)) {
		job = TAILQ_FIRST(list);
		fetch_cancel(&job);
	}
}

void
fetch_free(struct fetch **fetch)
{
	struct fetch *f = *fetch;
	struct fetch_job *job;

	if (f == NULL)
		return;
	*fetch = NULL;
	if (f->is_gone != NULL)
		*f->is_gone = true;
	cancel_list(&f->waiting); /* first, or they would be admitted while the others go */
	cancel_list(&f->active);
	cancel_list(&f->finished);
	while (!TAILQ_EMPTY(&f->spare)) {
		job = TAILQ_FIRST(&f->spare);
		TAILQ_REMOVE(&f->spare, job, link);
		job_free(job);
	}
	while (f->n_idle > 0)
		handle_free(&f->idle[--f->n_idle]);
	free(f->idle);
	if (f->is_open)
		close_curl(f);
	if (f->deliver != NULL)
		event_free(f->deliver);
	free(f->ca_file);
	free(f);
}

size_t
fetch_running(const struct fetch *fetch)
{
	return fetch->running;
}

/* ---- Requests ---- */

/* From now on its deadline runs. */
static int
line_up(struct fetch *f, struct fetch_job *job)
{
	struct timeval deadline = timeval_of_ms(job->timeout_ms);

	job->started_us = clock_mono_us();
	if (evtimer_add(job->timer, &deadline) < 0)
		return ERR_NOMEM;
	move(f, job, JOB_WAITING);
	if (has_room(f, job)) /* those before it have none, or would not wait */
		admit(f);
	return 0;
}

static void
on_job_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct fetch_job *job = ctx;
	struct fetch *f = job->fetch;

	turn_enter("shop");
	(void)fd, (void)what;
	must(job->magic == JOB_MAGIC);
	if (job->state == JOB_DELAYED) {
		if (line_up(f, job) == 0)
			return;
		transfer_conclude(job, CURLE_OUT_OF_MEMORY);
	} else {
		transfer_conclude_timeout(job);
	}
	finish(f, job);
	admit(f);
}

static struct handle *
take_handle(struct fetch *f)
{
	if (f->n_idle > 0)
		return f->idle[--f->n_idle];
	return handle_new(f->share, &f->loop, &f->options);
}

/* NULL: no memory. */
static struct fetch_job *
job_take(struct fetch *f)
{
	struct fetch_job *job = TAILQ_FIRST(&f->spare);

	if (job != NULL) {
		TAILQ_REMOVE(&f->spare, job, link);
		f->n_spare--;
		return job;
	}
	job = calloc(1, sizeof(*job));
	if (job == NULL)
		return NULL;
	job->timer = evtimer_new(f->loop.base, on_job_timer, job);
	if (job->timer == NULL) {
		free(job);
		return NULL;
	}
	return job;
}

static int
prepare(struct fetch *f, struct fetch_job *job, const struct fetch_request *request)
{
	int r;

	r = loop_reserve(&f->loop, f->with_curl + 1 + f->options.connections_total);
	if (r == 0)
		r = origin_take(&f->origins, request->url, &job->origin);
	if (r < 0)
		return r;
	job->handle = take_handle(f);
	return job->handle != NULL ? transfer_prepare(job, request) : ERR_NOMEM;
}

static int
begin(struct fetch *f, struct fetch_job *job, uint32_t delay_ms)
{
	struct timeval pause = timeval_of_ms(delay_ms);

	if (delay_ms == 0)
		return line_up(f, job);
	return evtimer_add(job->timer, &pause) < 0 ? ERR_NOMEM : 0;
}

int
fetch_start(struct fetch *f, const struct fetch_request *request, fetch_done_fn done, void *ctx,
	    struct fetch_job **job_r)
{
	struct fetch_job *job;
	int r;

	*job_r = NULL;
	r = fetch_open(f, NULL);
	if (r < 0)
		return r;
	job = job_take(f);
	if (job == NULL)
		return ERR_NOMEM;
	job->magic = JOB_MAGIC;
	job->fetch = f;
	job->loop = &f->loop;
	job->fields = &f->fields;
	job->timeout_ms = request->timeout_ms;
	job->done = done;
	job->ctx = ctx;
	fetch_reply_init(&job->reply);
	r = prepare(f, job, request);
	if (r < 0) {
		job_give_back(f, job);
		return r;
	}
	job->state = JOB_DELAYED;
	TAILQ_INSERT_TAIL(&f->active, job, link);
	f->running++;
	*job_r = job;
	r = begin(f, job, request->delay_ms);
	if (r < 0)
		fetch_cancel(job_r);
	return r;
}

void
fetch_cancel(struct fetch_job **job_p)
{
	struct fetch_job *job = *job_p;
	struct fetch *f;

	if (job == NULL)
		return;
	*job_p = NULL;
	must(job->magic == JOB_MAGIC);
	f = job->fetch;
	take_from_curl(f, job);
	TAILQ_REMOVE(list_of(f, job->state), job, link);
	f->running--;
	job_give_back(f, job);
	admit(f);
}
