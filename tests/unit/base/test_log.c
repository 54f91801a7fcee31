/*
 * test_log.c - lines are JSON however they are cut, and a sink that is full, slow or gone loses lines but nothing else
 *
 * The source is included to reach the way without RWF_NOWAIT.
 */
#include "../../../src/base/log.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cmocka.h>

/* ---- A small strict reader of log lines -------------------------------------------------------------------------- */

static bool
skip_string(struct slice *s)
{
	size_t i = 1;

	if (s->len < 2 || s->ptr[0] != '"')
		return false;
	while (i < s->len && s->ptr[i] != '"') {
		if ((unsigned char)s->ptr[i] < 0x20)
			return false;
		if (s->ptr[i] == '\\') {
			i++;
			if (i >= s->len || strchr("\"\\/bfnrtu", s->ptr[i]) == NULL)
				return false;
			if (s->ptr[i] == 'u' && (s->len - i < 5 || strspn(s->ptr + i + 1, "0123456789abcdef") < 4))
				return false;
		}
		i++;
	}
	if (i >= s->len)
		return false;
	*s = slice_sub(*s, i + 1, SIZE_MAX);
	return true;
}

static bool
skip_scalar(struct slice *s)
{
	size_t i = 0;

	if (slice_has_prefix(*s, "true"))
		i = 4;
	else if (slice_has_prefix(*s, "false"))
		i = 5;
	else {
		if (s->len > 0 && s->ptr[0] == '-')
			i++;
		while (i < s->len && s->ptr[i] >= '0' && s->ptr[i] <= '9')
			i++;
	}
	if (i == 0)
		return false;
	*s = slice_sub(*s, i, SIZE_MAX);
	return true;
}

/* True when `line` (without newline) is one object of scalars.  *value_r is the raw value of `key`, if it is there. */
static bool
read_line(struct slice line, const char *key, struct slice *value_r)
{
	struct slice s = line;

	*value_r = SLICE_NONE;
	if (!slice_is_utf8(line) || !slice_has_prefix(s, "{"))
		return false;
	do {
		struct slice name, value;

		s = slice_sub(s, 1, SIZE_MAX);
		name = s;
		if (!skip_string(&s) || !slice_has_prefix(s, ":"))
			return false;
		name = slice_sub(name, 1, name.len - s.len - 2);
		s = slice_sub(s, 1, SIZE_MAX);
		value = s;
		if (!skip_string(&s) && !skip_scalar(&s))
			return false;
		value.len -= s.len;
		if (slice_is(name, key))
			*value_r = value;
	} while (slice_has_prefix(s, ","));
	return slice_is(s, "}");
}

static struct slice
value_of(struct slice line, const char *key)
{
	struct slice value;

	if (!read_line(line, key, &value))
		fail_msg("not a log line: %.*s", SLICE_FMT(line));
	return value;
}

#define assert_field(line, key, expected) assert_true(slice_is(value_of((line), (key)), (expected)))
#define assert_no_field(line, key) assert_null(value_of((line), (key)).ptr)

/* ---- A sink in memory -------------------------------------------------------------------------------------------- */

static int sink_fd = -1;
static char content[400000];

static int
open_sink(void **test_state)
{
	(void)test_state;
	alarm(60); /* a write that blocks ends the program */
	sink_fd = memfd_create("log", MFD_CLOEXEC);
	log_init(sink_fd, LOG_INFO, "worker", 2);
	return sink_fd < 0 ? -1 : 0;
}

static int
close_sink(void **test_state)
{
	(void)test_state;
	close(sink_fd);
	log_init(STDERR_FILENO, LOG_NOTICE, NULL, -1);
	return 0;
}

/* What was written since the last call, with the newline of the last line taken off. */
static struct slice
written(void)
{
	ssize_t n = pread(sink_fd, content, sizeof(content) - 1, 0);

	assert_true(n >= 0);
	content[n] = '\0';
	assert_int_equal(ftruncate(sink_fd, 0), 0);
	assert_int_equal(lseek(sink_fd, 0, SEEK_SET), 0);
	if (n > 0)
		assert_int_equal(content[n - 1], '\n');
	return slice_of(content, n > 0 ? (size_t)n - 1 : 0);
}

