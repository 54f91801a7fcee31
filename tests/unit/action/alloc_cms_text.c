/*
 * alloc_cms_text.c - differences of texts without memory: a whole answer or none
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "action/cms/cms_kind.h"
#include "action/cms/cms_text.h"
#include "base/err.h"
#include "torture.h"

struct stage {
	json_t *from, *to, *row;
};

static int
diff(void *ctx)
{
	struct stage *stage = ctx;
	json_t *result = cms_text_diff(stage->from, stage->to);

	if (result == NULL)
		return ERR_NOMEM;
	assert_int_equal(json_object_size(result), 4);
	json_decref(result);
	return 0;
}

static int
key(void *ctx)
{
	struct stage *stage = ctx;
	json_t *result = cms_key(&cms_pages, stage->row);

	if (result == NULL)
		return ERR_NOMEM;
	assert_int_equal(json_object_size(result), 2);
	json_decref(result);
	return 0;
}

static void
without_memory(void **state)
{
	struct stage stage = {.row = json_pack("{s:i, s:s}", "id", 7, "identifier", "home")};
	char text[1000];

	(void)state;
	memset(text, 'a', sizeof(text));
	stage.from = json_stringn(text, 900);
	stage.to = json_stringn(text, 1000);
	torture("cms_text_diff", diff, &stage);
	assert_true(torture_failures() > 3);
	torture("cms_key", key, &stage);
	assert_true(torture_failures() > 3);
	json_decref(stage.from);
	json_decref(stage.to);
	json_decref(stage.row);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(without_memory)};

	json_set_alloc_funcs(torture_malloc, torture_free);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
