"""The four seo tools: new addresses with their redirects, meta texts, and chains of redirects."""

import concurrent.futures
import os
import signal
import urllib.parse

import pytest

from backoffice import Backoffice
from harness.places import LIMITED_OAUTH, poll

GLOBAL = {"scope": "global"}
OK = {"confirm": True, "reason": "test"}
PREPARE = "seo_prepare_bulk_update_url_keys"
COMMIT = "seo_commit_bulk_update_url_keys"
META = "seo_bulk_update_meta"
CHAINS = "seo_report_redirect_chains"


@pytest.fixture
def office(shop):
    return Backoffice(shop)


def skus(*names):
    return {"sku_list": list(names)}


def prepare(client, match, transform, scope=GLOBAL, **more):
    return client.ok(PREPARE, {"match": match, "url_key_transform": transform, "scope": scope, **more})


def commit(client, plan, **more):
    return client.ok(COMMIT, {"plan_id": plan["plan_id"], **OK, **more})


def meta(client, match, updates, scope=GLOBAL, **more):
    return client.ok(META, {"match": match, "meta_updates": updates, "scope": scope, **OK, **more})


def puts(shop):
    return [urllib.parse.unquote(entry["path"]) for entry in shop.requests() if entry["method"] == "PUT"]


def bodies(shop):
    """{sku: body of its last write}"""
    return {sku: entry["body"] for sku, entry in shop.control("GET", "writes")["products"].items()}


def follow(client, *urls, **more):
    return client.ok(CHAINS, {"urls": list(urls), **more})


def rewrite(shop, *pairs, store_id=1, code=301):
    shop.control("POST", "rewrites", [{"request_path": a, "target_path": b, "redirect_type": code, "store_id": store_id}
                                      for a, b in pairs])


# ---- url keys: the plan ----


@pytest.mark.parametrize("form", ["wrapped", "flat"])
def test_prefix_and_redirect(server, shop, office, form, era):
    client = era(server, form=form)
    client.login()
    plan = prepare(client, skus("MCP-001", "mcp-002", "NOPE"), {"prefix": "sale-"})
    assert (plan["affected_count"], plan["write_count"], plan["unchanged_count"]) == (2, 2, 0)
    assert plan["not_found_skus"] == ["NOPE"] and plan["commit_tool"] == COMMIT
    assert plan["url_key_changes"][0] == {
        "sku": "MCP-001", "scope": "all", "old_url_key": "p-1", "new_url_key": "sale-p-1"}
    assert plan["redirect_plan"][0] == {"from": "p-1.html", "to": "sale-p-1.html", "scope": "all"}
    assert plan["sample_diffs"][0]["changes"] == {"url_key": {"from": "p-1", "to": "sale-p-1"}}
    assert plan["collisions"] == [] and puts(shop) == []

    result = commit(client, plan)
    assert (result["status"], result["success_count"], result["warnings"]) == ("completed", 2, [])
    assert office.product("MCP-001")["url_key"] == "sale-p-1"
    assert puts(shop) == ["/rest/all/V1/products/MCP-001", "/rest/all/V1/products/MCP-002"]
    body = bodies(shop)["MCP-001"]
    assert list(body) == ["product"] and body["product"]["sku"] == "MCP-001"
    assert body["product"]["custom_attributes"] == [
        {"attribute_code": "url_key", "value": "sale-p-1"}, {"attribute_code": "save_rewrites_history", "value": "1"}]
    found = follow(client, "p-1.html")
    assert (found["total_redirects"], found["chains_found"]) == (1, 0) and "dead_ends" not in found


def test_without_redirects(client, shop):
    plan = prepare(client, skus("MCP-001"), {"suffix": "-x"}, create_redirects=False)
    assert plan["redirect_plan"] == []
    assert any("404" in warning for warning in plan["warnings"])
    commit(client, plan)
    assert bodies(shop)["MCP-001"]["product"]["custom_attributes"] == [{"attribute_code": "url_key", "value": "p-1-x"}]
    assert follow(client, "p-1.html")["dead_ends"] == [{"start": "p-1.html", "chain": ["p-1.html"]}]


