/*
 * fuzz_json.c - scanner, parser and jansson's own reader give the same verdict and the same tree, a dump reads back as
 * that tree, names and strings unescape to what stands in it, and so does the outline of a plain text
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "json/parse.h"
#include "json/relay.h"
#include "json/view.h"
#include "json/write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_round_trip(json_t *tree)
{
	struct buf first, second;
	json_t *again = NULL;

	buf_init(&first, (size_t)64 << 20);
	buf_init(&second, (size_t)64 << 20);
	must(json_dump_to(&first, tree) == 0);
	must(json_parse(buf_slice(&first), NULL, &again, NULL) == 0);
	must(json_equal(tree, again));
	must(json_dump_to(&second, again) == 0);
	must(slice_eq(buf_slice(&first), buf_slice(&second)));
	json_decref(again);
	buf_fini(&first);
	buf_fini(&second);
}

/* Each member's name and string value, unescaped, against the tree. */
static int
check_member(void *ctx, const struct json_item *item)
{
	json_t *tree = ctx;
	const json_t *value;
	struct buf text;

	buf_init(&text, (size_t)8 << 20);
	must(json_scan_unescape(item->key, &text) == 0);
	must(strlen(buf_cstr(&text)) == text.len);
	must(json_scan_key_is(item->key, buf_cstr(&text)));
	must(item->key_has_escape || slice_eq(item->key, buf_slice(&text)));
	value = json_object_get(tree, buf_cstr(&text));
	must(value != NULL);
	must(json_is_string(value) == (item->kind == JSON_KIND_STRING));
	if (json_is_string(value)) {
		buf_clear(&text);
		must(json_scan_unescape(json_scan_unquote(item->value), &text) == 0);
		must(slice_eq(buf_slice(&text), slice_of(json_string_value(value), json_string_length(value))));
	}
	buf_fini(&text);
	return 0;
}

/*
 * jansson's own reader, on text without raw NULs: those it swallows in places. Ours stops at a repeated name, so what
 * follows it may hold a number that jansson has no room for.
 */
static void
check_against_jansson(struct slice text, int verdict, const json_t *ours, bool beyond_jansson)
{
	json_t *tree;

	if (slice_find(text, '\0') >= 0 || verdict == ERR_LIMIT)
		return;
	tree = json_loadb(text.ptr, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	if (tree == NULL)
		must(verdict != 0 && (verdict != ERR_EXISTS || beyond_jansson));
	else
		must(verdict == ERR_EXISTS || (verdict == 0 && json_equal(tree, ours)));
	json_decref(tree);
}

/* In place, as the relay does it in passing. */
static void
clean(json_t *node)
{
	struct slice text = slice_of(json_string_value(node), json_string_length(node));
	struct buf plain;
	const char *key;
	json_t *child;
	size_t i;

	json_object_foreach(node, key, child) clean(child);
	json_array_foreach(node, i, child) clean(child);
	if (!json_is_string(node))
		return;
	buf_init(&plain, text.len + 1);
	for (i = 0; i < text.len;) {
		size_t skip = json_control_len(text, i);

		if (skip == 0)
			must(buf_put_char(&plain, text.ptr[i]) == 0);
		i += skip > 0 ? skip : 1;
	}
	must(json_string_setn_nocheck(node, buf_cstr(&plain), plain.len) == 0);
	buf_fini(&plain);
}

/* What is handed on without a tree is what the tree (or NULL) would have given. */
static void
check_relay(struct slice text, const struct json_limits *limits, json_t *tree)
{
	static const struct json_relay_drop drop = {.list = "a", .member = "b"};
	struct buf relayed, dumped;
	int r;

	for (int drops = 0; drops < 2; drops++) {
		buf_init(&relayed, (size_t)64 << 20);
		buf_init(&dumped, (size_t)64 << 20);
		r = json_relay(text, limits, drops ? &drop : NULL, &relayed);
		must(r == ERR_UNSUPPORTED || (r == 0) == (tree != NULL));
		if (r == 0) {
			if (drops)
				json_relay_drop_from(tree, &drop);
			clean(tree);
			must(json_dump_to(&dumped, tree) == 0);
			must(slice_eq(buf_slice(&relayed), buf_slice(&dumped)));
		}
		buf_fini(&relayed);
		buf_fini(&dumped);
	}
}

/* Node by node what the tree is.  As deep as an outline goes. */
static void
check_node(const struct json_node *node, const json_t *tree)
{
	struct json_view seen = {node, NULL}, known = json_view_of(tree);
	const struct json_node *end = node + node->span;
	size_t n = 0;
	json_t *alone;

	must(tree != NULL && json_view_kind(seen) == json_view_kind(known));
	must(slice_eq(json_view_text(seen), json_view_text(known)));
	must(json_view_members(seen) == json_view_members(known));
	for (const struct json_node *child = node + 1; child < end; child += child->span, n++) {
		struct slice name = slice_of(child->key, child->key_len);

		must((child->key != NULL) == (node->kind == JSON_KIND_OBJECT));
		if (child->key == NULL)
			check_node(child, json_array_get(tree, n));
		else
			check_node(child, json_view_member(known, name).tree);
		must(child->key == NULL || json_view_member(seen, name).node == child);
	}
	must(n == (json_is_array(tree) ? json_array_size(tree) : json_object_size(tree)));
	must(json_view_tree(seen, &alone) == 0 && json_equal(alone, tree));
	json_decref(alone);
}

/* What is plain is good JSON of the same meaning. */
static void
check_outline(struct slice text, int verdict, const json_t *tree)
{
	struct json_outline outline;

	if (json_outline_read(&outline, text, NULL) < 0)
		return;
	must(verdict == 0 && outline.n == outline.nodes[0].span);
	check_node(outline.nodes, tree);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of((const char *)data, size);
	struct json_limits reals = json_limits_default;
	struct json_facts facts;
	json_t *tree, *loose;
	int scanned, parsed;
	bool big_number;

	reals.big_int_as_real = true;
	scanned = json_scan_value(text, NULL, &facts, NULL);
	parsed = json_parse(text, NULL, &tree, NULL);
	must(scanned == 0 ? parsed == 0 || parsed == ERR_EXISTS || parsed == ERR_LIMIT : parsed == scanned);
	big_number = scanned == 0 && (facts.big_ints > 0 || memchr(data, 'e', size) != NULL ||
				      memchr(data, 'E', size) != NULL || size > 300);
	must(parsed != ERR_LIMIT || scanned != 0 || big_number);
	check_against_jansson(text, parsed, tree, big_number);
	check_outline(text, parsed, tree);
	if (parsed == 0)
		check_round_trip(tree);
	if (parsed == 0 && json_is_object(tree))
		must(json_scan_object(text, NULL, check_member, tree, NULL) == 0);
	must(json_parse(text, &reals, &loose, NULL) == 0 || parsed != 0);
	check_relay(text, &reals, loose);
	json_decref(loose);
	json_decref(tree);
	return 0;
}
