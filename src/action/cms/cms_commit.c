/*
 * cms_commit.c - cms.commit_bulk_update_*: one PUT for each row
 *
 * A PUT always carries id, identifier, title and active, as they are now: without the identifier Magento derives a new
 * URL from the title, and other releases switch off what does not say that it is active.
 */
#include <string.h>

#include "action/env.h"
#include "cms_private.h"
#include "cms_read.h"
#include "cms_text.h"
#include "commit.h"
#include "guard.h"
#include "json/clone.h"
#include "json/get.h"
#include "results.h"

/* Beside the fields, `present` holds the row as it was read, under a name that is no field. */
#define ROW "row"

/* ---- reading ---- */

static int64_t
step_id(const struct cms_kind *kind, const struct commit_step *step)
{
	return json_get_int(json_get_object(step->plan_item, "key"), kind->id_name, 0);
}

static bool
any_wants(struct commit_step *const *steps, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (json_object_get(steps[i]->to, name) != NULL)
			return true;
	}
	return false;
}

static const char *
projection(struct store_client *sc, const struct cms_kind *kind, struct commit_step *const *steps, size_t n)
{
	const char *fields = NULL;
	struct buf out;

	buf_init(&out, 256);
	buf_put_str(&out, "items[id,identifier,title,active");
	for (size_t i = 0; i < kind->n_fields; i++) {
		const char *member = kind->fields[i].member;

		if (strcmp(member, "title") != 0 && strcmp(member, "active") != 0 &&
		    any_wants(steps, n, kind->fields[i].name))
			buf_printf(&out, ",%s", member);
	}
	if (buf_put_str(&out, "],total_count") == 0)
		fields = pool_slicedup(sc->call->pool, buf_slice(&out));
	buf_fini(&out);
	return fields;
}

static const json_t *
find_row(const json_t *rows, int64_t id)
{
	for (size_t i = 0; i < json_array_size(rows); i++) {
		if (cms_id(json_array_get(rows, i)) == id)
			return json_array_get(rows, i);
	}
	return NULL;
}

/* The values of the fields to be written, in normal form, and the row itself.  NULL without memory. */
static json_t *
present_of(const struct cms_kind *kind, const struct commit_step *step, const json_t *row)
{
	json_t *present = json_object();
	int r = present != NULL ? json_object_set_new(present, ROW, json_clone(row)) : -1;

	for (size_t i = 0; r == 0 && i < kind->n_fields; i++) {
		const struct cms_field *field = &kind->fields[i];

		if (json_object_get(step->to, field->name) != NULL)
			r = json_object_set_new(present, field->name, cms_field_of_row(field, row));
	}
	if (r < 0) {
		json_decref(present);
		return NULL;
	}
	return present;
}

static int
read_steps(struct store_client *sc, const struct cms_kind *kind, struct commit_step *const *steps, size_t n,
	   struct fault *fault)
{
	const char *fields = projection(sc, kind, steps, n);
	int64_t *ids = pool_alloc(sc->call->pool, (n + 1) * sizeof(*ids));
	json_t *rows = NULL;
	int r = 0;

	if (fields == NULL || ids == NULL)
		return result_out_of_memory(fault);
	for (size_t i = 0; i < n; i++)
		ids[i] = step_id(kind, steps[i]);
	if (cms_read_ids(sc, kind, ids, n, fields, &rows, fault) < 0)
		return -1;
	for (size_t i = 0; r == 0 && i < n; i++) {
		const json_t *row = find_row(rows, ids[i]);

		steps[i]->gone = row == NULL;
		if (row == NULL)
			continue;
		steps[i]->present = present_of(kind, steps[i], row);
		if (steps[i]->present == NULL)
			r = result_out_of_memory(fault);
	}
	json_decref(rows);
	return r;
}

/* ---- writing ---- */

static int
put_value(json_t *body, const struct cms_field *field, const json_t *value)
{
	if (json_is_null(value))
		return json_object_set_new(body, field->member, json_string(""));
	return json_object_set_new(body, field->member, json_clone(value));
}

/*
 * The body of a PUT: what names the row, then the values of all fields that the step is about, out of `values` (normal
 * forms).
 */
