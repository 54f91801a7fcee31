/*
 * cms_private.h - the tools of the cms domain, each one function for pages and blocks alike (private to the cms*.c
 * files)
 */
#ifndef ACTION_CMS_PRIVATE_H
#define ACTION_CMS_PRIVATE_H

#include "action/action.h"
#include "cms_kind.h"
#include "commit.h"
#include "json/schema.h"
#include "store.h"

/* Pages or blocks, by the name of the tool: "cms.get_block". */
const struct cms_kind *cms_kind_of(const struct action_call *call);

/* cms_update.c: cms.prepare_bulk_update_* */
int cms_prepare(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault) MUST_CHECK;

/* cms_shapes.c: what it takes and gives. */
extern const struct json_schema cms_prepare_pages_params, cms_prepare_blocks_params, cms_prepare_result;

/* cms_commit.c: cms.commit_bulk_update_* */
extern const struct commit_ops cms_page_commit_ops, cms_block_commit_ops;
int cms_commit(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault) MUST_CHECK;
int cms_ask_commit(struct action_call *call, const json_t *params, struct buf *text, struct fault *fault);

#endif
