/*
 * test_fiber.c - starting, waiting, nesting, cancelling, stacks
 *
 * Each test writes what happens into a trace and compares the whole.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/fiber.h"
#include "expect_abort.h"

struct job {
	const char *name;
	struct fiber *fiber;
	struct fiber_wait wait;
	struct fiber_wait *also_done; /* completed by on_cancel */
	bool is_stopped;
	int result;
	int result_2;
	struct job *other;
	struct fiber_pool *pool;
};

static char trace[4096];

static void
note(const char *what)
{
	size_t len = strlen(trace);

	snprintf(trace + len, sizeof(trace) - len, "%s ", what);
}

static int
setup(void **test_state)
{
	trace[0] = '\0';
	*test_state = fiber_pool_new(2000, 4);
	return *test_state == NULL ? -1 : 0;
}

static int
teardown(void **test_state)
{
	struct fiber_pool *pool = *test_state;

	if (fiber_pool_alive(pool) > 0)
		return -1;
	fiber_pool_free(&pool);
	return fiber_current() == NULL ? 0 : -1;
}

static void
start(struct fiber_pool *pool, void (*fn)(void *arg), struct job *job)
{
	int r = fiber_start(pool, fn, job, &job->fiber);

	assert_int_equal(r, 0);
}

static void
stop(void *ctx)
{
	struct job *job = ctx;

	note("stop");
	job->is_stopped = true;
	if (job->also_done != NULL)
		fiber_wait_done(job->also_done);
}

static int
wait_once(struct job *job)
{
	fiber_wait_init(&job->wait, stop, job);
	return fiber_wait_for(&job->wait);
}

/* ---- Starting and waiting ---------------------------------------------------------------------------------------- */

static void
no_wait(void *arg)
{
	struct job *job = arg;

	assert_ptr_equal(fiber_current(), job->fiber);
	note(job->name);
}

static void
test_runs_at_once_and_ends(void **test_state)
{
	struct job job = {.name = "ran"};

	assert_null(fiber_current());
	start(*test_state, no_wait, &job);
	assert_null(fiber_current());
	assert_string_equal(trace, "ran ");
	assert_int_equal(fiber_pool_alive(*test_state), 0);
}

static void
wait_twice(void *arg)
{
	struct job *job = arg;

	note(job->name);
	job->result = wait_once(job);
	note(job->name);
	job->result_2 = wait_once(job);
	note(job->name);
}

static void
test_order(void **test_state)
{
	struct job a = {.name = "a"}, b = {.name = "b"};

	start(*test_state, wait_twice, &a);
	start(*test_state, wait_twice, &b);
	note("main");
	fiber_wait_done(&b.wait);
	fiber_wait_done(&a.wait);
	note("main");
	assert_int_equal(fiber_pool_alive(*test_state), 2);
	fiber_wait_done(&a.wait);
	fiber_wait_done(&b.wait);
	assert_string_equal(trace, "a b main b a main a b ");
	assert_int_equal(a.result | a.result_2 | b.result | b.result_2, 0);
}

static void
complete_then_wait(void *arg)
{
	struct job *job = arg;

	fiber_wait_init(&job->wait, stop, job);
	fiber_wait_done(&job->wait);
	job->result = fiber_wait_for(&job->wait);
	note(job->name);
}

static void
test_completion_before_wait_does_not_switch(void **test_state)
{
	struct job job = {.name = "done", .result = 1};

	start(*test_state, complete_then_wait, &job);
	assert_int_equal(job.result, 0);
	assert_int_equal(fiber_pool_alive(*test_state), 0);
	assert_string_equal(trace, "done ");
}

/* ---- Nesting ----------------------------------------------------------------------------------------------------- */

static void
complete_other(void *arg)
{
	struct job *job = arg;

	note("x1");
	fiber_wait_done(&job->other->wait);
	assert_ptr_equal(fiber_current(), job->fiber);
	note("x2");
	job->result = wait_once(job);
	note("x3");
}

