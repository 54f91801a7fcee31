#include "errors.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define REQUIRED "\"%fieldName\" is required. Enter and try again."

void
error_set(struct reply *reply, int status, const char *message)
{
	reply_set_json(reply, status, json_pack("{s:s}", "message", message));
}

void
error_set_named(struct reply *reply, int status, const char *message, const char *name, const char *value)
{
	reply_set_json(reply, status, json_pack("{s:s, s:{s:s}}", "message", message, "parameters", name, value));
}

void
error_set_listed(struct reply *reply, int status, const char *message, json_t *parameters)
{
	reply_set_json(reply, status, error_make_row(message, parameters));
}

json_t *
error_make_row(const char *message, json_t *parameters)
{
	return json_pack("{s:s, s:o}", "message", message, "parameters", parameters);
}

void
error_set_required(struct reply *reply, const char *const *names, size_t count)
{
	json_t *errors;

	if (count == 1) {
		error_set_required_one(reply, names[0]);
		return;
	}
	errors = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(
		    errors, json_pack("{s:s, s:{s:s}}", "message", REQUIRED, "parameters", "fieldName", names[i]));
	reply_set_json(
	    reply, 400,
	    json_pack("{s:s, s:o}", "message", "One or more input exceptions have occurred.", "errors", errors));
}

void
error_set_required_one(struct reply *reply, const char *name)
{
	error_set_named(reply, 400, REQUIRED, "fieldName", name);
}

void
error_set_unsupported(struct reply *reply, const char *field)
{
	char camel[128];
	size_t len = 0;
	bool upper = true;

	for (; *field != '\0' && len + 1 < sizeof(camel); field++) {
		if (*field == '_') {
			upper = true;
			continue;
		}
		camel[len++] = upper ? (char)toupper((unsigned char)*field) : *field;
		upper = false;
	}
	camel[len] = '\0';
	error_set_named(reply, 400, "\"%fieldName\" is not supported. Correct the field name and try again.",
			"fieldName", camel);
}

void
error_set_type(struct reply *reply, const char *field, const char *value, const char *expected)
{
	reply_set_json(
	    reply, 400,
	    json_pack("{s:o}", "message",
		      json_sprintf("Error occurred during \"%s\" processing. The \"%s\" value's type is invalid. "
				   "The \"%s\" type was expected. Verify and try again.",
				   field, value, expected)));
}

void
error_set_no_entity(struct reply *reply, const char *field, json_int_t id)
{
	reply_set_json(reply, 404,
		       json_pack("{s:s, s:{s:s, s:I}}", "message", ERROR_NO_ENTITY, "parameters", "fieldName", field,
				 "fieldValue", id));
}

void
error_set_unauthorized(struct reply *reply, const char *resource)
{
	error_set_named(reply, 401, "The consumer isn't authorized to access %resources.", "resources", resource);
}

void
error_set_no_route(struct reply *reply)
{
	error_set(reply, 404, "Request does not match any route.");
}

void
error_set_internal(struct reply *reply)
{
	error_set(reply, 500,
		  "Internal Error. Details are available in Magento log file. Report ID: webapi-6b02a8ca1b62b");
}

void
error_set_fatal(struct reply *reply)
{
	reply_set_text(reply, 500, "text/plain;charset=UTF-8",
		       "An error has happened during application run. See exception log for details.");
}

void
error_set_html(struct reply *reply, int status)
{
	if (status == 400) {
		reply_set_text(reply, 400, "text/html; charset=UTF-8",
			       "<html>\r\n<head><title>400 Bad Request</title></head>\r\n<body>\r\n"
			       "<center><h1>400 Bad "
			       "Request</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n");
	} else if (status == 414) {
		reply_set_text(
		    reply, 414, "text/html; charset=UTF-8",
		    "<html>\r\n<head><title>414 Request-URI Too Large</title></head>\r\n<body>\r\n"
		    "<center><h1>414 Request-URI Too Large</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n"
		    "</body>\r\n</html>\r\n");
	} else {
		reply_set_text(
		    reply, status, "text/html; charset=UTF-8",
		    "<!doctype html>\n<html>\n<head><title>There has been an error processing your "
		    "request</title></head>\n"
		    "<body><main><h1>There has been an error processing your request</h1></main></body>\n</html>\n");
	}
	/* The web server answers without starting PHP, so without a session. */
	reply->cookie = status != 400 && status != 414;
}
