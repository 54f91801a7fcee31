/*
 * commit_result.c - CommitResult: what became of every item
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "commit_private.h"
#include "json/clone.h"
#include "json/get.h"
#include "results.h"
#include "shapes.h"

#define SHOWN_MAX 100

struct tally {
	size_t success, unchanged, errors, conflicts, pending;
};

/* An item is as good as its worst write, and not done before all of them are. */
static enum keeper_status
worse(enum keeper_status a, enum keeper_status b)
{
	static const int rank[KEEPER_STATUS_COUNT] = {
	    [KEEPER_UNCHANGED] = 0, [KEEPER_UPDATED] = 1, [KEEPER_CONFLICT] = 2,
	    [KEEPER_ERROR] = 3,	    [KEEPER_PENDING] = 4, [KEEPER_SENT] = 5,
	};

	return rank[a] > rank[b] ? a : b;
}

static void
count(struct tally *tally, enum keeper_status status)
{
	switch (status) {
	case KEEPER_UNCHANGED:
		tally->unchanged++;
		tally->success++;
		break;
	case KEEPER_UPDATED:
		tally->success++;
		break;
	case KEEPER_PENDING:
	case KEEPER_SENT:
		tally->pending++;
		break;
	case KEEPER_CONFLICT:
		tally->conflicts++;
		break;
	case KEEPER_ERROR:
		tally->errors++;
		break;
	}
}

static struct tally
tally_items(const struct commit *commit)
{
	struct tally tally = {0};

	for (size_t i = 0; i < commit->n_steps;) {
		uint32_t item = commit->steps[i].item;
		enum keeper_status status = commit->steps[i].status;

		for (i++; i < commit->n_steps && commit->steps[i].item == item; i++)
			status = worse(status, commit->steps[i].status);
		count(&tally, status);
	}
	return tally;
}

void
commit_tell(struct commit *commit)
{
	struct tally tally = tally_items(commit);
	size_t all = tally.success + tally.errors + tally.conflicts + tally.pending, done = all - tally.pending;

	if (done > 0) /* that it has begun is no progress, and a client may count rounds of one call together */
		action_progress(commit->call, (double)done, (double)all, "%zu of %zu %s updated", done, all,
				commit->ops->noun);
	if (tally.conflicts > commit->told_conflicts) {
		action_log(commit->call, ACTION_LOG_WARNING,
			   "%zu %s had been changed by somebody else and are left alone.", tally.conflicts,
			   commit->ops->noun);
	}
	commit->told_conflicts = tally.conflicts;
}

/* {sku, scope, ...detail} of each step with this status, the first hundred. */
static json_t *
list_steps(const struct commit *commit, enum keeper_status status)
{
	json_t *rows = json_array();

	for (size_t i = 0; rows != NULL && i < commit->n_steps && json_array_size(rows) < SHOWN_MAX; i++) {
		const struct commit_step *step = &commit->steps[i];
		json_t *row;

		if (step->status != status)
			continue;
		row = json_clone(json_object_get(step->plan_item, "key"));
		if (json_object_set_new(row, "scope", json_string(step->scope)) < 0 ||
		    (commit->details[i] != NULL && json_object_update(row, commit->details[i]) < 0)) {
			json_decref(row);
			row = NULL;
		}
		if (json_array_append_new(rows, row) < 0) {
			json_decref(rows);
			return NULL;
		}
	}
	return rows;
}

static const char *
status_word(const struct tally *tally)
{
	if (tally->pending > 0)
		return "interrupted";
	return tally->errors + tally->conflicts > 0 ? "completed_with_errors" : "completed";
}

static void
write_message(const struct commit *commit, const struct tally *tally, char *out, size_t cap)
{
	size_t all = tally->success + tally->errors + tally->conflicts + tally->pending;

	if (tally->pending > 0) {
		snprintf(out, cap, "%zu of %zu %s done, %zu still to do. %s Call again with the same plan_id to go on.",
			 all - tally->pending, all, commit->ops->noun, tally->pending, commit->stopped.message);
	} else if (tally->errors + tally->conflicts > 0) {
		snprintf(
		    out, cap,
		    "%zu of %zu %s updated, %zu failed, %zu had been changed by somebody else and were left alone.",
		    tally->success, all, commit->ops->noun, tally->errors, tally->conflicts);
	} else {
		snprintf(out, cap, "%zu of %zu %s updated.", tally->success, all, commit->ops->noun);
	}
}

json_t *
commit_render(const struct commit *commit, const char *plan_id)
{
	struct tally tally = tally_items(commit);
	char message[FAULT_MESSAGE_MAX + 256];
	json_t *result;

	write_message(commit, &tally, message, sizeof(message));
	result = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:b}", "message", message, "plan_id",
			   plan_id, "status", status_word(&tally), "success_count", (json_int_t)tally.success,
			   "unchanged_count", (json_int_t)tally.unchanged, "error_count", (json_int_t)tally.errors,
			   "conflict_count", (json_int_t)tally.conflicts, "pending_count", (json_int_t)tally.pending,
			   "errors", list_steps(commit, KEEPER_ERROR), "conflicts", list_steps(commit, KEEPER_CONFLICT),
			   "replayed", 0);
	return result;
}

/* ---- shapes ---- */

static bool
match_uuid(const char *text, size_t len)
{
	return len == KEEPER_ID_LEN && strspn(text, "0123456789abcdefABCDEF-") == len;
}

static const struct json_schema plan_id_shape = {.type = JSON_T_STRING,
						 .match = match_uuid,
						 .pattern = "^[0-9a-fA-F-]{36}$",
						 .hint = "the plan_id that a prepare tool gave",
						 .description = "plan_id of the prepare tool"};
static const struct json_schema force_shape = {.type = JSON_T_BOOLEAN,
					       .default_json = "false",
					       .description = "Overwrite items that changed since the plan was made"};
static const struct json_prop params_props[] = {
    {"plan_id", &plan_id_shape, true, NULL}, SHAPE_CONFIRM_PROPS, {"force", &force_shape, false, NULL}, {0}};
const struct json_schema commit_params = {.type = JSON_T_OBJECT, .props = params_props};

static const char *const statuses[] = {"completed", "completed_with_errors", "interrupted", NULL};
static const struct json_schema status_shape = {.type = JSON_T_STRING, .enumeration = statuses};
static const struct json_prop result_props[] = {
    {"message", &shape_text, true, NULL},
    {"plan_id", &shape_text, true, NULL},
    {"status", &status_shape, true, "interrupted: call again with the same plan_id to go on"},
    {"success_count", &shape_count, true, "Written, or already as wanted"},
    {"unchanged_count", &shape_count, true, "Already as wanted"},
    {"error_count", &shape_count, true, NULL},
    {"conflict_count", &shape_count, true, "Changed by somebody since the plan was made, and left alone"},
    {"pending_count", &shape_count, true, "Still to do"},
    {"errors", &shape_objects, true, "The first 100: which, scope, code, error"},
    {"conflicts", &shape_objects, true, "The first 100: which, scope, changes {planned_from, found, to}"},
    {"replayed", &shape_flag, true, "The stored result of an earlier call with the same idempotency_key"},
    {0},
};
const struct json_schema commit_result = {.type = JSON_T_OBJECT, .props = result_props, .extra = JSON_EXTRA_ALLOWED};
