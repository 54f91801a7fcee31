/* Reading GraphQL. */

#include "gql.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct parser {
	const char *text;
	const char *at;
	struct gql_error *error;
	bool failed;
};

static void
put_position(const struct parser *p, const char *at, int *line_r, int *column_r)
{
	*line_r = 1;
	*column_r = 1;
	for (const char *c = p->text; c < at; c++) {
		++*column_r;
		if (*c == '\n') {
			++*line_r;
			*column_r = 1;
		}
	}
}

static void
skip_blanks(struct parser *p)
{
	for (;;) {
		while (*p->at != '\0' && strchr(" \t\r\n,", *p->at) != NULL)
			p->at++;
		if (*p->at != '#')
			return;
		while (*p->at != '\0' && *p->at != '\n')
			p->at++;
	}
}

/* The first failure counts. */
static void
fail(struct parser *p)
{
	if (p->failed)
		return;
	p->failed = true;
	skip_blanks(p);
	put_position(p, p->at, &p->error->line, &p->error->column);
	if (*p->at == '\0')
		snprintf(p->error->message, sizeof(p->error->message), "Syntax Error: Unexpected <EOF>");
	else
		snprintf(p->error->message, sizeof(p->error->message), "Syntax Error: Unexpected \"%c\"", *p->at);
}

/* True, and the token is taken, if it is next. */
static bool
take(struct parser *p, const char *token)
{
	size_t len = strlen(token);

	skip_blanks(p);
	if (p->failed || strncmp(p->at, token, len) != 0)
		return false;
	p->at += len;
	return true;
}

static void
expect(struct parser *p, const char *token)
{
	if (!take(p, token))
		fail(p);
}

static bool
is_name_char(char c, bool first)
{
	return c == '_' || isalpha((unsigned char)c) || (!first && isdigit((unsigned char)c));
}

/* malloc'd; NULL, with or without failure, if none is next. */
static char *
take_name(struct parser *p)
{
	size_t len = 0;
	char *name;

	skip_blanks(p);
	if (p->failed || !is_name_char(*p->at, true))
		return NULL;
	while (is_name_char(p->at[len], false))
		len++;
	name = strndup(p->at, len);
	p->at += len;
	return name;
}

static char *
expect_name(struct parser *p)
{
	char *name = take_name(p);

	if (name == NULL)
		fail(p);
	return name;
}

/* Strings are JSON strings as far as clients use them. */
static json_t *
read_string(struct parser *p)
{
	const char *end = p->at + 1;
	json_t *value;

	while (*end != '\0' && *end != '"')
		end += *end == '\\' && end[1] != '\0' ? 2 : 1;
	value = *end == '"' ? json_loadb(p->at, (size_t)(end - p->at) + 1, JSON_DECODE_ANY, NULL) : NULL;
	if (value == NULL) {
		p->at = *end == '\0' ? end : p->at;
		fail(p);
		return NULL;
	}
	p->at = end + 1;
	return value;
}

static json_t *
read_number(struct parser *p)
{
	size_t len = strspn(p->at, "-+.0123456789eE");
	json_t *value = json_loadb(p->at, len, JSON_DECODE_ANY, NULL);

	if (value == NULL)
		fail(p);
	p->at += len;
	return value;
}

/* true, false, null, and enumeration values as text; steals the name. */
static json_t *
make_word(char *name)
{
	json_t *value = strcmp(name, "true") == 0    ? json_true()
			: strcmp(name, "false") == 0 ? json_false()
			: strcmp(name, "null") == 0  ? json_null()
						     : json_string(name);

	free(name);
	return value;
}

static json_t *read_value(struct parser *p, int depth);

static json_t *
read_list(struct parser *p, int depth)
{
	json_t *list = json_array();

	while (!p->failed && !take(p, "]"))
		json_array_append_new(list, read_value(p, depth + 1));
	return list;
}

static json_t *
read_object(struct parser *p, int depth, const char *end)
{
	json_t *object = json_object();

	while (!p->failed && !take(p, end)) {
		char *name = expect_name(p);

		expect(p, ":");
		if (!p->failed)
			json_object_set_new(object, name, read_value(p, depth + 1));
		free(name);
	}
	return object;
}

