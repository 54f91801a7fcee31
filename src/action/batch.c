#include "batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/enc.h"
#include "json/get.h"
#include "magento/error.h"
#include "page_limit.h"
#include "results.h"

void
batch_init(struct batch *batch, struct store_client *sc, size_t cap)
{
	struct pool *pool = sc->call->pool;

	memset(batch, 0, sizeof(*batch));
	batch->sc = sc;
	batch->cap = cap;
	batch->requests = pool_alloc(pool, (cap + 1) * sizeof(*batch->requests));
	batch->replies = pool_alloc(pool, (cap + 1) * sizeof(*batch->replies));
	batch->faults = pool_alloc(pool, (cap + 1) * sizeof(*batch->faults));
	batch->failed = batch->requests == NULL || batch->replies == NULL || batch->faults == NULL;
}

void
batch_fini(struct batch *batch)
{
	for (size_t i = 0; i < batch->n; i++) {
		magento_reply_fini(&batch->replies[i]);
		fault_fini(&batch->faults[i]);
	}
	batch->n = 0;
}

size_t
batch_get(struct batch *batch, const char *scope, const char *path, const struct magento_param *query, size_t n)
{
	if (path == NULL)
		batch->failed = true;
	if (batch->failed)
		return 0;
	must(batch->n < batch->cap);
	batch->requests[batch->n] =
	    (struct magento_request){.method = FETCH_GET, .scope = scope, .path = path, .query = query, .n_query = n};
	magento_reply_init(&batch->replies[batch->n]);
	fault_init(&batch->faults[batch->n]);
	return batch->n++;
}

size_t
batch_get_fields(struct batch *batch, const char *scope, const char *path, const char *fields)
{
	struct magento_param *query = pool_alloc(batch->sc->call->pool, sizeof(*query));

	if (query == NULL) {
		batch->failed = true;
		return 0;
	}
	*query = (struct magento_param){.name = "fields", .value = fields};
	return batch_get(batch, scope, path, query, 1);
}

size_t
batch_get_criteria(struct batch *batch, const char *scope, const char *path, struct criteria *criteria)
{
	const struct magento_param *query = NULL;
	size_t n = 0;

	if (criteria_finish(criteria, &query, &n) < 0) {
		batch->failed = true;
		return 0;
	}
	return batch_get(batch, scope, path, query, n);
}

bool
batch_is_fatal(const struct fault *fault)
{
	switch (fault->code) {
	case FAULT_CANCELLED:
	case FAULT_NOT_AUTHENTICATED:
	case FAULT_RATE_LIMITED:
	case FAULT_INTERNAL_ERROR:
		return true;
	default:
		return false;
	}
}

bool
batch_is_no_route(const struct fault *fault)
{
	return fault != NULL && fault->code == FAULT_MAGENTO_API_ERROR &&
	       strcmp(json_get_str(fault->details, "kind", ""), MAGENTO_KIND_NO_ROUTE) == 0;
}

int
batch_run(struct batch *batch, struct fault *fault)
{
	if (batch->failed)
		return result_out_of_memory(fault);
	if (batch->n == 0)
		return 0;
	if (magento_call_many(&batch->sc->magento, batch->requests, batch->n, batch->replies, batch->faults) == 0)
		return 0;
	for (size_t i = 0; i < batch->n; i++) {
		if (batch_is_fatal(&batch->faults[i])) {
			fault_move(fault, &batch->faults[i]);
			return -1;
		}
	}
	return 0;
}

json_t *
batch_body(const struct batch *batch, size_t index)
{
	must(index < batch->n);
	return batch->faults[index].code == FAULT_NONE ? batch->replies[index].body : NULL;
}

const struct fault *
batch_fault(const struct batch *batch, size_t index)
{
	must(index < batch->n);
	return batch->faults[index].code != FAULT_NONE ? &batch->faults[index] : NULL;
}

uint32_t
batch_smaller_page(const struct batch *batch, uint32_t asked)
{
	for (size_t i = 0; i < batch->n; i++) {
		uint32_t size = page_limit(&batch->faults[i], asked);

		if (size > 0)
			return size;
	}
	return 0;
}

const char *
batch_path(struct pool *pool, const char *before, const char *value, const char *after)
{
	struct slice part = slice_from_str(value);
	const char *path = NULL;
	struct buf out;

	buf_init(&out, strlen(before) + part.len * 3 + strlen(after) + 1);
	buf_put_str(&out, before);
	enc_percent_put(&out, part);
	buf_put_str(&out, after);
	if (out.failed == 0)
		path = pool_slicedup(pool, buf_slice(&out));
	buf_fini(&out);
	return path;
}
