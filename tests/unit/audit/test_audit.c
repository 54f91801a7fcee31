/*
 * The file: whole lines whatever happens to it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/audit.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "base/fd.h"
#include "json/parse.h"

struct stage {
	char dir[64];
	char path[96];
	struct audit *audit;
	struct err err;
};

static int
stage_open(void **state)
{
	struct stage *st = calloc(1, sizeof(*st));

	snprintf(st->dir, sizeof(st->dir), "/tmp/audit-test-XXXXXX");
	if (mkdtemp(st->dir) == NULL)
		return -1;
	snprintf(st->path, sizeof(st->path), "%s/audit.jsonl", st->dir);
	*state = st;
	return 0;
}

static int
stage_close(void **state)
{
	struct stage *st = *state;
	char other[128];

	audit_free(&st->audit);
	unlink(st->path);
	snprintf(other, sizeof(other), "%s.1", st->path);
	unlink(other);
	rmdir(st->dir);
	free(st);
	return 0;
}

static struct audit_record
record_of(const char *tool)
{
	return (struct audit_record){
	    .wall_ms = 1790000000123ull, .phase = AUDIT_BEGIN, .tool = tool, .duration_ms = -1};
}

static int
write_one(struct stage *st, const char *tool)
{
	struct audit_record record = record_of(tool);

	return audit_write(st->audit, &record);
}

/* The lines of a file as an array; null for one that is no JSON object. */
static json_t *
lines_of(const char *path)
{
	struct buf text;
	struct slice rest, line;
	json_t *lines = json_array();
	struct err err;

	buf_init(&text, 8 * 1024 * 1024);
	assert_int_equal(fd_read_file(path, 8 * 1024 * 1024, &text, &err), 0);
	rest = buf_slice(&text);
	while (slice_next(&rest, '\n', &line)) {
		json_t *value = NULL;

		if (line.len == 0 && rest.ptr == NULL)
			break;
		if (json_parse(line, NULL, &value, NULL) < 0)
			value = json_null();
		json_array_append_new(lines, value);
	}
	buf_fini(&text);
	return lines;
}

static const char *
tool_at(const json_t *lines, size_t i)
{
	return json_string_value(json_object_get(json_array_get(lines, i), "tool"));
}

