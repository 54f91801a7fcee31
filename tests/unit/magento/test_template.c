#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/err.h"
#include "magento/template.h"

/* Bodies as a shop sends them (the message is the first member), and the text made of them. */
static void
texts_of_bodies(void **state)
{
	static const struct {
		const char *body;
		const char *text;
	} cases[] = {
	    /* by position */
	    {"{\"message\":\"The CMS page with the \\\"%1\\\" ID doesn't exist.\",\"parameters\":[9999]}",
	     "The CMS page with the \"9999\" ID doesn't exist."},
	    {"{\"message\":\"as %1 for ascending order or %2 for descending\",\"parameters\":[\"ASC\",\"DESC\"]}",
	     "as ASC for ascending order or DESC for descending"},
	    {"{\"message\":\"%1 %1 %2\",\"parameters\":[\"a\"]}", "a a %2"},
	    {"{\"message\":\"%10 %1\",\"parameters\":[1,2,3,4,5,6,7,8,9,\"ten\"]}", "ten 1"},
	    {"{\"message\":\"%12\",\"parameters\":[\"x\"]}", "x2"},
	    {"{\"message\":\"%0 %99999999999999999999\",\"parameters\":[\"x\"]}", "%0 %99999999999999999999"},
	    /* by name */
	    {"{\"message\":\"No such entity with %fieldName = %fieldValue\",\"parameters\":{\"fieldName\":\"class_id\","
	     "\"fieldValue\":999}}",
	     "No such entity with class_id = 999"},
	    {"{\"message\":\"%field and %fieldName\",\"parameters\":{\"field\":\"a\",\"fieldName\":\"b\"}}", "a and b"},
	    {"{\"message\":\"%fields\",\"parameters\":{\"field\":\"a\"}}", "as"},
	    {"{\"message\":\"%gone stays, 100% too %\",\"parameters\":{\"x\":\"y\"}}", "%gone stays, 100% too %"},
	    {"{\"message\":\"Maximum items of type \\\"%type\\\" is %max\",\"parameters\":{\"type\":"
	     "\"\\\\Magento\\\\Catalog\\\\Api\\\\Data\\\\SpecialPriceInterface\",\"max\":3}}",
	     "Maximum items of type \"\\Magento\\Catalog\\Api\\Data\\SpecialPriceInterface\" is 3"},
	    /* names with a list */
	    {"{\"message\":\"Invalid attribute %fieldName = %fieldValue.\",\"parameters\":[\"SKU\",\"NOPE\"]}",
	     "Invalid attribute SKU = NOPE."},
	    {"{\"message\":\"Invalid attribute Price Type = %priceType. Row ID: SKU = %SKU, Website ID: %websiteId, "
	     "Customer Group: "
	     "%customerGroup, Quantity: %qty.\",\"parameters\":[\"percent\",\"MCP-021\",\"0\",\"ALL GROUPS\",\"5\"]}",
	     "Invalid attribute Price Type = percent. Row ID: SKU = MCP-021, Website ID: 0, Customer Group: ALL "
	     "GROUPS, Quantity: 5."},
	    {"{\"message\":\"%a %b %a %c\",\"parameters\":[\"1\",\"2\"]}", "1 2 1 %c"},
	    {"{\"message\":\"%SKU has no value\",\"parameters\":[null]}", "has no value"},
	    /* a value that looks like a placeholder is not filled again */
	    {"{\"message\":\"%1 %2\",\"parameters\":[\"%2\",\"b\"]}", "%2 b"},
	    /* without parameters, with errors */
	    {"{\"message\":\"End Date must follow Start Date.; \"}", "End Date must follow Start Date.;"},
	    {"{\"message\":\"One or more input exceptions have "
	     "occurred.\",\"errors\":[{\"message\":\"\\\"%fieldName\\\" is required.\","
	     "\"parameters\":{\"fieldName\":\"code\"}},{\"message\":\"\\\"%fieldName\\\" is "
	     "required.\",\"parameters\":{\"fieldName\":"
	     "\"postcode\"}}]}",
	     "One or more input exceptions have occurred. \"code\" is required. \"postcode\" is required."},
	    {"{\"message\":\"The status \\\"%1\\\" is not part of the order\\n                 status "
	     "history.\",\"parameters\":[\"x\"]}",
	     "The status \"x\" is not part of the order status history."},
	    {"{\"message\":\"Validation Error(s):\\nFirst.\\nSecond.\\n\"}", "Validation Error(s): First. Second."},
	    /* what must not be shown */
	    {"{\"message\":\"Error occurred when generating coupons: %1\",\"parameters\":[\"Warning: Undefined array "
	     "key "
	     "\\\"alphanumeric\\\" in <magento-root>/vendor/magento/module-sales-rule/Helper/Coupon.php on line "
	     "148\"]}",
	     "Error occurred when generating coupons: internal Magento error"},
	    {"{\"message\":\"SQLSTATE[23000]: Integrity constraint violation: 1048 Column 'title' cannot be null, "
	     "query was: INSERT INTO "
	     "`cms_block`\"}",
	     "internal Magento error"},
	    {"{\"message\":\"Cannot open /srv/www/shop/var/x\"}", "internal Magento error"},
	    {"{\"message\":\"%1\",\"parameters\":[\"see /srv/www/shop/var\"]}", "internal Magento error"},
	    {"{\"message\":\"a <b>bold</b> <script>x</script>\\u0001\\u0007 claim\\u202e!\"}", "a bold x claim!"},
	    {"{\"message\":\"1 < 2 and 3 > 2\"}", "1 < 2 and 3 > 2"},
	    {"{\"message\":\"half\\u0085\\u009f done\\u001b[31m\"}", "half done[31m"},
	    /* nothing to say */
	    {"{}", ""},
	    {"{\"message\":7}", ""},
	    {"{\"message\":\"  \"}", ""},
	    {"[]", ""},
	    {"\"text\"", ""},
	};
	json_t *body;
	struct buf text;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		body = json_loads(cases[i].body, JSON_DECODE_ANY, NULL);
		assert_non_null(body);
		buf_init(&text, TEMPLATE_TEXT_BYTES);
		assert_int_equal(template_text(body, &text), 0);
		assert_string_equal(buf_cstr(&text), cases[i].text);
		buf_fini(&text);
		json_decref(body);
	}
}

