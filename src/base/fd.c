/*
 * fd.c - descriptors: flags, files, sealed memory, passing, and which are open
 */
#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

void
fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd); /* not again after EINTR: Linux has closed it by then */
	*fd = -1;
}

int
fd_set_cloexec(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFD);

	if (flags < 0)
		return ERR_IO;
	flags = on ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC;
	return fcntl(fd, F_SETFD, flags) < 0 ? ERR_IO : 0;
}

int
fd_set_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return ERR_IO;
	flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	return fcntl(fd, F_SETFL, flags) < 0 ? ERR_IO : 0;
}

/*
 * The size is not asked for: files of /proc say 0 and others may grow meanwhile.  The piece on the stack is wiped,
 * because the file may hold a secret.
 */
int
fd_read_all(int fd, size_t max, struct buf *out, struct err *err)
{
	char piece[4096];
	size_t start = out->len;
	int r = 0;

	for (;;) {
		ssize_t n = pread(fd, piece, sizeof(piece), (off_t)(out->len - start));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			r = err_set_errno(err, ERR_IO, errno, "cannot read");
		if (n <= 0)
			break;
		if ((size_t)n > max - (out->len - start)) {
			r = err_set(err, ERR_LIMIT, "larger than %zu bytes", max);
			break;
		}
		r = buf_put(out, piece, (size_t)n);
		if (r < 0) {
			err_set(err, r, r == ERR_LIMIT ? "larger than its buffer" : "not enough memory to read it");
			break;
		}
	}
	explicit_bzero(piece, sizeof(piece));
	if (r < 0)
		buf_truncate(out, start);
	return r;
}

int
fd_read_file(const char *path, size_t max, struct buf *out, struct err *err)
{
	struct stat st;
	int fd = -1;
	int r;

	/* O_NONBLOCK: opening a FIFO must not wait for a writer.  Regular files do not mind. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return err_set_errno(err, errno == EMFILE || errno == ENFILE || errno == ENOMEM ? ERR_NOMEM : ERR_IO,
				     errno, "cannot open %s", path);
	if (fstat(fd, &st) < 0) {
		r = err_set_errno(err, ERR_IO, errno, "cannot examine %s", path);
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		r = err_set(err, ERR_IO, "%s is not a regular file", path);
		goto out;
	}
	r = fd_read_all(fd, max, out, err);
	if (r < 0)
		err_prefix(err, "%s", path);
out:
	fd_close(&fd);
	return r;
}

static int
write_all(int fd, struct slice bytes)
{
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.ptr, bytes.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_IO;
		bytes = slice_sub(bytes, (size_t)n, SIZE_MAX);
	}
	return 0;
}

int
fd_memfd_sealed(const char *name, struct slice bytes, struct err *err)
{
	int fd = -1;
	int r = 0;

	fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return err_set_errno(err, ERR_IO, errno, "cannot make memory file %s", name);
	if (write_all(fd, bytes) < 0)
		r = err_set_errno(err, ERR_IO, errno, "cannot write memory file %s", name);
	else if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		r = err_set_errno(err, ERR_IO, errno, "cannot seal memory file %s", name);
	if (r < 0)
		fd_close(&fd);
	return r < 0 ? r : fd;
}

/* Room for one SCM_RIGHTS message; the union gives it the alignment the CMSG macros ask for. */
union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(FD_PASS_MAX * sizeof(int))];
};

static int
code_of_socket_error(int errno_value)
{
	switch (errno_value) {
	case EAGAIN:
	case ENOBUFS:
		return ERR_AGAIN;
	case EPIPE:
	case ECONNRESET:
	case ECONNREFUSED:
	case ENOTCONN:
		return ERR_CLOSED;
	case EMSGSIZE:
		return ERR_LIMIT;
	case ENOMEM:
		return ERR_NOMEM;
	default:
		return ERR_IO;
	}
}

int
fd_send(int sock, const void *bytes, size_t len, const int *fds, size_t n_fds)
{
	union control control = {0};
	struct iovec iov;
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *cmsg;
	ssize_t n;

	must(len > 0 && n_fds <= FD_PASS_MAX);
	memcpy(&iov.iov_base, &bytes, sizeof(bytes)); /* sendmsg() only reads, but its type cannot say so */
	iov.iov_len = len;
	if (n_fds > 0) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, n_fds * sizeof(int));
	}
	do
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? code_of_socket_error(errno) : 0;
}

static size_t
take_received(struct msghdr *msg, int fds_r[static FD_PASS_MAX])
{
	struct cmsghdr *cmsg;
	size_t count = 0;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg != NULL; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		size_t n;

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		must(count + n <= FD_PASS_MAX);
		memcpy(fds_r + count, CMSG_DATA(cmsg), n * sizeof(int));
		count += n;
	}
	return count;
}

int
fd_recv(int sock, void *bytes, size_t cap, int *fds_r, size_t *n_fds_r)
{
	union control control;
	struct iovec iov = {bytes, cap};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	int fds[FD_PASS_MAX];
	size_t n_fds;
	ssize_t n;

	must(cap > 0 && cap <= INT32_MAX);
	if (n_fds_r != NULL)
		*n_fds_r = 0;
	msg.msg_control = control.bytes;
	msg.msg_controllen = sizeof(control.bytes);
	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return code_of_socket_error(errno);
	n_fds = take_received(&msg, fds);
	if ((msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || (n_fds > 0 && fds_r == NULL)) {
		for (size_t i = 0; i < n_fds; i++)
			fd_close(&fds[i]);
		return ERR_LIMIT;
	}
	if (n_fds > 0) {
		memcpy(fds_r, fds, n_fds * sizeof(int));
		*n_fds_r = n_fds;
	}
	return (int)n;
}

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* Without /proc each number is tried, as far as the limit lets descriptors go. */
static int
lowest_open_by_trying(int from)
{
	struct rlimit limit = {0};
	int end = 1 << 20;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < (rlim_t)end)
		end = (int)limit.rlim_cur;
	for (int fd = from; fd < end; fd++) {
		if (is_open(fd))
			return fd;
	}
	return -1;
}

/* The lowest open descriptor at or above `from`, or -1. */
static int
lowest_open(int from)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	int lowest = -1;

	if (dir == NULL)
		return lowest_open_by_trying(from);
	for (entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		int fd = (int)strtol(entry->d_name, NULL, 10);

		if (entry->d_name[0] == '.' || fd == dirfd(dir) || fd < from)
			continue;
		if (lowest < 0 || fd < lowest)
			lowest = fd;
	}
	closedir(dir);
	return lowest;
}

bool
fd_only_open_below(int n, int *culprit_r)
{
	int surplus;

	for (int fd = 0; fd < n; fd++) {
		if (!is_open(fd)) {
			*culprit_r = fd;
			return false;
		}
	}
	surplus = lowest_open(n);
	if (surplus >= 0)
		*culprit_r = surplus;
	return surplus < 0;
}
