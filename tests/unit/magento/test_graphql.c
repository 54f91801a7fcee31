/*
 * Questions to /graphql: what is sent, and the two ways of saying no.
 */
#include "fake_store.h"
#include "magento/graphql.h"

#define QUERY "query($u0:String!){u0:route(url:$u0){type}}"

static struct asked {
	const char *view;
	json_t *variables;
	struct graphql_answer answer;
	json_t *data;
	struct fault fault;
	int r;
} asked;

static void
ask(struct fake_store *store)
{
	asked.r = graphql_ask(&store->client, asked.view, QUERY, asked.variables, &asked.answer, &asked.fault);
}

static void
query(struct fake_store *store)
{
	asked.r = graphql_query(&store->client, asked.view, QUERY, asked.variables, &asked.data, &asked.fault);
}

static void
begin(struct fake_store *store, int status, const char *body)
{
	memset(&asked, 0, sizeof(asked));
	fault_init(&asked.fault);
	store->n_rules = 0;
	store->n_log = 0;
	fake_rule(store, "POST", "/graphql", status, body);
}

static void
end(void)
{
	graphql_answer_fini(&asked.answer);
	json_decref(asked.data);
	json_decref(asked.variables);
	fault_fini(&asked.fault);
}

/* -- the whole head of the request -- */

static char head[2048];

static void
remember(void *ctx, struct server_peer *peer, const struct server_request *request)
{
	snprintf(head, sizeof(head), "%s", request->head);
	fake_handle(ctx, peer, request);
}

static void
what_is_sent(void **state)
{
	struct fake_store *store = *state;

	store->server.handler = remember;
	begin(store, 200, "{\"data\":{\"u0\":{\"type\":\"PRODUCT\"}}}");
	asked.view = "de";
	asked.variables = json_pack("{s:s}", "u0", "a\"}b.html");
	fake_run(store, query);
	assert_int_equal(asked.r, 0);
	assert_string_equal(json_string_value(json_object_get(json_object_get(asked.data, "u0"), "type")), "PRODUCT");
	assert_string_equal(store->log[0], "POST /graphql");
	assert_string_equal(store->bodies[0], "{\"query\":\"" QUERY "\",\"variables\":{\"u0\":\"a\\\"}b.html\"}}");
	assert_non_null(strstr(head, "\r\nStore: de\r\n"));
	assert_non_null(strstr(head, "\r\nContent-Type: application/json\r\n"));
	assert_null(strcasestr(head, "\r\nAuthorization:"));
	assert_null(strcasestr(head, "\r\nCookie:"));
	assert_int_equal(store->observed, 1);
	end();
	/* Without a view or variables neither is sent. */
	begin(store, 200, "{\"data\":{}}");
	fake_run(store, query);
	assert_int_equal(asked.r, 0);
	assert_string_equal(store->bodies[0], "{\"query\":\"" QUERY "\"}");
	assert_null(strcasestr(head, "\r\nStore:"));
	end();
}

static void
data_beside_errors(void **state)
{
	struct fake_store *store = *state;
	struct buf text;

	begin(store, 200,
	      "{\"errors\":[{\"message\":\"This product is\\u0007 disabled.\",\"path\":[\"u1\"]}],"
	      "\"data\":{\"u0\":{\"type\":\"CATEGORY\"},\"u1\":null}}");
	fake_run(store, query);
	assert_int_equal(asked.r, 0);
	assert_true(json_is_null(json_object_get(asked.data, "u1")));
	fake_run(store, ask);
	assert_int_equal(asked.r, 0);
	buf_init(&text, 1000);
	assert_false(graphql_error_of(&asked.answer, "u0", &text));
	assert_true(graphql_error_of(&asked.answer, "u1", &text));
	assert_non_null(strstr(buf_cstr(&text), "disabled."));
	assert_null(strchr(buf_cstr(&text), '\a'));
	buf_fini(&text);
	end();
}

static void
nothing_but_errors_of_aliases(void **state)
{
	struct fake_store *store = *state;

	begin(store, 200, "{\"errors\":[{\"message\":\"Gone.\",\"path\":[\"u0\"]}],\"data\":{\"u0\":null}}");
	fake_run(store, ask);
	assert_int_equal(asked.r, 0);
	assert_int_equal(json_array_size(asked.answer.errors), 1);
	fake_run(store, query);
	assert_int_equal(asked.r, -1);
	assert_int_equal(asked.fault.code, FAULT_MAGENTO_API_ERROR);
	assert_non_null(strstr(asked.fault.message, "Gone."));
	end();
	begin(store, 200, "{\"errors\":[{\"message\":\"Gone.\",\"path\":[\"u0\"]}],\"data\":null}");
	fake_run(store, ask);
	assert_int_equal(asked.r, 0);
	assert_int_equal(json_object_size(asked.answer.data), 0);
	end();
}

