/*
 * resource.h - what a resource is: a row, like a tool
 *
 * A resource has a URI, or a template of URIs (RFC 6570: {name} for one path segment, {?name,name} for a query), and an
 * action that reads it.  The action's params are the template's variables as strings beside "uri"; its result is
 * {"contents":[{"uri","mimeType","text"|"blob"}]}.  It runs through the dispatcher like a tool.  A variable `session`
 * is the caller's handle: it names the login and is neither in the params nor in their "uri".
 */
#ifndef ACTION_RESOURCE_H
#define ACTION_RESOURCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "action/action.h"
#include "action/prompt.h"

struct action_resource_variable {
	const char *name;
	action_complete_fn complete; /* NULL: nothing is suggested */
};

struct action_resource {
	const char *uri; /* exactly one of the two */
	const char *uri_template;
	const char *name;
	const char *mime_type;
	struct action action;	      /* name "resources.plans"; title; description; flags; scope; params; run */
	bool is_public;		      /* the same for everybody */
	bool can_watch;		      /* changes are told by action_env.on_change */
	action_resource_list_fn list; /* templates; NULL: its resources are not listed */
	const struct action_resource_variable *variables;
	size_t n_variables;
};

struct action_resource_table {
	const struct action_resource *rows;
	size_t n;
};

#endif
