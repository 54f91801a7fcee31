/*
 * fake_house.h - a real supervisor with fake workers, for the tests that need processes
 *
 * The test binary plays all parts, by argv: "serve DIR" runs house_run(), "worker N" is a worker that only says READY
 * and beats, "check" reads and renders the configuration as the real one does.  How a worker behaves is the word in
 * DIR/mode at the moment it starts:
 *
 *   good      READY, then as it is told
 *   crash     exits 1 before READY
 *   refuse    CONTROL_FAILED, exits 2
 *   mute      never READY
 *   stubborn  READY, ignores RETIRE
 *   panic     READY, leaves last words and aborts at SIGUSR1
 *
 * Nothing sleeps for luck: tests poll for a condition until FAKE_LIMIT_MS.
 */
#ifndef FAKE_HOUSE_H
#define FAKE_HOUSE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "supervisor/house.h"
#include "supervisor/spawn.h"

extern char **environ;

#define FAKE_LIMIT_MS 30000
#define FAKE_TEXT_MAX (256 * 1024)
#define FAKE_PIDS_MAX BOARD_ROWS
#define FAKE_NO_STORE "; no store yet: name one in the configuration, then reload"
#define FAKE_READY_MS 3000

struct fake_house {
	char dir[64];
	pid_t pid;		  /* of the supervisor; -1 when it was reaped */
	int passed_fd;		  /* given to the supervisor as LISTEN_FDS; -1 = none */
	int notify_fd;		  /* bound datagram socket DIR/notify */
	char text[FAKE_TEXT_MAX]; /* last answer or file */
};

/* ---- The part of a worker ---- */

static inline void
fake_read_mode(char mode_r[static 32])
{
	char path[128];
	int fd;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/mode", getenv("FAKE_DIR"));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, mode_r, 31) : 0;
	mode_r[n > 0 ? n : 0] = '\0';
	fd_close(&fd);
}

static inline void
fake_say(enum control_type type, const char *text)
{
	struct control_message message = {.type = type};

	(void)snprintf(message.text, sizeof(message.text), "%s", text);
	if (fd_send(HERITAGE_FD_CONTROL, &message, sizeof(message), NULL, 0) < 0)
		_exit(9);
}

/* Obeys until told to end. */
static inline int
fake_obey(struct board_row *row, bool stubborn)
{
	struct pollfd p = {.fd = HERITAGE_FD_CONTROL, .events = POLLIN};
	struct control_message message;
	int fds[FD_PASS_MAX];
	size_t n_fds;
	int r;

	for (;;) {
		board_heartbeat(row, clock_mono_ms());
		if (poll(&p, 1, 100) <= 0)
			continue;
		r = fd_recv(HERITAGE_FD_CONTROL, &message, sizeof(message), fds, &n_fds);
		if (r == ERR_AGAIN)
			continue;
		if (r != (int)sizeof(message) || message.type == CONTROL_STOP)
			return 0;
		if (message.type == CONTROL_RETIRE && !stubborn)
			return 0;
		if (message.type == CONTROL_REOPEN && n_fds > 0 && (message.value & CONTROL_REOPEN_LOG) != 0)
			(void)dprintf(fds[0], "worker %u writes here\n", message.slot);
	}
}

static struct board_row *fake_row;

static inline void
fake_panic(int sig)
{
	void *frames[] = {fake_obey, fake_say};

	(void)sig;
	board_write_last_words(fake_row, "the sky fell", frames, 2);
	abort();
}

static inline int
fake_worker(const char *slot)
{
	struct control_message hello;
	struct segment *segment = NULL;
	struct err err;
	char mode[32];
	int culprit;

	fake_read_mode(mode);
	if (fd_recv(HERITAGE_FD_CONTROL, &hello, sizeof(hello), NULL, NULL) != (int)sizeof(hello) ||
	    hello.type != CONTROL_HELLO || hello.slot != (uint32_t)atoi(slot))
		return 3;
	if (!fd_only_open_below((int)(HERITAGE_FD_LISTEN + hello.n_listeners + hello.n_admin), &culprit))
		return 4;
	if (strcmp(mode, "crash") == 0)
		return 1;
	if (strcmp(mode, "refuse") == 0) {
		fake_say(CONTROL_FAILED, "no such shop");
		return 2;
	}
	if (segment_attach(HERITAGE_FD_TABLE, &segment, &err) < 0)
		return 5;
	fake_row = board_claim_row(segment, hello.slot, getpid(), hello.generation, clock_mono_ms());
	board_add(fake_row, BOARD_REQUESTS, 1);
	(void)signal(SIGUSR1, fake_panic);
	if (strcmp(mode, "mute") != 0)
		fake_say(CONTROL_READY, "");
	culprit = fake_obey(fake_row, strcmp(mode, "stubborn") == 0);
	segment_free(&segment);
	return culprit;
}

