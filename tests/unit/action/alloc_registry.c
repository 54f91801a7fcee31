/*
 * alloc_registry.c - the registry and its schemas without memory: whole or not at all
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "action/registry.h"
#include "base/err.h"
#include "torture.h"

static int
build(void *ctx)
{
	struct action_registry *registry = action_registry_new(&action_product_magento);
	bool built = registry != NULL;

	(void)ctx;
	if (built)
		assert_non_null(action_registry_find(registry, SLICE_LIT("auth_whoami")));
	action_registry_free(&registry);
	return built ? 0 : ERR_NOMEM;
}

static void
building(void **state)
{
	(void)state;
	torture("build", build, NULL);
	assert_int_equal(torture_failures(), 3);
}

struct schema {
	const struct action *action;
	json_t *(*make)(const struct action *action);
	json_t *whole;
};

/* Workers that publish different schemas would be worse than one that does not start. */
static int
make_schema(void *ctx)
{
	const struct schema *schema = ctx;
	json_t *json = schema->make(schema->action);

	if (json == NULL)
		return ERR_NOMEM;
	if (schema->whole != NULL)
		assert_true(json_equal(json, schema->whole));
	json_decref(json);
	return 0;
}

static void
schemas(void **state)
{
	const struct action_table *const tables[] = {&action_auth_table, &action_scope_table, &action_catalog_table};

	(void)state;
	for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
		for (size_t i = 0; i < tables[t]->n; i++) {
			struct schema input = {&tables[t]->rows[i], action_input_schema, NULL};
			struct schema output = {&tables[t]->rows[i], action_output_schema, NULL};

			input.whole = input.make(input.action);
			output.whole = output.make(output.action);
			torture("input", make_schema, &input);
			assert_true(torture_failures() > 10);
			torture("output", make_schema, &output);
			assert_true(torture_failures() > 10);
			json_decref(input.whole);
			json_decref(output.whole);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(building),
	    cmocka_unit_test(schemas),
	};

	json_set_alloc_funcs(torture_malloc, torture_free);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
