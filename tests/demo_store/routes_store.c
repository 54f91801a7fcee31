/* Websites, groups, views and their settings, and what else says where one is. */

#include "demo.h"
#include "errors.h"
#include "projection.h"
#include "routes.h"
#include "scope.h"

#include <string.h>
#include <strings.h>

/* The modules a client may want to look for; a full Open Source install lists some 350. */
/* clang-format off */
static const char *const modules[] = {
    "Magento_Store", "Magento_TwoFactorAuth", "Magento_Config", "Magento_Directory", "Magento_AdminNotification",
    "Magento_Theme", "Magento_AdvancedPricingImportExport", "Magento_Backend", "Magento_Amqp", "Magento_Security",
    "Magento_ApplicationPerformanceMonitor", "Magento_AsyncConfig", "Magento_User", "Magento_Authorization",
    "Magento_Eav", "Magento_Customer", "Magento_Backup", "Magento_Indexer", "Magento_BundleImportExport",
    "Magento_CacheInvalidate", "Magento_Variable", "Magento_Cms", "Magento_Rule", "Magento_Integration",
    "Magento_Search", "Magento_CatalogImportExport", "Magento_Catalog", "Magento_CatalogInventory",
    "Magento_CatalogRule", "Magento_Msrp", "Magento_CatalogSearch", "Magento_CatalogUrlRewrite",
    "Magento_MediaStorage", "Magento_Quote", "Magento_SalesSequence", "Magento_CmsUrlRewrite", "Magento_Payment",
    "Magento_Sales", "Magento_Checkout", "Magento_Contact", "Magento_Cookie", "Magento_Cron", "Magento_Csp",
    "Magento_Widget", "Magento_Robots", "Magento_Downloadable", "Magento_Newsletter", "Magento_CustomerImportExport",
    "Magento_Deploy", "Magento_Developer", "Magento_ImportExport", "Magento_Bundle", "Magento_AdvancedSearch",
    "Magento_Elasticsearch", "Magento_Email", "Magento_EncryptionKey", "Magento_GiftMessage", "Magento_Ui",
    "Magento_PageCache", "Magento_GroupedProduct", "Magento_GroupedImportExport", "Magento_GroupedCatalogInventory",
    "Magento_DownloadableImportExport", "Magento_Captcha", "Magento_InstantPurchase", "Magento_Inventory",
    "Magento_InventoryAdvancedCheckout", "Magento_InventoryApi", "Magento_InventoryBundleImportExport",
    "Magento_InventoryBundleProduct", "Magento_InventoryBundleProductIndexer", "Magento_InventoryCatalog",
    "Magento_InventorySales", "Magento_InventoryCatalogApi", "Magento_InventoryCatalogSearch",
    "Magento_InventoryCatalogSearchBundleProduct", "Magento_InventoryCatalogSearchConfigurableProduct",
    "Magento_ConfigurableProduct", "Magento_InventoryConfigurableProduct",
    "Magento_InventoryConfigurableProductIndexer", "Magento_InventoryConfiguration",
    "Magento_InventoryConfigurationApi", "Magento_InventoryElasticsearch", "Magento_InventoryExportStockApi",
    "Magento_InventoryIndexer", "Magento_InventorySalesApi", "Magento_InventoryGroupedProduct",
    "Magento_InventoryGroupedProductIndexer", "Magento_InventoryImportExport", "Magento_InventorySourceSelectionApi",
    "Magento_Shipping", "Magento_Multishipping", "Magento_Webapi", "Magento_InventoryCache",
    "Magento_InventoryLowQuantityNotification", "Magento_Reports", "Magento_InventoryLowQuantityNotificationApi",
    "Magento_InventoryMultiDimensionalIndexerApi", "Magento_InventoryProductAlert", "Magento_InventoryReservations",
    "Magento_InventoryReservationCli", "Magento_InventoryReservationsApi", "Magento_InventoryExportStock",
    "Magento_InventorySalesAsyncOrder", "Magento_InventorySetupFixtureGenerator", "Magento_InventoryShipping",
    "Magento_InventorySourceDeductionApi", "Magento_InventorySourceSelection", "Magento_InventoryWishlist",
    "Magento_JwtFrameworkAdapter", "Magento_JwtUserToken", "Magento_LayeredNavigation", "Magento_Marketplace",
    "Magento_CatalogWidget", "Magento_MessageQueue", "Magento_ConfigurableImportExport",
    "Magento_MsrpConfigurableProduct", "Magento_MsrpGroupedProduct", "Magento_MysqlMq", "Magento_OfflinePayments",
    "Magento_SalesRule", "Magento_OpenSearch", "Magento_OrderCancellation", "Magento_OrderCancellationUi",
    "Magento_Sitemap", "Magento_CardinalCommerce", "Magento_ServiceProxy", "Magento_Vault", "Magento_QueryXml",
    "Magento_Paypal", "Magento_Persistent", "Magento_ProductAlert", "Magento_ProductVideo",
    "Magento_CheckoutAgreements", "Magento_QuoteBundleOptions", "Magento_QuoteConfigurableOptions",
    "Magento_QuoteDownloadableLinks", "Magento_ReleaseNotification", "Magento_RemoteStorage", "Magento_RequireJs",
    "Magento_Review", "Magento_Rss", "Magento_CatalogRuleConfigurable", "Magento_SalesInventory",
    "Magento_OfflineShipping", "Magento_ConfigurableProductSales", "Magento_UrlRewrite", "Magento_Elasticsearch7",
    "Magento_Securitytxt", "Magento_SendFriend", "Magento_Swagger", "Magento_SwaggerWebapi",
    "Magento_SwaggerWebapiAsync", "Magento_Tax", "Magento_TaxImportExport", "Magento_Translation",
    "Magento_AsynchronousOperations", "Magento_PaypalCaptcha", "Magento_Version", "Magento_WebapiAsync",
    "Magento_WebapiSecurity", "Magento_Weee", "Magento_CurrencySymbol", "Magento_Wishlist",
};
/* clang-format on */

