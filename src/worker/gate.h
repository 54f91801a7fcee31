/*
 * gate.h - what belongs to HTTP is judged before MCP is asked: limits of the address, and then in the order of R-013
 * path, Host and Origin, method, caller and his limits, media types
 *
 * All of it is known from the head, so a request that is refused is refused before its body is read.
 */
#ifndef WORKER_GATE_H
#define WORKER_GATE_H

#include <stdbool.h>

#include "auth/principal.h"
#include "http/connection.h"
#include "reply.h"

#define GATE_ALLOW "GET, POST, DELETE, OPTIONS"

struct worker;

/* What the gate learned of whom it let in. */
struct gate_pass {
	const struct principal *principal; /* held by the one who was let in; NULL for OPTIONS and metadata */
	bool wants_metadata;		   /* of this server as an OAuth resource */
	bool takes_json;		   /* */
	bool takes_events;
};

/* 0, or -1 with *refusal_r.  The worker's counter of refused callers goes up where that was the reason. */
int gate_judge(const struct worker *worker, struct http_request *req, struct gate_pass *pass_r,
	       struct refusal *refusal_r);

bool gate_is_param(struct slice name); /* Mcp-Param-* */

#endif
