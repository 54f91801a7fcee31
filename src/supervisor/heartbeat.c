/*
 * heartbeat.c - see heartbeat.h
 */
#include "supervisor/heartbeat.h"

bool
heartbeat_tick(struct heartbeat_watch *w, uint64_t now_ms)
{
	if (w->due_ms == 0) {
		w->due_ms = now_ms;
		w->forgive_ms = now_ms;
	}
	if (now_ms < w->due_ms)
		return false;
	w->lag_ms = now_ms - w->due_ms;
	if (w->lag_ms > HEARTBEAT_LAG_MS)
		w->forgive_ms = now_ms;
	w->due_ms = now_ms + HEARTBEAT_TICK_MS;
	return true;
}

bool
heartbeat_on_time(const struct heartbeat_watch *w)
{
	return w->lag_ms <= HEARTBEAT_LAG_MS;
}

uint64_t
heartbeat_age(const struct heartbeat_watch *w, uint64_t beat_ms, uint64_t now_ms)
{
	uint64_t since_ms = beat_ms > w->forgive_ms ? beat_ms : w->forgive_ms;

	return now_ms > since_ms ? now_ms - since_ms : 0;
}

enum heartbeat_verdict
heartbeat_judge(uint64_t age_ms)
{
	if (age_ms > HEARTBEAT_HUNG_MS)
		return HEARTBEAT_HUNG;
	return age_ms > HEARTBEAT_LATE_MS ? HEARTBEAT_LATE : HEARTBEAT_FRESH;
}
