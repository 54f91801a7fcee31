"""A store in trouble: an error in time that says what happened, and everything fine again afterwards."""

import concurrent.futures
import json
import time

import pytest

from harness import proc
from harness.client import Legacy, Modern
from harness.http import Connection, head
from harness.places import is_sanitized, poll, reserved_port
from harness.process import SECRETS, Server
from harness.shop import Shop

PRODUCTS = "/rest/all/V1/products/"
FAST = {"magento": {"read_timeout_ms": "800ms", "connect_timeout_ms": "800ms"}}


@pytest.fixture(scope="module")
def the_fast(the_shop):
    """Short deadlines towards the store."""
    server = Server(the_shop, FAST)
    yield server
    server.stop()


@pytest.fixture
def client(server):
    client = Modern(server)
    client.login()
    return client


@pytest.fixture
def fast(the_fast, shop):
    """Somebody whom the store must answer soon: for those answers only that never come."""
    client = Modern(the_fast)
    client.session = poll(lambda: client.call("auth_login", session=None).data, "a login in time")["session"]
    SECRETS.add(client.session)
    return client


def get(client, **more):
    return client.call("catalog_get_product", {"sku": "MCP-001"}, **more)


def check_fine(client):
    """Healthy, and the next call works."""
    assert client.server.admin("/healthz").raw == b"ok\n"
    assert get(client).data["sku"] == "MCP-001"


def check_fine_soon(client):
    """Likewise where a call fails when the machine is late: the next one that is in time works."""
    assert client.server.admin("/healthz").raw == b"ok\n"
    poll(lambda: not get(client).refused, "a call that works")


@pytest.mark.parametrize("mode,more,code,kind,tries", [
    ("status", {"status": 503}, "MAGENTO_API_ERROR", None, 3),
    ("status", {"status": 502}, "MAGENTO_API_ERROR", None, 3),
    ("status", {"status": 500}, "MAGENTO_API_ERROR", "internal", 1),
    ("status", {"status": 400}, "MAGENTO_API_ERROR", "rejected", 1),
    ("status", {"status": 404}, "MAGENTO_API_ERROR", "no_route", 1),
    ("status", {"status": 302}, "MAGENTO_API_ERROR", None, 1),
    ("html", {"status": 503}, "MAGENTO_API_ERROR", "not_json", 3),
    ("html", {"status": 404}, "MAGENTO_API_ERROR", "not_json", 1),
    ("html", {"status": 200}, "MAGENTO_API_ERROR", "not_json", 1),
    ("text500", {}, "MAGENTO_API_ERROR", "not_json", 1),
    ("retry_after", {"retry_after": 77}, "RATE_LIMITED", None, 1),
    ("empty", {}, "MAGENTO_API_ERROR", "not_json", 1),
    ("garbage", {}, "MAGENTO_API_ERROR", "network", None),
    ("reset", {}, "MAGENTO_API_ERROR", "network", None),
    ("truncate", {}, "MAGENTO_API_ERROR", "network", None),
    ("huge", {"bytes": 5 << 20}, "MAGENTO_API_ERROR", "too_large", 1),
])
def test_trouble(client, shop, mode, more, code, kind, tries):
    """The code and kind of each trouble, retried only where it helps."""
    judge_trouble(client, shop, mode, more, code, kind, tries)
    check_fine(client)


@pytest.mark.parametrize("mode,more", [("hang", {}), ("drip", {"bytes": 1, "ms": 50}), ("latency", {"ms": 5000})])
def test_trouble_without_end(fast, shop, mode, more):
    """Given up at the deadline."""
    judge_trouble(fast, shop, mode, more, "MAGENTO_API_ERROR", "timeout", None)
    check_fine_soon(fast)


