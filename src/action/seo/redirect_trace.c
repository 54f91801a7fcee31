#include "redirect_trace.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "json/get.h"
#include "magento/graphql.h"
#include "results.h"

#define ALIASES_MAX 20
#define QUERY_MAX 4096
#define ALIAS_CAP 8
#define ERROR_MAX 1024

int
redirect_trace_init(struct redirect_trace *trace, const char *view, const char *path)
{
	*trace = (struct redirect_trace){.view = view, .steps = json_pack("[s]", path), .state = REDIRECT_OPEN};
	return trace->steps != NULL ? 0 : -1;
}

void
redirect_trace_fini(struct redirect_trace *trace)
{
	json_decref(trace->steps);
	trace->steps = NULL;
}

size_t
redirect_trace_depth(const struct redirect_trace *trace)
{
	return json_array_size(trace->steps) - 1;
}

/* ---- one answer ---- */

static bool
was_there(const struct redirect_trace *trace, const char *path)
{
	for (size_t i = 0; i < json_array_size(trace->steps); i++) {
		if (strcmp(json_string_value(json_array_get(trace->steps, i)), path) == 0)
			return true;
	}
	return false;
}

int
redirect_trace_take(struct redirect_trace *trace, const json_t *route, uint32_t max_depth)
{
	const char *next = json_get_str(route, "relative_url", "");

	if (!json_is_object(route)) {
		trace->state = REDIRECT_DEAD;
		return 0;
	}
	if (json_get_int(route, "redirect_code", 0) == 0) {
		trace->state = REDIRECT_ENDED;
		return 0;
	}
	if (next[0] == '/')
		next++;
	if (redirect_trace_depth(trace) >= max_depth) {
		trace->state = REDIRECT_DEEP;
		return 0;
	}
	if (was_there(trace, next))
		trace->state = REDIRECT_LOOP;
	else if (strstr(next, "://") != NULL) /* another site: nobody to ask */
		trace->state = REDIRECT_ENDED;
	return json_array_append_new(trace->steps, json_string(next));
}

/* ---- asking ---- */

static bool
same_view(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

/* The next open traces of one view. */
static size_t
pick(struct redirect_trace *traces, size_t n, struct redirect_trace **picked)
{
	size_t count = 0;

	for (size_t i = 0; i < n && count < ALIASES_MAX; i++) {
		if (traces[i].state == REDIRECT_OPEN && (count == 0 || same_view(picked[0]->view, traces[i].view)))
			picked[count++] = &traces[i];
	}
	return count;
}

static int
put_query(struct buf *out, size_t n)
{
	buf_put_str(out, "query(");
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s$u%zu:String!", i == 0 ? "" : ",", i);
	buf_put_str(out, "){");
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "u%zu:route(url:$u%zu){relative_url redirect_code type} ", i, i);
	buf_put_str(out, "}");
	return out->failed;
}

static json_t *
variables_of(struct redirect_trace *const *picked, size_t n)
{
	json_t *variables = json_object();

	for (size_t i = 0; i < n; i++) {
		char alias[ALIAS_CAP];

		snprintf(alias, sizeof(alias), "u%zu", i % ALIASES_MAX);
		if (json_object_set(variables, alias,
				    json_array_get(picked[i]->steps, json_array_size(picked[i]->steps) - 1)) < 0) {
			json_decref(variables);
			return NULL;
		}
	}
	return variables;
}

static int
take_answer(struct store_client *sc, struct redirect_trace *const *picked, size_t n,
	    const struct graphql_answer *answer, uint32_t max_depth, struct fault *fault)
{
	struct buf text;
	int r = 0;

	buf_init(&text, ERROR_MAX);
	for (size_t i = 0; r == 0 && i < n; i++) {
		char alias[ALIAS_CAP];

		snprintf(alias, sizeof(alias), "u%zu", i % ALIASES_MAX);
		buf_clear(&text);
		if (graphql_error_of(answer, alias, &text)) {
			picked[i]->state = REDIRECT_FAILED;
			picked[i]->error = pool_strdup(sc->call->pool, buf_cstr(&text));
		} else {
			r = redirect_trace_take(picked[i], json_object_get(answer->data, alias), max_depth);
		}
	}
	buf_fini(&text);
	return r < 0 ? result_out_of_memory(fault) : 0;
}

static int
ask(struct store_client *sc, struct redirect_trace *const *picked, size_t n, uint32_t max_depth, struct fault *fault)
{
	json_t *variables = variables_of(picked, n);
	struct graphql_answer answer = {NULL, NULL};
	struct buf query;
	int r;

	buf_init(&query, QUERY_MAX);
	if (put_query(&query, n) < 0 || variables == NULL)
		r = result_out_of_memory(fault);
	else
		r = graphql_ask(&sc->magento, picked[0]->view, buf_cstr(&query), variables, &answer, fault);
	if (r == 0)
		r = take_answer(sc, picked, n, &answer, max_depth, fault);
	graphql_answer_fini(&answer);
	buf_fini(&query);
	json_decref(variables);
	return r;
}

int
redirect_trace_run(struct store_client *sc, struct redirect_trace *traces, size_t n, uint32_t max_depth,
		   struct fault *fault)
{
	struct redirect_trace *picked[ALIASES_MAX];
	size_t count;

	/* Each round moves every picked trace on by one step, of which there are at most max_depth + 1. */
	for (count = pick(traces, n, picked); count > 0; count = pick(traces, n, picked)) {
		if (ask(sc, picked, count, max_depth, fault) < 0)
			return -1;
	}
	return 0;
}
