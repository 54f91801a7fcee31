/*
 * cache_route.c - what an address shows: GraphQL route() in the store views whose address it is, CMS ids by REST
 *
 * Magento's VCL cannot purge one address, only tags; so each address must lead to an entity.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "cache_urls.h"
#include "json/get.h"
#include "magento/criteria.h"
#include "magento/graphql.h"
#include "results.h"

#define ALIASES_MAX 20 /* addresses in one question */
#define VIEWS_MAX 10   /* views that share an address and are asked in turn */
#define QUERY_MAX (16 * 1024)
#define ID_DIGITS_MAX 10
#define CMS_PAGES_MAX 100

#define NO_ENTITY "not an entity page; cannot be purged by tag"

/* ---- Tags ---- */

static int
add_tag(struct cache_urls *urls, struct cache_url *url, const char *prefix, const char *id)
{
	struct pool *pool = urls->sc->call->pool;
	const char **tags = pool_alloc(pool, (url->n_tags + 1) * sizeof(*tags));
	const char *tag = pool_printf(pool, "%s%s", prefix, id);

	if (tags == NULL || tag == NULL)
		return -1;
	if (url->n_tags > 0)
		memcpy(tags, url->tags, url->n_tags * sizeof(*tags));
	tags[url->n_tags++] = tag;
	url->tags = tags;
	url->error = NULL;
	return 0;
}

static bool
is_id(const char *text)
{
	size_t len = strspn(text, "0123456789");

	return len > 0 && len <= ID_DIGITS_MAX && text[len] == '\0';
}

/* A uid is the id in base64. */
static int
add_tag_of_uid(struct cache_urls *urls, struct cache_url *url, const char *prefix, const char *uid)
{
	struct buf id;
	int r = 0;

	buf_init(&id, 64);
	if (enc_base64_decode(slice_from_str(uid), &id) == 0 && strlen(buf_cstr(&id)) == id.len && is_id(buf_cstr(&id)))
		r = add_tag(urls, url, prefix, buf_cstr(&id));
	buf_fini(&id);
	return r;
}

/* "home", or "home|2" where the shop has several pages of that name. */
static int
take_home(struct cache_urls *urls, struct cache_url *url, const char *home)
{
	const char *bar = strrchr(home, '|');

	if (bar != NULL && is_id(bar + 1))
		return add_tag(urls, url, "cms_p_", bar + 1);
	if (home[0] == '\0')
		return 0;
	url->cms = pool_strdup(urls->sc->call->pool, home);
	return url->cms != NULL ? 0 : -1;
}

static int
take_entity(struct cache_urls *urls, struct cache_url *url, const json_t *entity)
{
	const char *type = json_get_str(entity, "type", "");
	const char *uid = json_get_str(entity, "uid", "");

	if (json_get(entity, "cms_home_page") != NULL)
		return take_home(urls, url, json_get_str(entity, "cms_home_page", ""));
	if (strcmp(type, "PRODUCT") == 0)
		return add_tag_of_uid(urls, url, "cat_p_", uid);
	if (strcmp(type, "CATEGORY") == 0)
		return add_tag_of_uid(urls, url, "cat_c_", uid);
	if (strcmp(type, "CMS_PAGE") == 0)
		return take_home(urls, url, json_get_str(entity, "identifier", ""));
	return 0;
}

/* ---- route() ---- */

/* Some addresses that one view is asked about together. */
struct batch {
	struct cache_url *items[ALIASES_MAX];
	size_t n;
};

/* Below the base URL, without slashes around it. */
static const char *
relative_path(struct cache_urls *urls, const struct cache_url *url)
{
	struct slice path = slice_sub(url->parts.path, url->base_len, url->parts.path.len);

	while (path.len > 0 && path.ptr[0] == '/')
		path = slice_sub(path, 1, path.len);
	return pool_slicedup(urls->sc->call->pool, path);
}

