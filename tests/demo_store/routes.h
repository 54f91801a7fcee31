/* The handlers, by the file they stand in. Each reads the request and fills in the reply. */
#ifndef DEMO_ROUTES_H
#define DEMO_ROUTES_H

#include "request.h"

typedef void route_handler(struct request *req, struct reply *reply);

/* routes_store.c */
route_handler routes_store_configs;
route_handler routes_store_websites;
route_handler routes_store_groups;
route_handler routes_store_views;
route_handler routes_store_modules;
route_handler routes_store_countries;
route_handler routes_store_currency;
route_handler routes_store_nothing_ready;

/* routes_login.c */
route_handler routes_login_admin;
route_handler routes_login_google;
route_handler routes_login_providers;
route_handler routes_login_customer_only;

/* routes_products.c */
route_handler routes_products_list;
route_handler routes_products_get;
route_handler routes_products_types;
route_handler routes_products_links;
route_handler routes_products_stock_item;
route_handler routes_products_stock_status;
route_handler routes_products_children;
route_handler routes_products_delete;
route_handler routes_products_post;
route_handler routes_products_put;
route_handler routes_products_put_stock;

/* routes_media.c: galleries and websites of products */
route_handler routes_media_list;
route_handler routes_media_get;
route_handler routes_media_post;
route_handler routes_media_delete;
route_handler routes_media_add_website;
route_handler routes_media_drop_website;

/* routes_prices.c */
route_handler routes_prices_base;
route_handler routes_prices_base_information;
route_handler routes_prices_special;
route_handler routes_prices_special_information;
route_handler routes_prices_special_delete;

/* routes_tiers.c: tier prices and cost */
route_handler routes_tiers_add;
route_handler routes_tiers_replace;
route_handler routes_tiers_delete;
route_handler routes_tiers_information;
route_handler routes_tiers_cost;
route_handler routes_tiers_cost_information;
route_handler routes_tiers_cost_delete;

/* routes_catalog.c */
route_handler routes_catalog_attributes;
route_handler routes_catalog_attribute;
route_handler routes_catalog_attribute_options;
route_handler routes_catalog_sets;

/* routes_categories.c */
route_handler routes_categories_tree;
route_handler routes_categories_list;
route_handler routes_categories_get;
route_handler routes_categories_products;

/* routes_category_write.c */
route_handler routes_categories_post;
route_handler routes_categories_put;
route_handler routes_categories_delete;
route_handler routes_categories_move;
route_handler routes_categories_save_product;
route_handler routes_categories_delete_product;

/* routes_rules.c */
route_handler routes_rules_search;
route_handler routes_rules_get;
route_handler routes_rules_post;
route_handler routes_rules_put;
route_handler routes_rules_delete;

/* routes_coupons.c */
route_handler routes_coupons_search;
route_handler routes_coupons_get;
route_handler routes_coupons_post;
route_handler routes_coupons_put;
route_handler routes_coupons_delete;
route_handler routes_coupons_delete_ids;
route_handler routes_coupons_delete_codes;
route_handler routes_coupons_generate;

/* routes_cms.c */
route_handler routes_cms_pages;
route_handler routes_cms_get_page;
route_handler routes_cms_post_page;
route_handler routes_cms_put_page;
route_handler routes_cms_delete_page;
route_handler routes_cms_blocks;
route_handler routes_cms_get_block;
route_handler routes_cms_post_block;
route_handler routes_cms_put_block;
route_handler routes_cms_delete_block;

/* routes_inventory.c */
route_handler routes_inventory_sources;
route_handler routes_inventory_source;
route_handler routes_inventory_save_source;
route_handler routes_inventory_stocks;
route_handler routes_inventory_stock;
route_handler routes_inventory_save_stock;
route_handler routes_inventory_delete_stock;
route_handler routes_inventory_links;
route_handler routes_inventory_post_links;
route_handler routes_inventory_items;
route_handler routes_inventory_save_items;
route_handler routes_inventory_delete_items;
route_handler routes_inventory_assign;
route_handler routes_inventory_unassign;

/* routes_salable.c */
route_handler routes_salable_resolve;
route_handler routes_salable_sources;
route_handler routes_salable_quantity;
route_handler routes_salable_is;
route_handler routes_salable_are;
route_handler routes_salable_requested;
route_handler routes_salable_all_requested;
route_handler routes_salable_algorithms;
route_handler routes_salable_low_quantity;
route_handler routes_salable_low_stock;

/* routes_empty.c: lists the demo shop has next to nothing in */
route_handler routes_empty_list;
route_handler routes_empty_groups;
route_handler routes_empty_group;
route_handler routes_empty_tax_classes;
route_handler routes_empty_sales_entity;

/* routes_optional.c: what modules add */
route_handler routes_optional_rewrites;
route_handler routes_optional_indexers;

/* Everything outside /rest. */
route_handler routes_graphql_answer;
route_handler routes_storefront_answer;
route_handler routes_control_answer;

/* The category of an id in text; NULL and an error if there is none. (routes_categories.c) */
struct category;
struct category *routes_categories_find(const struct request *req, const char *text, struct reply *reply);

/* A route of the web API. (routes.c) */
struct route {
	const char *method;
	const char *path;     /* below /rest/…; ":name" takes one segment */
	const char *resource; /* what the caller must hold, NULL for nobody in particular */
	route_handler *handler;
	size_t setting; /* offset of the switch in struct settings it exists by, 0 if it always does */
};

/* The route of a request whose path is cut into segments, with its arguments filled in; NULL if there is none. */
const struct route *routes_find(struct request *req);

#endif
