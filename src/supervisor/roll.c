/*
 * roll.c - see roll.h
 */
#include "supervisor/roll.h"

/* The first generation has nothing to fall back to: it serves with those that are READY, and the others keep trying. */
static enum roll_verdict
judge_first(const struct roll_count *count, bool is_late)
{
	if (count->gave_up > 0)
		return ROLL_FAILED;
	if (count->ready >= count->wanted || (is_late && count->ready > 0))
		return ROLL_READY;
	return ROLL_WAIT;
}

enum roll_verdict
roll_judge(const struct roll_count *count, uint64_t now_ms)
{
	bool is_late = now_ms - count->started_ms >= count->ready_limit_ms;

	if (count->is_first)
		return judge_first(count, is_late);
	if (count->gave_up > 0 || count->died_early > 0)
		return ROLL_FAILED;
	if (count->ready >= count->wanted)
		return ROLL_READY;
	return is_late ? ROLL_FAILED : ROLL_WAIT;
}

static int
oldest_uncut(const struct roll_retiring *all, size_t n, size_t *alive_r)
{
	int oldest = -1;
	size_t i;

	*alive_r = 0;
	for (i = 0; i < n; i++) {
		if (all[i].processes == 0)
			continue;
		(*alive_r)++;
		if (!all[i].is_cut && (oldest < 0 || all[i].number < all[oldest].number))
			oldest = (int)i;
	}
	return oldest;
}

/* Processes that are on their way out already and will free their slots soon. */
static uint32_t
coming_free(const struct roll_retiring *all, size_t n)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (all[i].is_cut)
			sum += all[i].processes;
	}
	return sum;
}

int
roll_cut(const struct roll_retiring *all, size_t n, uint32_t wanted, uint32_t free_slots, bool *has_room_r)
{
	uint32_t coming = coming_free(all, n);
	size_t alive, i, cut = 0;
	int oldest = oldest_uncut(all, n, &alive);

	for (i = 0; i < n; i++)
		cut += all[i].is_cut && all[i].processes > 0;
	/* The generation that serves now will retire next, so one less than the maximum may be retiring when we begin.
	 */
	*has_room_r = free_slots >= wanted && alive < ROLL_RETIRING_MAX;
	if (*has_room_r)
		return -1;
	if (alive - cut >= ROLL_RETIRING_MAX || free_slots + coming < wanted)
		return oldest;
	return -1;
}
