/*
 * board.c - rows of the board
 */
#include "shm/board.h"

#include <stdatomic.h>
#include <string.h>

#include "board_cells.h"
#include "shm/layout.h"

typedef _Atomic uint64_t cell;

#define COUNTERS_CAP 48
#define GAUGES_CAP 16
#define FAILURES_CAP 8

_Static_assert(BOARD_SERVICE_COUNTERS <= 8, "the service's counters fit the header");
_Static_assert(BOARD_COUNTERS <= COUNTERS_CAP && BOARD_GAUGES <= GAUGES_CAP && BOARD_FAILURES <= FAILURES_CAP,
	       "the enums fit the layout");

enum words_state { WORDS_NONE, WORDS_BEGUN, WORDS_READY };

struct row_tool {
	cell calls;
	cell errors;
	cell duration_us;
	cell buckets[BOARD_BUCKETS];
};

struct row_upstream {
	cell requests;
	cell failures[FAILURES_CAP];
	cell duration_us;
	cell buckets[BOARD_BUCKETS];
	cell breaker[8]; /* of row 0 only: shared by all workers, see breaker.c */
};

struct row_words {
	_Atomic uint32_t state; /* enum words_state: one writer gets in */
	_Atomic uint32_t n_frames;
	cell pid;
	cell frames[BOARD_LAST_WORDS_FRAMES];
	cell text[BOARD_LAST_WORDS_TEXT / 8];
};

/* The name is written before `times` is, and never again. */
struct row_holder {
	cell times;
	cell held_ms;
	cell longest_ms;
	cell name[BOARD_HOLDER_NAME / 8];
};

struct board_row {
	_Alignas(64) cell pid;
	cell state;
	cell generation;
	cell started_ms;
	cell heartbeat_ms;
	cell lag_last_us;
	cell lag_max_us;
	cell spare[9];
	cell counters[COUNTERS_CAP];
	cell gauges[GAUGES_CAP];
	struct row_words words;
	struct row_tool tools[BOARD_TOOLS];
	struct row_upstream upstreams[BOARD_UPSTREAMS];
	struct row_holder holders[BOARD_HOLDERS];
};

const size_t board_row_bytes = sizeof(struct board_row);

const uint32_t board_bucket_ms[BOARD_BUCKETS] = {5, 10, 25, 50, 100, 250, 500, 1000, 5000, UINT32_MAX};

static uint64_t
get(const cell *at)
{
	return atomic_load_explicit(at, memory_order_relaxed);
}

static void
set(cell *at, uint64_t value)
{
	atomic_store_explicit(at, value, memory_order_relaxed);
}

/* One writer per row, so no read-modify-write is needed. */
static void
add(cell *at, uint64_t n)
{
	set(at, get(at) + n);
}

struct board_row *
board_row(struct segment *seg, uint32_t slot)
{
	return slot < BOARD_ROWS ? &seg->board[slot] : NULL;
}

/* ---- writing ---- */

struct board_row *
board_claim_row(struct segment *seg, uint32_t slot, pid_t pid, uint64_t generation, uint64_t now_ms)
{
	struct board_row *row = board_row(seg, slot);
	uint32_t begun = WORDS_BEGUN;

	if (row == NULL)
		return NULL;
	for (int i = 0; i < GAUGES_CAP; i++)
		set(&row->gauges[i], 0);
	set(&row->generation, generation);
	set(&row->started_ms, now_ms);
	set(&row->heartbeat_ms, now_ms);
	set(&row->lag_last_us, 0);
	set(&row->lag_max_us, 0);
	/* Half-written words are worthless; whole ones stay until the supervisor takes them. */
	atomic_compare_exchange_strong(&row->words.state, &begun, WORDS_NONE);
	set(&row->pid, (uint64_t)pid);
	/* Publishes the fields above to whoever reads the state. */
	atomic_store_explicit(&row->state, BOARD_STARTING, memory_order_release);
	return row;
}

void
board_set_state(struct board_row *row, enum board_state state)
{
	atomic_store_explicit(&row->state, (uint64_t)state, memory_order_release);
}

