/*
 * test_scheduling.c - when a worker lets others finish, and when it does not any more
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/wait.h>
#include <time.h>

#include "../../../src/worker/scheduling.c"

#define PULSE_MS 250

/* One pulse later, after so many sleeps, each of which was followed by a wait for the core. */
static bool
after(struct scheduling *scheduling, uint64_t sleeps, uint64_t wait_us)
{
	struct scheduling_sample now = scheduling->last;

	now.at_ms += PULSE_MS;
	now.sleeps += sleeps;
	now.runs += sleeps;
	now.waited_us += sleeps * wait_us;
	scheduling->is_batch = scheduling_judge(scheduling, &now);
	return scheduling->is_batch;
}

static const uint64_t busy = SCHEDULING_BUSY * PULSE_MS / 1000, quiet = SCHEDULING_QUIET * PULSE_MS / 1000;

static void
test_busy_one_is_batch_until_it_is_quiet(void **state)
{
	struct scheduling scheduling = {.fd = -1};

	(void)state;
	assert_false(after(&scheduling, busy - 1, 0));
	assert_true(after(&scheduling, busy, 5000)); /* what it waited before tells nothing of batch */
	assert_true(after(&scheduling, quiet + 1, SCHEDULING_WAIT_US - 1));
	assert_false(after(&scheduling, quiet, 2 * SCHEDULING_WAIT_US));
	assert_true(after(&scheduling, busy, 0)); /* at once: so few tell nothing of how it would suffer */
}

static void
test_one_that_waits_for_long_is_normal_for_a_while(void **state)
{
	struct scheduling scheduling = {.fd = -1};
	uint64_t until;

	(void)state;
	assert_true(after(&scheduling, busy, 0));
	assert_false(after(&scheduling, busy, SCHEDULING_WAIT_US));
	until = scheduling.last.at_ms + SCHEDULING_HOLD_MS;
	while (scheduling.last.at_ms + PULSE_MS < until)
		assert_false(after(&scheduling, 10 * busy, 0));
	assert_true(after(&scheduling, busy, 0));
}

/* It never slept, so it waited for nobody; or no time has passed. */
static void
test_nothing_to_divide_by(void **state)
{
	struct scheduling scheduling = {.fd = -1};
	struct scheduling_sample again;

	(void)state;
	assert_true(after(&scheduling, busy, 0));
	again = scheduling.last;
	again.waited_us += 1000000;
	assert_true(scheduling_judge(&scheduling, &again));
	assert_false(after(&scheduling, 0, 0));
}

/* Whatever the machine does meanwhile.  One that is over before it has begun is none for the kernel. */
static void
sleep_often(uint64_t n)
{
	const struct timespec shortest = {.tv_nsec = 1};

	for (uint64_t i = 0; i < n; i++)
		assert_int_equal(nanosleep(&shortest, NULL), 0);
}

static int
become_batch_and_normal(void)
{
	struct scheduling scheduling;

	scheduling_open(&scheduling);
	if (scheduling.fd < 0)
		return 1;
	scheduling_pulse(&scheduling, 1000);
	sleep_often(4 * busy);
	scheduling_pulse(&scheduling, 1000 + PULSE_MS);
	if (!scheduling.is_batch || sched_getscheduler(0) != SCHED_BATCH)
		return 2;
	scheduling_pulse(&scheduling, 1000 + 1000 * PULSE_MS); /* in all this time hardly a sleep */
	if (scheduling.is_batch || sched_getscheduler(0) != SCHED_OTHER)
		return 3;
	scheduling_close(&scheduling);
	return scheduling.fd == -1 ? 0 : 4;
}

static int
keep_what_was_chosen(void)
{
	const struct sched_param none = {.sched_priority = 0};
	struct scheduling scheduling;

	if (sched_setscheduler(0, SCHED_IDLE, &none) < 0)
		return 1;
	scheduling_open(&scheduling);
	scheduling_pulse(&scheduling, 1000);
	return scheduling.fd == -1 && sched_getscheduler(0) == SCHED_IDLE ? 0 : 2;
}

/* Of a process of its own: the policy is the process's. */
static int
in_child(int (*fn)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

static void
test_the_kernel_is_told(void **state)
{
	(void)state;
	if (access("/proc/self/schedstat", R_OK) < 0 || sched_getscheduler(0) != SCHED_OTHER)
		skip(); /* the kernel does not tell, or these tests run under another policy */
	assert_int_equal(in_child(become_batch_and_normal), 0);
}

static void
test_a_policy_that_was_chosen_stays(void **state)
{
	(void)state;
	assert_int_equal(in_child(keep_what_was_chosen), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_busy_one_is_batch_until_it_is_quiet),
	    cmocka_unit_test(test_one_that_waits_for_long_is_normal_for_a_while),
	    cmocka_unit_test(test_nothing_to_divide_by),
	    cmocka_unit_test(test_the_kernel_is_told),
	    cmocka_unit_test(test_a_policy_that_was_chosen_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
