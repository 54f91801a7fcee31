/*
 * login.c - proving credentials before a session exists
 */
#include "magento/login.h"

#include <string.h>

#include "base/buf.h"
#include "base/enc.h"
#include "base/err.h"
#include "json/get.h"
#include "json/parse.h"
#include "magento/error.h"
#include "magento/template.h"

/* ---- JWT ---- */

static bool
decode_claims(struct slice jwt, json_t **claims_r)
{
	struct slice rest = jwt;
	struct slice header, payload, signature;
	struct buf text;
	bool good = false;

	*claims_r = NULL;
	if (!slice_next(&rest, '.', &header) || !slice_next(&rest, '.', &payload) ||
	    !slice_next(&rest, '.', &signature) || rest.len > 0)
		return false;
	buf_init_secret(&text, SECRET_MAX);
	if (enc_base64url_decode(payload, &text) == 0)
		good = json_parse(buf_slice(&text), NULL, claims_r, NULL) == 0;
	buf_fini(&text);
	return good;
}

bool
magento_login_read_jwt(struct slice jwt, uint64_t *expires_wall_ms_r, uint64_t *user_id_r)
{
	json_t *claims;
	int64_t expires, uid;

	*expires_wall_ms_r = 0;
	*user_id_r = 0;
	if (!decode_claims(jwt, &claims))
		return false;
	expires = json_get_int(claims, "exp", 0);
	uid = json_get_int(claims, "uid", 0);
	json_decref(claims);
	if (expires > 0 && expires < INT64_MAX / 1000)
		*expires_wall_ms_r = (uint64_t)expires * 1000;
	if (uid > 0)
		*user_id_r = (uint64_t)uid;
	return true;
}

/* ---- Admin ---- */

static bool
has_provider(const json_t *providers, const char *name)
{
	const char *provider;
	size_t i;

	for (i = 0; i < json_array_size(providers); i++) {
		provider = json_string_value(json_array_get(providers, i));
		if (provider != NULL && strcmp(provider, name) == 0)
			return true;
	}
	return false;
}

static int
refuse_provider(const json_t *providers, struct fault *fault)
{
	const char *first = json_string_value(json_array_get(providers, 0));
	struct buf name;

	if (has_provider(providers, "google"))
		return fault_set(fault, FAULT_VALIDATION_ERROR, NULL, "This account uses 2FA. Call again with otp.");
	buf_init(&name, TEMPLATE_TEXT_BYTES);
	template_clean_put(&name, slice_from_str(first != NULL ? first : "unknown"), 40);
	fault_set(fault, FAULT_VALIDATION_ERROR, NULL,
		  "This account uses 2FA and the provider %s cannot be used here; use an integration (OAuth) instead.",
		  buf_cstr(&name));
	buf_fini(&name);
	return -1;
}

static bool
says(const json_t *body, const char *begin)
{
	return strncmp(json_get_str(body, "message", ""), begin, strlen(begin)) == 0;
}

static int
refuse_admin(const struct magento_reply *reply, const char *route, struct fault *fault)
{
	struct magento_answer answer = {
	    .status = reply->status, .body = reply->body, .retry_after_s = -1, .route = route};
	const json_t *providers = json_object_get(json_object_get(reply->body, "parameters"), "active_providers");

	if (reply->status == 400 && json_is_array(providers))
		return refuse_provider(providers, fault);
	if (reply->status == 400 &&
	    (says(reply->body, "Please ask an administrator with sufficient access to configure 2FA") ||
	     says(reply->body, "Failed to send the message.")))
		return fault_set(fault, FAULT_NOT_AUTHENTICATED, NULL,
				 "This account has not finished its 2FA set-up: finish 2FA set-up in the admin panel, "
				 "then call again with otp.");
	if (reply->status == 401 && says(reply->body, "Invalid code."))
		return fault_set(fault, FAULT_NOT_AUTHENTICATED, NULL,
				 "Magento refused the otp: code wrong or too old. Call again with a fresh code.");
	if (reply->status == 401)
		return fault_set(
		    fault, FAULT_NOT_AUTHENTICATED, NULL,
		    "Sign-in refused: wrong user name or password, or the account is locked for up to 30 minutes; "
		    "do not retry blindly.");
	return magento_error_answer(&answer, fault);
}

