/*
 * template.c - filling in, and what of it may be shown
 */
#include "magento/template.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"

#define RAW_MAX 8192	/* text worked on; anything longer is cut before it is cleaned */
#define VALUE_CHARS 120 /* of one parameter */
#define ERRORS_MAX 10	/* entries of errors[] that are read */
#define NAMES_MAX 32	/* different placeholders of one message with a positional list */

/* ---- Filling in ---- */

static bool
is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The characters behind a '%' that could name a parameter. */
static struct slice
name_at(struct slice text, size_t i)
{
	size_t end = i;

	while (end < text.len && is_name_char(text.ptr[end]))
		end++;
	return slice_sub(text, i, end - i);
}

static struct slice
digits_of(struct slice name)
{
	size_t n = 0;

	while (n < name.len && name.ptr[n] >= '0' && name.ptr[n] <= '9')
		n++;
	return slice_sub(name, 0, n);
}

/* Names with a positional list: each gets the next value when it is first met. */
struct naming {
	struct slice names[NAMES_MAX];
	size_t n;
};

static size_t
index_of_name(struct naming *naming, struct slice name)
{
	size_t i;

	for (i = 0; i < naming->n; i++) {
		if (slice_eq(naming->names[i], name))
			return i;
	}
	if (naming->n == NAMES_MAX)
		return SIZE_MAX;
	naming->names[naming->n] = name;
	return naming->n++;
}

static const json_t *
find_positional(const json_t *list, struct slice *name, struct naming *naming)
{
	struct slice digits = digits_of(*name);
	uint64_t number;

	/* "%12" with 3 values is "%1" followed by a 2. */
	while (digits.len > 0) {
		if (slice_to_u64(digits, 1000, &number) == 0 && number >= 1 && number <= json_array_size(list)) {
			*name = digits;
			return json_array_get(list, (size_t)number - 1);
		}
		digits.len--;
	}
	if (name->len == 0 || digits_of(*name).len > 0)
		return NULL;
	return json_array_get(list, index_of_name(naming, *name));
}

static const json_t *
find_named(const json_t *object, struct slice *name)
{
	char key[64];
	const json_t *value;

	for (; name->len > 0; name->len--) {
		if (slice_to_str(*name, key, sizeof(key)) < 0)
			continue;
		value = json_object_get(object, key);
		if (value != NULL)
			return value;
	}
	return NULL;
}

static int
put_value(struct buf *out, const json_t *value)
{
	char *text;
	int r;

	if (json_is_string(value)) {
		if (template_is_internal(slice_of(json_string_value(value), json_string_length(value))))
			return buf_put_str(out, TEMPLATE_INTERNAL);
		return template_clean_put(out, slice_of(json_string_value(value), json_string_length(value)),
					  VALUE_CHARS);
	}
	if (json_is_null(value))
		return buf_put_str(out, "");
	text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
	if (text == NULL)
		return ERR_NOMEM;
	r = template_clean_put(out, slice_from_str(text), VALUE_CHARS);
	free(text);
	return r;
}

int
template_fill(struct slice message, const json_t *parameters, struct buf *out)
{
	struct naming naming = {.n = 0};
	const json_t *value;
	struct slice name;
	size_t i = 0;

	while (i < message.len) {
		value = NULL;
		if (message.ptr[i] == '%') {
			name = name_at(message, i + 1);
			if (json_is_array(parameters))
				value = find_positional(parameters, &name, &naming);
			else if (json_is_object(parameters))
				value = find_named(parameters, &name);
		}
		if (value == NULL) {
			buf_put_char(out, message.ptr[i++]);
			continue;
		}
		if (put_value(out, value) == ERR_NOMEM)
			return ERR_NOMEM;
		i += 1 + name.len;
	}
	return out->failed;
}

/* ---- What may be shown ---- */

static bool
contains(struct slice text, const char *what)
{
	size_t len = strlen(what);
	size_t i;

	for (i = 0; i + len <= text.len; i++) {
		if (strncasecmp(text.ptr + i, what, len) == 0)
			return true;
	}
	return false;
}

/* A word that begins with '/' or X:\ and goes at least three folders deep is a path of the server's. */
static bool
has_path(struct slice text)
{
	unsigned slashes = 0;
	bool in_path = false;
	char before = ' ';
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (!in_path && text.ptr[i] == '/' && strchr(" \t\n\"'(=:[", before) != NULL) {
			in_path = true;
			slashes = 0;
		}
		if (in_path && strchr(" \t\n\"')],;", text.ptr[i]) != NULL)
			in_path = false;
		if (in_path && text.ptr[i] == '/' && before != '/')
			slashes++;
		if (in_path && slashes >= 3)
			return true;
		before = text.ptr[i];
	}
	return false;
}

bool
template_is_internal(struct slice text)
{
	static const char *const marks[] = {"SQLSTATE",
					    "query was:",
					    ".php",
					    "<magento-root>",
					    "/vendor/",
					    "Stack trace",
					    "Exception #",
					    "#0 ",
					    "on line ",
					    "<html",
					    "<!doctype",
					    "<body",
					    "Undefined array key",
					    "Undefined index",
					    "Undefined variable",
					    "must be of type ",
					    "base table or view",
					    "SELECT `",
					    "INSERT INTO ",
					    "DELETE FROM "};
	size_t i;

	for (i = 0; i < ARRAY_LEN(marks); i++) {
		if (contains(text, marks[i]))
			return true;
	}
	return has_path(text);
}

