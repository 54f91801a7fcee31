/*
 * login.h - the work and the shapes of auth.login (private to action/)
 */
#ifndef ACTION_LOGIN_H
#define ACTION_LOGIN_H

#include "action/action.h"

int login_run(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault);

extern const struct json_schema login_params;
extern const struct json_schema login_result;
extern const struct json_schema login_method_shape; /* auth_method */
extern const struct json_schema login_time_shape;   /* a moment, ISO 8601 */

#endif
