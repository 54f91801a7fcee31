/*
 * fault.h - a refusal that an MCP client sees: a stable code, one or two safe sentences, JSON details
 *
 * The codes and their meaning are the tool contract: clients and models act on them, so a code is never renamed.  The
 * message says what is wrong, then what to do; it never holds a stack, SQL, a path, a token or HTML.
 */
#ifndef JSON_FAULT_H
#define JSON_FAULT_H

#include <jansson.h>

#include "base/compiler.h"

enum fault_code {
	FAULT_NONE = 0,
	FAULT_VALIDATION_ERROR,
	FAULT_NOT_AUTHENTICATED,
	FAULT_FORBIDDEN,
	FAULT_NOT_FOUND,
	FAULT_MAGENTO_API_ERROR,
	FAULT_PLAN_NOT_FOUND,
	FAULT_PLAN_EXPIRED,
	FAULT_CONFIRMATION_REQUIRED,
	FAULT_BULK_CAP_EXCEEDED,
	FAULT_RATE_LIMITED,
	FAULT_IDEMPOTENCY_CONFLICT,
	FAULT_FASTLY_API_ERROR,
	FAULT_INTERNAL_ERROR,
	FAULT_ACTION_NOT_FOUND,
	FAULT_CANCELLED, /* never sent: the caller is gone */
	/* Signals to the protocol core, never sent as they are. */
	FAULT_INPUT_REQUIRED,	  /* the client is asked and calls again; details {"inputRequests", "keep"?} */
	FAULT_CAPABILITY_MISSING, /* details {"requiredCapabilities"} */
	FAULT_CODES
};

#define FAULT_MESSAGE_MAX 768

struct fault {
	enum fault_code code;
	char message[FAULT_MESSAGE_MAX];
	json_t *details; /* owned; NULL when there is nothing to add */
};

void fault_init(struct fault *f);
void fault_fini(struct fault *f);

/* Replaces what is there.  `details` is taken (may be NULL).  Always gives -1, so that `return fault_set(...)` reads
 * well. */
COLD int fault_set(struct fault *f, enum fault_code code, json_t *details, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* Moves *from into *to (which is finished first) and leaves *from empty. */
void fault_move(struct fault *to, struct fault *from);

const char *fault_code_name(enum fault_code code); /* "VALIDATION_ERROR" ... */

/* {"error":{"code","message","details"?}}; a new reference, or NULL without memory. */
json_t *fault_to_json(const struct fault *f) MUST_CHECK;

#endif
