#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/token.h"

/* FIPS 180-2, appendix B.1. */
static void
hash_of_abc(void **state)
{
	char hex[TOKEN_SHA256_HEX_LEN + 1];

	(void)state;
	token_sha256_hex(NULL, SLICE_LIT("abc"), hex);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void
hash_of_nothing(void **state)
{
	char hex[TOKEN_SHA256_HEX_LEN + 1];

	(void)state;
	token_sha256_hex(NULL, SLICE_LIT(""), hex);
	assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hash_of_abc),
	    cmocka_unit_test(hash_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
