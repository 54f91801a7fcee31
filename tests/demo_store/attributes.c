#include "attributes.h"

#include <string.h>

#define G REACH_GLOBAL
#define W REACH_WEBSITE
#define S REACH_STORE

const struct attribute attributes[ATTR_COUNT] = {
    {"entity_id", 0, G, KIND_INT, "text", "static", "ID", false, false},
    {"sku", 74, G, KIND_TEXT, "text", "static", "SKU", true, false},
    {"name", 73, S, KIND_TEXT, "text", "varchar", "Product Name", true, false},
    {"attribute_set_id", 0, G, KIND_INT, "text", "static", "Attribute Set", false, false},
    {"price", 77, G, KIND_FLOAT, "price", "decimal", "Price", true, false},
    {"status", 97, W, KIND_INT, "select", "int", "Enable Product", false, false},
    {"visibility", 99, S, KIND_INT, "select", "int", "Visibility", false, false},
    {"type_id", 0, G, KIND_TEXT, "text", "static", "Type", false, false},
    {"created_at", 112, G, KIND_TEXT, "date", "static", "Created At", false, false},
    {"updated_at", 113, G, KIND_TEXT, "date", "static", "Updated At", false, false},
    {"weight", 82, G, KIND_FLOAT, "weight", "decimal", "Weight", false, false},
    {"special_price", 78, G, KIND_DECIMAL, "price", "decimal", "Special Price", false, false},
    {"special_from_date", 79, W, KIND_DATE, "date", "datetime", "Special Price From Date", false, false},
    {"special_to_date", 80, W, KIND_DATE, "date", "datetime", "Special Price To Date", false, false},
    {"url_key", 121, S, KIND_TEXT, "text", "varchar", "URL Key", false, false},
    {"category_ids", 104, G, KIND_LIST, "text", "static", "Categories", false, false},
    {"short_description", 76, S, KIND_TEXT, "textarea", "text", "Short Description", false, false},
    {"description", 75, S, KIND_TEXT, "textarea", "text", "Description", false, false},
    {"tax_class_id", 132, W, KIND_OPTION, "select", "int", "Tax Class", false, false},
    {"cost", 81, G, KIND_DECIMAL, "price", "decimal", "Cost", false, true},
    {"options_container", 106, S, KIND_TEXT, "select", "varchar", "Display Product Options In", false, false},
    {"msrp_display_actual_price_type", 119, W, KIND_OPTION, "select", "varchar", "Display Actual Price", false, false},
    {"required_options", 107, S, KIND_OPTION, "text", "static", "Required Options", false, false},
    {"has_options", 108, S, KIND_OPTION, "text", "static", "Has Options", false, false},
    {"mcp_size", 137, G, KIND_OPTION, "select", "int", "MCP size", false, true},
    {"meta_title", 84, S, KIND_TEXT, "text", "varchar", "Meta Title", false, false},
    {"meta_keyword", 85, S, KIND_TEXT, "textarea", "text", "Meta Keywords", false, false},
    {"meta_description", 86, S, KIND_TEXT, "textarea", "varchar", "Meta Description", false, false},
    {"image", 87, S, KIND_TEXT, "media_image", "varchar", "Base", false, false},
    {"small_image", 88, S, KIND_TEXT, "media_image", "varchar", "Small", false, false},
    {"thumbnail", 89, S, KIND_TEXT, "media_image", "varchar", "Thumbnail", false, false},
    {"country_of_manufacture", 114, W, KIND_TEXT, "select", "varchar", "Country of Manufacture", false, false},
    {"manufacturer", 83, G, KIND_OPTION, "select", "int", "Manufacturer", false, true},
    {"color", 93, G, KIND_OPTION, "select", "int", "Color", false, true},
};

#undef G
#undef W
#undef S

/* Written nowhere but in the one thread that serves. */
static bool website_prices;

void
attributes_set_website_prices(bool on)
{
	website_prices = on;
}

bool
attributes_have_website_prices(void)
{
	return website_prices;
}

enum scope_reach
attribute_reach(int index)
{
	bool is_price = index == ATTR_PRICE || index == ATTR_SPECIAL_PRICE;

	return website_prices && is_price ? REACH_WEBSITE : attributes[index].reach;
}

static const struct option {
	const char *code, *label, *value;
} options[] = {
    {"status", "Enabled", "1"},
    {"status", "Disabled", "2"},
    {"visibility", "Not Visible Individually", "1"},
    {"visibility", "Catalog", "2"},
    {"visibility", "Search", "3"},
    {"visibility", "Catalog, Search", "4"},
    {"tax_class_id", "None", "0"},
    {"tax_class_id", "Taxable Goods", "2"},
    {"mcp_size", "S", "4"},
    {"mcp_size", "M", "5"},
};

int
attribute_find(const char *code)
{
	for (int i = 0; i < ATTR_COUNT; i++) {
		if (strcmp(attributes[i].code, code) == 0)
			return i;
	}
	return -1;
}

static json_t *
render_plain_options(const char *code)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (strcmp(options[i].code, code) == 0)
			json_array_append_new(
			    list, json_pack("{s:s, s:s}", "label", options[i].label, "value", options[i].value));
	}
	return list;
}

json_t *
attribute_render_options(int index)
{
	json_t *list;

	if (strcmp(attributes[index].input, "select") != 0)
		return NULL;
	list = render_plain_options(attributes[index].code);
	json_array_insert_new(list, 0, json_pack("{s:s, s:s}", "label", " ", "value", ""));
	return list;
}

static void
set_flags(json_t *object)
{
	static const char *const booleans[] = {"is_wysiwyg_enabled", "is_html_allowed_on_front", "used_for_sort_by",
					       "is_filterable",	     "is_filterable_in_search",	 "is_used_in_grid",
					       "is_visible_in_grid", "is_filterable_in_grid"};
	static const char *const strings[] = {
	    "is_searchable",	   "is_visible_in_advanced_search", "is_comparable", "is_used_for_promo_rules",
	    "is_visible_on_front", "used_in_product_listing",	    "is_unique"};

	for (size_t i = 0; i < sizeof(booleans) / sizeof(booleans[0]); i++)
		json_object_set_new(object, booleans[i], json_false());
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		json_object_set_new(object, strings[i], json_string("0"));
}

json_t *
attribute_render(int index)
{
	const struct attribute *a = &attributes[index];
	json_t *object =
	    json_pack("{s:{s:b}, s:i, s:[], s:b, s:s, s:i, s:s, s:s, s:s, s:b, s:o, s:b, s:s, s:[], s:s, s:[]}",
		      "extension_attributes", "is_pagebuilder_enabled", 0, "position", 0, "apply_to", "is_visible", 1,
		      "scope", scope_reach_name(attribute_reach(index)), "attribute_id", a->id, "attribute_code",
		      a->code, "frontend_input", a->input, "entity_type_id", "4", "is_required", a->required, "options",
		      render_plain_options(a->code), "is_user_defined", a->user_defined, "default_frontend_label",
		      a->label, "frontend_labels", "backend_type", a->backend, "validation_rules");

	set_flags(object);
	return object;
}
