#include "commit_ahead.h"

#include <string.h>

#include "action/env.h"
#include "base/secret.h"
#include "results.h"

static void
choose(struct ahead *ahead)
{
	ahead->is_read = false;
	ahead->n = commit_gather(ahead->commit, KEEPER_PENDING, &ahead->at, ahead->steps);
}

void
ahead_init(struct ahead *ahead, struct commit *commit)
{
	memset(ahead, 0, sizeof(*ahead));
	ahead->commit = commit;
	fault_init(&ahead->fault);
	choose(ahead);
}

static void
read_aside(void *ctx)
{
	struct ahead *ahead = ctx;

	if (ahead->commit->ops->read(&ahead->sc, ahead->steps, ahead->n, &ahead->fault) < 0 &&
	    ahead->fault.code == FAULT_NONE)
		result_out_of_memory(&ahead->fault);
	ahead->is_reading = false;
	ahead->is_read = true;
	if (ahead->on_read != NULL)
		ahead->on_read(ahead->ctx);
}

void
ahead_begin(struct ahead *ahead)
{
	struct commit *commit = ahead->commit;

	if (ahead->n == 0 || ahead->is_reading || ahead->is_read || commit->parallel < 2)
		return;
	commit_forget_present(ahead->steps, ahead->n);
	ahead->sc = commit->sc; /* its client goes on using the credentials of the first */
	secret_wipe_bytes(&ahead->sc.credentials, sizeof(ahead->sc.credentials));
	ahead->sc.magento.limits.parallel = 1;
	ahead->is_reading = true;
	if (!aside_start(&ahead->aside, commit->call->env->fibers, read_aside, ahead))
		ahead->is_reading = false;
}

static void
join(struct ahead *ahead)
{
	aside_join(&ahead->aside);
	if (ahead->sc.magento.dead)
		ahead->commit->sc.magento.dead = true;
	ahead->sc.magento.dead = false;
}

int
ahead_take(struct ahead *ahead, struct commit_step **steps_r, size_t *n_r)
{
	struct commit *commit = ahead->commit;

	join(ahead);
	if (commit_check_alive(commit) < 0)
		return -1;
	if (ahead->fault.code != FAULT_NONE)
		return commit_stop(commit, &ahead->fault);
	if (!ahead->is_read && commit_read(commit, ahead->steps, ahead->n) < 0)
		return -1;
	*n_r = ahead->n;
	memcpy(steps_r, ahead->steps, ahead->n * sizeof(struct commit_step *));
	choose(ahead);
	return 0;
}

void
ahead_fini(struct ahead *ahead)
{
	join(ahead);
	fault_fini(&ahead->fault);
}
