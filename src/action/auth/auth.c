/*
 * auth.c - the auth domain: auth.login (see login.c), auth.logout, auth.whoami
 */
#include <string.h>

#include "action/action.h"
#include "action/env.h"
#include "json/get.h"
#include "json/write.h"
#include "login.h"
#include "magento/login.h"
#include "magento/param.h"
#include "results.h"
#include "shapes.h"
#include "store.h"

/* ---- auth.logout ---- */

static int
run_logout(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	struct slice principal = slice_from_str(call->principal->name);
	int r = login_destroy(call->env->sessions, principal, call->login_ref, action_now());

	(void)params;
	if (call->memory.forget != NULL)
		call->memory.forget(call->memory.ctx, call->login_ref);
	*result_r = json_pack("{s:s}", "message", r == 0 ? "Logged out successfully" : "No active session");
	return *result_r != NULL ? 0 : result_out_of_memory(fault);
}

static const struct json_prop message_props[] = {{"message", &shape_text, true, NULL}, {0}};
static const struct json_schema message_result = {.type = JSON_T_OBJECT, .props = message_props};

/* ---- auth.whoami ---- */

#define WHOAMI_USUAL 500 /* bytes of a result */

/* The route that proved the credentials, which may carry a query. */
static int
ask_route(struct store_client *sc, struct fault *fault)
{
	struct magento_request request = {.method = FETCH_GET, .scope = MAGENTO_SCOPE_ALL};
	struct magento_param query[4];
	struct magento_reply reply;
	char *path = pool_strdup(sc->call->pool, sc->magento.verified_route);
	char *mark = path != NULL ? strchr(path, '?') : NULL;
	int r;

	if (path == NULL)
		return result_out_of_memory(fault);
	if (mark != NULL) {
		*mark = '\0';
		request.query = query;
		request.n_query = param_query_split(mark + 1, query, ARRAY_LEN(query));
	}
	request.path = path;
	magento_reply_init(&reply);
	r = magento_call(&sc->magento, &request, &reply, fault);
	magento_reply_fini(&reply);
	return r;
}

/* Accepted and refused are both answers; anything else is a failure. */
static int
ask_store(struct store_client *sc, bool *works_r, struct fault *fault)
{
	struct magento_verdict verdict;
	int r = sc->magento.verified_route != NULL ? ask_route(sc, fault)
						   : magento_login_verify(&sc->magento, &verdict, fault);

	*works_r = r == 0;
	if (r < 0 && fault->code == FAULT_NOT_AUTHENTICATED) {
		fault_fini(fault);
		fault_init(fault);
		return 0;
	}
	return r;
}

static int
verify_login(struct action_call *call, bool *works_r, struct fault *fault)
{
	struct store_client sc;
	int r = store_open(&sc, call, fault);

	*works_r = false;
	if (r == 0) {
		r = ask_store(&sc, works_r, fault);
	} else if (fault->code == FAULT_NOT_AUTHENTICATED) {
		fault_fini(fault);
		fault_init(fault);
		r = 0;
	}
	store_close(&sc);
	return r;
}

static void
write_whoami(const struct action_call *call, struct json_writer *w)
{
	const struct login *login = &call->login;

	json_write_key_string(w, "username", login->username);
	json_write_key_string(w, "base_url", login->base_url);
	result_write_default_scope(w, &login->scope);
	if (login->store[0] != '\0')
		json_write_key_string(w, "store", login->store);
	json_write_key_string(w, "auth_method", login_method_name(login->method));
	if (login->user_id != 0)
		json_write_key_int(w, "user_id", login->user_id);
	result_write_time(w, "session_expires_at", login->session_expires_wall_ms);
	if (login->token_expires_wall_ms != 0)
		result_write_time(w, "token_expires_at", login->token_expires_wall_ms);
	json_write_key_string(w, "environment", call->env->config->server.environment);
}

static int
run_whoami(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	bool verify_wanted = json_get_bool(params, "verify", false);
	bool works = false;
	struct json_writer w;

	(void)result_r;
	if (verify_wanted && verify_login(call, &works, fault) < 0)
		return -1;
	(void)buf_reserve(&call->text, WHOAMI_USUAL);
	json_write_init(&w, &call->text);
	json_write_begin_object(&w);
	write_whoami(call, &w);
	if (verify_wanted) {
		json_write_key(&w, "verified");
		json_write_bool(&w, works);
	}
	json_write_end(&w);
	return json_write_finish(&w) == ERR_NOMEM ? result_out_of_memory(fault) : 0;
}

static const struct json_schema verify_flag = {.type = JSON_T_BOOLEAN,
					       .default_json = "false",
					       .description = "Also ask Magento whether the credentials still work"};
static const struct json_prop whoami_props[] = {{"verify", &verify_flag, false, NULL}, {0}};
static const struct json_schema whoami_params = {.type = JSON_T_OBJECT, .props = whoami_props};

static const struct json_prop whoami_result_props[] = {
    {"username", &shape_text, true, NULL},
    {"base_url", &shape_text, true, NULL},
    {"default_scope", &shape_scope_or_null, true, "Where calls without a scope read and write, or null"},
    {"store", &shape_text, false, NULL},
    {"auth_method", &login_method_shape, true, NULL},
    {"user_id", &shape_count, false, "Id of the Magento admin user"},
    {"session_expires_at", &login_time_shape, true, NULL},
    {"token_expires_at", &login_time_shape, false, NULL},
    {"environment", &shape_text, true, "Label of this server, such as staging or production"},
    {"verified", &shape_flag, false, "Whether Magento accepted the credentials just now"},
    {0},
};
static const struct json_schema whoami_result = {.type = JSON_T_OBJECT, .props = whoami_result_props};

/* ---- the rows ---- */

static const struct action rows[] = {
    {
	.name = "auth.login",
	.title = "Log in",
	.description =
	    "Log in to a Magento store and open a session; call this first. Without parameters the server's configured "
	    "credentials are used, which is the safe way. Pass the returned `session` on if your client keeps no MCP "
	    "session. Sessions end after 1 h idle or 12 h; an admin login lasts one hour.",
	.tier = ACTION_SAFE,
	.flags = ACTION_OPEN_WORLD | ACTION_TAKES_SECRETS,
	.params = &login_params,
	.result = &login_result,
	.run = login_run,
    },
    {
	.name = "auth.logout",
	.title = "Log out",
	.description = "End the current session and erase its credentials from the server.",
	.tier = ACTION_SAFE,
	.flags = ACTION_NEEDS_LOGIN | ACTION_IDEMPOTENT,
	.params = &shape_nothing,
	.result = &message_result,
	.run = run_logout,
    },
    {
	.name = "auth.whoami",
	.title = "Who am I",
	.description =
	    "Show who is logged in, to which store, with which method and default scope, and when the session ends.",
	.tier = ACTION_SAFE,
	.flags = ACTION_NEEDS_LOGIN | ACTION_READ_ONLY | ACTION_IDEMPOTENT | ACTION_OPEN_WORLD,
	.params = &whoami_params,
	.result = &whoami_result,
	.run = run_whoami,
    },
};

const struct action_table action_auth_table = {rows, ARRAY_LEN(rows)};
