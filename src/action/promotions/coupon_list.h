/*
 * coupon_list.h - the coupons of a rule, read by key: coupons made meanwhile do not shift pages (private to action/)
 */
#ifndef ACTION_COUPON_LIST_H
#define ACTION_COUPON_LIST_H

#include <jansson.h>
#include <stdint.h>

#include "store.h"

#define COUPON_LIST_SIZE 500

struct coupon_list {
	struct store_client *sc;
	int64_t rule_id;
	const char *fields; /* of an item, such as "coupon_id,code"; coupon_id must be among them */
	int64_t after;	    /* highest id read so far; begins with 0, or where to go on */
	uint32_t size;	    /* per request; made smaller when the shop allows less */
};

/*
 * The next coupons in order of their ids, at most `max`; none: the end.  *left_r (may be NULL) is how many there were
 * above `after` before.  A new array.
 */
int coupon_list_next(struct coupon_list *list, uint32_t max, json_t **items_r, int64_t *left_r,
		     struct fault *fault) MUST_CHECK;

#endif
