/*
 * criteria.h - builder of searchCriteria query parameters
 *
 * Groups are ANDed, the filters of one group are ORed.  Indices are numeric (Magento ignores "[]"), condition types are
 * checked here because Magento silently takes an unknown one for eq, and the bare word searchCriteria is never sent.
 * Everything is allocated from the pool given to criteria_init.  A failed step is remembered: look once, at
 * criteria_finish.
 *
 *	criteria_init(&c, pool);
 *	criteria_group(&c);
 *	criteria_filter(&c, "sku", "like", criteria_like_prefix(pool, prefix));
 *	criteria_sort(&c, "entity_id", "ASC");
 *	criteria_page(&c, 100, 1);
 *	criteria_param(&c, "fields", "items[sku],total_count");
 *	r = criteria_finish(&c, &params, &n);
 */
#ifndef MAGENTO_CRITERIA_H
#define MAGENTO_CRITERIA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/pool.h"
#include "base/slice.h"
#include "magento/param.h"

#define CRITERIA_PARAMS_MAX 400
#define CRITERIA_QUERY_MAX 6000 /* encoded bytes of a URL that every web server takes */
#define CRITERIA_IN_MAX 100	/* values in one `in` list */

struct criteria {
	struct pool *pool;
	struct magento_param *params;
	size_t n;
	size_t cap;
	uint32_t groups;  /* begun so far */
	uint32_t filters; /* in the present group */
	uint32_t sorts;
	bool has_paging;
	int failed; /* first failure: ERR_NOMEM, ERR_LIMIT, ERR_INVALID */
};

void criteria_init(struct criteria *c, struct pool *pool);

void criteria_group(struct criteria *c); /* the filters that follow are ORed with each other */

/*
 * One filter in the present group (the first one opens a group).  field: [a-z][a-z0-9_]*, condition: see
 * criteria_is_condition, or NULL for eq.  Otherwise ERR_INVALID at the end.
 */
void criteria_filter(struct criteria *c, const char *field, const char *condition, const char *value);

/* A group of its own with this one filter. */
void criteria_where(struct criteria *c, const char *field, const char *condition, const char *value);

void criteria_sort(struct criteria *c, const char *field, const char *direction); /* "ASC" or "DESC", any case */
void criteria_page(struct criteria *c, uint32_t page_size, uint32_t current_page);
void criteria_param(struct criteria *c, const char *name, const char *value); /* any other parameter, such as fields */

/*
 * The finished list, in the pool.  Without group, sort or page it holds "searchCriteria=" (everything).  May be called
 * again after more steps.
 */
int criteria_finish(struct criteria *c, const struct magento_param **params_r, size_t *n_r) MUST_CHECK;

/* eq neq gt gteq lt lteq moreq like nlike in nin null notnull from to finset */
bool criteria_is_condition(const char *name);
bool criteria_is_field(const char *name); /* [a-z][a-z0-9_]*, at most 60 characters */

/*
 * A JSON value as a filter value, in the pool: strings as they are, numbers as short as possible, true/false as 1/0, an
 * array of those as a comma list.  null gives "".  NULL with *why_r set (a constant text) for objects, nested arrays,
 * an empty array, text with a NUL, and a comma inside an element of a list, which Magento cannot tell from a separator.
 */
const char *criteria_value(struct pool *pool, const json_t *value, const char **why_r);

/* User text for `like`: \ % and _ are escaped, then "%" is put behind (prefix) or around it (contains).  NULL: no
 * memory. */
const char *criteria_like_prefix(struct pool *pool, const char *text);
const char *criteria_like_contains(struct pool *pool, const char *text);

/* Encoded length of "?..." for these parameters. */
size_t criteria_encoded_len(const struct magento_param *params, size_t n);

/*
 * Cuts a list of values into a piece for one `in` filter: how many of values[0..n) fit CRITERIA_IN_MAX and `budget`
 * encoded bytes; at least 1 when n > 0.  A value that holds a comma ends the piece before it; when it comes first the
 * piece is that one value, to be sent as eq.
 */
size_t criteria_in_piece(const char *const *values, size_t n, size_t budget);

/* values[0..n) joined by commas, in the pool. */
const char *criteria_join(struct pool *pool, const char *const *values, size_t n);

#endif
