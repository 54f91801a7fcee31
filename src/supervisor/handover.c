/*
 * handover.c - see handover.h
 */
#include "supervisor/handover.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"

#define FIRST_LINE "magento-mcp handover"

/* ---- Writing ---- */

struct writer {
	struct buf *out;
	struct handover_fds *fds;
};

static void
put_number(struct writer *w, const char *name, uint64_t value)
{
	(void)buf_printf(w->out, " %s=%" PRIu64, name, value);
}

static void
put_fd(struct writer *w, const char *name, int fd)
{
	if (fd < 0)
		return;
	must(w->fds->n < HANDOVER_FDS_MAX);
	w->fds->fds[w->fds->n++] = fd;
	put_number(w, name, (uint64_t)fd);
}

static void
put_word(struct writer *w, const char *word)
{
	(void)buf_put_str(w->out, word);
}

static void
put_text(struct writer *w, const char *text)
{
	(void)buf_printf(w->out, " text=%.*s", (int)strcspn(text, "\n"), text);
}

static void
put_end(struct writer *w)
{
	(void)buf_put_char(w->out, '\n');
}

static void
write_service(struct writer *w, const struct house *h)
{
	put_word(w, "service");
	put_number(w, "started", h->started_ms);
	put_number(w, "drained", h->is_drained);
	put_number(w, "generation", segment_generation(h->segment));
	put_number(w, "reload_again", h->reload_again);
	put_number(w, "stored", h->is_memory_stored);
	put_fd(w, "table", segment_fd(h->segment));
	put_fd(w, "keys", segment_keys_fd(h->keys));
	put_fd(w, "config", h->pending_fd);
	put_end(w);
	put_word(w, "log");
	put_fd(w, "fd", h->log_fd);
	put_text(w, h->log_path);
	put_end(w);
}

static void
write_control(struct writer *w, const struct ctl *c)
{
	size_t i;

	put_word(w, "control");
	put_fd(w, "fd", c->fd);
	put_number(w, "inode", c->inode);
	put_text(w, c->path);
	put_end(w);
	for (i = 0; i < CTL_CLIENTS_MAX; i++) {
		if (c->clients[i].fd < 0 || c->clients[i].wait == CTL_WAIT_NONE)
			continue;
		put_word(w, "client");
		put_fd(w, "fd", c->clients[i].fd);
		put_number(w, "half_closed", c->clients[i].is_half_closed);
		put_end(w);
	}
}

static void
write_sockets(struct writer *w, const struct house *h)
{
	size_t i;

	for (i = 0; i < h->listeners.n_mcp + h->listeners.n_admin; i++) {
		const struct listener *l = &h->listeners.items[i];

		put_word(w, "listener");
		put_fd(w, "fd", l->fd);
		put_number(w, "admin", l->is_admin);
		put_number(w, "passed", l->is_passed);
		put_number(w, "made", l->path[0] != '\0');
		put_end(w);
	}
	for (i = 0; i < HERITAGE_INBOXES; i++) {
		put_word(w, "inbox");
		put_number(w, "slot", i);
		put_fd(w, "reading", h->inboxes.reading[i]);
		put_fd(w, "writing", h->inboxes.writing[i]);
		put_end(w);
	}
}

static void
write_keeper(struct writer *w, const struct keeper_role *k)
{
	put_word(w, "keeper");
	put_fd(w, "fd", k->listen_fd);
	put_number(w, "state", k->state);
	if (k->pid > 0)
		put_number(w, "pid", (uint64_t)k->pid);
	put_fd(w, "pidfd", k->pidfd);
	put_fd(w, "control", k->control);
	put_number(w, "generation", k->generation);
	put_number(w, "deadline", k->deadline_ms);
	put_number(w, "started", k->started_ms);
	put_number(w, "ready", k->ready_at_ms);
	put_number(w, "heard", k->heard_ms);
	put_number(w, "wanted", k->is_wanted);
	put_number(w, "was_ready", k->was_ready);
	put_number(w, "respawns", k->respawns);
	put_text(w, k->path);
	put_end(w);
}

static void
write_generation(struct writer *w, const struct house *h, size_t index)
{
	const struct generation *g = &h->generations[index];

	put_word(w, "generation");
	put_number(w, "index", index);
	put_number(w, "state", g->state);
	put_number(w, "number", g->number);
	put_fd(w, "config", g->config_fd);
	put_number(w, "workers", g->settings.workers);
	put_number(w, "drain", g->settings.drain_ms);
	put_number(w, "level", g->settings.log_level);
	put_number(w, "read_only", g->settings.is_read_only);
	put_number(w, "cut", g->is_cut);
	put_number(w, "foreign", g->is_foreign);
	put_number(w, "wanted", g->wanted);
	put_number(w, "gave_up", g->gave_up);
	put_number(w, "started", g->started_ms);
	put_fd(w, "audit", g->audit_fd);
	put_text(w, g->settings.audit_path);
	put_end(w);
}

