#include "indexers.h"

#include <stdio.h>
#include <string.h>

#include "json/clone.h"
#include "json/get.h"

#define ADVICE                                                                                                         \
	"This Magento does not offer indexer status over REST. Ask an administrator to run `bin/magento "              \
	"indexer:status`, "                                                                                            \
	"or install a module with such a route and set optional_routes.indexer_status. "                               \
	"diagnostics_product_display_check shows the effect of a stale index on one product."

json_t *
indexers_unavailable(const char *why)
{
	char message[768];

	snprintf(message, sizeof(message), "%s%s%s", why != NULL ? why : "", why != NULL ? " " : "", ADVICE);
	return json_pack("{s:b, s:[], s:i, s:i, s:i, s:[], s:s}", "available", 0, "indexers", "total", 0, "valid", 0,
			 "invalid", 0, "needs_reindex", "message", message);
}

struct tally {
	json_t *indexers, *stale;
	size_t valid, invalid;
};

static int
set_if_there(json_t *object, const char *key, const json_t *from)
{
	const char *text = json_get_str(from, key, NULL);

	return text != NULL ? json_object_set_new(object, key, json_string(text)) : 0;
}

/* 0, 1 when it is no indexer, -1 without memory. */
static int
tally_add(struct tally *tally, const json_t *row)
{
	const char *id = json_get_str(row, "indexer_id", json_get_str(row, "id", NULL));
	const char *status = json_get_str(row, "status", NULL);
	json_t *indexer;

	if (id == NULL || status == NULL)
		return 1;
	indexer =
	    json_pack("{s:s, s:s, s:s}", "indexer_id", id, "title", json_get_str(row, "title", id), "status", status);
	if (strcmp(status, "valid") == 0)
		tally->valid++;
	else if (strcmp(status, "invalid") == 0)
		tally->invalid++;
	if (strcmp(status, "invalid") == 0 && json_array_append_new(tally->stale, json_clone(indexer)) < 0) {
		json_decref(indexer);
		return -1;
	}
	if (indexer == NULL || set_if_there(indexer, "mode", row) < 0 || set_if_there(indexer, "updated", row) < 0) {
		json_decref(indexer);
		return -1;
	}
	return json_array_append_new(tally->indexers, indexer);
}

static json_t *
render(const struct tally *tally)
{
	json_int_t total = (json_int_t)json_array_size(tally->indexers);
	char message[160];

	if (tally->invalid == 0)
		snprintf(message, sizeof(message), "No indexer needs a reindex.");
	else
		snprintf(message, sizeof(message),
			 "%zu of %lld indexers need a reindex: run `bin/magento indexer:reindex`.", tally->invalid,
			 (long long)total);
	return json_pack("{s:b, s:O, s:I, s:I, s:I, s:O, s:s}", "available", 1, "indexers", tally->indexers, "total",
			 total, "valid", (json_int_t)tally->valid, "invalid", (json_int_t)tally->invalid,
			 "needs_reindex", tally->stale, "message", message);
}

json_t *
indexers_render(const json_t *body)
{
	const json_t *rows = json_is_array(body) ? body : json_get_array(body, "items");
	struct tally tally = {.indexers = json_array(), .stale = json_array()};
	json_t *result = NULL;
	int r = tally.indexers != NULL && tally.stale != NULL ? 0 : -1;

	for (size_t i = 0; r == 0 && i < json_array_size(rows); i++)
		r = tally_add(&tally, json_array_get(rows, i));
	if (r == 1 || (r == 0 && rows == NULL))
		result = indexers_unavailable(
		    "The configured route answered something that is no list of indexers (kind not_json).");
	else if (r == 0)
		result = render(&tally);
	json_decref(tally.indexers);
	json_decref(tally.stale);
	return result;
}
