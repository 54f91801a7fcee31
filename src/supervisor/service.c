/*
 * service.c - the actions of the service table: reload from check to adoption, and the ways to stop
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "supervisor/audit_log.h"
#include "supervisor/house.h"
#include "supervisor/upgrade.h"

#define DIFF_TEXT_MAX (2 * CONFIG_RENDERED_MAX)

/* ---- Generations ---- */

struct generation *
service_new_generation(struct house *h, int config_fd, int audit_fd, const struct house_settings *settings,
		       uint64_t now_ms)
{
	struct generation *g;
	size_t i;

	for (i = 0; i < HOUSE_GENERATIONS_MAX; i++) {
		g = &h->generations[i];
		if (g->state != GENERATION_UNUSED)
			continue;
		*g = (struct generation){.state = GENERATION_STARTING,
					 .config_fd = config_fd,
					 .audit_fd = audit_fd,
					 .settings = *settings,
					 .wanted = settings->workers,
					 .started_ms = now_ms};
		g->number = (uint32_t)segment_next_generation(h->segment);
		return g;
	}
	return NULL;
}

/* A retiring generation without processes is over; when it was the keeper's, the keeper's time has come too. */
static void
end_retired(struct house *h, uint64_t now_ms)
{
	size_t i;

	for (i = 0; i < HOUSE_GENERATIONS_MAX; i++) {
		struct generation *g = &h->generations[i];

		if (g->state != GENERATION_RETIRING || workers_alive(h, g) > 0)
			continue;
		fd_close(&g->config_fd);
		fd_close(&g->audit_fd);
		g->state = GENERATION_UNUSED;
		log_write(LOG_INFO, "generation_ended", LOG_U64("generation", g->number), LOG_END);
		if (h->keeper.generation == g->number && h->state < SERVICE_STOPPING)
			keeper_role_replace(h, now_ms);
	}
}

static void
cut(struct house *h, struct generation *g, enum worker_event how, uint64_t now_ms)
{
	g->state = GENERATION_RETIRING;
	g->is_cut = true;
	workers_tell(h, g, how, now_ms);
}

/* ---- The end of a reload ---- */

static void
log_reload(const struct house *h, bool ok)
{
	const char *event = ok ? "reloaded" : "reload_failed";

	if (h->was_upgrade)
		event = ok ? "upgraded" : "upgrade_failed";
	log_write(ok ? LOG_NOTICE : LOG_ERROR, event, LOG_STR("text", h->reload_text), LOG_END);
}

/* Who waits at the control socket learns which keys differ, too. */
static void
tell_waiting(struct house *h, bool ok, uint64_t now_ms)
{
	struct buf body;

	buf_init(&body, CTL_REPLY_MAX - CTL_LINE_MAX);
	if (ok)
		(void)buf_printf(&body, "%s\n", h->reload_text);
	(void)buf_put_str(&body, h->changes);
	ctl_answer_waiting(&h->ctl, CTL_WAIT_RELOAD, ok, h->reload_text, buf_slice(&body), now_ms);
	buf_fini(&body);
}

/* Remembers and tells how it went, then begins the reload that was asked for meanwhile. */
static void
finish_reload(struct house *h, bool ok, uint64_t now_ms)
{
	h->has_reloaded = true;
	h->reload_ok = ok;
	h->was_upgrade = h->is_upgrading;
	h->is_upgrading = false;
	h->reload_at_wall_ms = clock_wall_ms();
	if (ok)
		(void)snprintf(h->reload_text, sizeof(h->reload_text), "generation %u serves%s", h->serving->number,
			       h->was_upgrade ? ", version " MAGENTO_MCP_VERSION : "");
	else
		(void)snprintf(h->reload_text, sizeof(h->reload_text), "%s", h->failure);
	fd_close(&h->pending_fd);
	fd_close(&h->pending_audit_fd);
	log_reload(h, ok);
	notify_ready(&h->notify, NULL);
	report_status_line(h);
	tell_waiting(h, ok, now_ms);
	if (h->reload_again)
		service_event(h, SERVICE_EV_RELOAD, now_ms);
}

static void
fail(struct house *h, const char *text)
{
	(void)snprintf(h->failure, sizeof(h->failure), "%s", text);
}

/* ---- Check ---- */

