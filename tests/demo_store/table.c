#include "table.h"

#include <string.h>

int
table_init(struct table *table, const char *id_name)
{
	table->rows = json_array();
	table->id_name = id_name;
	table->next_id = 1;
	return table->rows != NULL ? 0 : -1;
}

void
table_fini(struct table *table)
{
	json_decref(table->rows);
	table->rows = NULL;
}

static json_int_t
row_id(const struct table *table, size_t index)
{
	return json_integer_value(json_object_get(json_array_get(table->rows, index), table->id_name));
}

static size_t
find_place(const struct table *table, json_int_t id)
{
	size_t low = 0, high = json_array_size(table->rows);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (row_id(table, middle) < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

json_t *
table_find(const struct table *table, json_int_t id)
{
	size_t place = find_place(table, id);

	return place < json_array_size(table->rows) && row_id(table, place) == id ? json_array_get(table->rows, place)
										  : NULL;
}

json_t *
table_add(struct table *table, json_t *row)
{
	json_object_set_new(row, table->id_name, json_integer(table->next_id++));
	json_array_append_new(table->rows, row);
	return row;
}

bool
table_remove(struct table *table, json_int_t id)
{
	size_t place = find_place(table, id);

	if (table_find(table, id) == NULL)
		return false;
	json_array_remove(table->rows, place);
	return true;
}

int
table_find_column(const struct criteria_source *source, const char *name)
{
	for (int i = 0; source->columns[i].name != NULL; i++) {
		if (strcmp(source->columns[i].name, name) == 0)
			return i;
	}
	return -1;
}

json_t *
table_get_value(const struct criteria_source *source, size_t row, int field)
{
	return json_object_get(json_array_get(source->rows, row), source->columns[field].member);
}

json_t *
table_render_row(const struct criteria_source *source, size_t row)
{
	return json_incref(json_array_get(source->rows, row));
}

void
table_answer(const struct request *req, struct reply *reply, const json_t *rows, const struct column *columns,
	     json_t *(*render)(const struct criteria_source *source, size_t row))
{
	const struct criteria_source source = {.rows = rows,
					       .count = json_array_size(rows),
					       .columns = columns,
					       .field = table_find_column,
					       .value = table_get_value,
					       .render = render != NULL ? render : table_render_row,
					       .unknown_field_is_internal = true};

	criteria_answer(req, reply, &source);
}
