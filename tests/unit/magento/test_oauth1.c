/*
 * Signatures, against what a real server computed and accepted (tests/data/oauth/NOTICE).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/err.h"
#include "magento/oauth1.h"
#include "magento/param.h"

#define QUERY_MAX 64

struct vector {
	struct secret consumer_key, consumer_secret, token, token_secret;
	struct oauth1_request request;
	struct oauth1_signer signer;
	struct magento_param query[QUERY_MAX];
	size_t n_query;
	char text[16384]; /* decoded path and query live here */
	char url[16384];
};

static const char *
str(const json_t *obj, const char *key)
{
	const char *value = json_string_value(json_object_get(obj, key));

	return value != NULL ? value : "";
}

static void
unescape(char *s)
{
	char *out = s;
	unsigned byte;

	for (; *s != '\0'; s++) {
		if (*s == '%' && sscanf(s + 1, "%2x", &byte) == 1) {
			*out++ = (char)byte;
			s += 2;
		} else {
			*out++ = *s;
		}
	}
	*out = '\0';
}

static void
set(struct secret *secret, const char *value)
{
	assert_int_equal(secret_set(secret, slice_from_str(value)), 0);
}

/* As it is sent, into v->url.  A parameter is a parameter: what the protocol has no field for goes into the query. */
static void
set_url(struct vector *v, const char *base_url, const char *version)
{
	struct buf url;

	if (version[0] != '\0')
		v->query[v->n_query++] = (struct magento_param){"oauth_version", version};
	buf_init(&url, sizeof(v->url) - 1);
	buf_put_str(&url, base_url);
	buf_put_str(&url, v->text);
	assert_int_equal(param_query_put(&url, v->query, v->n_query), 0);
	memcpy(v->url, buf_cstr(&url), url.len + 1);
	v->request.url = slice_of(v->url, url.len);
	buf_fini(&url);
}

static void
load(const json_t *doc, const json_t *item, struct vector *v)
{
	bool is_plain = strstr(str(item, "name"), "http scheme seen by the server") != NULL;
	char *query;
	size_t i;

	memset(v, 0, sizeof(*v));
	set(&v->consumer_key, str(item, "consumer_key"));
	set(&v->consumer_secret, str(doc, "consumer_secret"));
	set(&v->token, str(item, "token"));
	set(&v->token_secret, str(doc, "token_secret"));
	snprintf(v->text, sizeof(v->text), "%s", str(item, "path"));
	query = strchr(v->text, '?');
	if (query != NULL) {
		*query++ = '\0';
		v->n_query = param_query_split(query, v->query, QUERY_MAX - 1);
		for (i = 0; i < v->n_query; i++) {
			unescape(v->text + (v->query[i].name - v->text));
			if (v->query[i].value[0] != '\0') /* "" of a bare name is a constant */
				unescape(v->text + (v->query[i].value - v->text));
		}
	}
	v->request.method = str(item, "method");
	set_url(v, is_plain ? "http://magento.test" : str(doc, "base_url"), str(item, "version"));
	v->signer = (struct oauth1_signer){.consumer_key = &v->consumer_key,
					   .consumer_secret = &v->consumer_secret,
					   .token = &v->token,
					   .token_secret = &v->token_secret,
					   .nonce = str(item, "nonce")};
	v->signer.timestamp_s = strtoull(str(item, "timestamp"), NULL, 10);
}

/* Requests of a shape that this client never sends; the server drops parts of them from its base string. */
static bool
is_sendable(const struct vector *v, const json_t *item)
{
	const char *query = strchr(str(item, "path"), '?');
	const char *part;
	size_t equals;

	if (param_has_repeated(v->query, v->n_query))
		return false;
	for (part = query; part != NULL; part = strchr(part + 1, '&')) {
		for (equals = 0, query = part + 1; *query != '\0' && *query != '&'; query++)
			equals += *query == '=';
		if (equals != 1)
			return false;
	}
	return true;
}

static json_t *
load_vectors(void)
{
	json_t *doc = json_load_file(TEST_DATA "/oauth/vectors.json", 0, NULL);

	assert_non_null(doc);
	return doc;
}

