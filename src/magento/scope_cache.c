/*
 * scope_cache.c - reading a shop's tree, and the trees one worker keeps
 *
 * A tree is counted: the cache holds one reference, each call that was lent it another, given back with the call's
 * pool.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "json/get.h"
#include "magento/error.h"
#include "magento/scope.h"

struct kept {
	struct scope_tree *tree;
	unsigned refs;
};

struct entry {
	char *identity;
	struct kept *kept;
	uint64_t read_mono_ms;
};

struct scope_cache {
	struct entry *entries;
	size_t n;
	size_t max;
	uint32_t keep_ms;
};

static void
kept_drop(void *ptr)
{
	struct kept *kept = ptr;

	if (kept == NULL)
		return;
	kept->refs--;
	if (kept->refs > 0)
		return;
	scope_tree_free(&kept->tree);
	free(kept);
}

static struct kept *
kept_new(const struct scope_lists *lists)
{
	struct kept *kept = calloc(1, sizeof(*kept));

	if (kept == NULL)
		return NULL;
	kept->refs = 1;
	kept->tree = scope_tree_new(lists);
	if (kept->tree == NULL) {
		free(kept);
		return NULL;
	}
	return kept;
}

/* ---- The cache ---- */

struct scope_cache *
scope_cache_new(size_t max_stores, uint32_t keep_ms)
{
	struct scope_cache *cache = calloc(1, sizeof(*cache));

	if (cache == NULL)
		return NULL;
	cache->max = max_stores > 0 ? max_stores : 1;
	cache->keep_ms = keep_ms;
	cache->entries = calloc(cache->max, sizeof(*cache->entries));
	if (cache->entries == NULL) {
		free(cache);
		return NULL;
	}
	return cache;
}

static void
entry_clear(struct entry *entry)
{
	free(entry->identity);
	kept_drop(entry->kept);
	memset(entry, 0, sizeof(*entry));
}

void
scope_cache_free(struct scope_cache **cache)
{
	size_t i;

	if (*cache == NULL)
		return;
	for (i = 0; i < (*cache)->n; i++)
		entry_clear(&(*cache)->entries[i]);
	free((*cache)->entries);
	free(*cache);
	*cache = NULL;
}

static struct kept *
cache_find(struct scope_cache *cache, const char *identity, uint64_t now_ms)
{
	size_t i;

	for (i = 0; cache != NULL && identity != NULL && i < cache->n; i++) {
		if (strcmp(cache->entries[i].identity, identity) == 0)
			return now_ms - cache->entries[i].read_mono_ms < cache->keep_ms ? cache->entries[i].kept : NULL;
	}
	return NULL;
}

/* The store's own entry, a free one, or the one read longest ago. */
static struct entry *
entry_for(struct scope_cache *cache, const char *identity)
{
	struct entry *oldest = &cache->entries[0];
	size_t i;

	for (i = 0; i < cache->n; i++) {
		if (strcmp(cache->entries[i].identity, identity) == 0)
			return &cache->entries[i];
		if (cache->entries[i].read_mono_ms < oldest->read_mono_ms)
			oldest = &cache->entries[i];
	}
	if (cache->n < cache->max)
		return &cache->entries[cache->n++];
	return oldest;
}

/* Without memory the tree is simply not kept. */
static void
cache_put(struct scope_cache *cache, const char *identity, struct kept *kept)
{
	struct entry *entry;
	char *copy;

	if (cache == NULL || identity == NULL)
		return;
	copy = strdup(identity);
	if (copy == NULL)
		return;
	entry = entry_for(cache, identity);
	entry_clear(entry);
	entry->identity = copy;
	entry->kept = kept;
	entry->read_mono_ms = clock_mono_ms();
	kept->refs++;
}

/* ---- Reading ---- */

static int
compare_rows(const void *a, const void *b)
{
	int64_t x = json_get_int(*(json_t *const *)a, "id", 0);
	int64_t y = json_get_int(*(json_t *const *)b, "id", 0);

	return (x > y) - (x < y);
}