/* ---- The line ---------------------------------------------------------------------------------------------------- */

static void
test_line(void **test_state)
{
	struct slice line;
	char pid[32];

	(void)test_state;
	log_write(LOG_INFO, "login", LOG_STR("store", "main"), LOG_U64("ms", UINT64_MAX), LOG_I64("low", INT64_MIN),
		  LOG_I64("small", -1), LOG_I64("zero", 0), LOG_BOOL("yes", true), LOG_BOOL("no", false),
		  LOG_SLICE("part", slice_of("abcdef", 3)), LOG_STR("none", NULL), LOG_SLICE("empty", SLICE_NONE),
		  LOG_END);
	line = written();
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	assert_memory_equal(line.ptr, "{\"time\":\"20", 11);
	assert_int_equal(value_of(line, "time").len, 26);
	assert_field(line, "level", "\"info\"");
	assert_field(line, "role", "\"worker\"");
	assert_field(line, "pid", pid);
	assert_field(line, "slot", "2");
	assert_field(line, "event", "\"login\"");
	assert_field(line, "store", "\"main\"");
	assert_field(line, "ms", "18446744073709551615");
	assert_field(line, "low", "-9223372036854775808");
	assert_field(line, "small", "-1");
	assert_field(line, "zero", "0");
	assert_field(line, "yes", "true");
	assert_field(line, "no", "false");
	assert_field(line, "part", "\"abc\"");
	assert_field(line, "empty", "\"\"");
	assert_no_field(line, "none");
	assert_no_field(line, "dropped");
	assert_int_equal(log_dropped(), 0);
}

static void
test_line_without_role_and_fields(void **test_state)
{
	struct slice line;

	(void)test_state;
	log_init(sink_fd, LOG_DEBUG, NULL, -1);
	log_write(LOG_DEBUG, "x", LOG_END);
	line = written();
	assert_no_field(line, "role");
	assert_no_field(line, "slot");
	assert_field(line, "event", "\"x\"");
	log_init(sink_fd, LOG_DEBUG, "keeper", 0);
	log_write(LOG_DEBUG, "x", LOG_END);
	assert_field(written(), "slot", "0");
}

static void
test_unsafe_text(void **test_state)
{
	struct slice line;

	(void)test_state;
	log_write(LOG_INFO, "x", LOG_STR("a", "1\n2\"\\\x1b[0m\x7F"), LOG_SLICE("b", SLICE_LIT("\xFF\0")),
		  LOG_U64("c", 1), LOG_END);
	line = written();
	assert_field(line, "a", "\"1\\n2\\\"\\\\\\u001b[0m\\u007f\"");
	assert_field(line, "b", "\"\xEF\xBF\xBD\\u0000\"");
	assert_field(line, "c", "1");
	assert_int_equal(slice_find(line, '\n'), -1);
}

static int evaluated;

static const char *
evaluate(void)
{
	evaluated++;
	return "x";
}

static void
test_levels(void **test_state)
{
	enum log_level level;

	(void)test_state;
	for (enum log_level limit = LOG_ERROR; limit <= LOG_DEBUG; limit++) {
		log_set_level(limit);
		for (level = LOG_ERROR; level <= LOG_DEBUG; level++) {
			evaluated = 0;
			log_write(level, "x", LOG_STR("a", evaluate()), LOG_END);
			assert_int_equal(evaluated, level <= limit); /* not even the fields are looked at */
			assert_int_equal(written().len > 0, level <= limit);
		}
	}
	assert_string_equal(log_level_name(LOG_ERROR), "error");
	assert_string_equal(log_level_name(LOG_DEBUG), "debug");
	assert_string_equal(log_level_name(99), "unknown");
}

