/*
 * test_protocol.c - names of revisions
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mcp/protocol.h"

static void
names_and_parsing_agree(void **state)
{
	(void)state;
	for (int p = MCP_2025_03_26; p <= MCP_2026_07_28; p++)
		assert_int_equal(mcp_protocol_parse(slice_from_str(mcp_protocol_name((enum mcp_protocol)p))), p);
	assert_string_equal(mcp_protocol_name(MCP_UNKNOWN), "");
	assert_string_equal(mcp_protocol_name(MCP_LATEST_LEGACY), "2025-11-25");
	assert_string_equal(mcp_protocol_name(MCP_2026_07_28), MCP_MODERN_VERSION);
}

static void
what_is_not_served_is_unknown(void **state)
{
	static const char *const texts[] = {
	    "",	     "2024-11-05", "2025-03-2", "2025-03-266", "2025-03-26 ", " 2025-06-18",
	    "DRAFT", "2027-01-01", "2026-07-29"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_int_equal(mcp_protocol_parse(slice_from_str(texts[i])), MCP_UNKNOWN);
	assert_int_equal(mcp_protocol_parse(SLICE_NONE), MCP_UNKNOWN);
	assert_int_equal(mcp_protocol_parse(slice_of("2025-06-18\0", 11)), MCP_UNKNOWN);
}

/* 2026-07-28 or any later-dated string. */
static void
later_dates_are_modern(void **state)
{
	static const char *const modern[] = {"2026-07-28", "2026-07-29", "2026-08-01", "2027-01-01", "9999-99-99"};
	static const char *const others[] = {"",	   "2026-07-27",  "2025-11-25", "2024-11-05",
					     "2027",	   "2027-01-01x", "2027/01/01", "2027-1-001",
					     "x027-01-01", "20270-1-01",  "2027-01-0a"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(modern); i++)
		assert_true(mcp_protocol_is_modern_text(slice_from_str(modern[i])));
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_false(mcp_protocol_is_modern_text(slice_from_str(others[i])));
	assert_false(mcp_protocol_is_modern_text(SLICE_NONE));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_and_parsing_agree),
	    cmocka_unit_test(what_is_not_served_is_unknown),
	    cmocka_unit_test(later_dates_are_modern),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