/* query($u0:String!...){u0:route(url:$u0){...}...}; the home page is asked for by name. */
static int
put_question(struct cache_urls *urls, const struct batch *batch, struct buf *query, json_t *variables)
{
	struct buf body;
	char alias[24];
	int r = 0;

	buf_init(&body, QUERY_MAX);
	for (size_t i = 0; r == 0 && i < batch->n; i++) {
		const char *path = relative_path(urls, batch->items[i]);

		snprintf(alias, sizeof(alias), "u%zu", i);
		if (path == NULL) {
			r = -1;
		} else if (path[0] == '\0') {
			buf_printf(&body, "%s:storeConfig{cms_home_page}", alias);
		} else {
			buf_printf(query, "%s$%s:String!", query->len == 0 ? "query(" : ",", alias);
			buf_printf(&body,
				   "%s:route(url:$%s){relative_url redirect_code type ...on ProductInterface{uid} "
				   "...on CategoryInterface{uid} ...on CmsPage{identifier}}",
				   alias, alias);
			r = json_object_set_new(variables, alias, json_string(path));
		}
	}
	buf_printf(query, "%s{%s}", query->len > 0 ? ")" : "query", buf_cstr(&body));
	r = r == 0 && body.failed == 0 && query->failed == 0 ? 0 : -1;
	buf_fini(&body);
	return r;
}

static int
take_answer(struct cache_urls *urls, struct batch *batch, const struct graphql_answer *answer)
{
	struct buf text;
	char alias[24];

	for (size_t i = 0; i < batch->n; i++) {
		struct cache_url *url = batch->items[i];

		snprintf(alias, sizeof(alias), "u%zu", i);
		buf_init(&text, 1024);
		if (graphql_error_of(answer, alias, &text))
			url->error = pool_printf(urls->sc->call->pool, "the shop says: %s", buf_cstr(&text));
		buf_fini(&text);
		if (take_entity(urls, url, json_get_object(answer->data, alias)) < 0)
			return -1;
	}
	return 0;
}

static int
ask(struct cache_urls *urls, const char *view, struct batch *batch, struct fault *fault)
{
	json_t *variables = json_object();
	struct graphql_answer answer = {NULL, NULL};
	struct buf query;
	int r = -1;

	buf_init(&query, QUERY_MAX);
	if (variables == NULL || put_question(urls, batch, &query, variables) < 0) {
		result_out_of_memory(fault);
		goto out;
	}
	r = graphql_ask(&urls->sc->magento, view, buf_cstr(&query), variables, &answer, fault);
	if (r == 0 && take_answer(urls, batch, &answer) < 0)
		r = result_out_of_memory(fault);
out:
	graphql_answer_fini(&answer);
	json_decref(variables);
	buf_fini(&query);
	return r;
}

/* Everything that is this view's and still unknown. */
static int
ask_view(struct cache_urls *urls, const struct cache_base *base, struct fault *fault)
{
	struct batch batch = {.n = 0};

	for (size_t i = 0; i < urls->n; i++) {
		struct cache_url *url = &urls->items[i];

		if (url->n_tags > 0 || url->cms != NULL || !cache_url_is_of_view(url, base))
			continue;
		batch.items[batch.n++] = url;
		if (batch.n < ALIASES_MAX)
			continue;
		if (ask(urls, base->view, &batch, fault) < 0)
			return -1;
		batch.n = 0;
	}
	return batch.n > 0 ? ask(urls, base->view, &batch, fault) : 0;
}

/* ---- CMS ids ---- */

static const char **
identifiers(struct cache_urls *urls, size_t *n_r)
{
	const char **names = pool_alloc(urls->sc->call->pool, (urls->n + 1) * sizeof(*names));

	*n_r = 0;
	for (size_t i = 0; names != NULL && i < urls->n; i++) {
		if (urls->items[i].cms != NULL && strchr(urls->items[i].cms, ',') == NULL)
			names[(*n_r)++] = urls->items[i].cms;
	}
	return names;
}

/* Several views may have a page of the same name: all of them. */
static int
take_page(struct cache_urls *urls, const json_t *page)
{
	const char *name = json_get_str(page, "identifier", "");
	char id[24];

	snprintf(id, sizeof(id), "%lld", (long long)json_get_int(page, "id", 0));
	for (size_t i = 0; i < urls->n; i++) {
		struct cache_url *url = &urls->items[i];

		if (url->cms != NULL && strcmp(url->cms, name) == 0 && add_tag(urls, url, "cms_p_", id) < 0)
			return -1;
	}
	return 0;
}

