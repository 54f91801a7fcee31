/*
 * value.c - one pair of functions per type, and the table that finds them
 */
#include "config/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "config/address.h"
#include "config/config.h"
#include "config/list.h"
#include "config/number.h"
#include "config/url.h"

typedef int parse_fn(const struct config_key *key, struct slice text, struct pool *pool, void *field, struct err *err);
typedef int print_fn(const struct config_key *key, const void *field, struct buf *out);

const char *
value_show(struct slice text, char out_r[static VALUE_SHOW_CAP])
{
	const size_t most = 64;
	size_t n = text.len < most ? text.len : most;
	size_t i;

	while (n < text.len && n > 0 && ((unsigned char)text.ptr[n] & 0xc0) == 0x80)
		n--;
	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		out_r[i] = c < 0x20 || c == 0x7f ? '?' : text.ptr[i];
	}
	memcpy(out_r + n, n < text.len ? "..." : "", n < text.len ? 4 : 1);
	return out_r;
}

/* ---- texts ---- */

static int
store_text(struct slice text, struct pool *pool, void *field)
{
	const char *copy = pool_slicedup(pool, text);

	if (copy == NULL)
		return ERR_NOMEM;
	*(const char **)field = copy;
	return 0;
}

static int
print_text(const struct config_key *key UNUSED, const void *field, struct buf *out)
{
	const char *text = *(const char *const *)field;

	return text == NULL ? 0 : buf_put_str(out, text);
}

static int
parse_string(const struct config_key *key, struct slice text, struct pool *pool, void *field, struct err *err)
{
	if (text.len > 1 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"')
		return err_set(err, ERR_INVALID, "the value stands in quotes, write it without them");
	if (text.len < key->min || text.len > key->max)
		return err_set(err, ERR_INVALID, "the value is %zu bytes long, write %u to %u", text.len,
			       (unsigned)key->min, (unsigned)key->max);
	return store_text(text, pool, field);
}

static int
parse_path(const struct config_key *key UNUSED, struct slice text, struct pool *pool, void *field, struct err *err)
{
	char shown[VALUE_SHOW_CAP];

	if (text.len > 0 && text.ptr[0] != '/')
		return err_set(err, ERR_INVALID, "\"%s\" is no absolute path, begin it with /",
			       value_show(text, shown));
	if (text.len > 4000)
		return err_set(err, ERR_INVALID, "the path is longer than 4000 bytes, choose a shorter one");
	/* One that ends in a blank would be read as another path when it is written down. */
	while (text.len > 1 && text.ptr[text.len - 1] == '/')
		text = slice_trim(slice_of(text.ptr, text.len - 1));
	return store_text(text, pool, field);
}

static int
parse_url(const struct config_key *key UNUSED, struct slice text, struct pool *pool, void *field, struct err *err)
{
	char normal[CONFIG_URL_MAX + 1];
	int r;

	r = config_url_normalise(text, normal, err);
	return r < 0 ? r : store_text(slice_from_str(normal), pool, field);
}

#define ROUTE_PREFIX "/V1/"
#define ROUTE_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_-."

/* What can be sent as it stands: the prefix of a store view is put before it, and nothing in it is encoded. */
static int
parse_route(const struct config_key *key, struct slice text, struct pool *pool, void *field, struct err *err)
{
	char shown[VALUE_SHOW_CAP];
	bool in_query = false;

	if (text.len == 0)
		return store_text(text, pool, field);
	if (text.len > key->max)
		return err_set(err, ERR_INVALID, "the route is %zu bytes long, write at most %u", text.len,
			       (unsigned)key->max);
	if (text.len <= strlen(ROUTE_PREFIX) || memcmp(text.ptr, ROUTE_PREFIX, strlen(ROUTE_PREFIX)) != 0)
		return err_set(err, ERR_INVALID, "\"%s\" is no route, write it from /V1/ on, or nothing",
			       value_show(text, shown));
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '\0' || strchr(in_query ? ROUTE_LETTERS "=&[]" : ROUTE_LETTERS "?", c) == NULL ||
		    (c == '.' && i > 0 && text.ptr[i - 1] == '.'))
			return err_set(err, ERR_INVALID,
				       "\"%s\" is no route, write letters, digits and / _ - . without \"..\", then "
				       "perhaps ? and a query",
				       value_show(text, shown));
		in_query = in_query || c == '?';
	}
	return store_text(text, pool, field);
}

