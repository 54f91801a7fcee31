/*
 * relay.c - the scanner's events watched for what has to be changed; the text between is copied as it is
 *
 * White space, a value that we write otherwise and a member that is left out end such a stretch, and the next begins
 * behind them.  What keeps none of them from being copied needs nothing but a look: commas, colons and brackets are
 * never touched by themselves.
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
	bool lacks_first; /* its first member was left out: the comma behind it is left out, too */
};

struct relay {
	struct slice drop_list, drop_member; /* SLICE_NONE: nothing is left out */
	struct buf *out;
	struct buf scratch;
	const char *from; /* what stands here has not been copied yet */
	uint32_t depth;
	uint32_t skip_depth; /* not 0: nothing is taken until the depth is below this again */
	bool skips_next;     /* the value that comes next is left out */
	bool in_list;	     /* the member of the outermost object is drop_list */
	size_t n_keys;
	struct level levels[DEPTH_MAX + 1];
	struct slice keys[KEYS_MAX];
};

static void
copy_to(struct relay *r, const char *end)
{
	(void)buf_put(r->out, r->from, (size_t)(end - r->from));
}

/* What we write ourselves comes in the place of `token`. */
static void
replace(struct relay *r, struct slice token)
{
	copy_to(r, token.ptr);
	r->from = token.ptr + token.len;
}

/* ---- names ---- */

/* A name stands between quotes: an empty one has a first and a last byte, too. */
static uint64_t
hash_bit(struct slice name)
{
	unsigned char first = (unsigned char)name.ptr[0], middle = (unsigned char)name.ptr[name.len / 2];
	unsigned char last = (unsigned char)*(name.ptr + name.len - 1);

	return (uint64_t)1 << ((name.len * 7 + first * 31u + middle * 5u + last * 3u) & 63);
}

static inline void
add_name(struct relay *r, struct slice name, uint64_t bit)
{
	r->levels[r->depth].seen |= bit;
	r->keys[r->n_keys++] = name;
}

