/*
 * redact.c - a bounded copy without the values that must not be kept
 */
#include "audit/redact.h"

#include <stdio.h>
#include <string.h>

#include "base/enc.h"
#include "base/slice.h"
#include "json/get.h"
#include "json/write.h"

#define TEXT_LOOK_BYTES 4096 /* of a text before it is cut: room for a URL that begins just before the cut */

/* ---- texts ---- */

/* First `max` bytes or a little less, at the end of a character. */
static size_t
whole_bytes(struct slice text, size_t max)
{
	if (text.len <= max)
		return text.len;
	while (max > 0 && ((unsigned char)text.ptr[max] & 0xc0) == 0x80)
		max--;
	return max;
}

/* Appends, with `user:password@` of URLs taken out. */
static void
put_without_userinfo(struct buf *out, struct slice text)
{
	const char *mark;

	while ((mark = memmem(text.ptr, text.len, "://", 3)) != NULL) {
		struct slice rest = slice_sub(text, (size_t)(mark - text.ptr) + 3, text.len);
		size_t end = 0, skip = 0;

		for (; end < rest.len && strchr("/?#\\ \t\r\n\"'<>", rest.ptr[end]) == NULL; end++) {
			if (rest.ptr[end] == '@')
				skip = end;
		}
		buf_put(out, text.ptr, text.len - rest.len);
		if (skip > 0)
			buf_put_str(out, "[secret]");
		text = slice_sub(rest, skip, rest.len);
	}
	buf_put_slice(out, text);
}

static size_t
cut_after_chars(struct slice text, size_t chars)
{
	size_t at = 0;

	while (at < text.len && chars-- > 0) {
		size_t step = slice_utf8_len(slice_sub(text, at, text.len));

		at += step > 0 ? step : 1;
	}
	return at;
}

/* What is told of a text: the text itself, or what was made of it in `out`, which knows of a failure. */
static struct slice
told_text(struct buf *out, const json_t *string)
{
	struct slice whole = slice_of(json_string_value(string), json_string_length(string));
	struct slice look = slice_sub(whole, 0, whole_bytes(whole, TEXT_LOOK_BYTES));
	size_t end;

	if (whole.len <= REDACT_TEXT_MAX && memchr(whole.ptr, ':', whole.len) == NULL)
		return whole;
	buf_clear(out);
	put_without_userinfo(out, look);
	end = cut_after_chars(buf_slice(out), REDACT_TEXT_MAX);
	if (end < out->len || look.len < whole.len) {
		size_t left = out->len - end + whole.len - look.len;

		buf_truncate(out, end);
		buf_printf(out, "...[%zu bytes more]", left);
	}
	return slice_of(buf_cstr(out), out->len);
}

/* {"a":... or [{: JSON in a text, whose names would have to be judged, too. */
static bool
holds_json(const json_t *string)
{
	const char *text = json_string_value(string);
	bool is_object;

	text += strspn(text, " \t\r\n");
	if (*text != '{' && *text != '[')
		return false;
	is_object = *text++ == '{';
	text += strspn(text, " \t\r\n");
	return *text == (is_object ? '"' : '{');
}

/* ---- the copy ---- */

#define MARK_NAME "..."
#define MARK_COST 48 /* `"...":"[18446744073709551615 more]",` */

/* {"attribute_code":"email","value":...}: what the name says about the value. */
static enum redact_kind
kind_of_pair(const json_t *object)
{
	static const char *const carriers[] = {"attribute_code", "field"};

	if (json_object_get(object, "value") == NULL)
		return REDACT_NOTHING;
	for (size_t i = 0; i < ARRAY_LEN(carriers); i++) {
		enum redact_kind kind = redact_name(json_get_str(object, carriers[i], ""));

		if (kind != REDACT_NOTHING)
			return kind;
	}
	return REDACT_NOTHING;
}

struct level {
	const json_t *from;
	size_t index;	 /* of the next child */
	size_t left_out; /* children */
	void *iter;
	enum redact_kind pair;
};

struct copier {
	struct level stack[REDACT_DEPTH_MAX];
	size_t depth;
	size_t room; /* bytes that may still be used */
	struct json_writer out;
	struct buf text; /* of a string that is not told as it is */
};

static size_t
cost_of_text(struct slice text)
{
	size_t cost = 3; /* quotes, and a comma or colon */

	if (enc_json_is_plain(text))
		return text.len + cost;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		cost += c < 0x20 || c == 0x7f ? 6 : c == '"' || c == '\\' ? 2 : 1;
	}
	return cost;
}

static bool
is_container(const json_t *value)
{
	return json_is_object(value) || json_is_array(value);
}

