"""Bulk updates of products: which products are meant, where values are written, and what the plan says beforehand."""

import urllib.parse

import pytest

from backoffice import Backoffice
from harness.client import Legacy
from harness.places import LIMITED_OAUTH

GLOBAL = {"scope": "global"}
DE = {"store_view_code": "de"}
OK = {"confirm": True, "reason": "test"}
PREPARE = "catalog_prepare_bulk_update"
COMMIT = "catalog_commit_bulk_update"
VIEWS = ("default", "de", "eu_en")


@pytest.fixture
def office(shop):
    return Backoffice(shop)


def skus(*names):
    return {"sku_list": list(names)}


def prepare(client, match, updates, scope=GLOBAL, **more):
    return client.ok(PREPARE, {"match": match, "updates": updates, "scope": scope, **more})


def refused(client, code, match, updates, scope=GLOBAL):
    return client.refused(PREPARE, code, {"match": match, "updates": updates, "scope": scope})


def commit(client, plan, **more):
    return client.ok(COMMIT, {"plan_id": plan["plan_id"], **OK, **more})


def update(client, match, updates, scope=GLOBAL):
    """Prepared and committed, with nothing to complain of."""
    plan = prepare(client, match, updates, scope)
    result = commit(client, plan)
    assert (result["status"], result["success_count"]) == ("completed", plan["affected_count"]), result
    return plan


def puts(shop):
    return [urllib.parse.unquote(entry["path"]) for entry in shop.requests() if entry["method"] == "PUT"]


def bodies(shop):
    """{sku: product of its last write}"""
    return {sku: entry["body"]["product"] for sku, entry in shop.control("GET", "writes")["products"].items()}


def asked(shop):
    """Requests besides the login's."""
    return [entry["path"] for entry in shop.requests() if entry["path"] != "/rest/all/V1/store/websites?fields=id"]


def scopes(plan):
    return {row["scope"]: (row["fields"], row["store_views"]) for row in plan["effective_scopes"]}


def planned(plan):
    return sorted({diff["sku"] for diff in plan["sample_diffs"]})


def names(office, sku):
    return [office.product(sku, view)["name"] for view in VIEWS]


def warns(plan, part):
    assert any(part in text for text in plan["warnings"]), plan["warnings"]


# ---- where it is written ----


@pytest.mark.parametrize("form", ["wrapped", "flat"])
def test_prepare_and_commit(server, shop, office, form, era):
    client = era(server, form=form)
    client.login()
    written = shop.control("GET", "writes")["total"]
    plan = prepare(client, skus("MCP-001", "MCP-002"), {"name": "New", "price": 11.5})
    assert shop.control("GET", "writes")["total"] == written, "a plan changes nothing"
    assert [diff["changes"] for diff in plan["sample_diffs"]] == [
        {"name": {"from": "Blue Widget 1", "to": "New"}, "price": {"from": 11, "to": 11.5}},
        {"name": {"from": "Red Widget 2", "to": "New"}, "price": {"from": 12, "to": 11.5}}]
    assert (plan["affected_count"], plan["write_count"], plan["unchanged_count"]) == (2, 2, 0)
    assert scopes(plan) == {"all": (["name", "price"], [])}
    assert plan["commit_tool"] == COMMIT and COMMIT in plan["message"]
    result = commit(client, plan)
    assert result["plan_id"] == plan["plan_id"] and not result["replayed"]
    assert (result["status"], result["success_count"]) == ("completed", 2)
    assert (result["errors"], result["conflicts"]) == ([], [])
    assert office.product("MCP-001")["name"] == "New" and office.product("MCP-002")["price"] == 11.5
    assert sorted(puts(shop)) == ["/rest/all/V1/products/MCP-001", "/rest/all/V1/products/MCP-002"]
    assert bodies(shop)["MCP-001"] == {"sku": "MCP-001", "name": "New", "price": 11.5}