void
board_heartbeat(struct board_row *row, uint64_t now_ms)
{
	set(&row->heartbeat_ms, now_ms);
}

void
board_lag(struct board_row *row, uint64_t lag_us)
{
	set(&row->lag_last_us, lag_us);
	if (lag_us > get(&row->lag_max_us))
		set(&row->lag_max_us, lag_us);
}

void
board_add(struct board_row *row, enum board_counter which, uint64_t n)
{
	add(&row->counters[which], n);
}

void
board_set(struct board_row *row, enum board_gauge which, uint64_t value)
{
	set(&row->gauges[which], value);
}

static size_t
bucket_of(uint64_t duration_us)
{
	size_t i = 0;

	while (i < BOARD_BUCKETS - 1 && duration_us > (uint64_t)board_bucket_ms[i] * 1000)
		i++;
	return i;
}

void
board_tool_done(struct board_row *row, uint32_t tool, bool failed, uint64_t duration_us)
{
	struct row_tool *at;

	if (tool >= BOARD_TOOLS)
		return;
	at = &row->tools[tool];
	add(&at->calls, 1);
	add(&at->errors, failed ? 1 : 0);
	add(&at->duration_us, duration_us);
	add(&at->buckets[bucket_of(duration_us)], 1);
}

void
board_upstream_done(struct board_row *row, uint32_t upstream, uint64_t duration_us)
{
	struct row_upstream *at;

	if (upstream >= BOARD_UPSTREAMS)
		return;
	at = &row->upstreams[upstream];
	add(&at->requests, 1);
	add(&at->duration_us, duration_us);
	add(&at->buckets[bucket_of(duration_us)], 1);
}

void
board_upstream_failed(struct board_row *row, uint32_t upstream, enum board_failure why, uint64_t duration_us)
{
	if (upstream >= BOARD_UPSTREAMS)
		return;
	board_upstream_done(row, upstream, duration_us);
	add(&row->upstreams[upstream].failures[why < BOARD_FAILURES ? why : BOARD_FAIL_OTHER], 1);
}

/* ---- who holds the loop ---- */

static const char other[BOARD_HOLDER_NAME] = "other";

static void
read_name(const struct row_holder *at, char name_r[static BOARD_HOLDER_NAME])
{
	for (size_t i = 0; i < BOARD_HOLDER_NAME / 8; i++) {
		uint64_t word = get(&at->name[i]);

		memcpy(name_r + i * 8, &word, sizeof(word));
	}
	name_r[BOARD_HOLDER_NAME - 1] = '\0';
}

static void
write_name(struct row_holder *at, const char name[static BOARD_HOLDER_NAME])
{
	for (size_t i = 0; i < BOARD_HOLDER_NAME / 8; i++) {
		uint64_t word;

		memcpy(&word, name + i * 8, sizeof(word));
		set(&at->name[i], word);
	}
}

/* The entry of this name, or the one that it gets. */
static struct row_holder *
find_holder(struct board_row *row, const char name[static BOARD_HOLDER_NAME])
{
	char known[BOARD_HOLDER_NAME];
	size_t i;

	for (i = 0; i < BOARD_HOLDERS - 1; i++) {
		if (get(&row->holders[i].times) == 0)
			break;
		read_name(&row->holders[i], known);
		if (strcmp(known, name) == 0)
			return &row->holders[i];
	}
	if (get(&row->holders[i].times) == 0)
		write_name(&row->holders[i], i < BOARD_HOLDERS - 1 ? name : other);
	return &row->holders[i];
}

void
board_held(struct board_row *row, const char *name, uint64_t held_ms)
{
	char padded[BOARD_HOLDER_NAME] = {0};
	struct row_holder *at;

	memcpy(padded, name, strnlen(name, BOARD_HOLDER_NAME - 1));
	at = find_holder(row, padded);
	add(&at->held_ms, held_ms);
	if (held_ms > get(&at->longest_ms))
		set(&at->longest_ms, held_ms);
	/* Publishes the name to whoever finds that it counts. */
	atomic_store_explicit(&at->times, get(&at->times) + 1, memory_order_release);
}