static void
test_completion_on_a_fiber_is_nested(void **test_state)
{
	struct job a = {.name = "a"}, x = {.other = &a};

	start(*test_state, wait_twice, &a);
	start(*test_state, complete_other, &x); /* a runs on top of x until its second wait */
	assert_string_equal(trace, "a x1 a x2 ");
	fiber_wait_done(&a.wait);
	fiber_wait_done(&x.wait);
	assert_string_equal(trace, "a x1 a x2 a x3 ");
}

static void
end_other(void *arg)
{
	struct job *job = arg;

	job->result = wait_once(job);
	fiber_wait_done(&job->other->wait); /* the other ends here, on top of us */
	note(job->name);
}

static void
test_chain_of_nested_ends(void **test_state)
{
	struct job jobs[50] = {{.name = "0"}};

	start(*test_state, wait_twice, &jobs[0]);
	fiber_wait_done(&jobs[0].wait);
	for (int i = 1; i < 50; i++) {
		jobs[i].name = i == 49 ? "last" : "";
		jobs[i].other = &jobs[i - 1];
		start(*test_state, end_other, &jobs[i]);
	}
	trace[0] = '\0';
	fiber_wait_done(&jobs[49].wait);
	assert_int_equal(fiber_pool_alive(*test_state), 0);
	assert_memory_equal(trace, "0 ", 2);
	assert_string_equal(trace + strlen(trace) - 5, "last ");
}

static void
start_inside(void *arg)
{
	struct job *job = arg;

	note("out");
	start(job->pool, wait_twice, job->other);
	assert_ptr_equal(fiber_current(), job->fiber);
	note("out");
}

static void
test_start_on_a_fiber(void **test_state)
{
	struct job inner = {.name = "in"}, outer = {.other = &inner, .pool = *test_state};

	start(*test_state, start_inside, &outer);
	assert_int_equal(fiber_pool_alive(*test_state), 1);
	fiber_wait_done(&inner.wait);
	fiber_wait_done(&inner.wait);
	assert_string_equal(trace, "out in out in in ");
}

/* The fiber that waits last is completed by one that it is itself below of: only noted, then found done. */
static void
completes_the_one_below(void *arg)
{
	struct job *job = arg;

	fiber_wait_done(&job->other->wait);
	fiber_cancel(job->other->fiber);
	note("top");
}

static void
start_completer(void *arg)
{
	struct job *job = arg;
	struct job top = {.other = job};

	fiber_wait_init(&job->wait, stop, job);
	start(job->pool, completes_the_one_below, &top);
	job->result = fiber_wait_for(&job->wait);
	job->result_2 = wait_once(job);
}

static void
test_completion_and_cancel_of_a_fiber_below(void **test_state)
{
	struct job job = {.pool = *test_state, .result = 1};

	start(*test_state, start_completer, &job);
	assert_int_equal(job.result, 0); /* it had completed */
	assert_int_equal(job.result_2, ERR_CANCELLED);
	assert_string_equal(trace, "top stop ");
}

/* ---- Cancelling -------------------------------------------------------------------------------------------------- */

static void
test_cancel_while_waiting(void **test_state)
{
	struct job job = {.name = "a"};

	start(*test_state, wait_twice, &job);
	assert_false(fiber_is_cancelled(job.fiber));
	fiber_cancel(job.fiber);
	assert_int_equal(job.result, ERR_CANCELLED);
	assert_int_equal(job.result_2, ERR_CANCELLED); /* and later waits too, each with its operation stopped */
	assert_string_equal(trace, "a stop a stop a ");
	assert_int_equal(fiber_pool_alive(*test_state), 0);
}

static void
cancel_self(void *arg)
{
	struct job *job = arg;

	fiber_cancel(job->fiber);
	fiber_cancel(job->fiber);
	assert_true(fiber_is_cancelled(fiber_current()));
	note("still");
	job->result = wait_once(job);
}

