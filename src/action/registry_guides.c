/*
 * registry_guides.c - prompts and resources of a product, found by name and by URI
 */
#include <string.h>

#include "action/lookup.h"
#include "base/err.h"
#include "registry_private.h"
#include "uri_template.h"

static const struct action *const own[] = {&action_lookup_complete, &action_lookup_list};

/* ---- prompts ---- */

static size_t
count_prompts(const struct action_product *product)
{
	size_t n = 0;

	for (size_t i = 0; product->prompts != NULL && product->prompts[i] != NULL; i++)
		n += product->prompts[i]->n;
	return n;
}

static const struct action_prompt *
prompt_at(const struct action_product *product, size_t index)
{
	const struct action_prompt_table *const *table = product->prompts;

	for (; *table != NULL && index >= (*table)->n; table++)
		index -= (*table)->n;
	must(*table != NULL);
	return &(*table)->rows[index];
}

size_t
action_registry_prompt_count(const struct action_registry *registry)
{
	return count_prompts(action_registry_product(registry));
}

const struct action_prompt *
action_registry_prompt_at(const struct action_registry *registry, size_t index)
{
	return prompt_at(action_registry_product(registry), index);
}

const struct action_prompt *
action_registry_find_prompt(const struct action_registry *registry, struct slice name)
{
	for (size_t i = 0; i < action_registry_prompt_count(registry); i++) {
		const struct action_prompt *prompt = action_registry_prompt_at(registry, i);

		if (slice_is(name, prompt->name))
			return prompt;
	}
	return NULL;
}

/* ---- resources ---- */

static size_t
count_resources(const struct action_product *product)
{
	size_t n = 0;

	for (size_t i = 0; product->resources != NULL && product->resources[i] != NULL; i++)
		n += product->resources[i]->n;
	return n;
}

static const struct action_resource *
resource_at(const struct action_product *product, size_t index)
{
	const struct action_resource_table *const *table = product->resources;

	for (; *table != NULL && index >= (*table)->n; table++)
		index -= (*table)->n;
	must(*table != NULL);
	return &(*table)->rows[index];
}

size_t
action_registry_resource_count(const struct action_registry *registry)
{
	return count_resources(action_registry_product(registry));
}

const struct action_resource *
action_registry_resource_at(const struct action_registry *registry, size_t index)
{
	return resource_at(action_registry_product(registry), index);
}

static const char *
text_of(const struct action_resource *resource)
{
	return resource->uri != NULL ? resource->uri : resource->uri_template;
}

const struct action_resource *
action_registry_find_template(const struct action_registry *registry, struct slice text)
{
	for (size_t i = 0; i < action_registry_resource_count(registry); i++) {
		const struct action_resource *resource = action_registry_resource_at(registry, i);

		if (slice_is(text, text_of(resource)))
			return resource;
	}
	return NULL;
}

int
action_registry_find_resource(const struct action_registry *registry, struct slice uri,
			      const struct action_resource **resource_r, json_t *variables)
{
	const struct action_resource *resource = action_registry_find_template(registry, uri);
	int r = resource != NULL && resource->uri != NULL ? 0 : ERR_NOT_FOUND;

	for (size_t i = 0; r == ERR_NOT_FOUND && i < action_registry_resource_count(registry); i++) {
		resource = action_registry_resource_at(registry, i);
		if (resource->uri_template == NULL)
			continue;
		if (variables != NULL)
			json_object_clear(variables);
		r = uri_template_match(resource->uri_template, uri, variables);
	}
	*resource_r = r == 0 ? resource : NULL;
	return r;
}

/* ---- all of them ---- */

size_t
registry_others(const struct action_product *product)
{
	return count_prompts(product) + count_resources(product) + ARRAY_LEN(own);
}

const struct action *
registry_other_at(const struct action_product *product, size_t index)
{
	size_t n_prompts = count_prompts(product), n_resources = count_resources(product);

	if (index < n_prompts)
		return &prompt_at(product, index)->action;
	index -= n_prompts;
	if (index < n_resources)
		return &resource_at(product, index)->action;
	index -= n_resources;
	must(index < ARRAY_LEN(own));
	return own[index];
}

static void
check_prompt(const struct action_product *product, size_t index)
{
	const struct action_prompt *prompt = prompt_at(product, index);

	must(prompt->name[0] != '\0' && strlen(prompt->name) <= ACTION_TOOL_NAME_MAX);
	must(prompt->action.description != NULL && prompt->action.run != NULL);
	for (size_t i = 0; i < index; i++)
		must(strcmp(prompt_at(product, i)->name, prompt->name) != 0);
}

static void
check_resource(const struct action_product *product, size_t index)
{
	const struct action_resource *resource = resource_at(product, index);

	must((resource->uri == NULL) != (resource->uri_template == NULL));
	must(resource->uri_template == NULL || uri_template_is_good(resource->uri_template));
	must(resource->list == NULL || resource->uri_template != NULL);
	must(resource->name != NULL && resource->action.run != NULL);
	for (size_t i = 0; i < index; i++)
		must(strcmp(text_of(resource_at(product, i)), text_of(resource)) != 0);
}

void
registry_check_product(const struct action_product *product)
{
	for (size_t i = 0; i < count_prompts(product); i++)
		check_prompt(product, i);
	for (size_t i = 0; i < count_resources(product); i++)
		check_resource(product, i);
}
