/*
 * The client against a scripted shop: answers, repetitions, the three meanings of a 401, deadlines, cancellation.
 */
#include "fake_store.h"

#define PRODUCT "/rest/all/V1/products/A"
#define PROBE "/rest/all/V1/store/websites"

/* One call and what came of it, kept in the test's own memory. */
static struct call {
	struct magento_request request;
	int r;
	int status;
	bool in_doubt;
	char body[256];
	enum fault_code code;
	char message[FAULT_MESSAGE_MAX];
	char kind[32];
} call;

static void
make_call(struct fake_store *store)
{
	struct magento_reply reply;
	struct fault fault;
	const char *kind;
	char *text;

	fault_init(&fault);
	magento_reply_init(&reply);
	call.r = magento_call(&store->client, &call.request, &reply, &fault);
	call.status = reply.status;
	call.in_doubt = reply.in_doubt;
	call.code = fault.code;
	snprintf(call.message, sizeof(call.message), "%s", fault.message);
	kind = json_string_value(json_object_get(fault.details, "kind"));
	snprintf(call.kind, sizeof(call.kind), "%s", kind != NULL ? kind : "");
	text = reply.body != NULL ? json_dumps(reply.body, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
	snprintf(call.body, sizeof(call.body), "%s", text != NULL ? text : "");
	free(text);
	magento_reply_fini(&reply);
	fault_fini(&fault);
}

static void
get(struct fake_store *store, const char *path)
{
	memset(&call, 0, sizeof(call));
	call.request = (struct magento_request){.method = FETCH_GET, .scope = MAGENTO_SCOPE_ALL, .path = path};
	fake_run(store, make_call);
}

static void
put(struct fake_store *store, const char *path)
{
	json_t *body = json_pack("{s:{s:s}}", "product", "sku", "A");

	memset(&call, 0, sizeof(call));
	call.request =
	    (struct magento_request){.method = FETCH_PUT, .scope = MAGENTO_SCOPE_ALL, .path = path, .body = body};
	fake_run(store, make_call);
	json_decref(body);
}

static void
reads_values_of_any_kind(void **state)
{
	static const char *const bodies[] = {"{\"sku\":\"A\"}", "[]", "true", "\"12\"", "100", "3.5", "null"};
	struct fake_store *store = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(bodies); i++) {
		store->n_rules = 0;
		fake_rule(store, "GET", PRODUCT, 200, bodies[i]);
		get(store, "/products/A");
		assert_int_equal(call.r, 0);
		assert_int_equal(call.status, 200);
		assert_string_equal(call.body, bodies[i]);
	}
	assert_string_equal(store->authorization[0], "Bearer sometoken");
	assert_int_equal(store->observed, ARRAY_LEN(bodies));
}

static void
sends_scope_query_and_body(void **state)
{
	static const struct magento_param query[] = {{"searchCriteria[pageSize]", "1"}, {"x", "a b"}};
	struct fake_store *store = *state;

	fake_rule(store, "GET", "/rest/de/V1/products", 200, "{}");
	memset(&call, 0, sizeof(call));
	call.request = (struct magento_request){
	    .method = FETCH_GET, .scope = "de", .path = "/products", .query = query, .n_query = 2};
	fake_run(store, make_call);
	assert_int_equal(call.r, 0);
	assert_string_equal(store->log[0], "GET /rest/de/V1/products?searchCriteria%5BpageSize%5D=1&x=a%20b");
	fake_rule(store, "PUT", PRODUCT, 200, "{}");
	put(store, "/products/A");
	assert_string_equal(store->log[1], "PUT " PRODUCT);
	assert_string_equal(store->bodies[1], "{\"product\":{\"sku\":\"A\"}}");
}

