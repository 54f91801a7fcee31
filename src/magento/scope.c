/*
 * scope.c - what a caller's scope object means in a tree, and what it means when the tree may not be read
 */
#include "magento/scope.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "json/get.h"
#include "magento/error.h"

#define ALLOWED_MAX 50 /* codes listed in a refusal */

bool
scope_is_code(const char *code)
{
	size_t len = strspn(code, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	if (len == 0 || len > SCOPE_CODE_MAX || code[len] != '\0')
		return false;
	return (code[0] >= 'a' && code[0] <= 'z') || (code[0] >= 'A' && code[0] <= 'Z');
}

bool
scope_is_empty(const struct scope *scope)
{
	return !scope->global && scope->website_code[0] == '\0' && scope->store_code[0] == '\0' &&
	       scope->view_code[0] == '\0';
}

/* ---- Refusals ---- */

/* VALIDATION_ERROR about one member; takes `allowed` (may be NULL). */
static int
refuse(struct fault *fault, const char *path, const char *member, const char *text, json_t *allowed)
{
	json_t *details = json_array();
	json_t *detail = json_object();
	char full[160];

	snprintf(full, sizeof(full), "%s%s%s", path, member[0] != '\0' ? "." : "", member);
	json_object_set_new(detail, "path", json_string(full));
	json_object_set_new(detail, "message", json_string(text));
	if (allowed != NULL)
		json_object_set_new(detail, "allowed", allowed);
	json_array_append_new(details, detail);
	return fault_set(fault, FAULT_VALIDATION_ERROR, details, "%s: %s", full, text);
}

static json_t *
allowed_views(const struct scope_tree *tree)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < tree->n_views && json_array_size(list) < ALLOWED_MAX; i++) {
		if (tree->views[i].active)
			json_array_append_new(list, json_string(tree->views[i].code));
	}
	return list;
}

static json_t *
allowed_groups(const struct scope_tree *tree)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < tree->n_groups && i < ALLOWED_MAX; i++)
		json_array_append_new(list, json_string(tree->groups[i].code));
	return list;
}

static json_t *
allowed_websites(const struct scope_tree *tree)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < tree->n_websites && i < ALLOWED_MAX; i++)
		json_array_append_new(list, json_string(tree->websites[i].code));
	return list;
}

/* ---- Reading the object ---- */

static int
read_code(const json_t *value, const char *member, const char *path, char *code_r, struct fault *fault)
{
	const json_t *code = json_object_get(value, member);

	if (code == NULL || json_is_null(code))
		return 0;
	if (!json_is_string(code) || strlen(json_string_value(code)) != json_string_length(code) ||
	    !scope_is_code(json_string_value(code)))
		return refuse(
		    fault, path, member,
		    "must be a code: letters, digits and _, beginning with a letter; see scope_list_websites_stores.",
		    NULL);
	snprintf(code_r, SCOPE_CODE_MAX + 1, "%s", json_string_value(code));
	return 0;
}

static int
read_global(const json_t *value, const char *path, struct scope *scope, struct fault *fault)
{
	const json_t *word = json_object_get(value, "scope");

	if (word == NULL || json_is_null(word))
		return 0;
	if (!json_is_string(word) || strcmp(json_string_value(word), "global") != 0)
		return refuse(fault, path, "scope", "must be \"global\".", NULL);
	scope->global = true;
	return 0;
}

static int
check_members(const json_t *value, const char *path, struct fault *fault)
{
	static const char *const known[] = {"website_code", "store_code", "store_view_code", "scope"};
	size_t n = 0;
	size_t i;

	for (i = 0; i < ARRAY_LEN(known); i++)
		n += json_object_get(value, known[i]) != NULL;
	if (!json_is_object(value) || n != json_object_size(value))
		return refuse(
		    fault, path, "",
		    "must be an object with website_code, store_code, store_view_code or \"scope\":\"global\".", NULL);
	return 0;
}

