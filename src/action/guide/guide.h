/*
 * guide.h - what the Magento server offers beside tools: prompts and resources (private to action/)
 */
#ifndef ACTION_GUIDE_GUIDE_H
#define ACTION_GUIDE_GUIDE_H

#include <jansson.h>

#include "action/action.h"
#include "action/prompt.h"
#include "action/resource.h"
#include "base/slice.h"

/* {"contents":[{"uri","mimeType","text"}]} of one text; INTERNAL_ERROR without memory. */
int guide_give(const json_t *params, const char *mime_type, struct slice text, json_t **result_r,
	       struct fault *fault) MUST_CHECK;

/* The same for a tree, taken; NULL: without memory.  Texts in it are cleaned. */
int guide_give_json(const json_t *params, json_t *tree, json_t **result_r, struct fault *fault) MUST_CHECK;

/* May the caller use the store with this base URL, with this right ("catalog:read")? */
bool guide_may_see(const struct action_call *call, const char *base_url, const char *scope);

/* The resources' work, by file. */
int guide_read_stores(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault);
int guide_read_plan(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault);
int guide_read_manual(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault);
int guide_list_plans(struct action_call *call, uint32_t from, uint32_t max, json_t *list, bool *has_more_r,
		     struct fault *fault);

/* Suggestions (action_complete_fn): what the login may see, by the caller's rights. */
int guide_complete_views(struct action_call *call, const char *prefix, const json_t *chosen,
			 struct action_completions *out, struct fault *fault);
int guide_complete_skus(struct action_call *call, const char *prefix, const json_t *chosen,
			struct action_completions *out, struct fault *fault);
int guide_complete_rules(struct action_call *call, const char *prefix, const json_t *chosen,
			 struct action_completions *out, struct fault *fault);
int guide_complete_categories(struct action_call *call, const char *prefix, const json_t *chosen,
			      struct action_completions *out, struct fault *fault);
int guide_complete_plans(struct action_call *call, const char *prefix, const json_t *chosen,
			 struct action_completions *out, struct fault *fault);

extern const struct action_prompt_table action_guide_prompts;
extern const struct action_resource_table action_guide_resources;

#endif
