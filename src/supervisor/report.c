/*
 * report.c - what the supervisor says: status, STATUS=, the log file, answers to ctl
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "supervisor/audit_log.h"
#include "supervisor/house.h"
#include "supervisor/status.h"

#define LISTEN_TEXT_MAX 1024
#define NO_STORE "; no store yet: name one in the configuration, then reload"
#define LOG_MODE 0640 /* the umask says what is left of it */

/* ---- Listening ---- */

void
report_listening(const struct house *h)
{
	const struct listeners *l = &h->listeners;
	struct buf listen, admin;
	size_t i;

	buf_init(&listen, LISTEN_TEXT_MAX);
	buf_init(&admin, LISTEN_TEXT_MAX);
	for (i = 0; i < l->n_mcp + l->n_admin; i++) {
		struct buf *out = l->items[i].is_admin ? &admin : &listen;

		(void)buf_printf(out, "%s%s", out->len > 0 ? ", " : "", l->items[i].text);
	}
	log_write(LOG_NOTICE, "listening", LOG_STR("listen", buf_cstr(&listen)),
		  LOG_STR("admin", admin.len > 0 ? buf_cstr(&admin) : "off"),
		  LOG_STR("control_socket", h->control_path), LOG_STR("version", MAGENTO_MCP_VERSION), LOG_END);
	buf_fini(&listen);
	buf_fini(&admin);
}

/* ---- Status ---- */

static const char *
state_name(const struct house *h)
{
	return h->state == SERVICE_RUNNING && h->is_drained ? "drained" : states_service_name(h->state);
}

void
report_status_line(struct house *h)
{
	char text[ERR_TEXT_MAX + 64];

	if (h->has_reloaded && !h->reload_ok)
		(void)snprintf(text, sizeof(text), "%s failed: %s", h->was_upgrade ? "upgrade" : "reload",
			       h->reload_text);
	else if (h->is_drained)
		(void)snprintf(text, sizeof(text), "drained; reload brings the workers back");
	else
		(void)snprintf(text, sizeof(text), "generation %u, %u workers serve%s", h->serving->number,
			       workers_count(h, h->serving, WORKER_READY),
			       h->serving->settings.has_no_store ? NO_STORE : "");
	notify_status(&h->notify, text);
}

static void
view_worker(const struct house *h, const struct worker *w, uint64_t now_ms, struct status_worker *view)
{
	struct board_status row;

	board_read(board_row(h->segment, w->slot), &row);
	*view = (struct status_worker){.slot = w->slot,
				       .pid = w->pid > 0 ? w->pid : 0,
				       .generation = w->generation->number,
				       .state = states_worker_name(w->state),
				       .requests = row.counters[BOARD_REQUESTS],
				       .respawns = w->respawns};
	if (row.pid != w->pid)
		return;
	view->connections = row.gauges[BOARD_CONNECTIONS_NOW];
	view->streams = row.gauges[BOARD_STREAMS_NOW];
	if (w->ready_at_ms == 0)
		return;
	view->is_confined = w->is_confined;
	view->ready_ms = w->ready_at_ms - w->started_ms;
	view->heartbeat_age_ms = now_ms > row.heartbeat_ms ? now_ms - row.heartbeat_ms : 0;
}

static void
view_table(const struct house *h, struct status_table *view)
{
	struct table_stats stats;
	int kind;

	table_stats(h->table, &stats);
	*view = (struct status_table){.slots = segment_slots(h->segment),
				      .evictions = stats.evictions,
				      .owner_deaths = stats.owner_deaths,
				      .has_secret_keys = segment_keys_are_secretmem(h->keys),
				      .corrupt = stats.dropped_corrupt,
				      .full = stats.full};
	for (kind = TABLE_LOGIN; kind <= TABLE_NONCE; kind++)
		view->used += table_count(h->table, (enum table_kind)kind);
}

