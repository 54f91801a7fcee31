/*
 * graphql.h - questions to the storefront: POST {base}/graphql
 *
 * Nothing but queries: they are repeated like GETs (connect failure, lost connection, time-out, 502, 503, 504).  No
 * credentials are sent; what comes back is what any visitor may see.  Values go in `variables`, never into the text of
 * the query.  Several questions fit one request under aliases: "query($u0:String!){u0:route(url:$u0){type}}".
 *
 * Magento answers errors with status 200 beside whatever data it has, some (syntax) with 500.
 *
 * Runs in: worker, on a fiber.
 */
#ifndef MAGENTO_GRAPHQL_H
#define MAGENTO_GRAPHQL_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "json/fault.h"
#include "magento/client.h"

/*
 * Asks in one store view (NULL or "": the default one).  `variables` is borrowed and may be NULL.  0 with the `data`
 * object (a new reference) when any of its members has a value or nothing was complained about; what failed beside it
 * is null there.  Else -1: MAGENTO_API_ERROR (with the first error's text), RATE_LIMITED, CANCELLED.
 */
int graphql_query(struct magento_client *client, const char *store_view, const char *query, json_t *variables,
		  json_t **data_r, struct fault *fault) MUST_CHECK;

/* The same with what failed beside it: members of `errors` belong to one alias each. */
struct graphql_answer {
	json_t *data;	/* owned; an object */
	json_t *errors; /* owned; an array, perhaps empty */
};
void graphql_answer_fini(struct graphql_answer *answer);

/* Here an answer that holds nothing but errors succeeds, too, when all of them belong to an alias. */
int graphql_ask(struct magento_client *client, const char *store_view, const char *query, json_t *variables,
		struct graphql_answer *answer_r, struct fault *fault) MUST_CHECK;

/* Appends the safe text of the error about this alias; false when there is none. */
bool graphql_error_of(const struct graphql_answer *answer, const char *alias, struct buf *out);

#endif
