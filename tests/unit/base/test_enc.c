/*
 * test_enc.c - encoders against RFC vectors, decoders against everything that is nearly right
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/enc.h"
#include "base/err.h"

static struct buf out;

static int
setup(void **test_state)
{
	(void)test_state;
	buf_init(&out, 100000);
	return 0;
}

static int
teardown(void **test_state)
{
	(void)test_state;
	buf_fini(&out);
	return 0;
}

#define assert_put(call, expected)                                                                                     \
	do {                                                                                                           \
		buf_clear(&out);                                                                                       \
		assert_int_equal((call), 0);                                                                           \
		assert_string_equal(buf_cstr(&out), (expected));                                                       \
	} while (0)

/* ---- base64 ------------------------------------------------------------------------------------------------------ */

static const struct {
	const char *bytes;
	const char *text;
} rfc4648[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

static void
test_base64_vectors(void **test_state)
{
	(void)test_state;
	for (size_t i = 0; i < ARRAY_LEN(rfc4648); i++) {
		assert_put(enc_base64_put(&out, slice_from_str(rfc4648[i].bytes)), rfc4648[i].text);
		assert_put(enc_base64_decode(slice_from_str(rfc4648[i].text), &out), rfc4648[i].bytes);
	}
	assert_put(enc_base64_put(&out, SLICE_LIT("\xFB\xFF\xFE")), "+//+");
	assert_put(enc_base64url_put(&out, SLICE_LIT("\xFB\xFF\xFE")), "-__-");
	assert_put(enc_base64url_put(&out, SLICE_LIT("f")), "Zg");
	assert_put(enc_base64url_put(&out, SLICE_LIT("fo")), "Zm8");
	assert_put(enc_base64_decode(SLICE_LIT("+//+"), &out), "\xFB\xFF\xFE");
	assert_put(enc_base64url_decode(SLICE_LIT("-__-"), &out), "\xFB\xFF\xFE");
	assert_put(enc_base64url_decode(SLICE_LIT("Zm9vYg"), &out), "foob");
	assert_put(enc_base64_put(&out, SLICE_NONE), "");
	assert_put(enc_base64_decode(SLICE_NONE, &out), "");
}

static void
test_base64_rejects(void **test_state)
{
	/* clang-format off */
	static const char *const bad[] = {
	    /* lengths and padding */
	    "Z", "Zg", "Zg=", "Zm8", "Zm9vY", "=", "==", "===", "====", "A===", "Zg==Zg==", "Zg=v", "Z=g=", "=Zg=",
	    "==Zg", "Zm=v", "Zm9v====", "Zm9v=", "Zg==AAAA",
	    /* characters */
	    "Zg= ", " Zg==", "Zg==\n", "Zm9v\n", "Zm9-", "Zm9_", "Zm9v Zm9", "Zm\xC3\xA4", "Zm+=",
	    /* left-over bits that are not zero */
	    "Zh==", "Zv==", "Zn==", "Zo==", "Zm9=",
	};
	/* clang-format on */

	(void)test_state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		buf_clear(&out);
		buf_put_str(&out, "before");
		if (enc_base64_decode(slice_from_str(bad[i]), &out) != ERR_INVALID)
			fail_msg("\"%s\" was accepted", bad[i]);
		assert_string_equal(buf_cstr(&out), "before");
	}
	assert_int_equal(enc_base64_decode(SLICE_LIT("Zm9\0"), &out), ERR_INVALID);
}

static void
test_base64url_rejects(void **test_state)
{
	static const char *const bad[] = {
	    "Z", "Zg==", "Zm8=", "Zm9vY", "Zm+v", "Zm/v", "Zh", "Zm9", "Zm9v=", "Zm9v\n", " Zg", "Zg ", "AAAA=AAA",
	};

	(void)test_state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		buf_clear(&out);
		if (enc_base64url_decode(slice_from_str(bad[i]), &out) != ERR_INVALID)
			fail_msg("\"%s\" was accepted", bad[i]);
		assert_int_equal(out.len, 0);
	}
}

