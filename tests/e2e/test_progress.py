"""Long work is seen: how far a commit or a long read is, and what was left alone."""

import pytest

from backoffice import Backoffice
from harness.client import META, Legacy, Modern
from harness.shop import Shop

GLOBAL = {"scope": "global"}
OK = {"confirm": True, "reason": "test"}
PREPARE = "catalog_prepare_bulk_update"
COMMIT = "catalog_commit_bulk_update"
MANY = 400


@pytest.fixture(scope="module")
def the_shop():
    shop = Shop("--products", str(MANY))
    yield shop
    shop.stop()


def numbered(first, last):
    return [f"MCP-{number:03}" for number in range(first, last + 1)]


def watch(client, tool, params, **meta):
    """A call whose words are listened to: (progress, log lines, result)."""
    with client.stream_call(tool, params, meta={"progressToken": "p", **meta}) as stream:
        words, answer = [], None
        while answer is None:
            message = stream.next()
            if "method" in message:
                words.append(message)
            else:
                answer = message
    progress = [word["params"] for word in words if word["method"] == "notifications/progress"]
    logs = [word["params"] for word in words if word["method"] == "notifications/message"]
    assert all(told["progressToken"] == "p" for told in progress)
    assert all(a["progress"] < b["progress"] for a, b in zip(progress, progress[1:]))
    return progress, logs, answer["result"]["structuredContent"]


@pytest.fixture(params=[Modern, Legacy])
def client(request, server):
    client = request.param(server)
    client.login()
    return client


def test_commit_and_its_plan(client, shop):
    shop.settings(latency_ms=100)
    match = {"sku_list": numbered(1, 150)}
    progress, _, plan = watch(client, PREPARE, {"match": match, "updates": {"name": f"New {client.protocol}"},
                                                "scope": GLOBAL})
    assert progress[-1]["message"] == "read 150 of 150 products" and progress[-1]["total"] == 150
    progress, logs, result = watch(client, COMMIT, {"plan_id": plan["plan_id"], **OK})
    assert result["success_count"] == 150 and not logs
    assert len(progress) >= 3  # two and a half seconds, told twice a second
    assert progress[0]["progress"] < 150
    assert progress[-1] == {"progressToken": "p", "progress": 150, "total": 150,
                            "message": "150 of 150 products updated"}


def test_conflicts_and_patience_are_logged(server, shop):
    client = Modern(server)
    client.login()
    plan = client.ok(PREPARE, {"match": {"sku_list": numbered(201, 203)}, "updates": {"name": "Other"},
                               "scope": GLOBAL})
    Backoffice(shop).set_product("MCP-202", name="Somebody's")
    shop.fault("status", "/rest/all/V1/products", method="GET", status=503, count=1)
    _, logs, result = watch(client, COMMIT, {"plan_id": plan["plan_id"], **OK}, **{META + "logLevel": "warning"})
    assert result["conflict_count"] == 1
    assert [line["level"] for line in logs] == ["warning", "warning"]
    assert "503" in logs[0]["data"] and logs[1]["data"].startswith("1 products had been changed by somebody else")
