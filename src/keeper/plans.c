/*
 * plans.c - plans are written, found and shown
 */
#include "desk.h"

/* ---- Rows ---- */

/* The first columns of a query. */
static void
read_row(struct query *query, struct plan_row *row_r)
{
	*row_r = (struct plan_row){
	    .no = query_get_u64(query, 0),
	    .state = (enum plan_state)query_get_u64(query, 1),
	    .n_items = (uint32_t)query_get_u64(query, 2),
	    .bytes = query_get_u64(query, 3),
	    .holder = query_get_u64(query, 4),
	    .conn = query_get_u64(query, 5),
	    .fence = query_get_u64(query, 6),
	    .attempt = query_get_u64(query, 7),
	    .claims = query_get_u64(query, 8),
	    .claimed_ms = query_get_u64(query, 9),
	    .ended_ms = query_get_u64(query, 10),
	    .outcome = query_get_u64(query, 11),
	    .created_ms = query_get_u64(query, 12),
	    .expires_ms = query_get_u64(query, 13),
	};
}

/* Tool, owner and store follow the numbers. */
static const struct {
	enum message_text tag;
	int column;
} party_columns[] = {{TEXT_TOOL, 14}, {TEXT_OWNER, 15}, {TEXT_STORE, 16}};

static bool
is_of(struct query *query, const struct message *party)
{
	for (size_t i = 0; party != NULL && i < ARRAY_LEN(party_columns); i++) {
		struct slice wanted = party->text[party_columns[i].tag];

		if (wanted.ptr != NULL && !slice_eq(wanted, query_get_text(query, party_columns[i].column)))
			return false;
	}
	return true;
}

int
plan_find(struct desk *desk, struct slice id, const struct message *party, struct plan_row *row_r, struct err *err)
{
	struct query query;
	int r;

	query_open(&query, desk->database, STATEMENT_PLAN_FIND);
	query_text(&query, id);
	r = query_step(&query, err);
	if (r == 1)
		read_row(&query, row_r);
	if (r == 1 && !is_of(&query, party))
		r = 0;
	query_close(&query);
	return r;
}

int
plan_must_find(struct desk *desk, struct slice id, struct plan_row *row_r, struct err *err)
{
	int r = plan_find(desk, id, NULL, row_r, err);

	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "There is no such plan: prepare it again.");
	return r < 0 ? r : 0;
}

bool
plan_is_held(const struct desk *desk, const struct plan_row *row)
{
	return database_holder_is_live(desk->database, row->holder, row->conn);
}

int
plan_put_texts(struct desk *desk, uint64_t no, unsigned wanted, struct err *err)
{
	static const enum message_text tags[] = {TEXT_SCOPE, TEXT_ARGUMENTS, TEXT_SUMMARY, TEXT_RESULT};
	struct query query;
	int r;

	query_open(&query, desk->database, STATEMENT_PLAN_TEXTS);
	query_u64(&query, no);
	r = query_step(&query, err);
	for (size_t i = 0; r == 1 && i < ARRAY_LEN(tags); i++) {
		if ((wanted & WANT(tags[i])) != 0)
			message_put_text(desk->reply, tags[i], query_get_text(&query, (int)i));
	}
	query_close(&query);
	return r < 0 ? r : 0;
}

/* ---- Drafts ---- */

static int
insert(struct desk *desk, const struct message *in, struct err *err)
{
	struct query query;

	query_open(&query, desk->database, STATEMENT_PLAN_INSERT);
	query_text(&query, in->text[TEXT_ID]);
	query_text(&query, in->text[TEXT_TOOL]);
	query_text(&query, in->text[TEXT_OWNER]);
	query_text(&query, in->text[TEXT_STORE]);
	query_u64(&query, in->number[NUMBER_CREATED]);
	query_u64(&query, in->number[NUMBER_EXPIRES]);
	query_u64(&query, desk->database->instance);
	query_u64(&query, desk->connection);
	query_text(&query, in->text[TEXT_SCOPE]);
	query_text(&query, in->text[TEXT_ARGUMENTS]);
	query_text(&query, in->text[TEXT_SUMMARY]);
	return query_run(&query, err);
}