static void
act_check(struct house *h, uint64_t now_ms)
{
	struct check_plan plan = {.exe = h->upgrade_wanted ? h->options->installed : h->options->exe,
				  .argv0 = h->options->name,
				  .sources = h->options->sources,
				  .null_fd = h->null_fd,
				  .serving_fd = h->upgrade_wanted ? h->serving->config_fd : -1};
	struct err err;

	h->reload_again = false;
	h->is_upgrading = h->upgrade_wanted;
	h->upgrade_wanted = false;
	h->failure[0] = h->changes[0] = '\0';
	ctl_promote_waiting(&h->ctl);
	notify_reloading(&h->notify, clock_mono_us());
	log_write(LOG_NOTICE, h->is_upgrading ? "upgrade" : "reload", LOG_END);
	if (check_start(&h->check, &plan, now_ms, &err) == 0)
		return;
	fail(h, err.text);
	service_event(h, SERVICE_EV_CHECK_FAILED, now_ms);
}

static void
note_changes(struct house *h, const struct buf *changed)
{
	if (changed->len == 0)
		(void)snprintf(h->changes, sizeof(h->changes), "nothing has changed in the configuration\n");
	else
		(void)snprintf(h->changes, sizeof(h->changes), "changed: %.*s%s\n", HOUSE_CHANGES_MAX - 32,
			       changed->ptr, changed->len > HOUSE_CHANGES_MAX - 32 ? "..." : "");
	log_write(LOG_INFO, "reload_changes", LOG_SLICE("keys", buf_slice(changed)), LOG_END);
}

/* A key that only a restart can apply is refused by its name: half a reload would be worse than none. */
static int
compare(struct house *h, const struct config *fresh, struct err *err)
{
	struct config *serving = NULL;
	struct buf changed, restart;
	int r;

	buf_init(&changed, DIFF_TEXT_MAX);
	buf_init(&restart, DIFF_TEXT_MAX);
	r = config_read_rendered(h->serving->config_fd, &serving, err);
	if (r < 0)
		goto out;
	r = config_diff(serving, fresh, &changed, &restart);
	if (r < 0)
		(void)err_set(err, r, "the configurations cannot be compared (%s)", err_name(r));
	else
		note_changes(h, &changed);
	if (r == 0 && restart.len > 0)
		r = err_set(err, ERR_DENIED, "a reload cannot change %.300s; restart the service, or set it back",
			    buf_cstr(&restart));
out:
	config_free(&serving);
	buf_fini(&changed);
	buf_fini(&restart);
	return r;
}

void
service_abandon_reload(struct house *h, const char *text, uint64_t now_ms)
{
	fail(h, text);
	service_event(h, SERVICE_EV_CHECK_FAILED, now_ms);
}

/* The configuration was read by this program itself. */
static int
accept_config(struct house *h, const struct config *cfg, struct err *err)
{
	int r = house_allow_listeners(h, cfg, err);

	if (r == 0)
		r = compare(h, cfg, err);
	if (r == 0)
		r = audit_log_open(cfg->audit.path, &h->pending_audit_fd, err);
	if (r == 0)
		house_settings_from(cfg, &h->pending);
	return r;
}

static void
fail_check(struct house *h, const struct err *err)
{
	if (h->is_upgrading)
		(void)snprintf(h->failure, sizeof(h->failure), "%.*s: %.*s", ERR_TEXT_MAX / 3, h->options->installed,
			       ERR_TEXT_MAX / 2, err->text);
	else
		fail(h, err->text);
}

void
service_check_over(struct house *h, int wait_status, uint64_t now_ms)
{
	struct config *cfg = NULL;
	struct err err;
	int r;

	fd_close(&h->pending_fd);
	fd_close(&h->pending_audit_fd);
	r = check_finish(&h->check, wait_status, &cfg, &h->pending_fd, &err);
	if (h->state != SERVICE_CHECKING)
		goto out; /* cancelled by a stop */
	if (r == 0)
		r = h->is_upgrading ? upgrade_exec(h, &err) : accept_config(h, cfg, &err);
	if (r < 0)
		fail_check(h, &err);
out:
	config_free(&cfg);
	service_event(h, r == 0 ? SERVICE_EV_CHECK_OK : SERVICE_EV_CHECK_FAILED, now_ms);
}

/* ---- Room ---- */

static size_t
list_retiring(struct house *h, struct roll_retiring *list, struct generation **of)
{
	size_t n = 0;
	size_t i;

	for (i = 0; i < HOUSE_GENERATIONS_MAX; i++) {
		struct generation *g = &h->generations[i];

		if (g->state != GENERATION_RETIRING)
			continue;
		of[n] = g;
		list[n++] =
		    (struct roll_retiring){.number = g->number, .processes = workers_alive(h, g), .is_cut = g->is_cut};
	}
	return n;
}

