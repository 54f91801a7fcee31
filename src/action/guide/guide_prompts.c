/*
 * guide_prompts.c - the prompts' rows: their arguments, and the message that they become
 */
#include <string.h>

#include "base/buf.h"
#include "guide.h"
#include "json/get.h"
#include "prompt_text.h"
#include "prompt_texts.h"
#include "results.h"
#include "shapes.h"

#define TEXT_MAX (32 * 1024)

/* ---- shapes of arguments: all are strings ---- */

static bool
is_number(const char *text, size_t len)
{
	size_t whole = strspn(text, "0123456789"), part = 0;

	if (text[whole] == '.')
		part = strspn(text + whole + 1, "0123456789") + 1;
	return whole > 0 && whole <= 3 && part != 1 && part <= 3 && whole + part == len;
}

static bool
is_change(const char *text, size_t len)
{
	size_t sign = text[0] == '-' ? 1 : 0;

	return is_number(text + sign, len - sign);
}

static bool
is_id(const char *text, size_t len)
{
	return len > 0 && len <= 10 && text[0] != '0' && strspn(text, "0123456789") == len;
}

static bool
is_day(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (i == 4 || i == 7 ? text[i] != '-' : text[i] < '0' || text[i] > '9')
			return false;
	}
	return len == strlen("2026-11-27");
}

#define ARGUMENT(its_match, its_pattern, its_hint)                                                                     \
	{                                                                                                              \
		.type = JSON_T_STRING, .match = its_match, .pattern = its_pattern, .hint = its_hint                    \
	}
static const struct json_schema percent = ARGUMENT(is_number, "^[0-9]{1,3}(\\.[0-9]{1,2})?$", "a number such as 20");
static const struct json_schema change =
    ARGUMENT(is_change, "^-?[0-9]{1,3}(\\.[0-9]{1,2})?$", "a number such as 5 or -12.5");
