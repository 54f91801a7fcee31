#include "price_targets.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "catalog/fields.h"
#include "json/get.h"
#include "magento/product.h"

const char *const price_field_names[PRICE_N_FIELDS] = {"price", "special_price", "special_from_date",
						       "special_to_date"};

/* ---- checks ---- */

struct checking {
	json_t *violations;
	const char *path; /* of the object that is looked at */
	int r;
};

static void
refuse(struct checking *c, const char *member, const char *message)
{
	char path[160];

	snprintf(path, sizeof(path), "%s%s%s", c->path, member[0] != '\0' ? "." : "", member);
	c->r |= arguments_violation(c->violations, path, "%s", message);
}

static void
check_decimals(struct checking *c, const json_t *update, const char *name)
{
	double scaled = json_get_num(update, name, 0) * 10000.0;

	if (fabs(scaled - round(scaled)) > 0.001)
		refuse(c, name, "has more than four decimals");
}

/* Both in the long form, whose order is that of time. */
static bool
is_reversed(const json_t *from, const json_t *to)
{
	return json_is_string(from) && json_is_string(to) && strcmp(json_string_value(from), json_string_value(to)) > 0;
}

static json_t *
normal_date(const json_t *update, int which)
{
	return fields_of_param(fields_find(price_field_names[which]),
			       json_object_get(update, price_field_names[which]));
}

static void
check_dates(struct checking *c, const json_t *update)
{
	json_t *from = normal_date(update, PRICE_FROM), *to = normal_date(update, PRICE_TO);
	json_t *special = json_object_get(update, "special_price");

	if (from == NULL || to == NULL)
		c->r = -1;
	else if (is_reversed(from, to))
		refuse(c, "special_to_date", "is before special_from_date");
	if (json_is_null(special) && (json_is_string(from) || json_is_string(to)))
		refuse(c, "special_price", "is to be removed, and dates go with a special price only");
	json_decref(from);
	json_decref(to);
}

static void
check_adjust(struct checking *c, const json_t *update)
{
	const json_t *adjust = json_get_object(update, "adjust");

	if (adjust == NULL)
		return;
	if ((json_object_get(adjust, "percent") != NULL) == (json_object_get(adjust, "amount") != NULL))
		refuse(c, "adjust", "needs either percent or amount");
	if (json_object_get(update, json_get_str(adjust, "target", "")) != NULL)
		refuse(c, "adjust", "cannot stand beside a value of its own target");
}

static void
check_update(struct checking *c, const json_t *update)
{
	check_decimals(c, update, "price");
	check_decimals(c, update, "special_price");
	check_dates(c, update);
	check_adjust(c, update);
}

