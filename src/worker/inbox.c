/*
 * inbox.c - see inbox.h
 */
#include "inbox.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/err.h"
#include "base/log.h"
#include "base/turn.h"

#define HEADER_MAGIC 0x31584249u /* "IBX1": also the version of the header */
#define FRAMES_PER_TURN 32	 /* then others on the loop have their turn */

/* Both ends are processes of one machine, perhaps of two versions of the program. */
struct header {
	uint32_t magic;
	uint32_t to_pid;
	uint32_t slot; /* of the sender, like what follows */
	uint32_t pid;
	uint64_t generation;
	uint32_t len;
	uint32_t spare;
};

struct waiting {
	struct waiting *next;
	uint32_t to_pid;
	size_t len;
	char bytes[];
};

struct peer {
	struct inbox *inbox;
	uint32_t slot;
	struct event *writable; /* made when it is first needed */
	struct waiting *first;
	struct waiting **last;
	size_t bytes; /* of what waits */
};

struct inbox {
	struct inbox_options options;
	struct event *readable;
	struct peer peers[HERITAGE_INBOXES];
	union {
		struct header header;
		char bytes[sizeof(struct header) + INBOX_FRAME_MAX];
	} in;
};

static void
count(const struct inbox *inbox, enum board_counter which, uint64_t n)
{
	board_add(inbox->options.row, which, n);
}

/* ---- who lives ---- */

/* 0: nobody. */
static uint32_t
pid_of(const struct inbox *inbox, uint32_t slot)
{
	const struct board_row *row = board_row(inbox->options.segment, slot);
	enum board_state state = row != NULL ? board_state(row) : BOARD_EMPTY;

	return state == BOARD_EMPTY || state == BOARD_DEAD ? 0 : (uint32_t)board_pid(row);
}

bool
inbox_is_alive(const struct inbox *inbox, uint32_t slot, uint32_t pid)
{
	return pid != 0 && pid_of(inbox, slot) == pid;
}

/* ---- sending ---- */

