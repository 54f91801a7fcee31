/*
 * test_event_store.c - what is kept for clients that come back, and what is let go
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event_store.h"

#define ANN SLICE_LIT("ann")
#define ONE SLICE_LIT("session-one")
#define TWO SLICE_LIT("session-two")

static void
put_times(struct event_store *store, struct stream *stream, const char *text, size_t times)
{
	for (size_t i = 0; i < times; i++)
		stream_put(store, stream, slice_from_str(text));
}

static struct event_store_stats
stats_of(const struct event_store *store)
{
	struct event_store_stats stats;

	event_store_stats(store, &stats);
	return stats;
}

static void
events_are_numbered_and_found(void **state)
{
	struct event_store *store = event_store_new(EVENTS_PER_SESSION_MAX, EVENTS_KEPT_MS);
	struct stream *stream = stream_new(store, ANN, ONE);

	(void)state;
	assert_true(stream_has_after(stream, 0));
	assert_false(stream_has_after(stream, 1));
	assert_null(stream_event_after(stream, 0));
	put_times(store, stream, "x", 3);
	for (uint64_t n = 0; n < 3; n++) {
		assert_true(stream_has_after(stream, n));
		assert_int_equal(stream_event_after(stream, n)->number, n + 1);
	}
	assert_true(stream_has_after(stream, 3));
	assert_null(stream_event_after(stream, 3));
	assert_false(stream_has_after(stream, 4));
	assert_null(stream_event_after(stream, UINT64_MAX - 1));
	assert_ptr_equal(stream_find(store, ANN, ONE, stream->serial), stream);
	assert_null(stream_find(store, ANN, TWO, stream->serial));
	assert_null(stream_find(store, SLICE_LIT("bob"), ONE, stream->serial));
	assert_null(stream_find(store, ANN, ONE, stream->serial + 1));
	stream_end(store, stream, 0);
	event_store_free(&store);
	assert_null(store);
}

static void
a_stream_without_events_is_not_kept(void **state)
{
	struct event_store *store = event_store_new(EVENTS_PER_SESSION_MAX, EVENTS_KEPT_MS);
	struct stream *stream = stream_new(store, ANN, ONE);

	(void)state;
	stream_end(store, stream, 0);
	assert_int_equal(stats_of(store).streams, 0);
	assert_int_equal(stats_of(store).bytes, 0);
	event_store_free(&store);
}

/* What ended first goes first; other sessions lose nothing. */
static void
a_session_pays_for_itself(void **state)
{
	static char large[300 * 1024 + 1];
	struct event_store *store = event_store_new(EVENTS_PER_SESSION_MAX, EVENTS_KEPT_MS);
	struct stream *other = stream_new(store, ANN, TWO);
	struct stream *first = stream_new(store, ANN, ONE), *second = stream_new(store, ANN, ONE);
	uint64_t serial = first->serial;

	(void)state;
	memset(large, 'x', sizeof(large) - 1);
	put_times(store, other, large, 3);
	put_times(store, first, large, 2);
	stream_end(store, first, 0);
	put_times(store, second, large, 1);
	assert_int_equal(stats_of(store).dropped, 0);
	put_times(store, second, large, 1);
	assert_int_equal(stats_of(store).dropped, 1);
	assert_non_null(stream_find(store, ANN, ONE, serial));
	put_times(store, second, large, 1);
	assert_null(stream_find(store, ANN, ONE, serial)); /* its last event went, and it with it */
	put_times(store, second, large, 1);
	assert_false(stream_has_after(second, 0));
	assert_true(stream_has_after(second, 1));
	assert_true(stream_has_after(other, 0));
	stream_end(store, second, 0);
	stream_end(store, other, 0);
	event_store_free(&store);
}

