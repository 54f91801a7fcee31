/*
 * relay.c - the scanner's events copied, in runs as long as nothing has to be changed
 *
 * A run is a stretch of the text that goes out as it is.  It grows from token to token while what lies between two of
 * them is the one comma or colon that belongs there; white space, a value that we write otherwise and a member that is
 * left out end it.
 */
#include "json/relay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "json/events.h"
#include "json/get.h"
#include "json/real.h"

#define DEPTH_MAX 64
#define KEYS_MAX 128 /* names of objects that are open at the same time */
#define INT_DIGITS 18
#define REAL_DIGITS 14 /* so many, at most DECIMALS of them behind the point, are how we write such a number, too */
#define DECIMALS 4

/* An open container; the outermost value stands in one of its own. */
struct level {
	uint64_t seen; /* a bit for the hash of each name: most new names are told by it */
	size_t first;  /* name, in keys[] */
	bool is_object;
	bool has_item;
};

struct relay {
	struct slice drop_list, drop_member; /* SLICE_NONE: nothing is left out */
	struct buf *out;
	struct buf scratch;
	struct slice run; /* ptr NULL: none under way; what comes next is written piece by piece */
	uint32_t depth;
	uint32_t skip_depth; /* not 0: nothing is taken until the depth is below this again */
	bool skips_scalar;   /* the value that comes next is left out */
	bool after_key;
	bool in_list; /* the member of the outermost object is drop_list */
	size_t n_keys;
	struct level levels[DEPTH_MAX + 1];
	struct slice keys[KEYS_MAX];
};

/* ---- runs ---- */

static void
end_run(struct relay *r)
{
	if (r->run.ptr != NULL)
		(void)buf_put_slice(r->out, r->run);
	r->run = SLICE_NONE;
}

/* The comma or colon that comes before the next token, or NUL. */
static char
next_separator(struct relay *r)
{
	struct level *level = &r->levels[r->depth];
	char c = r->after_key ? ':' : level->has_item ? ',' : '\0';

	level->has_item = true;
	r->after_key = false;
	return c;
}

/* A token that goes out as it is. */
static void
take(struct relay *r, struct slice token)
{
	char separator = next_separator(r);
	size_t gap = separator != '\0';

	if (r->run.ptr != NULL && r->run.ptr + r->run.len + gap == token.ptr) {
		r->run.len += gap + token.len;
		return;
	}
	end_run(r);
	if (separator != '\0')
		(void)buf_put_char(r->out, separator);
	r->run = token;
}

/* One that we write ourselves follows. */
static void
begin_own(struct relay *r)
{
	char separator = next_separator(r);

	end_run(r);
	if (separator != '\0')
		(void)buf_put_char(r->out, separator);
}

/* Brackets come without their place: what stands at the end of the run tells whether it goes on. */
static void
put_bracket(struct relay *r, char separator, char bracket)
{
	size_t gap = separator != '\0';

	if (r->run.ptr != NULL && r->run.ptr[r->run.len + gap] == bracket) {
		r->run.len += gap + 1;
		return;
	}
	end_run(r);
	if (separator != '\0')
		(void)buf_put_char(r->out, separator);
	(void)buf_put_char(r->out, bracket);
}

/* ---- names ---- */

static uint64_t
hash_bit(struct slice name)
{
	unsigned char first = (unsigned char)name.ptr[0], middle = (unsigned char)name.ptr[name.len / 2];
	unsigned char last = (unsigned char)name.ptr[name.len - 1];

	return (uint64_t)1 << ((name.len * 7 + first * 31u + middle * 5u + last * 3u) & 63);
}

/* 0; ERR_EXISTS; ERR_UNSUPPORTED: too many to tell. */
static int
note_name(struct relay *r, struct slice name)
{
	struct level *level = &r->levels[r->depth];
	uint64_t bit = name.len > 0 ? hash_bit(name) : 1;

	for (size_t i = level->first; (level->seen & bit) && i < r->n_keys; i++) {
		if (slice_eq(r->keys[i], name))
			return ERR_EXISTS;
	}
	if (r->n_keys == KEYS_MAX)
		return ERR_UNSUPPORTED;
	level->seen |= bit;
	r->keys[r->n_keys++] = name;
	return 0;
}

