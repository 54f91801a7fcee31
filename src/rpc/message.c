/*
 * message.c - one JSON-RPC message, read from bytes
 */
#include "rpc/message.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "json/parse.h"

enum member { MEMBER_JSONRPC, MEMBER_ID, MEMBER_METHOD, MEMBER_PARAMS, MEMBER_RESULT, MEMBER_ERROR, MEMBERS };

static const struct slice member_names[MEMBERS] = {
    [MEMBER_JSONRPC] = {"jsonrpc", 7}, [MEMBER_ID] = {"id", 2},		[MEMBER_METHOD] = {"method", 6},
    [MEMBER_PARAMS] = {"params", 6},   [MEMBER_RESULT] = {"result", 6}, [MEMBER_ERROR] = {"error", 5},
};

/* Unknown members are ignored, but their names must be told apart, so there may not be many. */
#define OTHERS_MAX 16

/* The members of the outermost object, as they came by. */
struct envelope {
	struct json_item items[MEMBERS];
	unsigned seen;	/* one bit per member */
	unsigned twice; /* likewise */
	size_t n_others;
	bool other_twice;
	bool too_many;
	struct slice others[OTHERS_MAX]; /* the last: so many as there are */
};

static bool
has(const struct envelope *e, enum member m)
{
	return (e->seen >> m & 1) != 0;
}

static void
note_other(struct envelope *e, struct slice key)
{
	for (size_t i = 0; i < e->n_others; i++) {
		if (json_scan_keys_equal(e->others[i], key)) {
			e->other_twice = true;
			return;
		}
	}
	if (e->n_others == OTHERS_MAX)
		e->too_many = true;
	else
		e->others[e->n_others++] = key;
}

static bool
is_name(const struct json_item *item, enum member m)
{
	if (item->key_has_escape)
		return json_scan_key_is(item->key, member_names[m].ptr);
	return slice_eq(item->key, member_names[m]);
}

static int
note_member(void *ctx, const struct json_item *item)
{
	struct envelope *e = ctx;
	unsigned m = 0;

	while (m < MEMBERS && !is_name(item, (enum member)m))
		m++;
	if (m == MEMBERS) {
		note_other(e, item->key);
		return 0;
	}
	if (e->seen >> m & 1)
		e->twice |= 1u << m;
	e->seen |= 1u << m;
	e->items[m] = *item;
	return 0;
}

static bool
is_good_id(const struct json_item *item)
{
	return (item->kind == JSON_KIND_STRING || item->kind == JSON_KIND_INTEGER) && item->value.len <= RPC_ID_MAX;
}

/* The id to answer with, whatever else is wrong; one that stands twice is nobody's. */
static struct slice
readable_id(const struct envelope *e)
{
	if (!has(e, MEMBER_ID) || (e->twice >> MEMBER_ID & 1) || !is_good_id(&e->items[MEMBER_ID]))
		return SLICE_NONE;
	return e->items[MEMBER_ID].value;
}

static int
refuse_shape(struct rpc_fault *fault, const char *what)
{
	return rpc_fault_set_envelope(fault, RPC_INVALID_REQUEST, NULL, "Not a JSON-RPC request: %s.", what);
}

static int
refuse_text(struct rpc_fault *fault, const struct err *err)
{
	return rpc_fault_set_envelope(fault, RPC_PARSE_ERROR, NULL, "%.240s", err->text);
}

static int
check_names(const struct envelope *e, struct rpc_fault *fault)
{
	for (unsigned m = 0; m < MEMBERS; m++) {
		if (e->twice >> m & 1)
			return rpc_fault_set_envelope(fault, RPC_INVALID_REQUEST, NULL,
						      "Not a JSON-RPC request: the member %s stands twice.",
						      member_names[m].ptr);
	}
	if (e->other_twice)
		return refuse_shape(fault, "a member stands twice");
	if (e->too_many)
		return refuse_shape(fault, "too many unknown members");
	return 0;
}

static bool
is_two(const struct json_item *item)
{
	return slice_is(item->value, "\"2.0\"") || json_scan_key_is(json_scan_unquote(item->value), "2.0");
}

static int
check_version(const struct envelope *e, struct rpc_fault *fault)
{
	const struct json_item *item = &e->items[MEMBER_JSONRPC];

	if (!has(e, MEMBER_JSONRPC))
		return refuse_shape(fault, "the member jsonrpc is missing; it must be \"2.0\"");
	if (item->kind != JSON_KIND_STRING || !is_two(item))
		return refuse_shape(fault, "jsonrpc must be \"2.0\"");
	return 0;
}

