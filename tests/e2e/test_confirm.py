"""A change that nobody has confirmed: what the user is asked, and that nothing happens before a yes."""

import json

import pytest

from backoffice import Backoffice
from harness.client import META, Modern
from harness.shop import Shop

from test_asking import Asked
from test_stdio import desk, tmp_path  # noqa: F401 (fixtures)

GLOBAL = {"scope": "global"}
FORMS = {META + "clientCapabilities": {"elicitation": {"form": {}}}}
PREPARE = "catalog_prepare_bulk_update"
COMMIT = "catalog_commit_bulk_update"
YES = {"action": "accept", "content": {"confirm": True, "reason": "asked for by Anna"}}


@pytest.fixture(scope="module")
def the_shop():
    shop = Shop("--products", "40")
    yield shop
    shop.stop()


@pytest.fixture
def office(shop):
    return Backoffice(shop)


@pytest.fixture
def client(server):
    client = Modern(server)
    client.login()
    return client


def plan_names(client, names, **more):
    return client.ok(PREPARE, {"match": {"sku_list": names}, "updates": {"name": "New"}, "scope": GLOBAL, **more})


def call(client, tool, params, **more):
    """The raw result of a call by a client that takes forms."""
    arguments = {"params": params, "session": client.session}
    return client.rpc("tools/call", {"name": tool, "arguments": arguments, "_meta": client.meta(**FORMS), **more})


def ask(client, tool, params):
    """What the user is asked: the message and the state to give back."""
    result = call(client, tool, params)
    assert result["resultType"] == "input_required", result
    (key, request), = result["inputRequests"].items()
    assert request["method"] == "elicitation/create"
    form = request["params"]["requestedSchema"]
    assert form["required"] == ["confirm", "reason"]
    assert form["properties"]["confirm"]["type"] == "boolean" and form["properties"]["reason"]["minLength"] == 1
    return request["params"]["message"], {"requestState": result.get("requestState")}, key


def answer(client, tool, params, reply):
    """Asks, and gives this answer: the message, and the result."""
    message, state, key = ask(client, tool, params)
    return message, call(client, tool, params, inputResponses={key: reply}, **state)


def data(result):
    assert not result.get("isError"), result
    return result["structuredContent"]


def refusal(result):
    assert result["isError"], result
    return result["structuredContent"]["error"]


def writes(shop):
    return [request for request in shop.requests() if request["method"] in ("PUT", "POST", "DELETE", "PURGE")]


def audit_of(server, tool):
    lines = (server.folder / "state" / "audit.jsonl").read_text().splitlines()
    return [line for line in map(json.loads, lines) if line["tool"] == tool]


# ---- plans ----

def test_commit_is_asked_and_carried_out(client, server, shop, office):
    plan = plan_names(client, ["MCP-001", "MCP-002", "MCP-003"])
    before = len(writes(shop))
    message, state, key = ask(client, COMMIT, {"plan_id": plan["plan_id"]})
    assert message.startswith("Change name of 3 products in all store views?")
    for warning in plan["warnings"]:
        assert warning in message
    assert '"MCP-001" name: ' in message and '-> "New"' in message
    assert len(writes(shop)) == before
    result = data(call(client, COMMIT, {"plan_id": plan["plan_id"]}, inputResponses={key: YES}, **state))
    assert result["status"] == "completed" and result["success_count"] == 3
    assert office.product("MCP-003")["name"] == "New"
    lines = [(line["phase"], line.get("outcome"), line.get("reason")) for line in audit_of(server, "catalog.commit_bulk_update")
             if line.get("plan_id") == plan["plan_id"]]
    assert lines == [("asked", "input_required", None), ("begin", None, "asked for by Anna"),
                     ("end", "ok", "asked for by Anna")]


@pytest.mark.parametrize("reply", [{"action": "decline"}, {"action": "cancel"},
                                   {"action": "accept", "content": {"confirm": False, "reason": "no"}}])
def test_no_leaves_the_plan(client, shop, reply):
    plan = plan_names(client, ["MCP-004"])
    before = len(writes(shop))
    _, result = answer(client, COMMIT, {"plan_id": plan["plan_id"]}, reply)
    assert refusal(result)["code"] == "CONFIRMATION_REQUIRED"
    assert len(writes(shop)) == before
    done = client.ok(COMMIT, {"plan_id": plan["plan_id"], "confirm": True, "reason": "after all"})
    assert done["success_count"] == 1


