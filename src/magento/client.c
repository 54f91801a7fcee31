/*
 * client.c - answers become values or faults; the three meanings of a 401 are told apart
 */
#include "magento/client.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fiber.h"
#include "exchange.h"
#include "json/parse.h"
#include "magento/error.h"

/* What the probe told about the credentials, in magento_client.probed. */
enum probed { PROBED_NOT, PROBED_GOOD, PROBED_BAD, PROBED_UNKNOWN };

void
magento_reply_init(struct magento_reply *reply)
{
	memset(reply, 0, sizeof(*reply));
}

void
magento_reply_fini(struct magento_reply *reply)
{
	json_decref(reply->body);
	magento_reply_init(reply);
}

/* ---- Reading an answer ---- */

/* NULL: not JSON, or beyond the limits. */
static json_t *
parse_body(const struct fetch_reply *reply, size_t max_bytes)
{
	struct json_limits limits = json_limits_default;
	json_t *body = NULL;

	if (reply->outcome != FETCH_OK || reply->body.len == 0)
		return NULL;
	limits.max_bytes = max_bytes;
	limits.max_string_bytes = max_bytes;
	limits.big_int_as_real = true;
	if (json_parse(buf_slice(&reply->body), &limits, &body, NULL) < 0)
		return NULL;
	return body;
}

/* May the shop have carried out a write whose answer we do not have? */
static bool
is_in_doubt(const struct exchange *exchange, const json_t *body)
{
	const struct fetch_reply *reply = &exchange->reply;

	if (exchange->request->method == FETCH_GET || exchange->is_refused)
		return false;
	if (reply->outcome != FETCH_OK)
		return reply->sent;
	if (reply->status >= 500)
		return true;
	return body == NULL && reply->status < 300;
}

static int
refused_unsent(const struct exchange *exchange, struct fault *fault)
{
	if (exchange->failed == ERR_LIMIT)
		return fault_set(fault, FAULT_VALIDATION_ERROR, NULL,
				 "The request would be too long for the shop. Use fewer or shorter values.");
	if (exchange->failed == ERR_DENIED)
		return fault_set(fault, FAULT_NOT_AUTHENTICATED, NULL,
				 "The token holds characters that no Magento token has. Copy it again, without spaces "
				 "or line breaks.");
	if (exchange->failed == ERR_UNSUPPORTED)
		return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, FETCH_UNLOADED);
	return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "A request to Magento was built wrongly and not sent.");
}

static struct magento_answer
answer_of(const struct magento_client *client, const struct exchange *exchange, json_t *body)
{
	return (struct magento_answer){.status = exchange->reply.status,
				       .body = body,
				       .retry_after_s = exchange->reply.retry_after_s,
				       .route = exchange_route(client, exchange)};
}

static int
set_cancelled(struct fault *fault)
{
	return fault_set(fault, FAULT_CANCELLED, NULL, "The call was cancelled.");
}

static int
set_short(struct fault *fault)
{
	return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "The server is short of memory. Try again later.");
}

/* One request to its end, without meaning.  0, or -1 with a fault for what never became an HTTP answer. */
static int
run_one(struct magento_client *client, struct exchange *exchange, struct fault *fault)
{
	int r;

	r = exchange_run(client, exchange, 1);
	if (r == ERR_CANCELLED)
		return set_cancelled(fault);
	if (r < 0)
		return set_short(fault);
	return 0;
}

/* ---- 401 ---- */

/*
 * Bad credentials and a missing permission give the same 401.  The route with which the credentials were verified at
 * login is allowed to them: asked once more it tells which of the two it is.
 */
static enum probed
probe(struct magento_client *client)
{
	struct magento_request request = {.method = FETCH_GET, .scope = MAGENTO_SCOPE_ALL};
	struct magento_param query[4];
	struct exchange exchange;
	enum probed result = PROBED_UNKNOWN;
	const char *mark = strchr(client->verified_route, '?');
	char *path;

	/* The verified route may carry a query, such as "/products?searchCriteria[pageSize]=1". */
	path = pool_strdup(client->pool, client->verified_route);
	if (path == NULL)
		return PROBED_UNKNOWN;
	request.path = path;
	request.query = query;
	if (mark != NULL) {
		path[mark - client->verified_route] = '\0';
		request.n_query =
		    param_query_split(path + (mark - client->verified_route) + 1, query, ARRAY_LEN(query));
	}
	exchange_init(&exchange, &request);
	if (exchange_run(client, &exchange, 1) == 0 && !exchange.is_refused && exchange.reply.outcome == FETCH_OK) {
		if (exchange.reply.status >= 200 && exchange.reply.status < 300)
			result = PROBED_GOOD;
		else if (exchange.reply.status == 401)
			result = PROBED_BAD;
	}
	exchange_fini(&exchange);
	return result;
}

