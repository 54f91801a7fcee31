/*
 * audit.c - the file: opened, appended to, opened again
 */
#include "audit/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "render.h"

struct audit {
	int fd; /* -1: off */
	bool is_regular;
	bool is_torn; /* of what is no regular file, which cannot be asked how it ends */
};

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

	fd_close(&audit->fd);
	audit->fd = fd;
	audit->is_regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
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
	fd_close(&(*audit)->fd);
	free(*audit);
	*audit = NULL;
}

void
audit_replace(struct audit *audit, int fd)
{
	take_file(audit, fd);
}

bool
audit_is_required(const struct audit *audit)
{
	return audit != NULL && audit->fd >= 0;
}

/* ---- writing ---- */

/* Size of a file that ends within a line, else 0. */
static off_t
size_if_torn(int fd)
{
	struct stat st;
	char last;

	if (fstat(fd, &st) < 0 || st.st_size == 0)
		return 0;
	if (pread(fd, &last, 1, st.st_size - 1) != 1 || last == '\n')
		return 0;
	return st.st_size;
}

/*
 * Any writer may have left half a line: this one, another worker, one that was killed in the middle.  A file that grows
 * while it is looked at is being written by a live one.
 */
static bool
ends_within_line(const struct audit *audit)
{
	off_t size;

	if (!audit->is_regular)
		return audit->is_torn;
	size = size_if_torn(audit->fd);
	if (size == 0)
		return false;
	sched_yield();
	return size_if_torn(audit->fd) == size;
}

static int
append(struct audit *audit, struct slice bytes)
{
	ssize_t n;

	do {
		n = write(audit->fd, bytes.ptr, bytes.len);
	} while (n < 0 && errno == EINTR);
	if (n == (ssize_t)bytes.len) {
		audit->is_torn = false;
		return 0;
	}
	if (n > 0)
		audit->is_torn = bytes.ptr[n - 1] != '\n';
	if (n >= 0)
		return ERR_FULL;
	return errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EAGAIN ? ERR_FULL : ERR_IO;
}

int
audit_write(struct audit *audit, const struct audit_record *record)
{
	struct buf line;
	int r;

	if (!audit_is_required(audit))
		return 0;
	buf_init(&line, AUDIT_LINE_MAX + 1);
	if (ends_within_line(audit))
		buf_put_char(&line, '\n');
	r = render_line(record, &line);
	if (r == 0)
		r = append(audit, buf_slice(&line));
	buf_fini(&line);
	return r;
}
