/*
 * alloc_segment.c - making and attaching while memory runs out
 */
#include "fixture.h"

#include <unistd.h>

#include "torture.h"

static int
make_and_attach(void *ctx)
{
	const struct segment_config config = {64, 64};
	struct segment_keys *keys = NULL, *keys2 = NULL;
	struct segment *seg = NULL, *seg2 = NULL;
	struct table *tab = NULL;
	struct err err;
	int fd = -1, keys_fd = -1;
	int r;

	(void)ctx;
	r = segment_keys_create(&keys, &err);
	if (r == 0)
		r = segment_create(&config, keys, &seg, &err);
	if (r == 0)
		r = table_new(seg, keys, &tab);
	if (r == 0) {
		keys_fd = dup(segment_keys_fd(keys));
		r = segment_keys_attach(keys_fd, &keys2, &err);
	}
	if (r == 0) {
		keys_fd = -1;
		fd = dup(segment_fd(seg));
		r = segment_attach(fd, &seg2, &err);
	}
	if (r == 0)
		fd = -1;
	table_free(&tab);
	segment_free(&seg2);
	segment_free(&seg);
	segment_keys_free(&keys2);
	segment_keys_free(&keys);
	if (fd >= 0)
		close(fd);
	if (keys_fd >= 0)
		close(keys_fd);
	return r;
}

static void
test_make_and_attach(void **state)
{
	(void)state;
	torture("make and attach", make_and_attach, NULL);
	assert_true(torture_failures() >= 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_make_and_attach),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
