/*
 * rule_conditions.h - the condition trees of cart price rules: checked, completed, compared (private to action/)
 *
 * Magento drops a condition whose class it does not know, says 200, and the discount then applies to everyone.  So only
 * known classes leave this server, in places where they mean something, and what comes back is compared.
 *
 * A node is {condition_type, aggregator_type, value, conditions[], operator, attribute_name}.  On the cart side stand
 * combine, address, product_found and product_subselect; below the latter two, and on the item side, product_combine
 * and product.  Pure.
 */
#ifndef ACTION_RULE_CONDITIONS_H
#define ACTION_RULE_CONDITIONS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "config/config.h"

#define RULE_CONDITIONS_DEPTH_MAX 6
#define RULE_CONDITIONS_NODES_MAX 100

enum rule_side {
	RULE_SIDE_CART, /* parameter `conditions`, in bodies `condition`: when the rule applies */
	RULE_SIDE_ITEMS /* parameter `action_conditions`, in bodies `action_condition`: which items are discounted */
};

/*
 * Makes the tree that is sent from what a caller wrote: an object, or an array, which is wrapped into the side's
 * combine with "all" must hold.  Short names become class names, numbers and lists become text.  What is wrong is
 * appended to `violations` under `path`; then *tree_r is NULL and the result 0 all the same.  `more` (NULL: none) are
 * further class names to let pass as they are.  -1 without memory.
 */
int rule_conditions_build(enum rule_side side, const json_t *given, const struct config_list *more, const char *path,
			  json_t *violations, json_t **tree_r) MUST_CHECK;

/* The tree without any condition; a new reference, or NULL without memory. */
json_t *rule_conditions_none(enum rule_side side) MUST_CHECK;

/* Nothing in it asks for anything: the rule applies to every cart (every item).  `tree` may be NULL or no tree. */
bool rule_conditions_is_empty(const json_t *tree);

size_t rule_conditions_count(const json_t *tree); /* nodes; 0 when it is no tree */

/* Do two trees say the same, one perhaps in Magento's spelling (true for "1", null for what is not set)? */
bool rule_conditions_equal(const json_t *a, const json_t *b);

#endif
