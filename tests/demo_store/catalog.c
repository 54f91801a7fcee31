#include "catalog.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>

struct catalog *
catalog_new(void)
{
	struct catalog *catalog = calloc(1, sizeof(*catalog));

	if (catalog == NULL)
		return NULL;
	catalog->by_sku = json_object();
	catalog->next_id = 1;
	if (catalog->by_sku == NULL)
		catalog_free(&catalog);
	return catalog;
}

static void
product_drop_kept(struct product *product)
{
	json_decref(product->source_item);
	product->source_item = NULL;
	for (int i = 0; i < SCOPE_COUNT; i++) {
		json_decref(product->item[i]);
		free(product->body[i]);
		product->item[i] = NULL;
		product->body[i] = NULL;
	}
}

static void
product_free(struct product *product)
{
	if (product == NULL)
		return;
	product_drop_kept(product);
	for (int i = 0; i < ATTR_COUNT; i++)
		scoped_fini(&product->values[i]);
	json_decref(product->website_ids);
	json_decref(product->links);
	json_decref(product->children);
	json_decref(product->configurable_options);
	json_decref(product->media);
	json_decref(product->tiers);
	free(product->sku_key);
	free(product);
}

void
catalog_free(struct catalog **catalog)
{
	if (*catalog == NULL)
		return;
	for (size_t i = 0; i < (*catalog)->count; i++)
		product_free((*catalog)->rows[i]);
	free((*catalog)->rows);
	json_decref((*catalog)->by_sku);
	free(*catalog);
	*catalog = NULL;
}

size_t
catalog_find_place(const struct catalog *catalog, int id)
{
	size_t low = 0, high = catalog->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (catalog->rows[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct product *
catalog_find_id(const struct catalog *catalog, int id)
{
	size_t place = catalog_find_place(catalog, id);

	return place < catalog->count && catalog->rows[place]->id == id ? catalog->rows[place] : NULL;
}

struct product *
catalog_find(const struct catalog *catalog, const char *sku)
{
	char *key = text_fold(sku);
	json_t *id = key != NULL ? json_object_get(catalog->by_sku, key) : NULL;

	free(key);
	return id != NULL ? catalog_find_id(catalog, (int)json_integer_value(id)) : NULL;
}

static int
insert_row(struct catalog *catalog, struct product *product)
{
	size_t place = catalog_find_place(catalog, product->id);

	if (catalog->count == catalog->capacity) {
		size_t capacity = catalog->capacity > 0 ? catalog->capacity * 2 : 64;
		struct product **rows = realloc(catalog->rows, capacity * sizeof(struct product *));

		if (rows == NULL)
			return -1;
		catalog->rows = rows;
		catalog->capacity = capacity;
	}
	memmove(&catalog->rows[place + 1], &catalog->rows[place], (catalog->count - place) * sizeof(struct product *));
	catalog->rows[place] = product;
	catalog->count++;
	return 0;
}

struct product *
catalog_add(struct catalog *catalog, int id, const char *sku, const char *type, const char *time)
{
	struct product *product = calloc(1, sizeof(*product));

	if (product == NULL)
		return NULL;
	product->id = id;
	product->sku_key = text_fold(sku);
	product->website_ids = json_array();
	product->links = json_array();
	product->media = json_array();
	product->tiers = json_array();
	product->has_item = true;
	if (product->sku_key == NULL || insert_row(catalog, product) < 0) {
		product_free(product);
		return NULL;
	}
	json_object_set_new(catalog->by_sku, product->sku_key, json_integer(id));
	product_set(product, ATTR_ID, SCOPE_ALL, json_integer(id));
	product_set_sku(product, sku);
	product_set(product, ATTR_TYPE, SCOPE_ALL, json_string(type));
	product_set(product, ATTR_CREATED, SCOPE_ALL, json_string(time));
	product_set(product, ATTR_UPDATED, SCOPE_ALL, json_string(time));
	if (id >= catalog->next_id)
		catalog->next_id = id + 1;
	catalog->generation++;
	return product;
}

void
catalog_remove(struct catalog *catalog, struct product *product)
{
	size_t place = catalog_find_place(catalog, product->id);

	for (size_t i = 0; i < catalog->count; i++) {
		json_t *children = catalog->rows[i]->children;

		for (size_t c = json_array_size(children); c > 0; c--) {
			if (json_integer_value(json_array_get(children, c - 1)) == product->id) {
				json_array_remove(children, c - 1);
				product_drop_kept(catalog->rows[i]);
			}
		}
	}
	json_object_del(catalog->by_sku, product->sku_key);
	catalog->count--;
	memmove(&catalog->rows[place], &catalog->rows[place + 1], (catalog->count - place) * sizeof(struct product *));
	product_free(product);
	catalog->generation++;
}

void
product_set_sku(struct product *product, const char *sku)
{
	size_t len = strlen(sku);

	while (len > 0 && sku[len - 1] == ' ')
		len--;
	product_set(product, ATTR_SKU, SCOPE_ALL, json_stringn(sku, len));
}

void
product_set(struct product *product, int attribute, int store, json_t *value)
{
	scoped_set(&product->values[attribute], attribute_reach(attribute), store, value);
}

json_t *
product_get(const struct product *product, int attribute, int store)
{
	return scoped_get(&product->values[attribute], store);
}

bool
product_has_type(const struct product *product, const char *type)
{
	return strcmp(json_string_value(product_get(product, ATTR_TYPE, SCOPE_ALL)), type) == 0;
}

void
product_set_links(struct product *product, json_t *links)
{
	json_t *ids = json_array(), *link;
	size_t i;

	json_array_foreach(links, i, link) json_array_append(ids, json_object_get(link, "category_id"));
	product_set(product, ATTR_CATEGORY_IDS, SCOPE_ALL, ids);
	json_decref(product->links);
	product->links = links;
}

void
catalog_touch(struct catalog *catalog, struct product *product)
{
	product_drop_kept(product);
	catalog->generation++;
}

bool
catalog_has_url_key(const struct catalog *catalog, const char *url_key, const struct product *except)
{
	for (size_t i = 0; i < catalog->count; i++) {
		const struct scoped *keys = &catalog->rows[i]->values[ATTR_URL_KEY];

		for (int store = 0; catalog->rows[i] != except && store < SCOPE_COUNT; store++) {
			if (keys->of[store] != NULL && strcmp(json_string_value(keys->of[store]), url_key) == 0)
				return true;
		}
	}
	return false;
}