/* Of the 64 * 64 texts of two characters exactly 256 decode, each to another byte. */
static void
test_base64url_is_one_to_one(void **test_state)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	bool seen[256] = {false};
	int count = 0;

	(void)test_state;
	for (int i = 0; i < 64 * 64; i++) {
		char text[2] = {alphabet[i / 64], alphabet[i % 64]};

		buf_clear(&out);
		if (enc_base64url_decode(slice_of(text, 2), &out) < 0)
			continue;
		assert_int_equal(out.len, 1);
		assert_false(seen[(unsigned char)out.ptr[0]]);
		seen[(unsigned char)out.ptr[0]] = true;
		count++;
	}
	assert_int_equal(count, 256);
}

static void
test_base64_round_trip(void **test_state)
{
	char bytes[200];
	struct buf back;

	(void)test_state;
	buf_init(&back, 1000);
	for (size_t len = 0; len < sizeof(bytes); len++) {
		for (size_t i = 0; i < len; i++)
			bytes[i] = (char)(i * 89 + len);
		buf_clear(&out);
		buf_clear(&back);
		assert_int_equal(enc_base64_put(&out, slice_of(bytes, len)), 0);
		assert_int_equal(enc_base64_decode(buf_slice(&out), &back), 0);
		assert_true(slice_eq(buf_slice(&back), slice_of(bytes, len)));
		buf_clear(&out);
		buf_clear(&back);
		assert_int_equal(enc_base64url_put(&out, slice_of(bytes, len)), 0);
		assert_int_equal(enc_base64url_decode(buf_slice(&out), &back), 0);
		assert_true(slice_eq(buf_slice(&back), slice_of(bytes, len)));
	}
	buf_fini(&back);
}

/* ---- hex and percent --------------------------------------------------------------------------------------------- */

static void
test_hex(void **test_state)
{
	static const char digits[] = "0123456789abcdef", capitals[] = "0123456789ABCDEF";
	int n = 0;

	(void)test_state;
	for (int i = 0; i < 16; i++) {
		assert_int_equal(enc_hex_value(digits[i]), i);
		assert_int_equal(enc_hex_value(capitals[i]), i);
	}
	for (int c = -128; c < 128; c++)
		n += enc_hex_value((char)c) >= 0;
	assert_int_equal(n, 22);
}

static void
test_percent(void **test_state)
{
	(void)test_state;
	assert_put(enc_percent_put(&out, SLICE_LIT("AZaz09-._~")), "AZaz09-._~");
	assert_put(enc_percent_put(&out, SLICE_LIT("a b/c?d=e&f+g%")), "a%20b%2Fc%3Fd%3De%26f%2Bg%25");
	assert_put(enc_percent_put(&out, SLICE_LIT("\0\xC3\xA4\xFF")), "%00%C3%A4%FF");
	assert_put(enc_percent_put(&out, SLICE_LIT("!*'()")), "%21%2A%27%28%29"); /* OAuth 1.0 wants these too */
	assert_put(enc_percent_put(&out, SLICE_NONE), "");
}

static void
test_percent_keeps_66_bytes(void **test_state)
{
	int kept = 0;

	(void)test_state;
	for (int i = 0; i < 256; i++) {
		char byte = (char)i;

		buf_clear(&out);
		assert_int_equal(enc_percent_put(&out, slice_of(&byte, 1)), 0);
		assert_true(out.len == 1 || out.len == 3);
		kept += out.len == 1;
	}
	assert_int_equal(kept, 66);
}

/* Any byte at any place of a text gives what it gives by itself, also where the buffer has room for no more than that.
 */
static void
test_percent_wherever_it_stands(void **test_state)
{
	char text[41], expected[64];
	struct buf alone, exact;
	size_t len;

	(void)test_state;
	for (int c = 0; c < 256; c++) {
		char byte = (char)c;

		buf_init(&alone, 3);
		assert_int_equal(enc_percent_put(&alone, slice_of(&byte, 1)), 0);
		for (size_t at = 0; at + 1 < sizeof(text); at++) {
			snprintf(text, sizeof(text), "abcdefghijklmnopqrstuvwxyz0123456789-._~");
			len = (size_t)snprintf(expected, sizeof(expected), "%.*s%s%s", (int)at, text, buf_cstr(&alone),
					       text + at + 1);
			text[at] = byte;
			buf_init(&exact, len);
			assert_int_equal(enc_percent_put(&exact, slice_of(text, sizeof(text) - 1)), 0);
			assert_string_equal(buf_cstr(&exact), expected);
			buf_fini(&exact);
		}
		buf_fini(&alone);
	}
}

