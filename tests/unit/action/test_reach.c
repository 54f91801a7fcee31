#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../magento/shop_lists.h"
#include "action/reach.h"
#include "json/get.h"
#include "json/parse.h"

/* Website base: group main_store with default (1) and de (2), group outlet with an inactive view; website eu: eu_en. */
struct setting {
	struct scope_tree *tree;
	struct pool *pool;
	struct action_call call;
	struct store_client sc;
};

static json_t *
parse(const char *text)
{
	json_t *value = NULL;

	assert_int_equal(json_parse(slice_from_str(text), NULL, &value, NULL), 0);
	return value;
}

static int
set_up(void **state)
{
	struct setting *s = calloc(1, sizeof(*s));
	struct scope_lists lists = {.websites = parse(SHOP_WEBSITES),
				    .groups = parse(SHOP_GROUPS),
				    .views = parse(SHOP_VIEWS),
				    .configs = parse(SHOP_CONFIGS)};

	s->tree = scope_tree_new(&lists);
	assert_non_null(s->tree);
	scope_lists_fini(&lists);
	s->pool = pool_new(1 << 20);
	s->call.pool = s->pool;
	s->sc.call = &s->call;
	*state = s;
	return 0;
}

static int
tear_down(void **state)
{
	struct setting *s = *state;

	scope_tree_free(&s->tree);
	pool_free(&s->pool);
	free(s);
	return 0;
}

static struct reach
reach_of(const struct setting *s, const char *given)
{
	json_t *tree = parse(given);
	struct reach reach = {.tree = s->tree};
	struct scope scope;
	struct fault fault;

	fault_init(&fault);
	assert_int_equal(scope_from_json(tree, "params.scope", &scope, &fault), 0);
	if (scope_tree_resolve(s->tree, &scope, "params.scope", &reach.target, &fault) < 0)
		fail_msg("%s: %s", given, fault.message);
	json_decref(tree);
	return reach;
}

/* "default>default+de eu_en>eu_en !": each prefix with the views that see it (* for all), "!" for wider than asked. */
static void
describe(const struct reach_writes *writes, char *out, size_t cap)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < writes->n; i++) {
		const struct reach_write *write = &writes->items[i];

		len += (size_t)snprintf(out + len, cap - len, "%s%s>%s", i > 0 ? " " : "", write->prefix,
					write->views == NULL ? "*" : "");
		for (size_t v = 0; v < write->n_views; v++)
			len += (size_t)snprintf(out + len, cap - len, "%s%s", v > 0 ? "+" : "", write->views[v]);
	}
	if (writes->is_wider)
		snprintf(out + len, cap - len, " !");
}

#define GLOBAL "{\"scope\":\"global\"}"
#define BASE "{\"website_code\":\"base\"}"
#define EU "{\"website_code\":\"eu\"}"
#define MAIN "{\"store_code\":\"main_store\"}"
#define EU_GROUP "{\"store_code\":\"eu_group\"}"
#define DE "{\"store_view_code\":\"de\"}"
#define EU_EN "{\"store_view_code\":\"eu_en\"}"
#define DE_AND_BASE "{\"store_view_code\":\"de\",\"website_code\":\"base\",\"scope\":\"global\"}"