static void
signs_each_attempt_anew(void **state)
{
	struct fake_store *store = *state;
	struct magento_credentials *c = &store->credentials;

	c->kind = MAGENTO_AUTH_OAUTH;
	assert_int_equal(secret_set(&c->consumer_key, SLICE_LIT("key")), 0);
	fake_rule(store, "GET", PRODUCT, 503, "{}");
	get(store, "/products/A");
	assert_int_equal(store->n_log, 3);
	assert_memory_equal(store->authorization[0], "OAuth oauth_consumer_key=\"key\"", 30);
	assert_string_not_equal(store->authorization[0], store->authorization[1]);
	assert_string_not_equal(store->authorization[1], store->authorization[2]);
}

static void
refuses_paths_and_scopes_that_lead_elsewhere(void **state)
{
	static const struct {
		const char *scope;
		const char *path;
	} cases[] = {{"all", "products"},	{"all", "/"},	      {"all", "/products/../modules"},
		     {"all", "/products/."},	{"all", "/a//b"},     {"all", "/products/%2e%2E"},
		     {"all", "/products/.%2e"}, {"all", "/a?b=c"},    {"all", "/a#b"},
		     {"all", "/a b"},		{"all", "/a\\b"},     {"", "/products"},
		     {"../x", "/products"},	{"a/b", "/products"}, {"all", "/caf\xc3\xa9"}};
	struct fake_store *store = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		memset(&call, 0, sizeof(call));
		call.request =
		    (struct magento_request){.method = FETCH_GET, .scope = cases[i].scope, .path = cases[i].path};
		fake_run(store, make_call);
		assert_int_equal(call.r, -1);
		assert_int_equal(call.code, FAULT_INTERNAL_ERROR);
	}
	assert_int_equal(store->n_log, 0);
}

static void
too_long_a_query_is_not_sent(void **state)
{
	static char value[9000];
	struct magento_param query[] = {{"x", value}};
	struct fake_store *store = *state;

	memset(value, 'x', sizeof(value) - 1);
	memset(&call, 0, sizeof(call));
	call.request = (struct magento_request){
	    .method = FETCH_GET, .scope = "all", .path = "/products", .query = query, .n_query = 1};
	fake_run(store, make_call);
	assert_int_equal(call.code, FAULT_VALIDATION_ERROR);
	assert_int_equal(store->n_log, 0);
}

static void
token_with_a_line_break_is_not_sent(void **state)
{
	struct fake_store *store = *state;

	assert_int_equal(secret_set(&store->credentials.bearer, SLICE_LIT("some\ntoken")), 0);
	get(store, "/products/A");
	assert_int_equal(call.code, FAULT_NOT_AUTHENTICATED);
	assert_int_equal(store->n_log, 0);
}

static void
reads_are_repeated(void **state)
{
	static const struct {
		int status;
		enum fake_act act;
		unsigned failures;
		unsigned requests;
		int r;
		const char *kind;
	} cases[] = {
	    {502, FAKE_REPLY, 1, 2, 0, ""},	     {503, FAKE_REPLY, 2, 3, 0, ""},
	    {504, FAKE_REPLY, 3, 3, -1, "not_json"}, {500, FAKE_REPLY, 1, 1, -1, "not_json"},
	    {400, FAKE_REPLY, 1, 1, -1, "not_json"}, {0, FAKE_CLOSE, 1, 2, 0, ""},
	    {0, FAKE_TRUNCATE, 2, 3, 0, ""},	     {0, FAKE_SILENT, 1, 2, 0, ""},
	    {0, FAKE_SILENT, 3, 3, -1, "timeout"},
	};
	struct fake_store *store = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		if (cases[i].act == FAKE_SILENT)
			store->client.limits.read_timeout_ms = 500;
		store->n_rules = 0;
		store->n_log = 0;
		store->rules[store->n_rules++] = (struct fake_rule){.path = PRODUCT,
								    .status = cases[i].status,
								    .body = "<html>",
								    .fields = "Content-Type: text/html\r\n",
								    .act = cases[i].act,
								    .uses = cases[i].failures};
		fake_rule(store, "GET", PRODUCT, 200, "{}");
		get(store, "/products/A");
		assert_int_equal(call.r, cases[i].r);
		assert_string_equal(call.kind, cases[i].kind);
		/* libcurl itself repeats a GET once when a kept-alive connection closes without a word. */
		assert_true(store->n_log == cases[i].requests || (cases[i].act == FAKE_CLOSE && store->n_log <= 3));
		assert_false(call.in_doubt);
	}
}

