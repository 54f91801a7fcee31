/*
 * test_login.c - logins: whose they are, how they end, what they leave
 */
#include "stage.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "session/login.h"

static void
set(struct secret *secret, const char *value)
{
	assert_int_equal(secret_set(secret, slice_from_str(value)), 0);
}

static struct login_credentials sent;

static struct login
oauth_login(void)
{
	struct login login;

	memset(&login, 0, sizeof(login));
	memset(&sent, 0, sizeof(sent));
	login.credentials = &sent;
	strcpy(login.principal, "alice");
	strcpy(login.store, "main");
	strcpy(login.base_url, "https://shop.example.com");
	strcpy(login.username, "integration");
	strcpy(login.route, "/V1/store/websites");
	login.method = LOGIN_OAUTH;
	login.user_id = -7;
	set(&sent.consumer_key, "consumerkey00000000000000000000k");
	set(&sent.consumer_secret, "consumersecret0000000000000000cs");
	set(&sent.token, "accesstoken00000000000000000000t");
	set(&sent.token_secret, "accesstokensecret0000000000000ts");
	return login;
}

static struct login_ref
create(struct stage *st, const struct login *login, struct session_now now, char handle_r[static SESSION_HANDLE_CAP])
{
	struct login_ref ref;

	assert_int_equal(login_create(&st->s, login, now, handle_r, &ref, NULL, &st->err), 0);
	return ref;
}

static void
test_comes_back_as_it_went_in(void **state)
{
	struct login login = oauth_login(), copy;
	const struct login_credentials *kept;
	char handle[SESSION_HANDLE_CAP];
	struct login_ref ref, same;
	uint64_t expires;
	struct stage st;

	(void)state;
	stage_init(&st, 64, NULL);
	assert_int_equal(login_create(&st.s, &login, at(0), handle, &ref, &expires, &st.err), 0);
	assert_int_equal(strlen(handle), SESSION_HANDLE_LEN);
	assert_int_equal(expires, WALL_MS + HOUR);
	assert_int_equal(login_ref_of(&st.s, ALICE, slice_from_str(handle), &same), 0);
	assert_true(same.lo == ref.lo && same.hi == ref.hi);
	assert_int_equal(login_use(&st.s, ALICE, ref, at(5000), st.pool, &copy), 0);
	assert_string_equal(copy.principal, "alice");
	assert_string_equal(copy.store, "main");
	assert_string_equal(copy.base_url, "https://shop.example.com");
	assert_string_equal(copy.username, "integration");
	assert_string_equal(copy.route, "/V1/store/websites");
	assert_int_equal(copy.method, LOGIN_OAUTH);
	assert_int_equal(copy.user_id, -7);
	assert_false(copy.from_config);
	assert_false(copy.dead);
	assert_string_equal(copy.credentials->consumer_key.bytes, sent.consumer_key.bytes);
	assert_string_equal(copy.credentials->token_secret.bytes, sent.token_secret.bytes);
	assert_false(secret_is_set(&copy.credentials->bearer));
	assert_int_equal(copy.created_ms, at(0).mono_ms);
	assert_int_equal(copy.seen_ms, at(0).mono_ms);
	assert_int_equal(copy.session_expires_wall_ms, WALL_MS + 5000 + HOUR);
	assert_string_equal(login_method_name(copy.method), "oauth");
	kept = copy.credentials;
	login_wipe(&copy);
	assert_null(copy.credentials);
	assert_int_equal(kept->token.len, 0);
	stage_fini(&st);
}

