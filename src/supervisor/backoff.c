/*
 * backoff.c - see backoff.h
 */
#include "supervisor/backoff.h"

#define JITTER_PER_MILLE 200

/* delay * (0.8 ... 1.2), never above the maximum. */
static uint64_t
with_jitter(uint64_t delay_ms, uint64_t jitter)
{
	uint64_t per_mille = 1000 - JITTER_PER_MILLE + jitter % (2 * JITTER_PER_MILLE + 1);

	delay_ms = delay_ms * per_mille / 1000;
	return delay_ms < BACKOFF_MAX_MS ? delay_ms : BACKOFF_MAX_MS;
}

static uint64_t
before_ready(struct backoff *b, uint64_t jitter)
{
	uint64_t delay_ms = BACKOFF_FIRST_MS;
	uint32_t i;

	for (i = 0; i < b->failures && delay_ms < BACKOFF_MAX_MS; i++)
		delay_ms *= 2;
	if (delay_ms > BACKOFF_MAX_MS)
		delay_ms = BACKOFF_MAX_MS;
	if (b->failures < UINT32_MAX)
		b->failures++;
	return with_jitter(delay_ms, jitter);
}

static uint64_t
after_ready(struct backoff *b, uint64_t now_ms)
{
	if (now_ms - b->window_from_ms >= BACKOFF_WINDOW_MS) {
		b->window_from_ms = now_ms;
		b->in_window = 0;
	}
	b->in_window++;
	if (b->in_window <= BACKOFF_BURST)
		return 0;
	return b->window_from_ms + BACKOFF_WINDOW_MS - now_ms;
}

uint64_t
backoff_next(struct backoff *b, const struct backoff_death *death)
{
	if (!death->was_ready)
		return before_ready(b, death->jitter);
	b->failures = 0;
	return after_ready(b, death->now_ms);
}
