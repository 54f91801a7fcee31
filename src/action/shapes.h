/*
 * shapes.h - parameter and result shapes that several tools share (private to action/)
 */
#ifndef ACTION_SHAPES_H
#define ACTION_SHAPES_H

#include "json/schema.h"

#define SHAPE_SKU_MAX 64
#define SHAPE_PAGE_SIZE 20
#define SHAPE_PAGE_SIZE_MAX 200

extern const struct json_schema shape_nothing; /* no parameters at all */
extern const struct json_schema shape_text;    /* results: any string */
extern const struct json_schema shape_flag;    /* results: a boolean */
extern const struct json_schema shape_count;   /* results: an integer >= 0 */
extern const struct json_schema shape_texts;   /* results: strings */
extern const struct json_schema shape_objects; /* results: Magento's objects, as they are */

extern const struct json_schema shape_code;	     /* of a website, store or store view */
extern const struct json_schema shape_scope;	     /* Scope: where to read or write */
extern const struct json_schema shape_scope_or_null; /* results: the session's default */
extern const struct json_schema shape_sku;
extern const struct json_schema shape_store_view_code;
extern const struct json_schema shape_page_size;
extern const struct json_schema shape_current_page;
extern const struct json_schema shape_fields;
extern const struct json_schema shape_filters;

/* Confirm: what every tool that changes the shop takes (see ACTION_CONFIRM). */
extern const struct json_schema shape_confirm;
extern const struct json_schema shape_reason;
extern const struct json_schema shape_idempotency_key;
#define SHAPE_CONFIRM_PROPS                                                                                            \
	{"confirm", &shape_confirm, false, NULL}, {"reason", &shape_reason, false, NULL},                              \
	{                                                                                                              \
		"idempotency_key", &shape_idempotency_key, false, NULL                                                 \
	}

#endif
