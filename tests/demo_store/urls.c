/* Which path leads where. */

#include "urls.h"

#include "demo.h"

#include <stdlib.h>
#include <string.h>

enum { HOPS_MAX = 20 };

static const char *const kind_names[] = {"custom", "product", "category", "cms-page"};

static bool
has_website(const struct product *product, int website_id)
{
	json_t *id;
	size_t i;

	json_array_foreach(product->website_ids, i, id)
	{
		if (json_integer_value(id) == website_id)
			return true;
	}
	return false;
}

/* Products that are not visible on their own have no address. */
static const char *
find_product_key(const struct product *product, int store)
{
	if (json_integer_value(product_get(product, ATTR_VISIBILITY, store)) == 1 ||
	    !has_website(product, scope_views[store].website_id))
		return NULL;
	return json_string_value(product_get(product, ATTR_URL_KEY, store));
}

static const char *
find_category_path(const struct category *category, int store)
{
	return json_string_value(scoped_get(&category->values[CAT_URL_PATH], store));
}

static void
put_address(char *out, const char *key)
{
	snprintf(out, URLS_PATH_MAX, "%s%s", key != NULL ? key : "", key != NULL ? URLS_SUFFIX : "");
}

void
urls_read_product(const struct product *product, struct url_set *set)
{
	set->of[SCOPE_ALL][0] = '\0';
	for (int store = 1; store < SCOPE_COUNT; store++)
		put_address(set->of[store], find_product_key(product, store));
}

void
urls_read_category(const struct category *category, struct url_set *set)
{
	set->of[SCOPE_ALL][0] = '\0';
	for (int store = 1; store < SCOPE_COUNT; store++)
		put_address(set->of[store], find_category_path(category, store));
}

static struct product *
find_product(const struct demo *demo, int store, const char *key)
{
	for (size_t i = 0; i < demo->catalog->count; i++) {
		struct product *product = demo->catalog->rows[i];
		const char *own = find_product_key(product, store);

		if (own != NULL && strcmp(own, key) == 0)
			return product;
	}
	return NULL;
}

static const struct category *
find_category(const struct demo *demo, int store, const char *path)
{
	for (size_t i = 0; i < demo->categories.count; i++) {
		const char *own = find_category_path(&demo->categories.rows[i], store);

		if (own != NULL && strcmp(own, path) == 0)
			return &demo->categories.rows[i];
	}
	return NULL;
}

static bool
is_in_category(const struct demo *demo, const struct product *product, const struct category *category)
{
	json_t *link;
	size_t i;

	json_array_foreach(product->links, i, link)
	{
		int id = atoi(json_string_value(json_object_get(link, "category_id")));
		const struct category *own = categories_find(&demo->categories, id);

		if (own != NULL && category_is_within(own, category))
			return true;
	}
	return false;
}

/* stem is the path without its suffix; it is cut at its last slash for a moment. */
static struct product *
find_product_below(const struct demo *demo, int store, char *stem)
{
	char *slash = strrchr(stem, '/');
	const struct category *category = NULL;
	struct product *product;

	if (slash == NULL)
		return find_product(demo, store, stem);
	*slash = '\0';
	category = find_category(demo, store, stem);
	*slash = '/';
	product = category != NULL ? find_product(demo, store, slash + 1) : NULL;
	return product != NULL && is_in_category(demo, product, category) ? product : NULL;
}

static bool
find_current(const struct demo *demo, int store, const char *path, struct url_hit *hit)
{
	size_t len = strlen(path), suffix = strlen(URLS_SUFFIX);
	char stem[URLS_PATH_MAX];

	if (len > suffix && strcmp(path + len - suffix, URLS_SUFFIX) == 0) {
		snprintf(stem, sizeof(stem), "%.*s", (int)(len - suffix), path);
		hit->product = find_product_below(demo, store, stem);
		hit->category = hit->product == NULL ? find_category(demo, store, stem) : NULL;
	}
	if (hit->product == NULL && hit->category == NULL)
		hit->page = cms_find_page(&demo->cms, path, store);
	if (hit->product != NULL)
		hit->kind = URL_PRODUCT;
	else if (hit->category != NULL)
		hit->kind = URL_CATEGORY;
	else if (hit->page != NULL)
		hit->kind = URL_PAGE;
	return hit->kind != URL_NONE;
}

