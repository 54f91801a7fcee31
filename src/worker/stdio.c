#include "worker/stdio.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/turn.h"
#include "endpoint_stdio.h"
#include "harden.h"
#include "keeper/keeper.h"
#include "keeper_child.h"
#include "worker_private.h"

#define TABLE_SLOTS 4096
#define TICK_S 1
#define SWEEP_ROUNDS 60 /* the whole table once a minute */
#define GRACE_MS 2000	/* for calls to finish */
#define SETTLE_MS 3000	/* for cancelled ones to come to an end */
#define STEP_MS 20
#define STATE_DIR_MODE 0700
#define SESSION_MS (10ULL * 365 * 24 * 3600 * 1000) /* the legacy session ends with the process */

static const int handled[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
#define N_SIGNALS ARRAY_LEN(handled)

struct desk {
	struct worker worker; /* one without listeners */
	struct keeper_child keeper;
	struct endpoint_stdio *endpoint;
	struct principal principal;
	char principal_name[32];
	int out_fd;
	struct event *signal_events[N_SIGNALS];
	struct event *tick_event;
	struct event *step_event; /* only while it ends */
	uint64_t cancel_at_ms;	  /* 0: it does not end yet */
	bool has_cancelled;
};

/* ---- the end ---- */

static void
on_step(evutil_socket_t fd, short what, void *ctx)
{
	struct desk *desk = ctx;
	uint64_t now_ms = clock_mono_ms();
	bool is_quiet;

	turn_enter("drain");
	(void)fd;
	(void)what;
	mcp_server_retire(desk->worker.mcp);
	if (!desk->has_cancelled && (now_ms >= desk->cancel_at_ms || endpoint_stdio_is_broken(desk->endpoint))) {
		desk->has_cancelled = true;
		desk->cancel_at_ms = now_ms;
		endpoint_stdio_cancel_all(desk->endpoint);
	}
	is_quiet = endpoint_stdio_is_idle(desk->endpoint) && fiber_pool_alive(desk->worker.fibers) == 0;
	if (is_quiet || (desk->has_cancelled && now_ms >= desk->cancel_at_ms + SETTLE_MS))
		event_base_loopbreak(desk->worker.base);
}

/* This may be called while something is being written, by whoever is told of it: all that ends comes from the loop. */
static void
begin_end(struct desk *desk, uint64_t grace_ms)
{
	const struct timeval step = {.tv_usec = STEP_MS * 1000};
	uint64_t cancel_at_ms = clock_mono_ms() + grace_ms;

	if (desk->cancel_at_ms == 0 || (!desk->has_cancelled && cancel_at_ms < desk->cancel_at_ms))
		desk->cancel_at_ms = cancel_at_ms;
	endpoint_stdio_close_input(desk->endpoint);
	event_add(desk->step_event, &step);
	event_active(desk->step_event, EV_TIMEOUT, 0);
}

static void
on_end(void *ctx)
{
	begin_end(ctx, GRACE_MS);
}

static void
on_signal(evutil_socket_t signal_number, short what, void *ctx)
{
	struct desk *desk = ctx;

	turn_enter("signal");
	(void)what;
	if (signal_number == SIGCHLD)
		keeper_child_reap(&desk->keeper);
	else
		begin_end(desk, desk->cancel_at_ms == 0 ? GRACE_MS : 0);
}

/* ---- the beginning ---- */

/* Each folder on the way, like mkdir -p, for this user alone. */
static int
make_folders(const char *path, struct err *err)
{
	char part[PATH_MAX];
	size_t len = strlen(path);
	struct stat st;

	if (len == 0 || len >= sizeof(part))
		return err_set(err, ERR_INVALID, "server.state_dir: the path is empty or too long; name a folder");
	memcpy(part, path, len + 1);
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		part[i] = '\0';
		if (mkdir(part, STATE_DIR_MODE) < 0 && errno != EEXIST && stat(part, &st) < 0)
			return err_set_errno(
			    err, ERR_DENIED, errno,
			    "server.state_dir: cannot make %s; make it, or name a folder that this user may write to",
			    part);
		part[i] = path[i];
	}
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode) || access(path, W_OK | X_OK) < 0)
		return err_set(err, ERR_DENIED,
			       "server.state_dir: %s is no folder that this user may write to; name one", path);
	return 0;
}

/* 0 to 2 must be open, or the first descriptor opened here would become one of them. */
static int
fill_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return ERR_IO;
	fd_close(&fd);
	return 0;
}

/* whatever a library prints to standard output goes to standard error. */
static int
take_output(struct desk *desk, struct err *err)
{
	desk->out_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (desk->out_fd < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return err_set_errno(err, ERR_IO, errno, "standard output cannot be used");
	return 0;
}

static void
ignore_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is a full disk */
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
}

static int
make_memory(struct desk *desk, struct err *err)
{
	const struct segment_config wanted = {.slots = TABLE_SLOTS};
	struct worker *worker = &desk->worker;
	int r = segment_keys_create(&worker->keys, err);

	worker->audit_fd = -1;
	if (r < 0)
		return r;
	r = segment_create(&wanted, worker->keys, &worker->segment, err);
	if (r < 0)
		return r;
	r = env_open_sessions(worker, err);
	worker->sessions.limits.mcp_idle_ms = SESSION_MS;
	worker->sessions.limits.mcp_age_ms = SESSION_MS;
	return r;
}

