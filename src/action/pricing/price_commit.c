/*
 * price_commit.c - pricing.commit_bulk_price_update: hundreds of prices in one request
 *
 * A chunk is written in three lists: regular prices, special prices to set or re-date, special prices to remove.  Each
 * answer tells which rows went wrong; where it does not tell enough, the chunk is read again and the values decide.
 * Products that these routes do not serve, or a role that may not use them, are written by PUTs of the product.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "action/env.h"
#include "batch.h"
#include "catalog/fields.h"
#include "guard.h"
#include "json/clone.h"
#include "json/get.h"
#include "price_rows.h"
#include "price_targets.h"
#include "price_verify.h"
#include "pricing_private.h"
#include "results.h"

enum list { LIST_BASE, LIST_SPECIAL, LIST_DELETE, N_LISTS };

static const char *const list_paths[N_LISTS] = {"/products/base-prices", "/products/special-price",
						"/products/special-price-delete"};

struct writing {
	struct store_client *sc;
	struct price_job *jobs;
	size_t n;
	struct price_row *rows;	    /* of the list under way, room for n */
	struct price_job **in_list; /* the job of each row */
	size_t n_rows;
	bool must_read;		     /* the answers are not the whole truth */
	char stray[PRICE_ERROR_MAX]; /* an error that named no row */
};

/* ---- which list ---- */

static bool
changes(const struct price_job *job, int which)
{
	return json_object_get(job->step->to, price_field_names[which]) != NULL;
}

static bool
changes_special(const struct price_job *job)
{
	return changes(job, PRICE_SPECIAL) || changes(job, PRICE_FROM) || changes(job, PRICE_TO);
}

static bool
belongs(const struct price_job *job, enum list list)
{
	bool removes = json_is_null(json_object_get(job->values, "special_price"));

	if (job->is_over || job->by_put)
		return false;
	switch (list) {
	case LIST_BASE:
		return changes(job, PRICE_REGULAR);
	case LIST_SPECIAL:
		return changes_special(job) && !removes;
	case LIST_DELETE:
		return changes_special(job) && removes;
	case N_LISTS:
		break;
	}
	return false;
}

/* Only the present row exactly is deleted: anything else is answered with [] and does nothing. */
static json_t *
row_of(const struct price_job *job, enum list list)
{
	if (list == LIST_BASE)
		return price_rows_base(price_sku(job->step), job->store_id, job->values);
	if (list == LIST_SPECIAL)
		return price_rows_special(price_sku(job->step), job->store_id, job->values);
	return json_incref(json_object_get(job->step->present, PRICE_SPECIAL_ROW));
}

/* ---- sending a list ---- */

/* A row that was refused after the regular price had been saved says so. */
static void
refuse_row(struct price_job *job, const char *error, enum list list)
{
	char text[PRICE_ERROR_MAX + 64];

	snprintf(text, sizeof(text), "%s%s",
		 list != LIST_BASE && changes(job, PRICE_REGULAR) ? "The price was changed, but: " : "", error);
	price_job_fail(job, FAULT_MAGENTO_API_ERROR, text);
}

struct sending {
	struct writing *writing;
	enum list list;
};

static int
take_answer(void *ctx, size_t from, size_t n, const json_t *answer, struct fault *fault)
{
	const struct sending *sending = ctx;
	struct writing *w = sending->writing;
	char stray[PRICE_ERROR_MAX];
	int strays = price_rows_assign(answer, w->rows + from, n, stray);

	(void)fault;
	if (strays < 0) { /* whatever that was: the values decide */
		w->must_read = true;
		return 0;
	}
	if (strays > 0 && w->stray[0] == '\0')
		memcpy(w->stray, stray, sizeof(stray));
	if (json_array_size(answer) > 0 || sending->list == LIST_DELETE)
		w->must_read = true;
	for (size_t i = from; i < from + n; i++) {
		if (w->rows[i].is_refused)
			refuse_row(w->in_list[i], w->rows[i].error, sending->list);
	}
	return 0;
}

/* The piece that failed, and what was behind it. */
static void
fail_rest(struct writing *w, const struct price_post *post, const struct fault *fault)
{
	bool may_not = fault->code == FAULT_FORBIDDEN;

	for (size_t i = post->done; i < w->n_rows; i++) {
		struct price_job *job = w->in_list[i];

		if (may_not) {
			job->by_put = true;
			continue;
		}
		price_job_fail(job, fault->code, fault->message);
		job->step->in_doubt = post->in_doubt && i < post->done + post->piece;
	}
}

static void
send_list(struct writing *w, enum list list)
{
	struct sending sending = {.writing = w, .list = list};
	struct price_post post = {
	    .path = list_paths[list], .name = "prices", .list = json_array(), .take = take_answer, .ctx = &sending};
	struct fault fault;

	fault_init(&fault);
	w->n_rows = 0;
	for (size_t i = 0; i < w->n; i++) {
		struct price_job *job = &w->jobs[i];

		if (!belongs(job, list))
			continue;
		if (json_array_append_new(post.list, row_of(job, list)) < 0) {
			price_job_fail(job, FAULT_INTERNAL_ERROR, "Out of memory. Try again later.");
			continue;
		}
		w->rows[w->n_rows] = (struct price_row){.sku = price_sku(job->step), .store_id = job->store_id};
		w->in_list[w->n_rows++] = job;
	}
	if (price_post(w->sc, &post, &fault) < 0)
		fail_rest(w, &post, &fault);
	json_decref(post.list);
	fault_fini(&fault);
}

