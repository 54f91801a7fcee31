#include "redirect_graph.h"

#include <stdio.h>
#include <string.h>

#include "json/get.h"

#define ID_CAP 24

int
redirect_graph_init(struct redirect_graph *graph)
{
	graph->stores = json_object();
	graph->targets = json_object();
	graph->n_redirects = 0;
	return graph->stores != NULL && graph->targets != NULL ? 0 : -1;
}

void
redirect_graph_fini(struct redirect_graph *graph)
{
	json_decref(graph->stores);
	json_decref(graph->targets);
	graph->stores = graph->targets = NULL;
}

void
redirect_chains_fini(struct redirect_chains *chains)
{
	json_decref(chains->list);
	chains->list = NULL;
}

/* ---- rows ---- */

/* Numbers come as numbers or as text, as a module likes. */
static int64_t
number_of(const json_t *row, const char *key)
{
	const char *text = json_get_str(row, key, NULL);
	uint64_t value = 0;

	if (text == NULL)
		return json_get_int(row, key, 0);
	return slice_to_u64(slice_from_str(text), INT64_MAX, &value) == 0 ? (int64_t)value : 0;
}

static const char *
path_of(const json_t *row, const char *key)
{
	const char *path = json_get_str(row, key, NULL);

	return path != NULL && path[0] == '/' ? path + 1 : path;
}

/* The object below a key, made when it is not there. */
static json_t *
object_at(json_t *parent, const char *key)
{
	if (json_object_get(parent, key) == NULL && json_object_set_new(parent, key, json_object()) < 0)
		return NULL;
	return json_object_get(parent, key);
}

int
redirect_graph_add(struct redirect_graph *graph, const json_t *row, int64_t only_store)
{
	const char *from = path_of(row, "request_path"), *to = path_of(row, "target_path");
	int64_t store_id = number_of(row, "store_id");
	json_t *map, *targets;
	char id[ID_CAP];

	if (from == NULL || to == NULL || number_of(row, "redirect_type") == 0 ||
	    (only_store != 0 && store_id != only_store))
		return 0;
	snprintf(id, sizeof(id), "%lld", (long long)store_id);
	map = object_at(graph->stores, id);
	targets = object_at(graph->targets, id);
	if (map == NULL || targets == NULL)
		return -1;
	if (json_object_get(map, from) == NULL)
		graph->n_redirects++;
	if (json_object_set_new(map, from, json_string(to)) < 0)
		return -1;
	return json_object_set_new(targets, to, json_true());
}

/* ---- walking ---- */

struct walk {
	const json_t *map;
	json_t *seen;	  /* paths that some walk has passed */
	const char *code; /* of the store view, or NULL */
	uint32_t max_depth;
	struct redirect_chains *chains;
};

static bool
holds(const json_t *chain, const char *path)
{
	for (size_t i = 0; i < json_array_size(chain); i++) {
		if (strcmp(json_string_value(json_array_get(chain, i)), path) == 0)
			return true;
	}
	return false;
}

static int
mark(struct walk *walk, const char *path)
{
	while (path != NULL && json_object_get(walk->seen, path) == NULL) {
		if (json_object_set_new(walk->seen, path, json_true()) < 0)
			return -1;
		path = json_string_value(json_object_get(walk->map, path));
	}
	return 0;
}

static int
report(struct walk *walk, const char *start, json_t *steps, bool is_loop)
{
	size_t depth = json_array_size(steps) - 1;
	json_t *chain;

	walk->chains->n++;
	if (json_array_size(walk->chains->list) == REDIRECT_CHAINS_SHOWN)
		return 0;
	chain = json_pack("{s:s, s:O, s:I, s:b}", "start", start, "chain", steps, "depth", (json_int_t)depth, "loop",
			  is_loop);
	if (chain != NULL && walk->code != NULL &&
	    json_object_set_new(chain, "store_view_code", json_string(walk->code)) < 0) {
		json_decref(chain);
		return -1;
	}
	return json_array_append_new(walk->chains->list, chain);
}

/* `in_loop`: nothing leads here but the loop that it is part of. */
static int
follow(struct walk *walk, const char *start, bool in_loop)
{
	json_t *steps = json_pack("[s]", start);
	const char *next = json_string_value(json_object_get(walk->map, start));
	bool is_loop = false;
	int r = steps != NULL ? 0 : -1;

	while (r == 0 && next != NULL && !is_loop && json_array_size(steps) <= walk->max_depth) {
		is_loop = holds(steps, next);
		r = json_array_append_new(steps, json_string(next));
		next = json_string_value(json_object_get(walk->map, next));
	}
	if (r == 0 && !is_loop && next != NULL)
		walk->chains->is_truncated = true;
	if (r == 0 && (is_loop || in_loop || json_array_size(steps) > 2))
		r = report(walk, start, steps, is_loop || in_loop);
	json_decref(steps);
	return r < 0 ? r : mark(walk, start);
}

static int
walk_store(struct walk *walk, json_t *map, const json_t *targets)
{
	const char *path;
	json_t *unused;

	json_object_foreach(map, path, unused)
	{
		if (json_object_get(targets, path) == NULL && follow(walk, path, false) < 0)
			return -1;
	}
	/* What no walk has passed by now goes round in circles. */
	json_object_foreach(map, path, unused)
	{
		if (json_object_get(walk->seen, path) == NULL && follow(walk, path, true) < 0)
			return -1;
	}
	return 0;
}

int
redirect_graph_chains(struct redirect_graph *graph, uint32_t max_depth, const json_t *codes,
		      struct redirect_chains *chains_r)
{
	const char *id;
	json_t *map;
	int r = 0;

	*chains_r = (struct redirect_chains){.list = json_array()};
	if (chains_r->list == NULL)
		return -1;
	json_object_foreach(graph->stores, id, map)
	{
		struct walk walk = {.map = map,
				    .seen = json_object(),
				    .code = json_get_str(codes, id, NULL),
				    .max_depth = max_depth,
				    .chains = chains_r};

		if (r == 0)
			r = walk.seen != NULL ? walk_store(&walk, map, json_object_get(graph->targets, id)) : -1;
		json_decref(walk.seen);
	}
	if (r < 0)
		redirect_chains_fini(chains_r);
	return r;
}
