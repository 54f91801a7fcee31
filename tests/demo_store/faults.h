/*
 * Faults on request: what a shop, or the network before it, does on a bad day. Rules are set through
 * POST /_demo/faults; the first rule whose path prefix and method fit decides about a request.
 */
#ifndef DEMO_FAULTS_H
#define DEMO_FAULTS_H

#include "request.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { FAULTS_MAX = 32, FAULTS_PREFIX_MAX = 256 };

enum fault_mode {
	FAULT_NONE,
	FAULT_STATUS,	   /* a JSON error with the given status */
	FAULT_HTML,	   /* an HTML error page with the given status (503) */
	FAULT_TEXT500,	   /* PHP's plain text 500 */
	FAULT_RETRY_AFTER, /* the given status (429) with a Retry-After header */
	FAULT_EMPTY,	   /* the given status (200) without a body */
	FAULT_GARBAGE,	   /* bytes that are no HTTP, then the end of the connection */
	FAULT_HUGE,	   /* a JSON string of so many bytes, made in pieces */
	FAULT_DRIP,	   /* the true answer, piece by piece with a pause of ms between */
	FAULT_TRUNCATE,	   /* the true answer's header with half its body, then the end of the connection */
	FAULT_HANG,	   /* no answer at all; the connection stays open until the faults are cleared */
	FAULT_RESET,	   /* the connection is reset */
	FAULT_LATENCY	   /* the true answer after ms */
};

struct fault {
	enum fault_mode mode;
	char path_prefix[FAULTS_PREFIX_MAX];
	char method[8]; /* empty: any */
	int status;
	long long ms;
	long long bytes; /* size of a huge body, piece size of a drip */
	long long count; /* requests left; below 0: no end */
	int retry_after_s;
	bool after; /* the request is carried out first; its answer is what goes wrong */
};

struct faults {
	struct fault rules[FAULTS_MAX];
	size_t count;
};

/*
 * Adds a rule from { path_prefix, mode, method?, status?, ms?, bytes?, count?, retry_after?, after? }. Returns what is
 * wrong with it, or NULL.
 */
const char *faults_add(struct faults *faults, const json_t *rule);
void faults_clear(struct faults *faults);

/* The rules still in force. New reference. */
json_t *faults_render(const struct faults *faults);

/* Takes the fault for a request, counting it; mode FAULT_NONE if none fits. */
struct fault faults_take(struct faults *faults, const char *method, const char *uri);

/* True if the handler is to run although the fault is there. */
bool fault_runs_handler(const struct fault *fault);

/* For the modes that are plain answers: fills in the reply and returns true. */
bool fault_set_reply(const struct fault *fault, struct reply *reply);

#endif
