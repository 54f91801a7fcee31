/*
 * test_states.c - both tables are complete, and the steps that matter are the ones we mean
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "supervisor/states.h"

/*
 * A forgotten row of the table would read {NONE, FREE}: allowed only where it is meant, in the row FREE itself.  So no
 * other state may reach FREE but by giving its process up.
 */
static void
every_worker_pair_is_defined(void **state)
{
	int s, e;

	(void)state;
	for (s = 0; s < WORKER_STATES; s++) {
		for (e = 0; e < WORKER_EVENTS; e++) {
			struct worker_step step = states_worker((enum worker_state)s, (enum worker_event)e);

			assert_in_range(step.action, 0, WORKER_ACTIONS - 1);
			assert_in_range(step.next, 0, WORKER_STATES - 1);
			if (s != WORKER_FREE && step.next == WORKER_FREE)
				assert_true(step.action == WORKER_RELEASE || step.action == WORKER_GIVE_UP);
			if (step.action == WORKER_BUG)
				assert_int_equal(step.next, s);
			if (step.action == WORKER_SPAWN)
				assert_int_equal(step.next, WORKER_STARTING);
			if (step.action == WORKER_RESPAWN)
				assert_int_equal(step.next, WORKER_WAITING);
		}
	}
}

static void
every_service_pair_is_defined(void **state)
{
	int s, e;

	(void)state;
	for (s = 0; s < SERVICE_STATES; s++) {
		for (e = 0; e < SERVICE_EVENTS; e++) {
			struct service_step step = states_service((enum service_state)s, (enum service_event)e);

			assert_in_range(step.action, 0, SERVICE_ACTIONS - 1);
			assert_in_range(step.next, 0, SERVICE_STATES - 1);
			if (s != SERVICE_STARTING && step.next == SERVICE_STARTING)
				fail_msg("state %d goes back to STARTING on event %d", s, e);
			if (step.action == SERVICE_BUG)
				assert_int_equal(step.next, s);
		}
	}
}

static void
names_are_there(void **state)
{
	int s;

	(void)state;
	for (s = 0; s < WORKER_STATES; s++)
		assert_non_null(states_worker_name((enum worker_state)s));
	for (s = 0; s < SERVICE_STATES; s++)
		assert_non_null(states_service_name((enum service_state)s));
}

/* Whatever is told to end ends: from each state with a process KILL leads to CUT, and death from there to FREE. */
static void
kill_always_ends_a_worker(void **state)
{
	int s;

	(void)state;
	for (s = WORKER_STARTING; s < WORKER_STATES; s++) {
		struct worker_step step = states_worker((enum worker_state)s, WORKER_EV_KILL);

		assert_int_equal(step.next, WORKER_CUT);
	}
	assert_int_equal(states_worker(WORKER_CUT, WORKER_EV_EXIT).next, WORKER_FREE);
	assert_int_equal(states_worker(WORKER_WAITING, WORKER_EV_KILL).next, WORKER_FREE);
}

/* Exit status 2 never leads to another start. */
static void
refused_is_never_respawned(void **state)
{
	int s;

	(void)state;
	for (s = WORKER_STARTING; s < WORKER_STATES; s++)
		assert_int_equal(states_worker((enum worker_state)s, WORKER_EV_REFUSED).next, WORKER_FREE);
}

/* A hung worker: abort, then kill, then a new one. */
static void
hung_worker_is_replaced(void **state)
{
	struct worker_step step;

	(void)state;
	step = states_worker(WORKER_READY, WORKER_EV_STALE);
	assert_int_equal(step.action, WORKER_ABORT);
	assert_int_equal(step.next, WORKER_HUNG);
	step = states_worker(step.next, WORKER_EV_DEADLINE);
	assert_int_equal(step.action, WORKER_KILL);
	assert_int_equal(step.next, WORKER_DOOMED);
	step = states_worker(step.next, WORKER_EV_EXIT);
	assert_int_equal(step.action, WORKER_RESPAWN);
	step = states_worker(step.next, WORKER_EV_DUE);
	assert_int_equal(step.action, WORKER_SPAWN);
}

/* A worker that retires is not replaced, however it dies. */
static void
retiring_worker_is_released(void **state)
{
	(void)state;
	assert_int_equal(states_worker(WORKER_READY, WORKER_EV_RETIRE).action, WORKER_RETIRE);
	assert_int_equal(states_worker(WORKER_RETIRING, WORKER_EV_EXIT).action, WORKER_RELEASE);
	assert_int_equal(states_worker(WORKER_RETIRING, WORKER_EV_DEADLINE).action, WORKER_KILL);
	assert_int_equal(states_worker(WORKER_RETIRING, WORKER_EV_STOP).action, WORKER_STOP);
}

/* A failed reload always ends in RUNNING, wherever it failed. */
static void
failed_reload_goes_on_running(void **state)
{
	(void)state;
	assert_int_equal(states_service(SERVICE_CHECKING, SERVICE_EV_CHECK_FAILED).next, SERVICE_RUNNING);
	assert_int_equal(states_service(SERVICE_ROOM, SERVICE_EV_CHECK_FAILED).next, SERVICE_RUNNING);
	assert_int_equal(states_service(SERVICE_ROLLING, SERVICE_EV_GEN_FAILED).action, SERVICE_DISCARD);
	assert_int_equal(states_service(SERVICE_ROLLING, SERVICE_EV_GEN_FAILED).next, SERVICE_RUNNING);
}

static void
second_term_means_now(void **state)
{
	struct service_step step;
	int s;

	(void)state;
	for (s = SERVICE_STARTING; s <= SERVICE_ROLLING; s++) {
		step = states_service((enum service_state)s, SERVICE_EV_STOP);
		assert_int_equal(step.action, SERVICE_RETIRE_ALL);
		step = states_service(step.next, SERVICE_EV_STOP);
		assert_int_equal(step.action, SERVICE_STOP_ALL);
		step = states_service(step.next, SERVICE_EV_STOP);
		assert_int_equal(step.action, SERVICE_KILL_ALL);
		assert_int_equal(states_service(step.next, SERVICE_EV_EMPTY).next, SERVICE_ENDED);
	}
}

static void
reloads_are_coalesced(void **state)
{
	int s;

	(void)state;
	for (s = SERVICE_CHECKING; s <= SERVICE_ROLLING; s++) {
		assert_int_equal(states_service((enum service_state)s, SERVICE_EV_RELOAD).action, SERVICE_REMEMBER);
		assert_int_equal(states_service((enum service_state)s, SERVICE_EV_RELOAD).next, s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_worker_pair_is_defined),
	    cmocka_unit_test(every_service_pair_is_defined),
	    cmocka_unit_test(names_are_there),
	    cmocka_unit_test(kill_always_ends_a_worker),
	    cmocka_unit_test(refused_is_never_respawned),
	    cmocka_unit_test(hung_worker_is_replaced),
	    cmocka_unit_test(retiring_worker_is_released),
	    cmocka_unit_test(failed_reload_goes_on_running),
	    cmocka_unit_test(second_term_means_now),
	    cmocka_unit_test(reloads_are_coalesced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
