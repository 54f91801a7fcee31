#include "categories.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	bool custom; /* stands in custom_attributes */
} fields[CAT_COUNT] = {
    [CAT_ID] = {"id", false},
    [CAT_PARENT] = {"parent_id", false},
    [CAT_NAME] = {"name", false},
    [CAT_ACTIVE] = {"is_active", false},
    [CAT_POSITION] = {"position", false},
    [CAT_LEVEL] = {"level", false},
    [CAT_CHILDREN] = {"children", false},
    [CAT_CREATED] = {"created_at", false},
    [CAT_UPDATED] = {"updated_at", false},
    [CAT_PATH] = {"path", false},
    [CAT_MENU] = {"include_in_menu", false},
    [CAT_DISPLAY_MODE] = {"display_mode", true},
    [CAT_META_TITLE] = {"meta_title", true},
    [CAT_META_KEYWORDS] = {"meta_keywords", true},
    [CAT_META_DESCRIPTION] = {"meta_description", true},
    [CAT_DESCRIPTION] = {"description", true},
    [CAT_ANCHOR] = {"is_anchor", true},
    [CAT_URL_KEY] = {"url_key", true},
    [CAT_URL_PATH] = {"url_path", true},
    [CAT_CHILDREN_COUNT] = {"children_count", true},
};

static const struct seed_category {
	int id, parent_id, position;
	const char *name, *url_key, *meta_title;
	bool active;
} seed[] = {
    {1, 0, 0, "Root Catalog", NULL, NULL, true},  {2, 1, 1, "Default Category", NULL, NULL, true},
    {3, 2, 1, "Gear", "gear", "Gear meta", true}, {4, 3, 1, "Bags", "bags", NULL, true},
    {5, 2, 2, "Tools", "tools", NULL, false},
};

enum { SEED_COUNT = sizeof(seed) / sizeof(seed[0]), SEED_BARE = 2 };

static void
set_all(struct category *category, enum category_index field, json_t *value)
{
	scoped_set(&category->values[field], REACH_GLOBAL, SCOPE_ALL, value);
}

static void
fill_category(struct category *category, const struct seed_category *from)
{
	category->id = from->id;
	category->parent_id = from->parent_id;
	set_all(category, CAT_ID, json_integer(from->id));
	set_all(category, CAT_NAME, json_string(from->name));
	if (from->parent_id > 0)
		set_all(category, CAT_ACTIVE, json_boolean(from->active));
	set_all(category, CAT_POSITION, json_integer(from->position));
	set_all(category, CAT_CREATED, json_string("2026-11-22 08:19:24"));
	set_all(category, CAT_UPDATED, json_string("2026-11-22 08:19:25"));
	set_all(category, CAT_MENU, json_true());
	if (from->parent_id == 1)
		set_all(category, CAT_DISPLAY_MODE, json_string("PRODUCTS"));
	if (from->url_key == NULL)
		return;
	if (from->meta_title != NULL)
		set_all(category, CAT_META_TITLE, json_string(from->meta_title));
	set_all(category, CAT_ANCHOR, json_string("1"));
	set_all(category, CAT_URL_KEY, json_string(from->url_key));
}

int
categories_init(struct categories *categories, bool bare)
{
	memset(categories, 0, sizeof(*categories));
	categories->rows = calloc(SEED_COUNT, sizeof(*categories->rows));
	if (categories->rows == NULL)
		return -1;
	categories->count = bare ? SEED_BARE : SEED_COUNT;
	categories->next_id = (int)categories->count + 1;
	for (size_t i = 0; i < categories->count; i++)
		fill_category(&categories->rows[i], &seed[i]);
	categories_refresh(categories);
	return 0;
}

void
categories_fini(struct categories *categories)
{
	for (size_t i = 0; i < categories->count; i++) {
		for (int f = 0; f < CAT_COUNT; f++)
			scoped_fini(&categories->rows[i].values[f]);
	}
	for (int store = 0; store < SCOPE_COUNT; store++)
		json_decref(categories->tree[store]);
	free(categories->rows);
	memset(categories, 0, sizeof(*categories));
}

struct category *
categories_find(const struct categories *categories, long long id)
{
	for (size_t i = 0; i < categories->count; i++) {
		if (categories->rows[i].id == id)
			return &categories->rows[i];
	}
	return NULL;
}

bool
categories_has_url_key(const struct categories *categories, int parent_id, const char *url_key,
		       const struct category *except)
{
	for (size_t i = 0; i < categories->count; i++) {
		const struct category *category = &categories->rows[i];

		if (category == except || category->parent_id != parent_id)
			continue;
		for (int store = 0; store < SCOPE_COUNT; store++) {
			const json_t *key = category->values[CAT_URL_KEY].of[store];

			if (key != NULL && strcmp(json_string_value(key), url_key) == 0)
				return true;
		}
	}
	return false;
}

int
categories_find_field(const char *name)
{
	for (int i = 0; i < CAT_COUNT; i++) {
		if (strcmp(fields[i].name, name) == 0)
			return i;
	}
	return strcmp(name, "entity_id") == 0 ? CAT_ID : -1;
}

