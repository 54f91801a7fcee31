/*
 * supervisor.c - start-up, one step after the other, and the end
 */
#include "supervisor/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "supervisor/audit_log.h"
#include "supervisor/house.h"
#include "supervisor/memory.h"
#include "supervisor/spawn.h"
#include "supervisor/upgrade.h"

#define STATE_DIR_MODE 0700
#define DESCRIPTORS_MIN 384 /* inboxes alone are 128, and a child parks its own list above them */

/* ---- The process ---- */

static int
take_signals(struct house *h, struct err *err)
{
	static const int wanted[] = {SIGHUP, SIGUSR1, SIGUSR2, SIGTERM, SIGQUIT, SIGINT, SIGWINCH, SIGCHLD};
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < ARRAY_LEN(wanted); i++)
		sigaddset(&set, wanted[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_set_errno(err, ERR_IO, errno, "sigprocmask");
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is a full disk */
	(void)signal(SIGCHLD, SIG_DFL); /* inherited as ignored it would reap the children behind our back */
	h->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (h->signal_fd < 0)
		return err_set_errno(err, ERR_IO, errno, "signalfd");
	h->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return h->null_fd < 0 ? err_set_errno(err, ERR_IO, errno, "/dev/null") : 0;
}

/* Secrets pass through this process: nobody may read its memory, and it leaves none behind. */
static void
close_the_shutters(void)
{
	const struct rlimit none = {0, 0};

	(void)umask(077);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0);
}

/* As many as may be had; the children inherit it. */
static int
take_descriptors(struct err *err)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return err_set_errno(err, ERR_IO, errno, "cannot read the limit of open files");
	if (limit.rlim_max < DESCRIPTORS_MIN)
		return err_set(
		    err, ERR_LIMIT,
		    "this process may open %llu files, at least %d are needed; raise the limit (`ulimit -n`, "
		    "LimitNOFILE= of systemd)",
		    (unsigned long long)limit.rlim_max, DESCRIPTORS_MIN);
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	return 0;
}

/* ---- The configuration's wishes ---- */

static uint32_t
cpu_count(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) < 0 || CPU_COUNT(&set) < 1)
		return 1;
	return (uint32_t)CPU_COUNT(&set);
}

void
house_settings_from(const struct config *cfg, struct house_settings *settings_r)
{
	uint32_t workers = cfg->server.workers != 0 ? cfg->server.workers : cpu_count();

	if (workers > HOUSE_WORKERS_MAX) {
		log_write(LOG_WARN, "workers_limited", LOG_U64("wanted", workers), LOG_U64("given", HOUSE_WORKERS_MAX),
			  LOG_END);
		workers = HOUSE_WORKERS_MAX;
	}
	*settings_r = (struct house_settings){
	    .workers = workers,
	    .drain_ms = cfg->server.drain_ms,
	    .log_level = cfg->server.log_level,
	    .is_read_only = cfg->server.read_only,
	    .has_no_store = cfg->n_stores == 0 && cfg->auth.allowed_base_urls.n == 0 && !cfg->auth.allow_any_base_url};
	(void)snprintf(settings_r->audit_path, sizeof(settings_r->audit_path), "%s", cfg->audit.path);
}

static int
make_state_dir(const char *path, struct err *err)
{
	struct stat st;

	if (path[0] == '\0')
		return 0;
	if (mkdir(path, STATE_DIR_MODE) < 0 && errno != EEXIST)
		return err_set_errno(
		    err, errno == ENOSPC || errno == EDQUOT || errno == EIO ? ERR_IO : ERR_DENIED, errno,
		    "server.state_dir: cannot make %s; make it, or name a folder that this user may write to", path);
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode) || access(path, W_OK | X_OK) < 0)
		return err_set(err, ERR_DENIED,
			       "server.state_dir: %s is no folder that this user may write to; name one", path);
	return 0;
}

