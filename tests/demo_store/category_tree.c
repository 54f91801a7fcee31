/* Adding, moving and removing categories, and what follows from the shape of the tree. */

#include "categories.h"

#include <stdlib.h>
#include <string.h>

enum { LEVELS_MAX = 32, PATH_MAX_LEN = 512 };

/* The category and those above it, the root first; the number of them. */
static size_t
find_chain(const struct categories *categories, const struct category *category, const struct category **chain)
{
	const struct category *upwards[LEVELS_MAX];
	size_t count = 0;

	for (; category != NULL && count < LEVELS_MAX; category = categories_find(categories, category->parent_id))
		upwards[count++] = category;
	for (size_t i = 0; i < count; i++)
		chain[i] = upwards[count - 1 - i];
	return count;
}

static void
set_all(struct category *category, enum category_index field, json_t *value)
{
	scoped_set(&category->values[field], REACH_GLOBAL, SCOPE_ALL, value);
}

/* gear/bags: the url keys from the second level down, as a store sees them. */
static json_t *
make_url_path(const struct category *const *chain, size_t count, int store)
{
	char path[PATH_MAX_LEN] = "";
	size_t len = 0;

	for (size_t i = 2; i < count; i++) {
		const char *key = json_string_value(scoped_get(&chain[i]->values[CAT_URL_KEY], store));

		len += (size_t)snprintf(path + len, sizeof(path) - len, "%s%s", len > 0 ? "/" : "",
					key != NULL ? key : "");
		if (len >= sizeof(path))
			return NULL;
	}
	return len > 0 ? json_string(path) : NULL;
}

static void
refresh_paths(struct categories *categories, struct category *category)
{
	const struct category *chain[LEVELS_MAX];
	size_t count = find_chain(categories, category, chain), len = 0;
	char path[PATH_MAX_LEN] = "";

	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(path + len, sizeof(path) - len, "%s%d", i > 0 ? "/" : "", chain[i]->id);
	set_all(category, CAT_PATH, json_string(path));
	set_all(category, CAT_LEVEL, json_integer((json_int_t)count - 1));
	set_all(category, CAT_PARENT, json_integer(category->parent_id));
	scoped_fini(&category->values[CAT_URL_PATH]);
	set_all(category, CAT_URL_PATH, make_url_path(chain, count, SCOPE_ALL));
	for (int store = 1; store < SCOPE_COUNT; store++) {
		json_t *own = make_url_path(chain, count, store);

		if (own == NULL || json_equal(own, category->values[CAT_URL_PATH].of[SCOPE_ALL]))
			json_decref(own);
		else
			scoped_set(&category->values[CAT_URL_PATH], REACH_STORE, store, own);
	}
}

/* children names the active ones right below, children_count counts all the way down. */
static void
refresh_children(const struct categories *categories, struct category *category)
{
	char children[PATH_MAX_LEN] = "";
	size_t len = 0;
	int count = -1;

	for (size_t i = 0; i < categories->count; i++) {
		const struct category *other = &categories->rows[i];

		count += category_is_within(other, category);
		if (other->parent_id == category->id && json_is_true(other->values[CAT_ACTIVE].of[SCOPE_ALL]) &&
		    len < sizeof(children))
			len += (size_t)snprintf(children + len, sizeof(children) - len, "%s%d", len > 0 ? "," : "",
						other->id);
	}
	set_all(category, CAT_CHILDREN, json_string(children));
	set_all(category, CAT_CHILDREN_COUNT, json_sprintf("%d", count));
}

void
categories_refresh(struct categories *categories)
{
	for (size_t i = 0; i < categories->count; i++)
		refresh_paths(categories, &categories->rows[i]);
	for (size_t i = 0; i < categories->count; i++)
		refresh_children(categories, &categories->rows[i]);
}

static json_int_t
position_of(const struct category *category)
{
	return json_integer_value(category->values[CAT_POSITION].of[SCOPE_ALL]);
}

static json_int_t
last_position(const struct categories *categories, int parent_id)
{
	json_int_t last = 0;

	for (size_t i = 0; i < categories->count; i++) {
		if (categories->rows[i].parent_id == parent_id && position_of(&categories->rows[i]) > last)
			last = position_of(&categories->rows[i]);
	}
	return last;
}

struct category *
categories_add(struct categories *categories, int parent_id, const char *time)
{
	size_t size = (categories->count + 1) * sizeof(struct category);
	struct category *rows = realloc(categories->rows, size), *category;

	if (rows == NULL)
		return NULL;
	categories->rows = rows;
	category = &rows[categories->count];
	memset(category, 0, sizeof(*category));
	category->id = categories->next_id++;
	category->parent_id = parent_id;
	set_all(category, CAT_ID, json_integer(category->id));
	set_all(category, CAT_POSITION, json_integer(last_position(categories, parent_id) + 1));
	set_all(category, CAT_CREATED, json_string(time));
	set_all(category, CAT_UPDATED, json_string(time));
	set_all(category, CAT_MENU, json_true());
	set_all(category, CAT_ANCHOR, json_string("1"));
	categories->count++;
	return category;
}

static bool
drop_links(struct product *product, int category_id)
{
	json_t *kept = json_array(), *link;
	bool found = false;
	size_t i;

	json_array_foreach(product->links, i, link)
	{
		if (atoi(json_string_value(json_object_get(link, "category_id"))) == category_id)
			found = true;
		else
			json_array_append(kept, link);
	}
	if (found)
		product_set_links(product, kept);
	else
		json_decref(kept);
	return found;
}

static void
remove_row(struct categories *categories, struct catalog *catalog, size_t row)
{
	struct category *category = &categories->rows[row];

	for (size_t i = 0; i < catalog->count; i++) {
		if (drop_links(catalog->rows[i], category->id))
			catalog_touch(catalog, catalog->rows[i]);
	}
	for (int f = 0; f < CAT_COUNT; f++)
		scoped_fini(&category->values[f]);
	categories->count--;
	memmove(category, category + 1, (categories->count - row) * sizeof(*category));
}

void
categories_remove(struct categories *categories, struct catalog *catalog, int id)
{
	const struct category *top = categories_find(categories, id);
	char prefix[PATH_MAX_LEN];
	size_t len;

	if (top == NULL)
		return;
	snprintf(prefix, sizeof(prefix), "%s", json_string_value(top->values[CAT_PATH].of[SCOPE_ALL]));
	len = strlen(prefix);
	for (size_t i = categories->count; i > 0; i--) {
		const char *path = json_string_value(categories->rows[i - 1].values[CAT_PATH].of[SCOPE_ALL]);

		if (strncmp(path, prefix, len) == 0 && (path[len] == '/' || path[len] == '\0'))
			remove_row(categories, catalog, i - 1);
	}
	catalog->generation++;
	categories_refresh(categories);
}

void
categories_move(struct categories *categories, struct category *category, int parent_id, json_int_t after_id)
{
	const struct category *after = categories_find(categories, after_id);
	json_int_t position = last_position(categories, parent_id) + 1;

	if (after_id == 0)
		position = 1;
	else if (after != NULL) /* sibling or not */
		position = position_of(after) + 1;
	for (size_t i = 0; i < categories->count; i++) {
		struct category *other = &categories->rows[i];

		if (other->parent_id == parent_id && other != category && position_of(other) >= position)
			set_all(other, CAT_POSITION, json_integer(position_of(other) + 1));
	}
	category->parent_id = parent_id;
	set_all(category, CAT_POSITION, json_integer(position));
	categories_refresh(categories);
}
