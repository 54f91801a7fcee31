"""Resources in every revision: the guide, the stores, plans and their whole diff."""

import json

import pytest

from harness import schema
from harness.client import Legacy, Modern, in_all_eras
from harness.shop import Shop
from test_tokens import Caller

SESSION_KEY = "io.github.magento-mcp/session"
PLAN = "magento://plans/"
PREPARE = "catalog_prepare_bulk_update"
OK = {"confirm": True, "reason": "test"}
MANY = 260


@pytest.fixture(scope="module")
def the_shop():
    shop = Shop("--products", str(MANY))
    yield shop
    shop.stop()


def meta(client):
    return {"_meta": client.meta(**{SESSION_KEY: client.session})} if isinstance(client, Modern) else {}


def read(client, uri):
    """The one content of a resource."""
    result = client.rpc("resources/read", {"uri": uri, **meta(client)})
    (content,) = result["contents"]
    assert content["uri"] == uri  # R-214
    if client.protocol == schema.MODERN:
        assert isinstance(result["ttlMs"], int)
        assert result["cacheScope"] == ("public" if uri == "magento://tools/guide" else "private")
    else:
        assert "ttlMs" not in result
    return json.loads(content["text"]) if content["mimeType"] == "application/json" else content["text"]


def not_found(client, uri):
    """R-213."""
    reply = client.ask("resources/read", {"uri": uri, **meta(client)})
    error = reply.json["error"]
    assert reply.status == 200
    assert error["code"] == (-32602 if client.protocol == schema.MODERN else -32002), error
    assert error["data"]["uri"] == uri
    return error


def listed(client):
    """All resources, page by page."""
    cursor, found, pages = {}, [], 0
    while True:
        result = client.rpc("resources/list", {**meta(client), **cursor})
        found += result["resources"]
        pages += 1
        if "nextCursor" not in result:
            return found, pages
        assert isinstance(result["nextCursor"], str) and pages < 20
        cursor = {"cursor": result["nextCursor"]}


def prepare(client, names, **more):
    return client.ok(PREPARE, {"match": {"sku_list": names}, "updates": {"name": "New"}, "scope": {"scope": "global"},
                               **more})


def numbered(first, last):
    return [f"MCP-{number:03}" for number in range(first, last + 1)]


def test_every_revision_lists_them(server):
    for client in in_all_eras(server):
        found, pages = listed(client)
        by_uri = {row["uri"]: row for row in found}
        assert {"magento://tools/guide", "magento://stores"} <= set(by_uri)
        for row in found:
            assert row["name"] and row["description"] and row["mimeType"]
            assert ("title" in row) == (client.protocol >= "2025-06-18")
        templates = client.rpc("resources/templates/list")["resourceTemplates"]
        assert [row["uriTemplate"] for row in templates] == ["magento://stores{?session}", PLAN + "{id}{?from}"]
        refused = client.ask("resources/templates/list", {"cursor": ""}).json
        assert refused["error"]["code"] == -32602


def test_the_guide_names_every_tool(server):
    for client in in_all_eras(server):
        text = read(client, "magento://tools/guide")
        for tool in client.rpc("tools/list")["tools"]:
            assert f"`{tool['name']}`" in text
        assert "at most 500 entities" in text and "within 30 minutes" in text and "`confirm: true`" in text


def test_the_guide_tells_todays_settings(start):
    server = start({"guardrails": {"max_skus_per_bulk": "7", "tier2_confirm": "no"}})
    text = read(Modern(server), "magento://tools/guide")
    assert "at most 7 entities" in text and "switched the server's own confirmation off" in text


def test_stores_without_a_login(server):
    for client in in_all_eras(server):
        stores = read(client, "magento://stores")
        (store,) = stores["stores"]
        assert store["store"] == "main" and store["default"] is True and store["base_url"]
        assert "websites" not in stores and "auth_login" in stores["message"]


