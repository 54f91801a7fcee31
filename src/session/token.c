/*
 * token.c - shared admin tokens with one renewal at a time
 */
#include "session/token.h"

#include <stddef.h>
#include <string.h>

#include "base/err.h"
#include "session/handle.h"
#include "session/seal.h"
#include "shm/table.h"

#define SEALED_MAX (SECRET_MAX + SEAL_OVERHEAD)

/* The payload; its length ends with the sealed token. */
struct stored {
	uint32_t refused;
	uint32_t sealed_len; /* 0 = no token */
	uint64_t version;
	uint64_t fence;		 /* of the last lease given */
	uint64_t lease_until_ms; /* monotonic; 0 = nobody is at it */
	uint64_t expires_wall_ms;
	unsigned char sealed[SEALED_MAX];
};

struct change {
	struct session_now now;
	uint64_t fence;
	uint64_t version;
	bool refused;
	const struct stored *fresh; /* token_store(): sealed token and its end */
	enum token_verdict verdict; /* token_acquire() */
	uint64_t wait_ms;
};

static void
stored_get(const struct table_record *rec, struct stored *stored_r)
{
	memset(stored_r, 0, sizeof(*stored_r));
	if (rec->len < offsetof(struct stored, sealed) || rec->len > sizeof(*stored_r))
		return;
	memcpy(stored_r, rec->payload, rec->len);
	if (stored_r->sealed_len > SEALED_MAX || offsetof(struct stored, sealed) + stored_r->sealed_len != rec->len)
		memset(stored_r, 0, sizeof(*stored_r));
}

static void
stored_put(const struct stored *stored, struct table_record *rec)
{
	rec->len = (uint32_t)(offsetof(struct stored, sealed) + stored->sealed_len);
	memcpy(rec->payload, stored, rec->len);
}

static struct table_id
id_of(const struct sessions *s, struct slice name)
{
	return table_id(s->table, TABLE_TOKEN, SLICE_NONE, name);
}

static bool
is_good(const struct stored *stored, struct session_now now, uint64_t margin_ms)
{
	return stored->sealed_len > 0 && stored->expires_wall_ms > now.wall_ms + margin_ms;
}

/* ---- acquire ---- */

static int
judge(struct table_record *rec, void *ctx)
{
	struct change *change = ctx;
	struct stored stored;

	stored_get(rec, &stored);
	change->version = stored.version;
	if (is_good(&stored, change->now, TOKEN_MARGIN_MS)) {
		change->verdict = TOKEN_USE;
		return 0;
	}
	if (stored.refused || stored.lease_until_ms > change->now.mono_ms) {
		change->wait_ms = stored.refused ? 0 : stored.lease_until_ms - change->now.mono_ms;
		change->verdict = is_good(&stored, change->now, 0) ? TOKEN_USE
				  : stored.refused		   ? TOKEN_REFUSED
								   : TOKEN_WAIT;
		return 0;
	}
	stored.fence++;
	stored.lease_until_ms = change->now.mono_ms + TOKEN_LEASE_MS;
	change->fence = stored.fence;
	change->verdict = TOKEN_RENEW;
	stored_put(&stored, rec);
	return 0;
}

/* ERR_NOT_FOUND when there is none or it does not open. */
static int
open_token(const struct sessions *s, struct table_id id, const struct stored *stored, struct token *token_r)
{
	struct handle_binding binding = {TABLE_TOKEN, id};
	unsigned char plain[SECRET_MAX];
	size_t len = 0;
	int r;

	r = seal_open(s->keys, handle_binding_slice(&binding),
		      slice_of((const char *)stored->sealed, stored->sealed_len), plain, sizeof(plain), &len);
	if (r == 0)
		r = secret_set(&token_r->bearer, slice_of((const char *)plain, len));
	secret_wipe_bytes(plain, sizeof(plain));
	token_r->expires_wall_ms = stored->expires_wall_ms;
	token_r->version = stored->version;
	return r;
}

/* The usual case takes no lock.  Gives TOKEN_USE, or ERR_NOT_FOUND when there is more to think about. */
static int
use_present(struct sessions *s, struct table_id id, struct session_now now, uint64_t margin_ms, struct token *token_r)
{
	struct table_record rec;
	struct stored stored;
	int r;

	r = table_read(s->table, TABLE_TOKEN, id, now.mono_ms, &rec);
	if (r < 0)
		return r;
	stored_get(&rec, &stored);
	if (!is_good(&stored, now, margin_ms))
		return ERR_NOT_FOUND;
	return open_token(s, id, &stored, token_r);
}