static bool
has_expired(const struct magento_credentials *credentials)
{
	return credentials->kind == MAGENTO_AUTH_BEARER && credentials->bearer_expires_wall_ms != 0 &&
	       credentials->bearer_expires_wall_ms <= clock_wall_ms();
}

/* Without a route to probe: OAuth signatures that fail have texts of their own, and a token that has not run out was
 * good when it was issued; so what is missing is the permission. */
static enum probed
judge_unprobed(const struct magento_credentials *credentials)
{
	if (credentials->kind == MAGENTO_AUTH_OAUTH || credentials->bearer_expires_wall_ms != 0)
		return PROBED_GOOD;
	return PROBED_BAD;
}

static int
set_undecided(const struct magento_answer *answer, struct fault *fault)
{
	json_t *details = json_object();

	json_object_set_new(details, "statusCode", json_integer(answer->status));
	if (answer->route != NULL)
		json_object_set_new(details, "route", json_string(answer->route));
	json_object_set_new(details, "kind", json_string(MAGENTO_KIND_REJECTED));
	return fault_set(fault, FAULT_MAGENTO_API_ERROR, details,
			 "Magento answered 401, and whether the credentials or a permission are at fault could not be "
			 "found out. Try again.");
}

static int
decide_denied(struct magento_client *client, const struct magento_answer *answer, struct fault *fault)
{
	if (has_expired(client->credentials)) {
		client->dead = true;
		return fault_set(fault, FAULT_NOT_AUTHENTICATED, NULL,
				 "The Magento admin token expired after 3600 s. Call auth_login again.");
	}
	if (client->probed == PROBED_NOT)
		client->probed =
		    client->verified_route != NULL ? (int)probe(client) : (int)judge_unprobed(client->credentials);
	if (client->probed == PROBED_GOOD)
		return magento_error_forbidden(answer, fault);
	if (client->probed == PROBED_UNKNOWN) {
		client->probed = PROBED_NOT;
		if (fiber_is_cancelled(fiber_current()))
			return set_cancelled(fault);
		return set_undecided(answer, fault);
	}
	client->dead = true;
	return magento_error_answer(answer, fault);
}

static int
decide_credentials(struct magento_client *client, const struct magento_answer *answer, struct fault *fault)
{
	enum magento_refusal refusal = magento_error_refusal(answer->status, answer->body);

	if (client->credentials == NULL || client->credentials->kind == MAGENTO_AUTH_NONE)
		return magento_error_answer(answer, fault);
	if (refusal == MAGENTO_REFUSAL_DENIED)
		return decide_denied(client, answer, fault);
	if (refusal == MAGENTO_REFUSAL_BAD)
		client->dead = true;
	return magento_error_answer(answer, fault);
}

/* ---- Meaning ---- */

static int
set_unknown_view(const struct magento_request *request, struct fault *fault)
{
	return fault_set(fault, FAULT_VALIDATION_ERROR, NULL,
			 "Magento knows no store view with the code %s. See scope_list_websites_stores.",
			 request->scope);
}

/* A good answer that the caller reads himself. */
static int
let_read(const struct magento_client *client, const struct exchange *exchange, struct fault *fault)
{
	const struct magento_request *request = exchange->request;
	struct magento_answer answer;
	int r = request->read(request->ctx, buf_slice(&exchange->reply.body), client->limits.max_reply_bytes);

	if (r == 0)
		return 0;
	if (r == ERR_NOMEM)
		return set_short(fault);
	answer = answer_of(client, exchange, NULL);
	return magento_error_not_json(&answer, fault);
}

static bool
is_good(const struct exchange *exchange)
{
	const struct fetch_reply *reply = &exchange->reply;

	return reply->outcome == FETCH_OK && reply->status >= 200 && reply->status < 300;
}

static int
interpret(struct magento_client *client, struct exchange *exchange, struct magento_reply *reply, struct fault *fault)
{
	struct magento_answer answer;
	json_t *body;

	reply->status = exchange->reply.status;
	if (exchange->is_refused)
		return refused_unsent(exchange, fault);
	if (is_good(exchange) && exchange->request->read != NULL)
		return let_read(client, exchange, fault);
	body = parse_body(&exchange->reply, client->limits.max_reply_bytes);
	reply->in_doubt = is_in_doubt(exchange, body);
	if (is_good(exchange) && body != NULL) {
		reply->body = body;
		return 0;
	}
	answer = answer_of(client, exchange, body);
	if (exchange->reply.outcome != FETCH_OK) {
		magento_error_transport(exchange->reply.outcome, exchange->reply.sent, exchange_route(client, exchange),
					fault);
	} else if (is_good(exchange)) {
		magento_error_not_json(&answer, fault);
	} else if (answer.status == 400 && strcmp(exchange->request->scope, MAGENTO_SCOPE_ALL) != 0 &&
		   magento_error_is(body, MAGENTO_TEXT_NO_STORE)) {
		set_unknown_view(exchange->request, fault);
	} else if (magento_error_refusal(answer.status, body) != MAGENTO_REFUSAL_NONE) {
		decide_credentials(client, &answer, fault);
	} else {
		magento_error_answer(&answer, fault);
	}
	json_decref(body);
	return -1;
}

