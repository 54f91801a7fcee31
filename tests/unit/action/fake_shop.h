/*
 * fake_shop.h - a shop made of scripted replies, everything a worker lends to its actions, and calls through the
 * dispatcher
 *
 * A script is a list of rules; a request takes the first rule whose method, path and query fit and which has uses left.
 */
#ifndef TEST_ACTION_FAKE_SHOP_H
#define TEST_ACTION_FAKE_SHOP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "../fetch/scripted_server.h"
#include "../magento/shop_lists.h"
#include "action/dispatcher.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fiber.h"
#include "json/get.h"
#include "json/parse.h"
#include "magento/scope.h"
#include "shm/segment.h"
#include "shm/table.h"

struct shop_rule {
	const char *method; /* NULL: any */
	const char *path;   /* without query */
	const char *query;  /* must stand in the query; NULL: any */
	int status;
	const char *body;
	bool is_silent; /* never answers */
	unsigned uses;	/* 0 = without end */
};

#define SHOP_RULES 24
#define SHOP_LOG 64

struct shop {
	struct event_base *base;
	struct server server;
	struct fetch *fetch;
	struct fiber_pool *fibers;
	struct scope_cache *scopes;
	struct segment_keys *keys;
	struct segment *seg;
	struct table *tab;
	struct sessions sessions;
	struct config *config;
	struct action_env env;
	struct principal principal;
	struct shop_rule rules[SHOP_RULES];
	size_t n_rules;
	char log[SHOP_LOG][2048]; /* "GET /rest/all/V1/x?y" */
	char authorization[SHOP_LOG][1024];
	char bodies[SHOP_LOG][1024];
	unsigned n_log;

	/* what the observer was told last */
	unsigned calls, upstreams;
	int fault_code;
	char upstream_store[64];

	/* a transport that remembers a login */
	bool remembers;
	struct action_memory memory;
	unsigned forgotten;
};

/* ---- the shop ---- */

static inline void
shop_handle(void *ctx, struct server_peer *peer, const struct server_request *request)
{
	struct shop *shop = ctx;
	size_t path_len = strcspn(request->target, "?");
	const char *field = strcasestr(request->head, "\r\nAuthorization: ");
	unsigned at = shop->n_log++;

	assert_true(at < SHOP_LOG);
	snprintf(shop->log[at], sizeof(shop->log[0]), "%s %.2000s", request->method, request->target);
	if (field != NULL)
		snprintf(shop->authorization[at], sizeof(shop->authorization[0]), "%.*s",
			 (int)strcspn(field + 17, "\r"), field + 17);
	snprintf(shop->bodies[at], sizeof(shop->bodies[0]), "%.*s", (int)request->body_len, request->body);
	for (size_t i = 0; i < shop->n_rules; i++) {
		struct shop_rule *rule = &shop->rules[i];

		if ((rule->method != NULL && strcmp(rule->method, request->method) != 0) ||
		    strlen(rule->path) != path_len || strncmp(rule->path, request->target, path_len) != 0 ||
		    rule->uses == UINT32_MAX ||
		    (rule->query != NULL && strstr(request->target + path_len, rule->query) == NULL))
			continue;
		if (rule->uses > 0 && --rule->uses == 0)
			rule->uses = UINT32_MAX;
		if (!rule->is_silent)
			server_reply_json(peer, rule->status, rule->body);
		return;
	}
	server_reply_json(peer, 404, "{\"message\":\"Request does not match any route.\"}");
}

static inline void
shop_rule(struct shop *shop, const char *method, const char *path, int status, const char *body)
{
	assert_true(shop->n_rules < SHOP_RULES);
	shop->rules[shop->n_rules++] =
	    (struct shop_rule){.method = method, .path = path, .status = status, .body = body};
}

static inline void
shop_silent(struct shop *shop, const char *path)
{
	shop->rules[shop->n_rules++] = (struct shop_rule){.path = path, .is_silent = true};
}

