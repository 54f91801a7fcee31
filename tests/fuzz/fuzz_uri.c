/*
 * fuzz_uri.c - any text as a URI: no crash; what a template finds climbs nowhere and holds no control character
 */
#include <stdint.h>
#include <string.h>

#include "../../src/action/uri_template.h"
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
look(const char *uri_template, struct slice uri)
{
	json_t *variables = json_object();
	const char *name;
	json_t *value;

	if (uri_template_match(uri_template, uri, variables) == 0) {
		json_object_foreach(variables, name, value)
		{
			const char *text = json_string_value(value);

			must(text != NULL && strlen(text) == json_string_length(value));
			must(strlen(text) <= URI_VALUE_MAX);
			must(strcmp(name, "id") != 0 || (strchr(text, '/') == NULL && strcmp(text, "..") != 0));
			must(strpbrk(text, "\n\r\t\x7f") == NULL);
		}
	}
	json_decref(variables);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice uri = slice_of((const char *)data, size);

	look("magento://plans/{id}{?from}", uri);
	look("m{id}/{a}.x", uri);
	look("{?session,from}", uri);
	return 0;
}
