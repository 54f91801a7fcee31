/*
 * login.c - logins as records of the shared table
 */
#include "session/login.h"

#include <string.h>

#include "base/rand.h"
#include "session/handle.h"
#include "session/seal.h"

#define FLAG_FROM_CONFIG 1u
#define FLAG_DEAD 2u

/* The payload: this head, then the texts one after the other without terminators, then the sealed credentials. */
enum part {
	PART_STORE,
	PART_BASE_URL,
	PART_USERNAME,
	PART_ROUTE,
	PART_STORE_VIEW,
	PART_WEBSITE,
	PART_STORE_GROUP,
	PART_SEALED,
	PARTS
};

struct head {
	uint32_t method;
	uint32_t flags;
	int64_t user_id;
	uint64_t token_expires_wall_ms;
	uint16_t len[PARTS];
};

#define SCOPE_PARTS (PART_SEALED - PART_STORE_VIEW)
#define SECRETS 5
#define SECRETS_PLAIN_MAX (SECRETS * (sizeof(uint16_t) + SECRET_MAX))

/* ---- credentials ---- */

static void
secrets_of(struct login_credentials *credentials, struct secret *list_r[static SECRETS])
{
	list_r[0] = &credentials->consumer_key;
	list_r[1] = &credentials->consumer_secret;
	list_r[2] = &credentials->token;
	list_r[3] = &credentials->token_secret;
	list_r[4] = &credentials->bearer;
}

/* Length and bytes of each.  Gives 0 bytes when there is no secret at all. */
static size_t
credentials_pack(const struct login_credentials *credentials, unsigned char plain_r[static SECRETS_PLAIN_MAX])
{
	const struct secret *list[SECRETS] = {&credentials->consumer_key, &credentials->consumer_secret,
					      &credentials->token, &credentials->token_secret, &credentials->bearer};
	bool any = false;
	size_t at = 0;

	for (int i = 0; i < SECRETS; i++) {
		struct slice value = secret_slice(list[i]);
		uint16_t len = (uint16_t)value.len;

		any = any || len > 0;
		memcpy(plain_r + at, &len, sizeof(len));
		at += sizeof(len);
		if (len > 0)
			memcpy(plain_r + at, value.ptr, len);
		at += len;
	}
	return any ? at : 0;
}

static int
credentials_unpack(struct slice plain, struct login_credentials *credentials_r)
{
	struct secret *list[SECRETS];
	size_t at = 0;

	secrets_of(credentials_r, list);
	for (int i = 0; i < SECRETS; i++) {
		uint16_t len;
		int r;

		if (plain.len - at < sizeof(len))
			return ERR_CORRUPT;
		memcpy(&len, plain.ptr + at, sizeof(len));
		at += sizeof(len);
		if (plain.len - at < len)
			return ERR_CORRUPT;
		r = secret_set(list[i], slice_of(plain.ptr + at, len));
		if (r < 0)
			return ERR_CORRUPT;
		at += len;
	}
	return 0;
}

static int
credentials_seal(const struct sessions *s, struct table_id id, const struct login_credentials *credentials,
		 unsigned char *dst, size_t cap, size_t *len_r)
{
	struct handle_binding binding = {TABLE_LOGIN, id};
	unsigned char plain[SECRETS_PLAIN_MAX];
	size_t len;
	int r = 0;

	*len_r = 0;
	if (credentials == NULL)
		return 0;
	len = credentials_pack(credentials, plain);
	if (len > 0)
		r = seal_close(s->keys, handle_binding_slice(&binding), slice_of((const char *)plain, len), dst, cap,
			       len_r);
	secret_wipe_bytes(plain, sizeof(plain));
	return r;
}

static int
credentials_open(const struct sessions *s, struct table_id id, struct slice sealed, struct pool *pool,
		 struct login_credentials **credentials_r)
{
	struct handle_binding binding = {TABLE_LOGIN, id};
	unsigned char plain[SECRETS_PLAIN_MAX];
	size_t len = 0;
	int r;

	*credentials_r = NULL;
	if (sealed.len == 0)
		return 0;
	*credentials_r = pool_alloc(pool, sizeof(**credentials_r));
	if (*credentials_r == NULL)
		return ERR_NOMEM;
	r = seal_open(s->keys, handle_binding_slice(&binding), sealed, plain, sizeof(plain), &len);
	if (r == 0)
		r = credentials_unpack(slice_of((const char *)plain, len), *credentials_r);
	secret_wipe_bytes(plain, sizeof(plain));
	return r;
}

/* ---- the payload ---- */