static void
a_whole_record(void **state)
{
	struct stage *st = *state;
	json_t *scope = json_pack("{s:s}", "store_view_code", "de");
	json_t *params = json_pack("{s:s, s:s}", "sku", "A", "password", "hunter2");
	json_t *counts = json_pack("{s:i}", "updated", 3);
	struct audit_record record = {1790000000123ull,	 AUDIT_END, "r1",	 "alice", "s1",	  "joe",
				      "staging",	 "main",    "catalog.x", scope,	  params, "p1",
				      "because\n\"so\"", "ok",	    counts,	 42};
	struct stat status;
	struct buf text;

	st->audit = audit_open(st->path, &st->err);
	assert_non_null(st->audit);
	assert_true(audit_is_required(st->audit));
	assert_int_equal(audit_write(st->audit, &record), 0);
	assert_int_equal(stat(st->path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	buf_init(&text, 4096);
	assert_int_equal(fd_read_file(st->path, 4096, &text, &st->err), 0);
	assert_string_equal(
	    buf_cstr(&text),
	    "{\"time\":\"2026-09-21T14:13:20.123Z\",\"phase\":\"end\",\"request_id\":\"r1\",\"principal\":\"alice\","
	    "\"session\":\"s1\",\"username\":\"joe\",\"environment\":\"staging\",\"store\":\"main\",\"tool\":\"catalog."
	    "x\","
	    "\"scope\":{\"store_view_code\":\"de\"},\"params\":{\"sku\":\"A\",\"password\":\"[secret]\"},\"plan_id\":"
	    "\"p1\","
	    "\"reason\":\"because\\n\\\"so\\\"\",\"outcome\":\"ok\",\"counts\":{\"updated\":3},\"duration_ms\":42}\n");
	buf_fini(&text);
	json_decref(scope);
	json_decref(params);
	json_decref(counts);
}

static void
off(void **state)
{
	struct stage *st = *state;

	st->audit = audit_open("", &st->err);
	assert_non_null(st->audit);
	assert_false(audit_is_required(st->audit));
	assert_false(audit_is_required(NULL));
	assert_int_equal(write_one(st, "a"), 0);
	assert_int_equal(audit_write(NULL, &(struct audit_record){.tool = "a"}), 0);
}

static void
cannot_open(void **state)
{
	struct stage *st = *state;

	assert_null(audit_open("/nowhere/audit.jsonl", &st->err));
	assert_int_equal(st->err.code, ERR_IO);
	assert_non_null(strstr(st->err.text, "/nowhere/audit.jsonl"));
}

static void
appends_and_reopens(void **state)
{
	struct stage *st = *state;
	char other[128];
	json_t *lines;
	int fd;

	st->audit = audit_open(st->path, &st->err);
	assert_int_equal(write_one(st, "one"), 0);
	snprintf(other, sizeof(other), "%s.1", st->path);
	assert_int_equal(rename(st->path, other), 0);
	assert_int_equal(write_one(st, "two"), 0); /* still the old file */
	fd = open(st->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	audit_replace(st->audit, fd);
	assert_int_equal(write_one(st, "three"), 0);
	lines = lines_of(other);
	assert_int_equal(json_array_size(lines), 2);
	assert_string_equal(tool_at(lines, 1), "two");
	json_decref(lines);
	lines = lines_of(st->path);
	assert_int_equal(json_array_size(lines), 1);
	assert_string_equal(tool_at(lines, 0), "three");
	json_decref(lines);
}

static void
a_full_disk(void **state)
{
	struct stage *st = *state;

	st->audit = audit_open("/dev/full", &st->err);
	assert_non_null(st->audit);
	assert_int_equal(write_one(st, "a"), ERR_FULL);
	assert_int_equal(write_one(st, "a"), ERR_FULL);
}

/* A file size limit cuts a write short, as a disk that fills up does. */
static void
a_short_write_costs_one_line(void **state)
{
	struct stage *st = *state;
	struct rlimit before, small;
	struct stat status;
	json_t *lines;

	signal(SIGXFSZ, SIG_IGN);
	st->audit = audit_open(st->path, &st->err);
	assert_int_equal(write_one(st, "one"), 0);
	assert_int_equal(stat(st->path, &status), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = (rlim_t)status.st_size + 20;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(write_one(st, "torn"), ERR_FULL); /* 20 bytes of it */
	assert_int_equal(write_one(st, "none"), ERR_FULL); /* nothing */
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(write_one(st, "two"), 0);
	assert_int_equal(write_one(st, "three"), 0);
	lines = lines_of(st->path);
	assert_int_equal(json_array_size(lines), 4);
	assert_string_equal(tool_at(lines, 0), "one");
	assert_true(json_is_null(json_array_get(lines, 1)));
	assert_string_equal(tool_at(lines, 2), "two");
	assert_string_equal(tool_at(lines, 3), "three");
	json_decref(lines);
}

static void
half_a_line_of_another_writer_is_ended(void **state)
{
	struct stage *st = *state;
	FILE *file = fopen(st->path, "w");
	json_t *lines;

	fputs("{\"time\":", file);
	fclose(file);
	st->audit = audit_open(st->path, &st->err);
	assert_int_equal(write_one(st, "one"), 0);
	lines = lines_of(st->path);
	assert_int_equal(json_array_size(lines), 2);
	assert_string_equal(tool_at(lines, 1), "one");
	json_decref(lines);
}

/* Instead of the file's last newline; its length stays. */
static void
spoil_end(const char *path)
{
	struct stat status;
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(pwrite(fd, "~", 1, status.st_size - 1), 1);
	close(fd);
}

static void
assert_lines(const char *path, size_t wanted)
{
	json_t *lines = lines_of(path);

	assert_int_equal(json_array_size(lines), wanted);
	json_decref(lines);
}

/* What nobody could have done shows who looks: a writer trusts the end that it shares, others see for themselves. */
static void
writers_that_share_the_end_do_not_look(void **state)
{
	struct stage *st = *state;
	_Atomic uint64_t end = 0;
	struct audit *other, *stranger;
	struct audit_record record = record_of("b");

	st->audit = audit_open(st->path, &st->err);
	other = audit_open(st->path, &st->err);
	stranger = audit_open(st->path, &st->err);
	audit_share_end(st->audit, &end);
	audit_share_end(other, &end);
	assert_int_equal(write_one(st, "a"), 0);
	spoil_end(st->path);
	assert_int_equal(audit_write(other, &record), 0);
	assert_lines(st->path, 1);
	spoil_end(st->path);
	assert_int_equal(audit_write(stranger, &record), 0);
	assert_lines(st->path, 2);
	audit_free(&other);
	audit_free(&stranger);
}

/* A writer that was killed, or knows nothing of the others' end; and another file of the same length. */
static void
half_a_line_is_ended_by_those_who_share_the_end(void **state)
{
	struct stage *st = *state;
	_Atomic uint64_t end = 0;
	struct stat status;
	char path[128];
	FILE *file;
	int fd;

	st->audit = audit_open(st->path, &st->err);
	audit_share_end(st->audit, &end);
	assert_int_equal(write_one(st, "a"), 0);
	file = fopen(st->path, "a");
	fputs("{\"time\":", file);
	fclose(file);
	assert_int_equal(write_one(st, "b"), 0);
	assert_lines(st->path, 3);

	assert_int_equal(stat(st->path, &status), 0);
	snprintf(path, sizeof(path), "%s.1", st->path);
	fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	for (off_t i = 0; i < status.st_size; i++)
		assert_int_equal(write(fd, "~", 1), 1);
	audit_replace(st->audit, fd);
	assert_int_equal(write_one(st, "c"), 0);
	assert_lines(path, 2);
}

/* Four processes, records of about 20 KiB: nothing is mixed or lost. */
static void
several_writers(void **state)
{
	struct stage *st = *state;
	json_t *lines, *params = json_object();
	_Atomic uint64_t *end = mmap(NULL, sizeof(*end), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	assert_true(end != MAP_FAILED);
	for (int i = 0; i < 50; i++) {
		char key[16], value[401];

		snprintf(key, sizeof(key), "k%d", i);
		memset(value, 'v', sizeof(value) - 1);
		value[sizeof(value) - 1] = '\0';
		json_object_set_new(params, key, json_string(value));
	}
	for (int child = 0; child < 4; child++) {
		if (fork() == 0) {
			struct audit_record record = record_of("x");
			int r = 0;

			record.params = params;
			st->audit = audit_open(st->path, &st->err);
			if (child > 0) /* the first one knows nothing of it */
				audit_share_end(st->audit, end);
			for (int i = 0; i < 50; i++)
				r |= audit_write(st->audit, &record);
			_exit(r == 0 ? 0 : 1);
		}
	}
	for (int child = 0; child < 4; child++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	lines = lines_of(st->path);
	for (size_t i = 0, n = 0; i < json_array_size(lines); i++) {
		n += json_is_object(json_array_get(lines, i));
		if (i + 1 == json_array_size(lines))
			assert_int_equal(n, 200);
	}
	munmap(end, sizeof(*end));
	json_decref(lines);
	json_decref(params);
}

/* Everything as large and as awkward as it can be is one valid line within the bound. */
static void
the_largest_record(void **state)
{
	struct stage *st = *state;
	char *nasty = malloc(100001);
	json_t *value = json_object(), *deep = NULL, *lines;
	struct audit_record record;
	struct stat status;

	for (int i = 0; i < 100000; i++)
		nasty[i] = (char)(1 + i % 31);
	nasty[100000] = '\0';
	for (int i = 0; i < 3000; i++) {
		char key[32];

		snprintf(key, sizeof(key), "\x01\x02key%d", i);
		json_object_set_new(value, key, json_string(nasty));
	}
	deep = json_incref(value);
	for (int i = 0; i < 40; i++)
		deep = json_pack("{s:o, s:i, s:i}", "a", deep, "b", 1, "c", 2);
	record = (struct audit_record){~0ull >> 16, AUDIT_REFUSED, nasty, nasty, nasty, nasty, nasty, nasty,
				       nasty,	    deep,	   value, nasty, nasty, nasty, value, INT64_MAX};
	st->audit = audit_open(st->path, &st->err);
	assert_int_equal(audit_write(st->audit, &record), 0);
	assert_int_equal(stat(st->path, &status), 0);
	assert_in_range(status.st_size, 30000, AUDIT_LINE_MAX);
	lines = lines_of(st->path);
	assert_int_equal(json_array_size(lines), 1);
	assert_true(json_is_object(json_array_get(lines, 0)));
	assert_int_equal(json_object_size(json_object_get(json_array_get(lines, 0), "params")) > 10, 1);
	json_decref(lines);
	json_decref(deep);
	json_decref(value);
	free(nasty);
}

static void
bytes_that_are_no_text(void **state)
{
	struct stage *st = *state;
	struct audit_record record = record_of("a");
	json_t *lines;

	record.username = "joe\xff\xc3";
	st->audit = audit_open(st->path, &st->err);
	assert_int_equal(audit_write(st->audit, &record), 0);
	lines = lines_of(st->path);
	assert_true(json_is_object(json_array_get(lines, 0)));
	json_decref(lines);
}

/* ---- records that wait ---- */

static int
add_one(struct stage *st, const char *tool)
{
	struct audit_record record = record_of(tool);

	return audit_add(st->audit, &record);
}

static void
assert_tools(const struct stage *st, const char *tools)
{
	json_t *lines = lines_of(st->path);

	assert_int_equal(json_array_size(lines), strlen(tools));
	for (size_t i = 0; i < strlen(tools); i++)
		assert_int_equal(tool_at(lines, i)[0], tools[i]);
	json_decref(lines);
}

static void
held_records_keep_their_order(void **state)
{
	struct stage *st = *state;
	uint64_t lost;

	st->audit = audit_open(st->path, &st->err);
	assert_int_equal(add_one(st, "a"), 0);
	assert_tools(st, "a");
	audit_hold(st->audit);
	assert_int_equal(add_one(st, "b"), 0);
	assert_int_equal(add_one(st, "c"), 0);
	assert_tools(st, "a");
	assert_int_equal(write_one(st, "d"), 0);
	assert_tools(st, "abcd");
	assert_int_equal(add_one(st, "e"), 0);
	assert_int_equal(audit_flush(st->audit, &lost), 0);
	assert_int_equal(audit_flush(st->audit, &lost), 0);
	assert_tools(st, "abcde");
	assert_int_equal(add_one(st, "f"), 0);
	audit_free(&st->audit);
	assert_tools(st, "abcdef");
}

static void
held_records_are_bounded(void **state)
{
	struct stage *st = *state;
	struct stat status;

	st->audit = audit_open(st->path, &st->err);
	audit_hold(st->audit);
	for (int i = 0; i < 10000; i++)
		assert_int_equal(add_one(st, "x"), 0);
	assert_int_equal(stat(st->path, &status), 0);
	assert_true(status.st_size > 100000);
}

/* As long as records get, so many that they have to leave in between. */
static void
held_long_records_all_find_room(void **state)
{
	struct stage *st = *state;
	struct audit_record record = record_of("x");
	json_t *params = json_object(), *lines;
	uint64_t lost;
	char name[16];

	for (int i = 0; i < 73; i++) {
		snprintf(name, sizeof(name), "name%d", i);
		json_object_set_new(params, name, json_sprintf("%0499d", i));
	}
	record.params = params;
	st->audit = audit_open(st->path, &st->err);
	audit_hold(st->audit);
	for (int i = 0; i < 30; i++)
		assert_int_equal(audit_add(st->audit, &record), 0);
	assert_int_equal(audit_write(st->audit, &record), 0);
	assert_int_equal(audit_flush(st->audit, &lost), 0);
	assert_int_equal(lost, 0);
	lines = lines_of(st->path);
	assert_int_equal(json_array_size(lines), 31);
	for (size_t i = 0; i < 31; i++)
		assert_int_equal(json_object_size(json_object_get(json_array_get(lines, i), "params")), 73);
	json_decref(lines);
	json_decref(params);
}

static void
held_records_go_to_the_file_before_a_rotation(void **state)
{
	struct stage *st = *state;
	char other[128];
	int fd;

	st->audit = audit_open(st->path, &st->err);
	audit_hold(st->audit);
	assert_int_equal(add_one(st, "a"), 0);
	snprintf(other, sizeof(other), "%s.1", st->path);
	fd = open(other, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	audit_replace(st->audit, fd);
	assert_tools(st, "a");
}

/* Whoever flushes learns of all that is lost, also of what another's write took along. */
static void
held_records_meet_a_full_disk(void **state)
{
	struct stage *st = *state;
	struct audit_stats stats;
	uint64_t lost;
	int fd;

	st->audit = audit_open("/dev/full", &st->err);
	audit_hold(st->audit);
	assert_int_equal(add_one(st, "a"), 0);
	assert_int_equal(add_one(st, "b"), 0);
	assert_int_equal(audit_flush(st->audit, &lost), ERR_FULL);
	assert_int_equal(lost, 2);
	assert_int_equal(add_one(st, "c"), 0);
	assert_int_equal(write_one(st, "d"), ERR_FULL);
	assert_int_equal(audit_flush(st->audit, &lost), ERR_FULL);
	assert_int_equal(lost, 1);
	assert_int_equal(audit_flush(st->audit, &lost), 0);
	assert_int_equal(lost, 0);
	audit_stats(st->audit, &stats);
	assert_int_equal(stats.lost, 4);
	assert_true(stats.is_failing);
	fd = open(st->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	audit_replace(st->audit, fd);
	assert_int_equal(write_one(st, "e"), 0);
	audit_stats(st->audit, &stats);
	assert_int_equal(stats.lost, 4);
	assert_false(stats.is_failing);
	assert_tools(st, "e");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, stage_open, stage_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_whole_record),
	    TEST(off),
	    TEST(cannot_open),
	    TEST(appends_and_reopens),
	    TEST(a_full_disk),
	    TEST(a_short_write_costs_one_line),
	    TEST(half_a_line_of_another_writer_is_ended),
	    TEST(writers_that_share_the_end_do_not_look),
	    TEST(half_a_line_is_ended_by_those_who_share_the_end),
	    TEST(several_writers),
	    TEST(the_largest_record),
	    TEST(bytes_that_are_no_text),
	    TEST(held_records_keep_their_order),
	    TEST(held_records_are_bounded),
	    TEST(held_long_records_all_find_room),
	    TEST(held_records_go_to_the_file_before_a_rotation),
	    TEST(held_records_meet_a_full_disk),
	};

	return cmocka_run_group_tests_name("audit/audit", tests, NULL, NULL);
}
