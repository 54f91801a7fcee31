#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "action/env.h"
#include "action/pricing/price_survey.h"
#include "json/get.h"

#define NOW_MS 1795341600000 /* 2026-11-22 10:00:00 */

struct shop {
	struct config config;
	struct action_env env;
	struct action_call call;
	struct price_survey survey;
};

static void
open_shop(struct shop *shop)
{
	memset(shop, 0, sizeof(*shop));
	shop->config.guardrails.max_skus_per_bulk = 500;
	shop->env.config = &shop->config;
	shop->call.env = &shop->env;
	price_survey_init(&shop->survey, 50, NOW_MS);
}

static void
note(struct shop *shop, const char *sku, const char *present, const char *to)
{
	json_t *a = json_loads(present, 0, NULL), *b = json_loads(to, 0, NULL);

	assert_non_null(a);
	assert_non_null(b);
	price_survey_note(&shop->survey, sku, a, b);
	json_decref(a);
	json_decref(b);
}

/* All sentences, each with a line feed. */
static void
sentences(struct shop *shop, char *out, size_t cap)
{
	struct plan *plan = plan_new(&shop->call, "p", "c", "products");
	struct fault fault;
	json_t *result = NULL, *warnings, *text;
	size_t i;

	fault_init(&fault);
	price_survey_warn(&shop->survey, plan);
	assert_int_equal(plan_finish(plan, NULL, NULL, NULL, NULL, &result, &fault), 0);
	warnings = json_get_array(result, "warnings");
	out[0] = '\0';
	json_array_foreach(warnings, i, text)
	{
		size_t len = strlen(out);

		snprintf(out + len, cap - len, "%s\n", json_string_value(text));
	}
	json_decref(result);
	plan_free(&plan);
}

static void
jumps(void **state)
{
	struct shop shop;
	char text[2000];
	json_t *summary;

	(void)state;
	open_shop(&shop);
	note(&shop, "A", "{\"price\":10.0}", "{\"price\":15.0}"); /* just 50 % */
	note(&shop, "B", "{\"price\":10.0}", "{\"price\":99.0}");
	note(&shop, "C", "{\"price\":10.0}", "{\"price\":4.0}");
	sentences(&shop, text, sizeof(text));
	assert_string_equal(text, "2 products: price change over 50 %; largest: B 10.00 \xe2\x86\x92 99.00\n");
	summary = price_survey_summary(&shop.survey);
	assert_true(json_get_num(summary, "min_change_pct", 0) == -60);
	assert_true(json_get_num(summary, "max_change_pct", 0) == 890);
	assert_true(json_get_num(summary, "total_before", 0) == 30);
	assert_true(json_get_num(summary, "total_after", 0) == 118);
	json_decref(summary);
}

static void
zero_before(void **state)
{
	struct shop shop;
	char text[2000];
	json_t *summary;

	(void)state;
	open_shop(&shop);
	note(&shop, "A", "{\"price\":0.0}", "{\"price\":5.0}");
	sentences(&shop, text, sizeof(text));
	assert_string_equal(
	    text, "1 product: the price is 0 now, so how much it changes cannot be said in percent: A 0.00 -> 5.00\n");
	summary = price_survey_summary(&shop.survey);
	assert_null(json_object_get(summary, "max_change_pct"));
	json_decref(summary);
}

static void
special_prices(void **state)
{
	struct shop shop;
	char text[2000];

	(void)state;
	open_shop(&shop);
	note(&shop, "SAME", "{\"price\":10.0,\"special_price\":null}", "{\"special_price\":10.0}");
	note(&shop, "FREE", "{\"price\":10.0,\"special_price\":8.0}", "{\"special_price\":0.0}");
	note(&shop, "OVER", "{\"price\":10.0,\"special_price\":8.0,\"special_to_date\":\"2030-01-01 00:00:00\"}",
	     "{\"special_to_date\":\"2026-11-22 09:59:59\"}");
	note(&shop, "GONE", "{\"price\":10.0,\"special_price\":8.0}", "{\"special_price\":null}");
	note(&shop, "UNDER", "{\"price\":10.0,\"special_price\":8.0}",
	     "{\"price\":8.0}"); /* the regular one falls to it */
	sentences(&shop, text, sizeof(text));
	assert_string_equal(
	    text, "1 product: price change over 50 %; largest: FREE 8.00 \xe2\x86\x92 0.00\n"
		  "1 product: the special price is 0: sold for nothing: FREE 10.00 -> 0.00\n"
		  "2 products: the special price is not below the regular price; such as SAME 10.00 -> 10.00\n"
		  "1 product: the period of the special price is already over, such as OVER\n");
}

static void
nothing_remarkable(void **state)
{
	struct shop shop;
	char text[2000];

	(void)state;
	open_shop(&shop);
	note(&shop, "A", "{\"price\":10.0,\"special_price\":null}", "{\"special_price\":8.0}");
	sentences(&shop, text, sizeof(text));
	assert_string_equal(text, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(jumps),
	    cmocka_unit_test(zero_before),
	    cmocka_unit_test(special_prices),
	    cmocka_unit_test(nothing_remarkable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
