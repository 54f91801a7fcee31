#include "cms_kind.h"

#include <string.h>

#include "json/get.h"

#define SUMMARY_TAIL "active,creation_time,update_time],total_count"

static const struct cms_field page_fields[] = {
    {"title", "title", false, false},
    {"content", "content", false, true},
    {"content_heading", "content_heading", false, true},
    {"meta_title", "meta_title", false, true},
    {"meta_description", "meta_description", false, true},
    {"meta_keywords", "meta_keywords", false, true},
    {"is_active", "active", true, false},
};

static const struct cms_field block_fields[] = {
    {"title", "title", false, false},
    {"content", "content", false, true},
    {"is_active", "active", true, false},
};

const struct cms_kind cms_pages = {
    .noun = "page",
    .nouns = "pages",
    .id_name = "page_id",
    .ids_name = "page_ids",
    .path = "/cmsPage",
    .search_path = "/cmsPage/search",
    .body = "page",
    .search_tool = "cms_search_pages",
    .pair = "cms.bulk_update_pages",
    .commit_tool = "cms_commit_bulk_update_pages",
    .allowed_setting = "guardrails.cms_page_update_fields",
    .summary = "items[id,identifier,title,page_layout,meta_title," SUMMARY_TAIL,
    .fields = page_fields,
    .n_fields = ARRAY_LEN(page_fields),
};

const struct cms_kind cms_blocks = {
    .noun = "block",
    .nouns = "blocks",
    .id_name = "block_id",
    .ids_name = "block_ids",
    .path = "/cmsBlock",
    .search_path = "/cmsBlock/search",
    .body = "block",
    .search_tool = "cms_search_blocks",
    .pair = "cms.bulk_update_blocks",
    .commit_tool = "cms_commit_bulk_update_blocks",
    .allowed_setting = "guardrails.cms_block_update_fields",
    .summary = "items[id,identifier,title," SUMMARY_TAIL,
    .fields = block_fields,
    .n_fields = ARRAY_LEN(block_fields),
};

/* Magento's answers may say true, 1 or "1". */
static bool
is_yes(const json_t *value)
{
	if (json_is_string(value))
		return strcmp(json_string_value(value), "1") == 0 || strcmp(json_string_value(value), "true") == 0;
	return json_is_true(value) || (json_is_number(value) && json_number_value(value) != 0);
}

json_t *
cms_field_normal(const struct cms_field *field, const json_t *value)
{
	if (field->is_flag)
		return json_boolean(is_yes(value));
	if (!json_is_string(value) || (field->may_be_null && json_string_length(value) == 0))
		return json_null();
	return json_stringn_nocheck(json_string_value(value), json_string_length(value));
}

json_t *
cms_field_of_row(const struct cms_field *field, const json_t *row)
{
	return cms_field_normal(field, json_object_get(row, field->member));
}

bool
cms_field_same(const char *name, const json_t *a, const json_t *b)
{
	(void)name;
	return json_equal(a, b);
}

json_t *
cms_key(const struct cms_kind *kind, const json_t *row)
{
	return json_pack("{s:I, s:s}", kind->id_name, (json_int_t)cms_id(row), "identifier",
			 json_get_str(row, "identifier", ""));
}

int64_t
cms_id(const json_t *row)
{
	return json_get_int(row, "id", 0);
}
