/*
 * cms_read.h - lists of CMS rows, and which store views they are assigned to (private to action/)
 *
 * The assignment of a row is in no answer.  It is learned by asking for the rows of one store view after the other: a
 * `store_id` filter matches exactly, 0 stands for "all store views", and of `in` lists or two such filters ORed Magento
 * sees the first value only.
 */
#ifndef ACTION_CMS_READ_H
#define ACTION_CMS_READ_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cms_kind.h"
#include "reach.h"
#include "store.h"

#define CMS_ROWS_MAX 2000 /* rows of one search that are put together by us */

/* Which rows. */
struct cms_search {
	const char *query;	/* in title or identifier; NULL: any */
	const char *identifier; /* exact, or a pattern with %; NULL: any */
	int is_active;		/* 1, 0, or -1: either */
	int64_t store_id;	/* assigned to just this view, 0 = to all views; -1: either */
	const int64_t *ids;	/* with n_ids > 0: only these, at most CRITERIA_IN_MAX */
	size_t n_ids;
};

/* One page of rows, in the order of their ids.  `fields` is the projection; NULL: everything. */
struct window_page;
int cms_read_page(struct store_client *sc, const struct cms_kind *kind, const struct cms_search *search,
		  const char *fields, uint32_t page_size, uint32_t current_page, struct window_page *page_r,
		  struct fault *fault) MUST_CHECK;

/*
 * All rows of a search; *total_r (may be NULL) is how many there are.  More than `max` are not read: *rows_r then is
 * the first page.  A list that changes while it is read is read once more, then refused.
 */
int cms_read_all(struct store_client *sc, const struct cms_kind *kind, const struct cms_search *search,
		 const char *fields, size_t max, json_t **rows_r, int64_t *total_r, struct fault *fault) MUST_CHECK;

/* All rows with these ids, any number of them. */
int cms_read_ids(struct store_client *sc, const struct cms_kind *kind, const int64_t *ids, size_t n, const char *fields,
		 json_t **rows_r, struct fault *fault) MUST_CHECK;

/* Of which views: view ids, 0 first. */
struct cms_assignment {
	const int64_t *store_ids; /* asked for */
	size_t n_stores;
	const int64_t *ids;
	size_t n_ids;
	bool *is_assigned; /* [id * n_stores + store] */
};

/* Asks for each of these views and for 0 which of these rows are assigned to it.  All in the call's pool. */
int cms_read_assignment(struct store_client *sc, const struct cms_kind *kind, const struct scope_tree *tree,
			const int64_t *ids, size_t n_ids, struct cms_assignment *assignment_r,
			struct fault *fault) MUST_CHECK;

bool cms_is_assigned(const struct cms_assignment *assignment, size_t row, int64_t store_id);

/* The ids of rows, in the pool; NULL without memory. */
int64_t *cms_ids_of(struct pool *pool, const json_t *rows);

#endif
