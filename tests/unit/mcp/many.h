/*
 * many.h - several protocol cores over one session table, joined by a post that the test delivers, and what their
 * clients hear, ids of events and all
 */
#ifndef TEST_MCP_MANY_H
#define TEST_MCP_MANY_H

#include "world.h"

#define SERVERS 3
#define FRAMES_MAX 256
#define HEARD_MAX 128

/* Something to watch. */
static const struct action_resource office_resource_rows[] = {
    {.uri = "test://watched",
     .name = "watched",
     .mime_type = "text/plain",
     .can_watch = true,
     .action = {TEST_ACTION("resources.watched", ACTION_READ_ONLY, &open_object, run_echo)}},
    {.uri = "test://still",
     .name = "still",
     .mime_type = "text/plain",
     .action = {TEST_ACTION("resources.still", ACTION_READ_ONLY, &open_object, run_echo)}},
    {.uri_template = "test://things/{id}",
     .name = "things",
     .mime_type = "text/plain",
     .can_watch = true,
     .action = {TEST_ACTION("resources.things", ACTION_READ_ONLY, &open_object, run_echo)}},
};
static const struct action_resource_table office_resource_table = {office_resource_rows,
								   ARRAY_LEN(office_resource_rows)};
static const struct action_resource_table *const office_resources[] = {&office_resource_table, NULL};
static const struct action_product office_product = {
    .name = "test-server",
    .title = "A test product",
    .tools = test_tables,
    .prompts = test_prompts, /* none: they cannot change */
    .resources = office_resources,
};

struct letter {
	uint32_t from, to;
	char *bytes;
	size_t len;
};

struct office {
	struct world w;
	struct mcp_server *servers[SERVERS];
	struct mcp_peers peers[SERVERS];
	struct mcp_options options[SERVERS];
	struct seat {
		struct office *office;
		uint32_t slot;
	} seats[SERVERS];
	bool is_dead[SERVERS];
	struct letter letters[FRAMES_MAX];
	size_t first, n; /* letters on their way */
	size_t posted;
	size_t largest;
	size_t lose; /* so many of the next letters are lost */
	size_t most_under_way;
	size_t deaf_after; /* of the next client that comes with a GET */
};

static inline void
drop_in(void *ctx, uint32_t slot, struct slice frame)
{
	struct seat *seat = ctx;
	struct office *o = seat->office;
	struct letter *letter = &o->letters[o->n];

	assert_true(frame.len <= MCP_FRAME_MAX);
	o->posted++;
	if (frame.len > o->largest)
		o->largest = frame.len;
	if (o->lose > 0) {
		o->lose--;
		return;
	}
	if (slot >= SERVERS || o->is_dead[slot])
		return;
	assert_true(o->n < FRAMES_MAX);
	*letter = (struct letter){seat->slot, slot, malloc(frame.len), frame.len};
	assert_non_null(letter->bytes);
	memcpy(letter->bytes, frame.ptr, frame.len);
	o->n++;
	if (o->n - o->first > o->most_under_way)
		o->most_under_way = o->n - o->first;
}

static inline void
drop_in_all(void *ctx, struct slice frame)
{
	struct seat *seat = ctx;

	for (uint32_t slot = 0; slot < SERVERS; slot++) {
		if (slot != seat->slot)
			drop_in(ctx, slot, frame);
	}
}

static inline bool
sits_there(void *ctx, uint32_t slot, uint32_t pid)
{
	struct seat *seat = ctx;

	return slot < SERVERS && pid == 100 + slot && !seat->office->is_dead[slot];
}