/* ---- values ---- */

size_t
json_control_len(struct slice text, size_t at)
{
	unsigned char c = (unsigned char)text.ptr[at];

	if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
		return 1;
	if (c == 0xc2 && at + 1 < text.len && (unsigned char)text.ptr[at + 1] < 0xa0)
		return 2;
	return 0;
}

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/* Where a byte from 0x7F on is, from which nothing can be told in a hurry; text.len: nowhere. */
static size_t
find_odd(struct slice text)
{
	uint64_t word;
	size_t at = 0;

	while (text.len - at >= sizeof(word)) {
		memcpy(&word, text.ptr + at, sizeof(word));
		if (((word | (word + EACH_BYTE(1))) & EACH_BYTE(0x80)) != 0)
			break;
		at += sizeof(word);
	}
	while (at < text.len && (unsigned char)text.ptr[at] < 0x7f)
		at++;
	return at;
}

static bool
has_control(struct slice text)
{
	for (size_t i = find_odd(text); i < text.len; i++) {
		if (json_control_len(text, i) > 0)
			return true;
	}
	return false;
}

/* The string without its control characters, as we write it. */
static int
rewrite_string(struct relay *r, struct slice raw)
{
	struct slice text;
	size_t from = 0;
	struct buf plain;
	int result;

	buf_clear(&r->scratch);
	result = json_scan_unescape(raw, &r->scratch);
	if (result < 0)
		return result;
	text = buf_slice(&r->scratch);
	buf_init(&plain, text.len + 1);
	for (size_t i = 0; i < text.len;) {
		size_t skip = json_control_len(text, i);

		if (skip > 0) {
			buf_put(&plain, text.ptr + from, i - from);
			from = i + skip;
		}
		i += skip > 0 ? skip : 1;
	}
	begin_own(r);
	if (from > 0) {
		buf_put(&plain, text.ptr + from, text.len - from);
		text = buf_slice(&plain);
	}
	result = plain.failed != 0 ? plain.failed : enc_json_put(r->out, text);
	buf_fini(&plain);
	return result;
}

static int
add_string(struct relay *r, struct slice token, unsigned marks)
{
	struct slice raw = json_scan_unquote(token);

	if ((marks & JSON_TEXT_ESCAPE) || ((marks & JSON_TEXT_ODD) && has_control(raw)))
		return rewrite_string(r, raw);
	take(r, token);
	return 0;
}

/* Whether we would write a number with these digits just so. */
static bool
is_our_real(struct slice token)
{
	size_t minus = token.ptr[0] == '-', point = minus;

	while (point < token.len && token.ptr[point] >= '0' && token.ptr[point] <= '9')
		point++;
	if (token.len - minus > REAL_DIGITS + 1 || token.ptr[point] != '.' || token.len - point - 1 > DECIMALS)
		return false;
	for (size_t i = point + 1; i < token.len; i++) {
		if (token.ptr[i] < '0' || token.ptr[i] > '9')
			return false;
	}
	return token.ptr[token.len - 1] != '0' || token.len - point == 2;
}

static int
rewrite_real(struct relay *r, struct slice token)
{
	double value;

	buf_clear(&r->scratch);
	if (buf_put_slice(&r->scratch, token) < 0)
		return r->scratch.failed;
	value = strtod(buf_cstr(&r->scratch), NULL);
	if (!isfinite(value))
		return ERR_LIMIT;
	begin_own(r);
	return json_real_put(r->out, value);
}

