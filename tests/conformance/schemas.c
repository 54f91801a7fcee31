/*
 * schemas.c - tools whose published schema is what is tested: keywords that must survive, arguments that travel in
 * header fields too
 */
#include "fixtures.h"

static const char keywords_schema[] =
    "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"type\":\"object\","
    "\"$defs\":{\"address\":{\"$anchor\":\"addressDef\",\"type\":\"object\","
    "\"properties\":{\"street\":{\"type\":\"string\"},\"city\":{\"type\":\"string\"}}}},"
    "\"properties\":{\"name\":{\"type\":\"string\"},\"address\":{\"$ref\":\"#/$defs/address\"},"
    "\"contactMethod\":{\"type\":\"string\",\"enum\":[\"phone\",\"email\"]},"
    "\"phone\":{\"type\":\"string\"},\"email\":{\"type\":\"string\"}},"
    "\"allOf\":[{\"anyOf\":[{\"required\":[\"phone\"]},{\"required\":[\"email\"]}]}],"
    "\"if\":{\"properties\":{\"contactMethod\":{\"const\":\"phone\"}},\"required\":[\"contactMethod\"]},"
    "\"then\":{\"required\":[\"phone\"]},\"else\":{\"required\":[\"email\"]},\"additionalProperties\":false}";

static int
run_keywords(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)call;
	return fixture_give_text(result_r, fault, "Name: %s", json_get_str(params, "name", "none"));
}

static const char header_schema[] =
    "{\"type\":\"object\",\"properties\":{"
    "\"region\":{\"type\":\"string\",\"description\":\"Travels as Mcp-Param-Region too\",\"x-mcp-header\":\"Region\"},"
    "\"level\":{\"type\":\"integer\"}},\"additionalProperties\":false}";

static const struct json_prop header_props[] = {
    JSON_OPTIONAL("region", .type = JSON_T_STRING),
    JSON_OPTIONAL("level", .type = JSON_T_INTEGER),
    {0},
};
static const struct json_schema header_params = {.type = JSON_T_OBJECT, .props = header_props};

static int
run_header(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)call;
	return fixture_give_text(result_r, fault, "Region: %s", json_get_str(params, "region", "none"));
}

static const struct action rows[] = {
    {
	.name = "json_schema_2020_12_tool",
	.title = "Keywords",
	.description = "Its schema uses the keywords of JSON Schema 2020-12.",
	.tier = ACTION_SAFE,
	.flags = ACTION_CONTENT | ACTION_READ_ONLY,
	.params = &fixture_anything,
	.input_schema = keywords_schema,
	.run = run_keywords,
    },
    {
	.name = "test_x_mcp_header",
	.title = "Argument in a header",
	.description = "Its argument region travels in a header field too.",
	.tier = ACTION_SAFE,
	.flags = ACTION_CONTENT | ACTION_READ_ONLY,
	.params = &header_params,
	.input_schema = header_schema,
	.run = run_header,
    },
};

const struct action_table fixture_schema_table = {rows, ARRAY_LEN(rows)};