static void
write_worker(struct writer *w, const struct house *h, const struct worker *worker)
{
	put_word(w, "worker");
	put_number(w, "slot", worker->slot);
	put_number(w, "state", worker->state);
	put_number(w, "index", (uint64_t)(worker->generation - h->generations));
	if (worker->pid > 0)
		put_number(w, "pid", (uint64_t)worker->pid);
	put_fd(w, "pidfd", worker->pidfd);
	put_fd(w, "control", worker->control);
	put_number(w, "deadline", worker->deadline_ms);
	put_number(w, "started", worker->started_ms);
	put_number(w, "ready", worker->ready_at_ms);
	put_number(w, "confined", worker->is_confined);
	put_number(w, "respawns", worker->respawns);
	put_end(w);
}

int
handover_write(const struct house *h, struct buf *out, struct handover_fds *fds_r)
{
	struct writer w = {.out = out, .fds = fds_r};
	size_t i;

	fds_r->n = 0;
	put_word(&w, FIRST_LINE);
	put_end(&w);
	write_service(&w, h);
	write_control(&w, &h->ctl);
	write_sockets(&w, h);
	write_keeper(&w, &h->keeper);
	for (i = 0; i < HOUSE_GENERATIONS_MAX; i++) {
		if (h->generations[i].state != GENERATION_UNUSED)
			write_generation(&w, h, i);
	}
	for (i = 0; i < BOARD_ROWS; i++) {
		if (h->workers[i].generation != NULL)
			write_worker(&w, h, &h->workers[i]);
	}
	return out->failed;
}

/* ---- Reading ---- */

struct reader {
	struct house *h;
	struct handover_memory *memory;
	struct slice numbers; /* of the line, up to its text */
	struct slice text;
	struct err *err;
	int failed;
};

/* The digits behind " name=", or nothing. */
static bool
find_number(const struct reader *r, const char *name, uint64_t *value_r)
{
	char wanted[32];
	int len = snprintf(wanted, sizeof(wanted), " %s=", name);
	const char *at = memmem(r->numbers.ptr, r->numbers.len, wanted, (size_t)len);
	struct slice rest, digits;

	if (at == NULL)
		return false;
	at += len;
	rest = slice_of(at, (size_t)(r->numbers.ptr + r->numbers.len - at));
	return slice_next(&rest, ' ', &digits) && slice_to_u64(digits, UINT64_MAX, value_r) == 0;
}

static uint64_t
number(const struct reader *r, const char *name)
{
	uint64_t value = 0;

	return find_number(r, name, &value) ? value : 0;
}

/* Below `limit`: an index that is not makes the whole text worthless. */
static size_t
index_below(struct reader *r, const char *name, size_t limit)
{
	uint64_t value = number(r, name);

	if (value < limit)
		return (size_t)value;
	r->failed = err_set(r->err, ERR_CORRUPT, "the handover has a %s of %" PRIu64, name, value);
	return 0;
}

static int
descriptor(struct reader *r, const char *name)
{
	uint64_t value;

	if (!find_number(r, name, &value))
		return -1;
	if (value <= INT_MAX && fd_set_cloexec((int)value, true) == 0)
		return (int)value;
	r->failed = err_set(r->err, ERR_CORRUPT, "the handover's descriptor %" PRIu64 " (%s) is not open", value, name);
	return -1;
}

static pid_t
process(const struct reader *r)
{
	uint64_t pid = number(r, "pid");

	return pid > 0 && pid <= INT_MAX ? (pid_t)pid : -1;
}

static char *
text_copy(struct reader *r)
{
	char *copy = strndup(r->text.len > 0 ? r->text.ptr : "", r->text.len);

	if (copy == NULL)
		r->failed = err_set(r->err, ERR_NOMEM, "not enough memory");
	return copy;
}

static void
read_service(struct reader *r)
{
	struct house *h = r->h;

	h->started_ms = number(r, "started");
	h->is_drained = number(r, "drained") != 0;
	h->reload_again = number(r, "reload_again") != 0;
	h->is_memory_stored = number(r, "stored") != 0;
	h->pending_fd = descriptor(r, "config");
	r->memory->generation = number(r, "generation");
	r->memory->table_fd = descriptor(r, "table");
	r->memory->keys_fd = descriptor(r, "keys");
}

static void
read_log(struct reader *r)
{
	r->h->log_fd = descriptor(r, "fd");
	r->h->log_path = text_copy(r);
}

static void
read_control(struct reader *r)
{
	r->h->control_path = text_copy(r);
	r->h->ctl.fd = descriptor(r, "fd");
	r->h->ctl.inode = number(r, "inode");
	r->h->ctl.path = r->h->control_path;
}

static void
read_client(struct reader *r)
{
	int fd = descriptor(r, "fd");

	if (fd >= 0)
		ctl_take_waiting(&r->h->ctl, fd, number(r, "half_closed") != 0);
}