def test_in_older_revisions(server, shop):
    for number, protocol in enumerate(("2025-03-26", "2025-06-18"), 1):
        client = Legacy(server, protocol)
        client.login()
        update(client, skus(f"MCP-00{number}"), {"name": "Legacy"})
    assert len(puts(shop)) == 2


def test_global_field_in_a_view(client, shop, office):
    """A price has one value: the write happens where it must, and the plan says so."""
    plan = update(client, skus("MCP-003"), {"price": 14, "name": "Nur deutsch"}, DE)
    assert scopes(plan) == {"all": (["price"], []), "de": (["name"], ["de"])}
    warns(plan, "price is global in this shop")
    assert sorted(puts(shop)) == ["/rest/all/V1/products/MCP-003", "/rest/de/V1/products/MCP-003"]
    assert names(office, "MCP-003") == ["Blue Widget 3", "Nur deutsch", "Blue Widget 3"]
    assert office.product("MCP-003")["price"] == 14


def test_website_field(client, shop, office):
    """Written once, through the default view of the website; its other view sees it, the other website does not."""
    plan = update(client, skus("MCP-004"), {"status": "disabled"}, {"website_code": "base"})
    assert scopes(plan) == {"default": (["status"], ["default", "de"])}
    assert not any("more store views" in text for text in plan["warnings"]), "exactly these were asked for"
    assert puts(shop) == ["/rest/default/V1/products/MCP-004"]
    assert [office.product("MCP-004", view)["status"] for view in VIEWS] == [2, 2, 1]


def test_website_field_in_a_view(client, office):
    plan = update(client, skus("MCP-004"), {"status": 2}, DE)
    assert scopes(plan) == {"default": (["status"], ["default", "de"])}
    warns(plan, "status is per website in this shop")
    assert [office.product("MCP-004", view)["status"] for view in VIEWS] == [2, 2, 1]


def test_website_field_in_the_only_view(client):
    """Nobody else sees it: there is nothing to warn of."""
    plan = prepare(client, skus("MCP-004"), {"status": 2}, {"store_view_code": "eu_en"})
    assert scopes(plan) == {"eu_en": (["status"], ["eu_en"])}
    assert not any("more store views" in text for text in plan["warnings"])


def test_website_prices(client, shop, office):
    """Where prices have a value per website: written through one of its views, and nowhere else."""
    shop.settings(website_prices=True)
    office.set_product("MCP-001", price=10)
    plan = update(client, skus("MCP-001"), {"price": 12}, {"website_code": "base"})
    assert scopes(plan) == {"default": (["price"], ["default", "de"])}
    assert [office.product("MCP-001", view)["price"] for view in ("all", *VIEWS)] == [10, 12, 12, 10]
    plan = update(client, skus("MCP-001"), {"price": 13, "special_price": 9, "name": "Neu"}, DE)
    assert scopes(plan) == {"default": (["price", "special_price"], ["default", "de"]), "de": (["name"], ["de"])}
    warns(plan, "website")
    assert [office.product("MCP-001", view)["price"] for view in ("all", *VIEWS)] == [10, 13, 13, 10]
    assert [office.product("MCP-001", view).get("special_price") for view in ("all", *VIEWS)] == [
        None, "9.000000", "9.000000", None]
    assert names(office, "MCP-001") == ["Blue Widget 1", "Neu", "Blue Widget 1"]
    update(client, skus("MCP-001"), {"price": 14})
    assert [office.product("MCP-001", view)["price"] for view in ("all", *VIEWS)] == [14, 13, 13, 14]
    update(client, skus("MCP-001"), {"special_price": None}, {"website_code": "base"})
    assert [office.product("MCP-001", view).get("special_price") for view in ("all", *VIEWS)] == [None] * 4


@pytest.mark.parametrize("scope", [{"website_code": "base"}, {"store_code": "main_website_store"}])
def test_store_view_field_of_a_website(client, shop, office, scope):
    plan = update(client, skus("MCP-001"), {"name": "Both"}, scope)
    assert scopes(plan) == {"default": (["name"], ["default"]), "de": (["name"], ["de"])}
    assert (plan["affected_count"], plan["write_count"]) == (1, 2)
    assert names(office, "MCP-001") == ["Both", "Both", "Blue Widget 1"]
    assert office.product("MCP-001")["name"] == "Blue Widget 1"