static int
put_text(struct table_record *rec, uint32_t max, const char *text, uint16_t *len_r)
{
	size_t len = strlen(text);

	if (len > max - rec->len)
		return ERR_LIMIT;
	memcpy(rec->payload + rec->len, text, len);
	rec->len += (uint32_t)len;
	*len_r = (uint16_t)len;
	return 0;
}

static size_t
scope_len(const struct login_scope *scope)
{
	return strlen(scope->store_view) + strlen(scope->website) + strlen(scope->store_group);
}

static int
payload_pack(const struct sessions *s, struct table_id id, const struct login *login, struct table_record *rec)
{
	const char *const texts[PART_SEALED] = {[PART_STORE] = login->store,
						[PART_BASE_URL] = login->base_url,
						[PART_USERNAME] = login->username,
						[PART_ROUTE] = login->route,
						[PART_STORE_VIEW] = login->scope.store_view,
						[PART_WEBSITE] = login->scope.website,
						[PART_STORE_GROUP] = login->scope.store_group};
	size_t room = SCOPE_PARTS * LOGIN_CODE_MAX - scope_len(&login->scope); /* for another scope, later */
	uint32_t max = table_payload_max(s->table);
	struct head head;
	size_t sealed_len;
	int r = 0;

	memset(&head, 0, sizeof(head));
	head.method = (uint32_t)login->method;
	head.flags = (login->from_config ? FLAG_FROM_CONFIG : 0) | (login->dead ? FLAG_DEAD : 0);
	head.user_id = login->user_id;
	head.token_expires_wall_ms = login->token_expires_wall_ms;
	if (max < sizeof(head) + room)
		return ERR_LIMIT;
	max -= (uint32_t)room;
	rec->len = sizeof(head);
	for (int i = PART_STORE; i < PART_SEALED && r == 0; i++)
		r = put_text(rec, max, texts[i], &head.len[i]);
	if (r < 0)
		return r;
	r = credentials_seal(s, id, login->credentials, rec->payload + rec->len, max - rec->len, &sealed_len);
	if (r < 0)
		return r;
	head.len[PART_SEALED] = (uint16_t)sealed_len;
	rec->len += (uint32_t)sealed_len;
	memcpy(rec->payload, &head, sizeof(head));
	return 0;
}

static int
payload_unpack(const struct sessions *s, struct table_id id, const struct table_record *rec, struct pool *pool,
	       struct login *login_r)
{
	const struct {
		char *text;
		size_t cap;
	} texts[PART_SEALED] = {[PART_STORE] = {login_r->store, sizeof(login_r->store)},
				[PART_BASE_URL] = {login_r->base_url, sizeof(login_r->base_url)},
				[PART_USERNAME] = {login_r->username, sizeof(login_r->username)},
				[PART_ROUTE] = {login_r->route, sizeof(login_r->route)},
				[PART_STORE_VIEW] = {login_r->scope.store_view, sizeof(login_r->scope.store_view)},
				[PART_WEBSITE] = {login_r->scope.website, sizeof(login_r->scope.website)},
				[PART_STORE_GROUP] = {login_r->scope.store_group, sizeof(login_r->scope.store_group)}};
	struct slice rest;
	struct head head;

	if (rec->len < sizeof(head))
		return ERR_CORRUPT;
	memcpy(&head, rec->payload, sizeof(head));
	rest = slice_of((const char *)rec->payload + sizeof(head), rec->len - sizeof(head));
	for (int i = PART_STORE; i < PART_SEALED; i++) {
		if (head.len[i] > rest.len ||
		    slice_to_str(slice_of(rest.ptr, head.len[i]), texts[i].text, texts[i].cap) < 0)
			return ERR_CORRUPT;
		rest = slice_of(rest.ptr + head.len[i], rest.len - head.len[i]);
	}
	if (head.len[PART_SEALED] != rest.len)
		return ERR_CORRUPT;
	login_r->method = (enum login_method)head.method;
	login_r->from_config = (head.flags & FLAG_FROM_CONFIG) != 0;
	login_r->dead = (head.flags & FLAG_DEAD) != 0;
	login_r->user_id = head.user_id;
	login_r->token_expires_wall_ms = head.token_expires_wall_ms;
	return credentials_open(s, id, rest, pool, &login_r->credentials);
}

/* ---- times ---- */

