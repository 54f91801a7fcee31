"""Questions that cross workers: asked by one, answered at another; a state made by one and used at another."""

import contextlib
import json

import pytest

from backoffice import Backoffice
from harness import proc
from harness.client import META, Legacy, Modern
from harness.http import Connection
from harness.places import poll
from harness.shop import Shop

PREPARE = "catalog_prepare_bulk_update"
COMMIT = "catalog_commit_bulk_update"
YES = {"action": "accept", "content": {"confirm": True, "reason": "asked for by Anna"}}
FORMS = {META + "clientCapabilities": {"elicitation": {}}}
INVALID_PARAMS = -32602


class Asked(Legacy):
    """A client of a legacy revision that shows forms."""

    def initialize_params(self, **more):
        return super().initialize_params(capabilities={"elicitation": {}}, **more)

    def respond(self, id, connection=None, **member):
        message = {"jsonrpc": "2.0", "id": id, **member}
        return self.post_raw(json.dumps(message).encode(), connection=connection)


@pytest.fixture(scope="module")
def the_shop():
    shop = Shop("--products", "20")
    yield shop
    shop.stop()


@pytest.fixture
def office(shop):
    return Backoffice(shop)


@pytest.fixture(params=["2025-06-18", "2025-11-25"])
def client(server, request):
    client = Asked(server, request.param)
    client.login()
    return client


def worker_of(server, connection):
    port = connection.socket.getsockname()[1]
    return poll(lambda: proc.holder(server.pids, server.port, port), "a worker accepted the connection")


@contextlib.contextmanager
def elsewhere(server, *pids):
    """A connection to a worker that is none of these."""
    spare = []

    def try_one():
        spare.append(Connection(server.address))
        return worker_of(server, spare[-1]) not in pids

    try:
        poll(try_one, "a connection to another worker")
        yield spare[-1]
    finally:
        for connection in spare:
            connection.close()


def plan_name(client, sku, name):
    plan = client.ok(PREPARE, {"match": {"sku_list": [sku]}, "updates": {"name": name}, "scope": {"scope": "global"}})
    return {"plan_id": plan["plan_id"]}


def begin(client, params):
    """A commit that asks: the open stream, the worker that holds it, the question."""
    stream = client.stream_call(COMMIT, params)
    question = stream.until("elicitation/create")
    assert ("mode" in question["params"]) == (client.protocol >= "2025-11-25")
    return stream, worker_of(client.server, stream.connection), question


def outcome(stream):
    """What the call came to, at the end of its stream."""
    (answer,) = [message for message in stream.rest() if "method" not in message]
    stream.close()
    return answer["result"]


def test_answer_at_another_worker(client, server, office):
    params = plan_name(client, "MCP-001", "From afar " + client.protocol)
    stream, pid, question = begin(client, params)
    with elsewhere(server, pid) as connection:
        assert client.respond(question["id"], connection, result=YES).status == 202
        result = outcome(stream)
    assert result["structuredContent"]["success_count"] == 1
    assert office.product("MCP-001")["name"] == "From afar " + client.protocol


@pytest.mark.parametrize("member", [{"result": {"action": "decline"}}, {"result": {"action": "cancel"}},
                                    {"error": {"code": -1, "message": "closed"}}],
                         ids=["decline", "cancel", "error"])
def test_no_at_another_worker(client, server, office, member):
    before = office.product("MCP-002")["name"]
    params = plan_name(client, "MCP-002", "Never")
    stream, pid, question = begin(client, params)
    with elsewhere(server, pid) as connection:
        client.respond(question["id"], connection, **member)
        result = outcome(stream)
    assert result["isError"] and result["structuredContent"]["error"]["code"] == "CONFIRMATION_REQUIRED"
    assert office.product("MCP-002")["name"] == before
    assert client.ok(COMMIT, {**params, "confirm": True, "reason": "after all"})["success_count"] == 1


def test_client_that_declared_too_much(client, office):
    """It knows no such method, whatever it said: then it is told to confirm in words."""
    params = plan_name(client, "MCP-003", "Never")
    stream, _, question = begin(client, params)
    client.respond(question["id"], error={"code": -32601, "message": "Method not found"})
    result = outcome(stream)
    assert result["isError"] and result["structuredContent"]["error"]["code"] == "CONFIRMATION_REQUIRED"


