/*
 * graphql.c - one POST, repeated while that may help, and its two ways of saying no
 */
#include "magento/graphql.h"

#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "json/get.h"
#include "json/parse.h"
#include "json/write.h"
#include "magento/error.h"
#include "magento/scope.h"
#include "magento/template.h"
#include "exchange.h"

#define ROUTE "POST /graphql"
#define URL_MAX_BYTES 1024
#define BODY_MAX_BYTES (256 * 1024)
#define ATTEMPTS_MAX 3

struct question {
	struct buf url;
	struct buf body;
	struct fetch_header headers[3];
	struct fetch_request request;
};

/* ---- Asking ---- */

static int
question_init(struct question *q, struct magento_client *client, const char *store_view, const char *query,
	      json_t *variables)
{
	json_t *body = json_pack("{s:s, s:O*}", "query", query, "variables", variables);
	size_t n = 2;
	int r = body != NULL ? 0 : ERR_NOMEM;

	buf_init(&q->url, URL_MAX_BYTES);
	buf_init(&q->body, BODY_MAX_BYTES);
	if (r == 0)
		r = buf_printf(&q->url, "%s/graphql", client->base_url);
	if (r == 0)
		r = json_dump_to(&q->body, body);
	json_decref(body);
	q->headers[0] = (struct fetch_header){"Content-Type", "application/json"};
	q->headers[1] = (struct fetch_header){"Accept", "application/json"};
	if (store_view != NULL && store_view[0] != '\0') {
		must(scope_is_code(store_view));
		q->headers[n++] = (struct fetch_header){"Store", store_view};
	}
	q->request = (struct fetch_request){
	    .method = FETCH_POST,
	    .url = buf_cstr(&q->url),
	    .headers = q->headers,
	    .n_headers = n,
	    .body = buf_slice(&q->body),
	    .max_reply_bytes = client->limits.max_reply_bytes,
	    .may_connect = client->may_connect,
	};
	return r;
}

static void
question_fini(struct question *q)
{
	buf_fini(&q->url);
	buf_fini(&q->body);
}

static bool
is_worth_repeating(const struct fetch_reply *reply)
{
	switch (reply->outcome) {
	case FETCH_OK:
		return reply->status == 502 || reply->status == 503 || reply->status == 504;
	case FETCH_RESOLVE:
	case FETCH_CONNECT:
	case FETCH_BROKEN:
	case FETCH_TIMEOUT:
		return true;
	default:
		return false;
	}
}

/* The last reply.  0, or what fetch_wait said. */
static int
run(struct magento_client *client, struct question *q, struct fetch_reply *reply)
{
	int r = 0;

	for (unsigned attempt = 0; r == 0 && attempt < ATTEMPTS_MAX; attempt++) {
		q->request.delay_ms = client->limits.retry_pause_ms * (attempt == 0 ? 0 : attempt == 1 ? 1 : 4);
		q->request.timeout_ms =
		    exchange_attempt_ms(&client->limits, client->limits.read_timeout_ms, q->request.delay_ms);
		if (q->request.timeout_ms == 0) {
			if (attempt == 0)
				reply->outcome = FETCH_TIMEOUT;
			break;
		}
		fetch_reply_fini(reply);
		fetch_reply_init(reply);
		r = fetch_wait(client->fetch, &q->request, 1, reply);
		if (r == 0 && client->observer.on_exchange != NULL)
			client->observer.on_exchange(client->observer.ctx, "/graphql", reply->status, reply->outcome,
						     reply->took_us);
		if (r < 0 || !is_worth_repeating(reply))
			break;
	}
	return r;
}

/* ---- Reading ---- */

static json_t *
parse(const struct fetch_reply *reply, size_t max_bytes)
{
	struct json_limits limits = json_limits_default;
	json_t *body = NULL;

	limits.max_bytes = max_bytes;
	limits.max_string_bytes = max_bytes;
	limits.big_int_as_real = true;
	if (json_parse(buf_slice(&reply->body), &limits, &body, NULL) < 0)
		return NULL;
	return body;
}

static json_t *
details_of(int status, const char *kind)
{
	return json_pack("{s:i, s:s, s:s}", "statusCode", status, "route", ROUTE, "kind", kind);
}

static void
put_message(struct buf *out, const json_t *error)
{
	struct slice message = json_get_slice(error, "message");

	if (template_is_internal(message))
		buf_put_str(out, TEMPLATE_INTERNAL);
	else if (message.len > 0)
		template_clean_put(out, message, TEMPLATE_TEXT_MAX);
	else
		buf_put_str(out, "no reason given");
}

static int
refuse_with_text(int status, const json_t *errors, struct fault *fault)
{
	struct buf text;

	buf_init(&text, TEMPLATE_TEXT_BYTES);
	put_message(&text, json_array_get(errors, 0));
	fault_set(fault, FAULT_MAGENTO_API_ERROR, details_of(status, MAGENTO_KIND_REJECTED),
		  "The storefront's GraphQL refused: %s", buf_cstr(&text));
	buf_fini(&text);
	return -1;
}

