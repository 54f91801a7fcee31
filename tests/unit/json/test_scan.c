/*
 * test_scan.c - the scanner: grammar, limits, items
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <jansson.h>

#include "grammar.h"
#include "json/scan.h"

/* Reads `text` from memory that ends where the text ends, so that a sanitizer sees a step too far. */
static int
scan_exact(struct slice text, const struct json_limits *limits, struct json_facts *facts_r, struct err *err)
{
	char *copy = malloc(text.len == 0 ? 1 : text.len);
	int r;

	assert_non_null(copy);
	memcpy(copy, text.ptr, text.len);
	r = json_scan_value(slice_of(copy, text.len), limits, facts_r, err);
	free(copy);
	return r;
}

static void
grammar_is_kept(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(grammar_cases); i++) {
		const struct grammar_case *c = &grammar_cases[i];
		int want = c->verdict == BAD || c->verdict == BAD_JANSSON_TAKES ? ERR_INVALID : 0;
		struct err err = {.code = 0};
		int r = scan_exact(c->text, NULL, NULL, &err);

		if (r != want)
			fail_msg("case %zu \"%.*s\": %d instead of %d (%s)", i, SLICE_FMT(c->text), r, want, err.text);
		if (r < 0)
			assert_true(err.code == ERR_INVALID && strlen(err.text) > 20);
	}
}

/* The second opinion: jansson, left to itself. */
static void
jansson_agrees(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(grammar_cases); i++) {
		const struct grammar_case *c = &grammar_cases[i];
		bool want = c->verdict != BAD && c->verdict != TOO_BIG;
		json_t *tree = json_loadb(c->text.ptr, c->text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

		if ((tree != NULL) != want)
			fail_msg("case %zu \"%.*s\": jansson %s it", i, SLICE_FMT(c->text), tree ? "takes" : "refuses");
		json_decref(tree);
	}
}

static void
every_front_part_of_an_object_is_refused(void **state)
{
	static const char text[] =
	    "{\"a\\u00e9\\ud83d\\ude00\":[1.5e+3,-0,true,null,\"\xE2\x82\xAC\"],\"b\":{\"c\":false}}";

	(void)state;
	assert_int_equal(scan_exact(slice_from_str(text), NULL, NULL, NULL), 0);
	for (size_t len = 0; len < sizeof(text) - 1; len++)
		assert_int_equal(scan_exact(slice_of(text, len), NULL, NULL, NULL), ERR_INVALID);
}

static void
facts_describe_the_text(void **state)
{
	static const struct {
		const char *text;
		enum json_kind kind;
		uint32_t values, depth, big_ints;
	} cases[] = {
	    {"null", JSON_KIND_NULL, 1, 0, 0},
	    {"false", JSON_KIND_FALSE, 1, 0, 0},
	    {"true", JSON_KIND_TRUE, 1, 0, 0},
	    {"-12", JSON_KIND_INTEGER, 1, 0, 0},
	    {"1.0", JSON_KIND_REAL, 1, 0, 0},
	    {"1e1", JSON_KIND_REAL, 1, 0, 0},
	    {"\"s\"", JSON_KIND_STRING, 1, 0, 0},
	    {"[[],[[1]]]", JSON_KIND_ARRAY, 5, 3, 0},
	    {"{\"a\":{\"b\":[]}}", JSON_KIND_OBJECT, 3, 3, 0},
	    {"[9223372036854775808,-9223372036854775808,1,99999999999999999999]", JSON_KIND_ARRAY, 5, 1, 2},
	    {"[99999999999999999999.5,99999999999999999999e2]", JSON_KIND_ARRAY, 3, 1, 0},
	};
	struct json_facts facts;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(json_scan_value(slice_from_str(cases[i].text), NULL, &facts, NULL), 0);
		assert_int_equal(facts.kind, cases[i].kind);
		assert_int_equal(facts.values, cases[i].values);
		assert_int_equal(facts.depth, cases[i].depth);
		assert_int_equal(facts.big_ints, cases[i].big_ints);
		assert_true(slice_is(facts.value, cases[i].text));
	}
	assert_int_equal(json_scan_value(SLICE_LIT(" \n [1] \t"), NULL, &facts, NULL), 0);
	assert_true(slice_is(facts.value, "[1]"));
}

