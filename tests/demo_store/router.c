#include "router.h"

#include "acl.h"
#include "demo.h"
#include "errors.h"
#include "routes.h"
#include "scope.h"
#include "text.h"
#include "xml.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The resource of a route that needs no login. */
#define ANONYMOUS NULL

enum {
	URI_MAX = 8000 /* nginx's buffer for a request line, about */
};

static const struct route {
	const char *method;
	const char *path; /* below /rest/…; ":name" takes one segment */
	const char *resource;
	route_handler *handler;
} routes[] = {
    /* Literal segments stand before parameters: the first match wins. */
    {"GET", "V1/products", "Magento_Catalog::products", routes_products_list},
    {"GET", "V1/products/types", "Magento_Catalog::products", routes_products_types},
    {"GET", "V1/products/attributes", "Magento_Catalog::attributes_attributes", routes_catalog_attributes},
    {"GET", "V1/products/attributes/:code", "Magento_Catalog::attributes_attributes", routes_catalog_attribute},
    {"GET", "V1/products/attributes/:code/options", "Magento_Catalog::attributes_attributes",
     routes_catalog_attribute_options},
    {"GET", "V1/products/attribute-sets/sets/list", "Magento_Catalog::sets", routes_catalog_sets},
    {"GET", "V1/products/:sku", "Magento_Catalog::products", routes_products_get},
    {"GET", "V1/products/:sku/media", "Magento_Catalog::catalog", routes_products_media},
    {"GET", "V1/products/:sku/links/:type", "Magento_Catalog::catalog", routes_products_links},
    {"POST", "V1/products", "Magento_Catalog::products", routes_products_post},
    {"PUT", "V1/products/:sku", "Magento_Catalog::products", routes_products_put},
    {"PUT", "V1/products/:sku/stockItems/:id", "Magento_Catalog::catalog_inventory", routes_products_put_stock},
    {"DELETE", "V1/products/:sku", "Magento_Catalog::products", routes_products_delete},
    {"POST", "V1/products/base-prices", "Magento_Catalog::catalog", routes_prices_base},
    {"POST", "V1/products/base-prices-information", "Magento_Catalog::catalog", routes_prices_base_information},
    {"POST", "V1/products/special-price", "Magento_Catalog::catalog", routes_prices_special},
    {"POST", "V1/products/special-price-information", "Magento_Catalog::catalog", routes_prices_special_information},
    {"POST", "V1/products/special-price-delete", "Magento_Catalog::catalog", routes_prices_special_delete},
    {"GET", "V1/configurable-products/:sku/children", "Magento_Catalog::products", routes_products_children},
    {"GET", "V1/stockItems/:sku", "Magento_Catalog::catalog_inventory", routes_products_stock_item},
    {"GET", "V1/stockStatuses/:sku", "Magento_Catalog::catalog_inventory", routes_products_stock_status},
    {"GET", "V1/categories", "Magento_Catalog::categories", routes_catalog_tree},
    {"GET", "V1/categories/list", "Magento_Catalog::categories", routes_catalog_categories},
    {"GET", "V1/categories/:id", "Magento_Catalog::categories", routes_catalog_category},
    {"GET", "V1/categories/:id/products", "Magento_Catalog::categories", routes_catalog_category_products},
    {"PUT", "V1/categories/:id", "Magento_Catalog::categories", routes_catalog_put_category},
    {"GET", "V1/store/storeConfigs", "Magento_Backend::store", routes_store_configs},
    {"GET", "V1/store/websites", "Magento_Backend::store", routes_store_websites},
    {"GET", "V1/store/storeGroups", "Magento_Backend::store", routes_store_groups},
    {"GET", "V1/store/storeViews", "Magento_Backend::store", routes_store_views},
    {"GET", "V1/modules", "Magento_Backend::admin", routes_store_modules},
    {"GET", "V1/directory/countries/:id", ANONYMOUS, routes_store_countries},
    {"GET", "V1/directory/currency", ANONYMOUS, routes_store_currency},
    {"GET", "V1/analytics/link", "Magento_Analytics::analytics_api", routes_store_nothing_ready},
    {"POST", "V1/integration/admin/token", ANONYMOUS, routes_login_admin},
    {"POST", "V1/tfa/provider/google/authenticate", ANONYMOUS, routes_login_google},
    {"GET", "V1/tfa/installed-providers", "Magento_TwoFactorAuth::tfa", routes_login_providers},
    {"POST", "V1/integration/customer/revoke-customer-token", ANONYMOUS, routes_login_customer_only},
    {"GET", "V1/customers/me", ANONYMOUS, routes_login_customer_only},
    {"GET", "V1/carts/mine", ANONYMOUS, routes_login_customer_only},
    {"GET", "V1/salesRules/search", "Magento_SalesRule::quote", routes_empty_list},
    {"GET", "V1/salesRules/:id", "Magento_SalesRule::quote", routes_empty_entity},
    {"GET", "V1/coupons/search", "Magento_SalesRule::quote", routes_empty_list},
    {"GET", "V1/cmsPage/search", "Magento_Cms::page", routes_empty_list},
    {"GET", "V1/cmsPage/:id", "Magento_Cms::page", routes_empty_page},
    {"PUT", "V1/cmsPage/:id", "Magento_Cms::save", routes_empty_page},
    {"GET", "V1/cmsBlock/search", "Magento_Cms::block", routes_empty_list},
    {"GET", "V1/orders", "Magento_Sales::actions_view", routes_empty_list},
    {"GET", "V1/orders/:id", "Magento_Sales::actions_view", routes_empty_sales_entity},
    {"GET", "V1/customers/search", "Magento_Customer::customer", routes_empty_list},
    {"GET", "V1/carts/search", "Magento_Cart::manage", routes_empty_list},
    {"GET", "V1/customerGroups/search", "Magento_Customer::group", routes_empty_groups},
    {"GET", "V1/taxClasses/search", "Magento_Tax::manage_tax", routes_empty_tax_classes},
    {"GET", "V1/taxRules/search", "Magento_Tax::manage_tax", routes_empty_list},
};

