#include <jansson.h>

#include "base/err.h"
#include "magento/error.h"
#include "magento/scope.h"
#include "magento/template.h"
#include "shop_lists.h"
#include "torture.h"

#define BODY                                                                                                           \
	"{\"message\":\"%1 of "                                                                                        \
	"%2\",\"parameters\":[\"a\",{\"b\":1.5}],\"errors\":[{\"message\":\"%x\",\"parameters\":{\"x\":true}}]}"

static int
render(void *ctx)
{
	const json_t *body = ctx;
	struct buf text;
	int r;

	buf_init(&text, TEMPLATE_TEXT_BYTES);
	r = template_text(body, &text);
	buf_fini(&text);
	return r;
}

/* An answer always becomes a fault, with thinner details when memory is short. */
static int
sort(void *ctx)
{
	static const int statuses[] = {400, 401, 404, 429, 500};
	struct magento_answer answer = {.body = ctx, .retry_after_s = 3, .route = "GET /rest/all/V1/x"};
	struct fault fault;
	size_t i;
	int r = 0;

	fault_init(&fault);
	for (i = 0; i < ARRAY_LEN(statuses); i++) {
		answer.status = statuses[i];
		if (magento_error_answer(&answer, &fault) != -1 || fault.code == FAULT_NONE)
			r = 1; /* a failure of this test */
	}
	fault_fini(&fault);
	return r;
}

static int
build_tree(void *ctx)
{
	const struct scope_lists *lists = ctx;
	struct scope given = {.view_code = "nope"};
	struct scope_target target;
	struct scope_tree *tree;
	struct fault fault;
	int r = ERR_NOMEM;

	fault_init(&fault);
	tree = scope_tree_new(lists);
	if (tree != NULL)
		r = scope_tree_resolve(tree, &given, "params.scope", &target, &fault) == -1 ? 0 : 1;
	scope_tree_free(&tree);
	fault_fini(&fault);
	return r;
}

int
main(void)
{
	struct scope_lists lists;
	json_t *body;

	/* Read before anything fails: jansson's parser may assert when it is short of memory. */
	json_set_alloc_funcs(torture_malloc, torture_free);
	body = json_loads(BODY, 0, NULL);
	lists = (struct scope_lists){json_loads(SHOP_WEBSITES, 0, NULL), json_loads(SHOP_GROUPS, 0, NULL),
				     json_loads(SHOP_VIEWS, 0, NULL), json_loads(SHOP_CONFIGS, 0, NULL)};
	torture("template", render, body);
	torture("error", sort, body);
	torture("scope tree", build_tree, &lists);
	json_decref(body);
	scope_lists_fini(&lists);
	return torture_failures() >= 3 ? 0 : 1;
}