bool
categories_field_is_custom(int field)
{
	return fields[field].custom;
}

static json_t *
render_custom(const struct category *category, int store)
{
	const char *path = json_string_value(scoped_get(&category->values[CAT_PATH], store));
	json_t *list = json_array();

	for (int i = 0; i < CAT_COUNT; i++) {
		json_t *value = scoped_get(&category->values[i], store);

		if (fields[i].custom && value != NULL)
			json_array_append_new(
			    list, json_pack("{s:s, s:O}", "attribute_code", fields[i].name, "value", value));
	}
	json_array_append_new(list, json_pack("{s:s, s:s}", "attribute_code", "path", "value", path));
	return list;
}

json_t *
category_render(const struct category *category, int store)
{
	json_t *object = json_object();

	for (int i = 0; i < CAT_COUNT; i++) {
		json_t *value = scoped_get(&category->values[i], store);

		if (!fields[i].custom && value != NULL)
			json_object_set(object, fields[i].name, value);
	}
	json_object_set_new(object, "custom_attributes", render_custom(category, store));
	return object;
}

bool
category_is_within(const struct category *inner, const struct category *outer)
{
	const char *path = json_string_value(outer->values[CAT_PATH].of[SCOPE_ALL]);
	const char *other = json_string_value(inner->values[CAT_PATH].of[SCOPE_ALL]);
	size_t len = strlen(path);

	return strncmp(other, path, len) == 0 && (other[len] == '/' || other[len] == '\0');
}

/* A product counts for the categories it is assigned to and for the anchors above them. */
static bool
counts_product(const struct categories *categories, const struct category *category, const struct product *product)
{
	bool anchor = category->values[CAT_ANCHOR].of[SCOPE_ALL] != NULL;
	json_t *link;
	size_t i;

	json_array_foreach(product->links, i, link)
	{
		int id = atoi(json_string_value(json_object_get(link, "category_id")));
		const struct category *own = categories_find(categories, id);

		if (own != NULL && (own == category || (anchor && category_is_within(own, category))))
			return true;
	}
	return false;
}

static int
count_products(const struct categories *categories, const struct catalog *catalog, const struct category *category)
{
	int count = 0;

	for (size_t i = 0; i < catalog->count; i++)
		count += counts_product(categories, category, catalog->rows[i]);
	return count;
}

static json_t *
render_node(const struct categories *categories, const struct catalog *catalog, const struct category *category,
	    int store)
{
	static const enum category_index shown[] = {CAT_ID, CAT_PARENT, CAT_NAME, CAT_ACTIVE, CAT_POSITION, CAT_LEVEL};
	json_t *node = json_object();

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		json_object_set(node, fields[shown[i]].name, scoped_get(&category->values[shown[i]], store));
	json_object_set_new(node, "product_count", json_integer(count_products(categories, catalog, category)));
	json_object_set_new(node, "children_data", json_array());
	return node;
}

static long long
level_of(const struct category *category)
{
	return json_integer_value(category->values[CAT_LEVEL].of[SCOPE_ALL]);
}

/* Hangs the categories of a level below their parents, if those are in the tree. Siblings stand by position. */
static void
hang_level(const struct categories *categories, const struct catalog *catalog, json_t *nodes, long long level,
	   int store)
{
	for (size_t i = 0; i < categories->count; i++) {
		const struct category *category = &categories->rows[i];
		json_t *siblings, *node;
		size_t place = 0;
		char key[16];

		snprintf(key, sizeof(key), "%d", category->parent_id);
		siblings = json_object_get(json_object_get(nodes, key), "children_data");
		if (level_of(category) != level || siblings == NULL)
			continue;
		node = render_node(categories, catalog, category, store);
		while (place < json_array_size(siblings) &&
		       json_integer_value(json_object_get(json_array_get(siblings, place), "position")) <=
			   json_integer_value(json_object_get(node, "position")))
			place++;
		json_array_insert(siblings, place, node);
		snprintf(key, sizeof(key), "%d", category->id);
		json_object_set_new(nodes, key, node);
	}
}

static json_t *
render_tree(const struct categories *categories, const struct catalog *catalog, const struct category *root, int store,
	    int depth)
{
	json_t *nodes = json_object(), *top = render_node(categories, catalog, root, store);
	long long last = depth >= 0 ? level_of(root) + depth : (long long)categories->count;
	char key[16];

	snprintf(key, sizeof(key), "%d", root->id);
	json_object_set(nodes, key, top);
	for (long long level = level_of(root) + 1; level <= last && level < (long long)categories->count; level++)
		hang_level(categories, catalog, nodes, level, store);
	json_decref(nodes);
	return top;
}

json_t *
categories_render_tree(struct categories *categories, const struct catalog *catalog, const struct category *root,
		       int store, int depth)
{
	if (depth >= 0 || root->id != 2)
		return render_tree(categories, catalog, root, store, depth);
	if (categories->tree[store] == NULL || categories->tree_generation[store] != catalog->generation) {
		json_decref(categories->tree[store]);
		categories->tree[store] = render_tree(categories, catalog, root, store, depth);
		categories->tree_generation[store] = catalog->generation;
	}
	return json_incref(categories->tree[store]);
}
