/* Getting an admin token, with and without a second factor. */

#include "demo.h"
#include "errors.h"
#include "routes.h"

#include <stdlib.h>
#include <string.h>

#define REFUSED                                                                                                        \
	"The account sign-in was incorrect or your account is disabled temporarily. Please wait and try again later."

/* Strings of the body by name; -1 and 400 if one is missing. */
static int
read_strings(const struct request *req, const char *const *names, const char **values, size_t count,
	     struct reply *reply)
{
	const char *missing[4];
	size_t missing_count = 0;

	for (size_t i = 0; i < count; i++) {
		values[i] = json_string_value(json_object_get(req->body, names[i]));
		if (values[i] == NULL)
			missing[missing_count++] = names[i];
	}
	if (missing_count == 0)
		return 0;
	error_set_required(reply, missing, missing_count);
	return -1;
}

/* The administrator if the password is right; NULL and 401 if not. */
static const struct admin *
check_password(struct demo *demo, const char *username, const char *password, struct reply *reply)
{
	const struct admin *admin = acl_find_admin(username);

	if (tokens_check_password(&demo->tokens, admin, password, demo_now_s(demo)) == TOKENS_GOOD)
		return admin;
	error_set(reply, 401, REFUSED);
	return NULL;
}

static void
answer_token(const struct demo *demo, const struct admin *admin, struct reply *reply)
{
	char *token = tokens_issue(&demo->tokens, admin, demo_now_s(demo), demo->settings.token_ttl_s);

	if (token == NULL)
		error_set_internal(reply);
	else
		reply_set_json(reply, 200, json_string(token));
	free(token);
}

void
routes_login_admin(struct request *req, struct reply *reply)
{
	static const char *const names[] = {"username", "password"};
	const char *values[2];
	const struct admin *admin;

	if (read_strings(req, names, values, 2, reply) < 0)
		return;
	admin = check_password(req->demo, values[0], values[1], reply);
	if (admin == NULL)
		return;
	if (admin->two_factor)
		reply_set_json(reply, 400,
			       json_pack("{s:s, s:{s:[s]}}", "message",
					 "Please use the 2fa provider-specific endpoints to obtain a token.",
					 "parameters", "active_providers", "google"));
	else
		answer_token(req->demo, admin, reply);
}

void
routes_login_google(struct request *req, struct reply *reply)
{
	static const char *const names[] = {"username", "password", "otp"};
	const char *values[3];
	const struct admin *admin;

	if (read_strings(req, names, values, 3, reply) < 0)
		return;
	admin = check_password(req->demo, values[0], values[1], reply);
	if (admin == NULL)
		return;
	if (!admin->two_factor || strcmp(values[2], ACL_OTP) != 0)
		error_set(reply, 401, "Invalid code.");
	else
		answer_token(req->demo, admin, reply);
}

void
routes_login_providers(struct request *req, struct reply *reply)
{
	(void)req;
	reply_set_json(reply, 200,
		       json_pack("[{s:b, s:{s:b}, s:s, s:s, s:s, s:b, s:s, s:s, s:[s, s, s]}]", "enabled", 1, "engine",
				 "enabled", 1, "code", "google", "name", "Google Authenticator", "icon",
				 "Magento_TwoFactorAuth::images/providers/google.png", "reset_allowed", 1,
				 "configure_action", "tfa/google/configure", "auth_action", "tfa/google/auth",
				 "extra_actions", "tfa/google/qr", "tfa/google/configurepost", "tfa/google/authpost"));
}

/* Routes of a customer's own: nobody is refused, an administrator is asked for the customer he is not. */
void
routes_login_customer_only(struct request *req, struct reply *reply)
{
	if (req->role == NULL)
		error_set_unauthorized(reply, "self");
	else
		error_set_required_one(reply, "customerId");
}
