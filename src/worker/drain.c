#include "drain.h"

static uint64_t
earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void
drain_begin(struct drain *drain, uint64_t now_ms, uint64_t deadline_ms)
{
	uint64_t cut_at_ms = now_ms + deadline_ms;
	uint64_t lame_until_ms = earlier(now_ms + DRAIN_LAME_MS, cut_at_ms);

	if (drain->state == DRAIN_SERVING) {
		*drain = (struct drain){.state = DRAIN_LAME, .lame_until_ms = lame_until_ms, .cut_at_ms = cut_at_ms};
		return;
	}
	drain->cut_at_ms = earlier(drain->cut_at_ms, cut_at_ms);
	drain->lame_until_ms = earlier(drain->lame_until_ms, lame_until_ms);
}

enum drain_state
drain_step(struct drain *drain, uint64_t now_ms, size_t connections, size_t calls)
{
	if (drain->state == DRAIN_LAME && (connections == 0 || now_ms >= drain->lame_until_ms))
		drain->state = DRAIN_CLOSING;
	if (drain->state == DRAIN_CLOSING && ((connections == 0 && calls == 0) || now_ms >= drain->cut_at_ms))
		drain->state = DRAIN_CUT;
	return drain->state;
}