static inline void
office_open(struct office *o)
{
	memset(o, 0, sizeof(*o));
	world_open(&o->w);
	mcp_server_free(&o->w.server);
	action_registry_free(&o->w.registry);
	o->w.registry = action_registry_new(&office_product);
	assert_non_null(o->w.registry);
	o->w.options.registry = o->w.registry;
	for (uint32_t i = 0; i < SERVERS; i++) {
		o->seats[i] = (struct seat){o, i};
		o->peers[i] = (struct mcp_peers){.slot = i,
						 .pid = 100 + i,
						 .generation = 1,
						 .post = drop_in,
						 .post_all = drop_in_all,
						 .is_alive = sits_there,
						 .ctx = &o->seats[i]};
		o->options[i] = o->w.options;
		o->options[i].peers = &o->peers[i];
		o->servers[i] = mcp_server_new(&o->options[i]);
		assert_non_null(o->servers[i]);
	}
}

static inline uint64_t
office_now(const struct office *o)
{
	return clock_mono_ms() + o->w.later_ms;
}

/* The letter that has been on its way for longest. */
static inline void
deliver_one(struct office *o)
{
	struct letter letter = o->letters[o->first++];

	if (!o->is_dead[letter.to])
		mcp_server_receive(o->servers[letter.to], slice_of(letter.bytes, letter.len), office_now(o),
				   clock_wall_ms() + o->w.later_ms);
	free(letter.bytes);
	if (o->first == o->n)
		o->first = o->n = 0;
}

/* Delivers what is on its way, and what that leads to. */
static inline void
deliver_all(struct office *o)
{
	while (o->first < o->n)
		deliver_one(o);
}

static inline void
tick_all(struct office *o)
{
	for (uint32_t i = 0; i < SERVERS; i++) {
		if (!o->is_dead[i])
			mcp_server_tick(o->servers[i], office_now(o));
	}
	deliver_all(o);
}

static inline void
office_close(struct office *o)
{
	deliver_all(o);
	for (uint32_t i = 0; i < SERVERS; i++) {
		mcp_server_free(&o->servers[i]);
		o->is_dead[i] = true;
	}
	deliver_all(o);
	world_close(&o->w);
}

/* A worker that is gone at once: nobody hears anything from it any more. */
static inline void
kill_server(struct office *o, uint32_t i)
{
	o->is_dead[i] = true;
}

/* ---- a client ---- */

struct heard {
	struct mcp_exchange *exchange;
	int answers, status;
	uint32_t retry_ms;
	size_t n;
	struct {
		char id[192];
		char *data;
	} events[HEARD_MAX];
	bool has_body;
	bool is_cancelled;
	size_t deaf_after; /* not 0: after so many events the client takes no more */
	size_t refused;	   /* events that it did not take */
	char *kept[4];
};

static inline int
hear_event(void *ctx, const struct mcp_event *event)
{
	struct heard *h = ctx;

	assert_int_equal(h->answers, 0);
	if (h->deaf_after != 0 && h->n >= h->deaf_after) {
		h->refused++;
		return ERR_LIMIT;
	}
	assert_true(h->n < HEARD_MAX);
	assert_int_equal(slice_to_str(event->id, h->events[h->n].id, sizeof(h->events[h->n].id)), 0);
	h->events[h->n].data = strndup(event->data.len > 0 ? event->data.ptr : "", event->data.len);
	assert_non_null(h->events[h->n].data);
	h->n++;
	return 0;
}

/* The answer of a stream that has begun is its last event. */
static inline void
hear_answer(void *ctx, const struct mcp_answer *answer)
{
	struct heard *h = ctx;
	struct mcp_event last = {.id = answer->event_id, .data = answer->body};

	h->has_body = answer->body.len > 0;
	if (h->has_body)
		assert_int_equal(hear_event(h, &last), 0);
	assert_int_equal(++h->answers, 1);
	h->status = answer->http_status;
	h->retry_ms = answer->retry_ms;
	h->is_cancelled = answer->was_cancelled;
	h->exchange = NULL;
}

static inline void
forget_heard(struct heard *h)
{
	for (size_t i = 0; i < ARRAY_LEN(h->kept); i++) {
		free(h->kept[i]);
		h->kept[i] = NULL;
	}
}

static inline void
heard_fini(struct heard *h)
{
	for (size_t i = 0; i < h->n; i++)
		free(h->events[i].data);
	forget_heard(h);
	memset(h, 0, sizeof(*h));
}

