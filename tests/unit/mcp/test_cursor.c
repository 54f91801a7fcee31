/*
 * test_cursor.c - cursors come back as they were given, and nothing else is taken
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../../src/mcp/cursor.h"
#include "base/err.h"
#include "shm/segment.h"

static const struct cursor_use use = {.list = {"resources/list", 14}, .principal = {"alice", 5}};

static struct segment_keys *
new_keys(void)
{
	struct segment_keys *keys = NULL;
	struct err err;

	assert_int_equal(segment_keys_create(&keys, &err), 0);
	return keys;
}

static void
make(struct segment_keys *keys, struct cursor cursor, char text_r[static CURSOR_TEXT_LEN + 1])
{
	struct buf out;

	buf_init(&out, CURSOR_TEXT_LEN);
	assert_int_equal(cursor_put(&out, keys, &use, &cursor), 0);
	assert_int_equal(slice_to_str(buf_slice(&out), text_r, CURSOR_TEXT_LEN + 1), 0);
	assert_int_equal(out.len, CURSOR_TEXT_LEN);
	buf_fini(&out);
}

static void
comes_back(void **state)
{
	static const struct cursor rows[] = {{0, 0}, {1, 50}, {UINT32_MAX, UINT32_MAX}, {0x01020304, 0x05060708}};
	struct segment_keys *keys = new_keys();
	char text[CURSOR_TEXT_LEN + 1];
	struct cursor cursor;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		make(keys, rows[i], text);
		assert_int_equal(cursor_take(slice_from_str(text), keys, &use, &cursor), 0);
		assert_int_equal(cursor.row, rows[i].row);
		assert_int_equal(cursor.from, rows[i].from);
	}
	segment_keys_free(&keys);
}

static void
every_changed_character_is_seen(void **state)
{
	struct segment_keys *keys = new_keys();
	char text[CURSOR_TEXT_LEN + 1];
	struct cursor cursor;

	(void)state;
	make(keys, (struct cursor){3, 70}, text);
	for (size_t i = 0; i < CURSOR_TEXT_LEN; i++) {
		char was = text[i];

		text[i] = was == 'A' ? 'B' : 'A';
		assert_int_equal(cursor_take(slice_from_str(text), keys, &use, &cursor), ERR_INVALID);
		text[i] = was;
	}
	for (size_t len = 0; len < CURSOR_TEXT_LEN; len++)
		assert_int_equal(cursor_take(slice_of(text, len), keys, &use, &cursor), ERR_INVALID);
	assert_int_equal(cursor_take(SLICE_NONE, keys, &use, &cursor), ERR_INVALID);
	segment_keys_free(&keys);
}

static void
belongs_to_one_caller_one_list_one_boot(void **state)
{
	const struct cursor_use others[] = {
	    {.list = use.list, .principal = SLICE_LIT("bob")},
	    {.list = SLICE_LIT("prompts/list"), .principal = use.principal},
	    {.list = SLICE_LIT("resources/lista"), .principal = SLICE_LIT("lice")}, /* the same bytes in a row */
	};
	struct segment_keys *keys = new_keys(), *later = new_keys();
	char text[CURSOR_TEXT_LEN + 1];
	struct cursor cursor;

	(void)state;
	make(keys, (struct cursor){3, 70}, text);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_int_equal(cursor_take(slice_from_str(text), keys, &others[i], &cursor), ERR_INVALID);
	assert_int_equal(cursor_take(slice_from_str(text), later, &use, &cursor), ERR_INVALID);
	segment_keys_free(&keys);
	segment_keys_free(&later);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(comes_back),
	    cmocka_unit_test(every_changed_character_is_seen),
	    cmocka_unit_test(belongs_to_one_caller_one_list_one_boot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