static void
test_foreign_is_unknown(void **state)
{
	struct login login = oauth_login(), copy;
	char handle[SESSION_HANDLE_CAP];
	struct login_ref ref, foreign;
	struct stage st;

	(void)state;
	stage_init(&st, 64, NULL);
	ref = create(&st, &login, at(0), handle);
	assert_int_equal(login_ref_of(&st.s, BOB, slice_from_str(handle), &foreign), 0);
	assert_int_equal(login_use(&st.s, BOB, foreign, at(1), st.pool, &copy), ERR_NOT_FOUND);
	/* Even with the right ref. */
	assert_int_equal(login_use(&st.s, BOB, ref, at(1), st.pool, &copy), ERR_NOT_FOUND);
	assert_null(copy.credentials);
	assert_int_equal(login_set_scope(&st.s, BOB, ref, at(1), &login.scope), ERR_NOT_FOUND);
	assert_int_equal(login_mark_dead(&st.s, BOB, ref, at(1)), ERR_NOT_FOUND);
	assert_int_equal(login_destroy(&st.s, BOB, ref, at(1)), ERR_NOT_FOUND);
	assert_false(login_is_live(&st.s, BOB, ref, at(1)));
	assert_true(login_is_live(&st.s, ALICE, ref, at(1)));
	handle[0] = handle[0] == 'A' ? 'B' : 'A';
	assert_int_equal(login_ref_of(&st.s, ALICE, slice_from_str(handle), &foreign), 0);
	assert_int_equal(login_use(&st.s, ALICE, foreign, at(1), st.pool, &copy), ERR_NOT_FOUND);
	assert_int_equal(login_ref_of(&st.s, ALICE, SLICE_LIT("short"), &foreign), ERR_NOT_FOUND);
	handle[3] = '/';
	assert_int_equal(login_ref_of(&st.s, ALICE, slice_from_str(handle), &foreign), ERR_NOT_FOUND);
	assert_int_equal(login_ref_of(&st.s, SLICE_NONE, slice_from_str(handle), &foreign), ERR_NOT_FOUND);
	stage_fini(&st);
}

static void
test_nothing_in_the_clear_and_nothing_left(void **state)
{
	struct login login = oauth_login();
	const char *const hidden[] = {sent.consumer_key.bytes, sent.consumer_secret.bytes, sent.token.bytes,
				      sent.token_secret.bytes};
	struct login_scope scope = {"de_de", "base", "main_store"};
	char handle[SESSION_HANDLE_CAP];
	struct login_ref ref;
	struct stage st;

	(void)state;
	stage_init(&st, 1024, NULL);
	ref = create(&st, &login, at(0), handle);
	for (size_t i = 0; i < 4; i++)
		assert_false(segment_contains(st.seg, hidden[i], strlen(hidden[i])));
	assert_false(segment_contains(st.seg, handle, SESSION_HANDLE_LEN));
	assert_true(segment_contains(st.seg, login.base_url, strlen(login.base_url)));
	assert_int_equal(login_set_scope(&st.s, ALICE, ref, at(1), &scope), 0); /* so that both copies were used */
	assert_int_equal(login_destroy(&st.s, ALICE, ref, at(2)), 0);
	assert_false(segment_contains(st.seg, login.base_url, strlen(login.base_url)));
	assert_false(segment_contains(st.seg, login.route, strlen(login.route)));
	assert_false(segment_contains(st.seg, &ref, sizeof(ref)));
	stage_fini(&st);
}

static void
test_ends(void **state)
{
	struct login login = oauth_login(), copy;
	char handle[SESSION_HANDLE_CAP];
	struct login_ref ref;
	struct stage st;

	(void)state;
	stage_init(&st, 64, NULL);
	/* idle */
	ref = create(&st, &login, at(0), handle);
	assert_int_equal(login_use(&st.s, ALICE, ref, at(59 * MINUTE), st.pool, &copy), 0);
	assert_true(login_is_live(&st.s, ALICE, ref, at(118 * MINUTE)));
	assert_false(login_is_live(&st.s, ALICE, ref, at(119 * MINUTE)));
	/* age, though used all the time */
	ref = create(&st, &login, at(0), handle);
	for (uint64_t t = 0; t < 12 * HOUR; t += 30 * MINUTE)
		assert_int_equal(login_use(&st.s, ALICE, ref, at(t), st.pool, &copy), 0);
	assert_int_equal(copy.session_expires_wall_ms, WALL_MS + 12 * HOUR);
	assert_int_equal(login_use(&st.s, ALICE, ref, at(12 * HOUR - 1), st.pool, &copy), 0);
	assert_int_equal(login_use(&st.s, ALICE, ref, at(12 * HOUR), st.pool, &copy), ERR_NOT_FOUND);
	/* an admin token that came in the call */
	login.method = LOGIN_ADMIN_TOKEN;
	login.token_expires_wall_ms = WALL_MS + 20 * MINUTE;
	ref = create(&st, &login, at(0), handle);
	assert_int_equal(login_use(&st.s, ALICE, ref, at(20 * MINUTE - 1), st.pool, &copy), 0);
	assert_int_equal(copy.session_expires_wall_ms, WALL_MS + 20 * MINUTE);
	assert_int_equal(login_use(&st.s, ALICE, ref, at(20 * MINUTE), st.pool, &copy), ERR_NOT_FOUND);
	/* one that is renewed from the configuration does not end the login */
	login.from_config = true;
	ref = create(&st, &login, at(0), handle);
	assert_int_equal(login_use(&st.s, ALICE, ref, at(30 * MINUTE), st.pool, &copy), 0);
	assert_true(copy.from_config);
	stage_fini(&st);
}

