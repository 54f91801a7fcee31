/*
 * request_state.h - the text that a stateless client carries from a question to its answer
 *
 * VERSION "." KEYID "." base64url(payload) "." base64url(mac).  The mac is over all that stands before it; the payload
 * holds a digest of principal, method and params (without _meta, inputResponses and requestState), an expiry, a nonce
 * and what the action keeps.  It is signed, not hidden: nothing goes in that the client may not read.  Text in, text
 * out: that it is used once is the caller's business, with the nonce.
 *
 * Any worker can open what another has made; a full stop of the server makes it worthless.
 */
#ifndef MCP_REQUEST_STATE_H
#define MCP_REQUEST_STATE_H

#include <jansson.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/rand.h"
#include "base/slice.h"

struct segment_keys;

#define REQUEST_STATE_KEPT_MAX (8 * 1024)
#define REQUEST_STATE_TEXT_MAX (16 * 1024)

/* What a state is good for: this request of this caller, and no other. */
struct request_binding {
	struct slice principal;
	const char *method;
	const json_t *params;
	uint64_t life_ms; /* how long a state is good; one that claims to live longer from now is not */
};

/* Appends the text.  `kept` may be NULL.  ERR_LIMIT: kept is over REQUEST_STATE_KEPT_MAX as text.  ERR_NOMEM. */
int request_state_put(const struct segment_keys *keys, const struct request_binding *binding, const json_t *kept,
		      uint64_t now_wall_ms, struct buf *out) MUST_CHECK;

struct request_state {
	char nonce[RAND_TOKEN_LEN + 1];
	uint64_t left_ms; /* until it expires */
	json_t *kept;	  /* a new reference, or NULL */
};

/*
 * ERR_INVALID: changed, of other keys, of another request or caller.  ERR_TIMEOUT: expired.  ERR_NOMEM.  On failure
 * state_r->kept is NULL.
 */
int request_state_open(const struct segment_keys *keys, const struct request_binding *binding, struct slice text,
		       uint64_t now_wall_ms, struct request_state *state_r) MUST_CHECK;

#endif
