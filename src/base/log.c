/*
 * log.c - building a line and offering it to the sink once
 *
 * The state is process-global: whatever may be worth a line anywhere must be able to write one.  Beside the hook of
 * must() it is the only such state.  One thread writes.
 *
 * The sink is often shared with other processes (standard error), so O_NONBLOCK must not be set on it: that flag
 * belongs to the open file, not to the descriptor.  Instead:
 *   - a regular file takes what it is given;
 *   - a socket is asked at each send (MSG_DONTWAIT);
 *   - a pipe that polls writable takes a line of PIPE_BUF whole, and where the kernel knows RWF_NOWAIT for pipes,
 *     not even another process that fills the pipe just then can make us wait;
 *   - a terminal that polls writable may take a single character and wait with the rest, so it is opened anew for each
 *     line, as an open file of our own.  A terminal that may not be opened (another user's) is written to as a pipe is.
 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/enc_json.h"
#include "base/err.h"
#include "base/turn.h"

_Static_assert(LOG_LINE_MAX <= PIPE_BUF, "a line must go into a pipe whole or not at all");

enum sink { SINK_FILE, SINK_SOCKET, SINK_TERMINAL, SINK_POLLED };

#define HELD_MAX (64 * 1024)
#define WHO_MAX 256

static struct log_state {
	int fd;
	enum sink sink;
	enum log_level level;
	const char *role;
	int slot;
	bool is_nowait_unknown; /* the kernel refused RWF_NOWAIT for this sink */
	bool is_torn;		/* the last line went out in part; the next one starts on a line of its own */
	uint64_t dropped;
	uint64_t unreported;
	bool may_wait;
	size_t who_len;
	char who[WHO_MAX]; /* what stands in every line: role, pid, slot */
	uint64_t held_lines;
	size_t held_len;
	char held[HELD_MAX]; /* lines that wait for log_flush(); the one that is built stands behind them */
} state = {.fd = STDERR_FILENO, .sink = SINK_POLLED, .level = LOG_NOTICE, .slot = -1};

void
log_set_fd(int fd)
{
	struct stat st;

	log_flush();
	state.fd = fd;
	state.sink = SINK_POLLED;
	if (fstat(fd, &st) < 0)
		st.st_mode = 0;
	if (S_ISREG(st.st_mode))
		state.sink = SINK_FILE;
	else if (S_ISSOCK(st.st_mode))
		state.sink = SINK_SOCKET;
	else if (S_ISCHR(st.st_mode) && isatty(fd))
		state.sink = SINK_TERMINAL;
	state.is_nowait_unknown = false;
	state.is_torn = false;
}

void
log_set_level(enum log_level level)
{
	state.level = level;
}

bool
log_is_on(enum log_level level)
{
	return level <= state.level;
}

uint64_t
log_dropped(void)
{
	return state.dropped;
}

/* ---- The line ---------------------------------------------------------------------------------------------------- */

#define TAIL_LEN 2 /* "}\n" always fits */
#define CUT_MARK "...\""

struct line {
	char *text;
	size_t len;
	size_t cap;
};

static size_t
line_room(const struct line *line)
{
	return line->cap - TAIL_LEN - line->len;
}

static void
line_put(struct line *line, const char *bytes, size_t len)
{
	must(len <= line->cap - line->len);
	memcpy(line->text + line->len, bytes, len);
	line->len += len;
}

static void
line_put_key(struct line *line, struct slice key)
{
	char *to = line->text + line->len;

	must(key.len + 4 <= line->cap - line->len);
	if (line->len > 1 && to[-1] != '{')
		*to++ = ',';
	*to++ = '"';
	memcpy(to, key.ptr, key.len);
	to += key.len;
	*to++ = '"';
	*to++ = ':';
	line->len = (size_t)(to - line->text);
}

/* Bytes of `,"key":`, so that a field is begun only when it can be ended. */
static size_t
key_cost(struct slice key)
{
	return key.len + 4;
}

/*
 * Writes the text with quotes into at most `room` bytes, which hold at least `"..."`.  `safe` is how long the line was
 * when the cut mark still fitted behind it: there a text that does not fit is cut.
 */