/* ---- The part of the keeper ---- */

/* DIR/keeper says how it behaves: good, crash, refuse, stubborn (does not end when told). */
static inline int
fake_keeper(void)
{
	struct pollfd p = {.fd = HERITAGE_FD_CONTROL, .events = POLLIN};
	struct control_message message;
	char path[128], mode[32] = "";
	ssize_t n;
	int fd, r;

	for (fd = 0; fd < 64; fd++) {
		bool open_wanted =
		    fd <= HERITAGE_FD_CONTROL || fd == HERITAGE_FD_CONFIG || fd == HERITAGE_KEEPER_FD_LISTEN;

		if ((fcntl(fd, F_GETFD) >= 0) != open_wanted)
			return 4;
	}
	(void)snprintf(path, sizeof(path), "%s/keeper", getenv("FAKE_DIR"));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, mode, sizeof(mode) - 1) : 0;
	mode[n > 0 ? n : 0] = '\0';
	fd_close(&fd);
	if (strcmp(mode, "crash") == 0)
		return 1;
	if (strcmp(mode, "refuse") == 0) {
		fake_say(CONTROL_FAILED, "keeper.db is a photograph");
		return 2;
	}
	for (;;) {
		fake_say(CONTROL_READY, "");
		if (poll(&p, 1, 100) <= 0)
			continue;
		r = fd_recv(HERITAGE_FD_CONTROL, &message, sizeof(message), NULL, NULL);
		if (r == 0 || r == ERR_CLOSED)
			return 0;
		if (r == (int)sizeof(message) && message.type == CONTROL_STOP && strcmp(mode, "stubborn") != 0)
			return 0;
	}
}

/* ---- The part of `check` ---- */

static inline int
fake_check(int argc, char **argv)
{
	struct config_sources sources = {0};
	struct config *cfg = NULL;
	struct buf text;
	struct err err;
	int i, status = 0;

	for (i = 2; i + 1 < argc; i++) {
		if (strcmp(argv[i], "-c") == 0)
			sources.path = argv[i + 1];
	}
	if (config_load(&sources, &cfg, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	buf_init_secret(&text, CONFIG_RENDERED_MAX);
	if (config_render(cfg, &text) < 0 || write(3, text.ptr, text.len) != (ssize_t)text.len)
		status = 1;
	buf_fini(&text);
	config_free(&cfg);
	return status;
}

/* ---- The part of the supervisor ---- */

static inline int
fake_serve(const char *dir, char *const *argv)
{
	char path[128];
	struct config_sources sources = {.path = path, .environ = environ};
	char installed[160];
	const struct house_options options = {.sources = &sources,
					      .name = "magento-mcp",
					      .exe = SPAWN_EXE,
					      .ready_limit_ms = FAKE_READY_MS,
					      .installed = installed,
					      .argv = argv};
	char pid[16];

	(void)snprintf(installed, sizeof(installed), "%s/program", dir);

	(void)snprintf(path, sizeof(path), "%s/conf", dir);
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	if (getenv("LISTEN_FDS") != NULL)
		(void)setenv("LISTEN_PID", pid, 1);
	return house_run(&options);
}

/* What main() begins with: gives -1 when the binary runs as a test. */
static inline int
fake_main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "serve") == 0)
		return fake_serve(argv[2], argv);
	if (argc == 3 && strcmp(argv[1], "worker") == 0)
		return fake_worker(argv[2]);
	if (argc == 2 && strcmp(argv[1], "keeper") == 0)
		return fake_keeper();
	if (argc >= 2 && strcmp(argv[1], "check") == 0)
		return fake_check(argc, argv);
	return -1;
}

/* ---- The part of the test ---- */

