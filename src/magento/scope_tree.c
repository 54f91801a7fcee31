/*
 * scope_tree.c - Magento's four lists as one tree
 */
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "json/get.h"
#include "magento/scope.h"

#define ROWS_MAX 4096

void
scope_lists_init(struct scope_lists *lists)
{
	memset(lists, 0, sizeof(*lists));
}

void
scope_lists_fini(struct scope_lists *lists)
{
	json_decref(lists->websites);
	json_decref(lists->groups);
	json_decref(lists->views);
	json_decref(lists->configs);
	scope_lists_init(lists);
}

/* ---- Building ---- */

/* A row that can stand in the tree: an id above 0 and a code that may enter a path.  Fills both. */
static bool
read_row(const json_t *row, int64_t *id_r, char *code_r)
{
	const char *code = json_get_str(row, "code", "");

	*id_r = json_get_int(row, "id", 0);
	if (*id_r <= 0 || !scope_is_code(code))
		return false;
	return slice_to_str(slice_from_str(code), code_r, SCOPE_CODE_MAX + 1) == 0;
}

static void
add_website(struct scope_tree *tree, const json_t *row)
{
	struct scope_website *website = &tree->websites[tree->n_websites];

	if (!read_row(row, &website->id, website->code))
		return;
	website->default_group_id = json_get_int(row, "default_group_id", 0);
	tree->n_websites++;
}

static void
add_group(struct scope_tree *tree, const json_t *row)
{
	struct scope_group *group = &tree->groups[tree->n_groups];

	if (!read_row(row, &group->id, group->code))
		return;
	group->website_id = json_get_int(row, "website_id", 0);
	group->default_view_id = json_get_int(row, "default_store_id", 0);
	tree->n_groups++;
}

static void
add_view(struct scope_tree *tree, const json_t *row)
{
	struct scope_view *view = &tree->views[tree->n_views];

	if (!read_row(row, &view->id, view->code))
		return;
	view->group_id = json_get_int(row, "store_group_id", 0);
	view->website_id = json_get_int(row, "website_id", 0);
	/* Magento says 1 or 0; a release that leaves it out knows active views only. */
	view->active = json_get_int(row, "is_active", 1) != 0 && json_get_bool(row, "is_active", true);
	tree->n_views++;
}

static void
add_currency(struct scope_tree *tree, const json_t *row)
{
	int64_t id = json_get_int(row, "id", 0);
	struct slice currency = json_get_slice(row, "base_currency_code");
	size_t i;

	for (i = 0; i < tree->n_views; i++) {
		if (tree->views[i].id != id)
			continue;
		if (slice_to_str(currency, tree->views[i].base_currency, sizeof(tree->views[i].base_currency)) < 0)
			tree->views[i].base_currency[0] = '\0';
	}
}

static int
compare_ids(const void *a, const void *b)
{
	int64_t x, y;

	/* The id is the first member of each kind of row. */
	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

static bool
fill(struct scope_tree *tree, const struct scope_lists *lists)
{
	size_t i;

	tree->websites = calloc(json_array_size(lists->websites) + 1, sizeof(*tree->websites));
	tree->groups = calloc(json_array_size(lists->groups) + 1, sizeof(*tree->groups));
	tree->views = calloc(json_array_size(lists->views) + 1, sizeof(*tree->views));
	if (tree->websites == NULL || tree->groups == NULL || tree->views == NULL)
		return false;
	for (i = 0; i < json_array_size(lists->websites); i++)
		add_website(tree, json_array_get(lists->websites, i));
	for (i = 0; i < json_array_size(lists->groups); i++)
		add_group(tree, json_array_get(lists->groups, i));
	for (i = 0; i < json_array_size(lists->views); i++)
		add_view(tree, json_array_get(lists->views, i));
	for (i = 0; i < json_array_size(lists->configs); i++)
		add_currency(tree, json_array_get(lists->configs, i));
	qsort(tree->websites, tree->n_websites, sizeof(*tree->websites), compare_ids);
	qsort(tree->groups, tree->n_groups, sizeof(*tree->groups), compare_ids);
	qsort(tree->views, tree->n_views, sizeof(*tree->views), compare_ids);
	return true;
}

struct scope_tree *
scope_tree_new(const struct scope_lists *lists)
{
	struct scope_tree *tree;

	if (json_array_size(lists->websites) > ROWS_MAX || json_array_size(lists->groups) > ROWS_MAX ||
	    json_array_size(lists->views) > ROWS_MAX || json_array_size(lists->configs) > ROWS_MAX)
		return NULL;
	tree = calloc(1, sizeof(*tree));
	if (tree != NULL && !fill(tree, lists))
		scope_tree_free(&tree);
	return tree;
}

void
scope_tree_free(struct scope_tree **tree)
{
	if (*tree == NULL)
		return;
	free((*tree)->websites);
	free((*tree)->groups);
	free((*tree)->views);
	free(*tree);
	*tree = NULL;
}

/* ---- Finding ---- */

const struct scope_view *
scope_view_find(const struct scope_tree *tree, const char *code)
{
	size_t i;

	for (i = 0; i < tree->n_views; i++) {
		if (strcasecmp(tree->views[i].code, code) == 0)
			return &tree->views[i];
	}
	return NULL;
}

const struct scope_group *
scope_group_find(const struct scope_tree *tree, const char *code)
{
	size_t i;

	for (i = 0; i < tree->n_groups; i++) {
		if (strcasecmp(tree->groups[i].code, code) == 0)
			return &tree->groups[i];
	}
	return NULL;
}

const struct scope_website *
scope_website_find(const struct scope_tree *tree, const char *code)
{
	size_t i;

	for (i = 0; i < tree->n_websites; i++) {
		if (strcasecmp(tree->websites[i].code, code) == 0)
			return &tree->websites[i];
	}
	return NULL;
}

const struct scope_view *
scope_view_by_id(const struct scope_tree *tree, int64_t id)
{
	size_t i;

	for (i = 0; i < tree->n_views; i++) {
		if (tree->views[i].id == id)
			return &tree->views[i];
	}
	return NULL;
}

const struct scope_group *
scope_group_by_id(const struct scope_tree *tree, int64_t id)
{
	size_t i;

	for (i = 0; i < tree->n_groups; i++) {
		if (tree->groups[i].id == id)
			return &tree->groups[i];
	}
	return NULL;
}

const struct scope_website *
scope_website_by_id(const struct scope_tree *tree, int64_t id)
{
	size_t i;

	for (i = 0; i < tree->n_websites; i++) {
		if (tree->websites[i].id == id)
			return &tree->websites[i];
	}
	return NULL;
}

const struct scope_view *
scope_default_view_of_group(const struct scope_tree *tree, const struct scope_group *group)
{
	const struct scope_view *view = scope_view_by_id(tree, group->default_view_id);
	size_t i;

	if (view != NULL && view->active && view->group_id == group->id)
		return view;
	for (i = 0; i < tree->n_views; i++) {
		if (tree->views[i].active && tree->views[i].group_id == group->id)
			return &tree->views[i];
	}
	return NULL;
}

const struct scope_view *
scope_default_view_of_website(const struct scope_tree *tree, const struct scope_website *website)
{
	const struct scope_group *group = scope_group_by_id(tree, website->default_group_id);
	const struct scope_view *view = NULL;
	size_t i;

	if (group != NULL && group->website_id == website->id)
		view = scope_default_view_of_group(tree, group);
	for (i = 0; view == NULL && i < tree->n_views; i++) {
		if (tree->views[i].active && tree->views[i].website_id == website->id)
			view = &tree->views[i];
	}
	return view;
}
