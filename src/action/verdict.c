#include "verdict.h"

#include "base/clock.h"
#include "commit_private.h"
#include "json/parse.h"
#include "results.h"

static int
refuse_done(const struct keeper_verdict *verdict, struct fault *fault)
{
	char when[CLOCK_ISO_CAP];

	clock_format_iso(verdict->finished_wall_ms, when);
	return fault_set(fault, FAULT_PLAN_NOT_FOUND, NULL,
			 "This plan was already committed at %s (%s). Prepare a new one.", when,
			 verdict->outcome == KEEPER_COMPLETED ? "completed" : "completed with errors");
}

static int
replay(const struct keeper_verdict *verdict, json_t **result_r, struct fault *fault)
{
	if (json_parse(verdict->result, &commit_limits, result_r, NULL) < 0)
		return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "The stored result of this plan cannot be read.");
	return json_object_set_new(*result_r, "replayed", json_true()) == 0 ? 1 : result_out_of_memory(fault);
}

int
verdict_answer(const struct keeper_verdict *verdict, json_t **result_r, struct fault *fault)
{
	switch (verdict->kind) {
	case KEEPER_DONE:
		return verdict->same_key ? replay(verdict, result_r, fault) : refuse_done(verdict, fault);
	case KEEPER_BUSY:
		return fault_set(fault, FAULT_IDEMPOTENCY_CONFLICT, NULL,
				 "This plan is being committed by another call now. Wait for it to end.");
	case KEEPER_KEY_CONFLICT:
		return fault_set(fault, FAULT_IDEMPOTENCY_CONFLICT, NULL,
				 "This idempotency_key was used for another plan. Take a new key.");
	case KEEPER_EXPIRED:
		return fault_set(fault, FAULT_PLAN_EXPIRED, NULL, "This plan has expired. Prepare a new one.");
	case KEEPER_CLAIMED:
	case KEEPER_RESUMED:
	case KEEPER_NOT_FOUND:
		break;
	}
	return fault_set(fault, FAULT_PLAN_NOT_FOUND, NULL,
			 "There is no such plan for this tool and store. Plans are made by the prepare tool and belong "
			 "to who made them.");
}
