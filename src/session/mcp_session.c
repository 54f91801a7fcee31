/*
 * mcp_session.c - legacy MCP sessions as records of the shared table
 */
#include "session/mcp_session.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/rand.h"
#include "session/handle.h"
#include "session/quota.h"

#define FLAG_INITIALIZED 1u
#define FLAG_HAS_LOGIN 2u
#define NAME_CAP 96

/* The payload; its length ends with the last subscription in use. */
struct stored {
	uint32_t protocol;
	uint32_t capabilities;
	uint32_t log_level;
	uint32_t flags;
	struct login_ref login;
	struct mcp_session_stream stream;
	uint64_t n_subscriptions;
	uint64_t subscriptions[MCP_SESSION_SUBSCRIPTIONS_MAX];
};

static uint32_t
stored_len(const struct stored *stored)
{
	return (uint32_t)(offsetof(struct stored, subscriptions) + stored->n_subscriptions * sizeof(uint64_t));
}

static void
stored_put(const struct stored *stored, struct table_record *rec)
{
	rec->len = stored_len(stored);
	memcpy(rec->payload, stored, rec->len);
}

static int
stored_get(const struct table_record *rec, struct stored *stored_r)
{
	memset(stored_r, 0, sizeof(*stored_r));
	if (rec->len < offsetof(struct stored, subscriptions) || rec->len > sizeof(*stored_r))
		return ERR_NOT_FOUND;
	memcpy(stored_r, rec->payload, rec->len);
	if (stored_r->n_subscriptions > MCP_SESSION_SUBSCRIPTIONS_MAX || stored_len(stored_r) != rec->len)
		return ERR_NOT_FOUND;
	return 0;
}

static int
id_of(const struct sessions *s, struct slice principal, struct slice id, struct table_id *id_r)
{
	if (!handle_principal_is_good(principal) || !handle_is_good(id))
		return ERR_NOT_FOUND;
	*id_r = table_id(s->table, TABLE_MCP_SESSION, principal, id);
	return 0;
}

/* ---- create, use, destroy ---- */

/*
 * Counting walks over the whole table, so a count serves for a quarter of the room that it found, and no longer than
 * COUNT_MS: several workers that count at the same time let a principal over his limit by little, and not for long.
 */
#define COUNT_MS 1000

static struct session_room *
room_of(struct sessions *s, uint64_t owner)
{
	struct session_room *room = &s->rooms[owner % SESSION_ROOMS];

	if (room->owner != owner)
		*room = (struct session_room){.owner = owner};
	return room;
}

static void
count_room(const struct sessions *s, struct session_room *room, uint64_t now_ms)
{
	size_t limit = s->limits.mcp_per_principal;
	size_t count = table_count_owner(s->table, TABLE_MCP_SESSION, room->owner, limit);

	room->counted_ms = now_ms;
	room->is_full = count >= limit;
	room->left = (uint32_t)(room->is_full ? 0 : (limit - count + 3) / 4);
}

/* At the quota the flood evicts the flooder. */
static int
make_room(struct sessions *s, uint64_t owner, struct session_now now)
{
	struct session_room *room = room_of(s, owner);
	uint32_t limit = s->limits.mcp_per_principal;
	uint64_t age_ms = now.mono_ms - room->counted_ms;

	if (age_ms >= COUNT_MS || (room->left == 0 && !room->is_full))
		count_room(s, room, now.mono_ms);
	if (room->left > 0) {
		room->left--;
		return 0;
	}
	if (table_evict_oldest(s->table, TABLE_MCP_SESSION, owner, now.mono_ms) == 0)
		return 0;
	return table_count_owner_live(s->table, TABLE_MCP_SESSION, owner, now.mono_ms) < limit ? 0 : ERR_LIMIT;
}

static void
note_room(struct sessions *s, struct slice principal)
{
	room_of(s, table_owner(s->table, principal))->left++;
}

/* Sessions are nobody's but their principal's; of an address it is counted how many it opens while one lasts unused. */
static int
count_address(struct sessions *s, const char *address, uint64_t now_ms, struct err *err)
{
	char name[NAME_CAP];
	int r;

	if (address == NULL || s->limits.mcp_per_address == 0)
		return 0;
	snprintf(name, sizeof(name), "mcp sessions:%s", address);
	r = quota_take(s, slice_from_str(name), s->limits.mcp_per_address, s->limits.mcp_idle_ms, now_ms, NULL);
	if (r < 0)
		return err_set(
		    err, r,
		    "Your address has opened %u sessions within an hour or so, which is the limit. Use one for "
		    "many requests; the operator can raise limits.sessions_per_address.",
		    s->limits.mcp_per_address);
	return 0;
}