static void
line_put_text(struct line *line, struct slice text, size_t room)
{
	size_t end = line->len + room;
	size_t pos = 0;
	size_t safe;
	char step[ENC_JSON_STEP_MAX];

	line_put(line, "\"", 1);
	safe = line->len;
	while (pos < text.len) {
		size_t run = enc_json_plain(text, pos);
		size_t len;

		if (run > 0 && line->len + run + sizeof(CUT_MARK) - 1 <= end) {
			line_put(line, text.ptr + pos, run);
			pos += run;
			safe = line->len;
			continue;
		}
		len = enc_json_step(text, &pos, step);
		if (line->len + len + 1 > end) {
			line->len = safe;
			line_put(line, CUT_MARK, sizeof(CUT_MARK) - 1);
			return;
		}
		line_put(line, step, len);
		if (line->len + sizeof(CUT_MARK) - 1 <= end)
			safe = line->len;
	}
	line_put(line, "\"", 1);
}

static void
line_put_number(struct line *line, uint64_t value, bool negative)
{
	char digits[21];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	if (negative)
		digits[--at] = '-';
	line_put(line, digits + at, sizeof(digits) - at);
}

#define SCALAR_MAX 21 /* "-9223372036854775808" and "18446744073709551615" have 20 characters */
#define TEXT_MIN 16   /* less of a text is not worth a field */

/* Nearly all texts are plain and short. */
static bool
put_plain(struct line *line, struct slice text, size_t room)
{
	char *to = line->text + line->len;

	if (text.len + 2 > room || !enc_json_is_plain(text))
		return false;
	*to++ = '"';
	if (text.len > 0)
		memcpy(to, text.ptr, text.len);
	to[text.len] = '"';
	line->len += text.len + 2;
	return true;
}

static void
put_text_field(struct line *line, struct slice key, struct slice text, bool is_last)
{
	size_t cost = key_cost(key);
	size_t room = line_room(line);

	/* A text may not push out what comes behind it: it gets half of what is left, unless nothing comes. */
	if (room < cost + TEXT_MIN)
		return;
	room -= cost;
	if (!is_last && room / 2 >= TEXT_MIN)
		room /= 2;
	line_put_key(line, key);
	if (!put_plain(line, text, room))
		line_put_text(line, text, room);
}

static void
put_scalar_field(struct line *line, const struct log_field *field)
{
	struct slice key = slice_of(field->key, field->key_len);

	if (line_room(line) < key_cost(key) + SCALAR_MAX)
		return;
	line_put_key(line, key);
	if (field->kind == LOG_KIND_BOOL)
		line_put(line, field->value.boolean ? "true" : "false", field->value.boolean ? 4 : 5);
	else if (field->kind == LOG_KIND_I64 && field->value.i64 < 0)
		line_put_number(line, -(uint64_t)field->value.i64, true);
	else
		line_put_number(line, field->value.u64, false);
}

static void
put_field(struct line *line, const struct log_field *field)
{
	struct slice key = slice_of(field->key, field->key_len);
	bool is_last = field[1].kind == LOG_KIND_END;

	if (field->kind == LOG_KIND_SLICE)
		put_text_field(line, key, field->value.slice, is_last);
	else if (field->kind != LOG_KIND_STR)
		put_scalar_field(line, field);
	else if (field->value.str != NULL)
		put_text_field(line, key, slice_from_str(field->value.str), is_last);
}

static void
put_who(void)
{
	struct line who = {.text = state.who, .cap = sizeof(state.who)};

	line_put(&who, ",", 1);
	if (state.role != NULL)
		put_text_field(&who, SLICE_LIT("role"), slice_from_str(state.role), false);
	put_scalar_field(&who, &LOG_I64("pid", getpid()));
	if (state.slot >= 0)
		put_scalar_field(&who, &LOG_I64("slot", state.slot));
	state.who_len = who.len;
}

/* The first of several lines that go out together tells of what was lost before them. */
static void
put_head(struct line *line, enum log_level level, const char *event)
{
	bool is_first = state.held_lines == 0;
	char time[CLOCK_ISO_CAP];

	if (state.is_torn && is_first)
		line_put(line, "\n", 1);
	line_put(line, "{\"time\":\"", 9);
	clock_format_iso_ms(turn_wall_ms(), time);
	line_put(line, time, strlen(time));
	line_put(line, "\"", 1);
	put_text_field(line, SLICE_LIT("level"), slice_from_str(log_level_name(level)), false);
	if (state.who_len == 0)
		put_who(); /* before log_init() */
	line_put(line, state.who, state.who_len);
	if (state.unreported > 0 && is_first)
		put_scalar_field(line, &LOG_U64("dropped", state.unreported));
	put_text_field(line, SLICE_LIT("event"), slice_from_str(event), false);
}

void
log_init(int fd, enum log_level level, const char *role, int slot)
{
	log_set_fd(fd);
	state.level = level;
	state.role = role;
	state.slot = slot;
	state.dropped = 0;
	state.unreported = 0;
	put_who();
}