static void
test_changes(void **state)
{
	struct login login = oauth_login(), copy;
	struct login_scope scope = {"de_de", "base", "main_store"};
	char handle[SESSION_HANDLE_CAP];
	struct login_ref ref;
	struct stage st;

	(void)state;
	stage_init(&st, 64, NULL);
	ref = create(&st, &login, at(0), handle);
	assert_int_equal(login_set_scope(&st.s, ALICE, ref, at(1), &scope), 0);
	assert_int_equal(login_mark_dead(&st.s, ALICE, ref, at(2)), 0);
	assert_int_equal(login_use(&st.s, ALICE, ref, at(3), st.pool, &copy), 0);
	assert_string_equal(copy.scope.store_view, "de_de");
	assert_string_equal(copy.scope.website, "base");
	assert_string_equal(copy.scope.store_group, "main_store");
	assert_true(copy.dead);
	assert_string_equal(copy.credentials->token.bytes, sent.token.bytes);
	memset(&scope, 0, sizeof(scope));
	assert_int_equal(login_set_scope(&st.s, ALICE, ref, at(4), &scope), 0);
	assert_int_equal(login_use(&st.s, ALICE, ref, at(5), st.pool, &copy), 0);
	assert_string_equal(copy.scope.store_view, "");
	stage_fini(&st);
}

static void
test_quota(void **state)
{
	struct session_limits limits;
	struct login login = oauth_login();
	char handle[SESSION_HANDLE_CAP];
	struct login_ref first, ref;
	struct stage st;

	(void)state;
	session_limits_default(&limits);
	assert_int_equal(limits.logins_per_principal, 256);
	limits.logins_per_principal = 5;
	stage_init(&st, 1024, &limits);
	first = create(&st, &login, at(0), handle);
	for (int i = 1; i < 5; i++)
		create(&st, &login, at(10 * MINUTE), handle);
	assert_int_equal(login_create(&st.s, &login, at(11 * MINUTE), handle, &ref, NULL, &st.err), ERR_LIMIT);
	assert_non_null(strstr(st.err.text, "auth_logout"));
	strcpy(login.principal, "bob");
	create(&st, &login, at(11 * MINUTE), handle);
	strcpy(login.principal, "alice");
	/* An expired one does not count, though no sweep has been there. */
	create(&st, &login, at(HOUR), handle);
	assert_int_equal(login_create(&st.s, &login, at(HOUR), handle, &ref, NULL, &st.err), ERR_LIMIT);
	assert_false(login_is_live(&st.s, ALICE, first, at(HOUR)));
	assert_int_equal(sessions_sweep(&st.s, 0, 1, SIZE_MAX, at(HOUR)), 1);
	stage_fini(&st);
}

static void
test_longest(void **state)
{
	struct login login = oauth_login(), copy;
	char handle[SESSION_HANDLE_CAP];
	struct login_ref ref;
	char text[600];
	struct login_scope scope;
	struct stage st;

	(void)state;
	memset(text, 'u', sizeof(text));
	text[511] = '\0';
	stage_init(&st, 64, NULL);
	memset(&sent, 0, sizeof(sent));
	set(&sent.bearer, text);
	memset(login.base_url, 'b', LOGIN_BASE_URL_MAX);
	memset(login.store, 's', LOGIN_STORE_MAX);
	memset(login.username, 'n', LOGIN_USERNAME_MAX);
	memset(login.route, 'r', LOGIN_ROUTE_MAX);
	login.method = LOGIN_INTEGRATION_TOKEN;
	ref = create(&st, &login, at(0), handle);
	assert_int_equal(login_use(&st.s, ALICE, ref, at(1), st.pool, &copy), 0);
	assert_string_equal(copy.base_url, login.base_url);
	assert_string_equal(copy.username, login.username);
	assert_string_equal(copy.credentials->bearer.bytes, text);
	/* A scope finds room whatever else there is, and what lies behind it goes along. */
	memset(&scope, 0, sizeof(scope));
	memset(scope.store_view, 'v', LOGIN_CODE_MAX);
	memset(scope.website, 'w', LOGIN_CODE_MAX);
	memset(scope.store_group, 'g', LOGIN_CODE_MAX);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(login_set_scope(&st.s, ALICE, ref, at(1), &scope), 0);
		assert_int_equal(login_use(&st.s, ALICE, ref, at(1), st.pool, &copy), 0);
		assert_string_equal(copy.scope.store_view, scope.store_view);
		assert_string_equal(copy.scope.website, scope.website);
		assert_string_equal(copy.scope.store_group, scope.store_group);
		assert_string_equal(copy.route, login.route);
		assert_string_equal(copy.credentials->bearer.bytes, text);
		scope = (struct login_scope){"x", "", "yz"};
	}
	/* All at once do not fit, and that is said. */
	set(&sent.token, text);
	assert_int_equal(login_create(&st.s, &login, at(0), handle, &ref, NULL, &st.err), ERR_LIMIT);
	assert_string_equal(handle, "");
	login.principal[0] = '\0';
	assert_int_equal(login_create(&st.s, &login, at(0), handle, &ref, NULL, &st.err), ERR_INVALID);
	stage_fini(&st);
}

