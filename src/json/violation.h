/*
 * violation.h - where the checker is in a value, and what it found wrong there
 */
#ifndef JSON_VIOLATION_H
#define JSON_VIOLATION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/slice.h"

#define VIOLATION_PATH_MAX 1024
#define VIOLATION_MESSAGE_MAX 320

struct violation_list {
	json_t *array; /* borrowed; NULL while a branch of anyOf is only tried */
	int count;     /* never over JSON_VIOLATIONS_MAX */
	bool out_of_memory;
	size_t path_len;
	char path[VIOLATION_PATH_MAX];
};

void violation_init(struct violation_list *list, const char *root_path, json_t *array);
bool violation_is_full(const struct violation_list *list);

/* Go down one step; give what violation_leave takes to come back.  Long names are clipped. */
size_t violation_enter_member(struct violation_list *list, struct slice key);
size_t violation_enter_element(struct violation_list *list, size_t index);
void violation_leave(struct violation_list *list, size_t mark);

/* Reports at the present path; `allowed` is taken (may be NULL). */
void violation_add(struct violation_list *list, json_t *allowed, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