const char *
router_auth_name(const struct request *req)
{
	static const char *const names[] = {"none", "admin", "oauth", "bearer"};

	return names[req->caller];
}

/* Cuts the raw path below /rest into decoded segments; trailing slashes do not count. -1 if there are too many. */
static int
split_path(struct request *req, char *path)
{
	char *save = NULL;

	for (char *part = strtok_r(path, "/", &save); part != NULL; part = strtok_r(NULL, "/", &save)) {
		if (req->segment_count == REQUEST_SEGMENTS_MAX)
			return -1;
		text_decode_percent(part, true);
		req->segments[req->segment_count++] = part;
	}
	return 0;
}

static bool
is_version(const char *segment)
{
	return segment[0] == 'V' && isdigit((unsigned char)segment[1]);
}

/* Takes the store code off; -1 and 400 if what is left is no versioned path. */
static int
take_store(struct request *req, struct reply *reply)
{
	int store = -1;

	req->store = SCOPE_DEFAULT;
	if (req->segment_count > 0)
		store = scope_find(req->segments[0], strlen(req->segments[0]));
	if (store >= 0) {
		req->store = store;
		req->segment_count--;
		memmove(req->segments, req->segments + 1, req->segment_count * sizeof(req->segments[0]));
	}
	if (req->segment_count > 0 && is_version(req->segments[0]))
		return 0;
	error_set(reply, 400, "Specified request cannot be processed.");
	return -1;
}

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

static const struct route *
find_route(struct request *req)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (strcmp(routes[i].method, req->method) == 0 && route_matches(&routes[i], req))
			return &routes[i];
	}
	return NULL;
}

static void
check_bearer(struct request *req, const char *token)
{
	const struct admin *admin = tokens_find_admin(&req->demo->tokens, token, demo_now_s(req->demo));
	const struct integration *integration = req->demo->settings.bearer ? acl_find_token(token) : NULL;

	if (admin != NULL) {
		req->caller = CALLER_ADMIN_TOKEN;
		req->role = admin->role;
	} else if (integration != NULL) {
		req->caller = CALLER_BEARER;
		req->role = integration->role;
	}
}

/* Scheme, host and port the client signed for; default ports are not part of a signature. */
static void
find_origin(const struct request *req, char *origin, size_t size)
{
	const char *host = req->host != NULL ? req->host : "", *port = strrchr(host, ':');
	size_t len = strlen(host);

	if (req->demo->settings.oauth_host[0] != '\0') {
		snprintf(origin, size, "%s", req->demo->settings.oauth_host);
		return;
	}
	if (port != NULL && strcmp(port, req->https ? ":443" : ":80") == 0)
		len = (size_t)(port - host);
	snprintf(origin, size, "%s://%.*s", req->https ? "https" : "http", (int)len, host);
}