static int
check_id(const struct envelope *e, struct rpc_fault *fault)
{
	const struct json_item *item = &e->items[MEMBER_ID];

	if (!has(e, MEMBER_ID) || is_good_id(item))
		return 0;
	if (item->value.len > RPC_ID_MAX)
		return refuse_shape(fault, "id is too long");
	return refuse_shape(fault, "id must be a string or an integer");
}

/* What cannot be shown or compared is made harmless: see struct rpc_message. */
static void
set_method(struct rpc_message *msg, struct slice text, bool cut)
{
	static const char dots[] = "...";
	size_t len = text.len;

	if (cut || len > RPC_METHOD_MAX) {
		len = len < RPC_METHOD_MAX - 3 ? len : RPC_METHOD_MAX - 3;
		while (len > 0 && len < text.len && ((unsigned char)text.ptr[len] & 0xC0) == 0x80)
			len--;
		cut = true;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		msg->method[i] = c < 0x20 || c == 0x7F ? '?' : text.ptr[i];
	}
	memcpy(msg->method + len, dots, cut ? sizeof(dots) : 0);
	msg->method[cut ? len + 3 : len] = '\0';
}

static int
read_method(struct rpc_message *msg, const struct json_item *item, struct rpc_fault *fault)
{
	struct slice raw = json_scan_unquote(item->value);
	struct buf text;
	int r;

	if (item->kind != JSON_KIND_STRING)
		return refuse_shape(fault, "method must be a string");
	if (!item->value_has_escape) {
		set_method(msg, raw, false);
		return 0;
	}
	buf_init(&text, RPC_METHOD_MAX);
	r = json_scan_unescape(raw, &text);
	if (r == 0)
		set_method(msg, buf_slice(&text), false);
	else if (r == ERR_LIMIT)
		set_method(msg, raw, true);
	buf_fini(&text);
	if (r == 0 || r == ERR_LIMIT)
		return 0;
	return rpc_fault_set(fault, RPC_INTERNAL_ERROR, NULL, "The server is out of memory; try again later.");
}

static int
read_call(struct rpc_message *msg, const struct envelope *e, struct rpc_fault *fault)
{
	const struct json_item *params = &e->items[MEMBER_PARAMS];

	if (has(e, MEMBER_RESULT) || has(e, MEMBER_ERROR))
		return refuse_shape(fault, "it has a method and also a result or an error");
	msg->kind = has(e, MEMBER_ID) ? RPC_REQUEST : RPC_NOTIFICATION;
	if (read_method(msg, &e->items[MEMBER_METHOD], fault) < 0)
		return -1;
	if (!has(e, MEMBER_PARAMS))
		return 0;
	if (params->kind == JSON_KIND_ARRAY)
		return rpc_fault_set_envelope(fault, RPC_INVALID_PARAMS, NULL,
					      "params must be an object, not an array.");
	if (params->kind != JSON_KIND_OBJECT)
		return refuse_shape(fault, "params must be an object");
	msg->params = params->value;
	return 0;
}

static int
read_response(struct rpc_message *msg, const struct envelope *e, struct rpc_fault *fault)
{
	msg->kind = RPC_RESPONSE;
	if (has(e, MEMBER_RESULT) && has(e, MEMBER_ERROR))
		return refuse_shape(fault, "it has both a result and an error");
	if (has(e, MEMBER_RESULT)) {
		if (!has(e, MEMBER_ID))
			return refuse_shape(fault, "a result without an id");
		msg->result = e->items[MEMBER_RESULT].value;
		return 0;
	}
	if (e->items[MEMBER_ERROR].kind != JSON_KIND_OBJECT)
		return refuse_shape(fault, "error must be an object");
	msg->error = e->items[MEMBER_ERROR].value;
	return 0;
}

/* A peer that could not read an id answers with none, or with null in older revisions. */
static bool
is_error_without_id(const struct envelope *e)
{
	return has(e, MEMBER_ERROR) && !has(e, MEMBER_METHOD) && has(e, MEMBER_ID) &&
	       e->items[MEMBER_ID].kind == JSON_KIND_NULL;
}

static int
read_envelope(struct rpc_message *msg, const struct envelope *e, struct rpc_fault *fault)
{
	if (check_names(e, fault) < 0 || check_version(e, fault) < 0)
		return -1;
	if (!is_error_without_id(e) && check_id(e, fault) < 0)
		return -1;
	if (has(e, MEMBER_METHOD))
		return read_call(msg, e, fault);
	if (has(e, MEMBER_RESULT) || has(e, MEMBER_ERROR))
		return read_response(msg, e, fault);
	return refuse_shape(fault, "the member method is missing");
}

