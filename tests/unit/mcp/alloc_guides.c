/*
 * alloc_guides.c - prompts, resources and completions without memory: each answered once, as ever or with our own
 * shortage; never with less than there is
 */
#include "guides.h"
#include "world.h"

#include "torture.h"

struct stage {
	struct world *w;
	const struct sent *sent;
	char *good; /* the undisturbed answer */
	int status;
};

struct seen {
	int answers, status, rpc_code;
	char body[32 * 1024];
};

static void
note_answer(void *ctx, const struct mcp_answer *answer)
{
	struct seen *seen = ctx;

	seen->answers++;
	seen->status = answer->http_status;
	seen->rpc_code = answer->rpc_code;
	assert_int_equal(slice_to_str(answer->body, seen->body, sizeof(seen->body)), 0);
}

/* A refusal may lose its data; what is refused stays refused. */
static int
judge(const struct stage *stage, const struct seen *seen)
{
	assert_int_equal(seen->answers, 1);
	if (seen->status == stage->status && strcmp(seen->body, stage->good) == 0)
		return 0;
	assert_true(torture_has_failed() != 0);
	if (seen->status != 503 && seen->rpc_code == 0)
		fail_msg("%d %s", seen->status, seen->body);
	return ERR_NOMEM;
}

static int
serve(void *ctx)
{
	const struct stage *stage = ctx;
	struct mcp_request request = {.body = slice_from_str(stage->sent->body),
				      .headers = {.protocol_version = slice_from_str(stage->sent->version),
						  .method = slice_from_str(stage->sent->method),
						  .name = slice_from_str(stage->sent->name)},
				      .principal = &alice,
				      .request_id = "1",
				      .now_mono_ms = clock_mono_ms(),
				      .now_wall_ms = clock_wall_ms()};
	const struct mcp_channel channel = {.answer = note_answer};
	struct mcp_channel with = channel;
	struct mcp_exchange *exchange = NULL;
	struct seen seen = {.answers = 0};

	with.ctx = &seen;
	mcp_server_post(stage->w->server, &request, &with, &exchange);
	assert_null(exchange);
	return judge(stage, &seen);
}

#define BODY(method, params) "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\",\"params\":{" params "," META "}}"
#define SENT(its_method, its_name, its_params)                                                                         \
	{                                                                                                              \
		.version = "2026-07-28", .method = its_method, .name = its_name, .body = BODY(its_method, its_params)  \
	}

static void
every_method(void **state)
{
	static const struct sent messages[] = {
	    SENT("prompts/list", NULL, "\"x\":1"),
	    SENT("prompts/get", "greet", "\"name\":\"greet\",\"arguments\":{\"name\":\"Ann\"}"),
	    SENT("prompts/get", "greet", "\"name\":\"greet\""),
	    SENT("prompts/get", "fail", "\"name\":\"fail\",\"arguments\":{\"code\":\"3\"}"),
	    SENT("resources/list", NULL, "\"x\":1"),
	    SENT("resources/templates/list", NULL, "\"x\":1"),
	    SENT("resources/read", "test://fixed", "\"uri\":\"test://fixed\""),
	    SENT("resources/read", "test://items/7?deep=1&session=abc",
		 "\"uri\":\"test://items/7?deep=1&session=abc\""),
	    SENT("resources/read", "test://nothing", "\"uri\":\"test://nothing\""),
	    SENT(
		"completion/complete", NULL,
		"\"ref\":{\"type\":\"ref/prompt\",\"name\":\"greet\"},\"argument\":{\"name\":\"name\",\"value\":\"\"}"),
	};
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
		struct stage stage = {.w = &w, .sent = &messages[i]};

		post(&w, &r, &messages[i]);
		stage.good = r.body;
		stage.status = r.status;
		torture(messages[i].name != NULL ? messages[i].name : messages[i].method, serve, &stage);
		reply_fini(&r);
	}
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_method)};

	json_set_alloc_funcs(torture_malloc, torture_free);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
