/*
 * ini.c - see ini.h
 */
#include "config/ini.h"

#include <string.h>

#define NAME_MAX_BYTES 64

static bool
is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_alnum(char c)
{
	return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z');
}

bool
ini_is_name(struct slice name)
{
	size_t i;

	if (name.len == 0 || name.len > NAME_MAX_BYTES || !is_alnum(name.ptr[0]))
		return false;
	for (i = 1; i < name.len; i++) {
		if (!is_alnum(name.ptr[i]) && (name.ptr[i] == '\0' || strchr("._@-", name.ptr[i]) == NULL))
			return false;
	}
	return true;
}

static bool
is_key(struct slice key)
{
	size_t i;

	if (key.len == 0 || key.len > NAME_MAX_BYTES || !is_lower(key.ptr[0]))
		return false;
	for (i = 1; i < key.len; i++) {
		if (!is_lower(key.ptr[i]) && !is_digit(key.ptr[i]) && key.ptr[i] != '_')
			return false;
	}
	return true;
}

/* Cuts the next line off; LF and one CR before it are not part of it. */
static struct slice
take_line(struct ini_reader *reader)
{
	ptrdiff_t at = slice_find(reader->rest, '\n');
	size_t len = at < 0 ? reader->rest.len : (size_t)at;
	struct slice line = slice_sub(reader->rest, 0, len);
	size_t used = at < 0 ? len : len + 1;

	reader->rest = slice_of(reader->rest.ptr + used, reader->rest.len - used);
	reader->line++;
	if (at >= 0 && line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	return line;
}

static int
check_bytes(struct slice line, struct err *err)
{
	size_t i;

	if (line.len > INI_LINE_MAX)
		return err_set(err, ERR_INVALID, "the line is longer than %d bytes, shorten it", INI_LINE_MAX);
	for (i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char)line.ptr[i];

		if (c == 0)
			return err_set(err, ERR_INVALID, "the line holds a NUL byte, write plain text");
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return err_set(err, ERR_INVALID, "the line holds a control character, remove it");
	}
	if (!slice_is_utf8(line))
		return err_set(err, ERR_INVALID, "the line is not UTF-8, save the file as UTF-8");
	if (slice_has_prefix(line, "\xef\xbb\xbf"))
		return err_set(err, ERR_INVALID, "the line begins with a byte order mark, save the file without it");
	return 0;
}

/* `text` is what stands between the brackets. */
static int
read_section(struct slice text, struct ini_item *item, struct err *err)
{
	ptrdiff_t quote = slice_find(text, '"');
	struct slice name;

	item->kind = INI_SECTION;
	item->section = quote < 0 ? text : slice_trim(slice_sub(text, 0, (size_t)quote));
	if (!is_key(item->section))
		return err_set(err, ERR_INVALID, "this is no section, write [section] or [section \"NAME\"]");
	if (quote < 0)
		return 0;

	name = slice_sub(text, (size_t)quote + 1, text.len);
	if (name.len == 0 || name.ptr[name.len - 1] != '"' || item->section.len == (size_t)quote)
		return err_set(err, ERR_INVALID, "the section's name is not well quoted, write [section \"NAME\"]");
	name.len--;
	if (!ini_is_name(name))
		return err_set(err, ERR_INVALID,
			       "the section's name has a form that is not allowed, write 1 to %d letters, digits or . "
			       "_ @ - and begin "
			       "with a letter or digit",
			       NAME_MAX_BYTES);
	item->name = name;
	return 0;
}

static int
read_setting(struct slice line, struct ini_item *item, struct err *err)
{
	ptrdiff_t equals = slice_find(line, '=');

	if (equals < 0)
		return err_set(err, ERR_INVALID,
			       "this is neither a section, a setting nor a comment, write key = value");
	item->kind = INI_SETTING;
	item->key = slice_trim(slice_sub(line, 0, (size_t)equals));
	item->value = slice_trim(slice_sub(line, (size_t)equals + 1, line.len));
	if (!is_key(item->key))
		return err_set(err, ERR_INVALID,
			       "what stands before the = is no key, write lower-case letters, digits and _ only");
	return 0;
}

void
ini_init(struct ini_reader *reader, struct slice text)
{
	*reader = (struct ini_reader){.rest = text};
}

int
ini_next(struct ini_reader *reader, struct ini_item *item_r, struct err *err)
{
	struct slice line;
	int r;

	*item_r = (struct ini_item){.kind = INI_END, .line = reader->line};
	do {
		if (reader->rest.len == 0)
			return 0;
		line = take_line(reader);
		item_r->line = reader->line;
		r = check_bytes(line, err);
		if (r < 0)
			return r;
		line = slice_trim(line);
	} while (line.len == 0 || line.ptr[0] == '#' || line.ptr[0] == ';');

	if (line.ptr[0] == '[') {
		reader->in_section = true;
		if (line.ptr[line.len - 1] != ']')
			return err_set(err, ERR_INVALID, "the section has no closing bracket, write [section]");
		return read_section(slice_sub(line, 1, line.len - 2), item_r, err);
	}
	r = read_setting(line, item_r, err);
	if (r == 0 && !reader->in_section)
		r = err_set(err, ERR_INVALID, "a setting stands before the first section, write [section] above it");
	return r;
}
