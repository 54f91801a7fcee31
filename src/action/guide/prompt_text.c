#include "prompt_text.h"

#include <string.h>

#include "base/enc.h"
#include "base/err.h"
#include "json/get.h"

#define NAME_CAP 32

static bool
is_given(const json_t *arguments, const char *name)
{
	struct slice value = json_get_slice(arguments, name);

	return value.ptr != NULL && value.len > 0;
}

static bool
holds(const struct prompt_line *line, const json_t *arguments)
{
	if (line->when == NULL)
		return true;
	return line->when[0] == '!' ? !is_given(arguments, line->when + 1) : is_given(arguments, line->when);
}

/* A number as JSON writes it: what a schema let through is still not trusted with the text around it. */
static bool
is_number(struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		if (strchr("0123456789.-", value.ptr[i]) == NULL)
			return false;
	}
	return value.len > 0;
}

static void
put_place(struct buf *out, const char *place, size_t len, const json_t *arguments)
{
	bool bare = place[0] == '#';
	char name[NAME_CAP];
	struct slice value;

	must(slice_to_str(slice_of(place + bare, len - bare), name, sizeof(name)) == 0);
	value = json_get_slice(arguments, name);
	must(value.ptr != NULL);
	if (bare && is_number(value))
		buf_put_slice(out, value);
	else
		enc_json_put(out, value);
}

static void
put_line(struct buf *out, const char *text, const json_t *arguments)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "<");
		const char *end;

		buf_put(out, text, len);
		text += len;
		if (*text == '\0')
			break;
		end = strchr(text, '>');
		must(end != NULL);
		put_place(out, text + 1, (size_t)(end - text - 1), arguments);
		text = end + 1;
	}
	buf_put_char(out, '\n');
}

int
prompt_text_put(struct buf *out, const struct prompt_line *lines, const json_t *arguments)
{
	for (; lines->text != NULL; lines++) {
		if (holds(lines, arguments))
			put_line(out, lines->text, arguments);
	}
	return out->failed;
}