def test_warnings_and_places_are_told(client, shop):
    plan = client.ok("pricing_prepare_bulk_price_update", {
        "match": {"sku_list": ["MCP-005", "MCP-006"]}, "price_updates": {"price": 99999}, "scope": GLOBAL})
    assert plan["warnings"]
    message, _ = answer(client, "pricing_commit_bulk_price_update", {"plan_id": plan["plan_id"]},
                        {"action": "cancel"})
    assert message.startswith("Change price of 2 products in all store views?")
    assert plan["warnings"][0] in message
    plan = plan_names(client, ["MCP-007"], scope={"store_view_code": "de"})
    message, _ = answer(client, COMMIT, {"plan_id": plan["plan_id"], "force": True}, {"action": "cancel"})
    assert "in 1 store view (de)?" in message and "(force)" in message


def test_what_cannot_be_committed_is_not_asked(client):
    nowhere = "00000000-0000-4000-8000-000000000000"
    assert refusal(call(client, COMMIT, {"plan_id": nowhere}))["code"] == "PLAN_NOT_FOUND"
    plan = plan_names(client, ["MCP-008"])
    foreign = call(client, "pricing_commit_bulk_price_update", {"plan_id": plan["plan_id"]})
    assert refusal(foreign)["code"] == "PLAN_NOT_FOUND"
    client.ok(COMMIT, {"plan_id": plan["plan_id"], "confirm": True, "reason": "x"})
    done = refusal(call(client, COMMIT, {"plan_id": plan["plan_id"]}))
    assert done["code"] == "PLAN_NOT_FOUND" and "already committed" in done["message"]


# ---- tools of one step ----

def test_cache_purge_is_counted_once(start):
    server = start({"guardrails": {"cache_rate_limit": 2}})
    client = Modern(server)
    client.login()
    for _ in range(2):
        message, result = answer(client, "cache_purge_product", {"sku": "MCP-001"}, YES)
        assert message == 'Purge all cached pages of the product "MCP-001", in every store view?'
        assert data(result)["sku"] == "MCP-001"
    _, result = answer(client, "cache_purge_category", {"category_id": 2}, YES)
    assert refusal(result)["code"] == "RATE_LIMITED"
    message, _ = answer(client, "cache_purge_by_url", {"urls": ["https://shop.example/a.html"]}, {"action": "cancel"})
    assert message == 'Purge 1 page from the cache?\n- "https://shop.example/a.html"'


def rule(client, **more):
    plan = client.ok("promotions_prepare_cart_price_rule_create", {
        "name": "Summer", "website_ids": [1], "customer_group_ids": [0], "simple_action": "by_percent",
        "discount_amount": 10, "is_active": False, **more})
    return plan


def test_rules_and_coupons(client, shop):
    plan = rule(client, coupon_type="auto")
    before = len(writes(shop))
    message, result = answer(client, "promotions_commit_cart_price_rule_create", {"plan_id": plan["plan_id"]},
                             {"action": "decline"})
    assert message.startswith("Create 1 cart price rule?") and '"Summer"' in message
    assert refusal(result)["code"] == "CONFIRMATION_REQUIRED" and len(writes(shop)) == before
    _, result = answer(client, "promotions_commit_cart_price_rule_create", {"plan_id": plan["plan_id"]}, YES)
    id = data(result)["rule"]["rule_id"]

    message, result = answer(client, "promotions_update_rule",
                             {"rule_id": id, "patch": {"discount_amount": 20}}, YES)
    assert message == (f'Change the cart price rule {id} "Summer" (disabled, by_percent 10)?\n'
                       "- discount_amount: 10 -> 20")
    assert data(result)["rule"]["discount_amount"] == 20

    message, result = answer(client, "promotions_enable_rule", {"rule_id": id}, YES)
    assert message.startswith(f'Enable the cart price rule {id} "Summer" (disabled, by_percent 20)?')
    assert data(result)["rule"]["is_active"] is True

    message, result = answer(client, "promotions_generate_coupons", {"rule_id": id, "qty": 3}, YES)
    assert message == f'Generate 3 coupon codes for the cart price rule {id} "Summer" (enabled, by_percent 20)?'
    assert len(data(result)["coupons"]) == 3

    assert refusal(call(client, "promotions_enable_rule", {"rule_id": 999999}))["code"] == "NOT_FOUND"
    assert refusal(call(client, "promotions_generate_coupons",
                        {"rule_id": id, "qty": 100000}))["code"] == "BULK_CAP_EXCEEDED"