def test_two_kinds_of_fields_in_one_view(client, shop, office):
    """The default view takes both in one request, though not the same views see them."""
    plan = update(client, skus("MCP-001"), {"name": "Both", "status": 2}, {"website_code": "base"})
    assert plan["effective_scopes"] == [
        {"scope": "default", "fields": ["name"], "store_views": ["default"]},
        {"scope": "default", "fields": ["status"], "store_views": ["default", "de"]},
        {"scope": "de", "fields": ["name"], "store_views": ["de"]}]
    assert sorted(puts(shop)) == ["/rest/de/V1/products/MCP-001", "/rest/default/V1/products/MCP-001"]
    assert [office.product("MCP-001", view)["status"] for view in VIEWS] == [2, 2, 1]
    assert names(office, "MCP-001") == ["Both", "Both", "Blue Widget 1"]


def test_default_view_of_the_session(client, office):
    refusal = client.refused(PREPARE, "VALIDATION_ERROR", {"match": skus("MCP-001"), "updates": {"name": "x"}})
    assert "scope_set_default" in refusal.message and refusal.details[0]["path"] == "params.scope"
    client.ok("scope_set_default", {"store_view_code": "de"})
    plan = client.ok(PREPARE, {"match": skus("MCP-001"), "updates": {"name": "Vorgabe"}})
    assert scopes(plan) == {"de": (["name"], ["de"])}
    warns(plan, "default store view de")
    commit(client, plan)
    assert names(office, "MCP-001") == ["Blue Widget 1", "Vorgabe", "Blue Widget 1"]


def test_no_bare_rest_path(client, shop):
    update(client, skus("MCP-001"), {"name": "a", "status": 2, "price": 12}, {"website_code": "base"})
    assert not [entry["path"] for entry in shop.requests() if entry["path"].startswith("/rest/V1")]


@pytest.mark.parametrize("scope, part", [
    ({"store_view_code": "nowhere"}, "default"), ({"website_code": "admin"}, "base"),
    ({"store_view_code": "de", "website_code": "eu"}, "")])
def test_unknown_scope(client, shop, scope, part):
    refusal = refused(client, "VALIDATION_ERROR", skus("MCP-001"), {"name": "x"}, scope)
    assert part in str(refusal.details)
    assert not shop.requests("/products")


def test_inactive_view(start, shop, era):
    """Nothing is planned for a view that is switched off; the refusal names those that are not."""
    shop.settings(german_view=False)
    client = era(start())
    client.login()
    refusal = refused(client, "VALIDATION_ERROR", skus("MCP-001"), {"name": "x"}, {"store_view_code": "de"})
    shown = repr(refusal)
    assert "eu_en" in shown and "de," not in shown, refusal
    client.refused("scope_set_default", "VALIDATION_ERROR", {"store_view_code": "de"})


# ---- overrides ----


def test_override_hides_a_global_change(client, office):
    plan = prepare(client, skus("MCP-001", "MCP-005"), {"name": "Everywhere"})
    warns(plan, "Store view de has name of its own for 1 of the products shown")
    assert not any("Store view eu_en" in text for text in plan["warnings"])
    commit(client, plan)
    assert names(office, "MCP-005") == ["Everywhere", "Blaues Gerät 5", "Everywhere"]


def test_override_of_a_website_field(client, office):
    update(client, skus("MCP-001"), {"status": 2}, {"website_code": "eu"})
    plan = prepare(client, skus("MCP-001"), {"special_from_date": "2026-01-01", "status": 2})
    warns(plan, "Store view eu_en has status of its own")


# ---- values ----


