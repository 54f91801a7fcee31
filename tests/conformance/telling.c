/*
 * telling.c - tools that say something before they answer: progress, log lines, and a stream that breaks off (R-074,
 *
 */
#include "fixtures.h"

#define MOMENT_MS 50
#define COME_BACK_MS 500

static int
run_progress(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)params;
	action_progress(call, 0, 100, "begun");
	/* What comes sooner is held back: it would tell a user nothing. */
	if (fixture_pause(call, ACTION_PROGRESS_EVERY_MS + MOMENT_MS, fault) < 0)
		return -1;
	action_progress(call, 50, 100, "half done");
	if (fixture_pause(call, MOMENT_MS, fault) < 0)
		return -1;
	action_progress(call, 100, 100, "done");
	return fixture_give_text(result_r, fault, "Told how far it is.");
}

static int
run_logging(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	static const char *const lines[] = {"Tool execution started", "Tool processing data",
					    "Tool execution completed"};

	(void)params;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		if (i > 0 && fixture_pause(call, MOMENT_MS, fault) < 0)
			return -1;
		action_log(call, ACTION_LOG_INFO, "%s", lines[i]);
	}
	return fixture_give_text(result_r, fault, "Logged three lines.");
}

/* The stream ends before the answer, which waits for the client to come back. */
static int
run_reconnection(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)params;
	action_let_go(call, COME_BACK_MS);
	if (fixture_pause(call, 2 * MOMENT_MS, fault) < 0)
		return -1;
	return fixture_give_text(result_r, fault, "Reconnection test completed successfully.");
}

static const struct action rows[] = {
    {FIXTURE_TOOL("test_tool_with_progress", "Progress", "Tells three times how far it is.", run_progress)},
    {FIXTURE_TOOL("test_tool_with_logging", "Log lines", "Sends three lines to the client's log.", run_logging)},
    {FIXTURE_TOOL("test_logging_tool", "Log lines, if wanted", "Sends log lines only to clients that want them.",
		  run_logging)},
    {FIXTURE_TOOL("test_reconnection", "Broken stream", "Ends its stream before the answer is there.",
		  run_reconnection)},
};

const struct action_table fixture_telling_table = {rows, ARRAY_LEN(rows)};
