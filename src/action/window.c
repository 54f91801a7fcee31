#include "window.h"

#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "json/get.h"
#include "page_limit.h"
#include "magento/error.h"
#include "results.h"

#define MAGENTO_PAGE_MAX 100
#define TRIES_MAX 8   /* 100, 50, 25, 12, 6, 3, 1, and what the administrator allows */
#define PAGES_MAX 201 /* 200 items from a shop that gives one at a time */

/* Which of Magento's pages hold the window. */
struct span {
	uint32_t size;
	uint32_t first; /* page numbers, from 1 */
	uint32_t n;
	uint32_t skip; /* items of the first page before the window */
};

static struct span
span_of(const struct window *window, uint32_t size)
{
	uint64_t offset = (uint64_t)(window->current_page - 1) * window->page_size;
	uint64_t first = offset / size;
	uint64_t last = (offset + window->page_size - 1) / size;

	return (struct span){.size = size,
			     .first = (uint32_t)first + 1,
			     .n = (uint32_t)(last - first) + 1,
			     .skip = (uint32_t)(offset % size)};
}

void
window_page_fini(struct window_page *page)
{
	json_decref(page->items);
	page->items = NULL;
}

static int
build_request(struct magento_client *client, const struct window *window, uint32_t size, uint32_t number,
	      window_add_fn add, void *ctx, struct magento_request *request_r, struct fault *fault)
{
	struct criteria criteria;

	memset(request_r, 0, sizeof(*request_r));
	request_r->method = FETCH_GET;
	request_r->scope = window->scope;
	request_r->path = window->path;
	criteria_init(&criteria, client->pool);
	if (add(ctx, &criteria, fault) < 0)
		return -1;
	criteria_page(&criteria, size, number);
	if (criteria_finish(&criteria, &request_r->query, &request_r->n_query) < 0)
		return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "The search could not be put together.");
	if (criteria_encoded_len(request_r->query, request_r->n_query) > CRITERIA_QUERY_MAX) {
		return fault_set(
		    fault, FAULT_VALIDATION_ERROR, NULL,
		    "The filters are too long for one request. Use fewer values, or search in several calls.");
	}
	return 0;
}

static int
refuse_body(int status, struct fault *fault)
{
	return fault_set(fault, FAULT_MAGENTO_API_ERROR,
			 json_pack("{s:i, s:s}", "statusCode", status, "kind", MAGENTO_KIND_NOT_JSON),
			 "Magento answered %d with something that is no list.", status);
}

/* Takes over the items of one reply that lie within the window. */
static int
collect(const struct window *window, const struct span *span, size_t nth, json_t *body, struct window_page *page_r)
{
	json_t *items = json_get_array(body, "items"); /* null when a projected list is empty */
	size_t skip = nth == 0 ? span->skip : 0;

	page_r->total_count = json_get_int(body, "total_count", 0);
	for (size_t i = skip; i < json_array_size(items) && json_array_size(page_r->items) < window->page_size; i++) {
		if (json_array_append(page_r->items, json_array_get(items, i)) < 0)
			return -1;
	}
	return 0;
}

static int
take(const struct window *window, const struct span *span, size_t nth, const struct magento_reply *reply,
     struct window_page *page_r, struct fault *fault)
{
	if (!json_is_object(reply->body)) /* Magento gives [] for a projection that it cannot read */
		return refuse_body(reply->status, fault);
	if (collect(window, span, nth, reply->body, page_r) < 0)
		return result_out_of_memory(fault);
	return 0;
}

/* Sends the requests for `n` pages of the span, from the one numbered `from` on, side by side. */
static int
run_requests(struct magento_client *client, const struct window *window, const struct span *span,
	     const struct magento_request *requests, uint32_t from, uint32_t n, struct window_page *page_r,
	     struct fault *fault)
{
	struct magento_reply *replies = pool_alloc(client->pool, (n + 1) * sizeof(*replies));
	struct fault *faults = pool_alloc(client->pool, (n + 1) * sizeof(*faults));
	int failed, r = 0;

	if (replies == NULL || faults == NULL)
		return result_out_of_memory(fault);
	for (uint32_t i = 0; i < n; i++) {
		magento_reply_init(&replies[i]);
		fault_init(&faults[i]);
	}
	failed = magento_call_many(client, requests + from, n, replies, faults);
	for (uint32_t i = 0; i < n; i++) {
		if (fault->code == FAULT_NONE && faults[i].code != FAULT_NONE)
			fault_move(fault, &faults[i]);
		if (failed == 0 && r == 0)
			r = take(window, span, from + i, &replies[i], page_r, fault);
		magento_reply_fini(&replies[i]);
		fault_fini(&faults[i]);
	}
	return fault->code == FAULT_NONE ? 0 : -1;
}

/* `n_first` pages are asked for first, the others when these could be read. */
static int
read_with(struct magento_client *client, const struct window *window, uint32_t size, uint32_t n_first,
	  window_add_fn add, void *ctx, struct window_page *page_r, struct fault *fault)
{
	struct span span = span_of(window, size);
	struct magento_request *requests;

	if (span.n > PAGES_MAX)
		return fault_set(fault, FAULT_VALIDATION_ERROR, NULL,
				 "This shop allows smaller pages only. Lower page_size.");
	requests = pool_alloc(client->pool, span.n * sizeof(*requests));
	if (requests == NULL)
		return result_out_of_memory(fault);
	for (uint32_t i = 0; i < span.n; i++) {
		if (build_request(client, window, size, span.first + i, add, ctx, &requests[i], fault) < 0)
			return -1;
	}
	n_first = n_first < span.n ? n_first : span.n;
	if (run_requests(client, window, &span, requests, 0, n_first, page_r, fault) < 0)
		return -1;
	if (n_first == span.n)
		return 0;
	return run_requests(client, window, &span, requests, n_first, span.n - n_first, page_r, fault);
}

/* With which pages to try again after a failure; 0: with none. */
static uint32_t
smaller_page(const struct fault *fault, uint32_t size)
{
	uint32_t allowed = page_limit(fault, size);

	return allowed > 0 ? allowed : page_half(fault, size);
}

int
window_read(struct magento_client *client, const struct window *window, window_add_fn add, void *ctx,
	    struct window_page *page_r, struct fault *fault)
{
	uint32_t size = window->page_size < MAGENTO_PAGE_MAX ? window->page_size : MAGENTO_PAGE_MAX;
	uint32_t n_first = PAGES_MAX;

	page_r->total_count = 0;
	page_r->items = json_array();
	if (page_r->items == NULL)
		return result_out_of_memory(fault);
	for (int tries = 1; read_with(client, window, size, n_first, add, ctx, page_r, fault) < 0; tries++) {
		/* A shop whose answers are large whatever is asked is not asked for many of them. */
		n_first = page_half(fault, size) > 0 ? 1 : PAGES_MAX;
		size = smaller_page(fault, size);
		if (size == 0 || tries == TRIES_MAX)
			return -1;
		fault_fini(fault);
		fault_init(fault);
		json_array_clear(page_r->items);
	}
	return 0;
}