def test_order_and_every_occurrence(client):
    plan = prepare(client, skus("MCP-001"), {"prefix": "p-", "replace": {"search": "p", "replacement": "q"}})
    assert plan["url_key_changes"][0]["new_url_key"] == "q-q-1"
    plan = prepare(client, skus("MCP-001"), {"prefix": "p-", "replace": {"search": "p", "replacement": "q", "all": False}})
    assert plan["url_key_changes"][0]["new_url_key"] == "q-p-1"


def test_per_view(client, shop, office):
    """A view's own key is what is changed there; every view of a website is written under its own name."""
    office.set_product("MCP-001", {"url_key": "blau-1"}, view="de")
    plan = prepare(client, skus("MCP-001"), {"prefix": "x-"}, scope={"website_code": "base"})
    assert [(row["scope"], row["old_url_key"], row["new_url_key"]) for row in plan["url_key_changes"]] == [
        ("default", "p-1", "x-p-1"), ("de", "blau-1", "x-blau-1")]
    assert {row["scope"]: row["fields"] for row in plan["effective_scopes"]} == {"default": ["url_key"], "de": ["url_key"]}
    assert commit(client, plan)["success_count"] == 1
    assert office.product("MCP-001")["url_key"] == "p-1"
    assert office.product("MCP-001", "de")["url_key"] == "x-blau-1"
    assert puts(shop)[-2:] == ["/rest/default/V1/products/MCP-001", "/rest/de/V1/products/MCP-001"]


def test_overrides_are_told(client, office):
    office.set_product("MCP-001", {"url_key": "blau-1"}, view="de")
    plan = prepare(client, skus("MCP-001"), {"prefix": "x-"})
    assert any("Store view de has url_key of its own" in warning for warning in plan["warnings"])


def test_collisions(client, office, shop):
    """With a product, with one of another view, with a category, and within the plan."""
    replace = {"replace": {"search": "p-1", "replacement": "p-9"}}
    refused = client.refused(PREPARE, "VALIDATION_ERROR",
                             {"match": skus("MCP-001"), "url_key_transform": replace, "scope": GLOBAL})
    assert refused.details[0]["message"] == "MCP-001: the key p-9 is taken by product MCP-009"

    office.set_product("MCP-020", {"url_key": "only-de"}, view="de")
    replace = {"replace": {"search": "p-1", "replacement": "only-de"}}
    plan = prepare(client, skus("MCP-001", "MCP-010"), replace)
    assert plan["collisions"] == [{"sku": "MCP-001", "new_url_key": "only-de", "with": "product MCP-020"}]
    assert [row["sku"] for row in plan["url_key_changes"]] == ["MCP-010"]  # only-de0
    assert any("left out" in warning for warning in plan["warnings"])

    plan = prepare(client, skus("MCP-001", "MCP-010"), {"replace": {"search": "p-1", "replacement": "gear"}})
    assert plan["collisions"] == [{"sku": "MCP-001", "new_url_key": "gear", "with": "category Gear"}]
    assert plan["affected_count"] == 1  # gear0


def test_collision_in_several_views_is_told_once(client):
    replace = {"replace": {"search": "p-1", "replacement": "p-9"}}
    refused = client.refused(PREPARE, "VALIDATION_ERROR",
                             {"match": skus("MCP-001"), "url_key_transform": replace, "scope": {"website_code": "base"}})
    assert len(refused.details) == 1