/* No GraphQL answer at all. */
static int
refuse(const struct fetch_reply *reply, json_t *body, struct fault *fault)
{
	struct magento_answer answer = {
	    .status = reply->status, .body = body, .retry_after_s = reply->retry_after_s, .route = ROUTE};

	if (reply->outcome != FETCH_OK)
		return magento_error_transport(reply->outcome, reply->sent, ROUTE, fault);
	if (reply->status == 404) {
		return fault_set(fault, FAULT_MAGENTO_API_ERROR, details_of(404, MAGENTO_KIND_NO_ROUTE),
				 "This shop does not answer GraphQL: /graphql is switched off or blocked.");
	}
	if (reply->status == 401 || reply->status == 403) {
		return fault_set(fault, FAULT_MAGENTO_API_ERROR, details_of(reply->status, MAGENTO_KIND_REJECTED),
				 "The shop's /graphql is not open to visitors (%d). A proxy or firewall in front of "
				 "the shop may ask for more.",
				 reply->status);
	}
	if (reply->status >= 200 && reply->status < 300)
		return magento_error_not_json(&answer, fault);
	return magento_error_answer(&answer, fault);
}

/* Does each error say which alias it is about? */
static bool
all_have_path(const json_t *errors)
{
	for (size_t i = 0; i < json_array_size(errors); i++) {
		if (!json_is_string(json_array_get(json_get_array(json_array_get(errors, i), "path"), 0)))
			return false;
	}
	return true;
}

static int
take_answer(const struct fetch_reply *reply, size_t max_bytes, struct graphql_answer *answer, struct fault *fault)
{
	json_t *body = reply->outcome == FETCH_OK ? parse(reply, max_bytes) : NULL;
	json_t *errors = json_get_array(body, "errors");
	json_t *data = json_get_object(body, "data");
	int r = 0;

	if (json_array_size(errors) == 0)
		errors = NULL;
	if (errors == NULL && (data == NULL || reply->status > 299)) {
		r = refuse(reply, body, fault);
	} else if (data == NULL && !all_have_path(errors)) {
		r = refuse_with_text(reply->status, errors, fault);
	} else {
		answer->data = data != NULL ? json_incref(data) : json_object();
		answer->errors = errors != NULL ? json_incref(errors) : json_array();
		if (answer->data == NULL || answer->errors == NULL)
			r = fault_set(fault, FAULT_INTERNAL_ERROR, NULL,
				      "The server is short of memory. Try again later.");
	}
	json_decref(body);
	return r;
}

static int
refuse_unsent(int r, struct fault *fault)
{
	if (r == ERR_CANCELLED)
		return fault_set(fault, FAULT_CANCELLED, NULL, "The call was cancelled.");
	if (r == ERR_NOMEM)
		return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "The server is short of memory. Try again later.");
	if (r == ERR_LIMIT)
		return fault_set(fault, FAULT_VALIDATION_ERROR, NULL,
				 "The request would be too long for the shop. Use fewer or shorter values.");
	if (r == ERR_UNSUPPORTED)
		return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, FETCH_UNLOADED);
	return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "A request to Magento was built wrongly and not sent.");
}

/* ---- ---- */

void
graphql_answer_fini(struct graphql_answer *answer)
{
	json_decref(answer->data);
	json_decref(answer->errors);
	*answer = (struct graphql_answer){NULL, NULL};
}

int
graphql_ask(struct magento_client *client, const char *store_view, const char *query, json_t *variables,
	    struct graphql_answer *answer_r, struct fault *fault)
{
	struct fetch_reply reply;
	struct question q;
	int r;

	*answer_r = (struct graphql_answer){NULL, NULL};
	fetch_reply_init(&reply);
	r = question_init(&q, client, store_view, query, variables);
	if (r == 0)
		r = run(client, &q, &reply);
	if (r == 0)
		r = take_answer(&reply, client->limits.max_reply_bytes, answer_r, fault);
	else
		r = refuse_unsent(r, fault);
	if (r < 0)
		graphql_answer_fini(answer_r);
	question_fini(&q);
	fetch_reply_fini(&reply);
	return r;
}

static bool
has_value(json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		if (!json_is_null(value))
			return true;
	}
	return false;
}

int
graphql_query(struct magento_client *client, const char *store_view, const char *query, json_t *variables,
	      json_t **data_r, struct fault *fault)
{
	struct graphql_answer answer;
	int r = graphql_ask(client, store_view, query, variables, &answer, fault);

	*data_r = NULL;
	if (r == 0 && json_array_size(answer.errors) > 0 && !has_value(answer.data))
		r = refuse_with_text(200, answer.errors, fault);
	if (r == 0)
		*data_r = json_incref(answer.data);
	graphql_answer_fini(&answer);
	return r;
}

bool
graphql_error_of(const struct graphql_answer *answer, const char *alias, struct buf *out)
{
	for (size_t i = 0; i < json_array_size(answer->errors); i++) {
		const json_t *error = json_array_get(answer->errors, i);
		const char *about = json_string_value(json_array_get(json_get_array(error, "path"), 0));

		if (about == NULL || strcmp(about, alias) != 0)
			continue;
		put_message(out, error);
		return true;
	}
	return false;
}
