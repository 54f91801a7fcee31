/* /_demo: what tests steer the demo store with. No login; it listens on loopback and has nothing to protect. */

#include "demo.h"
#include "errors.h"
#include "routes.h"
#include "urls.h"

#include <stdlib.h>
#include <string.h>

static void
answer_rules(const struct demo *demo, struct reply *reply)
{
	reply_set_json(reply, 200, json_pack("{s:o}", "faults", faults_render(&demo->faults)));
}

static void
refuse(struct reply *reply, const char *what)
{
	reply_set_json(reply, 400, json_pack("{s:s}", "message", what));
}

/* One rule, or a list of them. */
static void
add_faults(struct request *req, struct reply *reply)
{
	size_t count = json_is_array(req->body) ? json_array_size(req->body) : 1;

	for (size_t i = 0; i < count; i++) {
		const json_t *rule = json_is_array(req->body) ? json_array_get(req->body, i) : req->body;
		const char *wrong = faults_add(&req->demo->faults, rule);

		if (wrong != NULL) {
			refuse(reply, wrong);
			return;
		}
	}
	answer_rules(req->demo, reply);
}

static void
clear_faults(struct request *req, struct reply *reply)
{
	faults_clear(&req->demo->faults);
	answer_rules(req->demo, reply);
}

static void
show_requests(struct request *req, struct reply *reply)
{
	reply_set_json(reply, 200, reqlog_render(&req->demo->log));
}

static void
show_writes(struct request *req, struct reply *reply)
{
	reply_set_json(reply, 200, writes_render(&req->demo->writes));
}

/* { request_path, target_path, redirect_type?, store_id? }, or a list of such. */
static bool
add_rewrite(struct demo *demo, const json_t *row)
{
	const char *from = json_string_value(json_object_get(row, "request_path"));
	const char *to = json_string_value(json_object_get(row, "target_path"));
	json_int_t type = json_integer_value(json_object_get(row, "redirect_type"));
	json_int_t store = json_integer_value(json_object_get(row, "store_id"));

	if (from == NULL || to == NULL || store < 0 || store >= SCOPE_COUNT)
		return false;
	for (int i = 1; i < SCOPE_COUNT; i++) {
		if (store == SCOPE_ALL || store == i)
			urls_add_custom(demo, i, from, to, type != 0 ? (int)type : 301);
	}
	return true;
}

static void
add_rewrites(struct request *req, struct reply *reply)
{
	size_t count = json_is_array(req->body) ? json_array_size(req->body) : 1;

	for (size_t i = 0; i < count; i++) {
		if (!add_rewrite(req->demo, json_is_array(req->body) ? json_array_get(req->body, i) : req->body)) {
			refuse(reply, "request_path and target_path are needed, store_id is 0 to 3");
			return;
		}
	}
	reply_set_json(reply, 200, json_true());
}

/* Where a fresh shop starts counting, so that recorded answers with their ids can be compared with its own. */
static void
set_next_ids(struct demo *demo, const json_t *ids)
{
	const struct {
		const char *name;
		json_int_t *place;
	} tables[] = {
	    {"rules", &demo->promotions.rules.next_id},	 {"coupons", &demo->promotions.coupons.next_id},
	    {"pages", &demo->cms.pages.next_id},	 {"blocks", &demo->cms.blocks.next_id},
	    {"stocks", &demo->inventory.stocks.next_id},
	};
	const json_t *categories = json_object_get(ids, "categories");

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		const json_t *id = json_object_get(ids, tables[i].name);

		if (json_integer_value(id) > *tables[i].place)
			*tables[i].place = json_integer_value(id);
	}
	if (json_integer_value(categories) > demo->categories.next_id)
		demo->categories.next_id = (int)json_integer_value(categories);
}

static void
reset(struct request *req, struct reply *reply)
{
	if (demo_reset(req->demo, json_is_true(json_object_get(req->body, "bare"))) < 0) {
		/* There is no shop left to serve. */
		abort();
	}
	set_next_ids(req->demo, json_object_get(req->body, "next_ids"));
	reply_set_json(reply, 200, json_true());
}

