/*
 * house.h - a real keeper in a process of its own, and fibers that talk to it
 */
#ifndef TEST_KEEPER_HOUSE_H
#define TEST_KEEPER_HOUSE_H

#include <event2/event.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/fiber.h"
#include "base/pool.h"
#include "keeper/keeper.h"
#include "keeper/serve.h"
#include "room.h"

struct house {
	char dir[64];
	char db[96];
	char socket[96];
	int listen_fd; /* as the supervisor would hold it */
	pid_t keeper_pid;
	struct event_base *base;
	struct fiber_pool *fibers;
	struct keeper *keeper;
	struct pool *pool;
	int left; /* fibers that run */
};

static inline int
house_listen(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 128), 0);
	return fd;
}

/* The child's life; `limit_pages` > 0: the disk is full beyond so many. */
static inline void
house_serve(const char *db, int fd, int limit_pages)
{
	struct database *database = NULL;
	struct server *server = NULL;
	struct err err = {.code = ERR_OK};
	char sql[64];

	if (database_open(db, &database, &err) < 0 || serve_new(database, fd, &server, &err) < 0) {
		fprintf(stderr, "keeper: %s\n", err.text);
		_exit(9);
	}
	if (limit_pages > 0) {
		snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %d", limit_pages);
		sqlite3_exec(database->db, sql, NULL, NULL, NULL);
	}
	_exit(serve_loop(server) < 0 ? 2 : 0);
}

static inline void
house_start_keeper(struct house *house, int limit_pages)
{
	house->keeper_pid = fork();
	assert_true(house->keeper_pid >= 0);
	if (house->keeper_pid > 0)
		return;
	log_set_level(LOG_ERROR - 1);
	house_serve(house->db, dup(house->listen_fd), limit_pages);
}

static inline void
house_kill_keeper(struct house *house)
{
	kill(house->keeper_pid, SIGKILL);
	assert_int_equal(waitpid(house->keeper_pid, NULL, 0), house->keeper_pid);
}

static inline void
house_init(struct house *house)
{
	memset(house, 0, sizeof(*house));
	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_ERROR - 1);
	room_dir(house->dir, sizeof(house->dir));
	snprintf(house->db, sizeof(house->db), "%s/keeper.db", house->dir);
	snprintf(house->socket, sizeof(house->socket), "%s/keeper.sock", house->dir);
	house->listen_fd = house_listen(house->socket);
	house_start_keeper(house, 0);
}

/* The worker's half: after the forks. */
static inline void
house_connect(struct house *house)
{
	const struct keeper_options options = {.socket_path = house->socket};
	struct err err;

	house->base = event_base_new();
	house->fibers = fiber_pool_new(64, 4);
	house->pool = pool_new(256 * 1024 * 1024);
	house->keeper = keeper_new(house->base, &options, &err);
	assert_non_null(house->base);
	assert_non_null(house->fibers);
	assert_non_null(house->pool);
	assert_non_null(house->keeper);
}

static inline void
house_disconnect(struct house *house)
{
	keeper_free(&house->keeper);
	fiber_pool_free(&house->fibers);
	pool_free(&house->pool);
	event_base_free(house->base);
}

static inline void
house_fini(struct house *house)
{
	house_kill_keeper(house);
	close(house->listen_fd);
	room_remove(house->dir);
}

struct house_run {
	struct house *house;
	void (*fn)(struct house *house);
};

static inline void
house_fiber(void *arg)
{
	struct house_run *run = arg;

	run->fn(run->house);
	run->house->left--;
	event_base_loopbreak(run->house->base);
}

/* Runs fn on a fiber until it ends. */
static inline void
house_run(struct house *house, void (*fn)(struct house *house))
{
	struct house_run run = {house, fn};

	house->left++;
	assert_int_equal(fiber_start(house->fibers, house_fiber, &run, NULL), 0);
	while (house->left > 0)
		assert_true(event_base_dispatch(house->base) >= 0);
}

static const struct keeper_party party = {"catalog.bulk_update", "alice", "https://shop.example"};

static inline struct keeper_plan_meta
house_meta(const char *id)
{
	return (struct keeper_plan_meta){
	    .id = id,
	    .party = party,
	    .scope = SLICE_LIT("{\"scope\":\"all\"}"),
	    .arguments = SLICE_LIT("{\"skus\":[]}"),
	    .summary = SLICE_LIT("{\"affected\":1}"),
	    .created_wall_ms = NOW,
	    .expires_wall_ms = NOW + 30 * MINUTE,
	};
}

/* Stores a plan of n items of `len` bytes; gives what the first failing call gave. */
static inline int
house_plan(struct house *house, const char *id, unsigned n, size_t len, struct err *err)
{
	struct keeper_plan_meta meta = house_meta(id);
	struct keeper_draft *draft = NULL;
	char *item = malloc(len + 1);
	int r;

	assert_non_null(item);
	memset(item, 'x', len + 1);
	r = keeper_plan_begin(house->keeper, &meta, &draft, err);
	for (unsigned i = 0; r == 0 && i < n; i++) {
		if (len >= 16) {
			snprintf(item, 16, "{\"n\":%09u}", i);
			item[15] = 'x';
		}
		r = keeper_plan_add(draft, slice_of(item, len), err);
	}
	if (r == 0)
		r = keeper_plan_store(draft, err);
	keeper_plan_drop(&draft);
	free(item);
	return r;
}

static inline struct keeper_claim *
house_claim(struct house *house, const char *id, const char *key, enum keeper_claim_verdict expected)
{
	struct keeper_verdict verdict;
	struct keeper_claim *claim = NULL;
	struct err err;

	assert_int_equal(
	    keeper_plan_claim(house->keeper, id, &party, key, NOW + 1, house->pool, &claim, &verdict, &err), 0);
	assert_int_equal(verdict.kind, expected);
	assert_true((claim != NULL) == (expected == KEEPER_CLAIMED || expected == KEEPER_RESUMED));
	return claim;
}

#endif
