#include "cms_text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/slice.h"
#include "json/clone.h"

#define BEFORE_MAX 60	   /* characters shown before the first difference */
#define EXCERPT_BYTES 2048 /* of so many characters, with the marks */

/* ---- differences ---- */

static bool
is_continuation(char c)
{
	return ((unsigned char)c & 0xC0) == 0x80;
}

static size_t
count_characters(struct slice text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += !is_continuation(text.ptr[i]);
	return n;
}

/* The first byte of a character, at or before the first byte in which the texts differ. */
static size_t
first_difference(struct slice a, struct slice b)
{
	size_t at = 0;

	while (at < a.len && at < b.len && a.ptr[at] == b.ptr[at])
		at++;
	while (at > 0 && ((at < a.len && is_continuation(a.ptr[at])) || (at < b.len && is_continuation(b.ptr[at]))))
		at--;
	return at;
}

static size_t
back_characters(struct slice text, size_t at, size_t n)
{
	while (at > 0 && n > 0) {
		at--;
		if (!is_continuation(text.ptr[at]))
			n--;
	}
	return at;
}

static size_t
forward_characters(struct slice text, size_t at, size_t n)
{
	while (at < text.len && (n > 0 || is_continuation(text.ptr[at]))) {
		if (!is_continuation(text.ptr[at]))
			n--;
		at++;
	}
	return at;
}

static json_t *
excerpt(struct slice text, size_t from)
{
	size_t to = forward_characters(text, from, CMS_EXCERPT_MAX);
	json_t *result = NULL;
	struct buf out;

	buf_init(&out, EXCERPT_BYTES);
	if (from > 0)
		buf_put_str(&out, "...");
	buf_put(&out, text.ptr + from, to - from);
	if (to < text.len)
		buf_put_str(&out, "...");
	if (out.failed == 0)
		result = json_stringn_nocheck(buf_cstr(&out), out.len);
	buf_fini(&out);
	return result;
}

static struct slice
slice_of_text(const json_t *text)
{
	return json_is_string(text) ? slice_of(json_string_value(text), json_string_length(text)) : slice_of("", 0);
}

static json_t *
shown(const json_t *text, size_t from)
{
	return json_is_string(text) ? excerpt(slice_of_text(text), from) : json_null();
}

json_t *
cms_text_diff(const json_t *from, const json_t *to)
{
	struct slice a = slice_of_text(from), b = slice_of_text(to);
	size_t a_length = count_characters(a), b_length = count_characters(b);
	size_t start;

	if (a_length <= CMS_EXCERPT_MAX && b_length <= CMS_EXCERPT_MAX)
		return json_pack("{s:o, s:o}", "from", shown(from, 0), "to", shown(to, 0));
	start = back_characters(a, first_difference(a, b), BEFORE_MAX);
	return json_pack("{s:o, s:o, s:I, s:I}", "from", shown(from, start), "to", shown(to, start), "from_length",
			 (json_int_t)a_length, "to_length", (json_int_t)b_length);
}

json_t *
cms_text_short(const json_t *text)
{
	return json_is_string(text) ? excerpt(slice_of_text(text), 0) : json_clone(text);
}

/* ---- risks ---- */

/* An attribute that begins with "on", somewhere between < and >, as in <img onerror = "..."> or <a/onclick=...>. */
static bool
has_handler(const char *html)
{
	bool in_tag = false;

	for (const char *p = html; *p != '\0'; p++) {
		size_t name;

		if (*p == '<')
			in_tag = isalpha((unsigned char)p[1]) != 0;
		else if (*p == '>')
			in_tag = false;
		if (!in_tag || !(isspace((unsigned char)*p) || strchr("/\"'", *p) != NULL) ||
		    strncasecmp(p + 1, "on", 2) != 0)
			continue;
		for (name = 3; isalpha((unsigned char)p[name]); name++)
			continue;
		if (name > 3 && p[name + strspn(p + name, " \t\r\n\f")] == '=')
			return true;
	}
	return false;
}

struct cms_risks
cms_text_risks(const char *html)
{
	return (struct cms_risks){
	    .script = strcasestr(html, "<script") != NULL,
	    .directive = strstr(html, "{{") != NULL,
	    .handler = has_handler(html),
	};
}

/* ---- identifiers ---- */

static bool
same_letter(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

bool
cms_text_matches(const char *pattern, const char *identifier)
{
	const char *star = NULL, *retry = NULL;

	while (*identifier != '\0') {
		if (*pattern == '%') {
			star = ++pattern;
			retry = identifier;
		} else if (*pattern != '\0' && same_letter(*pattern, *identifier)) {
			pattern++;
			identifier++;
		} else if (star != NULL) {
			pattern = star;
			identifier = ++retry;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "%")] == '\0';
}
