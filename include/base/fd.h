/*
 * fd.h - file descriptors: flags, passing, and knowing which are open
 */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

void fd_close(int *fd); /* closes when >= 0, sets to -1 */
int fd_set_cloexec(int fd, bool on) MUST_CHECK;
int fd_set_nonblock(int fd, bool on) MUST_CHECK;

/*
 * Reads a whole regular file (at most `max` bytes) into *out.  ERR_IO with the path in the text; ERR_LIMIT when larger.
 * A file that holds a secret should be read into a buf_init_secret() buffer.
 */
int fd_read_file(const char *path, size_t max, struct buf *out, struct err *err) MUST_CHECK;
int fd_read_all(int fd, size_t max, struct buf *out, struct err *err) MUST_CHECK; /* from offset 0 of a seekable fd */

/*
 * Makes a sealed (no write, no grow, no shrink, no other seals) memfd with these bytes.  Gives the descriptor (CLOEXEC)
 * or a code.
 */
int fd_memfd_sealed(const char *name, struct slice bytes, struct err *err) MUST_CHECK;

/*
 * Sends one message with up to FD_PASS_MAX descriptors over a SEQPACKET or DGRAM socket; receives likewise.  Received
 * descriptors are CLOEXEC and the caller's to close.  The socket's own flag says whether they block; on a non-blocking
 * one ERR_AGAIN says that nothing waits or that there is no room.
 *
 * fd_send gives 0, ERR_CLOSED when the peer is gone, ERR_LIMIT when the message is too big for the socket.  An empty
 * message would look like EOF: len is at least 1.
 * fd_recv gives the byte count, 0 at EOF, ERR_CLOSED after a reset, ERR_LIMIT for a message longer than `cap` or with
 * more descriptors than FD_PASS_MAX (both are lost, the descriptors closed).  fds_r has FD_PASS_MAX places; where it
 * and n_fds_r are NULL, a message with descriptors is ERR_LIMIT.
 */
#define FD_PASS_MAX 8
int fd_send(int sock, const void *bytes, size_t len, const int *fds, size_t n_fds) MUST_CHECK;
int fd_recv(int sock, void *bytes, size_t cap, int *fds_r, size_t *n_fds_r) MUST_CHECK;

/* True when exactly the descriptors 0..n-1 are open.  Else *culprit_r is the first missing or surplus one. */
bool fd_only_open_below(int n, int *culprit_r);

#endif
