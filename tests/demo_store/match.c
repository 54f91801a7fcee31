/* Running search criteria: which rows match, in which order, and which page of them. */

#include "criteria.h"
#include "errors.h"
#include "scope.h"
#include "text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What a sort needs to know; qsort_r hands it to the comparison. */
struct sort_job {
	const struct criteria_source *source;
	const struct criteria *criteria;
	const int *fields;
};

static int
split_value(struct filter *filter)
{
	bool list = filter->condition == COND_IN || filter->condition == COND_NIN;
	char *rest;

	filter->copy = strdup(filter->value != NULL ? filter->value : "");
	if (filter->copy == NULL)
		return -1;
	for (const char *c = filter->copy; *c != '\0'; c++)
		filter->value_count += list && *c == ',';
	filter->value_count++;
	filter->values = calloc(filter->value_count, sizeof(*filter->values));
	if (filter->values == NULL)
		return -1;
	rest = filter->copy;
	for (size_t i = 0; i < filter->value_count; i++)
		filter->values[i] = list ? strsep(&rest, ",") : rest;
	return 0;
}

static int
select_store(const char *value, int otherwise)
{
	long long store = 0;

	if (value != NULL && text_parse_integer(value, &store) && store >= 0 && store < SCOPE_COUNT)
		return (int)store;
	return otherwise;
}

static int
prepare_filters(struct criteria *criteria, struct criteria_source *source, struct reply *reply)
{
	for (size_t i = 0; i < criteria->filter_count; i++) {
		struct filter *filter = &criteria->filters[i];

		filter->field_id = filter->field != NULL ? source->field(source, filter->field) : -1;
		if (filter->field_id < 0) {
			if (source->unknown_field_is_internal)
				error_set_internal(reply);
			else
				error_set_listed(reply, 400,
						 "The \"%1\" attribute name is invalid. Reset the name and try again.",
						 json_pack("[s?]", filter->field));
			return -1;
		}
		if (filter->field_id == CRITERIA_FIELD_STORE)
			source->store = select_store(filter->value, source->store);
		if (filter->field_id == CRITERIA_FIELD_APART && source->apart == NULL)
			source->apart = filter->value != NULL ? filter->value : "";
		if (split_value(filter) < 0) {
			error_set_internal(reply);
			return -1;
		}
	}
	return 0;
}

/* Numbers compare as numbers, everything else as text. */
static int
compare_scalars(const char *a, const char *b)
{
	double na, nb;

	if (text_parse_number(a, &na) && text_parse_number(b, &nb))
		return na < nb ? -1 : na > nb;
	return text_compare_collated(a, b);
}

/* A column of numbers takes text for the number it starts with, 0 if none: coupon_type = 'AUTO' finds the zeros. */
static int
compare_stored(const char *text, bool number, const char *wanted)
{
	double stored, other;

	if (!number || text_parse_number(wanted, &other))
		return compare_scalars(text, wanted);
	stored = strtod(text, NULL);
	other = strtod(wanted, NULL);
	return stored < other ? -1 : stored > other;
}

static bool
equals_any(const struct filter *filter, const char *text, bool number)
{
	for (size_t i = 0; i < filter->value_count; i++) {
		if (compare_stored(text, number, filter->values[i]) == 0)
			return true;
	}
	return false;
}

/* MySQL's FIND_IN_SET: the filter's value is one of the comma-separated members of the text. */
static bool
contains_member(const char *text, const char *member)
{
	size_t len = strlen(member);

	for (;;) {
		size_t part = strcspn(text, ",");

		if (part == len && strncasecmp(text, member, len) == 0)
			return true;
		if (text[part] == '\0')
			return false;
		text += part + 1;
	}
}

