/*
 * test_cms_commit.c - writing CMS rows to a scripted shop: what is sent, and what is done about answers that differ
 */
#include "commit_bench.h"

#include "action/cms/cms_private.h"

#define SEARCH "/rest/all/V1/cmsPage/search"
#define PAGE "/rest/all/V1/cmsPage/7"
#define ROW(active, content)                                                                                           \
	"{\"id\":7,\"identifier\":\"my-page\",\"title\":\"My page\",\"active\":" active ",\"content\":\"" content "\"" \
	"}"
#define STEP(field, from, to)                                                                                          \
	"[{\"key\":{\"page_id\":7,\"identifier\":\"my-page\"},\"from\":{\"" field "\":" from "},\"to\":{\"" field      \
	"\":" to "}}]"

static void
the_body_says_everything_that_must_not_change(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "GET", SEARCH, 200, "{\"items\":[" ROW("true", "old") "],\"total_count\":1}");
	shop_rule(shop, "PUT", PAGE, 200, ROW("true", "new"));
	bench_steps(shop, &told, &cms_page_commit_ops, STEP("content", "\"old\"", "\"new\""));
	expect_step(&told, 0, KEEPER_UPDATED, "");
	assert_string_equal(bench_bodies(shop, "PUT " PAGE), "{\"page\":{\"id\":7,\"identifier\":\"my-page\",\"title\":"
							     "\"My page\",\"active\":true,\"content\":\"new\"}}");
	assert_non_null(
	    strstr(shop->log[0], "fields=items%5Bid%2Cidentifier%2Ctitle%2Cactive%2Ccontent%5D%2Ctotal_count"));
	told_fini(&told);
}

static void
a_changed_identifier_is_put_back(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "GET", SEARCH, 200, "{\"items\":[" ROW("true", "old") "],\"total_count\":1}");
	shop_rule(shop, "PUT", PAGE, 200,
		  "{\"id\":7,\"identifier\":\"new-title\",\"title\":\"My page\",\"active\":true,\"content\":\"new\"}");
	shop->rules[1].uses = 1;
	shop_rule(shop, "PUT", PAGE, 200, ROW("true", "old"));
	bench_steps(shop, &told, &cms_page_commit_ops, STEP("content", "\"old\"", "\"new\""));
	expect_step(&told, 0, KEEPER_ERROR,
		    "Magento changed the identifier or the state of this page against what was sent. It was put back "
		    "as it was.");
	assert_string_equal(bench_bodies(shop, "PUT " PAGE), "{\"page\":{\"id\":7,\"identifier\":\"my-page\",\"title\":"
							     "\"My page\",\"active\":true,\"content\":\"new\"}}|"
							     "{\"page\":{\"id\":7,\"identifier\":\"my-page\",\"title\":"
							     "\"My page\",\"active\":true,\"content\":\"old\"}}");
	told_fini(&told);
}

static void
a_page_that_was_switched_off_is_reported(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "GET", SEARCH, 200, "{\"items\":[" ROW("true", "old") "],\"total_count\":1}");
	shop_rule(shop, "PUT", PAGE, 200, ROW("false", "new")); /* the second time, too */
	bench_steps(shop, &told, &cms_page_commit_ops, STEP("content", "\"old\"", "\"new\""));
	expect_step(&told, 0, KEEPER_ERROR,
		    "Magento changed the identifier or the state of this page against what was sent, and putting it "
		    "back failed. Look at it.");
	assert_int_equal(shop->n_log, 3);
	told_fini(&told);
}

static void
switching_off_on_purpose_is_fine(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "GET", SEARCH, 200, "{\"items\":[" ROW("true", "old") "],\"total_count\":1}");
	shop_rule(shop, "PUT", PAGE, 200, ROW("false", "old"));
	bench_steps(shop, &told, &cms_page_commit_ops, STEP("is_active", "true", "false"));
	expect_step(&told, 0, KEEPER_UPDATED, "");
	assert_string_equal(bench_bodies(shop, "PUT " PAGE),
			    "{\"page\":{\"id\":7,\"identifier\":\"my-page\",\"title\":\"My page\",\"active\":false}}");
	told_fini(&told);
}

static void
what_was_not_stored_is_an_error(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "GET", SEARCH, 200, "{\"items\":[" ROW("true", "old") "],\"total_count\":1}");
	shop_rule(shop, "PUT", PAGE, 200, ROW("true", "old"));
	bench_steps(shop, &told, &cms_page_commit_ops, STEP("content", "\"old\"", "\"new\""));
	expect_step(&told, 0, KEEPER_ERROR, "Magento accepted the request but did not store content.");
	assert_int_equal(shop->n_log, 2);
	told_fini(&told);
}

/* null goes as empty text, and an absent member is what was wanted. */
static void
clearing(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "GET", SEARCH, 200,
		  "{\"items\":[{\"id\":7,\"identifier\":\"my-page\",\"title\":\"T\",\"active\":true,\"meta_title\":"
		  "\"m\"}],\"total_count\":1}");
	shop_rule(shop, "PUT", PAGE, 200, "{\"id\":7,\"identifier\":\"my-page\",\"title\":\"T\",\"active\":true}");
	bench_steps(shop, &told, &cms_page_commit_ops, STEP("meta_title", "\"m\"", "null"));
	expect_step(&told, 0, KEEPER_UPDATED, "");
	assert_string_equal(
	    bench_bodies(shop, "PUT " PAGE),
	    "{\"page\":{\"id\":7,\"identifier\":\"my-page\",\"title\":\"T\",\"active\":true,\"meta_title\":\"\"}}");
	told_fini(&told);
}

/* A PUT would make a new row: none is sent. */
static void
a_row_that_is_gone_is_not_written(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "GET", "/rest/all/V1/cmsBlock/search", 200, "{\"items\":null,\"total_count\":0}");
	bench_steps(shop, &told, &cms_block_commit_ops,
		    "[{\"key\":{\"block_id\":7},\"from\":{\"title\":\"a\"},\"to\":{\"title\":\"b\"}}]");
	assert_true(json_get_bool(bench_step(&told, 0), "gone", false));
	assert_int_equal(shop->n_log, 1);
	told_fini(&told);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SHOP_TEST(the_body_says_everything_that_must_not_change),
	    SHOP_TEST(a_changed_identifier_is_put_back),
	    SHOP_TEST(a_page_that_was_switched_off_is_reported),
	    SHOP_TEST(switching_off_on_purpose_is_fine),
	    SHOP_TEST(what_was_not_stored_is_an_error),
	    SHOP_TEST(clearing),
	    SHOP_TEST(a_row_that_is_gone_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
