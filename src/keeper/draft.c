/*
 * draft.c - a plan written, item by item
 */
#include <stdlib.h>
#include <string.h>

#include "link.h"

#define SEND_BYTES (128 * 1024) /* items are sent when so many wait */

struct keeper_draft {
	struct handle handle;
	char id[KEEPER_ID_LEN + 1];
	struct buf list; /* items not sent yet */
	uint32_t n_sent;
	uint32_t n_items;
	uint64_t bytes;
	bool is_stored;
	struct err failed; /* the first failure: the draft is of no more use */
};

static int
take_id(const char *wanted, char id_r[static KEEPER_ID_LEN + 1], struct err *err)
{
	if (strlen(wanted) > KEEPER_ID_LEN)
		return err_set(err, ERR_INVALID, "The id of a plan has %d characters at most.", KEEPER_ID_LEN);
	memcpy(id_r, wanted, strlen(wanted) + 1);
	return 0;
}

static int
put_meta(struct buf *payload, const char *id, const struct keeper_plan_meta *meta, struct err *err)
{
	int r = link_put_party(payload, &meta->party, PARTY_TOOL | PARTY_OWNER | PARTY_STORE, err);

	message_put_text(payload, TEXT_ID, slice_from_str(id));
	message_put_number(payload, NUMBER_CREATED, meta->created_wall_ms);
	message_put_number(payload, NUMBER_EXPIRES, meta->expires_wall_ms);
	if (r == 0)
		r = link_put_json(payload, TEXT_SCOPE, meta->scope, "plan's scope", err);
	if (r == 0)
		r = link_put_json(payload, TEXT_ARGUMENTS, meta->arguments, "arguments", err);
	if (r == 0)
		r = link_put_json(payload, TEXT_SUMMARY, meta->summary, "plan's summary", err);
	return r;
}

static int
begin(struct keeper *keeper, struct keeper_draft *draft, const struct keeper_plan_meta *meta, struct err *err)
{
	struct buf payload;
	int r = take_id(meta->id, draft->id, err);

	if (r < 0)
		return r;
	buf_init(&payload, MESSAGE_MAX);
	r = put_meta(&payload, draft->id, meta, err);
	if (r == 0)
		return link_tell(keeper, MESSAGE_PLAN_BEGIN, &payload, err);
	buf_fini(&payload);
	return r;
}

int
keeper_plan_begin(struct keeper *keeper, const struct keeper_plan_meta *meta, struct keeper_draft **draft_r,
		  struct err *err)
{
	struct keeper_draft *draft = calloc(1, sizeof(*draft));
	int r;

	*draft_r = NULL;
	if (draft == NULL)
		return err_set(err, ERR_NOMEM, "No memory for the plan.");
	buf_init(&draft->list, KEEPER_TEXT_BYTES_MAX + 2 * SEND_BYTES);
	handle_init(&draft->handle, keeper);
	r = begin(keeper, draft, meta, err);
	if (r < 0) {
		handle_fini(&draft->handle);
		free(draft);
		return r;
	}
	*draft_r = draft;
	return 0;
}

static int
send_items(struct keeper_draft *draft, struct err *err)
{
	struct buf payload;
	int r = draft->list.failed;

	if (r < 0)
		return err_set(err, (enum err_code)r, "No memory for the items of the plan.");
	if (draft->n_sent == draft->n_items)
		return 0;
	buf_init(&payload, MESSAGE_MAX);
	message_put_text(&payload, TEXT_ID, slice_from_str(draft->id));
	message_put_number(&payload, NUMBER_FROM, draft->n_sent);
	message_put_text(&payload, TEXT_LIST, buf_slice(&draft->list));
	draft->n_sent = draft->n_items;
	buf_clear(&draft->list);
	return link_tell(draft->handle.keeper, MESSAGE_PLAN_ADD, &payload, err);
}

static int
add(struct keeper_draft *draft, struct slice item_json, struct err *err)
{
	if (draft->n_items >= KEEPER_ITEMS_MAX)
		return err_set(err, ERR_LIMIT, "A plan may have %d items at most: split the change into several.",
			       KEEPER_ITEMS_MAX);
	if (item_json.len > KEEPER_TEXT_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "An item of a plan may have %d MiB at most.",
			       KEEPER_TEXT_BYTES_MAX / (1024 * 1024));
	if (draft->bytes + item_json.len > KEEPER_PLAN_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "A plan may have %d MiB at most: split the change into several.",
			       KEEPER_PLAN_BYTES_MAX / (1024 * 1024));
	message_put_item(&draft->list, item_json);
	draft->bytes += item_json.len;
	draft->n_items++;
	return draft->list.len >= SEND_BYTES ? send_items(draft, err) : 0;
}

/* A draft that has failed says so for good. */
static int
remember(struct keeper_draft *draft, int r, const struct err *local, struct err *err)
{
	if (r < 0 && draft->failed.code == ERR_OK)
		draft->failed = *local;
	if (draft->failed.code == ERR_OK)
		return 0;
	return err_set(err, draft->failed.code, "%s", draft->failed.text);
}

int
keeper_plan_add(struct keeper_draft *draft, struct slice item_json, struct err *err)
{
	struct err local = {.code = ERR_OK};
	int r = 0;

	must(!draft->is_stored);
	if (draft->failed.code == ERR_OK)
		r = add(draft, item_json, &local);
	return remember(draft, r, &local, err);
}

static int
store(struct keeper_draft *draft, struct err *err)
{
	struct buf payload;
	int r = send_items(draft, err);

	if (r < 0)
		return r;
	buf_init(&payload, MESSAGE_MAX);
	message_put_text(&payload, TEXT_ID, slice_from_str(draft->id));
	message_put_number(&payload, NUMBER_N_ITEMS, draft->n_items);
	return link_tell(draft->handle.keeper, MESSAGE_PLAN_STORE, &payload, err);
}

int
keeper_plan_store(struct keeper_draft *draft, struct err *err)
{
	struct err local = {.code = ERR_OK};
	int r = 0;

	must(!draft->is_stored);
	if (draft->failed.code == ERR_OK) {
		r = store(draft, &local);
		draft->is_stored = r == 0;
	}
	return remember(draft, r, &local, err);
}

void
keeper_plan_drop(struct keeper_draft **draft)
{
	struct keeper_draft *d = *draft;
	struct buf payload;

	if (d == NULL)
		return;
	*draft = NULL;
	if (!d->is_stored && d->handle.keeper != NULL) {
		buf_init(&payload, MESSAGE_MAX);
		message_put_text(&payload, TEXT_ID, slice_from_str(d->id));
		(void)!link_tell(d->handle.keeper, MESSAGE_PLAN_DROP, &payload, NULL);
	}
	handle_fini(&d->handle);
	buf_fini(&d->list);
	free(d);
}
