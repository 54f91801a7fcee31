/*
 * oauth1.c - base string, signature and header, as the other end computes them (PHP with Laminas OAuth and Uri)
 */
#include "magento/oauth1.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "base/err.h"

#define SIGNATURE_LEN 32 /* SHA-256 */
#define BLOCK_LEN 64
#define SIGNATURE_MAX 64 /* in base64 */

/* What most requests need: a secret that grows is copied and wiped each time. */
#define KEY_ROOM 250
#define BASE_ROOM 400 /* without the URL */
#define HEADER_ROOM 300

/* ---- Order ---- */

static bool
is_digit_at(struct slice s, size_t i)
{
	return i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9';
}

/*
 * Two runs of digits that begin at *a and *b, which are moved behind them.  As numbers: the longer run is larger, among
 * equals the first difference decides.  `fractional`, when one begins with 0: the first difference decides at once.
 */
static int
compare_runs(struct slice x, size_t *a, struct slice y, size_t *b, bool fractional)
{
	int bias = 0;

	for (;; (*a)++, (*b)++) {
		if (!is_digit_at(x, *a) && !is_digit_at(y, *b))
			return bias;
		if (!is_digit_at(x, *a))
			return -1;
		if (!is_digit_at(y, *b))
			return 1;
		if (bias == 0 && x.ptr[*a] != y.ptr[*b]) {
			bias = (unsigned char)x.ptr[*a] < (unsigned char)y.ptr[*b] ? -1 : 1;
			if (fractional)
				return bias;
		}
	}
}

/* Leading zeros of the whole text do not count; white space never occurs in encoded names. */
static size_t
skip_zeros(struct slice s)
{
	size_t i = 0;

	while (i + 1 < s.len && s.ptr[i] == '0' && is_digit_at(s, i + 1))
		i++;
	return i;
}

int
oauth1_natcmp(struct slice x, struct slice y)
{
	size_t a = skip_zeros(x);
	size_t b = skip_zeros(y);
	bool fractional;
	int r;

	while (a < x.len && b < y.len) {
		if (is_digit_at(x, a) && is_digit_at(y, b)) {
			fractional = x.ptr[a] == '0' || y.ptr[b] == '0';
			r = compare_runs(x, &a, y, &b, fractional);
			if (r != 0)
				return r;
			continue;
		}
		if (x.ptr[a] != y.ptr[b])
			return (unsigned char)x.ptr[a] < (unsigned char)y.ptr[b] ? -1 : 1;
		a++;
		b++;
	}
	return (a < x.len) - (b < y.len);
}

/* ---- Path ---- */

static bool
is_escape_at(struct slice s, size_t i)
{
	return i + 2 < s.len && s.ptr[i] == '%' && enc_hex_value(s.ptr[i + 1]) >= 0 && enc_hex_value(s.ptr[i + 2]) >= 0;
}

/* Characters that stand as they are in a normalised path; '%' is dealt with apart. */
static bool
is_path_char(char c, const char *more)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return true;
	return c != '\0' && (strchr("-._~:@&=+$,/;", c) != NULL || strchr(more, c) != NULL);
}

/* First step: escapes of harmless characters, and of the percent sign, become the character; others get upper-case hex.
 */
static int
decode_path(struct slice path, struct buf *out)
{
	char c;
	size_t i = 0;

	while (i < path.len) {
		if (!is_escape_at(path, i)) {
			buf_put_char(out, path.ptr[i++]);
			continue;
		}
		c = (char)(enc_hex_value(path.ptr[i + 1]) << 4 | enc_hex_value(path.ptr[i + 2]));
		if (is_path_char(c, "%"))
			buf_put_char(out, c);
		else
			buf_printf(out, "%%%02X", (unsigned char)c);
		i += 3;
	}
	return out->failed;
}