static bool
scalar_matches(const struct filter *filter, const char *text, bool number)
{
	switch (filter->condition) {
	case COND_LIKE:
	case COND_NLIKE:
		return text_matches_like(text, filter->values[0]);
	case COND_GT:
		return compare_stored(text, number, filter->values[0]) > 0;
	case COND_GTEQ:
		return compare_stored(text, number, filter->values[0]) >= 0;
	case COND_LT:
		return compare_stored(text, number, filter->values[0]) < 0;
	case COND_LTEQ:
		return compare_stored(text, number, filter->values[0]) <= 0;
	case COND_FINSET:
		return contains_member(text, filter->values[0]);
	default:
		return equals_any(filter, text, number);
	}
}

static bool
value_matches(const struct filter *filter, const json_t *value)
{
	char buf[TEXT_NUMBER_MAX];
	const char *text;

	if (json_is_array(value)) {
		for (size_t i = 0; i < json_array_size(value); i++) {
			if (value_matches(filter, json_array_get(value, i)))
				return true;
		}
		return false;
	}
	text = text_from_json(value, buf);
	return text != NULL && scalar_matches(filter, text, !json_is_string(value));
}

static bool
filter_matches(const struct filter *filter, const struct criteria_source *source, size_t row)
{
	const json_t *value;

	if (filter->field_id == CRITERIA_FIELD_STORE)
		return true;
	value = source->value(source, row, filter->field_id);
	if (json_is_null(value))
		value = NULL;
	if (filter->condition == COND_NULL || filter->condition == COND_NOTNULL)
		return (value == NULL) == (filter->condition == COND_NULL);
	if (value == NULL)
		return false;
	if (filter->condition == COND_NEQ || filter->condition == COND_NIN || filter->condition == COND_NLIKE)
		return !value_matches(filter, value);
	return value_matches(filter, value);
}

static bool
row_matches(const struct criteria *criteria, const struct criteria_source *source, size_t row)
{
	if (source->apart != NULL && !source->fits_apart(source, row, source->apart))
		return false;
	for (size_t i = 0; i < criteria->filter_count;) {
		long group = criteria->filters[i].group;
		bool any = false, asked = false;

		for (; i < criteria->filter_count && criteria->filters[i].group == group; i++) {
			if (criteria->filters[i].field_id == CRITERIA_FIELD_APART)
				continue;
			asked = true;
			any = any || filter_matches(&criteria->filters[i], source, row);
		}
		if (asked && !any)
			return false;
	}
	return true;
}

static int
compare_numbers(const void *a, const void *b)
{
	size_t ra = *(const size_t *)a, rb = *(const size_t *)b;

	return ra < rb ? -1 : ra > rb;
}

/*
 * If the first group is one eq or in filter on a looked-up field, only those rows need a look. Returns false if not,
 * else the candidates in rows (room for as many as there are values), ascending and each once.
 */
static bool
find_candidates(const struct criteria *criteria, const struct criteria_source *source, size_t **rows_r, size_t *count_r)
{
	const struct filter *filter = criteria->filters;
	size_t count = 0, kept = 0, *rows;

	if (source->lookup == NULL || criteria->filter_count == 0 ||
	    (filter->condition != COND_EQ && filter->condition != COND_IN) ||
	    (criteria->filter_count > 1 && filter[1].group == filter->group))
		return false;
	rows = calloc(filter->value_count, sizeof(*rows));
	if (rows == NULL)
		return false;
	for (size_t i = 0; i < filter->value_count; i++) {
		size_t row = SIZE_MAX;

		if (!source->lookup(source, filter->field_id, filter->values[i], &row)) {
			free(rows);
			return false;
		}
		if (row != SIZE_MAX)
			rows[count++] = row;
	}
	qsort(rows, count, sizeof(*rows), compare_numbers);
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || rows[kept - 1] != rows[i])
			rows[kept++] = rows[i];
	}
	*rows_r = rows;
	*count_r = kept;
	return true;
}

