/*
 * fastly.c - POST /service/{id}/purge for surrogate keys, POST /purge/{host}{path} for single URLs
 */
#include "cdn/fastly.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/enc.h"
#include "base/err.h"
#include "json/get.h"
#include "json/parse.h"
#include "json/write.h"
#include "outcome.h"

#define URL_MAX_BYTES 4096
#define BODY_MAX_BYTES (64 * 1024)
#define PARALLEL_MAX 16
#define WHO "Fastly"

/* ---- Meaning ---- */

/* {"status":"ok","id":"108-..."} for a URL, {"key":"108-...", ...} for keys. */
static void
take_purge_id(struct cdn_result *result, const struct fetch_reply *reply)
{
	json_t *body = NULL;
	json_t *value;
	const char *key;

	if (result->purge_id[0] != '\0' || json_parse(buf_slice(&reply->body), NULL, &body, NULL) < 0)
		return;
	value = json_object_get(body, "id");
	if (value == NULL) {
		json_object_foreach(body, key, value) break;
	}
	if (json_is_string(value))
		snprintf(result->purge_id, sizeof(result->purge_id), "%s", json_string_value(value));
	if (!slice_is_utf8(slice_from_str(result->purge_id))) /* cut within a character */
		result->purge_id[0] = '\0';
	json_decref(body);
}

static void
explain(struct cdn_result *result, int status)
{
	switch (status) {
	case 401:
	case 403:
		outcome_fail(
		    result, status,
		    "Fastly refused the API token (%d): the token needs the purge_select scope for this service.",
		    status);
		break;
	case 404:
		outcome_fail(result, status,
			     "Fastly knows no such service or address (404). Check the service id of this store.");
		break;
	case 429:
		outcome_fail(result, status, "Fastly takes no more purges for now (429). Try again later.");
		break;
	default:
		if (status >= 500)
			outcome_fail(result, status, "Fastly failed (%d). Try again later.", status);
		else
			outcome_fail(result, status, "Fastly did not accept the purge (%d).", status);
	}
}

static void
interpret(struct cdn_result *result, const struct fetch_reply *reply)
{
	if (reply->outcome != FETCH_OK) {
		outcome_transport(result, reply, WHO);
		return;
	}
	result->retry_after_s = reply->retry_after_s;
	if (reply->status < 200 || reply->status > 299) {
		explain(result, reply->status);
		return;
	}
	result->status = reply->status;
	take_purge_id(result, reply);
}

/* ---- Requests ---- */

/* Such a token could not be sent as a header. */
static bool
is_token_good(const struct fastly *fastly)
{
	struct slice token = secret_slice(fastly->api_token);

	for (size_t i = 0; i < token.len; i++) {
		if (token.ptr[i] <= ' ' || token.ptr[i] >= 0x7f)
			return false;
	}
	return token.len > 0;
}

struct headers {
	struct fetch_header items[4];
	size_t n;
};

static struct headers
headers_of(const struct fastly *fastly, bool has_body)
{
	struct headers h = {
	    .items = {{"Fastly-Key", secret_slice(fastly->api_token).ptr}, {"Accept", "application/json"}}, .n = 2};

	if (fastly->soft)
		h.items[h.n++] = (struct fetch_header){"Fastly-Soft-Purge", "1"};
	if (has_body)
		h.items[h.n++] = (struct fetch_header){"Content-Type", "application/json"};
	return h;
}

static struct fetch_request
request_of(const struct fastly *fastly, const struct headers *headers, const char *url)
{
	return (struct fetch_request){
	    .method = FETCH_POST,
	    .url = url,
	    .headers = headers->items,
	    .n_headers = headers->n,
	    .timeout_ms = fastly->timeout_ms,
	    .max_reply_bytes = OUTCOME_REPLY_MAX,
	};
}

static void
put_keys(struct buf *body, const char *const *keys, size_t n)
{
	struct json_writer w;

	json_write_init(&w, body);
	json_write_begin_object(&w);
	json_write_key(&w, "surrogate_keys");
	json_write_begin_array(&w);
	for (size_t i = 0; i < n; i++)
		json_write_string(&w, keys[i]);
	json_write_end(&w);
	json_write_end(&w);
	if (json_write_finish(&w) < 0 && body->failed == 0)
		body->failed = ERR_NOMEM;
}

