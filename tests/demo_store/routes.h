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
route_handler routes_products_media;
route_handler routes_products_links;
route_handler routes_products_stock_item;
route_handler routes_products_stock_status;
route_handler routes_products_children;
route_handler routes_products_delete;
route_handler routes_products_post;
route_handler routes_products_put;
route_handler routes_products_put_stock;

/* routes_prices.c */
route_handler routes_prices_base;
route_handler routes_prices_base_information;
route_handler routes_prices_special;
route_handler routes_prices_special_information;
route_handler routes_prices_special_delete;

/* routes_catalog.c */
route_handler routes_catalog_attributes;
route_handler routes_catalog_attribute;
route_handler routes_catalog_attribute_options;
route_handler routes_catalog_sets;
route_handler routes_catalog_tree;
route_handler routes_catalog_categories;
route_handler routes_catalog_category;
route_handler routes_catalog_category_products;
route_handler routes_catalog_put_category;

/* routes_empty.c: lists and entities the demo shop has none of */
route_handler routes_empty_list;
route_handler routes_empty_groups;
route_handler routes_empty_tax_classes;
route_handler routes_empty_entity;
route_handler routes_empty_page;
route_handler routes_empty_sales_entity;

/* routes_control.c: /_demo */
route_handler routes_control_answer;

#endif
