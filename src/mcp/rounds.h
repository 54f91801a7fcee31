/*
 * rounds.h - questions in the modern era: the call ends with them and comes again with the answers (private to mcp/)
 *
 * An answer without requestState counts as long as the action keeps nothing: it says no more than the client could have
 * said in the arguments.  Where something is kept, answers count only together with the state that holds it, which is
 * bound to this request and its caller, and spent by its first use.
 */
#ifndef MCP_ROUNDS_H
#define MCP_ROUNDS_H

#include <jansson.h>

#include "action/peer.h"
#include "rpc/fault.h"

struct mcp_exchange;

/* Judges params.requestState and params.inputResponses.  -1 with the fault to answer with. */
int rounds_open(struct mcp_exchange *x, struct rpc_fault *fault) MUST_CHECK;

/* struct action_peer's ask(); ctx is the exchange. */
int rounds_ask(void *ctx, const struct action_question *questions, size_t n, const json_t *keep, json_t **answers_r,
	       struct fault *fault);

/* Answers with an InputRequiredResult made of FAULT_INPUT_REQUIRED's details. */
void rounds_answer(struct mcp_exchange *x, const struct fault *fault);

#endif
