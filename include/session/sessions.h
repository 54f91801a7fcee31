/*
 * sessions.h - what the session modules share: the table, the keys, the limits
 *
 * Kept by the worker for its life, passed down to whoever needs logins, MCP sessions, quotas, tokens or nonces.
 * Callers above need not know the shm module.
 *
 * Runs in: worker, stdio.
 */
#ifndef SESSION_SESSIONS_H
#define SESSION_SESSIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct table;
struct segment_keys;

#define SESSION_PRINCIPAL_MAX 64
#define SESSION_HANDLE_LEN 43 /* rand_token(): 256 random bits in base64url */
#define SESSION_HANDLE_CAP (SESSION_HANDLE_LEN + 1)

struct session_limits {
	uint64_t login_idle_ms;		  /* 1 h */
	uint64_t login_age_ms;		  /* 12 h */
	uint64_t mcp_idle_ms;		  /* 1 h */
	uint64_t mcp_age_ms;		  /* 24 h */
	uint32_t logins_per_principal;	  /* 256 */
	uint32_t mcp_per_principal;	  /* 4096 */
	uint32_t mcp_per_address;	  /* that one may open in mcp_idle_ms; 0: no limit */
	uint32_t login_failures;	  /* 4; see quota.h */
	uint64_t login_failure_window_ms; /* 30 min */
};

/* How many more MCP sessions a principal may have, as counted a moment ago; see mcp_session.c. */
struct session_room {
	uint64_t owner; /* 0: nobody's */
	uint64_t counted_ms;
	uint32_t left;
	bool is_full;
};

#define SESSION_ROOMS 8

struct sessions {
	struct table *table;
	const struct segment_keys *keys;
	struct session_limits limits;
	struct session_room rooms[SESSION_ROOMS];
};

/* One moment in both clocks; the caller reads them once per loop turn. */
struct session_now {
	uint64_t mono_ms; /* clock_mono_ms() */
	uint64_t wall_ms; /* clock_wall_ms() */
};

void session_limits_default(struct session_limits *limits_r);

/* Borrows table and keys; limits NULL means the defaults.  Nothing to free. */
void sessions_init(struct sessions *s, struct table *table, const struct segment_keys *keys,
		   const struct session_limits *limits);

/*
 * Removes records whose time is over, in `budget` groups of 8 slots of this worker's share (`part` of `parts`).  From
 * a timer; a whole table once a minute is plenty, since readers treat expired records as absent.  Gives their number.
 */
size_t sessions_sweep(struct sessions *s, uint32_t part, uint32_t parts, size_t budget, struct session_now now);

#endif
