/*
 * scan.c - the scanner proper: a loop over steps, with one bit of memory per open bracket
 */
#include "json/scan.h"

#include <string.h>

#include "json/events.h"
#include "base/text_run.h"

const struct json_limits json_limits_default = {
    .max_bytes = 4u << 20,
    .max_string_bytes = 1u << 20,
    .max_depth = 64,
    .max_values = 200000,
    .big_int_as_real = false,
};

/* What the grammar expects next, after white space. */
enum step {
	STEP_VALUE, /* a value */
	STEP_FIRST, /* just behind an opening bracket: an item or the closing bracket */
	STEP_NEXT,  /* just behind an item: a comma or the closing bracket */
	STEP_DONE
};

struct scan {
	const char *start, *pos, *end;
	const struct json_limits *limits;
	enum step step;
	uint32_t depth;
	uint64_t objects[JSON_DEPTH_MAX / 64]; /* per open bracket: is it an object? */
	bool in_object;			       /* the innermost one is */
	struct json_facts facts;
	const struct json_sink *sink; /* NULL: nobody asks */
	json_item_fn visit;	      /* likewise */
	void *ctx;
	enum json_kind wanted; /* the root whose items are visited */
	struct json_item item; /* the one under way at depth 1 */
	struct err *err;
};

static int
refuse(struct scan *s, const char *what)
{
	s->facts.failed_at = (size_t)(s->pos - s->start);
	if (s->pos == s->end)
		return err_set(s->err, ERR_INVALID, "Not valid JSON: the text ends too early, %s.", what);
	return err_set(s->err, ERR_INVALID, "Not valid JSON at byte %zu: %s.", s->facts.failed_at, what);
}

static int
refuse_limit(struct scan *s, const char *what, size_t max)
{
	s->facts.failed_at = (size_t)(s->pos - s->start);
	return err_set(s->err, ERR_LIMIT, "The JSON text has %s (at most %zu).", what, max);
}

static bool
is_object_open(const struct scan *s)
{
	uint32_t top = s->depth - 1;

	return s->depth > 0 && (s->objects[top / 64] >> (top % 64) & 1) != 0;
}

static void
skip_spaces(struct scan *s)
{
	while (s->pos < s->end && (*s->pos == ' ' || *s->pos == '\n' || *s->pos == '\r' || *s->pos == '\t'))
		s->pos++;
}

/* Machines write none. */
static inline void
skip_space(struct scan *s)
{
	if (s->pos < s->end && (unsigned char)*s->pos <= ' ')
		skip_spaces(s);
}

static bool
at_char(const struct scan *s, char c)
{
	return s->pos < s->end && *s->pos == c;
}

static bool
at_digit(const struct scan *s)
{
	return s->pos < s->end && *s->pos >= '0' && *s->pos <= '9';
}

/* Four hexadecimal digits behind \u; -1 when they are not that. */
static int
hex4(const char *p, const char *end)
{
	int value = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = p[i];

		if (c >= '0' && c <= '9')
			value = value * 16 + (c - '0');
		else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
			value = value * 16 + ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return value;
}

/* At the backslash of \uXXXX. */
static int
take_unicode(struct scan *s, bool is_key)
{
	int unit = hex4(s->pos + 2, s->end);
	int low;

	if (unit < 0)
		return refuse(s, "\\u needs four hexadecimal digits");
	if (unit == 0 && is_key)
		return refuse(s, "a member name holds \\u0000");
	if (unit >= 0xDC00 && unit <= 0xDFFF)
		return refuse(s, "a low surrogate without its high one");
	if (unit >= 0xD800 && unit <= 0xDBFF) {
		const char *second = s->pos + 6;

		low = s->end - second >= 2 && second[0] == '\\' && second[1] == 'u' ? hex4(second + 2, s->end) : -1;
		if (low < 0xDC00 || low > 0xDFFF)
			return refuse(s, "a high surrogate without its low one");
		s->pos += 6;
	}
	s->pos += 6;
	return 0;
}

