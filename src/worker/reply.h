/*
 * reply.h - what all answers of the MCP endpoint have in common: fields for browsers, refusals as JSON-RPC errors
 */
#ifndef WORKER_REPLY_H
#define WORKER_REPLY_H

#include "http/connection.h"

struct worker;

#define REPLY_FIELDS_MAX 8

struct reply_fields {
	struct http_field items[REPLY_FIELDS_MAX];
	size_t n;
};

/* `value` is borrowed until the answer has been given. */
void reply_add_field(struct reply_fields *fields, const char *name, const char *value);

#define REPLY_RETRY_CAP 12
/* Retry-After, unless after_s is 0.  The text is needed until the answer has been given. */
void reply_add_retry(struct reply_fields *fields, uint32_t after_s, char text_r[static REPLY_RETRY_CAP]);

/* a listed origin may read the answer. */
void reply_add_cors(struct reply_fields *fields, const struct worker *worker, const struct http_request *req);

/* What HTTP refuses: a JSON-RPC error without id, so that every client can show the reason. */
struct refusal {
	int status;
	const char *message;
	int code;	   /* of JSON-RPC; 0: -32600 */
	const char *field; /* one extra header field, or NULL */
	const char *value;
	uint32_t retry_after_s; /* not 0: Retry-After */
};

int refusal_set(struct refusal *refusal, int status, const char *message); /* gives -1 */

/* Answers the request; the caller still has to release it. */
void reply_refuse(const struct worker *worker, struct http_request *req, const struct refusal *refusal);

#endif