static void
test_words_of_libevent(void **test_state)
{
	(void)test_state;
	log_libevent(2, "Epoll ADD(1) on fd 7 failed");
	assert_non_null(strstr(written().ptr, "\"level\":\"warn\",\"role\":\"worker\""));
	log_libevent(3, "the end");
	assert_non_null(strstr(written().ptr, "\"event\":\"libevent\",\"text\":\"the end\"}"));
	log_libevent(0, "nothing");
	assert_int_equal(written().len, 0);
	log_libevent(-1, "new kind");
	assert_non_null(strstr(written().ptr, "\"level\":\"error\""));
}

static void
test_errno_is_kept(void **test_state)
{
	(void)test_state;
	log_set_fd(-1);
	errno = ENOENT;
	log_write(LOG_INFO, "x", LOG_END);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(log_dropped(), 1);
}

/* ---- Cutting ----------------------------------------------------------------------------------------------------- */

static char long_text[3 * LOG_LINE_MAX];

static void
fill_text(size_t len, const char *character)
{
	size_t size = strlen(character);
	size_t at = 0;

	for (; at + size <= len; at += size)
		memcpy(long_text + at, character, size);
	memset(long_text + at, '.', len - at);
	long_text[len] = '\0';
}

/* One text of every length around the limit: whole as long as the line can hold it, then marked, and never over. */
static void
test_last_text_uses_the_whole_line(void **test_state)
{
	size_t whole = 0, cut = 0;

	(void)test_state;
	for (size_t len = 3800; len < 4300; len++) {
		struct slice line, value;

		fill_text(len, "x");
		log_write(LOG_INFO, "e", LOG_STR("text", long_text), LOG_END);
		line = written();
		value = value_of(line, "text");
		assert_true(line.len + 1 <= LOG_LINE_MAX);
		if (value.len == len + 2) {
			assert_int_equal(cut, 0);
			whole++;
		} else {
			assert_memory_equal(value.ptr + value.len - 4, "...\"", 4);
			assert_int_equal(line.len + 1, LOG_LINE_MAX);
			cut++;
		}
	}
	assert_true(whole > 50 && cut > 50);
	assert_int_equal(log_dropped(), 0);
}

/* Characters of every width, begun at every offset: a cut falls between two of them, never inside an escape. */
static void
test_cut_falls_between_characters(void **test_state)
{
	static const char *const characters[] = {"\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\"", "\x01", "\xFF"};

	(void)test_state;
	for (size_t kind = 0; kind < ARRAY_LEN(characters); kind++) {
		for (size_t shift = 0; shift < 8; shift++) {
			struct slice line, value;

			fill_text(2 * LOG_LINE_MAX, characters[kind]);
			log_write(LOG_INFO, "e", LOG_SLICE("pad", slice_of("12345678", shift)),
				  LOG_STR("text", long_text), LOG_END);
			line = written();
			value = value_of(line, "text");
			assert_memory_equal(value.ptr + value.len - 4, "...\"", 4);
			assert_true(line.len + 1 <= LOG_LINE_MAX && line.len > LOG_LINE_MAX - 12);
		}
	}
}

static void
test_long_text_leaves_room_for_others(void **test_state)
{
	struct slice line;

	(void)test_state;
	fill_text(2 * LOG_LINE_MAX, "x");
	log_write(LOG_INFO, "e", LOG_STR("a", long_text), LOG_STR("b", long_text), LOG_U64("n", 42),
		  LOG_BOOL("t", true), LOG_STR("c", "short"), LOG_END);
	line = written();
	assert_true(value_of(line, "a").len > 1500);
	assert_true(value_of(line, "b").len > 700);
	assert_field(line, "n", "42");
	assert_field(line, "t", "true");
	assert_field(line, "c", "\"short\"");
}

static void
test_long_event_and_role(void **test_state)
{
	struct slice line;

	(void)test_state;
	fill_text(2 * LOG_LINE_MAX, "x");
	log_init(sink_fd, LOG_INFO, long_text, INT32_MAX);
	log_write(LOG_INFO, long_text, LOG_STR("a", long_text), LOG_U64("n", 1), LOG_END);
	line = written();
	assert_field(line, "slot", "2147483647");
	assert_field(line, "n", "1");
}

