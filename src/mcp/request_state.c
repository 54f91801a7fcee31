#include "request_state.h"

#include <string.h>

#include "base/enc.h"
#include "base/err.h"
#include "json/get.h"
#include "json/parse.h"
#include "json/write.h"
#include "session/seal.h"

#define VERSION "v1"
#define KEY_ID_BYTES 6 /* eight characters */
#define PURPOSE_STATE "requestState"
#define PURPOSE_KEY "requestState key"
#define PURPOSE_REQUEST "requestState request"
#define REQUEST_MAX (16u * 1024 * 1024) /* params as text; a body is smaller */
#define CLOCK_SLACK_MS 1000
#define PAYLOAD_MAX (REQUEST_STATE_KEPT_MAX + 1024)

/* Of a key, so that a state of other keys is told apart without trying. */
static int
put_head(const struct segment_keys *keys, struct buf *out)
{
	uint8_t id[SEAL_MAC_LEN];

	if (seal_mac(keys, PURPOSE_KEY, SLICE_NONE, id) < 0)
		return ERR_NOMEM;
	buf_put_str(out, VERSION ".");
	enc_base64url_put(out, slice_of((const char *)id, KEY_ID_BYTES));
	return buf_put_char(out, '.');
}

static int
put_piece(const char *bytes, size_t len, void *ctx)
{
	return buf_put(ctx, bytes, len);
}

/*
 * Members in any order are the same request: a client may build the retry anew.  The buffer is looked at, too: jansson
 * goes on when a name could not be put.
 */
static int
put_sorted(struct buf *out, const json_t *json)
{
	int r = json_dump_callback(json, put_piece, out, JSON_COMPACT | JSON_SORT_KEYS);

	return out->failed != 0 ? out->failed : r < 0 ? ERR_NOMEM : 0;
}

static int
put_request(struct buf *out, const struct request_binding *binding)
{
	static const char *const left_out[] = {"_meta", "inputResponses", "requestState"};
	json_t *params = json_object();
	json_t *all = NULL;
	int r = ERR_NOMEM;

	if (json_object_update(params, (json_t *)(uintptr_t)binding->params) == 0) {
		for (size_t i = 0; i < ARRAY_LEN(left_out); i++)
			json_object_del(params, left_out[i]);
		all = json_pack("[s%, s, O]", binding->principal.ptr, binding->principal.len, binding->method, params);
	}
	if (all != NULL)
		r = put_sorted(out, all);
	json_decref(all);
	json_decref(params);
	return r;
}

static int
put_digest(const struct segment_keys *keys, const struct request_binding *binding, struct buf *out)
{
	uint8_t mac[SEAL_MAC_LEN];
	struct buf text;
	int r;

	buf_init(&text, REQUEST_MAX);
	r = put_request(&text, binding);
	if (r == 0)
		r = seal_mac(keys, PURPOSE_REQUEST, buf_slice(&text), mac);
	if (r == 0)
		r = enc_base64url_put(out, slice_of((const char *)mac, sizeof(mac)));
	buf_fini(&text);
	return r;
}

/* ---- made ---- */

static int
put_payload(const struct segment_keys *keys, const struct request_binding *binding, const json_t *kept,
	    uint64_t now_wall_ms, struct buf *out)
{
	char nonce[RAND_TOKEN_LEN + 1];
	struct json_writer w;
	struct buf digest;
	int r;

	rand_token(nonce);
	buf_init(&digest, 2 * SEAL_MAC_LEN);
	r = put_digest(keys, binding, &digest);
	if (r == 0) {
		json_write_init(&w, out);
		json_write_begin_object(&w);
		json_write_key_string(&w, "request", buf_cstr(&digest));
		json_write_key_int(&w, "expires", (int64_t)(now_wall_ms + binding->life_ms));
		json_write_key_string(&w, "nonce", nonce);
		if (kept != NULL) {
			json_write_key(&w, "kept");
			json_write_tree(&w, kept);
		}
		json_write_end(&w);
		r = json_write_finish(&w);
	}
	buf_fini(&digest);
	return r;
}

