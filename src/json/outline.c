/*
 * outline.c - plain texts read in one pass
 *
 * Whatever is not plain ends the reading at once: nobody is told why, so no mistake needs to be told apart here.
 */
#include "json/view.h"

#include "base/err.h"
#include "base/text_run.h"

struct reader {
	const char *pos, *end;
	struct json_outline *outline;
	uint32_t max_values, max_depth;
	size_t max_string;
	uint32_t depth;
	struct json_node *open[JSON_OUTLINE_DEPTH_MAX];
};

static inline void
skip_space(struct reader *r)
{
	while (r->pos < r->end && (unsigned char)*r->pos <= ' ' &&
	       (*r->pos == ' ' || *r->pos == '\n' || *r->pos == '\r' || *r->pos == '\t'))
		r->pos++;
}

static inline bool
take_char(struct reader *r, char c)
{
	if (r->pos == r->end || *r->pos != c)
		return false;
	r->pos++;
	return true;
}

static inline bool
take_string(struct reader *r, const char **first_r, uint32_t *len_r)
{
	if (!take_char(r, '"'))
		return false;
	*first_r = r->pos;
	r->pos = text_run_end(r->pos, r->end);
	*len_r = (uint32_t)(r->pos - *first_r);
	return *len_r <= r->max_string && take_char(r, '"');
}

/* A longer one may be beyond 64 bits. */
static bool
take_integer(struct reader *r)
{
	const char *first;

	(void)take_char(r, '-');
	first = r->pos;
	while (r->pos < r->end && *r->pos >= '0' && *r->pos <= '9')
		r->pos++;
	if (r->pos == first || r->pos - first > 18 || (*first == '0' && r->pos - first > 1))
		return false;
	return r->pos == r->end || (*r->pos != '.' && *r->pos != 'e' && *r->pos != 'E');
}

static bool
take_word(struct reader *r, const char *word, size_t len)
{
	if ((size_t)(r->end - r->pos) < len || memcmp(r->pos, word, len) != 0)
		return false;
	r->pos += len;
	return true;
}

static bool
open_bracket(struct reader *r, struct json_node *node)
{
	node->kind = *r->pos == '{' ? JSON_KIND_OBJECT : JSON_KIND_ARRAY;
	if (r->depth == r->max_depth)
		return false;
	r->open[r->depth++] = node;
	r->pos++;
	return true;
}

/* A scalar, or the opening bracket of what is none. */
static inline bool
take_token(struct reader *r, struct json_node *node)
{
	const char *text;
	uint32_t len;

	switch (r->pos < r->end ? *r->pos : '\0') {
	case '"':
		node->kind = JSON_KIND_STRING;
		return take_string(r, &text, &len);
	case '{':
	case '[':
		return open_bracket(r, node);
	case 't':
		node->kind = JSON_KIND_TRUE;
		return take_word(r, "true", 4);
	case 'f':
		node->kind = JSON_KIND_FALSE;
		return take_word(r, "false", 5);
	case 'n':
		node->kind = JSON_KIND_NULL;
		return take_word(r, "null", 4);
	default:
		node->kind = JSON_KIND_INTEGER;
		return take_integer(r);
	}
}

/* Is there a member of this name before it? */
static bool
is_new(const struct json_node *parent, const struct json_node *node)
{
	for (const struct json_node *child = parent + 1; child < node; child += child->span) {
		if (child->key_len == node->key_len && memcmp(child->key, node->key, node->key_len) == 0)
			return false;
	}
	return true;
}

static inline bool
take_name(struct reader *r, struct json_node *node)
{
	node->key = NULL;
	node->key_len = 0;
	if (r->depth == 0 || r->open[r->depth - 1]->kind != JSON_KIND_OBJECT)
		return true;
	if (!take_string(r, &node->key, &node->key_len) || !is_new(r->open[r->depth - 1], node))
		return false;
	skip_space(r);
	if (!take_char(r, ':'))
		return false;
	skip_space(r);
	return true;
}

/* A value, with its name in an object; of what is no scalar the opening bracket. */
static bool
take_item(struct reader *r)
{
	struct json_node *node = &r->outline->nodes[r->outline->n];

	if (r->outline->n == r->max_values || !take_name(r, node))
		return false;
	r->outline->n++;
	node->span = 1;
	node->ptr = r->pos;
	if (!take_token(r, node))
		return false;
	node->len = (uint32_t)(r->pos - node->ptr);
	return true;
}

/* Closes brackets as long as there are some, up to the next comma or the end. */
static bool
close_brackets(struct reader *r)
{
	skip_space(r);
	while (r->depth > 0) {
		struct json_node *node = r->open[r->depth - 1];

		if (!take_char(r, node->kind == JSON_KIND_OBJECT ? '}' : ']'))
			return true;
		node->span = (uint32_t)(&r->outline->nodes[r->outline->n] - node);
		node->len = (uint32_t)(r->pos - node->ptr);
		r->depth--;
		skip_space(r);
	}
	return r->pos == r->end;
}

static bool
read_text(struct reader *r)
{
	uint32_t depth;

	skip_space(r);
	for (;;) {
		depth = r->depth;
		if (!take_item(r) || !close_brackets(r))
			return false;
		if (r->depth == 0)
			return true;
		if (r->depth <= depth && !take_char(r, ','))
			return false;
		skip_space(r);
	}
}

int
json_outline_read(struct json_outline *outline, struct slice text, const struct json_limits *limits)
{
	const struct json_limits *l = limits != NULL ? limits : &json_limits_default;
	struct reader r;

	if (text.len == 0 || text.len > JSON_OUTLINE_BYTES_MAX || text.len > l->max_bytes)
		return ERR_UNSUPPORTED;
	r.pos = text.ptr;
	r.end = text.ptr + text.len;
	r.outline = outline;
	r.max_values = l->max_values < JSON_OUTLINE_MAX ? l->max_values : JSON_OUTLINE_MAX;
	r.max_depth = l->max_depth < JSON_OUTLINE_DEPTH_MAX ? l->max_depth : JSON_OUTLINE_DEPTH_MAX;
	r.max_string = l->max_string_bytes;
	r.depth = 0;
	outline->n = 0;
	return read_text(&r) ? 0 : ERR_UNSUPPORTED;
}