static inline void
fake_write(struct fake_house *f, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* `server`: more lines of [server]. */
static inline void
fake_config(struct fake_house *f, unsigned int workers, const char *server)
{
	char text[2048];

	(void)snprintf(
	    text, sizeof(text),
	    "[server]\nlisten = 127.0.0.1:0\nstate_dir = %s/state\ndrain_ms = 20s\ntable_slots = 64\nworkers = %u\n%s\n"
	    "[admin]\nlisten = 127.0.0.1:0\n",
	    f->dir, workers, server);
	fake_write(f, "conf", text);
}

static inline void
fake_bind_notify(struct fake_house *f)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/notify", f->dir);
	f->notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(f->notify_fd >= 0);
	assert_int_equal(bind(f->notify_fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
}

static inline int
fake_set_up(void **state)
{
	struct fake_house *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return -1;
	*state = f;
	f->pid = -1;
	f->passed_fd = -1;
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/fake_house.XXXXXX");
	if (mkdtemp(f->dir) == NULL || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return -1;
	fake_bind_notify(f);
	fake_write(f, "mode", "good");
	fake_config(f, 2, "");
	return 0;
}

/* After the fork nothing but exec: the supervisor is a fresh process, as in life. */
static inline void
fake_become_supervisor(const struct fake_house *f)
{
	char log[128], notify[128];
	int fd;

	(void)snprintf(log, sizeof(log), "%s/log", f->dir);
	(void)snprintf(notify, sizeof(notify), "%s/notify", f->dir);
	(void)setenv("FAKE_DIR", f->dir, 1);
	(void)setenv("NOTIFY_SOCKET", notify, 1);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	(void)dup2(fd, STDOUT_FILENO);
	(void)dup2(fd, STDERR_FILENO);
	if (fd > STDERR_FILENO)
		(void)close(fd);
	if (f->passed_fd >= 0) {
		(void)dup2(f->passed_fd, SOCKETS_FIRST_PASSED);
		(void)setenv("LISTEN_FDS", "1", 1);
		(void)setenv("LISTEN_FDNAMES", "mcp", 1);
	}
	(void)execl("/proc/self/exe", "test", "serve", f->dir, (char *)NULL);
	_exit(99);
}

static inline void
fake_start(struct fake_house *f)
{
	assert_int_equal(f->pid, -1);
	f->pid = fork();
	assert_true(f->pid >= 0);
	if (f->pid == 0)
		fake_become_supervisor(f);
}

/* The file DIR/name, or "" when there is none. */
static inline const char *
fake_read(struct fake_house *f, const char *name)
{
	char path[128];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, f->text, sizeof(f->text) - 1) : 0;
	f->text[n > 0 ? n : 0] = '\0';
	fd_close(&fd);
	return f->text;
}

/* Connected to the control socket, or -1. */
static inline int
fake_connect(const struct fake_house *f)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd;

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/state/control.sock", f->dir);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		fd_close(&fd);
	return fd;
}

/* What comes until EOF.  Closes fd. */
static inline const char *
fake_answer(struct fake_house *f, int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && len < sizeof(f->text) - 1) {
		assert_int_equal(poll(&p, 1, FAKE_LIMIT_MS), 1);
		n = read(fd, f->text + len, sizeof(f->text) - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	f->text[len] = '\0';
	fd_close(&fd);
	return f->text;
}

/* The whole answer; "" when nobody answers. */
static inline const char *
fake_ctl(struct fake_house *f, const char *line)
{
	int fd = fake_connect(f);

	f->text[0] = '\0';
	if (fd < 0)
		return f->text;
	(void)dprintf(fd, "%s\n", line);
	return fake_answer(f, fd);
}

/* Polls until fn holds; fails the test, and shows the log, when it does not in time. */
static inline void
fake_until(struct fake_house *f, bool (*fn)(struct fake_house *f, const void *arg), const void *arg, const char *what)
{
	const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
	uint64_t end_ms = clock_mono_ms() + FAKE_LIMIT_MS;

	while (!fn(f, arg)) {
		if (clock_mono_ms() > end_ms)
			fail_msg("not in time: %s\n%s", what, fake_read(f, "log"));
		(void)nanosleep(&pause, NULL);
	}
}

static inline bool
fake_log_has(struct fake_house *f, const void *text)
{
	return strstr(fake_read(f, "log"), text) != NULL;
}

static inline bool
fake_status_has(struct fake_house *f, const void *text)
{
	return strstr(fake_ctl(f, "status json"), text) != NULL;
}

static inline bool
fake_is_gone(struct fake_house *f, const void *pid)
{
	(void)f;
	(void)waitpid(*(const pid_t *)pid, NULL, WNOHANG); /* an orphan is ours to reap: see fake_set_up() */
	return kill(*(const pid_t *)pid, 0) < 0 && errno == ESRCH;
}

/* Pids of the workers in this state, in order of slots. */
static inline size_t
fake_pids(struct fake_house *f, const char *state, pid_t pids_r[static FAKE_PIDS_MAX])
{
	const char *p = strstr(fake_ctl(f, "status json"), "\"workers\":");
	char wanted[64], found[32];
	int slot, pid, generation;
	size_t n = 0;

	(void)snprintf(wanted, sizeof(wanted), "%s", state);
	for (p = p != NULL ? strstr(p, "{\"slot\":") : NULL; p != NULL && n < FAKE_PIDS_MAX;
	     p = strstr(p + 1, "{\"slot\":")) {
		if (sscanf(p, "{\"slot\":%d,\"pid\":%d,\"generation\":%d,\"state\":\"%31[a-z]", &slot, &pid,
			   &generation, found) == 4 &&
		    strcmp(found, wanted) == 0)
			pids_r[n++] = pid;
	}
	return n;
}

struct fake_count {
	const char *state;
	size_t n;
};

static inline bool
fake_has_count(struct fake_house *f, const void *arg)
{
	const struct fake_count *count = arg;
	pid_t pids[FAKE_PIDS_MAX];

	return fake_pids(f, count->state, pids) == count->n && f->text[0] != '\0';
}

static inline void
fake_until_count(struct fake_house *f, const char *state, size_t n)
{
	struct fake_count count = {state, n};

	fake_until(f, fake_has_count, &count, state);
}

static inline bool
fake_has_mute(struct fake_house *f, const void *arg)
{
	static const char waiting[] = "\"state\":\"starting\",\"ready_ms\":0,\"heartbeat_age_ms\":0,\"requests\":1,";
	const char *p = fake_ctl(f, "status json");
	size_t n = 0;

	for (p = strstr(p, waiting); p != NULL; p = strstr(p + 1, waiting))
		n++;
	return n == *(const size_t *)arg;
}

/* Until n workers in fresh slots have read that they should be mute, and stay so whatever DIR/mode says from now on. */
static inline void
fake_until_mute(struct fake_house *f, size_t n)
{
	fake_until(f, fake_has_mute, &n, "mute workers");
}

static inline void
fake_start_and_wait(struct fake_house *f, unsigned int workers)
{
	fake_start(f);
	fake_until_count(f, "ready", workers);
	fake_until(f, fake_log_has, "\"event\":\"serving\"", "serving");
}

static inline bool
fake_has_ended(struct fake_house *f, const void *status_r)
{
	union {
		const void *in;
		int *out;
	} status = {status_r};

	return waitpid(f->pid, status.out, WNOHANG) == f->pid;
}

/* The supervisor's exit status; -1 when a signal killed it. */
static inline int
fake_wait_exit(struct fake_house *f)
{
	int status = 0;

	fake_until(f, fake_has_ended, &status, "the supervisor's end");
	f->pid = -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline int
fake_stop(struct fake_house *f, int sig)
{
	assert_int_equal(kill(f->pid, sig), 0);
	return fake_wait_exit(f);
}

/* All messages to the notify socket so far, joined by '|'. */
static inline const char *
fake_notified(struct fake_house *f)
{
	size_t len = 0;
	ssize_t n;

	f->text[0] = '\0';
	while (len < sizeof(f->text) - 1024 && (n = recv(f->notify_fd, f->text + len, 1024, 0)) > 0) {
		len += (size_t)n;
		f->text[len++] = '|';
		f->text[len] = '\0';
	}
	return f->text;
}

static inline int
fake_remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static inline int
fake_tear_down(void **state)
{
	struct fake_house *f = *state;

	if (f->pid > 0) {
		(void)kill(f->pid, SIGKILL); /* its workers follow by PR_SET_PDEATHSIG */
		(void)waitpid(f->pid, NULL, 0);
	}
	fd_close(&f->notify_fd);
	fd_close(&f->passed_fd);
	(void)nftw(f->dir, fake_remove_one, 10, FTW_DEPTH | FTW_PHYS);
	free(f);
	return 0;
}

#endif
