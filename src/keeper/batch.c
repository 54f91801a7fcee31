/*
 * batch.c - group commit
 */
#include "batch.h"

#include <stdlib.h>

#include "desk.h"

struct request *
keeper_request_new(uint64_t connection, uint16_t type, uint32_t call)
{
	struct request *request = calloc(1, sizeof(*request));

	if (request == NULL)
		return NULL;
	request->connection = connection;
	request->type = type;
	request->call = call;
	buf_init(&request->payload, MESSAGE_MAX);
	buf_init(&request->reply, MESSAGE_MAX);
	return request;
}

void
keeper_request_free(struct request **request)
{
	if (*request == NULL)
		return;
	buf_fini(&(*request)->payload);
	buf_fini(&(*request)->reply);
	free(*request);
	*request = NULL;
}

static bool
writes(const struct request *request)
{
	return request->type == REQUEST_LEAVE || desk_writes(request->type);
}

static int
serve(struct database *database, struct request *request)
{
	struct desk desk = {.database = database, .connection = request->connection, .reply = &request->reply};
	struct err err = {.code = ERR_OK};

	buf_clear(&request->reply);
	if (request->type == REQUEST_LEAVE)
		return claims_leave(&desk, &err);
	return desk_serve(&desk, request->type, buf_slice(&request->payload));
}

/* Negative when the transaction is no more; a failure of the request itself is in its reply. */
static int
serve_marked(struct database *database, struct request *request, struct err *err)
{
	int r = database_mark(database, err);

	if (r < 0)
		return r;
	if (serve(database, request) < 0)
		database_undo_mark(database);
	else
		database_keep_mark(database);
	return database_is_in_transaction(database) ? 0 : err_set(err, ERR_IO, "The transaction was lost.");
}

/* 0, or a code: then nothing of all this has happened. */
static int
run_together(struct database *database, struct request_list *requests, struct err *err)
{
	struct request *request;
	bool any = false;
	int r;

	TAILQ_FOREACH(request, requests, link)
	any = any || writes(request);
	r = database_begin(database, any, err);
	if (r < 0)
		return r;
	TAILQ_FOREACH(request, requests, link)
	{
		r = serve_marked(database, request, err);
		if (r < 0)
			break;
	}
	if (r == 0)
		return database_commit(database, err);
	database_rollback(database);
	return r;
}

/* The last word on one request: what it says of itself, else why there was no transaction. */
static void
run_alone(struct database *database, struct request *request)
{
	struct err err = {.code = ERR_OK};
	int r = database_begin(database, writes(request), &err);

	if (r == 0) {
		r = serve(database, request);
		if (r < 0) {
			database_rollback(database);
			return;
		}
		r = database_commit(database, &err);
	}
	if (r < 0)
		desk_put_failure(&request->reply, &err);
}

void
keeper_batch_run(struct database *database, struct request_list *requests)
{
	struct err err = {.code = ERR_OK};
	struct request *request;

	if (TAILQ_EMPTY(requests) || run_together(database, requests, &err) == 0)
		return;
	TAILQ_FOREACH(request, requests, link)
	run_alone(database, request);
}