int
mcp_session_create(struct sessions *s, const struct mcp_session *init, struct session_now now,
		   char id_r[static MCP_SESSION_ID_CAP], struct err *err)
{
	struct slice principal = slice_from_str(init->principal);
	struct stored stored;
	struct table_record rec;
	int r;

	if (!handle_principal_is_good(principal))
		return err_set(err, ERR_INVALID, "A session needs a principal.");
	memset(&stored, 0, sizeof(stored));
	stored.protocol = init->protocol;
	stored.capabilities = init->capabilities;
	stored.log_level = init->log_level;
	stored.flags = init->initialized ? FLAG_INITIALIZED : 0;
	rec.kind = TABLE_MCP_SESSION;
	rec.flags = TABLE_EVICTABLE;
	rec.owner = table_owner(s->table, principal);
	rec.deadline_ms = now.mono_ms + s->limits.mcp_age_ms;
	rec.idle_ms = s->limits.mcp_idle_ms;
	stored_put(&stored, &rec);
	r = count_address(s, init->address, now.mono_ms, err);
	if (r < 0)
		return r;
	r = make_room(s, rec.owner, now);
	if (r < 0)
		return err_set(err, r,
			       "You have %u sessions open, which is the limit. End one with DELETE; the operator can "
			       "raise session.mcp_sessions_per_principal.",
			       s->limits.mcp_per_principal);
	rand_token(id_r);
	r = table_insert_fresh(s->table, table_id(s->table, TABLE_MCP_SESSION, principal, slice_from_str(id_r)), &rec,
			       now.mono_ms);
	if (r < 0) {
		secret_wipe_bytes(id_r, MCP_SESSION_ID_CAP);
		return err_set(err, r, "The server holds as many sessions as it can. Try again in a minute.");
	}
	return 0;
}

static void
copy_out(const struct stored *stored, const struct table_record *rec, struct mcp_session *copy_r)
{
	copy_r->protocol = stored->protocol;
	copy_r->capabilities = stored->capabilities;
	copy_r->log_level = stored->log_level;
	copy_r->initialized = (stored->flags & FLAG_INITIALIZED) != 0;
	copy_r->has_login = (stored->flags & FLAG_HAS_LOGIN) != 0;
	copy_r->login = stored->login;
	copy_r->stream = stored->stream;
	copy_r->n_subscriptions = (uint32_t)stored->n_subscriptions;
	memcpy(copy_r->subscriptions, stored->subscriptions, sizeof(copy_r->subscriptions));
	copy_r->created_ms = rec->created_ms;
	copy_r->seen_ms = rec->seen_ms;
}

int
mcp_session_use(struct sessions *s, struct slice principal, struct slice id, struct session_now now,
		struct mcp_session *copy_r)
{
	struct table_record rec;
	struct stored stored;
	struct table_id key;
	int r;

	memset(copy_r, 0, sizeof(*copy_r));
	r = id_of(s, principal, id, &key);
	if (r < 0)
		return r;
	r = table_read(s->table, TABLE_MCP_SESSION, key, now.mono_ms, &rec);
	if (r < 0)
		return r;
	r = stored_get(&rec, &stored);
	if (r < 0)
		return r;
	r = slice_to_str(principal, copy_r->principal, sizeof(copy_r->principal));
	if (r < 0)
		return ERR_NOT_FOUND;
	copy_out(&stored, &rec, copy_r);
	if (handle_is_to_touch(&rec, now))
		(void)table_touch(s->table, TABLE_MCP_SESSION, key, now.mono_ms);
	return 0;
}

int
mcp_session_destroy(struct sessions *s, struct slice principal, struct slice id, struct session_now now)
{
	struct table_id key;
	int r;

	r = id_of(s, principal, id, &key);
	if (r < 0)
		return r;
	r = table_remove(s->table, TABLE_MCP_SESSION, key, now.mono_ms);
	if (r == 0)
		note_room(s, principal);
	return r;
}

/* ---- changing ---- */

/* One change: edit() sees the stored session and may keep the record from being evicted. */
struct change {
	int (*edit)(struct stored *stored, struct change *change);
	uint32_t log_level;
	bool keep; /* set by edit(): no longer evictable */
	struct login_ref login;
	bool has_before;
	struct login_ref before;
	const struct mcp_session_stream *expect;
	const struct mcp_session_stream *want;
	struct mcp_session_stream holder;
	uint64_t uri_hash;
};

static int
apply_change(struct table_record *rec, void *ctx)
{
	struct change *change = ctx;
	struct stored stored;
	int r;

	r = stored_get(rec, &stored);
	if (r < 0)
		return r;
	r = change->edit(&stored, change);
	if (r < 0)
		return r;
	if (change->keep)
		rec->flags &= ~TABLE_EVICTABLE;
	stored_put(&stored, rec);
	return 0;
}

static int
change_session(struct sessions *s, struct slice principal, struct slice id, struct session_now now,
	       struct change *change)
{
	struct table_id key;
	int r;

	r = id_of(s, principal, id, &key);
	if (r < 0)
		return r;
	return table_update(s->table, TABLE_MCP_SESSION, key, now.mono_ms, apply_change, change);
}

static int
edit_initialized(struct stored *stored, struct change *change)
{
	(void)change;
	stored->flags |= FLAG_INITIALIZED;
	return 0;
}

int
mcp_session_set_initialized(struct sessions *s, struct slice principal, struct slice id, struct session_now now)
{
	struct change change = {.edit = edit_initialized};

	return change_session(s, principal, id, now, &change);
}

