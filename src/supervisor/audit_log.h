/*
 * audit_log.h - the file of the audit log, opened here so that workers need no path
 *
 * Each generation has its own descriptor, since a reload may name another file.  Workers append (audit/audit.h); the
 * supervisor only opens, also again after a rotation.
 */
#ifndef SUPERVISOR_AUDIT_LOG_H
#define SUPERVISOR_AUDIT_LOG_H

#include "base/compiler.h"
#include "base/err.h"

struct house;

/* Gives -1 for the path "": no audit log.  ERR_DENIED: cannot be opened, the text says why. */
int audit_log_open(const char *path, int *fd_r, struct err *err) MUST_CHECK;

/* Of all generations; what fails stays as it is and is logged. */
void audit_log_reopen(struct house *h);

#endif
