/*
 * A record is written whole or not at all, whichever allocation fails.
 */
#include "audit/audit.h"
#include "torture.h"

static int
scenario(void *ctx)
{
	const json_t *params = ctx;
	struct audit_record record = {.tool = "a", .params = params, .scope = params, .duration_ms = 1};
	struct audit *audit;
	struct err err;
	int r;

	audit = audit_open("/dev/null", &err);
	if (audit == NULL)
		return err.code;
	r = audit_write(audit, &record);
	audit_free(&audit);
	return r;
}

int
main(void)
{
	json_t *params;

	json_set_alloc_funcs(torture_malloc, torture_free);
	params = json_pack("{s:{s:s, s:s}, s:[i, s], s:s}", "a", "password", "p", "b", "https://u:p@h/", "c", 1, "x",
			   "email", "a@b");
	torture("audit_write", scenario, params);
	json_decref(params);
	return torture_failures() >= 4 ? 0 : 1;
}
