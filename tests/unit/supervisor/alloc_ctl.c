/*
 * alloc_ctl.c - no memory for a control client: he is closed or told so, nothing else
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "supervisor/ctl.h"
#include "supervisor/status.h"
#include "torture.h"

static void
handle(void *ctx, struct ctl_client *client, const struct ctl_request *request)
{
	static struct listeners none;
	struct status_view view = {.version = "1", .state = "running", .listeners = &none, .control_socket = "/c"};
	struct buf body;
	int r;

	(void)request;
	buf_init(&body, 4096);
	r = status_put_json(&body, &view);
	*(int *)ctx = r;
	ctl_answer(client, r == 0, "not enough memory", r == 0 ? buf_slice(&body) : SLICE_NONE);
	buf_fini(&body);
}

static int
ask(void *ctx)
{
	struct ctl c;
	char text[256];
	int pair[2] = {-1, -1};
	int result = ERR_NOMEM;
	ssize_t n;

	(void)ctx;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	ctl_init(&c, handle, &result);
	ctl_take(&c, pair[0], 1);
	assert_int_equal(send(pair[1], "status json\n", 12, 0), 12);
	ctl_client_turn(&c, &c.clients[0], 1);
	assert_int_equal(c.clients[0].fd, -1); /* answered or not, he does not stay */
	n = recv(pair[1], text, sizeof(text), 0);
	if (n > 0 && text[0] == 'E')
		result = ERR_NOMEM;
	if (n == 0)
		result = ERR_CLOSED;
	ctl_fini(&c);
	fd_close(&pair[1]);
	return result;
}

static void
control_client_without_memory(void **state)
{
	(void)state;
	torture("ctl", ask, NULL);
	assert_true(torture_failures() > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(control_client_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
