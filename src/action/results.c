#include "results.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "json/relay.h"

/* The bounded parser gives trees of at most 64 levels; what we build ourselves adds a few. */
#define CLEAN_DEPTH_MAX 96

int
result_out_of_memory(struct fault *fault)
{
	return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "Out of memory. Try again later.");
}

int
result_set_time(json_t *object, const char *key, uint64_t wall_ms)
{
	char text[CLOCK_ISO_CAP];

	clock_format_iso(wall_ms, text);
	return json_object_set_new(object, key, json_string(text));
}

json_t *
result_default_scope(const struct login_scope *scope)
{
	if (scope->store_view[0] == '\0')
		return json_null();
	return json_pack("{s:s}", "store_view_code", scope->store_view);
}

void
result_write_time(struct json_writer *w, const char *key, uint64_t wall_ms)
{
	char text[CLOCK_ISO_CAP];

	clock_format_iso(wall_ms, text);
	json_write_key_string(w, key, text);
}

void
result_write_default_scope(struct json_writer *w, const struct login_scope *scope)
{
	json_write_key(w, "default_scope");
	if (scope->store_view[0] == '\0') {
		json_write_null(w);
		return;
	}
	json_write_begin_object(w);
	json_write_key_string(w, "store_view_code", scope->store_view);
	json_write_end(w);
}

/* ---- control characters ---- */

static bool
has_control(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (json_control_len(text, i) > 0)
			return true;
	}
	return false;
}

static int
clean_string(json_t *string)
{
	struct slice text = slice_of(json_string_value(string), json_string_length(string));
	struct buf plain;
	int r;

	if (!has_control(text))
		return 0;
	buf_init(&plain, text.len);
	for (size_t i = 0; i < text.len;) {
		size_t skip = json_control_len(text, i);

		if (skip == 0)
			buf_put_char(&plain, text.ptr[i]);
		i += skip > 0 ? skip : 1;
	}
	r = plain.failed != 0 ? -1 : json_string_setn_nocheck(string, buf_cstr(&plain), plain.len);
	buf_fini(&plain);
	return r;
}

/* A place in an array or object that is being walked. */
struct place {
	json_t *container;
	size_t index; /* arrays */
	void *iter;   /* objects */
};

static json_t *
next_child(struct place *place)
{
	json_t *child;

	if (json_is_array(place->container))
		return json_array_get(place->container, place->index++);
	if (place->iter == NULL)
		return NULL;
	child = json_object_iter_value(place->iter);
	place->iter = json_object_iter_next(place->container, place->iter);
	return child;
}

static struct place
place_of(json_t *container)
{
	return (struct place){.container = container, .iter = json_object_iter(container)};
}

int
result_clean(json_t *tree)
{
	struct place stack[CLEAN_DEPTH_MAX];
	size_t depth = 0;

	if (json_is_string(tree))
		return clean_string(tree);
	stack[depth++] = place_of(tree);
	while (depth > 0) {
		json_t *child = next_child(&stack[depth - 1]);

		if (child == NULL)
			depth--;
		else if (json_is_string(child) && clean_string(child) < 0)
			return -1;
		else if (json_is_object(child) || json_is_array(child)) {
			must(depth < CLEAN_DEPTH_MAX);
			stack[depth++] = place_of(child);
		}
	}
	return 0;
}