static json_t *
read_value(struct parser *p, int depth)
{
	json_t *value = NULL;
	char *name;

	skip_blanks(p);
	if (depth > GQL_DEPTH_MAX) {
		fail(p);
	} else if (take(p, "$")) {
		name = expect_name(p);
		value = name != NULL ? json_pack("{s:s}", "$", name) : NULL;
		free(name);
	} else if (*p->at == '"') {
		value = read_string(p);
	} else if (take(p, "[")) {
		value = read_list(p, depth);
	} else if (take(p, "{")) {
		value = read_object(p, depth, "}");
	} else if (*p->at == '-' || isdigit((unsigned char)*p->at)) {
		value = read_number(p);
	} else {
		name = expect_name(p);
		value = name != NULL ? make_word(name) : NULL;
	}
	return value != NULL ? value : json_null();
}

static json_t *read_selections(struct parser *p, int depth);

static void
set_text(json_t *object, const char *name, const char *value)
{
	json_object_set_new(object, name, json_string(value));
}

/* What follows "...": a spread, or a fragment with or without a type. */
static json_t *
read_fragment(struct parser *p, int depth)
{
	char *name = take_name(p), *type = NULL;
	json_t *selection = json_object();

	if (name != NULL && strcmp(name, "on") != 0) {
		set_text(selection, "spread", name);
	} else {
		if (name != NULL)
			type = expect_name(p);
		if (type != NULL)
			set_text(selection, "on", type);
		json_object_set_new(selection, "fields", read_selections(p, depth + 1));
	}
	free(name);
	free(type);
	return selection;
}

static json_t *
read_field(struct parser *p, int depth)
{
	json_t *selection = json_object();
	char *name, *alias;
	int line, column;

	skip_blanks(p);
	put_position(p, p->at, &line, &column);
	alias = expect_name(p);
	name = take(p, ":") ? expect_name(p) : NULL;
	if (!p->failed) {
		set_text(selection, "alias", alias);
		set_text(selection, "name", name != NULL ? name : alias);
		json_object_set_new(selection, "line", json_integer(line));
		json_object_set_new(selection, "column", json_integer(column));
	}
	json_object_set_new(selection, "args", take(p, "(") ? read_object(p, 0, ")") : json_object());
	skip_blanks(p);
	if (!p->failed && *p->at == '{')
		json_object_set_new(selection, "fields", read_selections(p, depth + 1));
	free(name);
	free(alias);
	return selection;
}

static json_t *
read_selections(struct parser *p, int depth)
{
	json_t *list = json_array();

	expect(p, "{");
	if (depth > GQL_DEPTH_MAX)
		fail(p);
	do {
		if (take(p, "..."))
			json_array_append_new(list, read_fragment(p, depth));
		else if (!p->failed)
			json_array_append_new(list, read_field(p, depth));
	} while (!p->failed && !take(p, "}"));
	return list;
}

/* ($u0: String!, $n: Int = 1): names with their types as text. */
static json_t *
read_variables(struct parser *p)
{
	json_t *variables = json_object();

	while (!p->failed && !take(p, ")")) {
		char *name, *type;

		expect(p, "$");
		name = expect_name(p);
		expect(p, ":");
		(void)take(p, "[");
		type = expect_name(p);
		(void)take(p, "!");
		(void)take(p, "]");
		if (!p->failed)
			json_object_set_new(variables, name, json_sprintf("%s%s", type, p->at[-1] == '!' ? "!" : ""));
		if (take(p, "="))
			json_decref(read_value(p, 0));
		free(name);
		free(type);
	}
	return variables;
}

static void
read_definition(struct parser *p, json_t *query)
{
	char *word = take_name(p), *name;

	if (word == NULL || strcmp(word, "query") == 0) {
		free(take_name(p));
		if (word != NULL && take(p, "("))
			json_object_set_new(query, "variables", read_variables(p));
		json_object_set_new(query, "fields", read_selections(p, 0));
	} else if (strcmp(word, "fragment") == 0) {
		name = expect_name(p);
		if (!p->failed)
			json_object_set_new(json_object_get(query, "fragments"), name, read_fragment(p, 0));
		free(name);
	} else {
		fail(p);
	}
	free(word);
}

json_t *
gql_parse(const char *text, struct gql_error *error)
{
	struct parser p = {.text = text, .at = text, .error = error};
	json_t *query = json_pack("{s:{}, s:{}}", "variables", "fragments");

	do {
		read_definition(&p, query);
		skip_blanks(&p);
	} while (!p.failed && *p.at != '\0');
	if (!p.failed && json_object_get(query, "fields") == NULL)
		fail(&p);
	if (!p.failed)
		return query;
	json_decref(query);
	return NULL;
}