def judge_trouble(client, shop, mode, more, code, kind, tries):
    shop.reset()
    shop.fault(mode, PRODUCTS, **more)
    began = time.monotonic()
    outcome = get(client)
    took = time.monotonic() - began
    assert (outcome.refused, outcome.code) == (True, code), outcome
    if kind:
        assert outcome.details["kind"] == kind, outcome
    if code == "RATE_LIMITED":
        assert outcome.details["retry_after_s"] == 77
    if tries:
        assert len(shop.requests(PRODUCTS)) == tries
    # libcurl repeats a request by itself when a kept-alive connection turns out dead.
    assert len(shop.requests(PRODUCTS)) <= 4
    assert took < 20, took  # the usual deadline of one attempt is longer
    for leaked in ("Traceback", "Exception in", "<html", "<!doctype", "127.0.0.1:"):
        assert leaked.lower() not in outcome.message.lower()
    shop.heal()


@pytest.mark.parametrize("mode,more", [("status", {"status": 503}), ("html", {"status": 502}),
                                       ("status", {"status": 504}), ("reset", {}), ("truncate", {})])
@pytest.mark.parametrize("count", [1, 2])
def test_trouble_that_passes(client, shop, mode, more, count):
    """A reading request is repeated twice; the caller sees only the good answer."""
    shop.reset()
    shop.fault(mode, PRODUCTS, count=count, **more)
    outcome = get(client)
    assert not outcome.refused, outcome
    assert count < len(shop.requests(PRODUCTS)) <= count + 2


@pytest.mark.parametrize("count", [1, 2])
def test_silence_that_passes(fast, shop, count):
    """Likewise one that has not been answered in time; the last try has to be, or it is the machine that is late."""
    def attempt():
        shop.reset()
        shop.fault("hang", PRODUCTS, count=count)
        outcome = get(fast)
        assert not outcome.refused or outcome.details["kind"] in ("timeout", "network"), outcome
        shop.heal()
        return not outcome.refused and count < len(shop.requests(PRODUCTS)) <= count + 2

    poll(attempt, "a good answer to a try that was in time")


def test_report_id(client, shop):
    """The number under which the shop's own log tells more is handed on."""
    shop.fault("status", PRODUCTS, status=500)
    outcome = get(client)
    assert (outcome.code, outcome.details["kind"]) == ("MAGENTO_API_ERROR", "internal")
    assert outcome.details["report_id"] == "webapi-6b02a8ca1b62b"


def test_slow_but_whole(start, shop):
    """An answer in small pieces is put together."""
    client = Modern(start(workers=1))
    client.login()
    shop.fault("drip", PRODUCTS, bytes=64, ms=2)
    assert get(client).data["sku"] == "MCP-001"


def test_call_deadline(start, shop):
    """magento.call_timeout_ms bounds the call as a whole, repeats included."""
    server = start(workers=1)
    client = Modern(server)
    client.login()
    server.reload({"magento": {"call_timeout_ms": "500ms"}})
    shop.fault("hang", PRODUCTS)
    began = time.monotonic()
    outcome = get(client)
    assert outcome.code == "MAGENTO_API_ERROR" and outcome.details["kind"] == "timeout"
    assert time.monotonic() - began < 20, "the deadline of one attempt is longer"


def test_hundred_megabytes(client, shop):
    """A huge answer is given up at the limit; the worker does not grow with it."""
    shop.fault("huge", PRODUCTS, bytes=100 << 20)
    for _ in range(4):
        get(client)
    before = {pid: proc.resident_bytes(pid) for pid in client.server.pids}
    for _ in range(8):
        outcome = get(client)
        assert outcome.details["kind"] == "too_large", outcome
    grown = {pid: proc.resident_bytes(pid) - size for pid, size in before.items()}
    assert is_sanitized() or max(grown.values()) < 20 << 20, grown
    shop.heal()
    check_fine(client)


@pytest.fixture
def port():
    """Of a store that comes and goes."""
    with reserved_port() as number:
        yield number


