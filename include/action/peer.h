/*
 * peer.h - what the caller's side offers to an action while it runs: progress, log lines, questions to the user
 *
 * The protocol core fills it in; an action never sees a stream or a message.  All of it is optional: a client that
 * cannot show progress is told nothing, one that cannot be asked makes action_can_ask() false.
 *
 * Two ways of asking hide behind action_ask().  A legacy session keeps its call open: the fiber waits until the answers
 * have come.  The stateless era ends the call with the questions (FAULT_INPUT_REQUIRED, which the action passes on like
 * any other fault) and the client calls again with the answers: the action then runs from its beginning, and the same
 * action_ask() returns at once.  So what comes before a question must be repeatable: it reads, it never writes.  Only
 * the answers of the last round come back; what an earlier round has learnt is handed to `keep` and found in
 * action_kept() by the next run.
 *
 * Runs in: worker, stdio; on the call's fiber.
 */
#ifndef ACTION_PEER_H
#define ACTION_PEER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "json/fault.h"

struct action_call;

enum action_log_level {
	ACTION_LOG_DEBUG,
	ACTION_LOG_INFO,
	ACTION_LOG_NOTICE,
	ACTION_LOG_WARNING,
	ACTION_LOG_ERROR,
	ACTION_LOG_CRITICAL,
	ACTION_LOG_ALERT,
	ACTION_LOG_EMERGENCY,
	ACTION_LOG_NONE /* as a threshold: nothing is wanted */
};

enum action_question_kind {
	ACTION_ELICIT_FORM = 1 << 0, /* elicitation/create: message, requestedSchema */
	ACTION_ELICIT_URL = 1 << 1,
	ACTION_SAMPLE = 1 << 2,	   /* sampling/createMessage */
	ACTION_LIST_ROOTS = 1 << 3 /* roots/list */
};

struct action_question {
	const char *key; /* unique among those asked together */
	enum action_question_kind kind;
	json_t *params; /* borrowed; of the request, without jsonrpc and id; an object */
};

/* As the protocol core fills it; all zero: nothing is offered. */
struct action_peer {
	unsigned can; /* kinds of questions that this client takes: action_question_kind bits */
	enum action_log_level log_from;
	bool wants_progress;
	const json_t *kept; /* borrowed; NULL in the first round */
	void (*progress)(void *ctx, double done, double total, const char *text);
	void (*log)(void *ctx, enum action_log_level level, const char *text);
	int (*ask)(void *ctx, const struct action_question *questions, size_t n, const json_t *keep, json_t **answers_r,
		   struct fault *fault);
	/* The stream of the answer ends here, and the client comes back for the rest of it after `retry_ms`. */
	void (*let_go)(void *ctx, uint32_t retry_ms);
	void *ctx;
};

#define ACTION_PROGRESS_EVERY_MS 500

/*
 * How far the work is: "120 of 300 products updated".  Passed on when it is more than before, at most every
 * ACTION_PROGRESS_EVERY_MS, and always when done equals total.
 */
void action_progress(struct action_call *call, double done, double total, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* One line for the client's user.  No credentials, personal data or internals. */
void action_log(struct action_call *call, enum action_log_level level, const char *fmt, ...) PRINTF_LIKE(3, 4);

/*
 * Gives the client's connection free: what is told from now on, and the result, are kept until it comes back for them,
 * after about `retry_ms`.  Nothing happens where it could not come back.
 */
void action_let_go(struct action_call *call, uint32_t retry_ms);

bool action_can_ask(const struct action_call *call, enum action_question_kind kind);

/*
 * Asks n questions at once.  0 with an object {key: result} in *answers_r (a new reference; every key is there and an
 * object; an elicitation's result is {"action":"accept"|"decline"|"cancel","content"?} and accepted content has the
 * types of requestedSchema).  -1 with *fault: FAULT_INPUT_REQUIRED (pass it on), FAULT_CAPABILITY_MISSING (the client
 * takes no such question; pass it on, or do without), FAULT_CANCELLED, FAULT_VALIDATION_ERROR (an answer of the wrong
 * shape), FAULT_INTERNAL_ERROR.  `keep` may be NULL.
 */
int action_ask(struct action_call *call, const struct action_question *questions, size_t n, const json_t *keep,
	       json_t **answers_r, struct fault *fault) MUST_CHECK;

const json_t *action_kept(const struct action_call *call);

#endif