int
scope_from_json(const json_t *value, const char *path, struct scope *scope_r, struct fault *fault)
{
	memset(scope_r, 0, sizeof(*scope_r));
	if (value == NULL || json_is_null(value))
		return 0;
	if (check_members(value, path, fault) < 0 ||
	    read_code(value, "website_code", path, scope_r->website_code, fault) < 0 ||
	    read_code(value, "store_code", path, scope_r->store_code, fault) < 0 ||
	    read_code(value, "store_view_code", path, scope_r->view_code, fault) < 0 ||
	    read_global(value, path, scope_r, fault) < 0)
		return -1;
	if (scope_is_empty(scope_r))
		return refuse(fault, path, "",
			      "names no scope. Give store_view_code, store_code, website_code or \"scope\":\"global\".",
			      NULL);
	return 0;
}

/* ---- Resolving in a tree ---- */

struct found {
	const struct scope_website *website;
	const struct scope_group *group;
	const struct scope_view *view;
};

static int
find_all(const struct scope_tree *tree, const struct scope *given, const char *path, struct found *found,
	 struct fault *fault)
{
	if (given->view_code[0] != '\0') {
		found->view = scope_view_find(tree, given->view_code);
		if (found->view == NULL || !found->view->active)
			return refuse(fault, path, "store_view_code",
				      found->view == NULL ? "no store view has this code."
							  : "this store view is not active.",
				      allowed_views(tree));
	}
	if (given->store_code[0] != '\0') {
		found->group = scope_group_find(tree, given->store_code);
		if (found->group == NULL)
			return refuse(fault, path, "store_code", "no store has this code.", allowed_groups(tree));
	}
	if (given->website_code[0] != '\0') {
		found->website = scope_website_find(tree, given->website_code);
		if (found->website == NULL)
			return refuse(fault, path, "website_code", "no website has this code.", allowed_websites(tree));
	}
	return 0;
}

/* The wider members must contain the narrower ones. */
static int
check_nesting(const struct found *found, const char *path, struct fault *fault)
{
	if (found->view != NULL && found->group != NULL && found->view->group_id != found->group->id)
		return refuse(fault, path, "store_code",
			      "the store view does not belong to this store. Give only one of the two.", NULL);
	if (found->view != NULL && found->website != NULL && found->view->website_id != found->website->id)
		return refuse(fault, path, "website_code",
			      "the store view does not belong to this website. Give only one of the two.", NULL);
	if (found->group != NULL && found->website != NULL && found->group->website_id != found->website->id)
		return refuse(fault, path, "website_code",
			      "the store does not belong to this website. Give only one of the two.", NULL);
	return 0;
}

static void
target_global(struct scope_target *target)
{
	memset(target, 0, sizeof(*target));
	target->level = SCOPE_GLOBAL;
	snprintf(target->prefix, sizeof(target->prefix), "%s", MAGENTO_SCOPE_ALL);
}

static void
target_view(const struct scope_tree *tree, const struct scope_view *view, enum scope_level level,
	    struct scope_target *target)
{
	const struct scope_group *group = scope_group_by_id(tree, view->group_id);
	const struct scope_website *website = scope_website_by_id(tree, view->website_id);

	memset(target, 0, sizeof(*target));
	target->level = level;
	snprintf(target->prefix, sizeof(target->prefix), "%s", view->code);
	snprintf(target->store_code, sizeof(target->store_code), "%s", group != NULL ? group->code : "");
	snprintf(target->website_code, sizeof(target->website_code), "%s", website != NULL ? website->code : "");
	target->view_id = view->id;
	target->group_id = view->group_id;
	target->website_id = view->website_id;
}

int
scope_tree_resolve(const struct scope_tree *tree, const struct scope *given, const char *path,
		   struct scope_target *target_r, struct fault *fault)
{
	struct found found = {NULL, NULL, NULL};
	const struct scope_view *view;

