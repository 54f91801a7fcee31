/*
 * test_request_state.c - a state opens for its own request and caller, in time, whole, and for nothing else
 */
#include "request_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "json/get.h"
#include "json/parse.h"
#include "shm/segment.h"

#define NOW 1000000ull
#define LIFE_MS UINT64_C(600000)

static struct segment_keys *keys;

static json_t *
json_of(const char *text)
{
	json_t *root = NULL;

	assert_int_equal(json_parse(slice_from_str(text), NULL, &root, NULL), 0);
	return root;
}

static void
put(const char *who, const char *method, const char *params, const char *kept, struct buf *out)
{
	json_t *tree = json_of(params), *keep = kept != NULL ? json_of(kept) : NULL;
	const struct request_binding binding = {slice_from_str(who), method, tree, LIFE_MS};

	buf_init(out, REQUEST_STATE_TEXT_MAX);
	assert_int_equal(request_state_put(keys, &binding, keep, NOW, out), 0);
	json_decref(keep);
	json_decref(tree);
}

static int
open_at(const char *who, const char *method, const char *params, struct slice text, uint64_t now,
	struct request_state *state_r)
{
	json_t *tree = json_of(params);
	const struct request_binding binding = {slice_from_str(who), method, tree, LIFE_MS};
	int r = request_state_open(keys, &binding, text, now, state_r);

	json_decref(tree);
	return r;
}

static int
try_open(const char *who, const char *method, const char *params, struct slice text)
{
	struct request_state state;
	int r = open_at(who, method, params, text, NOW, &state);

	assert_true(r == 0 || state.kept == NULL);
	json_decref(state.kept);
	return r;
}

/* The retry brings the same params with more beside them, in any order. */
static void
a_state_opens_for_its_own_request(void **unused)
{
	struct request_state state, again;
	struct buf text, other;

	(void)unused;
	put("alice", "tools/call", "{\"name\":\"t\",\"arguments\":{\"a\":1,\"b\":[]},\"_meta\":{\"x\":1}}",
	    "{\"step\":2,\"what\":\"\\u20ac\"}", &text);
	for (size_t i = 0; i < text.len; i++)
		assert_true(text.ptr[i] > ' ' && text.ptr[i] <= '~' && text.ptr[i] != '"' && text.ptr[i] != '\\');
	assert_int_equal(open_at("alice", "tools/call",
				 "{\"_meta\":{},\"inputResponses\":{},\"requestState\":\"s\",\"arguments\":{\"b\":[],"
				 "\"a\":1},\"name\":\"t\"}",
				 buf_slice(&text), NOW + 1000, &state),
			 0);
	assert_int_equal(json_get_int(state.kept, "step", 0), 2);
	assert_string_equal(json_get_str(state.kept, "what", ""), "\u20ac");
	assert_int_equal(state.left_ms, LIFE_MS - 1000);
	put("alice", "tools/call", "{\"name\":\"t\",\"arguments\":{\"a\":1,\"b\":[]}}", NULL, &other);
	assert_int_equal(open_at("alice", "tools/call", "{\"name\":\"t\",\"arguments\":{\"a\":1,\"b\":[]}}",
				 buf_slice(&other), NOW, &again),
			 0);
	assert_null(again.kept);
	assert_string_not_equal(state.nonce, again.nonce); /* */
	json_decref(state.kept);
	buf_fini(&other);
	buf_fini(&text);
}

/* */
static void
a_state_opens_for_nothing_else(void **unused)
{
	static const char params[] = "{\"name\":\"t\",\"arguments\":{\"a\":1}}";
	struct buf text;

	(void)unused;
	put("alice", "tools/call", params, "{}", &text);
	assert_int_equal(try_open("alice", "tools/call", params, buf_slice(&text)), 0);
	assert_int_equal(try_open("bob", "tools/call", params, buf_slice(&text)), ERR_INVALID);
	assert_int_equal(try_open("alice", "prompts/get", params, buf_slice(&text)), ERR_INVALID);
	assert_int_equal(try_open("alice", "tools/call", "{\"name\":\"u\",\"arguments\":{\"a\":1}}", buf_slice(&text)),
			 ERR_INVALID);
	assert_int_equal(try_open("alice", "tools/call", "{\"name\":\"t\",\"arguments\":{\"a\":2}}", buf_slice(&text)),
			 ERR_INVALID);
	assert_int_equal(try_open("alice", "tools/call", "{\"name\":\"t\"}", buf_slice(&text)), ERR_INVALID);
	buf_fini(&text);
}