static void
test_more_fields_than_fit(void **test_state)
{
	struct log_field fields[2001];
	struct slice line;

	(void)test_state;
	for (size_t kind = 0; kind < 2; kind++) {
		for (size_t i = 0; i < 2000; i++)
			fields[i] = kind == 0 ? LOG_U64("number", UINT64_MAX) : LOG_STR("text", "some text");
		fields[0] = LOG_STR("first", "here");
		fields[2000] = LOG_END;
		log_emit(LOG_INFO, "e", fields);
		line = written();
		assert_true(line.len + 1 <= LOG_LINE_MAX && line.len > LOG_LINE_MAX - 64);
		assert_field(line, "first", "\"here\"");
	}
}

/* ---- Sinks that misbehave ---------------------------------------------------------------------------------------- */

static size_t
drain(int fd, char *dst, size_t cap)
{
	size_t len = 0;
	struct pollfd waiting = {.fd = fd, .events = POLLIN};

	while (poll(&waiting, 1, 0) == 1 && (waiting.revents & POLLIN)) {
		ssize_t n = read(fd, dst + len, cap - len);

		assert_true(n > 0);
		len += (size_t)n;
	}
	return len;
}

static uint64_t
number_of(struct slice line, const char *key)
{
	uint64_t value = 0;

	if (value_of(line, key).ptr != NULL)
		assert_int_equal(slice_to_u64(value_of(line, key), UINT64_MAX, &value), 0);
	return value;
}

/*
 * Writes until lines are lost, empties the pipe, goes on: every line in the pipe is whole, the numbers that are missing
 * are as many as "dropped" says, and it says so once.
 */
static void
overrun_pipe(int reader, int writer, bool without_nowait)
{
	uint64_t next = 0, told = 0, counted = 0;
	uint64_t n = 0;
	struct slice rest, line;

	for (int round = 0; round < 3; round++) {
		uint64_t lost = log_dropped();

		while (log_dropped() < lost + 5) {
			state.is_nowait_unknown = without_nowait;
			errno = EINTR; /* of a call before, as epoll_wait() leaves it */
			log_write(LOG_INFO, "e", LOG_U64("n", n), LOG_STR("pad", "................................"),
				  LOG_END);
			n++;
		}
		rest = slice_of(content, drain(reader, content, sizeof(content)));
		while (slice_next(&rest, '\n', &line) && line.len > 0) {
			counted += number_of(line, "n") - next;
			next = number_of(line, "n") + 1;
			told += number_of(line, "dropped");
			assert_int_equal(told, counted);
		}
	}
	assert_int_equal(told, 10); /* of the first two rounds */
	assert_int_equal(log_dropped(), 15);
	assert_int_equal(fcntl(writer, F_GETFL) & O_NONBLOCK, 0); /* it is not ours to change */
}

static void
test_full_pipe(void **test_state)
{
	int ends[2];

	(void)test_state;
	for (int without_nowait = 0; without_nowait < 2; without_nowait++) {
		assert_int_equal(pipe(ends), 0);
		log_init(ends[1], LOG_INFO, "worker", 1);
		overrun_pipe(ends[0], ends[1], without_nowait != 0);
		close(ends[0]);
		close(ends[1]);
	}
}

/* A stream socket takes part of a line.  That part counts as lost, and the next line begins on a line of its own. */
static void
test_full_socket_tears_at_most_the_lost_line(void **test_state)
{
	uint64_t told = 0, read_lines = 0, torn = 0, n = 0;
	int small = 1;
	int ends[2];
	struct slice rest, line, value;

	(void)test_state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	log_init(ends[1], LOG_INFO, "worker", 1);
	fill_text(3900, "x");
	for (int round = 0; round < 10; round++) {
		uint64_t lost = log_dropped();
		size_t len = 0;

		log_write(LOG_INFO, "short", LOG_END); /* so that there is room for half of a long one at the end */
		n++;
		while (log_dropped() == lost) {
			log_write(LOG_INFO, "e", LOG_STR("pad", long_text), LOG_END);
			n++;
		}
		len = drain(ends[0], content, sizeof(content));
		log_write(LOG_INFO, "e", LOG_END);
		n++;
		len += drain(ends[0], content + len, sizeof(content) - len);
		rest = slice_of(content, len);
		while (slice_next(&rest, '\n', &line)) {
			if (line.len == 0)
				continue;
			if (read_line(line, "dropped", &value)) {
				read_lines++;
				told += number_of(line, "dropped");
			} else {
				torn++;
			}
		}
	}
	assert_int_equal(log_dropped(), 10);
	assert_int_equal(told, 10);
	assert_int_equal(read_lines, n - 10);
	assert_true(torn > 0 && torn <= 10);
	close(ends[0]);
	close(ends[1]);
}