static int
keep_paths(struct house *h, const struct config *cfg, struct err *err)
{
	h->control_path = strdup(cfg->server.control_socket);
	h->log_path = strdup(cfg->server.log_file);
	if (h->control_path == NULL || h->log_path == NULL)
		return err_set(err, ERR_NOMEM, "not enough memory");
	return 0;
}

static int
open_log(struct house *h, const struct config *cfg, struct err *err)
{
	size_t i;

	log_init(STDERR_FILENO, cfg->server.log_level, "supervisor", -1);
	if (report_open_log(h, err) < 0)
		return err_set(err, ERR_DENIED,
			       "server.log_file: %s cannot be opened; name a file that this user may write",
			       h->log_path);
	for (i = 0; i < cfg->n_warnings; i++)
		log_write(LOG_WARN, "configuration", LOG_STR("text", cfg->warnings[i]), LOG_END);
	return 0;
}

/* ---- Sockets ---- */

int
house_allow_listeners(const struct house *h, const struct config *cfg, struct err *err)
{
	size_t i;

	for (i = 0; i < h->listeners.n_mcp; i++) {
		if (cfg->auth.mode == CONFIG_AUTH_NONE && !h->listeners.items[i].is_loopback)
			return err_set(err, ERR_DENIED,
				       "%s is no loopback address, so auth.mode = none would open the shops to "
				       "everybody; set auth.mode = token",
				       h->listeners.items[i].text);
	}
	return 0;
}

/* The one that the last supervisor left with systemd, if there is one. */
static int
open_listener(struct house *h, const struct config_address *address, bool is_admin, struct err *err)
{
	struct listener kept = {
	    .fd = store_claim(&h->store, address, is_admin), .is_admin = is_admin, .is_stored = true};
	int r;

	if (kept.fd < 0)
		return listeners_open(&h->listeners, address, is_admin, err);
	r = listeners_adopt(&h->listeners, &kept, false, err);
	if (r < 0)
		fd_close(&kept.fd);
	return r;
}

/* Sockets of systemd stand in for those of the configuration, for either kind by itself. */
static int
open_listeners(struct house *h, const struct config *cfg, struct err *err)
{
	struct listeners *l = &h->listeners;
	size_t i;
	int r;

	r = sockets_passed_count(getenv("LISTEN_PID"), getenv("LISTEN_FDS"), getpid(), err);
	if (r > 0) {
		store_take(&h->store, SOCKETS_FIRST_PASSED, (size_t)r, getenv("LISTEN_FDNAMES"));
		r = listeners_take(l, SOCKETS_FIRST_PASSED, (size_t)r, getenv("LISTEN_FDNAMES"), err);
	}
	if (r < 0)
		return r;
	if (l->n_mcp == 0) {
		for (i = 0; i < cfg->server.listen.n && r == 0; i++)
			r = open_listener(h, &cfg->server.listen.items[i], false, err);
	}
	if (r == 0 && l->n_admin == 0)
		r = open_listener(h, &cfg->admin.listen, true, err);
	if (r == 0 && l->n_mcp == 0)
		r = err_set(err, ERR_INVALID, "server.listen: there is no address to serve; name one");
	return r < 0 ? r : house_allow_listeners(h, cfg, err);
}

static int
open_control(struct house *h, struct err *err)
{
	int r = ctl_listen(&h->ctl, h->control_path, err);

	/* Two servers on one state folder can never work, so trying again is no cure. */
	return r == ERR_EXISTS ? ERR_DENIED : r;
}

static int
open_keeper(struct house *h, const struct config *cfg, struct err *err)
{
	int r = keeper_role_listen(&h->keeper, cfg->server.state_dir, err);

	return r == ERR_EXISTS ? ERR_DENIED : r;
}

/* ---- Memory ---- */

static int
open_memory(struct house *h, const struct config *cfg, struct err *err)
{
	int r = store_adopt_memory(h, cfg, err);

	if (r == 0) {
		log_write(LOG_NOTICE, "table_kept", LOG_U64("generation", segment_generation(h->segment)), LOG_END);
		return 0;
	}
	if (r != ERR_NOT_FOUND)
		memory_say_anew(err);
	return memory_make(h, cfg, err);
}

