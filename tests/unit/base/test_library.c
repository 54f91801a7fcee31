#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/library.h"
#include "base/log.h"

static void
test_functions_are_found(void **state)
{
	static const char *const names[] = {"strlen", "memcmp"};
	library_function found[2] = {NULL, NULL};
	struct err err = {.code = ERR_OK};

	(void)state;
	assert_int_equal(library_load("libc.so.6", "libc6", names, 2, found, &err), 0);
	assert_int_equal(((size_t(*)(const char *))found[0])("four"), 4);
	assert_int_equal(((int (*)(const void *, const void *, size_t))found[1])("a", "a", 1), 0);
}

static void
test_a_missing_library_names_the_cure(void **state)
{
	static const char *const names[] = {"strlen"};
	library_function found = NULL;
	struct err err = {.code = ERR_OK};

	(void)state;
	assert_int_equal(library_load("libthereisnone.so.1", "libthereisnone1", names, 1, &found, &err),
			 ERR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "libthereisnone.so.1"));
	assert_non_null(strstr(err.text, "install libthereisnone1"));
	assert_null(found);
	memset(&err, 0, sizeof(err));
	assert_int_equal(library_find("libthereisnone.so.1", "libthereisnone1", &err), ERR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "install libthereisnone1"));
}

static void
test_a_library_is_found_without_loading_it(void **state)
{
	(void)state;
	assert_int_equal(library_find("libcurl.so.4", "libcurl4", NULL), 0);
	assert_null(dlopen("libcurl.so.4", RTLD_LAZY | RTLD_NOLOAD));
}

static void
test_a_library_without_the_function_is_not_the_one(void **state)
{
	static const char *const names[] = {"strlen", "there_is_no_such_function"};
	library_function found[2] = {NULL, NULL};
	struct err err = {.code = ERR_OK};

	(void)state;
	assert_int_equal(library_load("libc.so.6", "libc6", names, 2, found, &err), ERR_UNSUPPORTED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_functions_are_found),
	    cmocka_unit_test(test_a_library_is_found_without_loading_it),
	    cmocka_unit_test(test_a_missing_library_names_the_cure),
	    cmocka_unit_test(test_a_library_without_the_function_is_not_the_one),
	};

	log_init(-1, LOG_ERROR, "test", -1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