def test_dead_store(start, port):
    """
    Connection refused is told at once. After some failures in a row no worker asks any more for a while; the store that
    is back is noticed by itself.
    """
    own = Shop("--listen", f"127.0.0.1:{port}")
    server = start({'store "main"': {"base_url": own.url}})
    server.upstream_ports.add(port)
    client = Modern(server)
    client.login()
    own.stop()
    began = time.monotonic()
    for outcome in (get(client), client.call("auth_login", session=None)):
        assert (outcome.code, outcome.details["kind"]) == ("MAGENTO_API_ERROR", "network")
    poll(lambda: "nothing was sent" in get(client).message, "the store is left alone")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: get(Modern(server), session=client.session), range(16)))
    left_alone = [outcome for outcome in outcomes if "nothing was sent" in outcome.message]
    tried_again = len(outcomes) - len(left_alone)
    assert tried_again <= (time.monotonic() - began) // 5, outcomes  # after five seconds one of them looks, and so on
    assert all(1 <= outcome.details["retry_after_s"] <= 6 for outcome in left_alone)
    assert server.metric("magento_mcp_upstream_breaker_open", store="main") == 1
    assert server.admin("/healthz").status == 200 and client.ok("auth_whoami")["username"] == "main"
    back = Shop("--listen", f"127.0.0.1:{port}")
    try:
        poll(lambda: not get(client).refused, "the store is asked again")
        check_fine(client)
        assert server.metric("magento_mcp_upstream_breaker_open", store="main") == 0
    finally:
        back.stop()


def test_refusals_do_not_count_as_outage(client, shop):
    """A store that says no is there: however often, the next call is sent."""
    for mode, more in (("status", {"status": 500}), ("status", {"status": 400}), ("retry_after", {})):
        shop.fault(mode, PRODUCTS, **more)
        for _ in range(8):
            assert get(client).refused
        shop.heal()
        check_fine(client)


def test_store_restarts_between_calls(start, port):
    """A kept-alive connection that died meanwhile is no error."""
    own = Shop("--listen", f"127.0.0.1:{port}")
    server = start({'store "main"': {"base_url": own.url}}, workers=1)
    server.upstream_ports.add(port)
    client = Modern(server)
    client.login()
    for _ in range(3):
        check_fine(client)
        own.stop()
        own = Shop("--listen", f"127.0.0.1:{port}")
        check_fine(client)
    own.stop()


def test_many_callers_and_a_hanging_store(start, shop):
    """Forty calls that hang do not stop a forty-first that needs no store."""
    server = start({"magento": {"read_timeout_ms": "10m"}})
    client = Modern(server)
    client.login()
    shop.fault("hang", PRODUCTS)
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        running = [pool.submit(lambda: get(Modern(server), session=client.session)) for _ in range(40)]
        shop.wait_requests(8, PRODUCTS)
        assert client.ok("auth_whoami")
        assert not any(item.done() for item in running)
        shop.heal()  # lets go of those that hang: they are sent again, unless so many at once pass for an outage
        outcomes = [item.result() for item in running]
        assert all(not outcome.refused or outcome.details["kind"] == "network" for outcome in outcomes), outcomes
    assert server.admin("/healthz").status == 200


def test_many_callers_and_a_silent_store(fast, shop):
    """Forty calls that nobody answers all come to their end."""
    shop.fault("hang", PRODUCTS)
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        running = [pool.submit(lambda: get(Modern(fast.server), session=fast.session)) for _ in range(40)]
        kinds = {item.result().details["kind"] for item in running}
    assert "timeout" in kinds and kinds <= {"timeout", "network"}
    shop.heal()
    check_fine_soon(fast)


def test_failures_are_counted(client, fast, shop):
    """Metrics name the reasons."""
    name = "magento_mcp_upstream_failures_total"
    for who, mode, more, reason in ((client, "status", {"status": 500}, "http_5xx"),
                                    (client, "status", {"status": 400}, "http_4xx"), (fast, "hang", {}, "timeout"),
                                    (client, "huge", {"bytes": 5 << 20}, "too_large"), (client, "reset", {}, "reset")):
        before = who.server.metric(name, store="main", reason=reason)
        shop.fault(mode, PRODUCTS, **more)
        get(who)
        shop.heal()
        assert who.server.metric(name, store="main", reason=reason) > before, reason


