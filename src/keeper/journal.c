/*
 * journal.c - what became of each item
 */
#include "desk.h"

#define PAGE_BYTES (512 * 1024) /* a page of items ends when it has so many */
#define PAGE_ITEMS 500

static int
put_entry(struct desk *desk, uint64_t plan, const struct keeper_entry *entry, struct err *err)
{
	struct query query;

	query_open(&query, desk->database, STATEMENT_JOURNAL_PUT);
	query_u64(&query, plan);
	query_u64(&query, entry->item);
	query_u64(&query, entry->step);
	query_u64(&query, (uint64_t)entry->status);
	query_u64(&query, entry->at_wall_ms);
	query_text(&query, entry->detail);
	return query_run(&query, err);
}

int
journal_put(struct desk *desk, const struct message *in, struct err *err)
{
	struct slice list = in->text[TEXT_LIST];
	struct keeper_entry entry;
	struct plan_row row;
	int r = claims_hold(desk, in, &row, err);

	if (r < 0)
		return r;
	while (message_next_entry(&list, &entry)) {
		if (entry.item >= row.n_items)
			return err_set(err, ERR_INVALID, "The plan has no item %u.", entry.item);
		r = put_entry(desk, row.no, &entry, err);
		if (r < 0)
			return r;
	}
	if (list.ptr != NULL)
		return err_set(err, ERR_INVALID, "The keeper was sent entries that it cannot read.");
	return 0;
}

/* ---- Read ---- */

static int
put_steps(struct desk *desk, uint64_t plan, uint32_t item, struct buf *steps, struct err *err)
{
	struct keeper_entry entry = {.item = item};
	struct query query;
	int r;

	query_open(&query, desk->database, STATEMENT_JOURNAL_OF_ITEM);
	query_u64(&query, plan);
	query_u64(&query, item);
	for (;;) {
		r = query_step(&query, err);
		if (r != 1)
			break;
		entry.step = (uint16_t)query_get_u64(&query, 0);
		entry.status = (enum keeper_status)query_get_u64(&query, 1);
		entry.at_wall_ms = query_get_u64(&query, 2);
		entry.detail = query_get_text(&query, 3);
		message_put_entry(steps, &entry);
	}
	query_close(&query);
	return r < 0 ? r : steps->failed;
}

static int
put_row(struct desk *desk, uint64_t plan, struct query *query, struct buf *steps, struct err *err)
{
	struct message_row row = {.index = (uint32_t)query_get_u64(query, 0), .json = query_get_text(query, 1)};
	int r;

	buf_clear(steps);
	r = put_steps(desk, plan, row.index, steps, err);
	row.steps = buf_slice(steps);
	if (r == 0)
		message_put_row(desk->reply, &row);
	return r;
}

static int
put_page(struct desk *desk, const struct message *in, uint64_t plan, bool *more_r, struct err *err)
{
	uint64_t max = in->number[NUMBER_MAX] < PAGE_ITEMS ? in->number[NUMBER_MAX] : PAGE_ITEMS;
	size_t start = desk->reply->len;
	struct query query;
	struct buf steps;
	uint64_t n = 0;
	int r;

	buf_init(&steps, MESSAGE_MAX);
	query_open(&query, desk->database, STATEMENT_ITEM_PAGE);
	query_u64(&query, plan);
	query_u64(&query, in->number[NUMBER_FROM]);
	query_u64(&query, max);
	for (;;) {
		r = query_step(&query, err);
		if (r != 1)
			break;
		r = put_row(desk, plan, &query, &steps, err);
		if (r < 0)
			break;
		r = 1;
		n++;
		if (n == max || desk->reply->len - start >= PAGE_BYTES)
			break;
	}
	query_close(&query);
	buf_fini(&steps);
	*more_r = r == 1;
	return r < 0 ? r : 0;
}

int
journal_items(struct desk *desk, const struct message *in, struct err *err)
{
	struct plan_row row;
	bool more = false;
	size_t mark;
	int r = plan_must_find(desk, in->text[TEXT_ID], &row, err);

	if (r < 0)
		return r;
	mark = message_begin_text(desk->reply, TEXT_LIST);
	r = put_page(desk, in, row.no, &more, err);
	message_end_text(desk->reply, mark);
	message_put_number(desk->reply, NUMBER_MORE, more);
	return r;
}
