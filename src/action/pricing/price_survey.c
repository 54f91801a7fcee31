#include "price_survey.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "json/get.h"

void
price_survey_init(struct price_survey *survey, double threshold_pct, uint64_t now_wall_ms)
{
	char iso[CLOCK_ISO_CAP];

	memset(survey, 0, sizeof(*survey));
	survey->threshold_pct = threshold_pct;
	clock_format_iso(now_wall_ms, iso);
	snprintf(survey->now, sizeof(survey->now), "%.10s %.8s", iso, iso + 11);
}

static void
sample(struct price_sample *sample, const char *sku, double before, double after, double extent)
{
	if (sample->n == 0 || extent > sample->extent) {
		snprintf(sample->sku, sizeof(sample->sku), "%.64s", sku);
		sample->before = before;
		sample->after = after;
		sample->extent = extent;
	}
	sample->n++;
}

/* A new price beside the one it is measured by. */
static void
note_change(struct price_survey *survey, const char *sku, double before, double after)
{
	double pct;

	survey->total_before += before;
	survey->total_after += after;
	if (before == 0) {
		sample(&survey->from_zero, sku, before, after, 0);
		return;
	}
	pct = (after - before) / before * 100.0;
	survey->min_pct = !survey->has_change || pct < survey->min_pct ? pct : survey->min_pct;
	survey->max_pct = !survey->has_change || pct > survey->max_pct ? pct : survey->max_pct;
	survey->has_change = true;
	if (fabs(pct) > survey->threshold_pct)
		sample(&survey->jump, sku, before, after, fabs(pct));
}

static bool
is_number(const json_t *object, const char *name)
{
	return json_is_number(json_object_get(object, name));
}

/* The value as it will be. */
static const json_t *
later(const json_t *present, const json_t *to, const char *name)
{
	const json_t *value = json_object_get(to, name);

	return value != NULL ? value : json_object_get(present, name);
}

static void
note_special(struct price_survey *survey, const char *sku, const json_t *present, const json_t *to)
{
	const json_t *until = later(present, to, "special_to_date");
	double special = json_number_value(later(present, to, "special_price"));
	double price = json_number_value(later(present, to, "price"));

	if (!json_is_number(later(present, to, "special_price")))
		return;
	if (special == 0)
		sample(&survey->free_special, sku, price, special, 0);
	else if (special >= price)
		sample(&survey->not_below, sku, price, special, 0);
	if (json_is_string(until) && strcmp(json_string_value(until), survey->now) < 0)
		sample(&survey->over, sku, price, special, 0);
}

void
price_survey_note(struct price_survey *survey, const char *sku, const json_t *present, const json_t *to)
{
	double price = json_get_num(present, "price", 0);
	double special = is_number(present, "special_price") ? json_get_num(present, "special_price", 0) : price;

	/* Special prices are measured by the special price before, or by the regular one when there was none. */
	if (is_number(to, "price"))
		note_change(survey, sku, price, json_get_num(to, "price", 0));
	if (json_object_get(to, "special_price") != NULL && !is_number(to, "price"))
		note_change(survey, sku, special,
			    json_number_value(is_number(to, "special_price") ? json_object_get(to, "special_price")
									     : json_object_get(present, "price")));
	if (is_number(to, "price") && json_get_num(to, "price", 1) == 0)
		sample(&survey->free_price, sku, price, 0, 0);
	note_special(survey, sku, present, to);
}

static void
warn_one(const struct price_sample *sample, struct plan *plan, const char *what)
{
	if (sample->n == 1)
		plan_warn(plan, "1 product: %s: %s %.2f -> %.2f", what, sample->sku, sample->before, sample->after);
	else if (sample->n > 1)
		plan_warn(plan, "%zu products: %s; such as %s %.2f -> %.2f", sample->n, what, sample->sku,
			  sample->before, sample->after);
}

void
price_survey_warn(const struct price_survey *survey, struct plan *plan)
{
	const struct price_sample *jump = &survey->jump;

	if (jump->n > 0) {
		plan_warn(plan, "%zu product%s: price change over %g %%; largest: %s %.2f \xe2\x86\x92 %.2f", jump->n,
			  jump->n == 1 ? "" : "s", survey->threshold_pct, jump->sku, jump->before, jump->after);
	}
	warn_one(&survey->from_zero, plan, "the price is 0 now, so how much it changes cannot be said in percent");
	warn_one(&survey->free_price, plan, "the new price is 0: sold for nothing");
	warn_one(&survey->free_special, plan, "the special price is 0: sold for nothing");
	warn_one(&survey->not_below, plan, "the special price is not below the regular price");
	if (survey->over.n > 0)
		plan_warn(plan, "%zu product%s: the period of the special price is already over, such as %s",
			  survey->over.n, survey->over.n == 1 ? "" : "s", survey->over.sku);
}

static double
to_cents(double value)
{
	return round(value * 100.0) / 100.0;
}

json_t *
price_survey_summary(const struct price_survey *survey)
{
	json_t *summary = json_pack("{s:f, s:f}", "total_before", to_cents(survey->total_before), "total_after",
				    to_cents(survey->total_after));
	int r = summary != NULL ? 0 : -1;

	if (r == 0 && survey->has_change) {
		r |= json_object_set_new(summary, "min_change_pct", json_real(to_cents(survey->min_pct)));
		r |= json_object_set_new(summary, "max_change_pct", json_real(to_cents(survey->max_pct)));
	}
	if (r != 0) {
		json_decref(summary);
		return NULL;
	}
	return summary;
}