static int
edit_log_level(struct stored *stored, struct change *change)
{
	stored->log_level = change->log_level;
	return 0;
}

int
mcp_session_set_log_level(struct sessions *s, struct slice principal, struct slice id, struct session_now now,
			  uint32_t log_level)
{
	struct change change = {.edit = edit_log_level, .log_level = log_level};

	return change_session(s, principal, id, now, &change);
}

static int
edit_remember(struct stored *stored, struct change *change)
{
	change->has_before = (stored->flags & FLAG_HAS_LOGIN) != 0;
	change->before = stored->login;
	change->keep = true;
	stored->flags |= FLAG_HAS_LOGIN;
	stored->login = change->login;
	return 0;
}

int
mcp_session_remember_login(struct sessions *s, struct slice principal, struct slice id, struct session_now now,
			   struct login_ref login, struct login_ref *before_r, bool *has_before_r)
{
	struct change change = {.edit = edit_remember, .login = login};
	int r;

	r = change_session(s, principal, id, now, &change);
	if (r < 0)
		change.has_before = false;
	if (has_before_r != NULL)
		*has_before_r = change.has_before;
	if (before_r != NULL)
		*before_r = change.has_before ? change.before : (struct login_ref){0, 0};
	return r;
}

static int
edit_forget(struct stored *stored, struct change *change)
{
	if (stored->login.lo != change->login.lo || stored->login.hi != change->login.hi)
		return 0;
	stored->flags &= ~FLAG_HAS_LOGIN;
	stored->login = (struct login_ref){0, 0};
	return 0;
}

int
mcp_session_forget_login(struct sessions *s, struct slice principal, struct slice id, struct session_now now,
			 struct login_ref login)
{
	struct change change = {.edit = edit_forget, .login = login};

	return change_session(s, principal, id, now, &change);
}

static bool
stream_is(const struct mcp_session_stream *a, const struct mcp_session_stream *b)
{
	return a->slot == b->slot && a->serial == b->serial && a->generation == b->generation && a->pid == b->pid;
}

static int
edit_stream(struct stored *stored, struct change *change)
{
	static const struct mcp_session_stream nobody = {0};

	change->holder = stored->stream;
	if (!stream_is(&stored->stream, change->expect != NULL ? change->expect : &nobody))
		return ERR_EXISTS;
	stored->stream = change->want != NULL ? *change->want : nobody;
	return 0;
}

int
mcp_session_swap_stream(struct sessions *s, struct slice principal, struct slice id, struct session_now now,
			const struct mcp_session_stream *expect, const struct mcp_session_stream *want,
			struct mcp_session_stream *holder_r)
{
	struct change change = {.edit = edit_stream, .expect = expect, .want = want};
	int r;

	r = change_session(s, principal, id, now, &change);
	if (holder_r != NULL)
		*holder_r = change.holder;
	return r;
}

/* ---- subscriptions ---- */

uint64_t
mcp_session_uri_hash(const struct sessions *s, struct slice uri)
{
	return table_id(s->table, TABLE_MCP_SESSION, SLICE_LIT("uri"), uri).lo;
}

static size_t
find_uri(const uint64_t *list, size_t n, uint64_t uri_hash)
{
	size_t i = 0;

	while (i < n && list[i] != uri_hash)
		i++;
	return i;
}

bool
mcp_session_is_subscribed(const struct mcp_session *copy, uint64_t uri_hash)
{
	return find_uri(copy->subscriptions, copy->n_subscriptions, uri_hash) < copy->n_subscriptions;
}

static int
edit_subscribe(struct stored *stored, struct change *change)
{
	size_t n = stored->n_subscriptions;

	if (find_uri(stored->subscriptions, n, change->uri_hash) < n)
		return 0;
	if (n == MCP_SESSION_SUBSCRIPTIONS_MAX)
		return ERR_LIMIT;
	stored->subscriptions[n] = change->uri_hash;
	stored->n_subscriptions = n + 1;
	return 0;
}

int
mcp_session_subscribe(struct sessions *s, struct slice principal, struct slice id, struct session_now now,
		      struct slice uri)
{
	struct change change = {.edit = edit_subscribe, .uri_hash = mcp_session_uri_hash(s, uri)};

	return change_session(s, principal, id, now, &change);
}

static int
edit_unsubscribe(struct stored *stored, struct change *change)
{
	size_t n = stored->n_subscriptions;
	size_t i = find_uri(stored->subscriptions, n, change->uri_hash);

	if (i == n)
		return 0;
	stored->subscriptions[i] = stored->subscriptions[n - 1];
	stored->subscriptions[n - 1] = 0;
	stored->n_subscriptions = n - 1;
	return 0;
}

int
mcp_session_unsubscribe(struct sessions *s, struct slice principal, struct slice id, struct session_now now,
			struct slice uri)
{
	struct change change = {.edit = edit_unsubscribe, .uri_hash = mcp_session_uri_hash(s, uri)};

	return change_session(s, principal, id, now, &change);
}
