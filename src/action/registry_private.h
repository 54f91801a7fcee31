/*
 * registry_private.h - what a product has besides tools, as the registry counts it (private to action/)
 */
#ifndef ACTION_REGISTRY_PRIVATE_H
#define ACTION_REGISTRY_PRIVATE_H

#include "action/registry.h"

/* Prompts and resources: a doubled name or URI, a bad template, a required argument behind none are bugs: must(). */
void registry_check_product(const struct action_product *product);

/* Actions that are no tools: of prompts, of resources, the server's own; in this order. */
size_t registry_others(const struct action_product *product);
const struct action *registry_other_at(const struct action_product *product, size_t index);

#endif
