/*
 * batch.h - several questions to the shop, asked side by side (private to action/)
 *
 *	batch_init(&batch, sc, 8);
 *	first = batch_get(&batch, "all", "/store/websites", NULL, 0);
 *	second = batch_get(&batch, ...);
 *	r = batch_run(&batch, fault);
 *	... batch_body(&batch, first), batch_fault(&batch, second) ...
 *	batch_fini(&batch);
 *
 * Paths and parameters live in the call's pool, or as long as the batch.
 */
#ifndef ACTION_BATCH_H
#define ACTION_BATCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "magento/criteria.h"
#include "store.h"

struct batch {
	struct store_client *sc;
	struct magento_request *requests;
	struct magento_reply *replies;
	struct fault *faults;
	size_t n, cap;
	bool failed; /* something could not be added: batch_run() says so */
};

void batch_init(struct batch *batch, struct store_client *sc, size_t cap);
void batch_fini(struct batch *batch);

/* Adds a GET and gives its number.  `path` NULL marks the batch as failed. */
size_t batch_get(struct batch *batch, const char *scope, const char *path, const struct magento_param *query, size_t n);
size_t batch_get_fields(struct batch *batch, const char *scope, const char *path, const char *fields);
size_t batch_get_criteria(struct batch *batch, const char *scope, const char *path, struct criteria *criteria);

/*
 * Asks.  A question that failed has its own fault.  -1 for what ends the call as a whole: cancelled, the login is
 * refused, no memory, Magento wants us to slow down.
 */
int batch_run(struct batch *batch, struct fault *fault) MUST_CHECK;

json_t *batch_body(const struct batch *batch, size_t index);		  /* borrowed; NULL when it failed */
const struct fault *batch_fault(const struct batch *batch, size_t index); /* NULL when it did not */

/* Is a fault such that nothing else in this call can work? */
bool batch_is_fatal(const struct fault *fault);

/* Does this Magento not know the route? */
bool batch_is_no_route(const struct fault *fault);

/* page_limit() over all questions of a batch. */
uint32_t batch_smaller_page(const struct batch *batch, uint32_t asked);

/* "{before}{value, percent-encoded}{after}" in the pool; NULL without memory. */
const char *batch_path(struct pool *pool, const char *before, const char *value, const char *after);

#endif
