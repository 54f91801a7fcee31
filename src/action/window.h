/*
 * window.h - a page of our size, read from Magento in pages of its size (private to action/)
 *
 * Our pages hold up to 200 items; Magento is asked for at most 100 at a time, or what its administrator allows, so that
 * one reply never keeps the loop busy for long.  A page whose answer passes magento.max_reply_bytes is read in halves.
 */
#ifndef ACTION_WINDOW_H
#define ACTION_WINDOW_H

#include <jansson.h>
#include <stdint.h>

#include "magento/client.h"
#include "magento/criteria.h"

struct window {
	const char *scope; /* "all" or a store view code */
	const char *path;  /* "/products" */
	uint32_t page_size;
	uint32_t current_page;
};

struct window_page {
	json_t *items; /* owned; an array */
	int64_t total_count;
};

void window_page_fini(struct window_page *page);

/*
 * Reads items (current_page - 1) * page_size ... of a list.  add(ctx, criteria) puts filters, order and fields; it is
 * called once for each request.  The fault is Magento's, or VALIDATION_ERROR when the criteria make the address too
 * long.
 */
typedef int (*window_add_fn)(void *ctx, struct criteria *criteria, struct fault *fault);
int window_read(struct magento_client *client, const struct window *window, window_add_fn add, void *ctx,
		struct window_page *page_r, struct fault *fault) MUST_CHECK;

#endif
