#include "xml.h"

#include "text.h"

#include <stdio.h>
#include <stdlib.h>

static void
put_escaped(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '>')
			fputs("&gt;", out);
		else if (*text == '&')
			fputs("&amp;", out);
		else
			putc(*text, out);
	}
}

static void put_children(FILE *out, json_t *value, int depth);

/* Recursion is as deep as the demo's own answers nest, never as deep as a request says. */
static void
put_element(FILE *out, const char *name, json_t *value, int depth)
{
	char buf[TEXT_NUMBER_MAX];
	const char *text;

	fprintf(out, "%*s<%s>", depth * 2, "", name);
	if (json_is_object(value) || json_is_array(value)) {
		putc('\n', out);
		put_children(out, value, depth + 1);
		fprintf(out, "%*s", depth * 2, "");
	} else if ((text = text_from_json(value, buf)) != NULL) {
		put_escaped(out, text);
	}
	fprintf(out, "</%s>\n", name);
}

static void
put_children(FILE *out, json_t *value, int depth)
{
	const char *name;
	json_t *member;
	size_t i;

	if (json_is_object(value)) {
		json_object_foreach(value, name, member) put_element(out, name, member, depth);
	} else {
		json_array_foreach(value, i, member) put_element(out, "item", member, depth);
	}
}

char *
xml_render(json_t *value)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return NULL;
	fputs("<?xml version=\"1.0\"?>\n", out);
	put_element(out, "response", value, 0);
	fclose(out);
	return text;
}
