/*
 * admin.c - the admin listener: /healthz, /readyz, /metrics; for machines that watch, never for clients, and the last
 * one not for pages whose name was made to point here
 */
#include "base/log.h"
#include "base/turn.h"
#include "worker_private.h"

#define METRICS_MAX (2 * 1024 * 1024)
#define TEXT_TYPE "text/plain; charset=utf-8"
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

static void
respond_text(struct http_request *req, int status, const char *text)
{
	http_respond(req, &(struct http_answer){.status = status,
						.content_type = TEXT_TYPE,
						.body = slice_from_str(text),
						.body_is_static = true});
}

/* This process answers, so its loop turns. */
static void
serve_health(struct worker *worker, struct http_request *req)
{
	(void)worker;
	respond_text(req, 200, "ok\n");
}

static void
serve_ready(struct worker *worker, struct http_request *req)
{
	if (worker->drain.state == DRAIN_SERVING)
		respond_text(req, 200, "ready\n");
	else
		respond_text(req, 503, "draining\n");
}

static void
serve_metrics(struct worker *worker, struct http_request *req)
{
	struct buf text;

	if (hosts_is_foreign_name(&worker->admin_hosts, req->head.host)) {
		respond_text(req, 403, "This Host is not served. The operator can add it to server.allowed_hosts.\n");
		return;
	}
	turn_enter("metrics");
	buf_init(&text, METRICS_MAX);
	if (metrics_render(worker, &text) == 0)
		http_respond(
		    req, &(struct http_answer){.status = 200, .content_type = METRICS_TYPE, .body = buf_slice(&text)});
	else
		respond_text(req, 503, "out of memory\n");
	buf_fini(&text);
}

static const struct {
	const char *path;
	void (*serve)(struct worker *worker, struct http_request *req);
} routes[] = {
    {"/healthz", serve_health},
    {"/readyz", serve_ready},
    {"/metrics", serve_metrics},
};

static void
serve(struct worker *worker, struct http_request *req)
{
	const struct http_field allow = {SLICE_LIT("Allow"), SLICE_LIT("GET, HEAD")};

	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (!slice_is(req->head.path, routes[i].path))
			continue;
		if (req->head.method == HTTP_GET || req->head.method == HTTP_HEAD)
			routes[i].serve(worker, req);
		else
			http_respond(req, &(struct http_answer){.status = 405, .fields = &allow, .n_fields = 1});
		return;
	}
	respond_text(req, 404, "This listener serves /healthz, /readyz and /metrics.\n");
}

static void
on_request(void *ctx, struct http_request *req)
{
	serve(ctx, req);
	http_request_release(&req);
}

static void
on_closed(void *ctx, struct http_request *req)
{
	(void)ctx;
	http_request_release(&req);
}

const struct http_server_ops admin_ops = {.on_request = on_request, .on_closed = on_closed};
