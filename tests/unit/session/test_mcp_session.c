/*
 * test_mcp_session.c - legacy MCP sessions and the login they remember
 */
#include "stage.h"

#include "session/mcp_session.h"

static struct mcp_session
alice_session(void)
{
	struct mcp_session init;

	memset(&init, 0, sizeof(init));
	strcpy(init.principal, "alice");
	init.protocol = 3;
	init.capabilities = 0x15;
	init.log_level = 4;
	return init;
}

static struct slice
create(struct stage *st, struct session_now now, char id_r[static MCP_SESSION_ID_CAP])
{
	struct mcp_session init = alice_session();

	assert_int_equal(mcp_session_create(&st->s, &init, now, id_r, &st->err), 0);
	return slice_from_str(id_r);
}

static void
test_life(void **state)
{
	char buf[MCP_SESSION_ID_CAP];
	struct mcp_session copy;
	struct stage st;
	struct slice id;

	(void)state;
	stage_init(&st, 64, NULL);
	id = create(&st, at(0), buf);
	assert_int_equal(id.len, MCP_SESSION_ID_LEN);
	assert_false(segment_contains(st.seg, id.ptr, id.len));
	assert_int_equal(mcp_session_use(&st.s, ALICE, id, at(1), &copy), 0);
	assert_string_equal(copy.principal, "alice");
	assert_int_equal(copy.protocol, 3);
	assert_int_equal(copy.capabilities, 0x15);
	assert_int_equal(copy.log_level, 4);
	assert_false(copy.initialized);
	assert_false(copy.has_login);
	assert_int_equal(mcp_session_set_initialized(&st.s, ALICE, id, at(2)), 0);
	assert_int_equal(mcp_session_set_log_level(&st.s, ALICE, id, at(2), 7), 0);
	assert_int_equal(mcp_session_use(&st.s, ALICE, id, at(3), &copy), 0);
	assert_true(copy.initialized);
	assert_int_equal(copy.log_level, 7);
	/* another principal's */
	assert_int_equal(mcp_session_use(&st.s, BOB, id, at(3), &copy), ERR_NOT_FOUND);
	assert_int_equal(mcp_session_set_log_level(&st.s, BOB, id, at(3), 1), ERR_NOT_FOUND);
	assert_int_equal(mcp_session_destroy(&st.s, BOB, id, at(3)), ERR_NOT_FOUND);
	assert_int_equal(mcp_session_destroy(&st.s, ALICE, id, at(4)), 0);
	assert_int_equal(mcp_session_destroy(&st.s, ALICE, id, at(4)), ERR_NOT_FOUND);
	assert_int_equal(mcp_session_use(&st.s, ALICE, id, at(4), &copy), ERR_NOT_FOUND);
	assert_int_equal(mcp_session_use(&st.s, ALICE, SLICE_LIT("x"), at(4), &copy), ERR_NOT_FOUND);
	/* idle and age */
	id = create(&st, at(0), buf);
	assert_int_equal(mcp_session_use(&st.s, ALICE, id, at(HOUR - 1), &copy), 0);
	assert_int_equal(mcp_session_use(&st.s, ALICE, id, at(2 * HOUR - 2), &copy), 0);
	assert_int_equal(mcp_session_use(&st.s, ALICE, id, at(3 * HOUR), &copy), ERR_NOT_FOUND);
	stage_fini(&st);
}

static void
test_remembers_a_login(void **state)
{
	struct login_ref a = {1, 2}, b = {3, 4}, before;
	char buf[MCP_SESSION_ID_CAP];
	struct mcp_session copy;
	struct stage st;
	struct slice id;
	bool has;

	(void)state;
	stage_init(&st, 64, NULL);
	id = create(&st, at(0), buf);
	assert_int_equal(mcp_session_remember_login(&st.s, ALICE, id, at(1), a, &before, &has), 0);
	assert_false(has);
	assert_int_equal(mcp_session_remember_login(&st.s, ALICE, id, at(2), b, &before, &has), 0);
	assert_true(has);
	assert_int_equal(before.lo, 1);
	assert_int_equal(before.hi, 2);
	/* compare and clear: the other one stays */
	assert_int_equal(mcp_session_forget_login(&st.s, ALICE, id, at(3), a), 0);
	assert_int_equal(mcp_session_use(&st.s, ALICE, id, at(4), &copy), 0);
	assert_true(copy.has_login && copy.login.lo == 3 && copy.login.hi == 4);
	assert_int_equal(mcp_session_forget_login(&st.s, ALICE, id, at(5), b), 0);
	assert_int_equal(mcp_session_use(&st.s, ALICE, id, at(6), &copy), 0);
	assert_false(copy.has_login);
	assert_int_equal(mcp_session_remember_login(&st.s, BOB, id, at(7), a, NULL, &has), ERR_NOT_FOUND);
	assert_false(has);
	stage_fini(&st);
}

