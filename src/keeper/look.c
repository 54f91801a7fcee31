/*
 * look.c - plans read
 */
#include <stdlib.h>
#include <string.h>

#include "link.h"

static int
bad_answer(struct err *err)
{
	return err_set(err, ERR_INVALID, "The keeper's answer cannot be read.");
}

static int
put_id(struct buf *payload, const char *id, struct err *err)
{
	if (id[0] == '\0' || strlen(id) > KEEPER_ID_LEN)
		return err_set(err, ERR_NOT_FOUND, "There is no such plan.");
	message_put_text(payload, TEXT_ID, slice_from_str(id));
	return 0;
}

/* ---- Items ---- */

struct steps {
	struct keeper_step *items;
	size_t cap;
};

static int
read_steps(struct slice list, struct steps *steps, size_t *n_r, struct err *err)
{
	struct keeper_entry entry;

	*n_r = 0;
	while (message_next_entry(&list, &entry)) {
		if (*n_r == steps->cap) {
			size_t cap = steps->cap == 0 ? 8 : steps->cap * 2;
			struct keeper_step *more = realloc(steps->items, cap * sizeof(*more));

			if (more == NULL)
				return err_set(err, ERR_NOMEM, "No memory for the items of the plan.");
			steps->items = more;
			steps->cap = cap;
		}
		steps->items[(*n_r)++] = (struct keeper_step){entry.step, entry.status, entry.at_wall_ms, entry.detail};
	}
	return list.ptr == NULL ? 0 : bad_answer(err);
}

struct page {
	uint32_t from;
	uint32_t left;
	int n;
	bool more;
	keeper_item_fn fn;
	void *ctx;
	struct steps steps;
};

static int
show_page(struct page *page, const struct message *answer, struct err *err)
{
	struct slice list = answer->text[TEXT_LIST];
	struct message_row row;
	struct keeper_item item;
	int r;

	page->more = answer->number[NUMBER_MORE] != 0;
	while (page->left > 0 && message_next_row(&list, &row)) {
		r = read_steps(row.steps, &page->steps, &item.n_steps, err);
		if (r < 0)
			return r;
		item.index = row.index;
		item.json = row.json;
		item.steps = page->steps.items;
		page->from = row.index + 1;
		page->left--;
		page->n++;
		r = page->fn(page->ctx, &item);
		if (r != 0)
			return r;
	}
	return list.ptr == NULL || page->left == 0 ? 0 : bad_answer(err);
}

static int
fetch_page(struct keeper *keeper, const char *id, struct page *page, struct err *err)
{
	struct message answer;
	struct buf payload, bytes;
	int before = page->n;
	int r;

	buf_init(&payload, MESSAGE_MAX);
	r = put_id(&payload, id, err);
	if (r < 0)
		return r;
	message_put_number(&payload, NUMBER_FROM, page->from);
	message_put_number(&payload, NUMBER_MAX, page->left);
	r = link_call(keeper, MESSAGE_PLAN_ITEMS, &payload, true, &bytes, &answer, err);
	if (r < 0)
		return r;
	r = show_page(page, &answer, err);
	buf_fini(&bytes);
	page->more = page->more && page->n > before;
	return r;
}

int
keeper_plan_items(struct keeper *keeper, const char *id, uint32_t from, uint32_t max, keeper_item_fn fn, void *ctx,
		  struct err *err)
{
	struct page page = {.from = from, .left = max, .fn = fn, .ctx = ctx};
	int r;

	do
		r = fetch_page(keeper, id, &page, err);
	while (r == 0 && page.more && page.left > 0);
	free(page.steps.items);
	return r != 0 ? r : page.n;
}

/* ---- Plans ---- */

static int
copy_str(struct pool *pool, struct slice text, const char **str_r, struct err *err)
{
	struct slice copy;
	int r = link_text(pool, text.ptr != NULL ? text : SLICE_LIT(""), &copy, err);

	*str_r = copy.ptr;
	return r;
}