static void
cuts_long_text_between_characters(void **state)
{
	char long_text[1200];
	struct buf out;
	size_t i;

	(void)state;
	for (i = 0; i < 300; i++)
		memcpy(long_text + 3 * i, "\xe2\x82\xac", 3);
	buf_init(&out, TEMPLATE_TEXT_BYTES);
	assert_int_equal(template_clean_put(&out, slice_of(long_text, 900), TEMPLATE_TEXT_MAX), 0);
	assert_int_equal(out.len, TEMPLATE_TEXT_MAX * 3 + 3);
	assert_true(slice_is_utf8(buf_slice(&out)));
	assert_string_equal(out.ptr + out.len - 3, "...");
	buf_clear(&out);
	assert_int_equal(template_clean_put(&out, slice_of(long_text, 600), TEMPLATE_TEXT_MAX), 0);
	assert_int_equal(out.len, 600);
	buf_fini(&out);
}

static void
drops_what_is_not_utf8(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, TEMPLATE_TEXT_BYTES);
	assert_int_equal(template_clean_put(&out,
					    SLICE_LIT("a\xff"
						      "b\xc3"
						      "c\xe2\x82"),
					    50),
			 0);
	assert_string_equal(buf_cstr(&out), "abc");
	buf_fini(&out);
}

static void
finds_the_report(void **state)
{
	struct slice id;

	(void)state;
	id = template_report_id(SLICE_LIT("Details are available. Report ID: webapi-6b02a8ca1b62b."));
	assert_true(slice_is(id, "webapi-6b02a8ca1b62b"));
	assert_int_equal(template_report_id(SLICE_LIT("webapi-")).len, 0);
	assert_int_equal(template_report_id(SLICE_LIT("webapi- x")).len, 0);
	assert_int_equal(template_report_id(SLICE_LIT("nothing")).len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(texts_of_bodies),
	    cmocka_unit_test(cuts_long_text_between_characters),
	    cmocka_unit_test(drops_what_is_not_utf8),
	    cmocka_unit_test(finds_the_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