static void
writes_are_not_repeated_once_sent(void **state)
{
	static const struct {
		int status;
		enum fake_act act;
		bool in_doubt;
		const char *kind;
	} cases[] = {
	    {502, FAKE_REPLY, true, "not_json"},  {503, FAKE_REPLY, true, "not_json"},
	    {504, FAKE_REPLY, true, "not_json"},  {500, FAKE_REPLY, true, "not_json"},
	    {400, FAKE_REPLY, false, "not_json"}, {200, FAKE_REPLY, true, "not_json"}, /* a page where JSON should be */
	    {0, FAKE_CLOSE, true, "network"},	  {0, FAKE_TRUNCATE, true, "network"},
	    {0, FAKE_SILENT, true, "timeout"},
	};
	struct fake_store *store = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		if (cases[i].act == FAKE_SILENT)
			store->client.limits.write_timeout_ms = 400;
		store->n_rules = 0;
		store->n_log = 0;
		store->rules[store->n_rules++] = (struct fake_rule){.path = PRODUCT,
								    .status = cases[i].status,
								    .body = "<html>",
								    .fields = "Content-Type: text/html\r\n",
								    .act = cases[i].act};
		put(store, "/products/A");
		assert_int_equal(call.r, -1);
		assert_int_equal(call.code, FAULT_MAGENTO_API_ERROR);
		assert_string_equal(call.kind, cases[i].kind);
		assert_int_equal(store->n_log, 1);
		assert_int_equal(call.in_doubt, cases[i].in_doubt);
	}
}

static void
a_write_that_never_left_is_repeated(void **state)
{
	struct fake_store *store = *state;

	store->client.base_url = "http://127.0.0.1:1";
	put(store, "/products/A");
	assert_int_equal(call.code, FAULT_MAGENTO_API_ERROR);
	assert_string_equal(call.kind, "network");
	assert_false(call.in_doubt);
	assert_int_equal(store->observed, 3);
}

static void
a_long_retry_after_is_passed_on(void **state)
{
	struct fake_store *store = *state;

	store->rules[store->n_rules++] =
	    (struct fake_rule){.path = PRODUCT, .status = 503, .body = "", .fields = "Retry-After: 3600\r\n"};
	get(store, "/products/A");
	assert_int_equal(store->n_log, 1);
	store->rules[0] =
	    (struct fake_rule){.path = PRODUCT, .status = 429, .body = "", .fields = "Retry-After: 9\r\n"};
	get(store, "/products/A");
	assert_int_equal(call.code, FAULT_RATE_LIMITED);
	assert_int_equal(store->n_log, 2);
}

/* ---- 401 ---- */

struct verdict {
	enum magento_auth kind;
	const char *refusal;
	int probe_status;      /* 0: no verified route */
	int64_t expires_in_ms; /* 0: token without end */
	enum fault_code code;
	bool dead;
	unsigned requests;
	const char *message;
};