static void
faults_are_located(void **state)
{
	struct json_facts facts;
	struct err err;

	(void)state;
	assert_int_equal(json_scan_value(SLICE_LIT("{\"a\":tru}"), NULL, &facts, &err), ERR_INVALID);
	assert_int_equal(facts.failed_at, 5);
	assert_non_null(strstr(err.text, "byte 5"));
	assert_int_equal(json_scan_value(SLICE_LIT("[1,"), NULL, NULL, &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "ends too early"));
}

static void
limits_hold_exactly(void **state)
{
	struct json_limits limits = {.max_bytes = 10, .max_string_bytes = 4, .max_depth = 2, .max_values = 3};

	(void)state;
	assert_int_equal(json_scan_value(SLICE_LIT("         1"), &limits, NULL, NULL), 0);
	assert_int_equal(json_scan_value(SLICE_LIT("          1"), &limits, NULL, NULL), ERR_LIMIT);
	assert_int_equal(json_scan_value(SLICE_LIT("\"abcd\""), &limits, NULL, NULL), 0);
	assert_int_equal(json_scan_value(SLICE_LIT("\"abcde\""), &limits, NULL, NULL), ERR_LIMIT);
	assert_int_equal(json_scan_value(SLICE_LIT("{\"abcd\":1}"), &limits, NULL, NULL), 0);
	limits.max_bytes = 100;
	assert_int_equal(json_scan_value(SLICE_LIT("{\"abcde\":1}"), &limits, NULL, NULL), ERR_LIMIT);
	assert_int_equal(json_scan_value(SLICE_LIT("[[]]"), &limits, NULL, NULL), 0);
	assert_int_equal(json_scan_value(SLICE_LIT("[{\"a\":[]}]"), &limits, NULL, NULL), ERR_LIMIT);
	assert_int_equal(json_scan_value(SLICE_LIT("[1,2]"), &limits, NULL, NULL), 0);
	assert_int_equal(json_scan_value(SLICE_LIT("[1,2,3]"), &limits, NULL, NULL), ERR_LIMIT);
}

static char *
repeat(const char *piece, size_t times, size_t *len_r)
{
	size_t len = strlen(piece);
	char *text = malloc(len * times + 1);

	assert_non_null(text);
	for (size_t i = 0; i < times; i++)
		memcpy(text + i * len, piece, len + 1);
	*len_r = len * times;
	return text;
}

static uint64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* refused at the bracket that is one too many, without reading on and without recursion. */
static void
depth_bombs_are_refused_at_once(void **state)
{
	static const char *const pieces[] = {"[", "{\"a\":", "[{\"a\":"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		size_t len;
		char *bomb = repeat(pieces[i], 100000, &len);
		struct json_facts facts;
		uint64_t before = now_us();

		assert_int_equal(json_scan_value(slice_of(bomb, len), NULL, &facts, NULL), ERR_LIMIT);
		assert_true(now_us() - before < 5000);
		assert_int_equal(facts.depth, 64);
		assert_true(facts.failed_at < 64 * 7);
		free(bomb);
	}
}

static void
depth_has_a_ceiling_that_no_limit_lifts(void **state)
{
	struct json_limits limits = json_limits_default;
	char text[2 * JSON_DEPTH_MAX + 2];

	(void)state;
	limits.max_depth = UINT32_MAX;
	memset(text, '[', JSON_DEPTH_MAX + 1);
	memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	assert_int_equal(json_scan_value(slice_of(text + 1, 2 * JSON_DEPTH_MAX), &limits, NULL, NULL), 0);
	assert_int_equal(json_scan_value(slice_of(text, sizeof(text)), &limits, NULL, NULL), ERR_LIMIT);
}

static void
huge_texts_are_refused(void **state)
{
	struct json_limits wide = json_limits_default;
	size_t len;
	char *text;

	(void)state;
	text = repeat("aaaaaaaaaa", 1000000, &len);
	text[0] = text[len - 1] = '"';
	assert_int_equal(json_scan_value(slice_of(text, len), NULL, NULL, NULL), ERR_LIMIT);
	wide.max_bytes = (size_t)64 << 20;
	assert_int_equal(json_scan_value(slice_of(text, len), &wide, NULL, NULL), ERR_LIMIT);
	wide.max_string_bytes = wide.max_bytes;
	assert_int_equal(json_scan_value(slice_of(text, len), &wide, NULL, NULL), 0);
	free(text);

	text = repeat("\"k\":0,", 1000000, &len);
	text[0] = '{';
	text[1] = '"'; /* {"":0,"k":0,...} */
	memcpy(text, "{\"\":0,", 6);
	text[len - 1] = '}';
	assert_int_equal(json_scan_value(slice_of(text, len), &wide, NULL, NULL), ERR_LIMIT);
	wide.max_values = 1000001;
	assert_int_equal(json_scan_value(slice_of(text, len), &wide, NULL, NULL), 0);
	free(text);
}

