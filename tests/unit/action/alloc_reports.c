/*
 * alloc_reports.c - the pure halves of the diagnostics and seo tools, short of memory
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "../lib/torture.h"
#include "action/diagnostics/display_check.h"
#include "action/diagnostics/indexers.h"
#include "action/seo/redirect_graph.h"
#include "action/seo/redirect_trace.h"
#include "action/diagnostics/salable.h"
#include "action/seo/seo_private.h"
#include "action/seo/seo_url_key.h"

static int
end_with(json_t *result)
{
	int r = result != NULL ? 0 : -1;

	json_decref(result);
	return r;
}

static json_t *
load(char *text)
{
	for (char *c = text; *c != '\0'; c++) {
		if (*c == '\'')
			*c = '"';
	}
	return json_loads(text, 0, NULL);
}

static int
judge(void *ctx)
{
	return end_with(display_judge(ctx));
}

static void
test_display_judge(void **state)
{
	char text[] =
	    "{'today':'2026-11-22','product':{'sku':'A','type_id':'configurable','extension_attributes':{'website_ids':"
	    "[1],"
	    "'category_links':[{'category_id':'3'}]}},'categories':[{'id':3,'name':'x','is_active':false,'path':'1/"
	    "3'}],"
	    "'sites':[{'website_code':'base','website_id':1,'linked':false}],'levels':{},'views':[{'code':'a',"
	    "'website_code':'base','website_id':1,'product':{'status':2,'visibility':1},'children':[{'sku':'B','status'"
	    ":1}]},"
	    "{'code':'b','website_code':'eu','website_id':2}]}";
	json_t *facts = load(text);

	(void)state;
	assert_non_null(facts);
	torture("display_judge", judge, facts);
	assert_true(torture_failures() > 50);
	json_decref(facts);
}

static int
render(void *ctx)
{
	return end_with(salable_render(ctx));
}

static void
test_salable_render(void **state)
{
	char product[] = "{'sku':'A','type_id':'configurable','extension_attributes':{'website_ids':[1]}}";
	char sites[] = "[{'website_code':'base','website_id':1,'linked':true,'stock_id':1,'stock_name':'x'}]";
	char levels[] = "{'1':{'salable':{'A':true},'quantity':{'A':0},'errors':{'x':'y'},"
			"'sources':[{'source_code':'s','enabled':true},{'source_code':'t','enabled':false}]}}";
	char items[] = "[{'source_code':'s','quantity':5,'status':1},{'source_code':'t','quantity':5,'status':1},{'"
		       "source_code':'u'}]";
	char children[] = "[{'sku':'B','status':1}]";
	struct salable_facts facts = {.product = load(product),
				      .sites = load(sites),
				      .levels = load(levels),
				      .source_items = load(items),
				      .children = load(children),
				      .n_children = 2,
				      .has_msi = true,
				      .all_sites = true};

	(void)state;
	assert_non_null(facts.source_items);
	torture("salable_render", render, &facts);
	assert_true(torture_failures() > 30);
	json_decref((json_t *)(uintptr_t)facts.product);
	json_decref((json_t *)(uintptr_t)facts.sites);
	json_decref(facts.levels);
	json_decref((json_t *)(uintptr_t)facts.source_items);
	json_decref((json_t *)(uintptr_t)facts.children);
}

static int
chains(void *ctx)
{
	struct redirect_chains found = {.list = NULL};
	struct redirect_graph graph;
	int r = redirect_graph_init(&graph);

	for (size_t i = 0; r == 0 && i < json_array_size(ctx); i++)
		r = redirect_graph_add(&graph, json_array_get(ctx, i), 0);
	if (r == 0)
		r = redirect_graph_chains(&graph, 5, NULL, &found);
	redirect_chains_fini(&found);
	redirect_graph_fini(&graph);
	return r;
}

static void
test_redirect_graph(void **state)
{
	char text[] = "[{'request_path':'a','target_path':'b','store_id':1,'redirect_type':301},"
		      "{'request_path':'b','target_path':'c','store_id':1,'redirect_type':301},"
		      "{'request_path':'x','target_path':'x','store_id':2,'redirect_type':301}]";
	json_t *rows = load(text);

	(void)state;
	torture("redirect_graph", chains, rows);
	json_decref(rows);
}

static int
indexers(void *ctx)
{
	return end_with(indexers_render(ctx));
}

static void
test_indexers(void **state)
{
	char text[] =
	    "[{'indexer_id':'a','status':'invalid','mode':'m','updated':'u'},{'id':'b','title':'B','status':'valid'}]";
	json_t *body = load(text);

	(void)state;
	torture("indexers_render", indexers, body);
	json_decref(body);
}

/* Without memory a key is too long, never wrong. */
static int
transform(void *ctx)
{
	char key[SEO_URL_KEY_CAP];

	if (seo_url_key_transform("a-b", ctx, key) == SEO_URL_KEY_OK) {
		assert_string_equal(key, "x-c-b");
		return 0;
	}
	assert_string_equal(key, "");
	return -1;
}

static void
test_url_key(void **state)
{
	char text[] = "{'prefix':'x-','replace':{'search':'a','replacement':'c'}}";
	json_t *rule = load(text);

	(void)state;
	torture("seo_url_key_transform", transform, rule);
	json_decref(rule);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_display_judge),  cmocka_unit_test(test_salable_render),
	    cmocka_unit_test(test_redirect_graph), cmocka_unit_test(test_indexers),
	    cmocka_unit_test(test_url_key),
	};

	json_set_alloc_funcs(torture_malloc, torture_free);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
