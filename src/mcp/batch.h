/*
 * batch.h - an array of messages, which only sessions at 2025-03-26 may send (R-029; private to mcp/)
 *
 * Each element is an exchange of its own whose answer is gathered; the array is answered when the last one is.  There
 * is no stream, so members send no events and ask nothing.
 */
#ifndef MCP_BATCH_H
#define MCP_BATCH_H

struct batch;
struct mcp_exchange;

/* Serves an exchange whose message is an array, or refuses it whole. */
void batch_serve(struct mcp_exchange *x);

/* The array's exchange ends: its members are stopped, or, after let_go, go on without a client. */
void batch_let_go(struct batch *batch);
void batch_free(struct batch **batch);

#endif