def test_key_that_another_item_gives_up_is_taken(client):
    """p-1 -> p-11 while p-11 -> p-111: until its own write MCP-011 has the key."""
    plan = prepare(client, skus("MCP-001", "MCP-011"), {"prefix": "p-1", "replace": {"search": "p-1p-", "replacement": "p-1"}})
    assert plan["collisions"] == [{"sku": "MCP-001", "new_url_key": "p-11", "with": "product MCP-011"}]
    assert plan["url_key_changes"][0]["new_url_key"] == "p-111"


def test_two_planned_items_with_one_key(client, office):
    office.set_product("MCP-011", {"url_key": "old-thing"})
    office.set_product("MCP-012", {"url_key": "oldold-thing"})
    office.set_product("MCP-013", {"url_key": "old-other"})
    plan = prepare(client, skus("MCP-011", "MCP-012", "MCP-013"), {"replace": {"search": "old", "replacement": ""}})
    assert {(row["sku"], row["with"]) for row in plan["collisions"]} == {
        ("MCP-011", "the planned key of product MCP-012"), ("MCP-012", "the planned key of product MCP-011")}
    assert [row["new_url_key"] for row in plan["url_key_changes"]] == ["other"]


def test_nothing_left_and_odd_keys(client, office):
    office.set_product("MCP-014", {"url_key": "gone"})
    plan = prepare(client, skus("MCP-014", "MCP-001"), {"replace": {"search": "gone", "replacement": ""}})
    assert plan["skipped"] == [{"sku": "MCP-014", "reason": "nothing would be left of its URL key"}]
    assert (plan["affected_count"], plan["unchanged_count"]) == (0, 1)
    assert "plan_id" not in plan


def test_prefix_is_there_already(client):
    plan = prepare(client, skus("MCP-001"), {"prefix": "p-"})
    assert any("already" in warning for warning in plan["warnings"])


def test_many_products(client):
    plan = prepare(client, {"sku_prefix": "MCP-0"}, {"prefix": "x-"})
    assert plan["affected_count"] == 99
    assert len(plan["url_key_changes"]) == 10 and len(plan["sample_diffs"]) == 10
    assert any("99 products" in warning for warning in plan["warnings"])


def test_small_pages_only(client, shop):
    shop.settings(max_page_size=2, default_page_size=2)
    plan = prepare(client, skus("MCP-001", "MCP-002", "MCP-003", "MCP-004", "MCP-010"), {"replace": {"search": "p-1", "replacement": "p-9"}})
    assert plan["collisions"] == [{"sku": "MCP-001", "new_url_key": "p-9", "with": "product MCP-009"}]
    assert [row["new_url_key"] for row in plan["url_key_changes"]] == ["p-90"]


def test_suffix_cannot_be_read(client, shop):
    shop.fault("html", "/graphql")
    plan = prepare(client, skus("MCP-001"), {"prefix": "x-"})
    assert plan["redirect_plan"][0]["from"] == "p-1.html"
    assert any(".html is assumed" in warning for warning in plan["warnings"])


def test_refused_transforms(client):
    for transform in ({}, {"prefix": ""}, {"prefix": "Big-"}, {"prefix": "x" * 65}, {"suffix": "a b"}, {"replace": {"search": "a"}},
                      {"replace": {"search": "", "replacement": "a"}}, {"replace": {"search": "a", "replacement": "ä"}}, {"other": 1}):
        client.refused(PREPARE, "VALIDATION_ERROR", {"match": skus("MCP-001"), "url_key_transform": transform, "scope": GLOBAL})
    client.refused(PREPARE, "VALIDATION_ERROR", {"match": skus("MCP-001"), "url_key_transform": {"prefix": "x-"}})  # no scope
    client.refused(PREPARE, "VALIDATION_ERROR", {"match": {}, "url_key_transform": {"prefix": "x-"}, "scope": GLOBAL})
    client.refused(PREPARE, "NOT_FOUND", {"match": skus("NOPE"), "url_key_transform": {"prefix": "x-"}, "scope": GLOBAL})


# ---- url keys: the commit ----


