#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "action/pricing/price_targets.h"
#include "json/get.h"

static json_t *
parse(const char *text)
{
	json_error_t error;
	json_t *value = json_loads(text, JSON_DECODE_ANY, &error);

	if (value == NULL)
		fail_msg("%s: %s", text, error.text);
	return value;
}

/* ---- checks ---- */

static void
checks(void **state)
{
	static const struct {
		const char *params, *path; /* NULL: nothing wrong */
	} cases[] = {
	    {"{'match':{},'price_updates':{'price':1.2345}}", NULL},
	    {"{'items':[{'sku':'A','price':1},{'sku':'B','special_price':null}]}", NULL},
	    {"{'match':{},'price_updates':{'price':99999999.9999}}", NULL},
	    {"{'match':{},'price_updates':{'special_price':5,'adjust':{'target':'price','percent':1}}}", NULL},
	    {"{'match':{},'price_updates':{'special_price':null,'special_to_date':null}}", NULL},
	    {"{'match':{},'price_updates':{'special_from_date':'2026-01-01','special_to_date':'2026-01-01 00:00:00'}}",
	     NULL},
	    {"{}", "params"},
	    {"{'match':{},'items':[{'sku':'A','price':1}]}", "params"},
	    {"{'match':{}}", "params.price_updates"},
	    {"{'items':[{'sku':'A','price':1}],'price_updates':{'price':1}}", "params.price_updates"},
	    {"{'items':[{'sku':'A','price':1},{'sku':'a','price':2}]}", "params.items"},
	    {"{'items':[{'sku':'A'}]}", "params.items[0]"},
	    {"{'items':[{'sku':'A','price':1},{'sku':'B','price':0.00001}]}", "params.items[1].price"},
	    {"{'match':{},'price_updates':{'price':1.23456}}", "params.price_updates.price"},
	    {"{'match':{},'price_updates':{'special_price':99999999.99995}}", "params.price_updates.special_price"},
	    {"{'match':{},'price_updates':{'special_from_date':'2026-02-01','special_to_date':'2026-01-31 23:59:59'}}",
	     "params.price_updates.special_to_date"},
	    {"{'match':{},'price_updates':{'special_price':null,'special_to_date':'2026-01-01'}}",
	     "params.price_updates.special_price"},
	    {"{'match':{},'price_updates':{'adjust':{'target':'price'}}}", "params.price_updates.adjust"},
	    {"{'match':{},'price_updates':{'adjust':{'target':'price','percent':1,'amount':1}}}",
	     "params.price_updates.adjust"},
	    {"{'match':{},'price_updates':{'price':5,'adjust':{'target':'price','percent':1}}}",
	     "params.price_updates.adjust"},
	    {"{'match':{},'price_updates':{'special_price':null,'adjust':{'target':'special_price','percent':1}}}",
	     "params.price_updates.adjust"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[300];
		json_t *params, *violations = json_array();
		const char *path;

		snprintf(text, sizeof(text), "%s", cases[i].params);
		for (char *p = text; *p != '\0'; p++)
			*p = *p == '\'' ? '"' : *p;
		params = parse(text);
		assert_int_equal(price_check(params, violations), 0);
		path = json_get_str(json_array_get(violations, 0), "path", NULL);
		if ((path == NULL) != (cases[i].path == NULL) || (path != NULL && strcmp(path, cases[i].path) != 0))
			fail_msg("%s: %s, not %s", text, path != NULL ? path : "good",
				 cases[i].path != NULL ? cases[i].path : "good");
		assert_true(json_array_size(violations) <= 1);
		json_decref(params);
		json_decref(violations);
	}
}

/* ---- arithmetic ---- */

static void
adjusting(void **state)
{
	static const struct {
		double base;
		const char *adjust;
		double wanted;
	} cases[] = {
	    {10, "{\"percent\":10}", 11},
	    {10, "{\"percent\":-90}", 1},
	    {10, "{\"amount\":-2.5}", 7.5},
	    {10, "{\"amount\":-12}", -2},
	    {10, "{\"percent\":12.25}", 11.23}, /* 11.225 */
	    {1.005, "{\"amount\":0}", 1.01},
	    {19.99, "{\"percent\":-15}", 16.99}, /* 16.9915 */
	    {33.33, "{\"percent\":5}", 35},	 /* 34.9965 */
	    {10, "{\"percent\":3,\"round_to\":0.05}", 10.3},
	    {10, "{\"percent\":3.3,\"round_to\":0.05}", 10.35}, /* 10.33 */
	    {10.12, "{\"amount\":0,\"round_to\":0.05}", 10.1},
	    {10.125, "{\"amount\":0,\"round_to\":0.25}", 10.25}, /* 10.13 */
	    {44, "{\"percent\":0,\"round_to\":10}", 40},
	    {45, "{\"percent\":0,\"round_to\":10}", 50},
	    {12.34, "{\"percent\":0,\"ending\":0.99}", 11.99},
	    {12.5, "{\"percent\":0,\"ending\":0.99}", 12.99}, /* 0.51 below, 0.49 above */
	    {12.99, "{\"percent\":0,\"ending\":0.99}", 12.99},
	    {0.2, "{\"percent\":0,\"ending\":0.99}", 0.99},
	    {12.34, "{\"percent\":0,\"ending\":0}", 12},
	    {12.5, "{\"percent\":0,\"ending\":0}", 13},
	    {44, "{\"percent\":0,\"round_to\":10,\"ending\":0.99}", 39.99},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_t *adjust = parse(cases[i].adjust);
		double got = price_adjust(cases[i].base, adjust);

		if (got - cases[i].wanted > 1e-9 || cases[i].wanted - got > 1e-9)
			fail_msg("%g %s: %.6f, not %g", cases[i].base, cases[i].adjust, got, cases[i].wanted);
		json_decref(adjust);
	}
}

/* ---- targets ---- */

#define PLAIN "{\"price\":10.0,\"special_price\":null,\"special_from_date\":null,\"special_to_date\":null}"
#define REDUCED                                                                                                        \
	"{\"price\":10.0,\"special_price\":8.0,\"special_from_date\":\"2026-01-01 "                                    \
	"00:00:00\",\"special_to_date\":\"2030-01-01 00:00:00\"}"

static void
deciding(void **state)
{
	static const struct {
		const char *present, *update, *to; /* to NULL: skipped */
	} cases[] = {
	    {PLAIN, "{\"price\":12}", "{\"price\":12.0}"},
	    {PLAIN, "{\"price\":10}", "{}"},
	    {PLAIN, "{\"price\":10.00001}", "{}"},
	    {PLAIN, "{\"price\":9.9999}", "{\"price\":9.9999}"},
	    {PLAIN, "{\"special_price\":5,\"special_to_date\":\"2027-01-01\"}",
	     "{\"special_price\":5.0,\"special_to_date\":\"2027-01-01 00:00:00\"}"},
	    {PLAIN, "{\"special_price\":null}", "{}"},
	    {PLAIN, "{\"special_to_date\":\"2027-01-01\"}", NULL},
	    {PLAIN, "{\"special_to_date\":\"2027-01-01\",\"price\":5}", NULL},
	    {PLAIN, "{\"adjust\":{\"target\":\"special_price\",\"percent\":-20}}", "{\"special_price\":8.0}"},
	    {PLAIN, "{\"adjust\":{\"target\":\"price\",\"amount\":-11}}", NULL},
	    {PLAIN, "{\"adjust\":{\"target\":\"price\",\"amount\":99999999}}", NULL},
	    {"{\"price\":null,\"special_price\":null,\"special_from_date\":null,\"special_to_date\":null}",
	     "{\"adjust\":{\"target\":\"price\",\"amount\":1}}", NULL},
	    {REDUCED, "{\"special_price\":0}", "{\"special_price\":0.0}"},
	    {REDUCED, "{\"special_price\":null}",
	     "{\"special_price\":null,\"special_from_date\":null,\"special_to_date\":null}"},
	    {REDUCED, "{\"special_to_date\":null}", "{\"special_to_date\":null}"},
	    {REDUCED, "{\"special_to_date\":\"2030-01-01\"}", "{}"},
	    {REDUCED, "{\"special_to_date\":\"2025-01-01\"}", NULL},
	    {REDUCED, "{\"special_from_date\":\"2031-01-01\"}", NULL},
	    {REDUCED, "{\"price\":20}", "{\"price\":20.0}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_t *present = parse(cases[i].present), *update = parse(cases[i].update);
		json_t *wanted = cases[i].to != NULL ? parse(cases[i].to) : json_object();
		const char *skip = NULL;
		json_t *to = price_decide(present, update, &skip);

		if (!json_equal(to, wanted) || (skip != NULL) != (cases[i].to == NULL))
			fail_msg("%s %s: %s, skipped: %s", cases[i].present, cases[i].update, json_dumps(to, 0),
				 skip != NULL ? skip : "no");
		json_decref(present);
		json_decref(update);
		json_decref(wanted);
		json_decref(to);
	}
}

/* Decimals come as text in custom_attributes, as numbers at the top. */
static void
values_of_a_product(void **state)
{
	json_t *product = parse("{\"price\":10,\"custom_attributes\":["
				"{\"attribute_code\":\"special_price\",\"value\":\"5.500000\"},"
				"{\"attribute_code\":\"special_to_date\",\"value\":\"2026-05-01 00:00:00\"}]}");
	json_t *values = price_values(product);
	json_t *wanted = parse("{\"price\":10.0,\"special_price\":5.5,\"special_from_date\":null,"
			       "\"special_to_date\":\"2026-05-01 00:00:00\"}");

	(void)state;
	assert_true(json_equal(values, wanted));
	json_decref(product);
	json_decref(values);
	json_decref(wanted);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(checks),
	    cmocka_unit_test(adjusting),
	    cmocka_unit_test(deciding),
	    cmocka_unit_test(values_of_a_product),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
