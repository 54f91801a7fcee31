/*
 * flood.c - tools for our own end-to-end tests: as many log lines as asked for, as fast as asked for; and one that
 * keeps the event loop to itself
 */
#include <string.h>

#include "base/clock.h"
#include "fixtures.h"

#define LINE_MAX_BYTES 500

static const char flood_schema[] =
    "{\"type\":\"object\",\"properties\":{\"lines\":{\"type\":\"integer\"},\"bytes\":{\"type\":\"integer\"},"
    "\"pause_ms\":{\"type\":\"integer\"},\"answer_bytes\":{\"type\":\"integer\"}},\"additionalProperties\":false}";

static const struct json_prop flood_props[] = {
    JSON_OPTIONAL("lines", .type = JSON_T_INTEGER, .minimum = JSON_BOUND(0), .maximum = JSON_BOUND(1000000)),
    JSON_OPTIONAL("bytes", .type = JSON_T_INTEGER, .minimum = JSON_BOUND(1), .maximum = JSON_BOUND(LINE_MAX_BYTES)),
    JSON_OPTIONAL("pause_ms", .type = JSON_T_INTEGER, .minimum = JSON_BOUND(0), .maximum = JSON_BOUND(60000)),
    JSON_OPTIONAL("answer_bytes", .type = JSON_T_INTEGER, .minimum = JSON_BOUND(0), .maximum = JSON_BOUND(900000)),
    {0},
};
static const struct json_schema flood_params = {.type = JSON_T_OBJECT, .props = flood_props};

static int
give_long_text(size_t len, json_t **result_r, struct fault *fault)
{
	json_t *result = NULL;
	char *text = malloc(len + 1);

	if (text != NULL) {
		memset(text, 'a', len);
		text[len] = '\0';
		result = json_pack("{s:[{s:s, s:s}]}", "content", "type", "text", "text", text);
	}
	free(text);
	return fixture_give(result, result_r, fault);
}

static int
run_flood(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	int bytes = (int)json_get_int(params, "bytes", 40);
	int64_t lines = json_get_int(params, "lines", 1);
	uint32_t pause_ms = (uint32_t)json_get_int(params, "pause_ms", 0);
	char line[LINE_MAX_BYTES + 1];

	memset(line, 'x', sizeof(line));
	for (int64_t i = 0; i < lines; i++) {
		/* Even without pauses others get their turn now and then. */
		if (i > 0 && (pause_ms > 0 || i % 100 == 0) && fixture_pause(call, pause_ms, fault) < 0)
			return -1;
		action_log(call, ACTION_LOG_INFO, "%.*s", bytes, line);
	}
	return give_long_text((size_t)json_get_int(params, "answer_bytes", 2), result_r, fault);
}

static const char hold_schema[] =
    "{\"type\":\"object\",\"properties\":{\"ms\":{\"type\":\"integer\"}},\"additionalProperties\":false}";

static const struct json_prop hold_props[] = {
    JSON_OPTIONAL("ms", .type = JSON_T_INTEGER, .minimum = JSON_BOUND(0), .maximum = JSON_BOUND(60000)),
    {0},
};
static const struct json_schema hold_params = {.type = JSON_T_OBJECT, .props = hold_props};

static int
run_hold(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	uint64_t end_ms = clock_mono_ms() + (uint64_t)json_get_int(params, "ms", 100);

	(void)call;
	while (clock_mono_ms() < end_ms)
		continue;
	return give_long_text(2, result_r, fault);
}

static const struct action rows[] = {
    {
	.name = "test_flood",
	.title = "Flood",
	.description = "Sends many lines to the client's log, then answers.",
	.tier = ACTION_SAFE,
	.flags = ACTION_CONTENT | ACTION_READ_ONLY,
	.params = &flood_params,
	.input_schema = flood_schema,
	.run = run_flood,
    },
    {
	.name = "test_hold",
	.title = "Hold",
	.description = "Does what a tool must not: lets everybody else wait for so long.",
	.tier = ACTION_SAFE,
	.flags = ACTION_CONTENT | ACTION_READ_ONLY,
	.params = &hold_params,
	.input_schema = hold_schema,
	.run = run_hold,
    },
};

const struct action_table fixture_flood_table = {rows, ARRAY_LEN(rows)};
