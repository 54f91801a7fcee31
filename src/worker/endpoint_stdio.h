/*
 * endpoint_stdio.h - MCP over standard input and output: one message per line
 *
 * Reads while it can, answers as calls finish, in any order.  Both eras; a claim-less `initialize` begins the legacy
 * one for the process.  Nothing but whole messages is written.
 *
 * A client that does not read is not read from once 1 MiB waits for it, and gets no progress and no log lines until it
 * reads again; answers, questions and news of changes are kept for it up to OUTLET_MAX, then the output is given up.
 */
#ifndef WORKER_ENDPOINT_STDIO_H
#define WORKER_ENDPOINT_STDIO_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/principal.h"
#include "base/compiler.h"
#include "base/err.h"

struct worker;
struct endpoint_stdio;

struct endpoint_stdio_options {
	struct worker *worker; /* base, config and mcp are used; all borrowed */
	const struct principal *principal;
	int in_fd; /* both stay the caller's; pipes and sockets are made non-blocking */
	int out_fd;
	void (*on_end)(void *ctx); /* the input ended, or the output was closed; called once, from the loop */
	void *ctx;
};

int endpoint_stdio_new(const struct endpoint_stdio_options *options, struct endpoint_stdio **endpoint_r,
		       struct err *err) MUST_CHECK;
void endpoint_stdio_free(struct endpoint_stdio **endpoint); /* cancels what still runs */

void endpoint_stdio_close_input(struct endpoint_stdio *endpoint); /* takes nothing more */
void endpoint_stdio_cancel_all(struct endpoint_stdio *endpoint);  /* no answers follow */

/* Everything is answered, and the answers are written or cannot be. */
bool endpoint_stdio_is_idle(const struct endpoint_stdio *endpoint);
bool endpoint_stdio_is_broken(const struct endpoint_stdio *endpoint); /* nobody reads the output any more */

#endif
