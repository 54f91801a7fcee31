/*
 * What Fastly is asked, what its answers mean, and where the token goes.
 */
#include "cdn/fastly.h"

#include "cdn_stage.h"

static struct secret token;
static struct fastly fastly;
static const char *keys[600];
static size_t n_keys;

static void
use(struct stage *st)
{
	assert_int_equal(secret_set(&token, SLICE_LIT("tok")), 0);
	fastly = (struct fastly){.fetch = st->fetch,
				 .api_url = st->server.url,
				 .service_id = "SvcId",
				 .api_token = &token,
				 .timeout_ms = 5000,
				 .parallel = 6};
	keys[0] = "cat_p_12";
	keys[1] = "p12";
	n_keys = 2;
}

static void
purge_keys(struct stage *st)
{
	st->r = fastly_purge_keys(&fastly, keys, n_keys, &st->results[0]);
}

static void
purge_urls(struct stage *st)
{
	st->r = fastly_purge_urls(&fastly, keys, n_keys, st->results);
}

static void
keys_are_posted(void **state)
{
	struct stage *st = *state;

	use(st);
	st->body = "{\"cat_p_12\":\"108-1\",\"p12\":\"108-2\"}";
	stage_run(st, purge_keys);
	assert_int_equal(st->r, 0);
	assert_true(st->results[0].ok);
	assert_int_equal(st->results[0].status, 200);
	assert_string_equal(st->results[0].purge_id, "108-1");
	assert_string_equal(st->results[0].error, "");
	assert_int_equal(st->n, 1);
	assert_ptr_equal(strstr(st->heads[0], "POST /service/SvcId/purge HTTP/1.1\r\n"), st->heads[0]);
	assert_non_null(strstr(st->heads[0], "\r\nFastly-Key: tok\r\n"));
	assert_non_null(strstr(st->heads[0], "\r\nContent-Type: application/json\r\n"));
	assert_null(strstr(st->heads[0], "Soft-Purge"));
	assert_string_equal(st->bodies[0], "{\"surrogate_keys\":[\"cat_p_12\",\"p12\"]}");
}

static void
soft_and_odd_service(void **state)
{
	struct stage *st = *state;

	use(st);
	fastly.soft = true;
	fastly.service_id = "a/../b";
	stage_run(st, purge_keys);
	assert_true(st->results[0].ok);
	assert_ptr_equal(strstr(st->heads[0], "POST /service/a%2F..%2Fb/purge "), st->heads[0]);
	assert_non_null(strstr(st->heads[0], "\r\nFastly-Soft-Purge: 1\r\n"));
	assert_string_equal(st->results[0].purge_id, ""); /* the answer was no JSON */
}

static void
many_keys_go_in_several_requests(void **state)
{
	struct stage *st = *state;

	use(st);
	for (n_keys = 0; n_keys < 600; n_keys++)
		keys[n_keys] = "k";
	stage_run(st, purge_keys);
	assert_int_equal(st->n, 3);
	assert_true(st->results[0].ok);
	assert_int_equal(strlen(st->bodies[0]), strlen("{\"surrogate_keys\":[]}") + 256 * 4 - 1);
	assert_int_equal(strlen(st->bodies[2]), strlen("{\"surrogate_keys\":[]}") + 88 * 4 - 1);
	/* After a refusal nothing further is sent. */
	st->n = 0;
	st->statuses[0] = 500;
	stage_run(st, purge_keys);
	assert_int_equal(st->n, 1);
	assert_false(st->results[0].ok);
}

static void
what_answers_mean(void **state)
{
	struct stage *st = *state;
	static const struct {
		int status;
		const char *text;
	} table[] = {
	    {401, "purge_select scope for this service"},
	    {403, "purge_select scope for this service"},
	    {404, "no such service"},
	    {429, "no more purges for now"},
	    {400, "did not accept the purge (400)"},
	    {301, "did not accept the purge (301)"},
	    {500, "Fastly failed (500)"},
	    {503, "Fastly failed (503)"},
	};

	use(st);
	st->fields = "Retry-After: 7\r\nLocation: http://127.0.0.1:1/\r\n";
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		st->n = 0;
		st->statuses[0] = table[i].status;
		stage_run(st, purge_keys);
		assert_int_equal(st->r, 0);
		assert_int_equal(st->n, 1); /* no redirect, no repetition */
		assert_false(st->results[0].ok);
		assert_int_equal(st->results[0].status, table[i].status);
		assert_int_equal(st->results[0].retry_after_s, 7);
		if (strstr(st->results[0].error, table[i].text) == NULL)
			fail_msg("%d: %s", table[i].status, st->results[0].error);
	}
}