/* A renewed token (from the configuration) does not end the login; one that came in the call does. */
static uint64_t
deadline_of(const struct sessions *s, const struct login *login, struct session_now now)
{
	uint64_t age_ms = s->limits.login_age_ms;
	uint64_t token_ms;

	if (login->method != LOGIN_ADMIN_TOKEN || login->from_config || login->token_expires_wall_ms == 0)
		return now.mono_ms + age_ms;
	token_ms = login->token_expires_wall_ms > now.wall_ms ? login->token_expires_wall_ms - now.wall_ms : 0;
	return now.mono_ms + (token_ms < age_ms ? token_ms : age_ms);
}

static uint64_t
expires_wall_ms(const struct table_record *rec, struct session_now now)
{
	uint64_t left = rec->deadline_ms > now.mono_ms ? rec->deadline_ms - now.mono_ms : 0;

	return now.wall_ms + (left < rec->idle_ms ? left : rec->idle_ms);
}

/* ---- the calls ---- */

static struct table_id
id_of(struct login_ref ref)
{
	return (struct table_id){ref.lo, ref.hi};
}

/* A ref comes from inside, but it is used for the principal at hand only. */
static bool
is_owner(const struct sessions *s, struct slice principal, const struct table_record *rec)
{
	return rec->owner == table_owner(s->table, principal);
}

static int
check_quota(struct sessions *s, uint64_t owner, struct session_now now, struct err *err)
{
	uint32_t limit = s->limits.logins_per_principal;

	/* The quick count may include expired ones. */
	if (table_count_owner(s->table, TABLE_LOGIN, owner, limit) < limit ||
	    table_count_owner_live(s->table, TABLE_LOGIN, owner, now.mono_ms) < limit)
		return 0;
	return err_set(err, ERR_LIMIT, "You have %u logins open, which is the limit. End one with auth_logout.", limit);
}

static int
insert_failed(int r, struct err *err)
{
	switch (r) {
	case ERR_FULL:
		return err_set(err, r, "The server holds as many sessions as it can. Try again in a minute.");
	case ERR_LIMIT:
		return err_set(err, r,
			       "Address, user name and credentials together are too long to keep. Use shorter ones.");
	default:
		return err_set(err, r, "The session could not be stored (%s). Try again.", err_name(r));
	}
}

int
login_create(struct sessions *s, const struct login *init, struct session_now now,
	     char handle_r[static SESSION_HANDLE_CAP], struct login_ref *ref_r, uint64_t *expires_wall_ms_r,
	     struct err *err)
{
	struct slice principal = slice_from_str(init->principal);
	struct table_record rec;
	int r;

	if (!handle_principal_is_good(principal))
		return err_set(err, ERR_INVALID, "A login needs a principal.");
	rec.kind = TABLE_LOGIN;
	rec.flags = 0;
	rec.owner = table_owner(s->table, principal);
	rec.deadline_ms = deadline_of(s, init, now);
	rec.idle_ms = s->limits.login_idle_ms;
	r = check_quota(s, rec.owner, now, err);
	if (r < 0)
		return r;
	rand_token(handle_r);
	r = login_ref_of(s, principal, slice_from_str(handle_r), ref_r);
	must(r == 0);
	r = payload_pack(s, id_of(*ref_r), init, &rec);
	if (r == 0)
		r = table_insert(s->table, id_of(*ref_r), &rec, now.mono_ms);
	if (r < 0) {
		secret_wipe_bytes(handle_r, SESSION_HANDLE_CAP);
		return insert_failed(r, err);
	}
	if (expires_wall_ms_r != NULL)
		*expires_wall_ms_r = expires_wall_ms(&rec, now);
	return 0;
}

int
login_ref_of(const struct sessions *s, struct slice principal, struct slice handle, struct login_ref *ref_r)
{
	struct table_id id;

	if (!handle_principal_is_good(principal) || !handle_is_good(handle))
		return ERR_NOT_FOUND;
	id = table_id(s->table, TABLE_LOGIN, principal, handle);
	*ref_r = (struct login_ref){id.lo, id.hi};
	return 0;
}

int
login_use(struct sessions *s, struct slice principal, struct login_ref ref, struct session_now now, struct pool *pool,
	  struct login *copy_r)
{
	struct table_record rec;
	int r;

