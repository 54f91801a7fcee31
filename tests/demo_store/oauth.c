#include "oauth.h"

#include "acl.h"
#include "errors.h"
#include "text.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	NONCE_GENERATION = 200000, /* nonces before the older half is forgotten */
	TIMESTAMP_AHEAD_S = 600,
	HEADER_PARAMS_MAX = 16,
	KEY_LEN = 32
};

/* One parameter of the base string; name and value stand encoded once. */
struct signed_param {
	char *name;
	char *value;
};

struct header_param {
	char *name;
	char *value;
};

struct oauth_header {
	char *copy;
	struct header_param params[HEADER_PARAMS_MAX];
	size_t count;
};

int
nonces_init(struct nonces *nonces)
{
	nonces->young = json_object();
	nonces->old = json_object();
	return nonces->young != NULL && nonces->old != NULL ? 0 : -1;
}

void
nonces_fini(struct nonces *nonces)
{
	json_decref(nonces->young);
	json_decref(nonces->old);
	nonces->young = nonces->old = NULL;
}

/* Uses up a nonce; false if it was used before. */
static bool
nonces_take(struct nonces *nonces, int consumer_id, const char *nonce)
{
	char key[160];

	snprintf(key, sizeof(key), "%d:%s", consumer_id, nonce);
	if (json_object_get(nonces->young, key) != NULL || json_object_get(nonces->old, key) != NULL)
		return false;
	if (json_object_size(nonces->young) >= NONCE_GENERATION) {
		json_decref(nonces->old);
		nonces->old = nonces->young;
		nonces->young = json_object();
	}
	json_object_set_new(nonces->young, key, json_true());
	return true;
}