static void
no_answer(void **state)
{
	struct stage *st = *state;
	char url[64];

	use(st);
	st->is_silent = true;
	fastly.timeout_ms = 100;
	stage_run(st, purge_keys);
	assert_int_equal(st->r, 0);
	assert_false(st->results[0].ok);
	assert_non_null(strstr(st->results[0].error, "did not answer in time"));
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", stage_dead_port());
	fastly.api_url = url;
	fastly.timeout_ms = 5000;
	stage_run(st, purge_keys);
	assert_int_equal(st->results[0].status, 0);
	assert_non_null(strstr(st->results[0].error, "cannot be reached"));
}

static void
a_bad_token_is_not_sent(void **state)
{
	struct stage *st = *state;

	use(st);
	assert_int_equal(secret_set(&token, SLICE_LIT("tok\r\nX: y")), 0);
	stage_run(st, purge_keys);
	assert_int_equal(st->r, 0);
	assert_false(st->results[0].ok);
	keys[0] = keys[1] = "https://shop.example/";
	stage_run(st, purge_urls);
	assert_int_equal(st->r, 0);
	assert_false(st->results[1].ok);
	assert_non_null(strstr(st->results[1].error, "Copy it again"));
	assert_null(strstr(st->results[1].error, "X: y"));
	assert_int_equal(st->n, 0);
}

static void
urls_are_purged_one_by_one(void **state)
{
	struct stage *st = *state;
	char texts[20][64];

	use(st);
	st->body = "{\"status\":\"ok\",\"id\":\"108-9\"}";
	for (n_keys = 0; n_keys < 20; n_keys++) {
		snprintf(texts[n_keys], sizeof(texts[0]), "https://shop.example:8443/p-%zu.html?a=b", n_keys);
		keys[n_keys] = texts[n_keys];
	}
	stage_run(st, purge_urls);
	assert_int_equal(st->r, 0);
	assert_int_equal(st->n, 20);
	assert_true(st->server.most_open <= 6);
	for (size_t i = 0; i < 20; i++) {
		assert_true(st->results[i].ok);
		assert_string_equal(st->results[i].purge_id, "108-9");
		assert_ptr_equal(strstr(st->heads[i], "POST /purge/shop.example:8443/p-"), st->heads[i]);
		assert_non_null(strstr(st->heads[i], ".html?a=b HTTP/1.1\r\n"));
		assert_non_null(strstr(st->heads[i], "\r\nFastly-Key: tok\r\n"));
	}
}

static void
one_url_may_fail_alone(void **state)
{
	struct stage *st = *state;

	use(st);
	fastly.parallel = 1;
	keys[0] = "http://shop.example/a";
	keys[1] = "http://shop.example/b";
	keys[2] = "http://shop.example/c";
	n_keys = 3;
	st->statuses[1] = 403;
	st->statuses[2] = 200;
	st->n_statuses = 3;
	stage_run(st, purge_urls);
	assert_true(st->results[0].ok);
	assert_false(st->results[1].ok);
	assert_int_equal(st->results[1].status, 403);
	assert_true(st->results[2].ok);
}

static void
cancelled(void **state)
{
	struct stage *st = *state;

	use(st);
	st->is_silent = true;
	stage_begin(st, purge_keys);
	stage_run_requests(st, 1);
	fiber_cancel(st->fiber);
	assert_true(st->is_over);
	assert_int_equal(st->r, ERR_CANCELLED);
}

static void
spellings(void **state)
{
	static const char *const table[][2] = {{"cat_p_12", "p12"},
					       {"cat_c_5", "c5"},
					       {"cat_c_p_5", "cp_5"},
					       {"cms_p_3", "cpg_3"},
					       {"cms_b_foot", "cb_foot"},
					       {"cat_p", NULL},
					       {"", NULL},
					       {"store", NULL}};
	char key[FASTLY_KEY_CAP], big[FASTLY_KEY_CAP + 10];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		assert_int_equal(fastly_key_of_tag(table[i][0], key), table[i][1] != NULL);
		assert_string_equal(key, table[i][1] != NULL ? table[i][1] : "");
	}
	memset(big, '1', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	memcpy(big, "cat_p_", 6);
	assert_false(fastly_key_of_tag(big, key));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STAGE_TEST(keys_are_posted),
	    STAGE_TEST(soft_and_odd_service),
	    STAGE_TEST(many_keys_go_in_several_requests),
	    STAGE_TEST(what_answers_mean),
	    STAGE_TEST(no_answer),
	    STAGE_TEST(a_bad_token_is_not_sent),
	    STAGE_TEST(urls_are_purged_one_by_one),
	    STAGE_TEST(one_url_may_fail_alone),
	    STAGE_TEST(cancelled),
	    STAGE_TEST(spellings),
	};

	return cmocka_run_group_tests_name("cdn/fastly", tests, NULL, NULL);
}
