/*
 * prompt.h - what a prompt is: a row, like a tool
 *
 * A prompt is an action whose parameters are strings and whose result is a GetPromptResult {description?, messages};
 * it runs through the same dispatcher, with the same login, rights and records.
 */
#ifndef ACTION_PROMPT_H
#define ACTION_PROMPT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "action/action.h"

#define ACTION_COMPLETIONS_MAX 100 /* */

struct action_completions {
	json_t *values; /* array of strings, at most ACTION_COMPLETIONS_MAX; borrowed, to be filled */
	bool has_more;
	bool has_total;
	size_t total;
};

struct action_prompt_argument {
	const char *name;
	const char *title;
	const char *description;
	bool required;
	action_complete_fn complete; /* NULL: nothing is suggested */
};

struct action_prompt {
	const char *name;     /* as clients see it: "prepare_sale" */
	struct action action; /* name "prompts.prepare_sale"; title; description; flags; scope; params; run */
	const struct action_prompt_argument *arguments;
	size_t n_arguments;
};

struct action_prompt_table {
	const struct action_prompt *rows;
	size_t n;
};

#endif
