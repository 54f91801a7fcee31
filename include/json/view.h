/*
 * view.h - a value that has been read, looked at without a tree where that can be
 *
 * A text that is short and plain is read into an outline: where each value stands, and how many stand below it.  That
 * takes no memory but the caller's and one pass.  Plain means that what is written is what is meant, and that nothing
 * is wrong with it; for anything else, a mistake too, the outline says "not plain" and nothing more, and the scanner
 * (json/scan.h) or the parser (json/parse.h) is asked, whose word is final.  Whatever is plain they take, with the same
 * meaning.
 *
 * A view is a value of an outline or of a tree, and reads the same for both.
 *
 * Runs in: worker, on the loop or on a fiber.
 */
#ifndef JSON_VIEW_H
#define JSON_VIEW_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"
#include "base/slice.h"
#include "json/scan.h"

#define JSON_OUTLINE_MAX 64	    /* values in a plain text */
#define JSON_OUTLINE_DEPTH_MAX 12   /* open objects and arrays */
#define JSON_OUTLINE_BYTES_MAX 8192 /* of the text */

/* A value; those below it follow. */
struct json_node {
	const char *key; /* without quotes; NULL for an element and the root */
	const char *ptr; /* the whole token; a string with its quotes */
	uint32_t key_len;
	uint32_t len;
	uint32_t span; /* this node and all below it */
	enum json_kind kind;
};

/* 2 KiB.  Borrows from the text; need not be initialized. */
struct json_outline {
	uint32_t n;
	struct json_node nodes[JSON_OUTLINE_MAX];
};

/*
 * 0; ERR_UNSUPPORTED: not plain.  Plain is JSON within `limits` (NULL: json_limits_default) and those above, in
 * printing ASCII without escapes, of integers of at most 18 digits and no other numbers, where no object names a member
 * twice.
 */
int json_outline_read(struct json_outline *outline, struct slice text, const struct json_limits *limits) MUST_CHECK;

/* Neither: no such value. */
struct json_view {
	const struct json_node *node;
	const json_t *tree;
};
#define JSON_VIEW_NONE ((struct json_view){NULL, NULL})

static inline struct json_view
json_view_of(const json_t *tree)
{
	return (struct json_view){NULL, tree};
}

static inline struct json_view
json_view_root(const struct json_outline *outline)
{
	return (struct json_view){outline->nodes, NULL};
}

static inline bool
json_view_is_there(struct json_view view)
{
	return view.node != NULL || view.tree != NULL;
}

/* Of a value that is there. */
enum json_kind json_view_kind(struct json_view view);

static inline bool
json_view_is(struct json_view view, enum json_kind kind)
{
	return json_view_is_there(view) && json_view_kind(view) == kind;
}

/* A member of an object.  JSON_VIEW_NONE: no such member, or no object. */
struct json_view json_view_member(struct json_view view, struct slice name);

static inline struct json_view
json_view_get(struct json_view view, const char *name)
{
	return json_view_member(view, slice_of(name, strlen(name)));
}

/* The text of a string, which may hold a NUL; SLICE_NONE for anything else. */
struct slice json_view_text(struct json_view view);

/* Members of an object; 0 for anything else. */
size_t json_view_members(struct json_view view);

/* A new reference in *tree_r, NULL for JSON_VIEW_NONE.  ERR_NOMEM. */
int json_view_tree(struct json_view view, json_t **tree_r) MUST_CHECK;

#endif
