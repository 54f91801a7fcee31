#include "deed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "action/env.h"
#include "base/clock.h"
#include "base/log.h"
#include "json/parse.h"
#include "json/write.h"
#include "notice.h"
#include "results.h"
#include "verdict.h"

static const struct json_limits item_limits = {
    .max_bytes = KEEPER_TEXT_BYTES_MAX,
    .max_string_bytes = KEEPER_TEXT_BYTES_MAX,
    .max_depth = 64,
    .max_values = 200000,
};

int
deed_begin(struct deed *deed, struct action_call *call, json_t *item, size_t n_steps, struct fault *fault)
{
	*deed = (struct deed){.call = call, .item = item, .n_steps = n_steps};
	deed->steps = calloc(n_steps + 1, sizeof(*deed->steps));
	return deed->steps != NULL && item != NULL ? 0 : result_out_of_memory(fault);
}

/* ---- claiming ---- */

static int
on_item(void *ctx, const struct keeper_item *item)
{
	struct deed *deed = ctx;
	int r = json_parse(item->json, &item_limits, &deed->item, NULL);

	for (size_t i = 0; r == 0 && i < item->n_steps; i++) {
		const struct keeper_step *noted = &item->steps[i];
		struct deed_step *step = noted->step < deed->n_steps ? &deed->steps[noted->step] : NULL;

		if (step == NULL)
			return ERR_CORRUPT;
		step->status = noted->status;
		step->at_wall_ms = noted->at_wall_ms;
		if (noted->detail.len > 0)
			r = json_parse(noted->detail, &item_limits, &step->detail, NULL);
	}
	return r;
}

static int
load(struct deed *deed, const struct keeper_verdict *verdict, struct fault *fault)
{
	struct err err = {.code = ERR_OK};
	int r = keeper_plan_items(deed->call->env->keeper, keeper_claim_plan(deed->claim), 0, 1, on_item, deed, &err);

	if (r == ERR_CANCELLED)
		return fault_set(fault, FAULT_CANCELLED, NULL, "The call was cancelled.");
	if (r < 0 || deed->item == NULL || json_parse(verdict->arguments, &item_limits, &deed->arguments, NULL) < 0)
		return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "The plan could not be read: %s",
				 err.text[0] != '\0' ? err.text : "it is damaged");
	return 0;
}

int
deed_claim(struct deed *deed, struct action_call *call, const char *pair, const char *plan_id, const char *key,
	   size_t n_steps, json_t **result_r, struct fault *fault)
{
	const struct keeper_party party = {.tool = pair, .owner = call->principal->name, .store = call->login.base_url};
	struct keeper_verdict verdict;
	struct err err = {.code = ERR_OK};

	*deed = (struct deed){.call = call, .n_steps = n_steps};
	deed->steps = calloc(n_steps + 1, sizeof(*deed->steps));
	if (deed->steps == NULL)
		return result_out_of_memory(fault);
	if (keeper_plan_claim(call->env->keeper, plan_id, &party, key, clock_wall_ms(), call->pool, &deed->claim,
			      &verdict, &err) < 0)
		return fault_set(fault, FAULT_INTERNAL_ERROR, NULL,
				 "The plan could not be claimed, nothing was changed: %s", err.text);
	if (deed->claim == NULL)
		return verdict_answer(&verdict, result_r, fault);
	deed->is_resumed = verdict.kind == KEEPER_RESUMED;
	snprintf(deed->plan_id, sizeof(deed->plan_id), "%s", plan_id);
	notice_plan(call, plan_id);
	return load(deed, &verdict, fault);
}

/* ---- noting ---- */

static int
write_note(struct deed *deed, size_t step, struct fault *fault)
{
	struct keeper_entry entry = {
	    .step = (uint16_t)step, .status = deed->steps[step].status, .at_wall_ms = deed->steps[step].at_wall_ms};
	struct err err = {.code = ERR_OK};
	struct buf detail;
	int r = 0;

	buf_init(&detail, KEEPER_TEXT_BYTES_MAX);
	if (deed->steps[step].detail != NULL)
		r = json_dump_to(&detail, deed->steps[step].detail);
	entry.detail = buf_slice(&detail);
	if (r == 0)
		r = keeper_journal(deed->claim, &entry, 1, &err);
	buf_fini(&detail);
	if (r == ERR_DENIED)
		return fault_set(fault, FAULT_IDEMPOTENCY_CONFLICT, NULL,
				 "Another call has taken this over. Wait for it, then ask again.");
	if (r < 0)
		return fault_set(fault, FAULT_INTERNAL_ERROR, NULL,
				 "The journal cannot be written, so nothing more was sent: %s", err.text);
	return 0;
}

int
deed_note(struct deed *deed, size_t step, enum keeper_status status, json_t *detail, struct fault *fault)
{
	json_decref(deed->steps[step].detail);
	deed->steps[step] = (struct deed_step){.status = status, .at_wall_ms = clock_wall_ms(), .detail = detail};
	return deed->claim != NULL ? write_note(deed, step, fault) : 0;
}

/* ---- the end ---- */

void
deed_finish(struct deed *deed, bool is_clean, json_t *result)
{
	struct err err = {.code = ERR_OK};
	struct buf text;

	json_object_set_new(result, "replayed", json_false());
	if (deed->claim == NULL)
		return;
	buf_init(&text, KEEPER_TEXT_BYTES_MAX);
	if (json_dump_to(&text, result) < 0 ||
	    keeper_plan_finish(deed->claim, is_clean ? KEEPER_COMPLETED : KEEPER_COMPLETED_WITH_ERRORS,
			       buf_slice(&text), clock_wall_ms(), &err) < 0)
		log_write(LOG_WARN, "end_not_stored", LOG_STR("request_id", deed->call->request_id),
			  LOG_STR("action", deed->call->action->name), LOG_STR("error", err.text), LOG_END);
	buf_fini(&text);
}

void
deed_end(struct deed *deed)
{
	keeper_claim_free(&deed->claim);
	if (deed->plan_id[0] != '\0') {
		notice_plan(deed->call, deed->plan_id);
		notice_plans(deed->call);
	}
	for (size_t i = 0; deed->steps != NULL && i < deed->n_steps; i++)
		json_decref(deed->steps[i].detail);
	free(deed->steps);
	json_decref(deed->arguments);
	json_decref(deed->item);
	*deed = (struct deed){.call = deed->call};
}
