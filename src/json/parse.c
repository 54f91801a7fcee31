/*
 * parse.c - the scanner's events made into a jansson tree
 *
 * A refusal that is not the grammar's (a name twice, a number too large) is remembered and the scan goes on, so that
 * text that is no JSON is told so whatever else is wrong with it.
 */
#include "json/parse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json/events.h"

struct builder {
	struct slice text;
	bool big_int_as_real;
	json_t *root;
	uint32_t depth;
	json_t *open[JSON_DEPTH_MAX]; /* borrowed: each is already in the one before */
	struct slice raw_key;	      /* as written */
	struct slice key;	      /* of the value that comes next */
	struct buf key_text;	      /* holds key when it had escapes */
	struct buf scratch;
	int refused; /* 0, or why there will be no tree */
	struct err *err;
};

static int
refuse(struct builder *b, struct slice where, enum err_code code, const char *what)
{
	if (b->refused != 0)
		return 0;
	b->refused = code;
	(void)err_set(b->err, code, "The JSON text %s, at byte %zu.", what, (size_t)(where.ptr - b->text.ptr));
	return 0;
}

static int
no_memory(struct builder *b)
{
	return err_set(b->err, ERR_NOMEM, "Out of memory while reading JSON.");
}

/* Takes `value`, which may be NULL: then there was no memory for it. */
static int
attach(struct builder *b, json_t *value)
{
	json_t *parent;
	size_t before;

	if (value == NULL)
		return no_memory(b);
	if (b->depth == 0) {
		b->root = value;
		return 0;
	}
	parent = b->open[b->depth - 1];
	if (json_is_array(parent))
		return json_array_append_new(parent, value) == 0 ? 0 : no_memory(b);
	before = json_object_size(parent);
	if (json_object_setn_new_nocheck(parent, b->key.ptr, b->key.len, value) != 0)
		return no_memory(b);
	if (json_object_size(parent) == before)
		return refuse(b, b->raw_key, ERR_EXISTS, "names a member of an object twice");
	return 0;
}

static int
on_key(void *ctx, struct slice raw, unsigned marks)
{
	struct builder *b = ctx;
	int r;

	b->raw_key = b->key = raw;
	if (b->refused != 0)
		return 0;
	if (marks & JSON_TEXT_ESCAPE) {
		buf_clear(&b->key_text);
		r = json_scan_unescape(raw, &b->key_text);
		if (r < 0)
			return no_memory(b);
		b->key = buf_slice(&b->key_text);
	}
	return 0;
}

static int
add_string(struct builder *b, struct slice token, bool has_escape)
{
	struct slice text = json_scan_unquote(token);
	int r;

	if (has_escape) {
		buf_clear(&b->scratch);
		r = json_scan_unescape(text, &b->scratch);
		if (r < 0)
			return no_memory(b);
		text = buf_slice(&b->scratch);
	}
	return attach(b, json_stringn_nocheck(text.ptr, text.len));
}

static int
add_real(struct builder *b, struct slice token)
{
	double value;

	buf_clear(&b->scratch);
	if (buf_put_slice(&b->scratch, token) < 0)
		return no_memory(b);
	value = strtod(buf_cstr(&b->scratch), NULL);
	if (!isfinite(value))
		return refuse(b, token, ERR_LIMIT, "has a number that is too large");
	return attach(b, json_real(value));
}

static int
add_integer(struct builder *b, struct slice token)
{
	bool minus = token.ptr[0] == '-';
	uint64_t magnitude = 0, max = (uint64_t)INT64_MAX + minus;
	int r;

	r = slice_to_u64(slice_sub(token, minus, token.len), max, &magnitude);
	if (r == 0)
		return attach(b, json_integer(minus ? (json_int_t)(0 - magnitude) : (json_int_t)magnitude));
	if (b->big_int_as_real)
		return add_real(b, token);
	return refuse(b, token, ERR_LIMIT, "has an integer beyond 64 bits (write it as a string)");
}

static int
on_scalar(void *ctx, enum json_kind kind, struct slice token, unsigned marks)
{
	struct builder *b = ctx;

	if (b->refused != 0)
		return 0;
	switch (kind) {
	case JSON_KIND_STRING:
		return add_string(b, token, (marks & JSON_TEXT_ESCAPE) != 0);
	case JSON_KIND_INTEGER:
		return add_integer(b, token);
	case JSON_KIND_REAL:
		return add_real(b, token);
	case JSON_KIND_NULL:
		return attach(b, json_null());
	default:
		return attach(b, json_boolean(kind == JSON_KIND_TRUE));
	}
}

static int
on_open(void *ctx, enum json_kind kind, const char *at)
{
	struct builder *b = ctx;
	json_t *node;
	int r;

	(void)at;
	if (b->refused != 0)
		return 0;
	node = kind == JSON_KIND_OBJECT ? json_object() : json_array();
	r = attach(b, node);
	if (r == 0 && b->refused == 0)
		b->open[b->depth++] = node;
	return r;
}

static int
on_close(void *ctx, const char *end)
{
	struct builder *b = ctx;

	(void)end;
	if (b->refused == 0)
		b->depth--;
	return 0;
}

int
json_parse(struct slice text, const struct json_limits *limits, json_t **root_r, struct err *err)
{
	static const struct json_sink sink = {
	    .on_key = on_key, .on_scalar = on_scalar, .on_open = on_open, .on_close = on_close};
	struct builder b;
	int r;

	memset(&b, 0, offsetof(struct builder, open));
	b.text = text;
	b.big_int_as_real = limits != NULL && limits->big_int_as_real;
	b.refused = 0;
	b.err = err;
	buf_init(&b.key_text, text.len);
	buf_init(&b.scratch, text.len);
	r = json_scan_events(text, limits, &sink, &b, err);
	if (r == 0)
		r = b.refused;
	if (r < 0) {
		json_decref(b.root);
		b.root = NULL;
	}
	*root_r = b.root;
	buf_fini(&b.key_text);
	buf_fini(&b.scratch);
	return r;
}