static int
parse_digest(const struct config_key *key UNUSED, struct slice text, struct pool *pool, void *field, struct err *err)
{
	char lower[64];
	size_t i;

	for (i = 0; i < text.len && i < sizeof(lower); i++) {
		char c = text.ptr[i];

		lower[i] = c >= 'A' && c <= 'F' ? (char)(c + ('a' - 'A')) : c;
		if (!(lower[i] >= '0' && lower[i] <= '9') && !(lower[i] >= 'a' && lower[i] <= 'f'))
			break;
	}
	if (text.len != sizeof(lower) || i != sizeof(lower))
		return err_set(err, ERR_INVALID,
			       "this is no SHA-256, write the 64 hex digits that `magento-mcp token` prints");
	return store_text(slice_of(lower, sizeof(lower)), pool, field);
}

/* ---- secrets ---- */

static int
parse_secret(const struct config_key *key UNUSED, struct slice text, struct pool *pool UNUSED, void *field,
	     struct err *err)
{
	if (text.len == 0)
		return err_set(err, ERR_INVALID, "the secret is empty, write it or remove the line");
	if (secret_set(field, text) < 0)
		return err_set(err, ERR_INVALID, "the secret is longer than %d bytes", SECRET_MAX);
	return 0;
}

static int
print_secret(const struct config_key *key UNUSED, const void *field, struct buf *out)
{
	return buf_put_slice(out, secret_slice(field));
}

/* ---- words ---- */

static int
parse_bool(const struct config_key *key UNUSED, struct slice text, struct pool *pool UNUSED, void *field,
	   struct err *err)
{
	static const char *const yes[] = {"1", "true", "yes", "on"};
	static const char *const no[] = {"0", "false", "no", "off"};
	char shown[VALUE_SHOW_CAP];
	size_t i;

	for (i = 0; i < ARRAY_LEN(yes); i++) {
		if (slice_is_nocase(text, yes[i]) || slice_is_nocase(text, no[i])) {
			*(bool *)field = slice_is_nocase(text, yes[i]);
			return 0;
		}
	}
	return err_set(err, ERR_INVALID, "\"%s\" is neither yes nor no, write yes, no, true, false, on, off, 1 or 0",
		       value_show(text, shown));
}

static int
print_bool(const struct config_key *key UNUSED, const void *field, struct buf *out)
{
	return buf_put_str(out, *(const bool *)field ? "yes" : "no");
}

static int
parse_enum(const struct config_key *key, struct slice text, struct pool *pool UNUSED, void *field, struct err *err)
{
	char words[128], shown[VALUE_SHOW_CAP];
	const struct config_choice *choice;
	size_t used = 0;

	words[0] = '\0';
	for (choice = key->choices; choice->word != NULL; choice++) {
		if (slice_is(text, choice->word)) {
			memcpy(field, &choice->value, sizeof(choice->value));
			return 0;
		}
		used +=
		    (size_t)snprintf(words + used, sizeof(words) - used, "%s%s", used > 0 ? ", " : "", choice->word);
	}
	return err_set(err, ERR_INVALID, "\"%s\" is not known here, write one of: %s", value_show(text, shown), words);
}

static int
print_enum(const struct config_key *key, const void *field, struct buf *out)
{
	const struct config_choice *choice;
	int value;

	memcpy(&value, field, sizeof(value));
	for (choice = key->choices; choice->word != NULL; choice++) {
		if (choice->value == value)
			return buf_put_str(out, choice->word);
	}
	must(!"an enum field holds one of its choices");
	return ERR_INVALID;
}

/* ---- numbers ---- */

static void
format_number(const struct config_key *key, uint64_t value, char out_r[static NUMBER_CAP])
{
	if (key->type == TYPE_SIZE)
		number_format_size(value, out_r);
	else if (key->type == TYPE_DURATION)
		number_format_duration(value, out_r);
	else
		snprintf(out_r, NUMBER_CAP, "%" PRIu64, value);
}

static int
refuse_range(const struct config_key *key, struct slice text, struct err *err)
{
	char shown[VALUE_SHOW_CAP], low[NUMBER_CAP], high[NUMBER_CAP];

	format_number(key, key->min, low);
	format_number(key, key->max, high);
	return err_set(err, ERR_INVALID, "%s is out of range, write %s to %s", value_show(text, shown), low, high);
}