static inline struct slice
lend(struct heard *h, size_t at, const char *text)
{
	if (text == NULL)
		return SLICE_NONE;
	h->kept[at] = strdup(text);
	assert_non_null(h->kept[at]);
	return slice_from_str(h->kept[at]);
}

static inline struct mcp_request
request_of(const struct office *o, struct heard *h, const struct principal *who, const char *session)
{
	return (struct mcp_request){
	    .takes_events = true,
	    .headers = {.session_id = lend(h, 0, session)},
	    .principal = who,
	    .request_id = "1.2.3",
	    .now_mono_ms = office_now(o),
	    .now_wall_ms = clock_wall_ms() + o->w.later_ms,
	};
}

/* `version`: a modern message has it in its header; NULL: legacy. */
static inline void
ask_as(struct office *o, uint32_t server, struct heard *h, const struct principal *who, const char *session,
       const char *method, const char *body)
{
	struct mcp_request request;
	struct mcp_exchange *exchange = NULL;

	memset(h, 0, sizeof(*h));
	request = request_of(o, h, who, session);
	request.body = lend(h, 1, body);
	if (session == NULL && method != NULL) {
		request.headers.protocol_version = SLICE_LIT("2026-07-28");
		request.headers.method = lend(h, 2, method);
	}
	mcp_server_post(o->servers[server], &request,
			&(struct mcp_channel){.send = hear_event, .answer = hear_answer, .ctx = h}, &exchange);
	h->exchange = exchange;
	if (h->answers > 0)
		forget_heard(h);
}

static inline void
ask(struct office *o, uint32_t server, struct heard *h, const char *session, const char *body)
{
	ask_as(o, server, h, &alice, session, NULL, body);
}

static inline void
get_as(struct office *o, uint32_t server, struct heard *h, const struct principal *who, const char *session,
       const char *last_event_id)
{
	struct mcp_request request;
	struct mcp_exchange *exchange = NULL;

	memset(h, 0, sizeof(*h));
	h->deaf_after = o->deaf_after;
	request = request_of(o, h, who, session);
	request.headers.last_event_id = lend(h, 3, last_event_id);
	mcp_server_get(o->servers[server], &request,
		       &(struct mcp_channel){.send = hear_event, .answer = hear_answer, .ctx = h}, &exchange);
	assert_true((exchange == NULL) == (h->answers == 1));
	h->exchange = exchange;
	forget_heard(h); /* nothing of the head is needed after this */
}

static inline void
get(struct office *o, uint32_t server, struct heard *h, const char *session, const char *last_event_id)
{
	get_as(o, server, h, &alice, session, last_event_id);
}

static inline void
leave(struct heard *h)
{
	mcp_server_hangup(&h->exchange);
	forget_heard(h);
}

/* A session that has been initialized. */
static inline void
open_session_as(struct office *o, const struct principal *who, const char *version,
		char id_r[static MCP_SESSION_ID_CAP])
{
	const struct session_now now = {office_now(o), clock_wall_ms() + o->w.later_ms};
	struct mcp_session init = {.protocol = (uint32_t)mcp_protocol_parse(slice_from_str(version)),
				   .initialized = true};

	assert_int_equal(slice_to_str(slice_from_str(who->name), init.principal, sizeof(init.principal)), 0);
	assert_int_equal(mcp_session_create(&o->w.sessions, &init, now, id_r, NULL), 0);
}

static inline void
open_session(struct office *o, char id_r[static MCP_SESSION_ID_CAP])
{
	open_session_as(o, &alice, "2025-11-25", id_r);
}

static inline void
assert_heard(const struct heard *h, size_t at, const char *part)
{
	assert_true(at < h->n);
	if (strstr(h->events[at].data, part) == NULL)
		fail_msg("\"%s\" is not in %s", part, h->events[at].data);
}

#define CALL_WAIT                                                                                                      \
	"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/"                                                            \
	"call\",\"params\":{\"name\":\"test_wait\",\"arguments\":{}}}"

#endif
