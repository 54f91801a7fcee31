/*
 * keeper.h - what must outlive every process: plans, the journal of their items, idempotency keys (the worker's side)
 *
 * One process, the keeper, alone opens the database.  Workers talk to it over a Unix stream socket; nothing here
 * touches a disk.  What a function has acknowledged by 0 was synced to the disk: no kill -9 of anybody loses it.
 *
 * The functions marked [fiber] wait for the keeper's answer and run on a fiber only.  They give 0 or a negative enum
 * err_code with a text that is safe to show:
 *
 *	ERR_AGAIN	the keeper cannot be reached, or the connection broke twice in one call: try again later
 *	ERR_TIMEOUT	no answer in time: whether it was done is not known
 *	ERR_FULL	no room on the disk: nothing was changed
 *	ERR_LIMIT	a maximum below was passed
 *	ERR_DENIED	the claim was lost: another call has taken the plan over, stop writing
 *	ERR_CORRUPT, ERR_IO	the database is damaged or cannot be written; the log and `ctl status` say more
 *	ERR_INVALID	a parameter breaks the rules below
 *	ERR_CANCELLED	only from functions that read; what writes is not cut short
 *
 * A call whose connection breaks is sent once more after the reconnect; every message is made so that the second time
 * changes nothing.
 *
 * Times are Unix time in milliseconds and come from the caller.  JSON is text that the keeper does not look into.
 *
 * Runs in: worker, stdio.
 */
#ifndef KEEPER_KEEPER_H
#define KEEPER_KEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/slice.h"

#define KEEPER_ITEMS_MAX 10000			 /* of a plan */
#define KEEPER_PLAN_BYTES_MAX (64 * 1024 * 1024) /* all items of a plan together */
#define KEEPER_TEXT_BYTES_MAX (8 * 1024 * 1024)	 /* one item, arguments, summary, result, detail */
#define KEEPER_NAME_MAX 1024			 /* tool, owner, store, key */
#define KEEPER_ENTRIES_MAX 4096			 /* of one keeper_journal() */
#define KEEPER_ID_LEN 36			 /* a UUID in text form */
#define KEEPER_DIGEST_LEN 32

#define KEEPER_RESUME_MS (24ULL * 3600 * 1000)	  /* a claimed plan can be resumed for so long after its first claim */
#define KEEPER_TOMBSTONE_MS (24ULL * 3600 * 1000) /* an expired plan is known as such for so long */
#define KEEPER_KEY_MS (7ULL * 24 * 3600 * 1000)	  /* keys, and the results of finished plans, are kept for so long */

struct event_base;
struct pool;
struct keeper;
struct keeper_draft; /* a plan that is being written */
struct keeper_claim; /* the right to carry out one plan, or one call under a key */

struct keeper_options {
	const char *socket_path; /* where the keeper listens; copied */
	/*
	 * Instead of socket_path: gives a connected stream socket (the callee's from then on) or a negative code.
	 * Called at the first use and whenever the connection was lost.
	 */
	int (*connect)(void *ctx);
	void *ctx;
	/* Deadline of one call, reconnects included; 0 = 10 s.  1.5 s where the keeper has been gone for 15 s. */
	uint32_t wait_ms;
};

/* Connects in the background (with `connect`: at first use).  Fails with NULL only when memory is short. */
struct keeper *keeper_new(struct event_base *base, const struct keeper_options *options, struct err *err);
void keeper_free(struct keeper **keeper); /* not from a fiber; calls under way end with ERR_AGAIN */

/* Whose plan or key it is: all three are compared as they stand.  A foreign one is the same as one that is unknown. */
struct keeper_party {
	const char *tool;  /* action name that stands for the pair prepare and commit, or for the one-step tool */
	const char *owner; /* principal */
	const char *store; /* base URL of the store, normalised */
};

/* ---- Plans: made ---- */

struct keeper_plan_meta {
	const char *id; /* the caller's, KEEPER_ID_LEN characters at most; never used before */
	struct keeper_party party;
	struct slice scope;	/* JSON; may be empty, as the two below */
	struct slice arguments; /* JSON */
	struct slice summary;	/* JSON */
	uint64_t created_wall_ms;
	uint64_t expires_wall_ms; /* must be claimed before */
	uint32_t n_items;	  /* not looked at by keeper_plan_begin() */
};

/*
 * [fiber] A draft is nobody's to see until it is stored, and gone when the connection ends.  keeper_plan_add() buffers
 * and sends now and then, in order; after a failure (also of a later, internal send) the draft stays failed and
 * keeper_plan_store() gives the same code.  keeper_plan_store(): 0 means that the plan is durable.  It is called once.
 * keeper_plan_drop() frees the handle and, when it was not stored, the draft; NULL is fine, a failure does not matter.
 */