def test_stores_of_a_login(client):
    found = read(client, "magento://stores")
    assert found["login"]["store"] == "main" and "message" not in found
    codes = {site["code"]: [view["code"] for store in site["stores"] for view in store["store_views"]]
             for site in found["websites"]}
    assert codes == {"base": ["default", "de"], "eu": ["eu_en"]}
    view = found["websites"][0]["stores"][0]["store_views"][0]
    assert view["active"] is True and view["name"] and view["currency"] and view["locale"]


def test_a_handle_in_the_uri(server):
    client = Modern(server)
    handle = client.login()["session"]
    client.session = None
    uri = f"magento://stores?session={handle}"
    result = client.rpc("resources/read", {"uri": uri})
    assert result["contents"][0]["uri"] == uri
    assert "websites" in json.loads(result["contents"][0]["text"])
    client.session = "x" * 43
    assert "websites" not in read(client, "magento://stores")


def test_what_does_not_exist(server):
    for client in in_all_eras(server):
        for uri in ("magento://nothing", "magento://stores/", "magento://stores?x=1", "magento://plans/", "",
                    PLAN + "../stores", PLAN + "%2e%2e", PLAN + "a%2fb", PLAN + "00000000-0000-4000-8000-000000000000",
                    PLAN + "%00", "file:///etc/passwd", "magento://tools/guide#x"):
            if uri or client.protocol != schema.MODERN:  # an empty Mcp-Name cannot be sent
                not_found(client, uri)
        reply = client.ask("resources/read", {"uri": "x"} if isinstance(client, Modern) else {})
        assert "error" in reply.json


def test_a_plan_is_shown_whole(client):
    plan = prepare(client, numbered(1, 3))
    uri = PLAN + plan["plan_id"]
    shown = read(client, uri)
    assert shown["state"] == "prepared" and shown["item_count"] == 3 and "next" not in shown
    assert shown["change"] == "catalog.bulk_update" and shown["summary"]["affected_count"] == 3
    assert shown["summary"]["commit_tool"] == "catalog_commit_bulk_update"
    assert shown["arguments"]["updates"] == {"name": "New"} and shown["expires_at"] == plan["expires_at"]
    assert [item["key"] for item in shown["items"]] == [{"sku": sku} for sku in numbered(1, 3)]
    (write,) = shown["items"][0]["writes"]
    assert write["scope"] == "all" and write["status"] == "pending"
    assert write["changes"]["name"]["to"] == "New" and write["changes"]["name"]["from"] not in (None, "New")
    result = client.ok("catalog_commit_bulk_update", {"plan_id": plan["plan_id"], **OK})
    shown = read(client, uri)
    assert shown["state"] == "done" and shown["outcome"] == "completed"
    assert shown["result"]["success_count"] == result["success_count"] == 3
    assert {item["writes"][0]["status"] for item in shown["items"]} == {"updated"}
    assert shown["finished_at"] >= shown["begun_at"] >= shown["created_at"]


def test_a_large_plan_comes_in_pages(client):
    plan = prepare(client, numbered(1, 250))
    uri, seen, pages = PLAN + plan["plan_id"], [], 0
    while uri:
        shown = read(client, uri)
        assert len(shown["items"]) <= 100
        seen += [item["index"] for item in shown["items"]]
        pages += 1
        uri = shown.get("next")
    assert seen == list(range(250)) and pages == 3
    not_found(client, f"{PLAN}{plan['plan_id']}?from=250")
    for wrong in ("-1", "x", "1e3", "9999999999"):
        reply = client.ask("resources/read", {"uri": f"{PLAN}{plan['plan_id']}?from={wrong}", **meta(client)})
        assert reply.json["error"]["code"] == -32602


