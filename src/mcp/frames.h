/*
 * frames.h - what the workers of one service say to each other (private to mcp/)
 *
 * A frame is one datagram of at most MCP_FRAME_MAX bytes: version, kind, the sender's slot and process, then the fields
 * that its kind has, in a fixed order.  The decoder is strict: a frame of another version, of an unknown kind, with a
 * field too long, or with bytes left over is refused whole.  What a frame says is believed only within its bounds: it
 * comes from a process of the same service, perhaps of an older program, and sessions named in it are looked up with
 * the principal that it names.
 *
 * Runs in: worker.
 */
#ifndef MCP_FRAMES_H
#define MCP_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/slice.h"
#include "mcp/server.h"

#define FRAME_VERSION 1
#define FRAME_PRINCIPAL_MAX 64
#define FRAME_SESSION_MAX 64
#define FRAME_ID_MAX 1024	    /* a raw JSON-RPC id, RPC_ID_MAX */
#define FRAME_BODY_MAX (60u * 1024) /* what is longer goes in pieces, or not at all */

enum frame_kind {
	FRAME_CANCEL = 1,  /* principal, session, id: stop this request */
	FRAME_RESPONSE,	   /* principal, session, id of our request, body: the client's whole JSON-RPC response */
	FRAME_CHANGE,	   /* number: enum action_change_kind; principal (may be empty), body: uri */
	FRAME_LISTS,	   /* digests of what the sender offers */
	FRAME_SESSION_END, /* principal, session: its streams end */
	FRAME_STREAM_END,  /* principal, session, stream: its GET stream has been taken over */

	/* A stream read through another worker is pulled piece by piece, so that one frame at most is under way. */
	FRAME_PULL, /* principal, session, stream, number: events up to this one are known, offset: so much of the next,
		       total: 1 once it has been told that the stream is there, cookie: the reader */
	FRAME_PIECE, /* cookie, number, offset, total, body: bytes of the event from offset on */
	FRAME_WAIT,  /* cookie: the stream is known, there is nothing new */
	FRAME_ENDED, /* cookie, number: enum frame_end */
	FRAME_KINDS
};

enum frame_end {
	FRAME_END_DONE = 1, /* all has been told */
	FRAME_END_UNKNOWN,  /* there is no such stream, or what was asked for is not kept any more */
	FRAME_END_REPLACED, /* somebody else reads it now */
	FRAME_END_COUNT
};

#define FRAME_LISTS_COUNT 3 /* tools, prompts, resources */

/* Slices are borrowed: from the bytes that were read, or from the writer's caller. */
struct frame {
	enum frame_kind kind;
	uint32_t slot; /* of the sender */
	uint32_t pid;
	struct slice principal;
	struct slice session;
	struct slice id;
	struct slice body;
	uint64_t stream;
	uint64_t number;
	uint64_t offset;
	uint64_t total;
	uint64_t cookie;
	uint64_t digests[FRAME_LISTS_COUNT];
};

/* ERR_LIMIT: a field is longer than its maximum.  Fields that the kind does not have are not looked at. */
int frame_write(struct buf *out, const struct frame *frame) MUST_CHECK;

/* ERR_INVALID: no frame of this version.  Fields that the kind does not have are zero. */
int frame_read(struct slice bytes, struct frame *frame_r) MUST_CHECK;

/*
 * To one slot, or to all others; the sender is filled in.  ERR_CLOSED: there are no others; ERR_LIMIT, ERR_NOMEM.  What
 * is on its way may still be lost.
 */
int peers_post(const struct mcp_server *server, uint32_t slot, struct frame *frame);
int peers_post_all(const struct mcp_server *server, struct frame *frame);

/* Is the worker that sent a frame, or wrote an id, still there? */
bool peers_is_alive(const struct mcp_server *server, uint32_t slot, uint32_t pid);

#endif