static int
take_escape(struct scan *s, bool is_key)
{
	if (s->end - s->pos < 2)
		return refuse(s, "an escape is cut off");
	if (s->pos[1] == 'u')
		return take_unicode(s, is_key);
	if (s->pos[1] == '\0' || strchr("\"\\/bfnrt", s->pos[1]) == NULL)
		return refuse(s, "unknown escape");
	s->pos += 2;
	return 0;
}

/* What is neither plain ASCII nor the closing quote. */
static int
take_odd_character(struct scan *s, bool is_key, unsigned *marks_io)
{
	size_t len;

	if (*s->pos == '\\') {
		*marks_io |= JSON_TEXT_ESCAPE;
		return take_escape(s, is_key);
	}
	if ((unsigned char)*s->pos < 0x20)
		return refuse(s, "a raw control character in a string; write it as an escape");
	len = slice_utf8_len(slice_of(s->pos, (size_t)(s->end - s->pos)));
	if (len == 0)
		return refuse(s, "invalid UTF-8");
	*marks_io |= JSON_TEXT_ODD;
	s->pos += len;
	return 0;
}

/* At the opening quote. */
static int
take_string(struct scan *s, bool is_key, struct slice *raw_r, unsigned *marks_r)
{
	const char *first = s->pos + 1;
	int r;

	*marks_r = 0;
	s->pos++;
	for (;;) {
		s->pos = text_run_end(s->pos, s->end);
		if (s->pos == s->end)
			return refuse(s, "inside a string");
		if (*s->pos == '"')
			break;
		r = take_odd_character(s, is_key, marks_r);
		if (r < 0)
			return r;
	}
	*raw_r = slice_of(first, (size_t)(s->pos - first));
	if (raw_r->len > s->limits->max_string_bytes)
		return refuse_limit(s, "a string that is too long", s->limits->max_string_bytes);
	s->pos++;
	return 0;
}

static size_t
take_digits(struct scan *s)
{
	const char *first = s->pos;

	while (at_digit(s))
		s->pos++;
	return (size_t)(s->pos - first);
}

static int
take_integer_part(struct scan *s)
{
	const char *first = s->pos, *largest;
	bool minus = at_char(s, '-');
	size_t digits;

	if (minus)
		s->pos++;
	if (at_char(s, '0')) {
		s->pos++;
		if (at_digit(s))
			return refuse(s, "a number begins with a zero too many");
		return 0;
	}
	digits = take_digits(s);
	if (digits == 0)
		return refuse(s, "a digit is missing");
	largest = minus ? "9223372036854775808" : "9223372036854775807";
	if (digits > 19 || (digits == 19 && memcmp(first + minus, largest, 19) > 0))
		s->facts.big_ints++;
	return 0;
}

static int
take_number(struct scan *s, enum json_kind *kind_r)
{
	uint32_t big_before = s->facts.big_ints;
	int r;

	*kind_r = JSON_KIND_INTEGER;
	r = take_integer_part(s);
	if (r < 0)
		return r;
	if (at_char(s, '.')) {
		*kind_r = JSON_KIND_REAL;
		s->pos++;
		if (take_digits(s) == 0)
			return refuse(s, "a digit is missing behind the point");
	}
	if (at_char(s, 'e') || at_char(s, 'E')) {
		*kind_r = JSON_KIND_REAL;
		s->pos++;
		if (at_char(s, '+') || at_char(s, '-'))
			s->pos++;
		if (take_digits(s) == 0)
			return refuse(s, "a digit is missing in the exponent");
	}
	if (*kind_r == JSON_KIND_REAL)
		s->facts.big_ints = big_before;
	return 0;
}

