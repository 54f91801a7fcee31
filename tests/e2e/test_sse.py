"""Answers that are streams of events, and the streams that clients hold open to wait for news."""

import contextlib
import json
import time

import pytest

from harness import proc, schema
from harness.client import BOTH, META, Legacy, Modern
from harness.http import Broken
from harness.places import at_a_pace, is_sanitized, poll
from harness.process import LIVE, FixtureServer
from harness.schema import LEGACY, MODERN
from harness.sse import Stream

KIB, MIB = 1024, 1024 * 1024
FLOOD_LINE = 600  # bytes of an event with a line of 500


@pytest.fixture(scope="module")
def the_fixtures():
    server = FixtureServer(sections={"http": {"stream_keepalive_ms": "300ms"},
                                     "server": {"allowed_origins": "https://app.example.com"}})
    yield server
    server.stop()


@pytest.fixture
def fixtures(the_fixtures):
    return the_fixtures


@pytest.fixture
def start_fixtures():
    """A server of this test's own."""
    started = []

    def start_one(http=None, workers=1, **more):
        server = FixtureServer(sections={"http": http or {}, **more}, workers=workers)
        started.append(server)
        return server

    yield start_one
    for server in started:
        if server in LIVE:
            server.check()
            server.stop()


def client_of(server, protocol, **more):
    return Modern(server, **more) if protocol == MODERN else Legacy(server, protocol, **more)


def start(client, tool, arguments=None, meta=None, headers=(), **http):
    """A call of a fixture: an open Stream, or a Reply. `meta` goes into params._meta."""
    params = {"name": tool, "arguments": arguments or {}}
    if meta:
        params["_meta"] = {**(client.meta() if client.protocol == MODERN else {}), **meta}
    return client.stream("tools/call", params, headers, **http)


def flood(client, headers=(), http=None, **arguments):
    """A call that says `lines` lines before it answers; an open Stream, or a Reply."""
    if client.protocol == MODERN:
        return start(client, "test_flood", arguments, {META + "logLevel": "info"}, headers, **(http or {}))
    client.rpc("logging/setLevel", {"level": "info"})
    return start(client, "test_flood", arguments, None, headers, **(http or {}))


def is_answer(message):
    return "method" not in message


# ---- what a call says before it answers ----


@pytest.mark.parametrize("protocol", schema.REVISIONS)
def test_progress(fixtures, protocol):
    """R-045, R-050, R-240: progress comes while the call runs, on its own stream, then the answer ends the stream."""
    client = client_of(fixtures, protocol)

    def first_came_early():
        with start(client, "test_tool_with_progress", None, {"progressToken": "p-1"}) as stream:
            assert isinstance(stream, Stream)
            assert stream.reply.content_type == "text/event-stream"
            assert stream.reply.header("X-Request-Id")
            assert stream.reply.header("Transfer-Encoding") == "chunked"
            first = stream.next()
            early = time.monotonic()
            *more, answer = stream.rest()
            late = time.monotonic()
        seen = [word["params"] for word in [first, *more]]
        assert [word["progressToken"] for word in seen] == ["p-1"] * len(seen)
        values = [word["progress"] for word in seen]
        assert values == sorted(set(values)) and values[-1] == 100 and len(values) >= 2
        assert is_answer(answer) and answer["result"]["content"][0]["text"]
        line = fixtures.wait_log("mcp", request_id=stream.reply.header("X-Request-Id"))[0]
        assert line["events"] >= len(values) + 1 and line["bytes"] > 100
        return late - early > 0.1

    poll(first_came_early, "the first came before the call was over")


@pytest.mark.parametrize("protocol", schema.REVISIONS)
def test_json_when_nothing_is_said(fixtures, protocol):
    """A call that says nothing is answered as before, whatever the client would take."""
    client = client_of(fixtures, protocol)
    reply = client.ask("tools/call", {"name": "test_simple_text", "arguments": {}})
    assert (reply.status, reply.content_type) == (200, "application/json")