static void
test_delete_keeps_the_login(void **state)
{
	char buf[MCP_SESSION_ID_CAP], handle[SESSION_HANDLE_CAP];
	struct login login, copy;
	struct login_ref ref;
	struct stage st;
	struct slice id;

	(void)state;
	stage_init(&st, 64, NULL);
	memset(&login, 0, sizeof(login));
	strcpy(login.principal, "alice");
	strcpy(login.store, "main");
	login.method = LOGIN_OAUTH;
	login.from_config = true;
	assert_int_equal(login_create(&st.s, &login, at(0), handle, &ref, NULL, &st.err), 0);
	id = create(&st, at(0), buf);
	assert_int_equal(mcp_session_remember_login(&st.s, ALICE, id, at(1), ref, NULL, NULL), 0);
	assert_int_equal(mcp_session_destroy(&st.s, ALICE, id, at(2)), 0);
	assert_int_equal(login_use(&st.s, ALICE, ref, at(3), st.pool, &copy), 0);
	assert_string_equal(copy.store, "main");
	assert_null(copy.credentials);
	stage_fini(&st);
}

/* Whoever opens them, and whatever becomes of them; in the next hour there are new ones. */
static void
test_an_address_opens_so_many(void **state)
{
	struct mcp_session init = alice_session();
	char id[MCP_SESSION_ID_CAP], last[MCP_SESSION_ID_CAP];
	struct session_limits limits;
	struct stage st;

	(void)state;
	session_limits_default(&limits);
	limits.mcp_per_address = 3;
	stage_init(&st, 1024, &limits);
	init.address = "192.0.2.1";
	for (uint64_t i = 0; i < 3; i++) {
		strcpy(init.principal, i == 0 ? "bob" : "alice");
		assert_int_equal(mcp_session_create(&st.s, &init, at(i), id, &st.err), 0);
	}
	assert_int_equal(mcp_session_destroy(&st.s, ALICE, slice_from_str(id), at(4)), 0);
	assert_int_equal(mcp_session_create(&st.s, &init, at(5), last, &st.err), ERR_LIMIT);
	assert_non_null(strstr(st.err.text, "limits.sessions_per_address"));
	init.address = "192.0.2.2";
	assert_int_equal(mcp_session_create(&st.s, &init, at(6), id, &st.err), 0);
	init.address = NULL;
	for (uint64_t i = 0; i < 9; i++)
		assert_int_equal(mcp_session_create(&st.s, &init, at(7), id, &st.err), 0);
	init.address = "192.0.2.1";
	assert_int_equal(mcp_session_create(&st.s, &init, at(limits.mcp_idle_ms + 1), id, &st.err), 0);
	stage_fini(&st);
}

static void
test_a_flood_evicts_the_flooder(void **state)
{
	char ids[6][MCP_SESSION_ID_CAP], bobs[MCP_SESSION_ID_CAP], more[MCP_SESSION_ID_CAP];
	struct mcp_session init = alice_session(), copy;
	struct session_limits limits;
	struct stage st;

	(void)state;
	session_limits_default(&limits);
	assert_int_equal(limits.mcp_per_principal, 4096);
	limits.mcp_per_principal = 6;
	stage_init(&st, 1024, &limits);
	strcpy(init.principal, "bob");
	assert_int_equal(mcp_session_create(&st.s, &init, at(0), bobs, &st.err), 0);
	for (uint64_t i = 0; i < 6; i++)
		create(&st, at(i), ids[i]);
	assert_int_equal(mcp_session_remember_login(&st.s, ALICE, slice_from_str(ids[0]), at(10),
						    (struct login_ref){1, 1}, NULL, NULL),
			 0);
	create(&st, at(20), more);
	/* The oldest went that never logged in; bob lost nothing. */
	assert_int_equal(mcp_session_use(&st.s, ALICE, slice_from_str(ids[0]), at(21), &copy), 0);
	assert_int_equal(mcp_session_use(&st.s, ALICE, slice_from_str(ids[1]), at(21), &copy), ERR_NOT_FOUND);
	assert_int_equal(mcp_session_use(&st.s, ALICE, slice_from_str(ids[2]), at(21), &copy), 0);
	assert_int_equal(mcp_session_use(&st.s, BOB, slice_from_str(bobs), at(21), &copy), 0);
	/* When all of them logged in, the next one is refused. */
	for (int i = 2; i < 6; i++)
		assert_int_equal(mcp_session_remember_login(&st.s, ALICE, slice_from_str(ids[i]), at(22),
							    (struct login_ref){1, 1}, NULL, NULL),
				 0);
	assert_int_equal(mcp_session_remember_login(&st.s, ALICE, slice_from_str(more), at(22),
						    (struct login_ref){1, 1}, NULL, NULL),
			 0);
	init = alice_session();
	assert_int_equal(mcp_session_create(&st.s, &init, at(23), bobs, &st.err), ERR_LIMIT);
	assert_non_null(strstr(st.err.text, "6 sessions"));
	init.principal[0] = '\0';
	assert_int_equal(mcp_session_create(&st.s, &init, at(23), bobs, &st.err), ERR_INVALID);
	stage_fini(&st);
}

