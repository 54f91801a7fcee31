/*
 * fuzz_state.c - any bytes as requestState: no crash, and nothing opens that we have not made ourselves; what we have
 * made opens as it was kept
 *
 * The first byte chooses: the rest is the text itself; or is kept in a state of ours, whose bytes are then changed at a
 * place named by the next two; or is put together to head and payload with our own mac, so that what is behind the mac
 * is reached.
 */
#include <stdint.h>
#include <string.h>

#include "../../src/mcp/request_state.h"
#include "base/enc.h"
#include "base/err.h"
#include "json/parse.h"
#include "session/seal.h"
#include "shm/segment.h"

#define NOW 1000000ull
#define LIFE_MS 600000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct segment_keys *keys;
static json_t *params;

static struct request_binding
binding(void)
{
	return (struct request_binding){SLICE_LIT("fuzz"), "tools/call", params, LIFE_MS};
}

static int
open_text(struct slice text, struct request_state *state_r)
{
	struct request_binding bound = binding();
	int r = request_state_open(keys, &bound, text, NOW + 1, state_r);

	must(r == 0 || r == ERR_INVALID || r == ERR_TIMEOUT);
	must(r == 0 || state_r->kept == NULL);
	must(r < 0 || (state_r->left_ms > 0 && state_r->left_ms <= LIFE_MS));
	return r;
}

static void
try_foreign(struct slice text)
{
	struct request_state state;

	must(open_text(text, &state) < 0);
}

static void
put_ours(const json_t *kept, struct buf *out)
{
	struct request_binding bound = binding();
	int r = request_state_put(keys, &bound, kept, NOW, out);

	must(r == 0 || r == ERR_LIMIT);
}

static void
try_changed(struct slice rest)
{
	size_t at = rest.len >= 2 ? (size_t)((unsigned char)rest.ptr[0] << 8 | (unsigned char)rest.ptr[1]) : 0;
	struct slice text = slice_sub(rest, 2, rest.len);
	struct request_state state;
	json_t *kept = NULL;
	struct buf out;

	buf_init(&out, REQUEST_STATE_TEXT_MAX);
	if (json_parse(text, NULL, &kept, NULL) == 0)
		put_ours(kept, &out);
	if (out.len > 0) {
		must(open_text(buf_slice(&out), &state) == 0 && json_equal(state.kept, kept));
		json_decref(state.kept);
		out.ptr[at % out.len] ^= (char)(1u << (at >> 13));
		try_foreign(buf_slice(&out));
	}
	json_decref(kept);
	buf_fini(&out);
}

/* As if our own key had signed anything. */
static void
try_signed(struct slice payload)
{
	uint8_t mac[SEAL_MAC_LEN];
	struct request_state state;
	struct buf text, ours;
	size_t head = 0;

	buf_init(&ours, REQUEST_STATE_TEXT_MAX);
	buf_init(&text, 2 * REQUEST_STATE_TEXT_MAX);
	put_ours(NULL, &ours);
	while (head < ours.len && (ours.ptr[head] != '.' || head < 4))
		head++;
	buf_put(&text, ours.ptr, head + 1);
	enc_base64url_put(&text, payload);
	if (text.failed == 0 && seal_mac(keys, "requestState", buf_slice(&text), mac) == 0) {
		buf_put_char(&text, '.');
		enc_base64url_put(&text, slice_of((const char *)mac, sizeof(mac)));
		if (open_text(buf_slice(&text), &state) == 0)
			json_decref(state.kept);
	}
	buf_fini(&text);
	buf_fini(&ours);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest;

	if (keys == NULL) {
		must(segment_keys_create(&keys, NULL) == 0);
		params = json_pack("{s:s, s:{s:i}}", "name", "t", "arguments", "a", 1);
	}
	if (size == 0)
		return 0;
	rest = slice_of((const char *)data + 1, size - 1);
	if (data[0] % 3 == 0)
		try_foreign(rest);
	else if (data[0] % 3 == 1)
		try_changed(rest);
	else
		try_signed(rest);
	return 0;
}