/* ---- last words ---- */

void
board_write_last_words(struct board_row *row, const char *text, void *const *frames, size_t n_frames)
{
	uint32_t none = WORDS_NONE;
	uint64_t word[BOARD_LAST_WORDS_TEXT / 8] = {0};

	if (row == NULL || !atomic_compare_exchange_strong(&row->words.state, &none, WORDS_BEGUN))
		return;
	/* By hand: string functions are not promised to be safe in a signal handler. */
	for (size_t i = 0; i < BOARD_LAST_WORDS_TEXT - 1 && text[i] != '\0'; i++)
		word[i / 8] |= (uint64_t)(unsigned char)text[i] << (i % 8 * 8);
	for (size_t i = 0; i < BOARD_LAST_WORDS_TEXT / 8; i++)
		set(&row->words.text[i], word[i]);
	if (frames == NULL)
		n_frames = 0;
	if (n_frames > BOARD_LAST_WORDS_FRAMES)
		n_frames = BOARD_LAST_WORDS_FRAMES;
	for (size_t i = 0; i < n_frames; i++)
		set(&row->words.frames[i], (uint64_t)(uintptr_t)frames[i]);
	atomic_store_explicit(&row->words.n_frames, (uint32_t)n_frames, memory_order_relaxed);
	set(&row->words.pid, get(&row->pid));
	/* Publishes all of the above to board_take_last_words(). */
	atomic_store_explicit(&row->words.state, WORDS_READY, memory_order_release);
}

bool
board_take_last_words(struct board_row *row, struct board_last_words *words_r)
{
	uint32_t n;

	if (atomic_load_explicit(&row->words.state, memory_order_acquire) != WORDS_READY)
		return false;
	memset(words_r, 0, sizeof(*words_r));
	for (size_t i = 0; i < BOARD_LAST_WORDS_TEXT - 1; i++)
		words_r->text[i] = (char)(get(&row->words.text[i / 8]) >> (i % 8 * 8) & 0xff);
	n = atomic_load_explicit(&row->words.n_frames, memory_order_relaxed);
	words_r->n_frames = n < BOARD_LAST_WORDS_FRAMES ? n : BOARD_LAST_WORDS_FRAMES;
	for (size_t i = 0; i < words_r->n_frames; i++)
		words_r->frames[i] = get(&row->words.frames[i]);
	words_r->pid = (pid_t)get(&row->words.pid);
	atomic_store_explicit(&row->words.state, WORDS_NONE, memory_order_relaxed);
	return true;
}

/* ---- reading ---- */

void
board_read(const struct board_row *row, struct board_status *status_r)
{
	status_r->state = board_state(row);
	status_r->pid = board_pid(row);
	status_r->generation = get(&row->generation);
	status_r->started_ms = get(&row->started_ms);
	status_r->heartbeat_ms = get(&row->heartbeat_ms);
	status_r->lag_last_us = get(&row->lag_last_us);
	status_r->lag_max_us = get(&row->lag_max_us);
	for (int i = 0; i < BOARD_COUNTERS; i++)
		status_r->counters[i] = get(&row->counters[i]);
	for (int i = 0; i < BOARD_GAUGES; i++)
		status_r->gauges[i] = get(&row->gauges[i]);
}

pid_t
board_pid(const struct board_row *row)
{
	return (pid_t)get(&row->pid);
}

enum board_state
board_state(const struct board_row *row)
{
	uint64_t state = atomic_load_explicit(&row->state, memory_order_acquire);

	return state <= BOARD_DEAD ? (enum board_state)state : BOARD_DEAD;
}

uint64_t
board_heartbeat_ms(const struct board_row *row)
{
	return get(&row->heartbeat_ms);
}

uint64_t
board_total(struct segment *seg, enum board_counter which)
{
	uint64_t total = 0;

	for (uint32_t slot = 0; slot < BOARD_ROWS; slot++)
		total += get(&seg->board[slot].counters[which]);
	return total;
}