static const struct verdict verdicts[] = {
    {MAGENTO_AUTH_BEARER, FAKE_DENIED("Magento_Catalog::products"), 200, 0, FAULT_FORBIDDEN, false, 2,
     "Magento_Catalog::products"},
    {MAGENTO_AUTH_BEARER, FAKE_DENIED("Magento_Catalog::products"), 401, 0, FAULT_NOT_AUTHENTICATED, true, 2,
     "auth_login"},
    {MAGENTO_AUTH_BEARER, FAKE_DENIED("Magento_Catalog::products"), 500, 0, FAULT_MAGENTO_API_ERROR, false, 2,
     "could not be found out"},
    {MAGENTO_AUTH_BEARER, FAKE_DENIED("Magento_Catalog::products"), 200, -1000, FAULT_NOT_AUTHENTICATED, true, 1,
     "The Magento admin token expired after 3600 s. Call auth_login again."},
    {MAGENTO_AUTH_BEARER, FAKE_DENIED("Magento_Catalog::products"), 200, 60000, FAULT_FORBIDDEN, false, 2,
     "permission"},
    {MAGENTO_AUTH_BEARER, FAKE_DENIED("Magento_Catalog::products"), 401, 60000, FAULT_NOT_AUTHENTICATED, true, 2,
     "auth_login"},
    {MAGENTO_AUTH_BEARER, FAKE_DENIED("Magento_Catalog::products"), 0, 0, FAULT_NOT_AUTHENTICATED, true, 1,
     "auth_login"},
    {MAGENTO_AUTH_BEARER, FAKE_DENIED("Magento_Catalog::products"), 0, 60000, FAULT_FORBIDDEN, false, 1, "permission"},
    {MAGENTO_AUTH_OAUTH, FAKE_DENIED("Magento_Catalog::products"), 0, 0, FAULT_FORBIDDEN, false, 1, "permission"},
    {MAGENTO_AUTH_OAUTH, FAKE_DENIED("Magento_Catalog::products"), 401, 0, FAULT_NOT_AUTHENTICATED, true, 2,
     "auth_login"},
    {MAGENTO_AUTH_OAUTH, "{\"message\":\"The signature is invalid. Verify and try again.\"}", 200, 0,
     FAULT_NOT_AUTHENTICATED, true, 1, "signature"},
    {MAGENTO_AUTH_OAUTH, "{\"message\":\"Specified token does not exist\"}", 200, 0, FAULT_NOT_AUTHENTICATED, true, 1,
     "token"},
    {MAGENTO_AUTH_OAUTH, "{\"message\":\"An error occurred validating the nonce\"}", 200, 0, FAULT_NOT_AUTHENTICATED,
     false, 1, "clock"},
    {MAGENTO_AUTH_NONE, FAKE_DENIED("Magento_Catalog::products"), 200, 0, FAULT_NOT_AUTHENTICATED, false, 1,
     "auth_login"},
};

static void
tells_the_meanings_of_401_apart(void **state)
{
	struct fake_store *store = *state;
	const struct verdict *v;
	size_t i;

	for (i = 0; i < ARRAY_LEN(verdicts); i++) {
		v = &verdicts[i];
		store->n_rules = 0;
		store->n_log = 0;
		store->client.dead = false;
		store->client.probed = 0;
		store->client.verified_route = v->probe_status != 0 ? "/store/websites?fields=id" : NULL;
		store->credentials.kind = v->kind;
		store->credentials.bearer_expires_wall_ms =
		    v->expires_in_ms != 0 ? clock_wall_ms() + (uint64_t)v->expires_in_ms : 0;
		fake_rule(store, "GET", PRODUCT, 401, v->refusal);
		fake_rule(store, "GET", PROBE, v->probe_status, v->probe_status == 401 ? FAKE_DENIED("x") : "[]");
		get(store, "/products/A");
		if (call.code != v->code || store->n_log != v->requests)
			print_error("case %zu: %s\n", i, call.message);
		assert_int_equal(call.r, -1);
		assert_int_equal(call.code, v->code);
		assert_int_equal(store->client.dead, v->dead);
		assert_int_equal(store->n_log, v->requests);
		assert_non_null(strstr(call.message, v->message));
		if (v->requests == 2)
			assert_string_equal(store->log[1], "GET " PROBE "?fields=id");
	}
}

static void
probes_once_per_call(void **state)
{
	struct fake_store *store = *state;

	store->client.verified_route = "/store/websites?fields=id";
	fake_rule(store, "GET", PRODUCT, 401, FAKE_DENIED("Magento_Catalog::products"));
	fake_rule(store, "GET", PROBE, 200, "[]");
	get(store, "/products/A");
	get(store, "/products/A");
	assert_int_equal(call.code, FAULT_FORBIDDEN);
	assert_int_equal(store->n_log, 3);
}