static void
test_full_disk_tears_at_most_the_lost_line(void **test_state)
{
	struct rlimit old, tight;
	struct slice rest, line;

	(void)test_state;
	signal(SIGXFSZ, SIG_IGN);
	log_write(LOG_INFO, "whole", LOG_END);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	tight = (struct rlimit){(rlim_t)lseek(sink_fd, 0, SEEK_CUR) + 50, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	log_write(LOG_INFO, "torn", LOG_END);
	log_write(LOG_INFO, "lost", LOG_END);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(log_dropped(), 2);
	log_write(LOG_INFO, "after", LOG_END);
	log_write(LOG_INFO, "last", LOG_END);
	rest = written();
	assert_true(slice_next(&rest, '\n', &line));
	assert_field(line, "event", "\"whole\"");
	assert_true(slice_next(&rest, '\n', &line));
	assert_int_equal(line.len, 50);
	assert_true(slice_next(&rest, '\n', &line));
	assert_field(line, "event", "\"after\"");
	assert_field(line, "dropped", "2");
	assert_true(slice_next(&rest, '\n', &line));
	assert_field(line, "event", "\"last\"");
	assert_no_field(line, "dropped");
	assert_false(slice_next(&rest, '\n', &line));
	signal(SIGXFSZ, SIG_DFL);
}

/* ---- Lines that wait --------------------------------------------------------------------------------------------- */

static void
test_held_lines_leave_in_order(void **test_state)
{
	const char *const events[] = {"one", "two", "bad"};
	struct slice rest, line;

	(void)test_state;
	log_hold(true);
	log_write(LOG_INFO, "one", LOG_END);
	log_write(LOG_NOTICE, "two", LOG_END);
	assert_int_equal(written().len, 0);
	log_write(LOG_WARN, "bad", LOG_END);
	rest = written();
	for (size_t i = 0; i < ARRAY_LEN(events); i++) {
		assert_true(slice_next(&rest, '\n', &line));
		assert_memory_equal(value_of(line, "event").ptr + 1, events[i], 3);
	}
	log_write(LOG_INFO, "three", LOG_END);
	log_flush();
	assert_field(written(), "event", "\"three\"");
	log_write(LOG_INFO, "four", LOG_END);
	log_hold(false);
	assert_field(written(), "event", "\"four\"");
	log_write(LOG_INFO, "five", LOG_END);
	assert_field(written(), "event", "\"five\"");
}

static void
test_held_lines_are_bounded(void **test_state)
{
	(void)test_state;
	fill_text(2000, "x");
	log_hold(true);
	for (int i = 0; i < 100; i++)
		log_write(LOG_INFO, "x", LOG_STR("pad", long_text), LOG_END);
	assert_true(written().len > 100000);
	log_hold(false);
	assert_true(written().len > 2000);
	assert_int_equal(log_dropped(), 0);
}

/* Of five that leave together, those behind the end of the disk are lost, and counted; the first one after says so. */
static void
test_held_lines_meet_a_full_disk(void **test_state)
{
	struct rlimit old, tight;
	struct slice rest, line;
	size_t one;

	(void)test_state;
	signal(SIGXFSZ, SIG_IGN);
	log_write(LOG_INFO, "whole", LOG_END);
	one = written().len + 1;
	log_hold(true);
	for (int i = 0; i < 5; i++)
		log_write(LOG_INFO, "whole", LOG_END);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	tight = (struct rlimit){(rlim_t)(2 * one + 50), old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	log_flush();
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(log_dropped(), 3);
	log_write(LOG_INFO, "after", LOG_END);
	log_write(LOG_INFO, "last", LOG_END);
	log_hold(false);
	rest = written();
	for (int i = 0; i < 2; i++) {
		assert_true(slice_next(&rest, '\n', &line));
		assert_field(line, "event", "\"whole\"");
	}
	assert_true(slice_next(&rest, '\n', &line));
	assert_int_equal(line.len, 50);
	assert_true(slice_next(&rest, '\n', &line));
	assert_field(line, "event", "\"after\"");
	assert_field(line, "dropped", "3");
	assert_true(slice_next(&rest, '\n', &line));
	assert_field(line, "event", "\"last\"");
	assert_no_field(line, "dropped");
	signal(SIGXFSZ, SIG_DFL);
}

/* A pipe takes a line of PIPE_BUF whole; several would not be safe. */
static void
test_pipes_hold_nothing(void **test_state)
{
	char bytes[1000];
	int ends[2];

	(void)test_state;
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	log_set_fd(ends[1]);
	log_hold(true);
	log_write(LOG_INFO, "x", LOG_END);
	assert_true(read(ends[0], bytes, sizeof(bytes)) > 0);
	log_hold(false);
	log_set_fd(sink_fd);
	close(ends[0]);
	close(ends[1]);
}

static void
test_reader_gone_and_reopened(void **test_state)
{
	struct slice line;
	int ends[2];

	(void)test_state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	log_set_fd(ends[1]);
	for (int i = 0; i < 3; i++)
		log_write(LOG_INFO, "lost", LOG_END);
	close(ends[1]);
	log_write(LOG_INFO, "lost", LOG_END); /* the descriptor is gone too */
	assert_int_equal(log_dropped(), 4);
	log_set_fd(sink_fd);
	log_write(LOG_INFO, "after", LOG_END);
	line = written();
	assert_field(line, "event", "\"after\"");
	assert_field(line, "dropped", "4");
	signal(SIGPIPE, SIG_DFL);
}

static void
test_devices(void **test_state)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)test_state;
	log_set_fd(null);
	log_write(LOG_INFO, "x", LOG_END);
	assert_int_equal(log_dropped(), 0);
	log_set_fd(full);
	log_write(LOG_INFO, "x", LOG_END);
	assert_int_equal(log_dropped(), 1);
	close(null);
	close(full);
}