int
request_state_put(const struct segment_keys *keys, const struct request_binding *binding, const json_t *kept,
		  uint64_t now_wall_ms, struct buf *out)
{
	uint8_t mac[SEAL_MAC_LEN];
	struct buf payload, text;
	int r;

	buf_init(&payload, PAYLOAD_MAX);
	buf_init(&text, REQUEST_STATE_TEXT_MAX);
	r = put_payload(keys, binding, kept, now_wall_ms, &payload);
	if (r == 0)
		r = put_head(keys, &text);
	if (r == 0)
		r = enc_base64url_put(&text, buf_slice(&payload));
	if (r == 0)
		r = seal_mac(keys, PURPOSE_STATE, buf_slice(&text), mac);
	if (r == 0) {
		buf_put_char(&text, '.');
		enc_base64url_put(&text, slice_of((const char *)mac, sizeof(mac)));
		r = text.failed != 0 ? text.failed : buf_put_slice(out, buf_slice(&text));
	}
	buf_fini(&text);
	buf_fini(&payload);
	return r;
}

/* ---- opened ---- */

/* Position of the last '.', or -1. */
static ptrdiff_t
last_dot(struct slice text)
{
	for (size_t i = text.len; i > 0; i--) {
		if (text.ptr[i - 1] == '.')
			return (ptrdiff_t)i - 1;
	}
	return -1;
}

/* Gives the payload behind a good head and a good mac. */
static int
authenticate(const struct segment_keys *keys, struct slice text, struct buf *payload)
{
	ptrdiff_t dot = last_dot(text);
	struct slice signed_part = slice_sub(text, 0, dot < 0 ? 0 : (size_t)dot);
	struct buf head, mac;
	int r = ERR_INVALID;

	buf_init(&head, 64);
	buf_init(&mac, SEAL_MAC_LEN);
	if (dot < 0 || text.len > REQUEST_STATE_TEXT_MAX)
		goto out;
	r = put_head(keys, &head);
	if (r == 0)
		r = enc_base64url_decode(slice_sub(text, (size_t)dot + 1, text.len), &mac);
	if (r < 0)
		goto out;
	r = ERR_INVALID;
	if (slice_has_prefix(signed_part, buf_cstr(&head)) &&
	    seal_mac_ok(keys, PURPOSE_STATE, signed_part, buf_slice(&mac)))
		r = enc_base64url_decode(slice_sub(signed_part, head.len, signed_part.len), payload);
out:
	buf_fini(&mac);
	buf_fini(&head);
	return r == ERR_NOMEM || r == 0 ? r : ERR_INVALID;
}

/* What was signed by us has the shape that we gave it. */
static int
judge(const json_t *payload, struct slice digest, uint64_t life_ms, uint64_t now_wall_ms, struct request_state *state_r)
{
	uint64_t expires = (uint64_t)json_get_int(payload, "expires", 0);

	if (!slice_eq(json_get_slice(payload, "request"), digest))
		return ERR_INVALID;
	/* A clock set back must not make it live longer; that of another worker may be a bit ahead. */
	if (now_wall_ms >= expires || expires - now_wall_ms > life_ms + CLOCK_SLACK_MS)
		return ERR_TIMEOUT;
	if (slice_to_str(json_get_slice(payload, "nonce"), state_r->nonce, sizeof(state_r->nonce)) < 0)
		return ERR_INVALID;
	state_r->left_ms = expires - now_wall_ms;
	state_r->kept = json_incref(json_object_get(payload, "kept"));
	return 0;
}

int
request_state_open(const struct segment_keys *keys, const struct request_binding *binding, struct slice text,
		   uint64_t now_wall_ms, struct request_state *state_r)
{
	struct buf payload, digest;
	json_t *root = NULL;
	int r;

	memset(state_r, 0, sizeof(*state_r));
	buf_init(&payload, PAYLOAD_MAX);
	buf_init(&digest, 2 * SEAL_MAC_LEN);
	r = authenticate(keys, text, &payload);
	if (r == 0)
		r = put_digest(keys, binding, &digest);
	if (r == 0)
		r = json_parse(buf_slice(&payload), NULL, &root, NULL);
	if (r == 0)
		r = judge(root, buf_slice(&digest), binding->life_ms, now_wall_ms, state_r);
	json_decref(root);
	buf_fini(&digest);
	buf_fini(&payload);
	return r == 0 || r == ERR_TIMEOUT || r == ERR_NOMEM ? r : ERR_INVALID;
}
