/*
 * desk.c - from a message to the function that answers it
 */
#include "desk.h"

#define NEED(tag) WANT(tag)

static const struct {
	int (*serve)(struct desk *desk, const struct message *in, struct err *err);
	bool writes;
	unsigned needs; /* texts that must be there */
} rows[MESSAGE_TYPES] = {
    [MESSAGE_HELLO] = {claims_hello, true, 0},
    [MESSAGE_PLAN_BEGIN] = {plans_begin, true, NEED(TEXT_ID) | NEED(TEXT_TOOL) | NEED(TEXT_OWNER) | NEED(TEXT_STORE)},
    [MESSAGE_PLAN_ADD] = {plans_add, true, NEED(TEXT_ID) | NEED(TEXT_LIST)},
    [MESSAGE_PLAN_STORE] = {plans_store, true, NEED(TEXT_ID)},
    [MESSAGE_PLAN_DROP] = {plans_drop, true, NEED(TEXT_ID)},
    [MESSAGE_PLAN_CLAIM] = {claims_take, true, NEED(TEXT_ID) | NEED(TEXT_TOOL) | NEED(TEXT_OWNER) | NEED(TEXT_STORE)},
    [MESSAGE_PLAN_ITEMS] = {journal_items, false, NEED(TEXT_ID)},
    [MESSAGE_PLAN_FINISH] = {claims_finish, true, NEED(TEXT_ID)},
    [MESSAGE_PLAN_RELEASE] = {claims_release, true, NEED(TEXT_ID)},
    [MESSAGE_PLAN_READ] = {plans_read, false, NEED(TEXT_ID) | NEED(TEXT_OWNER)},
    [MESSAGE_PLAN_LIST] = {plans_list, false, NEED(TEXT_OWNER)},
    [MESSAGE_JOURNAL] = {journal_put, true, NEED(TEXT_ID) | NEED(TEXT_LIST)},
    [MESSAGE_KEY_TAKE] = {keys_take, true,
			  NEED(TEXT_TOOL) | NEED(TEXT_OWNER) | NEED(TEXT_STORE) | NEED(TEXT_KEY) | NEED(TEXT_DIGEST)},
    [MESSAGE_KEY_FINISH] = {keys_finish, true, 0},
    [MESSAGE_KEY_FORGET] = {keys_forget, true, 0},
    [MESSAGE_KEY_RELEASE] = {keys_release, true, 0},
};

int
desk_run(struct desk *desk, enum statement which, const uint64_t *values, size_t n, struct err *err)
{
	struct query query;

	query_open(&query, desk->database, which);
	for (size_t i = 0; i < n; i++)
		query_u64(&query, values[i]);
	return query_run(&query, err);
}

bool
desk_writes(uint16_t type)
{
	return type >= MESSAGE_TYPES || rows[type].writes;
}

/* Names are short texts; what the database compares holds no NUL. */
static bool
has_needed(const struct message *in, unsigned needs)
{
	const unsigned names = NEED(TEXT_ID) | NEED(TEXT_TOOL) | NEED(TEXT_OWNER) | NEED(TEXT_STORE) | NEED(TEXT_KEY);

	for (unsigned tag = 1; tag < MESSAGE_TEXTS; tag++) {
		struct slice text = in->text[tag];

		if ((needs & WANT(tag)) != 0 && text.ptr == NULL)
			return false;
		if (text.ptr == NULL || (names & WANT(tag)) == 0)
			continue;
		if (text.len == 0 || text.len > KEEPER_NAME_MAX || slice_find(text, '\0') >= 0)
			return false;
		if (tag == TEXT_ID && text.len > KEEPER_ID_LEN)
			return false;
	}
	for (unsigned tag = 1; tag < MESSAGE_NUMBERS; tag++) {
		if (in->number[tag] > INT64_MAX)
			return false;
	}
	return true;
}

static int
serve(struct desk *desk, uint16_t type, struct slice payload, struct err *err)
{
	struct message in;
	int r;

	if (type >= MESSAGE_TYPES || rows[type].serve == NULL)
		return err_set(err, ERR_UNSUPPORTED,
			       "The keeper does not know this request: it is of an older version.");
	r = message_decode(payload, &in);
	if (r < 0 || !has_needed(&in, rows[type].needs))
		return err_set(err, ERR_INVALID, "The keeper was sent a request that it cannot read.");
	r = rows[type].serve(desk, &in, err);
	if (r >= 0 && desk->reply->failed < 0)
		return err_set(err, (enum err_code)desk->reply->failed, "The answer of the keeper is too large.");
	return r;
}

void
desk_put_failure(struct buf *reply, const struct err *err)
{
	buf_clear(reply);
	message_put_number(reply, NUMBER_CODE, (uint64_t) - (int64_t)err->code);
	message_put_text(reply, TEXT_ERROR, slice_from_str(err->text));
}

int
desk_serve(struct desk *desk, uint16_t type, struct slice payload)
{
	struct err err = {.code = ERR_OK};
	int r = serve(desk, type, payload, &err);

	if (r < 0)
		desk_put_failure(desk->reply, &err);
	return r < 0 ? r : 0;
}