@pytest.mark.parametrize("protocol", [MODERN, "2025-06-18"])
def test_json_only(fixtures, protocol):
    """R-048: who takes no event streams gets the answer, and nothing before it."""
    client = client_of(fixtures, protocol)
    reply = flood(client, headers={"Accept": "application/json"}, lines=3)
    assert (reply.status, reply.content_type) == (200, "application/json")
    assert is_answer(reply.json)


@pytest.mark.parametrize("protocol", [MODERN, "2025-11-25"])
def test_events_only(fixtures, protocol):
    """R-048: who takes nothing but event streams gets one, also where nothing but the answer is said."""
    client = client_of(fixtures, protocol)
    with start(client, "test_simple_text", headers={"Accept": "text/event-stream"}) as stream:
        assert len(stream.rest()) == 1


def test_events_stay_apart(fixtures):
    """Streams of one client at the same time, each with its own events, and calls beside them on a kept connection."""
    client = Modern(fixtures, keep=True)
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(flood(client, lines=3, bytes=10 + i, pause_ms=100)) for i in range(8)]
        for _ in range(5):
            assert client.rpc("tools/call", {"name": "test_simple_text", "arguments": {}})["content"]
        for i, stream in enumerate(streams):
            *lines, answer = stream.rest()
            assert [len(line["params"]["data"]) for line in lines] == [10 + i] * 3
            assert is_answer(answer)
    client.close()


def test_connection_goes_on(fixtures):
    """A stream ends like any answer: the connection takes the next request."""
    client = Modern(fixtures, keep=True)
    params = {"name": "test_flood", "arguments": {"lines": 2}, "_meta": client.meta(**{META + "logLevel": "info"})}
    for _ in range(3):
        reply = client.ask("tools/call", params)
        assert reply.is_stream and len(reply.messages) == 3
        assert not client.ask("tools/list").is_stream
    client.close()


@pytest.mark.parametrize("protocol", [MODERN, "2025-06-18"])
def test_http10(fixtures, protocol):
    """An HTTP/1.0 client gets the stream without chunks; the end of the connection ends it."""
    client = client_of(fixtures, protocol)
    with flood(client, lines=3, http={"version": "1.0"}) as stream:
        assert stream.reply.header("Transfer-Encoding") is None
        assert stream.reply.header("Connection") == "close"
        assert len(stream.rest()) == 4


def test_quiet_stream_is_kept_open(fixtures):
    """R-051: a stream that is quiet gets comments; they are no events."""
    client = Modern(fixtures)

    def gets_comments():
        with flood(client, lines=2, pause_ms=1500) as stream:
            assert stream.next()["method"] == "notifications/message"
            assert stream.next()["method"] == "notifications/message"
            comments = stream.comments
            assert is_answer(stream.next()) and stream.next() is None
            return comments >= 2

    poll(gets_comments, "comments")


def test_cors(fixtures):
    """R-041, R-053: a listed origin may read a stream; another one does not get it."""
    client = Modern(fixtures)
    with flood(client, headers={"Origin": "https://app.example.com"}, lines=1) as stream:
        assert stream.reply.header("Access-Control-Allow-Origin") == "https://app.example.com"
        assert stream.reply.header("Vary") == "Origin"
        assert len(stream.rest()) == 2
    assert flood(client, headers={"Origin": "https://evil.example"}, lines=1).status == 403


@pytest.mark.parametrize("protocol", [MODERN, "2025-06-18"])
def test_doubled_param_field(fixtures, protocol):
    """A field that carries an argument must not stand twice: the two could disagree."""
    client = client_of(fixtures, protocol)
    message = json.dumps(client.message("tools/call", {"name": "test_x_mcp_header", "arguments": {}})).encode()
    fields = [*client.fields(client.extra("tools/call", {"name": "test_x_mcp_header"})),
              ("Mcp-Param-Region", "a"), ("MCP-PARAM-region", "a")]
    reply = fixtures.http("POST", "/mcp", fields, message)
    assert reply.status == 400 and "twice" in reply.json["error"]["message"]


# ---- readers who do not keep up ----