/* One request with at most FASTLY_KEYS_MAX keys. */
static int
purge_some_keys(const struct fastly *fastly, const char *const *keys, size_t n, struct cdn_result *result)
{
	struct headers headers = headers_of(fastly, true);
	struct fetch_request request;
	struct fetch_reply reply;
	struct buf url, body;
	int r;

	fetch_reply_init(&reply);
	buf_init(&url, URL_MAX_BYTES);
	buf_init(&body, BODY_MAX_BYTES);
	buf_printf(&url, "%s/service/", fastly->api_url);
	enc_percent_put(&url, slice_from_str(fastly->service_id));
	buf_put_str(&url, "/purge");
	put_keys(&body, keys, n);
	request = request_of(fastly, &headers, buf_cstr(&url));
	request.body = buf_slice(&body);
	r = url.failed != 0 ? url.failed : body.failed;
	if (r == 0)
		r = fetch_wait(fastly->fetch, &request, 1, &reply);
	if (r == 0)
		interpret(result, &reply);
	buf_fini(&url);
	buf_fini(&body);
	fetch_reply_fini(&reply);
	return r;
}

static void
refuse_token(struct cdn_result *result)
{
	outcome_fail(result, 0, "The configured Fastly API token holds characters that no token has. Copy it again.");
}

/* What cannot be sent at all is told like a refusal; the caller hears of cancellation and shortage only. */
static int
settle(int r, struct cdn_result *results, size_t n)
{
	if (r != ERR_INVALID && r != ERR_LIMIT)
		return r;
	for (size_t i = 0; i < n; i++)
		outcome_fail(&results[i], 0,
			     "This purge cannot be sent to Fastly. Check fastly.api_url and the address.");
	return 0;
}

int
fastly_purge_keys(const struct fastly *fastly, const char *const *keys, size_t n, struct cdn_result *result_r)
{
	int r = 0;

	must(n > 0);
	outcome_init(result_r);
	if (!is_token_good(fastly)) {
		refuse_token(result_r);
		return 0;
	}
	for (size_t at = 0; r == 0 && result_r->ok && at < n; at += FASTLY_KEYS_MAX) {
		size_t left = n - at;

		r = purge_some_keys(fastly, keys + at, left < FASTLY_KEYS_MAX ? left : FASTLY_KEYS_MAX, result_r);
	}
	return settle(r, result_r, 1);
}

/* ---- URLs ---- */

static int
put_purge_url(struct buf *out, const struct fastly *fastly, const char *url)
{
	const char *rest = strstr(url, "://");

	if (rest == NULL)
		return ERR_INVALID;
	return buf_printf(out, "%s/purge/%s", fastly->api_url, rest + 3);
}

/* Side by side, at most PARALLEL_MAX. */
static int
purge_some_urls(const struct fastly *fastly, const char *const *urls, size_t n, struct cdn_result *results)
{
	struct headers headers = headers_of(fastly, false);
	struct fetch_request requests[PARALLEL_MAX];
	struct fetch_reply replies[PARALLEL_MAX];
	struct buf addresses[PARALLEL_MAX];
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		fetch_reply_init(&replies[i]);
		buf_init(&addresses[i], URL_MAX_BYTES);
		if (r == 0)
			r = put_purge_url(&addresses[i], fastly, urls[i]);
		requests[i] = request_of(fastly, &headers, buf_cstr(&addresses[i]));
	}
	if (r == 0)
		r = fetch_wait(fastly->fetch, requests, n, replies);
	for (size_t i = 0; i < n; i++) {
		if (r == 0)
			interpret(&results[i], &replies[i]);
		fetch_reply_fini(&replies[i]);
		buf_fini(&addresses[i]);
	}
	return settle(r, results, n);
}

int
fastly_purge_urls(const struct fastly *fastly, const char *const *urls, size_t n, struct cdn_result *results_r)
{
	size_t step = fastly->parallel;
	int r = 0;

	step = step == 0 ? 1 : step > PARALLEL_MAX ? PARALLEL_MAX : step;
	for (size_t i = 0; i < n; i++) {
		outcome_init(&results_r[i]);
		if (!is_token_good(fastly))
			refuse_token(&results_r[i]);
	}
	if (!is_token_good(fastly))
		return 0;
	for (size_t at = 0; r == 0 && at < n; at += step)
		r = purge_some_urls(fastly, urls + at, n - at < step ? n - at : step, results_r + at);
	return r;
}

/* ---- Names of tags ---- */

bool
fastly_key_of_tag(const char *tag, char key_r[static FASTLY_KEY_CAP])
{
	static const struct {
		const char *tag, *key;
	} names[] = {{"cat_p_", "p"}, {"cat_c_", "c"}, {"cms_p", "cpg"}, {"cms_b", "cb"}};

	key_r[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		size_t len = strlen(names[i].tag);

		if (strncmp(tag, names[i].tag, len) != 0 || strlen(tag) >= FASTLY_KEY_CAP)
			continue;
		snprintf(key_r, FASTLY_KEY_CAP, "%s%s", names[i].key, tag + len);
		return true;
	}
	return false;
}
