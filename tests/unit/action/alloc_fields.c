/*
 * alloc_fields.c - bodies and verdicts without memory: never fewer fields than were planned, never a wrong finding
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "action/catalog/fields.h"
#include "base/err.h"
#include "torture.h"

static json_t *updates, *product;

/* Every field's target goes into one body. */
static int
put_all(void *ctx)
{
	json_t *body = json_object();
	size_t n_attributes = 0, n_members;
	const char *name;
	json_t *value;
	int r = body != NULL ? 0 : ERR_NOMEM;

	(void)ctx;
	json_object_foreach(updates, name, value)
	{
		const struct product_field *field = fields_find(name);
		json_t *target = fields_of_param(field, value);

		n_attributes += field->place != FIELD_TOP;
		if (r == 0 && (target == NULL || fields_put(field, body, target) < 0))
			r = ERR_NOMEM;
		json_decref(target);
	}
	n_members = json_object_size(updates) - n_attributes + 1;
	if (r == 0) {
		assert_int_equal(json_object_size(body), n_members);
		assert_int_equal(json_array_size(json_object_get(body, "custom_attributes")), n_attributes);
	}
	json_decref(body);
	return r;
}

/* A product's value in normal form is NULL or right. */
static int
read_all(void *ctx)
{
	int r = 0;

	(void)ctx;
	for (size_t i = 0; i < product_n_fields; i++) {
		json_t *value = fields_of_product(&product_fields[i], product);

		if (value == NULL)
			r = ERR_NOMEM;
		else if (strcmp(product_fields[i].name, "special_price") == 0)
			assert_true(json_real_value(value) == 5.5);
		else if (product_fields[i].kind == FIELD_IDS)
			assert_int_equal(json_array_size(value), 2);
		json_decref(value);
	}
	return r;
}

static void
never_a_part_of_a_body(void **state)
{
	(void)state;
	torture("put_all", put_all, NULL);
	assert_true(torture_failures() > 20);
}

static void
never_a_wrong_value(void **state)
{
	(void)state;
	torture("read_all", read_all, NULL);
	assert_true(torture_failures() > 10);
}

static int
set_up(void **state)
{
	(void)state;
	json_set_alloc_funcs(torture_malloc, torture_free);
	updates = json_pack("{s:s, s:i, s:f, s:n, s:s, s:s, s:n, s:f, s:s, s:[i,i]}", "name", "N", "status", 2, "price",
			    1.5, "weight", "description", "<p>", "meta_title", "T", "meta_keyword", "special_price",
			    0.5, "special_from_date", "2026-01-31", "category_ids", 4, 2);
	product =
	    json_pack("{s:s, s:i, s:i, s:f, s:{s:[{s:s}, {s:s}]}, s:[{s:s, s:s}, {s:s, s:s}]}", "name", "N", "status",
		      1, "visibility", 4, "price", 9.0, "extension_attributes", "category_links", "category_id", "7",
		      "category_id", "3", "custom_attributes", "attribute_code", "special_price", "value", "5.500000",
		      "attribute_code", "special_to_date", "value", "2026-01-31");
	return updates != NULL && product != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	json_decref(updates);
	json_decref(product);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(never_a_part_of_a_body),
	    cmocka_unit_test(never_a_wrong_value),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
