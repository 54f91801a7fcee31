#include "criteria.h"

#include "demo.h"
#include "errors.h"
#include "projection.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	enum criteria_condition condition;
} conditions[] = {
    {"eq", COND_EQ},	  {"neq", COND_NEQ},   {"like", COND_LIKE},	  {"nlike", COND_NLIKE},
    {"in", COND_IN},	  {"nin", COND_NIN},   {"gt", COND_GT},		  {"gteq", COND_GTEQ},
    {"moreq", COND_GTEQ}, {"from", COND_GTEQ}, {"lt", COND_LT},		  {"lteq", COND_LTEQ},
    {"to", COND_LTEQ},	  {"null", COND_NULL}, {"notnull", COND_NOTNULL}, {"finset", COND_FINSET},
};

static enum criteria_condition
find_condition(const char *name)
{
	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
		if (strcmp(conditions[i].name, name) == 0)
			return conditions[i].condition;
	}
	return COND_EQ;
}

/* Takes one "[part]" off the name; NULL if there is none. */
static const char *
take_part(const char *name, char *part, size_t size)
{
	size_t len;

	if (*name != '[')
		return NULL;
	len = strcspn(name + 1, "]");
	if (name[len + 1] != ']' || len >= size)
		return NULL;
	memcpy(part, name + 1, len);
	part[len] = '\0';
	return name + len + 2;
}

/* "[] [field]" gets an index of its own each time, as in PHP: that is what breaks such filters. */
static long
part_index(const char *part, long fresh)
{
	return *part != '\0' ? strtol(part, NULL, 10) : fresh;
}

static struct filter *
find_filter(struct criteria *criteria, long group, long index)
{
	struct filter *filter;

	for (size_t i = 0; i < criteria->filter_count; i++) {
		if (criteria->filters[i].group == group && criteria->filters[i].index == index)
			return &criteria->filters[i];
	}
	filter = &criteria->filters[criteria->filter_count++];
	filter->group = group;
	filter->index = index;
	filter->condition_name = "eq";
	return filter;
}

/* rest is what follows "[filter_groups]": [0][filters][0][field]. */
static void
read_filter(struct criteria *criteria, const char *rest, const char *value)
{
	char part[32];
	long fresh = -1 - (long)criteria->filter_count, group, index;
	struct filter *filter;

	if ((rest = take_part(rest, part, sizeof(part))) == NULL)
		return;
	group = part_index(part, fresh);
	if ((rest = take_part(rest, part, sizeof(part))) == NULL || strcmp(part, "filters") != 0)
		return;
	if ((rest = take_part(rest, part, sizeof(part))) == NULL)
		return;
	index = part_index(part, fresh);
	if (take_part(rest, part, sizeof(part)) == NULL)
		return;
	filter = find_filter(criteria, group, index);
	if (strcmp(part, "field") == 0)
		filter->field = value;
	else if (strcmp(part, "value") == 0)
		filter->value = value;
	else if (strcmp(part, "condition_type") == 0 || strcmp(part, "conditionType") == 0)
		filter->condition_name = value;
	filter->condition = find_condition(filter->condition_name);
}

static int
read_sort(struct criteria *criteria, const char *rest, const char *value, struct reply *reply)
{
	char part[32];
	long index;
	size_t i = 0;

	if ((rest = take_part(rest, part, sizeof(part))) == NULL)
		return 0;
	index = part_index(part, 0);
	if (take_part(rest, part, sizeof(part)) == NULL)
		return 0;
	while (i < criteria->sort_count && criteria->sorts[i].index != index)
		i++;
	if (i == criteria->sort_count)
		criteria->sorts[criteria->sort_count++] = (struct sort_order){.index = index, .descending = true};
	if (strcmp(part, "field") == 0) {
		criteria->sorts[i].field = value;
	} else if (strcmp(part, "direction") == 0) {
		criteria->sorts[i].descending = text_compare_collated(value, "desc") == 0;
		if (!criteria->sorts[i].descending && text_compare_collated(value, "asc") != 0) {
			error_set_listed(
			    reply, 400,
			    "The sort order has to be specified as %1 for ascending order or %2 for descending order.",
			    json_pack("[s, s]", "ASC", "DESC"));
			return -1;
		}
	}
	return 0;
}

static int
read_number(const char *name, const char *value, long long *number_r, struct reply *reply)
{
	if (text_parse_integer(value, number_r))
		return 0;
	error_set_type(reply, name, value, "int");
	return -1;
}

/* The part of a name after searchCriteria or search_criteria; NULL if it is another parameter. */
static const char *
strip_root(const char *name)
{
	if (strncmp(name, "searchCriteria", 14) == 0)
		return name + 14;
	return strncmp(name, "search_criteria", 15) == 0 ? name + 15 : NULL;
}

static int
read_pair(struct criteria *criteria, const char *rest, const char *value, struct reply *reply)
{
	char part[32];

	rest = take_part(rest, part, sizeof(part));
	if (rest == NULL)
		return 0;
	if (strcmp(part, "filter_groups") == 0 || strcmp(part, "filterGroups") == 0) {
		read_filter(criteria, rest, value);
	} else if (strcmp(part, "sortOrders") == 0 || strcmp(part, "sort_orders") == 0) {
		return read_sort(criteria, rest, value, reply);
	} else if (strcmp(part, "pageSize") == 0 || strcmp(part, "page_size") == 0) {
		criteria->has_page_size = true;
		return read_number(part, value, &criteria->page_size, reply);
	} else if (strcmp(part, "currentPage") == 0 || strcmp(part, "current_page") == 0) {
		criteria->has_current_page = true;
		return read_number(part, value, &criteria->current_page, reply);
	}
	return 0;
}