/* Second step: what is not allowed in a path is escaped; what looks like an escape by now stays, in its letter case. */
static int
encode_path(struct slice path, struct buf *out)
{
	size_t i;

	for (i = 0; i < path.len; i++) {
		if (is_path_char(path.ptr[i], "()") || is_escape_at(path, i))
			buf_put_char(out, path.ptr[i]);
		else
			buf_printf(out, "%%%02X", (unsigned char)path.ptr[i]);
	}
	return out->failed;
}

int
oauth1_path_put(struct buf *out, struct slice path)
{
	struct buf decoded;
	int r;

	buf_init(&decoded, OAUTH1_BASE_MAX);
	r = decode_path(path, &decoded);
	if (r == 0)
		r = encode_path(buf_slice(&decoded), out);
	buf_fini(&decoded);
	return r;
}

/* Most paths: normalised already. */
static bool
is_normal_path(struct slice path)
{
	size_t i;

	for (i = 0; i < path.len; i++) {
		char c = path.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '-' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '_'))
			return false;
	}
	return true;
}

/* ---- Parameters ---- */

/* Percent-encoded, as they are sent. */
struct pair {
	struct slice name;
	struct slice value;
};

struct pairs {
	struct pair *items;
	size_t n;
};

static int
compare_pairs(const void *a, const void *b)
{
	return oauth1_natcmp(((const struct pair *)a)->name, ((const struct pair *)b)->name);
}

static bool
has_repeated(const struct pairs *pairs)
{
	size_t i, k;

	for (i = 1; i < pairs->n; i++) {
		for (k = 0; k < i; k++) {
			if (slice_eq(pairs->items[i].name, pairs->items[k].name))
				return true;
		}
	}
	return false;
}

static size_t
count_parts(struct slice query)
{
	struct slice part;
	size_t n = 0;

	while (slice_next(&query, '&', &part))
		n++;
	return n;
}

/* The parameters of a query, sorted; SLICE_NONE has none. */
static int
split_query(struct slice query, struct pairs *pairs)
{
	struct slice part, name;
	size_t n = count_parts(query);

	if (n == 0)
		return 0;
	if (n > OAUTH1_PARAMS_MAX)
		return ERR_LIMIT;
	pairs->items = calloc(n, sizeof(*pairs->items));
	if (pairs->items == NULL)
		return ERR_NOMEM;
	while (slice_next(&query, '&', &part)) {
		if (!slice_next(&part, '=', &name) || part.ptr == NULL || slice_find(part, '=') >= 0)
			return ERR_INVALID;
		pairs->items[pairs->n++] = (struct pair){name, part};
	}
	if (has_repeated(pairs))
		return ERR_INVALID;
	qsort(pairs->items, pairs->n, sizeof(*pairs->items), compare_pairs);
	return 0;
}

/* ---- Header ---- */

/* The protocol's parameters in their order in the base string; a shop takes a request without oauth_version for 1.0. */
enum { CONSUMER_KEY, NONCE, SIGNATURE_METHOD, TIMESTAMP, TOKEN, N_FIELDS };

static void
open_field(struct buf *out, struct slice name, struct pair *field)
{
	buf_put_slice(out, name);
	buf_put_slice(out, SLICE_LIT("=\""));
	*field = (struct pair){name, slice_of(out->ptr + out->len, 0)};
}

static void
close_field(struct buf *out, struct pair *field)
{
	field->value.len = (size_t)(out->ptr + out->len - field->value.ptr);
	buf_put_slice(out, SLICE_LIT("\","));
}

static void
put_field(struct buf *out, struct slice name, struct slice value, struct pair *field)
{
	open_field(out, name, field);
	enc_percent_put(out, value);
	close_field(out, field);
}

