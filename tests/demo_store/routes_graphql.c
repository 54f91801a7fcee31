/* /graphql, without a login. Errors come with status 200, but for a query that cannot even be read. */

#include "demo.h"
#include "errors.h"
#include "gql.h"
#include "routes.h"

#include <string.h>

static void
refuse(struct reply *reply, int status, const char *message, int line, int column)
{
	reply_set_json(reply, status,
		       json_pack("{s:[{s:s, s:[{s:i, s:i}]}]}", "errors", "message", message, "locations", "line", line,
				 "column", column));
}

/* The store view of the header Store; -1 if there is no such view. */
static int
find_store(const struct request *req)
{
	int store =
	    req->store_header != NULL ? scope_find(req->store_header, strlen(req->store_header)) : SCOPE_DEFAULT;

	return store == SCOPE_ALL ? -1 : store;
}

static void
run(struct request *req, struct reply *reply, const char *text, const json_t *variables)
{
	struct gql_error error;
	int store = find_store(req);
	json_t *query;

	if (text == NULL) {
		refuse(reply, 400, "Syntax Error: Unexpected <EOF>", 1, 1);
		return;
	}
	if (store < 0) {
		reply_set_json(reply, 200,
			       json_pack("{s:[{s:s, s:{s:s}}]}", "errors", "message", "Requested store is not found",
					 "extensions", "category", "graphql-input"));
		return;
	}
	query = gql_parse(text, &error);
	if (query == NULL)
		refuse(reply, 500, error.message, error.line, error.column);
	else
		gql_run(req->demo, store, query, variables, reply);
	json_decref(query);
}

void
routes_graphql_answer(struct request *req, struct reply *reply)
{
	const char *text;
	json_t *variables = NULL;

	if (strcmp(req->method, "GET") == 0) {
		text = request_find_query(req, "variables");
		if (text != NULL)
			variables = json_loads(text, 0, NULL);
		run(req, reply, request_find_query(req, "query"), variables);
		json_decref(variables);
		return;
	}
	req->body = json_loadb(req->body_text != NULL ? req->body_text : "", req->body_len, 0, NULL);
	run(req, reply, json_string_value(json_object_get(req->body, "query")),
	    json_object_get(req->body, "variables"));
}
