/*
 * cms_warn.h - what a caller should know before pages or blocks are changed (private to action/)
 *
 * Judged over all planned rows, said in one sentence each.
 */
#ifndef ACTION_CMS_WARN_H
#define ACTION_CMS_WARN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "cms_kind.h"
#include "magento/scope.h"
#include "plan.h"
#include "store.h"

struct cms_warnings {
	const struct cms_kind *kind;
	json_t *switched_off; /* identifiers of rows that are to be deactivated */
	json_t *all_views;    /* of rows that a narrower scope was asked for */
	json_t *more_views;   /* of rows that are assigned to other views, too */
	size_t n_all_views;
	size_t n_titled; /* rows that get a title */
	bool failed;	 /* out of memory: said at the end */
};

void cms_warnings_init(struct cms_warnings *warnings, const struct cms_kind *kind);
void cms_warnings_fini(struct cms_warnings *warnings); /* all zero is fine */

/* Takes note of one row that is planned. */
void cms_warnings_note(struct cms_warnings *warnings, const json_t *row, const json_t *from, const json_t *to,
		       bool is_all_views, bool is_more_views);

/*
 * Puts the sentences into the plan.  Asks the storefront for its home page when a page is to be deactivated; a
 * storefront that does not say is passed over.  `tree` may be NULL.
 */
int cms_warnings_say(struct cms_warnings *warnings, struct store_client *sc, const struct scope_tree *tree,
		     json_t *updates, struct plan *plan, struct fault *fault) MUST_CHECK;

#endif