def test_special_price_is_cleared_by_null(client, shop, office):
    update(client, skus("MCP-001"), {"special_price": 9.99})
    assert float(office.product("MCP-001")["special_price"]) == 9.99
    update(client, skus("MCP-001"), {"special_price": None})
    assert office.product("MCP-001").get("special_price") is None
    assert bodies(shop)["MCP-001"]["custom_attributes"] == [{"attribute_code": "special_price", "value": None}]


def test_plan_of_prices_takes_the_bulk_routes(client, shop, office):
    names = ("MCP-001", "MCP-002", "MCP-003")
    update(client, skus(*names), {"price": 21.5})
    update(client, skus(*names), {"special_price": 9.99, "special_from_date": "2026-01-01"})
    assert len(puts(shop)) == 3, "who has no special price may have dates that the price routes do not tell"
    update(client, skus(*names), {"price": 20, "special_price": 8.5})
    assert len(puts(shop)) == 3
    paths = [entry["path"] for entry in shop.requests() if entry["method"] == "POST"]
    assert paths.count("/rest/all/V1/products/base-prices") == 2
    assert paths.count("/rest/all/V1/products/special-price") == 1
    for sku in names:
        product = office.product(sku)
        assert (product["price"], float(product["special_price"])) == (20, 8.5)
        assert product["special_from_date"] == "2026-01-01 00:00:00"
    update(client, skus("MCP-001"), {"price": 22, "name": "Not a price"})
    assert len(puts(shop)) == 4


def test_attributes_go_where_magento_wants_them(client, shop):
    update(client, skus("MCP-001"), {"name": "N", "weight": 2.25, "visibility": "search", "description": "<b>D</b>",
                                     "meta_title": "T", "special_price": 0.5})
    body = bodies(shop)["MCP-001"]
    attributes = {entry["attribute_code"]: entry["value"] for entry in body.pop("custom_attributes")}
    assert body == {"sku": "MCP-001", "name": "N", "weight": 2.25, "visibility": 3}
    assert attributes == {"description": "<b>D</b>", "meta_title": "T", "special_price": "0.5000"}


def test_dates(client, office):
    update(client, skus("MCP-001"), {"special_from_date": "2026-01-31", "special_to_date": "2026-02-28 12:30:00"})
    product = office.product("MCP-001")
    assert product["special_from_date"] == "2026-01-31 00:00:00" and product["special_to_date"] == "2026-02-28 12:30:00"
    plan = prepare(client, skus("MCP-001"), {"special_from_date": "2026-01-31 00:00:00"})
    assert (plan["affected_count"], plan["unchanged_count"]) == (0, 1), "midnight is implied"
    update(client, skus("MCP-001"), {"special_from_date": None, "special_to_date": None})
    assert office.product("MCP-001").get("special_from_date") is None


def test_dates_in_the_wrong_order(client, shop):
    refusal = refused(client, "VALIDATION_ERROR", skus("MCP-001"),
                      {"special_from_date": "2026-02-02", "special_to_date": "2026-02-01"})
    assert refusal.details[0]["path"] == "params.updates.special_to_date"
    assert asked(shop) == []
    update(client, skus("MCP-001"), {"special_from_date": "2026-02-02"})
    plan = prepare(client, skus("MCP-001", "MCP-002"), {"special_to_date": "2026-02-01"})
    warns(plan, "1 product: the special price would end before it begins")


