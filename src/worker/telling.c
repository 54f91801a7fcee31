/*
 * telling.c - see telling.h
 */
#include "telling.h"

#include "admission.h"
#include "base/log.h"
#include "base/turn.h"
#include "worker_private.h"

#define LIMITED_MS 10000
#define REFUSED_MS (60 * 1000)
#define PATH_SHOWN 256 /* of what a stranger may make as long as http.max_target_bytes */

static const char *
kind_of(const struct holder *holder)
{
	return holder_is_address(holder) ? "address" : "principal";
}

void
telling_limited(struct holder *holder, const char *limit)
{
	static const struct holder_pace pace = {1, LIMITED_MS};
	uint32_t missed;

	if (holder == NULL || !holder_may_tell(holder, HOLDER_LIMITED, &pace, turn_mono_ms(), &missed))
		return;
	log_write(LOG_NOTICE, "limited", LOG_STR("limit", limit), LOG_STR(kind_of(holder), holder_name(holder)),
		  LOG_U64("not_told", missed), LOG_END);
}

void
telling_missed(const struct holder *holder, enum holder_news what, uint32_t missed)
{
	static const char *const events[HOLDER_NEWS] = {[HOLDER_LIMITED] = "limited", [HOLDER_REFUSED] = "refused"};

	log_write(LOG_NOTICE, "not_told", LOG_STR("what", events[what]), LOG_STR(kind_of(holder), holder_name(holder)),
		  LOG_U64("lines", missed), LOG_END);
}

static bool
may_tell_refusal(const struct worker *worker, const void *source)
{
	const struct holder_pace pace = {worker->config->limits.refused_lines, REFUSED_MS};
	struct holder *holder = admission_holder(source);
	uint32_t missed;

	if (pace.lines == 0)
		return true;
	if (holder == NULL)
		holder = holders_others(worker->holders);
	if (!holder_may_tell(holder, HOLDER_REFUSED, &pace, turn_mono_ms(), &missed)) {
		board_add(worker->row, BOARD_REFUSED_UNTOLD, 1);
		return false;
	}
	if (missed > 0)
		telling_missed(holder, HOLDER_REFUSED, missed);
	return true;
}

void
telling_refused(const struct worker *worker, const struct http_access *access)
{
	if (!may_tell_refusal(worker, access->source))
		return;
	log_write(LOG_NOTICE, "refused", LOG_SLICE("method", access->method),
		  LOG_SLICE("path", slice_sub(access->path, 0, PATH_SHOWN)), LOG_STR("peer", access->peer),
		  LOG_I64("status", access->status), LOG_STR("reason", access->refusal), LOG_END);
}