static int
refuse_form(struct slice text, const char *wanted, struct err *err)
{
	char shown[VALUE_SHOW_CAP];

	return err_set(err, ERR_INVALID, "\"%s\" is no %s", value_show(text, shown), wanted);
}

static int
check_number(const struct config_key *key, struct slice text, int r, uint64_t value, const char *wanted,
	     struct err *err)
{
	if (r == ERR_INVALID)
		return refuse_form(text, wanted, err);
	if (r < 0 || value < key->min || value > key->max)
		return refuse_range(key, text, err);
	return 0;
}

static int
parse_int(const struct config_key *key, struct slice text, struct pool *pool UNUSED, void *field, struct err *err)
{
	uint64_t value = 0;
	int r;

	r = slice_to_u64(text, UINT32_MAX, &value);
	r = check_number(key, text, r, value, "whole number, write digits only", err);
	if (r == 0)
		*(uint32_t *)field = (uint32_t)value;
	return r;
}

static int
print_int(const struct config_key *key UNUSED, const void *field, struct buf *out)
{
	return buf_put_u64(out, *(const uint32_t *)field);
}

static int
parse_percent(const struct config_key *key, struct slice text, struct pool *pool UNUSED, void *field, struct err *err)
{
	double value = 0;
	int r;

	r = number_parse_percent(text, &value);
	if (r == ERR_INVALID)
		return refuse_form(text, "percentage, write a number such as 50 or 12.5", err);
	if (r < 0 || value < (double)key->min || value > (double)key->max)
		return refuse_range(key, text, err);
	*(double *)field = value;
	return 0;
}

static int
print_percent(const struct config_key *key UNUSED, const void *field, struct buf *out)
{
	char text[NUMBER_CAP];

	number_format_percent(*(const double *)field, text);
	return buf_put_str(out, text);
}

static int
parse_size(const struct config_key *key, struct slice text, struct pool *pool UNUSED, void *field, struct err *err)
{
	uint64_t value = 0;
	int r;

	r = number_parse_size(text, &value);
	r = check_number(key, text, r, value, "size, write bytes or a number with K, M or G", err);
	if (r == 0)
		*(uint64_t *)field = value;
	return r;
}

static int
parse_duration(const struct config_key *key, struct slice text, struct pool *pool UNUSED, void *field, struct err *err)
{
	uint64_t value = 0;
	int r;

	r = number_parse_duration(text, &value);
	r = check_number(key, text, r, value, "duration, write milliseconds or a number with ms, s, m, h or d", err);
	if (r == 0)
		*(uint64_t *)field = value;
	return r;
}

static int
print_number(const struct config_key *key, const void *field, struct buf *out)
{
	char text[NUMBER_CAP];

	format_number(key, *(const uint64_t *)field, text);
	return buf_put_str(out, text);
}

static int
parse_date(const struct config_key *key UNUSED, struct slice text, struct pool *pool UNUSED, void *field,
	   struct err *err)
{
	*(uint64_t *)field = 0;
	if (text.len == 0)
		return 0;
	if (number_parse_date(text, field) < 0)
		return refuse_form(text, "date, write YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ", err);
	return 0;
}

static int
print_date(const struct config_key *key UNUSED, const void *field, struct buf *out)
{
	char text[CLOCK_ISO_CAP];

	if (*(const uint64_t *)field == 0)
		return 0;
	number_format_date(*(const uint64_t *)field, text);
	return buf_put_str(out, text);
}

/* ---- addresses and lists ---- */

static int
parse_address(const struct config_key *key UNUSED, struct slice text, struct pool *pool, void *field, struct err *err)
{
	return address_parse(text, pool, field, err);
}

static int
print_address(const struct config_key *key UNUSED, const void *field, struct buf *out)
{
	const struct config_address *address = field;

	return buf_put_str(out, address->text);
}

static int
parse_addresses(const struct config_key *key, struct slice text, struct pool *pool, void *field, struct err *err)
{
	struct config_address *items;
	struct slice rest = text, item;
	size_t n = 0, i = 0;
	int r;

	while (list_next(&rest, &item))
		n++;
	if (n == 0 || n > key->max)
		return err_set(err, ERR_INVALID, "the list has %zu addresses, write 1 to %u", n, (unsigned)key->max);
	items = pool_alloc(pool, n * sizeof(*items));
	if (items == NULL)
		return ERR_NOMEM;
	for (rest = text; list_next(&rest, &item); i++) {
		r = address_parse_inet(item, pool, &items[i], err);
		if (r < 0)
			return r;
	}
	*(struct config_addresses *)field = (struct config_addresses){items, n};
	return 0;
}