static const struct country {
	const char *id, *iso3, *name;
} countries[] = {
    {"DE", "DEU", "Germany"}, {"FR", "FRA", "France"},	      {"GB", "GBR", "United Kingdom"},
    {"IE", "IRL", "Ireland"}, {"US", "USA", "United States"},
};

/* Lists of stores have no paging; fields= thins out each element. */
static void
answer_list(const struct request *req, struct reply *reply, json_t *list)
{
	reply_set_json(reply, 200, projection_apply_query(req, list));
}

/* storeCodes[]=a&storeCodes[]=b picks views; without it all are meant. */
static bool
is_asked_for(const struct request *req, const char *code)
{
	bool any = false;

	for (size_t i = 0; i < req->pair_count; i++) {
		if (strncmp(req->pairs[i].name, "storeCodes", 10) != 0)
			continue;
		if (strcmp(req->pairs[i].value, code) == 0)
			return true;
		any = true;
	}
	return !any;
}

static json_t *
render_config(const struct scope_view *view, const char *base_url)
{
	static const char *const prefixes[] = {"base", "secure_base"};
	json_t *config = json_pack("{s:i, s:s, s:i, s:s, s:s, s:s, s:s, s:s}", "id", view->id, "code", view->code,
				   "website_id", view->website_id, "locale", "en_US", "base_currency_code", "USD",
				   "default_display_currency_code", "USD", "timezone", "UTC", "weight_unit", "lbs");

	for (size_t i = 0; i < 2; i++) {
		char name[32];

		snprintf(name, sizeof(name), "%s_url", prefixes[i]);
		json_object_set_new(config, name, json_string(base_url));
		snprintf(name, sizeof(name), "%s_link_url", prefixes[i]);
		json_object_set_new(config, name, json_string(base_url));
		snprintf(name, sizeof(name), "%s_static_url", prefixes[i]);
		json_object_set_new(config, name, json_sprintf("%sstatic/version1/", base_url));
		snprintf(name, sizeof(name), "%s_media_url", prefixes[i]);
		json_object_set_new(config, name, json_sprintf("%smedia/", base_url));
	}
	return config;
}