static json_t *
make_body(const struct cms_kind *kind, const struct commit_step *step, const json_t *values)
{
	const json_t *row = json_object_get(step->present, ROW);
	json_t *inner = json_pack("{s:I, s:O?, s:O?, s:O?}", "id", (json_int_t)step_id(kind, step), "identifier",
				  json_object_get(row, "identifier"), "title", json_object_get(row, "title"), "active",
				  json_object_get(row, "active"));
	int r = inner != NULL ? 0 : -1;

	for (size_t i = 0; r == 0 && i < kind->n_fields; i++) {
		const json_t *value = json_object_get(values, kind->fields[i].name);

		if (value != NULL)
			r = put_value(inner, &kind->fields[i], value);
	}
	if (r < 0) {
		json_decref(inner);
		return NULL;
	}
	return json_pack("{s:o}", kind->body, inner);
}

static const char *
row_path(struct store_client *sc, const struct cms_kind *kind, const struct commit_step *step)
{
	return pool_printf(sc->call->pool, "%s/%lld", kind->path, (long long)step_id(kind, step));
}

/* What must never change in passing: the identifier, and whether it is shown. */
static bool
is_intact(const struct commit_step *step, const json_t *reply)
{
	const json_t *row = json_object_get(step->present, ROW);
	bool wanted = json_get_bool(row, "active", false);

	if (json_object_get(step->to, "is_active") != NULL)
		wanted = json_is_true(json_object_get(step->to, "is_active"));
	return strcmp(json_get_str(row, "identifier", ""), json_get_str(reply, "identifier", "")) == 0 &&
	       json_get_bool(reply, "active", !wanted) == wanted;
}

#define DAMAGED "damaged" /* in `present`: to be put back */

static int
check_reply(const struct cms_kind *kind, struct commit_step *step, const json_t *reply, struct fault *fault)
{
	if (!is_intact(step, reply)) {
		json_object_set_new(step->present, DAMAGED, json_true());
		return fault_set(fault, FAULT_MAGENTO_API_ERROR, NULL,
				 "Magento changed the identifier or the state of this %s against what was sent.",
				 kind->noun);
	}
	for (size_t i = 0; i < kind->n_fields; i++) {
		const struct cms_field *field = &kind->fields[i];
		const json_t *wanted = json_object_get(step->to, field->name);
		json_t *stored;
		bool same;

		if (wanted == NULL)
			continue;
		stored = cms_field_of_row(field, reply);
		same = stored != NULL && cms_field_same(field->name, wanted, stored);
		json_decref(stored);
		if (!same) {
			return fault_set(fault, FAULT_MAGENTO_API_ERROR, NULL,
					 "Magento accepted the request but did not store %s.", field->name);
		}
	}
	return 0;
}

static int
check_page(struct commit_step *step, const json_t *reply, struct fault *fault)
{
	return check_reply(&cms_pages, step, reply, fault);
}

static int
check_block(struct commit_step *step, const json_t *reply, struct fault *fault)
{
	return check_reply(&cms_blocks, step, reply, fault);
}

/* Writes the row as it was before; the step stays an error that tells how that went. */
static void
put_back(struct store_client *sc, const struct cms_kind *kind, struct commit_step *step)
{
	json_t *body = make_body(kind, step, step->present);
	struct magento_request request = {
	    .method = FETCH_PUT, .scope = MAGENTO_SCOPE_ALL, .path = row_path(sc, kind, step), .body = body};
	const json_t *row = json_object_get(step->present, ROW);
	struct magento_reply reply;
	struct fault fault;
	bool done = false;

	magento_reply_init(&reply);
	fault_init(&fault);
	if (body != NULL && request.path != NULL && magento_call(&sc->magento, &request, &reply, &fault) == 0) {
		done = strcmp(json_get_str(row, "identifier", ""), json_get_str(reply.body, "identifier", "")) == 0 &&
		       json_get_bool(row, "active", false) == json_get_bool(reply.body, "active", false);
	}
	fault_set(&step->fault, FAULT_MAGENTO_API_ERROR, NULL,
		  done ? "Magento changed the identifier or the state of this %s against what was sent. It was put "
			 "back as it was."
		       : "Magento changed the identifier or the state of this %s against what was sent, and putting it "
			 "back failed. Look at it.",
		  kind->noun);
	fault_fini(&fault);
	magento_reply_fini(&reply);
	json_decref(body);
}

