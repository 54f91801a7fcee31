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
#define OAUTH_PARAMS 6

/* What most requests need: a secret that grows is copied and wiped each time. */
#define TEXT_ROOM 512
#define BASE_ROOM 1400
#define HEADER_ROOM 500

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

int
oauth1_path_put(struct buf *out, struct slice path)
{
	struct buf decoded;
	int r;

	if (is_normal_path(path))
		return buf_put_slice(out, path);
	buf_init(&decoded, OAUTH1_BASE_MAX);
	r = decode_path(path, &decoded);
	if (r == 0)
		r = encode_path(buf_slice(&decoded), out);
	buf_fini(&decoded);
	return r;
}

/* ---- URL ---- */

static void
put_lower(struct buf *out, struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		buf_put_char(out, s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ? (char)(s.ptr[i] + 'a' - 'A') : s.ptr[i]);
}

/* Scheme and host in lower case, without the scheme's own port. */
static int
put_origin(struct buf *out, struct slice base, struct slice *prefix_r)
{
	bool tls = slice_is_nocase(slice_sub(base, 0, 8), "https://");
	size_t skip = tls ? 8 : 7;
	struct slice authority;
	size_t i;

	if (!tls && !slice_is_nocase(slice_sub(base, 0, 7), "http://"))
		return ERR_INVALID;
	authority = slice_sub(base, skip, base.len - skip);
	for (i = 0; i < authority.len && authority.ptr[i] != '/'; i++)
		;
	*prefix_r = slice_sub(authority, i, authority.len - i);
	authority = slice_sub(authority, 0, i);
	if (authority.len == 0 || slice_find(authority, '@') >= 0)
		return ERR_INVALID;
	if (tls && authority.len > 4 && slice_is(slice_sub(authority, authority.len - 4, 4), ":443"))
		authority.len -= 4;
	else if (!tls && authority.len > 3 && slice_is(slice_sub(authority, authority.len - 3, 3), ":80"))
		authority.len -= 3;
	buf_put_str(out, tls ? "https://" : "http://");
	put_lower(out, authority);
	return out->failed;
}

static int
put_url(struct buf *out, const struct oauth1_request *request)
{
	struct slice prefix;
	int r;

	if (request->path[0] != '/')
		return ERR_INVALID;
	r = put_origin(out, slice_from_str(request->base_url), &prefix);
	if (r < 0)
		return r;
	while (prefix.len > 0 && prefix.ptr[prefix.len - 1] == '/')
		prefix.len--;
	r = oauth1_path_put(out, prefix);
	return r < 0 ? r : oauth1_path_put(out, slice_from_str(request->path));
}

/* ---- Parameters ---- */

struct pair {
	struct slice name; /* encoded; in `text` below */
	struct slice value;
};

struct pairs {
	struct buf text;
	struct pair *items;
	size_t n;
};

static int
add_pair(struct pairs *pairs, struct slice name, struct slice value)
{
	struct pair *pair = &pairs->items[pairs->n];
	size_t from = pairs->text.len;
	int r;

	/* The buffer may move while it grows: remember lengths now, pointers when all are in. */
	r = enc_percent_put(&pairs->text, name);
	if (r < 0)
		return r;
	pair->name.len = pairs->text.len - from;
	from = pairs->text.len;
	r = enc_percent_put(&pairs->text, value);
	if (r < 0)
		return r;
	pair->value.len = pairs->text.len - from;
	pairs->n++;
	return 0;
}

static void
point_into_text(struct pairs *pairs)
{
	const char *at = buf_cstr(&pairs->text);
	size_t i;

	for (i = 0; i < pairs->n; i++) {
		pairs->items[i].name.ptr = at;
		at += pairs->items[i].name.len;
		pairs->items[i].value.ptr = at;
		at += pairs->items[i].value.len;
	}
}

static int
compare_pairs(const void *a, const void *b)
{
	return oauth1_natcmp(((const struct pair *)a)->name, ((const struct pair *)b)->name);
}

static int
collect_pairs(struct pairs *pairs, const struct oauth1_request *request, const struct oauth1_signer *signer)
{
	char timestamp[24];
	size_t i;
	int r;

	snprintf(timestamp, sizeof(timestamp), "%llu", (unsigned long long)signer->timestamp_s);
	r = add_pair(pairs, SLICE_LIT("oauth_consumer_key"), secret_slice(signer->consumer_key));
	if (r == 0)
		r = add_pair(pairs, SLICE_LIT("oauth_nonce"), slice_from_str(signer->nonce));
	if (r == 0)
		r = add_pair(pairs, SLICE_LIT("oauth_signature_method"), SLICE_LIT("HMAC-SHA256"));
	if (r == 0)
		r = add_pair(pairs, SLICE_LIT("oauth_timestamp"), slice_from_str(timestamp));
	if (r == 0)
		r = add_pair(pairs, SLICE_LIT("oauth_token"), secret_slice(signer->token));
	if (r == 0)
		r = add_pair(pairs, SLICE_LIT("oauth_version"), SLICE_LIT("1.0"));
	for (i = 0; r == 0 && i < request->n_query; i++)
		r = add_pair(pairs, slice_from_str(request->query[i].name), slice_from_str(request->query[i].value));
	point_into_text(pairs);
	return r;
}