/* What a visitor saw, as text: "key=value;" */
struct seen {
	struct buf text;
	int stop_after; /* 0: never */
	int count;
};

static int
see(void *ctx, const struct json_item *item)
{
	struct seen *seen = ctx;

	buf_printf(&seen->text, "%.*s%s=%.*s%s/%d;", SLICE_FMT(item->key), item->key_has_escape ? "!" : "",
		   SLICE_FMT(item->value), item->value_has_escape ? "!" : "", (int)item->kind);
	seen->count++;
	return seen->count == seen->stop_after ? 77 : 0;
}

static void
members_are_given_raw(void **state)
{
	struct seen seen = {.count = 0};

	(void)state;
	buf_init(&seen.text, 4096);
	assert_int_equal(
	    json_scan_object(SLICE_LIT(" { \"a\" : 1 , \"\\u0062\" :[ 1, {\"x\":2} ] ,\"c\":\"q\\n\",\"a\":{\"y\":[]},"
				       "\"d\":-1.5, \"e\":true,\"f\":null,\"g\":false,\"h\":\"\"} "),
			     NULL, see, &seen, NULL),
	    0);
	assert_string_equal(buf_cstr(&seen.text), "a=1/3;\\u0062!=[ 1, {\"x\":2} ]/6;c=\"q\\n\"!/5;a={\"y\":[]}/7;"
						  "d=-1.5/4;e=true/2;f=null/0;g=false/1;h=\"\"/5;");
	buf_fini(&seen.text);
}

static void
elements_are_given_raw(void **state)
{
	struct seen seen = {.count = 0};

	(void)state;
	buf_init(&seen.text, 4096);
	assert_int_equal(json_scan_array(SLICE_LIT("[1 ,[2], {\"a\":[3]},\"s\"]"), NULL, see, &seen, NULL), 0);
	assert_string_equal(buf_cstr(&seen.text), "=1/3;=[2]/6;={\"a\":[3]}/7;=\"s\"/5;");
	buf_fini(&seen.text);
}

static void
other_roots_are_unsupported_not_invalid(void **state)
{
	struct seen seen = {.count = 0};

	(void)state;
	buf_init(&seen.text, 4096);
	assert_int_equal(json_scan_object(SLICE_LIT("[{\"a\":1}]"), NULL, see, &seen, NULL), ERR_UNSUPPORTED);
	assert_int_equal(json_scan_object(SLICE_LIT("\"x\""), NULL, see, &seen, NULL), ERR_UNSUPPORTED);
	assert_int_equal(json_scan_array(SLICE_LIT("{\"a\":[1]}"), NULL, see, &seen, NULL), ERR_UNSUPPORTED);
	assert_int_equal(json_scan_object(SLICE_LIT("[1"), NULL, see, &seen, NULL), ERR_INVALID);
	assert_int_equal(seen.count, 0);
	buf_fini(&seen.text);
}

static void
visitor_ends_the_scan(void **state)
{
	struct seen seen = {.stop_after = 2};

	(void)state;
	buf_init(&seen.text, 4096);
	assert_int_equal(json_scan_object(SLICE_LIT("{\"a\":1,\"b\":2,\"c\":broken"), NULL, see, &seen, NULL), 77);
	assert_int_equal(seen.count, 2);
	buf_fini(&seen.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(grammar_is_kept),
	    cmocka_unit_test(jansson_agrees),
	    cmocka_unit_test(every_front_part_of_an_object_is_refused),
	    cmocka_unit_test(facts_describe_the_text),
	    cmocka_unit_test(faults_are_located),
	    cmocka_unit_test(limits_hold_exactly),
	    cmocka_unit_test(depth_bombs_are_refused_at_once),
	    cmocka_unit_test(depth_has_a_ceiling_that_no_limit_lifts),
	    cmocka_unit_test(huge_texts_are_refused),
	    cmocka_unit_test(members_are_given_raw),
	    cmocka_unit_test(elements_are_given_raw),
	    cmocka_unit_test(other_roots_are_unsupported_not_invalid),
	    cmocka_unit_test(visitor_ends_the_scan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
