#include "confirm.h"

#include <string.h>

#include "action/env.h"
#include "audit/redact.h"
#include "guard.h"
#include "json/clone.h"
#include "json/get.h"
#include "results.h"
#include "shapes.h"

#define KEY "confirmation"
#define MESSAGE_MAX 8192
#define PARAMS_SHOWN 2000

bool
confirm_must_ask(const struct action_call *call, const json_t *params)
{
	return (call->action->flags & ACTION_CONFIRM) && !guard_is_confirmed(call, params) &&
	       action_can_ask(call, ACTION_ELICIT_FORM);
}

/* ---- the question ---- */

/* What every tool can say: its title, and what it was called with. */
static int
put_params(const struct action_call *call, json_t *params, struct buf *text)
{
	json_t *bare = json_clone_shallow(params);
	int r = bare != NULL ? 0 : ERR_NOMEM;

	json_object_del(bare, "confirm");
	json_object_del(bare, "reason");
	json_object_del(bare, "idempotency_key");
	buf_put_str(text, call->action->title);
	if (r == 0 && json_object_size(bare) > 0) {
		buf_put_str(text, ": ");
		r = redact_put(text, bare, PARAMS_SHOWN);
	}
	json_decref(bare);
	return r < 0 ? r : text->failed;
}

static int
put_question(struct action_call *call, json_t *params, struct buf *text, struct fault *fault)
{
	if (call->action->question == NULL)
		return put_params(call, params, text) < 0 ? result_out_of_memory(fault) : 0;
	if (call->action->question(call, params, text, fault) < 0)
		return -1;
	return text->failed != 0 ? result_out_of_memory(fault) : 0;
}

static json_t *
form(const struct buf *text)
{
	return json_pack("{s:s, s:{s:s, s:{s:{s:s, s:s, s:s}, s:{s:s, s:s, s:s, s:i, s:i}}, s:[s, s]}}", "message",
			 buf_cstr(text), "requestedSchema", "type", "object", "properties", "confirm", "type",
			 "boolean", "title", "Do it", "description", "Carry out this change in the shop", "reason",
			 "type", "string", "title", "Reason", "description", "Why; goes to the audit log", "minLength",
			 1, "maxLength", (int)shape_reason.max_length, "required", "confirm", "reason");
}

/* ---- the answer ---- */

static int
refuse(const struct action_call *call, const char *what, struct fault *fault)
{
	return fault_set(fault, FAULT_CONFIRMATION_REQUIRED, json_pack("{s:s}", "action", call->action->name),
			 "%s Nothing was changed; a plan stays as it is and can still be carried out.", what);
}

static int
take_answer(struct action_call *call, const json_t *answer, json_t **params, struct fault *fault)
{
	const json_t *content = json_get_object(answer, "content");
	const char *action = json_get_str(answer, "action", "cancel");
	json_t *confirmed;

	if (strcmp(action, "decline") == 0)
		return refuse(call, "The user declined this change.", fault);
	if (strcmp(action, "accept") != 0)
		return refuse(call, "The user dismissed the question without an answer.", fault);
	if (!json_get_bool(content, "confirm", false))
		return refuse(call, "The user declined this change.", fault);
	confirmed = json_clone_shallow(*params);
	if (confirmed == NULL || json_object_set(confirmed, "confirm", json_object_get(content, "confirm")) < 0 ||
	    (json_object_get(content, "reason") != NULL &&
	     json_object_set(confirmed, "reason", json_object_get(content, "reason")) < 0)) {
		json_decref(confirmed);
		return result_out_of_memory(fault);
	}
	json_decref(*params);
	*params = confirmed;
	if (!guard_is_confirmed(call, confirmed))
		return refuse(call, "The user gave no reason for this change.", fault);
	return 0;
}

/* The question may have stood for minutes. */
static int
check_login(struct action_call *call, struct fault *fault)
{
	if (!call->has_login ||
	    login_is_live(call->env->sessions, slice_from_str(call->principal->name), call->login_ref, action_now()))
		return 0;
	return fault_set(fault, FAULT_NOT_AUTHENTICATED, NULL,
			 "The session has ended while the user was asked. Call auth_login.");
}

/* What is kept makes the answer count only with the question's own state: signed, for this very call, and once. */
static int
put_form(struct action_call *call, const struct buf *text, json_t **answers_r, struct fault *fault)
{
	const struct action_question question = {.key = KEY, .kind = ACTION_ELICIT_FORM, .params = form(text)};
	json_t *kept = json_pack("{s:s}", "asked", call->action->name);
	int r;

	if (question.params == NULL || kept == NULL)
		r = result_out_of_memory(fault);
	else
		r = action_ask(call, &question, 1, kept, answers_r, fault);
	json_decref(kept);
	json_decref(question.params);
	return r;
}

static int
ask(struct action_call *call, const struct buf *text, json_t **params, struct fault *fault)
{
	json_t *answers = NULL;
	int r = put_form(call, text, &answers, fault);

	if (r < 0 && fault->code == FAULT_CAPABILITY_MISSING) /* it said that it could, and cannot */
		r = guard_confirm(call, *params, fault);
	else if (r == 0)
		r = take_answer(call, json_get_object(answers, KEY), params, fault);
	json_decref(answers);
	return r == 0 ? check_login(call, fault) : -1;
}

int
confirm_ask(struct action_call *call, json_t **params, struct fault *fault)
{
	struct buf text;
	int r;

	buf_init(&text, MESSAGE_MAX);
	r = put_question(call, *params, &text, fault);
	if (r == 0)
		r = ask(call, &text, params, fault);
	buf_fini(&text);
	return r;
}