def test_tool_without_words_of_its_own(client, office):
    message, result = answer(client, "seo_bulk_update_meta", {
        "match": {"sku_list": ["MCP-009"]}, "meta_updates": {"meta_title": "Fine"}, "scope": GLOBAL}, YES)
    assert message.startswith("Set meta texts: {") and '"meta_title":"Fine"' in message
    assert data(result)["success_count"] == 1
    assert {"attribute_code": "meta_title", "value": "Fine"} in office.product("MCP-009")["custom_attributes"]


# ---- asked in the legacy era ----

class Web:
    """A session over HTTP whose client shows forms."""

    def __init__(self, server):
        self.client = Asked(server, "2025-11-25")
        self.client.login()
        self.audit = server.folder / "state" / "audit.jsonl"

    def prepare(self, params):
        return self.client.ok(PREPARE, params)

    def commit(self, params, reply):
        """The question, and the result after this answer."""
        with self.client.stream_call(COMMIT, params) as stream:
            question = stream.until("elicitation/create")
            assert self.client.respond(question["id"], result=reply).status == 202
            (answer,) = [message for message in stream.rest() if "method" not in message]
        return question, answer["result"]


class Pipe:
    """The same over standard input and output."""

    def __init__(self, start):
        self.desk = start()
        self.desk.initialize(capabilities={"elicitation": {}})
        self.desk.login()
        self.audit = self.desk.state() / "audit.jsonl"

    def prepare(self, params):
        return self.desk.ok(PREPARE, params)

    def commit(self, params, reply):
        id = self.desk.start_call(COMMIT, params)
        question = self.desk.receive()
        while question["method"] != "elicitation/create":
            question = self.desk.receive()
        self.desk.write(json.dumps({"jsonrpc": "2.0", "id": question["id"], "result": reply}).encode() + b"\n")
        return question, self.desk.answer(id)["result"]


@pytest.fixture(params=["http", "stdio"])
def asked(request):
    if request.param == "http":
        yield Web(request.getfixturevalue("server"))
        return
    pipe = Pipe(request.getfixturevalue("desk"))
    yield pipe
    pipe.desk.end()


def phases(asked, plan):
    lines = map(json.loads, asked.audit.read_text().splitlines())
    return [(line["phase"], line.get("outcome"), line.get("reason")) for line in lines
            if line.get("plan_id") == plan["plan_id"] and line["tool"] == "catalog.commit_bulk_update"]


def test_legacy_commit_is_asked(asked, shop, office):
    """Declined: nothing is written, and the plan stays. Accepted: it is carried out, the reason is kept."""
    plan = asked.prepare({"match": {"sku_list": ["MCP-011", "MCP-012"]}, "updates": {"name": "Asked"}, "scope": GLOBAL})
    before, params = len(writes(shop)), {"plan_id": plan["plan_id"]}
    question, result = asked.commit(params, {"action": "decline"})
    assert question["params"]["message"].startswith("Change name of 2 products in all store views?")
    assert question["params"]["requestedSchema"]["required"] == ["confirm", "reason"]
    assert question["params"]["mode"] == "form"
    assert refusal(result)["code"] == "CONFIRMATION_REQUIRED"
    assert len(writes(shop)) == before and office.product("MCP-011")["name"] != "Asked"
    _, result = asked.commit(params, {"action": "accept", "content": {"confirm": False, "reason": "no"}})
    assert refusal(result)["code"] == "CONFIRMATION_REQUIRED" and len(writes(shop)) == before
    again, result = asked.commit(params, YES)
    assert again["id"] != question["id"] and again["params"]["message"] == question["params"]["message"]
    assert data(result)["status"] == "completed" and data(result)["success_count"] == 2
    assert [office.product(sku)["name"] for sku in ("MCP-011", "MCP-012")] == ["Asked", "Asked"]
    assert phases(asked, plan)[-2:] == [("begin", None, "asked for by Anna"), ("end", "ok", "asked for by Anna")]


# ---- clients that cannot ----

def test_client_without_forms(client, shop):
    plan = plan_names(client, ["MCP-010"])
    assert client.refused(COMMIT, "CONFIRMATION_REQUIRED", {"plan_id": plan["plan_id"]})
