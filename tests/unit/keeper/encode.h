/*
 * encode.h - a message written as tests and fuzzers have it: all fields at once
 */
#ifndef TESTS_KEEPER_ENCODE_H
#define TESTS_KEEPER_ENCODE_H

#include "keeper/message.h"

static inline void
message_encode(struct buf *payload, const struct message *message)
{
	for (unsigned tag = 1; tag < MESSAGE_NUMBERS; tag++)
		message_put_number(payload, tag, message->number[tag]);
	for (unsigned tag = 1; tag < MESSAGE_TEXTS; tag++)
		message_put_text(payload, tag, message->text[tag]);
}

#endif