static const struct json_schema number_id = ARGUMENT(is_id, "^[1-9][0-9]{0,9}$", "an id such as 42");
static const struct json_schema day = ARGUMENT(is_day, "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "a day such as 2026-11-27");
static const struct json_schema words = {.type = JSON_T_STRING, .min_length = 1, .max_length = 255};
static const struct json_schema handle = {.type = JSON_T_STRING, .min_length = 1, .max_length = 128};

/* ---- arguments that several prompts have ---- */

#define SESSION_ARGUMENT                                                                                               \
	{                                                                                                              \
		"session", "Session",                                                                                  \
		    "Handle returned by auth_login. Needed only if your client does not keep an MCP session; it also " \
		    "lets values be suggested.",                                                                       \
		    false, NULL                                                                                        \
	}
#define VIEW_ARGUMENT                                                                                                  \
	{                                                                                                              \
		"store_view", "Store view", "Code of a store view; without it all store views", false,                 \
		    guide_complete_views                                                                               \
	}
#define CATEGORY_ARGUMENT                                                                                              \
	{                                                                                                              \
		"category_id", "Category", "Id of the category whose products are meant", false,                       \
		    guide_complete_categories                                                                          \
	}
#define PREFIX_ARGUMENT                                                                                                \
	{                                                                                                              \
		"sku_prefix", "SKU prefix", "Only products whose SKU begins so", false, guide_complete_skus            \
	}
#define SESSION_PROP                                                                                                   \
	{                                                                                                              \
		"session", &handle, false, NULL                                                                        \
	}
#define MATCH_PROPS                                                                                                    \
	{"category_id", &number_id, false, NULL}, {"sku_prefix", &shape_sku, false, NULL},                             \
	{                                                                                                              \
		"store_view", &shape_code, false, NULL                                                                 \
	}

static const struct action_prompt_argument display_arguments[] = {
    {"sku", "SKU", "The product that does not show, or shows wrongly", true, guide_complete_skus},
    VIEW_ARGUMENT,
    SESSION_ARGUMENT,
};
static const struct json_prop display_props[] = {
    {"sku", &shape_sku, true, NULL}, {"store_view", &shape_code, false, NULL}, SESSION_PROP, {0}};
static const struct json_schema display_params = {.type = JSON_T_OBJECT, .props = display_props};

static const struct action_prompt_argument sale_arguments[] = {
    {"percent", "Percent off", "How much cheaper, such as 20", true, NULL},
    {"from_date", "First day", "YYYY-MM-DD", true, NULL},
    {"to_date", "Last day", "YYYY-MM-DD", true, NULL},
    CATEGORY_ARGUMENT,
    PREFIX_ARGUMENT,
    VIEW_ARGUMENT,
    SESSION_ARGUMENT,
};
static const struct json_prop sale_props[] = {{"percent", &percent, true, NULL},
					      {"from_date", &day, true, NULL},
					      {"to_date", &day, true, NULL},
					      MATCH_PROPS,
					      SESSION_PROP,
					      {0}};
static const struct json_schema sale_params = {.type = JSON_T_OBJECT, .props = sale_props};

static const struct action_prompt_argument price_arguments[] = {
    {"percent", "Change in percent", "5 makes dearer, -5 makes cheaper", true, NULL},
    CATEGORY_ARGUMENT,
    PREFIX_ARGUMENT,
    VIEW_ARGUMENT,
    SESSION_ARGUMENT,
};
static const struct json_prop price_props[] = {{"percent", &change, true, NULL}, MATCH_PROPS, SESSION_PROP, {0}};
static const struct json_schema price_params = {.type = JSON_T_OBJECT, .props = price_props};

static const struct action_prompt_argument seo_arguments[] = {
    CATEGORY_ARGUMENT,
    PREFIX_ARGUMENT,
    VIEW_ARGUMENT,
    SESSION_ARGUMENT,
};
static const struct json_prop seo_props[] = {MATCH_PROPS, SESSION_PROP, {0}};
static const struct json_schema seo_params = {.type = JSON_T_OBJECT, .props = seo_props};

static const struct action_prompt_argument coupon_arguments[] = {
    {"rule_id", "Cart price rule", "Id of a rule to make coupons for; without it a new rule is planned", false,
     guide_complete_rules},
    {"name", "Name", "Name of the campaign, for a new rule", false, NULL},
    {"percent", "Percent off", "For a new rule", false, NULL},
    {"quantity", "Coupons", "How many codes", false, NULL},
    {"from_date", "First day", "YYYY-MM-DD, for a new rule", false, NULL},
    {"to_date", "Last day", "YYYY-MM-DD, for a new rule", false, NULL},
    SESSION_ARGUMENT,
};
static const struct json_prop coupon_props[] = {{"rule_id", &number_id, false, NULL},
						{"name", &words, false, NULL},
						{"percent", &percent, false, NULL},
						{"quantity", &number_id, false, NULL},
						{"from_date", &day, false, NULL},
						{"to_date", &day, false, NULL},
						SESSION_PROP,
						{0}};
static const struct json_schema coupon_params = {.type = JSON_T_OBJECT, .props = coupon_props};

/* ---- running ---- */

static int
give(const char *description, const struct prompt_line *lines, const json_t *arguments, json_t **result_r,
     struct fault *fault)
{
	struct buf text;
	int r;

	buf_init(&text, TEXT_MAX);
	r = prompt_text_put(&text, lines, arguments);
	if (r == 0)
		r = prompt_text_put(&text, prompt_closing, arguments);
	if (r == 0)
		*result_r = json_pack("{s:s, s:[{s:s, s:{s:s, s:s%}}]}", "description", description, "messages", "role",
				      "user", "content", "type", "text", "text", text.ptr, text.len);
	buf_fini(&text);
	return *result_r != NULL ? 0 : result_out_of_memory(fault);
}

static int
run(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	static const struct {
		const char *action;
		const struct prompt_line *lines;
	} texts[] = {
	    {"prompts.product_not_showing", prompt_display}, {"prompts.prepare_sale", prompt_sale},
	    {"prompts.bulk_price_change", prompt_price},     {"prompts.seo_cleanup", prompt_seo},
	    {"prompts.coupon_campaign", prompt_coupon},
	};
	size_t i = 0;

	while (i < ARRAY_LEN(texts) && strcmp(texts[i].action, call->action->name) != 0)
		i++;
	must(i < ARRAY_LEN(texts));
	return give(call->action->title, texts[i].lines, params, result_r, fault);
}

#define PROMPT(its_name, its_title, its_description, its_params, its_arguments)                                        \
	{                                                                                                              \
		.name = its_name,                                                                                      \
		.action = {.name = "prompts." its_name,                                                                \
			   .title = its_title,                                                                         \
			   .description = its_description,                                                             \
			   .tier = ACTION_SAFE,                                                                        \
			   .flags = ACTION_READ_ONLY | ACTION_IDEMPOTENT | ACTION_TAKES_SECRETS,                       \
			   .params = its_params,                                                                       \
			   .run = run},                                                                                \
		.arguments = its_arguments, .n_arguments = ARRAY_LEN(its_arguments)                                    \
	}

static const struct action_prompt rows[] = {
    PROMPT("product_not_showing", "Why is my product not showing?",
	   "Find out why a product is missing on the storefront or shows wrongly, and what would mend it.",
	   &display_params, display_arguments),
    PROMPT(
	"prepare_sale", "Prepare a sale",
	"Plan special prices with a first and a last day for a category or a range of SKUs, and carry them out after "
	"a yes.",
	&sale_params, sale_arguments),
    PROMPT("bulk_price_change", "Change many prices",
	   "Raise or lower regular prices by a percentage, with a look at the margins before and a check after.",
	   &price_params, price_arguments),
    PROMPT("seo_cleanup", "Clean up SEO texts and addresses",
	   "Find products with missing or poor meta texts and URL keys, and redirect chains; plan and carry out the "
	   "mending.",
	   &seo_params, seo_arguments),
    PROMPT(
	"coupon_campaign", "Run a coupon campaign",
	"Plan a cart price rule with coupons, or make more codes for a rule, check it, switch it on, export the codes.",
	&coupon_params, coupon_arguments),
};

const struct action_prompt_table action_guide_prompts = {rows, ARRAY_LEN(rows)};
