/*
 * Routes no stock Magento has, but modules add: the list of rewrites and the state of the indexers. They exist once a
 * test switches them on.
 */

#include "demo.h"
#include "routes.h"
#include "table.h"
#include "urls.h"

static const struct column rewrite_columns[] = {
    {"url_rewrite_id", "url_rewrite_id"},
    {"entity_type", "entity_type"},
    {"entity_id", "entity_id"},
    {"request_path", "request_path"},
    {"target_path", "target_path"},
    {"redirect_type", "redirect_type"},
    {"store_id", "store_id"},
    {NULL, NULL},
};

void
routes_optional_rewrites(struct request *req, struct reply *reply)
{
	json_t *rows = urls_render_table(req->demo);

	table_answer(req, reply, rows, rewrite_columns, NULL);
	json_decref(rows);
}

void
routes_optional_indexers(struct request *req, struct reply *reply)
{
	static const struct {
		const char *id, *title, *status, *mode;
	} indexers[] = {
	    {"design_config_grid", "Design Config Grid", "valid", "Update on Save"},
	    {"customer_grid", "Customer Grid", "valid", "Update on Save"},
	    {"catalog_category_product", "Category Products", "valid", "Update by Schedule"},
	    {"catalog_product_category", "Product Categories", "valid", "Update by Schedule"},
	    {"catalog_product_price", "Product Price", "invalid", "Update by Schedule"},
	    {"catalog_product_attribute", "Product EAV", "valid", "Update by Schedule"},
	    {"cataloginventory_stock", "Stock", "working", "Update by Schedule"},
	    {"inventory", "Inventory", "valid", "Update by Schedule"},
	    {"catalogsearch_fulltext", "Catalog Search", "valid", "Update by Schedule"},
	};
	json_t *list = json_array();

	(void)req;
	for (size_t i = 0; i < sizeof(indexers) / sizeof(indexers[0]); i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "indexer_id", indexers[i].id,
						      "title", indexers[i].title, "status", indexers[i].status, "mode",
						      indexers[i].mode, "updated", "2026-11-22 08:19:30"));
	reply_set_json(reply, 200, list);
}
