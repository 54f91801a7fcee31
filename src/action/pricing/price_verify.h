/*
 * price_verify.h - what became of prices that were sent: the shop is read again, and the values decide (private to the
 * price_*.c files)
 *
 * For writes whose answers are not the whole truth.  A website's price is sent for its default view, and meant for all
 * of its views: whether the shop takes it so is not known before it is seen, so all of them are looked at.
 *
 * Runs in: worker, on a fiber.
 */
#ifndef ACTION_PRICE_VERIFY_H
#define ACTION_PRICE_VERIFY_H

#include "pricing_private.h"

/* One step on its way. */
struct price_job {
	struct commit_step *step;
	int64_t store_id;
	json_t *values; /* owned: present values with the targets over them */
	bool is_over;	/* it has its error */
	bool by_put;	/* what the lists cannot do */
};

/* Nothing is known to be wrong with it. */
bool price_job_is_open(const struct price_job *job);

/* The first field of a step that `found` does not have as it should be; NULL: all are. */
const char *price_difference(const struct commit_step *step, const json_t *found);

/* Some field is to be null. */
bool price_job_clears(const struct price_job *job);

/* The job is over with an error. */
void price_job_fail(struct price_job *job, enum fault_code code, const char *text);

/*
 * Judges the jobs that are open.  A job whose values are not there fails, or gets by_put where a PUT may help.  `stray`
 * is an error of the shop that named no row, "" for none.  When the reading fails nobody knows: the steps are in doubt,
 * and the commit reads again.
 */
void price_verify(struct store_client *sc, struct price_job *jobs, size_t n, const char *stray);

#endif
