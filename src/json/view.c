/*
 * view.c - a value of an outline or of a tree
 */
#include "json/view.h"

#include "base/err.h"
#include "json/parse.h"

enum json_kind
json_view_kind(struct json_view view)
{
	if (view.node != NULL)
		return view.node->kind;
	switch (json_typeof(view.tree)) {
	case JSON_OBJECT:
		return JSON_KIND_OBJECT;
	case JSON_ARRAY:
		return JSON_KIND_ARRAY;
	case JSON_STRING:
		return JSON_KIND_STRING;
	case JSON_INTEGER:
		return JSON_KIND_INTEGER;
	case JSON_REAL:
		return JSON_KIND_REAL;
	case JSON_TRUE:
		return JSON_KIND_TRUE;
	case JSON_FALSE:
		return JSON_KIND_FALSE;
	default:
		return JSON_KIND_NULL;
	}
}

struct json_view
json_view_member(struct json_view view, struct slice name)
{
	const struct json_node *end;

	if (view.node == NULL)
		return json_view_of(json_object_getn(view.tree, name.ptr, name.len));
	if (view.node->kind != JSON_KIND_OBJECT)
		return JSON_VIEW_NONE;
	end = view.node + view.node->span;
	for (const struct json_node *child = view.node + 1; child < end; child += child->span) {
		if (child->key_len == name.len && memcmp(child->key, name.ptr, name.len) == 0)
			return (struct json_view){child, NULL};
	}
	return JSON_VIEW_NONE;
}

struct slice
json_view_text(struct json_view view)
{
	if (!json_view_is(view, JSON_KIND_STRING))
		return SLICE_NONE;
	if (view.node != NULL)
		return slice_of(view.node->ptr + 1, view.node->len - 2);
	return slice_of(json_string_value(view.tree), json_string_length(view.tree));
}

size_t
json_view_members(struct json_view view)
{
	const struct json_node *end;
	size_t n = 0;

	if (!json_view_is(view, JSON_KIND_OBJECT))
		return 0;
	if (view.node == NULL)
		return json_object_size(view.tree);
	end = view.node + view.node->span;
	for (const struct json_node *child = view.node + 1; child < end; child += child->span)
		n++;
	return n;
}

/* jansson counts references in what it calls constant. */
int
json_view_tree(struct json_view view, json_t **tree_r)
{
	int r;

	if (view.node == NULL) {
		*tree_r = json_incref((json_t *)(uintptr_t)view.tree);
		return 0;
	}
	r = json_parse(slice_of(view.node->ptr, view.node->len), NULL, tree_r, NULL);
	must(r == 0 || r == ERR_NOMEM);
	return r;
}