/* poll(2): standard input may be a file, which epoll refuses; and there are few descriptors. */
static struct event_base *
make_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config != NULL && event_config_avoid_method(config, "epoll") == 0)
		base = event_base_new_with_config(config);
	if (config != NULL)
		event_config_free(config);
	return base;
}

static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct desk *desk = ctx;
	struct session_now now = {.mono_ms = clock_mono_ms(), .wall_ms = clock_wall_ms()};

	turn_enter("sweep");
	(void)fd;
	(void)what;
	mcp_server_tick(desk->worker.mcp, now.mono_ms);
	sessions_sweep(&desk->worker.sessions, 0, 1, segment_groups(desk->worker.segment) / SWEEP_ROUNDS + 1, now);
}

static int
add_events(struct desk *desk, struct err *err)
{
	const struct timeval every = {.tv_sec = TICK_S};
	struct event_base *base = desk->worker.base;

	for (size_t i = 0; i < N_SIGNALS; i++) {
		desk->signal_events[i] = evsignal_new(base, handled[i], on_signal, desk);
		if (desk->signal_events[i] == NULL || event_add(desk->signal_events[i], NULL) < 0)
			return err_set(err, ERR_NOMEM, "out of memory");
	}
	desk->tick_event = event_new(base, -1, EV_PERSIST, on_tick, desk);
	desk->step_event = event_new(base, -1, EV_PERSIST, on_step, desk);
	if (desk->tick_event == NULL || desk->step_event == NULL || event_add(desk->tick_event, &every) < 0)
		return err_set(err, ERR_NOMEM, "out of memory");
	return 0;
}

static int
open_endpoint(struct desk *desk, struct err *err)
{
	const struct endpoint_stdio_options options = {
	    .worker = &desk->worker,
	    .principal = &desk->principal,
	    .in_fd = STDIN_FILENO,
	    .out_fd = desk->out_fd,
	    .on_end = on_end,
	    .ctx = desk,
	};

	return endpoint_stdio_new(&options, &desk->endpoint, err);
}

static int
start(struct desk *desk, struct err *err)
{
	const struct keeper_options keeper = {.connect = keeper_child_connect, .ctx = &desk->keeper};
	int r = take_output(desk, err);

	if (r == 0)
		r = make_folders(desk->worker.config->server.state_dir, err);
	if (r == 0)
		r = make_memory(desk, err);
	if (r < 0)
		return r;
	desk->worker.base = make_base();
	if (desk->worker.base == NULL)
		return err_set(err, ERR_NOMEM, "out of memory");
	r = env_make(&desk->worker, &keeper, err);
	if (r == 0)
		r = add_events(desk, err);
	return r == 0 ? open_endpoint(desk, err) : r;
}

static void
free_event(struct event **event)
{
	if (*event != NULL)
		event_free(*event);
	*event = NULL;
}

/* One who is in a hurry sends another signal while the end is under way already: that must not change how it ends. */
static void
hold_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < N_SIGNALS; i++)
		sigaddset(&set, handled[i]);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

static void
stop(struct desk *desk)
{
	hold_signals();
	endpoint_stdio_free(&desk->endpoint);
	for (size_t i = 0; i < N_SIGNALS; i++)
		free_event(&desk->signal_events[i]);
	free_event(&desk->tick_event);
	free_event(&desk->step_event);
	env_free(&desk->worker);
	keeper_child_end(&desk->keeper);
	fd_close(&desk->out_fd);
}

static int
status_of(int code)
{
	return code == ERR_NOMEM || code == ERR_IO ? EXIT_STATUS_RETRY : EXIT_STATUS_CONFIG;
}

int
stdio_run(const struct action_product *product, struct config *config)
{
	struct desk *desk = calloc(1, sizeof(*desk));
	struct err err = {.code = ERR_OK};
	int r;

	if (desk == NULL || fill_standard_fds() < 0) {
		free(desk);
		return EXIT_STATUS_RETRY;
	}
	ignore_signals();
	umask(077);
	log_init(STDERR_FILENO, config->server.log_level, "stdio", -1);
	event_set_log_callback(log_libevent);
	desk->out_fd = -1;
	desk->worker.product = product;
	desk->worker.config = config;
	desk->worker.started_mono_ms = clock_mono_ms();
	snprintf(desk->principal_name, sizeof(desk->principal_name), "local:%u", (unsigned)getuid());
	desk->principal.name = desk->principal_name;
	keeper_child_init(&desk->keeper, config);
	harden_self();
	r = start(desk, &err);
	if (r < 0) {
		log_write(LOG_ERROR, "start_failed", LOG_STR("error", err.text), LOG_END);
	} else {
		log_write(LOG_INFO, "ready", LOG_STR("principal", desk->principal_name), LOG_END);
		r = lag_loop(&desk->worker);
		log_write(LOG_INFO, "stopped", LOG_END);
	}
	stop(desk);
	free(desk);
	return r < 0 ? status_of(r) : EXIT_STATUS_OK;
}
