/*
 * asking.h - questions in the legacy eras: requests of ours on the stream of a call that waits (private to mcp/)
 *
 * The client's answer is a message of its own, which may reach another worker: the id that is minted for a question
 * names slot and process of the one that waits, and a part that cannot be guessed.  Only the session that was asked, of
 * the same principal, may answer.
 */
#ifndef MCP_ASKING_H
#define MCP_ASKING_H

#include <stdint.h>

#include "action/peer.h"
#include "base/slice.h"

struct frame;
struct mcp_exchange;
struct mcp_server;

#define ASKING_TIMEOUT_MS (10ull * 60 * 1000) /* unless the operator wants it otherwise: a human may be busy */

/*
 * struct action_peer's ask(); ctx is the exchange.  Lets the fiber wait.  An error for an answer, or none in time, is
 * "cancel" to a form or URL; a client that does not know the method has told us wrongly what it can:
 * FAULT_CAPABILITY_MISSING.
 */
int asking_ask(void *ctx, const struct action_question *questions, size_t n, const json_t *keep, json_t **answers_r,
	       struct fault *fault);

/* Serves a POSTed response: 202, whether somebody waits for it or not. */
void asking_serve_response(struct mcp_exchange *x);

/* A response that another worker was given. */
void asking_receive(struct mcp_server *server, const struct frame *frame);

/* Calls that have waited too long go on without an answer. */
void asking_tick(struct mcp_server *server, uint64_t now_mono_ms);

#endif
