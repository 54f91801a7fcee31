/*
 * question.h - what a server may ask a client, and what counts as an answer; the same in both eras (private to mcp/)
 */
#ifndef MCP_QUESTION_H
#define MCP_QUESTION_H

#include <jansson.h>
#include <stdbool.h>

#include "action/peer.h"
#include "mcp/protocol.h"

#define QUESTIONS_MAX 16 /* asked together; more is a bug */

const char *question_method(enum action_question_kind kind);

/*
 * The params as the revision wants them: a form has its mode since 2025-11-25, a URL its elicitationId in that revision
 * only.  A new reference, or NULL without memory.
 */
json_t *question_params(const struct action_question *question, enum mcp_protocol protocol);

/*
 * Whether `answer` is a result of the right shape, and, for a form that was accepted, whether its content fits
 * requestedSchema: required members are there, known ones have their type and keep its bounds, unknown
 * ones are ignored.
 */
bool question_is_answered(const struct action_question *question, const json_t *answer);

#endif