static int
take_word(struct scan *s, const char *word, enum json_kind kind, enum json_kind *kind_r)
{
	size_t len = strlen(word);

	if ((size_t)(s->end - s->pos) < len || memcmp(s->pos, word, len) != 0)
		return refuse(s, "a value is expected");
	s->pos += len;
	*kind_r = kind;
	return 0;
}

static int
take_bracket(struct scan *s, enum json_kind *kind_r)
{
	uint64_t bit = (uint64_t)1 << (s->depth % 64);
	uint32_t max = s->limits->max_depth < JSON_DEPTH_MAX ? s->limits->max_depth : JSON_DEPTH_MAX;

	if (s->depth >= max)
		return refuse_limit(s, "more levels than are read", max);
	*kind_r = *s->pos == '{' ? JSON_KIND_OBJECT : JSON_KIND_ARRAY;
	if (*kind_r == JSON_KIND_OBJECT)
		s->objects[s->depth / 64] |= bit;
	else
		s->objects[s->depth / 64] &= ~bit;
	s->in_object = *kind_r == JSON_KIND_OBJECT;
	s->depth++;
	if (s->depth > s->facts.depth)
		s->facts.depth = s->depth;
	s->pos++;
	s->step = STEP_FIRST;
	return 0;
}

/* Consumes a scalar, or the opening bracket of what is none. */
static int
take_token(struct scan *s, enum json_kind *kind_r, unsigned *marks_r)
{
	struct slice raw;

	*marks_r = 0;
	switch (s->pos < s->end ? *s->pos : '\0') {
	case '{':
	case '[':
		return take_bracket(s, kind_r);
	case '"':
		*kind_r = JSON_KIND_STRING;
		return take_string(s, false, &raw, marks_r);
	case 't':
		return take_word(s, "true", JSON_KIND_TRUE, kind_r);
	case 'f':
		return take_word(s, "false", JSON_KIND_FALSE, kind_r);
	case 'n':
		return take_word(s, "null", JSON_KIND_NULL, kind_r);
	default:
		if (at_char(s, '-') || at_digit(s))
			return take_number(s, kind_r);
		return refuse(s, "a value is expected");
	}
}

/* A value is complete: tell the visitor when it is an item of the root. */
static int
finish_value(struct scan *s)
{
	s->step = s->depth == 0 ? STEP_DONE : STEP_NEXT;
	if (s->depth != 1 || s->visit == NULL || s->facts.kind != s->wanted)
		return 0;
	s->item.value.len = (size_t)(s->pos - s->item.value.ptr);
	return s->visit(s->ctx, &s->item);
}

/* A scalar or an opening bracket was taken. */
static int
note_value(struct scan *s, const char *first, enum json_kind kind, unsigned marks, bool is_open)
{
	uint32_t outside = is_open ? s->depth - 1 : s->depth;

	if (outside == 0) {
		s->facts.kind = kind;
		s->facts.value.ptr = first;
	} else if (outside == 1) {
		s->item.value.ptr = first;
		s->item.kind = kind;
		s->item.value_has_escape = (marks & JSON_TEXT_ESCAPE) != 0;
	}
	if (s->sink == NULL)
		return 0;
	if (is_open)
		return s->sink->on_open(s->ctx, kind);
	return s->sink->on_scalar(s->ctx, kind, slice_of(first, (size_t)(s->pos - first)), marks);
}

static int
step_value(struct scan *s)
{
	uint32_t depth = s->depth;
	const char *first = s->pos;
	enum json_kind kind = JSON_KIND_NULL;
	unsigned marks;
	int r;

	if (s->facts.values >= s->limits->max_values)
		return refuse_limit(s, "too many values", s->limits->max_values);
	s->facts.values++;
	r = take_token(s, &kind, &marks);
	if (r < 0)
		return r;
	r = note_value(s, first, kind, marks, s->depth > depth);
	if (r != 0)
		return r;
	return s->depth > depth ? 0 : finish_value(s);
}