uint64_t
board_total_gauge(struct segment *seg, enum board_gauge which)
{
	uint64_t total = 0;

	for (uint32_t slot = 0; slot < BOARD_ROWS; slot++) {
		enum board_state state = board_state(&seg->board[slot]);

		if (state != BOARD_EMPTY && state != BOARD_DEAD)
			total += get(&seg->board[slot].gauges[which]);
	}
	return total;
}

/* Of all rows together there may be more names than one row has room for: the last place is kept for "other". */
static struct board_holder *
total_of(struct board_holder holders[static BOARD_HOLDERS], size_t *n, const char *name)
{
	for (size_t i = 0; i < *n; i++) {
		if (strcmp(holders[i].name, name) == 0)
			return &holders[i];
	}
	if (*n >= BOARD_HOLDERS - 1 && strcmp(name, other) != 0)
		return total_of(holders, n, other);
	memset(&holders[*n], 0, sizeof(holders[*n]));
	memcpy(holders[*n].name, name, BOARD_HOLDER_NAME);
	return &holders[(*n)++];
}

static void
sum_holder(struct board_holder holders[static BOARD_HOLDERS], size_t *n, const struct row_holder *at)
{
	struct board_holder *total;
	char name[BOARD_HOLDER_NAME];

	read_name(at, name);
	total = total_of(holders, n, name);
	total->times += get(&at->times);
	total->held_ms += get(&at->held_ms);
	if (get(&at->longest_ms) > total->longest_ms)
		total->longest_ms = get(&at->longest_ms);
}

size_t
board_total_holders(struct segment *seg, struct board_holder holders_r[static BOARD_HOLDERS])
{
	size_t n = 0;

	for (uint32_t slot = 0; slot < BOARD_ROWS; slot++) {
		for (size_t i = 0; i < BOARD_HOLDERS; i++) {
			const struct row_holder *at = &seg->board[slot].holders[i];

			if (atomic_load_explicit(&at->times, memory_order_acquire) == 0)
				break;
			sum_holder(holders_r, &n, at);
		}
	}
	return n;
}

void
board_total_tool(struct segment *seg, uint32_t tool, struct board_tool *total_r)
{
	memset(total_r, 0, sizeof(*total_r));
	if (tool >= BOARD_TOOLS)
		return;
	for (uint32_t slot = 0; slot < BOARD_ROWS; slot++) {
		const struct row_tool *at = &seg->board[slot].tools[tool];

		total_r->calls += get(&at->calls);
		total_r->errors += get(&at->errors);
		total_r->duration_us += get(&at->duration_us);
		for (int i = 0; i < BOARD_BUCKETS; i++)
			total_r->buckets[i] += get(&at->buckets[i]);
	}
}

void
board_total_upstream(struct segment *seg, uint32_t upstream, struct board_upstream *total_r)
{
	memset(total_r, 0, sizeof(*total_r));
	if (upstream >= BOARD_UPSTREAMS)
		return;
	for (uint32_t slot = 0; slot < BOARD_ROWS; slot++) {
		const struct row_upstream *at = &seg->board[slot].upstreams[upstream];

		total_r->requests += get(&at->requests);
		total_r->duration_us += get(&at->duration_us);
		for (int i = 0; i < BOARD_FAILURES; i++)
			total_r->failures[i] += get(&at->failures[i]);
		for (int i = 0; i < BOARD_BUCKETS; i++)
			total_r->buckets[i] += get(&at->buckets[i]);
	}
}

_Atomic uint64_t *
board_breaker_cells(struct segment *seg, uint32_t upstream)
{
	return upstream < BOARD_UPSTREAMS ? seg->board[0].upstreams[upstream].breaker : NULL;
}

/* ---- counters of the service ---- */

void
board_service_add(struct segment *seg, enum board_service which)
{
	add(&seg->header->service[which], 1);
}

_Atomic uint64_t *
board_audit_end(struct segment *seg)
{
	return &seg->header->audit_end;
}

uint64_t
board_service_total(const struct segment *seg, enum board_service which)
{
	return get(&seg->header->service[which]);
}
