/* The routes of the web API: method, path, permission, handler. */

#include "routes.h"

#include "demo.h"

#include <stddef.h>
#include <string.h>

/* The resource of a route that needs no login. */
#define ANONYMOUS NULL

#define ATTRIBUTES "Magento_Catalog::attributes_attributes"
#define BLOCK "Magento_Cms::block"
#define CATALOG "Magento_Catalog::catalog"
#define CATEGORIES "Magento_Catalog::categories"
#define GROUP "Magento_Customer::group"
#define LEGACY_STOCK "Magento_Catalog::catalog_inventory"
#define PAGE "Magento_Cms::page"
#define PRODUCTS "Magento_Catalog::products"
#define RULES "Magento_SalesRule::quote"
#define SALABLE "Magento_InventorySalesApi::stock"
#define SOURCE "Magento_InventoryApi::source"
#define SOURCE_ITEM "Magento_InventoryApi::stock_source_item_assign"
#define STOCK "Magento_InventoryApi::stock"
#define STOCK_LINK "Magento_InventoryApi::stock_source_link"
#define STORE "Magento_Backend::store"
#define TAX "Magento_Tax::manage_tax"

/* Routes of multi source inventory, which a shop may do without. */
#define MSI offsetof(struct settings, msi)

/* clang-format off */
static const struct route routes[] = {
    /* Literal segments stand before parameters: the first match wins. */
    {"GET", "V1/products", PRODUCTS, routes_products_list, 0},
    {"GET", "V1/products/types", PRODUCTS, routes_products_types, 0},
    {"GET", "V1/products/attributes", ATTRIBUTES, routes_catalog_attributes, 0},
    {"GET", "V1/products/attributes/:code", ATTRIBUTES, routes_catalog_attribute, 0},
    {"GET", "V1/products/attributes/:code/options", ATTRIBUTES, routes_catalog_attribute_options, 0},
    {"GET", "V1/products/attribute-sets/sets/list", "Magento_Catalog::sets", routes_catalog_sets, 0},
    {"GET", "V1/products/:sku", PRODUCTS, routes_products_get, 0},
    {"GET", "V1/products/:sku/media", CATALOG, routes_media_list, 0},
    {"GET", "V1/products/:sku/media/:id", ATTRIBUTES, routes_media_get, 0},
    {"GET", "V1/products/:sku/links/:type", CATALOG, routes_products_links, 0},
    {"POST", "V1/products", PRODUCTS, routes_products_post, 0},
    {"PUT", "V1/products/tier-prices", CATALOG, routes_tiers_replace, 0},
    {"PUT", "V1/products/:sku", PRODUCTS, routes_products_put, 0},
    {"PUT", "V1/products/:sku/stockItems/:id", LEGACY_STOCK, routes_products_put_stock, 0},
    {"DELETE", "V1/products/:sku", PRODUCTS, routes_products_delete, 0},
    {"POST", "V1/products/base-prices", CATALOG, routes_prices_base, 0},
    {"POST", "V1/products/base-prices-information", CATALOG, routes_prices_base_information, 0},
    {"POST", "V1/products/special-price", CATALOG, routes_prices_special, 0},
    {"POST", "V1/products/special-price-information", CATALOG, routes_prices_special_information, 0},
    {"POST", "V1/products/special-price-delete", CATALOG, routes_prices_special_delete, 0},
    {"POST", "V1/products/tier-prices", CATALOG, routes_tiers_add, 0},
    {"POST", "V1/products/tier-prices-information", CATALOG, routes_tiers_information, 0},
    {"POST", "V1/products/tier-prices-delete", CATALOG, routes_tiers_delete, 0},
    {"POST", "V1/products/cost", CATALOG, routes_tiers_cost, 0},
    {"POST", "V1/products/cost-information", CATALOG, routes_tiers_cost_information, 0},
    {"POST", "V1/products/cost-delete", CATALOG, routes_tiers_cost_delete, 0},
    {"POST", "V1/products/:sku/media", CATALOG, routes_media_post, 0},
    {"DELETE", "V1/products/:sku/media/:id", CATALOG, routes_media_delete, 0},
    {"POST", "V1/products/:sku/websites", PRODUCTS, routes_media_add_website, 0},
    {"DELETE", "V1/products/:sku/websites/:id", PRODUCTS, routes_media_drop_website, 0},
    {"GET", "V1/configurable-products/:sku/children", PRODUCTS, routes_products_children, 0},
    {"GET", "V1/stockItems/lowStock", LEGACY_STOCK, routes_salable_low_stock, 0},
    {"GET", "V1/stockItems/:sku", LEGACY_STOCK, routes_products_stock_item, 0},
    {"GET", "V1/stockStatuses/:sku", LEGACY_STOCK, routes_products_stock_status, 0},
    {"GET", "V1/categories", CATEGORIES, routes_categories_tree, 0},
    {"GET", "V1/categories/list", CATEGORIES, routes_categories_list, 0},
    {"GET", "V1/categories/:id", CATEGORIES, routes_categories_get, 0},
    {"GET", "V1/categories/:id/products", CATEGORIES, routes_categories_products, 0},
    {"POST", "V1/categories", CATEGORIES, routes_categories_post, 0},
    {"PUT", "V1/categories/:id", CATEGORIES, routes_categories_put, 0},
    {"DELETE", "V1/categories/:id", CATEGORIES, routes_categories_delete, 0},
    {"PUT", "V1/categories/:id/move", CATEGORIES, routes_categories_move, 0},
    {"POST", "V1/categories/:id/products", CATEGORIES, routes_categories_save_product, 0},
    {"PUT", "V1/categories/:id/products", CATEGORIES, routes_categories_save_product, 0},
    {"DELETE", "V1/categories/:id/products/:sku", CATEGORIES, routes_categories_delete_product, 0},
    {"GET", "V1/store/storeConfigs", STORE, routes_store_configs, 0},
    {"GET", "V1/store/websites", STORE, routes_store_websites, 0},
    {"GET", "V1/store/storeGroups", STORE, routes_store_groups, 0},
    {"GET", "V1/store/storeViews", STORE, routes_store_views, 0},
    {"GET", "V1/modules", "Magento_Backend::admin", routes_store_modules, 0},
    {"GET", "V1/directory/countries/:id", ANONYMOUS, routes_store_countries, 0},
    {"GET", "V1/directory/currency", ANONYMOUS, routes_store_currency, 0},
    {"GET", "V1/analytics/link", "Magento_Analytics::analytics_api", routes_store_nothing_ready, 0},
    {"POST", "V1/integration/admin/token", ANONYMOUS, routes_login_admin, 0},
    {"POST", "V1/tfa/provider/google/authenticate", ANONYMOUS, routes_login_google, 0},
    {"GET", "V1/tfa/installed-providers", "Magento_TwoFactorAuth::tfa", routes_login_providers, 0},
    {"POST", "V1/integration/customer/revoke-customer-token", ANONYMOUS, routes_login_customer_only, 0},
    {"GET", "V1/customers/me", ANONYMOUS, routes_login_customer_only, 0},
    {"GET", "V1/carts/mine", ANONYMOUS, routes_login_customer_only, 0},
    {"GET", "V1/salesRules/search", RULES, routes_rules_search, 0},
    {"GET", "V1/salesRules/:id", RULES, routes_rules_get, 0},
    {"POST", "V1/salesRules", RULES, routes_rules_post, 0},
    {"PUT", "V1/salesRules/:id", RULES, routes_rules_put, 0},
    {"DELETE", "V1/salesRules/:id", RULES, routes_rules_delete, 0},
    {"GET", "V1/coupons/search", RULES, routes_coupons_search, 0},
    {"GET", "V1/coupons/:id", RULES, routes_coupons_get, 0},
    {"POST", "V1/coupons", RULES, routes_coupons_post, 0},
    {"POST", "V1/coupons/generate", RULES, routes_coupons_generate, 0},
    {"POST", "V1/coupons/deleteByIds", RULES, routes_coupons_delete_ids, 0},
    {"POST", "V1/coupons/deleteByCodes", RULES, routes_coupons_delete_codes, 0},
    {"PUT", "V1/coupons/:id", RULES, routes_coupons_put, 0},
    {"DELETE", "V1/coupons/:id", RULES, routes_coupons_delete, 0},
    {"GET", "V1/cmsPage/search", PAGE, routes_cms_pages, 0},
    {"GET", "V1/cmsPage/:id", PAGE, routes_cms_get_page, 0},
    {"POST", "V1/cmsPage", "Magento_Cms::save", routes_cms_post_page, 0},
    {"PUT", "V1/cmsPage/:id", "Magento_Cms::save", routes_cms_put_page, 0},
    {"DELETE", "V1/cmsPage/:id", "Magento_Cms::page_delete", routes_cms_delete_page, 0},
    {"GET", "V1/cmsBlock/search", BLOCK, routes_cms_blocks, 0},
    {"GET", "V1/cmsBlock/:id", BLOCK, routes_cms_get_block, 0},
    {"POST", "V1/cmsBlock", BLOCK, routes_cms_post_block, 0},
    {"PUT", "V1/cmsBlock/:id", BLOCK, routes_cms_put_block, 0},
    {"DELETE", "V1/cmsBlock/:id", BLOCK, routes_cms_delete_block, 0},
    {"GET", "V1/inventory/stock-resolver/:type/:code", SALABLE, routes_salable_resolve, MSI},
    {"GET", "V1/inventory/get-product-salable-quantity/:sku/:stock", SALABLE, routes_salable_quantity, MSI},
    {"GET", "V1/inventory/is-product-salable/:sku/:stock", SALABLE, routes_salable_is, MSI},
    {"GET", "V1/inventory/are-products-salable", SALABLE, routes_salable_are, MSI},
    {"GET", "V1/inventory/is-product-salable-for-requested-qty/:sku/:stock/:qty", SALABLE, routes_salable_requested,
     MSI},
    {"GET", "V1/inventory/are-product-salable-for-requested-qty", SALABLE, routes_salable_all_requested, MSI},
    {"GET", "V1/inventory/get-sources-assigned-to-stock-ordered-by-priority/:id", SOURCE, routes_salable_sources, MSI},
    {"GET", "V1/inventory/source-selection-algorithm-list",
     "Magento_InventorySourceSelectionApi::source_selection_algorithm", routes_salable_algorithms, MSI},
    {"GET", "V1/inventory/low-quantity-notification/:source/:sku",
     "Magento_InventoryLowQuantityNotificationApi::low_quantity_notification", routes_salable_low_quantity, MSI},
    {"GET", "V1/inventory/sources", SOURCE, routes_inventory_sources, MSI},
    {"GET", "V1/inventory/sources/:code", SOURCE, routes_inventory_source, MSI},
    {"POST", "V1/inventory/sources", "Magento_InventoryApi::source_edit", routes_inventory_save_source, MSI},
    {"PUT", "V1/inventory/sources/:code", "Magento_InventoryApi::source_edit", routes_inventory_save_source, MSI},
    {"GET", "V1/inventory/stocks", STOCK, routes_inventory_stocks, MSI},
    {"GET", "V1/inventory/stocks/:id", STOCK, routes_inventory_stock, MSI},
    {"POST", "V1/inventory/stocks", "Magento_InventoryApi::stock_edit", routes_inventory_save_stock, MSI},
    {"PUT", "V1/inventory/stocks/:id", "Magento_InventoryApi::stock_edit", routes_inventory_save_stock, MSI},
    {"DELETE", "V1/inventory/stocks/:id", "Magento_InventoryApi::stock_delete", routes_inventory_delete_stock, MSI},
    {"GET", "V1/inventory/stock-source-links", STOCK_LINK, routes_inventory_links, MSI},
    {"POST", "V1/inventory/stock-source-links", STOCK_LINK, routes_inventory_post_links, MSI},
    {"GET", "V1/inventory/source-items", SOURCE, routes_inventory_items, MSI},
    {"POST", "V1/inventory/source-items", SOURCE_ITEM, routes_inventory_save_items, MSI},
    {"POST", "V1/inventory/source-items-delete", SOURCE_ITEM, routes_inventory_delete_items, MSI},
    {"POST", "V1/inventory/bulk-product-source-assign", PRODUCTS, routes_inventory_assign, MSI},
    {"POST", "V1/inventory/bulk-product-source-unassign", PRODUCTS, routes_inventory_unassign, MSI},
    {"GET", "V1/orders", "Magento_Sales::actions_view", routes_empty_list, 0},
    {"GET", "V1/orders/:id", "Magento_Sales::actions_view", routes_empty_sales_entity, 0},
    {"GET", "V1/customers/search", "Magento_Customer::customer", routes_empty_list, 0},
    {"GET", "V1/carts/search", "Magento_Cart::manage", routes_empty_list, 0},
    {"GET", "V1/customerGroups/search", GROUP, routes_empty_groups, 0},
    {"GET", "V1/customerGroups/:id", GROUP, routes_empty_group, 0},
    {"GET", "V1/taxClasses/search", TAX, routes_empty_tax_classes, 0},
    {"GET", "V1/taxRules/search", TAX, routes_empty_list, 0},
    {"GET", "V1/url-rewrite", "Magento_UrlRewrite::urlrewrite", routes_optional_rewrites,
     offsetof(struct settings, url_rewrite_route)},
    {"GET", "V1/indexer/status", "Magento_Indexer::index", routes_optional_indexers,
     offsetof(struct settings, indexer_route)},
};
/* clang-format on */

static bool
route_matches(const struct route *route, struct request *req)
{
	const char *path = route->path;
	size_t args = 0;

	for (size_t i = 0; i < req->segment_count; i++) {
		size_t len = strcspn(path, "/");

		if (len == 0)
			return false;
		if (*path == ':')
			req->args[args++] = req->segments[i];
		else if (strncmp(path, req->segments[i], len) != 0 || req->segments[i][len] != '\0')
			return false;
		path += len;
		path += *path == '/';
	}
	return *path == '\0';
}

static bool
exists(const struct route *route, const struct settings *settings)
{
	return route->setting == 0 || ((const unsigned char *)settings)[route->setting] != 0;
}

const struct route *
routes_find(struct request *req)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (strcmp(routes[i].method, req->method) == 0 && route_matches(&routes[i], req) &&
		    exists(&routes[i], &req->demo->settings))
			return &routes[i];
	}
	return NULL;
}
