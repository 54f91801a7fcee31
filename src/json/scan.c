/*
 * scan.c - the scanner proper: a loop over items, with one bit of memory per open bracket
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

struct scan {
	const char *start, *pos, *end;
	const struct json_limits *limits;
	uint32_t depth, max_depth;
	uint64_t objects[JSON_DEPTH_MAX / 64]; /* per open bracket: is it an object? */
	bool in_object;			       /* the innermost one is */
	bool is_first;			       /* just behind an opening bracket */
	struct json_facts facts;
	const struct json_sink *sink; /* NULL: nobody asks */
	void *ctx;
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
	const char *first = s->pos;

	while (s->pos < s->end && (*s->pos == ' ' || *s->pos == '\n' || *s->pos == '\r' || *s->pos == '\t'))
		s->pos++;
	if (s->sink != NULL && s->sink->on_space != NULL && s->pos > first)
		s->sink->on_space(s->ctx, slice_of(first, (size_t)(s->pos - first)));
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

/* Perhaps behind white space. */
static inline bool
take_sign(struct scan *s, char c)
{
	if (!at_char(s, c))
		skip_space(s);
	if (!at_char(s, c))
		return false;
	s->pos++;
	return true;
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

/* Up to the closing quote, from what is no plain ASCII. */
static int
take_odd_string(struct scan *s, bool is_key, unsigned *marks_io)
{
	int r;

	while (s->pos < s->end && *s->pos != '"') {
		r = take_odd_character(s, is_key, marks_io);
		if (r < 0)
			return r;
		s->pos = text_run_end(s->pos, s->end);
	}
	return s->pos < s->end ? 0 : refuse(s, "inside a string");
}

/* At the opening quote. */
static inline int
take_string(struct scan *s, bool is_key, unsigned *marks_r)
{
	const char *first = s->pos + 1;
	int r;

	*marks_r = 0;
	s->pos = text_run_end(first, s->end);
	if (s->pos == s->end || *s->pos != '"') {
		r = take_odd_string(s, is_key, marks_r);
		if (r < 0)
			return r;
	}
	if ((size_t)(s->pos - first) > s->limits->max_string_bytes)
		return refuse_limit(s, "a string that is too long", s->limits->max_string_bytes);
	s->pos++;
	return 0;
}

static size_t
take_digits(struct scan *s)
{
	const char *first = s->pos, *p = first;

	while (p < s->end && *p >= '0' && *p <= '9')
		p++;
	s->pos = p;
	return (size_t)(p - first);
}

/* Nineteen digits or more. */
static bool
is_big(const char *digits, size_t n, bool minus)
{
	return n > 19 || memcmp(digits, minus ? "9223372036854775808" : "9223372036854775807", 19) > 0;
}

/* An integer, or what stands before the point or the exponent of a number. */
static int
take_integer_part(struct scan *s, bool *is_big_r)
{
	bool minus = at_char(s, '-');
	const char *first;
	size_t digits;

	if (minus)
		s->pos++;
	first = s->pos;
	digits = take_digits(s);
	*is_big_r = digits >= 19 && is_big(first, digits, minus);
	if (digits == 0)
		return refuse(s, "a digit is missing");
	if (digits == 1 || *first != '0')
		return 0;
	s->pos = first + 1;
	return refuse(s, "a number begins with a zero too many");
}

static int
take_fraction(struct scan *s)
{
	if (at_char(s, '.')) {
		s->pos++;
		if (take_digits(s) == 0)
			return refuse(s, "a digit is missing behind the point");
	}
	if (at_char(s, 'e') || at_char(s, 'E')) {
		s->pos++;
		if (at_char(s, '+') || at_char(s, '-'))
			s->pos++;
		if (take_digits(s) == 0)
			return refuse(s, "a digit is missing in the exponent");
	}
	return 0;
}

static int
take_number(struct scan *s, enum json_kind *kind_r)
{
	bool is_big;
	int r;

	*kind_r = JSON_KIND_INTEGER;
	r = take_integer_part(s, &is_big);
	if (r < 0)
		return r;
	if (at_char(s, '.') || at_char(s, 'e') || at_char(s, 'E')) {
		*kind_r = JSON_KIND_REAL;
		return take_fraction(s);
	}
	s->facts.big_ints += is_big;
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
take_other(struct scan *s, enum json_kind *kind_r)
{
	switch (*s->pos) {
	case 't':
		return take_word(s, "true", JSON_KIND_TRUE, kind_r);
	case 'f':
		return take_word(s, "false", JSON_KIND_FALSE, kind_r);
	case 'n':
		return take_word(s, "null", JSON_KIND_NULL, kind_r);
	default:
		if (*s->pos == '-' || at_digit(s))
			return take_number(s, kind_r);
		return refuse(s, "a value is expected");
	}
}

static int
open_bracket(struct scan *s)
{
	uint64_t bit = (uint64_t)1 << (s->depth % 64);
	const char *at = s->pos;

	if (s->depth >= s->max_depth)
		return refuse_limit(s, "more levels than are read", s->max_depth);
	s->in_object = *at == '{';
	if (s->in_object)
		s->objects[s->depth / 64] |= bit;
	else
		s->objects[s->depth / 64] &= ~bit;
	s->depth++;
	if (s->depth > s->facts.depth)
		s->facts.depth = s->depth;
	s->pos++;
	s->is_first = true;
	return s->sink == NULL ? 0 : s->sink->on_open(s->ctx, s->in_object ? JSON_KIND_OBJECT : JSON_KIND_ARRAY, at);
}

static int
close_bracket(struct scan *s)
{
	s->pos++;
	s->depth--;
	s->in_object = is_object_open(s);
	return s->sink == NULL ? 0 : s->sink->on_close(s->ctx, s->pos);
}

/* A scalar, or the opening bracket of what is none. */
static inline int
take_value(struct scan *s)
{
	const char *first = s->pos;
	enum json_kind kind = JSON_KIND_STRING;
	unsigned marks = 0;
	int r;

	if (s->facts.values >= s->limits->max_values)
		return refuse_limit(s, "too many values", s->limits->max_values);
	s->facts.values++;
	if (first == s->end)
		return refuse(s, "a value is expected");
	if (*first == '{' || *first == '[')
		return open_bracket(s);
	r = *first == '"' ? take_string(s, false, &marks) : take_other(s, &kind);
	if (r < 0)
		return r;
	s->facts.kind = kind;
	if (s->sink == NULL)
		return 0;
	return s->sink->on_scalar(s->ctx, kind, slice_of(first, (size_t)(s->pos - first)), marks);
}

/* A member's name and the colon. */
static inline int
take_name(struct scan *s)
{
	struct slice name = slice_of(s->pos + 1, 0);
	unsigned marks;
	int r;

	if (!at_char(s, '"'))
		return refuse(s, "a member name in quotes is expected");
	r = take_string(s, true, &marks);
	if (r < 0)
		return r;
	name.len = (size_t)(s->pos - 1 - name.ptr);
	r = s->sink == NULL ? 0 : s->sink->on_key(s->ctx, name, marks);
	if (r != 0)
		return r;
	return take_sign(s, ':') ? 0 : refuse(s, "a colon is expected");
}

/* Inside brackets: the closing one, or an item with the comma before it. */
static int
step(struct scan *s)
{
	bool is_first = s->is_first;
	int r;

	s->is_first = false;
	if (is_first || !take_sign(s, ',')) {
		skip_space(s);
		if (at_char(s, s->in_object ? '}' : ']'))
			return close_bracket(s);
		if (!is_first)
			return refuse(s, s->in_object ? "a comma or } is expected" : "a comma or ] is expected");
	}
	skip_space(s);
	if (s->in_object) {
		r = take_name(s);
		if (r != 0)
			return r;
		skip_space(s);
	}
	return take_value(s);
}

static int
run(struct scan *s)
{
	const char *first;
	int r;

	skip_space(s);
	first = s->pos;
	r = take_value(s);
	while (r == 0 && s->depth > 0)
		r = step(s);
	if (r != 0)
		return r;
	s->facts.value = slice_of(first, (size_t)(s->pos - first));
	if (*first == '{' || *first == '[')
		s->facts.kind = *first == '{' ? JSON_KIND_OBJECT : JSON_KIND_ARRAY;
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
	s->max_depth = s->limits->max_depth < JSON_DEPTH_MAX ? s->limits->max_depth : JSON_DEPTH_MAX;
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
