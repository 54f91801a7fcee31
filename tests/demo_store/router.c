#include "router.h"

#include "acl.h"
#include "demo.h"
#include "errors.h"
#include "routes.h"
#include "scope.h"
#include "text.h"
#include "xml.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	URI_MAX = 8000 /* nginx's buffer for a request line, about */
};

const char *
router_auth_name(const struct request *req)
{
	static const char *const names[] = {"none", "admin", "oauth", "bearer"};

	return names[req->caller];
}

/* Cuts the raw path below /rest into decoded segments; trailing slashes do not count. -1 if there are too many. */
static int
split_path(struct request *req, char *path)
{
	char *save = NULL;

	for (char *part = strtok_r(path, "/", &save); part != NULL; part = strtok_r(NULL, "/", &save)) {
		if (req->segment_count == REQUEST_SEGMENTS_MAX)
			return -1;
		text_decode_percent(part, true);
		req->segments[req->segment_count++] = part;
	}
	return 0;
}

static bool
is_version(const char *segment)
{
	return segment[0] == 'V' && isdigit((unsigned char)segment[1]);
}

/* Takes the store code off; -1 and 400 if what is left is no versioned path. */
static int
take_store(struct request *req, struct reply *reply)
{
	int store = -1;

	req->store = SCOPE_DEFAULT;
	if (req->segment_count > 0)
		store = scope_find(req->segments[0], strlen(req->segments[0]));
	if (store >= 0) {
		req->store = store;
		req->segment_count--;
		memmove(req->segments, req->segments + 1, req->segment_count * sizeof(req->segments[0]));
	}
	if (req->segment_count > 0 && is_version(req->segments[0]))
		return 0;
	error_set(reply, 400, "Specified request cannot be processed.");
	return -1;
}

static void
check_bearer(struct request *req, const char *token)
{
	const struct admin *admin = tokens_find_admin(&req->demo->tokens, token, demo_now_s(req->demo));
	const struct integration *integration = req->demo->settings.bearer ? acl_find_token(token) : NULL;

	if (admin != NULL) {
		req->caller = CALLER_ADMIN_TOKEN;
		req->role = admin->role;
	} else if (integration != NULL) {
		req->caller = CALLER_BEARER;
		req->role = integration->role;
	}
}

/* Scheme, host and port the client signed for; default ports are not part of a signature. */
static void
find_origin(const struct request *req, char *origin, size_t size)
{
	const char *host = req->host != NULL ? req->host : "", *port = strrchr(host, ':');
	size_t len = strlen(host);

	if (req->demo->settings.oauth_host[0] != '\0') {
		snprintf(origin, size, "%s", req->demo->settings.oauth_host);
		return;
	}
	if (port != NULL && strcmp(port, req->https ? ":443" : ":80") == 0)
		len = (size_t)(port - host);
	snprintf(origin, size, "%s://%.*s", req->https ? "https" : "http", (int)len, host);
}

/* Finds out who is calling; -1 if the attempt itself is answered with an error. */
static int
authenticate(struct request *req, struct reply *reply)
{
	const char *header = req->authorization;
	char origin[DEMO_URL_MAX];

	if (header == NULL)
		return 0;
	if (strncasecmp(header, "Bearer ", 7) == 0) {
		check_bearer(req, header + 7);
		return 0;
	}
	if (strncasecmp(header, "OAuth", 5) != 0)
		return 0;
	find_origin(req, origin, sizeof(origin));
	return oauth_verify(req, &req->demo->nonces, origin, demo_now_s(req->demo), reply);
}

/* Reads a JSON body; only then does its Content-Type matter. */
static int
read_body(struct request *req, struct reply *reply)
{
	size_t type_len = req->content_type != NULL ? strcspn(req->content_type, "; ") : 0;

	if (req->body_len == 0) {
		req->body = json_object();
		return 0;
	}
	if (type_len == 0) {
		error_set(reply, 400, "Content-Type header is empty.");
		return -1;
	}
	if (type_len != 16 || strncasecmp(req->content_type, "application/json", 16) != 0) {
		reply_set_json(reply, 400,
			       json_pack("{s:o}", "message",
					 json_sprintf("Server cannot understand Content-Type HTTP header media type %s",
						      req->content_type)));
		return -1;
	}
	req->body = json_loadb(req->body_text, req->body_len, JSON_ALLOW_NUL, NULL);
	if (req->body != NULL)
		return 0;
	error_set(reply, 400, "Decoding error.");
	return -1;
}

static void
answer_rest(struct request *req, struct reply *reply)
{
	const struct route *route;

	if (split_path(req, req->path_copy + strlen("/rest")) < 0) {
		error_set_no_route(reply);
		return;
	}
	if (take_store(req, reply) < 0)
		return;
	route = routes_find(req);
	if (route == NULL) {
		error_set_no_route(reply);
		return;
	}
	/* Nobody is told off for bad credentials on a route that needs none, but a bad signature still counts. */
	if (authenticate(req, reply) < 0)
		return;
	if (route->resource != NULL && !acl_allows(req->role, route->resource)) {
		error_set_unauthorized(reply, route->resource);
		return;
	}
	if (strcmp(req->method, "GET") != 0 && read_body(req, reply) < 0)
		return;
	route->handler(req, reply);
}

static bool
is_supported_method(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
	       strcmp(method, "DELETE") == 0;
}

/* Magento answers in JSON or XML and falls over if asked for anything else. */
static bool
accepts(const char *accept, const char *type)
{
	return accept != NULL && strstr(accept, type) != NULL;
}

static void
negotiate(struct request *req, struct reply *reply)
{
	bool json = req->accept == NULL || accepts(req->accept, "json") || accepts(req->accept, "*/*");

	if (!json && !accepts(req->accept, "xml")) {
		error_set_html(reply, 500);
		return;
	}
	if (!is_supported_method(req->method)) {
		reply_set_json(
		    reply, 405,
		    json_pack("{s:o}", "message", json_sprintf("The %s HTTP method is not supported.", req->method)));
		return;
	}
	answer_rest(req, reply);
	if (!json && reply->json != NULL) {
		reply->owned = xml_render(reply->json);
		reply->text = reply->owned != NULL ? reply->owned : "";
		reply->text_len = strlen(reply->text);
		reply->content_type = "application/xml; charset=utf-8";
	}
}

void
router_answer(struct request *req, struct reply *reply)
{
	reply->cookie = true;
	if (strncmp(req->path, "/_demo/", 7) == 0) {
		reply->cookie = false;
		routes_control_answer(req, reply);
	} else if (strlen(req->uri) > URI_MAX) {
		error_set_html(reply, 414);
	} else if (!text_has_valid_escapes(req->path)) {
		error_set_html(reply, 400);
	} else if (strncmp(req->path, "/rest/", 6) == 0) {
		negotiate(req, reply);
	} else if (strcmp(req->path, "/graphql") == 0) {
		routes_graphql_answer(req, reply);
	} else if (strcmp(req->path, "/magento_version") == 0) {
		reply_set_text(reply, 200, "text/html; charset=UTF-8", "Magento/2.4 (Community)");
	} else if (strcmp(req->method, "GET") == 0 || strcmp(req->method, "HEAD") == 0) {
		routes_storefront_answer(req, reply);
	} else {
		error_set_html(reply, 404);
	}
}