def test_commit_needs_confirmation(client):
    plan = prepare(client, skus("MCP-001"), {"prefix": "x-"})
    client.refused(COMMIT, "CONFIRMATION_REQUIRED", {"plan_id": plan["plan_id"]})
    client.refused("catalog_commit_bulk_update", "PLAN_NOT_FOUND", {"plan_id": plan["plan_id"], **OK})
    assert commit(client, plan)["success_count"] == 1
    client.refused(COMMIT, "PLAN_NOT_FOUND", {"plan_id": plan["plan_id"], **OK})


def test_changed_meanwhile(client, office, shop):
    plan = prepare(client, skus("MCP-001", "MCP-002"), {"prefix": "x-"})
    office.set_product("MCP-001", {"url_key": "mine"})
    result = commit(client, plan)
    assert (result["status"], result["conflict_count"], result["success_count"]) == ("completed_with_errors", 1, 1)
    assert result["conflicts"][0]["changes"]["url_key"] == {"planned_from": "p-1", "found": "mine", "to": "x-p-1"}
    assert office.product("MCP-001")["url_key"] == "mine"


def test_key_taken_meanwhile(client, office):
    """Magento refuses the duplicate and saves nothing."""
    plan = prepare(client, skus("MCP-001", "MCP-002"), {"prefix": "x-"})
    office.set_product("MCP-030", {"url_key": "x-p-1"})
    result = commit(client, plan)
    assert (result["error_count"], result["success_count"]) == (1, 1)
    assert result["errors"][0]["sku"] == "MCP-001" and "URL key" in result["errors"][0]["error"]
    assert office.product("MCP-001")["url_key"] == "p-1"


def test_redirect_that_does_not_work_is_a_warning(client):
    """The product is not in this view's website: the storefront has no address of it there, old or new."""
    plan = prepare(client, skus("MCP-001"), {"prefix": "x-"}, scope={"store_view_code": "eu_en"})
    result = commit(client, plan)
    assert result["status"] == "completed"
    assert len(result["warnings"]) == 1 and "p-1.html" in result["warnings"][0]


def test_storefront_that_does_not_answer_is_no_warning(client, shop):
    plan = prepare(client, skus("MCP-005"), {"prefix": "x-"})
    shop.fault("status", "/graphql", status=500)
    result = commit(client, plan)
    assert (result["status"], result["warnings"]) == ("completed", [])


def test_replay(client, shop, key):
    plan = prepare(client, skus("MCP-001"), {"prefix": "x-"})
    first = commit(client, plan, idempotency_key=key("k-1"))
    again = commit(client, plan, idempotency_key=key("k-1"))
    assert again == {**first, "replayed": True}
    assert len(puts(shop)) == 1


# ---- meta ----


def test_meta(client, shop, office):
    result = meta(client, skus("MCP-001", "MCP-002"), {"meta_title": "New title", "meta_description": "d" * 161})
    assert (result["status"], result["success_count"], result["replayed"]) == ("completed", 2, False)
    assert result["sample_diffs"][0] == {"sku": "MCP-001", "scope": "all", "changes": {
        "meta_title": {"from": None, "to": "New title"}, "meta_description": {"from": None, "to": "d" * 161}}}
    assert any("161 characters" in warning for warning in result["warnings"])
    assert any("one and the same meta title" in warning for warning in result["warnings"])
    assert office.product("MCP-001")["meta_title"] == "New title"
    body = bodies(shop)["MCP-001"]
    assert list(body) == ["product"] and body["product"]["sku"] == "MCP-001"

    result = meta(client, skus("MCP-001", "MCP-002", "MCP-003"), {"meta_title": "New title"})
    assert (result["success_count"], result["unchanged_count"]) == (1, 0)
    assert len(puts(shop)) == 3


