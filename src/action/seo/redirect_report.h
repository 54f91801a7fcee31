/*
 * redirect_report.h - the two ways of seo.report_redirect_chains (private to the redirect*.c files)
 */
#ifndef ACTION_REDIRECT_REPORT_H
#define ACTION_REDIRECT_REPORT_H

#include <jansson.h>
#include <stdint.h>

#include "base/compiler.h"
#include "magento/scope.h"
#include "store.h"

#define REDIRECT_ADDRESSES_MAX 100

struct redirect_report {
	struct store_client *sc;
	json_t *params;
	struct scope_target target;
	const char *view; /* asked for, or NULL: the default one */
	uint32_t max_depth;
};

/* redirect_list.c: from a module's list.  1: the shop has no such list. */
int redirect_list_report(struct redirect_report *report, json_t **result_r, struct fault *fault) MUST_CHECK;

/* redirect_follow.c: by following the addresses of the parameters. */
int redirect_follow_report(struct redirect_report *report, json_t **result_r, struct fault *fault) MUST_CHECK;

#endif
