/*
 * product.c - field names, projections and picking
 */
#include "magento/product.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "json/get.h"
#include "json/scan.h"
#include "json/write.h"
#include "magento/criteria.h"

#define PROJECTION_MAX 2048

const char *const product_summary_fields[] = {"id",	    "sku",   "name",	   "type_id", "status",
					      "visibility", "price", "updated_at", "url_key", "special_price"};
const size_t product_n_summary_fields = ARRAY_LEN(product_summary_fields);

static bool
is_one_of(const char *name, const char *const *names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

/* Top-level members, such as "sku" or "extension_attributes". */
static bool
is_core_field(const char *name)
{
	static const char *const names[] = {"id",
					    "sku",
					    "name",
					    "attribute_set_id",
					    "price",
					    "status",
					    "visibility",
					    "type_id",
					    "created_at",
					    "updated_at",
					    "weight",
					    "extension_attributes",
					    "product_links",
					    "options",
					    "media_gallery_entries",
					    "tier_prices",
					    "custom_attributes"};

	return is_one_of(name, names, ARRAY_LEN(names));
}

bool
product_is_core_sort(const char *name)
{
	static const char *const names[] = {"entity_id",  "sku",	"name",	   "price",
					    "status",	  "visibility", "type_id", "attribute_set_id",
					    "created_at", "updated_at", "weight"};

	return is_one_of(name, names, ARRAY_LEN(names));
}

static int
put_names(struct buf *out, const char *const *fields, size_t n)
{
	bool wants_attributes = false;
	size_t i;

	buf_put_str(out, "sku");
	for (i = 0; i < n; i++) {
		if (!criteria_is_field(fields[i]))
			return ERR_INVALID;
		if (strcmp(fields[i], "custom_attributes") == 0 || !is_core_field(fields[i]))
			wants_attributes = true;
		else if (strcmp(fields[i], "sku") != 0 && !is_one_of(fields[i], fields, i))
			buf_printf(out, ",%s", fields[i]);
	}
	if (wants_attributes)
		buf_put_str(out, ",custom_attributes");
	return out->failed;
}

const char *
product_projection(struct pool *pool, const char *const *fields, size_t n, bool single)
{
	const char *result = NULL;
	struct buf text;
	int r;

	buf_init(&text, PROJECTION_MAX);
	if (!single)
		buf_put_str(&text, "items[");
	r = put_names(&text, fields, n);
	if (r == 0 && !single)
		r = buf_put_str(&text, "],total_count");
	if (r == 0)
		result = pool_slicedup(pool, buf_slice(&text));
	buf_fini(&text);
	return result;
}

json_t *
product_attribute(const json_t *product, const char *code)
{
	const json_t *list = json_get_array(product, "custom_attributes");
	const json_t *entry;
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		entry = json_array_get(list, i);
		if (strcmp(json_get_str(entry, "attribute_code", ""), code) == 0)
			return json_object_get(entry, "value");
	}
	return NULL;
}

json_t *
product_pick(const json_t *product, const char *const *fields, size_t n)
{
	json_t *result = json_object();
	json_t *value;
	size_t i;

	if (result == NULL)
		return NULL;
	for (i = 0; i < n; i++) {
		if (is_core_field(fields[i]))
			value = json_object_get(product, fields[i]);
		else
			value = product_attribute(product, fields[i]);
		if (value != NULL && json_object_set(result, fields[i], value) < 0) {
			json_decref(result);
			return NULL;
		}
	}
	return result;
}

/* ---- the same without a tree ---- */

struct pick {
	const struct json_limits *limits;
	const char *const *fields;
	size_t n;
	struct slice *values; /* n; SLICE_NONE: not there */
};

/* One of custom_attributes. */
struct attribute {
	struct slice code, value;
};

static int
on_attribute_member(void *ctx, const struct json_item *item)
{
	struct attribute *attribute = ctx;

	if (slice_is(item->key, "value"))
		attribute->value = item->value;
	else if (slice_is(item->key, "attribute_code") && item->kind == JSON_KIND_STRING)
		attribute->code = json_scan_unquote(item->value);
	return 0;
}

/* The first with a code is the one. */
static int
on_attribute(void *ctx, const struct json_item *item)
{
	struct pick *pick = ctx;
	struct attribute attribute = {SLICE_NONE, SLICE_NONE};
	size_t i;
	int r;

	if (item->kind != JSON_KIND_OBJECT)
		return 0;
	r = json_scan_object(item->value, pick->limits, on_attribute_member, &attribute, NULL);
	for (i = 0; r == 0 && attribute.code.ptr != NULL && i < pick->n; i++) {
		if (pick->values[i].ptr == NULL && !is_core_field(pick->fields[i]) &&
		    json_scan_key_is(attribute.code, pick->fields[i]))
			pick->values[i] = attribute.value;
	}
	return r;
}

static int
on_member(void *ctx, const struct json_item *item)
{
	struct pick *pick = ctx;
	size_t i;

	for (i = 0; i < pick->n; i++) {
		if (is_core_field(pick->fields[i]) && json_scan_key_is(item->key, pick->fields[i]))
			pick->values[i] = item->value;
	}
	if (item->kind == JSON_KIND_ARRAY && slice_is(item->key, "custom_attributes"))
		return json_scan_array(item->value, pick->limits, on_attribute, pick, NULL);
	return 0;
}

int
product_pick_text(struct slice product, const char *const *fields, size_t n, struct pool *pool, struct buf *out)
{
	struct json_limits limits = json_limits_default;
	struct pick pick = {.limits = &limits, .fields = fields, .n = n};
	struct json_writer w;
	size_t i;
	int r;

	pick.values = pool_alloc(pool, n * sizeof(*pick.values));
	if (pick.values == NULL)
		return ERR_NOMEM;
	memset(pick.values, 0, n * sizeof(*pick.values));
	limits.max_bytes = limits.max_string_bytes = product.len;
	r = json_scan_object(product, &limits, on_member, &pick, NULL);
	if (r < 0)
		return ERR_INVALID;
	json_write_init(&w, out);
	json_write_begin_object(&w);
	for (i = 0; i < n; i++) {
		if (pick.values[i].ptr != NULL && !is_one_of(fields[i], fields, i))
			json_write_key_raw(&w, fields[i], pick.values[i]);
	}
	json_write_end(&w);
	return json_write_finish(&w);
}

const struct json_relay_drop product_media_content = {.list = "media_gallery_entries", .member = "content"};