@pytest.mark.parametrize("updates, path", [
    ({"name": ""}, "params.updates.name"),
    ({"name": None}, "params.updates.name"),
    ({"status": 3}, "params.updates.status"),
    ({"status": "1"}, "params.updates.status"),
    ({"visibility": "everywhere"}, "params.updates.visibility"),
    ({"price": -1}, "params.updates.price"),
    ({"price": "5"}, "params.updates.price"),
    ({"price": None}, "params.updates.price"),
    ({"price": 1.23456}, "params.updates.price"),
    ({"special_price": 0.00001}, "params.updates.special_price"),
    ({"url_key": "Not A Key"}, "params.updates.url_key"),
    ({"special_from_date": "2026-02-30"}, "params.updates.special_from_date"),
    ({"special_to_date": "2026-01-01 24:00:00"}, "params.updates.special_to_date"),
    ({"special_to_date": "tomorrow"}, "params.updates.special_to_date"),
    ({"category_ids": [3, 3]}, "params.updates.category_ids"),
    ({"category_ids": ["3"]}, "params.updates.category_ids[0]"),
    ({"colour": "red"}, "params.updates.colour"),
    ({}, "params.updates"),
])
def test_values_that_are_refused(client, shop, updates, path):
    refusal = refused(client, "VALIDATION_ERROR", skus("MCP-001"), updates)
    assert any(detail["path"].startswith(path) for detail in refusal.details), refusal.details
    assert asked(shop) == []


def test_all_faults_at_once(client):
    refusal = refused(client, "VALIDATION_ERROR", skus("MCP-001"), {"name": "", "price": -1, "nme": "x"})
    assert {detail["path"] for detail in refusal.details} == {
        "params.updates.name", "params.updates.price", "params.updates.nme"}


# ---- categories ----


def test_categories_replace_the_set(client, shop, office):
    update(client, skus("MCP-001"), {"category_ids": [4, 2]})
    assert sorted(office.product("MCP-001")["category_ids"]) == ["2", "4"]
    plan = prepare(client, skus("MCP-001"), {"category_ids": [2, 4]})
    assert plan["unchanged_count"] == 1, "order means nothing"
    update(client, skus("MCP-001"), {"category_ids": []})
    assert office.product("MCP-001")["extension_attributes"].get("category_links", []) == []


def test_unknown_categories(client, shop):
    refusal = refused(client, "VALIDATION_ERROR", skus("MCP-001"), {"category_ids": [3, 999, 4, 1000]})
    assert [detail["path"] for detail in refusal.details] == [
        "params.updates.category_ids[1]", "params.updates.category_ids[3]"]
    assert "999" in refusal.details[0]["message"]
    assert not shop.requests("/rest/all/V1/products?")


# ---- url keys, forbidden fields ----


def test_url_key(client, shop, office):
    refusal = refused(client, "VALIDATION_ERROR", skus("MCP-001", "MCP-002"), {"url_key": "same"})
    assert "seo_prepare_bulk_update_url_keys" in refusal.message
    plan = update(client, skus("MCP-001"), {"url_key": "fresh-address"})
    warns(plan, "no redirect is made here")
    assert office.product("MCP-001")["url_key"] == "fresh-address"


def test_forbidden_fields(start, shop, era):
    server = start({"guardrails": {"catalog_update_fields": "name, status"}}, workers=1)
    client = era(server)
    client.login()
    refusal = refused(client, "VALIDATION_ERROR", skus("MCP-001"), {"name": "x", "price": 2, "weight": 1})
    assert {detail["path"]: detail["allowed"] for detail in refusal.details} == {
        "params.updates.price": ["name", "status"], "params.updates.weight": ["name", "status"]}
    assert asked(shop) == []
    update(client, skus("MCP-001"), {"name": "x"})


# ---- warnings ----


def test_warnings_come_from_all_items(client, office):
    """Five products are shown; the one that matters is the last of thirty."""
    office.set_product("MCP-030", price=0.5)
    plan = prepare(client, skus(*(f"MCP-{n:03}" for n in range(1, 31))), {"price": 20})
    assert len(plan["sample_diffs"]) == 5
    warns(plan, "price change over 50 %; largest: MCP-030 0.50 → 20.00")


def test_warnings_about_special_prices(client, office):
    office.set_product("MCP-003", price=0)
    plan = prepare(client, skus("MCP-001", "MCP-002", "MCP-003"), {"special_price": 11.5})
    warns(plan, "2 products: the special price is not below the regular price; such as MCP-001 11.00 -> 11.50")
    warns(prepare(client, skus("MCP-001"), {"special_price": 0}), "1 product: the special price is 0: sold for nothing: MCP-001 11.00 -> 0.00")
    warns(prepare(client, skus("MCP-003"), {"price": 5}), "1 product: the price is 0 now, so how much it changes")