static void
test_cancel_the_current(void **test_state)
{
	struct job job = {0};

	start(*test_state, cancel_self, &job);
	assert_int_equal(job.result, ERR_CANCELLED);
	assert_string_equal(trace, "still stop ");
}

static void
cancel_other(void *arg)
{
	struct job *job = arg;

	note("x");
	fiber_cancel(job->other->fiber);
	note("x");
}

static void
test_cancel_from_a_fiber(void **test_state)
{
	struct job a = {.name = "a"}, x = {.other = &a};

	start(*test_state, wait_twice, &a);
	start(*test_state, cancel_other, &x);
	assert_string_equal(trace, "a x stop a stop a x ");
	assert_int_equal(a.result, ERR_CANCELLED);
}

static void
test_on_cancel_may_complete(void **test_state)
{
	struct job job = {.name = "a"};

	job.also_done = &job.wait;
	start(*test_state, wait_twice, &job);
	fiber_cancel(job.fiber);
	assert_int_equal(job.result, 0);
	assert_int_equal(job.result_2, 0);
	assert_string_equal(trace, "a stop a stop a ");
}

static void
wait_uncancellable(void *arg)
{
	struct job *job = arg;

	fiber_wait_init(&job->wait, NULL, NULL);
	job->result = fiber_wait_for(&job->wait);
	job->result_2 = wait_once(job);
}

static void
test_wait_that_cannot_be_cut_short(void **test_state)
{
	struct job job = {.result = 1};

	start(*test_state, wait_uncancellable, &job);
	fiber_cancel(job.fiber);
	fiber_cancel(job.fiber);
	assert_int_equal(job.result, 1); /* it waits on */
	fiber_wait_done(&job.wait);
	assert_int_equal(job.result, 0);
	assert_int_equal(job.result_2, ERR_CANCELLED);
	assert_string_equal(trace, "stop ");
}

static void
cancel_again_from_stop(void *ctx)
{
	struct job *job = ctx;

	note("stop");
	fiber_cancel(job->fiber);
}

static void
wait_with_repeated_cancel(void *arg)
{
	struct job *job = arg;

	fiber_wait_init(&job->wait, cancel_again_from_stop, job);
	job->result = fiber_wait_for(&job->wait);
}

static void
test_cancel_repeated_within_on_cancel(void **test_state)
{
	struct job job = {0};

	start(*test_state, wait_with_repeated_cancel, &job);
	fiber_cancel(job.fiber);
	assert_int_equal(job.result, ERR_CANCELLED);
	assert_string_equal(trace, "stop ");
}

static void
test_reused_fiber_is_not_cancelled(void **test_state)
{
	struct job a = {.name = "a"}, b = {.name = "b"};

	start(*test_state, wait_twice, &a);
	fiber_cancel(a.fiber);
	start(*test_state, wait_twice, &b);
	assert_ptr_equal(b.fiber, a.fiber); /* the parked stack */
	assert_false(fiber_is_cancelled(b.fiber));
	fiber_wait_done(&b.wait);
	fiber_wait_done(&b.wait);
	assert_int_equal(b.result | b.result_2, 0);
}

/* ---- Many, and deep ---------------------------------------------------------------------------------------------- */

#define MANY 1000

static void
sum_up(void *arg)
{
	struct job *job = arg;
	char local[512];

	memset(local, job->result, sizeof(local));
	for (int round = 0; round < 3; round++) {
		int r = wait_once(job);

		assert_int_equal(r, 0);
		for (size_t i = 0; i < sizeof(local); i++)
			assert_int_equal(local[i], (char)job->result);
		job->result_2++;
	}
}

