#include "lines.h"

#include <string.h>

#include "base/err.h"

#define KEEP_BYTES (64 * 1024) /* larger memory is given back after its line */

void
lines_init(struct lines *lines, size_t max_bytes)
{
	*lines = (struct lines){.max_bytes = max_bytes};
	buf_init_secret(&lines->held, max_bytes + 1); /* and the \r */
}

void
lines_fini(struct lines *lines)
{
	buf_fini(&lines->held);
}

static void
forget(struct lines *lines)
{
	lines->was_given = false;
	if (lines->held.cap > KEEP_BYTES)
		buf_fini(&lines->held);
	else
		buf_clear(&lines->held);
}

static struct slice
without_return(struct slice line)
{
	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	return line;
}

static enum lines_result
throw_away(struct lines *lines, bool has_ended)
{
	enum lines_result result = lines->held.failed == ERR_NOMEM ? LINES_NO_MEMORY : LINES_TOO_LONG;

	forget(lines);
	lines->is_skipping = !has_ended;
	return result;
}

/* LINES_MORE: the line was blank. */
static enum lines_result
give(struct lines *lines, struct slice line, struct slice *line_r)
{
	*line_r = without_return(line);
	if (line_r->len > lines->max_bytes)
		return throw_away(lines, true);
	lines->was_given = true;
	return slice_trim(*line_r).len > 0 ? LINES_LINE : LINES_MORE;
}

static enum lines_result
take_part(struct lines *lines, struct slice part, bool has_ended, struct slice *line_r)
{
	if (lines->is_skipping) {
		lines->is_skipping = !has_ended;
		return LINES_MORE;
	}
	if (has_ended && lines->held.len == 0)
		return give(lines, part, line_r);
	if (buf_put_slice(&lines->held, part) < 0)
		return throw_away(lines, has_ended);
	return has_ended ? give(lines, buf_slice(&lines->held), line_r) : LINES_MORE;
}

enum lines_result
lines_next(struct lines *lines, struct slice *input, struct slice *line_r)
{
	enum lines_result result = LINES_MORE;

	while (result == LINES_MORE && input->len > 0) {
		const char *end = memchr(input->ptr, '\n', input->len);
		size_t len = end != NULL ? (size_t)(end - input->ptr) : input->len;
		struct slice part = slice_sub(*input, 0, len);

		if (lines->was_given)
			forget(lines);
		*input = slice_sub(*input, end != NULL ? len + 1 : len, input->len);
		result = take_part(lines, part, end != NULL, line_r);
	}
	return result;
}

enum lines_result
lines_end(struct lines *lines, struct slice *line_r)
{
	if (lines->was_given)
		forget(lines);
	return give(lines, buf_slice(&lines->held), line_r);
}
