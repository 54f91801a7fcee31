"""Limits of callers and addresses, counted over all workers; what bad tokens and failed logins cost; floods."""

import collections
import contextlib
import itertools
import json
import os
import signal
import socket
import threading
import time

import pytest

from harness import proc
from harness.client import Legacy, Modern
from harness.http import Connection, head
from harness.places import is_sanitized
from harness.process import LIVE, FixtureServer, poll
from test_tokens import Caller, discover
from test_sse import flood as chatter, opened, subscribe

TOKENS = {"mode": "token"}
FOR_LONG = {"penalty_first_ms": "1h", "penalty_max_ms": "1h"}  # longer than any test takes


@pytest.fixture(scope="module")
def callers():
    return {name: Caller(name) for name in ("alice", "bob", "mallory")}


@pytest.fixture
def serve(start, callers):
    """A server that knows alice, bob and mallory; `own` are their limits."""
    def serve_with(limits, workers=4, own=None, **more):
        people = {caller.section: {**caller.values, **(own or {}).get(name, {})} for name, caller in callers.items()}
        return start({**people, "auth": TOKENS, "limits": {"exempt_addresses": "127.0.0.1", **limits}, **more},
                     workers=workers)
    return serve_with


@pytest.fixture
def serve_fixtures(callers):
    """The same with tools that take their time."""
    started = []

    def serve_with(limits, **more):
        people = {caller.section: caller.values for caller in callers.values()}
        server = FixtureServer(sections={**people, "auth": TOKENS, "limits": limits, **more}, workers=2)
        started.append(server)
        return server
    yield serve_with
    for server in started:
        if server in LIVE:
            server.check()
            server.stop()


class From(Connection):
    """A connection from another address of this machine."""

    def __init__(self, server, address):
        self.socket = socket.create_connection(server.address, 60, (address, 0))
        self.rest = b""


def ask_from(server, address, token):
    """server/discover from there, on a connection of its own."""
    client = Modern(server, token=token)
    body = json.dumps(client.message("server/discover")).encode()
    with contextlib.closing(From(server, address)) as connection:
        return client.post_raw(body, {"Mcp-Method": "server/discover", "Connection": "close"}, connection)


def expect_limited(reply, key):
    assert reply.status == 429 and int(reply.header("Retry-After")) >= 1, reply
    assert reply.json["error"]["code"] == 429 and key in reply.json["error"]["message"]


def count(replies):
    return {status: sum(reply.status == status for reply in replies) for status in {reply.status for reply in replies}}


# ---- requests ----


def kill_workers(server):
    """Both at once; returns when two others serve."""
    old = server.pids
    server.expects("worker_ended", n=2, level="error", by="signal", status=9)
    server.allows("crash_loop")
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    poll(lambda: len(server.worker_pids() - old) == 2 and not server.worker_pids() & old, "new workers")
    server.note_workers()


