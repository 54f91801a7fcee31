/*
 * commit_send.c - one request per step: what an answer, or none, says about a write
 */
#include <stdlib.h>

#include "commit.h"

static void
take_answer(struct commit_step *step, struct magento_reply *reply, struct fault *fault, commit_check_fn check)
{
	step->in_doubt = reply->in_doubt;
	/* What a proxy says of a request it has passed on does not end it. */
	step->answered = reply->status != 0 && reply->status != 502 && reply->status != 503 && reply->status != 504;
	step->status = KEEPER_UPDATED;
	if (fault->code != FAULT_NONE) {
		fault_move(&step->fault, fault);
		step->status = KEEPER_ERROR;
	} else if (check != NULL && check(step, reply->body, &step->fault) < 0) {
		step->status = KEEPER_ERROR;
		step->in_doubt = false;
	}
}

void
commit_send(struct store_client *sc, struct commit_step *const *steps, const struct magento_request *requests, size_t n,
	    commit_check_fn check)
{
	struct magento_reply *replies = calloc(n + 1, sizeof(*replies));
	struct fault *faults = calloc(n + 1, sizeof(*faults));

	for (size_t i = 0; replies != NULL && faults != NULL && i < n; i++) {
		magento_reply_init(&replies[i]);
		fault_init(&faults[i]);
	}
	if (replies == NULL || faults == NULL) {
		for (size_t i = 0; i < n; i++) {
			fault_set(&steps[i]->fault, FAULT_INTERNAL_ERROR, NULL, "Out of memory. Try again later.");
			steps[i]->status = KEEPER_ERROR;
		}
	} else {
		int failed = magento_call_many(&sc->magento, requests, n, replies, faults);

		(void)failed; /* each answer tells */
	}
	for (size_t i = 0; replies != NULL && faults != NULL && i < n; i++) {
		take_answer(steps[i], &replies[i], &faults[i], check);
		magento_reply_fini(&replies[i]);
		fault_fini(&faults[i]);
	}
	free(replies);
	free(faults);
}