static char *
trim(char *s)
{
	size_t len;

	s += strspn(s, " \t");
	len = strlen(s);
	while (len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t'))
		s[--len] = '\0';
	return s;
}

static char *
unquote(char *s)
{
	size_t len = strlen(s);

	if (len >= 2 && s[0] == '"' && s[len - 1] == '"') {
		s[len - 1] = '\0';
		s++;
	}
	text_decode_percent(s, false);
	return s;
}

static int
header_parse(struct oauth_header *header, const char *text)
{
	char *save = NULL;

	header->copy = strdup(text);
	if (header->copy == NULL)
		return -1;
	for (char *part = strtok_r(header->copy, ",", &save); part != NULL; part = strtok_r(NULL, ",", &save)) {
		char *equals = strchr(part, '=');

		if (equals == NULL || header->count == HEADER_PARAMS_MAX)
			continue;
		*equals = '\0';
		header->params[header->count].name = trim(part);
		header->params[header->count].value = unquote(trim(equals + 1));
		header->count++;
	}
	return 0;
}

static const char *
header_find(const struct oauth_header *header, const char *name)
{
	for (size_t i = 0; i < header->count; i++) {
		if (strcmp(header->params[i].name, name) == 0)
			return header->params[i].value;
	}
	return NULL;
}

static char *
encode(const char *s, size_t len)
{
	char *text = NULL;
	size_t text_len;
	FILE *out = open_memstream(&text, &text_len);

	if (out == NULL)
		return NULL;
	text_put_encoded(out, s, len);
	return fclose(out) == 0 ? text : NULL;
}

/* Adds a parameter or, as a PHP array would, overwrites the one of the same name. Takes what it is given as it is. */
static int
params_put(struct signed_param *params, size_t *count, const char *name, const char *value)
{
	char *encoded_name = encode(name, strlen(name)), *encoded_value = encode(value, strlen(value));
	size_t i = 0;

	if (encoded_name == NULL || encoded_value == NULL) {
		free(encoded_name);
		free(encoded_value);
		return -1;
	}
	while (i < *count && strcmp(params[i].name, encoded_name) != 0)
		i++;
	if (i == *count) {
		params[i].name = encoded_name;
		++*count;
	} else {
		free(encoded_name);
		free(params[i].value);
	}
	params[i].value = encoded_value;
	return 0;
}

/* Query parameters sign with '+' as a plus; a pair without exactly one '=' does not sign at all. */
static int
params_put_query(struct signed_param *params, size_t *count, const char *query)
{
	char *copy = strdup(query), *save = NULL;
	int rc = copy == NULL ? -1 : 0;

	for (char *pair = rc == 0 ? strtok_r(copy, "&", &save) : NULL; pair != NULL && rc == 0;
	     pair = strtok_r(NULL, "&", &save)) {
		char *equals = strchr(pair, '=');

		if (equals == NULL || strchr(equals + 1, '=') != NULL)
			continue;
		*equals = '\0';
		text_decode_percent(pair, false);
		text_decode_percent(equals + 1, false);
		rc = params_put(params, count, pair, equals + 1);
	}
	free(copy);
	return rc;
}

static int
compare_params(const void *a, const void *b)
{
	const struct signed_param *pa = a, *pb = b;

	return text_compare_natural(pa->name, pb->name);
}

/*
 * The path goes through one decoding and one encoding, where everything that then looks like an escape is left
 * alone: "%2f" becomes "/", "%c3" becomes "%C3", and a sku that really contains "%41" keeps it.
 */
static void
put_normal_path(FILE *out, const char *path)
{
	char *decoded = strdup(path);
	size_t len = decoded != NULL ? text_decode_percent(decoded, false) : 0;

	for (size_t i = 0; i < len; i++) {
		bool escape = decoded[i] == '%' && i + 2 < len &&
			      text_has_valid_escapes((char[]){'%', decoded[i + 1], decoded[i + 2], '\0'});

		if (escape || (decoded[i] != '\0' && strchr(":@&=+$,/;", decoded[i]) != NULL))
			putc(decoded[i], out);
		else
			text_put_encoded(out, &decoded[i], 1);
	}
	free(decoded);
}

static void
put_params(FILE *out, const struct signed_param *params, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s%s=%s", i > 0 ? "&" : "", params[i].name, params[i].value);
}

/* METHOD&encoded URL&encoded parameters; malloc'd, NULL if memory is short. */
static char *
make_base_string(const struct request *req, const char *origin, const struct signed_param *params, size_t count)
{
	char *url = NULL, *list = NULL, *base = NULL;
	size_t url_len = 0, list_len = 0, base_len = 0;
	FILE *url_out = open_memstream(&url, &url_len), *list_out = open_memstream(&list, &list_len);
	FILE *base_out = open_memstream(&base, &base_len);

	if (url_out != NULL) {
		fputs(origin, url_out);
		put_normal_path(url_out, req->path);
		fclose(url_out);
	}
	if (list_out != NULL) {
		put_params(list_out, params, count);
		fclose(list_out);
	}
	if (base_out != NULL && url != NULL && list != NULL) {
		fprintf(base_out, "%s&", req->method);
		text_put_encoded(base_out, url, url_len);
		putc('&', base_out);
		text_put_encoded(base_out, list, list_len);
	}
	if (base_out != NULL)
		fclose(base_out);
	free(url);
	free(list);
	return base;
}

static bool
signature_matches(const char *base, const struct integration *consumer, const struct integration *token,
		  const char *given)
{
	char key[2 * KEY_LEN + 2];
	unsigned char mac[EVP_MAX_MD_SIZE], text[2 * EVP_MAX_MD_SIZE];
	unsigned int mac_len = 0;
	int len;

	/* Secrets are letters and digits, so encoding them would change nothing. */
	snprintf(key, sizeof(key), "%s&%s", consumer->consumer_secret, token->token_secret);
	HMAC(EVP_sha256(), key, (int)strlen(key), (const unsigned char *)base, strlen(base), mac, &mac_len);
	len = EVP_EncodeBlock(text, mac, (int)mac_len);
	return strlen(given) == (size_t)len && CRYPTO_memcmp(text, given, (size_t)len) == 0;
}

static int
check_signature(const struct request *req, const struct oauth_header *header, const struct integration *consumer,
		const struct integration *token, const char *origin, struct reply *reply)
{
	struct signed_param *params = calloc(req->pair_count + HEADER_PARAMS_MAX, sizeof(*params));
	size_t count = 0;
	char *base = NULL;
	int rc = params == NULL ? -1 : params_put_query(params, &count, req->query);

	for (size_t i = 0; rc == 0 && i < header->count; i++) {
		const char *name = header->params[i].name;

		if (strcmp(name, "oauth_signature") != 0 && strcmp(name, "realm") != 0)
			rc = params_put(params, &count, name, header->params[i].value);
	}
	if (rc == 0) {
		qsort(params, count, sizeof(*params), compare_params);
		base = make_base_string(req, origin, params, count);
	}
	if (base == NULL)
		error_set_internal(reply);
	else if (!signature_matches(base, consumer, token, header_find(header, "oauth_signature")))
		error_set(reply, 401, "The signature is invalid. Verify and try again.");
	else
		reply->status = 0;
	for (size_t i = 0; i < count; i++) {
		free(params[i].name);
		free(params[i].value);
	}
	free(params);
	free(base);
	return reply->status == 0 ? 0 : -1;
}

static int
check_protocol(const struct oauth_header *header, struct reply *reply)
{
	static const char *const required[] = {"oauth_consumer_key", "oauth_signature", "oauth_signature_method",
					       "oauth_nonce",	     "oauth_timestamp", "oauth_token"};
	enum { REQUIRED_COUNT = sizeof(required) / sizeof(required[0]) };
	const char *missing[REQUIRED_COUNT], *version = header_find(header, "oauth_version");
	const char *method = header_find(header, "oauth_signature_method");
	size_t missing_count = 0;

	for (size_t i = 0; i < REQUIRED_COUNT; i++) {
		const char *value = header_find(header, required[i]);

		if (value == NULL || *value == '\0')
			missing[missing_count++] = required[i];
	}
	if (version != NULL && strcmp(version, "1.0") != 0)
		error_set_listed(reply, 400, "The \"%1\" Oauth version isn't supported.", json_pack("[s]", version));
	else if (missing_count > 0)
		error_set_required(reply, missing, missing_count);
	else if (strlen(header_find(header, "oauth_token")) != KEY_LEN)
		error_set(reply, 400, "The token length is invalid. Check the length and try again.");
	else if (strcmp(method, "HMAC-SHA256") != 0)
		error_set_listed(reply, 400, "Signature method %1 is not supported", json_pack("[s]", method));
	else
		return 0;
	return -1;
}

static const struct integration *
check_consumer(const struct oauth_header *header, struct reply *reply)
{
	const char *key = header_find(header, "oauth_consumer_key");
	const struct integration *consumer = acl_find_consumer(key);

	if (strlen(key) != KEY_LEN)
		error_set(reply, 401, "Consumer key is not the correct length");
	else if (consumer == NULL)
		error_set(reply, 401, "A consumer having the specified key does not exist");
	return consumer;
}

static int
check_nonce(const struct oauth_header *header, struct nonces *nonces, int consumer_id, long long now_s,
	    struct reply *reply)
{
	long long timestamp = 0;
	char id[TEXT_NUMBER_MAX];

	if (!text_parse_integer(header_find(header, "oauth_timestamp"), &timestamp) || timestamp <= 0 ||
	    timestamp > now_s + TIMESTAMP_AHEAD_S) {
		error_set(reply, 401, "An error occurred validating the nonce");
		return -1;
	}
	if (nonces_take(nonces, consumer_id, header_find(header, "oauth_nonce")))
		return 0;
	snprintf(id, sizeof(id), "%d", consumer_id);
	error_set_listed(reply, 401, "The nonce is already being used by the consumer with ID %1",
			 json_pack("[s]", id));
	return -1;
}

static int
verify_header(struct request *req, const struct oauth_header *header, struct nonces *nonces, const char *origin,
	      long long now_s, struct reply *reply)
{
	const struct integration *consumer, *token;

	if (check_protocol(header, reply) < 0 || (consumer = check_consumer(header, reply)) == NULL)
		return -1;
	if (check_nonce(header, nonces, consumer->consumer_id, now_s, reply) < 0)
		return -1;
	token = acl_find_token(header_find(header, "oauth_token"));
	if (token == NULL) {
		error_set(reply, 401, "Specified token does not exist");
		return -1;
	}
	if (check_signature(req, header, consumer, token, origin, reply) < 0)
		return -1;
	req->caller = CALLER_OAUTH;
	req->role = token->role;
	return 0;
}

int
oauth_verify(struct request *req, struct nonces *nonces, const char *origin, long long now_s, struct reply *reply)
{
	struct oauth_header header = {0};
	int rc = 0;

	if (header_parse(&header, req->authorization + strlen("OAuth")) < 0) {
		error_set_internal(reply);
		return -1;
	}
	if (header.count > 0)
		rc = verify_header(req, &header, nonces, origin, now_s, reply);
	free(header.copy);
	return rc;
}
