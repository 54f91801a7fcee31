/*
 * records.c - audit and log lines of one turn of the loop are written together, before the answers that they are about
 */
#include "audit/audit.h"
#include "base/err.h"
#include "base/log.h"
#include "worker_private.h"

void
records_hold(struct worker *worker)
{
	audit_hold(worker->audit);
	log_hold(true);
}

/* The end of a full disk is worth a line, too. */
static void
note_lost(struct worker *worker)
{
	struct audit_stats stats;

	audit_stats(worker->audit, &stats);
	if (stats.lost > worker->counted.audit_lost)
		board_add(worker->row, BOARD_AUDIT_LOST, stats.lost - worker->counted.audit_lost);
	worker->audit_gap += stats.lost - worker->counted.audit_lost;
	worker->counted.audit_lost = stats.lost;
	if (worker->audit_gap == 0 || stats.is_failing)
		return;
	log_write(LOG_NOTICE, "audit_restored", LOG_U64("lost", worker->audit_gap), LOG_END);
	worker->audit_gap = 0;
}

void
records_flush(void *ctx)
{
	struct worker *worker = ctx;
	uint64_t lost;
	int r;

	r = audit_flush(worker->audit, &lost);
	if (r < 0)
		log_write(LOG_ERROR, "audit_failed", LOG_U64("records", lost), LOG_STR("error", err_name(r)), LOG_END);
	note_lost(worker);
	log_flush();
}
