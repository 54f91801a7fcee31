/*
 * guide_resources.c - the resources' rows, and how they give their contents
 */
#include "guide.h"

#include <string.h>

#include "action/env.h"
#include "base/buf.h"
#include "json/write.h"
#include "plan_uri.h"
#include "results.h"
#include "shapes.h"

#define TEXT_MAX (4 * 1024 * 1024)
#define JSON "application/json"

int
guide_give(const json_t *params, const char *mime_type, struct slice text, json_t **result_r, struct fault *fault)
{
	*result_r = json_pack("{s:[{s:O, s:s, s:s%}]}", "contents", "uri", json_object_get(params, "uri"), "mimeType",
			      mime_type, "text", text.ptr, text.len);
	return *result_r != NULL ? 0 : result_out_of_memory(fault);
}

int
guide_give_json(const json_t *params, json_t *tree, json_t **result_r, struct fault *fault)
{
	struct buf text;
	int r = -1;

	buf_init(&text, TEXT_MAX);
	if (tree != NULL && result_clean(tree) == 0)
		r = json_dump_to(&text, tree);
	json_decref(tree);
	if (r == 0)
		r = guide_give(params, JSON, buf_slice(&text), result_r, fault);
	else
		r = result_out_of_memory(fault);
	buf_fini(&text);
	return r;
}

/* An address that no section names is allowed to whoever is bound to no section. */
bool
guide_may_see(const struct action_call *call, const char *base_url, const char *scope)
{
	const struct config *config = call->env->config;

	for (size_t i = 0; i < config->n_stores; i++) {
		if (strcmp(config->stores[i].base_url, base_url) == 0 &&
		    principal_may_use_store(call->principal, config->stores[i].name) &&
		    principal_has_scope(call->principal, scope, config->stores[i].name))
			return true;
	}
	return principal_may_use_store(call->principal, "") && principal_has_scope(call->principal, scope, "");
}

static const struct json_schema uri_text = {.type = JSON_T_STRING, .max_length = 2048};
static const struct json_prop uri_props[] = {{"uri", &uri_text, true, NULL}, {0}};
static const struct json_schema uri_params = {.type = JSON_T_OBJECT, .props = uri_props};

static bool
is_place(const char *text, size_t len)
{
	return len > 0 && len <= 9 && strspn(text, "0123456789") == len;
}

static const struct json_schema id_text = {.type = JSON_T_STRING, .min_length = 1, .max_length = KEEPER_ID_LEN};
static const struct json_schema from_text = {
    .type = JSON_T_STRING, .match = is_place, .pattern = "^[0-9]{1,9}$", .hint = "the place of an item, from 0"};
static const struct json_prop plan_props[] = {
    {"uri", &uri_text, true, NULL}, {"id", &id_text, true, NULL}, {"from", &from_text, false, NULL}, {0}};
static const struct json_schema plan_params = {.type = JSON_T_OBJECT, .props = plan_props};

static const struct action_resource_variable stores_variables[] = {{"session", NULL}};
static const struct action_resource_variable plan_variables[] = {{"id", guide_complete_plans}, {"from", NULL}};

#define STORES_ACTION(its_name)                                                                                        \
	.name = its_name, .title = "Stores and store views",                                                           \
	.description = "The stores that you may log in to and, with a login, its websites, stores and store views "    \
		       "with their codes. A client that keeps no MCP session names its login by the handle of "        \
		       "auth_login: in params._meta under io.github.magento-mcp/session, or as ?session=.",            \
	.tier = ACTION_SAFE, .flags = ACTION_TAKES_LOGIN | ACTION_READ_ONLY | ACTION_IDEMPOTENT | ACTION_OPEN_WORLD,   \
	.scope = "scope:read", .params = &uri_params, .run = guide_read_stores

static const struct action_resource rows[] = {
    {
	.uri = "magento://tools/guide",
	.name = "tools-guide",
	.mime_type = "text/markdown",
	.is_public = true,
	.action = {.name = "resources.guide",
		   .title = "How to work with these tools",
		   .description = "Read this before the first change: login, scope, prepare and commit, confirmation, "
				  "errors and their cures.",
		   .tier = ACTION_SAFE,
		   .flags = ACTION_READ_ONLY | ACTION_IDEMPOTENT,
		   .params = &uri_params,
		   .run = guide_read_manual},
    },
    {
	.uri = "magento://stores",
	.name = "stores",
	.mime_type = JSON,
	.action = {STORES_ACTION("resources.stores")},
    },
    {
	.uri_template = "magento://stores{?session}",
	.name = "stores-of-login",
	.mime_type = JSON,
	.action = {STORES_ACTION("resources.stores_of_login")},
	.variables = stores_variables,
	.n_variables = ARRAY_LEN(stores_variables),
    },
    {
	.uri_template = PLAN_URI_PREFIX "{id}{?from}",
	.name = "plan",
	.mime_type = JSON,
	.can_watch = true,
	.list = guide_list_plans,
	.action = {.name = "resources.plans",
		   .title = "A plan and its whole diff",
		   .description =
		       "What a prepare tool planned: state, summary, warnings, and every item with old and new "
		       "values and what became of it. At most 100 items at a time; `next` is the URI of the "
		       "following ones. Only your own plans.",
		   .tier = ACTION_SAFE,
		   .flags = ACTION_READ_ONLY | ACTION_IDEMPOTENT,
		   .params = &plan_params,
		   .run = guide_read_plan},
	.variables = plan_variables,
	.n_variables = ARRAY_LEN(plan_variables),
    },
};

const struct action_resource_table action_guide_resources = {rows, ARRAY_LEN(rows)};
