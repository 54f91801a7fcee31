/*
 * batch.h - requests of one turn of the loop in one transaction: many small writes of many workers, one sync
 *
 * A request that fails is undone alone.  When the transaction fails as a whole, each request gets one of its own, so
 * that one for which the disk has no room does not take the others with it.
 *
 * Runs in: keeper.
 */
#ifndef KEEPER_BATCH_H
#define KEEPER_BATCH_H

#include <stdint.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "database.h"

#define REQUEST_LEAVE 0 /* not from the wire: the connection has ended */

struct request {
	TAILQ_ENTRY(request) link;
	uint64_t connection;
	uint32_t call;
	uint16_t type;
	struct buf payload;
	struct buf reply; /* the payload of the answer, after keeper_batch_run() */
};
TAILQ_HEAD(request_list, request);

struct request *keeper_request_new(uint64_t connection, uint16_t type, uint32_t call); /* NULL: no memory */
void keeper_request_free(struct request **request);

/* Afterwards each has its reply, and what a reply without an error says is durable. */
void keeper_batch_run(struct database *database, struct request_list *requests);

#endif
