/*
 * wire.h - messages in and out of libevent's buffers
 *
 * Runs in: worker, keeper, stdio.
 */
#ifndef KEEPER_WIRE_H
#define KEEPER_WIRE_H

#include "message.h"

struct evbuffer;

/* Most bytes that a side lets wait unread: a frame fits. */
#define WIRE_READ_MAX (2 * (MESSAGE_FRAME_MAX + MESSAGE_HEAD_LEN))

/* As message_read(), from the front of `input`. */
int wire_read(struct message_reader *reader, struct evbuffer *input) MUST_CHECK;
int wire_write(struct evbuffer *output, uint16_t type, uint32_t call, struct slice payload) MUST_CHECK;

#endif
