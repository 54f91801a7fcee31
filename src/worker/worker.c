#include "worker/worker.h"

#include <event2/event.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "admission.h"
#include "auth/jwt.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "confine.h"
#include "descriptors.h"
#include "harden.h"
#include "issuer.h"
#include "keeper/keeper.h"
#include "keeper/server.h"
#include "worker_private.h"

#define HELLO_WAIT_MS 10000
#define ADMIN_CONNECTIONS 64
#define KEEPER_PATH_MAX 4096

/* ---- what the supervisor hands over ---- */

static int
read_hello(struct worker *worker, struct err *err)
{
	struct pollfd ready = {.fd = HERITAGE_FD_CONTROL, .events = POLLIN};
	struct control_message hello;
	size_t n_fds = 0;
	int fds[FD_PASS_MAX];
	int r;

	if (poll(&ready, 1, HELLO_WAIT_MS) != 1)
		return err_set(err, ERR_TIMEOUT,
			       "no word from the supervisor: `worker` is started by `magento-mcp serve` only");
	r = fd_recv(HERITAGE_FD_CONTROL, &hello, sizeof(hello), fds, &n_fds);
	if (r < 0)
		return err_set(
		    err, ERR_IO,
		    "the supervisor's first message cannot be read (%s): `worker` is started by `magento-mcp "
		    "serve` only",
		    err_name(r));
	if (r != (int)sizeof(hello) || hello.type != CONTROL_HELLO || hello.n_listeners > HERITAGE_LISTENERS_MAX ||
	    hello.n_admin > HERITAGE_LISTENERS_MAX)
		return err_set(err, ERR_INVALID, "the supervisor's first message is not one of this version");
	worker->slot = hello.slot;
	worker->generation = hello.generation;
	worker->n_listeners = hello.n_listeners;
	worker->n_admin = hello.n_admin;
	return 0;
}

/* P7: a descriptor too many could be anything; one too few would be noticed late. */
static int
check_descriptors(const struct worker *worker, struct err *err)
{
	int culprit = -1;
	int n = HERITAGE_FD_LISTEN + (int)(worker->n_listeners + worker->n_admin);

	if (fd_only_open_below(n, &culprit))
		return 0;
	return err_set(err, ERR_INVALID, "descriptor %d is %s", culprit,
		       culprit < n ? "missing" : "open and should not be");
}

static int
load_config(struct worker *worker, struct err *err)
{
	int fd = HERITAGE_FD_CONFIG;
	int r = config_read_rendered(fd, &worker->config, err);

	fd_close(&fd);
	return r;
}

static int
attach_memory(struct worker *worker, struct err *err)
{
	int r = segment_attach(HERITAGE_FD_TABLE, &worker->segment, err);

	if (r < 0)
		return r;
	r = segment_keys_attach(HERITAGE_FD_KEYS, &worker->keys, err);
	if (r < 0)
		return r;
	r = env_open_sessions(worker, err);
	if (r < 0)
		return r;
	board_add(worker->row, BOARD_STARTS, 1);
	last_words_install(worker->row);
	return 0;
}

/* ---- what it serves with ---- */

static uint32_t
clients_max(uint32_t wanted)
{
	struct rlimit limit = {0};
	uint32_t given = wanted;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		given = descriptors_for_clients(limit.rlim_cur, wanted);
	if (given < wanted)
		log_write(LOG_WARN, "connections_limited", LOG_U64("wanted", wanted), LOG_U64("given", given),
			  LOG_U64("open_files", limit.rlim_cur),
			  LOG_U64("open_files_wanted", (uint64_t)wanted + DESCRIPTORS_OWN),
			  LOG_STR("cure",
				  "raise the hard limit of open files (LimitNOFILE= of the unit, ulimit -Hn) or lower "
				  "server.max_connections"),
			  LOG_END);
	return given;
}

static struct http_limits
limits_of(const struct config *config)
{
	struct http_limits limits;

	http_limits_default(&limits);
	limits.head_bytes = config->http.max_head_bytes;
	limits.body_bytes = config->http.max_body_bytes;
	limits.head_ms = (uint32_t)config->http.head_timeout_ms;
	limits.body_ms = (uint32_t)config->http.body_timeout_ms;
	limits.write_ms = (uint32_t)config->http.write_timeout_ms;
	limits.idle_ms = (uint32_t)config->http.idle_timeout_ms;
	limits.stream_buffer_bytes = config->http.stream_buffer_bytes;
	limits.connections_max = clients_max(config->server.max_connections);
	return limits;
}

/* Plans and keys are the keeper's: it is reached by its path, since it may be replaced while this worker lives. */
static int
make_env(struct worker *worker, struct err *err)
{
	struct keeper_options options = {.wait_ms = 0};
	struct buf path;
	int r = worker->config->auth.mode == CONFIG_AUTH_OAUTH ? jwt_open(err) : 0;

	if (r < 0)
		return r;
	worker->auth = auth_new(worker->config);
	buf_init(&path, KEEPER_PATH_MAX);
	buf_printf(&path, "%s/" KEEPER_SOCKET_NAME, worker->config->server.state_dir);
	options.socket_path = buf_cstr(&path);
	if (path.failed == 0 && worker->auth != NULL)
		r = env_make(worker, &options, err);
	else
		r = err_set(err, ERR_NOMEM, "out of memory");
	buf_fini(&path);
	return r;
}