static int
collect_rows(const struct criteria *criteria, const struct criteria_source *source, size_t **rows_r, size_t *count_r)
{
	size_t candidates = 0, kept = 0, *rows = NULL;
	bool narrowed = find_candidates(criteria, source, &rows, &candidates);

	if (!narrowed) {
		candidates = source->count;
		rows = calloc(candidates + 1, sizeof(*rows));
		if (rows == NULL)
			return -1;
	}
	for (size_t i = 0; i < candidates; i++) {
		size_t row = narrowed ? rows[i] : i;

		if (row_matches(criteria, source, row))
			rows[kept++] = row;
	}
	*rows_r = rows;
	*count_r = kept;
	return 0;
}

static int
compare_values(const json_t *a, const json_t *b)
{
	char buf_a[TEXT_NUMBER_MAX], buf_b[TEXT_NUMBER_MAX];
	const char *ta = a != NULL ? text_from_json(a, buf_a) : NULL, *tb = b != NULL ? text_from_json(b, buf_b) : NULL;

	if (ta == NULL || tb == NULL)
		return (ta != NULL) - (tb != NULL);
	return compare_scalars(ta, tb);
}

static int
compare_rows(const void *a, const void *b, void *arg)
{
	const struct sort_job *job = arg;
	size_t ra = *(const size_t *)a, rb = *(const size_t *)b;

	for (size_t i = 0; i < job->criteria->sort_count; i++) {
		int order;

		if (job->fields[i] < 0)
			continue;
		order = compare_values(job->source->value(job->source, ra, job->fields[i]),
				       job->source->value(job->source, rb, job->fields[i]));
		if (order != 0)
			return job->criteria->sorts[i].descending ? -order : order;
	}
	return ra < rb ? -1 : ra > rb;
}

/* Unknown sort fields are skipped for attributes and end a request on a flat table with 500. */
static int
sort_rows(const struct criteria *criteria, const struct criteria_source *source, size_t *rows, size_t count,
	  struct reply *reply)
{
	int *fields = calloc(criteria->sort_count + 1, sizeof(*fields));
	struct sort_job job = {source, criteria, fields};
	int rc = fields == NULL ? -1 : 0;

	for (size_t i = 0; rc == 0 && i < criteria->sort_count; i++) {
		fields[i] = criteria->sorts[i].field != NULL ? source->field(source, criteria->sorts[i].field) : -1;
		if (fields[i] == CRITERIA_FIELD_STORE || fields[i] == CRITERIA_FIELD_APART) {
			fields[i] = -1;
			continue;
		}
		if (fields[i] < 0 && source->unknown_field_is_internal)
			rc = -1;
	}
	if (rc == 0)
		qsort_r(rows, count, sizeof(*rows), compare_rows, &job);
	else
		error_set_internal(reply);
	free(fields);
	return rc;
}

/* A page size of 0 is everything, below that one row; pages below the first are the first. */
static size_t
cut_page(const struct criteria *criteria, size_t *rows, size_t total)
{
	size_t size, page, start, count;

	if (!criteria->has_page_size || criteria->page_size == 0)
		return total;
	size = criteria->page_size < 0 ? 1 : (size_t)criteria->page_size;
	page = criteria->current_page < 1 ? 1 : (size_t)criteria->current_page;
	if (page - 1 > total / size)
		return 0;
	start = (page - 1) * size;
	if (start >= total)
		return 0;
	count = total - start < size ? total - start : size;
	memmove(rows, rows + start, count * sizeof(*rows));
	return count;
}

int
criteria_run(struct criteria *criteria, struct criteria_source *source, size_t **rows_r, size_t *count_r,
	     size_t *total_r, struct reply *reply)
{
	size_t total = 0;

	if (prepare_filters(criteria, source, reply) < 0)
		return -1;
	if (collect_rows(criteria, source, rows_r, &total) < 0) {
		error_set_internal(reply);
		return -1;
	}
	if (criteria->sort_count > 0 && sort_rows(criteria, source, *rows_r, total, reply) < 0)
		return -1;
	*total_r = total;
	*count_r = cut_page(criteria, *rows_r, total);
	return 0;
}
