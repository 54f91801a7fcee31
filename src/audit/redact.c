/*
 * redact.c - names that tell what must not be kept, and a bounded copy without the values they stand for
 */
#include "audit/redact.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "json/get.h"

#define NAME_MAX_BYTES 128
#define TEXT_LOOK_BYTES 4096 /* of a text before it is cut: room for a URL that begins just before the cut */

/* ---- names ---- */

struct word {
	const char *text; /* lower case, without '-' and '_' */
	bool whole;	  /* else anywhere in the name */
	enum redact_kind kind;
};

static const struct word words[] = {
    {"password", false, REDACT_SECRET},
    {"passwd", false, REDACT_SECRET},
    {"passphrase", false, REDACT_SECRET},
    {"secret", false, REDACT_SECRET},
    {"token", false, REDACT_SECRET},
    {"credential", false, REDACT_SECRET},
    {"oauth", false, REDACT_SECRET},
    {"apikey", false, REDACT_SECRET},
    {"privatekey", false, REDACT_SECRET},
    {"consumerkey", false, REDACT_SECRET},
    {"authorization", false, REDACT_SECRET},
    {"cookie", false, REDACT_SECRET},
    {"sessionid", false, REDACT_SECRET},
    {"cardnumber", false, REDACT_SECRET},
    {"ccnumber", false, REDACT_SECRET},
    {"session", true, REDACT_SECRET},
    {"otp", true, REDACT_SECRET},
    {"bearer", true, REDACT_SECRET},
    {"cvv", true, REDACT_SECRET},
    {"email", false, REDACT_PERSONAL},
    {"telephone", false, REDACT_PERSONAL},
    {"street", false, REDACT_PERSONAL},
    {"firstname", false, REDACT_PERSONAL},
    {"middlename", false, REDACT_PERSONAL},
    {"lastname", false, REDACT_PERSONAL},
    {"postcode", false, REDACT_PERSONAL},
    {"dateofbirth", false, REDACT_PERSONAL},
    {"taxvat", false, REDACT_PERSONAL},
    {"vatid", false, REDACT_PERSONAL},
    {"remoteip", false, REDACT_PERSONAL},
    {"phone", true, REDACT_PERSONAL},
    {"fax", true, REDACT_PERSONAL},
    {"dob", true, REDACT_PERSONAL},
    {"city", true, REDACT_PERSONAL},
    {"zip", true, REDACT_PERSONAL},
};

/* Lower case, '-' and '_' left out.  False: longer than any name of ours. */
static bool
normalise(const char *name, char out_r[static NAME_MAX_BYTES])
{
	size_t n = 0;

	for (; *name != '\0'; name++) {
		if (*name == '-' || *name == '_')
			continue;
		if (n == NAME_MAX_BYTES - 1)
			return false;
		out_r[n++] = *name >= 'A' && *name <= 'Z' ? (char)(*name + ('a' - 'A')) : *name;
	}
	out_r[n] = '\0';
	return true;
}

static uint32_t
letter_bit(char c)
{
	return 1u << (c & 31);
}

enum redact_kind
redact_name(const char *name)
{
	char plain[NAME_MAX_BYTES];
	uint32_t letters = 0;

	if (!normalise(name, plain))
		return REDACT_SECRET;
	for (const char *c = plain; *c != '\0'; c++)
		letters |= letter_bit(*c);
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		const struct word *word = &words[i];

		if ((letters & letter_bit(word->text[0])) == 0)
			continue;
		if (word->whole ? strcmp(plain, word->text) == 0 : strstr(plain, word->text) != NULL)
			return word->kind;
	}
	return REDACT_NOTHING;
}

/* {"attribute_code":"email","value":...}: what the name says about the value. */
static enum redact_kind
kind_of_pair(const json_t *object)
{
	static const char *const carriers[] = {"attribute_code", "field"};

	for (size_t i = 0; i < ARRAY_LEN(carriers); i++) {
		enum redact_kind kind = redact_name(json_get_str(object, carriers[i], ""));

		if (kind != REDACT_NOTHING)
			return kind;
	}
	return REDACT_NOTHING;
}

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

