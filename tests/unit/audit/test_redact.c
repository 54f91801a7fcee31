/*
 * What is kept of a call's parameters, by name, by length, by depth.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audit/redact.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

#define PLENTY 65536

static void
check_copy(const char *given, const char *wanted)
{
	json_t *value = json_loads(given, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	struct buf out;

	assert_non_null(value);
	buf_init(&out, PLENTY);
	assert_int_equal(redact_put(&out, value, PLENTY), 0);
	assert_string_equal(buf_cstr(&out), wanted);
	buf_fini(&out);
	json_decref(value);
}

/* As a tree: no name stands twice in an object. */
static json_t *
copy_of(const json_t *value, size_t max_bytes)
{
	struct buf out;
	json_t *copy;

	buf_init(&out, 2 * PLENTY);
	assert_int_equal(redact_put(&out, value, max_bytes), 0);
	copy = json_loads(buf_cstr(&out), JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(copy);
	buf_fini(&out);
	return copy;
}

static void
names(void **state UNUSED)
{
	static const struct {
		const char *name;
		enum redact_kind kind;
	} table[] = {
	    {"password", REDACT_SECRET},
	    {"Admin_Password", REDACT_SECRET},
	    {"otp", REDACT_SECRET},
	    {"OTP", REDACT_SECRET},
	    {"client_secret", REDACT_SECRET},
	    {"integration_token", REDACT_SECRET},
	    {"tokenType", REDACT_SECRET},
	    {"oauth_consumer_key", REDACT_SECRET},
	    {"o-auth-token", REDACT_SECRET},
	    {"session", REDACT_SECRET},
	    {"session_id", REDACT_SECRET},
	    {"credentials", REDACT_SECRET},
	    {"Authorization", REDACT_SECRET},
	    {"consumer_key", REDACT_SECRET},
	    {"email", REDACT_PERSONAL},
	    {"customer_email", REDACT_PERSONAL},
	    {"Telephone", REDACT_PERSONAL},
	    {"street", REDACT_PERSONAL},
	    {"firstname", REDACT_PERSONAL},
	    {"first_name", REDACT_PERSONAL},
	    {"customer_lastname", REDACT_PERSONAL},
	    {"postcode", REDACT_PERSONAL},
	    {"city", REDACT_PERSONAL},
	    {"my-passwd", REDACT_SECRET},
	    {"passphrase", REDACT_SECRET},
	    {"x_api_key", REDACT_SECRET},
	    {"private_key_pem", REDACT_SECRET},
	    {"Set-Cookie", REDACT_SECRET},
	    {"card_number", REDACT_SECRET},
	    {"cc_number_enc", REDACT_SECRET},
	    {"bearer", REDACT_SECRET},
	    {"cvv", REDACT_SECRET},
	    {"middlename", REDACT_PERSONAL},
	    {"date_of_birth", REDACT_PERSONAL},
	    {"customer_taxvat", REDACT_PERSONAL},
	    {"vat_id", REDACT_PERSONAL},
	    {"remote_ip", REDACT_PERSONAL},
	    {"phone", REDACT_PERSONAL},
	    {"Fax", REDACT_PERSONAL},
	    {"dob", REDACT_PERSONAL},
	    {"zip", REDACT_PERSONAL},
	    {"email_token", REDACT_SECRET},
	    {"token_email", REDACT_SECRET},
	    {"emai_email", REDACT_PERSONAL},
	    {"passpassword", REDACT_SECRET},
	    {"sku", REDACT_NOTHING},
	    {"name", REDACT_NOTHING},
	    {"url_key", REDACT_NOTHING},
	    {"meta_keyword", REDACT_NOTHING},
	    {"idempotency_key", REDACT_NOTHING},
	    {"plan_id", REDACT_NOTHING},
	    {"option", REDACT_NOTHING},
	    {"capacity", REDACT_NOTHING},
	    {"username", REDACT_NOTHING},
	    {"zipper", REDACT_NOTHING},
	    {"unzip", REDACT_NOTHING},
	    {"botp", REDACT_NOTHING},
	    {"toke", REDACT_NOTHING},
	    {"~{|}\xff\x80", REDACT_NOTHING},
	    {"", REDACT_NOTHING},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		if (redact_name(table[i].name) != table[i].kind)
			fail_msg("%s", table[i].name);
	}
}

static void
a_name_too_long_to_judge_is_a_secret(void **state UNUSED)
{
	char name[300];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(redact_name(name), REDACT_SECRET);
	name[100] = '\0';
	assert_int_equal(redact_name(name), REDACT_NOTHING);
}

static void
every_depth(void **state UNUSED)
{
	check_copy("{\"username\":\"admin\",\"password\":\"p\",\"otp\":123456}",
		   "{\"username\":\"admin\",\"password\":\"[secret]\",\"otp\":\"[secret]\"}");
	check_copy("{\"a\":[{\"b\":{\"oauth_token\":[1,2],\"x\":1}},true,null,1.5]}",
		   "{\"a\":[{\"b\":{\"oauth_token\":\"[secret]\",\"x\":1}},true,null,1.5]}");
	check_copy("{\"credentials\":{\"anything\":\"x\"},\"session\":null}",
		   "{\"credentials\":\"[secret]\",\"session\":\"[secret]\"}");
	check_copy(
	    "{\"address\":{\"street\":[\"A 1\"],\"postcode\":12345},\"send_email\":true,\"email\":null}",
	    "{\"address\":{\"street\":\"[personal]\",\"postcode\":\"[personal]\"},\"send_email\":true,\"email\":null}");
	check_copy("{}", "{}");
	check_copy("[]", "[]");
	check_copy("5", "5");
}

static void
pairs(void **state UNUSED)
{
	check_copy(
	    "[{\"attribute_code\":\"email\",\"value\":\"a@b\"},{\"attribute_code\":\"color\",\"value\":\"red\"}]",
	    "[{\"attribute_code\":\"email\",\"value\":\"[personal]\"},{\"attribute_code\":\"color\",\"value\":\"red\"}"
	    "]");
	check_copy("{\"field\":\"api_token\",\"value\":[1]}", "{\"field\":\"api_token\",\"value\":\"[secret]\"}");
	check_copy("{\"field\":7,\"value\":[1]}", "{\"field\":7,\"value\":[1]}");
}

static void
texts_that_stand_for_anything(void **state UNUSED)
{
	check_copy("\"{\\\"password\\\":\\\"p\\\"}\"", "\"[text]\"");
	check_copy("{\"params\":\" { \\\"password\\\":\\\"p\\\"}\"}", "{\"params\":\"[text]\"}");
	check_copy("{\"a\":\"[ {\\\"password\\\":\\\"p\\\"}]\"}", "{\"a\":\"[text]\"}");
	check_copy("[\"{{widget type=\\\"x\\\"}}\",\"[1]\",\"{\",\"\"]",
		   "[\"{{widget type=\\\"x\\\"}}\",\"[1]\",\"{\",\"\"]");
}

static void
userinfo(void **state UNUSED)
{
	check_copy("{\"base_url\":\"https://joe:pw@shop.example/a@b\"}",
		   "{\"base_url\":\"https://[secret]@shop.example/a@b\"}");
	check_copy("[\"see http://a@b@c/ and ftp://x:y@z, not http://q/?r=@\"]",
		   "[\"see http://[secret]@c/ and ftp://[secret]@z, not http://q/?r=@\"]");
	check_copy("[\"mail a@b.example\", \"://\", \"://@\"]", "[\"mail a@b.example\",\"://\",\"://@\"]");
}

static json_t *
long_text(size_t chars, const char *character)
{
	char *text = calloc(chars + 1, 4);
	json_t *value;

	for (size_t i = 0; i < chars; i++)
		strcat(text + i * strlen(character), character);
	value = json_string(text);
	free(text);
	assert_non_null(value);
	return value;
}

static void
check_cut(size_t chars, const char *character, size_t kept_bytes, const char *mark)
{
	json_t *value = json_pack("[o]", long_text(chars, character));
	json_t *copy = copy_of(value, PLENTY);
	const char *text;

	text = json_string_value(json_array_get(copy, 0));
	assert_int_equal(strlen(text), kept_bytes + strlen(mark));
	assert_string_equal(text + kept_bytes, mark);
	json_decref(copy);
	json_decref(value);
}

static void
long_texts_are_cut(void **state UNUSED)
{
	check_cut(500, "a", 500, "");
	check_cut(501, "a", 500, "...[1 bytes more]");
	check_cut(500, "\xe2\x82\xac", 1500, "");
	check_cut(502, "\xe2\x82\xac", 1500, "...[6 bytes more]");
	check_cut(20000, "\xe2\x82\xac", 1500, "...[58500 bytes more]");
}

static size_t
len_of(const json_t *value)
{
	return json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
}

static void
size_is_bounded(void **state UNUSED)
{
	json_t *list = json_array(), *value = json_pack("{s:i, s:o, s:i}", "before", 1, "list", list, "after", 2);
	json_t *copy;

	for (int i = 0; i < 100000; i++)
		json_array_append_new(list, json_pack("{s:s}", "sku", "A\"\x01"));
	copy = copy_of(value, 1000);
	assert_in_range(len_of(copy), 500, 1000 + 3 * 32);
	assert_int_equal(json_integer_value(json_object_get(copy, "before")), 1);
	assert_null(json_object_get(copy, "after"));
	assert_string_equal(json_string_value(json_object_get(copy, "...")), "[1 more]");
	list = json_object_get(copy, "list");
	assert_non_null(strstr(json_string_value(json_array_get(list, json_array_size(list) - 1)), " more]"));
	json_decref(copy);
	/* Not even one fits. */
	copy = copy_of(value, 0);
	assert_int_equal(json_object_size(copy), 1);
	assert_string_equal(json_string_value(json_object_get(copy, "...")), "[3 more]");
	json_decref(copy);
	json_decref(value);
}

/* Whatever names a caller thinks of: what is left out is told once, and last. */
static void
a_name_like_the_mark_is_counted(void **state UNUSED)
{
	json_t *value, *copy;

	check_copy("{\"...\":\"nothing\",\"a\":{\"...\":1,\"b\":2}}",
		   "{\"a\":{\"b\":2,\"...\":\"[1 more]\"},\"...\":\"[1 more]\"}");
	check_copy("[\"...\",\"[1 more]\"]", "[\"...\",\"[1 more]\"]");
	value = json_pack("{s:i, s:i, s:i, s:s}", "a", 1, "...", 2, "b", 3, "long", "0123456789012345678901234567890");
	copy = copy_of(value, 130);
	assert_int_equal(json_object_size(copy), 3);
	assert_string_equal(json_string_value(json_object_get(copy, "...")), "[2 more]");
	json_decref(copy);
	json_decref(value);
}

/* No room in the buffer, though the copy may be that long: it is as it was. */
static void
a_buffer_that_is_full(void **state UNUSED)
{
	json_t *value = json_pack("{s:s}", "a", "0123456789");
	struct buf out;

	buf_init(&out, 8);
	assert_int_equal(buf_put_str(&out, "x"), 0);
	assert_int_equal(redact_put(&out, value, PLENTY), ERR_LIMIT);
	assert_string_equal(buf_cstr(&out), "x");
	buf_fini(&out);
	json_decref(value);
}

static void
depth_is_bounded(void **state UNUSED)
{
	json_t *value = json_string("x"), *copy, *at;

	for (int i = 0; i < 500; i++)
		value = i % 2 ? json_pack("[o]", value) : json_pack("{s:o}", "k", value);
	copy = copy_of(value, PLENTY);
	at = copy;
	for (int i = 0; i < REDACT_DEPTH_MAX; i++)
		at = json_is_array(at) ? json_array_get(at, 0) : json_object_get(at, "k");
	assert_string_equal(json_string_value(at), "[deeper]");
	json_decref(copy);
	json_decref(value);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names),
	    cmocka_unit_test(a_name_too_long_to_judge_is_a_secret),
	    cmocka_unit_test(every_depth),
	    cmocka_unit_test(pairs),
	    cmocka_unit_test(texts_that_stand_for_anything),
	    cmocka_unit_test(userinfo),
	    cmocka_unit_test(long_texts_are_cut),
	    cmocka_unit_test(size_is_bounded),
	    cmocka_unit_test(a_name_like_the_mark_is_counted),
	    cmocka_unit_test(a_buffer_that_is_full),
	    cmocka_unit_test(depth_is_bounded),
	};

	return cmocka_run_group_tests_name("audit/redact", tests, NULL, NULL);
}
