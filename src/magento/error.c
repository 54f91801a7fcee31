/*
 * error.c - sorting Magento's refusals into the codes of the tool contract
 */
#include "magento/error.h"

#include <string.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "magento/template.h"

static const char *
message_of(const json_t *body)
{
	const char *message = json_string_value(json_object_get(body, "message"));

	return message != NULL ? message : "";
}

bool
magento_error_is(const json_t *body, const char *message)
{
	return strcmp(message_of(body), message) == 0;
}

enum magento_refusal
magento_error_refusal(int status, const json_t *body)
{
	static const struct {
		const char *begin; /* of the template */
		enum magento_refusal refusal;
	} texts[] = {
	    {"The consumer isn't authorized to access", MAGENTO_REFUSAL_DENIED},
	    {"The signature is invalid", MAGENTO_REFUSAL_BAD},
	    {"A consumer having the specified key does not exist", MAGENTO_REFUSAL_BAD},
	    {"Consumer key is not the correct length", MAGENTO_REFUSAL_BAD},
	    {"Consumer key has expired", MAGENTO_REFUSAL_BAD},
	    {"Specified token does not exist", MAGENTO_REFUSAL_BAD},
	    {"The token length is invalid", MAGENTO_REFUSAL_BAD},
	    {"Token is not an access token", MAGENTO_REFUSAL_BAD},
	    {"Access token has been revoked", MAGENTO_REFUSAL_BAD},
	    {"Signature method %1 is not supported", MAGENTO_REFUSAL_BAD},
	    {"The \"%1\" Oauth version isn't supported", MAGENTO_REFUSAL_BAD},
	    {"The nonce is already being used", MAGENTO_REFUSAL_NONCE},
	    {"An error occurred validating the nonce", MAGENTO_REFUSAL_NONCE},
	    {"The account sign-in was incorrect", MAGENTO_REFUSAL_SIGN_IN},
	    {"Invalid code.", MAGENTO_REFUSAL_SIGN_IN},
	};
	const char *message = message_of(body);
	size_t i;

	if (status != 400 && status != 401)
		return MAGENTO_REFUSAL_NONE;
	for (i = 0; i < ARRAY_LEN(texts); i++) {
		if (strncmp(message, texts[i].begin, strlen(texts[i].begin)) == 0)
			return texts[i].refusal;
	}
	return status == 401 ? MAGENTO_REFUSAL_DENIED : MAGENTO_REFUSAL_NONE;
}

/* ---- Details ---- */

/* A copy of the parameters that may be shown: texts cleaned, nested things left out. */
static json_t *
safe_value(const json_t *value)
{
	json_t *result = NULL;
	struct slice text;
	struct buf clean;

	if (json_is_number(value) || json_is_boolean(value) || json_is_null(value))
		return json_copy((json_t *)(uintptr_t)value);
	if (!json_is_string(value))
		return NULL;
	text = slice_of(json_string_value(value), json_string_length(value));
	if (template_is_internal(text))
		return json_string(TEMPLATE_INTERNAL);
	buf_init(&clean, TEMPLATE_TEXT_BYTES);
	if (template_clean_put(&clean, text, TEMPLATE_TEXT_MAX) == 0)
		result = json_stringn_nocheck(buf_cstr(&clean), clean.len);
	buf_fini(&clean);
	return result;
}

static json_t *
safe_parameters(const json_t *parameters)
{
	const json_t *value;
	const char *key;
	json_t *copy = NULL;
	void *iter;
	size_t i;

	if (json_is_array(parameters)) {
		copy = json_array();
		for (i = 0; i < json_array_size(parameters) && i < 20; i++) {
			value = json_array_get(parameters, i);
			if (json_is_array(value) || json_is_object(value))
				continue;
			json_array_append_new(copy, safe_value(value));
		}
	} else if (json_is_object(parameters)) {
		copy = json_object();
		iter = json_object_iter((json_t *)(uintptr_t)parameters);
		for (; iter != NULL; iter = json_object_iter_next((json_t *)(uintptr_t)parameters, iter)) {
			key = json_object_iter_key(iter);
			value = json_object_iter_value(iter);
			if (!json_is_array(value) && !json_is_object(value) && strlen(key) <= 64)
				json_object_set_new(copy, key, safe_value(value));
		}
	}
	return copy;
}