static void
check_refusal(struct fake_store *store, int status, const char *body, enum fault_code code, const char *kind,
	      const char *text)
{
	begin(store, status, body);
	fake_run(store, ask);
	assert_int_equal(asked.r, -1);
	assert_null(asked.answer.data);
	assert_int_equal(asked.fault.code, code);
	if (kind != NULL)
		assert_string_equal(json_string_value(json_object_get(asked.fault.details, "kind")), kind);
	if (strstr(asked.fault.message, text) == NULL)
		fail_msg("%s", asked.fault.message);
	end();
}

static void
refusals(void **state)
{
	struct fake_store *store = *state;

	check_refusal(store, 200, "{\"errors\":[{\"message\":\"Syntax Error: x\"}]}", FAULT_MAGENTO_API_ERROR,
		      "rejected", "Syntax Error: x");
	check_refusal(store, 500, "{\"errors\":[{\"message\":\"Syntax Error: x\"}]}", FAULT_MAGENTO_API_ERROR,
		      "rejected", "Syntax Error: x");
	check_refusal(store, 200, "{\"errors\":[{\"message\":\"in /var/www/html/a.php\"}]}", FAULT_MAGENTO_API_ERROR,
		      "rejected", "internal Magento error");
	check_refusal(store, 200, "<html></html>", FAULT_MAGENTO_API_ERROR, "not_json", "");
	check_refusal(store, 200, "{\"data\":null}", FAULT_MAGENTO_API_ERROR, "not_json", "");
	check_refusal(store, 200, "{\"data\":null,\"errors\":[]}", FAULT_MAGENTO_API_ERROR, "not_json", "");
	check_refusal(store, 404, "<html></html>", FAULT_MAGENTO_API_ERROR, "no_route", "/graphql is switched off");
	check_refusal(store, 401, "", FAULT_MAGENTO_API_ERROR, "rejected", "not open to visitors");
	check_refusal(store, 403, "", FAULT_MAGENTO_API_ERROR, "rejected", "not open to visitors");
	check_refusal(store, 429, "", FAULT_RATE_LIMITED, NULL, "");
	assert_false(store->client.dead);
}

static void
repeated_while_it_may_help(void **state)
{
	struct fake_store *store = *state;

	begin(store, 503, "busy");
	store->rules[0].uses = 2;
	fake_rule(store, "POST", "/graphql", 200, "{\"data\":{\"u0\":null}}");
	fake_run(store, ask);
	assert_int_equal(asked.r, 0);
	assert_int_equal(store->n_log, 3);
	end();
	begin(store, 503, "busy");
	fake_run(store, ask);
	assert_int_equal(asked.r, -1);
	assert_int_equal(store->n_log, 3);
	end();
	begin(store, 500, "no");
	fake_run(store, ask);
	assert_int_equal(asked.r, -1);
	assert_int_equal(store->n_log, 1);
	end();
}

static void
deadline_and_cancellation(void **state)
{
	struct fake_store *store = *state;

	begin(store, 200, "{}");
	store->client.limits.deadline_mono_ms = 1;
	fake_run(store, ask);
	assert_int_equal(asked.r, -1);
	assert_string_equal(json_string_value(json_object_get(asked.fault.details, "kind")), "timeout");
	assert_int_equal(store->n_log, 0);
	end();
	begin(store, 200, "{}");
	store->client.limits.deadline_mono_ms = 0;
	store->rules[0].act = FAKE_SILENT;
	fake_begin(store, ask);
	fake_run_requests(store, 1);
	fiber_cancel(store->fiber);
	assert_true(store->is_over);
	assert_int_equal(asked.fault.code, FAULT_CANCELLED);
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FAKE_TEST(what_is_sent), FAKE_TEST(data_beside_errors),	    FAKE_TEST(nothing_but_errors_of_aliases),
	    FAKE_TEST(refusals),     FAKE_TEST(repeated_while_it_may_help), FAKE_TEST(deadline_and_cancellation),
	};

	return cmocka_run_group_tests_name("magento/graphql", tests, NULL, NULL);
}
