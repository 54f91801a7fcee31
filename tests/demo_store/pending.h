/*
 * Requests whose answer is not sent at once: those that wait for a while, and those a fault answers in pieces, late,
 * wrongly or never.
 *
 * While a request is pending the connection may go away under it; the code here watches for that, so nobody else
 * needs to.
 */
#ifndef DEMO_PENDING_H
#define DEMO_PENDING_H

#include "faults.h"
#include "request.h"

#include <stdbool.h>
#include <sys/queue.h>

struct event_base;
struct evhttp_request;
struct pending;

/* Called when a wait is over; number is the one given to pending_wait(). */
typedef void pending_answer_fn(struct evhttp_request *http, const struct fault *fault, unsigned long number, void *arg);

struct pendings {
	struct event_base *base;
	pending_answer_fn *answer;
	void *arg;
	LIST_HEAD(pending_list, pending) list;
};

void pendings_init(struct pendings *pendings, struct event_base *base, pending_answer_fn *answer, void *arg);

/* Forgets all; their connections and requests belong to the HTTP server again. */
void pendings_fini(struct pendings *pendings);

/* Ends the connections of requests that hang; those that wait, to hang then, will be answered. */
void pendings_drop_hung(struct pendings *pendings);

/* Calls the answer function after ms. -1 if memory is short. */
int pending_wait(struct pendings *pendings, struct evhttp_request *http, const struct fault *fault,
		 unsigned long number, long long ms);

/* True for the faults pending_act() plays. */
bool pending_starts(const struct fault *fault);

/* Plays a fault; the headers of the reply stand in the request already. -1 if memory is short. */
int pending_act(struct pendings *pendings, struct evhttp_request *http, const struct fault *fault,
		const struct reply *reply);

#endif