/* ---- The first generation ---- */

static int
seal_config(const struct config *cfg, struct err *err)
{
	struct buf text;
	int r;

	buf_init_secret(&text, CONFIG_RENDERED_MAX);
	r = config_render(cfg, &text);
	if (r < 0)
		(void)err_set(err, r, "the configuration cannot be written down (%s)", err_name(r));
	else
		r = fd_memfd_sealed("magento-mcp-config", buf_slice(&text), err);
	buf_fini(&text);
	return r;
}

static int
start_first(struct house *h, const struct config *cfg, struct err *err)
{
	struct house_settings settings;
	uint64_t now_ms = clock_mono_ms();
	int fd = seal_config(cfg, err);
	int audit_fd = -1;
	int r;

	if (fd < 0)
		return fd;
	r = audit_log_open(cfg->audit.path, &audit_fd, err);
	if (r < 0) {
		fd_close(&fd);
		return r;
	}
	house_settings_from(cfg, &settings);
	h->incoming = service_new_generation(h, fd, audit_fd, &settings, now_ms);
	must(h->incoming != NULL);
	h->incoming->is_first = true;
	h->started_ms = now_ms;
	keeper_role_start(h, now_ms);
	workers_start(h, h->incoming, now_ms);
	return 0;
}

/* ---- All together ---- */

static void
house_init(struct house *h, const struct house_options *options)
{
	size_t i;

	*h = (struct house){.options = options,
			    .state = SERVICE_STARTING,
			    .signal_fd = -1,
			    .null_fd = -1,
			    .log_fd = -1,
			    .pending_fd = -1,
			    .pending_audit_fd = -1,
			    .notify = {.fd = -1}};
	for (i = 0; i < HOUSE_GENERATIONS_MAX; i++)
		h->generations[i].config_fd = h->generations[i].audit_fd = -1;
	listeners_init(&h->listeners);
	inboxes_init(&h->inboxes);
	store_init(&h->store);
	keeper_role_init(&h->keeper);
	workers_init(h);
	check_init(&h->check);
	ctl_init(&h->ctl, report_ctl, h);
}

static void
house_fini(struct house *h)
{
	bool may_wipe = store_release(h);
	size_t i;

	notify_fini(&h->notify);
	store_fini(&h->store);
	ctl_fini(&h->ctl);
	keeper_role_fini(&h->keeper);
	listeners_close(&h->listeners);
	inboxes_close(&h->inboxes);
	check_fini(&h->check);
	for (i = 0; i < HOUSE_GENERATIONS_MAX; i++) {
		fd_close(&h->generations[i].config_fd);
		fd_close(&h->generations[i].audit_fd);
	}
	fd_close(&h->pending_fd);
	fd_close(&h->pending_audit_fd);
	if (h->keys != NULL && may_wipe)
		segment_keys_wipe(h->keys);
	memory_free(h);
	log_set_fd(STDERR_FILENO);
	fd_close(&h->log_fd);
	fd_close(&h->signal_fd);
	fd_close(&h->null_fd);
	free(h->control_path);
	free(h->log_path);
	(void)prctl(PR_SET_DUMPABLE, 1); /* nothing secret is left, and a leak checker may want to look */
}

static int
set_up(struct house *h, const struct config *cfg, struct err *err)
{
	int r;

	r = take_descriptors(err);
	if (r == 0)
		r = keep_paths(h, cfg, err);
	if (r == 0)
		r = make_state_dir(cfg->server.state_dir, err);
	if (r == 0)
		r = open_log(h, cfg, err);
	if (r == 0)
		r = take_signals(h, err);
	if (r == 0)
		r = open_control(h, err);
	if (r == 0)
		r = open_listeners(h, cfg, err);
	if (r == 0)
		r = open_keeper(h, cfg, err);
	if (r == 0)
		r = open_memory(h, cfg, err);
	if (r == 0)
		r = inboxes_open(&h->inboxes, err);
	if (r == 0)
		report_listening(h);
	return r == 0 ? start_first(h, cfg, err) : r;
}

