/*
 * violation.c - paths and messages of the schema checker
 */
#include "json/violation.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "json/schema.h"
#include "json/text.h"

#define KEY_SHOWN_MAX 64

void
violation_init(struct violation_list *list, const char *root_path, json_t *array)
{
	struct slice root = json_text_clip(slice_from_str(root_path), VIOLATION_PATH_MAX / 2);

	list->array = array;
	list->count = 0;
	list->out_of_memory = false;
	list->path_len = root.len;
	if (root.len > 0)
		memcpy(list->path, root.ptr, root.len);
}

bool
violation_is_full(const struct violation_list *list)
{
	return list->count >= JSON_VIOLATIONS_MAX || list->out_of_memory;
}

/* A path that has no room for a step stays as it is: still true, only less exact.  Where nothing is told it stays, too.
 */
static size_t
append(struct violation_list *list, const char *before, struct slice step, const char *after)
{
	size_t mark = list->path_len;
	size_t need = strlen(before) + step.len + strlen(after);

	if (list->array == NULL || need >= VIOLATION_PATH_MAX - mark)
		return mark;
	snprintf(list->path + mark, VIOLATION_PATH_MAX - mark, "%s%.*s%s", before, SLICE_FMT(step), after);
	list->path_len += need;
	return mark;
}

static bool
is_plain_name(struct slice key)
{
	for (size_t i = 0; i < key.len; i++) {
		char c = key.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
		      c == '-'))
			return false;
	}
	return key.len > 0;
}

size_t
violation_enter_member(struct violation_list *list, struct slice key)
{
	struct slice shown = json_text_clip(key, KEY_SHOWN_MAX);
	char safe[KEY_SHOWN_MAX];

	if (is_plain_name(key))
		return append(list, list->path_len > 0 ? "." : "", shown, shown.len < key.len ? "..." : "");
	for (size_t i = 0; i < shown.len; i++) {
		unsigned char c = (unsigned char)shown.ptr[i];

		safe[i] = c < 0x20 || c == 0x7F || c == '"' ? '?' : shown.ptr[i];
	}
	return append(list, "[\"", slice_of(safe, shown.len), shown.len < key.len ? "...\"]" : "\"]");
}

size_t
violation_enter_element(struct violation_list *list, size_t index)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%zu", index);
	return append(list, "[", slice_from_str(digits), "]");
}

void
violation_leave(struct violation_list *list, size_t mark)
{
	list->path_len = mark;
}

static int
append_violation(struct violation_list *list, json_t *allowed, const char *message)
{
	json_t *violation = json_object();
	int r = 0;

	r |= json_object_set_new(violation, "path", json_stringn(list->path, list->path_len));
	r |= json_object_set_new(violation, "message", json_string(message));
	if (allowed != NULL)
		r |= json_object_set(violation, "allowed", allowed);
	r |= json_array_append(list->array, violation);
	json_decref(violation);
	return r;
}

void
violation_add(struct violation_list *list, json_t *allowed, const char *fmt, ...)
{
	char message[VIOLATION_MESSAGE_MAX];
	va_list ap;

	if (!violation_is_full(list)) {
		list->count++;
		if (list->array != NULL) {
			va_start(ap, fmt);
			json_text_format(message, sizeof(message), fmt, ap);
			va_end(ap);
			if (append_violation(list, allowed, message) != 0)
				list->out_of_memory = true;
		}
	}
	json_decref(allowed);
}
