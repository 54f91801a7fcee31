/*
 * test_outlet.c - lines to a client that reads when it likes
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>
#include <fcntl.h>

#include "base/fd.h"
#include "outlet.h"

struct pipe_end {
	struct event_base *base;
	struct outlet outlet;
	int read_fd;
	int write_fd;
	unsigned n_less;
	unsigned n_broken;
};

static void
on_less(void *ctx)
{
	struct pipe_end *end = ctx;

	end->n_less++;
}

static void
on_broken(void *ctx)
{
	struct pipe_end *end = ctx;

	end->n_broken++;
}

static void
open_end(struct pipe_end *end)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	*end = (struct pipe_end){.read_fd = fds[0], .write_fd = fds[1], .base = event_base_new()};
	end->outlet = (struct outlet){.on_less = on_less, .on_broken = on_broken, .ctx = end};
	assert_int_equal(outlet_open(&end->outlet, end->base, end->write_fd), 0);
}

static void
close_end(struct pipe_end *end)
{
	outlet_close(&end->outlet);
	event_base_free(end->base);
	fd_close(&end->read_fd);
	fd_close(&end->write_fd);
}

static void
turn(struct pipe_end *end)
{
	assert_true(event_base_loop(end->base, EVLOOP_NONBLOCK) >= 0);
}

static size_t
read_some(struct pipe_end *end, char *out, size_t cap)
{
	ssize_t n = read(end->read_fd, out, cap);

	return n > 0 ? (size_t)n : 0;
}

static void
lines_go_out_at_once(void **state)
{
	struct pipe_end end;
	char got[64];

	(void)state;
	open_end(&end);
	outlet_write(&end.outlet, SLICE_LIT("{1}"));
	outlet_write(&end.outlet, SLICE_LIT("{2}"));
	assert_int_equal(outlet_waiting(&end.outlet), 0);
	assert_int_equal(read_some(&end, got, sizeof(got)), 8);
	assert_memory_equal(got, "{1}\n{2}\n", 8);
	close_end(&end);
}

/* What does not fit waits, in order, and is told of as it goes. */
static void
what_waits_keeps_its_order(void **state)
{
	static char line[10000], got[8 * sizeof(line)];
	struct pipe_end end;
	size_t n = 0, total = 0;

	(void)state;
	open_end(&end);
	for (; outlet_waiting(&end.outlet) < 3 * sizeof(line); n++) {
		memset(line, (int)('a' + n % 26), sizeof(line));
		outlet_write(&end.outlet, slice_of(line, sizeof(line)));
	}
	turn(&end);
	assert_int_equal(end.n_less, 0); /* the pipe is full */
	for (size_t at = 0; total < n * (sizeof(line) + 1);) {
		size_t len = read_some(&end, got, sizeof(got));

		for (size_t i = 0; i < len; i++, at++) {
			size_t in_line = at % (sizeof(line) + 1);

			assert_int_equal(got[i],
					 in_line == sizeof(line) ? '\n' : (char)('a' + at / (sizeof(line) + 1) % 26));
		}
		total += len;
		turn(&end);
	}
	assert_true(end.n_less > 0);
	assert_int_equal(outlet_waiting(&end.outlet), 0);
	close_end(&end);
}

static void
the_end_of_the_reader_shows(void **state)
{
	struct pipe_end end;

	(void)state;
	open_end(&end);
	fd_close(&end.read_fd);
	turn(&end);
	assert_int_equal(end.n_broken, 1);
	outlet_write(&end.outlet, SLICE_LIT("{1}"));
	assert_int_equal(outlet_waiting(&end.outlet), 0);
	assert_int_equal(end.n_broken, 1);
	close_end(&end);
}

static void
the_end_of_the_reader_shows_in_a_write(void **state)
{
	struct pipe_end end;

	(void)state;
	open_end(&end);
	fd_close(&end.read_fd);
	outlet_write(&end.outlet, SLICE_LIT("{1}"));
	assert_true(end.outlet.is_broken);
	turn(&end);
	assert_int_equal(end.n_broken, 1);
	close_end(&end);
}

/* Half a line would spoil all that follow. */
static void
too_much_ends_the_output(void **state)
{
	static char line[16 * 1024 * 1024];
	struct pipe_end end;

	(void)state;
	memset(line, 'x', sizeof(line));
	open_end(&end);
	for (size_t i = 0; i <= OUTLET_MAX / sizeof(line) && !end.outlet.is_broken; i++)
		outlet_write(&end.outlet, slice_of(line, sizeof(line)));
	assert_true(end.outlet.is_broken);
	assert_int_equal(end.n_broken, 1);
	assert_int_equal(outlet_waiting(&end.outlet), 0);
	close_end(&end);
}

static void
never_opened(void **state)
{
	struct outlet outlet = {.fd = -1};

	(void)state;
	outlet_close(&outlet);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_go_out_at_once),	   cmocka_unit_test(what_waits_keeps_its_order),
	    cmocka_unit_test(the_end_of_the_reader_shows), cmocka_unit_test(the_end_of_the_reader_shows_in_a_write),
	    cmocka_unit_test(too_much_ends_the_output),	   cmocka_unit_test(never_opened),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