def in_flight(server):
    return server.metric("magento_mcp_calls_in_flight")


def test_slow_reader_is_cut(start_fixtures):
    """R-294: who does not read costs http.stream_buffer_bytes, then he is cut, and his call is stopped."""
    server = start_fixtures({"stream_buffer_bytes": "64K"})
    client = Modern(server)
    (pid,) = server.worker_pids()
    flood(client, lines=100).close()  # whatever is allocated once
    server.wait_idle()
    before = proc.rss_kib(pid)
    with flood(client, lines=1000000, bytes=500, http={"receive_buffer": 4096}) as stream:
        left = server.wait_log("stream_left", was_cut=True)[0]
        assert left["events"] < 100000
        poll(lambda: in_flight(server) == 0, "the call stopped")
        grown = proc.rss_kib(pid) - before
        assert is_sanitized() or grown < 4096, f"{grown} KiB more"
        with pytest.raises((Broken, AssertionError)):
            stream.rest()
            raise Broken("the end came in good order")
    poll(lambda: server.metric("magento_mcp_streams_cut_total") == 1, "cut")
    assert client.rpc("tools/list")["tools"]


def test_stalled_reader_is_cut(start_fixtures):
    """Little waits for him, but he takes nothing of it: http.write_timeout_ms."""
    server = start_fixtures({"stream_buffer_bytes": "64M", "write_timeout_ms": "500ms"})
    client = Modern(server)
    with flood(client, lines=20000, bytes=500, http={"receive_buffer": 4096}):
        poll(lambda: server.metric("magento_mcp_streams_cut_total") == 1, "cut")
        server.wait_idle()


def test_answer_reaches_a_reader_who_is_behind(start_fixtures):
    """The last event is taken whatever waits already, as an answer in JSON is."""
    server = start_fixtures({"stream_buffer_bytes": "1M"})
    client = Modern(server)
    with flood(client, lines=1500, bytes=500, answer_bytes=900000, http={"receive_buffer": 4096}) as stream:
        server.wait_log("mcp", tool="test_flood")  # said to the end before anything is read
        *lines, answer = stream.rest()
    assert len(lines) == 1500
    assert len(answer["result"]["content"][0]["text"]) == 900000
    assert server.metric("magento_mcp_streams_cut_total") == 0


def test_left_stream_cancels(fixtures):
    """R-075, R-102: who leaves a modern call's stream stops it; a legacy one runs to its end."""
    opened_before = fixtures.metric("magento_mcp_streams_opened_total")
    with flood(Modern(fixtures), lines=200, pause_ms=100) as stream:
        stream.next()
    fixtures.wait_log("stream_left", was_cut=False)
    fixtures.wait_idle()
    attempts = []

    def attempt(ms):
        attempts.append(ms)
        began = time.monotonic()
        with flood(Legacy(fixtures, "2025-06-18"), lines=10, pause_ms=ms // 10) as stream:
            stream.next()
        fixtures.wait_log("stream_left", n=1 + len(attempts))
        goes_on = False
        while not goes_on and time.monotonic() < began + ms / 1000:
            goes_on = in_flight(fixtures) == 1
        fixtures.wait_idle()
        return goes_on

    at_a_pace(attempt, 2000)
    assert fixtures.metric("magento_mcp_streams_opened_total") == opened_before + 1 + len(attempts)


# ---- numbers ----


def test_metrics(fixtures):
    """Sums over all workers: streams open now and ever, events sent."""
    name = "magento_mcp_"
    before = fixtures.metrics()
    client = Modern(fixtures)
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(subscribe(client)) for _ in range(6)]
        poll(lambda: fixtures.metric(name + "streams") == 6, lambda: fixtures.metric(name + "streams"))
        change(fixtures)
        for stream in streams:
            assert stream.next()["method"] == "notifications/tools/list_changed"
    for _ in range(3):
        with flood(client, lines=2) as stream:
            assert len(stream.rest()) == 3
    poll(lambda: fixtures.metric(name + "streams") == 0, lambda: fixtures.metric(name + "streams"))
    after = fixtures.metrics()
    for counter, n in (("streams_opened_total", 6 + 3), ("events_sent_total", 6 * 2 + 3 * 3), ("streams_cut_total", 0)):
        assert after[(name + counter, ())] - before[(name + counter, ())] == n, counter