def test_special_prices_are_measured_by_what_was_paid_before(client, office):
    """The regular price where there was no special one; and a new regular price is held against a special one that stays."""
    office.set_product("MCP-001", price=100)
    warns(prepare(client, skus("MCP-001"), {"special_price": 1}), "1 product: price change over 50 %; largest: MCP-001 100.00 → 1.00")
    office.set_product("MCP-002", price=100, custom={"special_price": "80"})
    warns(prepare(client, skus("MCP-002"), {"price": 75}), "1 product: the special price is not below the regular price")


def test_warning_counts_products_not_writes(client):
    plan = prepare(client, skus("MCP-001", "MCP-002"), {"status": 2, "name": "x"}, {"website_code": "base"})
    warns(plan, "2 of 2 live products would be disabled")


def test_warnings_about_extent(client):
    warns(prepare(client, {"sku_prefix": "MCP-"}, {"meta_title": "Sale"}), "products would change")
    plan = prepare(client, skus("MCP-001"), {"name": "x"})
    assert plan["warnings"] == []


def test_unchanged_items_are_not_planned(client, shop):
    plan = prepare(client, skus("MCP-001", "MCP-002"), {"name": "Blue Widget 1"})
    assert (plan["affected_count"], plan["unchanged_count"]) == (1, 1) and planned(plan) == ["MCP-002"]
    commit(client, plan)
    assert puts(shop) == ["/rest/all/V1/products/MCP-002"]
    plan = prepare(client, skus("MCP-001", "MCP-002"), {"name": "Blue Widget 1"})
    assert "plan_id" not in plan and "expires_at" not in plan
    assert (plan["affected_count"], plan["unchanged_count"], plan["sample_diffs"]) == (0, 2, [])
    assert "Nothing to change" in plan["message"]


def test_price_of_a_configurable(client, shop, office):
    plan = prepare(client, skus("CONF-1", "CONF-1-S"), {"price": 33})
    assert planned(plan) == ["CONF-1-S"]
    assert plan["skipped"] == [{"sku": "CONF-1", "reason": "Its price comes from its children."}]
    assert plan["skipped_count"] == 1
    plan = update(client, skus("CONF-1"), {"price": 33, "name": "Parent"})
    warns(plan, "1 product without a price of its own")
    assert bodies(shop)["CONF-1"] == {"sku": "CONF-1", "name": "Parent"}


def test_long_texts_are_shown_short_and_written_whole(client, office):
    text = "ü" * 150000
    plan = update(client, skus("MCP-001"), {"description": text})
    shown = plan["sample_diffs"][0]["changes"]["description"]["to"]
    assert shown.startswith("üüü") and len(shown) < 500 and "300000 bytes" in shown
    assert office.product("MCP-001")["description"] == text


def test_sample_size(client):
    assert len(prepare(client, {"sku_prefix": "MCP-0"}, {"name": "x"}, sample_size=50)["sample_diffs"]) == 50


# ---- which products ----


def test_skus_that_are_not_there(client):
    plan = prepare(client, skus("MCP-001", "NO-SUCH", "ALSO-NOT"), {"name": "x"})
    assert sorted(plan["not_found_skus"]) == ["ALSO-NOT", "NO-SUCH"] and plan["affected_count"] == 1
    warns(plan, "2 of the listed SKUs do not exist")
    refusal = refused(client, "NOT_FOUND", skus("NO-SUCH"), {"name": "x"})
    assert "catalog_search_products" in refusal.message


@pytest.mark.parametrize("match", [{}, {"include_subcategories": True}, {"attribute_filters": {}}, {"sku_list": []}])
def test_empty_match(client, shop, match):
    refused(client, "VALIDATION_ERROR", match, {"name": "x"})
    assert asked(shop) == []