/* ---- by PUT ---- */

static json_t *
put_body(const struct price_job *job)
{
	json_t *product = json_pack("{s:s}", "sku", price_sku(job->step));
	int r = product != NULL ? 0 : -1;

	for (size_t i = 0; r == 0 && i < PRICE_N_FIELDS; i++) {
		const json_t *target = json_object_get(job->step->to, price_field_names[i]);

		if (target != NULL)
			r = fields_put(fields_find(price_field_names[i]), product, target);
	}
	if (r < 0) {
		json_decref(product);
		return NULL;
	}
	return json_pack("{s:o}", "product", product);
}

static int
check_product(struct commit_step *step, const json_t *reply, struct fault *fault)
{
	json_t *found = price_values(reply);
	const char *name = found != NULL ? price_difference(step, found) : NULL;

	json_decref(found);
	if (name == NULL)
		return 0;
	return fault_set(fault, FAULT_MAGENTO_API_ERROR, NULL, "Magento accepted the request but did not store %s.",
			 name);
}

static void
send_puts(struct writing *w)
{
	struct magento_request *requests = calloc(w->n + 1, sizeof(*requests));
	struct commit_step **steps = calloc(w->n + 1, sizeof(*steps));
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++) {
		struct price_job *job = &w->jobs[i];
		json_t *body;

		if (!job->by_put || job->is_over)
			continue;
		body = put_body(job);
		if (requests == NULL || steps == NULL || body == NULL) {
			price_job_fail(job, FAULT_INTERNAL_ERROR, "Out of memory. Try again later.");
			json_decref(body);
			continue;
		}
		steps[n] = job->step;
		requests[n++] = (struct magento_request){
		    .method = FETCH_PUT,
		    .scope = job->step->scope,
		    .path = batch_path(w->sc->call->pool, "/products/", price_sku(job->step), ""),
		    .body = body};
		job->is_over = true;
	}
	if (n > 0)
		commit_send(w->sc, steps, requests, n, check_product);
	for (size_t i = 0; i < n; i++)
		json_decref(requests[i].body);
	free(requests);
	free(steps);
}

/* ---- all of it ---- */

static void
open_job(struct store_client *sc, struct price_job *job, struct commit_step *step)
{
	const json_t *row = json_object_get(step->present, PRICE_SPECIAL_ROW);

	*job = (struct price_job){.step = step, .store_id = price_store_id(sc, step->scope)};
	job->values = json_clone_shallow(step->present);
	job->by_put = json_object_get(step->present, PRICE_BY_PUT) != NULL ||
		      json_object_get(step->plan_item, PRICE_BY_PUT) != NULL || job->store_id < 0;
	if (job->values == NULL || json_object_update(job->values, step->to) < 0) {
		price_job_fail(job, FAULT_INTERNAL_ERROR, "Out of memory. Try again later.");
		return;
	}
	/* The row of all stores is not this website's to take away: a PUT there touches nothing else. */
	if (belongs(job, LIST_DELETE) && (row == NULL || json_get_int(row, "store_id", 0) != job->store_id))
		job->by_put = true;
}

static void
write_prices(struct store_client *sc, struct commit_step *const *steps, size_t n)
{
	struct writing w = {.sc = sc,
			    .n = n,
			    .jobs = calloc(n + 1, sizeof(struct price_job)),
			    .rows = calloc(n + 1, sizeof(struct price_row)),
			    .in_list = calloc(n + 1, sizeof(struct price_job *))};

	if (w.jobs == NULL || w.rows == NULL || w.in_list == NULL) {
		for (size_t i = 0; i < n; i++) {
			steps[i]->status = KEEPER_ERROR;
			result_out_of_memory(&steps[i]->fault);
		}
		w.n = 0;
	}
	for (size_t i = 0; i < w.n; i++) {
		open_job(sc, &w.jobs[i], steps[i]);
		/* A price per website is told to one of its views: whether that took is seen by reading. */
		w.must_read |= price_job_clears(&w.jobs[i]) || w.jobs[i].store_id > 0;
	}
	for (enum list list = LIST_BASE; w.n > 0 && list < N_LISTS; list++)
		send_list(&w, list);
	if (w.n > 0 && w.must_read)
		price_verify(sc, w.jobs, w.n, w.stray);
	for (size_t i = 0; i < w.n; i++) {
		if (price_job_is_open(&w.jobs[i]))
			steps[i]->status = KEEPER_UPDATED;
	}
	if (w.n > 0)
		send_puts(&w);
	for (size_t i = 0; i < w.n; i++)
		json_decref(w.jobs[i].values);
	free(w.jobs);
	free(w.rows);
	free(w.in_list);
}

static int
recheck(struct action_call *call, json_t *arguments, uint32_t n_items, struct fault *fault)
{
	(void)arguments;
	return guard_cap(n_items, call->env->config->guardrails.max_skus_per_bulk, "guardrails.max_skus_per_bulk",
			 fault);
}

const struct commit_ops price_commit_ops = {
    .pair = "pricing.bulk_price_update",
    .noun = "products",
    .chunk = 500,
    .read = price_read,
    .write = write_prices,
    .same = price_same,
    .recheck = recheck,
};