int
plans_begin(struct desk *desk, const struct message *in, struct err *err)
{
	struct plan_row row;
	int r = plan_find(desk, in->text[TEXT_ID], NULL, &row, err);

	if (r < 0)
		return r;
	if (r == 0)
		return insert(desk, in, err);
	/* Sent again: the first one is there already, held by us or by a connection that broke. */
	if (row.state != PLAN_DRAFT || row.n_items > 0)
		return err_set(err, ERR_EXISTS, "There is a plan with this id already.");
	return DESK_RUN(desk, err, STATEMENT_PLAN_ADOPT, row.no, desk->database->instance, desk->connection);
}

static int
find_draft(struct desk *desk, const struct message *in, struct plan_row *row_r, struct err *err)
{
	int r = plan_find(desk, in->text[TEXT_ID], NULL, row_r, err);

	if (r == 0)
		return err_set(
		    err, ERR_AGAIN,
		    "The plan was not stored, because the connection to the keeper broke: prepare it again.");
	return r < 0 ? r : 0;
}

static int
check_growth(const struct plan_row *row, uint64_t bytes, uint64_t n, struct err *err)
{
	if (n > KEEPER_ITEMS_MAX)
		return err_set(err, ERR_LIMIT, "A plan may have %d items at most: split the change into several.",
			       KEEPER_ITEMS_MAX);
	if (row->bytes + bytes > KEEPER_PLAN_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "A plan may have %d MiB at most: split the change into several.",
			       KEEPER_PLAN_BYTES_MAX / (1024 * 1024));
	return 0;
}

static int
insert_items(struct desk *desk, struct plan_row *row, struct slice list, struct err *err)
{
	uint64_t n = row->n_items;
	uint64_t bytes = 0;
	struct slice item;
	struct query query;
	int r;

	while (message_next_item(&list, &item)) {
		bytes += item.len;
		r = check_growth(row, bytes, n + 1, err);
		if (r < 0)
			return r;
		query_open(&query, desk->database, STATEMENT_ITEM_INSERT);
		query_u64(&query, row->no);
		query_u64(&query, n++);
		query_text(&query, item);
		r = query_run(&query, err);
		if (r < 0)
			return r;
	}
	if (list.ptr != NULL)
		return err_set(err, ERR_INVALID, "The keeper was sent items that it cannot read.");
	return DESK_RUN(desk, err, STATEMENT_PLAN_GROW, row->no, n, row->bytes + bytes);
}

int
plans_add(struct desk *desk, const struct message *in, struct err *err)
{
	struct plan_row row;
	int r = find_draft(desk, in, &row, err);

	if (r < 0)
		return r;
	if (row.state != PLAN_DRAFT)
		return err_set(err, ERR_EXISTS, "The plan is stored already; nothing can be added.");
	if (row.holder != desk->database->instance || row.conn != desk->connection) {
		r = DESK_RUN(desk, err, STATEMENT_PLAN_ADOPT, row.no, desk->database->instance, desk->connection);
		if (r < 0)
			return r;
	}
	if (in->number[NUMBER_FROM] < row.n_items)
		return 0; /* sent again, after it was done and the answer was lost */
	if (in->number[NUMBER_FROM] > row.n_items)
		return err_set(err, ERR_INVALID, "Items of the plan are missing.");
	return insert_items(desk, &row, in->text[TEXT_LIST], err);
}

int
plans_store(struct desk *desk, const struct message *in, struct err *err)
{
	struct plan_row row;
	int r = find_draft(desk, in, &row, err);

	if (r < 0)
		return r;
	if (row.n_items != in->number[NUMBER_N_ITEMS])
		return err_set(err, ERR_INVALID, "Items of the plan are missing.");
	if (row.state != PLAN_DRAFT)
		return 0; /* sent again */
	return DESK_RUN(desk, err, STATEMENT_PLAN_STORE, row.no);
}

int
plans_drop(struct desk *desk, const struct message *in, struct err *err)
{
	struct query query;

	query_open(&query, desk->database, STATEMENT_PLAN_DROP);
	query_text(&query, in->text[TEXT_ID]);
	return query_run(&query, err);
}

/* ---- Shown ---- */