static int
read_plan(const struct message *in, struct pool *pool, struct keeper_plan *plan, struct err *err)
{
	struct keeper_plan_meta *meta = &plan->meta;
	const struct {
		enum message_text tag;
		struct slice *to;
	} texts[] = {{TEXT_SCOPE, &meta->scope},
		     {TEXT_ARGUMENTS, &meta->arguments},
		     {TEXT_SUMMARY, &meta->summary},
		     {TEXT_RESULT, &plan->result}};
	int r = copy_str(pool, in->text[TEXT_TOOL], &meta->party.tool, err);

	if (r == 0)
		r = copy_str(pool, in->text[TEXT_OWNER], &meta->party.owner, err);
	if (r == 0)
		r = copy_str(pool, in->text[TEXT_STORE], &meta->party.store, err);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(texts); i++)
		r = link_text(pool, in->text[texts[i].tag], texts[i].to, err);
	meta->created_wall_ms = in->number[NUMBER_CREATED];
	meta->expires_wall_ms = in->number[NUMBER_EXPIRES];
	meta->n_items = (uint32_t)in->number[NUMBER_N_ITEMS];
	plan->state = (enum keeper_plan_state)in->number[NUMBER_STATE];
	plan->claimed_wall_ms = in->number[NUMBER_CLAIMED];
	plan->finished_wall_ms = in->number[NUMBER_FINISHED];
	plan->outcome = (enum keeper_outcome)in->number[NUMBER_OUTCOME];
	return r;
}

int
keeper_plan_read(struct keeper *keeper, const char *id, const struct keeper_party *party, uint64_t now_wall_ms,
		 struct pool *pool, struct keeper_plan *plan_r, struct err *err)
{
	struct message answer;
	struct buf payload, bytes;
	int r;

	memset(plan_r, 0, sizeof(*plan_r));
	buf_init(&payload, MESSAGE_MAX);
	r = put_id(&payload, id, err);
	if (r == 0)
		r = link_put_party(&payload, party, PARTY_OWNER, err);
	if (r < 0) {
		buf_fini(&payload);
		return r;
	}
	message_put_number(&payload, NUMBER_NOW, now_wall_ms);
	r = link_call(keeper, MESSAGE_PLAN_READ, &payload, true, &bytes, &answer, err);
	if (r < 0)
		return r;
	r = read_plan(&answer, pool, plan_r, err);
	if (r == 0)
		r = copy_str(pool, slice_from_str(id), &plan_r->meta.id, err);
	buf_fini(&bytes);
	return r;
}

static int
read_list(struct slice list, struct pool *pool, struct keeper_plan *plans_r, size_t max, struct err *err)
{
	struct message element;
	struct slice bytes;
	size_t n = 0;
	int r;

	while (n < max && message_next_item(&list, &bytes)) {
		if (message_decode(bytes, &element) < 0)
			return bad_answer(err);
		r = read_plan(&element, pool, &plans_r[n], err);
		if (r == 0)
			r = copy_str(pool, element.text[TEXT_ID], &plans_r[n].meta.id, err);
		if (r < 0)
			return r;
		n++;
	}
	return list.ptr == NULL || n == max ? (int)n : bad_answer(err);
}

int
keeper_plan_list(struct keeper *keeper, const struct keeper_party *party, uint64_t now_wall_ms, struct pool *pool,
		 struct keeper_plan *plans_r, size_t max, struct err *err)
{
	struct message answer;
	struct buf payload, bytes;
	int r;

	if (max == 0)
		return 0;
	memset(plans_r, 0, max * sizeof(*plans_r));
	buf_init(&payload, MESSAGE_MAX);
	r = link_put_party(&payload, party, PARTY_OWNER, err);
	if (r < 0) {
		buf_fini(&payload);
		return r;
	}
	message_put_number(&payload, NUMBER_NOW, now_wall_ms);
	message_put_number(&payload, NUMBER_MAX, max);
	r = link_call(keeper, MESSAGE_PLAN_LIST, &payload, true, &bytes, &answer, err);
	if (r < 0)
		return r;
	r = read_list(answer.text[TEXT_LIST], pool, plans_r, max, err);
	buf_fini(&bytes);
	return r;
}
