#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "json/write.h"
#include "magento/product.h"

#define PRODUCT                                                                                                        \
	"{\"id\":1,\"sku\":\"A\",\"name\":\"Hat\",\"price\":5.5,\"media_gallery_entries\":[{\"id\":9,\"content\":{"    \
	"\"x\":1}},{\"id\":10}],"                                                                                      \
	"\"custom_attributes\":[{\"attribute_code\":\"url_key\",\"value\":\"hat\"},{\"attribute_code\":\"category_"    \
	"ids\",\"value\":[\"3\"]}]}"

static void
projects(void **state)
{
	static const char *const core[] = {"name", "sku", "price", "name"};
	static const char *const mixed[] = {"name", "url_key", "special_price"};
	static const char *const whole[] = {"custom_attributes"};
	static const char *const bad[] = {"name", "a],total_count,items[b"};
	struct pool *pool = pool_new(65536);

	(void)state;
	assert_string_equal(product_projection(pool, core, 4, false), "items[sku,name,price],total_count");
	assert_string_equal(product_projection(pool, core, 4, true), "sku,name,price");
	assert_string_equal(product_projection(pool, mixed, 3, false), "items[sku,name,custom_attributes],total_count");
	assert_string_equal(product_projection(pool, whole, 1, true), "sku,custom_attributes");
	assert_string_equal(
	    product_projection(pool, product_summary_fields, product_n_summary_fields, false),
	    "items[sku,id,name,type_id,status,visibility,price,updated_at,custom_attributes],total_count");
	assert_null(product_projection(pool, bad, 2, false));
	pool_free(&pool);
}

static void
picks(void **state)
{
	static const char *const fields[] = {"sku", "url_key", "category_ids", "special_price", "weight"};
	json_t *product = json_loads(PRODUCT, 0, NULL);
	json_t *picked = product_pick(product, fields, 5);
	json_t *expected = json_loads("{\"sku\":\"A\",\"url_key\":\"hat\",\"category_ids\":[\"3\"]}", 0, NULL);

	(void)state;
	assert_true(json_equal(picked, expected));
	assert_null(product_attribute(product, "nope"));
	json_decref(expected);
	json_decref(picked);
	json_decref(product);
}

/* Text and tree give the same. */
static void
picks_from_text(void **state)
{
	static const char *const fields[] = {"url_key", "sku",	  "category_ids",     "special_price",
					     "sku",	"weight", "custom_attributes"};
	struct pool *pool = pool_new(65536);
	json_t *product = json_loads(PRODUCT, 0, NULL);
	json_t *picked = product_pick(product, fields, ARRAY_LEN(fields));
	struct buf text, expected;

	(void)state;
	buf_init(&text, 4096);
	buf_init(&expected, 4096);
	assert_int_equal(json_dump_to(&expected, picked), 0);
	assert_int_equal(product_pick_text(slice_from_str(PRODUCT), fields, ARRAY_LEN(fields), pool, &text), 0);
	assert_string_equal(buf_cstr(&text), buf_cstr(&expected));
	buf_clear(&text);
	assert_int_equal(product_pick_text(SLICE_LIT("{}"), fields, ARRAY_LEN(fields), pool, &text), 0);
	assert_string_equal(buf_cstr(&text), "{}");
	assert_int_equal(product_pick_text(SLICE_LIT("[]"), fields, ARRAY_LEN(fields), pool, &text), ERR_INVALID);
	buf_fini(&expected);
	buf_fini(&text);
	json_decref(picked);
	json_decref(product);
	pool_free(&pool);
}

static void
drops_image_data(void **state)
{
	json_t *product = json_loads(PRODUCT, 0, NULL);
	json_t *entries = json_object_get(product, "media_gallery_entries");

	(void)state;
	json_relay_drop_from(product, &product_media_content);
	assert_int_equal(json_array_size(entries), 2);
	assert_null(json_object_get(json_array_get(entries, 0), "content"));
	assert_non_null(json_object_get(json_array_get(entries, 0), "id"));
	json_decref(product);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(projects),
	    cmocka_unit_test(picks),
	    cmocka_unit_test(picks_from_text),
	    cmocka_unit_test(drops_image_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