/* Done each turn while the new generation waits for slots. */
static void
make_room(struct house *h, uint64_t now_ms)
{
	struct roll_retiring list[HOUSE_GENERATIONS_MAX];
	struct generation *of[HOUSE_GENERATIONS_MAX];
	size_t n = list_retiring(h, list, of);
	bool has_room;
	int oldest;

	oldest = roll_cut(list, n, h->pending.workers, workers_free(h), &has_room);
	if (has_room) {
		service_event(h, SERVICE_EV_ROOM, now_ms);
	} else if (oldest >= 0 && now_ms - h->room_since_ms < HOUSE_PATIENCE_MS) {
		return; /* back to back, reloads would cost requests */
	} else if (oldest >= 0) {
		log_write(LOG_WARN, "generation_cut", LOG_U64("generation", of[oldest]->number), LOG_END);
		cut(h, of[oldest], WORKER_EV_STOP, now_ms);
	} else if (n == 0) {
		fail(h, "there are not enough free worker slots; lower server.workers");
		service_event(h, SERVICE_EV_CHECK_FAILED, now_ms);
	}
}

/* ---- Rolling ---- */

static void
act_start(struct house *h, uint64_t now_ms)
{
	h->incoming = service_new_generation(h, h->pending_fd, h->pending_audit_fd, &h->pending, now_ms);
	must(h->incoming != NULL); /* roll_cut() lets at most one retire beside the one that serves */
	h->pending_fd = h->pending_audit_fd = -1;
	workers_start(h, h->incoming, now_ms);
}

static void
take_over(struct house *h)
{
	h->serving = h->incoming;
	h->serving->state = GENERATION_SERVING;
	h->incoming = NULL;
	h->is_drained = false;
	log_set_level(h->serving->settings.log_level);
}

static void
act_announce(struct house *h)
{
	take_over(h);
	log_write(LOG_NOTICE, "serving", LOG_U64("generation", h->serving->number),
		  LOG_U64("workers", workers_count(h, h->serving, WORKER_READY)), LOG_END);
	notify_ready(&h->notify, NULL);
	report_status_line(h);
}

static void
act_adopt(struct house *h, uint64_t now_ms)
{
	struct generation *old = h->serving;

	take_over(h);
	old->state = GENERATION_RETIRING;
	workers_tell(h, old, WORKER_EV_RETIRE, now_ms);
	finish_reload(h, true, now_ms);
}

static void
act_discard(struct house *h, uint64_t now_ms)
{
	fail(h, h->incoming->failure[0] != '\0' ? h->incoming->failure : "the new workers were not ready in time");
	cut(h, h->incoming, WORKER_EV_KILL, now_ms);
	h->incoming = NULL;
	finish_reload(h, false, now_ms);
}

/* ---- Stopping ---- */

/* Nobody who waits for a reload will see one. */
static void
leave_reload(struct house *h, uint64_t now_ms)
{
	check_cancel(&h->check);
	h->reload_again = h->upgrade_wanted = false;
	ctl_promote_waiting(&h->ctl);
	ctl_answer_waiting(&h->ctl, CTL_WAIT_RELOAD, false, "the service stops", SLICE_NONE, now_ms);
}

static void
act_retire_all(struct house *h, uint64_t now_ms)
{
	h->is_drained = h->state == SERVICE_RUNNING;
	log_write(LOG_NOTICE, h->is_drained ? "draining" : "stopping", LOG_END);
	if (!h->is_drained) {
		leave_reload(h, now_ms);
		notify_stopping(&h->notify, "draining");
	}
	workers_tell(h, NULL, WORKER_EV_RETIRE, now_ms);
	if (h->is_drained)
		report_status_line(h);
}

static void
act_stop_all(struct house *h, enum worker_event how, uint64_t now_ms)
{
	log_write(LOG_NOTICE, how == WORKER_EV_KILL ? "killing" : "stopping_now", LOG_END);
	leave_reload(h, now_ms);
	notify_stopping(&h->notify, "stopping");
	workers_tell(h, NULL, how, now_ms);
}

static void
act_abandon(struct house *h, uint64_t now_ms)
{
	const struct generation *g = h->incoming != NULL ? h->incoming : h->serving;

	h->exit_status = EXIT_STATUS_CONFIG;
	log_write(LOG_ERROR, "abandoned", LOG_STR("text", g->failure), LOG_END);
	act_stop_all(h, WORKER_EV_STOP, now_ms);
}

