#include "once.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "action/env.h"
#include "base/clock.h"
#include "base/log.h"
#include "json/clone.h"
#include "json/get.h"
#include "json/parse.h"
#include "results.h"

static const struct json_limits result_limits = {
    .max_bytes = KEEPER_TEXT_BYTES_MAX,
    .max_string_bytes = KEEPER_TEXT_BYTES_MAX,
    .max_depth = 64,
    .max_values = 1000000,
};

/* The arguments that make a call the same: all but those that only confirm it.  Keys are sorted. */
static int
digest_params(json_t *params, uint8_t out_r[static KEEPER_DIGEST_LEN])
{
	json_t *bare = json_clone_shallow(params);
	char *text = NULL;
	int r = -1;

	if (bare == NULL)
		return -1;
	json_object_del(bare, "confirm");
	json_object_del(bare, "reason");
	json_object_del(bare, "idempotency_key");
	text = json_dumps(bare, JSON_SORT_KEYS | JSON_COMPACT);
	if (text != NULL && EVP_Digest(text, strlen(text), out_r, NULL, EVP_sha256(), NULL) == 1)
		r = 0;
	free(text);
	json_decref(bare);
	return r;
}

static int
replay(const struct keeper_key_answer *answer, json_t **result_r, struct fault *fault)
{
	if (json_parse(answer->result, &result_limits, result_r, NULL) < 0)
		return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "The stored result of this key cannot be read.");
	return json_object_set_new(*result_r, "replayed", json_true()) == 0 ? 1 : result_out_of_memory(fault);
}

static int
judge(struct once *once, const struct keeper_key_answer *answer, json_t **result_r, struct fault *fault)
{
	switch (answer->kind) {
	case KEEPER_KEY_NEW:
		return 0;
	case KEEPER_KEY_DONE:
		return replay(answer, result_r, fault);
	case KEEPER_KEY_RUNNING:
		return fault_set(fault, FAULT_IDEMPOTENCY_CONFLICT, NULL,
				 "A call with this idempotency_key is running now. Wait for it to end.");
	case KEEPER_KEY_USED:
		return fault_set(fault, FAULT_IDEMPOTENCY_CONFLICT, NULL,
				 "This idempotency_key was used with other arguments. Take a new key.");
	case KEEPER_KEY_INTERRUPTED:
		break;
	}
	once->is_repeat = true;
	snprintf(once->plan_id, sizeof(once->plan_id), "%s", answer->plan_id);
	return 0;
}

int
once_begin(struct once *once, struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	const struct keeper_party party = {
	    .tool = call->action->name, .owner = call->principal->name, .store = call->login.base_url};
	const char *key = json_get_str(params, "idempotency_key", NULL);
	uint8_t digest[KEEPER_DIGEST_LEN];
	struct keeper_key_answer answer;
	struct err err = {.code = ERR_OK};

	memset(once, 0, sizeof(*once));
	once->call = call;
	if (key == NULL)
		return 0;
	if (digest_params(params, digest) < 0)
		return result_out_of_memory(fault);
	if (keeper_key_take(call->env->keeper, &party, key, digest, clock_wall_ms(), call->pool, &once->claim, &answer,
			    &err) < 0) {
		return fault_set(fault, FAULT_INTERNAL_ERROR, NULL,
				 "The idempotency_key could not be looked up, nothing was changed: %s", err.text);
	}
	return judge(once, &answer, result_r, fault);
}

static void
log_failure(const struct once *once, const struct err *err)
{
	log_write(LOG_WARN, "key_not_stored", LOG_STR("request_id", once->call->request_id),
		  LOG_STR("action", once->call->action->name), LOG_STR("error", err->text), LOG_END);
}

void
once_finish(struct once *once, json_t *result)
{
	struct err err = {.code = ERR_OK};
	char *text;

	json_object_set_new(result, "replayed", json_false());
	if (once->claim == NULL)
		return;
	text = json_dumps(result, JSON_COMPACT);
	if (text == NULL)
		err_set(&err, ERR_NOMEM, "out of memory");
	if (text == NULL || keeper_key_finish(once->claim, slice_from_str(text), clock_wall_ms(), &err) < 0)
		log_failure(once, &err);
	free(text);
	keeper_claim_free(&once->claim);
}

void
once_abandon(struct once *once, bool changed_nothing)
{
	struct err err = {.code = ERR_OK};

	if (once->claim == NULL)
		return;
	if (changed_nothing && keeper_key_forget(once->claim, &err) < 0)
		log_failure(once, &err);
	keeper_claim_free(&once->claim);
}
