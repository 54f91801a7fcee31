/*
 * test_requests.c - the cases of tests/data/http/requests.txt: whole, byte by byte, and cut in two at every position
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frames.h"

#define CUT_MAX 700 /* longer cases are not cut at every position */
#define LINE_MAX_BYTES 4096
#define TEXT_MAX_BYTES (256 * 1024)

struct told {
	char words[128];
};

static void
add_word(struct told *told, const char *word)
{
	size_t len = strlen(told->words);

	snprintf(told->words + len, sizeof(told->words) - len, "%s%s", len > 0 ? " " : "", word);
}

static void
on_request(void *ctx, const struct http_head *head, struct slice body)
{
	(void)body;
	add_word(ctx, head->keep_alive ? "ok" : "last");
}

/* The bytes come `first` at once, then `step` by `step`. */
static void
judge(struct slice in, size_t first, size_t step, struct told *told_r)
{
	struct frames frames;
	char status[8];

	told_r->words[0] = '\0';
	frames_init(&frames, on_request, told_r);
	for (size_t n = first < in.len ? first : in.len;; n = n + step < in.len ? n + step : in.len) {
		frames_feed(&frames, slice_of(in.ptr, n));
		if (n == in.len)
			break;
	}
	snprintf(status, sizeof(status), "%d", frames.status);
	if (frames.status != 0)
		add_word(told_r, status);
	else if (frames_is_waiting(&frames, in.len))
		add_word(told_r, "more");
	frames_fini(&frames);
}

static void
check(const char *verdict, const char *name, struct slice in)
{
	struct told told;

	judge(in, in.len, in.len, &told);
	if (strcmp(told.words, verdict) != 0)
		fail_msg("%s: '%s' instead of '%s'", name, told.words, verdict);
	judge(in, 1, 1, &told);
	if (strcmp(told.words, verdict) != 0)
		fail_msg("%s, byte by byte: '%s' instead of '%s'", name, told.words, verdict);
	for (size_t cut = 0; cut <= in.len && in.len <= CUT_MAX; cut++) {
		judge(in, cut, in.len, &told);
		if (strcmp(told.words, verdict) != 0)
			fail_msg("%s, cut at %zu: '%s' instead of '%s'", name, cut, told.words, verdict);
	}
}

/* ---- the notation ---- */

static void expand(struct slice text, struct buf *out);

/* "N TEXT)..." behind "\("; gives what follows the bracket that belongs to it. */
static struct slice
expand_repeat(struct slice text, struct buf *out)
{
	char *end;
	unsigned long times = strtoul(text.ptr, &end, 10);
	const char *inner = end + 1;
	const char *p = inner;

	assert_int_equal(*end, ' ');
	for (int depth = 1;; p++) {
		assert_true(p < text.ptr + text.len);
		depth += (p[0] == '\\' && p[1] == '(') - (p[0] == ')');
		if (depth == 0)
			break;
	}
	for (unsigned long i = 0; i < times; i++)
		expand(slice_of(inner, (size_t)(p - inner)), out);
	return slice_of(p + 1, (size_t)(text.ptr + text.len - p - 1));
}

static struct slice
expand_escape(struct slice text, struct buf *out)
{
	static const char letters[] = "rnt\\", bytes[] = "\r\n\t\\";
	const char *letter = text.len > 0 ? strchr(letters, text.ptr[0]) : NULL;
	char digits[3] = {0};

	assert_true(text.len > 0);
	if (text.ptr[0] == '(')
		return expand_repeat(slice_sub(text, 1, text.len), out);
	if (letter != NULL) {
		buf_put_char(out, bytes[letter - letters]);
		return slice_sub(text, 1, text.len);
	}
	assert_true(text.ptr[0] == 'x' && text.len >= 3);
	memcpy(digits, text.ptr + 1, 2);
	buf_put_char(out, (char)strtoul(digits, NULL, 16));
	return slice_sub(text, 3, text.len);
}

static void
expand(struct slice text, struct buf *out)
{
	while (text.len > 0) {
		if (text.ptr[0] == '\\') {
			text = expand_escape(slice_sub(text, 1, text.len), out);
			continue;
		}
		buf_put_char(out, text.ptr[0]);
		text = slice_sub(text, 1, text.len);
	}
}

static void
check_line(struct slice line)
{
	struct slice verdict, rule, name;
	char verdict_text[64], name_text[128];
	struct buf bytes;
	char *copy;

	assert_true(slice_next(&line, '\t', &verdict) && slice_next(&line, '\t', &rule) &&
		    slice_next(&line, '\t', &name));
	assert_true(verdict.len > 0 && rule.len > 0 && name.len > 0 && line.len > 0);
	assert_int_equal(slice_to_str(verdict, verdict_text, sizeof(verdict_text)), 0);
	assert_int_equal(slice_to_str(name, name_text, sizeof(name_text)), 0);
	buf_init(&bytes, TEXT_MAX_BYTES);
	expand(line, &bytes);
	assert_int_equal(bytes.failed, 0);
	copy = malloc(bytes.len); /* of just the size, so that a sanitizer sees a step too far */
	assert_non_null(copy);
	memcpy(copy, bytes.ptr, bytes.len);
	check(verdict_text, name_text, slice_of(copy, bytes.len));
	free(copy);
	buf_fini(&bytes);
}

static void
test_cases(void **state)
{
	char line[LINE_MAX_BYTES];
	size_t n = 0;
	FILE *file = fopen(TEST_DATA "/http/requests.txt", "r");

	(void)state;
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		size_t len = strlen(line);

		assert_true(len > 0 && line[len - 1] == '\n');
		if (line[0] == '#' || line[0] == '\n')
			continue;
		check_line(slice_of(line, len - 1));
		n++;
	}
	fclose(file);
	assert_true(n >= 200);
	print_message("hostile: %7zu requests judged by the parser\n", n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
