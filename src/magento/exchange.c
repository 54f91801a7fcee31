/*
 * exchange.c - building, signing, sending, repeating
 *
 * The fiber does all the work; a completion only leaves its reply and wakes the fiber, which then looks at whatever has
 * come, starts what may start, and waits again.
 */
#include "exchange.h"

#include <string.h>

#include "base/err.h"
#include "base/fiber.h"
#include "base/rand.h"
#include "base/turn.h"
#include "json/write.h"
#include "magento/oauth1.h"

#define URL_MAX_BYTES 8000 /* web servers refuse more; callers keep queries well below */
#define BODY_MAX_BYTES (8 * 1024 * 1024)
#define ATTEMPTS_MAX 3
#define RETRY_AFTER_MAX_MS 5000 /* a longer wish than this is passed on to the caller instead */
#define URL_ROOM 250		/* what most requests need */

struct exchanges {
	struct magento_client *client;
	struct exchange *items;
	size_t n;
	size_t running;
	struct fiber_wait *wait; /* while the fiber waits */
};

/* What one attempt needs until fetch_start has copied it. */
struct outgoing {
	struct buf url;
	struct buf body;
	struct buf authorization;
	struct fetch_header headers[3];
	size_t n_headers;
};

void
exchange_init(struct exchange *exchange, const struct magento_request *request)
{
	memset(exchange, 0, sizeof(*exchange));
	exchange->request = request;
	fetch_reply_init(&exchange->reply);
}

void
exchange_fini(struct exchange *exchange)
{
	fetch_cancel(&exchange->job);
	fetch_reply_fini(&exchange->reply);
}

static const char *
method_name(enum fetch_method method)
{
	static const char *const names[] = {
	    [FETCH_GET] = "GET", [FETCH_POST] = "POST", [FETCH_PUT] = "PUT", [FETCH_DELETE] = "DELETE"};

	return names[method];
}

/* ---- One attempt ---- */

/* "." and "..", also written with %2e: they would be taken away on the way. */
static bool
is_dots(struct slice segment)
{
	size_t dots = 0;

	while (segment.len > 0) {
		if (segment.ptr[0] == '.')
			segment = slice_sub(segment, 1, segment.len);
		else if (slice_is_nocase(slice_sub(segment, 0, 3), "%2e"))
			segment = slice_sub(segment, 3, segment.len);
		else
			return false;
		dots++;
	}
	return dots == 1 || dots == 2;
}

/* No empty, "." or ".." segment, no query: such a path would reach another route than the caller meant. */
static bool
is_path(const char *path)
{
	struct slice rest = slice_from_str(path);
	struct slice segment;
	size_t i;

	if (rest.len < 2 || rest.ptr[0] != '/')
		return false;
	rest = slice_sub(rest, 1, rest.len);
	while (slice_next(&rest, '/', &segment)) {
		if (segment.len == 0 || is_dots(segment))
			return false;
		for (i = 0; i < segment.len; i++) {
			char c = segment.ptr[i];

			if (c <= ' ' || c >= 0x7f || c == '?' || c == '#' || c == '\\')
				return false;
		}
	}
	return true;
}

static bool
is_code_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool
is_scope(const char *scope)
{
	size_t len = 0;

	while (is_code_char(scope[len]))
		len++;
	return len > 0 && len <= 64 && scope[len] == '\0';
}

static int
put_url(struct outgoing *out, const struct magento_client *client, const struct magento_request *request)
{
	if (!is_scope(request->scope) || !is_path(request->path))
		return ERR_INVALID;
	(void)buf_reserve(&out->url, URL_ROOM);
	buf_put_str(&out->url, client->base_url);
	buf_put_slice(&out->url, SLICE_LIT("/rest/"));
	buf_put_str(&out->url, request->scope);
	buf_put_slice(&out->url, SLICE_LIT("/V1"));
	buf_put_str(&out->url, request->path);
	return param_query_put(&out->url, request->query, request->n_query);
}

static int
put_oauth(struct outgoing *out, const struct magento_client *client, enum fetch_method method)
{
	const struct magento_credentials *credentials = client->credentials;
	struct oauth1_request what = {.method = method_name(method), .url = buf_slice(&out->url)};
	char nonce[RAND_NONCE_LEN + 1];
	struct oauth1_signer who = {.consumer_key = &credentials->consumer_key,
				    .consumer_secret = &credentials->consumer_secret,
				    .token = &credentials->token,
				    .token_secret = &credentials->token_secret,
				    .timestamp_s = turn_wall_ms() / 1000,
				    .nonce = nonce};

	rand_nonce(nonce);
	return oauth1_authorization(&what, &who, &out->authorization);
}