int keeper_plan_begin(struct keeper *keeper, const struct keeper_plan_meta *meta, struct keeper_draft **draft_r,
		      struct err *err) MUST_CHECK;
int keeper_plan_add(struct keeper_draft *draft, struct slice item_json, struct err *err) MUST_CHECK;
int keeper_plan_store(struct keeper_draft *draft, struct err *err) MUST_CHECK;
void keeper_plan_drop(struct keeper_draft **draft);

/* ---- Plans: claimed and carried out ---- */

enum keeper_outcome { KEEPER_COMPLETED = 1, KEEPER_COMPLETED_WITH_ERRORS };

enum keeper_claim_verdict {
	KEEPER_CLAIMED = 1, /* ours, for the first time */
	KEEPER_RESUMED,	    /* ours; an earlier call was interrupted, released it or died */
	KEEPER_BUSY,	    /* a call that still runs holds it */
	KEEPER_DONE,	    /* finished before: finished_wall_ms, outcome, result */
	KEEPER_NOT_FOUND,   /* unknown, or of another tool, owner or store */
	KEEPER_EXPIRED,	    /* ran out before it was claimed, or 24 h after */
	KEEPER_KEY_CONFLICT /* the key was used for another plan or for other arguments */
};

struct keeper_verdict {
	enum keeper_claim_verdict kind;
	bool same_key; /* DONE: it was carried out under this very key (never without a key) */
	uint64_t finished_wall_ms;
	enum keeper_outcome outcome;
	struct slice result;	/* NUL-terminated, in the caller's pool */
	uint32_t n_items;	/* CLAIMED, RESUMED */
	struct slice scope;	/* CLAIMED, RESUMED: as stored, in the caller's pool */
	struct slice arguments; /* likewise */
	uint64_t created_wall_ms;
	uint64_t expires_wall_ms;
};

/*
 * [fiber] Takes the plan for this call; the decision is one transaction.  0 with a verdict; *claim_r is set for CLAIMED
 * and RESUMED, else NULL.  `key` (NULL: none) is an idempotency key in the scope of the party; it is bound to the plan
 * when the claim succeeds, also a key that this worker holds from keeper_key_take().
 *
 * The claim is a lease with a fence number, tied to this worker's connection: when the worker dies the plan can be
 * resumed at once.  When the keeper dies the claim is taken up again on the reconnect.  In either case a write with an
 * outdated fence is refused.
 */
int keeper_plan_claim(struct keeper *keeper, const char *id, const struct keeper_party *party, const char *key,
		      uint64_t now_wall_ms, struct pool *pool, struct keeper_claim **claim_r,
		      struct keeper_verdict *verdict_r, struct err *err) MUST_CHECK;

enum keeper_status { KEEPER_PENDING = 0, KEEPER_SENT, KEEPER_UPDATED, KEEPER_UNCHANGED, KEEPER_CONFLICT, KEEPER_ERROR };
#define KEEPER_STATUS_COUNT 6

struct keeper_entry {
	uint32_t item; /* its place in the plan, from 0 */
	uint16_t step; /* scope or sub-step of the item; 0 when there is one only */
	enum keeper_status status;
	uint64_t at_wall_ms; /* when; for SENT the base of "may it still be under way?" */
	struct slice detail; /* JSON, or SLICE_NONE */
};

/*
 * [fiber] Sets the state of items' steps (the last word counts).  All or none, durable when it returns 0; many calls
 * of many workers share one sync, so small ones are cheap.  ERR_DENIED, ERR_LIMIT, ERR_INVALID (no such item).
 */
int keeper_journal(struct keeper_claim *claim, const struct keeper_entry *entries, size_t n,
		   struct err *err) MUST_CHECK;

/*
 * [fiber] The end: stores outcome and result (shown by later claims, replayed for the key).  ERR_DENIED when the claim
 * was lost.  On failure the claim is still held and the call may be repeated.  Then keeper_claim_free().
 */
int keeper_plan_finish(struct keeper_claim *claim, enum keeper_outcome outcome, struct slice result_json,
		       uint64_t now_wall_ms, struct err *err) MUST_CHECK;

/* [fiber] Frees the handle.  A plan that was not finished is released: interrupted, to be resumed.  NULL is fine. */
void keeper_claim_free(struct keeper_claim **claim);

const char *keeper_claim_plan(const struct keeper_claim *claim); /* id of the plan; "" for a key's claim */