static void
write_steps(struct store_client *sc, const struct cms_kind *kind, struct commit_step *const *steps, size_t n)
{
	struct magento_request *requests = pool_alloc(sc->call->pool, (n + 1) * sizeof(*requests));
	bool failed = requests == NULL;

	for (size_t i = 0; !failed && i < n; i++) {
		requests[i] = (struct magento_request){.method = FETCH_PUT,
						       .scope = MAGENTO_SCOPE_ALL,
						       .path = row_path(sc, kind, steps[i]),
						       .body = make_body(kind, steps[i], steps[i]->to)};
		failed = requests[i].path == NULL || requests[i].body == NULL;
	}
	if (!failed)
		commit_send(sc, steps, requests, n, kind == &cms_pages ? check_page : check_block);
	for (size_t i = 0; i < n; i++) {
		if (failed) {
			steps[i]->status = KEEPER_ERROR;
			result_out_of_memory(&steps[i]->fault);
		} else if (json_object_get(steps[i]->present, DAMAGED) != NULL) {
			put_back(sc, kind, steps[i]);
		}
		if (requests != NULL)
			json_decref(requests[i].body);
	}
}

/* ---- the rest ---- */

static int
recheck(struct action_call *call, json_t *arguments, uint32_t n_items, struct fault *fault)
{
	(void)arguments;
	return guard_cap(n_items, call->env->config->guardrails.max_skus_per_bulk, "guardrails.max_skus_per_bulk",
			 fault);
}

/* Contents of conflicts are shown in part: a hundred pages would not fit an answer. */
static void
shorten_conflicts(struct store_client *sc, struct commit_step *const *steps, size_t n, json_t *result)
{
	static const char *const sides[] = {"planned_from", "found", "to"};
	json_t *conflicts = json_get_array(result, "conflicts");

	(void)sc;
	(void)steps;
	(void)n;
	for (size_t i = 0; i < json_array_size(conflicts); i++) {
		json_t *changes = json_get_object(json_array_get(conflicts, i), "changes");
		const char *name;
		json_t *change;

		json_object_foreach(changes, name, change)
		{
			for (size_t s = 0; s < ARRAY_LEN(sides); s++)
				json_object_set_new(change, sides[s],
						    cms_text_short(json_object_get(change, sides[s])));
		}
	}
}

static int
read_pages(struct store_client *sc, struct commit_step *const *steps, size_t n, struct fault *fault)
{
	return read_steps(sc, &cms_pages, steps, n, fault);
}

static int
read_blocks(struct store_client *sc, struct commit_step *const *steps, size_t n, struct fault *fault)
{
	return read_steps(sc, &cms_blocks, steps, n, fault);
}

static void
write_pages(struct store_client *sc, struct commit_step *const *steps, size_t n)
{
	write_steps(sc, &cms_pages, steps, n);
}

static void
write_blocks(struct store_client *sc, struct commit_step *const *steps, size_t n)
{
	write_steps(sc, &cms_blocks, steps, n);
}

const struct commit_ops cms_page_commit_ops = {
    .pair = "cms.bulk_update_pages",
    .noun = "pages",
    .read = read_pages,
    .write = write_pages,
    .same = cms_field_same,
    .recheck = recheck,
    .after = shorten_conflicts,
};

const struct commit_ops cms_block_commit_ops = {
    .pair = "cms.bulk_update_blocks",
    .noun = "blocks",
    .read = read_blocks,
    .write = write_blocks,
    .same = cms_field_same,
    .recheck = recheck,
    .after = shorten_conflicts,
};

static const struct commit_ops *
ops_of(const struct action_call *call)
{
	return cms_kind_of(call) == &cms_pages ? &cms_page_commit_ops : &cms_block_commit_ops;
}

int
cms_commit(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	return commit_run(call, params, ops_of(call), result_r, fault);
}

int
cms_ask_commit(struct action_call *call, const json_t *params, struct buf *text, struct fault *fault)
{
	return commit_question(call, params, ops_of(call), text, fault);
}
