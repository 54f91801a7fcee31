/*
 * Proving credentials to a scripted shop.
 */
#include "fake_store.h"
#include "magento/login.h"

#define TOKEN "/rest/all/V1/integration/admin/token"
#define TFA "/rest/all/V1/tfa/provider/google/authenticate"
/* {"kid":"1","alg":"HS256"} . {"uid":7,"utypid":2,"iat":1795335499,"exp":1795339099} . signature */
#define JWT                                                                                                            \
	"eyJraWQiOiIxIiwiYWxnIjoiSFMyNTYifQ.eyJ1aWQiOjcsInV0eXBpZCI6MiwiaWF0IjoxNzk1MzM1NDk5LCJleHAiOjE3OTUzMzkwOTl9." \
	"c2ln"

static struct outcome {
	const char *otp;
	int r;
	struct magento_token token;
	struct magento_verdict verdict;
	enum fault_code code;
	char message[FAULT_MESSAGE_MAX];
} outcome;

static void
sign_in(struct fake_store *store)
{
	struct fault fault;

	fault_init(&fault);
	outcome.r = magento_login_admin(&store->client, SLICE_LIT("admin"), SLICE_LIT("pa\"ss"),
					slice_from_str(outcome.otp), &outcome.token, &fault);
	outcome.code = fault.code;
	snprintf(outcome.message, sizeof(outcome.message), "%s", fault.message);
	fault_fini(&fault);
}

static void
verify(struct fake_store *store)
{
	struct fault fault;

	fault_init(&fault);
	outcome.r = magento_login_verify(&store->client, &outcome.verdict, &fault);
	outcome.code = fault.code;
	snprintf(outcome.message, sizeof(outcome.message), "%s", fault.message);
	fault_fini(&fault);
}

static void
gets_an_admin_token(void **state)
{
	struct fake_store *store = *state;

	memset(&outcome, 0, sizeof(outcome));
	fake_rule(store, "POST", TOKEN, 200, "\"" JWT "\"");
	fake_run(store, sign_in);
	assert_int_equal(outcome.r, 0);
	assert_true(slice_is(secret_slice(&outcome.token.token), JWT));
	assert_int_equal(outcome.token.expires_wall_ms, 1795339099000);
	assert_int_equal(outcome.token.user_id, 7);
	assert_string_equal(store->bodies[0], "{\"username\":\"admin\",\"password\":\"pa\\\"ss\"}");
	assert_string_equal(store->authorization[0], ""); /* what was there is not sent along */
}

static void
sends_the_code_of_the_authenticator(void **state)
{
	struct fake_store *store = *state;

	memset(&outcome, 0, sizeof(outcome));
	outcome.otp = "123456";
	fake_rule(store, "POST", TFA, 200, "\"" JWT "\"");
	fake_run(store, sign_in);
	assert_int_equal(outcome.r, 0);
	assert_non_null(strstr(store->bodies[0], "\"otp\":\"123456\""));
}