static void
act_end(struct house *h, uint64_t now_ms)
{
	log_write(LOG_NOTICE, "stopped", LOG_END);
	ctl_answer_waiting(&h->ctl, CTL_WAIT_STOP, true, "", SLICE_NONE, now_ms);
}

/* ---- The table's hands ---- */

static void
act(struct house *h, enum service_action action, enum service_event event, uint64_t now_ms)
{
	switch (action) {
	case SERVICE_CHECK:
		act_check(h, now_ms);
		break;
	case SERVICE_REMEMBER:
		h->reload_again = true;
		break;
	case SERVICE_REFUSE:
		log_write(LOG_WARN, "refused", LOG_STR("what", event == SERVICE_EV_RELOAD ? "reload" : "drain"),
			  LOG_STR("state", states_service_name(h->state)), LOG_END);
		break;
	case SERVICE_REPORT:
		finish_reload(h, false, now_ms);
		break;
	case SERVICE_START:
		act_start(h, now_ms);
		break;
	case SERVICE_ANNOUNCE:
		act_announce(h);
		if (h->reload_again)
			service_event(h, SERVICE_EV_RELOAD, now_ms);
		break;
	case SERVICE_ADOPT:
		act_adopt(h, now_ms);
		break;
	case SERVICE_DISCARD:
		act_discard(h, now_ms);
		break;
	case SERVICE_RETIRE_ALL:
		act_retire_all(h, now_ms);
		break;
	case SERVICE_STOP_ALL:
		act_stop_all(h, WORKER_EV_STOP, now_ms);
		break;
	case SERVICE_KILL_ALL:
		act_stop_all(h, WORKER_EV_KILL, now_ms);
		break;
	case SERVICE_ABANDON:
		act_abandon(h, now_ms);
		break;
	case SERVICE_END:
		act_end(h, now_ms);
		break;
	case SERVICE_MAKE_ROOM: /* service_turn() does it, now and until there is room */
		h->room_since_ms = now_ms;
		break;
	case SERVICE_NONE:
	case SERVICE_BUG:
	case SERVICE_ACTIONS:
		break;
	}
}

void
service_event(struct house *h, enum service_event event, uint64_t now_ms)
{
	struct service_step step = states_service(h->state, event);

	if (step.action == SERVICE_BUG)
		log_write(LOG_ERROR, "impossible_event", LOG_U64("service_event", event),
			  LOG_STR("state", states_service_name(h->state)), LOG_END);
	h->state = step.next;
	act(h, step.action, event, now_ms);
}

int
service_want_upgrade(struct house *h, struct err *err)
{
	if (h->options->installed == NULL || h->options->installed[0] == '\0')
		return err_set(err, ERR_UNSUPPORTED,
			       "it is not known where the program is installed; stop and start the service");
	h->upgrade_wanted = true;
	return 0;
}

static void
judge_incoming(struct house *h, uint64_t now_ms)
{
	struct generation *g = h->incoming;
	struct roll_count count = {.wanted = g->wanted,
				   .gave_up = g->gave_up,
				   .died_early = g->died_early,
				   .ready = workers_count(h, g, WORKER_READY),
				   .is_first = g->is_first,
				   .started_ms = g->started_ms,
				   .ready_limit_ms = h->options->ready_limit_ms};

	switch (roll_judge(&count, now_ms)) {
	case ROLL_READY:
		if (g->is_first && !h->keeper.was_ready)
			break; /* its database may be unusable: then there is no service */
		service_event(h, SERVICE_EV_GEN_READY, now_ms);
		break;
	case ROLL_FAILED:
		service_event(h, SERVICE_EV_GEN_FAILED, now_ms);
		break;
	case ROLL_WAIT:
		break;
	}
}

void
service_turn(struct house *h, uint64_t now_ms)
{
	end_retired(h, now_ms);
	if (h->state == SERVICE_ROOM)
		make_room(h, now_ms);
	if (h->state == SERVICE_STARTING || h->state == SERVICE_ROLLING)
		judge_incoming(h, now_ms);
	if ((h->state == SERVICE_STOPPING || h->state == SERVICE_ENDING) && workers_alive(h, NULL) == 0 &&
	    !check_is_running(&h->check) && keeper_role_end(h, now_ms))
		service_event(h, SERVICE_EV_EMPTY, now_ms);
}
