/*
 * inboxes.c - see inboxes.h
 */
#include "supervisor/inboxes.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/fd.h"

/* The kernel gives what it allows: by default six frames of the largest size. */
#define SEND_BUFFER_BYTES (512 * 1024)

void
inboxes_init(struct inboxes *inboxes)
{
	size_t i;

	for (i = 0; i < HERITAGE_INBOXES; i++)
		inboxes->reading[i] = inboxes->writing[i] = -1;
}

int
inboxes_open(struct inboxes *inboxes, struct err *err)
{
	const int bytes = SEND_BUFFER_BYTES;
	size_t i;

	for (i = 0; i < HERITAGE_INBOXES; i++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
			inboxes_close(inboxes);
			return err_set_errno(err, ERR_IO, errno, "cannot make the inboxes of the workers");
		}
		(void)setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
		inboxes->reading[i] = pair[0];
		inboxes->writing[i] = pair[1];
	}
	return 0;
}

void
inboxes_close(struct inboxes *inboxes)
{
	size_t i;

	for (i = 0; i < HERITAGE_INBOXES; i++) {
		fd_close(&inboxes->reading[i]);
		fd_close(&inboxes->writing[i]);
	}
}