static void
test_full_table_is_a_clear_error(void **state)
{
	struct login login = oauth_login();
	char handle[SESSION_HANDLE_CAP];
	struct login_ref ref;
	struct stage st;

	(void)state;
	stage_init(&st, 64, NULL);
	for (int i = 0; i < 64; i++)
		create(&st, &login, at(0), handle);
	assert_int_equal(login_create(&st.s, &login, at(1), handle, &ref, NULL, &st.err), ERR_FULL);
	assert_true(strlen(st.err.text) > 20);
	stage_fini(&st);
}

static void
test_other_keys_open_nothing(void **state)
{
	struct login login = oauth_login(), copy;
	char handle[SESSION_HANDLE_CAP];
	struct segment_keys *other = NULL;
	struct login_ref ref;
	struct stage st;

	(void)state;
	stage_init(&st, 64, NULL);
	ref = create(&st, &login, at(0), handle);
	assert_int_equal(segment_keys_create(&other, &st.err), 0);
	st.s.keys = other;
	assert_int_equal(login_use(&st.s, ALICE, ref, at(1), st.pool, &copy), ERR_NOT_FOUND);
	assert_null(copy.credentials);
	segment_keys_free(&other);
	stage_fini(&st);
}

/* ---- two logouts at the same moment ---- */

#define ROUNDS 200

struct race {
	struct stage st;
	struct login_ref refs[ROUNDS];
	atomic_int won;
};

static void *
destroyer(void *arg)
{
	struct race *race = arg;
	struct stage worker;

	stage_join(&race->st, &worker);
	for (int i = 0; i < ROUNDS; i++)
		if (login_destroy(&worker.s, ALICE, race->refs[i], at(1)) == 0)
			atomic_fetch_add(&race->won, 1);
	stage_leave(&worker);
	return NULL;
}

static void
race_init(struct race *race)
{
	struct login login = oauth_login();
	char handle[SESSION_HANDLE_CAP];

	memset(race, 0, sizeof(*race));
	stage_init(&race->st, 1024, NULL);
	for (int i = 0; i < ROUNDS; i++)
		race->refs[i] = create(&race->st, &login, at(0), handle);
}

static void
test_two_threads_one_logout(void **state)
{
	static struct race race;
	pthread_t threads[2];

	(void)state;
	race_init(&race);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, destroyer, &race), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(race.won, ROUNDS);
	stage_fini(&race.st);
}

static void
test_two_processes_one_logout(void **state)
{
	static struct race race;
	int total = 0, status;
	pid_t pids[2];

	(void)state;
	race_init(&race);
	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			destroyer(&race);
			_exit((int)atomic_load(&race.won));
		}
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		total += WEXITSTATUS(status);
	}
	assert_int_equal(total, ROUNDS);
	assert_int_equal(table_count(race.st.tab, TABLE_LOGIN), 0);
	stage_fini(&race.st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_comes_back_as_it_went_in),
	    cmocka_unit_test(test_foreign_is_unknown),
	    cmocka_unit_test(test_nothing_in_the_clear_and_nothing_left),
	    cmocka_unit_test(test_ends),
	    cmocka_unit_test(test_changes),
	    cmocka_unit_test(test_quota),
	    cmocka_unit_test(test_longest),
	    cmocka_unit_test(test_full_table_is_a_clear_error),
	    cmocka_unit_test(test_other_keys_open_nothing),
	    cmocka_unit_test(test_two_threads_one_logout),
	    cmocka_unit_test(test_two_processes_one_logout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
