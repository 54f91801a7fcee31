/*
 * test_role.c - the process as the supervisor starts it: this binary executes itself as "keeper"
 */
#include "house.h"

#include <fcntl.h>

#include "config/config.h"
#include "keeper/server.h"
#include "shm/heritage.h"

struct child {
	char dir[64];
	char db[96];
	char socket[96];
	int listen_fd;
	int control;
	pid_t pid;
};

static int
seal(const struct child *child)
{
	char setting[128], path[128];
	const char *settings[] = {setting, path};
	const struct config_sources sources = {.settings = settings, .n_settings = 2};
	struct config *cfg = NULL;
	struct buf text;
	struct err err;
	int fd;

	snprintf(setting, sizeof(setting), "server.state_dir=%s", child->dir);
	snprintf(path, sizeof(path), "keeper.path=%s", child->db);
	if (config_load(&sources, &cfg, &err) < 0)
		fail_msg("%s", err.text);
	buf_init_secret(&text, CONFIG_RENDERED_MAX);
	assert_int_equal(config_render(cfg, &text), 0);
	fd = fd_memfd_sealed("test", buf_slice(&text), &err);
	assert_true(fd >= 0);
	buf_fini(&text);
	config_free(&cfg);
	return fd;
}

/* `extra`: one descriptor more than there should be. */
static void
become_keeper(const struct child *child, int config, int control, bool extra)
{
	int parked[3] = {fcntl(control, F_DUPFD_CLOEXEC, 100), fcntl(config, F_DUPFD_CLOEXEC, 100),
			 fcntl(child->listen_fd, F_DUPFD_CLOEXEC, 100)};
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(null_fd, STDERR_FILENO);
	for (int fd = 3; fd < 100; fd++)
		close(fd);
	close_range(110, ~0U, 0); /* what the shell that runs the tests has left open */
	dup2(parked[0], HERITAGE_FD_CONTROL);
	dup2(parked[1], HERITAGE_FD_CONFIG);
	dup2(parked[2], HERITAGE_KEEPER_FD_LISTEN);
	if (extra)
		dup2(parked[2], 20);
	execl("/proc/self/exe", "magento-mcp", "keeper", (char *)NULL);
	_exit(99);
}

static void
child_start(struct child *child, bool extra)
{
	int pair[2], config = seal(child);

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	child->pid = fork();
	assert_true(child->pid >= 0);
	if (child->pid == 0)
		become_keeper(child, config, pair[1], extra);
	close(pair[1]);
	close(config);
	child->control = pair[0];
}

static int
setup(void **state)
{
	struct child *child = calloc(1, sizeof(*child));

	assert_non_null(child);
	room_dir(child->dir, sizeof(child->dir));
	snprintf(child->db, sizeof(child->db), "%s/keeper.db", child->dir);
	snprintf(child->socket, sizeof(child->socket), "%s/keeper.sock", child->dir);
	child->listen_fd = house_listen(child->socket);
	child->control = -1;
	*state = child;
	return 0;
}

static int
child_end(struct child *child)
{
	int status = -1;

	assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
	child->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int
teardown(void **state)
{
	struct child *child = *state;

	if (child->pid > 0) {
		kill(child->pid, SIGKILL);
		waitpid(child->pid, NULL, 0);
	}
	fd_close(&child->control);
	fd_close(&child->listen_fd);
	room_remove(child->dir);
	free(child);
	return 0;
}

static void
hear(const struct child *child, enum control_type type, struct control_message *message)
{
	struct pollfd ready = {.fd = child->control, .events = POLLIN};

	assert_int_equal(poll(&ready, 1, 30000), 1);
	assert_int_equal(fd_recv(child->control, message, sizeof(*message), NULL, NULL), sizeof(*message));
	if (message->type != (uint32_t)type)
		fail_msg("type %u, not %u: %s", message->type, type, message->text);
}

static void
say(const struct child *child, enum control_type type)
{
	const struct control_message message = {.type = type};

	assert_int_equal(fd_send(child->control, &message, sizeof(message), NULL, 0), 0);
}

static void
it_says_ready_beats_and_ends_when_told(void **state)
{
	struct child *child = *state;
	struct control_message message;

	child_start(child, false);
	hear(child, CONTROL_READY, &message);
	hear(child, CONTROL_READY, &message); /* the first beat */
	say(child, CONTROL_STOP);
	assert_int_equal(child_end(child), EXIT_STATUS_OK);
	assert_int_equal(access(child->db, R_OK), 0);
}

static void
it_ends_with_the_supervisor_and_by_term(void **state)
{
	struct child *child = *state;
	struct control_message message;

	child_start(child, false);
	hear(child, CONTROL_READY, &message);
	fd_close(&child->control);
	assert_int_equal(child_end(child), EXIT_STATUS_OK);
	child_start(child, false);
	hear(child, CONTROL_READY, &message);
	kill(child->pid, SIGINT); /* is the supervisor's business */
	kill(child->pid, SIGTERM);
	assert_int_equal(child_end(child), EXIT_STATUS_OK);
}

static void
a_foreign_file_is_refused_for_good(void **state)
{
	struct child *child = *state;
	struct control_message message;
	FILE *file = fopen(child->db, "w");

	assert_non_null(file);
	fputs("a ledger of another kind", file);
	fclose(file);
	child_start(child, false);
	hear(child, CONTROL_FAILED, &message);
	assert_non_null(strstr(message.text, child->db));
	assert_non_null(strstr(message.text, "keeper.path"));
	assert_int_equal(child_end(child), EXIT_STATUS_CONFIG);
}

static void
a_folder_that_is_not_there_may_come(void **state)
{
	struct child *child = *state;
	struct control_message message;

	snprintf(child->db, sizeof(child->db), "%s/sub/keeper.db", child->dir);
	child_start(child, false);
	hear(child, CONTROL_FAILED, &message);
	assert_int_equal(child_end(child), EXIT_STATUS_RETRY);
}

static void
surplus_descriptors_are_refused(void **state)
{
	struct child *child = *state;
	struct control_message message;

	child_start(child, true);
	hear(child, CONTROL_FAILED, &message);
	assert_int_equal(child_end(child), EXIT_STATUS_CONFIG);
}

static void
ask(struct house *h)
{
	struct err err;

	assert_int_equal(house_plan(h, PLAN_1, 3, 100, &err), 0);
}

static void
it_serves_workers(void **state)
{
	struct child *child = *state;
	struct control_message message;
	struct house h;

	memset(&h, 0, sizeof(h));
	snprintf(h.socket, sizeof(h.socket), "%s", child->socket);
	house_connect(&h);
	child_start(child, false); /* the worker was there first */
	house_run(&h, ask);
	house_disconnect(&h);
	hear(child, CONTROL_READY, &message);
	say(child, CONTROL_RETIRE);
	assert_int_equal(child_end(child), EXIT_STATUS_OK);
}

int
main(int argc, char **argv)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(it_says_ready_beats_and_ends_when_told), TEST(it_ends_with_the_supervisor_and_by_term),
	    TEST(a_foreign_file_is_refused_for_good),	  TEST(a_folder_that_is_not_there_may_come),
	    TEST(surplus_descriptors_are_refused),	  TEST(it_serves_workers),
	};

	if (argc == 2 && strcmp(argv[1], "keeper") == 0)
		return keeper_main(argc - 1, argv + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
