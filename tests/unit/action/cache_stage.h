/*
 * cache_stage.h - a store with caches in front, and calls of the cache tools
 *
 * Shop, Fastly and Varnish are the same scripted server: their paths and methods differ.
 */
#ifndef TEST_ACTION_CACHE_STAGE_H
#define TEST_ACTION_CACHE_STAGE_H

#include "fake_shop.h"

#define CONFIGS "/rest/all/V1/store/storeConfigs"
#define PRODUCT "/rest/all/V1/products/A%2F1"
#define CATEGORY "/rest/all/V1/categories/5"
#define PAGES "/rest/all/V1/cmsPage/search"
#define KEYS "/service/Svc/purge"
#define SURE "\"confirm\":true,\"reason\":\"test\""

static char pattern[1024];  /* of the last PURGE */
static char view[64];	    /* header Store of the last question */
static char fastly_key[64]; /* of the last request that had one */
static char key_path[256];  /* and its path */
static char configs[4096];  /* a reply with the server's own address in it */

static inline void
copy_field(const char *head, const char *name, char *dst, size_t cap)
{
	const char *at = strcasestr(head, name);

	if (at != NULL)
		snprintf(dst, cap, "%.*s", (int)strcspn(at + strlen(name), "\r"), at + strlen(name));
}

static inline void
watch(void *ctx, struct server_peer *peer, const struct server_request *request)
{
	copy_field(request->head, "\r\nX-Magento-Tags-Pattern: ", pattern, sizeof(pattern));
	if (strcmp(request->target, "/graphql") == 0) {
		view[0] = '\0';
		copy_field(request->head, "\r\nStore: ", view, sizeof(view));
		assert_null(strcasestr(request->head, "\r\nAuthorization:"));
	}
	if (strcasestr(request->head, "\r\nFastly-Key: ") != NULL) {
		copy_field(request->head, "\r\nFastly-Key: ", fastly_key, sizeof(fastly_key));
		snprintf(key_path, sizeof(key_path), "%.250s", request->target);
	}
	shop_handle(ctx, peer, request);
}

enum caches { NO_CACHE = 0, VARNISH = 1, FASTLY = 2, BOTH = 3, GLOBAL = 4 };

/* Logs in at a store with these caches. */
static inline struct shop *
open_with(void **state, unsigned caches, const char *const *more, size_t n_more)
{
	const char *settings[16] = {"store.main.base_url=%s", "store.main.integration_token=configuredtoken"};
	struct shop *shop = *state;
	char varnish[80];
	size_t n = 2;

	shop->server.handler = watch;
	pattern[0] = view[0] = fastly_key[0] = key_path[0] = '\0';
	snprintf(varnish, sizeof(varnish), "%s=127.0.0.1:%u",
		 caches & GLOBAL ? "cache.varnish_hosts" : "store.main.varnish_hosts", shop->server.port);
	settings[n++] = "fastly.api_url=%s/";
	if (caches & VARNISH)
		settings[n++] = varnish;
	if (caches & FASTLY) {
		settings[n++] = caches & GLOBAL ? "fastly.service_id=Svc" : "store.main.fastly_service_id=Svc";
		settings[n++] = caches & GLOBAL ? "fastly.api_token=ftoken" : "store.main.fastly_api_token=ftoken";
	}
	for (size_t i = 0; i < n_more; i++)
		settings[n++] = more[i];
	shop_configure(shop, settings, n);
	shop_login(shop);
	return shop;
}

static inline const struct action *
cache_action(const char *name)
{
	for (size_t i = 0; i < action_cache_table.n; i++) {
		if (strcmp(action_cache_table.rows[i].name, name) == 0)
			return &action_cache_table.rows[i];
	}
	fail_msg("no action %s", name);
	return NULL;
}

static inline void
call(struct shop *shop, struct told *told, const char *action, const char *arguments)
{
	json_t *tree = json_of(arguments);

	shop_call_action(shop, told, cache_action(action), tree);
}

/* The result, as its schema says. */
static inline const json_t *
good(const struct told *told, const char *action)
{
	json_t *violations = json_array();

	if (told->result == NULL)
		fail_msg("%s: %s", fault_code_name(told->code), told->message);
	if (json_schema_check(cache_action(action)->result, told->result, "result", violations) != 0)
		fail_msg("%s", json_dumps(violations, 0));
	json_decref(violations);
	return told->result;
}

static inline unsigned
count(const struct shop *shop, const char *part)
{
	unsigned n = 0;

	for (unsigned i = 0; i < shop->n_log; i++)
		n += strstr(shop->log[i], part) != NULL;
	return n;
}

static inline const json_t *
backend(const json_t *result, size_t i)
{
	return json_array_get(json_get_array(result, "backends"), i);
}

static inline bool
has_tag(const json_t *tags, const char *tag)
{
	for (size_t i = 0; i < json_array_size(tags); i++) {
		if (strcmp(json_string_value(json_array_get(tags, i)), tag) == 0)
			return true;
	}
	return false;
}

/* Views that share an address, one below a path, one elsewhere. */
static inline const char *
shop_configs(struct shop *shop)
{
	snprintf(configs, sizeof(configs),
		 "[{\"id\":0,\"code\":\"admin\",\"base_url\":\"https://admin.example/\"},"
		 "{\"id\":2,\"code\":\"de\",\"base_url\":\"http://shop.example/\",\"secure_base_link_url\":\"https://"
		 "shop.example/\"},"
		 "{\"id\":1,\"code\":\"default\",\"base_url\":\"http://shop.example/\",\"secure_base_url\":\"https://"
		 "Shop.example/\"},"
		 "{\"id\":3,\"code\":\"eu_en\",\"base_link_url\":\"https://shop.example/eu/\"},"
		 "{\"id\":4,\"code\":\"alt\",\"base_url\":\"%s/x/\"}]",
		 shop->server.url);
	return configs;
}

#define BY_URL(urls) "{\"urls\":[" urls "]," SURE "}"

#endif
