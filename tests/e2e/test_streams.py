"""Streams across workers: what one worker keeps, holds or changes reaches clients of the others."""

import contextlib
import os
import signal
import time

import pytest

from harness.client import META, Legacy, Modern
from harness.places import at_a_pace, poll
from harness.process import LIVE, FixtureServer
from harness.sse import Stream


@pytest.fixture(scope="module")
def the_four():
    server = FixtureServer()
    yield server
    server.stop()


@pytest.fixture
def four(the_four):
    """Four workers around the fixtures of the conformance suite."""
    return the_four


def slot_of(reply):
    """X-Request-Id is generation.slot.counter."""
    return int(reply.header("X-Request-Id").split(".")[1])


def opened(answer):
    assert isinstance(answer, Stream), answer
    return answer


def open_at(make, fits):
    """Opens streams until one is held by a worker that fits: a connection is taken by any of them."""
    def try_one():
        stream = make()
        if not isinstance(stream, Stream):
            assert stream.status == 409, stream  # the one before has not been missed yet
            return None
        if fits(slot_of(stream.reply)):
            return stream
        stream.close()
        return None

    return poll(try_one, "such a worker takes a connection")


@contextlib.contextmanager
def visitor(server, fits, session=None):
    """A client whose kept connection is with a worker that fits; of a session, or modern."""
    def try_one():
        client = Legacy(server, opened=False, keep=True) if session else Modern(server, keep=True)
        client.session_id = session
        if fits(slot_of(client.ask("ping" if session else "server/discover"))):
            return client
        client.close()
        return None

    client = poll(try_one, "such a worker takes a connection")
    try:
        yield client
    finally:
        client.close()


def flood(client, headers=(), **arguments):
    client.rpc("logging/setLevel", {"level": "info"})
    return opened(client.stream("tools/call", {"name": "test_flood", "arguments": arguments}, headers, id="flood"))


def resume(client, last_id):
    return client.listen(last_id, of=("tools/call", "flood"))


def number_of(event_id):
    return int(event_id.split("-")[5])


def notify(client, method, params):
    assert client.notify(method, params).status == 202


def subscribe(server, **wants):
    stream = opened(Modern(server).stream("subscriptions/listen", {"notifications": wants}))
    assert stream.next()["method"] == "notifications/subscriptions/acknowledged"
    return stream


def trigger(client, what):
    client.rpc("tools/call", {"name": f"test_trigger_{what}_change", "arguments": {}})


# ---- calls ----


def test_cancelled_through_another_worker(four):
    """R-401: the call runs in one worker, notifications/cancelled reaches another one."""
    client = Legacy(four)
    with flood(client, lines=1000, pause_ms=50) as stream:
        assert stream.next()["method"] == "notifications/message"
        home = slot_of(stream.reply)
        with visitor(four, lambda slot: slot != home, client.session_id) as other:
            notify(other, "notifications/cancelled", {"requestId": "flood"})
        assert all("method" in message for message in stream.rest())  # no response
    four.wait_idle()


def test_resume_through_every_worker(four):
    """R-101, R-102: exactly the missing events, then live to the answer, wherever the client comes back."""
    client = Legacy(four)
    homes = set()
    for target in range(4):
        with flood(client, lines=12, bytes=10 + target, pause_ms=60) as stream:
            assert stream.next_event().data == ""
            homes.add(slot_of(stream.reply))
            ids = [stream.next_event().id for _ in range(3)]
        with open_at(lambda: resume(client, ids[1]), lambda slot: slot == target) as rest:
            first = rest.next_event()
            assert (first.id, first.data) == (ids[1], "")
            events = []
            while (event := rest.next_event()) is not None:
                events.append(event)
        assert events[0].id == ids[2]
        assert [number_of(event.id) for event in events] == list(range(3, 14))  # 12 lines and the answer
        assert [len(event.message["params"]["data"]) for event in events[:-1]] == [10 + target] * 10
        assert "result" in events[-1].message
    four.wait_idle()


def test_answer_is_kept(four):
    """Nobody was there when the call ended; its answer is read later, in pieces between workers, more than once."""
    client = Legacy(four)
    with flood(client, lines=1, pause_ms=100, answer_bytes=400_000) as stream:
        begin = stream.next_event().id
    four.wait_idle()
    for target in range(4):
        with open_at(lambda: resume(client, begin), lambda slot: slot == target) as rest:
            line, answer = rest.rest()
        assert line["method"] == "notifications/message"
        assert len(answer["result"]["content"][0]["text"]) == 400_000


def test_ids_of_others(four):
    """R-295: another session, or one that is over, gets nothing for an id."""
    client, other = Legacy(four), Legacy(four)
    with flood(client, lines=2, pause_ms=200) as stream:
        begin = stream.next_event().id
        for _ in range(8):  # at its worker and at others
            assert resume(other, begin).status == 404
        assert len(stream.rest()) == 3  # and nobody has taken the stream away
    assert client.delete().status == 200
    assert resume(client, begin).status == 404


