/*
 * commit_judge.c - what the values found in the shop say about a planned write
 */
#include "commit_private.h"
#include "json/get.h"
#include "plan.h"

static bool
all_same(const struct commit *commit, json_t *to, const json_t *wanted, const json_t *present)
{
	const char *field;
	json_t *unused;

	json_object_foreach(to, field, unused)
	{
		json_t *a = json_object_get(wanted, field), *b = json_object_get(present, field);

		if (!commit->ops->same(field, a != NULL ? a : json_null(), b != NULL ? b : json_null()))
			return false;
	}
	return true;
}

enum commit_finding
commit_find(const struct commit *commit, const struct commit_step *step)
{
	if (all_same(commit, step->to, step->to, step->present))
		return COMMIT_IS_TARGET;
	return all_same(commit, step->to, step->from, step->present) ? COMMIT_IS_BEFORE : COMMIT_IS_OTHER;
}

static void
set_detail(struct commit *commit, const struct commit_step *step, json_t *detail)
{
	size_t at = commit_index(commit, step);

	json_decref(commit->details[at]);
	commit->details[at] = detail;
}

/* {"changes":{field:{planned_from, found, to}}} */
void
commit_set_conflict(struct commit *commit, struct commit_step *step)
{
	json_t *changes = json_object();
	const char *field;
	json_t *to;

	json_object_foreach(step->to, field, to)
	{
		json_t *from = json_object_get(step->from, field), *found = json_object_get(step->present, field);

		json_object_set_new(changes, field,
				    json_pack("{s:o, s:o, s:o}", "planned_from",
					      plan_shown(from != NULL ? from : json_null()), "found",
					      plan_shown(found != NULL ? found : json_null()), "to", plan_shown(to)));
	}
	step->status = KEEPER_CONFLICT;
	set_detail(commit, step, json_pack("{s:o}", "changes", changes));
}

void
commit_set_error(struct commit *commit, struct commit_step *step)
{
	step->status = KEEPER_ERROR;
	set_detail(commit, step,
		   json_pack("{s:s, s:s}", "code", fault_code_name(step->fault.code), "error", step->fault.message));
}

bool
commit_judge(struct commit *commit, struct commit_step *step)
{
	enum commit_finding finding;

	if (step->gone) {
		fault_set(&step->fault, FAULT_NOT_FOUND, NULL, "It does not exist any more, so nothing was written.");
		commit_set_error(commit, step);
		return false;
	}
	finding = commit_find(commit, step);
	if (finding == COMMIT_IS_TARGET) {
		step->status = KEEPER_UNCHANGED;
		return false;
	}
	if (finding == COMMIT_IS_OTHER && !commit->force) {
		commit_set_conflict(commit, step);
		return false;
	}
	return true;
}