static void
test_one_stream(void **state)
{
	const struct mcp_session_stream mine = {1, 5, 2, 400}, other = {2, 9, 2, 401};
	struct mcp_session_stream holder;
	char buf[MCP_SESSION_ID_CAP];
	struct mcp_session copy;
	struct stage st;
	struct slice id;

	(void)state;
	stage_init(&st, 64, NULL);
	id = create(&st, at(0), buf);
	assert_int_equal(mcp_session_swap_stream(&st.s, ALICE, id, at(1), NULL, &mine, NULL), 0);
	assert_int_equal(mcp_session_swap_stream(&st.s, ALICE, id, at(2), NULL, &other, &holder), ERR_EXISTS);
	assert_int_equal(holder.pid, 400);
	assert_int_equal(holder.serial, 5);
	/* The holder turned out to be dead: replaced, once. */
	assert_int_equal(mcp_session_swap_stream(&st.s, ALICE, id, at(3), &holder, &other, NULL), 0);
	assert_int_equal(mcp_session_swap_stream(&st.s, ALICE, id, at(3), &holder, &other, NULL), ERR_EXISTS);
	assert_int_equal(mcp_session_use(&st.s, ALICE, id, at(4), &copy), 0);
	assert_int_equal(copy.stream.pid, 401);
	assert_int_equal(mcp_session_swap_stream(&st.s, ALICE, id, at(5), &other, NULL, NULL), 0);
	assert_int_equal(mcp_session_swap_stream(&st.s, ALICE, id, at(6), NULL, &mine, NULL), 0);
	stage_fini(&st);
}

static void
test_subscriptions(void **state)
{
	char buf[MCP_SESSION_ID_CAP], uri[32];
	struct mcp_session copy;
	struct stage st;
	struct slice id;

	(void)state;
	stage_init(&st, 64, NULL);
	id = create(&st, at(0), buf);
	for (int i = 0; i < MCP_SESSION_SUBSCRIPTIONS_MAX; i++) {
		snprintf(uri, sizeof(uri), "magento://x/%d", i);
		assert_int_equal(mcp_session_subscribe(&st.s, ALICE, id, at(1), slice_from_str(uri)), 0);
		assert_int_equal(mcp_session_subscribe(&st.s, ALICE, id, at(1), slice_from_str(uri)), 0);
	}
	assert_int_equal(mcp_session_subscribe(&st.s, ALICE, id, at(1), SLICE_LIT("magento://y")), ERR_LIMIT);
	assert_int_equal(mcp_session_use(&st.s, ALICE, id, at(2), &copy), 0);
	assert_int_equal(copy.n_subscriptions, MCP_SESSION_SUBSCRIPTIONS_MAX);
	assert_true(mcp_session_is_subscribed(&copy, mcp_session_uri_hash(&st.s, SLICE_LIT("magento://x/0"))));
	assert_false(mcp_session_is_subscribed(&copy, mcp_session_uri_hash(&st.s, SLICE_LIT("magento://y"))));
	assert_int_equal(mcp_session_unsubscribe(&st.s, ALICE, id, at(3), SLICE_LIT("magento://x/0")), 0);
	assert_int_equal(mcp_session_unsubscribe(&st.s, ALICE, id, at(3), SLICE_LIT("magento://x/0")), 0);
	assert_int_equal(mcp_session_subscribe(&st.s, ALICE, id, at(4), SLICE_LIT("magento://y")), 0);
	assert_int_equal(mcp_session_use(&st.s, ALICE, id, at(5), &copy), 0);
	assert_false(mcp_session_is_subscribed(&copy, mcp_session_uri_hash(&st.s, SLICE_LIT("magento://x/0"))));
	assert_true(mcp_session_is_subscribed(&copy, mcp_session_uri_hash(&st.s, SLICE_LIT("magento://x/31"))));
	assert_true(mcp_session_is_subscribed(&copy, mcp_session_uri_hash(&st.s, SLICE_LIT("magento://y"))));
	stage_fini(&st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_life),
	    cmocka_unit_test(test_remembers_a_login),
	    cmocka_unit_test(test_delete_keeps_the_login),
	    cmocka_unit_test(test_an_address_opens_so_many),
	    cmocka_unit_test(test_a_flood_evicts_the_flooder),
	    cmocka_unit_test(test_one_stream),
	    cmocka_unit_test(test_subscriptions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
