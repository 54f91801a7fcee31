/*
 * room.h - a database in a folder of its own, and messages put on its desk without a socket
 */
#ifndef TEST_KEEPER_ROOM_H
#define TEST_KEEPER_ROOM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "encode.h"
#include "keeper/desk.h"

#define NOW 1700000000000ULL
#define MINUTE 60000ULL
#define HOUR (60 * MINUTE)

#define PLAN_1 "11111111-1111-4111-8111-111111111111"
#define PLAN_2 "22222222-2222-4222-8222-222222222222"

struct room {
	char dir[64];
	char path[96];
	struct database *database;
	bool live[16]; /* by connection */
	struct buf reply;
	struct message out;
	struct err err;
};

static inline bool
room_is_live(void *ctx, uint64_t connection)
{
	struct room *room = ctx;

	return connection < ARRAY_LEN(room->live) && room->live[connection];
}

static inline void
room_dir(char *dir, size_t cap)
{
	snprintf(dir, cap, "/tmp/keeper-test-XXXXXX");
	assert_non_null(mkdtemp(dir));
}

static inline void
room_remove(const char *dir)
{
	static const char *const names[] = {"keeper.db",	 "keeper.db-wal",     "keeper.db-shm",
					    "keeper.db-journal", "keeper.db-keepers", "keeper.sock"};
	char path[128];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(dir), 0);
}

static inline void
room_open(struct room *room)
{
	assert_int_equal(database_open(room->path, &room->database, &room->err), 0);
	room->database->connection_is_live = room_is_live;
	room->database->ctx = room;
}

static inline void
room_init(struct room *room)
{
	memset(room, 0, sizeof(*room));
	log_set_level(LOG_ERROR - 1);
	room_dir(room->dir, sizeof(room->dir));
	snprintf(room->path, sizeof(room->path), "%s/keeper.db", room->dir);
	buf_init(&room->reply, MESSAGE_MAX);
	for (size_t i = 0; i < ARRAY_LEN(room->live); i++)
		room->live[i] = true;
	room_open(room);
}

static inline void
room_fini(struct room *room)
{
	database_close(&room->database);
	buf_fini(&room->reply);
	room_remove(room->dir);
}

/* Serves a message in a transaction of its own; room->out is the answer. */
static inline int
room_send(struct room *room, uint64_t connection, enum message_type type, const struct message *message)
{
	struct desk desk = {.database = room->database, .connection = connection, .reply = &room->reply};
	struct buf payload;
	int r;

	buf_init(&payload, MESSAGE_MAX);
	message_encode(&payload, message);
	buf_clear(&room->reply);
	assert_int_equal(database_begin(room->database, desk_writes(type), &room->err), 0);
	r = desk_serve(&desk, type, buf_slice(&payload));
	if (r < 0)
		database_rollback(room->database);
	else
		assert_int_equal(database_commit(room->database, &room->err), 0);
	buf_fini(&payload);
	assert_int_equal(message_decode(buf_slice(&room->reply), &room->out), 0);
	assert_int_equal(-(int)room->out.number[NUMBER_CODE], r);
	return r;
}

static inline struct message
room_message(const char *id)
{
	struct message message = {
	    .number[NUMBER_NOW] = NOW, .number[NUMBER_CREATED] = NOW, .number[NUMBER_EXPIRES] = NOW + 30 * MINUTE};

	message.text[TEXT_ID] = slice_from_str(id);
	message.text[TEXT_TOOL] = SLICE_LIT("catalog.bulk_update");
	message.text[TEXT_OWNER] = SLICE_LIT("alice");
	message.text[TEXT_STORE] = SLICE_LIT("https://shop.example");
	return message;
}

/* A plan of n items "item 0", "item 1" ..., stored. */
static inline void
room_plan(struct room *room, const char *id, unsigned n)
{
	struct message message = room_message(id);
	struct buf list;
	char item[32];

	message.text[TEXT_SCOPE] = SLICE_LIT("{\"scope\":1}");
	message.text[TEXT_ARGUMENTS] = SLICE_LIT("{\"arguments\":1}");
	message.text[TEXT_SUMMARY] = SLICE_LIT("{\"summary\":1}");
	assert_int_equal(room_send(room, 1, MESSAGE_PLAN_BEGIN, &message), 0);
	buf_init(&list, MESSAGE_MAX);
	for (unsigned i = 0; i < n; i++) {
		snprintf(item, sizeof(item), "\"item %u\"", i);
		message_put_item(&list, slice_from_str(item));
	}
	message.text[TEXT_LIST] = n > 0 ? buf_slice(&list) : SLICE_LIT("");
	assert_int_equal(room_send(room, 1, MESSAGE_PLAN_ADD, &message), 0);
	buf_fini(&list);
	message.text[TEXT_LIST] = SLICE_NONE;
	message.number[NUMBER_N_ITEMS] = n;
	assert_int_equal(room_send(room, 1, MESSAGE_PLAN_STORE, &message), 0);
}

/* Gives the verdict; the fence is in room->out. */
static inline int
room_claim(struct room *room, uint64_t connection, const char *id, const char *key, uint64_t now, uint64_t attempt)
{
	struct message message = room_message(id);

	message.number[NUMBER_NOW] = now;
	message.number[NUMBER_ATTEMPT] = attempt;
	if (key != NULL)
		message.text[TEXT_KEY] = slice_from_str(key);
	assert_int_equal(room_send(room, connection, MESSAGE_PLAN_CLAIM, &message), 0);
	return (int)room->out.number[NUMBER_VERDICT];
}

static inline int
room_journal(struct room *room, uint64_t connection, const char *id, uint64_t fence, const struct keeper_entry *entries,
	     size_t n)
{
	struct message message = {.text[TEXT_ID] = slice_from_str(id), .number[NUMBER_FENCE] = fence};
	struct buf list;
	int r;

	buf_init(&list, MESSAGE_MAX);
	for (size_t i = 0; i < n; i++)
		message_put_entry(&list, &entries[i]);
	message.text[TEXT_LIST] = buf_slice(&list);
	r = room_send(room, connection, MESSAGE_JOURNAL, &message);
	buf_fini(&list);
	return r;
}

static inline int
room_finish(struct room *room, uint64_t connection, const char *id, uint64_t fence, const char *result)
{
	struct message message = {.text[TEXT_ID] = slice_from_str(id), .text[TEXT_RESULT] = slice_from_str(result)};

	message.number[NUMBER_FENCE] = fence;
	message.number[NUMBER_OUTCOME] = KEEPER_COMPLETED;
	message.number[NUMBER_NOW] = NOW + MINUTE;
	return room_send(room, connection, MESSAGE_PLAN_FINISH, &message);
}

static inline void
room_sweep(struct room *room, uint64_t now)
{
	struct desk desk = {.database = room->database};
	int more;

	do {
		assert_int_equal(database_begin(room->database, true, &room->err), 0);
		more = sweep_run(&desk, now, &room->err);
		assert_true(more >= 0);
		assert_int_equal(database_commit(room->database, &room->err), 0);
	} while (more == 1);
}

/* One number from the database. */
static inline int
room_count(struct room *room, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	int n;

	assert_int_equal(sqlite3_prepare_v2(room->database->db, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	n = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return n;
}

static inline void
assert_text(struct slice text, const char *expected)
{
	assert_int_equal(text.len, strlen(expected));
	assert_memory_equal(text.ptr, expected, text.len);
}

#endif
