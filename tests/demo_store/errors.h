/*
 * Magento's error bodies. The message is a template the client fills in; there are three styles of placeholders:
 * "%fieldName" with an object, "%1" with a list, and, in the row errors of the bulk price routes, names with a list.
 */
#ifndef DEMO_ERRORS_H
#define DEMO_ERRORS_H

#include "request.h"

#define ERROR_NO_PRODUCT "The product that was requested doesn't exist. Verify the product and try again."
#define ERROR_NO_ENTITY "No such entity with %fieldName = %fieldValue"
#define ERROR_URL_KEY_TAKEN "URL key for specified store already exists."

/* A message without parameters. */
void error_set(struct reply *reply, int status, const char *message);

/* Parameters as an object with one string member. */
void error_set_named(struct reply *reply, int status, const char *message, const char *name, const char *value);

/* Parameters as a list; steals it. */
void error_set_listed(struct reply *reply, int status, const char *message, json_t *parameters);

/* One row error of a bulk price route: { message, parameters: [...] }; steals the list. New reference. */
json_t *error_make_row(const char *message, json_t *parameters);

/* 400 for missing arguments: one is named outright, several come as a list of errors. */
void error_set_required(struct reply *reply, const char *const *names, size_t count);
void error_set_required_one(struct reply *reply, const char *name);

/* 400 for a field the data interface lacks; the answer names it in CamelCase. */
void error_set_unsupported(struct reply *reply, const char *field);

/* 400 for a value of the wrong type. */
void error_set_type(struct reply *reply, const char *field, const char *value, const char *expected);

/* 404 with the id as a number, as categories answer. */
void error_set_no_entity(struct reply *reply, const char *field, json_int_t id);

/* 401 for no credentials, bad ones and missing rights alike. */
void error_set_unauthorized(struct reply *reply, const char *resource);

void error_set_no_route(struct reply *reply);
void error_set_internal(struct reply *reply);

/* 500 in plain text: PHP died before it could answer. */
void error_set_fatal(struct reply *reply);

/* 400 and 414 of the web server in front, and 500 of Magento's error page: HTML all three. */
void error_set_html(struct reply *reply, int status);

#endif
