#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/principal.h"

static struct principal
principal_with(struct config_principal *config, const char *const *scopes, size_t n_scopes, const char *const *stores,
	       size_t n_stores)
{
	*config = (struct config_principal){
	    .name = "amy", .scopes = {.items = scopes, .n = n_scopes}, .stores = {.items = stores, .n = n_stores}};
	return principal_of_config(config);
}

static void
anonymous_may_do_all(void **state)
{
	const struct principal p = {.name = "anonymous"};

	(void)state;
	assert_true(principal_has_scope(&p, "catalog:write", NULL));
	assert_true(principal_may_use_store(&p, "main"));
}

static void
no_list_means_everything(void **state)
{
	struct config_principal config;
	const struct principal p = principal_with(&config, NULL, 0, NULL, 0);

	(void)state;
	assert_true(principal_has_scope(&p, "pricing:write", "any"));
	assert_true(principal_may_use_store(&p, "any"));
}

static void
scopes_cover(void **state)
{
	static const struct {
		const char *granted, *wanted;
		bool covers;
	} rows[] = {
	    {"catalog:read", "catalog:read", true},   {"catalog:read", "catalog:write", false},
	    {"catalog:write", "catalog:read", true},  {"catalog:*", "catalog:write", true},
	    {"catalog:*", "catalogue:read", false},   {"*", "pricing:write", true},
	    {"pricing:write", "catalog:read", false}, {"catalog", "catalog:read", false},
	    {"cat:read", "catalog:read", false},      {"main/catalog:read", "catalog:read", true},
	    {"main/*", "pricing:write", true},	      {"mai/catalog:read", "catalog:read", false},
	    {"mains/*", "catalog:read", false},	      {"/catalog:read", "catalog:read", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct config_principal config;
		const struct principal p = principal_with(&config, &rows[i].granted, 1, NULL, 0);

		assert_int_equal(principal_has_scope(&p, rows[i].wanted, "main"), rows[i].covers);
	}
}

/* A scope of one store is no right to what belongs to none. */
static void
a_store_scope_needs_its_store(void **state)
{
	static const char *const scopes[] = {"main/catalog:write"};
	struct config_principal config;
	const struct principal p = principal_with(&config, scopes, 1, NULL, 0);

	(void)state;
	assert_true(principal_has_scope(&p, "catalog:read", "main"));
	assert_false(principal_has_scope(&p, "catalog:read", "outlet"));
	assert_false(principal_has_scope(&p, "catalog:read", ""));
	assert_false(principal_has_scope(&p, "catalog:read", NULL));
}

static void
no_scope_is_needed(void **state)
{
	static const char *const scopes[] = {"catalog:read"};
	struct config_principal config;
	const struct principal p = principal_with(&config, scopes, 1, NULL, 0);

	(void)state;
	assert_true(principal_has_scope(&p, NULL, NULL));
}

static void
stores_are_exact(void **state)
{
	static const char *const stores[] = {"main", "outlet"};
	struct config_principal config;
	const struct principal p = principal_with(&config, NULL, 0, stores, 2);

	(void)state;
	assert_true(principal_may_use_store(&p, "outlet"));
	assert_false(principal_may_use_store(&p, "mai"));
	assert_false(principal_may_use_store(&p, ""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(anonymous_may_do_all),
	    cmocka_unit_test(no_list_means_everything),
	    cmocka_unit_test(scopes_cover),
	    cmocka_unit_test(no_scope_is_needed),
	    cmocka_unit_test(a_store_scope_needs_its_store),
	    cmocka_unit_test(stores_are_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