static void
explains_refused_sign_ins(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum fault_code code;
		const char *message;
	} cases[] = {
	    {401,
	     "{\"message\":\"The account sign-in was incorrect or your account is disabled temporarily. Please wait "
	     "and try again "
	     "later.\"}",
	     FAULT_NOT_AUTHENTICATED, "locked for up to 30 minutes; do not retry blindly"},
	    {401, "{\"message\":\"Invalid code.\"}", FAULT_NOT_AUTHENTICATED, "code wrong or too old"},
	    {400,
	     "{\"message\":\"Please use the 2fa provider-specific endpoints to obtain a token.\",\"parameters\":"
	     "{\"active_providers\":[\"google\"]}}",
	     FAULT_VALIDATION_ERROR, "This account uses 2FA. Call again with otp."},
	    {400,
	     "{\"message\":\"Please use the 2fa provider-specific endpoints to obtain a token.\",\"parameters\":"
	     "{\"active_providers\":[\"duo_security\"]}}",
	     FAULT_VALIDATION_ERROR, "provider duo_security cannot be used here; use an integration"},
	    {400, "{\"message\":\"Please ask an administrator with sufficient access to configure 2FA first\"}",
	     FAULT_NOT_AUTHENTICATED, "finish 2FA set-up in the admin panel"},
	    {400, "{\"message\":\"Failed to send the message. Please contact the administrator\"}",
	     FAULT_NOT_AUTHENTICATED, "finish 2FA set-up in the admin panel"},
	    {404, "{\"message\":\"Request does not match any route.\"}", FAULT_MAGENTO_API_ERROR, "no route"},
	    {500, "oops", FAULT_MAGENTO_API_ERROR, "without an explanation"},
	    {200, "{}", FAULT_MAGENTO_API_ERROR, "without a token"},
	    {200, "<html>", FAULT_MAGENTO_API_ERROR, "without a token"},
	};
	struct fake_store *store = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		memset(&outcome, 0, sizeof(outcome));
		store->n_rules = 0;
		store->n_log = 0;
		fake_rule(store, "POST", TOKEN, cases[i].status, cases[i].body);
		fake_run(store, sign_in);
		assert_int_equal(outcome.r, -1);
		assert_int_equal(outcome.code, cases[i].code);
		if (strstr(outcome.message, cases[i].message) == NULL)
			print_error("case %zu: %s\n", i, outcome.message);
		assert_non_null(strstr(outcome.message, cases[i].message));
		assert_int_equal(store->n_log, 1); /* a sign-in is never repeated */
		assert_false(secret_is_set(&outcome.token.token));
	}
}

static void
a_token_that_is_no_jwt_is_taken_as_it_is(void **state)
{
	struct fake_store *store = *state;

	memset(&outcome, 0, sizeof(outcome));
	fake_rule(store, "POST", TOKEN, 200, "\"opaque0000\"");
	fake_run(store, sign_in);
	assert_int_equal(outcome.r, 0);
	assert_int_equal(outcome.token.expires_wall_ms, 0);
}

static void
reads_jwts(void **state)
{
	static const struct {
		const char *jwt;
		bool good;
		uint64_t expires;
		uint64_t uid;
	} cases[] = {
	    {JWT, true, 1795339099000, 7},
	    {"a.e30.c", true, 0, 0},		 /* {} */
	    {"a.eyJleHAiOi01fQ.c", true, 0, 0},	 /* {"exp":-5} */
	    {"a.eyJleHAiOiJ4In0.c", true, 0, 0}, /* {"exp":"x"} */
	    {"", false, 0, 0},
	    {"a.b", false, 0, 0},
	    {"a.e30.c.d", false, 0, 0},
	    {"a.!!.c", false, 0, 0},
	    {"a.bm8.c", false, 0, 0}, /* no */
	};
	uint64_t expires, uid;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(magento_login_read_jwt(slice_from_str(cases[i].jwt), &expires, &uid), cases[i].good);
		assert_int_equal(expires, cases[i].expires);
		assert_int_equal(uid, cases[i].uid);
	}
}

/* Statuses of the five routes in turn; 0 ends the list and stands for "not to be asked". */
struct trial {
	enum magento_auth kind;
	bool has_expiry;
	int statuses[5];
	int r;
	const char *route;   /* verified */
	const char *warning; /* part of it */
	unsigned requests;
};

static const struct trial trials[] = {
    {MAGENTO_AUTH_OAUTH, false, {200}, 0, "/store/websites?fields=id", NULL, 1},
    {MAGENTO_AUTH_BEARER, false, {200}, 0, "/store/websites?fields=id", NULL, 1},
    {MAGENTO_AUTH_BEARER, false, {401, 200}, 0, "/modules", "Magento_Backend::store", 2},
    {MAGENTO_AUTH_BEARER,
     false,
     {401, 401, 200},
     0,
     "/products?searchCriteria[pageSize]=1&fields=total_count",
     "Magento_Backend::store",
     3},
    {MAGENTO_AUTH_BEARER,
     false,
     {401, 401, 401, 401, 200},
     0,
     "/cmsPage/search?searchCriteria[pageSize]=1&fields=total_count",
     "Magento_Backend::store",
     5},
    {MAGENTO_AUTH_BEARER, false, {401, 401, 401, 401, 401}, -1, NULL, NULL, 5},
    {MAGENTO_AUTH_BEARER, true, {401, 401, 401, 401, 401}, 0, NULL, "permission for every route", 5},
    {MAGENTO_AUTH_OAUTH, false, {401, 401, 401, 401, 401}, 0, NULL, "permission for every route", 5},
};

