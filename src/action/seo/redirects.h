/*
 * redirects.h - seo.report_redirect_chains (private to action/)
 */
#ifndef ACTION_REDIRECTS_H
#define ACTION_REDIRECTS_H

#include "action/action.h"

int redirects_run(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault);
extern const struct json_schema redirects_params, redirects_result;

#endif