def test_later_reader_takes_over(four):
    def attempt(ms):
        client, began = Legacy(four), time.monotonic()
        with flood(client, lines=30, pause_ms=ms // 30) as stream:
            begin = stream.next_event().id
            home = slot_of(stream.reply)
            with open_at(lambda: resume(client, begin), lambda slot: slot != home) as second:
                assert second.next()["method"] == "notifications/message"
                with open_at(lambda: resume(client, begin), lambda slot: slot == home) as third:
                    runs_still = time.monotonic() - began < 30 * (ms // 30) / 1000
                    whole, ended = third.rest(), [stream.rest(), second.rest()]
        four.wait_idle()
        assert len(whole) == 31
        assert not runs_still or all("result" not in (messages or [{}])[-1] for messages in ended)
        return runs_still

    at_a_pace(attempt, 1500)


# ---- changes ----


def test_change_reaches_every_worker(four):
    """R-254, R-261: told by one worker, heard once in each: GET streams and subscriptions."""
    with contextlib.ExitStack() as stack:
        streams = []
        for slot in range(4):
            at = lambda found, slot=slot: found == slot
            streams.append(stack.enter_context(open_at(lambda: subscribe(four, toolsListChanged=True), at)))
            session = Legacy(four)
            streams.append(stack.enter_context(open_at(session.listen, at)))
        deaf = stack.enter_context(subscribe(four, promptsListChanged=True))
        for slot in range(4):
            with visitor(four, lambda found, slot=slot: found == slot) as client:
                trigger(client, "tool")
            for stream in streams:
                assert stream.next()["method"] == "notifications/tools/list_changed"
        for stream in streams[:2]:
            stream.silent(0.2)
        deaf.silent(0.1)


def test_update_of_a_resource(four):
    """R-262: subscribed at one worker, watched at a second, changed at a third."""
    client, other = Legacy(four), Legacy(four)
    uri = "test://watched-resource"
    with open_at(client.listen, lambda slot: slot == 0) as stream, opened(other.listen()) as not_subscribed, \
            subscribe(four, resourceSubscriptions=[uri, "test://static-text"]) as modern:
        assert not_subscribed.next_event().data == ""
        with visitor(four, lambda slot: slot == 1, client.session_id) as visit:
            assert visit.rpc("resources/subscribe", {"uri": uri}) == {}
        with visitor(four, lambda slot: slot == 2) as teller:
            trigger(teller, "resource")
        assert stream.next()["params"] == {"uri": uri}
        assert modern.next()["params"]["uri"] == uri
        with visitor(four, lambda slot: slot == 3, client.session_id) as visit:
            assert visit.rpc("resources/unsubscribe", {"uri": uri}) == {}
        trigger(Modern(four), "resource")
        assert modern.next()["params"]["uri"] == uri
        stream.silent(0.2)
        not_subscribed.silent(0.1)


def test_one_stream_for_each_session(four):
    """R-099, across workers; who comes back with an id of the stream takes it over."""
    client = Legacy(four)
    with opened(client.listen()) as first:
        begin = first.next_event().id
        for _ in range(8):
            assert client.listen().status == 409
        home = slot_of(first.reply)
        with open_at(lambda: client.listen(begin), lambda slot: slot != home) as second:
            assert first.next() is None
            trigger(Modern(four), "tool")
            assert second.until("notifications/tools/list_changed")
    poll(lambda: isinstance(client.listen(), Stream) or None, "the stream is free again")


def test_end_of_a_session_ends_its_stream(four):
    client = Legacy(four)
    with opened(client.listen()) as stream:
        with visitor(four, lambda slot: slot != slot_of(stream.reply), client.session_id) as other:
            assert other.delete().status == 200
        assert stream.next() is None


# ---- reload ----


def test_streams_end_cleanly_at_reload():
    """R-255: subscriptions end with their result, GET streams say when to come back; calls run to their end."""
    server = FixtureServer(workers=2)
    client = Legacy(server)
    with subscribe(server, toolsListChanged=True) as subscription, opened(client.listen()) as stream, \
            flood(client, {"Connection": "close"}, lines=20, pause_ms=100) as call:
        begin = stream.next_event().id
        server.reload()
        (result,) = subscription.rest()
        assert result["result"]["resultType"] == "complete"
        assert META + "subscriptionId" in result["result"]["_meta"]
        assert stream.next() is None and stream.retry > 0
        with opened(client.listen(begin)) as again:  # the next generation
            assert again.next_event().data == ""
            trigger(Modern(server), "tool")
            assert again.next()["method"] == "notifications/tools/list_changed"
        assert len(call.rest()) == 21
    server.check()
    server.stop()
    assert server not in LIVE


def test_call_of_a_retiring_worker_is_resumed():
    """The old generation still runs the call; the client comes back through the new one."""
    server = FixtureServer(workers=2)

    def attempt(ms):
        client, began = Legacy(server), time.monotonic()
        with flood(client, lines=40, pause_ms=ms // 40) as call:
            begin = call.next_event().id
            call.next()
        server.expects("reload")
        server.expects("reloaded")
        assert server.ask("reload wait").startswith("OK\n")
        came_back = resume(client, begin)
        n = 0
        if isinstance(came_back, Stream):
            with came_back as rest:
                n = len(rest.rest())
        assert n == 41 or time.monotonic() - began > ms / 1000 - 0.5, (n, came_back)
        poll(lambda: len(server.status()["workers"]) == 2, "old workers gone")
        server.note_workers()
        server.check()
        return n == 41

    at_a_pace(attempt, 3000)
    server.stop()


def test_dead_worker():
    """Its stream cannot be read on: the client is told, and nothing hangs."""
    server = FixtureServer(workers=2)
    client = Legacy(server)
    with flood(client, lines=600, pause_ms=100) as call:
        begin = call.next_event().id
        home = slot_of(call.reply)
    with open_at(lambda: resume(client, begin), lambda slot: slot != home) as rest:
        assert rest.next()["method"] == "notifications/message"
        victim = int(begin.split("-")[2])
        assert victim in server.pids
        server.expects("worker_ended", level="error", by="signal", status=9)
        os.kill(victim, signal.SIGKILL)
        assert all("method" in message for message in rest.rest())
        assert rest.retry is not None
    poll(lambda: victim not in server.worker_pids() and len(server.worker_pids()) == 2, "a new worker")
    server.note_workers()
    assert resume(client, begin).status == 404
    server.check()
    server.stop()
