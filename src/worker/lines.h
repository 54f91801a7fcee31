/*
 * lines.h - bytes into lines, bounded; pure
 *
 * A line ends with \n or \r\n, which are not part of it; lines of white space are skipped.  A line longer than
 * the limit is told of once and thrown away up to its end, whatever its length.
 */
#ifndef WORKER_LINES_H
#define WORKER_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/slice.h"

enum lines_result {
	LINES_MORE,	/* the input is used up */
	LINES_LINE,	/* *line_r: valid until the next call, and as long as the input */
	LINES_TOO_LONG, /* this one is thrown away */
	LINES_NO_MEMORY /* likewise */
};

struct lines {
	struct buf held; /* the beginning of a line whose end has not come */
	size_t max_bytes;
	bool is_skipping;
	bool was_given; /* `held` is the line of the last call */
};

void lines_init(struct lines *lines, size_t max_bytes);
void lines_fini(struct lines *lines);

/* Takes the next line off the front of *input.  To be called until it gives LINES_MORE. */
enum lines_result lines_next(struct lines *lines, struct slice *input, struct slice *line_r);

/* At the end of the input: the last line when it has no end.  LINES_LINE or LINES_MORE. */
enum lines_result lines_end(struct lines *lines, struct slice *line_r);

#endif
