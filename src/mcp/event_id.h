/*
 * event_id.h - ids of events: which worker, which of its streams, which event (private to mcp/; R-101)
 *
 *   c-SLOT-PID-GENERATION-SERIAL-NUMBER              an event of a call's answer
 *   g-SLOT-PID-GENERATION-SERIAL-NUMBER-A-B-C        one of a session's GET stream; A, B, C: digests of the lists of
 *                                                    tools, prompts, resources as they were then
 *
 * An id is a name, not a permission: whoever comes with one is judged by session and principal.
 */
#ifndef MCP_EVENT_ID_H
#define MCP_EVENT_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/slice.h"
#include "frames.h"

#define EVENT_ID_CAP 192

struct event_id {
	bool is_get;
	uint32_t slot;
	uint32_t pid;
	uint64_t generation;
	uint64_t serial;
	uint64_t number; /* 0: the priming event */
	uint64_t digests[FRAME_LISTS_COUNT];
};

struct slice event_id_format(const struct event_id *id, char text_r[static EVENT_ID_CAP]);
int event_id_parse(struct slice text, struct event_id *id_r) MUST_CHECK; /* ERR_INVALID: none of ours */

#endif
