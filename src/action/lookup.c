#include "action/lookup.h"

#include "json/get.h"
#include "results.h"
#include "shapes.h"

/* ---- what may be meant ---- */

/* Who may not see the values learns nothing, not even that there are some. */
static bool
means_nothing_to_show(enum fault_code code)
{
	return code == FAULT_NOT_AUTHENTICATED || code == FAULT_FORBIDDEN || code == FAULT_NOT_FOUND;
}

static json_t *
render_completions(const struct action_completions *found)
{
	json_t *result = json_pack("{s:O, s:b}", "values", found->values, "hasMore", found->has_more);

	if (result != NULL && found->has_total &&
	    json_object_set_new(result, "total", json_integer((json_int_t)found->total)) < 0) {
		json_decref(result);
		return NULL;
	}
	return result;
}

static int
run_complete(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	struct action_completions found = {.values = json_array()};
	int r = 0;

	if (found.values == NULL)
		return result_out_of_memory(fault);
	if (call->subject.complete != NULL)
		r = call->subject.complete(call, json_get_str(params, "prefix", ""), json_get_object(params, "chosen"),
					   &found, fault);
	if (r < 0 && means_nothing_to_show(fault->code)) {
		fault_fini(fault);
		fault_init(fault);
		json_array_clear(found.values);
		found.has_more = found.has_total = false;
		r = 0;
	}
	must(json_array_size(found.values) <= ACTION_COMPLETIONS_MAX);
	if (r == 0) {
		*result_r = render_completions(&found);
		if (*result_r == NULL)
			r = result_out_of_memory(fault);
	}
	json_decref(found.values);
	return r;
}

static const struct json_schema any_text = {.type = JSON_T_STRING};
static const struct json_schema texts = {.type = JSON_T_OBJECT, .extra_schema = &any_text};
static const struct json_prop complete_props[] = {
    {"prefix", &any_text, true, NULL}, {"chosen", &texts, false, NULL}, {0}};
static const struct json_schema complete_params = {.type = JSON_T_OBJECT, .props = complete_props};

const struct action action_lookup_complete = {
    .name = "completion.complete",
    .title = "Suggest values",
    .description = "Suggest values of a prompt's argument or of a resource's variable.",
    .tier = ACTION_SAFE,
    .flags = ACTION_TAKES_LOGIN | ACTION_READ_ONLY | ACTION_IDEMPOTENT | ACTION_OPEN_WORLD,
    .params = &complete_params,
    .run = run_complete,
};

/* ---- what there is ---- */

static int
run_list(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	json_t *items = json_array();
	bool has_more = false;
	int r = items != NULL ? 0 : result_out_of_memory(fault);

	if (r == 0)
		r = call->subject.list(call, (uint32_t)json_get_int(params, "from", 0),
				       (uint32_t)json_get_int(params, "max", 0), items, &has_more, fault);
	if (r == 0) {
		*result_r = json_pack("{s:O, s:b}", "items", items, "hasMore", has_more);
		if (*result_r == NULL)
			r = result_out_of_memory(fault);
	}
	json_decref(items);
	return r;
}

static const struct json_prop list_props[] = {
    {"from", &shape_count, true, NULL}, {"max", &shape_count, true, NULL}, {0}};
static const struct json_schema list_params = {.type = JSON_T_OBJECT, .props = list_props};

const struct action action_lookup_list = {
    .name = "resources.list",
    .title = "List resources",
    .description = "List the resources behind a template that the caller can see.",
    .tier = ACTION_SAFE,
    .flags = ACTION_TAKES_LOGIN | ACTION_READ_ONLY | ACTION_IDEMPOTENT,
    .params = &list_params,
    .run = run_list,
};
