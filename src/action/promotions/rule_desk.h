/*
 * rule_desk.h - cart price rules in the shop: read, written, and what they refer to (private to action/)
 *
 * Rules have no store scope: everything goes to /rest/all/V1.  A body has one top-level key and the rule_id inside;
 * with a second key Magento would create a new rule from a PUT.  The answer of every write is compared with what was
 * sent.
 *
 * Runs in: worker, on a fiber.
 */
#ifndef ACTION_RULE_DESK_H
#define ACTION_RULE_DESK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "magento/criteria.h"
#include "store.h"

/* Condition classes that the operator allows beside the known ones; NULL: none. */
const struct config_list *rule_more_conditions(const struct action_call *call);

/* One rule, all of it or only `fields` (NULL: all).  NOT_FOUND.  A new reference, free of control characters. */
int rule_read(struct store_client *sc, int64_t rule_id, const char *fields, json_t **rule_r,
	      struct fault *fault) MUST_CHECK;

/*
 * Writes members of a rule and gives the rule that Magento answered.  A write whose outcome is in doubt is settled by
 * reading.  MAGENTO_API_ERROR names members that were not stored as sent.  *changed_r is set to true when the shop may
 * have changed.
 */
int rule_write(struct store_client *sc, int64_t rule_id, json_t *body, bool *changed_r, json_t **rule_r,
	       struct fault *fault) MUST_CHECK;

/* Is what was sent stored?  MAGENTO_API_ERROR with the members in details when not. */
int rule_compare(const json_t *body, const json_t *rule, struct fault *fault) MUST_CHECK;

/*
 * Websites, store views of labels, and customer groups of a body must exist: an unknown one is a 500 in Magento.
 * Unknown ones are appended to `violations`; what the role may not look at is said in `warnings`.  -1 with the fault of
 * the shop.
 */
int rule_check_references(struct store_client *sc, const json_t *body, const char *path, json_t *violations,
			  json_t *warnings, struct fault *fault) MUST_CHECK;

/* GET of a list with criteria; *items_r is a new array (empty for Magento's null), *total_r may be NULL. */
int rule_list(struct store_client *sc, const char *path, struct criteria *criteria, json_t **items_r, int64_t *total_r,
	      struct fault *fault) MUST_CHECK;

/* The highest id of a list ("/salesRules/search", "rule_id"), among those of one rule when rule_id > 0; 0: none. */
int rule_highest_id(struct store_client *sc, const char *path, const char *field, int64_t rule_id, int64_t *id_r,
		    struct fault *fault) MUST_CHECK;

/* Between two writes: -1 when the caller is gone, has logged out, or the time of the call is over. */
int rule_may_go_on(struct store_client *sc, struct fault *fault) MUST_CHECK;

/* Does this status come from Magento itself?  Then the write is over; a gateway's, or none, says nothing about that. */
bool rule_is_answered(int status);

/* A write that left at this moment may still be under way: waits a little and gives true.  False: its time is over. */
bool rule_wait_for_write(struct store_client *sc, uint64_t sent_wall_ms);

#endif
