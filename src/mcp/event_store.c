#include "event_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"

#define BUCKETS 1024

/* What one session keeps. */
struct account {
	LIST_ENTRY(account) link;
	TAILQ_HEAD(account_streams, stream) streams; /* oldest first */
	char principal[SESSION_PRINCIPAL_MAX + 1];
	char session[MCP_SESSION_ID_CAP];
	size_t bytes;
};

struct event_store {
	LIST_HEAD(bucket, account) buckets[BUCKETS];
	TAILQ_HEAD(keeping, stream) keeping; /* streams that keep events */
	TAILQ_HEAD(ended, stream) ended;     /* the first to end comes first */
	uint64_t last_serial;
	uint32_t n_streams;
	size_t bytes;
	uint64_t dropped;
	size_t session_bytes;
	uint64_t kept_ms;
};

struct event_store *
event_store_new(size_t session_bytes, uint64_t kept_ms)
{
	struct event_store *store = calloc(1, sizeof(*store));

	if (store == NULL)
		return NULL;
	store->session_bytes = session_bytes;
	store->kept_ms = kept_ms;
	TAILQ_INIT(&store->keeping);
	TAILQ_INIT(&store->ended);
	return store;
}

/* ---- accounts ---- */

/* Session ids are random, so nobody can steer them into one bucket. */
static struct bucket *
bucket_of(struct event_store *store, struct slice session)
{
	return &store->buckets[hash_crc32c(0, session.ptr, session.len) % BUCKETS];
}

static struct account *
find_account(struct event_store *store, struct slice principal, struct slice session)
{
	struct account *account;

	LIST_FOREACH(account, bucket_of(store, session), link)
	{
		if (slice_is(session, account->session) && slice_is(principal, account->principal))
			return account;
	}
	return NULL;
}

static struct account *
open_account(struct event_store *store, struct slice principal, struct slice session)
{
	struct account *account = find_account(store, principal, session);

	if (account != NULL)
		return account;
	account = calloc(1, sizeof(*account));
	if (account == NULL)
		return NULL;
	if (slice_to_str(principal, account->principal, sizeof(account->principal)) < 0 ||
	    slice_to_str(session, account->session, sizeof(account->session)) < 0) {
		free(account);
		return NULL;
	}
	TAILQ_INIT(&account->streams);
	LIST_INSERT_HEAD(bucket_of(store, session), account, link);
	return account;
}

static void
close_if_empty(struct account *account)
{
	if (!TAILQ_EMPTY(&account->streams))
		return;
	LIST_REMOVE(account, link);
	free(account);
}

/* ---- streams ---- */

static void
charge(struct event_store *store, struct stream *stream, size_t bytes)
{
	stream->account->bytes += bytes;
	store->bytes += bytes;
}

static void
refund(struct event_store *store, struct stream *stream, size_t bytes)
{
	stream->account->bytes -= bytes;
	store->bytes -= bytes;
}

struct stream *
stream_new(struct event_store *store, struct slice principal, struct slice session)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (stream == NULL)
		return NULL;
	stream->account = open_account(store, principal, session);
	if (stream->account == NULL) {
		free(stream);
		return NULL;
	}
	TAILQ_INIT(&stream->events);
	stream->serial = ++store->last_serial;
	TAILQ_INSERT_TAIL(&stream->account->streams, stream, of_account);
	store->n_streams++;
	charge(store, stream, sizeof(*stream));
	return stream;
}

static void
drop_oldest_event(struct event_store *store, struct stream *stream)
{
	struct kept_event *event = TAILQ_FIRST(&stream->events);

	TAILQ_REMOVE(&stream->events, event, link);
	refund(store, stream, sizeof(*event) + event->len);
	free(event);
	if (TAILQ_EMPTY(&stream->events))
		TAILQ_REMOVE(&store->keeping, stream, of_store);
}

void
stream_free(struct event_store *store, struct stream *stream)
{
	struct account *account = stream->account;

	while (!TAILQ_EMPTY(&stream->events))
		drop_oldest_event(store, stream);
	if (stream->has_ended)
		TAILQ_REMOVE(&store->ended, stream, of_ended);
	refund(store, stream, sizeof(*stream));
	TAILQ_REMOVE(&account->streams, stream, of_account);
	store->n_streams--;
	free(stream);
	close_if_empty(account);
}

struct stream *
stream_find(struct event_store *store, struct slice principal, struct slice session, uint64_t serial)
{
	struct account *account = find_account(store, principal, session);
	struct stream *stream;

	if (account == NULL)
		return NULL;
	TAILQ_FOREACH(stream, &account->streams, of_account)
	{
		if (stream->serial == serial)
			return stream;
	}
	return NULL;
}

