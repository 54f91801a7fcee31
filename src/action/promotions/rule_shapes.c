#include "rule_shapes.h"

#include <stdlib.h>
#include <string.h>

#include "dates.h"

/* ---- days ---- */

/* A rule of an earlier day is a slip. */
static bool
match_date(const char *text, size_t len)
{
	return date_is_day(text, len) && memcmp(text, "1970", 4) >= 0;
}

static bool
match_date_or_empty(const char *text, size_t len)
{
	return len == 0 || match_date(text, len);
}

static bool
match_not_blank(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] > ' ' && text[i] != 0x7f)
			return true;
	}
	return false;
}

/* ---- fields ---- */

#define DATE_PATTERN "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
#define MONEY_MAX 99999999.9999

static const char *const actions[] = {"by_percent", "by_fixed", "cart_fixed", "buy_x_get_y", NULL};
static const char *const coupon_types[] = {"no_coupon", "specific_coupon", "auto", NULL};
static const char *const free_shipping[] = {"0", "1", "2", NULL};

static const struct json_schema website_id = {.type = JSON_T_INTEGER, .minimum = JSON_BOUND(1)};
static const struct json_schema group_id = {.type = JSON_T_INTEGER, .minimum = JSON_BOUND(0)};

static const struct json_schema name = {.type = JSON_T_STRING,
					.min_length = 1,
					.max_length = 255,
					.match = match_not_blank,
					.pattern = "\\S",
					.hint = "cannot be blank",
					.description = "Name in the admin panel"};
static const struct json_schema description = {.type = JSON_T_STRING, .max_length = 10000};
static const struct json_schema website_ids = {.type = JSON_T_ARRAY,
					       .items = &website_id,
					       .min_items = 1,
					       .max_items = 1000,
					       .unique_items = true,
					       .description = "Websites where it applies"};
static const struct json_schema group_ids = {.type = JSON_T_ARRAY,
					     .items = &group_id,
					     .min_items = 1,
					     .max_items = 1000,
					     .unique_items = true,
					     .description = "Customer groups it applies to; 0 = not logged in"};
static const struct json_schema date = {
    .type = JSON_T_STRING, .match = match_date, .pattern = DATE_PATTERN, .hint = "must be a day, YYYY-MM-DD"};
static const struct json_schema date_or_empty = {.type = JSON_T_STRING,
						 .match = match_date_or_empty,
						 .pattern = "^([0-9]{4}-[0-9]{2}-[0-9]{2})?$",
						 .hint = "must be a day, YYYY-MM-DD, or \"\" for none"};
static const struct json_schema flag = {.type = JSON_T_BOOLEAN};
static const struct json_schema flag_off = {.type = JSON_T_BOOLEAN, .default_json = "false"};
static const struct json_schema action = {
    .type = JSON_T_STRING,
    .enumeration = actions,
    .description = "Percent off, amount off each item, amount off the cart, buy X get Y free"};
static const struct json_schema amount = {.type = JSON_T_NUMBER,
					  .minimum = JSON_BOUND(0),
					  .maximum = JSON_BOUND(MONEY_MAX),
					  .description = "Percent, amount, or Y of buy X get Y"};
static const struct json_schema quantity = {.type = JSON_T_NUMBER,
					    .minimum = JSON_BOUND(0),
					    .maximum = JSON_BOUND(MONEY_MAX),
					    .description = "Most items discounted (0 = all)"};
static const struct json_schema whole = {
    .type = JSON_T_INTEGER, .minimum = JSON_BOUND(0), .maximum = JSON_BOUND(2147483647)};
static const struct json_schema coupon_type = {.type = JSON_T_STRING,
					       .enumeration = coupon_types,
					       .description =
						   "auto = the rule's codes are made by promotions_generate_coupons"};
static const struct json_schema coupon_code = {
    .type = JSON_T_STRING,
    .min_length = 1,
    .max_length = 255,
    .match = match_not_blank,
    .pattern = "\\S",
    .hint = "cannot be blank",
    .description = "The code to create with the rule; only with coupon_type specific_coupon"};
static const struct json_schema shipping = {
    .type = JSON_T_STRING,
    .enumeration = free_shipping,
    .description = "0 = no, 1 = for matching items, 2 = for a shipment with matching items"};

static const struct json_schema label_text = {.type = JSON_T_STRING, .max_length = 255};
static const struct json_prop label_props[] = {
    {"store_id", &group_id, true, "Id of a store view; 0 = all that have no label of their own"},
    {"store_label", &label_text, true, NULL},
    {0},
};
static const struct json_schema label = {.type = JSON_T_OBJECT, .props = label_props};
static const struct json_schema labels = {
    .type = JSON_T_ARRAY,
    .items = &label,
    .min_items = 1,
    .max_items = 500,
    .description = "Label shown to customers; a label is emptied by \"\", since Magento keeps those that are left out"};

