/*
 * test_batch.c - many requests, one transaction; and what becomes of the others when one cannot be
 */
#include "room.h"

#include <sched.h>
#include <sys/mount.h>

#include "keeper/batch.h"

static struct room room;
static struct request_list requests;
static int commits;

static int
count_commit(void *ctx)
{
	(void)ctx;
	commits++;
	return 0;
}

static int
setup(void **state)
{
	(void)state;
	room_init(&room);
	TAILQ_INIT(&requests);
	return 0;
}

static void
forget_requests(void)
{
	while (!TAILQ_EMPTY(&requests)) {
		struct request *request = TAILQ_FIRST(&requests);

		TAILQ_REMOVE(&requests, request, link);
		keeper_request_free(&request);
	}
}

static int
teardown(void **state)
{
	(void)state;
	forget_requests();
	room_fini(&room);
	return 0;
}

static struct request *
push(enum message_type type, const struct message *message)
{
	struct request *request = keeper_request_new(1, type, 1);

	assert_non_null(request);
	message_encode(&request->payload, message);
	TAILQ_INSERT_TAIL(&requests, request, link);
	return request;
}

static struct request *
push_begin(const char *id, struct slice arguments)
{
	struct message message = room_message(id);

	message.text[TEXT_ARGUMENTS] = arguments;
	return push(MESSAGE_PLAN_BEGIN, &message);
}

static int
code_of(const struct request *request)
{
	struct message message;

	assert_int_equal(message_decode(buf_slice(&request->reply), &message), 0);
	assert_true((message.number[NUMBER_CODE] != 0) == (message.text[TEXT_ERROR].ptr != NULL));
	return -(int)message.number[NUMBER_CODE];
}

static void
run(void)
{
	commits = 0;
	sqlite3_commit_hook(room.database->db, count_commit, NULL);
	keeper_batch_run(room.database, &requests);
	sqlite3_commit_hook(room.database->db, NULL, NULL);
	assert_false(database_is_in_transaction(room.database));
}

static void
all_share_one_commit(void **state)
{
	struct request *request;
	char id[37];

	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		snprintf(id, sizeof(id), "44444444-4444-4444-8444-%012u", i);
		push_begin(id, SLICE_LIT("{}"));
	}
	run();
	assert_int_equal(commits, 1);
	TAILQ_FOREACH(request, &requests, link)
	assert_int_equal(code_of(request), 0);
	assert_int_equal(room_count(&room, "SELECT count(*) FROM plan"), 64);
}

static void
reading_alone_does_not_write(void **state)
{
	struct message message = room_message(PLAN_1);

	(void)state;
	room_plan(&room, PLAN_1, 1);
	push(MESSAGE_PLAN_READ, &message);
	run();
	assert_int_equal(code_of(TAILQ_FIRST(&requests)), 0);
	assert_int_equal(commits, 0);
}

static void
a_refused_one_is_undone_alone(void **state)
{
	struct message bad = room_message(PLAN_2);
	struct request *first, *second, *third;

	(void)state;
	first = push_begin(PLAN_1, SLICE_LIT("{}"));
	bad.text[TEXT_ID] = SLICE_LIT(PLAN_1);
	bad.text[TEXT_LIST] = SLICE_LIT("\x01\0\0\0a"
					"\x09\0\0\0b"); /* one item, then nonsense */
	second = push(MESSAGE_PLAN_ADD, &bad);
	third = push_begin(PLAN_2, SLICE_LIT("{}"));
	run();
	assert_int_equal(commits, 1);
	assert_int_equal(code_of(first), 0);
	assert_int_equal(code_of(second), ERR_INVALID);
	assert_int_equal(code_of(third), 0);
	assert_int_equal(room_count(&room, "SELECT count(*) FROM item"), 0);
	assert_int_equal(room_count(&room, "SELECT count(*) FROM plan"), 2);
}

static char big[400000];

static void
one_too_large_for_the_disk_does_not_take_the_others_with_it(void **state)
{
	struct request *first, *second, *third;
	char sql[64];

	(void)state;
	memset(big, 'x', sizeof(big));
	room_plan(&room, "55555555-5555-4555-8555-555555555555", 5);
	snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %d", room_count(&room, "PRAGMA page_count") + 10);
	assert_int_equal(sqlite3_exec(room.database->db, sql, NULL, NULL, NULL), SQLITE_OK);
	first = push_begin(PLAN_1, SLICE_LIT("{}"));
	second = push_begin("66666666-6666-4666-8666-666666666666", slice_of(big, sizeof(big)));
	third = push_begin(PLAN_2, SLICE_LIT("{}"));
	run();
	assert_int_equal(code_of(first), 0);
	assert_int_equal(code_of(second), ERR_FULL);
	assert_int_equal(code_of(third), 0);
	assert_int_equal(room_count(&room, "SELECT count(*) FROM plan"), 3);
	assert_int_equal(room_count(&room, "SELECT count(*) FROM item"), 5);
}

/* A real file system without room, where this process may make one. */
static void
a_full_disk_is_told_and_passes(void **state)
{
	struct room full;
	struct message message;
	struct err err = {.code = ERR_OK};
	int r = 0, stored = 0;
	char id[37];

	(void)state;
	memset(big, 'x', sizeof(big));
	memset(&full, 0, sizeof(full));
	room_dir(full.dir, sizeof(full.dir));
	snprintf(full.path, sizeof(full.path), "%s/keeper.db", full.dir);
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", full.dir, "tmpfs", 0, "size=3m") < 0) {
		rmdir(full.dir);
		skip();
	}
	buf_init(&full.reply, MESSAGE_MAX);
	room_open(&full);
	for (unsigned i = 0; r == 0 && i < 100; i++) {
		snprintf(id, sizeof(id), "77777777-7777-4777-8777-%012u", i);
		message = room_message(id);
		message.text[TEXT_ARGUMENTS] = slice_of(big, sizeof(big) / 4);
		TAILQ_INIT(&requests);
		push(MESSAGE_PLAN_BEGIN, &message);
		keeper_batch_run(full.database, &requests);
		r = code_of(TAILQ_FIRST(&requests));
		stored += r == 0;
		forget_requests();
	}
	assert_int_equal(r, ERR_FULL);
	assert_true(stored > 0);
	assert_int_equal(room_count(&full, "SELECT count(*) FROM plan"), stored);
	assert_int_equal(room_count(&full, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"),
			 0);

	assert_int_equal(mount("tmpfs", full.dir, "tmpfs", MS_REMOUNT, "size=20m"), 0);
	push(MESSAGE_PLAN_BEGIN, &message);
	keeper_batch_run(full.database, &requests);
	assert_int_equal(code_of(TAILQ_FIRST(&requests)), 0);
	forget_requests();
	assert_int_equal(room_count(&full, "SELECT count(*) FROM plan"), stored + 1);
	database_close(&full.database);
	assert_int_equal(database_open(full.path, &full.database, &err), 0);
	database_close(&full.database);
	buf_fini(&full.reply);
	assert_int_equal(umount(full.dir), 0);
	assert_int_equal(rmdir(full.dir), 0);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(all_share_one_commit),		  TEST(reading_alone_does_not_write),
	    TEST(a_refused_one_is_undone_alone),  TEST(one_too_large_for_the_disk_does_not_take_the_others_with_it),
	    TEST(a_full_disk_is_told_and_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