/* ---- events ---- */

static void
lose_oldest(struct event_store *store, struct stream *stream)
{
	store->dropped++;
	drop_oldest_event(store, stream);
	if (TAILQ_EMPTY(&stream->events) && stream->has_ended)
		stream_free(store, stream);
}

static struct stream *
oldest_of_account(struct account *account)
{
	struct stream *stream;

	TAILQ_FOREACH(stream, &account->streams, of_account)
	{
		if (!TAILQ_EMPTY(&stream->events))
			return stream;
	}
	return NULL;
}

/* What stays is without gaps: a stream loses its oldest events, or all. */
static void
make_room(struct event_store *store, struct account *account)
{
	while (account->bytes > store->session_bytes) {
		struct stream *oldest = oldest_of_account(account);

		if (oldest == NULL)
			break;
		lose_oldest(store, oldest);
	}
	while (store->bytes > EVENTS_TOTAL_MAX && !TAILQ_EMPTY(&store->keeping))
		lose_oldest(store, TAILQ_FIRST(&store->keeping));
}

static void
lose_all(struct event_store *store, struct stream *stream)
{
	store->dropped++;
	while (!TAILQ_EMPTY(&stream->events)) {
		store->dropped++;
		drop_oldest_event(store, stream);
	}
}

void
stream_put(struct event_store *store, struct stream *stream, struct slice data)
{
	size_t size = sizeof(struct kept_event) + data.len;
	struct kept_event *event = size <= store->session_bytes ? malloc(size) : NULL;

	must(!stream->has_ended);
	stream->last++;
	if (event == NULL) {
		lose_all(store, stream);
		return;
	}
	event->number = stream->last;
	event->len = data.len;
	memcpy(event->data, data.ptr, data.len);
	if (TAILQ_EMPTY(&stream->events))
		TAILQ_INSERT_TAIL(&store->keeping, stream, of_store);
	TAILQ_INSERT_TAIL(&stream->events, event, link);
	charge(store, stream, size);
	make_room(store, stream->account);
}

void
stream_end(struct event_store *store, struct stream *stream, uint64_t now_ms)
{
	stream->has_ended = true;
	stream->ended_ms = now_ms;
	TAILQ_INSERT_TAIL(&store->ended, stream, of_ended);
	if (TAILQ_EMPTY(&stream->events))
		stream_free(store, stream);
}

bool
stream_has_after(const struct stream *stream, uint64_t number)
{
	const struct kept_event *first = TAILQ_FIRST(&stream->events);

	if (number >= stream->last)
		return number == stream->last;
	return first != NULL && first->number <= number + 1;
}

const struct kept_event *
stream_event_after(const struct stream *stream, uint64_t number)
{
	const struct kept_event *event;

	TAILQ_FOREACH_REVERSE(event, &stream->events, kept_events, link)
	{
		if (event->number <= number + 1)
			return event->number == number + 1 ? event : NULL;
	}
	return NULL;
}

bool
event_store_is_read(const struct event_store *store, uint64_t since_ms)
{
	const struct stream *stream;

	TAILQ_FOREACH(stream, &store->ended, of_ended)
	{
		if (stream->remote.cookie != 0 && stream->remote.asked_ms >= since_ms)
			return true;
	}
	return false;
}

/* ---- the end ---- */

void
event_store_expire(struct event_store *store, uint64_t now_ms)
{
	struct stream *stream = TAILQ_FIRST(&store->ended);

	while (stream != NULL && now_ms >= stream->ended_ms + store->kept_ms) {
		stream_free(store, stream);
		stream = TAILQ_FIRST(&store->ended);
	}
}

void
event_store_forget(struct event_store *store, struct slice principal, struct slice session)
{
	struct account *account = find_account(store, principal, session);
	struct stream *stream = account != NULL ? TAILQ_FIRST(&account->streams) : NULL;

	while (stream != NULL) {
		struct stream *next = TAILQ_NEXT(stream, of_account);

		if (stream->has_ended)
			stream_free(store, stream);
		stream = next;
	}
}

void
event_store_free(struct event_store **store)
{
	struct event_store *s = *store;

	if (s == NULL)
		return;
	while (!TAILQ_EMPTY(&s->ended))
		stream_free(s, TAILQ_FIRST(&s->ended));
	must(s->n_streams == 0);
	free(s);
	*store = NULL;
}

void
event_store_stats(const struct event_store *store, struct event_store_stats *stats_r)
{
	*stats_r =
	    (struct event_store_stats){.streams = store->n_streams, .bytes = store->bytes, .dropped = store->dropped};
}