/* All fields but the signature; they point into `out`. */
static int
put_fields(struct buf *out, const struct oauth1_signer *signer, struct pair fields_r[static N_FIELDS])
{
	struct slice key = secret_slice(signer->consumer_key);
	struct slice token = secret_slice(signer->token);
	struct slice nonce = slice_from_str(signer->nonce);
	int r;

	/* Room for all of it, so that nothing moves. */
	r = buf_reserve(out, HEADER_ROOM + 3 * (key.len + token.len + nonce.len));
	if (r < 0)
		return r;
	buf_put_slice(out, SLICE_LIT("OAuth "));
	put_field(out, SLICE_LIT("oauth_consumer_key"), key, &fields_r[CONSUMER_KEY]);
	put_field(out, SLICE_LIT("oauth_nonce"), nonce, &fields_r[NONCE]);
	put_field(out, SLICE_LIT("oauth_signature_method"), SLICE_LIT("HMAC-SHA256"), &fields_r[SIGNATURE_METHOD]);
	open_field(out, SLICE_LIT("oauth_timestamp"), &fields_r[TIMESTAMP]);
	buf_put_u64(out, signer->timestamp_s);
	close_field(out, &fields_r[TIMESTAMP]);
	put_field(out, SLICE_LIT("oauth_token"), token, &fields_r[TOKEN]);
	return out->failed;
}

/* ---- What is signed ---- */

/* Behind "scheme://host[:port]". */
static int
put_url(struct buf *out, struct slice url)
{
	ptrdiff_t scheme = slice_find(url, ':');
	struct slice rest = slice_sub(url, (size_t)(scheme + 3), url.len);
	ptrdiff_t host = slice_find(rest, '/');
	struct buf normal;
	int r;

	if (scheme < 0 || host <= 0)
		return ERR_INVALID;
	rest = slice_sub(rest, (size_t)host, rest.len);
	if (is_normal_path(rest))
		return enc_percent_put(out, url);
	(void)enc_percent_put(out, slice_of(url.ptr, (size_t)(rest.ptr - url.ptr)));
	buf_init(&normal, OAUTH1_BASE_MAX);
	r = oauth1_path_put(&normal, rest);
	if (r == 0)
		r = enc_percent_put(out, buf_slice(&normal));
	buf_fini(&normal);
	return r;
}

static void
put_value(struct buf *out, struct slice value)
{
	buf_put_slice(out, SLICE_LIT("%3D"));
	enc_percent_put(out, value);
}

/* Two sorted lists become one.  The protocol's names are spared the encoding, which would change nothing. */
static int
put_params(struct buf *out, const struct pair fields[static N_FIELDS], const struct pairs *query)
{
	size_t a = 0, b = 0;

	while (a < N_FIELDS || b < query->n) {
		if (a + b > 0)
			buf_put_slice(out, SLICE_LIT("%26"));
		if (b == query->n || (a < N_FIELDS && compare_pairs(&fields[a], &query->items[b]) < 0)) {
			buf_put_slice(out, fields[a].name);
			put_value(out, fields[a++].value);
		} else {
			enc_percent_put(out, query->items[b].name);
			put_value(out, query->items[b++].value);
		}
	}
	return out->failed;
}

static int
put_base_string(struct buf *out, const struct oauth1_request *request, const struct pair fields[static N_FIELDS])
{
	struct slice query = request->url;
	struct slice url = SLICE_NONE;
	struct pairs pairs = {0};
	int r;

	(void)slice_next(&query, '?', &url);
	r = split_query(query, &pairs);
	if (r < 0)
		goto out;
	(void)buf_reserve(out, BASE_ROOM + 2 * request->url.len);
	buf_put_str(out, request->method);
	buf_put_char(out, '&');
	r = put_url(out, url);
	if (r < 0)
		goto out;
	buf_put_char(out, '&');
	r = put_params(out, fields, &pairs);
out:
	free(pairs.items);
	return r;
}

int
oauth1_base_string(const struct oauth1_request *request, const struct oauth1_signer *signer, struct buf *out)
{
	struct pair fields[N_FIELDS];
	struct buf header;
	int r;

	buf_init_secret(&header, OAUTH1_HEADER_MAX);
	r = put_fields(&header, signer, fields);
	if (r == 0)
		r = put_base_string(out, request, fields);
	buf_fini(&header);
	return r;
}