/* ---- Plans: looked at ---- */

struct keeper_step {
	uint16_t step;
	enum keeper_status status;
	uint64_t at_wall_ms;
	struct slice detail; /* SLICE_NONE when there is none */
};

struct keeper_item {
	uint32_t index;
	struct slice json;
	const struct keeper_step *steps; /* those with an entry in the journal; others are pending */
	size_t n_steps;
};

/* What is given lives until it returns.  Not 0: stop, and keeper_plan_items() gives that. */
typedef int (*keeper_item_fn)(void *ctx, const struct keeper_item *item);

/*
 * [fiber] Calls fn for at most `max` items from index `from` on, in order, fetching page by page.  Gives how many there
 * were (0 behind the end), or ERR_NOT_FOUND.  Not bound to an owner: the caller has claimed or read the plan before.
 * fn may wait.
 */
int keeper_plan_items(struct keeper *keeper, const char *id, uint32_t from, uint32_t max, keeper_item_fn fn, void *ctx,
		      struct err *err) MUST_CHECK;

enum keeper_plan_state {
	KEEPER_PLAN_PREPARED = 1,
	KEEPER_PLAN_RUNNING,
	KEEPER_PLAN_INTERRUPTED,
	KEEPER_PLAN_DONE,
	KEEPER_PLAN_EXPIRED
};

struct keeper_plan {
	struct keeper_plan_meta meta; /* from keeper_plan_list(): without arguments */
	enum keeper_plan_state state;
	uint64_t claimed_wall_ms;  /* first claim; 0: never */
	uint64_t finished_wall_ms; /* 0: not */
	enum keeper_outcome outcome;
	struct slice result; /* from keeper_plan_list(): empty */
};

/* [fiber] party->tool, party->store NULL: of any.  All strings are in the pool.  ERR_NOT_FOUND. */
int keeper_plan_read(struct keeper *keeper, const char *id, const struct keeper_party *party, uint64_t now_wall_ms,
		     struct pool *pool, struct keeper_plan *plan_r, struct err *err) MUST_CHECK;

/*
 * [fiber] The newest first, at most `max` (and at most KEEPER_LIST_MAX).  party->tool, party->store NULL: of any.
 * plans_r has room for max.  Gives how many.
 */
#define KEEPER_LIST_MAX 200
int keeper_plan_list(struct keeper *keeper, const struct keeper_party *party, uint64_t now_wall_ms, struct pool *pool,
		     struct keeper_plan *plans_r, size_t max, struct err *err) MUST_CHECK;

/* ---- Idempotency keys of one-step tools ---- */

enum keeper_key_verdict {
	KEEPER_KEY_NEW = 1,	/* not seen before: go ahead under the claim */
	KEEPER_KEY_DONE,	/* result holds the answer to give again */
	KEEPER_KEY_RUNNING,	/* a call with this key still runs */
	KEEPER_KEY_INTERRUPTED, /* an earlier call ended without a result; see plan_id */
	KEEPER_KEY_USED		/* by a call with other arguments */
};

struct keeper_key_answer {
	enum keeper_key_verdict kind;
	uint64_t finished_wall_ms;	 /* DONE */
	struct slice result;		 /* DONE: NUL-terminated, in the caller's pool */
	char plan_id[KEEPER_ID_LEN + 1]; /* INTERRUPTED: the plan that the earlier call had claimed; "" = none */
};

/*
 * [fiber] Asks what a key stands for, and takes it.  *claim_r is set for NEW, and for INTERRUPTED without a plan: then
 * nobody else has the key until the claim ends.  INTERRUPTED with a plan: resume that one by keeper_plan_claim() with
 * the same key.  A tool that changes many things at once takes the key, stores a plan, claims it with the key, and is
 * resumable from then on.
 */
int keeper_key_take(struct keeper *keeper, const struct keeper_party *party, const char *key,
		    const uint8_t digest[static KEEPER_DIGEST_LEN], uint64_t now_wall_ms, struct pool *pool,
		    struct keeper_claim **claim_r, struct keeper_key_answer *answer_r, struct err *err) MUST_CHECK;

/* [fiber] Stores the result to be given again.  A key that is bound to a plan ends with keeper_plan_finish() instead.
 */
int keeper_key_finish(struct keeper_claim *claim, struct slice result_json, uint64_t now_wall_ms,
		      struct err *err) MUST_CHECK;

/* [fiber] The call changed nothing and the key may be used afresh, with other arguments too. */
int keeper_key_forget(struct keeper_claim *claim, struct err *err) MUST_CHECK;

#endif
