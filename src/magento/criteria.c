/*
 * criteria.c - steps of building a query, and the values in it
 */
#include "magento/criteria.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"

#define VALUE_MAX (64 * 1024)

/* ---- Names ---- */

bool
criteria_is_condition(const char *name)
{
	static const char *const names[] = {"eq",    "neq", "gt",  "gteq", "lt",      "lteq", "moreq", "like",
					    "nlike", "in",  "nin", "null", "notnull", "from", "to",    "finset"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

bool
criteria_is_field(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return len > 0 && len <= 60 && name[len] == '\0' && name[0] >= 'a' && name[0] <= 'z';
}

/* ---- Steps ---- */

void
criteria_init(struct criteria *c, struct pool *pool)
{
	memset(c, 0, sizeof(*c));
	c->pool = pool;
}

static void
fail(struct criteria *c, int code)
{
	if (c->failed == 0)
		c->failed = code;
}

static bool
has_room(struct criteria *c)
{
	struct magento_param *larger;
	size_t cap;

	if (c->n < c->cap)
		return true;
	cap = c->cap == 0 ? 16 : c->cap * 2;
	if (c->n >= CRITERIA_PARAMS_MAX) {
		fail(c, ERR_LIMIT);
		return false;
	}
	larger = pool_alloc(c->pool, cap * sizeof(*larger));
	if (larger == NULL) {
		fail(c, ERR_NOMEM);
		return false;
	}
	if (c->n > 0)
		memcpy(larger, c->params, c->n * sizeof(*larger));
	c->params = larger;
	c->cap = cap;
	return true;
}

/* Takes a name that lives in the pool (NULL: it could not be made), copies the value. */
static void
put(struct criteria *c, const char *name, const char *value)
{
	const char *copy;

	if (c->failed != 0 || !has_room(c))
		return;
	copy = pool_strdup(c->pool, value != NULL ? value : "");
	if (name == NULL || copy == NULL) {
		fail(c, ERR_NOMEM);
		return;
	}
	c->params[c->n].name = name;
	c->params[c->n].value = copy;
	c->n++;
}

void
criteria_group(struct criteria *c)
{
	/* An empty group would leave a gap in the indices. */
	if (c->groups > 0 && c->filters == 0)
		return;
	c->groups++;
	c->filters = 0;
}

static void
put_filter_part(struct criteria *c, const char *part, const char *value)
{
	put(c,
	    pool_printf(c->pool, "searchCriteria[filter_groups][%u][filters][%u][%s]", c->groups - 1, c->filters, part),
	    value);
}

void
criteria_filter(struct criteria *c, const char *field, const char *condition, const char *value)
{
	if (condition == NULL)
		condition = "eq";
	if (!criteria_is_field(field) || !criteria_is_condition(condition)) {
		fail(c, ERR_INVALID);
		return;
	}
	if (value == NULL) {
		fail(c, ERR_NOMEM); /* a value that could not be made */
		return;
	}
	if (c->groups == 0)
		criteria_group(c);
	put_filter_part(c, "field", field);
	put_filter_part(c, "value", value);
	put_filter_part(c, "condition_type", condition);
	c->filters++;
}

void
criteria_where(struct criteria *c, const char *field, const char *condition, const char *value)
{
	criteria_group(c);
	criteria_filter(c, field, condition, value);
}

void
criteria_sort(struct criteria *c, const char *field, const char *direction)
{
	bool descending = strcasecmp(direction, "DESC") == 0;

	if (!criteria_is_field(field) || (!descending && strcasecmp(direction, "ASC") != 0)) {
		fail(c, ERR_INVALID);
		return;
	}
	put(c, pool_printf(c->pool, "searchCriteria[sortOrders][%u][field]", c->sorts), field);
	put(c, pool_printf(c->pool, "searchCriteria[sortOrders][%u][direction]", c->sorts),
	    descending ? "DESC" : "ASC");
	c->sorts++;
}

void
criteria_page(struct criteria *c, uint32_t page_size, uint32_t current_page)
{
	char number[16];

	if (page_size == 0 || current_page == 0) { /* Magento takes 0 for "all" */
		fail(c, ERR_INVALID);
		return;
	}
	snprintf(number, sizeof(number), "%u", page_size);
	put(c, "searchCriteria[pageSize]", number);
	snprintf(number, sizeof(number), "%u", current_page);
	put(c, "searchCriteria[currentPage]", number);
	c->has_paging = true;
}

void
criteria_param(struct criteria *c, const char *name, const char *value)
{
	put(c, pool_strdup(c->pool, name), value);
}

int
criteria_finish(struct criteria *c, const struct magento_param **params_r, size_t *n_r)
{
	*params_r = NULL;
	*n_r = 0;
	if (c->groups == 0 && c->sorts == 0 && !c->has_paging) {
		put(c, "searchCriteria", "");
		c->has_paging = true; /* once is enough */
	}
	if (c->failed == 0 && param_has_repeated(c->params, c->n))
		fail(c, ERR_INVALID);
	if (c->failed != 0)
		return c->failed;
	*params_r = c->params;
	*n_r = c->n;
	return 0;
}

/* ---- Values ---- */

/* 5, 5.5, 0.1: as few digits as read back as the same number. */
static int
put_real(struct buf *out, double number)
{
	char text[40];
	int digits;

	for (digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, number);
		if (strtod(text, NULL) == number)
			break;
	}
	return buf_put_str(out, text);
}

static const char *
put_scalar(struct buf *out, const json_t *value)
{
	if (json_is_string(value)) {
		if (memchr(json_string_value(value), '\0', json_string_length(value)) != NULL)
			return "must not contain a NUL character";
		buf_put(out, json_string_value(value), json_string_length(value));
	} else if (json_is_integer(value)) {
		buf_put_i64(out, json_integer_value(value));
	} else if (json_is_real(value)) {
		put_real(out, json_real_value(value));
	} else if (json_is_boolean(value)) {
		buf_put_char(out, json_is_true(value) ? '1' : '0');
	} else if (!json_is_null(value)) {
		return "must be a string, number, boolean, or a list of those";
	}
	return NULL;
}

static const char *
put_list(struct buf *out, const json_t *list)
{
	const json_t *element;
	const char *why;
	size_t i, from;

	if (json_array_size(list) == 0)
		return "must not be an empty list";
	for (i = 0; i < json_array_size(list); i++) {
		element = json_array_get(list, i);
		if (json_is_null(element))
			return "must not contain null in a list";
		if (i > 0)
			buf_put_char(out, ',');
		from = out->len;
		why = put_scalar(out, element);
		if (why != NULL)
			return why;
		if (out->failed == 0 && memchr(out->ptr + from, ',', out->len - from) != NULL)
			return "must not contain a comma inside a list: Magento cannot tell it from a separator";
	}
	return NULL;
}

const char *
criteria_value(struct pool *pool, const json_t *value, const char **why_r)
{
	const char *result = NULL;
	struct buf text;

	buf_init(&text, VALUE_MAX);
	*why_r = json_is_array(value) ? put_list(&text, value) : put_scalar(&text, value);
	if (*why_r == NULL && text.failed == ERR_LIMIT)
		*why_r = "is too long";
	if (*why_r == NULL && text.failed == 0)
		result = pool_slicedup(pool, buf_slice(&text));
	buf_fini(&text);
	if (result == NULL && *why_r == NULL)
		*why_r = "could not be read: out of memory";
	return result;
}

static const char *
like(struct pool *pool, const char *before, const char *text)
{
	const char *result = NULL;
	struct buf pattern;
	const char *p;

	buf_init(&pattern, VALUE_MAX);
	buf_put_str(&pattern, before);
	for (p = text; *p != '\0'; p++) {
		if (*p == '\\' || *p == '%' || *p == '_')
			buf_put_char(&pattern, '\\');
		buf_put_char(&pattern, *p);
	}
	if (buf_put_char(&pattern, '%') == 0)
		result = pool_slicedup(pool, buf_slice(&pattern));
	buf_fini(&pattern);
	return result;
}

const char *
criteria_like_prefix(struct pool *pool, const char *text)
{
	return like(pool, "", text);
}

const char *
criteria_like_contains(struct pool *pool, const char *text)
{
	return like(pool, "%", text);
}

/* ---- Lengths ---- */

static size_t
encoded_len(const char *text)
{
	size_t len = 0;
	const char *p;

	for (p = text; *p != '\0'; p++) {
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
		    strchr("-._~", *p) != NULL)
			len++;
		else
			len += 3;
	}
	return len;
}

