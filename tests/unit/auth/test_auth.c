#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "auth/auth.h"
#include "auth/token.h"

#define NOW_MS 1800000000000ull

struct fixture {
	char hashes[2][TOKEN_SHA256_HEX_LEN + 1];
	struct config_principal principals[2];
	struct config config;
	struct auth *auth;
};

static void
setup(struct fixture *f, enum config_auth_mode mode)
{
	token_sha256_hex(NULL, SLICE_LIT("mmcp_amy"), f->hashes[0]);
	token_sha256_hex(NULL, SLICE_LIT("mmcp_bob"), f->hashes[1]);
	f->principals[0] = (struct config_principal){.name = "amy", .token_sha256 = f->hashes[0]};
	f->principals[1] = (struct config_principal){.name = "bob", .token_sha256 = f->hashes[1], .expires = NOW_MS};
	f->config = (struct config){.auth = {.mode = mode}, .principals = f->principals, .n_principals = 2};
	f->auth = auth_new(&f->config);
	assert_non_null(f->auth);
}

static struct auth_verdict
judge(struct fixture *f, const char *authorization, size_t n, bool forwarded, uint64_t now_ms)
{
	const struct auth_input input = {
	    .authorization = slice_from_str(authorization), .n_authorization = n, .was_forwarded = forwarded};

	return auth_judge(f->auth, &input, now_ms);
}

static void
mode_none_knows_everybody(void **state)
{
	struct fixture f;
	struct auth_verdict v;

	(void)state;
	setup(&f, CONFIG_AUTH_NONE);
	v = judge(&f, NULL, 0, false, NOW_MS);
	assert_string_equal(v.principal->name, "anonymous");
	auth_free(&f.auth);
}

/* A proxy on this host would open the server to the world. */
static void
mode_none_refuses_proxies(void **state)
{
	struct fixture f;
	struct auth_verdict v;

	(void)state;
	setup(&f, CONFIG_AUTH_NONE);
	v = judge(&f, NULL, 0, true, NOW_MS);
	assert_null(v.principal);
	assert_int_equal(v.status, 403);
	assert_non_null(strstr(v.message, "auth.mode = token"));
	auth_free(&f.auth);
}

/* A token that is known by its keyed hash is judged as at first: it still expires, and what is like it is another. */
static void
tokens_come_again(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, CONFIG_AUTH_TOKEN);
	for (int i = 0; i < 3; i++) {
		assert_string_equal(judge(&f, "Bearer mmcp_bob", 1, false, NOW_MS - 1).principal->name, "bob");
		assert_string_equal(judge(&f, "Bearer mmcp_amy", 1, false, NOW_MS - 1).principal->name, "amy");
		assert_null(judge(&f, "Bearer mmcp_amz", 1, false, NOW_MS - 1).principal);
		assert_null(judge(&f, "Bearer mmcp_am", 1, false, NOW_MS - 1).principal);
	}
	assert_null(judge(&f, "Bearer mmcp_bob", 1, false, NOW_MS).principal);
	auth_free(&f.auth);
}

static void
tokens_are_told_apart(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, CONFIG_AUTH_TOKEN);
	assert_string_equal(judge(&f, "Bearer mmcp_amy", 1, false, NOW_MS - 1).principal->name, "amy");
	assert_string_equal(judge(&f, "bearer  mmcp_bob", 1, true, NOW_MS - 1).principal->name, "bob");
	auth_free(&f.auth);
}

static void
refusals(void **state)
{
	static const struct {
		const char *authorization;
		size_t n;
		int status;
		bool challenged, says_invalid;
	} rows[] = {
	    {NULL, 0, 401, true, false},
	    {"Bearer mmcp_amx", 1, 401, true, true},
	    {"Bearer ", 1, 401, true, true},
	    {"Bearer mmcp_amy ", 2, 400, false, false},
	    {"Basic YW15OmFteQ==", 1, 400, true, false},
	    {"Bearermmcp_amy", 1, 400, true, false},
	    {"", 1, 400, true, false},
	    {"Bearer mmcp_bob", 1, 401, true, true}, /* expired at this very moment */
	};
	struct fixture f;

	(void)state;
	setup(&f, CONFIG_AUTH_TOKEN);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct auth_verdict v = judge(&f, rows[i].authorization, rows[i].n, false, NOW_MS);

		assert_null(v.principal);
		assert_int_equal(v.status, rows[i].status);
		assert_int_equal(v.challenge != NULL, rows[i].challenged);
		assert_int_equal(v.challenge != NULL && strstr(v.challenge, "invalid_token") != NULL,
				 rows[i].says_invalid);
		assert_null(strstr(v.message, "mmcp_amy"));
	}
	auth_free(&f.auth);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(mode_none_knows_everybody),
	    cmocka_unit_test(mode_none_refuses_proxies),
	    cmocka_unit_test(tokens_are_told_apart),
	    cmocka_unit_test(tokens_come_again),
	    cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