/* A terminal that nobody reads says that it has room, for one character, and would then wait with the rest. */
static void
test_terminal_that_is_not_read(void **test_state)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	int terminal;

	(void)test_state;
	if (master < 0)
		skip();
	assert_int_equal(grantpt(master) | unlockpt(master), 0);
	terminal = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(terminal >= 0);
	log_set_fd(terminal);
	fill_text(3000, "x");
	for (int i = 0; i < 100; i++)
		log_write(LOG_INFO, "x", LOG_STR("pad", long_text), LOG_END);
	assert_true(log_dropped() > 0 && log_dropped() < 100);
	assert_int_equal(fcntl(terminal, F_GETFL) & O_NONBLOCK, 0);
	close(terminal);
	close(master);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, open_sink, close_sink)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_line),
	    TEST(test_line_without_role_and_fields),
	    TEST(test_unsafe_text),
	    TEST(test_levels),
	    TEST(test_words_of_libevent),
	    TEST(test_errno_is_kept),
	    TEST(test_last_text_uses_the_whole_line),
	    TEST(test_cut_falls_between_characters),
	    TEST(test_long_text_leaves_room_for_others),
	    TEST(test_long_event_and_role),
	    TEST(test_more_fields_than_fit),
	    TEST(test_full_pipe),
	    TEST(test_full_socket_tears_at_most_the_lost_line),
	    TEST(test_full_disk_tears_at_most_the_lost_line),
	    TEST(test_held_lines_leave_in_order),
	    TEST(test_held_lines_are_bounded),
	    TEST(test_held_lines_meet_a_full_disk),
	    TEST(test_pipes_hold_nothing),
	    TEST(test_reader_gone_and_reopened),
	    TEST(test_devices),
	    TEST(test_terminal_that_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
