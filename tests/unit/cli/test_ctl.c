/*
 * test_ctl.c - magento-mcp ctl against a control socket that this test answers
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "run_cli.h"

#include "cli/cli.h"

struct server {
	struct run_file file;
	char socket_path[64];
	char request[256]; /* of the last client */
	int fd;
};

static void
server_start(struct server *server, const char *more)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	const struct timeval limit = {.tv_sec = 20};
	FILE *f;

	run_file_make(&server->file, "");
	snprintf(server->socket_path, sizeof(server->socket_path), "%s/control.sock", server->file.dir);
	f = fopen(server->file.path, "w");
	assert_non_null(f);
	assert_true(fprintf(f, "[server]\nstate_dir = %s\n%s", server->file.dir, more) > 0);
	assert_int_equal(fclose(f), 0);
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", server->socket_path);
	server->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server->fd, (const struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(server->fd, 1), 0);
	/* accept() must not wait for ever for a client that gave up. */
	assert_int_equal(setsockopt(server->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
}

static void
server_stop(struct server *server)
{
	close(server->fd);
	unlink(server->socket_path);
	run_file_remove(&server->file);
}

/* Takes one client, reads its line, answers in the given parts, closes. */
static void
server_answer(struct server *server, const char *const *parts)
{
	size_t used = 0;
	int fd = accept(server->fd, NULL, NULL);

	assert_true(fd >= 0);
	do {
		ssize_t n = read(fd, server->request + used, sizeof(server->request) - 1 - used);

		assert_true(n > 0);
		used += (size_t)n;
		server->request[used] = '\0';
	} while (strchr(server->request, '\n') == NULL);
	for (; *parts != NULL; parts++)
		assert_int_equal(write(fd, *parts, strlen(*parts)), strlen(*parts));
	close(fd);
}

static void
talk(struct server *server, const char *const *words, const char *const *parts, struct run_cli *run_r)
{
	int fds[2];
	pid_t pid = run_cli_begin(cli_ctl, words, -1, fds);

	server_answer(server, parts);
	run_cli_end(pid, fds, run_r);
}

#define PARTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void
test_requests(void **state)
{
	static const struct {
		const char *words[4];
		const char *request;
	} cases[] = {
	    {{"status"}, "status\n"},
	    {{"status", "--json"}, "status json\n"},
	    {{"reload"}, "reload\n"},
	    {{"reload", "--wait"}, "reload wait\n"},
	    {{"--wait", "stop"}, "stop wait\n"},
	    {{"drain"}, "drain\n"},
	    {{"reopen"}, "reopen\n"},
	};
	static struct run_cli run;
	struct server server;
	size_t i, k;

	(void)state;
	server_start(&server, "");
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		const char *words[8] = {"ctl", "-c", server.file.path};

		for (k = 0; k < 4 && cases[i].words[k] != NULL; k++)
			words[3 + k] = cases[i].words[k];
		talk(&server, words, PARTS("OK\n"), &run);
		assert_string_equal(server.request, cases[i].request);
		assert_int_equal(run.status, 0);
		assert_string_equal(run.out, "");
		assert_string_equal(run.err, "");
	}
	server_stop(&server);
}

static void
test_answers(void **state)
{
	static struct run_cli run;
	struct server server;

	(void)state;
	server_start(&server, "");
	talk(&server, WORDS("ctl", "-c", server.file.path, "status"), PARTS("O", "K\nworkers", " 2\nline\n"), &run);
	assert_int_equal(run.status, 0);
	assert_string_equal(run.out, "workers 2\nline\n");

	talk(&server, WORDS("ctl", "-c", server.file.path, "reload"), PARTS("ERROR reload failed: x\nmore\n"), &run);
	assert_int_equal(run.status, 1);
	assert_string_equal(run.out, "");
	assert_string_equal(run.err, "magento-mcp: reload failed: x\nmore\n");

	talk(&server, WORDS("ctl", "-c", server.file.path, "reload"), PARTS("nonsense\n"), &run);
	assert_int_equal(run.status, 1);
	talk(&server, WORDS("ctl", "-c", server.file.path, "reload"), PARTS("OKAY\n"), &run);
	assert_int_equal(run.status, 1);

	talk(&server, WORDS("ctl", "-c", server.file.path, "reload"), PARTS(NULL), &run);
	assert_int_equal(run.status, 1);
	assert_non_null(strstr(run.err, "without an answer"));
	server_stop(&server);
}

static void
test_no_server(void **state)
{
	static struct run_cli run;
	struct server server;
	char text[256];

	(void)state;
	server_start(&server, "");
	close(server.fd); /* the socket file stays: refused */
	snprintf(text, sizeof(text),
		 "magento-mcp: no server is running at %s; start it with `magento-mcp serve`, or name its "
		 "configuration with -c\n",
		 server.socket_path);
	run_cli(cli_ctl, WORDS("ctl", "-c", server.file.path, "status"), &run);
	assert_int_equal(run.status, 1);
	assert_string_equal(run.err, text);
	unlink(server.socket_path);
	run_cli(cli_ctl, WORDS("ctl", "-c", server.file.path, "status"), &run);
	assert_int_equal(run.status, 1);
	assert_string_equal(run.err, text);
	server.fd = -1;
	server_stop(&server);
}

/* A file that was broken after the start must not keep anybody from the server. */
static void
test_broken_configuration(void **state)
{
	static struct run_cli run;
	struct server server;

	(void)state;
	server_start(&server, "workers = x\nnonsense\n");
	talk(&server, WORDS("ctl", "-c", server.file.path, "reload", "--wait"), PARTS("ERROR x\n"), &run);
	assert_int_equal(run.status, 1);
	assert_string_equal(run.err, "magento-mcp: x\n");
	close(server.fd);
	run_cli(cli_ctl, WORDS("ctl", "-c", server.file.path, "reload"), &run);
	assert_int_equal(run.status, 2);
	assert_non_null(strstr(run.err, "test.conf:4: this is neither a section"));
	server.fd = -1;
	server_stop(&server);
}

static void
test_wrong_usage(void **state)
{
	static struct run_cli run;

	(void)state;
	run_cli(cli_ctl, WORDS("ctl"), &run);
	assert_int_equal(run.status, 2);
	assert_string_equal(run.err, "magento-mcp: write one of status, reload, upgrade, drain, stop, reopen\n");
	run_cli(cli_ctl, WORDS("ctl", "restart"), &run);
	assert_int_equal(run.status, 2);
	assert_string_equal(
	    run.err, "magento-mcp: restart is no command, write one of status, reload, upgrade, drain, stop, reopen\n");
	run_cli(cli_ctl, WORDS("ctl", "status", "--wait"), &run);
	assert_int_equal(run.status, 2);
	assert_string_equal(run.err, "magento-mcp: status takes no --wait\n");
	run_cli(cli_ctl, WORDS("ctl", "reload", "--json"), &run);
	assert_int_equal(run.status, 2);
	run_cli(cli_ctl, WORDS("ctl", "reload", "now"), &run);
	assert_int_equal(run.status, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_requests),	cmocka_unit_test(test_answers),
	    cmocka_unit_test(test_no_server),	cmocka_unit_test(test_broken_configuration),
	    cmocka_unit_test(test_wrong_usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
