/*
 * content.c - tools that answer at once, one for each kind of content block
 */
#include "fixtures.h"

static int
run_simple_text(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)call, (void)params;
	return fixture_give_text(result_r, fault, "This is a simple text response for testing.");
}

static int
run_image(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)call, (void)params;
	return fixture_give(json_pack("{s:[{s:s, s:s, s:s}]}", "content", "type", "image", "data", FIXTURE_PNG,
				      "mimeType", "image/png"),
			    result_r, fault);
}

static int
run_audio(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)call, (void)params;
	return fixture_give(json_pack("{s:[{s:s, s:s, s:s}]}", "content", "type", "audio", "data", FIXTURE_WAV,
				      "mimeType", "audio/wav"),
			    result_r, fault);
}

static json_t *
resource_block(const char *uri, const char *mime_type, const char *text)
{
	return json_pack("{s:s, s:{s:s, s:s, s:s}}", "type", "resource", "resource", "uri", uri, "mimeType", mime_type,
			 "text", text);
}

static int
run_embedded(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)call, (void)params;
	return fixture_give(json_pack("{s:[o]}", "content",
				      resource_block("test://embedded-resource", "text/plain",
						     "This is an embedded resource content.")),
			    result_r, fault);
}

static int
run_mixed(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)call, (void)params;
	return fixture_give(json_pack("{s:[{s:s, s:s}, {s:s, s:s, s:s}, o]}", "content", "type", "text", "text",
				      "Multiple content types test:", "type", "image", "data", FIXTURE_PNG, "mimeType",
				      "image/png",
				      resource_block("test://mixed-content-resource", "application/json",
						     "{\"test\":\"data\",\"value\":123}")),
			    result_r, fault);
}

static int
run_error(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)call, (void)params;
	return fixture_give(json_pack("{s:[{s:s, s:s}], s:b}", "content", "type", "text", "text",
				      "This tool intentionally returns an error for testing", "isError", true),
			    result_r, fault);
}

static const struct action rows[] = {
    {FIXTURE_TOOL("test_simple_text", "Simple text", "Answers with one text.", run_simple_text)},
    {FIXTURE_TOOL("test_image_content", "Image", "Answers with a picture.", run_image)},
    {FIXTURE_TOOL("test_audio_content", "Audio", "Answers with a sound.", run_audio)},
    {FIXTURE_TOOL("test_embedded_resource", "Embedded resource", "Answers with a resource in the result.",
		  run_embedded)},
    {FIXTURE_TOOL("test_multiple_content_types", "Several kinds", "Answers with text, picture and resource.",
		  run_mixed)},
    {FIXTURE_TOOL("test_error_handling", "Error", "Answers with an error that a model can read.", run_error)},
};

const struct action_table fixture_content_table = {rows, ARRAY_LEN(rows)};