static void
a_state_expires(void **unused)
{
	struct request_state state;
	struct buf text;

	(void)unused;
	put("alice", "m", "{}", "{}", &text);
	assert_int_equal(open_at("alice", "m", "{}", buf_slice(&text), NOW + LIFE_MS - 1, &state), 0);
	json_decref(state.kept);
	assert_int_equal(open_at("alice", "m", "{}", buf_slice(&text), NOW + LIFE_MS, &state), ERR_TIMEOUT);
	assert_int_equal(open_at("alice", "m", "{}", buf_slice(&text), NOW - 1, &state), 0); /* in another worker */
	json_decref(state.kept);
	assert_int_equal(open_at("alice", "m", "{}", buf_slice(&text), NOW - 1001, &state), ERR_TIMEOUT);
	buf_fini(&text);
}

/* one bit anywhere, one byte more or less, parts exchanged. */
static void
a_changed_state_does_not_open(void **unused)
{
	static const char *const others[] = {"", ".", "...", "v1", "v1.k.p.m", "v1...", "=", "\xff.\xff.\xff.\xff"};
	struct buf text, longer;

	(void)unused;
	put("alice", "m", "{}", "{\"a\":1}", &text);
	for (size_t i = 0; i < text.len; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			text.ptr[i] ^= (char)(1u << bit);
			assert_int_equal(try_open("alice", "m", "{}", buf_slice(&text)), ERR_INVALID);
			text.ptr[i] ^= (char)(1u << bit);
		}
		assert_int_equal(try_open("alice", "m", "{}", slice_of(text.ptr, i)), ERR_INVALID);
	}
	assert_int_equal(try_open("alice", "m", "{}", buf_slice(&text)), 0);
	buf_init(&longer, 2 * REQUEST_STATE_TEXT_MAX);
	buf_put_slice(&longer, buf_slice(&text));
	buf_put_str(&longer, "-TAMPERED");
	assert_int_equal(try_open("alice", "m", "{}", buf_slice(&longer)), ERR_INVALID);
	while (longer.len <= REQUEST_STATE_TEXT_MAX)
		buf_put_char(&longer, 'A');
	assert_int_equal(try_open("alice", "m", "{}", buf_slice(&longer)), ERR_INVALID);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_int_equal(try_open("alice", "m", "{}", slice_from_str(others[i])), ERR_INVALID);
	assert_int_equal(try_open("alice", "m", "{}", SLICE_NONE), ERR_INVALID);
	buf_fini(&longer);
	buf_fini(&text);
}

/* after a full stop there are other keys. */
static void
a_state_of_other_keys_does_not_open(void **unused)
{
	struct segment_keys *ours = keys;
	struct buf text;

	(void)unused;
	assert_int_equal(segment_keys_create(&keys, NULL), 0);
	put("alice", "m", "{}", NULL, &text);
	segment_keys_free(&keys);
	keys = ours;
	assert_int_equal(try_open("alice", "m", "{}", buf_slice(&text)), ERR_INVALID);
	buf_fini(&text);
}

static void
what_is_kept_is_bounded(void **unused)
{
	char *text = malloc(2 * REQUEST_STATE_KEPT_MAX);
	json_t *params = json_object(), *kept;
	const struct request_binding binding = {SLICE_LIT("alice"), "m", params, LIFE_MS};
	struct request_state state;
	struct buf out;

	(void)unused;
	assert_non_null(text);
	memset(text, 'x', 2 * REQUEST_STATE_KEPT_MAX);
	buf_init(&out, REQUEST_STATE_TEXT_MAX);
	kept = json_pack("{s:s%}", "k", text, (size_t)REQUEST_STATE_KEPT_MAX - 16);
	assert_int_equal(request_state_put(keys, &binding, kept, NOW, &out), 0);
	assert_int_equal(request_state_open(keys, &binding, buf_slice(&out), NOW, &state), 0);
	assert_true(json_equal(state.kept, kept));
	json_decref(state.kept);
	json_decref(kept);
	buf_clear(&out);
	kept = json_pack("{s:s%}", "k", text, (size_t)2 * REQUEST_STATE_KEPT_MAX);
	assert_int_equal(request_state_put(keys, &binding, kept, NOW, &out), ERR_LIMIT);
	assert_int_equal(out.len, 0);
	json_decref(kept);
	json_decref(params);
	buf_fini(&out);
	free(text);
}

static int
setup(void **unused)
{
	(void)unused;
	return segment_keys_create(&keys, NULL);
}

static int
teardown(void **unused)
{
	(void)unused;
	segment_keys_free(&keys);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_state_opens_for_its_own_request),
	    cmocka_unit_test(a_state_opens_for_nothing_else),
	    cmocka_unit_test(a_state_expires),
	    cmocka_unit_test(a_changed_state_does_not_open),
	    cmocka_unit_test(a_state_of_other_keys_does_not_open),
	    cmocka_unit_test(what_is_kept_is_bounded),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
