/*
 * write.c - pieces of JSON text with the right commas
 */
#include "json/write.h"

#include <string.h>

#include "base/enc.h"
#include "base/err.h"
#include "json/real.h"

void
json_write_init(struct json_writer *w, struct buf *out)
{
	*w = (struct json_writer){.out = out};
}

static bool
in_object(const struct json_writer *w)
{
	return w->depth > 0 && (w->objects >> (w->depth - 1) & 1) != 0;
}

static void
separate(struct json_writer *w)
{
	uint64_t bit;

	if (w->depth == 0)
		return;
	bit = (uint64_t)1 << (w->depth - 1);
	if (w->started & bit)
		(void)buf_put_char(w->out, ',');
	w->started |= bit;
}

static void
before_value(struct json_writer *w)
{
	must(w->after_key == in_object(w));
	if (!w->after_key)
		separate(w);
	w->after_key = false;
}

static void
begin(struct json_writer *w, char bracket)
{
	uint64_t bit;

	before_value(w);
	must(w->depth < JSON_WRITE_DEPTH_MAX);
	bit = (uint64_t)1 << w->depth;
	w->objects = bracket == '{' ? w->objects | bit : w->objects & ~bit;
	w->started &= ~bit;
	w->depth++;
	(void)buf_put_char(w->out, bracket);
}

void
json_write_begin_object(struct json_writer *w)
{
	begin(w, '{');
}

void
json_write_begin_array(struct json_writer *w)
{
	begin(w, '[');
}

void
json_write_end(struct json_writer *w)
{
	must(w->depth > 0 && !w->after_key);
	(void)buf_put_char(w->out, in_object(w) ? '}' : ']');
	w->depth--;
}

/* With what goes before and behind it; most names are plain and of the program. */
static void
put_key(struct buf *out, struct slice key, bool is_first)
{
	size_t around = is_first ? 3 : 4;
	char *to;

	if (!enc_json_is_plain(key) || buf_reserve(out, key.len + around) < 0) {
		if (!is_first)
			(void)buf_put_char(out, ',');
		(void)enc_json_put(out, key);
		(void)buf_put_char(out, ':');
		return;
	}
	to = out->ptr + out->len;
	if (!is_first)
		*to++ = ',';
	*to++ = '"';
	memcpy(to, key.ptr, key.len);
	to += key.len;
	memcpy(to, "\":", sizeof("\":"));
	out->len = (size_t)(to + 2 - out->ptr);
}

void
json_write_key_slice(struct json_writer *w, struct slice key)
{
	uint64_t bit;

	must(in_object(w) && !w->after_key);
	bit = (uint64_t)1 << (w->depth - 1);
	put_key(w->out, key, (w->started & bit) == 0);
	w->started |= bit;
	w->after_key = true;
}

void
json_write_string(struct json_writer *w, const char *str)
{
	if (str == NULL)
		json_write_null(w);
	else
		json_write_slice(w, slice_from_str(str));
}

void
json_write_slice(struct json_writer *w, struct slice s)
{
	before_value(w);
	(void)enc_json_put(w->out, s);
}

void
json_write_int(struct json_writer *w, int64_t value)
{
	before_value(w);
	(void)buf_put_i64(w->out, value);
}

void
json_write_real(struct json_writer *w, double value)
{
	before_value(w);
	(void)json_real_put(w->out, value);
}

void
json_write_bool(struct json_writer *w, bool value)
{
	before_value(w);
	(void)buf_put_str(w->out, value ? "true" : "false");
}

void
json_write_null(struct json_writer *w)
{
	before_value(w);
	(void)buf_put_str(w->out, "null");
}

/* One ready value, not looked at. */
static void
write_raw(struct json_writer *w, struct slice json)
{
	before_value(w);
	(void)buf_put_slice(w->out, json);
}

void
json_write_tree(struct json_writer *w, const json_t *json)
{
	int r;

	before_value(w);
	r = json_dump_to(w->out, json);
	(void)r; /* the buffer remembers */
}

void
json_write_key_raw(struct json_writer *w, const char *key, struct slice json)
{
	json_write_key(w, key);
	write_raw(w, json);
}

int
json_write_finish(struct json_writer *w)
{
	must(w->depth == 0 && !w->after_key);
	return w->out->failed;
}