# ---- the life of workers ----


LEAVES = {"Connection": "close"}  # else a retiring worker waits a while for one more request


def test_streams_while_reloading(start_fixtures):
    """A stream of a call goes on in a retiring worker; new calls are served by the next generation."""
    server = start_fixtures(workers=2)
    client = Modern(server)
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(flood(client, LEAVES, lines=8, pause_ms=250)) for _ in range(4)]
        server.reload()
        with flood(client, lines=2) as fresh:
            assert len(fresh.rest()) == 3
        for stream in streams:
            assert len(stream.rest()) == 9


# ---- streams that wait for news ----


def opened(answer):
    assert isinstance(answer, Stream), answer
    return answer


def change(server, tool="test_trigger_tool_change"):
    Modern(server).rpc("tools/call", {"name": tool, "arguments": {}})


def subscribe(client, **more):
    """subscriptions/listen, acknowledged."""
    stream = opened(client.stream("subscriptions/listen", {"notifications": {"toolsListChanged": True}}, **more))
    assert stream.next()["method"] == "notifications/subscriptions/acknowledged"
    return stream


@pytest.mark.parametrize("protocol", LEGACY)
def test_get(fixtures, protocol):
    """R-097, R-261: the stream is there at once, hears of changes, and is kept open."""
    client = Legacy(fixtures, protocol)
    with opened(client.listen()) as stream:
        assert stream.reply.header("Cache-Control") == "no-store"
        assert stream.reply.header("X-Accel-Buffering") == "no"
        assert stream.reply.header("X-Request-Id")
        change(fixtures)
        assert stream.next()["method"] == "notifications/tools/list_changed"
        seen = stream.comments
        poll(lambda: stream.silent(0.2) or stream.comments > seen, "a comment")
    fixtures.wait_log("stream_left", was_cut=False)


def test_get_is_refused(fixtures):
    """R-009, R-048, R-093, R-099: each for its reason; the session goes on."""
    client = Legacy(fixtures)
    assert client.listen(headers={"Accept": "application/json"}).status == 406
    assert client.listen(headers={"Mcp-Session-Id": "A" * 43}).status == 404
    assert client.listen(headers={"Mcp-Session-Id": None}).status == 405
    assert client.listen(headers={"MCP-Protocol-Version": MODERN}).status == 405
    assert client.listen(headers={"MCP-Protocol-Version": "2024-11-05"}).status == 400
    assert client.listen(headers={"Origin": "https://evil.example"}).status == 403
    assert client.listen(last_event_id="nonsense").status in (400, 404)
    assert client.rpc("ping") == {}


def test_get_cors_and_http10(fixtures):
    client = Legacy(fixtures)
    with opened(client.listen(headers={"Origin": "https://app.example.com"}, version="1.0")) as stream:
        assert stream.reply.header("Access-Control-Allow-Origin") == "https://app.example.com"
        assert stream.reply.header("Connection") == "close"
        change(fixtures)
        assert stream.next()["method"] == "notifications/tools/list_changed"
    fixtures.wait_log("stream_left")


def test_quiet_streams_outlive_the_idle_timeout(start_fixtures):
    """A stream is no idle connection, nor one that does not read."""
    server = start_fixtures({"idle_timeout_ms": "2s", "write_timeout_ms": "2s", "stream_keepalive_ms": "1h"})
    with subscribe(Modern(server)) as modern, opened(Legacy(server).listen()) as legacy:
        idle = Modern(server, keep=True)  # begins to be idle after they did, and is cut for it
        idle.rpc("server/discover")
        assert idle.connection.socket.recv(1) == b""
        idle.close()
        change(server)
        assert modern.next()["method"] == legacy.next()["method"] == "notifications/tools/list_changed"


