#include "arguments.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "json/parse.h"
#include "results.h"

#define NAME_SHOWN_MAX 64 /* bytes of a name that a caller made up */

int
arguments_violation(json_t *violations, const char *path, const char *fmt, ...)
{
	char message[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	return json_array_append_new(violations, json_pack("{s:s, s:s}", "path", path, "message", message));
}

/* A sentence that asks is a sentence already. */
static const char *
full_stop(const char *message)
{
	size_t len = strlen(message);

	return len > 0 && message[len - 1] == '?' ? "" : ".";
}

int
arguments_refuse(json_t *violations, struct fault *fault)
{
	json_t *first = json_array_get(violations, 0);
	const char *path = json_string_value(json_object_get(first, "path"));
	const char *message = json_string_value(json_object_get(first, "message"));
	size_t n = json_array_size(violations);

	if (path == NULL || message == NULL)
		return fault_set(fault, FAULT_VALIDATION_ERROR, violations, "params: is not valid.");
	if (n > 1) {
		return fault_set(fault, FAULT_VALIDATION_ERROR, violations, "%s: %s (and %zu more, see details).", path,
				 message, n - 1);
	}
	return fault_set(fault, FAULT_VALIDATION_ERROR, violations, "%s: %s%s", path, message, full_stop(message));
}

static int
refuse_one(const char *path, const char *message, struct fault *fault)
{
	json_t *violations = json_array();

	arguments_violation(violations, path, "%s", message);
	return arguments_refuse(violations, fault);
}

int
arguments_session(struct json_view arguments, struct slice *handle_r, struct fault *fault)
{
	struct json_view session = json_view_get(arguments, "session");

	struct slice handle = json_view_text(session);

	*handle_r = SLICE_NONE;
	if (!json_view_is_there(session) || json_view_is(session, JSON_KIND_NULL))
		return 0;
	if (handle.ptr == NULL || (handle.len > 0 && memchr(handle.ptr, '\0', handle.len) != NULL))
		return refuse_one("session", "must be the text returned by auth_login", fault);
	*handle_r = handle;
	return 0;
}

bool
arguments_are_none(struct json_view arguments)
{
	return json_view_members(arguments) == (json_view_is_there(json_view_get(arguments, "session")) ? 1u : 0u);
}

static int
params_from_text(struct slice text, json_t **params_r, struct fault *fault)
{
	int r = json_parse(text, NULL, params_r, NULL);

	if (r == ERR_NOMEM)
		return result_out_of_memory(fault);
	if (r < 0 || !json_is_object(*params_r)) {
		json_decref(*params_r);
		*params_r = NULL;
		return refuse_one("params", "must be a JSON object (this text does not hold one)", fault);
	}
	return 0;
}

/* json_copy() would lose members without memory. */
static int
copy_without_session(const json_t *arguments, json_t **params_r)
{
	json_t *params = json_object();
	int r = params != NULL ? 0 : -1;
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)arguments, key, value)
	{
		if (r == 0 && strcmp(key, "session") != 0)
			r = json_object_set(params, key, value);
	}
	if (r == 0)
		*params_r = json_incref(params);
	json_decref(params);
	return r;
}

/* Flat form: everything at the top but `session` is a parameter.  A tree there is already is not ours to change. */
static int
params_from_top(struct json_view arguments, json_t **params_r)
{
	int r;

	if (arguments.node == NULL)
		return copy_without_session(arguments.tree, params_r);
	r = json_view_tree(arguments, params_r);
	if (r == 0)
		(void)json_object_del(*params_r, "session");
	return r;
}

static void
note_neighbour(json_t *violations, const char *name)
{
	char shown[NAME_SHOWN_MAX + sizeof("...")];
	size_t len = strlen(name);
	bool is_cut = len > NAME_SHOWN_MAX;

	if (is_cut) {
		len = NAME_SHOWN_MAX;
		while (len > 0 && ((unsigned char)name[len] & 0xC0) == 0x80) /* not in the middle of a character */
			len--;
	}
	snprintf(shown, sizeof(shown), "%.*s%s", (int)len, name, is_cut ? "..." : "");
	arguments_violation(violations, shown, "cannot stand beside params: put it inside params");
}

static int
refuse_neighbours(struct json_view arguments, struct fault *fault)
{
	bool has_session = json_view_is_there(json_view_get(arguments, "session"));
	json_t *tree, *violations, *value;
	const char *key;
	size_t n = 0;

	if (json_view_members(arguments) <= (has_session ? 2u : 1u))
		return 0;
	if (json_view_tree(arguments, &tree) < 0)
		return result_out_of_memory(fault);
	violations = json_array();
	json_object_foreach(tree, key, value)
	{
		if (strcmp(key, "params") != 0 && strcmp(key, "session") != 0 && n++ < JSON_VIOLATIONS_MAX)
			note_neighbour(violations, key);
	}
	json_decref(tree);
	return arguments_refuse(violations, fault);
}

static int
normalise(struct json_view arguments, json_t **params_r, struct fault *fault)
{
	struct json_view params = json_view_get(arguments, "params");

	if (!json_view_is_there(params))
		return params_from_top(arguments, params_r) < 0 ? result_out_of_memory(fault) : 0;
	if (refuse_neighbours(arguments, fault) < 0)
		return -1;
	switch (json_view_kind(params)) {
	case JSON_KIND_STRING:
		return params_from_text(json_view_text(params), params_r, fault);
	case JSON_KIND_NULL:
		*params_r = json_object();
		return 0;
	case JSON_KIND_OBJECT:
		return json_view_tree(params, params_r) < 0 ? result_out_of_memory(fault) : 0;
	default:
		return refuse_one("params", "must be an object", fault);
	}
}

/* Takes `params`, gives it back when it passes. */
static int
check_params(json_t *params, const struct json_schema *schema, const char *root, json_t **params_r, struct fault *fault)
{
	json_t *violations = NULL;
	int n = ERR_NOMEM;

	if (params != NULL && json_schema_check(schema, params, root, NULL) == 0) {
		*params_r = params;
		return 0;
	}
	violations = json_array();
	if (violations != NULL && params != NULL)
		n = json_schema_check(schema, params, root, violations);
	json_decref(params);
	if (n > 0)
		return arguments_refuse(violations, fault);
	json_decref(violations);
	return result_out_of_memory(fault);
}

int
arguments_params(struct json_view arguments, const struct json_schema *schema, json_t **params_r, struct fault *fault)
{
	json_t *params = NULL;

	*params_r = NULL;
	if (normalise(arguments, &params, fault) < 0)
		return -1;
	return check_params(params, schema, "params", params_r, fault);
}

int
arguments_params_none(json_t *none, const struct json_schema *schema, json_t **params_r, struct fault *fault)
{
	*params_r = NULL;
	return check_params(none != NULL ? json_incref(none) : json_object(), schema, "params", params_r, fault);
}

int
arguments_as_they_are(struct json_view arguments, const struct json_schema *schema, json_t **params_r,
		      struct fault *fault)
{
	json_t *params = NULL;

	*params_r = NULL;
	if (!json_view_is_there(arguments))
		params = json_object();
	else if (json_view_tree(arguments, &params) < 0)
		return result_out_of_memory(fault);
	return check_params(params, schema, "arguments", params_r, fault);
}
