/*
 * audit_log.c - see audit_log.h
 */
#include "supervisor/audit_log.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fd.h"
#include "base/log.h"
#include "supervisor/house.h"

#define AUDIT_MODE 0600

/* Readable, since a worker looks how the file ends; O_NONBLOCK: a pipe that nobody reads must stop nobody. */
int
audit_log_open(const char *path, int *fd_r, struct err *err)
{
	*fd_r = -1;
	if (path[0] == '\0')
		return 0;
	*fd_r = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, AUDIT_MODE);
	if (*fd_r >= 0)
		return 0;
	return err_set_errno(err, ERR_DENIED, errno,
			     "audit.path: cannot open the audit log %.*s; name a file that this user may write",
			     ERR_TEXT_MAX / 2, path);
}

void
audit_log_reopen(struct house *h)
{
	struct err err;
	size_t i;

	for (i = 0; i < HOUSE_GENERATIONS_MAX; i++) {
		struct generation *g = &h->generations[i];
		int fd = -1;

		if (g->state == GENERATION_UNUSED || g->audit_fd < 0)
			continue;
		if (audit_log_open(g->settings.audit_path, &fd, &err) < 0) {
			log_write(LOG_ERROR, "audit_not_reopened", LOG_STR("error", err.text), LOG_END);
			continue;
		}
		fd_close(&g->audit_fd);
		g->audit_fd = fd;
	}
}
