/*
 * test_stripe.c - a lock whose owner died is inherited, again and again until somebody repaired
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shm/stripe.h"

static void
die_with_lock(struct stripe *stripe)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		enum stripe_state got = stripe_lock(stripe);

		(void)got;
		kill(getpid(), SIGKILL);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

static void
test_inherited_lock(void **state)
{
	struct stripe *stripe = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(stripe, MAP_FAILED);
	assert_int_equal(stripe_init(stripe), 0);
	assert_int_equal(stripe_lock(stripe), STRIPE_CLEAN);
	stripe_unlock(stripe);
	die_with_lock(stripe);
	die_with_lock(stripe); /* inherited and not repaired */
	assert_int_equal(stripe_lock(stripe), STRIPE_OWNER_DIED);
	stripe_repaired(stripe);
	stripe_unlock(stripe);
	assert_int_equal(stripe_lock(stripe), STRIPE_CLEAN);
	stripe_unlock(stripe);
	assert_int_equal(stripe->owner_deaths, 1);
	munmap(stripe, 4096);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_inherited_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