int
token_acquire(struct sessions *s, struct slice name, struct session_now now, struct token *token_r)
{
	struct table_id id = id_of(s, name);
	struct change change = {.now = now};
	struct table_record blank;
	int r;

	memset(token_r, 0, sizeof(*token_r));
	r = use_present(s, id, now, TOKEN_MARGIN_MS, token_r);
	if (r == 0 || r == ERR_NOMEM)
		return r;
	memset(&blank, 0, offsetof(struct table_record, payload));
	blank.kind = TABLE_TOKEN;
	r = table_upsert(s->table, id, &blank, now.mono_ms, judge, &change);
	if (r < 0)
		return r;
	token_r->fence = change.fence;
	token_r->version = change.version;
	token_r->wait_ms = change.wait_ms;
	if (change.verdict != TOKEN_USE)
		return change.verdict;
	r = use_present(s, id, now, 0, token_r);
	if (r == 0 || r == ERR_NOMEM)
		return r;
	/* It ended, or another worker invalidated it, in between. */
	token_r->wait_ms = 1;
	return TOKEN_WAIT;
}

/* ---- the outcome of a renewal ---- */

static int
put_fresh(struct table_record *rec, void *ctx)
{
	const struct change *change = ctx;
	struct stored stored;

	stored_get(rec, &stored);
	if (stored.fence != change->fence || stored.lease_until_ms == 0)
		return ERR_NOT_FOUND;
	stored.refused = 0;
	stored.version++;
	stored.lease_until_ms = 0;
	stored.expires_wall_ms = change->fresh->expires_wall_ms;
	stored.sealed_len = change->fresh->sealed_len;
	memcpy(stored.sealed, change->fresh->sealed, stored.sealed_len);
	stored_put(&stored, rec);
	return 0;
}

int
token_store(struct sessions *s, struct slice name, struct session_now now, uint64_t fence, struct slice bearer,
	    uint64_t expires_wall_ms)
{
	struct table_id id = id_of(s, name);
	struct handle_binding binding = {TABLE_TOKEN, id};
	struct stored fresh = {.expires_wall_ms = expires_wall_ms};
	struct change change = {.now = now, .fence = fence, .fresh = &fresh};
	size_t len = 0;
	int r;

	r = seal_close(s->keys, handle_binding_slice(&binding), bearer, fresh.sealed, sizeof(fresh.sealed), &len);
	if (r < 0)
		return r;
	fresh.sealed_len = (uint32_t)len;
	return table_update(s->table, TABLE_TOKEN, id, now.mono_ms, put_fresh, &change);
}

static int
put_failure(struct table_record *rec, void *ctx)
{
	const struct change *change = ctx;
	struct stored stored;

	stored_get(rec, &stored);
	if (stored.fence != change->fence || stored.lease_until_ms == 0)
		return ERR_NOT_FOUND;
	stored.lease_until_ms = 0;
	stored.refused = change->refused ? 1 : 0;
	stored_put(&stored, rec);
	return 0;
}

/* For changes whose record may be gone or no longer concern the caller: then there is nothing to do. */
static void
change_quietly(struct sessions *s, struct slice name, table_change_fn fn, struct change *change)
{
	int r = table_update(s->table, TABLE_TOKEN, id_of(s, name), change->now.mono_ms, fn, change);

	(void)r;
}

void
token_fail(struct sessions *s, struct slice name, struct session_now now, uint64_t fence, bool refused)
{
	struct change change = {.now = now, .fence = fence, .refused = refused};

	change_quietly(s, name, put_failure, &change);
}

static int
drop_version(struct table_record *rec, void *ctx)
{
	const struct change *change = ctx;
	struct stored stored;

	stored_get(rec, &stored);
	if (stored.version != change->version)
		return ERR_NOT_FOUND;
	stored.sealed_len = 0;
	stored.expires_wall_ms = 0;
	stored_put(&stored, rec);
	return 0;
}

void
token_invalidate(struct sessions *s, struct slice name, struct session_now now, uint64_t version)
{
	struct change change = {.now = now, .version = version};

	change_quietly(s, name, drop_version, &change);
}

static int
forget_refusal(struct table_record *rec, void *ctx)
{
	struct stored stored;

	(void)ctx;
	stored_get(rec, &stored);
	stored.refused = 0;
	stored_put(&stored, rec);
	return 0;
}

void
token_reset(struct sessions *s, struct slice name, struct session_now now)
{
	struct change change = {.now = now};

	change_quietly(s, name, forget_refusal, &change);
}
