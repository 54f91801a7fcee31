/*
 * resources.c - resources: text, binary, behind a template, and one that can be watched
 */
#include "fixtures.h"

#include <stdlib.h>

static json_t *
text_of(const json_t *params, const char *mime_type, json_t *text)
{
	return json_pack("{s:[{s:s, s:s, s:o}]}", "contents", "uri", json_get_str(params, "uri", ""), "mimeType",
			 mime_type, "text", text);
}

static int
run_text(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)call;
	return fixture_give(
	    text_of(params, "text/plain", json_string("This is the content of the static text resource.")), result_r,
	    fault);
}

static int
run_binary(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)call;
	return fixture_give(json_pack("{s:[{s:s, s:s, s:s}]}", "contents", "uri", json_get_str(params, "uri", ""),
				      "mimeType", "image/png", "blob", FIXTURE_PNG),
			    result_r, fault);
}

static int
run_template(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	const char *id = json_get_str(params, "id", "");
	json_t *data = json_pack("{s:s, s:b, s:s+}", "id", id, "templateTest", true, "data", "Data for ID: ", id);
	char *text = data != NULL ? json_dumps(data, JSON_COMPACT) : NULL;
	int r = fixture_give(text_of(params, "application/json", json_string(text)), result_r, fault);

	(void)call;
	free(text);
	json_decref(data);
	return r;
}

static int
run_watched(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)call;
	return fixture_give(text_of(params, "text/plain", json_string("Watched resource content")), result_r, fault);
}

static const struct action_resource_variable id_variable[] = {{.name = "id"}};

#define RESOURCE(its_name, its_mime_type, its_title, its_description, its_run)                                         \
	.name = its_name, .mime_type = its_mime_type, .is_public = true,                                               \
	.action = {.name = "resources." its_name,                                                                      \
		   .title = its_title,                                                                                 \
		   .description = its_description,                                                                     \
		   .tier = ACTION_SAFE,                                                                                \
		   .flags = ACTION_READ_ONLY,                                                                          \
		   .params = &fixture_anything,                                                                        \
		   .run = its_run}

static const struct action_resource rows[] = {
    {RESOURCE("static_text", "text/plain", "Static text", "A text that stays as it is.", run_text),
     .uri = "test://static-text"},
    {RESOURCE("static_binary", "image/png", "Static picture", "A picture that stays as it is.", run_binary),
     .uri = "test://static-binary"},
    {RESOURCE("template_data", "application/json", "Data by number", "Data behind a template.", run_template),
     .uri_template = "test://template/{id}/data", .variables = id_variable, .n_variables = ARRAY_LEN(id_variable)},
    {RESOURCE("watched_resource", "text/plain", "Watched text", "A text that can be watched.", run_watched),
     .uri = FIXTURE_WATCHED, .can_watch = true},
};

const struct action_resource_table fixture_resources = {rows, ARRAY_LEN(rows)};