/* A NULL from jansson here means no memory; the details are then left thinner, the code and message stand. */
static json_t *
details_of(const struct magento_answer *answer, const char *kind)
{
	json_t *details = json_object();
	json_t *parameters;

	if (answer->status > 0)
		json_object_set_new(details, "statusCode", json_integer(answer->status));
	if (answer->route != NULL)
		json_object_set_new(details, "route", json_string(answer->route));
	parameters = safe_parameters(json_object_get(answer->body, "parameters"));
	if (parameters != NULL)
		json_object_set_new(details, "parameters", parameters);
	json_object_set_new(details, "kind", json_string(kind));
	return details;
}

/* ---- Answers ---- */

static int
set_api_error(const struct magento_answer *answer, const char *kind, const char *format, const char *text,
	      struct fault *fault)
{
	char number[16];
	struct buf message;

	snprintf(number, sizeof(number), "%d", answer->status);
	buf_init(&message, FAULT_MESSAGE_MAX);
	for (; *format != '\0'; format++) {
		if (*format == '#')
			buf_put_str(&message, number);
		else if (*format == '@')
			buf_put_str(&message, text);
		else
			buf_put_char(&message, *format);
	}
	fault_set(fault, FAULT_MAGENTO_API_ERROR, details_of(answer, kind), "%s", buf_cstr(&message));
	buf_fini(&message);
	return -1;
}

int
magento_error_not_json(const struct magento_answer *answer, struct fault *fault)
{
	const char *format = "Magento answered # without an explanation.";

	if (answer->status >= 200 && answer->status < 300)
		format = "Magento answered # with something that is not JSON. Check that base_url is the address of "
			 "the shop itself.";
	else if (answer->status >= 300 && answer->status < 400)
		format = "Magento answered # (a redirect), which is not followed. Write base_url exactly as the shop "
			 "calls itself.";
	else if (answer->status == 404)
		format = "Magento answered # without an explanation. Check that base_url is the address of the shop.";
	else if (answer->status == 503)
		format = "Magento answered # without an explanation. It may be in maintenance; try again later.";
	else if (answer->status == 502 || answer->status == 504)
		format =
		    "Magento answered # without an explanation. Its web server lost the application; try again later.";
	return set_api_error(answer, MAGENTO_KIND_NOT_JSON, format, "", fault);
}

static int
set_rate_limited(const struct magento_answer *answer, struct fault *fault)
{
	json_t *details = json_object();

	if (answer->retry_after_s < 0)
		return fault_set(fault, FAULT_RATE_LIMITED, details,
				 "Magento asks to slow down. Try again in a minute.");
	json_object_set_new(details, "retry_after_s", json_integer(answer->retry_after_s));
	return fault_set(fault, FAULT_RATE_LIMITED, details, "Magento asks to slow down. Try again in %lld s.",
			 (long long)answer->retry_after_s);
}

static int
set_internal(const struct magento_answer *answer, const char *text, struct fault *fault)
{
	struct slice id = template_report_id(slice_from_str(message_of(answer->body)));
	json_t *details = details_of(answer, MAGENTO_KIND_INTERNAL);

	if (id.len == 0)
		return fault_set(fault, FAULT_MAGENTO_API_ERROR, details,
				 "Magento failed with status %d: %s. The shop's log tells more.", answer->status,
				 text[0] != '\0' ? text : TEMPLATE_INTERNAL);
	json_object_set_new(details, "report_id", json_stringn(id.ptr, id.len));
	return fault_set(fault, FAULT_MAGENTO_API_ERROR, details,
			 "Magento failed with an internal error (report %.*s). The shop's exception log tells more.",
			 SLICE_FMT(id));
}

static int
set_not_authenticated(enum magento_refusal refusal, const char *text, struct fault *fault)
{
	if (refusal == MAGENTO_REFUSAL_NONCE)
		return fault_set(
		    fault, FAULT_NOT_AUTHENTICATED, NULL,
		    "Magento refused the OAuth nonce or timestamp (%s). Check that this server's clock is not ahead.",
		    text);
	if (refusal == MAGENTO_REFUSAL_SIGN_IN)
		return fault_set(fault, FAULT_NOT_AUTHENTICATED, NULL, "Magento refused the sign-in: %s", text);
	if (refusal == MAGENTO_REFUSAL_BAD)
		return fault_set(fault, FAULT_NOT_AUTHENTICATED, NULL,
				 "Magento refused the OAuth credentials: %s Check the four OAuth values, and that no "
				 "proxy changes the host "
				 "name, port or scheme that the shop sees.",
				 text);
	return fault_set(fault, FAULT_NOT_AUTHENTICATED, NULL,
			 "Magento refuses these credentials. Call auth_login again with valid ones.");
}

