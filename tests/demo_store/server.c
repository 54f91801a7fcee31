#include "server.h"

#include "pending.h"
#include "router.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HEADERS_MAX = 128 * 1024, BODY_MAX = 64 * 1024 * 1024, IDLE_S = 600 };

struct server {
	struct demo *demo;
	struct evhttp *http;
	struct pendings pendings;
	int port;
	unsigned long sessions; /* for cookies that differ */
};

static const char *
method_name(struct evhttp_request *http)
{
	switch (evhttp_request_get_command(http)) {
	case EVHTTP_REQ_GET:
		return "GET";
	case EVHTTP_REQ_POST:
		return "POST";
	case EVHTTP_REQ_PUT:
		return "PUT";
	case EVHTTP_REQ_DELETE:
		return "DELETE";
	case EVHTTP_REQ_HEAD:
		return "HEAD";
	case EVHTTP_REQ_OPTIONS:
		return "OPTIONS";
	case EVHTTP_REQ_PATCH:
		return "PATCH";
	default:
		return "OTHER";
	}
}

static void
fill_request(struct server *server, struct evhttp_request *http, struct request *req)
{
	struct evkeyvalq *headers = evhttp_request_get_input_headers(http);
	struct evbuffer *body = evhttp_request_get_input_buffer(http);
	const char *scheme = evhttp_find_header(headers, "X-Forwarded-Proto");

	*req = (struct request){
	    .demo = server->demo,
	    .method = method_name(http),
	    .uri = evhttp_request_get_uri(http),
	    .authorization = evhttp_find_header(headers, "Authorization"),
	    .content_type = evhttp_find_header(headers, "Content-Type"),
	    .accept = evhttp_find_header(headers, "Accept"),
	    .host = evhttp_find_header(headers, "Host"),
	    .store_header = evhttp_find_header(headers, "Store"),
	    .https = scheme != NULL && strcasecmp(scheme, "https") == 0,
	    .body_len = evbuffer_get_length(body),
	};
	req->body_text = (const char *)evbuffer_pullup(body, -1);
}

static const char *
reason(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 301:
		return "Moved Permanently";
	case 302:
		return "Found";
	case 400:
		return "Bad Request";
	case 401:
		return "Unauthorized";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 414:
		return "Request-URI Too Large";
	case 429:
		return "Too Many Requests";
	case 500:
		return "Internal Server Error";
	case 503:
		return "Service Unavailable";
	default:
		return "Answer";
	}
}

static void
put_headers(struct server *server, struct evhttp_request *http, const struct reply *reply)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(http);
	char text[64];

	evhttp_add_header(headers, "Content-Type",
			  reply->content_type != NULL ? reply->content_type : "application/json; charset=utf-8");
	if (reply->cookie) {
		snprintf(text, sizeof(text), "PHPSESSID=%026lu; path=/; HttpOnly", ++server->sessions);
		evhttp_add_header(headers, "Set-Cookie", text);
		evhttp_add_header(headers, "Cache-Control", "no-store");
	}
	if (reply->tags != NULL)
		evhttp_add_header(headers, "X-Magento-Tags", reply->tags);
	if (reply->location != NULL)
		evhttp_add_header(headers, "Location", reply->location);
	if (reply->public_max_age_s > 0) {
		snprintf(text, sizeof(text), "public, max-age=%d", reply->public_max_age_s);
		evhttp_add_header(headers, "Cache-Control", text);
	}
	if (reply->retry_after_s > 0) {
		snprintf(text, sizeof(text), "%d", reply->retry_after_s);
		evhttp_add_header(headers, "Retry-After", text);
	}
}

/* Sends the reply, or acts out what the fault makes of it. */
static void
send_reply(struct server *server, struct evhttp_request *http, const struct fault *fault, const struct reply *reply)
{
	struct evbuffer *out;

	if (pending_starts(fault)) {
		put_headers(server, http, reply);
		if (pending_act(&server->pendings, http, fault, reply) < 0)
			evhttp_send_error(http, 503, NULL);
		return;
	}
	put_headers(server, http, reply);
	out = evhttp_request_get_output_buffer(http);
	evbuffer_add(out, reply->text, reply->text_len);
	evhttp_send_reply(http, reply->status, reason(reply->status), NULL);
}

