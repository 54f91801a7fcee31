/*
 * inbox_pair.h - a board and the inboxes of a few slots in one process, for tests
 */
#ifndef INBOX_PAIR_H
#define INBOX_PAIR_H

#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "inbox.h"
#include "shm/segment.h"

#define SEATS 4
#define FIRST_WRITING 300 /* the heritage numbers writing ends without a gap */
#define HEARD_MAX 4096

struct seat {
	struct inbox *inbox;
	uint32_t heard;
	uint32_t last_slot, last_pid;
	size_t last_len;
	char last_byte;
	bool in_order; /* the first four bytes of frames only ever grow */
	uint32_t number;
};

struct table_of_seats {
	struct segment *segment;
	struct segment_keys *keys;
	struct event_base *base;
	int reading[SEATS];
	struct seat seats[SEATS];
};

static inline void
seat_hear(void *ctx, const struct inbox_frame *frame)
{
	struct seat *seat = ctx;
	uint32_t number = 0;

	seat->heard++;
	seat->last_slot = frame->slot;
	seat->last_pid = frame->pid;
	seat->last_len = frame->bytes.len;
	seat->last_byte = frame->bytes.len > 0 ? frame->bytes.ptr[frame->bytes.len - 1] : '\0';
	if (frame->bytes.len < sizeof(number))
		return;
	memcpy(&number, frame->bytes.ptr, sizeof(number));
	seat->in_order = seat->in_order && number > seat->number;
	seat->number = number;
}

/* The process `pid` takes the slot; NULL without memory. */
static inline struct inbox *
seat_take(struct table_of_seats *t, uint32_t slot, uint32_t pid)
{
	struct inbox_options options = {
	    .base = t->base, .segment = t->segment, .slot = slot, .pid = pid, .generation = 1};

	options.row = board_claim_row(t->segment, slot, (pid_t)pid, 1, 1);
	board_set_state(options.row, BOARD_READY);
	options.reading = t->reading[slot];
	options.first_writing = FIRST_WRITING;
	options.on_frame = seat_hear;
	options.ctx = &t->seats[slot];
	t->seats[slot] = (struct seat){.in_order = true};
	t->seats[slot].inbox = inbox_new(&options);
	return t->seats[slot].inbox;
}

static inline bool
seats_open(struct table_of_seats *t)
{
	const struct segment_config config = {.slots = 64};
	struct err err;
	int pair[2];

	*t = (struct table_of_seats){0};
	for (int i = 0; i < SEATS; i++) {
		if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0)
			return false;
		t->reading[i] = pair[0];
		if (dup3(pair[1], FIRST_WRITING + i, O_CLOEXEC) < 0)
			return false;
		close(pair[1]);
	}
	t->base = event_base_new();
	return t->base != NULL && segment_keys_create(&t->keys, &err) == 0 &&
	       segment_create(&config, t->keys, &t->segment, &err) == 0;
}

static inline void
seats_close(struct table_of_seats *t)
{
	for (int i = 0; i < SEATS; i++) {
		inbox_free(&t->seats[i].inbox);
		if (t->reading[i] > 0)
			close(t->reading[i]);
		close(FIRST_WRITING + i);
	}
	if (t->base != NULL)
		event_base_free(t->base);
	segment_keys_free(&t->keys);
	segment_free(&t->segment);
}

static inline uint64_t
seat_count(const struct table_of_seats *t, uint32_t slot, enum board_counter which)
{
	struct board_status status;

	board_read(board_row(t->segment, slot), &status);
	return status.counters[which];
}

#endif