static int
sort_answer(const struct magento_answer *answer, const char *text, struct fault *fault)
{
	enum magento_refusal refusal = magento_error_refusal(answer->status, answer->body);

	if (refusal != MAGENTO_REFUSAL_NONE)
		return set_not_authenticated(refusal, text, fault);
	if (answer->status == 404 && magento_error_is(answer->body, MAGENTO_TEXT_NO_ROUTE))
		return set_api_error(answer, MAGENTO_KIND_NO_ROUTE,
				     "This Magento has no route @: module missing or older version.",
				     answer->route != NULL ? answer->route : "like this", fault);
	if (answer->status == 404)
		return fault_set(fault, FAULT_NOT_FOUND, NULL, "%s", text);
	if (answer->status >= 500)
		return set_internal(answer, text, fault);
	return set_api_error(answer, MAGENTO_KIND_REJECTED, "Magento refused the request: @", text, fault);
}

int
magento_error_answer(const struct magento_answer *answer, struct fault *fault)
{
	struct buf text;

	if (answer->status == 429)
		return set_rate_limited(answer, fault);
	if (!json_is_string(json_object_get(answer->body, "message")))
		return answer->status == 401 ? set_not_authenticated(MAGENTO_REFUSAL_DENIED, "", fault)
					     : magento_error_not_json(answer, fault);
	buf_init(&text, TEMPLATE_TEXT_BYTES);
	if (template_text(answer->body, &text) < 0 || text.len == 0) {
		buf_clear(&text);
		buf_put_str(&text, TEMPLATE_INTERNAL);
	}
	sort_answer(answer, buf_cstr(&text), fault);
	buf_fini(&text);
	return -1;
}

int
magento_error_forbidden(const struct magento_answer *answer, struct fault *fault)
{
	const json_t *resources = json_object_get(json_object_get(answer->body, "parameters"), "resources");
	const char *name = json_string_value(resources);
	struct buf clean;

	if (name == NULL || name[0] == '\0')
		return fault_set(
		    fault, FAULT_FORBIDDEN, NULL,
		    "The role of these Magento credentials does not allow this. An administrator can grant it.");
	buf_init(&clean, TEMPLATE_TEXT_BYTES);
	template_clean_put(&clean, slice_from_str(name), TEMPLATE_TEXT_MAX);
	fault_set(fault, FAULT_FORBIDDEN, NULL,
		  "This needs the Magento permission %s, which the role of these credentials lacks. An administrator "
		  "can grant it.",
		  buf_cstr(&clean));
	buf_fini(&clean);
	return -1;
}

int
magento_error_transport(enum fetch_outcome outcome, bool sent, const char *route, struct fault *fault)
{
	struct magento_answer answer = {.route = route};

	switch (outcome) {
	case FETCH_TIMEOUT:
		return set_api_error(&answer, MAGENTO_KIND_TIMEOUT,
				     sent ? "Magento did not answer in time. Narrow the request or try again later."
					  : "The time of this call was used up before Magento could be asked. Ask for "
					    "less at once, or try again later.",
				     "", fault);
	case FETCH_TOO_LARGE:
		return set_api_error(&answer, MAGENTO_KIND_TOO_LARGE,
				     "Magento's answer is larger than this server takes (magento.max_reply_bytes). Ask "
				     "for fewer items or "
				     "fields, or have the operator raise that setting.",
				     "", fault);
	case FETCH_RESOLVE:
		return set_api_error(&answer, MAGENTO_KIND_NETWORK,
				     "The shop's host name could not be resolved. Check base_url and the name service.",
				     "", fault);
	case FETCH_CONNECT:
		return set_api_error(&answer, MAGENTO_KIND_NETWORK,
				     "No connection to the shop could be made. Check base_url and that the shop is up.",
				     "", fault);
	case FETCH_TLS:
		return set_api_error(&answer, MAGENTO_KIND_NETWORK,
				     "No secure connection to the shop: its certificate or TLS settings were not "
				     "accepted. Check magento.ca_file.",
				     "", fault);
	case FETCH_NOMEM:
		return fault_set(fault, FAULT_INTERNAL_ERROR, NULL,
				 "The server is short of memory or open files. Try again later.");
	default:
		return set_api_error(
		    &answer, MAGENTO_KIND_NETWORK,
		    "The connection to the shop broke before its answer was complete. Try again later.", "", fault);
	}
}
