/*
 * alloc_handover.c - no memory for what another program handed over: told, and nothing is kept of it
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "supervisor/handover.h"
#include "torture.h"

static void
handle(void *ctx, struct ctl_client *client, const struct ctl_request *request)
{
	(void)ctx;
	(void)client;
	(void)request;
}

static struct slice
handed_over(int fd, char *text, size_t cap)
{
	int len = snprintf(text, cap,
			   "magento-mcp handover\n"
			   "service started=1 generation=2 table=%d keys=%d config=%d\n"
			   "log fd=%d text=/var/log/a b\n"
			   "control fd=%d inode=3 text=/run/control.sock\n"
			   "keeper fd=%d text=/var/lib/keeper.db\n"
			   "generation index=1 state=%d number=2 config=%d text=/var/log/audit\n",
			   fd, fd, fd, fd, fd, fd, GENERATION_SERVING, fd);

	assert_true(len > 0 && (size_t)len < cap);
	return slice_of(text, (size_t)len);
}

static void
begin(struct house *h)
{
	memset(h, 0, sizeof(*h));
	h->log_fd = h->pending_fd = -1;
	listeners_init(&h->listeners);
	inboxes_init(&h->inboxes);
	keeper_role_init(&h->keeper);
	ctl_init(&h->ctl, handle, h);
}

static int
take_over(void *ctx)
{
	struct house *h = calloc(1, sizeof(*h));
	struct handover_memory memory;
	struct err err = {.code = ERR_OK};
	char text[1024];
	int r;

	if (h == NULL)
		return ERR_NOMEM;
	begin(h);
	r = handover_read(h, handed_over(*(int *)ctx, text, sizeof(text)), &memory, &err);
	if (r == 0) {
		assert_string_equal(h->log_path, "/var/log/a b");
		assert_string_equal(h->ctl.path, "/run/control.sock");
		assert_string_equal(h->keeper.path, "/var/lib/keeper.db");
		assert_ptr_equal(h->serving, &h->generations[1]);
		assert_int_equal(memory.generation, 2);
	} else {
		assert_int_equal(r, ERR_NOMEM);
		assert_non_null(strstr(err.text, "memory"));
	}
	free(h->log_path);
	free(h->control_path);
	free(h->keeper.path);
	free(h);
	return r;
}

static void
test_take_over(void **state)
{
	int fd = dup(STDERR_FILENO);

	(void)state;
	assert_true(fd >= 0);
	torture("take over", take_over, &fd);
	assert_true(torture_failures() >= 4);
	fd_close(&fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_take_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