static const struct json_schema condition_object = {.type = JSON_T_OBJECT, .extra = JSON_EXTRA_ALLOWED};
static const struct json_schema condition_list = {.type = JSON_T_ARRAY, .items = &condition_object, .max_items = 100};
static const struct json_schema *const condition_forms[] = {&condition_object, &condition_list, NULL};
static const struct json_schema conditions = {
    .any_of = condition_forms,
    .description =
	"When it applies: a list (all must hold) or a tree of {condition_type, attribute_name, operator, value} and "
	"{condition_type, aggregator_type: all|any, value: 1|0, conditions: [...]}. condition_type: address "
	"(attributes "
	"base_subtotal, base_subtotal_with_discount, total_qty, weight, payment_method, shipping_method, postcode, "
	"region, "
	"region_id, country_id), combine, product_found, product_subselect (attributes qty, base_row_total); inside "
	"the "
	"last two product and product_combine. Operators: == != >= <= > < {} !{} () !()"};
static const struct json_schema action_conditions = {
    .any_of = condition_forms,
    .description =
	"Which items it discounts: a list or tree of condition_type product (attribute_name = product "
	"attribute, category_ids, quote_item_price, quote_item_qty, quote_item_row_total) and product_combine"};

#define SHARED_PROPS                                                                                                   \
	{"discount_qty", &quantity, false, NULL},                                                                      \
	    {"discount_step", &whole, false, "X of buy X get Y, or step of quantity; 1 or more for buy_x_get_y"},      \
	    {"apply_to_shipping", &flag, false, "Discount the shipping too"},                                          \
	    {"stop_rules_processing", &flag, false, "Later rules are not applied"},                                    \
	    {"sort_order", &whole, false, "Priority, 0 first"}, {"coupon_type", &coupon_type, false, NULL},            \
	    {"uses_per_customer", &whole, false, "0 = no limit"}, {"uses_per_coupon", &whole, false, "0 = no limit"},  \
	    {"store_labels", &labels, false, NULL}, {"conditions", &conditions, false, NULL},                          \
	{                                                                                                              \
		"action_conditions", &action_conditions, false, NULL                                                   \
	}

static const struct json_prop create_props[] = {
    {"name", &name, true, NULL},
    {"description", &description, false, "Note for administrators"},
    {"website_ids", &website_ids, true, NULL},
    {"customer_group_ids", &group_ids, true, NULL},
    {"from_date", &date, false, "First day, YYYY-MM-DD"},
    {"to_date", &date, false, "Last day, YYYY-MM-DD"},
    {"is_active", &flag_off, false, "Live at once"},
    {"simple_action", &action, true, NULL},
    {"discount_amount", &amount, true, NULL},
    {"coupon_code", &coupon_code, false, NULL},
    SHARED_PROPS,
    {0},
};
const struct json_schema rule_create_shape = {.type = JSON_T_OBJECT, .props = create_props};

const struct json_schema rule_id_shape = {.type = JSON_T_INTEGER,
					  .minimum = JSON_BOUND(1),
					  .maximum = JSON_BOUND(4294967295),
					  .description = "Id of the rule"};

static const struct json_prop patch_props[] = {
    {"rule_id", &rule_id_shape, false, "The same rule_id, if given"},
    {"name", &name, false, NULL},
    {"description", &description, false, "\"\" empties it"},
    {"website_ids", &website_ids, false, NULL},
    {"customer_group_ids", &group_ids, false, NULL},
    {"from_date", &date_or_empty, false, "First day, YYYY-MM-DD; \"\" removes it"},
    {"to_date", &date_or_empty, false, "Last day, YYYY-MM-DD; \"\" removes it"},
    {"is_active", &flag, false, NULL},
    {"simple_action", &action, false, NULL},
    {"discount_amount", &amount, false, NULL},
    SHARED_PROPS,
    {"use_auto_generation", &flag, false, "Prefer coupon_type auto"},
    {"simple_free_shipping", &shipping, false, NULL},
    {"is_rss", &flag, false, "Shown in the RSS feed"},
    {0},
};
const struct json_schema rule_patch_shape = {.type = JSON_T_OBJECT,
					     .props = patch_props,
					     .min_properties = 1,
					     .description = "New values; fields not given stay"};

static const struct json_prop object_props[] = {
    {"rule_id", JSON_SCHEMA(.type = JSON_T_INTEGER), true, NULL},
    {0},
};
const struct json_schema rule_object_shape = {
    .type = JSON_T_OBJECT, .props = object_props, .extra = JSON_EXTRA_ALLOWED, .description = "Magento's rule"};
