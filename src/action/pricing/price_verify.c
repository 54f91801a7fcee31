/*
 * price_verify.c - see price_verify.h
 */
#include "price_verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "action/env.h"
#include "magento/scope.h"
#include "price_rows.h"
#include "price_targets.h"
#include "results.h"

/* ---- a job ---- */

const char *
price_difference(const struct commit_step *step, const json_t *found)
{
	const char *name;
	json_t *to;

	json_object_foreach(step->to, name, to)
	{
		json_t *value = json_object_get(found, name);

		if (!price_same(name, to, value != NULL ? value : json_null()))
			return name;
	}
	return NULL;
}

bool
price_job_is_open(const struct price_job *job)
{
	return !job->is_over && !job->by_put;
}

bool
price_job_clears(const struct price_job *job)
{
	const char *name;
	json_t *to;

	json_object_foreach(job->step->to, name, to)
	{
		if (json_is_null(to))
			return true;
	}
	return false;
}

void
price_job_fail(struct price_job *job, enum fault_code code, const char *text)
{
	job->is_over = true;
	job->step->status = KEEPER_ERROR;
	fault_set(&job->step->fault, code, NULL, "%s", text);
}

/* ---- what a view sees ---- */

/* What one view sees of a job. */
struct look {
	struct price_job *job;
	struct commit_step step; /* a copy, in the view's scope; `present` is its own */
};

static bool
is_own(const struct look *look)
{
	return strcmp(look->step.scope, look->job->step->scope) == 0;
}

static void
judge(const struct look *look, const char *stray)
{
	const struct commit_step *found = &look->step;
	struct price_job *job = look->job;
	const char *name = found->present != NULL ? price_difference(job->step, found->present) : NULL;
	char text[PRICE_ERROR_MAX + 64];

	if (found->gone) {
		price_job_fail(job, FAULT_NOT_FOUND, "It does not exist any more.");
		return;
	}
	if (name == NULL)
		return;
	/* Only a PUT with null clears for certain, and a PUT through one view reaches all of its website. */
	if ((price_job_clears(job) && stray[0] == '\0') || !is_own(look)) {
		job->by_put = true;
		return;
	}
	if (stray[0] != '\0') {
		snprintf(text, sizeof(text), "Magento did not store %s: %s", name, stray);
	} else {
		snprintf(text, sizeof(text), "Magento accepted the request but did not store %s.%s", name,
			 strcmp(name, "price") == 0 ? ""
						    : " (On Adobe Commerce special prices become scheduled updates.)");
	}
	price_job_fail(job, FAULT_MAGENTO_API_ERROR, text);
}

static bool
is_sibling(const struct scope_view *view, const struct scope_view *own)
{
	return view != own && view->active && view->website_id == own->website_id;
}

/* Gives how many looks a job needs, and makes them when `looks` is not NULL; 0 without memory. */
static size_t
look_at(struct store_client *sc, const struct scope_tree *tree, struct price_job *job, struct look *looks)
{
	const struct scope_view *own =
	    tree != NULL && job->store_id > 0 ? scope_view_find(tree, job->step->scope) : NULL;
	size_t n = 1;

	if (looks != NULL) {
		looks[0] = (struct look){.job = job, .step = *job->step};
		looks[0].step.present = NULL;
		looks[0].step.gone = false;
	}
	for (size_t i = 0; own != NULL && i < tree->n_views; i++) {
		if (!is_sibling(&tree->views[i], own))
			continue;
		if (looks != NULL) {
			looks[n] = looks[0];
			looks[n].step.scope = pool_strdup(sc->call->pool, tree->views[i].code);
			if (looks[n].step.scope == NULL)
				return 0;
		}
		n++;
	}
	return n;
}

/* All looks at the jobs that are open, as an array to be freed; NULL without memory. */
static struct look *
look_at_all(struct store_client *sc, struct price_job *jobs, size_t n_jobs, size_t *n_r)
{
	const struct scope_tree *tree = NULL;
	struct look *looks;
	struct fault fault;
	size_t n = 0, cap = 1;

	fault_init(&fault);
	if (scope_tree_get(&sc->magento, sc->call->env->scopes, false, &tree, NULL, &fault) < 0)
		tree = NULL;
	fault_fini(&fault);
	for (size_t i = 0; i < n_jobs; i++)
		cap += price_job_is_open(&jobs[i]) ? look_at(sc, tree, &jobs[i], NULL) : 0;
	looks = calloc(cap, sizeof(*looks));
	for (size_t i = 0; looks != NULL && i < n_jobs; i++) {
		size_t more = price_job_is_open(&jobs[i]) ? look_at(sc, tree, &jobs[i], looks + n) : 0;

		if (price_job_is_open(&jobs[i]) && more == 0) {
			free(looks);
			return NULL;
		}
		n += more;
	}
	*n_r = n;
	return looks;
}

void
price_verify(struct store_client *sc, struct price_job *jobs, size_t n_jobs, const char *stray)
{
	size_t n = 0;
	struct look *looks = look_at_all(sc, jobs, n_jobs, &n);
	struct commit_step **steps = calloc(n + 1, sizeof(*steps));
	struct fault fault;

	fault_init(&fault);
	for (size_t i = 0; steps != NULL && i < n; i++)
		steps[i] = &looks[i].step;
	if (looks == NULL || steps == NULL)
		result_out_of_memory(&fault);
	else if (n > 0)
		(void)!price_read(sc, steps, n, &fault);
	for (size_t i = 0; fault.code == FAULT_NONE && i < n; i++) {
		if (price_job_is_open(looks[i].job))
			judge(&looks[i], stray);
	}
	for (size_t i = 0; fault.code != FAULT_NONE && i < n_jobs; i++) {
		if (price_job_is_open(&jobs[i])) {
			price_job_fail(&jobs[i], fault.code, fault.message);
			jobs[i].step->in_doubt = true;
		}
	}
	for (size_t i = 0; looks != NULL && i < n; i++)
		json_decref(looks[i].step.present);
	free(looks);
	free(steps);
	fault_fini(&fault);
}
