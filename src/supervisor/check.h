/*
 * check.h - a new configuration is read by a child, never by the long-lived supervisor
 *
 * The child is `magento-mcp check --emit-fd 3` with the -c and -s options of the supervisor.  It writes the canonical
 * text into a memfd; the supervisor seals that, parses it with config_parse_rendered() and hands the same memfd to the
 * workers.  What the child says on standard error is kept, bounded, as the reason of a failure.
 */
#ifndef SUPERVISOR_CHECK_H
#define SUPERVISOR_CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "config/config.h"

#define CHECK_TEXT_MAX 2048
#define CHECK_LIMIT_MS 15000
#define CHECK_SETTINGS_MAX 256

struct check {
	pid_t pid; /* -1: not running */
	int pidfd;
	int memfd;
	int err_fd; /* our end of the child's standard error */
	uint64_t deadline_ms;
	bool is_late;	 /* was killed at the deadline */
	bool is_dry_run; /* by another program, in its words */
	struct buf text;
};

void check_init(struct check *c);
bool check_is_running(const struct check *c);

/* `null_fd` becomes the child's stdin and stdout. */
struct check_plan {
	const char *exe;
	const char *argv0;
	const struct config_sources *sources;
	int null_fd;
	int serving_fd; /* dry run of an upgrade: the configuration that serves becomes the child's descriptor 4; else
			   -1 */
};

int check_start(struct check *c, const struct check_plan *plan, uint64_t now_ms, struct err *err) MUST_CHECK;
void check_read(struct check *c);		      /* err_fd is readable */
void check_expire(struct check *c, uint64_t now_ms);  /* kills it at its deadline */
bool check_reap(struct check *c, int *wait_status_r); /* true when it has ended; then call check_finish */

/*
 * Gives the parsed configuration (config_free it) and the sealed memfd.  After the dry run of an upgrade *cfg_r is
 * NULL: the text is for the new program alone to understand.  Otherwise the child's words, or what else went wrong, are
 * in *err: ERR_INVALID, ERR_TIMEOUT, ERR_IO, ERR_NOMEM.
 */
int check_finish(struct check *c, int wait_status, struct config **cfg_r, int *memfd_r, struct err *err) MUST_CHECK;

void check_cancel(struct check *c); /* kills it, if it runs; it is reaped like one that failed */
void check_fini(struct check *c);

#endif