/* ---- The sink ---------------------------------------------------------------------------------------------------- */

static ssize_t
write_polled(struct slice text)
{
	struct pollfd sink = {.fd = state.fd, .events = POLLOUT};
	struct iovec iov;
	ssize_t n;

	if (poll(&sink, 1, 0) < 0)
		return -1;
	if (!(sink.revents & POLLOUT)) {
		errno = EAGAIN; /* what an earlier call has left there, above all an EINTR, says nothing of this one */
		return -1;
	}
	if (!state.is_nowait_unknown) {
		memcpy(&iov.iov_base, &text.ptr, sizeof(text.ptr)); /* its type cannot say that it is only read */
		iov.iov_len = text.len;
		n = pwritev2(state.fd, &iov, 1, -1, RWF_NOWAIT);
		if (n >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL))
			return n;
		state.is_nowait_unknown = true;
	}
	return write(state.fd, text.ptr, text.len);
}

static ssize_t
write_terminal(struct slice text)
{
	char path[32];
	ssize_t n;
	int own;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", state.fd);
	own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (own < 0)
		return write_polled(text);
	n = write(own, text.ptr, text.len);
	close(own);
	return n;
}

static ssize_t
write_sink(struct slice text)
{
	ssize_t n;

	do {
		if (state.sink == SINK_SOCKET)
			n = send(state.fd, text.ptr, text.len, MSG_DONTWAIT | MSG_NOSIGNAL);
		else if (state.sink == SINK_FILE)
			n = write(state.fd, text.ptr, text.len);
		else if (state.sink == SINK_TERMINAL)
			n = write_terminal(text);
		else
			n = write_polled(text);
	} while (n < 0 && errno == EINTR);
	return n;
}

/* Whole lines among what the sink took of those that were held; the newline in front mends a torn one. */
static uint64_t
count_lines(size_t len)
{
	uint64_t n = 0;

	for (size_t i = 1; i < len; i++)
		n += state.held[i] == '\n' ? 1 : 0;
	return n;
}

static void
note_loss(ssize_t taken)
{
	uint64_t got = taken > 0 ? count_lines((size_t)taken) : 0;
	uint64_t lost = state.held_lines - got;

	if (got > 0)
		state.unreported = 0;
	state.dropped += lost;
	state.unreported += lost;
	if (taken > 0)
		state.is_torn = state.held[taken - 1] != '\n';
}

void
log_flush(void)
{
	int saved_errno = errno;
	ssize_t n;

	if (state.held_lines == 0)
		return;
	n = write_sink(slice_of(state.held, state.held_len));
	if (n == (ssize_t)state.held_len) {
		state.unreported = 0;
		state.is_torn = false;
	} else {
		note_loss(n);
	}
	state.held_lines = 0;
	state.held_len = 0;
	errno = saved_errno;
}

void
log_hold(bool hold)
{
	state.may_wait = hold;
	if (!hold)
		log_flush();
}

/* A pipe or a terminal takes one line at a time; and what is bad must be out before it gets worse. */
static bool
may_wait(enum log_level level)
{
	return state.may_wait && level > LOG_WARN && (state.sink == SINK_FILE || state.sink == SINK_SOCKET);
}

void
log_emit(enum log_level level, const char *event, const struct log_field *fields)
{
	struct line line = {.cap = LOG_LINE_MAX};

	if (sizeof(state.held) - state.held_len < LOG_LINE_MAX)
		log_flush();
	line.text = state.held + state.held_len;
	put_head(&line, level, event);
	for (const struct log_field *field = fields; field->kind != LOG_KIND_END; field++)
		put_field(&line, field);
	line_put(&line, "}\n", TAIL_LEN);
	state.held_len += line.len;
	state.held_lines++;
	if (!may_wait(level))
		log_flush();
}

/* ---- Levels ------------------------------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	enum log_level level;
} levels[] = {
    {"error", LOG_ERROR}, {"warn", LOG_WARN}, {"notice", LOG_NOTICE}, {"info", LOG_INFO}, {"debug", LOG_DEBUG},
};

/* Its severities are 0 (for its own authors), 1, 2 (a warning) and 3 (an error). */
void
log_libevent(int severity, const char *text)
{
	static const enum log_level severities[] = {LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR};

	log_write(severity >= 0 && severity < (int)ARRAY_LEN(severities) ? severities[severity] : LOG_ERROR, "libevent",
		  LOG_STR("text", text), LOG_END);
}

const char *
log_level_name(enum log_level level)
{
	for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
		if (levels[i].level == level)
			return levels[i].name;
	}
	return "unknown";
}