static void
unknown_store_view_is_the_callers_mistake(void **state)
{
	struct fake_store *store = *state;

	fake_rule(store, "GET", "/rest/nope/V1/products/A", 400,
		  "{\"message\":\"Specified request cannot be processed.\"}");
	memset(&call, 0, sizeof(call));
	call.request = (struct magento_request){.method = FETCH_GET, .scope = "nope", .path = "/products/A"};
	fake_run(store, make_call);
	assert_int_equal(call.code, FAULT_VALIDATION_ERROR);
	assert_non_null(strstr(call.message, "nope"));
}

static void
large_answers_are_refused(void **state)
{
	struct fake_store *store = *state;
	char *body = calloc(1, 70003);

	memset(body, 'x', 70002);
	body[0] = body[70001] = '"';
	fake_rule(store, "GET", PRODUCT, 200, body);
	get(store, "/products/A");
	assert_int_equal(call.code, FAULT_MAGENTO_API_ERROR);
	assert_string_equal(call.kind, "too_large");
	assert_int_equal(store->n_log, 1);
	free(body);
}

static void
deadline_ends_the_call(void **state)
{
	struct fake_store *store = *state;

	fake_act(store, PRODUCT, FAKE_SILENT, 0);
	store->client.limits.deadline_mono_ms = clock_mono_ms() + 2000;
	get(store, "/products/A");
	assert_string_equal(call.kind, "timeout");
	assert_int_equal(store->n_log, 1); /* nothing was left for a second try */
	get(store, "/products/A");
	assert_string_equal(call.kind, "timeout");
	assert_int_equal(store->n_log, 1); /* not even sent */
}

static void
pauses_before_it_repeats(void **state)
{
	struct fake_store *store = *state;
	uint64_t began = clock_mono_ms();

	fake_rule(store, "GET", PRODUCT, 503, "{}");
	store->client.limits.retry_pause_ms = 20;
	get(store, "/products/A");
	assert_int_equal(store->n_log, 3);
	assert_true(clock_mono_ms() - began >= 80); /* 20 and 80, the loop's clock may be a little behind */
}

/* ---- Many ---- */

#define MANY 20

static struct many {
	size_t n;
	int failed;
	char bodies[MANY][32];
	enum fault_code codes[MANY];
} many;

static void
call_many(struct fake_store *store)
{
	struct magento_request *requests = calloc(MANY, sizeof(*requests));
	struct magento_reply *replies = calloc(MANY, sizeof(*replies));
	struct fault *faults = calloc(MANY, sizeof(*faults));
	char paths[MANY][32];
	size_t i;

	for (i = 0; i < many.n; i++) {
		snprintf(paths[i], sizeof(paths[i]), "/n/%zu", i);
		requests[i] = (struct magento_request){.method = FETCH_GET, .scope = "all", .path = paths[i]};
		magento_reply_init(&replies[i]);
		fault_init(&faults[i]);
	}
	many.failed = magento_call_many(&store->client, requests, many.n, replies, faults);
	for (i = 0; i < many.n; i++) {
		if (replies[i].body != NULL)
			snprintf(many.bodies[i], sizeof(many.bodies[i]), "%s", json_string_value(replies[i].body));
		many.codes[i] = faults[i].code;
		magento_reply_fini(&replies[i]);
		fault_fini(&faults[i]);
	}
	free(requests);
	free(replies);
	free(faults);
}

static void
answer_by_number(void *ctx, struct server_peer *peer, const struct server_request *request)
{
	struct fake_store *store = ctx;
	const char *number = strrchr(request->target, '/') + 1;
	char body[64];

	store->n_log++;
	snprintf(body, sizeof(body), "\"%s\"", number);
	server_reply_json(peer, strcmp(number, "13") == 0 ? 404 : 200,
			  strcmp(number, "13") == 0 ? "{\"message\":\"No such entity.\"}" : body);
}

