/*
 * audit.c - the file: opened, appended to, opened again
 */
#include "audit/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "render.h"

#define WAITING_MAX (256 * 1024)
#define KEEP_BYTES (64 * 1024) /* larger memory is given back */
#define FILE_SHIFT 48	       /* the upper bits of an end tell of which file */

struct audit {
	int fd; /* -1: off */
	bool is_regular;
	bool is_torn; /* of what is no regular file, which cannot be asked how it ends */
	bool may_wait;
	_Atomic uint64_t *end; /* see audit_share_end() */
	_Atomic uint64_t own_end;
	uint64_t file;	    /* in the upper bits of an end */
	struct buf waiting; /* whole records */
	uint64_t n_waiting;
	uint64_t n_lost; /* not told of yet */
	struct audit_stats stats;
};

/* ---- writing ---- */

/* So that nothing of an end fits another file of the same length. */
static uint64_t
end_at(const struct audit *audit, off_t size)
{
	return audit->file | (uint64_t)size;
}

static bool
is_known_end(const struct audit *audit, off_t size)
{
	return atomic_load_explicit(audit->end, memory_order_relaxed) == end_at(audit, size);
}

/*
 * Size of a file that ends within a line, else 0; *size_r is its size anyhow.  Not by fstat(): who has seen a file's
 * times makes the kernel write new ones into the inode with each write, which costs as much as a short write.
 */
static off_t
size_if_torn(const struct audit *audit, off_t *size_r)
{
	off_t size = lseek(audit->fd, 0, SEEK_END); /* all writes append, wherever the file stands */
	char last;

	*size_r = size > 0 ? size : 0;
	if (size <= 0 || is_known_end(audit, size) || pread(audit->fd, &last, 1, size - 1) != 1 || last == '\n')
		return 0;
	return size;
}

/*
 * Any writer may have left half a line: this one, another worker, one that was killed in the middle.  A file that grows
 * while it is looked at is being written by a live one; one that is as long as somebody left it behind whole lines was
 * written by nobody since.
 */
static bool
ends_within_line(const struct audit *audit, off_t *size_r)
{
	off_t size;

	*size_r = 0;
	if (!audit->is_regular)
		return audit->is_torn;
	size = size_if_torn(audit, size_r);
	if (size == 0)
		return false;
	sched_yield();
	return size_if_torn(audit, size_r) == size;
}

static int
append(struct audit *audit, struct slice bytes)
{
	union {
		const char *in;
		void *out;
	} end = {"\n"}, text = {bytes.ptr}; /* writev(2) changes nothing */
	const struct iovec parts[] = {{end.out, 1}, {text.out, bytes.len}};
	off_t size;
	size_t skip = ends_within_line(audit, &size) ? 0 : 1, total = bytes.len + 1 - skip;
	ssize_t n;

	do {
		n = writev(audit->fd, parts + skip, (int)(ARRAY_LEN(parts) - skip));
	} while (n < 0 && errno == EINTR);
	if (n == (ssize_t)total) {
		/* It is longer by now if somebody else wrote as well; then this says nothing. */
		atomic_store_explicit(audit->end, end_at(audit, size + n), memory_order_relaxed);
		audit->is_torn = false;
		return 0;
	}
	if ((size_t)n > 1 - skip && n > 0)
		audit->is_torn = bytes.ptr[(size_t)n - 2 + skip] != '\n';
	if (n >= 0)
		return ERR_FULL;
	return errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EAGAIN ? ERR_FULL : ERR_IO;
}

/* Takes all that waits, written or not. */
static int
write_waiting(struct audit *audit)
{
	int r = 0;

	if (audit->waiting.len > 0) {
		r = append(audit, buf_slice(&audit->waiting));
		audit->stats.is_failing = r < 0;
		audit->stats.lost += r < 0 ? audit->n_waiting : 0;
	}
	if (audit->waiting.cap > KEEP_BYTES)
		buf_fini(&audit->waiting);
	else
		buf_clear(&audit->waiting);
	return r;
}

