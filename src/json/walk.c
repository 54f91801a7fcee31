/*
 * walk.c - every node of a tree in text order
 */
#include "json/walk.h"

#include <stdint.h>

#include "base/err.h"

void
json_walk_init(struct json_walk *w, const json_t *root)
{
	w->root = root;
	w->value = NULL;
	w->key = SLICE_NONE;
	w->first = true;
	w->depth = 0;
}

/* jansson's iterators take no const, though they change nothing. */
static json_t *
without_const(const json_t *json)
{
	return (json_t *)(uintptr_t)json;
}

static int
give_value(struct json_walk *w, const json_t *value)
{
	json_t *node = without_const(value);

	w->value = value;
	if (!json_is_object(value) && !json_is_array(value))
		return JSON_WALK_VALUE;
	if (w->depth == JSON_WALK_DEPTH_MAX)
		return ERR_LIMIT;
	w->frames[w->depth++] = (struct json_walk_frame){.node = node, .iter = json_object_iter(node)};
	return JSON_WALK_VALUE;
}

static int
give_end(struct json_walk *w)
{
	w->value = w->frames[--w->depth].node;
	return JSON_WALK_END;
}

static int
next_member(struct json_walk *w, struct json_walk_frame *frame)
{
	void *iter = frame->iter;

	if (iter == NULL)
		return give_end(w);
	w->key = slice_of(json_object_iter_key(iter), json_object_iter_key_len(iter));
	frame->iter = json_object_iter_next(frame->node, iter);
	return give_value(w, json_object_iter_value(iter));
}

static int
next_element(struct json_walk *w, struct json_walk_frame *frame)
{
	if (frame->index == json_array_size(frame->node))
		return give_end(w);
	w->key = SLICE_NONE;
	return give_value(w, json_array_get(frame->node, frame->index++));
}

int
json_walk_next(struct json_walk *w)
{
	struct json_walk_frame *frame;
	const json_t *root = w->root;

	if (root != NULL) {
		w->root = NULL;
		return give_value(w, root);
	}
	if (w->depth == 0)
		return JSON_WALK_DONE;
	frame = &w->frames[w->depth - 1];
	w->first = !frame->started;
	frame->started = true;
	return json_is_object(frame->node) ? next_member(w, frame) : next_element(w, frame);
}
