/*
 * Bodies and rows of the flat entities: rules, coupons, pages, blocks, sources and the like. Each has a list of
 * members; a body is read by it as Magento's web API reads one, and a row is written out in its order.
 */
#ifndef DEMO_ENTITY_H
#define DEMO_ENTITY_H

#include "request.h"

#include <jansson.h>
#include <stdbool.h>

enum member_kind {
	MEMBER_INT,
	MEMBER_FLOAT,
	MEMBER_BOOL,
	MEMBER_TEXT,
	MEMBER_INTS,  /* a list of integers */
	MEMBER_ANY,   /* whatever JSON was sent */
	MEMBER_HIDDEN /* accepted in a body, never shown */
};

/* Lists of members end with a NULL name. */
struct member {
	const char *name;
	enum member_kind kind;
};

/* The object under name; NULL and 400 if the body is not wrapped like that. Borrowed. */
json_t *entity_find_wrapped(const struct request *req, const char *name, struct reply *reply);

/* The list under name; NULL and 400 if it is missing or longer than the input limits allow. Borrowed. */
const json_t *entity_find_list(const struct request *req, const char *name, const char *type, struct reply *reply);

/*
 * The members a body sent, converted and under their snake-case names; null stays null. NULL and 400 for an unknown
 * name or a value of the wrong type. New reference.
 */
json_t *entity_read(const struct member *members, json_t *body, struct reply *reply);

/* The row as it is shown: in the order of the members, without those that are null. New reference. */
json_t *entity_render(const struct member *members, const json_t *row);

/* -1 and 400 if a path parameter is no integer. */
int entity_read_id(const char *text, json_int_t *id_r, struct reply *reply);

/*
 * The id a PUT is about: Magento puts the one of the path into the entity only if the body has no second argument;
 * otherwise what the entity itself says counts, 0 if nothing.
 */
json_int_t entity_pick_id(const struct request *req, const json_t *entity, const char *id_name, json_int_t path_id);

#endif