# ---- clients that go away ----


def begin_call(client, tool="catalog_get_product", params=None):
    """Sends a call and gives the connection, its answer unread."""
    arguments = client.arguments(params or {"sku": "MCP-001"}, True)
    message = client.message("tools/call", {"name": tool, "arguments": arguments})
    body = json.dumps(message).encode()
    fields = {"Host": client.server.host, **client.headers(), **client.extra("tools/call", message["params"])}
    connection = Connection(client.server.address)
    connection.send(head("POST", "/mcp", list(fields.items()) + [("Content-Length", len(body))]) + body)
    return connection


@pytest.fixture
def patient(start, shop):
    """A server whose deadlines do not end a hanging call."""
    return start({"magento": {"read_timeout_ms": "60s"}}, workers=2)


@pytest.mark.parametrize("how", ["close", "abort"])
def test_modern_disconnect_cancels(patient, shop, how):
    """R-075: the upstream request is dropped and the call is over, though the store still hangs."""
    client = Modern(patient)
    client.login()
    shop.reset()
    shop.fault("hang", PRODUCTS)
    calls = [begin_call(client) for _ in range(5)]
    shop.wait_requests(5, PRODUCTS)
    poll(lambda: patient.metric("magento_mcp_calls_in_flight") == 5, "five calls in flight")
    patient.expects("refused", 5, status=499)
    for connection in calls:
        getattr(connection, how)()
    patient.wait_idle()
    assert len(shop.requests(PRODUCTS)) == 5  # cancelled, not repeated
    poll(lambda: patient.metric("magento_mcp_connections") == 0, "the connections are gone")
    shop.heal()
    assert client.ok("catalog_get_product", {"sku": "MCP-001"})


def test_legacy_disconnect_does_not_cancel(patient, shop):
    """R-102: the call runs to its end with nobody to answer."""
    client = Legacy(patient)
    client.login()
    shop.reset()
    shop.fault("hang", PRODUCTS)
    done = ("magento_mcp_tool_duration_seconds_count", (("tool", "catalog_get_product"),))
    before = patient.metrics()[done]
    connection = begin_call(client)
    shop.wait_requests(1, PRODUCTS)
    connection.close()
    poll(lambda: patient.metric("magento_mcp_connections") == 0, "the connection is gone")
    assert patient.metrics()[done] == before
    shop.heal()
    poll(lambda: patient.metrics()[done] == before + 1, "the call ended")
    patient.wait_idle()
    poll(lambda: [entry["status"] for entry in shop.requests(PRODUCTS)] == [0, 200],  # let go, and sent again
         lambda: f"answered: {shop.requests()}")


def test_legacy_call_outlives_its_session(patient, shop):
    """A call whose connection and session are gone ends without harm."""
    client = Legacy(patient)
    client.login()
    shop.reset()
    shop.fault("hang", PRODUCTS)
    connection = begin_call(client)
    shop.wait_requests(1, PRODUCTS)
    connection.abort()
    assert client.delete().status == 200
    shop.heal()
    patient.wait_idle()


def test_login_cancelled(patient, shop):
    """A modern client that leaves during auth_login leaves no login behind."""
    client = Modern(patient)
    shop.fault("hang", "/rest/all/V1/store/websites")
    connection = begin_call(client, "auth_login", {"store": "main"})
    shop.wait_requests(1, "/store/websites")
    patient.expects("refused", status=499)
    connection.close()
    patient.wait_idle()
    assert patient.metric("magento_mcp_table_records", kind="login") == 0


def test_logout_during_a_call(patient, shop):
    """A running call keeps its copy of the credentials until it ends."""
    client = Modern(patient)
    client.login()
    shop.fault("hang", PRODUCTS)
    connection = begin_call(client)
    shop.wait_requests(1, PRODUCTS)
    client.ok("auth_logout")
    shop.heal()
    try:
        assert connection.read_reply().json["result"]["isError"] is False
    finally:
        connection.close()
    client.refused("auth_whoami", "NOT_AUTHENTICATED")
