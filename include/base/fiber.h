/*
 * fiber.h - straight-line code that can wait: small coroutines on pooled stacks
 *
 * A fiber runs on its own stack (FIBER_STACK_BYTES, a guard page below it) until it ends or suspends.  Only the
 * dispatcher starts fibers, and a call that does two things side by side one more; only fetch, keeper, timer, ask and
 * the end of that other one suspend them.  Every suspension is resumed exactly once, also on cancellation.  Fibers
 * never move between threads or processes.  Sanitizers and valgrind know the stacks.
 *
 * The protocol of waiting, for code that offers a blocking-looking call:
 *
 *	struct fiber_wait wait;
 *	fiber_wait_init(&wait, on_cancel, ctx);
 *	start the operation; its completion calls fiber_wait_done(&wait)
 *	r = fiber_wait_for(&wait);       0, or ERR_CANCELLED
 *
 * When fiber_wait_for() returns, the operation has either completed (0) or been stopped by on_cancel (ERR_CANCELLED),
 * never both and never neither:
 *
 *	completed before	0 at once, without a switch, on a cancelled fiber too: what was done is not denied
 *	cancelled before	on_cancel(ctx) is called there and then, ERR_CANCELLED without a switch
 *	cancelled meanwhile	on_cancel(ctx) is called on the canceller's stack, then the fiber is resumed
 *
 * on_cancel must stop the operation so that it completes no more; if it completes it instead, the result is 0.  With
 * on_cancel NULL the wait cannot be cut short: cancellation takes effect at the next wait.
 *
 * Resuming is nested.  Whoever calls fiber_start(), fiber_wait_done() or fiber_cancel(), be it the main stack or a
 * fiber, lets the other fiber run on top of itself, and goes on when that one suspends or ends.  So a completion may be
 * called from anywhere, and the fiber it resumes may be gone when the call returns.
 */
#ifndef BASE_FIBER_H
#define BASE_FIBER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

#define FIBER_STACK_BYTES (128 * 1024)

struct fiber;
struct fiber_pool;

/* NULL when there is no memory.  fiber_pool_free: no fiber may be alive. */
struct fiber_pool *fiber_pool_new(size_t max_fibers, size_t max_idle_stacks);
void fiber_pool_free(struct fiber_pool **pool);
size_t fiber_pool_alive(const struct fiber_pool *pool);

/*
 * Runs fn(arg) on a fiber, at once, until it first suspends or ends.  ERR_FULL when max_fibers are alive, ERR_NOMEM
 * when no stack can be had.  *fiber_r (may be NULL) is set before fn runs and is valid until fn returns, which may be
 * before fiber_start() does.
 */
int fiber_start(struct fiber_pool *pool, void (*fn)(void *arg), void *arg, struct fiber **fiber_r) MUST_CHECK;

struct fiber *fiber_current(void); /* NULL on the main stack */

/* The current fiber's stack holds secrets: it goes back to the kernel when the fiber ends.  Nothing on the main stack.
 */
void fiber_forget(void);

/*
 * Asks a fiber to stop: its present wait (if any) and every later one for something that has not completed return
 * ERR_CANCELLED.  Harmless when repeated.  A fiber that waits is resumed at once and may have ended when this returns;
 * for one that does not wait (the current one, or one below it) only the flag is set.
 */
void fiber_cancel(struct fiber *fiber);
bool fiber_is_cancelled(const struct fiber *fiber);

struct fiber_wait {
	struct fiber *fiber; /* the one that waits; NULL while nobody does */
	void (*on_cancel)(void *ctx);
	void *ctx;
	bool done;
	bool waiting;
};

void fiber_wait_init(struct fiber_wait *wait, void (*on_cancel)(void *ctx), void *ctx);
int fiber_wait_for(struct fiber_wait *wait) MUST_CHECK; /* on a fiber only */
void fiber_wait_done(struct fiber_wait *wait);		/* anywhere, once; resumes the waiter if it waits */

#endif
