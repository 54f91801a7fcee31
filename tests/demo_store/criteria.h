/*
 * searchCriteria: reading it from the query and running it over any list of rows.
 *
 * Snake and camel case both work. Filters of a group are ORed, groups are ANDed. A condition Magento does not know
 * acts as eq, as it does there. Conditions on a missing value are false, except null.
 */
#ifndef DEMO_CRITERIA_H
#define DEMO_CRITERIA_H

#include "request.h"

#include <stdbool.h>
#include <stddef.h>

enum criteria_condition {
	COND_EQ,
	COND_NEQ,
	COND_LIKE,
	COND_NLIKE,
	COND_IN,
	COND_NIN,
	COND_GT,
	COND_GTEQ,
	COND_LT,
	COND_LTEQ,
	COND_NULL,
	COND_NOTNULL,
	COND_FINSET
};

struct filter {
	long group;
	long index;
	const char *field; /* NULL if none was sent; strings are the request's */
	const char *value; /* NULL if none was sent */
	const char *condition_name;
	enum criteria_condition condition;
	int field_id;  /* what criteria_source.field said */
	char *copy;    /* value cut at the commas, for the list conditions */
	char **values; /* the needles: one, or the members of the list */
	size_t value_count;
};

struct sort_order {
	long index;
	const char *field;
	bool descending;
};

struct criteria {
	struct filter *filters; /* by group, then index */
	size_t filter_count;
	struct sort_order *sorts;
	size_t sort_count;
	bool sent;
	bool has_page_size;
	bool has_current_page;
	long long page_size;
	long long current_page;
};

/* A field that filters nothing but selects the store whose values are seen, as store_id does for products. */
#define CRITERIA_FIELD_STORE 100000

/*
 * A field that narrows the search down before any group is looked at, and whose second filter counts for nothing:
 * store_id of pages and blocks.
 */
#define CRITERIA_FIELD_APART 100001

struct column;

/* Rows to search. Rows are numbered from 0 in their natural order. */
struct criteria_source {
	const void *rows;
	size_t count;
	int store;
	const struct column *columns; /* for the functions of table.h, else NULL */
	/* Id of a field, -1 if there is none. */
	int (*field)(const struct criteria_source *source, const char *name);
	/* The row's value, borrowed: a scalar, a list (any member may match) or NULL. */
	json_t *(*value)(const struct criteria_source *source, size_t row, int field);
	/* The row as the answer shows it. New reference. */
	json_t *(*render)(const struct criteria_source *source, size_t row);
	/* Rows that an eq filter on this field may match, to spare the scan; NULL function: always scan. */
	bool (*lookup)(const struct criteria_source *source, int field, const char *value, size_t *row_r);
	/*
	 * True if the row fits the first filter on CRITERIA_FIELD_APART, cut at its first comma; only for sources that
	 * have such a field.
	 */
	bool (*fits_apart)(const struct criteria_source *source, size_t row, const char *value);
	const char *apart; /* set by criteria_run(): that filter's value, NULL without one */
	/* Flat tables answer an unknown field with 500, attributes with 400. */
	bool unknown_field_is_internal;
};

/* Reads the criteria of a request; -1 and an error reply if they are missing or make no sense. */
int criteria_init(struct criteria *criteria, const struct request *req, struct reply *reply);
void criteria_fini(struct criteria *criteria);

/* Answers { items, search_criteria, total_count } with the request's projection applied. */
void criteria_answer(const struct request *req, struct reply *reply, const struct criteria_source *source);

/* The same over no rows at all, where every field is known: for lists the demo shop has nothing in. */
void criteria_answer_empty(const struct request *req, struct reply *reply);

/* Finding the matching rows, in order and cut to the page; a store filter changes source->store. */
int criteria_run(struct criteria *criteria, struct criteria_source *source, size_t **rows_r, size_t *count_r,
		 size_t *total_r, struct reply *reply);

#endif
