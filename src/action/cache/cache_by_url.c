/*
 * cache_by_url.c - cache.purge_by_url: Fastly takes addresses, Varnish the tags of what they show
 */
#include <stdio.h>
#include <string.h>

#include "action/action.h"
#include "cache_tools.h"
#include "cache_urls.h"
#include "json/get.h"
#include "plan_question.h"
#include "results.h"

#define URLS_MAX 50
#define URLS_ASKED 10
#define URL_CHARS_MAX 2048

static json_t *
tags_of(const struct cache_url *url)
{
	json_t *tags = json_array();

	for (size_t i = 0; i < url->n_tags; i++) {
		if (json_array_append_new(tags, json_string(url->tags[i])) < 0) {
			json_decref(tags);
			return NULL;
		}
	}
	return tags;
}

/* What both kinds of cache did for one address; `fastly` is NULL without Fastly. */
static json_t *
render_url(const struct cache_backends *b, const struct cache_purge *purge, const struct cache_url *url,
	   const struct cdn_result *fastly, bool *success_r)
{
	const char *error = NULL;
	json_t *row = json_pack("{s:s}", "url", url->text);
	int r = row != NULL ? 0 : -1;

	if (!cache_backends_exist(b))
		error = "no cache back end is configured";
	else if (fastly != NULL && !fastly->ok)
		error = fastly->error;
	else if (b->varnish.n_hosts > 0)
		error = url->error != NULL	    ? url->error
			: purge->varnish_failure.ok ? NULL
						    : purge->varnish_failure.error;
	*success_r = error == NULL;
	if (r == 0)
		r = json_object_set_new(row, "success", json_boolean(error == NULL));
	if (r == 0 && fastly != NULL && fastly->purge_id[0] != '\0')
		r = json_object_set_new(row, "id", json_string(fastly->purge_id));
	if (r == 0 && url->n_tags > 0)
		r = json_object_set_new(row, "tags", tags_of(url));
	if (r == 0 && error != NULL)
		r = json_object_set_new(row, "error", json_string(error));
	return r == 0 ? row : (json_decref(row), NULL);
}

static int
render_urls(const struct cache_backends *b, const struct cache_purge *purge, const struct cache_urls *urls,
	    const struct cdn_result *fastly, json_t **result_r, struct fault *fault)
{
	json_t *rows = json_array();
	json_t *result = NULL;
	size_t done = 0;
	char message[64];
	int r = 0;

	for (size_t i = 0; r == 0 && i < urls->n; i++) {
		bool success = false;

		r = json_array_append_new(
		    rows, render_url(b, purge, &urls->items[i], fastly != NULL ? &fastly[i] : NULL, &success));
		done += success;
	}
	snprintf(message, sizeof(message), "Purged %zu/%zu URLs.", done, urls->n);
	if (r == 0)
		result = cache_common_result(b, purge, message);
	if (result != NULL && cache_backends_exist(b))
		json_object_set_new(result, "message", json_string(message));
	if (result != NULL)
		json_object_set_new(result, "purged", json_boolean(done == urls->n));
	if (result == NULL || json_object_set(result, "results", rows) < 0) {
		json_decref(result);
		json_decref(rows);
		return result_out_of_memory(fault);
	}
	json_decref(rows);
	*result_r = result;
	return 0;
}

static bool
has_text(const char *const *texts, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(texts[i], text) == 0)
			return true;
	}
	return false;
}

/* What Fastly has purged stays purged, and the caller must hear of it. */
static int
forgive(const struct cache_backends *b, struct cache_urls *urls, struct fault *fault)
{
	const char *text;

	if (!b->has_fastly || fault->code == FAULT_CANCELLED)
		return -1;
	text = pool_strdup(b->call->pool, fault->message);
	if (text == NULL)
		return -1;
	for (size_t i = 0; i < urls->n; i++)
		urls->items[i].error = text;
	fault_fini(fault);
	fault_init(fault);
	return 0;
}

/* By tag, each once: Magento's VCL knows no other way. */
static int
purge_varnish(const struct cache_backends *b, struct cache_urls *urls, struct cache_purge *purge, struct fault *fault)
{
	const char **tags;
	size_t cap = 1, n = 0;

	if (cache_urls_resolve(urls, fault) < 0 && forgive(b, urls, fault) < 0)
		return -1;
	for (size_t i = 0; i < urls->n; i++)
		cap += urls->items[i].n_tags;
	tags = pool_alloc(b->call->pool, cap * sizeof(*tags));
	if (tags == NULL)
		return result_out_of_memory(fault);
	for (size_t i = 0; i < urls->n; i++) {
		for (size_t k = 0; k < urls->items[i].n_tags; k++) {
			if (!has_text(tags, n, urls->items[i].tags[k]))
				tags[n++] = urls->items[i].tags[k];
		}
	}
	return n > 0 ? cache_purge_varnish(b, tags, n, purge, fault) : 0;
}

