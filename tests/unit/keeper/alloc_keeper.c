/*
 * alloc_keeper.c - a worker, and a keeper, whose every allocation fails in turn: nothing crashes, nothing leaks, and
 * the next call works
 *
 * Worker and keeper are driven by one thread: the keeper's half is the batch, called with what the worker would send.
 */
#include "house.h"

#include "base/rand.h"
#include "keeper/batch.h"
#include "torture.h"

/* ---- The keeper's half ---- */

static struct room room;
static unsigned round_number;

static int
push(struct request_list *requests, enum message_type type, const struct message *message)
{
	struct request *request = keeper_request_new(1, type, 1);

	if (request == NULL)
		return ERR_NOMEM;
	TAILQ_INSERT_TAIL(requests, request, link);
	message_encode(&request->payload, message);
	return request->payload.failed;
}

static int
code_of(const struct request *request)
{
	struct message message;

	if (request->reply.failed < 0)
		return request->reply.failed;
	assert_int_equal(message_decode(buf_slice(&request->reply), &message), 0);
	return -(int)message.number[NUMBER_CODE];
}

static int
serve_one(enum message_type type, const struct message *message)
{
	struct request_list requests = TAILQ_HEAD_INITIALIZER(requests);
	struct request *request;
	int r = push(&requests, type, message);

	if (r == 0) {
		keeper_batch_run(room.database, &requests);
		r = code_of(TAILQ_FIRST(&requests));
	}
	while (!TAILQ_EMPTY(&requests)) {
		request = TAILQ_FIRST(&requests);
		TAILQ_REMOVE(&requests, request, link);
		keeper_request_free(&request);
	}
	return r;
}

static int
keeper_half(void *ctx)
{
	struct message message;
	char id[37];
	int r;

	(void)ctx;
	snprintf(id, sizeof(id), "88888888-8888-4888-8888-%012u", round_number++);
	message = room_message(id);
	r = serve_one(MESSAGE_PLAN_BEGIN, &message);
	if (r == 0) {
		message.text[TEXT_LIST] = SLICE_LIT("\x02\0\0\0{}"
						    "\x02\0\0\0{}");
		r = serve_one(MESSAGE_PLAN_ADD, &message);
	}
	message.number[NUMBER_N_ITEMS] = 2;
	if (r == 0)
		r = serve_one(MESSAGE_PLAN_STORE, &message);
	message.number[NUMBER_MAX] = 10;
	if (r == 0)
		r = serve_one(MESSAGE_PLAN_ITEMS, &message);
	if (r == 0)
		r = serve_one(MESSAGE_PLAN_LIST, &message);
	if (r == 0)
		r = serve_one(MESSAGE_PLAN_CLAIM, &message);
	return r;
}

static void
a_keeper_without_memory(void **state)
{
	(void)state;
	room_init(&room);
	assert_int_equal(keeper_half(NULL), 0); /* statements are prepared once and kept */
	torture("keeper", keeper_half, NULL);
	assert_true(torture_failures() > 10);
	assert_int_equal(keeper_half(NULL), 0);
	room_fini(&room);
}

static int
open_and_close(void *ctx)
{
	struct database *database = NULL;
	struct err err;
	int r = database_open(ctx, &database, &err);

	database_close(&database);
	return r;
}

static void
opening_without_memory(void **state)
{
	(void)state;
	room_init(&room);
	torture("open", open_and_close, room.path);
	assert_true(torture_failures() > 1);
	room_fini(&room);
}

/* ---- The worker's half ---- */

static struct house house;

struct errand {
	struct event_base *base;
	struct keeper *keeper;
	int r;
	bool done;
};

static int
one_life(struct errand *errand, struct pool *pool)
{
	const struct keeper_entry entry = {.item = 0, .status = KEEPER_UPDATED};
	char id[KEEPER_ID_LEN + 1];
	struct keeper_plan_meta meta = house_meta(id);
	struct keeper_draft *draft = NULL;
	struct keeper_claim *claim = NULL;
	struct keeper_verdict verdict;
	struct keeper_plan plan;
	struct err err;
	int r;

	rand_uuid(id);
	r = keeper_plan_begin(errand->keeper, &meta, &draft, &err);
	if (r == 0)
		r = keeper_plan_add(draft, SLICE_LIT("{\"sku\":\"one\"}"), &err);
	if (r == 0)
		r = keeper_plan_store(draft, &err);
	if (r == 0)
		r = keeper_plan_claim(errand->keeper, meta.id, &party, "a key", NOW, pool, &claim, &verdict, &err);
	if (r == 0 && claim != NULL)
		r = keeper_journal(claim, &entry, 1, &err);
	if (r == 0)
		r = keeper_plan_read(errand->keeper, meta.id, &party, NOW, pool, &plan, &err);
	keeper_claim_free(&claim);
	keeper_plan_drop(&draft);
	return r;
}

static void
run_errand(void *arg)
{
	struct errand *errand = arg;
	struct pool *pool = pool_new(1 << 20);

	errand->r = pool != NULL ? one_life(errand, pool) : ERR_NOMEM;
	pool_free(&pool);
	errand->done = true;
	event_base_loopbreak(errand->base);
}

static int
worker_half(void *ctx)
{
	const struct keeper_options options = {.socket_path = house.socket, .wait_ms = 300};
	struct errand errand = {.base = event_base_new()};
	struct fiber_pool *fibers = fiber_pool_new(2, 1);
	struct err err;
	int r = ERR_NOMEM;

	(void)ctx;
	assert_non_null(errand.base); /* libevent's own memory is not ours to fail */
	if (fibers != NULL)
		errand.keeper = keeper_new(errand.base, &options, &err);
	if (errand.keeper != NULL)
		r = fiber_start(fibers, run_errand, &errand, NULL);
	if (r == 0) {
		while (!errand.done)
			event_base_dispatch(errand.base);
		r = errand.r;
	}
	keeper_free(&errand.keeper);
	fiber_pool_free(&fibers);
	event_base_free(errand.base);
	return r;
}

static void
a_worker_without_memory(void **state)
{
	(void)state;
	house_init(&house);
	torture("worker", worker_half, NULL);
	assert_true(torture_failures() > 10);
	house_fini(&house);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_keeper_without_memory),
	    cmocka_unit_test(opening_without_memory),
	    cmocka_unit_test(a_worker_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
