/* Rows of a flat table: JSON objects by ascending id, and searching them by columns. */
#ifndef DEMO_TABLE_H
#define DEMO_TABLE_H

#include "criteria.h"
#include "request.h"

#include <jansson.h>
#include <stdbool.h>

struct table {
	json_t *rows; /* list of objects, by id */
	const char *id_name;
	json_int_t next_id;
};

/* A name one can filter and sort by, and the member of the row it stands for; lists end with NULL. */
struct column {
	const char *name;
	const char *member;
};

/* -1 if memory is short. */
int table_init(struct table *table, const char *id_name);
void table_fini(struct table *table);

/* The row with the id, borrowed; NULL if there is none. */
json_t *table_find(const struct table *table, json_int_t id);

/* Adds a row and gives it the next id; steals it and returns it borrowed. */
json_t *table_add(struct table *table, json_t *row);

/* False if there is no such row. */
bool table_remove(struct table *table, json_int_t id);

/* For struct criteria_source over a list of objects in rows, with columns set. */
int table_find_column(const struct criteria_source *source, const char *name);
json_t *table_get_value(const struct criteria_source *source, size_t row, int field);
json_t *table_render_row(const struct criteria_source *source, size_t row);

/* Answers a search over a list of objects; render NULL shows them as they are. An unknown column is a 500. */
void table_answer(const struct request *req, struct reply *reply, const json_t *rows, const struct column *columns,
		  json_t *(*render)(const struct criteria_source *source, size_t row));

#endif
