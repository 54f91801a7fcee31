/*
 * role.c - the process: what it inherits, what it tells the supervisor, how it ends
 */
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "config/config.h"
#include "database.h"
#include "keeper/server.h"
#include "serve.h"
#include "shm/heritage.h"

struct role {
	struct config *config;
	struct database *database;
	struct server *server;
	struct event *control;
	struct event *beat;
	struct event *term;
};

static void
tell(enum control_type type, const char *text)
{
	struct control_message message = {.type = type};

	snprintf(message.text, sizeof(message.text), "%.*s", CONTROL_TEXT_MAX - 1, text);
	(void)!fd_send(HERITAGE_FD_CONTROL, &message, sizeof(message), NULL, 0);
}

/* P7: exactly those.  The two numbers that only workers use are filled for the moment of the check. */
static int
check_descriptors(struct err *err)
{
	int table = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int keys = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int culprit = table != HERITAGE_FD_TABLE ? table : keys;
	bool fine = table == HERITAGE_FD_TABLE && keys == HERITAGE_FD_KEYS &&
		    fd_only_open_below(HERITAGE_KEEPER_FD_LISTEN + 1, &culprit);

	fd_close(&table);
	fd_close(&keys);
	if (fine)
		return 0;
	return err_set(err, ERR_INVALID,
		       "descriptor %d is missing, or open and should not be: `keeper` is started by "
		       "`magento-mcp serve` only",
		       culprit);
}

static int
load_config(struct role *role, struct err *err)
{
	int fd = HERITAGE_FD_CONFIG;
	int r = config_read_rendered(fd, &role->config, err);

	fd_close(&fd);
	return r;
}

static void
harden(void)
{
	const struct rlimit none = {0, 0};

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is a full disk */
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN); /* Ctrl-C goes to the whole group: the supervisor ends us, after the workers */
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	umask(077);
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}

/* ---- While it serves ---- */

static void
reopen_log(int fd)
{
	if (dup3(fd, STDERR_FILENO, 0) < 0)
		log_write(LOG_WARN, "reopen_failed", LOG_END);
}

static void
on_control(evutil_socket_t fd, short what, void *ctx)
{
	struct role *role = ctx;
	struct control_message message;
	int fds[FD_PASS_MAX];
	size_t n_fds = 0;
	int r = fd_recv((int)fd, &message, sizeof(message), fds, &n_fds);

	(void)what;
	if (r == (int)sizeof(message) && message.type == CONTROL_REOPEN && n_fds == 1)
		reopen_log(fds[0]);
	for (size_t i = 0; i < n_fds; i++)
		fd_close(&fds[i]);
	if (r == 0 || r == ERR_CLOSED)
		serve_stop(role->server);
	else if (r == (int)sizeof(message) && (message.type == CONTROL_RETIRE || message.type == CONTROL_STOP))
		serve_stop(role->server);
}

static void
on_beat(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what, (void)ctx;
	tell(CONTROL_READY, "");
}

static void
on_term(evutil_socket_t fd, short what, void *ctx)
{
	struct role *role = ctx;

	(void)fd, (void)what;
	serve_stop(role->server);
}

static int
add_events(struct role *role, struct err *err)
{
	const struct timeval every = {KEEPER_BEAT_MS / 1000, KEEPER_BEAT_MS % 1000 * 1000};
	struct event_base *base = serve_base(role->server);

	role->control = event_new(base, HERITAGE_FD_CONTROL, EV_READ | EV_PERSIST, on_control, role);
	role->beat = event_new(base, -1, EV_PERSIST, on_beat, role);
	role->term = evsignal_new(base, SIGTERM, on_term, role);
	if (role->control == NULL || role->beat == NULL || role->term == NULL ||
	    fd_set_nonblock(HERITAGE_FD_CONTROL, true) < 0 || event_add(role->control, NULL) < 0 ||
	    event_add(role->beat, &every) < 0 || event_add(role->term, NULL) < 0)
		return err_set(err, ERR_NOMEM, "out of memory");
	return 0;
}

static int
start(struct role *role, struct err *err)
{
	int r = check_descriptors(err);

	if (r < 0)
		return r;
	r = load_config(role, err);
	if (r < 0)
		return r;
	log_init(STDERR_FILENO, role->config->server.log_level, "keeper", -1);
	r = database_open(role->config->keeper.path, &role->database, err);
	if (r < 0)
		return r;
	r = serve_new(role->database, HERITAGE_KEEPER_FD_LISTEN, &role->server, err);
	if (r < 0)
		return r;
	return add_events(role, err);
}

static void
event_drop(struct event *event)
{
	if (event != NULL)
		event_free(event);
}

static void
stop(struct role *role)
{
	event_drop(role->control);
	event_drop(role->beat);
	event_drop(role->term);
	serve_free(&role->server);
	database_close(&role->database);
	config_free(&role->config);
}

/* A shortage or another process may be over next time; a foreign or damaged file will not. */
static int
status_of(int code)
{
	return code == ERR_NOMEM || code == ERR_FULL || code == ERR_AGAIN || code == ERR_IO ? EXIT_STATUS_RETRY
											    : EXIT_STATUS_CONFIG;
}

int
keeper_main(int argc, char **argv)
{
	struct role role = {.config = NULL};
	struct err err = {.code = ERR_OK};
	int r;

	(void)argc;
	(void)argv;
	harden();
	log_init(STDERR_FILENO, LOG_INFO, "keeper", -1);
	event_set_log_callback(log_libevent);
	r = start(&role, &err);
	if (r < 0) {
		log_write(LOG_ERROR, "start_failed", LOG_STR("error", err.text), LOG_END);
		tell(CONTROL_FAILED, err.text);
	} else {
		tell(CONTROL_READY, "");
		log_write(LOG_INFO, "ready", LOG_STR("path", role.config->keeper.path), LOG_END);
		r = serve_loop(role.server);
		log_write(LOG_INFO, "stopped", LOG_END);
	}
	stop(&role);
	return r < 0 ? status_of(r) : EXIT_STATUS_OK;
}