/* The text that is put for a value; none: the value itself. */
static struct slice
stand_in(struct copier *copier, const json_t *value, enum redact_kind kind)
{
	if (kind == REDACT_SECRET)
		return SLICE_LIT("[secret]");
	if (kind == REDACT_PERSONAL && !json_is_boolean(value) && !json_is_null(value))
		return SLICE_LIT("[personal]");
	if (is_container(value) && copier->depth == REDACT_DEPTH_MAX)
		return SLICE_LIT("[deeper]");
	if (!json_is_string(value))
		return SLICE_NONE;
	return holds_json(value) ? SLICE_LIT("[text]") : told_text(&copier->text, value);
}

static size_t
cost_of(const json_t *value, struct slice text)
{
	if (text.ptr != NULL)
		return cost_of_text(text);
	return json_is_number(value) ? 32 : 8; /* words, brackets */
}

static void
begin_container(struct copier *copier, const json_t *from)
{
	struct level *level = &copier->stack[copier->depth++];
	bool is_object = json_is_object(from);

	*level = (struct level){.from = from};
	if (!is_object) {
		json_write_begin_array(&copier->out);
		return;
	}
	level->iter = json_object_iter((json_t *)(uintptr_t)from);
	level->pair = kind_of_pair(from);
	json_write_begin_object(&copier->out);
}

/* Says how many children are left out. */
static void
end_container(struct copier *copier)
{
	struct level *level = &copier->stack[--copier->depth];
	char mark[32];

	if (level->left_out > 0) {
		snprintf(mark, sizeof(mark), "[%zu more]", level->left_out);
		if (json_is_object(level->from))
			json_write_key(&copier->out, MARK_NAME);
		json_write_string(&copier->out, mark);
	}
	json_write_end(&copier->out);
}

static void
put_value(struct copier *copier, const json_t *value, struct slice text)
{
	if (text.ptr != NULL)
		json_write_slice(&copier->out, text);
	else if (is_container(value))
		begin_container(copier, value);
	else
		json_write_tree(&copier->out, value);
}

/* The next member or element; `index` counts it already. */
static const json_t *
next_child(struct level *level, const char **key_r)
{
	const json_t *child;

	*key_r = NULL;
	if (json_is_array(level->from))
		return json_array_get(level->from, level->index++);
	if (level->iter == NULL)
		return NULL;
	*key_r = json_object_iter_key(level->iter);
	child = json_object_iter_value(level->iter);
	level->iter = json_object_iter_next((json_t *)(uintptr_t)level->from, level->iter);
	level->index++;
	return child;
}

static enum redact_kind
kind_of_child(const struct level *level, const char *key)
{
	if (key == NULL)
		return REDACT_NOTHING;
	if (level->pair != REDACT_NOTHING && strcmp(key, "value") == 0)
		return level->pair;
	return redact_name(key);
}

/* There is no room for the child just taken, nor for those behind it. */
static void
stop_here(struct copier *copier, struct level *level)
{
	size_t all = json_is_array(level->from) ? json_array_size(level->from) : json_object_size(level->from);

	copier->room = 0;
	level->left_out += all - level->index + 1;
	end_container(copier);
}

/* A member that has the name of our mark is not told, but counted: a name must not stand twice in an object. */
static bool
is_mark(const char *key)
{
	return key != NULL && strcmp(key, MARK_NAME) == 0;
}

static void
step(struct copier *copier)
{
	struct level *level = &copier->stack[copier->depth - 1];
	const char *key;
	const json_t *child = next_child(level, &key);
	struct slice text;
	size_t cost;

	if (child == NULL) {
		end_container(copier);
		return;
	}
	text = stand_in(copier, child, kind_of_child(level, key));
	cost = is_mark(key) ? MARK_COST : cost_of(child, text);
	if (key != NULL)
		cost += cost_of_text(slice_from_str(key));
	if (cost > copier->room) {
		stop_here(copier, level);
		return;
	}
	copier->room -= cost;
	if (is_mark(key)) {
		level->left_out++;
		return;
	}
	if (key != NULL)
		json_write_key(&copier->out, key);
	put_value(copier, child, text);
}

int
redact_put(struct buf *out, const json_t *value, size_t max_bytes)
{
	size_t start = out->len;
	struct copier copier;
	int r;

	copier.depth = 0;
	copier.room = max_bytes;
	json_write_init(&copier.out, out);
	buf_init(&copier.text, 4 * TEXT_LOOK_BYTES);
	put_value(&copier, value, json_is_string(value) ? SLICE_LIT("[text]") : SLICE_NONE);
	while (copier.depth > 0 && copier.text.failed == 0)
		step(&copier);
	r = out->failed != 0 ? out->failed : copier.text.failed;
	if (r < 0)
		buf_truncate(out, start);
	buf_fini(&copier.text);
	return r;
}