static bool
has_no_status(enum fault_mode mode)
{
	return mode == FAULT_HANG || mode == FAULT_RESET || mode == FAULT_GARBAGE;
}

/* Runs the handler, unless the fault comes before it, and sends what came of it. */
static void
answer(struct evhttp_request *http, const struct fault *fault, unsigned long number, void *arg)
{
	struct server *server = arg;
	struct reply reply = {.status = 200, .text = ""};
	struct request req;

	fill_request(server, http, &req);
	if (request_init(&req) < 0) {
		request_fini(&req);
		evhttp_send_error(http, 503, NULL);
		return;
	}
	if (fault_runs_handler(fault))
		router_answer(&req, &reply);
	if (fault_set_reply(fault, &reply) || fault_runs_handler(fault)) {
		if (reply_render(&reply) < 0)
			reply_set_text(&reply, 503, NULL, "");
	}
	if (strncmp(req.path, "/_demo/", 7) != 0)
		reqlog_finish(&server->demo->log, number, router_auth_name(&req),
			      has_no_status(fault->mode) ? 0 : reply.status);
	send_reply(server, http, fault, &reply);
	reply_fini(&reply);
	request_fini(&req);
}

/* Hung connections are let go once nobody asks for hanging any more. */
static void
answer_control(struct server *server, struct evhttp_request *http)
{
	const struct fault none = {.mode = FAULT_NONE};

	answer(http, &none, 0, server);
	if (server->demo->faults.count == 0)
		pendings_drop_hung(&server->pendings);
}

static void
on_request(struct evhttp_request *http, void *arg)
{
	struct server *server = arg;
	const char *uri = evhttp_request_get_uri(http), *method = method_name(http);
	long long ms = server->demo->settings.latency_ms;
	struct fault fault;
	unsigned long number;

	if (strncmp(uri, "/_demo/", 7) == 0) {
		answer_control(server, http);
		return;
	}
	fault = faults_take(&server->demo->faults, method, uri);
	number = reqlog_add(&server->demo->log, method, uri);
	if (fault.mode == FAULT_LATENCY)
		ms += fault.ms;
	if (ms == 0)
		answer(http, &fault, number, server);
	else if (pending_wait(&server->pendings, http, &fault, number, ms) < 0)
		evhttp_send_error(http, 503, NULL);
}

/* libevent writes in pieces; without this the last one would wait for the client's acknowledgement of the others. */
static void
send_at_once(evutil_socket_t listener)
{
	int on = 1;

	/* Accepted sockets inherit it. */
	(void)setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

struct server *
server_new(struct event_base *base, struct demo *demo, const char *address, int port)
{
	struct server *server = calloc(1, sizeof(*server));
	struct evhttp_bound_socket *bound;
	struct sockaddr_storage name = {0};
	socklen_t len = sizeof(name);

	if (server == NULL)
		return NULL;
	server->demo = demo;
	pendings_init(&server->pendings, base, answer, server);
	server->http = evhttp_new(base);
	if (server->http == NULL) {
		server_free(&server);
		return NULL;
	}
	evhttp_set_allowed_methods(server->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
						     EVHTTP_REQ_HEAD | EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH);
	evhttp_set_max_headers_size(server->http, HEADERS_MAX);
	evhttp_set_max_body_size(server->http, BODY_MAX);
	evhttp_set_timeout(server->http, IDLE_S);
	evhttp_set_gencb(server->http, on_request, server);
	bound = evhttp_bind_socket_with_handle(server->http, address, (ev_uint16_t)port);
	if (bound == NULL || getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&name, &len) < 0) {
		server_free(&server);
		return NULL;
	}
	send_at_once(evhttp_bound_socket_get_fd(bound));
	server->port = ntohs(name.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&name)->sin6_port
							: ((struct sockaddr_in *)&name)->sin_port);
	return server;
}

void
server_free(struct server **server)
{
	int saved = errno;

	if (*server == NULL)
		return;
	pendings_fini(&(*server)->pendings);
	if ((*server)->http != NULL)
		evhttp_free((*server)->http);
	free(*server);
	*server = NULL;
	errno = saved;
}

int
server_get_port(const struct server *server)
{
	return server->port;
}