static void
view_house(const struct house *h, uint64_t now_ms, struct status_view *view)
{
	uint32_t i;

	*view = (struct status_view){.pid = getpid(),
				     .version = MAGENTO_MCP_VERSION,
				     .state = state_name(h),
				     .generation = h->serving != NULL ? h->serving->number : 0,
				     .uptime_s = (now_ms - h->started_ms) / 1000,
				     .listeners = &h->listeners,
				     .control_socket = h->control_path,
				     .is_read_only = h->serving != NULL && h->serving->settings.is_read_only};
	for (i = 0; i < BOARD_ROWS; i++) {
		if (h->workers[i].generation != NULL)
			view_worker(h, &h->workers[i], now_ms, &view->workers[view->n_workers++]);
	}
	view->keeper = (struct status_keeper){.pid = h->keeper.pid > 0 ? h->keeper.pid : 0,
					      .generation = h->keeper.generation,
					      .state = keeper_role_state_name(h->keeper.state),
					      .respawns = h->keeper.respawns};
	view_table(h, &view->table);
	view->last_reload = (struct status_reload){.is_known = h->has_reloaded,
						   .ok = h->reload_ok,
						   .message = h->reload_text,
						   .at_wall_ms = h->reload_at_wall_ms};
}

/* ---- Log file ---- */

int
report_open_log(struct house *h, struct err *err)
{
	int fd;

	if (h->log_path[0] == '\0')
		return 0;
	fd = open(h->log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, LOG_MODE);
	if (fd < 0)
		return err_set_errno(err, ERR_IO, errno, "cannot open the log file %s", h->log_path);
	log_set_fd(fd);
	fd_close(&h->log_fd);
	h->log_fd = fd;
	return 0;
}

int
report_reopen(struct house *h, struct err *err)
{
	int r;

	r = report_open_log(h, err);
	if (r < 0) {
		log_write(LOG_ERROR, "reopen_failed", LOG_STR("error", err->text), LOG_END);
		return r;
	}
	keeper_role_send_log(h);
	audit_log_reopen(h);
	workers_send_logs(h);
	log_write(LOG_NOTICE, "reopened", LOG_STR("log_file", h->log_fd >= 0 ? h->log_path : "standard error"),
		  LOG_END);
	return 0;
}

/* ---- Answers to ctl ---- */

static void
answer_status(struct house *h, struct ctl_client *client, bool json)
{
	struct status_view view;
	struct buf body;
	int r;

	buf_init(&body, CTL_REPLY_MAX - CTL_LINE_MAX);
	view_house(h, clock_mono_ms(), &view);
	r = json ? status_put_json(&body, &view) : status_put_text(&body, &view);
	ctl_answer(client, r == 0, "not enough memory", r == 0 ? buf_slice(&body) : SLICE_NONE);
	buf_fini(&body);
}

static bool
is_stopping(const struct house *h)
{
	return h->state == SERVICE_STOPPING || h->state == SERVICE_ENDING || h->state == SERVICE_ENDED;
}

/* Waits, if it wants to, for the reload or upgrade that reads the file after this moment. */
static void
answer_reload(struct house *h, struct ctl_client *client, bool wait)
{
	if (is_stopping(h)) {
		ctl_answer(client, false, "the service stops", SLICE_NONE);
		return;
	}
	if (wait)
		client->wait = CTL_WAIT_NEXT;
	else
		ctl_answer(client, true, "", SLICE_NONE);
	service_event(h, SERVICE_EV_RELOAD, clock_mono_ms());
}

static void
answer_drain(struct house *h, struct ctl_client *client)
{
	if (h->state != SERVICE_RUNNING) {
		ctl_answer(client, false, "not while the service starts, reloads or stops; try again", SLICE_NONE);
		return;
	}
	service_event(h, SERVICE_EV_DRAIN, clock_mono_ms());
	ctl_answer(client, true, "", SLICE_NONE);
}

void
report_ctl(void *ctx, struct ctl_client *client, const struct ctl_request *request)
{
	struct house *h = ctx;
	struct err err;
	int r;

	switch (request->verb) {
	case CTL_STATUS:
		answer_status(h, client, request->json);
		break;
	case CTL_RELOAD:
		answer_reload(h, client, request->wait);
		break;
	case CTL_UPGRADE:
		r = service_want_upgrade(h, &err);
		if (r == 0)
			answer_reload(h, client, request->wait);
		else
			ctl_answer(client, false, err.text, SLICE_NONE);
		break;
	case CTL_STOP:
		if (request->wait)
			client->wait = CTL_WAIT_STOP;
		else
			ctl_answer(client, true, "", SLICE_NONE);
		service_event(h, SERVICE_EV_STOP, clock_mono_ms());
		break;
	case CTL_DRAIN:
		answer_drain(h, client);
		break;
	case CTL_REOPEN:
		r = report_reopen(h, &err);
		ctl_answer(client, r == 0, r == 0 ? "" : err.text, SLICE_NONE);
		break;
	}
}