/* ---- Signature ---- */

/*
 * HMAC() looks its algorithms up anew in each call, which takes it longer than to compute anything.  One copy for the
 * process, made at the first signature; what it holds between two is no secret.
 */
static struct {
	EVP_MD *sha256;
	EVP_MD_CTX *ctx;
} hasher;

static int
hasher_open(void)
{
	if (hasher.sha256 == NULL)
		hasher.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (hasher.ctx == NULL)
		hasher.ctx = EVP_MD_CTX_new();
	return hasher.sha256 != NULL && hasher.ctx != NULL ? 0 : ERR_NOMEM;
}

/* SHA-256 of `front`, which may be empty, and `text`. */
static int
hash(struct slice front, struct slice text, uint8_t digest_r[static SIGNATURE_LEN])
{
	if (EVP_DigestInit_ex2(hasher.ctx, hasher.sha256, NULL) != 1 ||
	    (front.len > 0 && EVP_DigestUpdate(hasher.ctx, front.ptr, front.len) != 1) ||
	    (text.len > 0 && EVP_DigestUpdate(hasher.ctx, text.ptr, text.len) != 1) ||
	    EVP_DigestFinal_ex(hasher.ctx, digest_r, NULL) != 1)
		return ERR_NOMEM;
	return 0;
}

/* RFC 2104 with SHA-256. */
static int
hmac(struct slice key, struct slice text, uint8_t mac_r[static SIGNATURE_LEN])
{
	uint8_t pad[BLOCK_LEN] = {0}, inner[SIGNATURE_LEN];
	size_t i;
	int r;

	r = hasher_open();
	if (r == 0 && key.len > sizeof(pad))
		r = hash(SLICE_NONE, key, pad);
	else if (r == 0)
		memcpy(pad, key.ptr, key.len);
	for (i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36;
	if (r == 0)
		r = hash(slice_of((const char *)pad, sizeof(pad)), text, inner);
	for (i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36 ^ 0x5c;
	if (r == 0)
		r = hash(slice_of((const char *)pad, sizeof(pad)), slice_of((const char *)inner, sizeof(inner)), mac_r);
	secret_wipe_bytes(pad, sizeof(pad));
	return r;
}

int
oauth1_signature(struct slice base_string, const struct oauth1_signer *signer, struct buf *out)
{
	uint8_t mac[SIGNATURE_LEN];
	struct buf key;
	int r;

	buf_init_secret(&key, 8 * SECRET_MAX);
	(void)buf_reserve(&key, KEY_ROOM);
	enc_percent_put(&key, secret_slice(signer->consumer_secret));
	buf_put_char(&key, '&');
	r = enc_percent_put(&key, secret_slice(signer->token_secret));
	if (r < 0)
		goto out;
	r = hmac(buf_slice(&key), base_string, mac);
	if (r == 0)
		r = enc_base64_put(out, slice_of((const char *)mac, sizeof(mac)));
out:
	buf_fini(&key);
	return r;
}

/* ---- All of it ---- */

int
oauth1_authorization(const struct oauth1_request *request, const struct oauth1_signer *signer, struct buf *header_out)
{
	struct pair fields[N_FIELDS];
	struct buf base, signature;
	int r;

	buf_init_secret(&base, OAUTH1_BASE_MAX);
	buf_init(&signature, SIGNATURE_MAX);
	r = put_fields(header_out, signer, fields);
	if (r == 0)
		r = put_base_string(&base, request, fields);
	if (r == 0)
		r = oauth1_signature(buf_slice(&base), signer, &signature);
	if (r == 0) {
		buf_put_slice(header_out, SLICE_LIT("oauth_signature=\""));
		enc_percent_put(header_out, buf_slice(&signature));
		r = buf_put_char(header_out, '"');
	}
	buf_fini(&base);
	buf_fini(&signature);
	return r;
}