static json_t *
copy_text(const json_t *string)
{
	struct slice whole = slice_of(json_string_value(string), json_string_length(string));
	struct slice look = slice_sub(whole, 0, whole_bytes(whole, TEXT_LOOK_BYTES));
	struct buf out;
	json_t *copy = NULL;
	size_t end;

	buf_init(&out, 4 * TEXT_LOOK_BYTES);
	put_without_userinfo(&out, look);
	end = cut_after_chars(buf_slice(&out), REDACT_TEXT_MAX);
	if (end < out.len || look.len < whole.len) {
		size_t left = out.len - end + whole.len - look.len;

		buf_truncate(&out, end);
		buf_printf(&out, "...[%zu bytes more]", left);
	}
	if (out.failed == 0)
		copy = json_stringn_nocheck(buf_cstr(&out), out.len);
	buf_fini(&out);
	return copy;
}

/* ---- the copy ---- */

struct level {
	const json_t *from;
	json_t *to; /* borrowed from its parent, or the root */
	size_t index;
	void *iter;
	enum redact_kind pair;
};

struct copier {
	struct level stack[REDACT_DEPTH_MAX];
	size_t depth;
	size_t room; /* bytes that may still be used */
};

static size_t
cost_of_bytes(const char *text, size_t len)
{
	size_t cost = 3; /* quotes, and a comma or colon */

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		cost += c < 0x20 || c == 0x7f ? 6 : c == '"' || c == '\\' ? 2 : 1;
	}
	return cost;
}

static size_t
cost_of(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		return cost_of_bytes(json_string_value(value), json_string_length(value));
	case JSON_INTEGER:
	case JSON_REAL:
		return 32;
	default:
		return 8; /* words, brackets */
	}
}

static bool
is_container(const json_t *value)
{
	return json_is_object(value) || json_is_array(value);
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

static json_t *
stand_in(const json_t *value, enum redact_kind kind, bool may_go_deeper)
{
	if (kind == REDACT_SECRET)
		return json_string("[secret]");
	if (kind == REDACT_PERSONAL && !json_is_boolean(value) && !json_is_null(value))
		return json_string("[personal]");
	if (is_container(value) && !may_go_deeper)
		return json_string("[deeper]");
	if (json_is_string(value))
		return holds_json(value) ? json_string("[text]") : copy_text(value);
	if (json_is_object(value))
		return json_object();
	return json_is_array(value) ? json_array() : json_deep_copy(value);
}

static void
push(struct copier *copier, const json_t *from, json_t *to)
{
	copier->stack[copier->depth++] = (struct level){
	    .from = from,
	    .to = to,
	    .iter = json_is_object(from) ? json_object_iter((json_t *)(uintptr_t)from) : NULL,
	    .pair = json_is_object(from) ? kind_of_pair(from) : REDACT_NOTHING,
	};
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

/* There is no room for the child just taken: says how many are left out and ends the container. */
static int
stop_here(struct copier *copier, struct level *level)
{
	size_t all = json_is_array(level->from) ? json_array_size(level->from) : json_object_size(level->from);
	char mark[32];

	copier->room = 0;
	copier->depth--;
	snprintf(mark, sizeof(mark), "[%zu more]", all - level->index + 1);
	if (json_is_array(level->to))
		return json_array_append_new(level->to, json_string(mark));
	return json_object_set_new(level->to, "...", json_string(mark));
}

static int
step(struct copier *copier)
{
	struct level *level = &copier->stack[copier->depth - 1];
	const char *key;
	const json_t *child = next_child(level, &key);
	enum redact_kind kind;
	json_t *copy;
	size_t cost;

	if (child == NULL) {
		copier->depth--;
		return 0;
	}
	kind = kind_of_child(level, key);
	copy = stand_in(child, kind, copier->depth < REDACT_DEPTH_MAX);
	if (copy == NULL)
		return -1;
	cost = cost_of(copy) + (key != NULL ? cost_of_bytes(key, strlen(key)) : 0);
	if (cost > copier->room) {
		json_decref(copy);
		return stop_here(copier, level);
	}
	copier->room -= cost;
	if ((key != NULL ? json_object_set_new_nocheck(level->to, key, copy) : json_array_append_new(level->to, copy)) <
	    0)
		return -1;
	if (is_container(copy))
		push(copier, child, copy);
	return 0;
}

int
redact_copy(const json_t *value, size_t max_bytes, json_t **copy_r)
{
	struct copier copier = {.depth = 0, .room = max_bytes};
	json_t *root;

	*copy_r = NULL;
	root = json_is_string(value) ? json_string("[text]") : stand_in(value, REDACT_NOTHING, true);
	if (root == NULL)
		return ERR_NOMEM;
	if (is_container(root))
		push(&copier, value, root);
	while (copier.depth > 0) {
		if (step(&copier) < 0) {
			json_decref(root);
			return ERR_NOMEM;
		}
	}
	*copy_r = root;
	return 0;
}