static inline void
shop_lists(struct shop *shop)
{
	shop_rule(shop, "GET", "/rest/all/V1/store/websites", 200, SHOP_WEBSITES);
	shop_rule(shop, "GET", "/rest/all/V1/store/storeGroups", 200, SHOP_GROUPS);
	shop_rule(shop, "GET", "/rest/all/V1/store/storeViews", 200, SHOP_VIEWS);
	shop_rule(shop, "GET", "/rest/all/V1/store/storeConfigs", 200, SHOP_CONFIGS);
}

static inline void
shop_forget(struct shop *shop)
{
	shop->n_rules = 0;
	shop->n_log = 0;
}

#define SHOP_DENIED(resource)                                                                                          \
	"{\"message\":\"The consumer isn't authorized to access "                                                      \
	"%resources.\",\"parameters\":{\"resources\":\"" resource "\"}}"

/* ---- the worker ---- */

static inline void
shop_on_call(void *ctx, const struct action *action, int fault_code, uint64_t took_us)
{
	struct shop *shop = ctx;

	(void)action, (void)took_us;
	shop->calls++;
	shop->fault_code = fault_code;
}

static inline void
shop_on_upstream(void *ctx, const char *store, int status, enum fetch_outcome outcome, uint64_t took_us)
{
	struct shop *shop = ctx;

	(void)status, (void)outcome, (void)took_us;
	shop->upstreams++;
	snprintf(shop->upstream_store, sizeof(shop->upstream_store), "%s", store != NULL ? store : "(none)");
}

struct shop_timer {
	struct fiber_wait wait;
	struct event *event;
};

static inline void
shop_timer_fired(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	fiber_wait_done(&((struct shop_timer *)ctx)->wait);
}

static inline void
shop_timer_stopped(void *ctx)
{
	event_del(((struct shop_timer *)ctx)->event);
}

static inline int
shop_wait_ms(void *ctx, uint32_t ms)
{
	struct shop *shop = ctx;
	struct timeval delay = {.tv_usec = ms * 1000};
	struct shop_timer timer;
	int r;

	timer.event = evtimer_new(shop->base, shop_timer_fired, &timer);
	fiber_wait_init(&timer.wait, shop_timer_stopped, &timer);
	evtimer_add(timer.event, &delay);
	r = fiber_wait_for(&timer.wait);
	event_free(timer.event);
	return r;
}

static inline int
shop_remember(void *ctx, struct login_ref login, struct login_ref *before_r, bool *has_before_r)
{
	struct shop *shop = ctx;

	*before_r = shop->memory.login;
	*has_before_r = shop->memory.has_login;
	shop->memory.login = login;
	shop->memory.has_login = true;
	return 0;
}

static inline void
shop_forget_login(void *ctx, struct login_ref login)
{
	struct shop *shop = ctx;

	shop->forgotten++;
	if (shop->memory.login.lo == login.lo && shop->memory.login.hi == login.hi)
		shop->memory.has_login = false;
}