static void
test_percent_of_nothing_but_escapes(void **test_state)
{
	char text[50];

	(void)test_state;
	memset(text, '/', sizeof(text));
	for (size_t len = 0; len <= sizeof(text); len++) {
		buf_clear(&out);
		assert_int_equal(enc_percent_put(&out, slice_of(text, len)), 0);
		assert_int_equal(out.len, 3 * len);
		for (size_t i = 0; i < len; i++)
			assert_memory_equal(buf_cstr(&out) + 3 * i, "%2F", 3);
	}
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static void
test_json(void **test_state)
{
	(void)test_state;
	assert_put(enc_json_put(&out, SLICE_NONE), "\"\"");
	assert_put(enc_json_put(&out, SLICE_LIT("plain")), "\"plain\"");
	assert_put(enc_json_put(&out, SLICE_LIT("a\"b\\c/")), "\"a\\\"b\\\\c/\"");
	assert_put(enc_json_put(&out, SLICE_LIT("\b\f\n\r\t")), "\"\\b\\f\\n\\r\\t\"");
	assert_put(enc_json_put(&out, SLICE_LIT("\0\x01\x1F\x7F")), "\"\\u0000\\u0001\\u001f\\u007f\"");
	assert_put(enc_json_put(&out, SLICE_LIT("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80")),
		   "\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\"");
}

#define BAD "\xEF\xBF\xBD"

static void
test_json_replaces_invalid_utf8(void **test_state)
{
	(void)test_state;
	assert_put(enc_json_put(&out, SLICE_LIT("a\xFFz")), "\"a" BAD "z\"");
	assert_put(enc_json_put(&out, SLICE_LIT("\xC3")), "\"" BAD "\"");
	assert_put(enc_json_put(&out, SLICE_LIT("\xC3\"")), "\"" BAD "\\\"\""); /* the quote is not swallowed */
	assert_put(enc_json_put(&out, SLICE_LIT("\xE2\x82\"")), "\"" BAD BAD "\\\"\"");
	assert_put(enc_json_put(&out, SLICE_LIT("\xC0\xA2")), "\"" BAD BAD "\""); /* an overlong quote */
	assert_put(enc_json_put(&out, SLICE_LIT("\xED\xA0\x80")), "\"" BAD BAD BAD "\"");
	assert_put(enc_json_put(&out, SLICE_LIT("\xF4\x90\x80\x80")), "\"" BAD BAD BAD BAD "\"");
}

/* All pairs of bytes: the result is UTF-8, without control characters, and its quotes are where they must be. */
static void
test_json_every_pair_is_safe(void **test_state)
{
	(void)test_state;
	for (int pair = 0; pair < 65536; pair++) {
		char text[2] = {(char)(pair >> 8), (char)pair};
		size_t i = 1;

		buf_clear(&out);
		assert_int_equal(enc_json_put(&out, slice_of(text, 2)), 0);
		if (!slice_is_utf8(buf_slice(&out)) || out.ptr[0] != '"' || out.ptr[out.len - 1] != '"')
			fail_msg("pair %04x", (unsigned)pair);
		for (; i < out.len - 1; i += out.ptr[i] == '\\' ? 2 : 1) {
			if ((unsigned char)out.ptr[i] < 0x20 || out.ptr[i] == '"')
				fail_msg("pair %04x", (unsigned)pair);
		}
		assert_int_equal(i, out.len - 1);
	}
}

/* Each length at each place of a word, what is odd at each place, up to the last byte that there is. */
static void
test_json_looks_no_further_than_the_end(void **test_state)
{
	static const char odd[] = {'"', '\\', '\0', 0x1F, 0x7F, (char)0x80, (char)0xFF, '~'};

	(void)test_state;
	for (size_t i = 0; i < 65 * 8; i++) {
		size_t len = i / 8, before = i % 8;
		char *memory = malloc(before + len + (before + len == 0));
		char *text = memory + before;

		assert_non_null(memory);
		memset(memory, '"', before);
		memset(text, ' ', len);
		for (size_t at = 0; at < len; at++) {
			struct slice one = slice_of(text + at, 1);
			size_t cost;

			text[at] = odd[(at + i) % sizeof(odd)];
			buf_clear(&out);
			assert_int_equal(enc_json_put(&out, one), 0);
			cost = out.len - 2;
			assert_int_equal(enc_json_put(&out, slice_of(text, len)), 0);
			assert_int_equal(out.len, cost + 2 + len - 1 + cost + 2);
			assert_memory_equal(out.ptr + cost + 3 + at, out.ptr + 1, cost);
			text[at] = ' ';
		}
		free(memory);
	}
}

/* What each byte becomes by itself, one after the other. */
static size_t
put_singly(const char *text, size_t len, char *to)
{
	size_t at = 0;

	for (size_t i = 0; i < len; i++) {
		buf_clear(&out);
		assert_int_equal(enc_json_put(&out, slice_of(text + i, 1)), 0);
		memcpy(to + at, out.ptr + 1, out.len - 2);
		at += out.len - 2;
	}
	return at;
}

/* Many quotes, now and then something stranger, in a buffer that has exactly the room, or a byte less. */
static void
test_json_of_mixed_texts(void **test_state)
{
	static const char letters[] = "\"\"\"\\abcdefghijklmnopqrstuvwxyz:,{}\n\x7F";
	uint32_t seed = 1;
	char expected[6 * 150];

	(void)test_state;
	for (size_t round = 0; round < 600; round++) {
		size_t len = round % 150, kinds = round % 3 == 0 ? 4 : sizeof(letters) - (round % 3 == 1 ? 3 : 1), n;
		char *text = malloc(len + 1);

		assert_non_null(text);
		for (size_t i = 0; i < len; i++) {
			seed = seed * 1664525 + 1013904223;
			text[i] = letters[(seed >> 16) % kinds];
		}
		n = put_singly(text, len, expected);
		for (size_t lacks = 0; lacks < 2; lacks++) {
			struct buf b;

			buf_init(&b, n + 2 - lacks);
			assert_int_equal(enc_json_put(&b, slice_of(text, len)), lacks == 0 ? 0 : ERR_LIMIT);
			assert_int_equal(b.len, lacks == 0 ? n + 2 : 0);
			if (lacks == 0)
				assert_memory_equal(b.ptr + 1, expected, n);
			buf_fini(&b);
		}
		free(text);
	}
}

/* ---- Full buffers ------------------------------------------------------------------------------------------------ */

static void
test_put_is_whole_or_nothing(void **test_state)
{
	struct slice text = SLICE_LIT("ab\"\xFF /");

	(void)test_state;
	for (size_t max = 3; max < 12; max++) {
		for (int kind = 0; kind < 4; kind++) {
			struct buf b;
			int r;

			buf_init(&b, max);
			buf_put_str(&b, "xyz");
			r = kind == 0	? enc_base64_put(&b, text)
			    : kind == 1 ? enc_base64url_put(&b, text)
			    : kind == 2 ? enc_percent_put(&b, text)
					: enc_json_put(&b, text);
			assert_true(r == 0 || r == ERR_LIMIT);
			assert_int_equal(b.failed, r);
			if (r < 0)
				assert_string_equal(buf_cstr(&b), "xyz");
			else
				assert_true(kind < 2 && b.len == 11); /* six bytes need eight characters */
			buf_fini(&b);
		}
	}
}

static void
test_decode_into_full_buffer(void **test_state)
{
	struct buf b;

	(void)test_state;
	buf_init(&b, 5);
	assert_int_equal(enc_base64_decode(SLICE_LIT("Zm9vYmE="), &b), 0);
	buf_clear(&b);
	assert_int_equal(enc_base64_decode(SLICE_LIT("Zm9vYmFy"), &b), ERR_LIMIT);
	assert_int_equal(b.len, 0);
	buf_fini(&b);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_base64_vectors),
	    TEST(test_base64_rejects),
	    TEST(test_base64url_rejects),
	    TEST(test_base64url_is_one_to_one),
	    TEST(test_base64_round_trip),
	    TEST(test_hex),
	    TEST(test_percent),
	    TEST(test_percent_keeps_66_bytes),
	    TEST(test_percent_wherever_it_stands),
	    TEST(test_percent_of_nothing_but_escapes),
	    TEST(test_json),
	    TEST(test_json_looks_no_further_than_the_end),
	    TEST(test_json_of_mixed_texts),
	    TEST(test_json_replaces_invalid_utf8),
	    TEST(test_json_every_pair_is_safe),
	    TEST(test_put_is_whole_or_nothing),
	    TEST(test_decode_into_full_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