/* 0; ERR_EXISTS; ERR_UNSUPPORTED: too many to tell. */
static int
note_name(struct relay *r, struct slice name, uint64_t bit)
{
	const struct level *level = &r->levels[r->depth];

	for (size_t i = level->first; (level->seen & bit) && i < r->n_keys; i++) {
		if (slice_eq(r->keys[i], name))
			return ERR_EXISTS;
	}
	if (r->n_keys == KEYS_MAX)
		return ERR_UNSUPPORTED;
	add_name(r, name, bit);
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
rewrite_string(struct relay *r, struct slice token)
{
	struct slice text;
	size_t from = 0;
	struct buf plain;
	int result;

	buf_clear(&r->scratch);
	result = json_scan_unescape(json_scan_unquote(token), &r->scratch);
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
	replace(r, token);
	if (from > 0) {
		buf_put(&plain, text.ptr + from, text.len - from);
		text = buf_slice(&plain);
	}
	result = plain.failed != 0 ? plain.failed : enc_json_put(r->out, text);
	buf_fini(&plain);
	return result;
}

/* A string that is more than printing ASCII. */
static NEVER_INLINE int
add_odd_string(struct relay *r, struct slice token, unsigned marks)
{
	return (marks & JSON_TEXT_ESCAPE) || has_control(token) ? rewrite_string(r, token) : 0;
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
read_real(struct relay *r, struct slice token, double *value_r)
{
	buf_clear(&r->scratch);
	if (buf_put_slice(&r->scratch, token) < 0)
		return r->scratch.failed;
	*value_r = strtod(buf_cstr(&r->scratch), NULL);
	return isfinite(*value_r) ? 0 : ERR_LIMIT;
}

static int
rewrite_real(struct relay *r, struct slice token)
{
	double value = 0;
	int result = read_real(r, token, &value);

	if (result < 0)
		return result;
	replace(r, token);
	return json_real_put(r->out, value);
}

static NEVER_INLINE int
add_number(struct relay *r, enum json_kind kind, struct slice token)
{
	bool minus = token.ptr[0] == '-';
	uint64_t magnitude;

	if (kind == JSON_KIND_REAL)
		return is_our_real(token) ? 0 : rewrite_real(r, token);
	if (minus && token.ptr[1] == '0') {
		replace(r, token);
		return buf_put_char(r->out, '0');
	}
	if (token.len <= INT_DIGITS ||
	    slice_to_u64(slice_sub(token, minus, token.len), (uint64_t)INT64_MAX + minus, &magnitude) == 0)
		return 0;
	return rewrite_real(r, token);
}

/* ---- events ---- */

/* A member goes with the comma before it or, when it was the first, with the one behind it. */
static int
drop_member(struct relay *r, const char *start)
{
	copy_to(r, start);
	if (r->out->failed != 0)
		return r->out->failed;
	if (r->out->ptr[r->out->len - 1] == ',')
		buf_truncate(r->out, r->out->len - 1);
	else
		r->levels[r->depth].lacks_first = true;
	r->skips_next = true;
	return 0;
}

/* A name in an element of the list. */
static int
on_name_in_list(struct relay *r, struct slice raw)
{
	const char *start = raw.ptr - 1;
	struct level *level = &r->levels[r->depth];

	if (slice_eq(raw, r->drop_member))
		return drop_member(r, start);
	if (!level->lacks_first)
		return 0;
	level->lacks_first = false;
	replace(r, slice_of(start, 0));
	if (r->out->failed == 0)
		buf_truncate(r->out, r->out->len - 1);
	return r->out->failed;
}

/* One that may stand twice, be left out or be written otherwise. */
static NEVER_INLINE int
on_name_to_judge(struct relay *r, struct slice raw, unsigned marks, uint64_t bit)
{
	int result = (marks & JSON_TEXT_ESCAPE) ? ERR_UNSUPPORTED : note_name(r, raw, bit);

	if (result < 0 || r->skip_depth > 0)
		return result;
	if (r->depth == 1)
		r->in_list = r->drop_list.ptr != NULL && slice_eq(raw, r->drop_list);
	else if (r->in_list && r->depth == 3 && !r->levels[2].is_object)
		result = on_name_in_list(r, raw);
	if (result < 0 || r->skips_next || marks == 0)
		return result;
	replace(r, slice_of(raw.ptr - 1, raw.len + 2));
	return enc_json_put(r->out, raw);
}

static int
on_key(void *ctx, struct slice raw, unsigned marks)
{
	struct relay *r = ctx;
	bool is_watched = r->in_list || (r->depth == 1 && r->drop_list.ptr != NULL);
	uint64_t bit = hash_bit(raw);

	if (marks != 0 || is_watched || r->n_keys == KEYS_MAX || (r->levels[r->depth].seen & bit) != 0)
		return on_name_to_judge(r, raw, marks, bit);
	add_name(r, raw, bit);
	return 0;
}

/* What is left out must be JSON that a tree could hold, too. */
static NEVER_INLINE int
skip_scalar(struct relay *r, enum json_kind kind, struct slice token)
{
	bool may_be_big = kind == JSON_KIND_REAL || (kind == JSON_KIND_INTEGER && token.len > INT_DIGITS);
	double value;

	if (r->skip_depth == 0)
		r->from = token.ptr + token.len;
	r->skips_next = false;
	return may_be_big ? read_real(r, token, &value) : 0;
}

static int
on_scalar(void *ctx, enum json_kind kind, struct slice token, unsigned marks)
{
	struct relay *r = ctx;

	if (r->skip_depth > 0 || r->skips_next)
		return skip_scalar(r, kind, token);
	if (kind == JSON_KIND_INTEGER || kind == JSON_KIND_REAL)
		return add_number(r, kind, token);
	return marks != 0 ? add_odd_string(r, token, marks) : 0;
}

static int
on_open(void *ctx, enum json_kind kind, const char *at)
{
	struct relay *r = ctx;

	(void)at;
	if (r->depth == DEPTH_MAX)
		return ERR_UNSUPPORTED;
	r->depth++;
	if (r->skips_next)
		r->skip_depth = r->depth;
	r->skips_next = false;
	r->levels[r->depth] = (struct level){.first = r->n_keys, .is_object = kind == JSON_KIND_OBJECT};
	return 0;
}

static int
on_close(void *ctx, const char *end)
{
	struct relay *r = ctx;

	r->n_keys = r->levels[r->depth].first;
	if (r->skip_depth == r->depth) {
		r->skip_depth = 0;
		r->from = end;
	}
	r->depth--;
	return 0;
}

static void
on_space(void *ctx, struct slice space)
{
	struct relay *r = ctx;

	if (r->skip_depth == 0 && !r->skips_next)
		replace(r, space);
}

int
json_relay(struct slice text, const struct json_limits *limits, const struct json_relay_drop *drop, struct buf *out)
{
	static const struct json_sink sink = {on_key, on_scalar, on_open, on_close, on_space};
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
	r.from = text.ptr;
	buf_init(&r.scratch, text.len + 1);
	/* What comes out is about as long; over the maximum it may still turn out to be shorter. */
	if (text.len <= out->max - out->len)
		(void)buf_reserve(out, text.len);
	result = json_scan_events(text, limits, &sink, &r, NULL);
	if (result == 0) {
		copy_to(&r, text.ptr + text.len);
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