static int
put_authorization(struct outgoing *out, const struct magento_client *client, const struct magento_request *request)
{
	struct slice bearer;
	size_t i;

	if (client->credentials == NULL || client->credentials->kind == MAGENTO_AUTH_NONE)
		return 0;
	if (client->credentials->kind == MAGENTO_AUTH_OAUTH)
		return put_oauth(out, client, request->method);
	bearer = secret_slice(&client->credentials->bearer);
	for (i = 0; i < bearer.len; i++) {
		if (bearer.ptr[i] <= ' ' || bearer.ptr[i] >= 0x7f)
			return ERR_DENIED;
	}
	buf_put_str(&out->authorization, "Bearer ");
	return buf_put_slice(&out->authorization, bearer);
}

static void
put_header(struct outgoing *out, const char *name, const char *value)
{
	out->headers[out->n_headers++] = (struct fetch_header){name, value};
}

static int
outgoing_init(struct outgoing *out, const struct magento_client *client, const struct magento_request *request)
{
	int r;

	memset(out, 0, sizeof(*out));
	buf_init(&out->url, URL_MAX_BYTES);
	buf_init_secret(&out->body, BODY_MAX_BYTES);
	buf_init_secret(&out->authorization, OAUTH1_HEADER_MAX);
	r = put_url(out, client, request);
	if (r == 0)
		r = put_authorization(out, client, request);
	if (r == 0 && request->body != NULL)
		r = json_dump_to(&out->body, request->body);
	if (r < 0)
		return r;
	put_header(out, "Accept", "application/json");
	if (request->body != NULL)
		put_header(out, "Content-Type", "application/json");
	if (out->authorization.len > 0)
		put_header(out, "Authorization", buf_cstr(&out->authorization));
	return 0;
}

static void
outgoing_fini(struct outgoing *out)
{
	buf_fini(&out->url);
	buf_fini(&out->body);
	buf_fini(&out->authorization);
}

/* By so much a timer may ring early: what is left of a call then is no time for another attempt. */
#define CLOCK_GRAIN_MS 5

uint32_t
exchange_attempt_ms(const struct magento_limits *limits, uint32_t own_ms, uint32_t pause_ms)
{
	uint64_t begin = turn_mono_ms() + pause_ms;

	if (limits->deadline_mono_ms == 0)
		return own_ms;
	if (limits->deadline_mono_ms <= begin + CLOCK_GRAIN_MS)
		return 0;
	return limits->deadline_mono_ms - begin < own_ms ? (uint32_t)(limits->deadline_mono_ms - begin) : own_ms;
}

static uint32_t
timeout_ms(const struct magento_client *client, enum fetch_method method, uint32_t pause_ms)
{
	const struct magento_limits *limits = &client->limits;

	return exchange_attempt_ms(limits, method == FETCH_GET ? limits->read_timeout_ms : limits->write_timeout_ms,
				   pause_ms);
}

static void
on_done(void *ctx, struct fetch_reply *reply)
{
	struct exchange *exchange = ctx;
	struct exchanges *all = exchange->all;

	exchange->job = NULL;
	exchange->is_ready = true;
	fetch_reply_fini(&exchange->reply);
	exchange->reply = *reply;
	buf_init(&reply->body, 0);
	if (all->wait != NULL)
		fiber_wait_done(all->wait);
}

/* 0, ERR_NOMEM, or a code that says this request can never be sent. */
static int
start(struct exchanges *all, struct exchange *exchange)
{
	const struct magento_client *client = all->client;
	const struct magento_request *request = exchange->request;
	struct fetch_request fetch = {.method = request->method,
				      .delay_ms = exchange->pause_ms,
				      .max_reply_bytes = client->limits.max_reply_bytes,
				      .is_secret = request->is_secret,
				      .is_private = client->is_private,
				      .may_connect = client->may_connect};
	struct outgoing out;
	int r;

	r = outgoing_init(&out, client, request);
	if (r == 0) {
		exchange->all = all;
		exchange->attempts++;
		fetch.url = buf_cstr(&out.url);
		fetch.headers = out.headers;
		fetch.n_headers = out.n_headers;
		fetch.body = buf_slice(&out.body);
		fetch.timeout_ms = timeout_ms(client, request->method, exchange->pause_ms);
		r = fetch_start(client->fetch, &fetch, on_done, exchange, &exchange->job);
	}
	outgoing_fini(&out);
	return r;
}

/* ---- Again? ---- */

