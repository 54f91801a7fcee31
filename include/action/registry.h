/*
 * registry.h - all actions of a server, found by tool name
 *
 * Built once per process from the domains' tables; order is the order of the tables and rows, so that all workers
 * publish the same bytes.
 */
#ifndef ACTION_REGISTRY_H
#define ACTION_REGISTRY_H

#include <stddef.h>

#include "action/action.h"
#include "action/product.h"
#include "base/slice.h"

#define ACTION_TOOL_NAME_MAX 64 /* */

struct action_registry;

/*
 * Of a product, which is borrowed.  NULL without memory.  A name that is doubled, too long or misspelt is a bug:
 * must().
 */
struct action_registry *action_registry_new(const struct action_product *product);
void action_registry_free(struct action_registry **registry);
const struct action_product *action_registry_product(const struct action_registry *registry);

size_t action_registry_count(const struct action_registry *registry);
const struct action *action_registry_at(const struct action_registry *registry, size_t index);
const char *action_registry_tool_name(const struct action_registry *registry, size_t index);
const struct action *action_registry_find(const struct action_registry *registry, struct slice tool_name);

/* Prompts and resources, in the order of their tables.  Names and URIs are unique. */
size_t action_registry_prompt_count(const struct action_registry *registry);
const struct action_prompt *action_registry_prompt_at(const struct action_registry *registry, size_t index);
const struct action_prompt *action_registry_find_prompt(const struct action_registry *registry, struct slice name);
size_t action_registry_resource_count(const struct action_registry *registry);
const struct action_resource *action_registry_resource_at(const struct action_registry *registry, size_t index);

/*
 * The row that a URI belongs to; a resource with this very URI wins over a template.  The template's variables are put
 * into `variables` (an object, may be NULL), decoded.  ERR_NOT_FOUND: no row knows it, or it breaks the rules of
 * uri_template.h; ERR_NOMEM.  Whether there is something behind a template's URI only its action can tell.
 */
int action_registry_find_resource(const struct action_registry *registry, struct slice uri,
				  const struct action_resource **resource_r, json_t *variables) MUST_CHECK;

/* By what stands in resources/list or resources/templates/list, letter by letter. */
const struct action_resource *action_registry_find_template(const struct action_registry *registry, struct slice text);

/*
 * Every action that can be dispatched has a number, for counters: tools first (theirs is the index above), then those
 * of prompts and resources, then the server's own (action/lookup.h).  A stranger is a bug: must().
 */
size_t action_registry_action_count(const struct action_registry *registry);
const struct action *action_registry_action_at(const struct action_registry *registry, size_t index);
size_t action_registry_index(const struct action_registry *registry, const struct action *action);

/*
 * The published schema of a tool's arguments: {"params":{typed object},"session":{handle}}; the flat form, in which the
 * parameters stand at the top, is taken too.  Or the action's own input_schema.  A new reference, or NULL without
 * memory.  There is an output schema unless the result is ACTION_CONTENT.
 */
json_t *action_input_schema(const struct action *action) MUST_CHECK;
json_t *action_output_schema(const struct action *action) MUST_CHECK;

#endif
