#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "action/seo/redirect_graph.h"
#include "json/get.h"

static struct redirect_graph graph;

static int
set_up(void **state)
{
	(void)state;
	return redirect_graph_init(&graph);
}

static int
tear_down(void **state)
{
	(void)state;
	redirect_graph_fini(&graph);
	return 0;
}

static void
add_to(int store, const char *from, const char *to)
{
	json_t *row = json_pack("{s:s, s:s, s:i, s:i}", "request_path", from, "target_path", to, "store_id", store,
				"redirect_type", 301);

	assert_int_equal(redirect_graph_add(&graph, row, 0), 0);
	json_decref(row);
}

static void
add(const char *from, const char *to)
{
	add_to(1, from, to);
}

/* The chains as "a>b>c", loops with "!" behind, joined by spaces in their order. */
static void
expect(uint32_t max_depth, const char *expected)
{
	struct redirect_chains chains;
	char text[1024] = "";

	assert_int_equal(redirect_graph_chains(&graph, max_depth, NULL, &chains), 0);
	for (size_t i = 0; i < json_array_size(chains.list); i++) {
		const json_t *chain = json_array_get(chains.list, i);
		const json_t *steps = json_get_array(chain, "chain");

		for (size_t k = 0; k < json_array_size(steps); k++) {
			size_t len = strlen(text);

			snprintf(text + len, sizeof(text) - len, "%s%s",
				 k > 0	 ? ">"
				 : i > 0 ? " "
					 : "",
				 json_string_value(json_array_get(steps, k)));
		}
		assert_int_equal(json_get_int(chain, "depth", 0), json_array_size(steps) - 1);
		if (json_get_bool(chain, "loop", false))
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "!");
	}
	assert_string_equal(text, expected);
	redirect_chains_fini(&chains);
}

static void
test_one_redirect_is_no_chain(void **state)
{
	(void)state;
	add("a", "b");
	add("c", "b");
	expect(5, "");
	assert_int_equal(graph.n_redirects, 2);
}

static void
test_chain_is_told_once_from_its_start(void **state)
{
	(void)state;
	add("b", "c");
	add("a", "b");
	add("c", "d");
	expect(5, "a>b>c>d");
}

static void
test_two_starts_of_one_tail(void **state)
{
	(void)state;
	add("a", "m");
	add("b", "m");
	add("m", "z");
	expect(5, "a>m>z b>m>z");
}

static void
test_loops(void **state)
{
	(void)state;
	add("a", "b");
	add("b", "c");
	add("c", "a");
	add("x", "x");
	expect(5, "a>b>c>a! x>x!");
}

static void
test_chain_into_a_loop(void **state)
{
	(void)state;
	add("s", "a");
	add("a", "b");
	add("b", "a");
	expect(5, "s>a>b>a!");
}

static void
test_loop_longer_than_the_depth_is_a_loop(void **state)
{
	(void)state;
	add("a", "b");
	add("b", "c");
	add("c", "d");
	add("d", "a");
	expect(2, "a>b>c!");
}

static void
test_depth_cuts_and_says_so(void **state)
{
	struct redirect_chains chains;

	(void)state;
	add("a", "b");
	add("b", "c");
	add("c", "d");
	expect(2, "a>b>c");
	assert_int_equal(redirect_graph_chains(&graph, 2, NULL, &chains), 0);
	assert_true(chains.is_truncated);
	redirect_chains_fini(&chains);
	assert_int_equal(redirect_graph_chains(&graph, 3, NULL, &chains), 0);
	assert_false(chains.is_truncated);
	redirect_chains_fini(&chains);
}

static void
test_stores_are_not_mixed(void **state)
{
	json_t *codes = json_pack("{s:s}", "2", "de");
	struct redirect_chains chains;

	(void)state;
	add_to(1, "a", "b");
	add_to(2, "b", "c");
	expect(5, "");
	add_to(2, "c", "d");
	assert_int_equal(redirect_graph_chains(&graph, 5, codes, &chains), 0);
	assert_int_equal(chains.n, 1);
	assert_string_equal(json_get_str(json_array_get(chains.list, 0), "store_view_code", ""), "de");
	redirect_chains_fini(&chains);
	json_decref(codes);
}

static void
test_rows_that_do_not_count(void **state)
{
	json_t *rewrite = json_pack("{s:s, s:s, s:s, s:s}", "request_path", "b", "target_path", "c", "store_id", "1",
				    "redirect_type", "0");
	json_t *other = json_pack("{s:s, s:s, s:i, s:i}", "request_path", "b", "target_path", "c", "store_id", 2,
				  "redirect_type", 302);
	json_t *odd = json_pack("{s:s}", "request_path", "b");

	(void)state;
	add("a", "b");
	assert_int_equal(redirect_graph_add(&graph, rewrite, 0), 0);
	assert_int_equal(redirect_graph_add(&graph, other, 1), 0);
	assert_int_equal(redirect_graph_add(&graph, odd, 0), 0);
	expect(5, "");
	assert_int_equal(graph.n_redirects, 1);
	json_decref(rewrite);
	json_decref(other);
	json_decref(odd);
}

static void
test_text_numbers_and_slashes(void **state)
{
	json_t *row = json_pack("{s:s, s:s, s:s, s:s}", "request_path", "/a", "target_path", "/b", "store_id", "1",
				"redirect_type", "301");

	(void)state;
	add("b", "c");
	assert_int_equal(redirect_graph_add(&graph, row, 1), 0);
	expect(5, "a>b>c");
	json_decref(row);
}

static void
test_only_fifty_are_shown(void **state)
{
	struct redirect_chains chains;

	(void)state;
	add("m", "z");
	for (int i = 0; i < 60; i++) {
		char from[16];

		snprintf(from, sizeof(from), "s%d", i);
		add(from, "m");
	}
	assert_int_equal(redirect_graph_chains(&graph, 5, NULL, &chains), 0);
	assert_int_equal(chains.n, 60);
	assert_int_equal(json_array_size(chains.list), REDIRECT_CHAINS_SHOWN);
	redirect_chains_fini(&chains);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(test_one_redirect_is_no_chain), TEST(test_chain_is_told_once_from_its_start),
	    TEST(test_two_starts_of_one_tail),	 TEST(test_loops),
	    TEST(test_chain_into_a_loop),	 TEST(test_loop_longer_than_the_depth_is_a_loop),
	    TEST(test_depth_cuts_and_says_so),	 TEST(test_stores_are_not_mixed),
	    TEST(test_rows_that_do_not_count),	 TEST(test_text_numbers_and_slashes),
	    TEST(test_only_fifty_are_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
