#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "magento/error.h"

#define ROUTE "GET /rest/all/V1/products/A"

struct expectation {
	int status;
	const char *body; /* NULL: not JSON */
	enum fault_code code;
	const char *kind;    /* NULL: no details */
	const char *message; /* contained in it */
};

static const struct expectation cases[] = {
    {400, "{\"message\":\"Please enter a number 0 or greater in this field.\"}", FAULT_MAGENTO_API_ERROR, "rejected",
     "Magento refused the request: Please enter a number 0 or greater in this field."},
    {400, "{\"message\":\"\\\"%fieldName\\\" is not supported.\",\"parameters\":{\"fieldName\":\"MetaTitle\"}}",
     FAULT_MAGENTO_API_ERROR, "rejected", "\"MetaTitle\" is not supported."},
    {404, "{\"message\":\"The product that was requested doesn't exist. Verify the product and try again.\"}",
     FAULT_NOT_FOUND, NULL, "The product that was requested doesn't exist."},
    {404, "{\"message\":\"No such entity.\"}", FAULT_NOT_FOUND, NULL, "No such entity."},
    {404, "{\"message\":\"Request does not match any route.\"}", FAULT_MAGENTO_API_ERROR, "no_route",
     "module missing or older"},
    {404, NULL, FAULT_MAGENTO_API_ERROR, "not_json", "Magento answered 404 without an explanation"},
    {400, NULL, FAULT_MAGENTO_API_ERROR, "not_json", "Magento answered 400 without an explanation"},
    {414, NULL, FAULT_MAGENTO_API_ERROR, "not_json", "Magento answered 414 without an explanation"},
    {302, NULL, FAULT_MAGENTO_API_ERROR, "not_json", "a redirect"},
    {405, "{\"message\":\"The PATCH HTTP method is not supported.\"}", FAULT_MAGENTO_API_ERROR, "rejected", "PATCH"},
    {500, NULL, FAULT_MAGENTO_API_ERROR, "not_json", "Magento answered 500 without an explanation"},
    {503, NULL, FAULT_MAGENTO_API_ERROR, "not_json", "maintenance"},
    {500,
     "{\"message\":\"Internal Error. Details are available in Magento log file. Report ID: webapi-6b02a8ca1b62b\"}",
     FAULT_MAGENTO_API_ERROR, "internal", "webapi-6b02a8ca1b62b"},
    {500, "{\"message\":\"SQLSTATE[42S22]: Column not found\"}", FAULT_MAGENTO_API_ERROR, "internal",
     "Magento failed with status 500: internal Magento error."},
    {500, "{\"errors\":[]}", FAULT_MAGENTO_API_ERROR, "not_json", "500"},
    {429, NULL, FAULT_RATE_LIMITED, NULL, "slow down"},
    {401, "{\"message\":\"The signature is invalid. Verify and try again.\"}", FAULT_NOT_AUTHENTICATED, NULL,
     "The signature is"},
    {401, "{\"message\":\"The nonce is already being used by the consumer with ID %1\",\"parameters\":[\"1\"]}",
     FAULT_NOT_AUTHENTICATED, NULL, "with ID 1"},
    {401, "{\"message\":\"An error occurred validating the nonce\"}", FAULT_NOT_AUTHENTICATED, NULL, "clock"},
    {400, "{\"message\":\"The token length is invalid. Check the length and try again.\"}", FAULT_NOT_AUTHENTICATED,
     NULL, "length"},
    {401,
     "{\"message\":\"The consumer isn't authorized to access %resources.\",\"parameters\":{\"resources\":\"X::y\"}}",
     FAULT_NOT_AUTHENTICATED, NULL, "auth_login"},
    {401, NULL, FAULT_NOT_AUTHENTICATED, NULL, "auth_login"},
};

static const char *
detail(const struct fault *fault, const char *key)
{
	return json_string_value(json_object_get(fault->details, key));
}

static void
sorts_answers(void **state)
{
	struct magento_answer answer;
	struct fault fault;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		answer = (struct magento_answer){.status = cases[i].status, .retry_after_s = -1, .route = ROUTE};
		answer.body = cases[i].body != NULL ? json_loads(cases[i].body, 0, NULL) : NULL;
		fault_init(&fault);
		assert_int_equal(magento_error_answer(&answer, &fault), -1);
		assert_int_equal(fault.code, cases[i].code);
		if (strstr(fault.message, cases[i].message) == NULL)
			print_error("case %zu: %s\n", i, fault.message);
		assert_non_null(strstr(fault.message, cases[i].message));
		if (cases[i].kind != NULL) {
			assert_string_equal(detail(&fault, "kind"), cases[i].kind);
			assert_string_equal(detail(&fault, "route"), ROUTE);
			assert_int_equal(json_integer_value(json_object_get(fault.details, "statusCode")),
					 cases[i].status);
		}
		fault_fini(&fault);
		json_decref(answer.body);
	}
}

