/*
 * render.h - a record as one line of JSON (private to audit/)
 */
#ifndef AUDIT_RENDER_H
#define AUDIT_RENDER_H

#include "audit/audit.h"
#include "base/buf.h"
#include "base/compiler.h"

/* Appends the line with its newline: at most AUDIT_LINE_MAX bytes.  ERR_NOMEM, or what the buffer says. */
int render_line(const struct audit_record *record, struct buf *out) MUST_CHECK;

#endif
