/*
 * cms_shapes.c - what cms.prepare_bulk_update_* take and give
 */
#include <string.h>

#include "cms_private.h"
#include "plan.h"
#include "shapes.h"

/* ---- new values ---- */

static bool
match_not_blank(const char *text, size_t len)
{
	return strspn(text, " \t\r\n") < len;
}

#define TEXT_MAX 1000000

static const struct json_schema title_shape = {.type = JSON_T_STRING,
					       .min_length = 1,
					       .max_length = 255,
					       .match = match_not_blank,
					       .pattern = "[^ \\t\\r\\n]",
					       .hint = "not blank"};
static const struct json_schema content_shape = {.type = JSON_T_STRING, .max_length = TEXT_MAX, .description = "HTML"};
static const struct json_schema line_shape = {
    .type = JSON_T_STRING, .max_length = 255, .nullable = true, .description = "null removes it"};
static const struct json_schema meta_shape = {
    .type = JSON_T_STRING, .max_length = 65535, .nullable = true, .description = "null removes it"};
static const struct json_schema active_shape = {.type = JSON_T_BOOLEAN};

static const struct json_prop page_updates_props[] = {
    {"title", &title_shape, false, NULL},	    {"content", &content_shape, false, NULL},
    {"content_heading", &line_shape, false, NULL},  {"meta_title", &line_shape, false, NULL},
    {"meta_description", &meta_shape, false, NULL}, {"meta_keywords", &meta_shape, false, NULL},
    {"is_active", &active_shape, false, NULL},	    {0},
};
static const struct json_prop block_updates_props[] = {
    {"title", &title_shape, false, NULL},
    {"content", &content_shape, false, NULL},
    {"is_active", &active_shape, false, NULL},
    {0},
};
static const struct json_schema page_updates = {
    .type = JSON_T_OBJECT, .props = page_updates_props, .min_properties = 1};
static const struct json_schema block_updates = {
    .type = JSON_T_OBJECT, .props = block_updates_props, .min_properties = 1};

/* ---- which rows ---- */

static const struct json_schema id_shape = {.type = JSON_T_INTEGER, .minimum = JSON_BOUND(1)};
static const struct json_schema ids_shape = {.type = JSON_T_ARRAY, .items = &id_shape, .min_items = 1};
static const struct json_schema identifier_shape = {
    .type = JSON_T_STRING,
    .min_length = 1,
    .max_length = 100,
    .description = "Exact identifier, or a pattern in which % stands for any text"};
static const struct json_prop page_match_props[] = {
    {"page_ids", &ids_shape, false, NULL}, {"identifier", &identifier_shape, false, NULL}, {0}};
static const struct json_prop block_match_props[] = {
    {"block_ids", &ids_shape, false, NULL}, {"identifier", &identifier_shape, false, NULL}, {0}};
static const struct json_schema page_match = {.type = JSON_T_OBJECT, .props = page_match_props, .min_properties = 1};
static const struct json_schema block_match = {.type = JSON_T_OBJECT, .props = block_match_props, .min_properties = 1};

/* ---- all of it ---- */

#define SCOPE_TEXT                                                                                                     \
	"Which may be touched: those assigned to one of these store views or to all. Needed unless a default is set"
static const struct json_prop pages_props[] = {
    {"match", &page_match, true, "Which pages; all that is given must hold"},
    {"updates", &page_updates, true, "New values"},
    {"scope", &shape_scope, false, SCOPE_TEXT},
    {"sample_size", &plan_sample_size_shape, false, NULL},
    {0},
};
static const struct json_prop blocks_props[] = {
    {"match", &block_match, true, "Which blocks; all that is given must hold"},
    {"updates", &block_updates, true, "New values"},
    {"scope", &shape_scope, false, SCOPE_TEXT},
    {"sample_size", &plan_sample_size_shape, false, NULL},
    {0},
};
const struct json_schema cms_prepare_pages_params = {.type = JSON_T_OBJECT, .props = pages_props};
const struct json_schema cms_prepare_blocks_params = {.type = JSON_T_OBJECT, .props = blocks_props};

static const struct json_schema not_found_shape = {.type = JSON_T_ARRAY, .items = &shape_count};
static const struct json_prop result_props[] = {
    PLAN_RESULT_PROPS, {"not_found_ids", &not_found_shape, false, "Asked for, but there is none"}, {0}};
const struct json_schema cms_prepare_result = {.type = JSON_T_OBJECT, .props = result_props};