static void
details_carry_safe_parameters_and_report(void **state)
{
	struct magento_answer answer = {.status = 400, .retry_after_s = -1, .route = ROUTE};
	struct fault fault;
	const json_t *parameters;

	(void)state;
	fault_init(&fault);
	answer.body = json_loads(
	    "{\"message\":\"%1\",\"parameters\":[\"ok\",\"in /srv/www/a/b.php on line 3\",5,{\"x\":1}]}", 0, NULL);
	magento_error_answer(&answer, &fault);
	parameters = json_object_get(fault.details, "parameters");
	assert_int_equal(json_array_size(parameters), 3);
	assert_string_equal(json_string_value(json_array_get(parameters, 0)), "ok");
	assert_string_equal(json_string_value(json_array_get(parameters, 1)), "internal Magento error");
	assert_int_equal(json_integer_value(json_array_get(parameters, 2)), 5);
	json_decref(answer.body);
	answer.body =
	    json_loads("{\"message\":\"x Report ID: webapi-abc\",\"parameters\":{\"a\":\"<b>y</b>\"}}", 0, NULL);
	answer.status = 500;
	magento_error_answer(&answer, &fault);
	assert_string_equal(detail(&fault, "report_id"), "webapi-abc");
	assert_string_equal(json_string_value(json_object_get(json_object_get(fault.details, "parameters"), "a")), "y");
	json_decref(answer.body);
	fault_fini(&fault);
}

static void
rate_limit_says_how_long(void **state)
{
	struct magento_answer answer = {.status = 429, .retry_after_s = 17, .route = ROUTE};
	struct fault fault;

	(void)state;
	fault_init(&fault);
	magento_error_answer(&answer, &fault);
	assert_int_equal(fault.code, FAULT_RATE_LIMITED);
	assert_int_equal(json_integer_value(json_object_get(fault.details, "retry_after_s")), 17);
	assert_non_null(strstr(fault.message, "17 s"));
	fault_fini(&fault);
}

static void
forbidden_names_the_permission(void **state)
{
	struct magento_answer answer = {.status = 401, .retry_after_s = -1, .route = ROUTE};
	struct fault fault;

	(void)state;
	fault_init(&fault);
	answer.body =
	    json_loads("{\"message\":\"m\",\"parameters\":{\"resources\":\"Magento_SalesRule::quote\"}}", 0, NULL);
	magento_error_forbidden(&answer, &fault);
	assert_int_equal(fault.code, FAULT_FORBIDDEN);
	assert_non_null(strstr(fault.message, "needs the Magento permission Magento_SalesRule::quote"));
	json_decref(answer.body);
	answer.body = NULL;
	magento_error_forbidden(&answer, &fault);
	assert_int_equal(fault.code, FAULT_FORBIDDEN);
	fault_fini(&fault);
}

static void
transport_failures(void **state)
{
	static const struct {
		enum fetch_outcome outcome;
		enum fault_code code;
		const char *kind;
	} outcomes[] = {
	    {FETCH_RESOLVE, FAULT_MAGENTO_API_ERROR, "network"},
	    {FETCH_CONNECT, FAULT_MAGENTO_API_ERROR, "network"},
	    {FETCH_TLS, FAULT_MAGENTO_API_ERROR, "network"},
	    {FETCH_TIMEOUT, FAULT_MAGENTO_API_ERROR, "timeout"},
	    {FETCH_BROKEN, FAULT_MAGENTO_API_ERROR, "network"},
	    {FETCH_TOO_LARGE, FAULT_MAGENTO_API_ERROR, "too_large"},
	    {FETCH_NOMEM, FAULT_INTERNAL_ERROR, NULL},
	};
	struct fault fault;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(outcomes); i++) {
		fault_init(&fault);
		assert_int_equal(magento_error_transport(outcomes[i].outcome, true, ROUTE, &fault), -1);
		assert_int_equal(fault.code, outcomes[i].code);
		assert_null(json_object_get(fault.details, "statusCode"));
		if (outcomes[i].kind != NULL)
			assert_string_equal(detail(&fault, "kind"), outcomes[i].kind);
		fault_fini(&fault);
	}
}

static void
refusals(void **state)
{
	static const struct {
		int status;
		const char *message;
		enum magento_refusal refusal;
	} texts[] = {
	    {401, "The consumer isn't authorized to access %resources.", MAGENTO_REFUSAL_DENIED},
	    {401, "Something new", MAGENTO_REFUSAL_DENIED},
	    {401, "A consumer having the specified key does not exist", MAGENTO_REFUSAL_BAD},
	    {401, "Consumer key is not the correct length", MAGENTO_REFUSAL_BAD},
	    {401, "Specified token does not exist", MAGENTO_REFUSAL_BAD},
	    {400, "Signature method %1 is not supported", MAGENTO_REFUSAL_BAD},
	    {400, "The \"%1\" Oauth version isn't supported.", MAGENTO_REFUSAL_BAD},
	    {401, "The nonce is already being used by the consumer with ID %1", MAGENTO_REFUSAL_NONCE},
	    {401, "Invalid code.", MAGENTO_REFUSAL_SIGN_IN},
	    {400, "Decoding error.", MAGENTO_REFUSAL_NONE},
	    {404, "Specified token does not exist", MAGENTO_REFUSAL_NONE},
	};
	json_t *body;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(texts); i++) {
		body = json_pack("{s:s}", "message", texts[i].message);
		assert_int_equal(magento_error_refusal(texts[i].status, body), texts[i].refusal);
		json_decref(body);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sorts_answers),
	    cmocka_unit_test(details_carry_safe_parameters_and_report),
	    cmocka_unit_test(rate_limit_says_how_long),
	    cmocka_unit_test(forbidden_names_the_permission),
	    cmocka_unit_test(transport_failures),
	    cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
