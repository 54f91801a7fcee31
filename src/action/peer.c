#include "action/peer.h"

#include <stdarg.h>
#include <stdio.h>

#include "action/action.h"
#include "base/fiber.h"
#include "results.h"

#define TEXT_MAX 512

/* Is there more to tell than before, and has enough time passed, or is it the end? */
static bool
is_worth_telling(const struct action_call *call, double done, double total, uint64_t now_ms)
{
	if (done <= call->progress_told)
		return false;
	return call->progress_told_ms == 0 || (total > 0 && done >= total) ||
	       now_ms - call->progress_told_ms >= ACTION_PROGRESS_EVERY_MS;
}

void
action_progress(struct action_call *call, double done, double total, const char *fmt, ...)
{
	const struct action_peer *peer = &call->peer;
	uint64_t now_ms = action_now().mono_ms;
	char text[TEXT_MAX];
	va_list ap;

	if (!peer->wants_progress || peer->progress == NULL || !is_worth_telling(call, done, total, now_ms))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	call->progress_told = done;
	call->progress_told_ms = now_ms;
	peer->progress(peer->ctx, done, total, text);
}

void
action_log(struct action_call *call, enum action_log_level level, const char *fmt, ...)
{
	const struct action_peer *peer = &call->peer;
	char text[TEXT_MAX];
	va_list ap;

	if (peer->log == NULL || level < peer->log_from)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	peer->log(peer->ctx, level, text);
}

void
action_let_go(struct action_call *call, uint32_t retry_ms)
{
	if (call->peer.let_go != NULL)
		call->peer.let_go(call->peer.ctx, retry_ms);
}

bool
action_can_ask(const struct action_call *call, enum action_question_kind kind)
{
	return call->peer.ask != NULL && (call->peer.can & kind) != 0;
}

/* ---- asking ---- */

/* A ClientCapabilities object that names what these questions need. */
static json_t *
needed(const struct action_question *questions, size_t n)
{
	json_t *all = json_object(), *modes = json_object();
	int r = all != NULL && modes != NULL ? 0 : -1;

	for (size_t i = 0; r == 0 && i < n; i++) {
		switch (questions[i].kind) {
		case ACTION_ELICIT_FORM:
			r = json_object_set_new(modes, "form", json_object());
			break;
		case ACTION_ELICIT_URL:
			r = json_object_set_new(modes, "url", json_object());
			break;
		case ACTION_SAMPLE:
			r = json_object_set_new(all, "sampling", json_object());
			break;
		case ACTION_LIST_ROOTS:
			r = json_object_set_new(all, "roots", json_object());
			break;
		}
	}
	if (r == 0 && json_object_size(modes) > 0)
		r = json_object_set(all, "elicitation", modes);
	json_decref(modes);
	if (r == 0)
		return all;
	json_decref(all);
	return NULL;
}

static int
refuse_capability(const struct action_question *questions, size_t n, struct fault *fault)
{
	json_t *capabilities = needed(questions, n);

	if (capabilities == NULL)
		return result_out_of_memory(fault);
	return fault_set(fault, FAULT_CAPABILITY_MISSING, json_pack("{s:o}", "requiredCapabilities", capabilities),
			 "This call has to ask the user, and the client has not said that it can.");
}

/* Some will do: the client answers those that it takes. */
static bool
can_ask_any(const struct action_call *call, const struct action_question *questions, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (action_can_ask(call, questions[i].kind))
			return true;
	}
	return false;
}

int
action_ask(struct action_call *call, const struct action_question *questions, size_t n, const json_t *keep,
	   json_t **answers_r, struct fault *fault)
{
	uint64_t asked_ms;
	int r;

	*answers_r = NULL;
	/* The caller is gone, and what could reach it has gone with it. */
	if (fiber_current() != NULL && fiber_is_cancelled(fiber_current()))
		return fault_set(fault, FAULT_CANCELLED, NULL, "The call was cancelled.");
	if (!can_ask_any(call, questions, n))
		return refuse_capability(questions, n, fault);
	asked_ms = action_now().mono_ms;
	r = call->peer.ask(call->peer.ctx, questions, n, keep, answers_r, fault);
	/* A user may think for minutes: the time is not the call's. */
	call->deadline_mono_ms += action_now().mono_ms - asked_ms;
	return r < 0 && fault->code == FAULT_CAPABILITY_MISSING ? refuse_capability(questions, n, fault) : r;
}

const json_t *
action_kept(const struct action_call *call)
{
	return call->peer.kept;
}