static void
test_a_thousand_alive(void **test_state)
{
	struct job *jobs = calloc(MANY, sizeof(*jobs));

	assert_non_null(jobs);
	for (int i = 0; i < MANY; i++) {
		jobs[i].result = i % 100;
		start(*test_state, sum_up, &jobs[i]);
	}
	assert_int_equal(fiber_pool_alive(*test_state), MANY);
	for (int i = 0; i < MANY; i++) /* 7 and 1000 have no common divisor: every job once, in another order */
		fiber_wait_done(&jobs[i * 7 % MANY].wait);
	for (int i = MANY - 1; i >= 0; i--)
		fiber_wait_done(&jobs[i].wait);
	assert_int_equal(fiber_pool_alive(*test_state), MANY);
	for (int i = 0; i < MANY; i++)
		fiber_wait_done(&jobs[i].wait);
	assert_int_equal(fiber_pool_alive(*test_state), 0);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(jobs[i].result_2, 3);
	free(jobs);
}

static void
test_limits(void **test_state)
{
	struct fiber_pool *pool = fiber_pool_new(2, 0);
	struct job jobs[3] = {{.name = "a"}, {.name = "b"}, {.name = "c"}};
	int r;

	(void)test_state;
	assert_non_null(pool);
	start(pool, wait_twice, &jobs[0]);
	start(pool, wait_twice, &jobs[1]);
	r = fiber_start(pool, wait_twice, &jobs[2], NULL);
	assert_int_equal(r, ERR_FULL);
	fiber_cancel(jobs[0].fiber);
	start(pool, wait_twice, &jobs[2]);
	fiber_cancel(jobs[1].fiber);
	fiber_cancel(jobs[2].fiber);
	fiber_pool_free(&pool);
	assert_null(pool);
	fiber_pool_free(&pool);
}

#define FRAME_BYTES 1024

/* Not a tail call, and every byte of the frame is used before and after the switch. */
static unsigned dig(struct job *job, int depth) __attribute__((noinline));

static unsigned
dig(struct job *job, int depth)
{
	volatile unsigned char frame[FRAME_BYTES];
	unsigned sum = 0;

	for (int i = 0; i < FRAME_BYTES; i++)
		frame[i] = (unsigned char)(depth + i);
	if (depth == 0)
		job->result = wait_once(job);
	else
		sum = dig(job, depth - 1);
	for (int i = 0; i < FRAME_BYTES; i++)
		sum += frame[i] == (unsigned char)(depth + i);
	return sum;
}

static void
dig_deep(void *arg)
{
	struct job *job = arg;

	job->result_2 = (int)dig(job, 49); /* 50 frames; sanitizers make each about twice as large */
}

static void
test_deep_stack(void **test_state)
{
	for (int round = 0; round < 3; round++) {
		struct job a = {0}, b = {0};

		start(*test_state, dig_deep, &a);
		start(*test_state, dig_deep, &b);
		fiber_wait_done(&a.wait);
		fiber_wait_done(&b.wait);
		assert_int_equal(a.result_2, 50 * FRAME_BYTES);
		assert_int_equal(b.result_2, 50 * FRAME_BYTES);
	}
}

static void
dig_through(void *arg)
{
	struct job *job = arg;

	job->result_2 = (int)dig(job, 100000);
}

static void
overflow(void *arg)
{
	struct job job = {0};

	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, SIG_DFL);
	if (fiber_start(arg, dig_through, &job, NULL) == 0)
		_exit(0);
}

/*
 * Asks the kernel to read from one page after the other below this frame until it refuses.  syscall() keeps the
 * sanitizer out of it, which has a view of its own about the bytes there.
 */
static void
find_guard(void *arg)
{
	struct job *job = arg;
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	uintptr_t at = here / page * page;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	while (syscall(SYS_write, ends[1], at, 1L) == 1)
		at -= page;
	assert_int_equal(errno, EFAULT);
	close(ends[0]);
	close(ends[1]);
	job->result_2 = (int)(here - at);
	job->result = wait_once(job);
}

/* Several at once: without guard pages the stacks would lie one below the other without a gap. */
static void
test_guard_is_where_the_stack_ends(void **test_state)
{
	struct job jobs[8] = {{0}};
	int page = (int)sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
		start(*test_state, find_guard, &jobs[i]);
	for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
		fiber_wait_done(&jobs[i].wait);
		assert_true(jobs[i].result_2 > FIBER_STACK_BYTES - page);
		assert_true(jobs[i].result_2 <= FIBER_STACK_BYTES + page);
	}
}