static void
open_notify(struct house *h)
{
	struct err err;

	if (notify_init(&h->notify, getenv("NOTIFY_SOCKET"), getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"), getpid(),
			&err) < 0)
		log_write(LOG_WARN, "notify", LOG_STR("text", err.text), LOG_END);
}

/* What will be the same at the next try, and what may be better then. */
static int
status_of(int code)
{
	switch (code) {
	case ERR_INVALID:
	case ERR_DENIED:
	case ERR_LIMIT:
		return EXIT_STATUS_CONFIG;
	default:
		return EXIT_STATUS_RETRY;
	}
}

static int
serve(struct house *h)
{
	const struct generation *last;
	int r = loop_run(h);

	if (r < 0) {
		(void)fprintf(stderr, "magento-mcp: the supervisor cannot wait for events\n");
		workers_tell(h, NULL, WORKER_EV_KILL, clock_mono_ms());
		(void)keeper_role_end(h, clock_mono_ms());
		return EXIT_STATUS_RETRY;
	}
	last = h->incoming != NULL ? h->incoming : h->serving;
	if (h->exit_status != 0 && last != NULL)
		(void)fprintf(stderr, "magento-mcp: %s\n", last->failure);
	return h->exit_status;
}

static int
complain(int code, const struct err *err)
{
	(void)fprintf(stderr, "magento-mcp: %s\n", err->text);
	return status_of(code);
}

/* From the program that ran before in this process.  Gives an exit status. */
static int
inherit(struct house *h, int handover_fd)
{
	struct config *cfg = NULL;
	struct err err;
	int r;

	r = upgrade_take_over(h, handover_fd, &cfg, &err);
	if (r == 0)
		r = take_descriptors(&err);
	if (r == 0)
		r = take_signals(h, &err);
	if (r < 0) {
		config_free(&cfg);
		return complain(r, &err);
	}
	open_notify(h);
	if (h->serving->is_foreign)
		store_push(h, true);
	if (house_allow_listeners(h, cfg, &err) < 0 || audit_log_open(cfg->audit.path, &h->pending_audit_fd, &err) < 0)
		service_abandon_reload(h, err.text, clock_mono_ms()); /* the old generation goes on */
	config_free(&cfg);
	return 0;
}

/* From nothing.  Gives an exit status. */
static int
begin(struct house *h)
{
	struct config *cfg = NULL;
	struct err err;
	int r;

	r = config_load(h->options->sources, &cfg, &err);
	if (r < 0) {
		(void)fprintf(stderr, "%s\n", err.text); /* begins with the place, as compilers write it */
		return r == ERR_NOMEM ? EXIT_STATUS_RETRY : EXIT_STATUS_CONFIG;
	}
	r = set_up(h, cfg, &err);
	config_free(&cfg); /* from here on secrets are in the sealed memfd only */
	if (r < 0)
		return complain(r, &err);
	open_notify(h);
	store_settle(h);
	return 0;
}

int
house_run(const struct house_options *options)
{
	int handover_fd = upgrade_handover_fd();
	struct house *h = malloc(sizeof(*h));
	int status;

	close_the_shutters();
	if (h == NULL)
		return EXIT_STATUS_RETRY;
	house_init(h, options);
	status = handover_fd >= 0 ? inherit(h, handover_fd) : begin(h);
	if (status == EXIT_STATUS_OK)
		status = serve(h);
	house_fini(h);
	free(h);
	return status;
}

int
supervisor_run(const struct config_sources *sources, char *const *argv)
{
	char installed[PATH_MAX];
	const struct house_options options = {.sources = sources,
					      .name = "magento-mcp",
					      .exe = SPAWN_EXE,
					      .ready_limit_ms = ROLL_READY_MS,
					      .installed = installed,
					      .argv = argv};

	upgrade_find_program(argv[0], installed);
	return house_run(&options);
}