/* A store that does not answer keeps nobody waiting. */
static int
check_breaker(const struct magento_client *client, struct fault *fault)
{
	uint64_t retry_after_ms = 0;

	if (client->observer.may_send == NULL || client->observer.may_send(client->observer.ctx, &retry_after_ms))
		return 0;
	return fault_set(
	    fault, FAULT_MAGENTO_API_ERROR,
	    json_pack("{s:s, s:I}", "kind", MAGENTO_KIND_NETWORK, "retry_after_s",
		      (json_int_t)(retry_after_ms / 1000 + 1)),
	    "The store has not answered several requests in a row, so nothing was sent. Try again in %llu s.",
	    (unsigned long long)(retry_after_ms / 1000 + 1));
}

int
magento_call(struct magento_client *client, const struct magento_request *request, struct magento_reply *reply_r,
	     struct fault *fault)
{
	struct exchange exchange;
	int r;

	magento_reply_fini(reply_r);
	if (check_breaker(client, fault) < 0)
		return -1;
	exchange_init(&exchange, request);
	r = run_one(client, &exchange, fault);
	if (r == 0)
		r = interpret(client, &exchange, reply_r, fault);
	else
		reply_r->in_doubt = request->method != FETCH_GET && exchange.attempts > 0;
	exchange_fini(&exchange);
	return r;
}

int
magento_call_raw(struct magento_client *client, const struct magento_request *request, struct magento_reply *reply_r,
		 struct fault *fault)
{
	struct exchange exchange;
	int r;

	magento_reply_fini(reply_r);
	if (check_breaker(client, fault) < 0)
		return -1;
	exchange_init(&exchange, request);
	r = run_one(client, &exchange, fault);
	if (r == 0 && exchange.is_refused) {
		r = refused_unsent(&exchange, fault);
	} else if (r == 0 && exchange.reply.outcome != FETCH_OK) {
		r = magento_error_transport(exchange.reply.outcome, exchange.reply.sent,
					    exchange_route(client, &exchange), fault);
	} else if (r == 0) {
		reply_r->status = exchange.reply.status;
		reply_r->body = parse_body(&exchange.reply, client->limits.max_reply_bytes);
	}
	exchange_fini(&exchange);
	return r;
}

/* A write that was begun may have arrived.  `exchanges` NULL: none was begun. */
static int
fail_all(const struct exchange *exchanges, size_t n, struct magento_reply *replies, struct fault *faults,
	 bool is_cancelled)
{
	size_t i;

	for (i = 0; i < n; i++) {
		magento_reply_fini(&replies[i]);
		replies[i].in_doubt =
		    exchanges != NULL && exchanges[i].request->method != FETCH_GET && exchanges[i].attempts > 0;
		if (is_cancelled)
			set_cancelled(&faults[i]);
		else
			set_short(&faults[i]);
	}
	return is_cancelled ? -1 : (int)n;
}

static bool
are_held_back(const struct magento_client *client, size_t n, struct magento_reply *replies, struct fault *faults)
{
	size_t i;

	if (n == 0 || check_breaker(client, &faults[0]) == 0)
		return false;
	magento_reply_fini(&replies[0]);
	for (i = 1; i < n; i++) {
		magento_reply_fini(&replies[i]);
		fault_set(&faults[i], faults[0].code, NULL, "%s", faults[0].message);
	}
	return true;
}

int
magento_call_many(struct magento_client *client, const struct magento_request *requests, size_t n,
		  struct magento_reply *replies_r, struct fault *faults)
{
	struct exchange *exchanges;
	int failed = 0;
	size_t i;
	int r;

	if (are_held_back(client, n, replies_r, faults))
		return (int)n;
	exchanges = calloc(n > 0 ? n : 1, sizeof(*exchanges));
	if (exchanges == NULL)
		return fail_all(NULL, n, replies_r, faults, false);
	for (i = 0; i < n; i++) {
		magento_reply_fini(&replies_r[i]);
		exchange_init(&exchanges[i], &requests[i]);
	}
	r = exchange_run(client, exchanges, n);
	for (i = 0; r == 0 && i < n; i++) {
		if (interpret(client, &exchanges[i], &replies_r[i], &faults[i]) < 0)
			failed++;
		if (faults[i].code == FAULT_CANCELLED)
			r = ERR_CANCELLED;
	}
	if (r < 0)
		failed = fail_all(exchanges, n, replies_r, faults, r == ERR_CANCELLED);
	for (i = 0; i < n; i++)
		exchange_fini(&exchanges[i]);
	free(exchanges);
	return failed;
}
