/*
 * commit_bench.h - a domain's commit_ops against a scripted shop, without plan and journal
 */
#ifndef TEST_ACTION_COMMIT_BENCH_H
#define TEST_ACTION_COMMIT_BENCH_H

#include "fake_shop.h"

#include "action/commit.h"

/* An action that reads the steps among its parameters and writes those that are there, as a commit does. */
struct bench {
	struct action action; /* first: a call knows its action */
	const struct commit_ops *ops;
};

static const struct json_schema bench_any = {.type = JSON_T_OBJECT, .extra = JSON_EXTRA_ALLOWED};

static inline json_t *
bench_told(const struct commit_step *step)
{
	return json_pack("{s:i, s:b, s:b, s:s}", "status", (int)step->status, "in_doubt", step->in_doubt, "gone",
			 step->gone, "error", step->fault.message);
}

static inline int
bench_run(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	const struct bench *bench = (const void *)call->action;
	json_t *given = json_get_array(params, "steps"), *told = json_array();
	size_t n = json_array_size(given), n_write = 0;
	struct commit_step *steps = calloc(n, sizeof(*steps)), **all = calloc(n, sizeof(*all));
	struct store_client sc;
	int r = store_open(&sc, call, fault);

	for (size_t i = 0; i < n; i++) {
		json_t *item = json_array_get(given, i);

		steps[i] = (struct commit_step){.item = (uint32_t)i,
						.plan_item = item,
						.scope = json_get_str(item, "scope", "all"),
						.from = json_get_object(item, "from"),
						.to = json_get_object(item, "to")};
		fault_init(&steps[i].fault);
		all[i] = &steps[i];
	}
	if (r == 0)
		r = bench->ops->read(&sc, all, n, fault);
	for (size_t i = 0; r == 0 && i < n; i++) {
		assert_true((steps[i].present == NULL) == steps[i].gone);
		if (!steps[i].gone) {
			steps[i].status = KEEPER_SENT;
			all[n_write++] = &steps[i];
		}
	}
	if (r == 0)
		bench->ops->write(&sc, all, n_write);
	for (size_t i = 0; i < n; i++) {
		json_array_append_new(told, bench_told(&steps[i]));
		json_decref(steps[i].present);
		fault_fini(&steps[i].fault);
	}
	store_close(&sc);
	free(steps);
	free(all);
	if (r == 0)
		*result_r = json_pack("{s:O}", "steps", told);
	json_decref(told);
	return r;
}

/* Runs [{"key":..,"scope":..,"from":..,"to":..}, ...]; `told` gets {"steps":[{status, in_doubt, gone, error}]}. */
static inline void
bench_steps(struct shop *shop, struct told *told, const struct commit_ops *ops, const char *steps)
{
	const struct bench bench = {.action = {.name = "bench.run",
					       .flags = ACTION_NEEDS_LOGIN,
					       .params = &bench_any,
					       .result = &bench_any,
					       .run = bench_run},
				    .ops = ops};
	json_t *list = json_of(steps), *tree = json_pack("{s:{s:o}}", "params", "steps", list);

	shop_call_action(shop, told, &bench.action, tree);
	if (told->result == NULL)
		fail_msg("%s: %s", fault_code_name(told->code), told->message);
}

static inline const json_t *
bench_step(const struct told *told, size_t index)
{
	return json_array_get(json_get_array(told->result, "steps"), index);
}

static inline void
expect_step(const struct told *told, size_t index, enum keeper_status status, const char *error)
{
	const json_t *step = bench_step(told, index);

	if (json_get_int(step, "status", -1) != (int)status || strcmp(json_get_str(step, "error", ""), error) != 0)
		fail_msg("step %zu: status %d, \"%s\"", index, (int)json_get_int(step, "status", -1),
			 json_get_str(step, "error", ""));
}

/* The bodies of all requests with this method and path, "|" between them. */
static inline const char *
bench_bodies(const struct shop *shop, const char *line)
{
	static char all[8192];

	all[0] = '\0';
	for (unsigned i = 0; i < shop->n_log; i++) {
		size_t len = strlen(all);

		if (strcmp(shop->log[i], line) == 0)
			snprintf(all + len, sizeof(all) - len, "%s%s", len > 0 ? "|" : "", shop->bodies[i]);
	}
	return all;
}

#endif
