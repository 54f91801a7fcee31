/*
 * inboxes.h - one datagram pair per slot, for what workers tell each other
 *
 * The supervisor makes them once and never reads them.  It keeps both ends, so that what lies in an inbox outlives the
 * worker: the next one of the slot finds it and counts it as come too late.
 *
 * A pair's two ends know each other, so only SO_SNDBUF bounds what waits, not the kernel's number of datagrams.
 */
#ifndef SUPERVISOR_INBOXES_H
#define SUPERVISOR_INBOXES_H

#include "base/compiler.h"
#include "base/err.h"
#include "shm/heritage.h"

struct inboxes {
	int reading[HERITAGE_INBOXES]; /* -1: none */
	int writing[HERITAGE_INBOXES];
};

void inboxes_init(struct inboxes *inboxes);
int inboxes_open(struct inboxes *inboxes, struct err *err) MUST_CHECK;
void inboxes_close(struct inboxes *inboxes);

#endif