static void
gives_the_servers_base_string(void **state)
{
	json_t *doc = load_vectors();
	json_t *item;
	struct vector v;
	struct buf base;
	size_t i, checked = 0;

	(void)state;
	json_array_foreach(json_object_get(doc, "vectors"), i, item)
	{
		load(doc, item, &v);
		if (!json_is_string(json_object_get(item, "server_base_string")) || !is_sendable(&v, item))
			continue;
		buf_init(&base, OAUTH1_BASE_MAX);
		assert_int_equal(oauth1_base_string(&v.request, &v.signer, &base), 0);
		if (strcmp(buf_cstr(&base), str(item, "server_base_string")) != 0)
			print_error("%s\n", str(item, "name"));
		assert_string_equal(buf_cstr(&base), str(item, "server_base_string"));
		buf_fini(&base);
		checked++;
	}
	assert_true(checked >= 40);
	json_decref(doc);
}

static void
gives_the_signatures_that_were_accepted(void **state)
{
	json_t *doc = load_vectors();
	json_t *item;
	struct vector v;
	struct buf base, signature;
	size_t i, checked = 0;

	(void)state;
	json_array_foreach(json_object_get(doc, "vectors"), i, item)
	{
		load(doc, item, &v);
		/* One integration had secrets of its own, which were not recorded. */
		if (!json_is_true(json_object_get(item, "accepted")) || !is_sendable(&v, item) ||
		    strcmp(str(item, "consumer_key"), "dummyconsumerkey0000000000000000") != 0)
			continue;
		buf_init(&base, OAUTH1_BASE_MAX);
		buf_init(&signature, 64);
		assert_int_equal(oauth1_base_string(&v.request, &v.signer, &base), 0);
		assert_int_equal(oauth1_signature(buf_slice(&base), &v.signer, &signature), 0);
		if (strcmp(buf_cstr(&signature), str(item, "signature")) != 0)
			print_error("%s\n", str(item, "name"));
		assert_string_equal(buf_cstr(&signature), str(item, "signature"));
		buf_fini(&base);
		buf_fini(&signature);
		checked++;
	}
	assert_true(checked >= 25);
	json_decref(doc);
}

static void
paths_as_the_server_signs_them(void **state)
{
	static const struct {
		const char *sent;
		const char *is_signed;
	} cases[] = {
	    {"/rest/all/V1/products/abc", "/rest/all/V1/products/abc"},
	    {"/a%2Fb", "/a/b"},
	    {"/a%2fb", "/a/b"},
	    {"/a%2Bb%26c%3Ad%2Ce%3Bf%3Dg%40h%24i", "/a+b&c:d,e;f=g@h$i"},
	    {"/a%20b", "/a%20b"},
	    {"/caf%c3%a9", "/caf%C3%A9"},
	    {"/a%23b%3Fc%27d%22", "/a%23b%3Fc%27d%22"},
	    {"/a%28b%29", "/a%28b%29"},
	    {"/a(b)", "/a(b)"},
	    {"/50%25", "/50%25"},
	    {"/50%25%20off", "/50%25%20off"},
	    {"/50%25zz", "/50%25zz"},
	    {"/x%2541", "/x%41"},
	    {"/x%252f", "/x%2f"},
	    {"/x%2525", "/x%25"},
	    {"/x%252541", "/x%2541"},
	    {"/%41%7E%2E", "/A~."},
	    {"/a%5Bb%5d", "/a%5Bb%5D"},
	    {"/tail%", "/tail%25"},
	    {"/tail%4", "/tail%254"},
	    {"/%00%0a", "/%00%0A"},
	};
	struct buf out;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		buf_init(&out, 1024);
		assert_int_equal(oauth1_path_put(&out, slice_from_str(cases[i].sent)), 0);
		assert_string_equal(buf_cstr(&out), cases[i].is_signed);
		buf_fini(&out);
	}
}

static int
sign(int n)
{
	return (n > 0) - (n < 0);
}

static void
natural_order(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		int expected;
	} cases[] = {
	    {"a", "b", -1},
	    {"a", "a", 0},
	    {"a", "ab", -1},
	    {"", "a", -1},
	    {"a2", "a10", -1},
	    {"a10", "a9", 1},
	    {"a10b", "a10a", 1},
	    {"a1", "a1b", -1},
	    {"a1", "ab", -1},
	    {"x%5B9%5D", "x%5B10%5D", -1},
	    {"x%5B0%5D", "x%5B10%5D", -1},
	    {"x%5B1%5D%5Bv%5D", "x%5B10%5D%5Ba%5D", -1},
	    {"x%5B2%5D", "x%5B12%5D", -1},
	    {"fields", "oauth_nonce", -1},
	    {"Z", "a", -1},
	    {"1.010", "1.001", 1},
	    {"0005", "4", 1},
	    {"12", "12", 0},
	    {"1", "1a", -1},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(sign(oauth1_natcmp(slice_from_str(cases[i].a), slice_from_str(cases[i].b))),
				 cases[i].expected);
		assert_int_equal(sign(oauth1_natcmp(slice_from_str(cases[i].b), slice_from_str(cases[i].a))),
				 -cases[i].expected);
	}
}