static json_t *
find_redirect(const struct demo *demo, int store, const char *path)
{
	json_t *row;
	size_t i;

	json_array_foreach(demo->redirects.rows, i, row)
	{
		if (json_integer_value(json_object_get(row, "store_id")) == store &&
		    strcmp(json_string_value(json_object_get(row, "request_path")), path) == 0)
			return row;
	}
	return NULL;
}

static bool
is_about(const json_t *row, enum url_kind kind, int id)
{
	return strcmp(json_string_value(json_object_get(row, "entity_type")), kind_names[kind]) == 0 &&
	       json_integer_value(json_object_get(row, "entity_id")) == id;
}

/* Where a redirect leads in its store; false if its entity has no address there. */
static bool
put_target(const struct demo *demo, const json_t *row, char *path)
{
	const char *type = json_string_value(json_object_get(row, "entity_type"));
	int store = (int)json_integer_value(json_object_get(row, "store_id"));
	int id = (int)json_integer_value(json_object_get(row, "entity_id"));
	const struct product *product = NULL;
	const struct category *category = NULL;

	if (strcmp(type, kind_names[URL_NONE]) == 0) {
		snprintf(path, URLS_PATH_MAX, "%s", json_string_value(json_object_get(row, "target_path")));
		return true;
	}
	if (strcmp(type, kind_names[URL_PRODUCT]) == 0)
		product = catalog_find_id(demo->catalog, id);
	else
		category = categories_find(&demo->categories, id);
	put_address(path, product != NULL    ? find_product_key(product, store)
			  : category != NULL ? find_category_path(category, store)
					     : NULL);
	return path[0] != '\0';
}

bool
urls_find(struct demo *demo, int store, const char *path, struct url_hit *hit_r)
{
	char step[URLS_PATH_MAX];
	const json_t *row;

	*hit_r = (struct url_hit){.kind = URL_NONE};
	snprintf(hit_r->path, sizeof(hit_r->path), "%s", path);
	if (find_current(demo, store, path, hit_r))
		return true;
	row = find_redirect(demo, store, path);
	if (row == NULL || !put_target(demo, row, hit_r->path))
		return false;
	hit_r->redirect_type = (int)json_integer_value(json_object_get(row, "redirect_type"));
	memcpy(step, hit_r->path, sizeof(step));
	for (int hops = 0; hops < HOPS_MAX && !find_current(demo, store, step, hit_r); hops++) {
		row = find_redirect(demo, store, step);
		if (row == NULL || !put_target(demo, row, step))
			break;
	}
	return true;
}

bool
urls_is_taken(struct demo *demo, const char *path, int store)
{
	for (int i = 1; i < SCOPE_COUNT; i++) {
		struct url_hit hit;

		if ((store == SCOPE_ALL || store == i) && urls_find(demo, i, path, &hit) && hit.kind != URL_PAGE)
			return true;
	}
	return false;
}

bool
urls_product_key_is_taken(struct demo *demo, const char *url_key, const struct product *except)
{
	char path[URLS_PATH_MAX];

	put_address(path, url_key);
	for (int store = 1; store < SCOPE_COUNT; store++) {
		const json_t *row = find_redirect(demo, store, path);

		if (except != NULL && row != NULL && is_about(row, URL_PRODUCT, except->id))
			row = NULL;
		if (row != NULL || find_category(demo, store, url_key) != NULL ||
		    cms_find_page(&demo->cms, path, store) != NULL)
			return true;
	}
	return false;
}

static void
drop_redirect(struct demo *demo, int store, const char *path)
{
	const json_t *row = find_redirect(demo, store, path);

	if (row != NULL)
		table_remove(&demo->redirects, json_integer_value(json_object_get(row, "url_rewrite_id")));
}

