#include "action/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "json/parse.h"
#include "record.h"
#include "registry_private.h"

struct entry {
	const struct action *action;
	char tool_name[ACTION_TOOL_NAME_MAX + 1];
};

struct action_registry {
	const struct action_product *product;
	size_t n;
	struct entry *entries; /* in the order of the tables */
	size_t *by_name;       /* indices, sorted by tool name */
};

static void
derive_tool_name(const char *action_name, char out_r[static ACTION_TOOL_NAME_MAX + 1])
{
	size_t len = strlen(action_name);

	must(len > 0 && len <= ACTION_TOOL_NAME_MAX);
	must(strspn(action_name, "abcdefghijklmnopqrstuvwxyz0123456789_.") == len);
	for (size_t i = 0; i <= len; i++)
		out_r[i] = action_name[i] == '.' ? '_' : action_name[i];
}

static size_t
count_rows(const struct action_table *const *tables)
{
	size_t n = 0;

	for (; *tables != NULL; tables++)
		n += (*tables)->n;
	return n;
}

/* Insertion sort: a few dozen rows, once per process. */
static void
sort_names(struct action_registry *registry)
{
	for (size_t i = 0; i < registry->n; i++) {
		size_t at = i;

		while (at > 0) {
			int order = strcmp(registry->entries[registry->by_name[at - 1]].tool_name,
					   registry->entries[i].tool_name);

			must(order != 0);
			if (order < 0)
				break;
			registry->by_name[at] = registry->by_name[at - 1];
			at--;
		}
		registry->by_name[at] = i;
	}
}

/* What a row says of its own schema is looked up with each call, the schema is not. */
static void
check_flags(const struct action_registry *registry)
{
	for (size_t i = 0; i < action_registry_action_count(registry); i++) {
		const struct action *action = action_registry_action_at(registry, i);

		must(((action->flags & ACTION_TAKES_SECRETS) != 0) == record_takes_secrets(action->params));
	}
}

struct action_registry *
action_registry_new(const struct action_product *product)
{
	struct action_registry *registry = calloc(1, sizeof(*registry));
	size_t n = 0;

	if (registry == NULL)
		return NULL;
	registry_check_product(product);
	registry->product = product;
	registry->n = count_rows(product->tools);
	registry->entries = calloc(registry->n + 1, sizeof(*registry->entries));
	registry->by_name = calloc(registry->n + 1, sizeof(*registry->by_name));
	if (registry->entries == NULL || registry->by_name == NULL) {
		action_registry_free(&registry);
		return NULL;
	}
	for (const struct action_table *const *table = product->tools; *table != NULL; table++) {
		for (size_t row = 0; row < (*table)->n; row++, n++) {
			registry->entries[n].action = &(*table)->rows[row];
			derive_tool_name((*table)->rows[row].name, registry->entries[n].tool_name);
		}
	}
	sort_names(registry);
	check_flags(registry);
	return registry;
}

void
action_registry_free(struct action_registry **registry)
{
	if (*registry == NULL)
		return;
	free((*registry)->entries);
	free((*registry)->by_name);
	free(*registry);
	*registry = NULL;
}

const struct action_product *
action_registry_product(const struct action_registry *registry)
{
	return registry->product;
}

size_t
action_registry_count(const struct action_registry *registry)
{
	return registry->n;
}

const struct action *
action_registry_at(const struct action_registry *registry, size_t index)
{
	must(index < registry->n);
	return registry->entries[index].action;
}

const char *
action_registry_tool_name(const struct action_registry *registry, size_t index)
{
	must(index < registry->n);
	return registry->entries[index].tool_name;
}

static int
compare_name(struct slice wanted, const char *name)
{
	size_t len = strlen(name);
	int order = memcmp(wanted.ptr, name, wanted.len < len ? wanted.len : len);

	if (order != 0)
		return order;
	return wanted.len < len ? -1 : wanted.len > len;
}

const struct action *
action_registry_find(const struct action_registry *registry, struct slice tool_name)
{
	size_t low = 0, high = registry->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct entry *entry = &registry->entries[registry->by_name[mid]];
		int order = compare_name(tool_name, entry->tool_name);

		if (order == 0)
			return entry->action;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

size_t
action_registry_action_count(const struct action_registry *registry)
{
	return registry->n + registry_others(registry->product);
}

const struct action *
action_registry_action_at(const struct action_registry *registry, size_t index)
{
	return index < registry->n ? registry->entries[index].action
				   : registry_other_at(registry->product, index - registry->n);
}

size_t
action_registry_index(const struct action_registry *registry, const struct action *action)
{
	size_t n;

	for (size_t i = 0; i < registry->n; i++) {
		if (registry->entries[i].action == action)
			return i;
	}
	n = registry_others(registry->product);
	for (size_t i = 0; i < n; i++) {
		if (registry_other_at(registry->product, i) == action)
			return registry->n + i;
	}
	must(!"an action of this registry");
	return 0;
}

/* A text of the program's own: what is no JSON in it is a bug. */
static json_t *
own_schema(const struct action *action)
{
	json_t *root = NULL;
	int r = json_parse(slice_from_str(action->input_schema), NULL, &root, NULL);

	must(r == 0 || r == ERR_NOMEM);
	return root;
}

json_t *
action_input_schema(const struct action *action)
{
	json_t *params = NULL;
	json_t *root = NULL;
	int r;

	if (action->input_schema != NULL)
		return own_schema(action);
	r = json_schema_to_json(action->params, &params);
	if (r == 0)
		r = json_object_set_new(params, "description", json_string("Action parameters as a JSON object"));
	if (r == 0) {
		root = json_pack("{s:s, s:{s:O, s:{s:s, s:s}}}", "type", "object", "properties", "params", params,
				 "session", "type", "string", "description",
				 "Handle returned by auth_login. Needed only if your client does not keep an MCP "
				 "session between calls.");
	}
	if (root != NULL && json_array_size(json_object_get(params, "required")) > 0 &&
	    json_object_set_new(root, "required", json_pack("[s]", "params")) < 0) {
		json_decref(root);
		root = NULL;
	}
	json_decref(params);
	return root;
}

static json_t *
error_schema(void)
{
	return json_pack("{s:s, s:s, s:{s:{s:s}, s:{s:s}, s:{}}, s:[s,s]}", "type", "object", "description",
			 "Why the call was refused; instead of everything else", "properties", "code", "type", "string",
			 "message", "type", "string", "details", "required", "code", "message");
}

/*
 * A refusal is structured content too, and there are clients that hold it against the schema: so the schema knows both,
 * the members of a success or `error` alone.
 */
static int
admit_refusal(json_t *root)
{
	json_t *required = json_object_get(root, "required");
	int r = 0;

	must(json_object_get(root, "anyOf") == NULL);
	if (required != NULL) {
		r |= json_object_set_new(root, "anyOf",
					 json_pack("[{s:O}, {s:[s]}]", "required", required, "required", "error"));
		r |= json_object_del(root, "required");
	}
	if (json_object_get(root, "properties") == NULL)
		r |= json_object_set_new(root, "properties", json_object());
	return r | json_object_set_new(json_object_get(root, "properties"), "error", error_schema());
}

json_t *
action_output_schema(const struct action *action)
{
	json_t *root = NULL;

	must(!(action->flags & ACTION_CONTENT));
	if (json_schema_to_json(action->result, &root) < 0)
		return NULL;
	if (admit_refusal(root) != 0) {
		json_decref(root);
		return NULL;
	}
	return root;
}