/* Whoever flushes will be told of what is lost. */
static void
write_others(struct audit *audit)
{
	audit->n_lost += write_waiting(audit) < 0 ? audit->n_waiting : 0;
	audit->n_waiting = 0;
}

/* ---- the file ---- */

/* O_NONBLOCK: a pipe that nobody reads must not stop the worker. */
static int
open_file(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);

	if (fd < 0)
		return err_set_errno(err, ERR_IO, errno, "cannot open the audit log %s", path);
	return fd;
}

static void
take_file(struct audit *audit, int fd)
{
	struct stat st;

	write_others(audit);
	fd_close(&audit->fd);
	audit->fd = fd;
	audit->is_regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	audit->file = audit->is_regular ? (uint64_t)(st.st_ino ^ st.st_dev) << FILE_SHIFT : 0;
	audit->is_torn = false;
}

struct audit *
audit_adopt(int fd)
{
	struct audit *audit = calloc(1, sizeof(*audit));

	if (audit == NULL) {
		fd_close(&fd);
		return NULL;
	}
	audit->fd = -1;
	audit->end = &audit->own_end;
	buf_init(&audit->waiting, WAITING_MAX + AUDIT_LINE_MAX);
	if (fd >= 0)
		take_file(audit, fd);
	return audit;
}

struct audit *
audit_open(const char *path, struct err *err)
{
	int fd = path[0] != '\0' ? open_file(path, err) : -1;
	struct audit *audit;

	if (fd < 0 && path[0] != '\0')
		return NULL;
	audit = audit_adopt(fd);
	if (audit == NULL)
		err_set(err, ERR_NOMEM, "out of memory");
	return audit;
}

void
audit_free(struct audit **audit)
{
	if (*audit == NULL)
		return;
	(void)write_waiting(*audit);
	buf_fini(&(*audit)->waiting);
	fd_close(&(*audit)->fd);
	free(*audit);
	*audit = NULL;
}

void
audit_replace(struct audit *audit, int fd)
{
	take_file(audit, fd);
}

void
audit_share_end(struct audit *audit, _Atomic uint64_t *end)
{
	audit->end = end;
}

bool
audit_is_required(const struct audit *audit)
{
	return audit != NULL && audit->fd >= 0;
}

/* ---- records ---- */

static int
add(struct audit *audit, const struct audit_record *record)
{
	size_t before;
	int r;

	if (audit->waiting.len > WAITING_MAX) /* there may be no room for a long record behind it */
		write_others(audit);
	before = audit->waiting.len;
	r = render_line(record, &audit->waiting);
	audit->waiting.failed = 0;
	if (r < 0)
		buf_truncate(&audit->waiting, before);
	audit->n_waiting += r < 0 ? 0 : 1;
	audit->stats.lost += r < 0 ? 1 : 0;
	return r;
}

int
audit_write(struct audit *audit, const struct audit_record *record)
{
	int r;

	if (!audit_is_required(audit))
		return 0;
	r = add(audit, record);
	if (r < 0)
		return r;
	r = write_waiting(audit);
	audit->n_lost += r < 0 ? audit->n_waiting - 1 : 0; /* of this one its caller knows */
	audit->n_waiting = 0;
	return r;
}

int
audit_add(struct audit *audit, const struct audit_record *record)
{
	if (!audit_is_required(audit))
		return 0;
	return audit->may_wait ? add(audit, record) : audit_write(audit, record);
}

int
audit_flush(struct audit *audit, uint64_t *lost_r)
{
	int r;

	*lost_r = 0;
	if (!audit_is_required(audit) || (audit->n_waiting == 0 && audit->n_lost == 0))
		return 0;
	r = write_waiting(audit);
	*lost_r = audit->n_lost + (r < 0 ? audit->n_waiting : 0);
	if (r == 0 && *lost_r > 0)
		r = ERR_FULL;
	audit->n_waiting = audit->n_lost = 0;
	return r;
}

void
audit_stats(const struct audit *audit, struct audit_stats *stats_r)
{
	*stats_r = audit->stats;
}

void
audit_hold(struct audit *audit)
{
	audit->may_wait = true;
}