static int
read_pages(struct cache_urls *urls, const char *const *names, size_t n, struct magento_reply *reply,
	   struct fault *fault)
{
	struct magento_request request = {.method = FETCH_GET, .scope = MAGENTO_SCOPE_ALL, .path = "/cmsPage/search"};
	struct pool *pool = urls->sc->call->pool;
	struct criteria criteria;

	criteria_init(&criteria, pool);
	criteria_where(&criteria, "identifier", "in", criteria_join(pool, names, n));
	criteria_sort(&criteria, "page_id", "ASC");
	criteria_page(&criteria, CMS_PAGES_MAX, 1);
	criteria_param(&criteria, "fields", "items[id,identifier]");
	if (criteria_finish(&criteria, &request.query, &request.n_query) < 0)
		return result_out_of_memory(fault);
	return magento_call(&urls->sc->magento, &request, reply, fault);
}

/* A role that may not read pages fails these addresses only. */
static int
forgive_pages(struct cache_urls *urls, struct fault *fault)
{
	const char *text;

	if (fault->code != FAULT_FORBIDDEN)
		return -1;
	text = pool_strdup(urls->sc->call->pool, fault->message);
	for (size_t i = 0; i < urls->n; i++) {
		if (urls->items[i].cms != NULL)
			urls->items[i].error = text;
	}
	fault_fini(fault);
	fault_init(fault);
	return 0;
}

static int
resolve_pages(struct cache_urls *urls, struct fault *fault)
{
	struct magento_reply reply;
	size_t n;
	const char **names = identifiers(urls, &n);
	json_t *pages;
	int r;

	if (names == NULL)
		return result_out_of_memory(fault);
	if (n == 0)
		return 0;
	magento_reply_init(&reply);
	r = read_pages(urls, names, n, &reply, fault);
	if (r < 0)
		r = forgive_pages(urls, fault);
	pages = json_get_array(reply.body, "items");
	for (size_t i = 0; r == 0 && i < json_array_size(pages); i++) {
		if (take_page(urls, json_array_get(pages, i)) < 0)
			r = result_out_of_memory(fault);
	}
	magento_reply_fini(&reply);
	return r;
}

/* ---- All ---- */

/* The session's default view first, then by id; each once. */
static int
by_preference(const void *a, const void *b, void *preferred)
{
	const struct cache_base *x = a, *y = b;
	int x_first = strcmp(x->view, preferred) == 0, y_first = strcmp(y->view, preferred) == 0;

	if (x_first != y_first)
		return y_first - x_first;
	return x->view_id < y->view_id ? -1 : x->view_id > y->view_id;
}

/* Is any address that is still unknown this view's? */
static bool
is_worth_asking(const struct cache_urls *urls, const struct cache_base *base)
{
	for (size_t i = 0; i < urls->n; i++) {
		const struct cache_url *url = &urls->items[i];

		if (url->n_tags == 0 && url->cms == NULL && cache_url_is_of_view(url, base))
			return true;
	}
	return false;
}

static bool
was_asked(const struct cache_base *asked[], size_t n, const struct cache_base *base)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(asked[i]->view, base->view) == 0 &&
		    slice_eq_nocase(asked[i]->parts.host, base->parts.host) &&
		    slice_eq(asked[i]->parts.path, base->parts.path))
			return true;
	}
	return false;
}

int
cache_urls_resolve(struct cache_urls *urls, struct fault *fault)
{
	const struct cache_base *asked[VIEWS_MAX];
	size_t n_asked = 0;

	qsort_r(urls->bases, urls->n_bases, sizeof(*urls->bases), by_preference,
		urls->sc->call->login.scope.store_view);
	for (size_t k = 0; k < urls->n_bases && n_asked < VIEWS_MAX; k++) {
		const struct cache_base *base = &urls->bases[k];

		if (was_asked(asked, n_asked, base) || !is_worth_asking(urls, base))
			continue;
		asked[n_asked++] = base;
		if (ask_view(urls, base, fault) < 0)
			return -1;
	}
	if (resolve_pages(urls, fault) < 0)
		return -1;
	for (size_t i = 0; i < urls->n; i++) {
		if (urls->items[i].n_tags == 0 && urls->items[i].error == NULL)
			urls->items[i].error = NO_ENTITY;
	}
	return 0;
}
