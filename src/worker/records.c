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

void
records_flush(void *ctx)
{
	struct worker *worker = ctx;
	uint64_t lost;
	int r;

	r = audit_flush(worker->audit, &lost);
	if (r < 0)
		log_write(LOG_ERROR, "audit_failed", LOG_U64("records", lost), LOG_STR("error", err_name(r)), LOG_END);
	log_flush();
}
