/*
 * items.c - the scanner's events as visits to the members (elements) of the outermost object (array)
 */
#include "json/scan.h"

#include "json/events.h"

struct items {
	json_item_fn visit;
	void *ctx;
	enum json_kind wanted; /* the root whose items are visited */
	bool is_wanted;	       /* it is such a one */
	uint32_t depth;
	struct json_item item; /* the one under way at depth 1 */
};

static int
on_key(void *ctx, struct slice raw, unsigned marks)
{
	struct items *items = ctx;

	if (items->depth == 1) {
		items->item.key = raw;
		items->item.key_has_escape = (marks & JSON_TEXT_ESCAPE) != 0;
	}
	return 0;
}

static int
on_scalar(void *ctx, enum json_kind kind, struct slice token, unsigned marks)
{
	struct items *items = ctx;

	if (items->depth != 1 || !items->is_wanted)
		return 0;
	items->item.kind = kind;
	items->item.value = token;
	items->item.value_has_escape = (marks & JSON_TEXT_ESCAPE) != 0;
	return items->visit(items->ctx, &items->item);
}

static int
on_open(void *ctx, enum json_kind kind, const char *at)
{
	struct items *items = ctx;

	if (items->depth == 0) {
		items->is_wanted = kind == items->wanted;
	} else if (items->depth == 1) {
		items->item.kind = kind;
		items->item.value.ptr = at;
		items->item.value_has_escape = false;
	}
	items->depth++;
	return 0;
}

static int
on_close(void *ctx, const char *end)
{
	struct items *items = ctx;

	items->depth--;
	if (items->depth != 1 || !items->is_wanted)
		return 0;
	items->item.value.len = (size_t)(end - items->item.value.ptr);
	return items->visit(items->ctx, &items->item);
}

static int
scan_items(struct items *items, struct slice text, const struct json_limits *limits, struct err *err)
{
	static const struct json_sink sink = {
	    .on_key = on_key, .on_scalar = on_scalar, .on_open = on_open, .on_close = on_close};
	int r;

	r = json_scan_events(text, limits, &sink, items, err);
	if (r == 0 && !items->is_wanted)
		r = err_set(err, ERR_UNSUPPORTED, "The JSON text must be %s.",
			    items->wanted == JSON_KIND_OBJECT ? "an object" : "an array");
	return r;
}

int
json_scan_object(struct slice text, const struct json_limits *limits, json_item_fn visit, void *ctx, struct err *err)
{
	struct items items = {.visit = visit, .ctx = ctx, .wanted = JSON_KIND_OBJECT};

	return scan_items(&items, text, limits, err);
}

int
json_scan_array(struct slice text, const struct json_limits *limits, json_item_fn visit, void *ctx, struct err *err)
{
	struct items items = {.visit = visit, .ctx = ctx, .wanted = JSON_KIND_ARRAY};

	return scan_items(&items, text, limits, err);
}
