/*
 * dump.c - a tree as compact text
 *
 * jansson's own dumper knows one precision for all reals; with the 17 digits that keep every double it would print a
 * price of 0.1 as 0.10000000000000001.
 */
#include "base/enc.h"
#include "base/err.h"
#include "json/real.h"
#include "json/walk.h"
#include "json/write.h"

static void
put_value(struct buf *out, const json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		(void)buf_put_char(out, '{');
		break;
	case JSON_ARRAY:
		(void)buf_put_char(out, '[');
		break;
	case JSON_STRING:
		(void)enc_json_put(out, slice_of(json_string_value(json), json_string_length(json)));
		break;
	case JSON_INTEGER:
		(void)buf_put_i64(out, json_integer_value(json));
		break;
	case JSON_REAL:
		(void)json_real_put(out, json_real_value(json));
		break;
	default:
		(void)buf_put_str(out, json_is_true(json) ? "true" : json_is_false(json) ? "false" : "null");
	}
}

static int
put_step(struct buf *out, const struct json_walk *walk, int step)
{
	if (step == JSON_WALK_END)
		return buf_put_char(out, json_is_object(walk->value) ? '}' : ']');
	if (!walk->first)
		(void)buf_put_char(out, ',');
	if (walk->key.ptr != NULL) {
		(void)enc_json_put(out, walk->key);
		(void)buf_put_char(out, ':');
	}
	put_value(out, walk->value);
	return out->failed;
}

int
json_dump_to(struct buf *out, const json_t *json)
{
	struct json_walk walk;
	size_t start = out->len;
	int r = out->failed, step;

	json_walk_init(&walk, json);
	while (r == 0) {
		step = json_walk_next(&walk);
		if (step == JSON_WALK_DONE)
			return 0;
		r = step < 0 ? step : put_step(out, &walk, step);
	}
	buf_truncate(out, start);
	if (out->failed == 0)
		out->failed = r;
	return r;
}