static int
make_servers(struct worker *worker, struct err *err)
{
	struct http_limits limits = limits_of(worker->config);

	event_streams_init(&worker->streams);
	worker->http = http_server_new(worker->base, &limits, &endpoint_http_ops, worker);
	limits.connections_max = ADMIN_CONNECTIONS;
	worker->admin = http_server_new(worker->base, &limits, &admin_ops, worker);
	if (worker->http == NULL || worker->admin == NULL)
		return err_set(err, ERR_NOMEM, "out of memory");
	return 0;
}

static int
open_listeners(struct worker *worker, struct err *err)
{
	hosts_init(&worker->hosts, worker->config);
	hosts_init(&worker->admin_hosts, worker->config);
	for (uint32_t i = 0; i < worker->n_listeners + worker->n_admin; i++) {
		bool is_admin = i >= worker->n_listeners;
		int fd = HERITAGE_FD_LISTEN + (int)i;
		int r = http_listener_new(is_admin ? worker->admin : worker->http, fd, &worker->listeners[i], err);

		if (r == 0)
			r = hosts_add_listener(is_admin ? &worker->admin_hosts : &worker->hosts, fd, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- life ---- */

/* The supervisor tells what to do by its control socket. */
static void
ignore_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is a full disk */
	signal(SIGHUP, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
}

static uint32_t
count_workers(const struct config *config)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (config->server.workers > 0)
		return config->server.workers;
	return cpus > 0 ? (uint32_t)cpus : 1;
}

static int
start(struct worker *worker, struct err *err)
{
	int r = read_hello(worker, err);

	if (r < 0)
		return r;
	r = check_descriptors(worker, err);
	if (r < 0)
		return r;
	r = load_config(worker, err);
	if (r < 0)
		return r;
	worker->audit_fd = HERITAGE_FD_AUDIT;
	log_init(STDERR_FILENO, worker->config->server.log_level, "worker", (int)worker->slot);
	worker->n_workers = count_workers(worker->config);
	if (worker->config->server.scheduling == CONFIG_SCHEDULING_ADAPTIVE)
		scheduling_open(&worker->scheduling);
	r = attach_memory(worker, err);
	if (r < 0)
		return r;
	worker->base = event_base_new();
	if (worker->base == NULL)
		return err_set(err, ERR_NOMEM, "out of memory");
	r = peers_open(worker, err);
	if (r < 0)
		return r;
	r = make_env(worker, err);
	if (r < 0)
		return r;
	if (admission_open(worker) < 0)
		return err_set(err, ERR_NOMEM, "out of memory");
	admission_env(worker);
	if (issuer_new(worker, &worker->issuer) < 0)
		return err_set(err, ERR_NOMEM, "out of memory");
	r = make_servers(worker, err);
	if (r < 0)
		return r;
	r = open_listeners(worker, err);
	if (r < 0)
		return r;
	if (retire_start(worker) < 0 || pulse_start(worker) < 0 || settle_start(worker) < 0)
		return err_set(err, ERR_NOMEM, "out of memory");
	return 0;
}

static void
tell(const struct worker *worker, enum control_type type, uint64_t value, const char *text)
{
	struct control_message message = {
	    .type = type, .slot = worker->slot, .generation = worker->generation, .value = value};

	snprintf(message.text, sizeof(message.text), "%s", text);
	if (fd_send(HERITAGE_FD_CONTROL, &message, sizeof(message), NULL, 0) < 0)
		log_write(LOG_WARN, "supervisor_gone", LOG_END);
}

static void
stop(struct worker *worker)
{
	retire_stop(worker);
	pulse_stop(worker);
	settle_stop(worker);
	scheduling_close(&worker->scheduling);
	http_server_free(&worker->http);
	http_server_free(&worker->admin);
	issuer_free(&worker->issuer);
	env_free(worker);
	admission_close(worker);
	config_free(&worker->config);
}

/* Nothing is left for a configuration or a supervisor that do not fit; a shortage may be over next time. */
static int
status_of(int code)
{
	return code == ERR_NOMEM || code == ERR_IO || code == ERR_TIMEOUT ? EXIT_STATUS_RETRY : EXIT_STATUS_CONFIG;
}

static int
serve(struct worker *worker)
{
	int r;

	bool is_confined = worker->config->server.confine && confine_self(worker->config->magento.ca_file);

	board_set_state(worker->row, BOARD_READY);
	tell(worker, CONTROL_READY, is_confined, "");
	log_write(LOG_INFO, "ready", LOG_U64("generation", worker->generation), LOG_BOOL("confined", is_confined),
		  LOG_END);
	records_hold(worker);
	r = lag_loop(worker);
	log_hold(false);
	board_set_state(worker->row, BOARD_DEAD);
	log_write(LOG_INFO, "stopped", LOG_END);
	return r;
}

int
worker_main(const struct action_product *product)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	struct err err = {.code = ERR_OK};
	int r;

	if (worker == NULL)
		return EXIT_STATUS_RETRY;
	worker->product = product;
	worker->scheduling.fd = -1;
	ignore_signals();
	prctl(PR_SET_NAME, "magento-mcp"); /* exec of /proc/self/exe left "exe" */
	log_init(STDERR_FILENO, LOG_INFO, "worker", -1);
	event_set_log_callback(log_libevent);
	worker->started_mono_ms = clock_mono_ms();
	harden_self();
	r = start(worker, &err);
	if (r < 0) {
		log_write(LOG_ERROR, "start_failed", LOG_STR("error", err.text), LOG_END);
		tell(worker, CONTROL_FAILED, 0, err.text);
	} else {
		r = serve(worker);
	}
	stop(worker);
	free(worker);
	return r < 0 ? status_of(r) : EXIT_STATUS_OK;
}