void
routes_store_configs(struct request *req, struct reply *reply)
{
	json_t *list = json_array();

	for (int i = 1; i < SCOPE_COUNT; i++) {
		if (is_asked_for(req, scope_views[i].code))
			json_array_append_new(list, render_config(&scope_views[i], req->demo->base_url));
	}
	answer_list(req, reply, list);
}

void
routes_store_websites(struct request *req, struct reply *reply)
{
	/* Magento's order varies; a client must not count on it, so here it is not the order of the ids. */
	answer_list(req, reply,
		    json_pack("[{s:i, s:s, s:s, s:i}, {s:i, s:s, s:s, s:i}, {s:i, s:s, s:s, s:i}]", "id", WEBSITE_BASE,
			      "code", "base", "name", "Main Website", "default_group_id", 1, "id", 0, "code", "admin",
			      "name", "Admin", "default_group_id", 0, "id", WEBSITE_EU, "code", "eu", "name",
			      "EU Website", "default_group_id", 2));
}

static json_t *
render_group(int id, int root, int default_store, const char *name, const char *code)
{
	return json_pack("{s:i, s:i, s:i, s:i, s:s, s:s}", "id", id, "website_id", id, "root_category_id", root,
			 "default_store_id", default_store, "name", name, "code", code);
}

void
routes_store_groups(struct request *req, struct reply *reply)
{
	answer_list(req, reply,
		    json_pack("[o, o, o]",
			      render_group(1, 2, SCOPE_DEFAULT, "Main Website Store", "main_website_store"),
			      render_group(0, 0, 0, "Default", "default"),
			      render_group(2, 2, SCOPE_EU_EN, "EU Store", "eu_group")));
}

static json_t *
render_view(const struct scope_view *view, bool is_active)
{
	return json_pack("{s:i, s:s, s:s, s:i, s:i, s:i}", "id", view->id, "code", view->code, "name", view->name,
			 "website_id", view->website_id, "store_group_id", view->group_id, "is_active",
			 is_active ? 1 : 0);
}

void
routes_store_views(struct request *req, struct reply *reply)
{
	static const int order[SCOPE_COUNT] = {SCOPE_DEFAULT, SCOPE_ALL, SCOPE_DE, SCOPE_EU_EN};
	json_t *list = json_array();

	for (int i = 0; i < SCOPE_COUNT; i++)
		json_array_append_new(
		    list, render_view(&scope_views[order[i]], order[i] != SCOPE_DE || req->demo->settings.german_view));
	answer_list(req, reply, list);
}

void
routes_store_modules(struct request *req, struct reply *reply)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		if (req->demo->settings.msi || strncmp(modules[i], "Magento_Inventory", 17) != 0)
			json_array_append_new(list, json_string(modules[i]));
	}
	reply_set_json(reply, 200, list);
}

void
routes_store_countries(struct request *req, struct reply *reply)
{
	for (size_t i = 0; i < sizeof(countries) / sizeof(countries[0]); i++) {
		const struct country *country = &countries[i];

		if (strcasecmp(country->id, req->args[0]) != 0)
			continue;
		reply_set_json(reply, 200,
			       json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", country->id, "two_letter_abbreviation",
					 country->id, "three_letter_abbreviation", country->iso3, "full_name_locale",
					 country->name, "full_name_english", country->name));
		return;
	}
	error_set(reply, 404, "The country isn't available.");
}

void
routes_store_currency(struct request *req, struct reply *reply)
{
	(void)req;
	reply_set_json(reply, 200,
		       json_pack("{s:s, s:s, s:s, s:s, s:[s], s:[{s:s, s:i}]}", "base_currency_code", "USD",
				 "base_currency_symbol", "$", "default_display_currency_code", "USD",
				 "default_display_currency_symbol", "$", "available_currency_codes", "USD",
				 "exchange_rates", "currency_to", "USD", "rate", 1));
}

void
routes_store_nothing_ready(struct request *req, struct reply *reply)
{
	(void)req;
	error_set(reply, 404, "File is not ready yet.");
}