static int
compare_filters(const void *a, const void *b)
{
	const struct filter *fa = a, *fb = b;

	if (fa->group != fb->group)
		return fa->group < fb->group ? -1 : 1;
	return fa->index < fb->index ? -1 : fa->index > fb->index;
}

/* The limits an administrator can put on the web API. */
static int
apply_limits(struct criteria *criteria, const struct settings *settings, struct reply *reply)
{
	if (settings->max_page_size <= 0)
		return 0;
	if (!criteria->has_page_size) {
		criteria->has_page_size = true;
		criteria->page_size = settings->default_page_size;
	}
	if (criteria->page_size <= settings->max_page_size)
		return 0;
	reply_set_json(reply, 400,
		       json_pack("{s:s, s:{s:I}}", "message", "Maximum SearchCriteria pageSize is %max", "parameters",
				 "max", (json_int_t)settings->max_page_size));
	return -1;
}

int
criteria_init(struct criteria *criteria, const struct request *req, struct reply *reply)
{
	*criteria = (struct criteria){0};
	criteria->filters = calloc(req->pair_count + 1, sizeof(*criteria->filters));
	criteria->sorts = calloc(req->pair_count + 1, sizeof(*criteria->sorts));
	if (criteria->filters == NULL || criteria->sorts == NULL) {
		error_set_internal(reply);
		return -1;
	}
	for (size_t i = 0; i < req->pair_count; i++) {
		const char *rest = strip_root(req->pairs[i].name);

		if (rest == NULL)
			continue;
		criteria->sent = true;
		if (read_pair(criteria, rest, req->pairs[i].value, reply) < 0)
			return -1;
	}
	if (!criteria->sent) {
		error_set_required_one(reply, "searchCriteria");
		return -1;
	}
	qsort(criteria->filters, criteria->filter_count, sizeof(*criteria->filters), compare_filters);
	return apply_limits(criteria, &req->demo->settings, reply);
}

void
criteria_fini(struct criteria *criteria)
{
	for (size_t i = 0; i < criteria->filter_count; i++) {
		free(criteria->filters[i].copy);
		free(criteria->filters[i].values);
	}
	free(criteria->filters);
	free(criteria->sorts);
}

static json_t *
echo_filters(const struct criteria *criteria)
{
	json_t *groups = json_array(), *filters = NULL;

	for (size_t i = 0; i < criteria->filter_count; i++) {
		const struct filter *filter = &criteria->filters[i];

		if (i == 0 || filter->group != filter[-1].group) {
			filters = json_array();
			json_array_append_new(groups, json_pack("{s:o}", "filters", filters));
		}
		json_array_append_new(filters, json_pack("{s:s?, s:s?, s:s}", "field", filter->field, "value",
							 filter->value, "condition_type", filter->condition_name));
	}
	return groups;
}

/* What was asked, as Magento repeats it: only the members that were sent. */
static json_t *
echo_criteria(const struct criteria *criteria)
{
	json_t *echo = json_object(), *sorts;

	json_object_set_new(echo, "filter_groups", echo_filters(criteria));
	if (criteria->sort_count > 0) {
		sorts = json_array();
		for (size_t i = 0; i < criteria->sort_count; i++)
			json_array_append_new(sorts,
					      json_pack("{s:s?, s:s}", "field", criteria->sorts[i].field, "direction",
							criteria->sorts[i].descending ? "DESC" : "ASC"));
		json_object_set_new(echo, "sort_orders", sorts);
	}
	if (criteria->has_page_size)
		json_object_set_new(echo, "page_size", json_integer(criteria->page_size));
	if (criteria->has_current_page)
		json_object_set_new(echo, "current_page", json_integer(criteria->current_page));
	return echo;
}

static void
answer_rows(const struct request *req, struct reply *reply, const struct criteria_source *source,
	    const struct criteria *criteria, const size_t *rows, size_t count, size_t total)
{
	json_t *items = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(items, source->render(source, rows[i]));
	reply_set_json(
	    reply, 200,
	    projection_apply_query(req, json_pack("{s:o, s:o, s:I}", "items", items, "search_criteria",
						  echo_criteria(criteria), "total_count", (json_int_t)total)));
}

void
criteria_answer(const struct request *req, struct reply *reply, const struct criteria_source *source)
{
	struct criteria_source own = *source;
	struct criteria criteria;
	size_t *rows = NULL, count = 0, total = 0;

	if (criteria_init(&criteria, req, reply) == 0 &&
	    criteria_run(&criteria, &own, &rows, &count, &total, reply) == 0)
		answer_rows(req, reply, &own, &criteria, rows, count, total);
	free(rows);
	criteria_fini(&criteria);
}

static int
know_any_field(const struct criteria_source *source, const char *name)
{
	(void)source;
	(void)name;
	return 0;
}

void
criteria_answer_empty(const struct request *req, struct reply *reply)
{
	const struct criteria_source nothing = {.field = know_any_field};

	criteria_answer(req, reply, &nothing);
}
