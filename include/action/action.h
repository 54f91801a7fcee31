/*
 * action.h - what a tool is: one row and one function
 *
 * An action is named like `auth.logout`; its MCP tool is the same with an underscore (`auth_logout`).  From the row
 * come the tools/list entry, validation, authorization, metrics, documentation and tests.  `run` is straight-line code
 * on a fiber: what it calls may wait, the worker meanwhile serves others.  Actions never see an event, a socket or a
 * curl handle.
 */
#ifndef ACTION_ACTION_H
#define ACTION_ACTION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "action/peer.h"
#include "auth/principal.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "base/pool.h"
#include "json/fault.h"
#include "json/schema.h"
#include "session/login.h"

struct action_env;  /* action/env.h: what the worker lends */
struct action_call; /* below */

enum action_flag {
	ACTION_NEEDS_LOGIN = 1 << 0,
	ACTION_READ_ONLY = 1 << 1,   /* readOnlyHint */
	ACTION_DESTRUCTIVE = 1 << 2, /* destructiveHint */
	ACTION_IDEMPOTENT = 1 << 3,  /* idempotentHint */
	ACTION_OPEN_WORLD = 1 << 4,  /* openWorldHint: talks to the shop */
	ACTION_CONFIRM = 1 << 5, /* needs confirm and reason while guardrails.tier2_confirm is on; implies the next */
	ACTION_WRITES = 1 << 6,	 /* changes the shop: recorded in the audit log before it begins */
	ACTION_CONTENT =
	    1 << 7, /* the result is a whole CallToolResult {content, isError?}, not data; `result` is NULL */
	ACTION_TAKES_LOGIN = 1 << 8, /* uses the caller's login if there is a live one, does without otherwise */
	ACTION_TAKES_SECRETS =
	    1 << 9 /* a parameter's name says so (audit/redact.h); the registry sees that it is true */
};

enum action_tier { ACTION_SAFE = 1, ACTION_RISK = 2, ACTION_CRITICAL = 3 };

struct action {
	const char *name; /* "catalog.get_product" */
	const char *title;
	const char *description;
	enum action_tier tier;
	unsigned flags;
	const char *scope;		  /* right the caller needs, "catalog:read"; NULL: every caller */
	const struct json_schema *params; /* an object */
	const struct json_schema *result; /* an object */

	/*
	 * May be NULL.  A tool of its own calling convention: this JSON Schema text is published instead of the wrapped
	 * `params`, and `arguments` reach `run` as they are, without {"params":...}.  `params` is still what is
	 * checked.
	 */
	const char *input_schema;

	/*
	 * Does the work.  `params` has passed the schema and is borrowed.  0 with a new reference in *result_r, or,
	 * with *result_r left NULL, the result written to call->text; or -1 with *fault set.
	 */
	int (*run)(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault);

	/*
	 * May be NULL: then title and parameters are shown.  For ACTION_CONFIRM: appends what the user is asked to
	 * confirm, in sentences: the numbers and warnings of the plan.  On a fiber; reads, never writes.  -1 with
	 * *fault: the call is refused with it.
	 */
	int (*question)(struct action_call *call, const json_t *params, struct buf *text, struct fault *fault);
};

/* One domain's rows. */
struct action_table {
	const struct action *rows;
	size_t n;
};

/* The domains of the Magento server; one file each. */
extern const struct action_table action_auth_table;
extern const struct action_table action_scope_table;
extern const struct action_table action_catalog_table;
extern const struct action_table action_promotions_table;
extern const struct action_table action_cms_table;
extern const struct action_table action_pricing_table;
extern const struct action_table action_cache_table;
extern const struct action_table action_diagnostics_table;
extern const struct action_table action_seo_table;

/*
 * How a call's transport remembers a login between calls (a legacy MCP session does, the stateless era does not).  With
 * `remember` NULL nothing is remembered.
 */
struct action_memory {
	bool has_login; /* `login` is what the transport remembers now; it need not be alive */
	struct login_ref login;

	/* Remembers `login` from now on and gives the one before, if any, so that it can be ended. */
	int (*remember)(void *ctx, struct login_ref login, struct login_ref *before_r, bool *has_before_r);
	void (*forget)(void *ctx, struct login_ref login); /* only if it is still this one */
	void *ctx;
};

struct action_completions; /* action/prompt.h */

/*
 * Values that begin with `prefix`, as far as the caller may see them.  `chosen` are the other arguments so far, an
 * object of strings.  On a fiber; may read the shop.  A caller without a login gets nothing, not a fault.
 */
typedef int (*action_complete_fn)(struct action_call *call, const char *prefix, const json_t *chosen,
				  struct action_completions *out, struct fault *fault);

/*
 * The resources behind a template that a caller can see now, from index `from` on: appends objects {uri, name, title?,
 * description?, mimeType?} to `list`, at most `max`, and says whether there are more.
 */
typedef int (*action_resource_list_fn)(struct action_call *call, uint32_t from, uint32_t max, json_t *list,
				       bool *has_more_r, struct fault *fault);

/* What one of the server's own lookups is about (action/lookup.h); one of the two. */
struct action_subject {
	action_complete_fn complete;
	action_resource_list_fn list;
};

/* One running call.  Lives in its pool from dispatch until its result has been delivered. */
struct action_call {
	const struct action *action;
	struct action_subject subject;
	struct action_env *env;
	struct pool *pool;
	const struct principal *principal; /* held */
	const char *request_id;		   /* for the log */
	const char *address;		   /* of the client, for failed logins; NULL: exempt */
	struct action_memory memory;
	struct action_peer peer;
	double progress_told; /* peer.c's own */
	uint64_t progress_told_ms;

	bool has_login;
	struct login_ref login_ref;
	struct login login;	   /* private copy, overwritten at the end with the pool */
	const char *refused_store; /* for the record: address of a configured store that the caller is not told of */

	/*
	 * The result as one compact JSON object, written by `run` instead of a tree.  For reads: the audit log takes
	 * counts and plan ids from trees only.  It may fail with ERR_LIMIT: the caller is told to ask for less.
	 */
	struct buf text;

	struct session_now began;
	uint64_t deadline_mono_ms;
};

/* The present moment in both clocks: a call may have waited since it began. */
struct session_now action_now(void);

#endif