/* 0; ERR_AGAIN: no room at the moment; ERR_IO: never. */
static int
send_frame(const struct inbox *inbox, uint32_t slot, uint32_t to_pid, struct slice frame)
{
	struct header header = {.magic = HEADER_MAGIC,
				.to_pid = to_pid,
				.slot = inbox->options.slot,
				.pid = inbox->options.pid,
				.generation = inbox->options.generation,
				.len = (uint32_t)frame.len};
	union {
		const char *in;
		char *out;
	} bytes = {frame.ptr}; /* sendmsg(2) takes it without const, and changes nothing */
	struct iovec parts[2] = {{&header, sizeof(header)}, {bytes.out, frame.len}};
	const struct msghdr message = {.msg_iov = parts, .msg_iovlen = ARRAY_LEN(parts)};
	ssize_t n;

	do {
		n = sendmsg(inbox->options.first_writing + (int)slot, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return 0;
	return errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM ? ERR_AGAIN : ERR_IO;
}

/* ---- what waits for a peer ---- */

static void
drop_first(struct peer *peer)
{
	struct waiting *gone = peer->first;

	peer->first = gone->next;
	if (peer->first == NULL)
		peer->last = &peer->first;
	peer->bytes -= gone->len;
	free(gone);
}

/* Goes on until the socket is full again.  Frames for a process that has gone meanwhile are lost with it. */
static void
flush(struct peer *peer)
{
	while (peer->first != NULL) {
		const struct waiting *w = peer->first;
		int r = ERR_CLOSED;

		if (inbox_is_alive(peer->inbox, peer->slot, w->to_pid))
			r = send_frame(peer->inbox, peer->slot, w->to_pid, slice_of(w->bytes, w->len));
		if (r == ERR_AGAIN)
			return;
		if (r < 0)
			count(peer->inbox, BOARD_INBOX_DROPPED, 1);
		drop_first(peer);
	}
}

static void
on_writable(evutil_socket_t fd, short what, void *ctx)
{
	struct peer *peer = ctx;

	turn_enter("inbox");
	(void)fd;
	(void)what;
	flush(peer);
	if (peer->first != NULL && event_add(peer->writable, NULL) < 0)
		log_write(LOG_WARN, "inbox_stuck", LOG_U64("peer", peer->slot), LOG_END);
}

static int
watch(struct peer *peer)
{
	const struct inbox_options *options = &peer->inbox->options;

	if (peer->writable == NULL)
		peer->writable =
		    event_new(options->base, options->first_writing + (int)peer->slot, EV_WRITE, on_writable, peer);
	return peer->writable == NULL || event_add(peer->writable, NULL) < 0 ? ERR_NOMEM : 0;
}

static int
enqueue(struct peer *peer, uint32_t to_pid, struct slice frame)
{
	struct waiting *w;

	if (peer->bytes + frame.len > INBOX_QUEUE_BYTES)
		return ERR_FULL;
	if (watch(peer) < 0)
		return ERR_NOMEM;
	w = malloc(sizeof(*w) + frame.len);
	if (w == NULL)
		return ERR_NOMEM;
	*w = (struct waiting){.to_pid = to_pid, .len = frame.len};
	if (frame.len > 0)
		memcpy(w->bytes, frame.ptr, frame.len);
	*peer->last = w;
	peer->last = &w->next;
	peer->bytes += frame.len;
	return 0;
}

/* Order is kept: nothing overtakes what waits already. */
static void
post(struct inbox *inbox, uint32_t slot, uint32_t to_pid, struct slice frame)
{
	struct peer *peer = &inbox->peers[slot];
	int r = ERR_AGAIN;

	if (peer->first != NULL)
		flush(peer);
	if (peer->first == NULL)
		r = send_frame(inbox, slot, to_pid, frame);
	if (r == ERR_AGAIN)
		r = enqueue(peer, to_pid, frame);
	if (r < 0)
		count(inbox, BOARD_INBOX_DROPPED, 1);
}

void
inbox_post(struct inbox *inbox, uint32_t slot, struct slice frame)
{
	uint32_t to_pid = pid_of(inbox, slot);

	must(frame.len <= INBOX_FRAME_MAX);
	if (to_pid == 0 || slot >= HERITAGE_INBOXES)
		count(inbox, BOARD_INBOX_DROPPED, 1);
	else
		post(inbox, slot, to_pid, frame);
}

void
inbox_post_all(struct inbox *inbox, struct slice frame)
{
	must(frame.len <= INBOX_FRAME_MAX);
	for (uint32_t slot = 0; slot < HERITAGE_INBOXES; slot++) {
		uint32_t to_pid = pid_of(inbox, slot);

		if (to_pid != 0 && slot != inbox->options.slot)
			post(inbox, slot, to_pid, frame);
	}
}

/* ---- receiving ---- */

/* False when nothing waits. */
static bool
receive(struct inbox *inbox)
{
	const struct header *header = &inbox->in.header;
	ssize_t n = recv(inbox->options.reading, inbox->in.bytes, sizeof(inbox->in.bytes), MSG_DONTWAIT | MSG_TRUNC);
	struct inbox_frame frame;

	if (n < 0)
		return errno == EINTR;
	if ((size_t)n < sizeof(*header) || header->magic != HEADER_MAGIC ||
	    header->len != (size_t)n - sizeof(*header) || header->len > INBOX_FRAME_MAX ||
	    header->to_pid != inbox->options.pid) {
		count(inbox, BOARD_INBOX_STALE, 1);
		return true;
	}
	count(inbox, BOARD_INBOX_RECEIVED, 1);
	frame = (struct inbox_frame){.slot = header->slot,
				     .pid = header->pid,
				     .generation = header->generation,
				     .bytes = slice_of(inbox->in.bytes + sizeof(*header), header->len)};
	inbox->options.on_frame(inbox->options.ctx, &frame);
	return true;
}

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct inbox *inbox = ctx;

	turn_enter("inbox");
	(void)fd;
	(void)what;
	for (int i = 0; i < FRAMES_PER_TURN && receive(inbox); i++)
		;
}

/* ---- life ---- */

struct inbox *
inbox_new(const struct inbox_options *options)
{
	struct inbox *inbox = calloc(1, sizeof(*inbox));

	if (inbox == NULL)
		return NULL;
	inbox->options = *options;
	for (uint32_t slot = 0; slot < HERITAGE_INBOXES; slot++) {
		inbox->peers[slot] = (struct peer){.inbox = inbox, .slot = slot};
		inbox->peers[slot].last = &inbox->peers[slot].first;
	}
	inbox->readable = event_new(options->base, options->reading, EV_READ | EV_PERSIST, on_readable, inbox);
	if (inbox->readable == NULL || event_add(inbox->readable, NULL) < 0)
		inbox_free(&inbox);
	return inbox;
}

static void
forget(struct peer *peer)
{
	while (peer->first != NULL) {
		count(peer->inbox, BOARD_INBOX_DROPPED, 1);
		drop_first(peer);
	}
	if (peer->writable != NULL)
		event_free(peer->writable);
}

void
inbox_free(struct inbox **inbox)
{
	if (*inbox == NULL)
		return;
	if ((*inbox)->readable != NULL)
		event_free((*inbox)->readable);
	for (uint32_t slot = 0; slot < HERITAGE_INBOXES; slot++)
		forget(&(*inbox)->peers[slot]);
	free(*inbox);
	*inbox = NULL;
}
