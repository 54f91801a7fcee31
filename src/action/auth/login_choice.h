/*
 * login_choice.h - which store and which credentials an auth_login call means (private to action/)
 *
 * Store: `store`, else `base_url` held against the configured stores and the allow-list, else the default store.
 * Credentials: those in the call, else the store section's own; within one source OAuth, then integration token, then
 * user name and password.
 */
#ifndef ACTION_LOGIN_CHOICE_H
#define ACTION_LOGIN_CHOICE_H

#include <jansson.h>

#include "action/action.h"

struct login_choice {
	const struct config_store *configured; /* NULL: an address that is only allowed */
	char base_url[CONFIG_URL_MAX + 1];
	enum login_method method;
	bool from_config; /* the section's credentials are used */
};

/* VALIDATION_ERROR, FORBIDDEN. */
int login_choose(struct action_call *call, json_t *params, struct login_choice *choice_r,
		 struct fault *fault) MUST_CHECK;

#endif