static int
compare_skus(const void *a, const void *b)
{
	return strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

/* The shop takes skus that differ in letter case for one. */
static void
check_doubles(struct checking *c, const json_t *items)
{
	size_t n = json_array_size(items);
	const char **skus = calloc(n + 1, sizeof(*skus));

	if (skus == NULL) {
		c->r = -1;
		return;
	}
	for (size_t i = 0; i < n; i++)
		skus[i] = json_get_str(json_array_get(items, i), "sku", "");
	qsort(skus, n, sizeof(*skus), compare_skus);
	for (size_t i = 1; i < n; i++) {
		if (compare_skus(&skus[i - 1], &skus[i]) == 0) {
			refuse(c, "", "names one sku twice");
			break;
		}
	}
	free(skus);
}

static void
check_items(struct checking *c, const json_t *items)
{
	char path[64];

	c->path = "params.items";
	check_doubles(c, items);
	for (size_t i = 0; i < json_array_size(items); i++) {
		const json_t *item = json_array_get(items, i);

		snprintf(path, sizeof(path), "params.items[%zu]", i);
		c->path = path;
		if (json_object_size(item) < 2)
			refuse(c, "", "needs a price, special_price or date beside the sku");
		check_update(c, item);
	}
	c->path = "params";
}

int
price_check(const json_t *params, json_t *violations)
{
	const json_t *match = json_get_object(params, "match"), *items = json_get_array(params, "items");
	const json_t *updates = json_get_object(params, "price_updates");
	struct checking c = {.violations = violations, .path = "params"};

	if ((match != NULL) == (items != NULL))
		refuse(&c, "", "needs either match with price_updates, or items");
	else if (match != NULL && updates == NULL)
		refuse(&c, "price_updates", "is needed with match");
	else if (items != NULL && updates != NULL)
		refuse(&c, "price_updates", "goes with match; items have values of their own");
	if (items != NULL)
		check_items(&c, items);
	if (updates != NULL) {
		c.path = "params.price_updates";
		check_update(&c, updates);
	}
	return c.r;
}

/* ---- arithmetic ---- */

/* Half up; a hair more, for what cannot be said in binary (1.005 is a little less than that). */
static double
half_up(double value, double step)
{
	return floor(value / step + 0.5 + 1e-7) * step;
}

static double
to_cents(double value)
{
	return floor(value * 100.0 + 0.5 + 1e-6) / 100.0;
}

static double
nearest_ending(double value, double ending)
{
	double below = floor(value - ending + 1e-9) + ending;

	if (below < 0)
		return below + 1;
	return value - below < below + 1 - value - 1e-9 ? below : below + 1;
}

double
price_adjust(double base, const json_t *adjust)
{
	double round_to = json_get_num(adjust, "round_to", 0), ending = json_get_num(adjust, "ending", -1);
	double value = json_object_get(adjust, "percent") != NULL
			   ? base * (1 + json_get_num(adjust, "percent", 0) / 100.0)
			   : base + json_get_num(adjust, "amount", 0);

	value = to_cents(value);
	if (value < 0)
		return value;
	if (round_to > 0)
		value = to_cents(half_up(value, round_to));
	return ending >= 0 ? to_cents(nearest_ending(value, ending)) : value;
}

/* ---- targets ---- */

json_t *
price_values(const json_t *product)
{
	json_t *values = json_object();

	for (size_t i = 0; i < PRICE_N_FIELDS; i++) {
		if (json_object_set_new(values, price_field_names[i],
					fields_of_product(fields_find(price_field_names[i]), product)) < 0) {
			json_decref(values);
			return NULL;
		}
	}
	return values;
}

const char *
price_obstacle(const json_t *product)
{
	const char *type = json_get_str(product, "type_id", "");
	const json_t *price_type = product_attribute(product, "price_type");

	if (strcmp(type, "configurable") == 0 || strcmp(type, "grouped") == 0)
		return "Its price comes from its children.";
	if (strcmp(type, "bundle") == 0 && json_is_string(price_type) &&
	    strcmp(json_string_value(price_type), "0") == 0)
		return "Its price is dynamic: it comes from what is chosen.";
	return NULL;
}

bool
price_is_field(const char *name)
{
	for (size_t i = 0; i < PRICE_N_FIELDS; i++) {
		if (strcmp(price_field_names[i], name) == 0)
			return true;
	}
	return false;
}

bool
price_same(const char *field, const json_t *a, const json_t *b)
{
	return fields_same(fields_find(field), a, b);
}

/* The wanted value of one field as a new reference: the update's, the adjusted one, or the present one. */
static json_t *
wanted_value(const json_t *present, const json_t *update, int which)
{
	const char *name = price_field_names[which];
	const json_t *adjust = json_get_object(update, "adjust");

	if (json_object_get(update, name) != NULL)
		return fields_of_param(fields_find(name), json_object_get(update, name));
	if (adjust != NULL && strcmp(json_get_str(adjust, "target", ""), name) == 0)
		return json_real(price_adjust(json_get_num(present, "price", 0), adjust));
	return json_incref(json_object_get(present, name));
}

static json_t *
wanted_values(const json_t *present, const json_t *update)
{
	json_t *wanted = json_object();
	bool removes = json_is_null(json_object_get(update, "special_price"));

	for (int i = 0; i < PRICE_N_FIELDS; i++) {
		bool goes_too =
		    removes && i > PRICE_SPECIAL && !json_is_null(json_object_get(present, "special_price"));

		if (json_object_set_new(wanted, price_field_names[i],
					goes_too ? json_null() : wanted_value(present, update, i)) < 0) {
			json_decref(wanted);
			return NULL;
		}
	}
	return wanted;
}

static bool
has_any_date(const json_t *update)
{
	return json_object_get(update, "special_from_date") != NULL ||
	       json_object_get(update, "special_to_date") != NULL;
}

static const char *
find_obstacle(const json_t *present, const json_t *update, const json_t *wanted)
{
	const json_t *adjust = json_get_object(update, "adjust");
	double price = json_get_num(wanted, "price", 0), special = json_get_num(wanted, "special_price", 0);

	if (adjust != NULL && json_get(present, "price") == NULL)
		return "It has no price that could be adjusted.";
	if (price < 0 || special < 0)
		return "The adjusted price would be below 0.";
	if (price > PRICE_MAX || special > PRICE_MAX)
		return "The adjusted price would be too large.";
	if (has_any_date(update) && json_object_get(update, "special_price") == NULL &&
	    json_get(wanted, "special_price") == NULL)
		return "It has no special price, so there is no period to change.";
	if (json_get(wanted, "special_price") != NULL &&
	    is_reversed(json_object_get(wanted, "special_from_date"), json_object_get(wanted, "special_to_date")))
		return "Its special price would end before it begins.";
	return NULL;
}

json_t *
price_decide(const json_t *present, const json_t *update, const char **skip_r)
{
	json_t *wanted = wanted_values(present, update);
	json_t *to = json_object();
	int r = wanted != NULL && to != NULL ? 0 : -1;

	*skip_r = r == 0 ? find_obstacle(present, update, wanted) : NULL;
	for (int i = 0; r == 0 && *skip_r == NULL && i < PRICE_N_FIELDS; i++) {
		json_t *value = json_object_get(wanted, price_field_names[i]);

		if (!price_same(price_field_names[i], json_object_get(present, price_field_names[i]), value))
			r = json_object_set(to, price_field_names[i], value);
	}
	json_decref(wanted);
	if (r < 0) {
		json_decref(to);
		return NULL;
	}
	return to;
}
