#include "price_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "json/get.h"
#include "magento/template.h"

#define TEXT_MAX 8192

/* ---- whose error ---- */

static size_t
len_without_spaces(const char *text)
{
	size_t len = strlen(text);

	while (len > 0 && text[len - 1] == ' ')
		len--;
	return len;
}

bool
price_rows_same_sku(const char *a, const char *b)
{
	size_t len = len_without_spaces(a);

	return len == len_without_spaces(b) && strncasecmp(a, b, len) == 0;
}

/* The row that a filled-in text names behind `mark`; -1 for any store when it does not say which. */
struct named {
	char sku[256];
	int64_t store_id;
};

/* A sku may hold commas: it ends where the next label begins. */
static bool
read_row_id(const char *text, struct named *named_r)
{
	static const char mark[] = "Row ID: SKU = ";
	const char *at = strstr(text, mark);
	const char *store, *end;
	size_t len;

	if (at == NULL)
		return false;
	at += sizeof(mark) - 1;
	store = strstr(at, ", Store ID: ");
	end = store != NULL ? store : strstr(at, ", Website ID: ");
	len = end != NULL ? (size_t)(end - at) : strcspn(at, ",");
	if (len >= sizeof(named_r->sku))
		return false;
	memcpy(named_r->sku, at, len);
	named_r->sku[len] = '\0';
	named_r->store_id = -1;
	if (store != NULL) {
		store += sizeof(", Store ID: ") - 1;
		if (*store >= '0' && *store <= '9')
			named_r->store_id = strtoll(store, NULL, 10);
	}
	return true;
}

static bool
read_parameters(const json_t *error, struct named *named_r)
{
	json_t *parameters = json_get_array(error, "parameters");
	const char *what = json_string_value(json_array_get(parameters, 0));
	const char *sku = json_string_value(json_array_get(parameters, 1));

	if (what == NULL || sku == NULL || strcasecmp(what, "SKU") != 0 || strlen(sku) >= sizeof(named_r->sku))
		return false;
	snprintf(named_r->sku, sizeof(named_r->sku), "%s", sku);
	named_r->store_id = -1;
	return true;
}

static bool
fits(const struct price_row *row, const struct named *named)
{
	return (named->store_id < 0 || named->store_id == row->store_id) && price_rows_same_sku(row->sku, named->sku);
}

static bool
mark(struct price_row *rows, size_t n, const struct named *named, const char *text)
{
	bool found = false;

	for (size_t i = 0; i < n; i++) {
		if (!fits(&rows[i], named))
			continue;
		found = true;
		if (!rows[i].is_refused) /* the first thing that is wrong is enough */
			snprintf(rows[i].error, sizeof(rows[i].error), "%s", text);
		rows[i].is_refused = true;
	}
	return found;
}

/* The safe text of an error, and the raw one to read the row from. */
static int
fill_texts(const json_t *error, struct buf *safe, struct buf *raw)
{
	const char *message = json_get_str(error, "message", "");

	if (template_fill(slice_from_str(message), json_object_get(error, "parameters"), raw) < 0)
		return -1;
	return template_text(error, safe);
}

static bool
assign_one(const json_t *error, struct price_row *rows, size_t n, struct buf *safe, const struct buf *raw)
{
	struct named named;

	if (safe->len == 0)
		buf_put_str(safe, "Magento refused this row without a reason.");
	if (read_row_id(buf_cstr(raw), &named) && mark(rows, n, &named, buf_cstr(safe)))
		return true;
	return read_parameters(error, &named) && mark(rows, n, &named, buf_cstr(safe));
}

int
price_rows_assign(const json_t *answer, struct price_row *rows, size_t n, char *stray)
{
	int strays = 0;

	if (!json_is_array(answer))
		return -1;
	for (size_t i = 0; i < json_array_size(answer); i++) {
		const json_t *error = json_array_get(answer, i);
		struct buf safe, raw;

		buf_init(&safe, TEXT_MAX);
		buf_init(&raw, TEXT_MAX);
		if (fill_texts(error, &safe, &raw) < 0)
			buf_clear(&raw);
		if (!assign_one(error, rows, n, &safe, &raw)) {
			if (strays == 0)
				snprintf(stray, PRICE_ERROR_MAX, "%s", buf_cstr(&safe));
			strays++;
		}
		buf_fini(&safe);
		buf_fini(&raw);
	}
	return strays;
}

size_t
price_rows_allowed(const char *message)
{
	static const char is[] = " is ";
	const char *at = strstr(message, "Maximum items of type ");
	const char *number = at != NULL ? strstr(at, is) : NULL;
	unsigned long max = number != NULL ? strtoul(number + sizeof(is) - 1, NULL, 10) : 0;

	return max < 100000 ? max : 0;
}

/* ---- rows ---- */

json_t *
price_rows_base(const char *sku, int64_t store_id, const json_t *values)
{
	return json_pack("{s:s, s:I, s:O}", "sku", sku, "store_id", (json_int_t)store_id, "price",
			 json_object_get(values, "price"));
}

/* Rewriting replaces the entry, so that a date left out is a date removed: all of them are always there. */
json_t *
price_rows_special(const char *sku, int64_t store_id, const json_t *values)
{
	return json_pack("{s:s, s:I, s:O, s:O, s:O}", "sku", sku, "store_id", (json_int_t)store_id, "price",
			 json_object_get(values, "special_price"), "price_from",
			 json_object_get(values, "special_from_date"), "price_to",
			 json_object_get(values, "special_to_date"));
}