/* Length of the UTF-8 character at the front; 1 for a byte that begins none, which then is not shown. */
static size_t
char_len(struct slice s, bool *good_r)
{
	unsigned char c = (unsigned char)s.ptr[0];
	size_t len = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;

	*good_r = len <= s.len && slice_is_utf8(slice_sub(s, 0, len));
	return *good_r ? len : 1;
}

static bool
is_control(struct slice ch)
{
	unsigned char c = (unsigned char)ch.ptr[0];

	if (ch.len == 1)
		return c < 0x20 || c == 0x7f;
	if (ch.len == 2 && c == 0xc2)
		return (unsigned char)ch.ptr[1] < 0xa0; /* C1 */
	/* U+2028..202E and U+2066..2069: line separators and marks that turn the writing direction. */
	if (ch.len == 3 && c == 0xe2 && (unsigned char)ch.ptr[1] == 0x80)
		return (unsigned char)ch.ptr[2] >= 0xa8 && (unsigned char)ch.ptr[2] <= 0xae;
	if (ch.len == 3 && c == 0xe2 && (unsigned char)ch.ptr[1] == 0x81)
		return (unsigned char)ch.ptr[2] >= 0xa6 && (unsigned char)ch.ptr[2] <= 0xa9;
	return false;
}

/* "<b>", "</p>", "<br/>" at the front: its length, else 0. */
static size_t
tag_len(struct slice s)
{
	size_t i;

	if (s.len < 3 || s.ptr[0] != '<' || !(is_name_char(s.ptr[1]) || s.ptr[1] == '/' || s.ptr[1] == '!'))
		return 0;
	for (i = 1; i < s.len && s.ptr[i] != '<'; i++) {
		if (s.ptr[i] == '>')
			return i + 1;
	}
	return 0;
}

static bool
is_space(struct slice ch)
{
	return ch.len == 1 && (ch.ptr[0] == ' ' || ch.ptr[0] == '\n' || ch.ptr[0] == '\t' || ch.ptr[0] == '\r');
}

/* Takes the next thing off *rest: gives a character to show, or an empty slice for one that is left out. */
static struct slice
next_char(struct slice *rest, bool *is_gap_r)
{
	struct slice ch;
	bool good;
	size_t len;

	len = tag_len(*rest);
	*is_gap_r = len > 0;
	if (len == 0) {
		len = char_len(*rest, &good);
		ch = slice_sub(*rest, 0, len);
		*is_gap_r = is_space(ch);
		if (!good || *is_gap_r || is_control(ch))
			ch.len = 0;
	} else {
		ch = SLICE_LIT("");
	}
	*rest = slice_sub(*rest, len, rest->len - len);
	return ch;
}

int
template_clean_put(struct buf *out, struct slice text, size_t max_chars)
{
	bool is_gap, gap_due = false;
	size_t chars = 0;
	struct slice ch;

	while (text.len > 0) {
		ch = next_char(&text, &is_gap);
		gap_due = gap_due || (is_gap && chars > 0);
		if (ch.len == 0)
			continue;
		if (chars + (gap_due ? 1 : 0) >= max_chars)
			return buf_put_str(out, "...");
		if (gap_due) {
			buf_put_char(out, ' ');
			chars++;
		}
		gap_due = false;
		buf_put_slice(out, ch);
		chars++;
	}
	return out->failed;
}

/* ---- The whole text ---- */

static int
fill_message(const json_t *entry, struct buf *raw)
{
	const json_t *message = json_object_get(entry, "message");
	struct slice text;

	if (!json_is_string(message))
		return 0;
	text = slice_of(json_string_value(message), json_string_length(message));
	if (raw->len > 0)
		buf_put_char(raw, ' ');
	if (template_is_internal(text))
		return buf_put_str(raw, TEMPLATE_INTERNAL);
	return template_fill(text, json_object_get(entry, "parameters"), raw);
}

int
template_text(const json_t *body, struct buf *out)
{
	const json_t *errors = json_object_get(body, "errors");
	struct buf raw;
	size_t i;
	int r;

	buf_init(&raw, RAW_MAX);
	r = fill_message(body, &raw);
	for (i = 0; r == 0 && i < json_array_size(errors) && i < ERRORS_MAX; i++)
		r = fill_message(json_array_get(errors, i), &raw);
	if (r == 0 || r == ERR_LIMIT)
		r = template_clean_put(out, buf_slice(&raw), TEMPLATE_TEXT_MAX);
	buf_fini(&raw);
	return r;
}

struct slice
template_report_id(struct slice text)
{
	static const char mark[] = "webapi-";
	size_t len = sizeof(mark) - 1;
	size_t i, end;

	for (i = 0; i + len < text.len; i++) {
		if (memcmp(text.ptr + i, mark, len) != 0)
			continue;
		for (end = i + len; end < text.len && end - i < 64 && is_name_char(text.ptr[end]); end++)
			;
		return end > i + len ? slice_sub(text, i, end - i) : SLICE_NONE;
	}
	return SLICE_NONE;
}
