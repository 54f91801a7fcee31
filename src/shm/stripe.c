/*
 * stripe.c - robust process-shared mutexes
 */
#include "shm/stripe.h"

#include <errno.h>

#include "base/err.h"

int
stripe_init(struct stripe *stripe)
{
	pthread_mutexattr_t attr;
	int r;

	if (pthread_mutexattr_init(&attr) != 0)
		return ERR_NOMEM;
	r = pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	if (r == 0)
		r = pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	if (r == 0)
		r = pthread_mutex_init(&stripe->mutex, &attr);
	pthread_mutexattr_destroy(&attr);
	return r == 0 ? 0 : ERR_IO;
}

enum stripe_state
stripe_lock(struct stripe *stripe)
{
	int r = pthread_mutex_lock(&stripe->mutex);

	if (r == EOWNERDEAD)
		return STRIPE_OWNER_DIED;
	/* ENOTRECOVERABLE would mean that somebody unlocked without stripe_repaired(): a bug of ours. */
	must(r == 0);
	return STRIPE_CLEAN;
}

void
stripe_repaired(struct stripe *stripe)
{
	int r = pthread_mutex_consistent(&stripe->mutex);

	must(r == 0);
	atomic_fetch_add_explicit(&stripe->owner_deaths, 1, memory_order_relaxed);
}

void
stripe_unlock(struct stripe *stripe)
{
	int r = pthread_mutex_unlock(&stripe->mutex);

	must(r == 0);
}
