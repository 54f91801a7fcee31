/*
 * test_database.c - the file: made, recognised, refused; who is alive; no room
 */
#include "room.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct room room;

static int
setup(void **state)
{
	room_init(&room);
	*state = &room;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	room_fini(&room);
	return 0;
}

/* The text of what is refused names the file and what to do. */
static void
assert_refused(int code, const char *cure)
{
	struct database *database = NULL;
	struct err err;

	assert_int_equal(database_open(room.path, &database, &err), code);
	assert_null(database);
	assert_non_null(strstr(err.text, room.path));
	if (strstr(err.text, cure) == NULL)
		fail_msg("no \"%s\" in: %s", cure, err.text);
}

static void
overwrite(const char *path, off_t at, const char *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, len, at), len);
	close(fd);
}

static void
a_new_file_is_ours_alone(void **state)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-keepers"};
	char path[128];
	struct stat st;

	(void)state;
	room_plan(&room, PLAN_1, 1);
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		snprintf(path, sizeof(path), "%s%s", room.path, suffixes[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
	assert_int_equal(room_count(&room, "PRAGMA application_id"), DATABASE_APPLICATION_ID);
	assert_int_equal(room_count(&room, "PRAGMA user_version"), n_migrations);
	assert_int_equal(room_count(&room, "PRAGMA synchronous"), 2);
	assert_int_equal(room_count(&room, "PRAGMA foreign_keys"), 1);
	assert_int_equal(room_count(&room, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
}

static void
it_opens_again_with_what_was_in_it(void **state)
{
	(void)state;
	room_plan(&room, PLAN_1, 4);
	database_close(&room.database);
	room_open(&room);
	assert_int_equal(room_count(&room, "SELECT count(*) FROM item"), 4);
	assert_int_equal(room_claim(&room, 1, PLAN_1, NULL, NOW, 1), KEEPER_CLAIMED);
}

static void
every_statement_can_be_prepared(void **state)
{
	struct query query;

	(void)state;
	for (unsigned i = 0; i < STATEMENT_COUNT; i++) {
		assert_non_null(statements[i]);
		query_open(&query, room.database, i);
		if (query.r != SQLITE_OK)
			fail_msg("statement %u: %s", i, sqlite3_errmsg(room.database->db));
		query_close(&query);
	}
}

static void
other_files_are_refused(void **state)
{
	static const char ledger[] = "{\"seed\": \"ledger\"}\n";

	(void)state;
	database_close(&room.database);
	unlink(room.path);
	overwrite(room.path, 0, ledger, sizeof(ledger) - 1);
	assert_refused(ERR_CORRUPT, "set keeper.path");
}

static void
other_databases_are_refused(void **state)
{
	sqlite3 *db;

	(void)state;
	database_close(&room.database);
	unlink(room.path);
	assert_int_equal(sqlite3_open(room.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE theirs (a)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_refused(ERR_CORRUPT, "set keeper.path");
}

static void
newer_layouts_are_refused(void **state)
{
	(void)state;
	assert_int_equal(sqlite3_exec(room.database->db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
	database_close(&room.database);
	assert_refused(ERR_UNSUPPORTED, "newer magento-mcp");
}

static void
an_overwritten_beginning_is_refused(void **state)
{
	(void)state;
	room_plan(&room, PLAN_1, 10);
	database_close(&room.database);
	overwrite(room.path, 0, "overwritten overwritten overwritten", 32);
	assert_refused(ERR_CORRUPT, "put a backup in its place");
}

static void
damage_inside_is_found(void **state)
{
	char junk[4096];

	(void)state;
	room_plan(&room, PLAN_1, 500);
	database_close(&room.database);
	memset(junk, 0xA5, sizeof(junk));
	for (int page = 2; page < 8; page++)
		overwrite(room.path, page * 4096, junk, sizeof(junk));
	assert_refused(ERR_CORRUPT, "put a backup in its place");
}

static void
places_that_cannot_be_are_refused(void **state)
{
	struct database *database;
	struct err err;

	(void)state;
	assert_int_equal(database_open("/nonexistent/keeper.db", &database, &err), ERR_IO);
	assert_non_null(strstr(err.text, "/nonexistent/keeper.db"));
	assert_non_null(strstr(err.text, "folder must exist"));
	assert_int_equal(database_open(room.dir, &database, &err), ERR_IO);
	assert_non_null(strstr(err.text, room.dir));
}

/* Damage that shows only while it serves: the code tells, and the flag stops the keeper. */
static void
damage_while_it_serves_is_told(void **state)
{
	struct message message = room_message(PLAN_1);
	char junk[4096];

	(void)state;
	room_plan(&room, PLAN_1, 500);
	assert_int_equal(
	    sqlite3_exec(room.database->db, "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA shrink_memory", NULL, NULL, NULL),
	    SQLITE_OK);
	memset(junk, 0xA5, sizeof(junk));
	for (int page = 1; page < 30; page++)
		overwrite(room.path, page * 4096, junk, sizeof(junk));
	message.number[NUMBER_MAX] = 500;
	assert_int_equal(room_send(&room, 1, MESSAGE_PLAN_ITEMS, &message), ERR_CORRUPT);
	assert_true(room.database->is_damaged);
	assert_null(strstr(room.out.text[TEXT_ERROR].ptr, room.path));
}

/* ---- Who is alive ---- */

static void
the_living_are_known_from_the_dead(void **state)
{
	int ready[2], end[2];
	uint64_t child = 0;
	char byte = 0;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(end), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct database *mine = NULL;
		struct err err;

		if (database_open(room.path, &mine, &err) < 0 || write(ready[1], &mine->instance, 8) != 8)
			_exit(1);
		_exit(read(end[0], &byte, 1) == 1 ? 0 : 1);
	}
	assert_int_equal(read(ready[0], &child, 8), 8);
	assert_true(child != 0 && child != room.database->instance);
	assert_true(database_holder_is_live(room.database, child, 1));
	assert_false(database_holder_is_live(room.database, child + 1, 1));
	assert_false(database_holder_is_live(room.database, 0, 1));
	assert_false(database_holder_is_live(room.database, UINT64_MAX, 1));
	assert_true(database_holder_is_live(room.database, room.database->instance, 1));
	room.live[1] = false;
	assert_false(database_holder_is_live(room.database, room.database->instance, 1));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_false(database_holder_is_live(room.database, child, 1));
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(end[i]);
	}
}

/* Two keepers of one file: each sees the other's claims. */
static void
two_keepers_share_a_file(void **state)
{
	struct room other = room;

	(void)state;
	buf_init(&other.reply, MESSAGE_MAX);
	room_open(&other);
	room_plan(&room, PLAN_1, 1);
	assert_int_equal(room_claim(&other, 1, PLAN_1, NULL, NOW, 1), KEEPER_CLAIMED);
	assert_int_equal(room_claim(&room, 1, PLAN_1, NULL, NOW, 2), KEEPER_BUSY);
	database_close(&other.database);
	assert_int_equal(room_claim(&room, 1, PLAN_1, NULL, NOW, 3), KEEPER_RESUMED);
	buf_fini(&other.reply);
}

/* ---- No room ---- */

/* An opener's life: waits for the start, opens a file that nobody has made yet. */
static pid_t
opener_fork(const char *path, const int start[2])
{
	struct database *database = NULL;
	struct err err = {.code = ERR_OK};
	char byte;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	close(start[1]); /* the start is that the last of these is closed */
	if (read(start[0], &byte, 1) == 0 && database_open(path, &database, &err) == 0)
		_exit(0);
	fprintf(stderr, "opener: %s\n", err.text);
	_exit(9);
}

static void
many_may_make_the_same_new_file(void **state)
{
	enum { OPENERS = 8, ROUNDS = 20 };
	char dir[64], path[96];
	pid_t pids[OPENERS];
	int start[2], status;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		room_dir(dir, sizeof(dir));
		snprintf(path, sizeof(path), "%s/keeper.db", dir);
		assert_int_equal(pipe2(start, O_CLOEXEC), 0);
		for (int i = 0; i < OPENERS; i++)
			pids[i] = opener_fork(path, start);
		close(start[0]);
		close(start[1]);
		for (int i = 0; i < OPENERS; i++) {
			assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		}
		room_remove(dir);
	}
}

static void
set_max_pages(int n)
{
	char sql[64];

	snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %d", n);
	assert_int_equal(sqlite3_exec(room.database->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void
no_room_is_told_and_passes(void **state)
{
	struct message message = room_message(PLAN_2);
	static char big[200000];

	(void)state;
	memset(big, 'x', sizeof(big));
	room_plan(&room, PLAN_1, 3);
	set_max_pages(room_count(&room, "PRAGMA page_count") + 2);
	message.text[TEXT_ARGUMENTS] = slice_of(big, sizeof(big));
	assert_int_equal(room_send(&room, 1, MESSAGE_PLAN_BEGIN, &message), ERR_FULL);
	assert_non_null(strstr(room.out.text[TEXT_ERROR].ptr, "full"));
	assert_int_equal(room_count(&room, "SELECT count(*) FROM plan"), 1);
	assert_int_equal(room_count(&room, "SELECT count(*) FROM item"), 3);
	assert_int_equal(room_claim(&room, 1, PLAN_1, NULL, NOW, 1), KEEPER_CLAIMED);
	set_max_pages(1000000);
	assert_int_equal(room_send(&room, 1, MESSAGE_PLAN_BEGIN, &message), 0);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(a_new_file_is_ours_alone),
	    TEST(it_opens_again_with_what_was_in_it),
	    TEST(every_statement_can_be_prepared),
	    TEST(other_files_are_refused),
	    TEST(other_databases_are_refused),
	    TEST(newer_layouts_are_refused),
	    TEST(an_overwritten_beginning_is_refused),
	    TEST(damage_inside_is_found),
	    TEST(places_that_cannot_be_are_refused),
	    TEST(damage_while_it_serves_is_told),
	    TEST(the_living_are_known_from_the_dead),
	    TEST(two_keepers_share_a_file),
	    TEST(many_may_make_the_same_new_file),
	    TEST(no_room_is_told_and_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