/* At a member's name, or at an element. */
static int
begin_item(struct scan *s)
{
	struct slice key;
	unsigned marks;
	int r;

	s->step = STEP_VALUE;
	if (!s->in_object)
		return 0;
	if (!at_char(s, '"'))
		return refuse(s, "a member name in quotes is expected");
	r = take_string(s, true, &key, &marks);
	if (r < 0)
		return r;
	if (s->depth == 1) {
		s->item.key = key;
		s->item.key_has_escape = (marks & JSON_TEXT_ESCAPE) != 0;
	}
	skip_space(s);
	if (!at_char(s, ':'))
		return refuse(s, "a colon is expected");
	s->pos++;
	return s->sink == NULL ? 0 : s->sink->on_key(s->ctx, key, marks);
}

static bool
at_closing(const struct scan *s)
{
	return at_char(s, s->in_object ? '}' : ']');
}

static int
close_bracket(struct scan *s)
{
	int r;

	s->pos++;
	s->depth--;
	s->in_object = is_object_open(s);
	r = s->sink == NULL ? 0 : s->sink->on_close(s->ctx);
	return r != 0 ? r : finish_value(s);
}

static int
step_next(struct scan *s)
{
	if (at_closing(s))
		return close_bracket(s);
	if (!at_char(s, ','))
		return refuse(s, s->in_object ? "a comma or } is expected" : "a comma or ] is expected");
	s->pos++;
	skip_space(s);
	return begin_item(s);
}

static int
run(struct scan *s)
{
	int r;

	while (s->step != STEP_DONE) {
		skip_space(s);
		if (s->step == STEP_VALUE)
			r = step_value(s);
		else if (s->step == STEP_FIRST)
			r = at_closing(s) ? close_bracket(s) : begin_item(s);
		else
			r = step_next(s);
		if (r != 0)
			return r;
	}
	s->facts.value.len = (size_t)(s->pos - s->facts.value.ptr);
	skip_space(s);
	if (s->pos != s->end)
		return refuse(s, "more text behind the value");
	return 0;
}

static int
scan_text(struct scan *s, struct slice text, const struct json_limits *limits)
{
	s->start = s->pos = text.ptr == NULL ? "" : text.ptr;
	s->end = s->start + text.len;
	s->limits = limits == NULL ? &json_limits_default : limits;
	if (text.len > s->limits->max_bytes)
		return refuse_limit(s, "too many bytes", s->limits->max_bytes);
	return run(s);
}

int
json_scan_value(struct slice text, const struct json_limits *limits, struct json_facts *facts_r, struct err *err)
{
	struct scan s = {.err = err};
	int r;

	r = scan_text(&s, text, limits);
	if (facts_r != NULL)
		*facts_r = s.facts;
	return r;
}

int
json_scan_events(struct slice text, const struct json_limits *limits, const struct json_sink *sink, void *ctx,
		 struct err *err)
{
	struct scan s = {.err = err, .sink = sink, .ctx = ctx};

	return scan_text(&s, text, limits);
}

static int
scan_items(struct slice text, const struct json_limits *limits, struct scan *s)
{
	int r;

	r = scan_text(s, text, limits);
	if (r == 0 && s->facts.kind != s->wanted)
		r = err_set(s->err, ERR_UNSUPPORTED, "The JSON text must be %s.",
			    s->wanted == JSON_KIND_OBJECT ? "an object" : "an array");
	return r;
}

int
json_scan_object(struct slice text, const struct json_limits *limits, json_item_fn visit, void *ctx, struct err *err)
{
	struct scan s = {.err = err, .visit = visit, .ctx = ctx, .wanted = JSON_KIND_OBJECT};

	return scan_items(text, limits, &s);
}

int
json_scan_array(struct slice text, const struct json_limits *limits, json_item_fn visit, void *ctx, struct err *err)
{
	struct scan s = {.err = err, .visit = visit, .ctx = ctx, .wanted = JSON_KIND_ARRAY};

	return scan_items(text, limits, &s);
}
