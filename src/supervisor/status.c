/*
 * status.c - see status.h
 */
#include "supervisor/status.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/enc.h"

static void
put_key(struct buf *out, const char *key)
{
	(void)buf_printf(out, "\"%s\":", key);
}

static void
put_str(struct buf *out, const char *key, const char *value)
{
	put_key(out, key);
	(void)enc_json_put(out, slice_from_str(value));
	(void)buf_put_char(out, ',');
}

static void
put_u64(struct buf *out, const char *key, uint64_t value)
{
	put_key(out, key);
	(void)buf_put_u64(out, value);
	(void)buf_put_char(out, ',');
}

/* Every member puts a comma behind itself; the end takes the last one back. */
static void
put_end(struct buf *out, char bracket)
{
	if (out->len > 0 && out->ptr[out->len - 1] == ',')
		buf_truncate(out, out->len - 1);
	(void)buf_put_char(out, bracket);
}

static void
put_listeners(struct buf *out, const struct listeners *l)
{
	size_t i;

	put_key(out, "listen");
	(void)buf_put_char(out, '[');
	for (i = 0; i < l->n_mcp; i++) {
		(void)enc_json_put(out, slice_from_str(l->items[i].text));
		(void)buf_put_char(out, ',');
	}
	put_end(out, ']');
	(void)buf_put_char(out, ',');
	if (l->n_admin > 0)
		put_str(out, "admin", l->items[l->n_mcp].text);
	else
		(void)buf_put_str(out, "\"admin\":null,");
}

static void
put_worker(struct buf *out, const struct status_worker *w)
{
	(void)buf_put_char(out, '{');
	put_u64(out, "slot", w->slot);
	put_u64(out, "pid", (uint64_t)w->pid);
	put_u64(out, "generation", w->generation);
	put_str(out, "state", w->state);
	put_u64(out, "ready_ms", w->ready_ms);
	put_u64(out, "heartbeat_age_ms", w->heartbeat_age_ms);
	put_u64(out, "requests", w->requests);
	put_u64(out, "connections", w->connections);
	put_u64(out, "streams", w->streams);
	put_u64(out, "respawns", w->respawns);
	(void)buf_printf(out, "\"confined\":%s,", w->is_confined ? "true" : "false");
	put_end(out, '}');
	(void)buf_put_char(out, ',');
}

static void
put_keeper(struct buf *out, const struct status_keeper *k)
{
	put_key(out, "keeper");
	(void)buf_put_char(out, '{');
	put_u64(out, "pid", (uint64_t)k->pid);
	put_u64(out, "generation", k->generation);
	put_str(out, "state", k->state);
	put_u64(out, "respawns", k->respawns);
	put_end(out, '}');
	(void)buf_put_char(out, ',');
}

static const char *
keys_text(const struct status_table *t)
{
	return t->has_secret_keys ? "secret memory" : "memory";
}

static void
put_table(struct buf *out, const struct status_table *t)
{
	put_key(out, "table");
	(void)buf_put_char(out, '{');
	put_u64(out, "slots", t->slots);
	put_u64(out, "used", t->used);
	put_u64(out, "evictions", t->evictions);
	put_u64(out, "full", t->full);
	put_u64(out, "owner_deaths", t->owner_deaths);
	put_u64(out, "corrupt", t->corrupt);
	put_str(out, "keys", keys_text(t));
	put_end(out, '}');
	(void)buf_put_char(out, ',');
}

static void
put_reload(struct buf *out, const struct status_reload *reload)
{
	char at[CLOCK_ISO_CAP];

	put_key(out, "last_reload");
	if (!reload->is_known) {
		(void)buf_put_str(out, "null,");
		return;
	}
	clock_format_iso(reload->at_wall_ms, at);
	(void)buf_printf(out, "{\"ok\":%s,", reload->ok ? "true" : "false");
	put_str(out, "message", reload->message);
	put_str(out, "at", at);
	put_end(out, '}');
	(void)buf_put_char(out, ',');
}

int
status_put_json(struct buf *out, const struct status_view *view)
{
	size_t i;

	(void)buf_put_char(out, '{');
	put_u64(out, "pid", (uint64_t)view->pid);
	put_str(out, "version", view->version);
	put_u64(out, "generation", view->generation);
	put_str(out, "state", view->state);
	put_u64(out, "uptime_s", view->uptime_s);
	put_listeners(out, view->listeners);
	put_str(out, "control_socket", view->control_socket);
	(void)buf_printf(out, "\"read_only\":%s,", view->is_read_only ? "true" : "false");
	put_key(out, "workers");
	(void)buf_put_char(out, '[');
	for (i = 0; i < view->n_workers; i++)
		put_worker(out, &view->workers[i]);
	put_end(out, ']');
	(void)buf_put_char(out, ',');
	put_keeper(out, &view->keeper);
	put_table(out, &view->table);
	put_reload(out, &view->last_reload);
	put_end(out, '}');
	(void)buf_put_char(out, '\n');
	return out->failed;
}

static void
put_text_head(struct buf *out, const struct status_view *view)
{
	const struct listeners *l = view->listeners;
	size_t i;

	(void)buf_printf(out, "magento-mcp %s, pid %d, %s, generation %" PRIu32 ", up %" PRIu64 " s\n", view->version,
			 (int)view->pid, view->state, view->generation, view->uptime_s);
	for (i = 0; i < l->n_mcp + l->n_admin; i++)
		(void)buf_printf(out, "%s  %s\n", l->items[i].is_admin ? "admin " : "listen", l->items[i].text);
	if (view->is_read_only)
		(void)buf_printf(out, "changes refused by every tool (server.read_only)\n");
	(void)buf_printf(out, "keeper  %s, pid %d, generation %" PRIu32 ", %" PRIu32 " respawns\n", view->keeper.state,
			 (int)view->keeper.pid, view->keeper.generation, view->keeper.respawns);
	(void)buf_printf(out,
			 "table   %" PRIu64 " of %" PRIu64 " slots used, %" PRIu64 " evicted, %" PRIu64
			 " times full, %" PRIu64 " owner deaths, %" PRIu64 " corrupt; keys in %s\n",
			 view->table.used, view->table.slots, view->table.evictions, view->table.full,
			 view->table.owner_deaths, view->table.corrupt, keys_text(&view->table));
}

static void
put_text_reload(struct buf *out, const struct status_reload *reload)
{
	char at[CLOCK_ISO_CAP];

	if (!reload->is_known)
		return;
	clock_format_iso(reload->at_wall_ms, at);
	(void)buf_printf(out, "reload  %s at %s: %s\n", reload->ok ? "done" : "failed", at, reload->message);
}

int
status_put_text(struct buf *out, const struct status_view *view)
{
	size_t i;

	put_text_head(out, view);
	put_text_reload(out, &view->last_reload);
	(void)buf_printf(out, "\n%4s %8s %4s %-9s %9s %12s %10s %11s %7s %8s\n", "slot", "pid", "gen", "state",
			 "ready ms", "heartbeat ms", "requests", "connections", "streams", "respawns");
	for (i = 0; i < view->n_workers; i++) {
		const struct status_worker *w = &view->workers[i];

		(void)buf_printf(out,
				 "%4" PRIu32 " %8d %4" PRIu32 " %-9s %9" PRIu64 " %12" PRIu64 " %10" PRIu64
				 " %11" PRIu64 " %7" PRIu64 " %8" PRIu32 "\n",
				 w->slot, (int)w->pid, w->generation, w->state, w->ready_ms, w->heartbeat_age_ms,
				 w->requests, w->connections, w->streams, w->respawns);
	}
	return out->failed;
}