static int
purge_fastly(const struct cache_backends *b, const struct cache_urls *urls, struct cdn_result **results_r,
	     struct cache_purge *purge, struct fault *fault)
{
	const char **texts = pool_alloc(b->call->pool, urls->n * sizeof(*texts));

	*results_r = pool_alloc(b->call->pool, urls->n * sizeof(**results_r));
	if (texts == NULL || *results_r == NULL)
		return result_out_of_memory(fault);
	for (size_t i = 0; i < urls->n; i++)
		texts[i] = urls->items[i].text;
	return cache_purge_fastly_urls(b, texts, urls->n, *results_r, purge, fault);
}

static int
purge_by_url(struct store_client *sc, json_t *params, json_t **result_r, struct fault *fault)
{
	struct cdn_result *fastly = NULL;
	struct cache_backends backends;
	struct cache_purge purge;
	struct cache_urls urls;
	int r;

	if (cache_urls_read(&urls, sc, json_get_array(params, "urls"), fault) < 0 ||
	    cache_urls_place(&urls, fault) < 0 || cache_take_rate(sc->call, fault) < 0)
		return -1;
	cache_backends_find(&backends, sc->call);
	r = cache_purge_init(&purge, fault);
	if (r == 0 && backends.has_fastly)
		r = purge_fastly(&backends, &urls, &fastly, &purge, fault);
	if (r == 0 && backends.varnish.n_hosts > 0)
		r = purge_varnish(&backends, &urls, &purge, fault);
	if (r == 0)
		r = cache_purge_judge(&backends, &purge, fault);
	if (r == 0)
		r = render_urls(&backends, &purge, &urls, fastly, result_r, fault);
	cache_purge_fini(&purge);
	return r;
}

int
cache_by_url_run(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	return cache_run(call, params, purge_by_url, result_r, fault);
}

int
cache_by_url_ask(struct action_call *call, const json_t *params, struct buf *text, struct fault *fault)
{
	const json_t *urls = json_get_array(params, "urls");
	size_t n = json_array_size(urls);

	(void)call, (void)fault;
	buf_printf(text, "Purge %zu page%s from the cache?", n, n == 1 ? "" : "s");
	for (size_t i = 0; i < n && i < URLS_ASKED; i++) {
		buf_put_str(text, "\n- ");
		plan_question_value(text, json_array_get(urls, i));
	}
	if (n > URLS_ASKED)
		buf_printf(text, "\n- and %zu more", n - URLS_ASKED);
	return 0;
}

static const struct json_schema one_url = {
    .type = JSON_T_STRING, .min_length = 1, .max_length = URL_CHARS_MAX, .format = "uri"};
static const struct json_schema url_list = {
    .type = JSON_T_ARRAY,
    .items = &one_url,
    .min_items = 1,
    .max_items = URLS_MAX,
    .unique_items = true,
    .description = "Absolute http(s) addresses of pages of this store",
};
static const struct json_prop by_url_props[] = {{"urls", &url_list, true, NULL}, SHAPE_CONFIRM_PROPS, {0}};
const struct json_schema cache_by_url_params = {.type = JSON_T_OBJECT, .props = by_url_props};

static const struct json_prop url_result_props[] = {
    {"url", &shape_text, true, NULL},
    {"success", &shape_flag, true, NULL},
    {"id", &shape_text, false, "Fastly's purge id"},
    {"tags", &shape_texts, false, "Tags that were purged in Varnish"},
    {"error", &shape_text, false, NULL},
    {0},
};
static const struct json_schema url_result = {.type = JSON_T_OBJECT, .props = url_result_props};
static const struct json_schema url_results = {.type = JSON_T_ARRAY, .items = &url_result};
static const struct json_prop by_url_result_props[] = {
    CACHE_COMMON_RESULT_PROPS, {"results", &url_results, true, NULL}, {0}};
const struct json_schema cache_by_url_result = {.type = JSON_T_OBJECT, .props = by_url_result_props};
