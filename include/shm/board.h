/*
 * board.h - what each worker says of itself: state, heartbeat, counters, last words
 *
 * A row per worker slot, in shared memory.  A row has one writer, the worker that claimed it (and the supervisor once
 * that worker is dead); everybody reads.  All fields are relaxed atomics: a reader may see a count and not yet its
 * sum, never a torn number.  A row is reused by the slot's next worker: gauges start at 0 again, counters go on, so
 * totals over all rows never go backwards.
 *
 * Runs in: supervisor (reads, states, takes last words), worker (writes its row, reads all for /metrics).
 */
#ifndef SHM_BOARD_H
#define SHM_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/types.h>

#include "base/compiler.h"
#include "shm/segment.h"

#define BOARD_ROWS 64
#define BOARD_TOOLS 64
#define BOARD_UPSTREAMS 32
#define BOARD_BUCKETS 10
#define BOARD_LAST_WORDS_TEXT 256
#define BOARD_HOLDERS 32
#define BOARD_HOLDER_NAME 48
#define BOARD_LAST_WORDS_FRAMES 32

struct board_row;

enum board_state { BOARD_EMPTY, BOARD_STARTING, BOARD_READY, BOARD_DRAINING, BOARD_DEAD };

/* Only ever grow.  Order is layout: add before BOARD_COUNTERS, at most 48. */
enum board_counter {
	BOARD_REQUESTS,
	BOARD_RESPONSES_2XX,
	BOARD_RESPONSES_3XX,
	BOARD_RESPONSES_4XX,
	BOARD_RESPONSES_5XX,
	BOARD_CONNECTIONS_TOTAL,
	BOARD_CONNECTIONS_REFUSED,
	BOARD_LOG_DROPPED,
	BOARD_INBOX_DROPPED, /* frames to other workers that were lost: no such worker, no room, no memory */
	BOARD_LAG_OVER_10MS, /* loop turns of that length or more */
	BOARD_LAG_OVER_50MS,
	BOARD_AUTH_REFUSED,
	BOARD_RATE_LIMITED,
	BOARD_ISSUER_FETCHES, /* of the authorization server's keys */
	BOARD_ISSUER_FAILURES,
	BOARD_STARTS,	      /* workers that ran in this slot */
	BOARD_INBOX_RECEIVED, /* frames of other workers */
	BOARD_INBOX_STALE,    /* frames that a predecessor of this slot was meant to get */
	BOARD_STREAMS_OPENED,
	BOARD_STREAMS_RESUMED,
	BOARD_STREAMS_REFUSED, /* for want of room among the standing ones */
	BOARD_STREAMS_CUT,     /* the reader was too slow */
	BOARD_EVENTS_SENT,
	BOARD_EVENTS_DROPPED,
	BOARD_TURNS,		/* of the event loop */
	BOARD_LIMITED_REQUESTS, /* refused because a caller or an address wants more than it may */
	BOARD_LIMITED_CALLS,
	BOARD_LIMITED_SESSIONS,
	BOARD_LIMITED_CONNECTIONS,
	BOARD_LIMITED_BYTES,
	BOARD_PENALTIES,      /* bad tokens of an address that is shut out */
	BOARD_AUDIT_LOST,     /* records that could not be written */
	BOARD_REFUSED_UNTOLD, /* refusals without a line of their own in the log */
	BOARD_BYTES_IN,	      /* of clients, as they come over the wire */
	BOARD_BYTES_OUT,
	BOARD_TIMEOUTS_HEAD, /* connections closed because a client took too long over it */
	BOARD_TIMEOUTS_BODY,
	BOARD_TIMEOUTS_WRITE,
	BOARD_TIMEOUTS_IDLE,
	BOARD_CLIENTS_GONE, /* while an answer was owed */
	BOARD_COUNTERS
};

/* What only the supervisor counts; survives it with the segment.  At most 8. */
enum board_service {
	BOARD_CRASH_LOOPS, /* the same crash again and again within a minute */
	BOARD_KEEPER_RESPAWNS,
	BOARD_SERVICE_COUNTERS
};

/* Now.  At most 16. */
enum board_gauge {
	BOARD_CONNECTIONS_NOW,
	BOARD_CALLS_IN_FLIGHT,
	BOARD_STREAMS_NOW,
	BOARD_LISTENERS,
	BOARD_STREAMS_KEPT,
	BOARD_STREAM_BYTES_KEPT,
	BOARD_IS_BATCH, /* 1: wakes without interrupting others */
	BOARD_GAUGES
};

/* Why a request to an upstream failed.  At most 8. */
enum board_failure {
	BOARD_FAIL_CONNECT,
	BOARD_FAIL_TLS,
	BOARD_FAIL_TIMEOUT,
	BOARD_FAIL_RESET,
	BOARD_FAIL_TOO_LARGE,
	BOARD_FAIL_HTTP_4XX,
	BOARD_FAIL_HTTP_5XX,
	BOARD_FAIL_OTHER,
	BOARD_FAILURES
};

