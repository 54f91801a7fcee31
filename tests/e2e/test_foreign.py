"""What belongs to another caller is answered exactly like what never was, whatever it is, and its owner keeps it."""

import json
import uuid

import pytest

from harness.client import BOTH, Legacy, Modern
from harness.contract import OK
from harness.process import Server
from harness.sse import Stream
from test_confirm import FORMS, YES
from test_tokens import Caller

COMMIT = "catalog_commit_bulk_update"
PRODUCT = {"sku": "MCP-001"}
NOBODYS = "A" * 43


class World:
    """Alice has one of everything; Bob has his own login and session."""

    def __init__(self, shop):
        self.callers = {name: Caller(name) for name in ("alice", "bob")}
        sections = {caller.section: caller.values for caller in self.callers.values()}
        self.server = Server(shop, {"auth": {"mode": "token"}, **sections})
        self.alice, self.bob = (self.client(Modern, name) for name in self.callers)
        self.session = self.client(Legacy, "alice")
        self.session_of_bob = self.client(Legacy, "bob")

    def client(self, kind, name):
        client = kind(self.server, token=self.callers[name].token)
        client.login()
        return client

    def prepare(self, sku):
        return self.alice.ok("catalog_prepare_bulk_update", {
            "match": {"sku_list": [sku]}, "updates": {"name": "New"}, "scope": {"scope": "global"}})["plan_id"]


@pytest.fixture(scope="module")
def world(the_shop):
    world = World(the_shop)
    yield world
    world.server.stop()


# Each makes the thing of Alice, and uses one as somebody does: what came back.


def handle(world):
    return world.alice.session, NOBODYS, lambda client, thing: call(client, "auth_whoami", {}, thing)


def plan(world):
    def use(client, thing):
        return call(client, COMMIT, {"plan_id": thing, **OK}, client.session)
    return world.prepare("MCP-001"), str(uuid.uuid4()), use


def plan_resource(world):
    return (world.prepare("MCP-002"), str(uuid.uuid4()),
            lambda client, thing: client.ask("resources/read", {"uri": f"magento://plans/{thing}", "_meta": client.meta()}))


def cursor(world):
    for i in range(51):
        world.prepare(f"MCP-{i + 1:03}")
    return (world.alice.rpc("resources/list")["nextCursor"], "x" * 60,
            lambda client, thing: client.ask("resources/list", {"cursor": thing, "_meta": client.meta()}))


def request_state(world):
    """Of a question: Bob gives the answer to it, with the parameters that Alice sent."""
    params = {"plan_id": world.prepare("MCP-003")}
    asked = world.alice.rpc("tools/call", {"name": COMMIT, "_meta": world.alice.meta(**FORMS),
                                           "arguments": {"params": params, "session": world.alice.session}})
    (key,) = asked["inputRequests"]

    def use(client, thing):
        return client.ask("tools/call", {"name": COMMIT, "_meta": client.meta(**FORMS), "requestState": thing,
                                         "inputResponses": {key: YES},
                                         "arguments": {"params": params, "session": client.session}})
    return asked["requestState"], asked["requestState"][:-1] + ("A" if asked["requestState"][-1] != "A" else "B"), use


def session(world, verb="POST"):
    def use(client, thing):
        fields = {"Mcp-Session-Id": thing, "MCP-Protocol-Version": "2025-11-25"}
        if verb == "POST":
            return client.post_raw(b'{"jsonrpc":"2.0","id":1,"method":"ping"}', fields)
        if verb == "GET":
            answer = client.server.open_http("GET", "/mcp", client.fields({**fields, "Accept": BOTH, "Content-Type": None}))
            if isinstance(answer, Stream):
                answer.connection.close()
                answer = answer.reply
            return answer
        return client.server.http(verb, "/mcp", [(k, v) for k, v in client.fields(fields) if v])
    return world.client(Legacy, "alice").session_id, NOBODYS, use


def session_stream(world):
    return session(world, "GET")


def session_end(world):
    return session(world, "DELETE")


def call(client, tool, params, handle):
    return client.ask("tools/call", {"name": tool, "arguments": {"params": params, "session": handle},
                                     "_meta": client.meta()})


def told(reply):
    """All that the caller learns."""
    text = (reply.raw or b"").decode()  # of a stream that is open nothing has been read
    if reply.content_type == "application/json":
        message = json.loads(text)
        message.pop("id", None)
        text = json.dumps(message, sort_keys=True)
    return reply.status, reply.content_type, reply.header("Retry-After"), text


@pytest.mark.parametrize("make", [handle, session, session_stream, session_end, plan, plan_resource, cursor, request_state],
                         ids=lambda make: make.__name__)
def test_of_another(world, shop, make):
    """R-290, R-302, R-093, R-231, R-275: status, code and text are those of what never was, but for its name."""
    thing, nobodys, use = make(world)
    foreign, unknown = (told(use(world.bob, named)) for named in (thing, nobodys))
    assert foreign[3].replace(thing, "IT") == unknown[3].replace(nobodys, "IT"), (foreign, unknown)
    assert foreign[:3] == unknown[:3]
    refused = foreign[0] >= 400 or '"error"' in foreign[3]
    assert refused, foreign
    assert shop.control("GET", "writes")["total"] == 0
    status, _, _, text = told(use(world.alice, thing))
    assert status == 200 and '"error"' not in text, text


def test_event_of_another(world, shop):
    """R-295: nor can a stream be read on."""
    shop.settings(latency_ms=200)
    with world.session.stream_call("catalog_get_product", PRODUCT) as stream:
        begin = stream.next_event().id
        assert begin
        bob = world.session_of_bob
        last = begin[:-1] + ("0" if begin[-1] != "0" else "1")

        def resume(client, id):
            answer = world.server.open_http("GET", "/mcp", client.fields(
                {"Mcp-Session-Id": client.session_id, "MCP-Protocol-Version": "2025-11-25", "Accept": BOTH,
                 "Last-Event-ID": id, "Content-Type": None}))
            if isinstance(answer, Stream):
                answer.connection.close()
                answer = answer.reply
            return answer
        foreign, unknown = resume(bob, begin), resume(bob, last)
        assert foreign.status == unknown.status in (400, 404)
        assert foreign.json["error"]["message"] == unknown.json["error"]["message"]
