/*
 * cms_private.h - the tools of the cms domain, one function for pages and blocks alike (private to the cms*.c files)
 */
#ifndef ACTION_CMS_PRIVATE_H
#define ACTION_CMS_PRIVATE_H

#include "action/action.h"
#include "cms_kind.h"
#include "commit.h"
#include "json/schema.h"
#include "store.h"

/* cms_update.c */
int cms_prepare(struct action_call *call, const struct cms_kind *kind, json_t *params, json_t **result_r,
    struct fault *fault) MUST_CHECK;
extern const struct json_schema cms_prepare_pages_params, cms_prepare_blocks_params, cms_prepare_result;

/* cms_commit.c */
extern const struct commit_ops cms_page_commit_ops, cms_block_commit_ops;
int cms_commit(struct action_call *call, const struct cms_kind *kind, json_t *params, json_t **result_r,
    struct fault *fault) MUST_CHECK;

#endif