/* The configuration from -s texts; "%s" in them stands for the shop's own address. */
static inline void
shop_configure(struct shop *shop, const char *const *settings, size_t n)
{
	char *texts[32];
	struct config_sources sources = {.settings = (const char *const *)texts, .n_settings = n};
	struct err err;

	assert_true(n <= ARRAY_LEN(texts));
	for (size_t i = 0; i < n; i++) {
		const char *mark = strstr(settings[i], "%s");

		assert_true(asprintf(&texts[i], "%.*s%s%s",
				     mark != NULL ? (int)(mark - settings[i]) : (int)strlen(settings[i]), settings[i],
				     mark != NULL ? shop->server.url : "", mark != NULL ? mark + 2 : "") > 0);
	}
	config_free(&shop->config);
	if (config_load(&sources, &shop->config, &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < n; i++)
		free(texts[i]);
	shop->env.config = shop->config;
}

static inline struct shop *
shop_new(void)
{
	struct fetch_options options = {.verify_tls = true,
					.connect_timeout_ms = 10000,
					.connections_per_host = 8,
					.connections_total = 16,
					.user_agent = "test"};
	const struct segment_config size = {256, 0};
	struct shop *shop = calloc(1, sizeof(*shop));
	struct err err;

	shop->base = event_base_new();
	server_start(&shop->server, shop->base, shop_handle, shop);
	shop->fetch = fetch_new(shop->base, &options, &err);
	shop->fibers = fiber_pool_new(8, 4);
	shop->scopes = scope_cache_new(4, 60000);
	assert_int_equal(segment_keys_create(&shop->keys, &err), 0);
	assert_int_equal(segment_create(&size, shop->keys, &shop->seg, &err), 0);
	assert_int_equal(table_new(shop->seg, shop->keys, &shop->tab), 0);
	sessions_init(&shop->sessions, shop->tab, shop->keys, NULL);
	shop->principal.name = "alice";
	shop->env = (struct action_env){.sessions = &shop->sessions,
					.fetch = shop->fetch,
					.fibers = shop->fibers,
					.scopes = shop->scopes,
					.wait_ms = shop_wait_ms,
					.waiter = shop,
					.on_call = shop_on_call,
					.on_upstream = shop_on_upstream,
					.observer = shop};
	return shop;
}

/* One store named main with an integration token. */
static inline int
shop_open(void **state)
{
	static const char *const settings[] = {"store.main.base_url=%s", "store.main.integration_token=configuredtoken",
					       "store.main.label=Main shop"};
	struct shop *shop = shop_new();

	shop_configure(shop, settings, ARRAY_LEN(settings));
	*state = shop;
	return 0;
}

static inline int
shop_close(void **state)
{
	struct shop *shop = *state;

	assert_int_equal(fiber_pool_alive(shop->fibers), 0);
	assert_int_equal(fetch_running(shop->fetch), 0);
	fetch_free(&shop->fetch);
	server_stop(&shop->server);
	fiber_pool_free(&shop->fibers);
	scope_cache_free(&shop->scopes);
	table_free(&shop->tab);
	segment_free(&shop->seg);
	segment_keys_free(&shop->keys);
	config_free(&shop->config);
	event_base_free(shop->base);
	free(shop);
	return 0;
}

#define SHOP_TEST(f) cmocka_unit_test_setup_teardown(f, shop_open, shop_close)

/* ---- calls ---- */

struct told {
	int times;
	json_t *result; /* a reference of its own */
	enum fault_code code;
	char message[FAULT_MESSAGE_MAX];
	json_t *details;
	struct action_running *running;
};

static inline void
told_fini(struct told *told)
{
	json_decref(told->result);
	json_decref(told->details);
	memset(told, 0, sizeof(*told));
}

static inline void
told_done(void *ctx, const struct action_outcome *outcome)
{
	struct told *told = ctx;

	assert_int_equal(++told->times, 1);
	assert_int_equal((outcome->result != NULL) + (outcome->text != NULL) + (outcome->fault != NULL), 1);
	told->result = json_incref(outcome->result);
	if (outcome->text != NULL)
		assert_int_equal(json_parse(buf_slice(outcome->text), NULL, &told->result, NULL), 0);
	if (outcome->fault != NULL) {
		told->code = outcome->fault->code;
		memcpy(told->message, outcome->fault->message, sizeof(told->message));
		told->details = json_incref(outcome->fault->details);
		assert_true(strlen(told->message) > 0);
	}
}

static inline const struct action *
shop_action(const char *name)
{
	const struct action_table *const tables[] = {&action_auth_table, &action_scope_table, &action_catalog_table,
						     &action_promotions_table, &action_cms_table};

	for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
		for (size_t i = 0; i < tables[t]->n; i++) {
			if (strcmp(tables[t]->rows[i].name, name) == 0)
				return &tables[t]->rows[i];
		}
	}
	fail_msg("no action %s", name);
	return NULL;
}