def test_meta_is_cleared_by_null(client, shop, office):
    meta(client, skus("MCP-001"), {"meta_title": "x"})
    meta(client, skus("MCP-001"), {"meta_title": None})
    assert bodies(shop)["MCP-001"]["product"]["custom_attributes"] == [{"attribute_code": "meta_title", "value": None}]
    assert office.product("MCP-001").get("meta_title") is None


def test_meta_of_one_view(client, shop, office):
    meta(client, skus("MCP-001"), {"meta_title": "Titel"}, scope={"store_view_code": "de"})
    assert puts(shop) == ["/rest/de/V1/products/MCP-001"]
    assert office.product("MCP-001").get("meta_title") is None
    assert office.product("MCP-001", "de")["meta_title"] == "Titel"


def test_meta_once_per_key(client, shop, key):
    arguments = {"match": skus("MCP-001"), "meta_updates": {"meta_title": "x"}, "scope": GLOBAL, **OK, "idempotency_key": key("m-1")}
    first = client.ok(META, arguments)
    again = client.ok(META, {**arguments, "reason": "again"})
    assert again == {**first, "replayed": True} and len(puts(shop)) == 1
    client.refused(META, "IDEMPOTENCY_CONFLICT", {**arguments, "meta_updates": {"meta_title": "y"}})
    nothing = {**arguments, "idempotency_key": key("m-2")}
    first = client.ok(META, nothing)
    assert (first["success_count"], first["unchanged_count"], first["plan_id"]) == (1, 1, "")
    assert client.ok(META, nothing) == {**first, "replayed": True}


def test_meta_that_failed_before_it_began_leaves_the_key(client, key):
    arguments = {"match": skus("NOPE"), "meta_updates": {"meta_title": "x"}, "scope": GLOBAL, **OK, "idempotency_key": key("m-3")}
    client.refused(META, "NOT_FOUND", arguments)
    assert client.ok(META, {**arguments, "match": skus("MCP-001")})["success_count"] == 1


BY_ID = "/rest/all/V1/products?searchCriteria%5Bfilter_groups%5D%5B0%5D%5Bfilters%5D%5B0%5D%5Bfield%5D=entity_id"


def test_meta_interrupted(start, shop, office, era):
    """The products cannot be read again before they are written: the same call goes on later, from the stored plan."""
    client = era(start(workers=1))
    client.login()
    arguments = {"match": skus("MCP-001", "MCP-002"), "meta_updates": {"meta_title": "x" * 80}, "scope": GLOBAL, **OK}
    shop.fault("html", BY_ID, status=400)
    result = client.ok(META, {**arguments, "idempotency_key": "m-4"})
    assert (result["status"], result["pending_count"]) == ("interrupted", 2)
    assert "idempotency_key" in result["message"] and "plan_id" not in result["message"]
    shop.heal()
    assert puts(shop) == []
    again = client.ok(META, {**arguments, "idempotency_key": "m-4"})
    assert (again["status"], again["success_count"], again["plan_id"]) == ("completed", 2, result["plan_id"])
    assert len(again["sample_diffs"]) == 2 and any("80 characters" in warning for warning in again["warnings"])
    assert office.product("MCP-002")["meta_title"] == "x" * 80


@pytest.mark.parametrize("after", [True, False])
def test_meta_in_a_killed_worker(start, shop, office, after, era):
    """The worker dies with a write under way, carried out or not: repeated with its key the call ends, nothing twice."""
    server = start({"magento": {"write_timeout_ms": "1500ms", "requests_per_call": 1}}, workers=1)
    client = era(server)
    client.login()
    arguments = {"match": skus("MCP-001", "MCP-002", "MCP-003"), "meta_updates": {"meta_title": "x"}, "scope": GLOBAL, **OK,
                 "idempotency_key": "m-5"}
    shop.fault("hang", "/rest/all/V1/products/MCP-002", method="PUT", count=1, after=after)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        running = pool.submit(lambda: client.call(META, arguments))
        poll(lambda: "/rest/all/V1/products/MCP-002" in puts(shop), "the second write")
        server.expects("worker_ended", 1, level="error", by="signal", status=9)
        (victim,) = server.worker_pids()
        os.kill(victim, signal.SIGKILL)
        with pytest.raises(Exception):
            running.result()
    poll(lambda: server.worker_pids() and victim not in server.worker_pids(), "a new worker")
    server.note_workers()
    shop.heal()
    result = client.ok(META, arguments)
    assert (result["status"], result["success_count"], result["conflict_count"]) == ("completed", 3, 0)
    written = shop.control("GET", "writes")["products"]
    assert {sku: entry["count"] for sku, entry in written.items()} == {"MCP-001": 1, "MCP-002": 1, "MCP-003": 1}
    assert client.ok(META, arguments) == {**result, "replayed": True}