/* The guard page, not the memory of a neighbour.  A sanitizer may turn the signal into an exit of its own. */
static void
test_overflow_dies(void **test_state)
{
	const struct rlimit no_core = {0, 0};
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);

		dup2(quiet, STDERR_FILENO);
		setrlimit(RLIMIT_CORE, &no_core);
		overflow(*test_state);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
	if (WIFSIGNALED(status))
		assert_int_equal(WTERMSIG(status), SIGSEGV);
}

/* ---- Secrets ----------------------------------------------------------------------------------------------------- */

static void
tell_place(void *arg)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	*(uintptr_t *)arg = here - here % (uintptr_t)sysconf(_SC_PAGESIZE);
}

static void
tell_place_and_forget(void *arg)
{
	tell_place(arg);
	fiber_forget();
}

static bool
is_mapped(uintptr_t page)
{
	unsigned char resident;

	return mincore((void *)page, 1, &resident) == 0;
}

/* A stack is kept for the next fiber, unless it held secrets. */
static void
test_forget(void **test_state)
{
	struct fiber_pool *pool = *test_state;
	uintptr_t place = 0;

	assert_int_equal(fiber_start(pool, tell_place, &place, NULL), 0);
	assert_true(is_mapped(place));
	assert_int_equal(fiber_start(pool, tell_place_and_forget, &place, NULL), 0);
	assert_false(is_mapped(place));
	assert_int_equal(fiber_start(pool, tell_place, &place, NULL), 0);
	assert_true(is_mapped(place));
	fiber_forget();
}

/* ---- Misuse ------------------------------------------------------------------------------------------------------ */

static void
wait_on_main_stack(void *arg)
{
	struct fiber_wait wait;
	int r;

	(void)arg;
	fiber_wait_init(&wait, NULL, NULL);
	r = fiber_wait_for(&wait);
	_exit(r == 0 ? 0 : 1);
}

static void
complete_twice(void *arg)
{
	struct fiber_wait wait;

	(void)arg;
	fiber_wait_init(&wait, NULL, NULL);
	fiber_wait_done(&wait);
	fiber_wait_done(&wait);
}

static void
free_while_alive(void *arg)
{
	struct fiber_pool *pool = arg;
	struct job job = {.name = "a"};

	start(pool, wait_twice, &job);
	fiber_pool_free(&pool);
}

static void
cancel_ended(void *arg)
{
	struct job job = {.name = "a"};

	start(arg, no_wait, &job);
	fiber_cancel(job.fiber);
}

static void
test_misuse_aborts(void **test_state)
{
	expect_abort(wait_on_main_stack, NULL);
	expect_abort(complete_twice, NULL);
	expect_abort(free_while_alive, *test_state);
	expect_abort(cancel_ended, *test_state);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_runs_at_once_and_ends),
	    TEST(test_order),
	    TEST(test_completion_before_wait_does_not_switch),
	    TEST(test_completion_on_a_fiber_is_nested),
	    TEST(test_chain_of_nested_ends),
	    TEST(test_start_on_a_fiber),
	    TEST(test_completion_and_cancel_of_a_fiber_below),
	    TEST(test_cancel_while_waiting),
	    TEST(test_cancel_the_current),
	    TEST(test_cancel_from_a_fiber),
	    TEST(test_on_cancel_may_complete),
	    TEST(test_wait_that_cannot_be_cut_short),
	    TEST(test_cancel_repeated_within_on_cancel),
	    TEST(test_reused_fiber_is_not_cancelled),
	    TEST(test_a_thousand_alive),
	    TEST(test_limits),
	    TEST(test_deep_stack),
	    TEST(test_guard_is_where_the_stack_ends),
	    TEST(test_overflow_dies),
	    TEST(test_forget),
	    TEST(test_misuse_aborts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
