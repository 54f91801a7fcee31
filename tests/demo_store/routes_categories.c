/* Reading categories: tree, list, single ones, their products. */

#include "criteria.h"
#include "demo.h"
#include "entity.h"
#include "errors.h"
#include "projection.h"
#include "routes.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

static int
find_field(const struct criteria_source *source, const char *name)
{
	(void)source;
	return categories_find_field(name);
}

static json_t *
get_category_value(const struct criteria_source *source, size_t row, int field)
{
	const struct categories *categories = source->rows;

	return scoped_get(&categories->rows[row].values[field], source->store);
}

static json_t *
render_category_row(const struct criteria_source *source, size_t row)
{
	const struct categories *categories = source->rows;

	return category_render(&categories->rows[row], source->store);
}

void
routes_categories_list(struct request *req, struct reply *reply)
{
	const struct criteria_source source = {.rows = &req->demo->categories,
					       .count = req->demo->categories.count,
					       .store = req->store,
					       .field = find_field,
					       .value = get_category_value,
					       .render = render_category_row};

	criteria_answer(req, reply, &source);
}

struct category *
routes_categories_find(const struct request *req, const char *text, struct reply *reply)
{
	struct category *category;
	json_int_t id;

	if (entity_read_id(text, &id, reply) < 0)
		return NULL;
	category = categories_find(&req->demo->categories, id);
	if (category == NULL)
		error_set_no_entity(reply, "id", id);
	return category;
}

void
routes_categories_tree(struct request *req, struct reply *reply)
{
	const char *root_text = request_find_query(req, "rootCategoryId"),
		   *depth_text = request_find_query(req, "depth");
	const struct category *root = routes_categories_find(req, root_text != NULL ? root_text : "2", reply);
	long long depth = -1;

	if (root == NULL)
		return;
	if (depth_text != NULL && (!text_parse_integer(depth_text, &depth) || depth < 0))
		depth = -1;
	reply_set_json(reply, 200,
		       projection_apply_query(req, categories_render_tree(&req->demo->categories, req->demo->catalog,
									  root, req->store, (int)depth)));
}

void
routes_categories_get(struct request *req, struct reply *reply)
{
	const struct category *category = routes_categories_find(req, req->args[0], reply);

	if (category != NULL)
		reply_set_json(reply, 200, projection_apply_query(req, category_render(category, req->store)));
}

/* The link of a product to a category itself or, if that is an anchor, to one below it; NULL if there is none. */
static json_t *
find_link(const struct categories *categories, const struct product *product, const struct category *category)
{
	bool anchor = category->values[CAT_ANCHOR].of[SCOPE_ALL] != NULL;
	json_t *link, *found = NULL;
	size_t i;

	json_array_foreach(product->links, i, link)
	{
		int id = atoi(json_string_value(json_object_get(link, "category_id")));
		const struct category *own = categories_find(categories, id);

		if (id == category->id)
			return link;
		if (own != NULL && anchor && category_is_within(own, category))
			found = link;
	}
	return found;
}

void
routes_categories_products(struct request *req, struct reply *reply)
{
	const struct category *category = routes_categories_find(req, req->args[0], reply);
	const struct catalog *catalog = req->demo->catalog;
	json_t *list;

	if (category == NULL)
		return;
	list = json_array();
	for (size_t i = 0; i < catalog->count; i++) {
		const struct product *product = catalog->rows[i];
		const json_t *link = find_link(&req->demo->categories, product, category);

		if (link != NULL)
			json_array_append_new(list, json_pack("{s:O, s:O, s:o}", "sku",
							      product_get(product, ATTR_SKU, SCOPE_ALL), "position",
							      json_object_get(link, "position"), "category_id",
							      json_sprintf("%d", category->id)));
	}
	reply_set_json(reply, 200, projection_apply_query(req, list));
}