static int
print_addresses(const struct config_key *key UNUSED, const void *field, struct buf *out)
{
	const struct config_addresses *list = field;
	size_t i;

	for (i = 0; i < list->n; i++) {
		(void)buf_put_str(out, i > 0 ? ", " : "");
		(void)buf_put_str(out, list->items[i].text);
	}
	return out->failed;
}

static int
parse_list(const struct config_key *key, struct slice text, struct pool *pool, void *field, struct err *err)
{
	return list_parse(key, text, pool, field, err);
}

static int
print_list(const struct config_key *key UNUSED, const void *field, struct buf *out)
{
	const struct config_list *list = field;
	size_t i;

	for (i = 0; i < list->n; i++) {
		(void)buf_put_str(out, i > 0 ? ", " : "");
		(void)buf_put_str(out, list->items[i]);
	}
	return out->failed;
}

/* ---- the table ---- */

static const struct {
	const char *name;
	parse_fn *parse;
	print_fn *print;
} types[TYPE_COUNT] = {
    [TYPE_STRING] = {"text", parse_string, print_text},
    [TYPE_PATH] = {"path", parse_path, print_text},
    [TYPE_BOOL] = {"yes | no", parse_bool, print_bool},
    [TYPE_INT] = {"number", parse_int, print_int},
    [TYPE_PERCENT] = {"percentage", parse_percent, print_percent},
    [TYPE_SIZE] = {"size", parse_size, print_number},
    [TYPE_DURATION] = {"duration", parse_duration, print_number},
    [TYPE_ENUM] = {"word", parse_enum, print_enum},
    [TYPE_ADDRESS] = {"address", parse_address, print_address},
    [TYPE_ADDRESSES] = {"list of addresses", parse_addresses, print_addresses},
    [TYPE_LIST] = {"list", parse_list, print_list},
    [TYPE_SECRET] = {"secret", parse_secret, print_secret},
    [TYPE_URL] = {"URL", parse_url, print_text},
    [TYPE_DIGEST] = {"hex digits", parse_digest, print_text},
    [TYPE_DATE] = {"date", parse_date, print_date},
    [TYPE_ROUTE] = {"route", parse_route, print_text},
};

static bool
may_be_empty(enum config_type type)
{
	return type == TYPE_STRING || type == TYPE_PATH || type == TYPE_LIST || type == TYPE_ADDRESSES ||
	       type == TYPE_SECRET || type == TYPE_DATE || type == TYPE_ROUTE;
}

static int
check_bytes(const struct config_key *key, struct slice text, struct err *err)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c < 0x20 || c == 0x7f)
			return err_set(err, ERR_INVALID,
				       "the value holds a control character or a line break, remove it");
	}
	if (!slice_is_utf8(text))
		return err_set(err, ERR_INVALID, "the value is not UTF-8");
	/* Rendering writes one `key = value` line, whose value is trimmed when it is read. */
	if (text.len != slice_trim(text).len)
		return err_set(err, ERR_INVALID, "the value begins or ends with a space, remove it");
	if (text.len == 0 && !may_be_empty(key->type))
		return err_set(err, ERR_INVALID, "the value is empty, write it or remove the line");
	return 0;
}

int
value_parse(const struct config_key *key, struct slice text, struct pool *pool, void *owner, struct err *err)
{
	int r;

	r = check_bytes(key, text, err);
	if (r == 0)
		r = types[key->type].parse(key, text, pool, (char *)owner + key->offset, err);
	if (r == ERR_NOMEM)
		err_set(err, ERR_NOMEM, "out of memory");
	return r;
}

int
value_print(const struct config_key *key, const void *owner, struct buf *out)
{
	return types[key->type].print(key, (const char *)owner + key->offset, out);
}

const char *
value_type_name(const struct config_key *key)
{
	return types[key->type].name;
}

int
value_print_range(const struct config_key *key, struct buf *out)
{
	char low[NUMBER_CAP], high[NUMBER_CAP];

	if (key->type != TYPE_INT && key->type != TYPE_PERCENT && key->type != TYPE_SIZE && key->type != TYPE_DURATION)
		return 0;
	format_number(key, key->min, low);
	format_number(key, key->max, high);
	return buf_printf(out, "%s to %s", low, high);
}
