/*
 * price_survey.h - what is remarkable about planned prices: warnings and the summary (private to action/)
 *
 * Every planned change is noted; afterwards one sentence per kind is said, over all of them.
 */
#ifndef ACTION_PRICE_SURVEY_H
#define ACTION_PRICE_SURVEY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "plan.h"

struct price_sample {
	size_t n;
	char sku[68]; /* of the first, or of the most extreme */
	double before, after;
	double extent;
};

struct price_survey {
	double threshold_pct;
	char now[20]; /* "YYYY-MM-DD HH:MM:SS", as the shop writes time: special prices that end before are over */
	struct price_sample jump, from_zero, not_below, free_special, free_price, over;
	bool has_change;
	double min_pct, max_pct;
	double total_before, total_after;
};

void price_survey_init(struct price_survey *survey, double threshold_pct, uint64_t now_wall_ms);

/* One product: the present values, and what changes. */
void price_survey_note(struct price_survey *survey, const char *sku, const json_t *present, const json_t *to);

void price_survey_warn(const struct price_survey *survey, struct plan *plan);

/* {min_change_pct?, max_change_pct?, total_before, total_after}; a new reference, NULL without memory. */
json_t *price_survey_summary(const struct price_survey *survey) MUST_CHECK;

#endif