static int
base_string_for(const char *url, struct buf *out)
{
	struct secret some = {0};
	struct oauth1_request request = {"GET", slice_from_str(url)};
	struct oauth1_signer signer = {&some, &some, &some, &some, 1700000000, "n"};

	set(&some, "k+");
	buf_init(out, OAUTH1_BASE_MAX);
	return oauth1_base_string(&request, &signer, out);
}

static void
urls_in_the_base_string(void **state)
{
	static const struct {
		const char *url;
		const char *expected; /* encoded, or NULL: refused */
	} cases[] = {
	    {"https://shop.example/x", "GET&https%3A%2F%2Fshop.example%2Fx&"},
	    {"http://shop.example:443/x", "GET&http%3A%2F%2Fshop.example%3A443%2Fx&"},
	    {"https://shop.example:8443/sub/x", "GET&https%3A%2F%2Fshop.example%3A8443%2Fsub%2Fx&"},
	    {"https://[2001:db8::1]/x", "GET&https%3A%2F%2F%5B2001%3Adb8%3A%3A1%5D%2Fx&"},
	    {"https://shop.example/a%2fb~%20", "GET&https%3A%2F%2Fshop.example%2Fa%2Fb~%2520&"},
	    {"https://shop.example/x?a%3Ab=c", "GET&https%3A%2F%2Fshop.example%2Fx&a%253Ab%3Dc%26oauth_"},
	    {"https://shop.example", NULL},
	    {"https:///x", NULL},
	    {"shop.example", NULL},
	    {"/x", NULL},
	    {"", NULL},
	};
	struct buf base;
	size_t i;
	int r;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		r = base_string_for(cases[i].url, &base);
		assert_int_equal(r, cases[i].expected != NULL ? 0 : ERR_INVALID);
		if (cases[i].expected != NULL)
			assert_true(slice_has_prefix(buf_slice(&base), cases[i].expected));
		buf_fini(&base);
	}
}

/* Before, between and behind those of the protocol; whose values are encoded, too. */
static void
parameters_find_their_place(void **state)
{
	static const struct {
		const char *query;
		const char *expected;
	} cases[] = {
	    {"", "@K@N@M@T@O"},
	    {"?a=1", "a%3D1@K@N@M@T@O"},
	    {"?z=1", "@K@N@M@T@O@z%3D1"},
	    {"?z=1&a=2", "a%3D2@K@N@M@T@O@z%3D1"},
	    {"?oauth=1", "oauth%3D1@K@N@M@T@O"},
	    {"?oauth_1=1", "oauth_1%3D1@K@N@M@T@O"},
	    {"?oauthx=1", "@K@N@M@T@O@oauthx%3D1"},
	    {"?oauth_token2=1&oauth_nonce%5B1%5D=2", "@K@N@oauth_nonce%255B1%255D%3D2@M@T@O@oauth_token2%3D1"},
	    {"?oauth_version=1.0", "@K@N@M@T@O@oauth_version%3D1.0"},
	    {"?Z=1", "Z%3D1@K@N@M@T@O"},
	    {"?%C3%A9=1", "%25C3%25A9%3D1@K@N@M@T@O"},
	    {"?x%5B10%5D=1&x%5B9%5D=a%20%2B", "@K@N@M@T@O@x%255B9%255D%3Da%2520%252B@x%255B10%255D%3D1"},
	};
	static const struct {
		char letter;
		const char *text;
	} marks[] = {{'K', "oauth_consumer_key%3Dk%252B"},
		     {'N', "oauth_nonce%3Dn"},
		     {'M', "oauth_signature_method%3DHMAC-SHA256"},
		     {'T', "oauth_timestamp%3D1700000000"},
		     {'O', "oauth_token%3Dk%252B"}};
	struct buf base, expected;
	char url[256];
	const char *p;
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		snprintf(url, sizeof(url), "https://s/x%s", cases[i].query);
		assert_int_equal(base_string_for(url, &base), 0);
		buf_init(&expected, 1024);
		buf_put_str(&expected, "GET&https%3A%2F%2Fs%2Fx&");
		for (p = cases[i].expected; *p != '\0'; p++) {
			if (*p != '@') {
				buf_put_char(&expected, *p);
				continue;
			}
			if (p > cases[i].expected)
				buf_put_str(&expected, "%26");
			for (k = 0; k < ARRAY_LEN(marks) && marks[k].letter != p[1]; k++)
				;
			if (k < ARRAY_LEN(marks)) {
				buf_put_str(&expected, marks[k].text);
				p++;
			}
		}
		assert_string_equal(buf_cstr(&base), buf_cstr(&expected));
		buf_fini(&expected);
		buf_fini(&base);
	}
}