static bool
is_worth_repeating(enum fetch_method method, const struct fetch_reply *reply)
{
	bool is_read = method == FETCH_GET;

	switch (reply->outcome) {
	case FETCH_OK:
		return is_read && (reply->status == 502 || reply->status == 503 || reply->status == 504);
	case FETCH_RESOLVE:
	case FETCH_CONNECT:
		return true;
	case FETCH_BROKEN:
		return is_read || !reply->sent;
	case FETCH_TIMEOUT:
		return is_read;
	default:
		return false;
	}
}

/* Sets the pause before the next attempt; false when it would be too long or nothing is left of the call. */
static bool
plan_pause(const struct magento_client *client, struct exchange *exchange)
{
	uint64_t pause = client->limits.retry_pause_ms;

	if (exchange->attempts > 1)
		pause *= 4;
	if (exchange->reply.retry_after_s > 0 && (uint64_t)exchange->reply.retry_after_s * 1000 > pause)
		pause = (uint64_t)exchange->reply.retry_after_s * 1000;
	if (pause > RETRY_AFTER_MAX_MS)
		return false;
	exchange->pause_ms = (uint32_t)pause;
	return timeout_ms(client, exchange->request->method, exchange->pause_ms) > 0;
}

static bool
may_repeat(const struct magento_client *client)
{
	return client->observer.may_repeat == NULL || client->observer.may_repeat(client->observer.ctx);
}

static void
observe(const struct magento_client *client, const struct exchange *exchange)
{
	const struct fetch_reply *reply = &exchange->reply;

	if (client->observer.on_exchange != NULL)
		client->observer.on_exchange(client->observer.ctx, exchange->request->path, reply->status,
					     reply->outcome, reply->took_us);
}

/* ---- All of them ---- */

static void
stop_all(void *ctx)
{
	struct exchanges *all = ctx;
	size_t i;

	for (i = 0; i < all->n; i++)
		fetch_cancel(&all->items[i].job);
}

static int
begin(struct exchanges *all, struct exchange *exchange)
{
	int r;

	if (timeout_ms(all->client, exchange->request->method, 0) == 0) {
		exchange->reply.outcome = FETCH_TIMEOUT;
		exchange->is_over = true;
		return 0;
	}
	r = start(all, exchange);
	if (r == ERR_NOMEM)
		return r;
	if (r < 0) {
		exchange->is_refused = true;
		exchange->failed = r;
		exchange->is_over = true;
		return 0;
	}
	all->running++;
	return 0;
}

/* Looks at every reply that has come; repeats or settles. */
static int
settle(struct exchanges *all)
{
	struct exchange *exchange;
	size_t i;
	int r;

	for (i = 0; i < all->n; i++) {
		exchange = &all->items[i];
		if (!exchange->is_ready)
			continue;
		exchange->is_ready = false;
		observe(all->client, exchange);
		if (exchange->attempts < ATTEMPTS_MAX &&
		    is_worth_repeating(exchange->request->method, &exchange->reply) &&
		    plan_pause(all->client, exchange) && may_repeat(all->client)) {
			r = start(all, exchange);
			if (r < 0)
				return r;
			continue;
		}
		exchange->is_over = true;
		all->running--;
	}
	return 0;
}

static bool
has_ready(const struct exchanges *all)
{
	size_t i;

	for (i = 0; i < all->n; i++) {
		if (all->items[i].is_ready)
			return true;
	}
	return false;
}

static int
wait_for_one(struct exchanges *all)
{
	struct fiber_wait wait;
	int r;

	if (has_ready(all))
		return 0;
	fiber_wait_init(&wait, stop_all, all);
	all->wait = &wait;
	r = fiber_wait_for(&wait);
	all->wait = NULL;
	return r;
}

const char *
exchange_route(const struct magento_client *client, const struct exchange *exchange)
{
	const struct magento_request *request = exchange->request;

	return pool_printf(client->pool, "%s /rest/%s/V1%s", method_name(request->method), request->scope,
			   request->path);
}

int
exchange_run(struct magento_client *client, struct exchange *exchanges, size_t n)
{
	struct exchanges all = {.client = client, .items = exchanges, .n = n};
	size_t parallel = client->limits.parallel > 0 ? client->limits.parallel : 1;
	size_t next = 0;
	int r = 0;

	if (fiber_is_cancelled(fiber_current()))
		return ERR_CANCELLED;
	while (r == 0 && (next < n || all.running > 0)) {
		while (r == 0 && next < n && all.running < parallel) {
			r = begin(&all, &exchanges[next++]);
		}
		if (r == 0 && all.running > 0)
			r = wait_for_one(&all);
		if (r == 0)
			r = settle(&all);
	}
	if (r < 0)
		stop_all(&all);
	return r;
}
