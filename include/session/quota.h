/*
 * quota.h - how often something may happen, counted over all workers
 *
 * Names are the caller's ("calls:PRINCIPAL", "purge:STORE"); only their keyed hashes are stored.  Quota records are
 * never evicted; when the table has no room for a new one the answer is ERR_FULL, not a pass.
 *
 * Runs in: worker, stdio.
 */
#ifndef SESSION_QUOTA_H
#define SESSION_QUOTA_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/slice.h"
#include "session/sessions.h"

/*
 * Takes one of `limit` per window; windows begin with the first taking.  ERR_LIMIT: used up, and *retry_after_ms_r
 * (may be NULL) says when the window ends.  ERR_FULL.  limit 0 means never.
 */
int quota_take(struct sessions *s, struct slice name, uint32_t limit, uint64_t window_ms, uint64_t now_ms,
	       uint64_t *retry_after_ms_r) MUST_CHECK;

/*
 * Guard against locking an admin account: Magento locks it for 30 minutes after six failures, so we stop at
 * limits.login_failures in any limits.login_failure_window_ms (a sliding window, exact).  An attempt is counted before
 * it is made, so that attempts at the same moment on several workers cannot slip through together, and settled when its
 * outcome is known.
 */
#define LOGIN_GUARD_MAX 5 /* limits.login_failures is cut to this: one below Magento's own limit */

enum login_guard_outcome {
	LOGIN_GUARD_REFUSED,   /* the shop said no: stays counted */
	LOGIN_GUARD_SUCCEEDED, /* clears the account */
	LOGIN_GUARD_UNKNOWN    /* never reached the shop: the attempt is taken back */
};

/*
 * `account` is base URL and user name.  0: go on, then settle with the *ticket_r.  ERR_LIMIT: too many, try again
 * after *retry_after_ms_r (may be NULL).  ERR_FULL.
 */
int login_guard_begin(struct sessions *s, struct slice account, uint64_t now_ms, uint64_t *ticket_r,
		      uint64_t *retry_after_ms_r) MUST_CHECK;
void login_guard_settle(struct sessions *s, struct slice account, uint64_t now_ms, uint64_t ticket,
			enum login_guard_outcome outcome);

/*
 * Spends a one-time value: 0 for exactly one caller, ERR_EXISTS for every other until `lifetime_ms` is over.
 * ERR_FULL: no room; treat it as a refusal.
 */
int nonce_spend(struct sessions *s, struct slice nonce, uint64_t lifetime_ms, uint64_t now_ms) MUST_CHECK;

#endif
