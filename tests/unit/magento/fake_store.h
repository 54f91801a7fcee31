/*
 * fake_store.h - a shop made of scripted replies, and a client for it on a fiber
 *
 * A script is a list of rules; a request takes the first rule whose method and path fit and which has uses left.
 */
#ifndef TESTS_FAKE_STORE_H
#define TESTS_FAKE_STORE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "../fetch/scripted_server.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fiber.h"
#include "magento/client.h"

enum fake_act { FAKE_REPLY, FAKE_SILENT, FAKE_CLOSE, FAKE_TRUNCATE };

struct fake_rule {
	const char *method; /* NULL: any */
	const char *path;   /* below the server, without query; NULL: any */
	int status;
	const char *body;
	enum fake_act act;
	unsigned uses;	    /* 0 = without end */
	const char *fields; /* NULL: JSON */
};

#define FAKE_RULES 16
#define FAKE_LOG 64

struct fake_store {
	struct event_base *base;
	struct server server;
	struct fetch *fetch;
	struct fiber_pool *fibers;
	struct fiber *fiber;
	struct pool *pool;
	struct magento_credentials credentials;
	struct magento_client client;
	struct fake_rule rules[FAKE_RULES];
	size_t n_rules;
	char log[FAKE_LOG][512]; /* "GET /rest/all/V1/x?y" */
	char authorization[FAKE_LOG][1024];
	char bodies[FAKE_LOG][1024];
	unsigned n_log;
	unsigned observed;
	void (*story)(struct fake_store *store);
	bool is_over;
};

static inline void
fake_copy_field(const char *head, const char *name, char *dst, size_t cap)
{
	const char *at = strcasestr(head, name);

	dst[0] = '\0';
	if (at != NULL)
		snprintf(dst, cap, "%.*s", (int)strcspn(at + strlen(name), "\r"), at + strlen(name));
}

static inline void
fake_act_on(struct server_peer *peer, const struct fake_rule *rule)
{
	switch (rule->act) {
	case FAKE_REPLY:
		if (rule->fields != NULL)
			server_reply_with(peer, rule->status, rule->fields, rule->body);
		else
			server_reply_json(peer, rule->status, rule->body);
		break;
	case FAKE_SILENT:
		break;
	case FAKE_CLOSE:
		server_close(peer);
		break;
	case FAKE_TRUNCATE:
		server_write(peer, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{");
		server_close(peer);
		break;
	}
}

static inline void
fake_handle(void *ctx, struct server_peer *peer, const struct server_request *request)
{
	struct fake_store *store = ctx;
	size_t path_len = strcspn(request->target, "?");
	struct fake_rule *rule;
	size_t i;

	assert_true(store->n_log < FAKE_LOG);
	snprintf(store->log[store->n_log], sizeof(store->log[0]), "%s %.480s", request->method, request->target);
	fake_copy_field(request->head, "\r\nAuthorization: ", store->authorization[store->n_log],
			sizeof(store->authorization[0]));
	snprintf(store->bodies[store->n_log], sizeof(store->bodies[0]), "%.*s", (int)request->body_len, request->body);
	store->n_log++;
	for (i = 0; i < store->n_rules; i++) {
		rule = &store->rules[i];
		if ((rule->method != NULL && strcmp(rule->method, request->method) != 0) ||
		    (rule->path != NULL &&
		     (strlen(rule->path) != path_len || strncmp(rule->path, request->target, path_len) != 0)))
			continue;
		if (rule->uses == UINT32_MAX)
			continue;
		if (rule->uses > 0 && --rule->uses == 0)
			rule->uses = UINT32_MAX;
		fake_act_on(peer, rule);
		return;
	}
	server_reply_json(peer, 404, "{\"message\":\"Request does not match any route.\"}");
}

static inline void
fake_observe(void *ctx, const char *route, int status, enum fetch_outcome outcome, uint64_t took_us)
{
	struct fake_store *store = ctx;

	(void)status, (void)outcome, (void)took_us;
	assert_int_equal(route[0], '/');
	store->observed++;
}

static inline void
fake_rule(struct fake_store *store, const char *method, const char *path, int status, const char *body)
{
	store->rules[store->n_rules++] =
	    (struct fake_rule){.method = method, .path = path, .status = status, .body = body};
}

static inline void
fake_act(struct fake_store *store, const char *path, enum fake_act act, unsigned uses)
{
	store->rules[store->n_rules++] = (struct fake_rule){.path = path, .act = act, .uses = uses};
}

static inline int
fake_open(void **state)
{
	struct fetch_options options = {.verify_tls = true,
					.connect_timeout_ms = 10000,
					.connections_per_host = 8,
					.connections_total = 16,
					.user_agent = "test"};
	struct fake_store *store = calloc(1, sizeof(*store));
	struct err err;

	store->base = event_base_new();
	server_start(&store->server, store->base, fake_handle, store);
	store->fetch = fetch_new(store->base, &options, &err);
	store->fibers = fiber_pool_new(4, 4);
	store->pool = pool_new(4 * 1024 * 1024);
	store->client = (struct magento_client){
	    .fetch = store->fetch,
	    .pool = store->pool,
	    .base_url = store->server.url,
	    .credentials = &store->credentials,
	    .limits = {.read_timeout_ms = 5000, .write_timeout_ms = 5000, .max_reply_bytes = 65536, .parallel = 6},
	    .identity = "fake",
	    .observer = {.on_exchange = fake_observe, .ctx = store}};
	store->credentials.kind = MAGENTO_AUTH_BEARER;
	assert_int_equal(secret_set(&store->credentials.bearer, SLICE_LIT("sometoken")), 0);
	*state = store;
	return 0;
}

static inline int
fake_close(void **state)
{
	struct fake_store *store = *state;

	assert_int_equal(fetch_running(store->fetch), 0);
	pool_free(&store->pool);
	fetch_free(&store->fetch);
	server_stop(&store->server);
	fiber_pool_free(&store->fibers);
	event_base_free(store->base);
	free(store);
	return 0;
}

static inline void
fake_fiber(void *arg)
{
	struct fake_store *store = arg;

	store->story(store);
	store->is_over = true;
}

static inline void
fake_begin(struct fake_store *store, void (*story)(struct fake_store *store))
{
	store->story = story;
	store->is_over = false;
	assert_int_equal(fiber_start(store->fibers, fake_fiber, store, &store->fiber), 0);
}

/* Runs the story to its end; fails the test after 20 s. */
static inline void
fake_run(struct fake_store *store, void (*story)(struct fake_store *store))
{
	uint64_t until = clock_mono_ms() + 30000;

	fake_begin(store, story);
	while (!store->is_over) {
		assert_true(clock_mono_ms() < until);
		event_base_loop(store->base, EVLOOP_ONCE);
	}
}

/* Turns the loop until the shop has had `n` requests. */
static inline void
fake_run_requests(struct fake_store *store, unsigned n)
{
	uint64_t until = clock_mono_ms() + 30000;

	while (store->n_log < n) {
		assert_true(clock_mono_ms() < until);
		event_base_loop(store->base, EVLOOP_ONCE);
	}
}

#define FAKE_DENIED(resource)                                                                                          \
	"{\"message\":\"The consumer isn't authorized to access "                                                      \
	"%resources.\",\"parameters\":{\"resources\":\"" resource "\"}}"

#define FAKE_TEST(f) cmocka_unit_test_setup_teardown(f, fake_open, fake_close)

#endif