static int
add_number(struct relay *r, enum json_kind kind, struct slice token)
{
	bool minus = token.ptr[0] == '-';
	uint64_t magnitude;

	if (kind == JSON_KIND_INTEGER && slice_is(token, "-0")) {
		begin_own(r);
		return buf_put_char(r->out, '0');
	}
	if (kind == JSON_KIND_REAL
		? !is_our_real(token)
		: token.len > INT_DIGITS &&
		      slice_to_u64(slice_sub(token, minus, token.len), (uint64_t)INT64_MAX + minus, &magnitude) < 0)
		return rewrite_real(r, token);
	take(r, token);
	return 0;
}

/* ---- events ---- */

static int
on_key(void *ctx, struct slice raw, unsigned marks)
{
	struct relay *r = ctx;
	int result;

	if (marks & JSON_TEXT_ESCAPE)
		return ERR_UNSUPPORTED;
	result = note_name(r, raw);
	if (result < 0 || r->skip_depth > 0)
		return result;
	if (r->depth == 1)
		r->in_list = r->drop_list.ptr != NULL && slice_eq(raw, r->drop_list);
	/* Of an element, which is at depth 3, of the list. */
	if (r->in_list && r->depth == 3 && !r->levels[2].is_object && slice_eq(raw, r->drop_member)) {
		r->skips_scalar = true;
		return 0;
	}
	if (marks & JSON_TEXT_ODD) {
		begin_own(r);
		result = enc_json_put(r->out, raw);
	} else {
		take(r, slice_of(raw.ptr - 1, raw.len + 2));
	}
	r->after_key = true;
	return result;
}

static int
on_scalar(void *ctx, enum json_kind kind, struct slice token, unsigned marks)
{
	struct relay *r = ctx;

	if (r->skip_depth > 0)
		return 0;
	if (r->skips_scalar) {
		r->skips_scalar = false;
		return 0;
	}
	if (kind == JSON_KIND_STRING)
		return add_string(r, token, marks);
	if (kind == JSON_KIND_INTEGER || kind == JSON_KIND_REAL)
		return add_number(r, kind, token);
	take(r, token);
	return 0;
}

static int
on_open(void *ctx, enum json_kind kind)
{
	struct relay *r = ctx;

	if (r->depth == DEPTH_MAX)
		return ERR_UNSUPPORTED;
	if (r->skip_depth == 0 && r->skips_scalar)
		r->skip_depth = r->depth + 1;
	r->skips_scalar = false;
	if (r->skip_depth == 0)
		put_bracket(r, next_separator(r), kind == JSON_KIND_OBJECT ? '{' : '[');
	r->depth++;
	r->levels[r->depth] = (struct level){.first = r->n_keys, .is_object = kind == JSON_KIND_OBJECT};
	return 0;
}

static int
on_close(void *ctx)
{
	struct relay *r = ctx;
	const struct level *level = &r->levels[r->depth];

	if (r->skip_depth == 0)
		put_bracket(r, '\0', level->is_object ? '}' : ']');
	r->n_keys = level->first;
	r->depth--;
	if (r->skip_depth > r->depth)
		r->skip_depth = 0;
	return 0;
}

int
json_relay(struct slice text, const struct json_limits *limits, const struct json_relay_drop *drop, struct buf *out)
{
	static const struct json_sink sink = {on_key, on_scalar, on_open, on_close};
	size_t start = out->len;
	struct relay r;
	int result;

	memset(&r, 0, offsetof(struct relay, levels));
	r.levels[0] = (struct level){.first = 0};
	if (drop != NULL) {
		r.drop_list = slice_from_str(drop->list);
		r.drop_member = slice_from_str(drop->member);
	}
	r.out = out;
	buf_init(&r.scratch, text.len + 1);
	result = json_scan_events(text, limits, &sink, &r, NULL);
	if (result == 0) {
		end_run(&r);
		result = out->failed;
	}
	if (result < 0)
		buf_truncate(out, start);
	buf_fini(&r.scratch);
	return result;
}

void
json_relay_drop_from(json_t *tree, const struct json_relay_drop *drop)
{
	json_t *list = json_get_array(tree, drop->list);

	for (size_t i = 0; i < json_array_size(list); i++)
		json_object_del(json_array_get(list, i), drop->member);
}
