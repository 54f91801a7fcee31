"""News of plans: who watches one learns what another client of the same caller does with it, at whichever worker."""

import contextlib

import pytest

from harness import proc
from harness.client import META, Legacy, Modern
from harness.places import poll
from harness.schema import MODERN
from harness.shop import Shop
from harness.sse import Stream

from test_resources import OK, PLAN, numbered, prepare
from test_tokens import Caller

COMMIT = "catalog_commit_bulk_update"
LIST_CHANGED = "notifications/resources/list_changed"
UPDATED = "notifications/resources/updated"
ACKNOWLEDGED = "notifications/subscriptions/acknowledged"


@pytest.fixture(scope="module")
def the_shop():
    shop = Shop("--products", "20")
    yield shop
    shop.stop()


@pytest.fixture
def callers(start):
    """Clients of alice and bob, of any class: somebody("alice", Modern)."""
    found = {name: Caller(name) for name in ("alice", "bob")}
    server = start({"auth": {"mode": "token"}, **{caller.section: caller.values for caller in found.values()}})

    def somebody(name, era):
        client = era(server, token=found[name].token)
        client.login()
        return client

    return somebody


def worker_of(stream, server):
    port = stream.connection.socket.getsockname()[1]
    return poll(lambda: proc.holder(server.pids, server.port, port), "a worker accepted the connection")


def open_stream(client, uri=None):
    """Listens for news of the list of resources and, with `uri`, of that resource: an open Stream."""
    if client.protocol == MODERN:
        wanted = {"resourcesListChanged": True, **({"resourceSubscriptions": [uri]} if uri else {})}
        stream = client.stream("subscriptions/listen", {"notifications": wanted})
        assert isinstance(stream, Stream), stream
        assert stream.next()["method"] == ACKNOWLEDGED
        return stream
    if uri:
        client.rpc("resources/subscribe", {"uri": uri})
    stream = client.listen()
    assert isinstance(stream, Stream), stream
    return stream


@contextlib.contextmanager
def two_streams(client, uri=None):
    """Two listeners of the client that different workers serve."""
    streams = [open_stream(client, uri)]
    other = client if client.protocol == MODERN else None
    try:
        def try_one():
            one = other or type(client)(client.server, token=client.token)
            if other is None:
                one.login()
            streams.append(open_stream(one, uri))
            return worker_of(streams[-1], client.server) != worker_of(streams[0], client.server)

        poll(try_one, "a stream at another worker")
        yield streams[0], streams[-1]
    finally:
        for stream in streams:
            stream.close()


def hears_nothing(stream, seconds):
    with pytest.raises(TimeoutError):
        raise AssertionError(stream.next(seconds))


def uri_of(message):
    return message["params"]["uri"]


@pytest.mark.parametrize("era", [Modern, Legacy], ids=["modern", "legacy"])
def test_a_new_plan_is_told(callers, era):
    """R-261: the list of resources has changed; told once to each, in every worker, and to nobody else."""
    desk, listener, stranger = callers("alice", Modern), callers("alice", era), callers("bob", era)
    with two_streams(listener) as streams, contextlib.closing(open_stream(stranger)) as foreign:
        prepare(desk, numbered(1, 2))
        for stream in streams:
            assert stream.next()["method"] == LIST_CHANGED
            hears_nothing(stream, 0.3)
        hears_nothing(foreign, 0.3)
        prepare(stranger, numbered(3, 3))
        assert foreign.next()["method"] == LIST_CHANGED
        for stream in streams:
            hears_nothing(stream, 0.3)


@pytest.mark.parametrize("era", [Modern, Legacy], ids=["modern", "legacy"])
def test_a_commit_is_told(callers, era):
    """Who watches a plan learns of its commit; who watches another one, or is somebody else, does not."""
    desk, listener, stranger = callers("alice", Legacy), callers("alice", era), callers("bob", era)
    plan, other = prepare(desk, numbered(4, 6)), prepare(desk, numbered(7, 7))
    uri = PLAN + plan["plan_id"]
    with two_streams(listener, uri) as streams, contextlib.closing(open_stream(stranger)) as foreign:
        desk.ok(COMMIT, {"plan_id": other["plan_id"], **OK})
        desk.ok(COMMIT, {"plan_id": plan["plan_id"], **OK})
        for stream in streams:
            news = stream.until(UPDATED)
            assert uri_of(news) == uri
            if era is Modern:
                assert META + "subscriptionId" in news["params"]["_meta"]
            with contextlib.suppress(TimeoutError):
                while True:
                    more = stream.next(0.5)
                    assert more["method"] == LIST_CHANGED or uri_of(more) == uri, more
        hears_nothing(foreign, 0.3)
        assert desk.rpc("resources/read", {"uri": uri})["contents"]


def test_a_plan_of_somebody_else_cannot_be_watched(callers):
    """It may be asked for, as a plan that does not exist; its changes are never told."""
    desk, stranger = callers("alice", Modern), callers("bob", Modern)
    plan = prepare(desk, numbered(8, 8))
    with contextlib.closing(open_stream(stranger, PLAN + plan["plan_id"])) as foreign:
        desk.ok(COMMIT, {"plan_id": plan["plan_id"], **OK})
        hears_nothing(foreign, 1)
