/*
 * test_serve.c - the keeper's sockets: strangers, floods, a single connection, a damaged file
 */
#include "house.h"

#include <fcntl.h>

static struct house house;

static int
setup(void **state)
{
	house_init(&house);
	*state = &house;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	house_fini(&house);
	return 0;
}

static int
connect_raw(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", house.socket);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void
write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		assert_true(n > 0);
		bytes += n;
		len -= (size_t)n;
	}
}

/* Reads `n` replies; gives the sum of their call numbers. */
static unsigned
read_replies(int fd, unsigned n)
{
	static char bytes[1 << 20];
	struct message_reader reader;
	struct slice rest;
	size_t len = 0;
	unsigned sum = 0;

	message_reader_init(&reader);
	while (n > 0) {
		ssize_t got = read(fd, bytes + len, sizeof(bytes) - len);

		assert_true(got > 0);
		rest = slice_of(bytes, len + (size_t)got);
		while (n > 0 && message_read(&reader, &rest) == 1) {
			assert_int_equal(reader.type, MESSAGE_REPLY);
			sum += reader.call;
			n--;
			buf_clear(&reader.payload);
		}
		memmove(bytes, rest.ptr, rest.len);
		len = rest.len;
	}
	message_reader_fini(&reader);
	return sum;
}

static void
strangers_are_shown_the_door(void **state)
{
	char byte;
	int fd = connect_raw();

	(void)state;
	write_all(fd, "GET / HTTP/1.1\r\n\r\n", 18);
	assert_int_equal(read(fd, &byte, 1), 0);
	close(fd);
}

/* Far more requests at once than one connection may have under way: all are answered, others are not kept waiting. */
static void
floods_are_answered(void **state)
{
	const unsigned n = 2000;
	struct message message = {.text[TEXT_ID] = SLICE_LIT(PLAN_1)};
	struct buf payload, frames;
	int fd = connect_raw(), other = connect_raw();

	(void)state;
	buf_init(&payload, MESSAGE_MAX);
	buf_init(&frames, MESSAGE_MAX);
	message_encode(&payload, &message);
	for (unsigned i = 1; i <= n; i++)
		assert_int_equal(message_put_frames(&frames, MESSAGE_PLAN_ITEMS, i, buf_slice(&payload)), 0);
	write_all(fd, frames.ptr, frames.len);
	write_all(other, frames.ptr, MESSAGE_HEAD_LEN + payload.len);
	assert_int_equal(read_replies(other, 1), 1);
	assert_int_equal(read_replies(fd, n), n * (n + 1) / 2);
	close(fd);
	close(other);
	buf_fini(&payload);
	buf_fini(&frames);
}

static void
a_single_connection_ends_the_keeper_with_it(void **state)
{
	char db[128];
	int pair[2], status = -1;
	struct message message = {.text[TEXT_ID] = SLICE_LIT(PLAN_1)};
	struct buf payload, frames;
	pid_t pid;

	(void)state;
	snprintf(db, sizeof(db), "%s/keeper.db", house.dir);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(pair[0]);
		house_serve(db, pair[1], 0); /* beside the other keeper, on the same file */
	}
	close(pair[1]);
	buf_init(&payload, 1024);
	buf_init(&frames, 1024);
	message_encode(&payload, &message);
	assert_int_equal(message_put_frames(&frames, MESSAGE_PLAN_ITEMS, 7, buf_slice(&payload)), 0);
	write_all(pair[0], frames.ptr, frames.len);
	assert_int_equal(read_replies(pair[0], 1), 7);
	close(pair[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	buf_fini(&payload);
	buf_fini(&frames);
}

/* ---- Damage while it serves ---- */

static int
see_nothing(void *ctx, const struct keeper_item *item)
{
	(void)ctx;
	(void)item;
	return 0;
}

static void
damage_it(struct house *h)
{
	struct err err;
	char junk[4096];
	sqlite3 *db;
	int fd;

	assert_int_equal(house_plan(h, PLAN_1, 2000, 1024, &err), 0);
	assert_int_equal(keeper_plan_items(h->keeper, PLAN_1, 0, 1, see_nothing, NULL, &err), 1);
	assert_int_equal(sqlite3_open(h->db, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	assert_int_equal(sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL), SQLITE_OK);
	fd = open(h->db, O_WRONLY);
	memset(junk, 0xA5, sizeof(junk));
	for (int page = 1; page < 500; page++)
		assert_int_equal(pwrite(fd, junk, sizeof(junk), page * 4096L), sizeof(junk));
	close(fd);
	sqlite3_exec(db, "BEGIN IMMEDIATE; PRAGMA user_version = 1; COMMIT", NULL, NULL, NULL); /* caches are dropped */
	sqlite3_close(db);
}

static int damage_code;

static void
meet_it(struct house *h)
{
	struct err err;

	damage_it(h);
	damage_code = keeper_plan_items(h->keeper, PLAN_1, 0, 2000, see_nothing, NULL, &err);
}

static void
damage_stops_the_keeper_for_good(void **state)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	char path[128];
	int status = -1;

	(void)state;
	house_connect(&house);
	house_run(&house, meet_it);
	house_disconnect(&house);
	if (damage_code != ERR_CORRUPT && damage_code != ERR_AGAIN)
		fail_msg("code %d", damage_code);
	assert_int_equal(waitpid(house.keeper_pid, &status, 0), house.keeper_pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 2);
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		snprintf(path, sizeof(path), "%s%s", house.db, suffixes[i]);
		unlink(path);
	}
	house_start_keeper(&house, 0);
}

/* ---- No room ---- */

static void
fill_it(struct house *h)
{
	struct err err;

	assert_int_equal(house_plan(h, PLAN_1, 3, 100, &err), 0);
	house_kill_keeper(h);
	house_start_keeper(h, 200);
	assert_int_equal(house_plan(h, PLAN_2, 2000, 1024, &err), ERR_FULL);
	assert_non_null(strstr(err.text, "free space"));
	keeper_claim_free(&(struct keeper_claim *){house_claim(h, PLAN_1, NULL, KEEPER_CLAIMED)});
	house_kill_keeper(h);
	house_start_keeper(h, 0);
	assert_int_equal(house_plan(h, PLAN_2, 2000, 1024, &err), 0);
	keeper_claim_free(&(struct keeper_claim *){house_claim(h, PLAN_1, NULL, KEEPER_RESUMED)});
}

static void
no_room_is_told_to_the_worker(void **state)
{
	(void)state;
	house_connect(&house);
	house_run(&house, fill_it);
	house_disconnect(&house);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(strangers_are_shown_the_door),
	    TEST(floods_are_answered),
	    TEST(a_single_connection_ends_the_keeper_with_it),
	    TEST(damage_stops_the_keeper_for_good),
	    TEST(no_room_is_told_to_the_worker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
