/*
 * The part of GraphQL a client of the shop needs: one query with variables, aliases, arguments, inline fragments and
 * named ones. A parsed query is JSON:
 *
 *   { fields: [selection …], variables: { name: type }, fragments: { name: { on, fields } } }
 *   selection: { name, alias, args: { name: value }, fields?, line, column } or { on?, fields } or { spread }
 *
 * A variable among the values is { "$": name }.
 */
#ifndef DEMO_GQL_H
#define DEMO_GQL_H

#include "request.h"

#include <jansson.h>
#include <stdbool.h>

enum { GQL_DEPTH_MAX = 16, GQL_MESSAGE_MAX = 200 };

struct gql_error {
	char message[GQL_MESSAGE_MAX];
	int line;
	int column;
};

/* The query as above; NULL and what is wrong with it. New reference. */
json_t *gql_parse(const char *text, struct gql_error *error);

/* Runs a parsed query for a store view and fills in the answer: { data } or { errors }. (gql_run.c) */
void gql_run(struct demo *demo, int store, const json_t *query, const json_t *variables, struct reply *reply);

/*
 * Value of a top-level field, with everything the types in gql_run.c say it has; NULL if it is null. An error text is
 * put in *error_r. (gql_data.c) New reference.
 */
json_t *gql_resolve(struct demo *demo, int store, const char *field, const json_t *args, const char **error_r);

#endif