static void
refuses_what_cannot_be_signed(void **state)
{
	static const char *const invalid[] = {"https://s/x?",	   "https://s/x?a",	"https://s/x?a=1&",
					      "https://s/x?a=1=2", "https://s/x?a=1&b", "https://s/x?a=1&b=2&a=3"};
	struct buf base, many;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(invalid); i++) {
		assert_int_equal(base_string_for(invalid[i], &base), ERR_INVALID);
		buf_fini(&base);
	}
	buf_init(&many, 16384);
	buf_put_str(&many, "https://s/x?n0=");
	for (i = 1; i < OAUTH1_PARAMS_MAX; i++)
		buf_printf(&many, "&n%zu=", i);
	assert_int_equal(base_string_for(buf_cstr(&many), &base), 0);
	buf_fini(&base);
	buf_put_str(&many, "&more=");
	assert_int_equal(base_string_for(buf_cstr(&many), &base), ERR_LIMIT);
	buf_fini(&base);
	buf_fini(&many);
}

static const json_t *
find_vector(const json_t *doc, const char *name)
{
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(doc, "vectors"), i, item)
	{
		if (strcmp(str(item, "name"), name) == 0)
			return item;
	}
	fail_msg("no vector %s", name);
	return NULL;
}

/* One that the server accepted without a version: that is how requests are sent. */
static void
header_holds_six_fields(void **state)
{
	json_t *doc = load_vectors();
	const json_t *item = find_vector(doc, "oauth_version missing (allowed)");
	struct vector v;
	struct buf header;

	(void)state;
	load(doc, item, &v);
	assert_true(json_is_true(json_object_get(item, "accepted")));
	buf_init(&header, OAUTH1_HEADER_MAX);
	assert_int_equal(oauth1_authorization(&v.request, &v.signer, &header), 0);
	assert_string_equal(buf_cstr(&header), "OAuth oauth_consumer_key=\"dummyconsumerkey0000000000000000\","
					       "oauth_nonce=\"ee5e59ab05339d678da4c534547b391b\","
					       "oauth_signature_method=\"HMAC-SHA256\",oauth_timestamp=\"1795335504\","
					       "oauth_token=\"dummyaccesstoken0000000000000000\","
					       "oauth_signature=\"jKVf2doe56xCNy7vHQZ%2FyFdU15ryNgOhVislYkpGztw%3D\"");
	buf_fini(&header);
	json_decref(doc);
}

/* The longest secrets, all of them to be escaped, still make a header. */
static void
header_has_room_for_any_secret(void **state)
{
	struct oauth1_request request = {"DELETE", SLICE_LIT("https://s/x")};
	struct secret some = {.len = SECRET_MAX};
	struct oauth1_signer signer = {&some, &some, &some, &some, UINT64_MAX, "0123456789abcdef0123456789abcdef"};
	struct buf header;

	(void)state;
	memset(some.bytes, '+', SECRET_MAX);
	buf_init_secret(&header, OAUTH1_HEADER_MAX);
	assert_int_equal(oauth1_authorization(&request, &signer, &header), 0);
	assert_true(header.len > 6 * SECRET_MAX);
	assert_true(slice_has_prefix(buf_slice(&header), "OAuth oauth_consumer_key=\"%2B%2B"));
	assert_string_equal(buf_cstr(&header) + header.len - 4, "%3D\"");
	buf_fini(&header);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(gives_the_servers_base_string),  cmocka_unit_test(gives_the_signatures_that_were_accepted),
	    cmocka_unit_test(paths_as_the_server_signs_them), cmocka_unit_test(natural_order),
	    cmocka_unit_test(urls_in_the_base_string),	      cmocka_unit_test(parameters_find_their_place),
	    cmocka_unit_test(refuses_what_cannot_be_signed),  cmocka_unit_test(header_has_room_for_any_secret),
	    cmocka_unit_test(header_holds_six_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