def test_open_plans_are_listed_page_by_page(client):
    before = {row["uri"] for row in listed(client)[0]}
    mine = [PLAN + prepare(client, [sku])["plan_id"] for sku in numbered(1, 60)]
    found, pages = listed(client)
    uris = [row["uri"] for row in found]
    assert pages >= 2 and len(uris) == len(set(uris))
    assert [uri for uri in uris if uri in mine] == mine[::-1]
    assert set(uris) >= before
    client.ok("catalog_commit_bulk_update", {"plan_id": mine[0].removeprefix(PLAN), **OK})
    assert mine[0] not in [row["uri"] for row in listed(client)[0]]
    found = client.rpc("completion/complete", {
        "ref": {"type": "ref/resource", "uri": PLAN + "{id}{?from}"},
        "argument": {"name": "id", "value": mine[5].removeprefix(PLAN)[:8]}, **meta(client)})["completion"]
    assert mine[5].removeprefix(PLAN) in found["values"]


@pytest.fixture
def guarded(start):
    """Somebody with all rights, somebody else, one who may not read the catalogue, one who may not read the stores."""
    callers = {"alice": Caller("alice"), "bob": Caller("bob"), "carol": Caller("carol", "--scopes=cms:*,scope:read"),
               "dave": Caller("dave", "--scopes=cms:read")}
    server = start({"auth": {"mode": "token"}, **{caller.section: caller.values for caller in callers.values()}})
    return server, {name: caller.token for name, caller in callers.items()}


def test_plans_are_their_owners_alone(guarded, era):
    server, tokens = guarded
    alice, bob = era(server, token=tokens["alice"]), era(server, token=tokens["bob"])
    alice.login()
    bob.login()
    uri = PLAN + prepare(alice, numbered(1, 2))["plan_id"]
    assert read(alice, uri)["item_count"] == 2
    error = not_found(bob, uri)
    unknown = not_found(bob, PLAN + "00000000-0000-4000-8000-000000000000")
    assert error["message"] == unknown["message"] and error["data"]["code"] == unknown["data"]["code"]
    assert uri not in [row["uri"] for row in listed(bob)[0]]
    assert uri in [row["uri"] for row in listed(alice)[0]]


def test_cursors_are_nobody_elses(guarded, era):
    server, tokens = guarded
    alice, bob = era(server, token=tokens["alice"]), era(server, token=tokens["bob"])
    alice.login()
    for sku in numbered(1, 51):
        prepare(alice, [sku])
    cursor = alice.rpc("resources/list")["nextCursor"]
    assert alice.rpc("resources/list", {"cursor": cursor})["resources"]
    # Another connection and worker may serve it; another caller, a changed one, and another list do not.
    for client, wrong in [(bob, cursor), (alice, cursor[:-1] + ("A" if cursor[-1] != "A" else "B")), (alice, cursor + "A"),
                          (alice, ""), (alice, "x"), (alice, 5), (alice, None)]:
        assert client.ask("resources/list", {"cursor": wrong}).json["error"]["code"] == -32602, wrong
    assert alice.ask("prompts/list", {"cursor": cursor}).json["error"]["code"] == -32602
    server.reload()
    assert alice.rpc("resources/list", {"cursor": cursor})["resources"]


def test_rights_of_the_token_decide(guarded):
    server, tokens = guarded
    carol = Modern(server, token=tokens["carol"])
    carol.login()
    assert "websites" in read(carol, "magento://stores")
    reply = carol.ask("resources/read", {"uri": "magento://nothing"})
    assert reply.json["error"]["code"] == -32602
    # What is hidden from a list is refused all the same.
    dave = Modern(server, token=tokens["dave"])
    dave.login()
    fixed = ["magento://tools/guide", "magento://stores"]
    assert [row["uri"] for row in listed(carol)[0]] == fixed and [row["uri"] for row in listed(dave)[0]] == fixed[:1]
    error = dave.ask("resources/read", {"uri": "magento://stores"}).json["error"]
    assert error["code"] == -32602 and "scope:read" in error["message"]


def test_calls_are_counted(server):
    client = Modern(server)
    read(client, "magento://tools/guide")
    client.rpc("prompts/get", {"name": "seo_cleanup"})
    counted = server.metrics()
    for action in ("resources.guide", "prompts.seo_cleanup"):
        assert counted["magento_mcp_guide_duration_seconds_count", (("action", action),)] >= 1
