/*
 * sweep.c - what has run out goes, a bounded amount at a time, so that nobody waits long for the writer
 */
#include "desk.h"

#define PLANS_AT_ONCE 20
#define KEYS_AT_ONCE 500
#define HOLDERS_AT_ONCE 64
#define VACUUM_PAGES "500"

struct holder {
	uint64_t instance;
	uint64_t connection;
};

/* What the dead still seem to hold, when their end could not be written down. */
static int
find_dead(struct desk *desk, struct holder *dead, size_t *n_r, struct err *err)
{
	struct query query;
	int r;

	*n_r = 0;
	query_open(&query, desk->database, STATEMENT_SWEEP_HOLDERS);
	for (;;) {
		struct holder holder;

		r = query_step(&query, err);
		if (r != 1 || *n_r == HOLDERS_AT_ONCE)
			break;
		holder = (struct holder){query_get_u64(&query, 0), query_get_u64(&query, 1)};
		if (!database_holder_is_live(desk->database, holder.instance, holder.connection))
			dead[(*n_r)++] = holder;
	}
	query_close(&query);
	return r;
}

static int
bury(struct desk *desk, struct err *err)
{
	struct holder dead[HOLDERS_AT_ONCE];
	size_t n;
	int more = find_dead(desk, dead, &n, err);
	int r = more;

	for (size_t i = 0; r >= 0 && i < n; i++) {
		r = DESK_RUN(desk, err, STATEMENT_SWEEP_LEAVE_PLANS, dead[i].instance, dead[i].connection);
		if (r >= 0)
			r = DESK_RUN(desk, err, STATEMENT_SWEEP_LEAVE_KEYS, dead[i].instance, dead[i].connection);
	}
	if (r >= 0)
		r = desk_run(desk, STATEMENT_SWEEP_LEAVE_DRAFTS, NULL, 0, err);
	return r < 0 ? r : more;
}

static int
end_plan(struct desk *desk, uint64_t no, enum plan_state state, uint64_t now_ms, struct err *err)
{
	int r = DESK_RUN(desk, err, STATEMENT_SWEEP_ITEMS, no);

	if (r >= 0)
		r = DESK_RUN(desk, err, STATEMENT_SWEEP_JOURNAL, no);
	if (r >= 0 && state == PLAN_DONE)
		return DESK_RUN(desk, err, STATEMENT_SWEEP_LIGHTEN, no);
	if (r >= 0)
		r = DESK_RUN(desk, err, STATEMENT_SWEEP_EXPIRE, no, now_ms);
	return r;
}

/* Plans that ran out become tombstones; those that were done a day ago keep their result, not their items. */
static int
end_plans(struct desk *desk, uint64_t now_ms, struct err *err)
{
	struct plan_row due[PLANS_AT_ONCE];
	struct query query;
	size_t n = 0;
	int r;

	query_open(&query, desk->database, STATEMENT_SWEEP_DUE);
	query_u64(&query, now_ms);
	query_u64(&query, now_ms > KEEPER_RESUME_MS ? now_ms - KEEPER_RESUME_MS : 0);
	query_u64(&query, PLANS_AT_ONCE);
	for (;;) {
		r = query_step(&query, err);
		if (r != 1 || n == PLANS_AT_ONCE)
			break;
		due[n].no = query_get_u64(&query, 0);
		due[n].state = (enum plan_state)query_get_u64(&query, 1);
		n++;
	}
	query_close(&query);
	for (size_t i = 0; r >= 0 && i < n; i++)
		r = end_plan(desk, due[i].no, due[i].state, now_ms, err);
	return r < 0 ? r : n == PLANS_AT_ONCE;
}

static int
remove_old(struct desk *desk, uint64_t now_ms, struct err *err)
{
	uint64_t tombstones = now_ms > KEEPER_TOMBSTONE_MS ? now_ms - KEEPER_TOMBSTONE_MS : 0;
	uint64_t keys = now_ms > KEEPER_KEY_MS ? now_ms - KEEPER_KEY_MS : 0;
	int n_plans = DESK_RUN(desk, err, STATEMENT_SWEEP_PLANS, tombstones, keys, PLANS_AT_ONCE);
	int n_keys;

	if (n_plans < 0)
		return n_plans;
	n_keys = DESK_RUN(desk, err, STATEMENT_SWEEP_KEYS, keys, KEYS_AT_ONCE);
	if (n_keys < 0)
		return n_keys;
	return n_plans == PLANS_AT_ONCE || n_keys == KEYS_AT_ONCE;
}

int
sweep_run(struct desk *desk, uint64_t now_ms, struct err *err)
{
	int (*const parts[])(struct desk *, uint64_t, struct err *) = {end_plans, remove_old};
	int more = bury(desk, err);

	for (size_t i = 0; more >= 0 && i < ARRAY_LEN(parts); i++) {
		int r = parts[i](desk, now_ms, err);

		more = r < 0 ? r : more | r;
	}
	if (more == 0)
		(void)sqlite3_exec(desk->database->db, "PRAGMA incremental_vacuum(" VACUUM_PAGES ")", NULL, NULL, NULL);
	return more;
}