static void
the_table(void **state)
{
	static const struct {
		const char *scope;
		enum reach_field field;
		const char *writes;
	} cases[] = {
	    {GLOBAL, REACH_STORE_VIEW, "all>*"},
	    {GLOBAL, REACH_WEBSITE, "all>*"},
	    {GLOBAL, REACH_GLOBAL, "all>*"},
	    {BASE, REACH_STORE_VIEW, "default>default de>de"},
	    {BASE, REACH_WEBSITE, "default>default+de"},
	    {BASE, REACH_GLOBAL, "all>* !"},
	    {EU, REACH_STORE_VIEW, "eu_en>eu_en"},
	    {EU, REACH_WEBSITE, "eu_en>eu_en"},
	    {EU, REACH_GLOBAL, "all>* !"},
	    {MAIN, REACH_STORE_VIEW, "default>default de>de"},
	    {MAIN, REACH_WEBSITE, "default>default+de"},
	    {MAIN, REACH_GLOBAL, "all>* !"},
	    {EU_GROUP, REACH_STORE_VIEW, "eu_en>eu_en"},
	    {EU_GROUP, REACH_WEBSITE, "eu_en>eu_en"},
	    {DE, REACH_STORE_VIEW, "de>de"},
	    {DE, REACH_WEBSITE, "default>default+de !"},
	    {DE, REACH_GLOBAL, "all>* !"},
	    {EU_EN, REACH_STORE_VIEW, "eu_en>eu_en"},
	    {EU_EN, REACH_WEBSITE, "eu_en>eu_en"},
	    {EU_EN, REACH_GLOBAL, "all>* !"},
	    {DE_AND_BASE, REACH_STORE_VIEW, "de>de"},
	};
	struct setting *s = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct reach reach = reach_of(s, cases[i].scope);
		struct reach_writes writes;
		struct fault fault;
		char got[256];

		fault_init(&fault);
		assert_int_equal(reach_writes_of(&s->sc, &reach, cases[i].field, &writes, &fault), 0);
		describe(&writes, got, sizeof(got));
		if (strcmp(got, cases[i].writes) != 0)
			fail_msg("%s, field %d: %s, wanted %s", cases[i].scope, (int)cases[i].field, got,
				 cases[i].writes);
	}
}

/* Without the right to read the tree: everything, or the one view that was named. */
static void
without_a_tree(void **state)
{
	static const struct {
		enum scope_level level;
		const char *prefix;
		enum reach_field field;
		const char *writes;
	} cases[] = {
	    {SCOPE_GLOBAL, "all", REACH_STORE_VIEW, "all>*"}, {SCOPE_GLOBAL, "all", REACH_WEBSITE, "all>*"},
	    {SCOPE_VIEW, "de", REACH_STORE_VIEW, "de>de"},    {SCOPE_VIEW, "de", REACH_WEBSITE, "de>de"},
	    {SCOPE_VIEW, "de", REACH_GLOBAL, "all>* !"},
	};
	struct setting *s = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct reach reach = {.target = {.level = cases[i].level}};
		struct reach_writes writes;
		struct fault fault;
		char got[256];

		fault_init(&fault);
		snprintf(reach.target.prefix, sizeof(reach.target.prefix), "%s", cases[i].prefix);
		assert_int_equal(reach_writes_of(&s->sc, &reach, cases[i].field, &writes, &fault), 0);
		describe(&writes, got, sizeof(got));
		assert_string_equal(got, cases[i].writes);
	}
}

static void
all_views(void **state)
{
	struct setting *s = *state;
	struct reach reach = reach_of(s, GLOBAL);
	const char **codes;

	assert_int_equal(reach_all_views(&s->sc, &reach, &codes), 3);
	assert_string_equal(codes[0], "default");
	assert_string_equal(codes[1], "de");
	assert_string_equal(codes[2], "eu_en");
	reach.tree = NULL;
	assert_int_equal(reach_all_views(&s->sc, &reach, &codes), 0);
}

static void
said_again(void **state)
{
	static const struct {
		const char *given, *said;
	} cases[] = {
	    {GLOBAL, GLOBAL}, {BASE, BASE},	 {MAIN, MAIN},
	    {DE, DE},	      {DE_AND_BASE, DE}, {"{\"website_code\":\"BASE\"}", BASE}, /* in the shop's spelling */
	};
	struct setting *s = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct reach reach = reach_of(s, cases[i].given);
		json_t *said = reach_to_json(&reach), *wanted = parse(cases[i].said);

		if (!json_equal(said, wanted))
			fail_msg("%s: %s", cases[i].given, json_dumps(said, 0));
		json_decref(said);
		json_decref(wanted);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(the_table, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(without_a_tree, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(all_views, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(said_again, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
