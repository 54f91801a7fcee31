/*
 * Pages of the storefront, just enough for a page cache in front: small, cacheable HTML with the tags Magento would
 * send, redirects, and a count of how often each page was asked for here.
 */

#include "demo.h"
#include "errors.h"
#include "routes.h"
#include "urls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CATEGORY_SHOWN = 12 };

/* ?___store=de chooses a view; a shop would do it by host or cookie. */
static int
find_store(const struct request *req)
{
	const char *code = request_find_query(req, "___store");
	int store = code != NULL ? scope_find(code, strlen(code)) : SCOPE_DEFAULT;

	return store > SCOPE_ALL ? store : SCOPE_DEFAULT;
}

static void
put_escaped(FILE *out, const char *text)
{
	for (; text != NULL && *text != '\0'; text++) {
		if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '&')
			fputs("&amp;", out);
		else
			putc(*text, out);
	}
}

static void
put_product(FILE *out, const struct product *product, int store)
{
	fputs("<p>", out);
	put_escaped(out, json_string_value(product_get(product, ATTR_NAME, store)));
	fprintf(out, " <b>%.2f</b></p>\n", json_number_value(product_get(product, ATTR_PRICE, store)));
}

static bool
is_in(const struct product *product, int category_id)
{
	json_t *link;
	size_t i;

	json_array_foreach(product->links, i, link)
	{
		if (atoi(json_string_value(json_object_get(link, "category_id"))) == category_id)
			return true;
	}
	return false;
}

/* The products shown go into the tags too, so that a change of one of them drops the page. */
static void
put_category(FILE *out, FILE *tags, const struct demo *demo, const struct category *category, int store)
{
	int shown = 0;

	fprintf(tags, "cat_c_%d,cat_c_p_%d", category->id, category->id);
	for (size_t i = 0; i < demo->catalog->count && shown < CATEGORY_SHOWN; i++) {
		const struct product *product = demo->catalog->rows[i];

		if (!is_in(product, category->id) ||
		    json_integer_value(product_get(product, ATTR_STATUS, store)) != 1 ||
		    json_integer_value(product_get(product, ATTR_VISIBILITY, store)) % 2 != 0)
			continue;
		put_product(out, product, store);
		fprintf(tags, ",cat_p_%d", product->id);
		shown++;
	}
}

static const char *
find_title(const struct url_hit *hit, int store)
{
	if (hit->kind == URL_PRODUCT)
		return json_string_value(product_get(hit->product, ATTR_NAME, store));
	if (hit->kind == URL_CATEGORY)
		return json_string_value(scoped_get(&hit->category->values[CAT_NAME], store));
	return json_string_value(json_object_get(hit->page, "title"));
}

static void
put_content(FILE *out, FILE *tags, const struct demo *demo, const struct url_hit *hit, int store)
{
	const char *content;
	json_t *id;
	size_t i;

	if (hit->kind == URL_PRODUCT) {
		put_product(out, hit->product, store);
		fprintf(tags, "cat_p_%d", hit->product->id);
		json_array_foreach(hit->product->children, i, id)
		    fprintf(tags, ",cat_p_%d", (int)json_integer_value(id));
	} else if (hit->kind == URL_CATEGORY) {
		put_category(out, tags, demo, hit->category, store);
	} else {
		content = json_string_value(json_object_get(hit->page, "content"));
		fputs(content != NULL ? content : "", out);
		fprintf(tags, "cms_p_%d", (int)json_integer_value(json_object_get(hit->page, "id")));
	}
}

/* The page goes into reply->owned, its tags into reply->tags. */
static void
answer_page(struct request *req, struct reply *reply, const struct url_hit *hit, int store)
{
	size_t page_len = 0, tags_len = 0;
	char *page = NULL, *tags_text = NULL;
	FILE *out = open_memstream(&page, &page_len), *tags = open_memstream(&tags_text, &tags_len);

	if (out != NULL && tags != NULL) {
		fputs("<!doctype html>\n<html>\n<head><title>", out);
		put_escaped(out, find_title(hit, store));
		fputs("</title></head>\n<body>\n", out);
		put_content(out, tags, req->demo, hit, store);
		fputs("</body>\n</html>\n", out);
		fputs(",store", tags);
	}
	if (out != NULL)
		fclose(out);
	if (tags != NULL)
		fclose(tags);
	reply_set_text(reply, 200, "text/html; charset=UTF-8", "");
	reply->owned = page;
	reply->tags = tags_text;
	reply->public_max_age_s = 86400;
	if (page != NULL) {
		reply->text = page;
		reply->text_len = page_len;
	}
}

static bool
is_shown(const struct url_hit *hit, int store)
{
	if (hit->kind == URL_PRODUCT)
		return json_integer_value(product_get(hit->product, ATTR_STATUS, store)) == 1;
	return hit->kind != URL_CATEGORY || json_is_true(scoped_get(&hit->category->values[CAT_ACTIVE], store));
}

void
routes_storefront_answer(struct request *req, struct reply *reply)
{
	const char *path = req->path + strspn(req->path, "/");
	int store = find_store(req);
	struct url_hit hit;
	char *location;

	reply->cookie = false;
	reqlog_count_page(&req->demo->log, req->path);
	if (strcmp(path, "health_check.php") == 0 || strcmp(path, "pub/health_check.php") == 0) {
		reply_set_text(reply, 200, "text/plain;charset=UTF-8", "");
		return;
	}
	if (!urls_find(req->demo, store, *path != '\0' ? path : CMS_HOME_PAGE, &hit) ||
	    (hit.redirect_type == 0 && !is_shown(&hit, store))) {
		error_set_html(reply, 404);
		reply->cookie = false;
		return;
	}
	if (hit.redirect_type == 0) {
		answer_page(req, reply, &hit, store);
		return;
	}
	reply_set_text(reply, hit.redirect_type, "text/html; charset=UTF-8", "");
	if (asprintf(&location, "/%s", hit.path) >= 0)
		reply->location = location;
	reply->public_max_age_s = 86400;
}