static inline json_t *
json_of(const char *text)
{
	json_t *root = NULL;

	assert_int_equal(json_parse(slice_from_str(text), NULL, &root, NULL), 0);
	return root;
}

/* The arguments are borrowed, and may be NULL. */
static inline void
shop_begin_action(struct shop *shop, struct told *told, const struct action *action, const json_t *arguments)
{
	struct action_request request = {
	    .action = action, .arguments = json_view_of(arguments), .principal = &shop->principal, .request_id = "1"};

	memset(told, 0, sizeof(*told));
	if (shop->remembers) {
		request.memory = shop->memory;
		request.memory.remember = shop_remember;
		request.memory.forget = shop_forget_login;
		request.memory.ctx = shop;
	}
	assert_int_equal(action_dispatch(&shop->env, &request, told_done, told, &told->running), 0);
	assert_true((told->times == 1) == (told->running == NULL));
}

static inline void
shop_begin(struct shop *shop, struct told *told, const char *action, const char *arguments)
{
	json_t *tree = arguments != NULL ? json_of(arguments) : NULL;

	shop_begin_action(shop, told, shop_action(action), tree);
	json_decref(tree);
}

/* Turns the loop until the call has been told; fails the test after 20 s. */
static inline void
shop_finish(struct shop *shop, struct told *told)
{
	uint64_t until = clock_mono_ms() + 30000;

	while (told->times == 0) {
		assert_true(clock_mono_ms() < until);
		event_base_loop(shop->base, EVLOOP_ONCE);
	}
	told->running = NULL;
}

/* The arguments are taken. */
static inline void
shop_call_action(struct shop *shop, struct told *told, const struct action *action, json_t *arguments)
{
	shop_begin_action(shop, told, action, arguments);
	shop_finish(shop, told);
	json_decref(arguments);
}

static inline void
shop_call(struct shop *shop, struct told *told, const char *action, const char *arguments)
{
	shop_begin(shop, told, action, arguments);
	shop_finish(shop, told);
}

/* Turns the loop until the shop has had `n` requests. */
static inline void
shop_run_requests(struct shop *shop, unsigned n)
{
	uint64_t until = clock_mono_ms() + 30000;

	while (shop->n_log < n) {
		assert_true(clock_mono_ms() < until);
		event_base_loop(shop->base, EVLOOP_ONCE);
	}
}

/* What a success must be: the object of the action's result schema. */
static inline const json_t *
shop_result(const struct told *told, const char *action)
{
	json_t *violations = json_array();

	if (told->result == NULL)
		fail_msg("%s: %s", fault_code_name(told->code), told->message);
	if (json_schema_check(shop_action(action)->result, told->result, "result", violations) != 0)
		fail_msg("%s", json_dumps(violations, 0));
	json_decref(violations);
	return told->result;
}

static inline void
expect_result(struct told *told, const char *action)
{
	(void)shop_result(told, action);
	told_fini(told);
}

static inline void
assert_fault(const struct told *told, enum fault_code code)
{
	if (told->code != code)
		fail_msg("%s: %s", fault_code_name(told->code), told->message);
	assert_null(told->result);
}

static inline void
expect_fault(struct told *told, enum fault_code code)
{
	assert_fault(told, code);
	told_fini(told);
}

/* Logs in with what the configuration has, remembers it, and forgets the shop's log and rules. */
static inline void
shop_login(struct shop *shop)
{
	struct told told;

	shop_rule(shop, "GET", "/rest/all/V1/store/websites", 200, "[]");
	shop->remembers = true;
	shop_call(shop, &told, "auth.login", NULL);
	expect_result(&told, "auth.login");
	shop_forget(shop);
}

#endif