static void
read_listener(struct reader *r)
{
	struct listener item = {
	    .fd = descriptor(r, "fd"), .is_admin = number(r, "admin") != 0, .is_passed = number(r, "passed") != 0};

	if (item.fd >= 0 && listeners_adopt(&r->h->listeners, &item, number(r, "made") != 0, r->err) < 0)
		r->failed = ERR_CORRUPT;
}

static void
read_inbox(struct reader *r)
{
	size_t slot = index_below(r, "slot", HERITAGE_INBOXES);

	r->h->inboxes.reading[slot] = descriptor(r, "reading");
	r->h->inboxes.writing[slot] = descriptor(r, "writing");
}

static void
read_keeper(struct reader *r)
{
	r->h->keeper = (struct keeper_role){.state = index_below(r, "state", KEEPER_ROLE_STATES),
					    .path = text_copy(r),
					    .listen_fd = descriptor(r, "fd"),
					    .pid = process(r),
					    .pidfd = descriptor(r, "pidfd"),
					    .control = descriptor(r, "control"),
					    .generation = (uint32_t)number(r, "generation"),
					    .deadline_ms = number(r, "deadline"),
					    .started_ms = number(r, "started"),
					    .ready_at_ms = number(r, "ready"),
					    .heard_ms = number(r, "heard"),
					    .is_wanted = number(r, "wanted") != 0,
					    .was_ready = number(r, "was_ready") != 0,
					    .respawns = (uint32_t)number(r, "respawns")};
}

static void
read_generation(struct reader *r)
{
	struct generation *g = &r->h->generations[index_below(r, "index", HOUSE_GENERATIONS_MAX)];

	*g = (struct generation){.state = index_below(r, "state", GENERATION_RETIRING + 1),
				 .number = (uint32_t)number(r, "number"),
				 .config_fd = descriptor(r, "config"),
				 .audit_fd = descriptor(r, "audit"),
				 .settings = {.workers = (uint32_t)number(r, "workers"),
					      .drain_ms = number(r, "drain"),
					      .log_level = (enum log_level)number(r, "level"),
					      .is_read_only = number(r, "read_only") != 0},
				 .is_cut = number(r, "cut") != 0,
				 .is_foreign = number(r, "foreign") != 0,
				 .wanted = (uint32_t)number(r, "wanted"),
				 .gave_up = (uint32_t)number(r, "gave_up"),
				 .started_ms = number(r, "started")};
	(void)!slice_to_str(r->text, g->settings.audit_path, sizeof(g->settings.audit_path));
	if (g->state == GENERATION_SERVING)
		r->h->serving = g;
}

static void
read_worker(struct reader *r)
{
	struct worker *w = &r->h->workers[index_below(r, "slot", BOARD_ROWS)];

	w->state = index_below(r, "state", WORKER_STATES);
	w->generation = &r->h->generations[index_below(r, "index", HOUSE_GENERATIONS_MAX)];
	w->pid = process(r);
	w->pidfd = descriptor(r, "pidfd");
	w->control = descriptor(r, "control");
	w->deadline_ms = number(r, "deadline");
	w->started_ms = number(r, "started");
	w->ready_at_ms = number(r, "ready");
	w->is_confined = number(r, "confined") != 0;
	w->respawns = (uint32_t)number(r, "respawns");
}

static void
read_line(struct reader *r, struct slice line)
{
	static const struct {
		const char *word;
		void (*read)(struct reader *r);
	} words[] = {
	    {"service ", read_service},	  {"log", read_log},
	    {"control ", read_control},	  {"client ", read_client},
	    {"listener ", read_listener}, {"inbox ", read_inbox},
	    {"keeper ", read_keeper},	  {"generation ", read_generation},
	    {"worker ", read_worker},
	};
	const char *text = memmem(line.ptr, line.len, " text=", strlen(" text="));
	size_t len = text != NULL ? (size_t)(text - line.ptr) : line.len;
	size_t i;

	r->numbers = slice_sub(line, 0, len);
	r->text = slice_sub(line, len + (text != NULL ? strlen(" text=") : 0), line.len);
	for (i = 0; i < ARRAY_LEN(words); i++) {
		if (slice_has_prefix(line, words[i].word)) {
			words[i].read(r);
			return;
		}
	}
}

int
handover_read(struct house *h, struct slice text, struct handover_memory *memory_r, struct err *err)
{
	struct reader r = {.h = h, .memory = memory_r, .err = err};
	struct slice line;

	*memory_r = (struct handover_memory){.table_fd = -1, .keys_fd = -1};
	if (!slice_next(&text, '\n', &line) || !slice_is(line, FIRST_LINE))
		return err_set(err, ERR_CORRUPT, "what should be the handover is something else");
	while (r.failed == 0 && slice_next(&text, '\n', &line))
		read_line(&r, line);
	if (r.failed == 0 && (h->serving == NULL || h->ctl.fd < 0 || h->keeper.listen_fd < 0 || h->log_path == NULL ||
			      h->pending_fd < 0 || memory_r->table_fd < 0 || memory_r->keys_fd < 0))
		r.failed = err_set(err, ERR_CORRUPT, "the handover is not complete");
	return r.failed;
}
