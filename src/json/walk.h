/*
 * walk.h - every node of a tree in text order, without recursion
 */
#ifndef JSON_WALK_H
#define JSON_WALK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/slice.h"

#define JSON_WALK_DEPTH_MAX 128

/* An object or array whose items are being visited. */
struct json_walk_frame {
	json_t *node;
	void *iter;   /* of an object: the next member */
	size_t index; /* of an array: the next element */
	bool started;
};

enum json_walk_step {
	JSON_WALK_VALUE, /* a scalar, or the beginning of an object or array */
	JSON_WALK_END,	 /* the end of an object or array */
	JSON_WALK_DONE
};

struct json_walk {
	const json_t *value; /* the node of this step */
	struct slice key;    /* its name; SLICE_NONE for elements and the root */
	bool first;	     /* the first item of its object or array, or the root */
	const json_t *root;  /* NULL once it was given */
	size_t depth;
	struct json_walk_frame frames[JSON_WALK_DEPTH_MAX];
};

/* Borrows the tree, which must not change meanwhile. */
void json_walk_init(struct json_walk *w, const json_t *root);

/* Gives an enum json_walk_step, or ERR_LIMIT for a tree deeper than JSON_WALK_DEPTH_MAX. */
int json_walk_next(struct json_walk *w) MUST_CHECK;

#endif
