/*
 * Starting, delaying, cancelling and running requests with each of our allocations failing.  Nobody listens on the
 * port.
 */
#include <event2/event.h>
#include <stdbool.h>

#include "base/err.h"
#include "fetch/fetch.h"
#include "torture.h"

static void
count(void *ctx, struct fetch_reply *reply)
{
	unsigned *done = ctx;

	(void)reply;
	(*done)++;
}

static int
run(void *ctx)
{
	static const struct fetch_header headers[] = {{"Authorization", "Bearer x"}};
	struct fetch_options options = {.verify_tls = true,
					.connect_timeout_ms = 10000,
					.connections_per_host = 1,
					.connections_total = 2,
					.ca_file = "/nonexistent",
					.user_agent = "test"};
	struct fetch_request request = {.method = FETCH_POST,
					.url = "http://127.0.0.1:1/x",
					.headers = headers,
					.n_headers = 1,
					.body = SLICE_LIT("{}"),
					.timeout_ms = 1000,
					.max_reply_bytes = 1000};
	struct event_base *base = ctx;
	struct fetch_job *jobs[3] = {NULL, NULL, NULL};
	struct fetch *fetch;
	struct err err;
	unsigned done = 0;
	int i, r = 0;

	fetch = fetch_new(base, &options, &err);
	if (fetch == NULL)
		return err.code;
	for (i = 0; i < 3 && r == 0; i++) {
		request.delay_ms = i == 2 ? 1000 : 0;
		r = fetch_start(fetch, &request, count, &done, &jobs[i]);
	}
	fetch_cancel(&jobs[2]);
	while (fetch_running(fetch) > 0)
		event_base_loop(base, EVLOOP_ONCE);
	if (r == 0 && done != 2)
		r = 1;
	fetch_free(&fetch);
	return r;
}

int
main(void)
{
	struct event_base *base = event_base_new();

	torture("fetch", run, base);
	event_base_free(base);
	return torture_failures() >= 10 ? 0 : 1;
}
