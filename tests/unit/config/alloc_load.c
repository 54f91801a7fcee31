/*
 * alloc_load.c - every allocation of loading, rendering, reading back and comparing made to fail in turn
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "torture.h"

static const char text[] =
    "[server]\nlisten = 127.0.0.1:0 [::1]:5\n[auth]\nmode = token\nallowed_base_urls = http://x, https://y\n"
    "[store \"a\"]\nbase_url = http://a\nintegration_token = t\nvarnish_hosts = v:1 w:2\n"
    "[principal \"p\"]\ntoken_sha256 = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nscopes = r "
    "w\n";

struct scenario {
	char path[64];
	char secret_path[64];
};

static int
load(void *ctx)
{
	const struct scenario *files = ctx;
	char variable[128];
	char *env[] = {variable, (char[]){"MAGENTO_MCP_STORE_B_BASE_URL=http://b"}, NULL};
	const char *settings[] = {"store.a.admin_username=u", "store.c.base_url=http://c"};
	struct config_sources src = {.path = files->path, .settings = settings, .n_settings = 2, .environ = env};
	struct config *cfg = NULL, *again = NULL;
	struct buf rendered, changed, restart;
	struct err err;
	int r;

	snprintf(variable, sizeof(variable), "MAGENTO_MCP_STORE_A_ADMIN_PASSWORD_FILE=%s", files->secret_path);
	buf_init_secret(&rendered, CONFIG_RENDERED_MAX);
	buf_init(&changed, 4096);
	buf_init(&restart, 4096);
	r = config_load(&src, &cfg, &err);
	if (r == 0)
		r = config_render(cfg, &rendered);
	if (r == 0)
		r = config_parse_rendered(buf_slice(&rendered), &again, &err);
	if (r == 0)
		r = config_diff(cfg, again, &changed, &restart);
	if (r < 0)
		assert_true(r == ERR_NOMEM || r == ERR_IO);
	buf_fini(&rendered);
	buf_fini(&changed);
	buf_fini(&restart);
	config_free(&cfg);
	config_free(&again);
	return r;
}

static int
describe(void *ctx)
{
	struct buf out;
	int r;

	(void)ctx;
	buf_init(&out, CONFIG_FILE_MAX);
	r = config_describe_sample(&out);
	if (r == 0)
		r = config_describe_man(&out);
	buf_fini(&out);
	return r;
}

static int
find_socket(void *ctx)
{
	const struct scenario *files = ctx;
	struct config_sources src = {.path = files->path};
	struct buf path;
	struct err err;
	int r;

	buf_init(&path, 4096);
	r = config_control_socket(&src, &path, &err);
	buf_fini(&path);
	return r;
}

static void
write_temporary(char *path_r, const char *bytes)
{
	int fd;

	snprintf(path_r, 64, "/tmp/config-test-XXXXXX");
	fd = mkstemp(path_r);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, strlen(bytes)), strlen(bytes));
	close(fd);
}

static void
test_torture(void **state)
{
	struct scenario files;

	(void)state;
	write_temporary(files.path, text);
	write_temporary(files.secret_path, "secret\n");
	torture("config load", load, &files);
	assert_true(torture_failures() > 10);
	torture("config control socket", find_socket, &files);
	assert_true(torture_failures() > 2);
	torture("config describe", describe, NULL);
	assert_true(torture_failures() > 100);
	unlink(files.path);
	unlink(files.secret_path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_torture)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