def test_match_that_selects_nothing(client):
    assert "selects no product" in refused(client, "VALIDATION_ERROR", {"sku_prefix": "ZZZ"}, {"name": "x"}).message
    refused(client, "NOT_FOUND", {"category_id": 999, "include_subcategories": True}, {"name": "x"})


def test_cap_of_a_list(start, shop, era):
    """Judged before anything is asked of the shop, and by distinct skus."""
    server = start({"guardrails": {"max_skus_per_bulk": 3}}, workers=1)
    client = era(server)
    client.login()
    refusal = refused(client, "BULK_CAP_EXCEEDED", skus("MCP-001", "MCP-002", "MCP-003", "MCP-004"), {"name": "x"})
    assert refusal.details == {"count": 4, "cap": 3, "setting": "guardrails.max_skus_per_bulk"}
    assert asked(shop) == []
    assert prepare(client, skus("MCP-001", "mcp-001", "MCP-002", "Mcp-002"), {"name": "x"})["affected_count"] == 2


def test_cap_of_a_selection(start, shop, era):
    """The first page's count is enough to know."""
    server = start({"guardrails": {"max_skus_per_bulk": 100}}, workers=1)
    client = era(server)
    client.login()
    refusal = refused(client, "BULK_CAP_EXCEEDED", {"sku_prefix": "MCP-"}, {"name": "x"})
    assert refusal.details["count"] == 200
    assert len([entry for entry in shop.requests() if entry["path"].startswith("/rest/all/V1/products?")]) == 1


def test_cap_of_writes(start, shop, era):
    server = start({"guardrails": {"max_skus_per_bulk": 1}}, workers=1)
    client = era(server)
    client.login()
    assert prepare(client, skus("MCP-001"), {"name": "x", "price": 3}, {"website_code": "base"})["write_count"] == 3


def test_prefix_with_wildcards(client, office):
    for number, sku in enumerate(("A%B-1", "AxB-1", "U_1-a", "UX1-a", "B\\1", "B\\\\1")):
        office.add_product(sku, custom={"url_key": f"wild-{number}"})
    assert planned(prepare(client, {"sku_prefix": "A%"}, {"name": "x"})) == ["A%B-1"]
    assert planned(prepare(client, {"sku_prefix": "U_1"}, {"name": "x"})) == ["U_1-a"]
    assert planned(prepare(client, {"sku_prefix": "B\\1"}, {"name": "x"})) == ["B\\1"]
    assert planned(prepare(client, {"sku_prefix": "pct-50%"}, {"name": "x"})) == ["PCT-50%"]


AWKWARD = ["WS/12-SLASH", "SP ACE 01", "PCT-50%", "CAFÉ-ünï", "PLUS+1", "A&B#1?x", "COMMA,1", "quo\"te'1",
           "MixedCase-1"]


def test_awkward_skus(client, shop, office):
    plan = update(client, skus(*AWKWARD), {"name": "Awkward"})
    assert plan["affected_count"] == len(AWKWARD) and "not_found_skus" not in plan
    assert all(office.product(sku)["name"] == "Awkward" for sku in AWKWARD)
    counts = shop.control("GET", "writes")["products"]
    assert {sku: entry["count"] for sku, entry in counts.items()} == dict.fromkeys(AWKWARD, 1)


def test_letter_case_and_spaces_do_not_matter(client, shop):
    plan = update(client, skus("mcp-001", "MIXEDCASE-1", "MCP-002  "), {"name": "x"})
    assert planned(plan) == ["MCP-001", "MCP-002", "MixedCase-1"], "as the shop spells them"
    assert "not_found_skus" not in plan
    assert "/rest/all/V1/products/MixedCase-1" in puts(shop)