static enum keeper_plan_state
state_shown(const struct desk *desk, const struct plan_row *row, uint64_t now_ms)
{
	switch (row->state) {
	case PLAN_PREPARED:
		return row->expires_ms <= now_ms ? KEEPER_PLAN_EXPIRED : KEEPER_PLAN_PREPARED;
	case PLAN_CLAIMED:
		if (plan_is_held(desk, row))
			return KEEPER_PLAN_RUNNING;
		return row->claimed_ms + KEEPER_RESUME_MS <= now_ms ? KEEPER_PLAN_EXPIRED : KEEPER_PLAN_INTERRUPTED;
	case PLAN_DONE:
		return KEEPER_PLAN_DONE;
	default:
		return KEEPER_PLAN_EXPIRED;
	}
}

static void
put_row(const struct desk *desk, const struct plan_row *row, uint64_t now_ms)
{
	struct buf *reply = desk->reply;

	message_put_number(reply, NUMBER_STATE, state_shown(desk, row, now_ms));
	message_put_number(reply, NUMBER_N_ITEMS, row->n_items);
	message_put_number(reply, NUMBER_CREATED, row->created_ms);
	message_put_number(reply, NUMBER_EXPIRES, row->expires_ms);
	message_put_number(reply, NUMBER_CLAIMED, row->claimed_ms);
	if (row->state == PLAN_DONE) {
		message_put_number(reply, NUMBER_FINISHED, row->ended_ms);
		message_put_number(reply, NUMBER_OUTCOME, row->outcome);
	}
}

static void
put_party(struct query *query, struct buf *reply)
{
	for (size_t i = 0; i < ARRAY_LEN(party_columns); i++)
		message_put_text(reply, party_columns[i].tag, query_get_text(query, party_columns[i].column));
}

int
plans_read(struct desk *desk, const struct message *in, struct err *err)
{
	struct plan_row row;
	struct query query;
	int r = plan_find(desk, in->text[TEXT_ID], in, &row, err);

	if (r < 0)
		return r;
	if (r == 0 || row.state == PLAN_DRAFT)
		return err_set(err, ERR_NOT_FOUND, "There is no such plan.");
	put_row(desk, &row, in->number[NUMBER_NOW]);
	query_open(&query, desk->database, STATEMENT_PLAN_FIND);
	query_text(&query, in->text[TEXT_ID]);
	r = query_step(&query, err);
	if (r == 1)
		put_party(&query, desk->reply);
	query_close(&query);
	if (r < 0)
		return r;
	return plan_put_texts(desk, row.no,
			      WANT(TEXT_SCOPE) | WANT(TEXT_ARGUMENTS) | WANT(TEXT_SUMMARY) | WANT(TEXT_RESULT), err);
}

/* One element: a message of its own, so that the list can grow fields. */
static void
put_listed(struct desk *desk, struct query *query, uint64_t now_ms, struct buf *list)
{
	struct plan_row row;
	struct desk inner = *desk;
	struct buf element;

	buf_init(&element, MESSAGE_MAX);
	inner.reply = &element;
	read_row(query, &row);
	put_row(&inner, &row, now_ms);
	put_party(query, &element);
	message_put_text(&element, TEXT_ID, query_get_text(query, 17));
	message_put_text(&element, TEXT_SCOPE, query_get_text(query, 18));
	message_put_text(&element, TEXT_SUMMARY, query_get_text(query, 19));
	if (element.failed < 0)
		list->failed = element.failed;
	message_put_item(list, buf_slice(&element));
	buf_fini(&element);
}

int
plans_list(struct desk *desk, const struct message *in, struct err *err)
{
	uint64_t max = in->number[NUMBER_MAX] < KEEPER_LIST_MAX ? in->number[NUMBER_MAX] : KEEPER_LIST_MAX;
	size_t mark = message_begin_text(desk->reply, TEXT_LIST);
	struct query query;
	int r;

	query_open(&query, desk->database, STATEMENT_PLAN_LIST);
	query_text(&query, in->text[TEXT_OWNER]);
	query_text(&query, in->text[TEXT_STORE]);
	query_text(&query, in->text[TEXT_TOOL]);
	query_u64(&query, max);
	for (;;) {
		r = query_step(&query, err);
		if (r != 1)
			break;
		put_listed(desk, &query, in->number[NUMBER_NOW], desk->reply);
	}
	query_close(&query);
	message_end_text(desk->reply, mark);
	return r;
}