static long long *
find_number(struct settings *settings, const char *name)
{
	const struct {
		const char *name;
		long long *place;
	} numbers[] = {
	    {"latency_ms", &settings->latency_ms},
	    {"token_ttl", &settings->token_ttl_s},
	    {"clock_skew_s", &settings->clock_skew_s},
	    {"max_page_size", &settings->max_page_size},
	    {"default_page_size", &settings->default_page_size},
	    {"max_list_items", &settings->max_list_items},
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (strcmp(numbers[i].name, name) == 0)
			return numbers[i].place;
	}
	return NULL;
}

static bool *
find_switch(struct settings *settings, const char *name)
{
	const struct {
		const char *name;
		bool *place;
	} switches[] = {
	    {"bearer", &settings->bearer},
	    {"msi", &settings->msi},
	    {"url_rewrite_route", &settings->url_rewrite_route},
	    {"indexer_route", &settings->indexer_route},
	    {"website_prices", &settings->website_prices},
	    {"german_view", &settings->german_view},
	};

	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		if (strcmp(switches[i].name, name) == 0)
			return switches[i].place;
	}
	return NULL;
}

static bool
set_one(struct settings *settings, const char *name, const json_t *value)
{
	long long *number = find_number(settings, name);
	bool *on = find_switch(settings, name);

	if (number != NULL && json_is_integer(value)) {
		*number = json_integer_value(value);
		return true;
	}
	if (on != NULL && json_is_boolean(value)) {
		*on = json_is_true(value);
		return true;
	}
	if (strcmp(name, "oauth_host") == 0 && json_string_length(value) < sizeof(settings->oauth_host) &&
	    json_is_string(value)) {
		snprintf(settings->oauth_host, sizeof(settings->oauth_host), "%s", json_string_value(value));
		return true;
	}
	return false;
}

static void
show_settings(struct request *req, struct reply *reply)
{
	const struct settings *settings = &req->demo->settings;

	reply_set_json(reply, 200,
		       json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:b, s:b, s:b, s:b, s:b, s:s}", "latency_ms",
				 (json_int_t)settings->latency_ms, "token_ttl", (json_int_t)settings->token_ttl_s,
				 "clock_skew_s", (json_int_t)settings->clock_skew_s, "max_page_size",
				 (json_int_t)settings->max_page_size, "default_page_size",
				 (json_int_t)settings->default_page_size, "max_list_items",
				 (json_int_t)settings->max_list_items, "bearer", settings->bearer, "msi", settings->msi,
				 "url_rewrite_route", settings->url_rewrite_route, "indexer_route",
				 settings->indexer_route, "website_prices", settings->website_prices, "german_view",
				 settings->german_view, "oauth_host", settings->oauth_host));
}

static void
change_settings(struct request *req, struct reply *reply)
{
	struct settings changed = req->demo->settings;
	const char *name;
	json_t *value;

	json_object_foreach(req->body, name, value)
	{
		if (!set_one(&changed, name, value)) {
			reply_set_json(
			    reply, 400,
			    json_pack("{s:o}", "message", json_sprintf("%s: unknown, or of the wrong type", name)));
			return;
		}
	}
	req->demo->settings = changed;
	attributes_set_website_prices(changed.website_prices);
	show_settings(req, reply);
}

static const struct {
	const char *method;
	const char *path;
	route_handler *handler;
} controls[] = {
    {"POST", "/_demo/faults", add_faults},     {"DELETE", "/_demo/faults", clear_faults},
    {"GET", "/_demo/requests", show_requests}, {"POST", "/_demo/reset", reset},
    {"GET", "/_demo/writes", show_writes},     {"POST", "/_demo/rewrites", add_rewrites},
    {"GET", "/_demo/settings", show_settings}, {"POST", "/_demo/settings", change_settings},
};

void
routes_control_answer(struct request *req, struct reply *reply)
{
	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		if (strcmp(controls[i].path, req->path) != 0 || strcmp(controls[i].method, req->method) != 0)
			continue;
		req->body = req->body_len > 0 ? json_loadb(req->body_text, req->body_len, 0, NULL) : json_object();
		if (req->body == NULL)
			refuse(reply, "the body is no JSON");
		else
			controls[i].handler(req, reply);
		return;
	}
	error_set_no_route(reply);
}