static void
follow(struct demo *demo, enum url_kind kind, int id, const struct url_set *before, const struct url_set *after,
       bool keep)
{
	for (int store = 1; store < SCOPE_COUNT; store++) {
		const char *old = before->of[store], *new = after->of[store];

		if (strcmp(old, new) == 0 || new[0] == '\0')
			continue;
		drop_redirect(demo, store, new);
		if (keep && old[0] != '\0')
			table_add(&demo->redirects,
				  json_pack("{s:i, s:s, s:i, s:s, s:i, s:i}", "url_rewrite_id", 0, "entity_type",
					    kind_names[kind], "entity_id", id, "request_path", old, "redirect_type",
					    301, "store_id", store));
	}
}

void
urls_follow_product(struct demo *demo, const struct product *product, const struct url_set *before, bool keep)
{
	struct url_set after;

	urls_read_product(product, &after);
	follow(demo, URL_PRODUCT, product->id, before, &after, keep);
}

void
urls_follow_category(struct demo *demo, const struct category *category, const struct url_set *before, bool keep)
{
	struct url_set after;

	urls_read_category(category, &after);
	follow(demo, URL_CATEGORY, category->id, before, &after, keep);
}

void
urls_forget(struct demo *demo, enum url_kind kind, int id)
{
	for (size_t i = json_array_size(demo->redirects.rows); i > 0; i--) {
		if (is_about(json_array_get(demo->redirects.rows, i - 1), kind, id))
			json_array_remove(demo->redirects.rows, i - 1);
	}
}

void
urls_add_custom(struct demo *demo, int store, const char *from, const char *to, int type)
{
	drop_redirect(demo, store, from);
	table_add(&demo->redirects, json_pack("{s:i, s:s, s:i, s:s, s:s, s:i, s:i}", "url_rewrite_id", 0, "entity_type",
					      kind_names[URL_NONE], "entity_id", 0, "request_path", from, "target_path",
					      to, "redirect_type", type, "store_id", store));
}

static void
append_current(json_t *rows, enum url_kind kind, int id, int store, const char *path, json_t *target)
{
	if (path[0] != '\0')
		json_array_append_new(rows,
				      json_pack("{s:i, s:s, s:i, s:s, s:O, s:i, s:i}", "url_rewrite_id", 0,
						"entity_type", kind_names[kind], "entity_id", id, "request_path", path,
						"target_path", target, "redirect_type", 0, "store_id", store));
	json_decref(target);
}

/* The rows that are no redirects: they lead to where Magento's own controllers are. */
static void
append_all_current(const struct demo *demo, json_t *rows, int store)
{
	char path[URLS_PATH_MAX];

	for (size_t i = 0; i < demo->catalog->count; i++) {
		const struct product *product = demo->catalog->rows[i];

		put_address(path, find_product_key(product, store));
		append_current(rows, URL_PRODUCT, product->id, store, path,
			       json_sprintf("catalog/product/view/id/%d", product->id));
	}
	for (size_t i = 0; i < demo->categories.count; i++) {
		const struct category *category = &demo->categories.rows[i];

		put_address(path, find_category_path(category, store));
		append_current(rows, URL_CATEGORY, category->id, store, path,
			       json_sprintf("catalog/category/view/id/%d", category->id));
	}
}

json_t *
urls_render_table(struct demo *demo)
{
	json_t *rows = json_array(), *row;
	char path[URLS_PATH_MAX];
	size_t i;

	for (int store = 1; store < SCOPE_COUNT; store++)
		append_all_current(demo, rows, store);
	json_array_foreach(rows, i, row)
	    json_object_set_new(row, "url_rewrite_id", json_integer(1000000 + (json_int_t)i));
	json_array_foreach(demo->redirects.rows, i, row)
	{
		json_t *copy = json_copy(row);

		if (put_target(demo, row, path))
			json_object_set_new(copy, "target_path", json_string(path));
		json_array_append_new(rows, copy);
	}
	return rows;
}