static int
pairs_init(struct pairs *pairs, const struct oauth1_request *request, const struct oauth1_signer *signer)
{
	memset(pairs, 0, sizeof(*pairs));
	buf_init_secret(&pairs->text, OAUTH1_BASE_MAX);
	(void)buf_reserve(&pairs->text, TEXT_ROOM);
	if (request->n_query > OAUTH1_PARAMS_MAX)
		return ERR_LIMIT;
	if (param_has_repeated(request->query, request->n_query))
		return ERR_INVALID;
	pairs->items = calloc(request->n_query + OAUTH_PARAMS, sizeof(*pairs->items));
	if (pairs->items == NULL)
		return ERR_NOMEM;
	return collect_pairs(pairs, request, signer);
}

static void
pairs_fini(struct pairs *pairs)
{
	free(pairs->items);
	buf_fini(&pairs->text);
}

/* ---- What is signed ---- */

static int
put_sorted(struct buf *out, struct pairs *pairs)
{
	size_t i;

	(void)buf_reserve(out, TEXT_ROOM);
	qsort(pairs->items, pairs->n, sizeof(*pairs->items), compare_pairs);
	for (i = 0; i < pairs->n; i++) {
		if (i > 0)
			buf_put_char(out, '&');
		buf_put_slice(out, pairs->items[i].name);
		buf_put_char(out, '=');
		buf_put_slice(out, pairs->items[i].value);
	}
	return out->failed;
}

int
oauth1_base_string(const struct oauth1_request *request, const struct oauth1_signer *signer, struct buf *out)
{
	struct pairs pairs;
	struct buf url, query;
	int r;

	buf_init(&url, OAUTH1_BASE_MAX);
	buf_init_secret(&query, OAUTH1_BASE_MAX);
	r = pairs_init(&pairs, request, signer);
	if (r < 0)
		goto out;
	r = put_url(&url, request);
	if (r < 0)
		goto out;
	r = put_sorted(&query, &pairs);
	if (r < 0)
		goto out;
	(void)buf_reserve(out, BASE_ROOM);
	buf_put_str(out, request->method);
	buf_put_char(out, '&');
	enc_percent_put(out, buf_slice(&url));
	buf_put_char(out, '&');
	enc_percent_put(out, buf_slice(&query));
	r = out->failed;
out:
	pairs_fini(&pairs);
	buf_fini(&url);
	buf_fini(&query);
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
	(void)buf_reserve(&key, TEXT_ROOM);
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

/* ---- Header ---- */

static void
put_field(struct buf *out, struct slice name, struct slice value)
{
	buf_put_slice(out, name);
	buf_put_slice(out, SLICE_LIT("=\""));
	enc_percent_put(out, value);
	buf_put_char(out, '"');
}

static int
put_header(struct buf *out, const struct oauth1_signer *signer, struct slice signature)
{
	(void)buf_reserve(out, HEADER_ROOM);
	buf_put_slice(out, SLICE_LIT("OAuth "));
	put_field(out, SLICE_LIT("oauth_consumer_key"), secret_slice(signer->consumer_key));
	put_field(out, SLICE_LIT(", oauth_nonce"), slice_from_str(signer->nonce));
	put_field(out, SLICE_LIT(", oauth_signature_method"), SLICE_LIT("HMAC-SHA256"));
	buf_put_slice(out, SLICE_LIT(", oauth_timestamp=\""));
	buf_put_u64(out, signer->timestamp_s);
	buf_put_char(out, '"');
	put_field(out, SLICE_LIT(", oauth_token"), secret_slice(signer->token));
	put_field(out, SLICE_LIT(", oauth_version"), SLICE_LIT("1.0"));
	put_field(out, SLICE_LIT(", oauth_signature"), signature);
	return out->failed;
}

int
oauth1_authorization(const struct oauth1_request *request, const struct oauth1_signer *signer, struct buf *header_out)
{
	struct buf base, signature;
	int r;

	buf_init_secret(&base, OAUTH1_BASE_MAX);
	buf_init(&signature, 64);
	r = oauth1_base_string(request, signer, &base);
	if (r == 0)
		r = oauth1_signature(buf_slice(&base), signer, &signature);
	if (r == 0)
		r = put_header(header_out, signer, buf_slice(&signature));
	buf_fini(&base);
	buf_fini(&signature);
	return r;
}