static void
many_side_by_side(void **state)
{
	struct fake_store *store = *state;
	char expected[8];
	size_t i;

	memset(&many, 0, sizeof(many));
	many.n = MANY;
	store->server.handler = answer_by_number;
	store->client.limits.parallel = 4;
	fake_run(store, call_many);
	assert_int_equal(many.failed, 1);
	assert_true(store->server.most_open > 1 && store->server.most_open <= 4);
	for (i = 0; i < MANY; i++) {
		snprintf(expected, sizeof(expected), "%zu", i);
		assert_string_equal(many.bodies[i], i == 13 ? "" : expected);
		assert_int_equal(many.codes[i], i == 13 ? FAULT_NOT_FOUND : FAULT_NONE);
	}
	many.n = 0;
	fake_run(store, call_many);
	assert_int_equal(many.failed, 0);
}

static void
cancelling_many_stops_all(void **state)
{
	struct fake_store *store = *state;
	size_t i;

	memset(&many, 0, sizeof(many));
	many.n = MANY;
	fake_act(store, NULL, FAKE_SILENT, 0);
	fake_begin(store, call_many);
	fake_run_requests(store, 6);
	fiber_cancel(store->fiber);
	assert_true(store->is_over);
	assert_int_equal(many.failed, -1);
	for (i = 0; i < MANY; i++)
		assert_int_equal(many.codes[i], FAULT_CANCELLED);
	assert_int_equal(fetch_running(store->fetch), 0);
}

static void
a_cancelled_write_is_in_doubt(void **state)
{
	struct fake_store *store = *state;
	json_t *body = json_object();

	fake_act(store, NULL, FAKE_SILENT, 0);
	memset(&call, 0, sizeof(call));
	call.request =
	    (struct magento_request){.method = FETCH_PUT, .scope = "all", .path = "/products/A", .body = body};
	fake_begin(store, make_call);
	fake_run_requests(store, 1);
	fiber_cancel(store->fiber);
	assert_true(store->is_over);
	assert_int_equal(call.code, FAULT_CANCELLED);
	assert_true(call.in_doubt);
	json_decref(body);
}

static void
cancelled_while_probing(void **state)
{
	struct fake_store *store = *state;

	store->client.verified_route = "/store/websites";
	fake_rule(store, "GET", PRODUCT, 401, FAKE_DENIED("x"));
	fake_act(store, PROBE, FAKE_SILENT, 0);
	memset(&call, 0, sizeof(call));
	call.request = (struct magento_request){.method = FETCH_GET, .scope = "all", .path = "/products/A"};
	fake_begin(store, make_call);
	fake_run_requests(store, 2);
	fiber_cancel(store->fiber);
	assert_true(store->is_over);
	assert_int_equal(call.code, FAULT_CANCELLED);
	assert_false(store->client.dead);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FAKE_TEST(reads_values_of_any_kind),
	    FAKE_TEST(sends_scope_query_and_body),
	    FAKE_TEST(signs_each_attempt_anew),
	    FAKE_TEST(refuses_paths_and_scopes_that_lead_elsewhere),
	    FAKE_TEST(too_long_a_query_is_not_sent),
	    FAKE_TEST(token_with_a_line_break_is_not_sent),
	    FAKE_TEST(reads_are_repeated),
	    FAKE_TEST(writes_are_not_repeated_once_sent),
	    FAKE_TEST(a_write_that_never_left_is_repeated),
	    FAKE_TEST(a_long_retry_after_is_passed_on),
	    FAKE_TEST(tells_the_meanings_of_401_apart),
	    FAKE_TEST(probes_once_per_call),
	    FAKE_TEST(unknown_store_view_is_the_callers_mistake),
	    FAKE_TEST(large_answers_are_refused),
	    FAKE_TEST(deadline_ends_the_call),
	    FAKE_TEST(pauses_before_it_repeats),
	    FAKE_TEST(many_side_by_side),
	    FAKE_TEST(cancelling_many_stops_all),
	    FAKE_TEST(a_cancelled_write_is_in_doubt),
	    FAKE_TEST(cancelled_while_probing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
