/*
 * stdio.h - the role `stdio`: MCP for one desktop client over standard input and output
 *
 * One process with a table, a way to the shops and an audit log of its own; the keeper is a child, started when the
 * first plan or key needs it.  The caller is the principal `local:UID`, who may use every tool and store: whoever
 * started the process has its configuration anyway.
 *
 * Standard output carries messages only; the log goes to standard error.  It ends at the end of its input, when nobody
 * reads its output, at SIGTERM, SIGINT and SIGHUP: running calls get 2 s, then they are cancelled.  A second signal
 * cuts that short.
 */
#ifndef WORKER_STDIO_H
#define WORKER_STDIO_H

#include "action/product.h"
#include "base/compiler.h"
#include "config/config.h"

/* Borrows both.  Gives the exit status of the process (shm/heritage.h). */
int stdio_run(const struct action_product *product, struct config *config) MUST_CHECK;

#endif