size_t
criteria_encoded_len(const struct magento_param *params, size_t n)
{
	size_t len = 0;
	size_t i;

	for (i = 0; i < n; i++)
		len += 2 + encoded_len(params[i].name) + encoded_len(params[i].value);
	return len;
}

size_t
criteria_in_piece(const char *const *values, size_t n, size_t budget)
{
	size_t used = 0;
	size_t i;

	if (n > 0 && strchr(values[0], ',') != NULL)
		return 1;
	for (i = 0; i < n && i < CRITERIA_IN_MAX; i++) {
		used += encoded_len(values[i]) + (i > 0 ? 3 : 0); /* %2C */
		if (i > 0 && (used > budget || strchr(values[i], ',') != NULL))
			break;
	}
	return i;
}

const char *
criteria_join(struct pool *pool, const char *const *values, size_t n)
{
	size_t len = 0;
	size_t i, part;
	char *text, *at;

	for (i = 0; i < n; i++)
		len += strlen(values[i]) + 1;
	text = pool_alloc(pool, len + 1);
	if (text == NULL)
		return NULL;
	at = text;
	for (i = 0; i < n; i++) {
		if (i > 0)
			*at++ = ',';
		part = strlen(values[i]);
		memcpy(at, values[i], part);
		at += part;
	}
	*at = '\0';
	return text;
}
