"""What a stdio server says of its own: progress, log lines, questions, news; and clients that do not listen."""

import pytest

from harness import proc, schema
from harness.client import META, Modern
from harness.places import FIXTURE_SERVER, is_sanitized, poll
from harness.schema import LEGACY, MODERN

from test_stdio import Desk, tmp_path  # noqa: F401 (a fixture)

INFO = {META + "logLevel": "info"}


@pytest.fixture
def fixtures(tmp_path):  # noqa: F811
    """Processes around the fixtures of the conformance suite."""
    started = []

    def start(protocol=MODERN, capabilities=None, **more):
        desk = Desk(None, tmp_path, [f"server.state_dir={tmp_path}/state"], program=FIXTURE_SERVER, **more)
        started.append(desk)
        if protocol != MODERN:
            desk.protocol = protocol
            desk.rpc("initialize", {"protocolVersion": protocol, "capabilities": capabilities or {},
                                    "clientInfo": {"name": "e2e", "version": "1"}})
            desk.send("notifications/initialized", notification=True)
        return desk

    yield start
    for one in started:
        one.reads.set()
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


def call(desk, tool, arguments=None, meta=None, id=None):
    params = {"name": tool, "arguments": arguments or {}}
    if meta:
        params["_meta"] = {**(Modern.meta() if desk.protocol == MODERN else {}), **meta}
    return desk.send("tools/call", params, id=id)


def finish(desk, id):
    answer = desk.answer(id)
    schema.check_answer(desk.protocol, "tools/call", answer)
    return answer["result"]


@pytest.mark.parametrize("protocol", schema.REVISIONS)
def test_progress(fixtures, protocol):
    """R-240: progress comes as lines before the answer; nothing is written for an event without a message."""
    one = fixtures(protocol)
    id = call(one, "test_tool_with_progress", meta={"progressToken": 7})
    assert finish(one, id)["content"]
    values = [word["params"]["progress"] for word in one.words]
    assert {word["params"]["progressToken"] for word in one.words} == {7}
    assert values == sorted(set(values)) and values[-1] == 100 and len(values) >= 2
    one.end()


@pytest.mark.parametrize("protocol", ["2025-06-18", "2025-11-25"])
def test_question(fixtures, protocol):
    """R-122, R-284: a legacy client is asked on the way; its answer is a line like any other and is not answered."""
    one = fixtures(protocol, {"elicitation": {}})
    id = call(one, "test_elicitation", {"message": "Your name?"})
    question = one.receive()
    assert question["method"] == "elicitation/create"
    one.write(b'{"jsonrpc":"2.0","id":%s,"result":{"action":"decline"}}\n'
              % (b'"%s"' % question["id"].encode() if isinstance(question["id"], str) else b"%d" % question["id"]))
    assert finish(one, id)["content"]
    assert one.words == []
    one.end()


def test_slow_reader(fixtures):
    """
    A client that does not read gets less progress and fewer log lines, all of the answer, and costs a bounded amount of
    memory. Calls that are under way meanwhile are not held up by it.
    """
    one = fixtures(reads=False)
    id = call(one, "test_flood", {"lines": 40000, "bytes": 500, "answer_bytes": 900000}, INFO)
    other = call(one, "test_flood", {"lines": 1, "answer_bytes": 100})
    poll(lambda: len([line for line in one.log if '"mcp"' in line]) == 2, lambda: one.log[-3:])
    assert [line for line in one.log if '"output_slow"' in line]
    assert is_sanitized() or proc.rss_kib(one.pid) < 24 * 1024, proc.rss_kib(one.pid)
    one.reads.set()
    assert len(finish(one, id)["content"][0]["text"]) == 900000
    assert finish(one, other)
    assert 1000 < len(one.words) < 20000
    id = call(one, "test_flood", {"lines": 3}, INFO)  # the next call is told everything again
    one.words.clear()
    assert finish(one, id) and len(one.words) == 3
    one.end()


@pytest.mark.parametrize("protocol", LEGACY)
def test_news(fixtures, protocol):
    """R-261: the session of the process hears of changes without asking for a stream."""
    one = fixtures(protocol)
    for tool, method in (("test_trigger_tool_change", "notifications/tools/list_changed"),
                         ("test_trigger_prompt_change", "notifications/prompts/list_changed")):
        finish(one, call(one, tool))
        poll(lambda: [word for word in one.words if word["method"] == method] or one.words.append(one.receive()),
             method)
    one.end()


def test_subscription(fixtures):
    """R-130, R-251, R-256: acknowledged first, told of changes, over after notifications/cancelled."""
    one = fixtures()
    id = one.send("subscriptions/listen", {"notifications": {"toolsListChanged": True}})
    assert one.receive()["method"] == "notifications/subscriptions/acknowledged"
    finish(one, call(one, "test_trigger_tool_change"))
    word = one.words.pop() if one.words else one.receive()
    assert word["method"] == "notifications/tools/list_changed"
    assert word["params"]["_meta"][META + "subscriptionId"] == id
    one.send("notifications/cancelled", {"requestId": id}, notification=True)
    finish(one, call(one, "test_trigger_tool_change"))
    one.rpc("tools/list")
    assert one.words == []
    one.end()


def test_end_with_a_subscription(fixtures):
    """R-123, R-255: at the end of the input a subscription ends with its result; nothing is waited for."""
    one = fixtures()
    id = one.send("subscriptions/listen", {"notifications": {"toolsListChanged": True}})
    assert one.receive()["method"] == "notifications/subscriptions/acknowledged"
    one.process.stdin.close()
    answer = one.answer(id)
    schema.check_answer(MODERN, "subscriptions/listen", answer)
    one.wait()
