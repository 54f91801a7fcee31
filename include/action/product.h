/*
 * product.h - everything that one server offers: tools, prompts, resources, and what it tells about itself
 *
 * The protocol core, the worker and the command line take a product and know nothing of shops.  There are two: the
 * Magento server, and the fixtures of the official conformance suite, which live in the tests.
 */
#ifndef ACTION_PRODUCT_H
#define ACTION_PRODUCT_H

#include <stddef.h>

#include "action/action.h"
#include "action/prompt.h"
#include "action/resource.h"

struct action_product {
	const char *name; /* serverInfo.name */
	const char *title;
	const char *instructions;		 /* for the model; NULL for none */
	const struct action_table *const *tools; /* NULL-terminated, as the two below, which may be NULL */
	const struct action_prompt_table *const *prompts;
	const struct action_resource_table *const *resources;
};

extern const struct action_product action_product_magento;

#endif