def test_meta_refusals(server, client, shop, era):
    base = {"match": skus("MCP-001"), "meta_updates": {"meta_title": "x"}, "scope": GLOBAL}
    client.refused(META, "CONFIRMATION_REQUIRED", base)
    client.refused(META, "CONFIRMATION_REQUIRED", {**base, "confirm": True, "reason": "  "})
    for change in ({"meta_updates": {}}, {"meta_updates": {"name": "x"}}, {"meta_updates": {"meta_title": 5}}, {"match": {}}):
        client.refused(META, "VALIDATION_ERROR", {**base, **OK, **change})
    client.refused(META, "VALIDATION_ERROR", {**base, **OK, "scope": {"store_view_code": "nope"}})
    era(server).refused(META, "NOT_AUTHENTICATED", {**base, **OK}, session=None)
    assert puts(shop) == []


def test_role_that_may_read_products_only(server, shop, era):
    """What it may not look up is assumed, and said."""
    client = era(server)
    client.login(**LIMITED_OAUTH)
    plan = prepare(client, skus("MCP-001"), {"prefix": "x-"})
    text = " ".join(plan["warnings"])
    assert "role may not read" in text and "stock shop are assumed" in text
    client.refused(PREPARE, "FORBIDDEN", {
        "match": skus("MCP-001"), "url_key_transform": {"prefix": "x-"}, "scope": {"website_code": "base"}})


def test_cap(start, shop, era):
    client = era(start(sections={"guardrails": {"max_skus_per_bulk": 3}}, workers=1))
    client.login()
    for tool, params in ((PREPARE, {"url_key_transform": {"prefix": "x-"}}), (META, {"meta_updates": {"meta_title": "x"}, **OK})):
        refused = client.refused(tool, "BULK_CAP_EXCEEDED", {"match": {"sku_prefix": "MCP"}, "scope": GLOBAL, **params})
        assert refused.details["cap"] == 3
    assert puts(shop) == []


# ---- chains ----


def test_chains_by_following(client, shop):
    rewrite(shop, ("a", "b"), ("b", "c"), ("c", "p-1.html"), ("l1", "l2"), ("l2", "l1"), ("d", "nowhere"))
    found = follow(client, "a", "/l1", "d", shop.url + "/p-1.html?x=1#y", "unknown.html")
    assert (found["available"], found["source"], found["max_depth_checked"]) == (True, "graphql", 5)
    chains = {chain["start"]: chain for chain in found["chains"]}
    assert chains["a"]["chain"] == ["a", "b", "c", "p-1.html"] and chains["a"]["depth"] == 3 and not chains["a"]["loop"]
    assert chains["l1"]["loop"] and chains["l1"]["chain"] == ["l1", "l2", "l1"]
    assert found["chains_found"] == 2
    assert {end["start"] for end in found["dead_ends"]} == {"d", "unknown.html"}
    assert all(entry["auth"] == "none" for entry in shop.requests("/graphql"))  # what any visitor may see