/* Finds out who is calling; -1 if the attempt itself is answered with an error. */
static int
authenticate(struct request *req, struct reply *reply)
{
	const char *header = req->authorization;
	char origin[DEMO_URL_MAX];

	if (header == NULL)
		return 0;
	if (strncasecmp(header, "Bearer ", 7) == 0) {
		check_bearer(req, header + 7);
		return 0;
	}
	if (strncasecmp(header, "OAuth", 5) != 0)
		return 0;
	find_origin(req, origin, sizeof(origin));
	return oauth_verify(req, &req->demo->nonces, origin, demo_now_s(req->demo), reply);
}

/* Reads a JSON body; only then does its Content-Type matter. */
static int
read_body(struct request *req, struct reply *reply)
{
	size_t type_len = req->content_type != NULL ? strcspn(req->content_type, "; ") : 0;

	if (req->body_len == 0) {
		req->body = json_object();
		return 0;
	}
	if (type_len == 0) {
		error_set(reply, 400, "Content-Type header is empty.");
		return -1;
	}
	if (type_len != 16 || strncasecmp(req->content_type, "application/json", 16) != 0) {
		reply_set_json(reply, 400,
			       json_pack("{s:o}", "message",
					 json_sprintf("Server cannot understand Content-Type HTTP header media type %s",
						      req->content_type)));
		return -1;
	}
	req->body = json_loadb(req->body_text, req->body_len, JSON_ALLOW_NUL, NULL);
	if (req->body != NULL)
		return 0;
	error_set(reply, 400, "Decoding error.");
	return -1;
}

static void
answer_rest(struct request *req, struct reply *reply)
{
	const struct route *route;

	if (split_path(req, req->path_copy + strlen("/rest")) < 0) {
		error_set_no_route(reply);
		return;
	}
	if (take_store(req, reply) < 0)
		return;
	route = find_route(req);
	if (route == NULL) {
		error_set_no_route(reply);
		return;
	}
	/* Nobody is told off for bad credentials on a route that needs none, but a bad signature still counts. */
	if (authenticate(req, reply) < 0)
		return;
	if (route->resource != ANONYMOUS && !acl_allows(req->role, route->resource)) {
		error_set_unauthorized(reply, route->resource);
		return;
	}
	if (strcmp(req->method, "GET") != 0 && read_body(req, reply) < 0)
		return;
	route->handler(req, reply);
}

static bool
is_supported_method(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
	       strcmp(method, "DELETE") == 0;
}

/* Magento answers in JSON or XML and falls over if asked for anything else. */
static bool
accepts(const char *accept, const char *type)
{
	return accept != NULL && strstr(accept, type) != NULL;
}

static void
negotiate(struct request *req, struct reply *reply)
{
	bool json = req->accept == NULL || accepts(req->accept, "json") || accepts(req->accept, "*/*");

	if (!json && !accepts(req->accept, "xml")) {
		error_set_html(reply, 500);
		return;
	}
	if (!is_supported_method(req->method)) {
		reply_set_json(
		    reply, 405,
		    json_pack("{s:o}", "message", json_sprintf("The %s HTTP method is not supported.", req->method)));
		return;
	}
	answer_rest(req, reply);
	if (!json && reply->json != NULL) {
		reply->owned = xml_render(reply->json);
		reply->text = reply->owned != NULL ? reply->owned : "";
		reply->text_len = strlen(reply->text);
		reply->content_type = "application/xml; charset=utf-8";
	}
}

void
router_answer(struct request *req, struct reply *reply)
{
	reply->cookie = true;
	if (strncmp(req->path, "/_demo/", 7) == 0) {
		reply->cookie = false;
		routes_control_answer(req, reply);
	} else if (strlen(req->uri) > URI_MAX) {
		error_set_html(reply, 414);
	} else if (!text_has_valid_escapes(req->path)) {
		error_set_html(reply, 400);
	} else if (strncmp(req->path, "/rest/", 6) == 0) {
		negotiate(req, reply);
	} else if (strcmp(req->path, "/magento_version") == 0) {
		reply_set_text(reply, 200, "text/html; charset=UTF-8", "Magento/2.4 (Community)");
	} else {
		error_set_html(reply, 404);
	}
}
