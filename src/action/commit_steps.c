/*
 * commit_steps.c - a plan's items and journal, as they come from the keeper and go to it
 */
#include <stdlib.h>
#include <string.h>

#include "action/env.h"
#include "base/clock.h"
#include "commit_private.h"
#include "json/get.h"
#include "json/parse.h"
#include "json/write.h"
#include "magento/scope.h"
#include "results.h"

const struct json_limits commit_limits = {
    .max_bytes = KEEPER_TEXT_BYTES_MAX,
    .max_string_bytes = KEEPER_TEXT_BYTES_MAX,
    .max_depth = 64,
    .max_values = 200000,
};

/* ---- loading ---- */

struct loading {
	struct commit *commit;
	size_t cap;
};

static int
grow(struct commit *commit, size_t *cap, size_t wanted)
{
	size_t bigger = *cap * 2 > wanted ? *cap * 2 : wanted + 64;
	struct commit_step *steps;
	json_t **details;
	uint64_t *sent;

	if (wanted <= *cap)
		return 0;
	steps = realloc(commit->steps, bigger * sizeof(*steps));
	if (steps == NULL)
		return ERR_NOMEM;
	commit->steps = steps;
	details = realloc(commit->details, bigger * sizeof(json_t *));
	if (details == NULL)
		return ERR_NOMEM;
	commit->details = details;
	sent = realloc(commit->sent_wall_ms, bigger * sizeof(*sent));
	if (sent == NULL)
		return ERR_NOMEM;
	commit->sent_wall_ms = sent;
	*cap = bigger;
	return 0;
}

static const struct keeper_step *
find_journal(const struct keeper_item *item, uint16_t step)
{
	for (size_t i = 0; i < item->n_steps; i++) {
		if (item->steps[i].step == step)
			return &item->steps[i];
	}
	return NULL;
}

static int
load_step(struct loading *loading, const struct keeper_item *item, json_t *plan_item, uint16_t number)
{
	struct commit *commit = loading->commit;
	json_t *write = json_array_get(json_get_array(plan_item, "writes"), number);
	const struct keeper_step *journal = find_journal(item, number);
	struct commit_step *step;
	size_t at = commit->n_steps;

	if (grow(commit, &loading->cap, at + 1) < 0)
		return ERR_NOMEM;
	step = &commit->steps[at];
	memset(step, 0, sizeof(*step));
	fault_init(&step->fault);
	step->item = item->index;
	step->step = number;
	step->plan_item = plan_item;
	step->scope = json_get_str(write, "scope", MAGENTO_SCOPE_ALL);
	step->from = json_get_object(write, "from");
	step->to = json_get_object(write, "to");
	step->status = journal != NULL ? journal->status : KEEPER_PENDING;
	commit->details[at] = NULL;
	commit->sent_wall_ms[at] = journal != NULL ? journal->at_wall_ms : 0;
	commit->n_steps++;
	if (journal != NULL && journal->detail.len > 0)
		return json_parse(journal->detail, &commit_limits, &commit->details[at], NULL);
	return 0;
}

static int
on_item(void *ctx, const struct keeper_item *item)
{
	struct loading *loading = ctx;
	json_t *plan_item = NULL;
	size_t n;
	int r = json_parse(item->json, &commit_limits, &plan_item, NULL);

	if (r < 0)
		return r;
	n = json_get_array_len(plan_item, "writes");
	if (json_array_append_new(loading->commit->items, plan_item) < 0)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		r = load_step(loading, item, plan_item, (uint16_t)i);
		if (r < 0)
			return r;
	}
	return 0;
}

int
commit_load(struct commit *commit, struct fault *fault)
{
	struct loading loading = {.commit = commit};
	struct err err = {.code = ERR_OK};
	int r;

	commit->items = json_array();
	if (commit->items == NULL)
		return result_out_of_memory(fault);
	r = keeper_plan_items(commit->call->env->keeper, keeper_claim_plan(commit->claim), 0, KEEPER_ITEMS_MAX, on_item,
			      &loading, &err);
	if (r == ERR_CANCELLED)
		return fault_set(fault, FAULT_CANCELLED, NULL, "The call was cancelled.");
	if (r < 0) {
		return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "The plan could not be read: %s",
				 err.text[0] != '\0' ? err.text : "an item of it is damaged");
	}
	return 0;
}

void
commit_unload(struct commit *commit)
{
	for (size_t i = 0; i < commit->n_steps; i++) {
		json_decref(commit->steps[i].present);
		fault_fini(&commit->steps[i].fault);
		json_decref(commit->details[i]);
	}
	free(commit->steps);
	free(commit->details);
	free(commit->sent_wall_ms);
	json_decref(commit->items);
}

