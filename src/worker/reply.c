#include "reply.h"

#include <stdio.h>

#include "rpc/answer.h"
#include "worker_private.h"

#define MEMORY_SLACK 512

void
reply_add_field(struct reply_fields *fields, const char *name, const char *value)
{
	must(fields->n < REPLY_FIELDS_MAX);
	fields->items[fields->n++] = (struct http_field){slice_from_str(name), slice_from_str(value)};
}

void
reply_add_retry(struct reply_fields *fields, uint32_t after_s, char text_r[static REPLY_RETRY_CAP])
{
	if (after_s == 0)
		return;
	snprintf(text_r, REPLY_RETRY_CAP, "%u", after_s);
	reply_add_field(fields, "Retry-After", text_r);
}

void
reply_add_cors(struct reply_fields *fields, const struct worker *worker, const struct http_request *req)
{
	struct slice origin = http_head_value(&req->head, HTTP_FIELD_ORIGIN);

	if (origin.ptr == NULL || !hosts_is_listed_origin(&worker->hosts, origin))
		return;
	must(fields->n + 3 <= REPLY_FIELDS_MAX);
	fields->items[fields->n++] = (struct http_field){SLICE_LIT("Access-Control-Allow-Origin"), origin};
	reply_add_field(fields, "Access-Control-Expose-Headers", "Mcp-Session-Id, WWW-Authenticate");
	reply_add_field(fields, "Vary", "Origin");
}

int
refusal_set(struct refusal *refusal, int status, const char *message)
{
	*refusal = (struct refusal){.status = status, .message = message};
	return -1;
}

void
reply_refuse(const struct worker *worker, struct http_request *req, const struct refusal *refusal)
{
	struct reply_fields fields = {.n = 0};
	char retry[REPLY_RETRY_CAP];
	struct buf body;

	buf_init(&body, MEMORY_SLACK + RPC_FAULT_MESSAGE_MAX);
	if (refusal->field != NULL)
		reply_add_field(&fields, refusal->field, refusal->value);
	reply_add_retry(&fields, refusal->retry_after_s, retry);
	reply_add_cors(&fields, worker, req);
	if (rpc_write_error(&body, SLICE_NONE, refusal->code != 0 ? refusal->code : RPC_INVALID_REQUEST,
			    refusal->message, SLICE_NONE) < 0)
		buf_clear(&body);
	http_respond(req, &(struct http_answer){.status = refusal->status,
						.content_type = body.len > 0 ? "application/json" : NULL,
						.fields = fields.items,
						.n_fields = fields.n,
						.body = buf_slice(&body)});
	buf_fini(&body);
}