static int
take_token(const struct magento_reply *reply, struct magento_token *token, struct fault *fault)
{
	struct slice text = slice_of(json_string_value(reply->body), json_string_length(reply->body));

	if (text.len == 0)
		return fault_set(fault, FAULT_MAGENTO_API_ERROR,
				 json_pack("{s:i,s:s}", "statusCode", reply->status, "kind", MAGENTO_KIND_NOT_JSON),
				 "Magento answered the sign-in without a token.");
	if (secret_set(&token->token, text) < 0)
		return fault_set(fault, FAULT_MAGENTO_API_ERROR,
				 json_pack("{s:i,s:s}", "statusCode", reply->status, "kind", MAGENTO_KIND_TOO_LARGE),
				 "Magento's admin token is longer than this server accepts (%d bytes).", SECRET_MAX);
	magento_login_read_jwt(text, &token->expires_wall_ms, &token->user_id);
	return 0;
}

/* jansson frees strings as they are; what was secret is overwritten first. */
static void
wipe_strings(json_t *value)
{
	const char *key;
	json_t *member;

	if (json_is_string(value))
		secret_wipe_bytes((void *)(uintptr_t)json_string_value(value), json_string_length(value));
	json_object_foreach(value, key, member)
	{
		if (json_is_string(member))
			secret_wipe_bytes((void *)(uintptr_t)json_string_value(member), json_string_length(member));
	}
}

static json_t *
sign_in_body(struct slice username, struct slice password, struct slice otp)
{
	json_t *body = json_object();

	json_object_set_new(body, "username", json_stringn(username.ptr, username.len));
	json_object_set_new(body, "password", json_stringn(password.ptr, password.len));
	if (otp.len > 0)
		json_object_set_new(body, "otp", json_stringn(otp.ptr, otp.len));
	if (json_object_size(body) == (otp.len > 0 ? 3u : 2u))
		return body;
	wipe_strings(body);
	json_decref(body);
	return NULL;
}

int
magento_login_admin(struct magento_client *client, struct slice username, struct slice password, struct slice otp,
		    struct magento_token *token_r, struct fault *fault)
{
	struct magento_credentials none = {.kind = MAGENTO_AUTH_NONE};
	struct magento_client anonymous = *client;
	struct magento_request request = {.method = FETCH_POST,
					  .scope = MAGENTO_SCOPE_ALL,
					  .path = otp.len > 0 ? "/tfa/provider/google/authenticate"
							      : "/integration/admin/token",
					  .is_secret = true};
	struct magento_reply reply;
	int r;

	memset(token_r, 0, sizeof(*token_r));
	if (!slice_is_utf8(username) || !slice_is_utf8(password))
		return fault_set(fault, FAULT_VALIDATION_ERROR, NULL, "User name and password must be UTF-8 text.");
	request.body = sign_in_body(username, password, otp);
	if (request.body == NULL)
		return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "The server is short of memory. Try again later.");
	anonymous.credentials = &none;
	magento_reply_init(&reply);
	r = magento_call_raw(&anonymous, &request, &reply, fault);
	if (r == 0 && reply.status == 200)
		r = take_token(&reply, token_r, fault);
	else if (r == 0)
		r = refuse_admin(&reply, request.path, fault);
	wipe_strings(request.body);
	wipe_strings(reply.body);
	json_decref(request.body);
	magento_reply_fini(&reply);
	return r;
}

/* ---- Verification ---- */

#define WARN_NO_STORE                                                                                                  \
	"These credentials lack the Magento permission " MAGENTO_RESOURCE_STORE                                        \
	": websites and stores cannot be listed, and only store view codes and global scope can be used."
#define WARN_NOTHING "The credentials were accepted, but they lack the permission for every route that was tried."

