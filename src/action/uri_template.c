#include "uri_template.h"

#include <string.h>

#include "base/enc.h"
#include "base/err.h"

/* ---- the template itself ---- */

/* The text between the braces at `at`; moves behind the closing one.  False: there is none. */
static bool
next_braces(const char **at, struct slice *inside_r)
{
	const char *end = strchr(*at, '}');

	if (end == NULL)
		return false;
	*inside_r = slice_of(*at + 1, (size_t)(end - *at - 1));
	*at = end + 1;
	return true;
}

static bool
is_name(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", text.ptr[i]) == NULL)
			return false;
	}
	return text.len > 0;
}

static bool
are_names(struct slice list)
{
	struct slice name;

	while (slice_next(&list, ',', &name)) {
		if (!is_name(name))
			return false;
	}
	return true;
}

bool
uri_template_is_good(const char *uri_template)
{
	const char *at = uri_template;
	struct slice inside;
	size_t n = 0;

	for (; *at != '\0'; n++) {
		if (*at == '}' || *at == '?' || *at == '#')
			return false;
		if (*at != '{') {
			at++;
			continue;
		}
		if (!next_braces(&at, &inside) || (*at == '{' && at[1] != '?')) /* two side by side have no border */
			return false;
		if (slice_has_prefix(inside, "?"))
			return *at == '\0' && are_names(slice_sub(inside, 1, inside.len));
		if (!is_name(inside))
			return false;
	}
	return n > 0;
}

/* ---- values ---- */

/* Into dst, which has room for URI_VALUE_MAX bytes. */
static int
decode(struct slice text, char *dst, size_t *len_r)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c == '%') {
			int high = i + 2 < text.len ? enc_hex_value(text.ptr[i + 1]) : -1;
			int low = i + 2 < text.len ? enc_hex_value(text.ptr[i + 2]) : -1;

			if (high < 0 || low < 0)
				return ERR_NOT_FOUND;
			c = (unsigned char)(high * 16 + low);
			i += 2;
		}
		if (c < 0x20 || c == 0x7f || n == URI_VALUE_MAX)
			return ERR_NOT_FOUND;
		dst[n++] = (char)c;
	}
	*len_r = n;
	return slice_is_utf8(slice_of(dst, n)) ? 0 : ERR_NOT_FOUND;
}

static bool
climbs(struct slice value)
{
	return slice_is(value, ".") || slice_is(value, "..") || slice_find(value, '/') >= 0 ||
	       slice_find(value, '\\') >= 0;
}

static int
keep(json_t *variables, struct slice name, struct slice value)
{
	char key[URI_VALUE_MAX];

	if (variables == NULL)
		return 0;
	if (slice_to_str(name, key, sizeof(key)) < 0)
		return ERR_NOT_FOUND;
	return json_object_set_new(variables, key, json_stringn(value.ptr, value.len)) == 0 ? 0 : ERR_NOMEM;
}

static int
take_segment(struct slice name, struct slice text, json_t *variables)
{
	char value[URI_VALUE_MAX];
	size_t len;

	if (text.len == 0 || decode(text, value, &len) < 0 || climbs(slice_of(value, len)))
		return ERR_NOT_FOUND;
	return keep(variables, name, slice_of(value, len));
}

/* ---- the query ---- */

static bool
is_listed(struct slice names, struct slice name)
{
	struct slice one;

	while (slice_next(&names, ',', &one)) {
		if (slice_eq(one, name))
			return true;
	}
	return false;
}

/* Does the name stand once more in what follows? */
static bool
comes_again(struct slice rest, struct slice name)
{
	struct slice pair;

	while (slice_next(&rest, '&', &pair)) {
		if (slice_eq(slice_sub(pair, 0, name.len), name) && (pair.len == name.len || pair.ptr[name.len] == '='))
			return true;
	}
	return false;
}

static int
take_query(struct slice names, struct slice query, json_t *variables)
{
	struct slice pair;

	while (slice_next(&query, '&', &pair)) {
		ptrdiff_t equals = slice_find(pair, '=');
		struct slice name = slice_sub(pair, 0, equals >= 0 ? (size_t)equals : pair.len);
		char value[URI_VALUE_MAX];
		size_t len;
		int r;

		if (equals < 0 || !is_listed(names, name) || comes_again(query, name) ||
		    decode(slice_sub(pair, (size_t)equals + 1, pair.len), value, &len) < 0)
			return ERR_NOT_FOUND;
		r = keep(variables, name, slice_of(value, len));
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- ---- */

/* A value goes to the next slash, or to the character that follows it in the template. */
static size_t
segment_len(struct slice path, char stop)
{
	size_t n = 0;

	while (n < path.len && path.ptr[n] != '/' && path.ptr[n] != stop)
		n++;
	return n;
}

/* One {name}; *at stands on its brace. */
static int
match_variable(const char **at, struct slice *path, json_t *variables)
{
	struct slice name;
	size_t len;
	int r;

	if (!next_braces(at, &name))
		return ERR_NOT_FOUND;
	len = segment_len(*path, **at != '\0' && **at != '{' ? **at : '/');
	r = take_segment(name, slice_sub(*path, 0, len), variables);
	*path = slice_sub(*path, len, path->len);
	return r;
}

/* Stops at the end of the template or at its query. */
static int
match_path(const char **at, struct slice path, json_t *variables)
{
	int r = 0;

	while (r == 0 && **at != '\0' && !(**at == '{' && (*at)[1] == '?')) {
		if (**at == '{') {
			r = match_variable(at, &path, variables);
		} else if (path.len == 0 || path.ptr[0] != **at) {
			r = ERR_NOT_FOUND;
		} else {
			path = slice_sub(path, 1, path.len);
			(*at)++;
		}
	}
	return r < 0 || path.len == 0 ? r : ERR_NOT_FOUND;
}

int
uri_template_match(const char *uri_template, struct slice uri, json_t *variables)
{
	ptrdiff_t mark = slice_find(uri, '?');
	struct slice path = slice_sub(uri, 0, mark >= 0 ? (size_t)mark : uri.len);
	const char *at = uri_template;
	struct slice names;
	int r;

	if (uri.len > URI_MAX || slice_find(uri, '#') >= 0)
		return ERR_NOT_FOUND;
	r = match_path(&at, path, variables);
	if (r < 0 || mark < 0)
		return r;
	if (*at == '\0' || !next_braces(&at, &names))
		return ERR_NOT_FOUND;
	return take_query(slice_sub(names, 1, names.len), slice_sub(uri, (size_t)mark + 1, uri.len), variables);
}
