/*
 * coupon_order.h - so many codes for a rule, made slice by slice, each exactly once (private to action/)
 *
 * A step of the deed is a slice.  A slice whose answer was lost is settled by reading the rule's coupons above the
 * highest id from before; one that came out short is followed by another for the rest.
 *
 * Runs in: worker, on a fiber.
 */
#ifndef ACTION_COUPON_ORDER_H
#define ACTION_COUPON_ORDER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "deed.h"
#include "store.h"

#define COUPON_LENGTH_DEFAULT 12

struct coupon_order {
	struct store_client sc;
	struct deed deed;
	json_t *params;
	int64_t rule_id;
	int64_t qty;
	int64_t base_id;  /* highest coupon id before the first slice */
	json_t *made;	  /* owned: codes, in the order they were made */
	json_t *made_set; /* owned: the same as keys of an object */
	json_t *warnings; /* owned */
	bool recovered;	  /* some were found by reading */
	bool is_kept;	  /* the key belongs to the deed's plan now */
};

/* How many steps the deed of an order needs. */
size_t coupon_order_steps(int64_t qty);

/*
 * Makes what is still to be made; `made` then holds qty codes.  -1 with the fault that stopped it: what is in `made`
 * exists all the same.
 */
int coupon_order_make(struct coupon_order *order, struct fault *fault) MUST_CHECK;

#endif