def test_depth(client, shop):
    rewrite(shop, *[(f"s{i}", f"s{i + 1}") for i in range(8)])
    found = follow(client, "s0", max_depth=3)
    assert found["truncated"] and found["chains"][0]["depth"] == 3
    assert follow(client, "s0", max_depth=10)["chains"][0]["depth"] == 8


def test_views_are_apart(client, shop):
    rewrite(shop, ("a", "b"), ("b", "p-1.html"), store_id=2)
    assert follow(client, "a")["dead_ends"]
    found = follow(client, "a", scope={"store_view_code": "de"})
    assert found["chains"][0]["depth"] == 2 and found["chains"][0]["store_view_code"] == "de"


def test_addresses_of_products(client, shop, office):
    office.set_product("MCP-001", {"url_key": "moved-1", "save_rewrites_history": "1"})
    found = client.ok(CHAINS, {"skus": ["MCP-001", "NOPE"]})
    assert (found["total_redirects"], found["chains"]) == (0, []) and "NOPE" in found["note"]
    assert "dead_ends" not in found


def test_many_addresses(client, shop):
    rewrite(shop, *[(f"n{i}", "p-1.html") for i in range(45)])
    assert follow(client, *[f"n{i}" for i in range(45)])["total_redirects"] == 45
    assert len(shop.requests("/graphql")) <= 8  # twenty addresses in one question


def test_foreign_addresses(client, shop):
    refused = client.refused(CHAINS, "VALIDATION_ERROR", {"urls": ["ok.html", "https://evil.example/x", "http://[bad/"]})
    assert [entry["path"] for entry in refused.details] == ["params.urls[1]", "params.urls[2]"]
    for params in ({"max_depth": 0}, {"max_depth": 11}, {"urls": ["x"] * 101}, {"urls": [""]}, {"skus": ["a", "a"]}):
        client.refused(CHAINS, "VALIDATION_ERROR", params)


def test_stock_magento_lists_nothing(start, shop, era):
    client = era(start(workers=1))
    client.login()
    for _ in range(2):
        report = client.ok(CHAINS)
        assert (report["available"], report["source"], report["chains"]) == (False, "none", [])
        assert "optional_routes.url_rewrites" in report["note"]
    assert len(shop.requests("/url-rewrite")) == 1


def test_list_of_a_module(start, shop, office, era):
    shop.settings(url_rewrite_route=True)
    rewrite(shop, ("a", "b"), ("b", "c"), ("c", "d"), ("one", "p-1.html"))
    rewrite(shop, ("x", "y"), ("y", "x"), store_id=2)
    rewrite(shop, ("b", "elsewhere"), store_id=3)
    client = era(start(workers=1))
    client.login()
    report = client.ok(CHAINS)
    assert (report["available"], report["source"], report["total_redirects"]) == (True, "module_route", 7)
    chains = {(chain["store_view_code"], chain["start"]): chain for chain in report["chains"]}
    assert set(chains) == {("default", "a"), ("de", "x")}
    assert chains[("default", "a")]["chain"] == ["a", "b", "c", "d"] and chains[("de", "x")]["loop"]
    report = client.ok(CHAINS, {"scope": {"store_view_code": "de"}, "max_depth": 2})
    assert [chain["start"] for chain in report["chains"]] == ["x"] and report["total_redirects"] == 2
    assert "redirect_type" in urllib.parse.unquote(shop.requests("/url-rewrite")[0]["path"])


def test_long_list_of_a_module(start, shop, era):
    """More than one page, and a shop whose administrator allows small ones only."""
    shop.settings(url_rewrite_route=True)
    rewrite(shop, *[(f"r{i}", f"t{i}") for i in range(1200)], ("t1199", "end"))
    client = era(start(workers=1))
    client.login()
    report = client.ok(CHAINS)
    assert (report["total_redirects"], report["chains_found"]) == (1201, 1)
    assert len(shop.requests("/url-rewrite")) == 3
    shop.settings(max_page_size=300)
    assert client.ok(CHAINS)["total_redirects"] == 1201
