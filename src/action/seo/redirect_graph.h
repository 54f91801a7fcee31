/*
 * redirect_graph.h - chains and loops in a list of redirects (private to action/); pure
 */
#ifndef ACTION_REDIRECT_GRAPH_H
#define ACTION_REDIRECT_GRAPH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

#define REDIRECT_CHAINS_SHOWN 50

struct redirect_graph {
	json_t *stores;	 /* {store id: {request path: target path}} */
	json_t *targets; /* {store id: {target path: true}} */
	size_t n_redirects;
};

int redirect_graph_init(struct redirect_graph *graph) MUST_CHECK;
void redirect_graph_fini(struct redirect_graph *graph);

/*
 * Takes one row {request_path, target_path, store_id, redirect_type}; rows that are no redirects (type 0) do not count,
 * nor do those of other stores when `only_store` is not 0.
 */
int redirect_graph_add(struct redirect_graph *graph, const json_t *row, int64_t only_store) MUST_CHECK;

struct redirect_chains {
	json_t *list;	   /* owned: [{start, chain[], depth, loop, store_view_code?}], at most REDIRECT_CHAINS_SHOWN */
	size_t n;	   /* in all */
	bool is_truncated; /* a chain goes on behind max_depth */
};

void redirect_chains_fini(struct redirect_chains *chains);

/*
 * Chains of two redirects or more, each followed from an address that no other redirect leads to, and loops.  `codes`
 * gives the store view of an id ({"1":"default"}), may be NULL.
 */
int redirect_graph_chains(struct redirect_graph *graph, uint32_t max_depth, const json_t *codes,
			  struct redirect_chains *chains_r) MUST_CHECK;

#endif