static int
read_array(struct rpc_message *msg, struct slice body, const struct json_limits *limits, struct rpc_fault *fault)
{
	struct json_facts facts;
	struct err err;

	if (json_scan_value(body, limits, &facts, &err) < 0)
		return refuse_text(fault, &err);
	if (facts.kind != JSON_KIND_ARRAY)
		return refuse_shape(fault, "it must be an object");
	if (facts.values == 1)
		return refuse_shape(fault, "an empty array");
	msg->kind = RPC_BATCH;
	msg->text = facts.value;
	return 0;
}

static struct slice
trim(struct slice s)
{
	while (s.len > 0 && memchr(" \t\r\n", s.ptr[s.len - 1], 4) != NULL)
		s.len--;
	while (s.len > 0 && memchr(" \t\r\n", s.ptr[0], 4) != NULL)
		s = slice_sub(s, 1, s.len);
	return s;
}

/* As if the scanner had come by. */
static void
note_plain(struct envelope *e, const struct json_outline *outline)
{
	const struct json_node *end = outline->nodes + outline->n;

	for (const struct json_node *node = outline->nodes + 1; node < end; node += node->span) {
		const struct json_item item = {
		    .key = slice_of(node->key, node->key_len),
		    .value = slice_of(node->ptr, node->len),
		    .kind = node->kind,
		};

		(void)note_member(e, &item);
	}
}

static void
read_plain(const struct json_outline *outline, struct rpc_message *msg_r, struct envelope *e)
{
	note_plain(e, outline);
	msg_r->is_plain = true;
	msg_r->given = json_view_get(json_view_root(outline), "params");
	msg_r->id = readable_id(e);
}

int
rpc_read(struct slice body, const struct json_limits *limits, struct json_outline *outline, struct rpc_message *msg_r,
	 struct rpc_fault *fault)
{
	struct envelope envelope;
	struct err err;
	int r;

	memset(msg_r, 0, sizeof(*msg_r));
	memset(&envelope, 0, offsetof(struct envelope, others));
	msg_r->text = trim(body);
	if (outline != NULL && json_outline_read(outline, body, limits) == 0 &&
	    outline->nodes[0].kind == JSON_KIND_OBJECT) {
		read_plain(outline, msg_r, &envelope);
		return read_envelope(msg_r, &envelope, fault);
	}
	r = json_scan_object(body, limits, note_member, &envelope, &err);
	if (r == ERR_UNSUPPORTED)
		return read_array(msg_r, body, limits, fault);
	if (r == 0 || r == ERR_LIMIT) /* text that is no JSON has no members to believe in */
		msg_r->id = readable_id(&envelope);
	if (r < 0)
		return refuse_text(fault, &err);
	return read_envelope(msg_r, &envelope, fault);
}

int
rpc_parse(struct slice body, const struct json_limits *limits, struct rpc_message *msg_r, struct rpc_fault *fault)
{
	return rpc_read(body, limits, NULL, msg_r, fault);
}

int
rpc_parse_element(struct slice element, const struct json_limits *limits, struct rpc_message *msg_r,
		  struct rpc_fault *fault)
{
	int r;

	r = rpc_parse(element, limits, msg_r, fault);
	if (r < 0 || msg_r->kind != RPC_BATCH)
		return r;
	return refuse_shape(fault, "a batch inside a batch");
}

static int
collect_element(void *ctx, const struct json_item *item)
{
	struct rpc_batch *batch = ctx;

	if (batch->count == RPC_BATCH_MAX)
		return ERR_FULL;
	batch->elements[batch->count++] = item->value;
	return 0;
}

int
rpc_batch_open(const struct rpc_message *msg, const struct json_limits *limits, struct rpc_batch *batch_r,
	       struct rpc_fault *fault)
{
	struct err err;
	int r;

	must(msg->kind == RPC_BATCH);
	memset(batch_r, 0, sizeof(*batch_r));
	r = json_scan_array(msg->text, limits, collect_element, batch_r, &err);
	if (r == ERR_FULL)
		return rpc_fault_set_envelope(fault, RPC_INVALID_REQUEST, NULL, "A batch may hold at most %d messages.",
					      RPC_BATCH_MAX);
	return r < 0 ? refuse_text(fault, &err) : 0;
}

bool
rpc_batch_next(struct rpc_batch *batch, struct slice *element_r)
{
	if (batch->next == batch->count)
		return false;
	*element_r = batch->elements[batch->next++];
	return true;
}
