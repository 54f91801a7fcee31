/*
 * One request as the handlers see it, and the answer they fill in.
 *
 * The server makes both on its stack, runs a handler and sends the reply before it returns, so a handler may keep
 * pointers into the request but must not outlive the call.
 */
#ifndef DEMO_REQUEST_H
#define DEMO_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct demo;
struct role;

#define REQUEST_ARGS_MAX 4
#define REQUEST_SEGMENTS_MAX 12

struct query_pair {
	const char *name;  /* decoded, '+' is a space */
	const char *value; /* decoded; "" if there was no '=' */
};

enum caller_kind { CALLER_NOBODY, CALLER_ADMIN_TOKEN, CALLER_OAUTH, CALLER_BEARER };

struct request {
	struct demo *demo;
	/* As the HTTP layer read them; missing headers are NULL. Borrowed from it. */
	const char *method;
	const char *uri;
	const char *authorization;
	const char *content_type;
	const char *accept;
	const char *host;
	const char *store_header; /* Store, which only GraphQL heeds */
	bool https;
	const char *body_text;
	size_t body_len;
	/* Filled in on the way to the handler. */
	char *path;			      /* raw, without the query */
	const char *query;		      /* raw, "" if none */
	char *path_copy;		      /* segments point in here */
	char *query_copy;		      /* pairs point in here */
	char *segments[REQUEST_SEGMENTS_MAX]; /* decoded, from the version ("V1") on */
	size_t segment_count;
	struct query_pair *pairs;
	size_t pair_count;
	int store; /* scope of the path prefix, SCOPE_ALL for /rest/all */
	enum caller_kind caller;
	const struct role *role;	    /* NULL: nobody */
	const char *args[REQUEST_ARGS_MAX]; /* path parameters of the route, in order */
	json_t *body;			    /* an object; {} if nothing was sent. NULL on routes without a body */
};

struct reply {
	int status;
	json_t *json;	  /* owned */
	const char *text; /* borrowed body instead of json, valid until the reply is sent */
	size_t text_len;
	char *owned;		  /* freed with the reply; text may point to it */
	const char *content_type; /* NULL: JSON */
	char *tags;		  /* X-Magento-Tags; owned */
	char *location;		  /* owned */
	int public_max_age_s;	  /* 0: not for caches */
	int retry_after_s;	  /* 0: no such header */
	bool cookie;		  /* answers of PHP carry a session cookie, those of the web server do not */
};

/* Splits the URI into path, query and decoded pairs. -1 if memory is short. */
int request_init(struct request *req);
void request_fini(struct request *req);

/* Value of a query parameter, NULL if it was not sent. A repeated name counts with its last value. */
const char *request_find_query(const struct request *req, const char *name);

/* Answers with a JSON value; steals it. */
void reply_set_json(struct reply *reply, int status, json_t *json);

/* Answers with text of the given type; the text is static. */
void reply_set_text(struct reply *reply, int status, const char *content_type, const char *text);

/* Serialises reply->json into reply->text. -1 if memory is short. */
int reply_render(struct reply *reply);
void reply_fini(struct reply *reply);

#endif
