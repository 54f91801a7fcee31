/*
 * harden.h - keeps to itself what a process that holds secrets knows
 *
 * No core file, no tracing by other processes of the same user; and what libevent, jansson and OpenSSL let go of is
 * overwritten, so that a secret does not outlast its use (curl: see fetch_options).  Once, at the very start.  Runs in:
 * worker, stdio.
 */
#ifndef WORKER_HARDEN_H
#define WORKER_HARDEN_H

void harden_self(void);

#endif