	if (find_all(tree, given, path, &found, fault) < 0 || check_nesting(&found, path, fault) < 0)
		return -1;
	if (found.view != NULL) {
		target_view(tree, found.view, SCOPE_VIEW, target_r);
	} else if (found.group != NULL) {
		view = scope_default_view_of_group(tree, found.group);
		if (view == NULL)
			return refuse(fault, path, "store_code", "this store has no active store view.",
				      allowed_groups(tree));
		target_view(tree, view, SCOPE_GROUP, target_r);
	} else if (found.website != NULL) {
		view = scope_default_view_of_website(tree, found.website);
		if (view == NULL)
			return refuse(fault, path, "website_code", "this website has no active store view.",
				      allowed_websites(tree));
		target_view(tree, view, SCOPE_WEBSITE, target_r);
	} else {
		target_global(target_r);
	}
	return 0;
}

/* ---- Resolving against a shop ---- */

/* The shop does not let these credentials read its tree: only a view code can be tried, as it is. */
static int
resolve_blindly(const struct scope *given, const char *path, struct scope_target *target, struct fault *fault)
{
	if (given->view_code[0] == '\0')
		return fault_set(fault, FAULT_FORBIDDEN, NULL,
				 "Website and store codes need the Magento permission %s, which the role of these "
				 "credentials lacks. "
				 "Use a store_view_code, or have the permission granted.",
				 MAGENTO_RESOURCE_STORE);
	/* In a path both stand for something other than a view. */
	if (strcasecmp(given->view_code, "admin") == 0 || strcasecmp(given->view_code, MAGENTO_SCOPE_ALL) == 0)
		return refuse(fault, path, "store_view_code",
			      "this is not a store view of the shop. Use \"scope\":\"global\".", NULL);
	target_global(target);
	target->level = SCOPE_VIEW;
	snprintf(target->prefix, sizeof(target->prefix), "%s", given->view_code);
	return 0;
}

static int
resolve(struct magento_client *client, struct scope_cache *cache, const struct scope *given, const char *path,
	struct scope_target *target, struct fault *fault)
{
	const struct scope_tree *tree;
	struct fault why;
	bool was_kept;
	int r;

	fault_init(&why);
	r = scope_tree_get(client, cache, false, &tree, &was_kept, &why);
	if (r == 0)
		r = scope_tree_resolve(tree, given, path, target, &why);
	if (r < 0 && why.code == FAULT_VALIDATION_ERROR && was_kept) {
		r = scope_tree_get(client, cache, true, &tree, NULL, &why);
		if (r == 0)
			r = scope_tree_resolve(tree, given, path, target, &why);
	}
	if (r < 0 && why.code == FAULT_FORBIDDEN)
		r = resolve_blindly(given, path, target, fault);
	else if (r < 0)
		fault_move(fault, &why);
	fault_fini(&why);
	return r;
}

int
scope_resolve_view(struct magento_client *client, struct scope_cache *cache, const char *view_code, const char *path,
		   struct scope_target *target_r, struct fault *fault)
{
	struct scope given;

	memset(&given, 0, sizeof(given));
	if (!scope_is_code(view_code))
		return refuse(
		    fault, path, "store_view_code",
		    "must be a code: letters, digits and _, beginning with a letter; see scope_list_websites_stores.",
		    NULL);
	snprintf(given.view_code, sizeof(given.view_code), "%s", view_code);
	return resolve(client, cache, &given, path, target_r, fault);
}

static bool
is_only_global(const struct scope *given)
{
	return given->website_code[0] == '\0' && given->store_code[0] == '\0' && given->view_code[0] == '\0';
}

int
scope_resolve_read(struct magento_client *client, struct scope_cache *cache, const struct scope *given,
		   const char *default_view, struct scope_target *target_r, struct fault *fault)
{
	int r;

	if (!is_only_global(given))
		return resolve(client, cache, given, "params.scope", target_r, fault);
	if (given->global || default_view == NULL || default_view[0] == '\0') {
		target_global(target_r);
		return 0;
	}
	r = scope_resolve_view(client, cache, default_view, "session default", target_r, fault);
	target_r->from_default = r == 0;
	return r;
}