def test_cancelled_at_another_worker(client, server, office):
    before = office.product("MCP-004")["name"]
    params = plan_name(client, "MCP-004", "Never")
    stream, pid, question = begin(client, params)
    with elsewhere(server, pid) as connection:
        note = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": client_id(client)}}
        assert client.post_raw(json.dumps(note).encode(), connection=connection).status == 202
        assert stream.rest() == []
    stream.close()
    assert client.respond(question["id"], result=YES).status == 202
    server.wait_idle()
    assert office.product("MCP-004")["name"] == before


def client_id(client):
    """The id of the client's last request."""
    return next(client.ids) - 1


def test_answer_of_another_session(client, server, office):
    other = Asked(server, client.protocol)
    params = plan_name(client, "MCP-005", "Mine " + client.protocol)
    stream, pid, question = begin(client, params)
    with elsewhere(server, pid) as connection:
        assert other.respond(question["id"], connection, result={"action": "decline"}).status == 202
        assert client.respond(question["id"], connection, result=YES).status == 202
        assert outcome(stream)["structuredContent"]["success_count"] == 1


def test_answer_after_the_connection_broke(client, server, office):
    """R-102: the call goes on, and the answer is as good as before."""
    name = "Patient " + client.protocol
    params = plan_name(client, "MCP-006", name)
    stream, pid, question = begin(client, params)
    stream.close()
    with elsewhere(server, pid) as connection:
        assert client.respond(question["id"], connection, result=YES).status == 202
    poll(lambda: office.product("MCP-006")["name"] == name, "the commit was carried out")
    server.wait_idle()


def test_client_without_streams(client):
    """Who takes no event stream cannot be asked."""
    params = plan_name(client, "MCP-007", "Never")
    call = {"name": COMMIT, "arguments": client.arguments(params, True)}
    reply = client.ask("tools/call", call, headers={"Accept": "application/json"}.items())
    assert reply.json["result"]["structuredContent"]["error"]["code"] == "CONFIRMATION_REQUIRED"


# ---- the modern era ----

def modern_commit(client, params, connection, **more):
    arguments = {"params": params, "session": client.session}
    params = {"name": COMMIT, "arguments": arguments, "_meta": client.meta(**FORMS), **more}
    return client.ask("tools/call", params, connection=connection).json


def test_state_at_another_worker(server, office):
    client = Modern(server)
    client.login()
    params = plan_name(client, "MCP-008", "By state")
    with elsewhere(server) as first, elsewhere(server, worker_of(server, first)) as second:
        asked = modern_commit(client, params, first)["result"]
        (key,) = asked["inputRequests"]
        again = {"inputResponses": {key: YES}, "requestState": asked["requestState"]}
        tampered = {**again, "requestState": asked["requestState"] + "-TAMPERED"}
        assert modern_commit(client, params, second, **tampered)["error"]["code"] == INVALID_PARAMS
        other = plan_name(client, "MCP-009", "Never")
        assert modern_commit(client, other, second, **again)["error"]["code"] == INVALID_PARAMS
        done = modern_commit(client, params, second, **again)["result"]
        assert done["structuredContent"]["success_count"] == 1
        assert done["ttlMs"] == 0 and done["cacheScope"] == "private"
        used = modern_commit(client, params, first, **again)["error"]
        assert used["code"] == INVALID_PARAMS and "used before" in used["message"]
    assert office.product("MCP-008")["name"] == "By state"
    assert office.product("MCP-009")["name"] != "Never"


# ---- arrays of messages ----

def test_array_of_messages(server, office):
    client = Legacy(server, "2025-03-26")
    client.login()
    calls = [client.message("tools/call", {"name": "catalog_get_product",
                                           "arguments": {"params": {"sku": f"MCP-01{n}"}}}) for n in range(3)]
    note = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 999}}
    reply = client.post_raw(json.dumps([*calls, note, client.message("no/such")]).encode())
    assert reply.status == 200
    answers = {answer["id"]: answer for answer in json.loads(reply.raw)}
    assert len(answers) == 4
    for n, call in enumerate(calls):
        text = answers[call["id"]]["result"]["content"][0]["text"]
        assert json.loads(text)["sku"] == f"MCP-01{n}"
    assert client.post_raw(json.dumps([note, note]).encode()).status == 202
    newer = Legacy(server, "2025-06-18")
    assert newer.post_raw(json.dumps([newer.message("ping")]).encode()).status == 400