/* A gap would be a lie: what cannot be kept takes all before it along. */
static void
an_event_beyond_the_limit_empties_its_stream(void **state)
{
	struct event_store *store = event_store_new(EVENTS_PER_SESSION_MAX, EVENTS_KEPT_MS);
	struct stream *stream = stream_new(store, ANN, ONE);
	char *huge = malloc(EVENTS_PER_SESSION_MAX + 1);

	(void)state;
	assert_non_null(huge);
	memset(huge, 'x', EVENTS_PER_SESSION_MAX);
	huge[EVENTS_PER_SESSION_MAX] = '\0';
	put_times(store, stream, "small", 2);
	put_times(store, stream, huge, 1);
	assert_int_equal(stats_of(store).dropped, 3);
	assert_int_equal(stream->last, 3);
	assert_false(stream_has_after(stream, 2));
	assert_true(stream_has_after(stream, 3));
	put_times(store, stream, "small", 1);
	assert_true(stream_has_after(stream, 3));
	assert_false(stream_has_after(stream, 2));
	free(huge);
	stream_end(store, stream, 0);
	event_store_free(&store);
}

static void
the_process_has_a_limit_too(void **state)
{
	static char large[500 * 1024 + 1];
	struct event_store *store = event_store_new(EVENTS_PER_SESSION_MAX, EVENTS_KEPT_MS);
	char session[32];

	(void)state;
	memset(large, 'x', sizeof(large) - 1);
	for (int i = 0; i < 200; i++) {
		struct stream *stream;

		snprintf(session, sizeof(session), "session-%d", i);
		stream = stream_new(store, ANN, slice_from_str(session));
		put_times(store, stream, large, 1);
		stream_end(store, stream, (uint64_t)i);
		assert_true(stats_of(store).bytes <= EVENTS_TOTAL_MAX);
	}
	assert_true(stats_of(store).streams > 100 && stats_of(store).streams < 135);
	assert_int_equal(stats_of(store).dropped, 200 - stats_of(store).streams);
	assert_null(stream_find(store, ANN, SLICE_LIT("session-0"), 1));
	assert_non_null(stream_find(store, ANN, SLICE_LIT("session-199"), 200));
	event_store_free(&store);
}

static void
what_ended_is_kept_for_a_while(void **state)
{
	struct event_store *store = event_store_new(EVENTS_PER_SESSION_MAX, EVENTS_KEPT_MS);
	struct stream *early = stream_new(store, ANN, ONE), *late = stream_new(store, ANN, ONE),
		      *running = stream_new(store, ANN, TWO);

	(void)state;
	put_times(store, early, "x", 1);
	put_times(store, late, "x", 1);
	put_times(store, running, "x", 1);
	stream_end(store, early, 1000);
	stream_end(store, late, 2000);
	event_store_expire(store, 1000 + EVENTS_KEPT_MS - 1);
	assert_int_equal(stats_of(store).streams, 3);
	event_store_expire(store, 1000 + EVENTS_KEPT_MS);
	assert_int_equal(stats_of(store).streams, 2);
	event_store_expire(store, UINT64_MAX);
	assert_int_equal(stats_of(store).streams, 1); /* it has not ended */
	stream_end(store, running, 0);
	event_store_free(&store);
}

static void
a_session_is_forgotten_as_a_whole(void **state)
{
	struct event_store *store = event_store_new(EVENTS_PER_SESSION_MAX, EVENTS_KEPT_MS);
	struct stream *ended = stream_new(store, ANN, ONE), *running = stream_new(store, ANN, ONE),
		      *other = stream_new(store, ANN, TWO);

	(void)state;
	put_times(store, ended, "x", 1);
	put_times(store, other, "x", 1);
	stream_end(store, ended, 0);
	event_store_forget(store, SLICE_LIT("bob"), ONE);
	assert_int_equal(stats_of(store).streams, 3);
	event_store_forget(store, ANN, ONE);
	assert_int_equal(stats_of(store).streams, 2);
	stream_free(store, running);
	event_store_forget(store, ANN, ONE);
	stream_free(store, other);
	assert_int_equal(stats_of(store).bytes, 0);
	event_store_free(&store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(events_are_numbered_and_found),
	    cmocka_unit_test(a_stream_without_events_is_not_kept),
	    cmocka_unit_test(a_session_pays_for_itself),
	    cmocka_unit_test(an_event_beyond_the_limit_empties_its_stream),
	    cmocka_unit_test(the_process_has_a_limit_too),
	    cmocka_unit_test(what_ended_is_kept_for_a_while),
	    cmocka_unit_test(a_session_is_forgotten_as_a_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
