/*
 * job.h - one request under way, as fetch.c (the multi and the loop), handle.c and transfer.c (what curl is told, and
 * what it says) share it
 */
#ifndef FETCH_JOB_H
#define FETCH_JOB_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "fetch/fetch.h"
#include "handle.h"
#include "loop.h"
#include "origin.h"

#define HEADERS_MAX 10 /* of a request: eight, and two of our own */
#define JOB_MAGIC 0x66657463u

enum job_state {
	JOB_NEW,
	JOB_DELAYED, /* until delay_ms have passed */
	JOB_WAITING, /* for its turn: the upstream has as many requests as it may */
	JOB_RUNNING, /* with curl */
	JOB_FINISHED /* its completion is to be delivered */
};

/* What stands in the head of all requests, ready made: curl would print it twice each time. */
struct transfer_fields {
	struct curl_slist encoding, agent;
	char agent_line[128];
};

struct fetch_job {
	uint32_t magic;
	enum job_state state;
	struct fetch *fetch;
	struct loop *loop; /* its own, as are the fields */
	struct transfer_fields *fields;
	struct origin *origin;
	struct event *timer;			/* first delay_ms, then the deadline */
	struct handle *handle;			/* NULL once finished */
	struct curl_slist headers[HEADERS_MAX]; /* curl reads from these three while it sends */
	size_t n_headers;
	struct buf lines;
	struct buf body;
	struct fetch_reply reply;
	bool (*may_connect)(const uint8_t *address, size_t len);
	size_t header_bytes;
	bool is_secret;	    /* see fetch.h */
	bool may_not_reach; /* the address of a connection that was there */
	bool repeatable;    /* a GET: libcurl may send it again when a kept-alive connection was dead */
	bool wants_date;
	bool too_large;
	bool no_memory;
	bool has_no_descriptor; /* for a connection */
	uint32_t timeout_ms;
	uint64_t started_us;
	fetch_done_fn done;
	void *ctx;
	TAILQ_ENTRY(fetch_job) link; /* in the list of its state, or of spare ones */
};

TAILQ_HEAD(job_list, fetch_job);

/* For all requests; user_agent may be NULL. */
void transfer_fields_init(struct transfer_fields *fields, const char *user_agent);

/* Checks the request and sets up job->handle for it.  ERR_INVALID, ERR_NOMEM; the caller releases what was set up. */
int transfer_prepare(struct fetch_job *job, const struct fetch_request *request) MUST_CHECK;

/* Fills job->reply from the handle after it ended with `result`. */
void transfer_conclude(struct fetch_job *job, CURLcode result);

/* The same for a request that was stopped at its deadline. */
void transfer_conclude_timeout(struct fetch_job *job);

/* Frees header lines and body, wiped: they hold credentials. */
void transfer_release(struct fetch_job *job);

#endif
