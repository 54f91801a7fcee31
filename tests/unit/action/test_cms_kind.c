#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "action/cms/cms_kind.h"

static const struct cms_field *
find(const struct cms_kind *kind, const char *name)
{
	for (size_t i = 0; i < kind->n_fields; i++) {
		if (strcmp(kind->fields[i].name, name) == 0)
			return &kind->fields[i];
	}
	return NULL;
}

static bool
same(const struct cms_kind *kind, const char *name, json_t *a, json_t *b)
{
	const struct cms_field *field = find(kind, name);
	json_t *x, *y;
	bool result;

	assert_non_null(field);
	x = cms_field_normal(field, a);
	y = cms_field_normal(field, b);
	result = cms_field_same(name, x, y);
	json_decref(x);
	json_decref(y);
	json_decref(a);
	json_decref(b);
	return result;
}

static void
values(void **state)
{
	(void)state;
	assert_true(same(&cms_pages, "meta_title", NULL, json_string("")));
	assert_true(same(&cms_pages, "meta_title", json_null(), NULL));
	assert_false(same(&cms_pages, "meta_title", json_string("x"), json_null()));
	assert_false(same(&cms_pages, "title", json_string("A"), json_string("a")));
	assert_true(same(&cms_blocks, "is_active", json_true(), json_integer(1)));
	assert_true(same(&cms_blocks, "is_active", json_string("1"), json_string("true")));
	assert_true(same(&cms_blocks, "is_active", json_false(), NULL));
	assert_false(same(&cms_blocks, "is_active", json_false(), json_true()));
}

/* `active` in rows, `is_active` for callers. */
static void
rows(void **state)
{
	json_t *row = json_pack("{s:i, s:s, s:b}", "id", 7, "identifier", "home", "active", 1);
	json_t *active = cms_field_of_row(find(&cms_pages, "is_active"), row);
	json_t *key = cms_key(&cms_blocks, row), *wanted = json_pack("{s:i, s:s}", "block_id", 7, "identifier", "home");

	(void)state;
	assert_true(json_is_true(active));
	assert_true(json_equal(key, wanted));
	assert_int_equal(cms_id(row), 7);
	assert_int_equal(cms_id(NULL), 0);
	json_decref(row);
	json_decref(active);
	json_decref(key);
	json_decref(wanted);
}

/* A field may be called what Magento calls it only in rows; blocks have three fields, pages seven. */
static void
fields(void **state)
{
	(void)state;
	assert_int_equal(cms_pages.n_fields, 7);
	assert_int_equal(cms_blocks.n_fields, 3);
	assert_null(find(&cms_blocks, "meta_title"));
	assert_null(find(&cms_pages, "active"));
	assert_string_equal(find(&cms_pages, "is_active")->member, "active");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(values), cmocka_unit_test(rows), cmocka_unit_test(fields)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