static void
verifies_with_the_first_route_allowed(void **state)
{
	static const char *const paths[] = {"/rest/all/V1/store/websites", "/rest/all/V1/modules",
					    "/rest/all/V1/products", "/rest/all/V1/salesRules/search",
					    "/rest/all/V1/cmsPage/search"};
	struct fake_store *store = *state;
	const struct trial *t;
	size_t i, k;

	for (i = 0; i < ARRAY_LEN(trials); i++) {
		t = &trials[i];
		memset(&outcome, 0, sizeof(outcome));
		store->n_rules = 0;
		store->n_log = 0;
		store->credentials.kind = t->kind;
		store->credentials.bearer_expires_wall_ms = t->has_expiry ? clock_wall_ms() + 3600000 : 0;
		for (k = 0; k < 5; k++)
			fake_rule(store, "GET", paths[k], t->statuses[k],
				  t->statuses[k] == 200 ? "[]" : FAKE_DENIED("X::y"));
		fake_run(store, verify);
		assert_int_equal(outcome.r, t->r);
		assert_int_equal(store->n_log, t->requests);
		if (t->r < 0) {
			assert_int_equal(outcome.code, FAULT_NOT_AUTHENTICATED);
			assert_non_null(strstr(outcome.message, "Consumer Settings"));
			continue;
		}
		if (t->route != NULL)
			assert_string_equal(outcome.verdict.verified_route, t->route);
		else
			assert_null(outcome.verdict.verified_route);
		if (t->warning != NULL)
			assert_non_null(strstr(outcome.verdict.warning, t->warning));
		else
			assert_null(outcome.verdict.warning);
	}
}

static void
names_the_likely_cause(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum fault_code code;
		const char *message;
	} cases[] = {
	    {401, "{\"message\":\"The signature is invalid. Verify and try again.\"}", FAULT_NOT_AUTHENTICATED,
	     "proxy"},
	    {401, "{\"message\":\"An error occurred validating the nonce\"}", FAULT_NOT_AUTHENTICATED, "clock"},
	    {401, "{\"message\":\"Specified token does not exist\"}", FAULT_NOT_AUTHENTICATED, "four values"},
	    {400, "{\"message\":\"The token length is invalid. Check the length and try again.\"}",
	     FAULT_NOT_AUTHENTICATED, "length"},
	    {404, "<html>", FAULT_MAGENTO_API_ERROR, "base_url"},
	    {200, "<html>", FAULT_MAGENTO_API_ERROR, "not JSON"},
	    {301, "", FAULT_MAGENTO_API_ERROR, "redirect"},
	};
	struct fake_store *store = *state;
	size_t i;

	store->credentials.kind = MAGENTO_AUTH_OAUTH;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		memset(&outcome, 0, sizeof(outcome));
		store->n_rules = 0;
		fake_rule(store, "GET", NULL, cases[i].status, cases[i].body);
		fake_run(store, verify);
		assert_int_equal(outcome.r, -1);
		assert_int_equal(outcome.code, cases[i].code);
		if (strstr(outcome.message, cases[i].message) == NULL)
			print_error("case %zu: %s\n", i, outcome.message);
		assert_non_null(strstr(outcome.message, cases[i].message));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FAKE_TEST(gets_an_admin_token),	  FAKE_TEST(sends_the_code_of_the_authenticator),
	    FAKE_TEST(explains_refused_sign_ins), FAKE_TEST(a_token_that_is_no_jwt_is_taken_as_it_is),
	    cmocka_unit_test(reads_jwts),	  FAKE_TEST(verifies_with_the_first_route_allowed),
	    FAKE_TEST(names_the_likely_cause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