	copy_r->credentials = NULL;
	r = table_read(s->table, TABLE_LOGIN, id_of(ref), now.mono_ms, &rec);
	if (r == 0 && !is_owner(s, principal, &rec))
		r = ERR_NOT_FOUND;
	if (r == 0)
		r = slice_to_str(principal, copy_r->principal, sizeof(copy_r->principal));
	if (r == 0)
		r = payload_unpack(s, id_of(ref), &rec, pool, copy_r);
	if (r < 0) {
		login_wipe(copy_r);
		return r == ERR_NOMEM ? ERR_NOMEM : ERR_NOT_FOUND;
	}
	copy_r->created_ms = rec.created_ms;
	copy_r->seen_ms = rec.seen_ms;
	copy_r->session_expires_wall_ms = expires_wall_ms(&rec, now);
	if (handle_is_to_touch(&rec, now))
		(void)table_touch(s->table, TABLE_LOGIN, id_of(ref), now.mono_ms);
	return 0;
}

bool
login_is_live(struct sessions *s, struct slice principal, struct login_ref ref, struct session_now now)
{
	struct table_record rec;

	return table_read(s->table, TABLE_LOGIN, id_of(ref), now.mono_ms, &rec) == 0 && is_owner(s, principal, &rec);
}

struct change {
	uint64_t owner;
	const struct login_scope *scope; /* NULL: leave it */
	uint32_t flags;			 /* to set */
};

static size_t
parts_len(const struct head *head, enum part from, enum part to)
{
	size_t sum = 0;

	for (unsigned int i = from; i < to; i++)
		sum += head->len[i];
	return sum;
}

/* What is sealed, behind the codes, moves. payload_pack() has left room for the longest ones. */
static int
put_scope(struct table_record *rec, struct head *head, const struct login_scope *scope)
{
	const char *const codes[SCOPE_PARTS] = {scope->store_view, scope->website, scope->store_group};
	unsigned char *at = rec->payload + sizeof(*head) + parts_len(head, PART_STORE, PART_STORE_VIEW);
	size_t had = parts_len(head, PART_STORE_VIEW, PART_SEALED);
	size_t wants = scope_len(scope);

	if (sizeof(*head) + parts_len(head, PART_STORE, PARTS) != rec->len)
		return ERR_CORRUPT;
	if (rec->len - had + wants > sizeof(rec->payload))
		return ERR_LIMIT;
	memmove(at + wants, at + had, head->len[PART_SEALED]);
	rec->len += (uint32_t)wants - (uint32_t)had;
	for (int i = 0; i < SCOPE_PARTS; i++) {
		size_t len = strlen(codes[i]);

		memcpy(at, codes[i], len);
		at += len;
		head->len[PART_STORE_VIEW + i] = (uint16_t)len;
	}
	return 0;
}

static int
change_login(struct table_record *rec, void *ctx)
{
	const struct change *change = ctx;
	struct head head;
	int r = 0;

	if (rec->owner != change->owner)
		return ERR_NOT_FOUND;
	if (rec->len < sizeof(head))
		return ERR_CORRUPT;
	memcpy(&head, rec->payload, sizeof(head));
	head.flags |= change->flags;
	if (change->scope != NULL)
		r = put_scope(rec, &head, change->scope);
	memcpy(rec->payload, &head, sizeof(head));
	return r;
}

int
login_set_scope(struct sessions *s, struct slice principal, struct login_ref ref, struct session_now now,
		const struct login_scope *scope)
{
	struct change change = {table_owner(s->table, principal), scope, 0};

	return table_update(s->table, TABLE_LOGIN, id_of(ref), now.mono_ms, change_login, &change);
}

int
login_mark_dead(struct sessions *s, struct slice principal, struct login_ref ref, struct session_now now)
{
	struct change change = {table_owner(s->table, principal), NULL, FLAG_DEAD};

	return table_update(s->table, TABLE_LOGIN, id_of(ref), now.mono_ms, change_login, &change);
}

static int
destroy_login(struct table_record *rec, void *ctx)
{
	const uint64_t *owner = ctx;

	return rec->owner == *owner ? TABLE_REMOVE_IT : ERR_NOT_FOUND;
}

int
login_destroy(struct sessions *s, struct slice principal, struct login_ref ref, struct session_now now)
{
	uint64_t owner = table_owner(s->table, principal);

	return table_update(s->table, TABLE_LOGIN, id_of(ref), now.mono_ms, destroy_login, &owner);
}

void
login_wipe(struct login *login)
{
	if (login->credentials != NULL)
		secret_wipe_bytes(login->credentials, sizeof(*login->credentials));
	secret_wipe_bytes(login, sizeof(*login));
}

const char *
login_method_name(enum login_method method)
{
	switch (method) {
	case LOGIN_OAUTH:
		return "oauth";
	case LOGIN_INTEGRATION_TOKEN:
		return "integration_token";
	case LOGIN_ADMIN_TOKEN:
		return "admin_token";
	}
	return "unknown";
}