def test_attribute_filters(client, office):
    office.set_product("MCP-007", price=17.77)
    plan = prepare(client, {"attribute_filters": {"price": 17.77}}, {"name": "x"})
    assert planned(plan) == ["MCP-007"]
    plan = prepare(client, {"sku_prefix": "MCP-00", "attribute_filters": {"price": {"value": 12, "condition": "lteq"}}},
                   {"name": "x"})
    assert planned(plan) == ["MCP-001", "MCP-002"], "given members are ANDed"
    refused(client, "VALIDATION_ERROR", {"attribute_filters": {"no_such_attribute": 1}}, {"name": "x"})


def test_list_and_filter_are_anded(client):
    plan = prepare(client, {**skus("MCP-001", "MCP-005"), "attribute_filters": {"price": 15}}, {"name": "x"})
    assert planned(plan) == ["MCP-005"]


def test_subcategories(client, office):
    for sku in [product["sku"] for product in office.get("/rest/all/V1/categories/4/products")][3:]:
        office.set_product(sku, custom={"category_ids": ["3"]})
    bags = {product["sku"] for product in office.get("/rest/all/V1/categories/4/products")}
    direct = prepare(client, {"category_id": 4}, {"meta_title": "x"}, sample_size=50)
    assert set(planned(direct)) == bags
    below = prepare(client, {"category_id": 2, "include_subcategories": True}, {"meta_title": "x"})
    gear = {product["sku"] for product in office.get("/rest/all/V1/categories/3/products")}
    assert below["affected_count"] + below["unchanged_count"] == len(gear | bags)


def test_smaller_pages(client, shop):
    """What the shop's administrator allows for a page is respected."""
    shop.settings(max_page_size=30)
    plan = prepare(client, {"sku_prefix": "MCP-"}, {"meta_title": "x"})
    assert plan["affected_count"] == 200
    assert prepare(client, skus(*(f"MCP-{n:03}" for n in range(1, 101))), {"meta_title": "x"})["affected_count"] == 100
    assert commit(client, prepare(client, {"sku_prefix": "MCP-00"}, {"meta_title": "x"}))["success_count"] == 9


# ---- rights ----


def test_assumed_scopes(start, shop, era):
    """A role that may read products only: the scopes of a stock shop are assumed, and said."""
    server = start({'store "main"': {"base_url": shop.url, **LIMITED_OAUTH}}, workers=1)
    client = era(server)
    client.login()
    plan = prepare(client, skus("MCP-001"), {"name": "x"})
    warns(plan, "those of a stock shop are assumed")


def test_answer_is_checked(client, office, shop):
    """What Magento accepted and did not store is an error of the item."""
    plan = prepare(client, skus("MCP-001"), {"url_key": "a--b-"})
    result = commit(client, plan)
    assert office.product("MCP-001")["url_key"] == "a-b", "the shop makes its own of it"
    assert (result["status"], result["error_count"]) == ("completed_with_errors", 1)
    assert result["errors"][0]["error"] == "Magento accepted the request but did not store url_key."


def test_url_key_that_is_taken(client, office):
    taken = office.product("MCP-002")["url_key"]
    result = commit(client, prepare(client, skus("MCP-001"), {"url_key": taken}))
    assert result["status"] == "completed_with_errors" and result["error_count"] == 1
    assert result["errors"][0]["sku"] == "MCP-001" and "URL key" in result["errors"][0]["error"]


def test_long_meta_texts(client):
    """Search engines show less; the shop keeps it all."""
    warns(prepare(client, skus("MCP-001", "MCP-002"), {"meta_title": "x" * 256}), "255")
    assert prepare(client, skus("MCP-001"), {"meta_title": "ä" * 255})["warnings"] == []


def test_positions_of_kept_categories(client, office):
    """Leaving a category or entering one does not move the product in those that it stays in."""
    office.ask("PUT", "/rest/all/V1/categories/3/products", {"productLink": {"sku": "MCP-001", "position": 7, "category_id": "3"}})
    update(client, skus("MCP-001"), {"category_ids": [3, 4]})
    links = office.product("MCP-001")["extension_attributes"]["category_links"]
    assert {link["category_id"]: link["position"] for link in links} == {"3": 7, "4": 0}