/* Upper bounds of the histograms, in ms; the last bucket has none (UINT32_MAX). */
extern const uint32_t board_bucket_ms[BOARD_BUCKETS];

struct board_tool {
	uint64_t calls;
	uint64_t errors;
	uint64_t duration_us;		 /* sum */
	uint64_t buckets[BOARD_BUCKETS]; /* not cumulative */
};

struct board_upstream {
	uint64_t requests;
	uint64_t failures[BOARD_FAILURES];
	uint64_t duration_us;
	uint64_t buckets[BOARD_BUCKETS];
};

/* Somebody who held the event loop for long. */
struct board_holder {
	char name[BOARD_HOLDER_NAME];
	uint64_t times;
	uint64_t held_ms; /* sum */
	uint64_t longest_ms;
};

struct board_status {
	pid_t pid;
	enum board_state state;
	uint64_t generation;
	uint64_t started_ms; /* all times: clock_mono_ms() */
	uint64_t heartbeat_ms;
	uint64_t lag_last_us;
	uint64_t lag_max_us; /* since the row was claimed */
	uint64_t counters[BOARD_COUNTERS];
	uint64_t gauges[BOARD_GAUGES];
};

struct board_last_words {
	pid_t pid;
	char text[BOARD_LAST_WORDS_TEXT];
	size_t n_frames;
	uint64_t frames[BOARD_LAST_WORDS_FRAMES];
};

/* Borrowed from the segment; NULL when slot >= BOARD_ROWS. */
struct board_row *board_row(struct segment *seg, uint32_t slot);

/* ---- writing one's own row ---- */

/*
 * Claims the row for process `pid`, in state STARTING, heartbeat = now.  The supervisor may call it before the exec.
 */
struct board_row *board_claim_row(struct segment *seg, uint32_t slot, pid_t pid, uint64_t generation, uint64_t now_ms);
void board_set_state(struct board_row *row, enum board_state state);
void board_heartbeat(struct board_row *row, uint64_t now_ms);
void board_lag(struct board_row *row, uint64_t lag_us); /* keeps last and max */
void board_add(struct board_row *row, enum board_counter which, uint64_t n);
void board_set(struct board_row *row, enum board_gauge which, uint64_t value);

/*
 * `name` held the loop.  It is cut at BOARD_HOLDER_NAME - 1 bytes.  A row knows BOARD_HOLDERS - 1 names for ever; who
 * comes later shares the last one, "other".
 */
void board_held(struct board_row *row, const char *name, uint64_t held_ms);

/* `tool` is the caller's index of the tool, `upstream` that of the store.  Out of range: counted nowhere. */
void board_tool_done(struct board_row *row, uint32_t tool, bool failed, uint64_t duration_us);
void board_upstream_done(struct board_row *row, uint32_t upstream, uint64_t duration_us);
void board_upstream_failed(struct board_row *row, uint32_t upstream, enum board_failure why, uint64_t duration_us);

/*
 * Leaves the reason of the end.  Async-signal-safe; the first one stays, later ones are ignored.  `frames` may be
 * NULL. Text is cut at BOARD_LAST_WORDS_TEXT - 1 bytes.  row may be NULL.
 */
void board_write_last_words(struct board_row *row, const char *text, void *const *frames, size_t n_frames);

/* ---- reading ---- */

void board_read(const struct board_row *row, struct board_status *status_r);
pid_t board_pid(const struct board_row *row);
enum board_state board_state(const struct board_row *row);
uint64_t board_heartbeat_ms(const struct board_row *row);

void board_service_add(struct segment *seg, enum board_service which); /* supervisor only */
uint64_t board_service_total(const struct segment *seg, enum board_service which);

/* Where workers tell each other how long they left the audit log (audit/audit.h); shm does not know what it means. */
_Atomic uint64_t *board_audit_end(struct segment *seg);

/* Sums over all rows. */
uint64_t board_total(struct segment *seg, enum board_counter which);
uint64_t board_total_gauge(struct segment *seg, enum board_gauge which); /* of rows whose worker lives */

/* Holders of all rows, each name once; returns how many, at most BOARD_HOLDERS. */
size_t board_total_holders(struct segment *seg, struct board_holder holders_r[static BOARD_HOLDERS]);
void board_total_tool(struct segment *seg, uint32_t tool, struct board_tool *total_r);
void board_total_upstream(struct segment *seg, uint32_t upstream, struct board_upstream *total_r);

/* Takes the last words, once.  False when there are none (or the writer was killed while he wrote). */
bool board_take_last_words(struct board_row *row, struct board_last_words *words_r);

#endif
