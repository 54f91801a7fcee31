/*
 * message.h - what workers and keeper say to each other: frames, messages, lists (pure)
 *
 *	frame	u32 length of the payload, u8 version, u8 flags, u16 type, u32 call; payload
 *	message	the payloads of one or more frames of one type and call, all but the last with MESSAGE_MORE
 *	payload	fields in any order: a number is u8 (0x80 + tag), u64; a text is u8 tag, u32 length, bytes
 *
 * All numbers are little-endian.  A field that is not there is 0 or SLICE_NONE; one that is not known is passed over,
 * so that a keeper and a worker of neighbouring versions understand each other.  A frame is at most MESSAGE_FRAME_MAX
 * long, a message MESSAGE_MAX.
 *
 * Runs in: worker, keeper, stdio.
 */
#ifndef KEEPER_MESSAGE_H
#define KEEPER_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/slice.h"
#include "keeper/keeper.h"

#define MESSAGE_VERSION 1
#define MESSAGE_HEAD_LEN 12
#define MESSAGE_FRAME_MAX (256 * 1024) /* payload of one frame */
#define MESSAGE_MAX (2 * KEEPER_TEXT_BYTES_MAX + 64 * 1024)

enum message_type {
	MESSAGE_HELLO = 1, /* first on a connection; list: fences that the worker holds */
	MESSAGE_PLAN_BEGIN,
	MESSAGE_PLAN_ADD, /* from: index of the first; list: items */
	MESSAGE_PLAN_STORE,
	MESSAGE_PLAN_DROP,
	MESSAGE_PLAN_CLAIM,
	MESSAGE_PLAN_ITEMS,
	MESSAGE_PLAN_FINISH,
	MESSAGE_PLAN_RELEASE,
	MESSAGE_PLAN_READ,
	MESSAGE_PLAN_LIST,
	MESSAGE_JOURNAL, /* list: entries */
	MESSAGE_KEY_TAKE,
	MESSAGE_KEY_FINISH,
	MESSAGE_KEY_FORGET,
	MESSAGE_KEY_RELEASE,
	MESSAGE_TYPES,
	MESSAGE_REPLY = 128 /* to any of them; code, and an error's text */
};

/* Tags are for ever: new ones go to the end. */
enum message_text {
	TEXT_ID = 1, /* of a plan */
	TEXT_TOOL,
	TEXT_OWNER,
	TEXT_STORE,
	TEXT_KEY,
	TEXT_DIGEST,
	TEXT_SCOPE,
	TEXT_ARGUMENTS,
	TEXT_SUMMARY,
	TEXT_RESULT,
	TEXT_LIST,
	TEXT_ERROR,
	MESSAGE_TEXTS
};

enum message_number {
	NUMBER_CODE = 1, /* negated enum err_code; 0 = fine */
	NUMBER_VERDICT,
	NUMBER_NOW,
	NUMBER_CREATED,
	NUMBER_EXPIRES,
	NUMBER_CLAIMED,
	NUMBER_FINISHED,
	NUMBER_FENCE,
	NUMBER_ATTEMPT, /* random, the same when a message is sent again */
	NUMBER_N_ITEMS,
	NUMBER_FROM,
	NUMBER_MAX,
	NUMBER_OUTCOME,
	NUMBER_STATE,
	NUMBER_SAME_KEY,
	NUMBER_MORE,
	MESSAGE_NUMBERS
};

struct message {
	struct slice text[MESSAGE_TEXTS]; /* into the payload */
	uint64_t number[MESSAGE_NUMBERS];
};

/* ERR_INVALID: cut short, or a field twice. */
int message_decode(struct slice payload, struct message *message_r) MUST_CHECK;

/* Puts one field; 0 and SLICE_NONE are left out.  A failure stays in the buffer. */
void message_put_text(struct buf *payload, enum message_text tag, struct slice text);
void message_put_number(struct buf *payload, enum message_number tag, uint64_t value);

/*
 * A text whose length is known only afterwards: begin, put the bytes, end with what begin gave.  Nothing else is put in
 * between.
 */
size_t message_begin_text(struct buf *payload, enum message_text tag);
void message_end_text(struct buf *payload, size_t mark);

/* ---- Lists ---- */

/* Cursors over a list: true with an element and *rest behind it; false at the end, then *rest is SLICE_NONE unless the
 * list is malformed. */
void message_put_item(struct buf *list, struct slice item);
bool message_next_item(struct slice *rest, struct slice *item_r);

void message_put_fence(struct buf *list, uint64_t fence);
bool message_next_fence(struct slice *rest, uint64_t *fence_r);

void message_put_entry(struct buf *list, const struct keeper_entry *entry);
bool message_next_entry(struct slice *rest, struct keeper_entry *entry_r); /* a status not known: malformed */

/* An item as it is shown: then its steps as entries of a list of their own. */
struct message_row {
	uint32_t index;
	struct slice json;
	struct slice steps;
};
void message_put_row(struct buf *list, const struct message_row *row);
bool message_next_row(struct slice *rest, struct message_row *row_r);

/* ---- Frames ---- */

/* Puts a payload as a message of as many frames as it takes. */
int message_put_frames(struct buf *out, uint16_t type, uint32_t call, struct slice payload) MUST_CHECK;

struct message_reader {
	struct buf payload;
	uint16_t type;
	uint32_t call;
	bool open; /* frames came, the last has not */
};

void message_reader_init(struct message_reader *reader);
void message_reader_fini(struct message_reader *reader);

/* How many bytes make the next frame whole: MESSAGE_HEAD_LEN while less is there.  ERR_INVALID, ERR_UNSUPPORTED. */
int message_frame_len(struct slice bytes) MUST_CHECK;

/*
 * Takes whole frames from the front of *bytes.  1: a message is complete in type, call and payload; take or clear the
 * payload before the next call.  0: more bytes are needed.  ERR_INVALID (not our language), ERR_UNSUPPORTED (another
 * version), ERR_LIMIT (longer than MESSAGE_MAX), ERR_NOMEM: the connection is of no more use.
 */
int message_read(struct message_reader *reader, struct slice *bytes) MUST_CHECK;

#endif