def flood(ask, n, threads=4):
    """n answers, by several at the same time; and how long that took."""
    replies, began = [], time.monotonic()

    def work():
        for _ in range(n // threads):
            replies.append(ask())

    crowd = [threading.Thread(target=work) for _ in range(threads)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    return replies, time.monotonic() - began


def test_requests_of_a_caller(serve, callers):
    """The sum over four workers stays within burst and rate; the other caller notices nothing."""
    server = serve({"requests_per_second": 5, "requests_burst": 60})
    replies, took = flood(lambda: discover(server, [f"Bearer {callers['mallory'].token}"]), 240)
    served = count(replies)
    assert set(served) == {200, 429} and 60 <= served[200] <= 60 + 5 * (took + 1), (served, took)
    for reply in replies:
        if reply.status == 429:
            expect_limited(reply, "limits.requests_per_second")
    assert discover(server, [f"Bearer {callers['alice'].token}"]).status == 200
    assert server.metric("magento_mcp_limited_total", limit="requests") == served[429]
    lines = server.wait_log("limited")
    assert len(lines) <= 4 * (1 + took // 10) and lines[0]["principal"] == "mallory"
    poll(lambda: discover(server, [f"Bearer {callers['mallory'].token}"]).status == 200, "a request again")


def test_limits_of_their_own(serve, callers):
    """A caller's section goes before [limits]; 0 there means as in [limits], and 0 here no limit."""
    server = serve({"requests_per_second": 0}, own={"bob": {"requests_per_second": 1, "requests_burst": 3}})
    served, took = flood(lambda: discover(server, [f"Bearer {callers['bob'].token}"]), 20)
    assert 3 <= count(served)[200] <= 4 + took
    served, _ = flood(lambda: discover(server, [f"Bearer {callers['alice'].token}"]), 20)
    assert count(served) == {200: 20}


def test_requests_of_an_address(serve, callers):
    """Whoever sends them; other addresses and exempt ones are not concerned.  Slow bodies count once."""
    server = serve({"address_requests_per_second": 1, "address_requests_burst": 10})
    tokens = itertools.cycle(callers[name].token for name in ("alice", "bob"))
    replies, took = flood(lambda: ask_from(server, "127.0.0.2", next(tokens)), 60)
    assert set(count(replies)) == {200, 429} and 10 <= count(replies)[200] <= 10 + took + 1, (count(replies), took)
    expect_limited(next(reply for reply in replies if reply.status == 429), "limits.address_requests_per_second")
    assert ask_from(server, "127.0.0.3", callers["alice"].token).status == 200
    assert count([discover(server, [f"Bearer {callers['alice'].token}"]) for _ in range(20)]) == {200: 20}
    server.wait_log("limited", address="127.0.0.2")


def refused_from(server, address, n):
    """n requests that are refused, one in four of them by the parser."""
    for i in range(n):
        broken = i % 4 == 0
        with contextlib.closing(From(server, address)) as connection:
            connection.send(head("GET", "nowhere" if broken else "/" + "x" * 1000, [("Host", server.host), ("Connection", "close")]))
            assert connection.read_reply().status == (400 if broken else 404)


@pytest.mark.parametrize("exempt", ["127.0.0.1", "127.0.0.0/8"])
def test_refusals_do_not_fill_the_log(start, exempt):
    """Some of each address are told in a minute, of all that have no limits together; of the rest the number is. All count."""
    server = start({"limits": {"refused_lines": 5, "exempt_addresses": exempt}}, workers=1)
    server.allows("refused")
    server.allows("not_told")
    refused_from(server, "127.0.0.2", 40)
    refused_from(server, "127.0.0.3", 8)
    untold = server.metric("magento_mcp_refusals_not_told_total")
    assert server.metric("magento_mcp_http_responses_total", status="4xx") == 48
    server.stop()
    told = [line for line in server.lines if line["event"] == "refused"]
    missed = collections.Counter()
    for line in server.lines:
        if line["event"] == "not_told":
            missed[line["address"]] += line["lines"]
    assert len(told) + untold == 48 and untold == sum(missed.values()), (told, missed)
    assert all(len(line["path"]) <= 256 for line in told)
    if exempt == "127.0.0.1":
        assert set(missed) == {"127.0.0.2", "127.0.0.3"} and untold >= 10, missed
        assert any(line["peer"].startswith("127.0.0.3:") for line in told), "one address does not hush another"
    else:
        assert set(missed) == {"others"} and untold >= 10, missed


def test_requests_without_a_caller(serve):
    """What is answered before anybody is asked for a token counts for its address, too, and may bring no body."""
    server = serve({"address_requests_per_second": 1, "address_requests_burst": 5})
    server.allows("refused")

    def ask(method, path, more=()):
        with contextlib.closing(From(server, "127.0.0.2")) as connection:
            return server.http(method, path, [("Connection", "close"), *more], None, connection)

    asked = [("OPTIONS", "/mcp", ()), ("GET", "/nowhere", ()), ("POST", "/mcp", [("Host", "evil.example")])] * 5
    replies, took = [], time.monotonic()
    for method, path, more in asked:
        replies.append(ask(method, path, more))
    took = time.monotonic() - took
    assert 15 - 5 - took - 1 <= count(replies).get(429, 0) <= 10, (count(replies), took)
    assert set(count(replies)) <= {204, 404, 403, 429}
    reply = server.http("OPTIONS", "/mcp", [("Content-Length", "4000000"), ("Connection", "keep-alive")])
    assert reply.status == 400 and reply.closed and "no body" in reply.json["error"]["message"]


# ---- what is held, and comes back ----


def slow_call(client):
    """A call that takes its time, on a connection of its own; or the reply, if it was refused."""
    return chatter(client, lines=600, pause_ms=100)


def expect_calls(stack, client, n):
    """n calls run, and not one more."""
    for _ in range(n):
        call = slow_call(client)
        assert not hasattr(call, "status"), call
        stack.enter_context(opened(call)).next()
    expect_limited(slow_call(client), "limits.calls_per_principal")


def test_calls_and_a_kill(serve_fixtures, callers):
    """So many calls of a caller at the same time, over all workers; those of a killed worker are free again."""
    server = serve_fixtures({"calls_per_principal": 5})
    mallory = Modern(server, token=callers["mallory"].token)
    with contextlib.ExitStack() as stack:
        expect_calls(stack, mallory, 5)
        alice = Modern(server, token=callers["alice"].token)
        with opened(slow_call(alice)) as call:
            call.next()
        assert mallory.rpc("tools/list")["tools"]  # only calls are counted
        kill_workers(server)
    with contextlib.ExitStack() as stack:
        expect_calls(stack, mallory, 5)
    server.wait_idle()
    with contextlib.ExitStack() as stack:
        expect_calls(stack, mallory, 5)
    assert server.metric("magento_mcp_limited_total", limit="calls") == 3


def test_streams_over_all_workers(serve_fixtures, callers):
    server = serve_fixtures({}, http={"streams_per_principal": 3})
    mallory = Modern(server, token=callers["mallory"].token)
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(subscribe(mallory))
        for _ in range(4):
            refused = mallory.stream("subscriptions/listen", {"notifications": {"toolsListChanged": True}})
            expect_limited(refused, "http.streams_per_principal")
        stack.enter_context(subscribe(Modern(server, token=callers["alice"].token)))
    server.wait_log("stream_left", n=4)
    with subscribe(mallory):
        pass


def test_queued_bytes(serve_fixtures, callers):
    """Slow readers of one caller: the stream that would add more than he may let wait is dropped, others go on."""
    server = serve_fixtures({"queued_bytes_per_principal": "256K"})
    mallory, alice = (Modern(server, token=callers[name].token) for name in ("mallory", "alice"))
    server.allows("limited")
    with opened(chatter(mallory, lines=1000000, bytes=500, http={"receive_buffer": 4096})):
        poll(lambda: server.metric("magento_mcp_limited_total", limit="queued_bytes") == 1, "a stream is dropped")
        with opened(chatter(alice, lines=100)) as stream:
            assert len(stream.rest()) == 101
    with opened(chatter(mallory, lines=100)) as stream:
        assert len(stream.rest()) == 101


def test_unread_answers(serve, callers):
    """Nor may answers pile up, on however many connections: those that would add more are dropped, others are served."""
    server = serve({"queued_bytes_per_principal": "512K"}, workers=2)
    server.allows("limited")
    mallory, alice = (Modern(server, token=callers[name].token) for name in ("mallory", "alice"))
    body = json.dumps(mallory.message("tools/list")).encode()
    size = len(mallory.post_raw(body, {"Mcp-Method": "tools/list"}).raw)
    assert size > 65536
    fields = [("Host", server.host), *mallory.fields({"Mcp-Method": "tools/list"}), ("Content-Length", len(body))]
    asking = (head("POST", "/mcp", fields) + body) * 60
    for _ in range(2):  # what was dropped is given back
        dropped = server.metric("magento_mcp_limited_total", limit="queued_bytes")
        resident = {pid: proc.rss_kib(pid) for pid in server.pids}
        with contextlib.ExitStack() as stack:
            for _ in range(100):
                connection = stack.enter_context(contextlib.closing(Connection(server.address, receive_buffer=4096)))
                with contextlib.suppress(ConnectionError):  # dropped before all was sent
                    connection.send(asking)
            poll(lambda: server.metric("magento_mcp_limited_total", limit="queued_bytes") >= dropped + 70, "dropped")
            poll(lambda: 1 <= server.metric("magento_mcp_connections") <= 30, "the others are kept")
            grown = sum(proc.rss_kib(pid) - before for pid, before in resident.items())
            assert is_sanitized() or grown < 6 * 1024, grown
            assert alice.rpc("tools/list")
    server.wait_idle()
    assert mallory.rpc("tools/list")


def test_what_an_address_holds(serve_fixtures, callers):
    """Whoever asks from there: calls, streams and sessions; another address is not concerned, nor is an exempt one."""
    server = serve_fixtures({"exempt_addresses": "127.0.0.3", "calls_per_address": 3, "streams_per_address": 2,
                             "sessions_per_address": 4})
    mallory, alice, bob = (Modern(server, token=callers[name].token) for name in ("mallory", "alice", "bob"))
    asked = {"notifications": {"toolsListChanged": True}}
    with contextlib.ExitStack() as stack:
        for client in (mallory, mallory, alice):
            stack.enter_context(opened(slow_call(client))).next()
        expect_limited(slow_call(bob), "limits.calls_per_address")
        for client in (mallory, alice):
            stack.enter_context(subscribe(client))
        expect_limited(bob.stream("subscriptions/listen", asked), "limits.streams_per_address")
        assert ask_from(server, "127.0.0.2", callers["bob"].token).status == 200
    server.wait_idle()
    with opened(slow_call(bob)) as call:
        call.next()
    for client in [Legacy(server, token=callers[name].token) for name in ("alice", "alice", "bob", "bob")]:
        client.delete()

    def open_from(address):
        client = Legacy(server, opened=False, token=callers["mallory"].token)
        body = json.dumps(client.message("initialize", client.initialize_params())).encode()
        with contextlib.closing(From(server, address)) as connection:
            return client.post_raw(body, {"Connection": "close"}, connection)

    expect_limited(open_from("127.0.0.1"), "limits.sessions_per_address")
    assert open_from("127.0.0.2").status == 200
    assert [open_from("127.0.0.3").status for _ in range(9)] == [200] * 9
    for limit in ("calls", "sessions"):
        assert server.metric("magento_mcp_limited_total", limit=limit) == 1
    assert [line["limit"] for line in server.log("limited", address="127.0.0.1")][:1] == ["calls_per_address"]


def test_connections_of_an_address(serve, callers):
    """Told at once, with the cure; an exempt address has as many as it likes; closing one makes room, so does a kill."""
    server = serve({"connections_per_address": 4}, workers=2)
    server.allows("limited")

    def knock():
        """Whether one more is let in, and kept."""
        connection = From(server, "127.0.0.2")
        client = Modern(server, token=callers["alice"].token)
        reply = client.post_raw(json.dumps(client.message("server/discover")).encode(),
                                {"Mcp-Method": "server/discover"}, connection)
        if reply.status == 200:
            held.append(connection)
            return True
        assert reply.status == 429 and reply.header("Retry-After") and b"limits.connections_per_address" in reply.raw
        connection.close()
        return False

    held = []
    assert [knock() for _ in range(6)] == [True] * 4 + [False] * 2
    here = [Connection(server.address) for _ in range(8)]
    assert discover(server, [f"Bearer {callers['alice'].token}"]).status == 200
    held.pop().close()
    poll(knock, "room for one")
    assert not knock()
    kill_workers(server)
    for connection in held + here:
        connection.close()
    held.clear()
    assert [knock() for _ in range(5)] == [True] * 4 + [False]
    for connection in held:
        connection.close()


# ---- penalties ----


def test_bad_tokens(serve, callers):
    """
    The first few cost nothing, then their address is shut out at every worker; a good token is served all the same,
    and no other address is concerned.
    """
    server = serve({"penalty_free": 3, **FOR_LONG})
    bad = [ask_from(server, "127.0.0.2", f"mmcp_{i}") for i in range(20)]
    assert [reply.status for reply in bad] == [401] * 4 + [429] * 16
    for reply in bad[4:]:
        assert 1 <= int(reply.header("Retry-After")) <= 3600 and reply.header("WWW-Authenticate") is None
        assert reply.json["error"]["code"] == 429
    for _ in range(8):
        assert ask_from(server, "127.0.0.2", callers["alice"].token).status == 200
    assert ask_from(server, "127.0.0.2", "mmcp_x").status == 429
    assert ask_from(server, "127.0.0.2", None).status == 401  # who has none yet is told where to get one
    assert ask_from(server, "127.0.0.3", "mmcp_x").status == 401
    assert [discover(server, ["Bearer mmcp_x"]).status for _ in range(20)] == [401] * 20  # exempt
    assert server.metric("magento_mcp_penalties_total") == 17
    server.wait_log("limited", address="127.0.0.2", limit="penalty")


def test_a_good_token_is_a_new_beginning(serve, callers):
    server = serve({"penalty_free": 3, **FOR_LONG}, workers=1)
    assert [ask_from(server, "127.0.0.2", "mmcp_x").status for _ in range(3)] == [401] * 3
    assert ask_from(server, "127.0.0.2", callers["alice"].token).status == 200
    assert [ask_from(server, "127.0.0.2", "mmcp_x").status for _ in range(5)] == [401] * 4 + [429]


def test_a_penalty_ends(serve):
    server = serve({"penalty_free": 0, "penalty_first_ms": "10ms", "penalty_max_ms": "10ms"}, workers=2)
    assert ask_from(server, "127.0.0.2", "mmcp_x").status == 401
    poll(lambda: ask_from(server, "127.0.0.2", "mmcp_x").status == 401, "judged again")


def test_failed_logins(serve, callers, shop):
    """Whatever account he tries; another caller, and a login that works, are not concerned."""
    server = serve({"penalty_free": 3, **FOR_LONG, "exempt_addresses": "127.0.0.0/8"})
    mallory, alice = (Modern(server, token=callers[name].token) for name in ("mallory", "alice"))
    handle = mallory.login()["session"]
    shop.settings(bearer=True)

    def attempt(client, i):
        return client.call("auth_login", {"integration_token": f"wrongwrongwrong{i}"}, session=None)

    codes = [attempt(mallory, i).code for i in range(4)]
    assert codes == ["NOT_AUTHENTICATED"] * 4
    asked = shop.control("GET", "requests")["total"]
    for i in range(6):
        outcome = attempt(mallory, i)
        assert outcome.code == "RATE_LIMITED" and 1 <= outcome.details["retry_after_s"] <= 3600
    assert mallory.call("auth_login", session=None).code == "RATE_LIMITED"
    assert shop.control("GET", "requests")["total"] == asked  # the shop is not even asked
    assert mallory.ok("auth_whoami", session=handle)
    assert alice.login()


# ---- floods ----


def test_honest_clients_during_a_flood(serve, callers):
    """Bad tokens, and more requests than are allowed, from another address: the honest ones are all served."""
    server = serve({"address_requests_per_second": 50, "address_requests_burst": 50, "penalty_free": 5}, workers=2)
    alice = Modern(server, token=callers["alice"].token)
    alice.login()
    is_over = threading.Event()
    refused = []

    def hammer(token):
        while not is_over.is_set():
            refused.append(ask_from(server, "127.0.0.2", token).status)

    crowd = [threading.Thread(target=hammer, args=(token,)) for token in ("mmcp_x", callers["mallory"].token)]
    for thread in crowd:
        thread.start()
    try:
        poll(lambda: 429 in refused, "the flood is limited")
        served = [alice.call("auth_whoami").refused for _ in range(200)]
    finally:
        is_over.set()
        for thread in crowd:
            thread.join()
    assert served == [False] * 200


def test_table_filled_by_one(serve, callers):
    """Whoever opens sessions and logins without end makes room for himself; nobody else fails."""
    server = serve({}, workers=2, server={"table_slots": 1024}, session={"logins_per_principal": 300})
    alice = Legacy(server, token=callers["alice"].token)
    alice.login()
    mallory = Modern(server, token=callers["mallory"].token)
    opened_at_once = []
    for i in range(330):
        client = Legacy(server, token=callers["mallory"].token)
        opened_at_once.append(client)
        if i % 30 == 0:
            bob = Legacy(server, token=callers["bob"].token)
            assert bob.login() and bob.ok("auth_whoami") and alice.ok("auth_whoami")
    outcomes = [mallory.call("auth_login", session=None) for _ in range(310)]
    assert sum(outcome.refused for outcome in outcomes) == 10
    assert {outcome.code for outcome in outcomes[300:]} == {"RATE_LIMITED"}
    bob = Legacy(server, token=callers["bob"].token)
    assert bob.login() and alice.ok("auth_whoami")
    metrics = server.metrics()
    assert metrics[("magento_mcp_table_full_total", ())] == 0
    # A worker counts once for several of one caller, so the two may let a few more in before they count again.
    assert metrics[("magento_mcp_table_evictions_total", ())] >= 330 - 256 - 16
    assert opened_at_once[0].ask("ping").status == 404 and opened_at_once[-1].rpc("ping") == {}