size_t
commit_index(const struct commit *commit, const struct commit_step *step)
{
	return (size_t)(step - commit->steps);
}

/* ---- where they are written ---- */

static bool
is_open(const struct commit_step *step)
{
	return step->status == KEEPER_PENDING || step->status == KEEPER_SENT;
}

/* The first scope still to be written that the tree does not have; NULL: none. */
static const char *
find_lost_scope(const struct commit *commit, const struct scope_tree *tree)
{
	const char *known = MAGENTO_SCOPE_ALL;

	for (size_t i = 0; i < commit->n_steps; i++) {
		const char *scope = commit->steps[i].scope;
		const struct scope_view *view;

		if (!is_open(&commit->steps[i]) || strcmp(scope, known) == 0 || strcmp(scope, MAGENTO_SCOPE_ALL) == 0)
			continue;
		view = scope_view_find(tree, scope);
		if (view == NULL || !view->active)
			return scope;
		known = scope;
	}
	return NULL;
}

static bool
names_a_view(const struct commit *commit)
{
	for (size_t i = 0; i < commit->n_steps; i++) {
		if (is_open(&commit->steps[i]) && strcmp(commit->steps[i].scope, MAGENTO_SCOPE_ALL) != 0)
			return true;
	}
	return false;
}

int
commit_check_scopes(struct commit *commit, struct fault *fault)
{
	const char *lost = "";
	bool was_kept = true;

	/* A kept tree may be older than a store view: before anything is refused the shop is asked. */
	for (bool fresh = false; names_a_view(commit) && lost != NULL && was_kept; fresh = true) {
		const struct scope_tree *tree = NULL;

		if (scope_tree_get(&commit->sc.magento, commit->call->env->scopes, fresh, &tree, &was_kept, fault) <
		    0) {
			if (fault->code != FAULT_FORBIDDEN)
				return -1;
			fault_fini(fault); /* it may not be read: Magento itself refuses a view that it does not know */
			fault_init(fault);
			return 0;
		}
		lost = find_lost_scope(commit, tree);
	}
	if (lost == NULL || lost[0] == '\0')
		return 0;
	return fault_set(fault, FAULT_VALIDATION_ERROR, NULL,
			 "The store view %s, which this plan writes to, does not exist any more or is switched off. "
			 "Prepare a new plan.",
			 lost);
}

/* ---- journalling ---- */

static int
fill_entry(struct commit *commit, const struct commit_step *step, struct keeper_entry *entry, struct buf *detail)
{
	size_t at = commit_index(commit, step);

	entry->item = step->item;
	entry->step = step->step;
	entry->status = step->status;
	entry->at_wall_ms = step->status == KEEPER_SENT ? commit->sent_wall_ms[at] : clock_wall_ms();
	entry->detail = SLICE_NONE;
	if (commit->details[at] == NULL)
		return 0;
	if (json_dump_to(detail, commit->details[at]) < 0)
		return ERR_NOMEM;
	entry->detail = buf_slice(detail);
	return 0;
}

static int
refuse_journal(int r, const struct err *err, struct fault *fault)
{
	if (r == ERR_DENIED) {
		return fault_set(fault, FAULT_IDEMPOTENCY_CONFLICT, NULL,
				 "Another call has taken this plan over. Wait for it, then ask with the same plan_id.");
	}
	return fault_set(fault, FAULT_INTERNAL_ERROR, NULL,
			 "The journal cannot be written, so nothing more was sent: %s", err->text);
}

int
commit_journal(struct commit *commit, struct commit_step *const *steps, size_t n, struct fault *fault)
{
	struct keeper_entry *entries = calloc(n + 1, sizeof(*entries));
	struct buf *details = calloc(n + 1, sizeof(*details));
	struct err err = {.code = ERR_OK};
	int r = entries != NULL && details != NULL ? 0 : ERR_NOMEM;

	if (r < 0)
		err_set(&err, ERR_NOMEM, "out of memory");
	for (size_t i = 0; details != NULL && i < n; i++)
		buf_init(&details[i], KEEPER_TEXT_BYTES_MAX);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = fill_entry(commit, steps[i], &entries[i], &details[i]);
	if (r == 0 && n > 0)
		r = keeper_journal(commit->claim, entries, n, &err);
	for (size_t i = 0; details != NULL && i < n; i++)
		buf_fini(&details[i]);
	free(details);
	free(entries);
	return r == 0 ? 0 : refuse_journal(r, &err, fault);
}