def test_limits(start_fixtures):
    """R-257, R-294: so many streams for a caller, so many in all; the reason says what to do."""
    server = start_fixtures({"streams_per_principal": 2, "max_streams": 3})
    client = Modern(server)
    with subscribe(client), opened(Legacy(server).listen()):
        for refused in (Legacy(server).listen(),
                        client.stream("subscriptions/listen", {"notifications": {"toolsListChanged": True}})):
            assert refused.status == 429 and refused.header("Retry-After")
            schema.check_error(MODERN, refused.json)
            assert "streams_per_principal" in refused.json["error"]["message"]
        assert client.rpc("tools/list")["tools"]  # calls are not concerned
        with flood(client, lines=3) as stream:
            assert len(stream.rest()) == 4
    server.wait_log("stream_left", n=2)
    with subscribe(client):
        pass
    assert server.metric("magento_mcp_streams_refused_total") == 2


def test_limit_of_the_worker(start_fixtures):
    server = start_fixtures({"streams_per_principal": 5, "max_streams": 1})
    with subscribe(Modern(server)):
        assert Legacy(server).listen().status == 503


@pytest.mark.parametrize("lines", [0, 3])
def test_quiet_streams_hold_no_drain_up(start_fixtures, lines):
    """
    A retiring worker tells who waits for news to come back, and ends; the streams of calls go on meanwhile. Who comes
    back finds the new worker.
    """
    server = start_fixtures(workers=1, server={"drain_ms": "10m"})
    client, session = Modern(server), Legacy(server)
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(subscribe(client))
        getting = stack.enter_context(opened(session.listen()))
        call = stack.enter_context(flood(client, LEAVES, lines=lines, pause_ms=400)) if lines else None
        server.reload()  # which waits for the old worker, but not as long as server.drain_ms says
        (answer,) = listening.rest()
        assert answer["result"]["resultType"] == "complete"
        assert getting.rest() == [] and getting.retry is not None
        if call:
            assert len(call.rest()) == lines + 1
        again = stack.enter_context(opened(session.listen(last_event_id=None)))
        change(server)
        assert again.next()["method"] == "notifications/tools/list_changed"


def test_stop_ends_streams(start_fixtures):
    """SIGTERM: the server is gone in a moment, although clients hold streams."""
    server = start_fixtures(workers=2, server={"drain_ms": "10m"})
    with subscribe(Modern(server)) as one, opened(Legacy(server).listen()) as two:
        server.stop()  # which waits for it, but not as long as server.drain_ms says
        assert len(one.rest()) == 1 and two.rest() == []


MANY = 2000


def cost(client, pid, n=200):
    """Median of what so many calls on a kept connection cost the worker, in seconds of processor time."""
    times = []
    for _ in range(n):
        began = proc.cpu_s(pid)
        client.rpc("tools/call", {"name": "test_simple_text", "arguments": {}})
        times.append(proc.cpu_s(pid) - began)
    return sorted(times)[n // 2]


def test_many_streams(start_fixtures):
    """2,000 open streams do not make other calls dearer, and cost little memory each."""
    server = start_fixtures({"streams_per_principal": MANY, "stream_keepalive_ms": "1s"}, workers=1)
    (pid,) = server.worker_pids()
    client = Modern(server, keep=True)
    with subscribe(client):
        pass
    before, base = cost(client, pid), proc.rss_kib(pid)
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(subscribe(client)) for _ in range(MANY)]
        poll(lambda: server.metric("magento_mcp_streams") == MANY, "all open")
        grown = (proc.rss_kib(pid) - base) / MANY
        during = cost(client, pid)
        assert is_sanitized() or grown < 32, f"{grown} KiB for each stream"
        change(server)
        for stream in streams:
            assert stream.next()["method"] == "notifications/tools/list_changed"
    poll(lambda: server.metric("magento_mcp_streams") == 0, "all closed")
    after = cost(client, pid)
    assert during < 3 * max(before, after), (before, during, after)  # a machine may have become slower meanwhile
    client.close()