static const char *const routes[] = {"/store/websites?fields=id", "/modules",
				     "/products?searchCriteria[pageSize]=1&fields=total_count",
				     "/salesRules/search?searchCriteria[pageSize]=1&fields=total_count",
				     "/cmsPage/search?searchCriteria[pageSize]=1&fields=total_count"};

/* Asks one of the routes; the status and the kind of refusal tell. */
static int
ask(struct magento_client *client, const char *route, int *status_r, enum magento_refusal *refusal_r,
    struct fault *fault)
{
	struct magento_request request = {.method = FETCH_GET, .scope = MAGENTO_SCOPE_ALL};
	struct magento_param query[4];
	struct magento_reply reply;
	char path[160];
	char *mark;
	int r;

	if (slice_to_str(slice_from_str(route), path, sizeof(path)) < 0)
		return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "A route is longer than expected.");
	mark = strchr(path, '?');
	if (mark != NULL) {
		*mark = '\0';
		request.query = query;
		request.n_query = param_query_split(mark + 1, query, ARRAY_LEN(query));
	}
	request.path = path;
	magento_reply_init(&reply);
	r = magento_call_raw(client, &request, &reply, fault);
	if (r == 0) {
		*status_r = reply.status;
		*refusal_r = magento_error_refusal(reply.status, reply.body);
		if (reply.status != 401 && (reply.status >= 300 || reply.body == NULL)) {
			struct magento_answer answer = {
			    .status = reply.status, .body = reply.body, .retry_after_s = -1, .route = route};

			r = reply.status < 300 ? magento_error_not_json(&answer, fault)
					       : magento_error_answer(&answer, fault);
		}
	}
	magento_reply_fini(&reply);
	return r;
}

static int
refuse_oauth(enum magento_refusal refusal, struct fault *fault)
{
	if (refusal == MAGENTO_REFUSAL_NONCE)
		return fault_set(fault, FAULT_NOT_AUTHENTICATED, NULL,
				 "Magento refused the OAuth nonce or timestamp. Most likely this server's clock is "
				 "more than ten minutes ahead.");
	return fault_set(fault, FAULT_NOT_AUTHENTICATED, NULL,
			 "Magento refused the OAuth credentials. Check the four values; if they are right, a proxy "
			 "changes the scheme, "
			 "host name or port that the shop sees, so that the signature does not match: give base_url "
			 "exactly as the shop sees it.");
}

static int
refuse_bearer(struct fault *fault)
{
	return fault_set(
	    fault, FAULT_NOT_AUTHENTICATED, NULL,
	    "Token refused. Integration tokens work as bearer only after Stores > Configuration > Services > OAuth > "
	    "Consumer Settings allows it; OAuth credentials need no such switch.");
}

/* Every route was refused: an accepted signature and a token just issued lack permissions, any other token may be bad.
 */
static int
conclude_denied(const struct magento_client *client, struct magento_verdict *verdict, struct fault *fault)
{
	if (client->credentials->kind != MAGENTO_AUTH_OAUTH && client->credentials->bearer_expires_wall_ms == 0)
		return refuse_bearer(fault);
	verdict->warning = WARN_NOTHING;
	return 0;
}

int
magento_login_verify(struct magento_client *client, struct magento_verdict *verdict_r, struct fault *fault)
{
	enum magento_refusal refusal;
	int status;
	size_t i;

	memset(verdict_r, 0, sizeof(*verdict_r));
	for (i = 0; i < ARRAY_LEN(routes); i++) {
		if (ask(client, routes[i], &status, &refusal, fault) < 0)
			return -1;
		if (status < 300) {
			verdict_r->verified_route = routes[i];
			verdict_r->warning = i > 0 ? WARN_NO_STORE : NULL;
			return 0;
		}
		if (refusal == MAGENTO_REFUSAL_BAD || refusal == MAGENTO_REFUSAL_NONCE)
			return refuse_oauth(refusal, fault);
	}
	return conclude_denied(client, verdict_r, fault);
}