/* A list that is none counts as empty: some releases answer null. */
static json_t *
sorted(json_t *list)
{
	size_t n = json_array_size(list);
	json_t *result = json_array();
	json_t **rows;
	size_t i;

	rows = calloc(n + 1, sizeof(*rows));
	for (i = 0; rows != NULL && i < n; i++)
		rows[i] = json_array_get(list, i);
	if (rows != NULL)
		qsort(rows, n, sizeof(*rows), compare_rows);
	for (i = 0; rows != NULL && i < n; i++)
		json_array_append(result, rows[i]);
	free(rows);
	return result;
}

#define LISTS 4

static int
read_lists(struct magento_client *client, struct scope_lists *lists, struct fault *fault)
{
	static const char *const paths[LISTS] = {"/store/websites", "/store/storeGroups", "/store/storeViews",
						 "/store/storeConfigs"};
	json_t **targets[LISTS] = {&lists->websites, &lists->groups, &lists->views, &lists->configs};
	struct magento_request requests[LISTS];
	struct magento_reply replies[LISTS];
	struct fault faults[LISTS];
	bool done = false;
	int failed;
	size_t i;

	memset(requests, 0, sizeof(requests));
	for (i = 0; i < LISTS; i++) {
		requests[i].method = FETCH_GET;
		requests[i].scope = MAGENTO_SCOPE_ALL;
		requests[i].path = paths[i];
		magento_reply_init(&replies[i]);
		fault_init(&faults[i]);
	}
	failed = magento_call_many(client, requests, LISTS, replies, faults);
	for (i = 0; i < LISTS; i++) {
		if (failed == 0)
			*targets[i] = sorted(replies[i].body);
		else if (!done && faults[i].code != FAULT_NONE) {
			fault_move(fault, &faults[i]);
			done = true;
		}
		magento_reply_fini(&replies[i]);
		fault_fini(&faults[i]);
	}
	return failed == 0 ? 0 : -1;
}

static int
set_unreadable(struct fault *fault)
{
	return fault_set(
	    fault, FAULT_INTERNAL_ERROR, NULL,
	    "The shop's list of websites and stores could not be taken in: out of memory, or more than 4,096 rows.");
}

int
scope_lists_read(struct magento_client *client, struct scope_cache *cache, struct scope_lists *lists_r,
		 struct fault *fault)
{
	struct kept *kept;

	scope_lists_init(lists_r);
	if (read_lists(client, lists_r, fault) < 0)
		return -1;
	kept = kept_new(lists_r);
	if (kept == NULL) {
		scope_lists_fini(lists_r);
		return set_unreadable(fault);
	}
	cache_put(cache, client->identity, kept);
	kept_drop(kept);
	return 0;
}

/* Takes over the caller's reference. */
static int
lend(struct magento_client *client, struct kept *kept, const struct scope_tree **tree_r, struct fault *fault)
{
	if (pool_defer(client->pool, kept_drop, kept) < 0) {
		kept_drop(kept);
		return set_unreadable(fault);
	}
	*tree_r = kept->tree;
	return 0;
}

int
scope_tree_get(struct magento_client *client, struct scope_cache *cache, bool fresh, const struct scope_tree **tree_r,
	       bool *was_kept_r, struct fault *fault)
{
	struct kept *kept = NULL;
	struct scope_lists lists;

	*tree_r = NULL;
	if (!fresh)
		kept = cache_find(cache, client->identity, clock_mono_ms());
	if (was_kept_r != NULL)
		*was_kept_r = kept != NULL;
	if (kept != NULL) {
		kept->refs++;
		return lend(client, kept, tree_r, fault);
	}
	scope_lists_init(&lists);
	if (read_lists(client, &lists, fault) < 0)
		return -1;
	kept = kept_new(&lists);
	scope_lists_fini(&lists);
	if (kept == NULL)
		return set_unreadable(fault);
	cache_put(cache, client->identity, kept);
	return lend(client, kept, tree_r, fault);
}
