"""The three diagnostics tools: what they find in a shop where something is wrong, and what they say when they may not look."""

import urllib.parse

import pytest

from backoffice import Backoffice
from harness.places import LIMITED_OAUTH

CHECK = "diagnostics_product_display_check"
SALABLE = "diagnostics_inventory_salable_report"
INDEXERS = "diagnostics_indexer_status_report"
ODD_SKUS = ["WS/12-SLASH", "SP ACE 01", "PCT-50%", "CAFÉ-ünï", "PLUS+1", "A&B#1?x", "COMMA,1", "quo\"te'1", "MixedCase-1"]


@pytest.fixture
def office(shop):
    return Backoffice(shop)


def paths(shop, part):
    return [urllib.parse.unquote(entry["path"]) for entry in shop.requests(part)]


def check(client, sku, view="default"):
    return client.ok(CHECK, {"sku": sku, "store_view_code": view})


def outcome(result, name):
    """{view or None: ok} of one check."""
    return {entry.get("view"): entry["ok"] for entry in result["checks"] if entry["check"] == name}


def issues(result):
    """Without what every product of the demo store lacks."""
    return [text for text in result["issues"] if text != "It has no image"]


def add_stock(office, website="eu", source="dub", enabled=True):
    office.ask("POST", "/rest/all/V1/inventory/sources", {"source": {
        "source_code": source, "name": source, "enabled": enabled, "country_id": "IE", "postcode": "D01"}})
    stock = office.ask("POST", "/rest/all/V1/inventory/stocks", {"stock": {
        "name": "EU stock", "extension_attributes": {"sales_channels": [{"type": "website", "code": website}]}}})
    office.ask("POST", "/rest/all/V1/inventory/stock-source-links",
               {"links": [{"stock_id": stock, "source_code": source, "priority": 1}]})
    return int(stock)


def put_in_source(office, sku, source, quantity, status=1):
    office.ask("POST", "/rest/all/V1/inventory/source-items",
               {"sourceItems": [{"sku": sku, "source_code": source, "quantity": quantity, "status": status}]})


# ---- product_display_check ----


@pytest.mark.parametrize("form", ["wrapped", "flat"])
def test_nothing_wrong_but_the_image(server, form, era):
    client = era(server, form=form)
    client.login()
    result = check(client, "MCP-001")
    assert (result["found"], result["product_name"], result["type_id"]) == (True, "Blue Widget 1", "simple")
    assert (result["status"], result["visibility"], result["price"]) == (1, 4, 11)
    assert result["issues"] == ["It has no image"] and result["issue_count"] == 1
    assert len(result["recommended_actions"]) == 1
    for name in ("status", "visibility", "website", "category", "price", "url"):
        assert outcome(result, name) == {"default": True}
    assert outcome(result, "stock") == {None: True}


def test_no_issues_detected(client, office):
    office.ask("POST", "/rest/all/V1/products/MCP-001/media", {"entry": {
        "media_type": "image", "label": "x", "position": 1, "disabled": False, "types": ["image", "small_image", "thumbnail"],
        "content": {"base64_encoded_data": "iVBORw0KGgo=", "type": "image/png", "name": "x.png"}}})
    result = check(client, "MCP-001")
    assert result["issues"] == ["No issues detected."]
    assert (result["issue_count"], result["recommended_actions"]) == (0, [])


def test_every_active_view(client, shop):
    """A view of a website without the product has that one issue, and the stock of that website does not matter."""
    result = client.ok(CHECK, {"sku": "MCP-001"})
    assert issues(result) == ["Not assigned to website eu (store view eu_en)"]
    assert outcome(result, "status") == {"default": True, "de": True}
    assert not paths(shop, "/stock-resolver/website/eu")
    assert all(path.startswith(("/rest/all/", "/rest/default/", "/rest/de/", "/rest/eu_en/", "/graphql"))
               for path in paths(shop, ""))


def test_stored_spelling_is_used(client, shop):
    """The quantity of a sku in other letters would crash Magento."""
    result = check(client, "mcp-001")
    assert result["sku"] == "MCP-001" and outcome(result, "stock") == {None: True}
    assert paths(shop, "get-product-salable-quantity") == ["/rest/all/V1/inventory/get-product-salable-quantity/MCP-001/1"]


@pytest.mark.parametrize("sku", ODD_SKUS)
def test_odd_skus(client, sku):
    result = check(client, sku)
    assert result["sku"] == sku and issues(result) == []
    assert outcome(result, "stock") == {None: True}
    report = client.ok(SALABLE, {"sku": sku})
    assert report["salable_quantity"] == 100 and len(report["source_items"]) == 1


def test_unknown_sku_is_an_answer(client):
    result = client.ok(CHECK, {"sku": "NOPE"})
    assert (result["found"], result["issues"], result["issue_count"], result["checks"]) == (False, ["Product not found"], 1, [])


def test_disabled_invisible_and_free(client, office):
    office.set_product("MCP-002", status=2, view="default")
    office.set_product("MCP-002", visibility=1, view="de")
    office.set_product("MCP-002", price=0)
    result = client.ok(CHECK, {"sku": "MCP-002"})
    assert "Disabled (status 2) (store view default, de)" in result["issues"]  # per website
    assert "Not visible individually (visibility 1) (store view de)" in result["issues"]
    assert "The price is 0 (store view default, de)" in result["issues"]
    text = " ".join(result["recommended_actions"])
    assert "catalog_prepare_bulk_update" in text and "pricing_prepare_bulk_price_update" in text


def test_special_price(client, office):
    office.set_product("MCP-003", {"special_price": "99"})
    assert issues(check(client, "MCP-003")) == ["The special price 99 is not below the price 13 (store view default)"]
    office.set_product("MCP-003", {"special_to_date": "2020-01-01 00:00:00"})
    assert issues(check(client, "MCP-003")) == []


def test_categories(client, office):
    office.ask("PUT", "/rest/all/V1/categories/3", {"category": {"id": 3, "is_active": False}})
    assert issues(check(client, "MCP-001")) == ["Its category Gear is inactive (store view default)"]
    result = check(client, "MCP-002")  # in Bags, below Gear
    assert issues(result) == ["Its category Bags lies below the inactive category Gear (store view default)"]
    office.set_product("MCP-004", extension_attributes={"category_links": []})
    assert issues(check(client, "MCP-004")) == ["In no category (store view default)"]


def test_stock(client, office):
    office.set_product("MCP-006", extension_attributes={"stock_item": {"qty": 0, "is_in_stock": False}})
    result = check(client, "MCP-006")
    assert issues(result) == ["Not salable in website base (salable quantity 0)"]
    assert any(SALABLE in action for action in result["recommended_actions"])


def test_stock_of_another_website(client, office):
    """Each website sells from the stock it is linked to, not from stock 1."""
    stock = add_stock(office)
    office.set_product("MCP-001", extension_attributes={"website_ids": [1, 2]})
    assert "Not salable in website eu (salable quantity 0)" in client.ok(CHECK, {"sku": "MCP-001"})["issues"]
    put_in_source(office, "MCP-001", "dub", 25)
    assert issues(client.ok(CHECK, {"sku": "MCP-001"})) == []
    assert stock != 1


def test_configurable(client, office, shop):
    result = check(client, "CONF-1")
    assert issues(result) == [] and outcome(result, "children") == {"default": True}
    assert outcome(result, "price") == {"default": True}  # its own price is 0 by nature
    assert not paths(shop, "get-product-salable-quantity")  # Magento refuses it for configurables
    for sku in ("CONF-1-S", "CONF-1-M"):
        office.set_product(sku, status=2)
    result = check(client, "CONF-1")
    assert "None of its 2 children is enabled (store view default)" in result["issues"]


def test_storefront_that_does_not_answer(client, shop):
    """One check less, and the others still count."""
    shop.fault("garbage", "/graphql")
    result = check(client, "MCP-001")
    assert outcome(result, "url") == {"default": None} and issues(result) == []


def test_shop_without_msi(client, shop, office):
    shop.settings(msi=False)
    assert outcome(check(client, "MCP-001"), "stock") == {None: True}
    report = client.ok(SALABLE, {"sku": "MCP-001"})
    assert (report["msi"], report["websites"], report["salable_quantity"]) == (False, [], None)
    assert report["stock_item"]["qty"] == 100
    assert paths(shop, "/stockItems/MCP-001")


def test_missing_permissions(server, era):
    """A role that may read products only gets what can be known, and what it lacks by name."""
    client = era(server)
    client.login(**LIMITED_OAUTH)
    result = client.ok(CHECK, {"sku": "MCP-001"})
    assert result["found"] and outcome(result, "status") == {None: True}
    unknown = {entry["check"]: entry["detail"] for entry in result["checks"] if entry["ok"] is None}
    assert "Magento_Backend::store" in unknown["website"] and "Magento_Catalog::categories" in unknown["category"]
    report = client.ok(SALABLE, {"sku": "MCP-001"})
    lacking = {entry["part"]: entry["reason"] for entry in report["unavailable"]}
    assert "Magento_Backend::store" in lacking["websites"] and "Magento_InventoryApi::source" in lacking["source_items"]
    client.refused(SALABLE, "FORBIDDEN", {"sku": "MCP-001", "website_code": "base"})


def test_refusals(server, client, era):
    assert "allowed" in client.refused(CHECK, "VALIDATION_ERROR", {"sku": "MCP-001", "store_view_code": "nope"}).details[0]
    for params in ({}, {"sku": ""}, {"sku": ".."}, {"sku": "x" * 65}, {"sku": "a", "store_view_code": ""}, {"sku": "a", "view": "de"}):
        client.refused(CHECK, "VALIDATION_ERROR", params)
    for tool in (CHECK, SALABLE, INDEXERS):
        era(server).refused(tool, "NOT_AUTHENTICATED", {"sku": "a"} if tool != INDEXERS else {}, session=None)


def test_failures_of_the_first_read(client, shop):
    """Only an unknown sku is an answer; a shop that fails is a failure."""
    shop.fault("text500", "/rest/all/V1/products/MCP-001", count=1)
    refused = client.refused(CHECK, "MAGENTO_API_ERROR", {"sku": "MCP-001"})
    assert "500" in refused.message
    shop.fault("text500", "/rest/all/V1/products/MCP-001", count=1)
    client.refused(SALABLE, "MAGENTO_API_ERROR", {"sku": "MCP-001"})


# ---- inventory_salable_report ----


def test_two_stocks(client, office):
    stock = add_stock(office)
    put_in_source(office, "MCP-001", "dub", 25.5)
    report = client.ok(SALABLE, {"sku": "mcp-001"})
    assert (report["sku"], report["type_id"], report["msi"], report["salable_quantity"]) == ("MCP-001", "simple", True, 125.5)
    assert {(item["source_code"], item["quantity"]) for item in report["source_items"]} == {("default", 100), ("dub", 25.5)}
    base, eu = report["websites"]
    assert (base["website_code"], base["stock_id"], base["salable_quantity"], base["assigned"]) == ("base", 1, 100, True)
    assert (eu["website_code"], eu["stock_id"], eu["stock_name"], eu["assigned"]) == ("eu", stock, "EU stock", False)
    assert eu["sources"] == [{"source_code": "dub", "enabled": True, "quantity": 25.5, "status": 1}]
    assert report["notes"] == [] and "unavailable" not in report and "children" not in report


def test_one_website(client, office, shop):
    add_stock(office)
    report = client.ok(SALABLE, {"sku": "MCP-001", "website_code": "eu"})
    assert [entry["website_code"] for entry in report["websites"]] == ["eu"]
    assert report["salable_quantity"] == 0
    assert not paths(shop, "stock-resolver/website/base")
    assert client.refused(SALABLE, "VALIDATION_ERROR", {"sku": "MCP-001", "website_code": "nope"}).details[0]["allowed"] == [
        "base", "eu"]


def test_shared_stock_counts_once(client):
    assert client.ok(SALABLE, {"sku": "MCP-001"})["salable_quantity"] == 100


def test_notes(client, office):
    add_stock(office, enabled=False)
    put_in_source(office, "MCP-001", "dub", 25)
    office.ask("POST", "/rest/all/V1/inventory/sources", {"source": {
        "source_code": "attic", "name": "attic", "enabled": True, "country_id": "IE", "postcode": "D01"}})
    put_in_source(office, "MCP-001", "attic", 5)
    notes = client.ok(SALABLE, {"sku": "MCP-001"})["notes"]
    assert any("source dub is disabled" in note for note in notes)
    assert any("source attic belongs to no website's stock" in note for note in notes)


def test_configurable_report(client, shop):
    report = client.ok(SALABLE, {"sku": "CONF-1"})
    assert report["salable_quantity"] is None
    assert [child["sku"] for child in report["children"]] == ["CONF-1-S", "CONF-1-M"]
    assert all(child["stocks"][0]["salable_quantity"] == 100 and child["stocks"][0]["salable"] for child in report["children"])
    assert len(paths(shop, "are-products-salable")) == 1  # one question for parent and children
    assert not any(path.endswith("/CONF-1/1") for path in paths(shop, "get-product-salable-quantity"))


def test_part_that_fails(client, shop):
    shop.fault("text500", "/rest/all/V1/inventory/get-product-salable-quantity")
    report = client.ok(SALABLE, {"sku": "MCP-001"})
    assert report["salable_quantity"] is None
    assert report["websites"][0]["salable"] is True and "500" in report["websites"][0]["error"]
    assert report["unavailable"][0]["part"] == "stock 1: quantity MCP-001"


def test_many_sources(client, office, shop):
    """More than one page of source items, also where only small pages are allowed."""
    for i in range(130):
        office.ask("POST", "/rest/all/V1/inventory/sources", {"source": {
            "source_code": f"s{i}", "name": f"s{i}", "enabled": True, "country_id": "IE", "postcode": "D01"}})
    office.ask("POST", "/rest/all/V1/inventory/source-items", {"sourceItems": [
        {"sku": "MCP-001", "source_code": f"s{i}", "quantity": i, "status": 1} for i in range(130)]})
    assert len(client.ok(SALABLE, {"sku": "MCP-001"})["source_items"]) == 131
    shop.settings(max_page_size=30)
    report = client.ok(SALABLE, {"sku": "MCP-001"})
    assert len({item["source_code"] for item in report["source_items"]}) == 131 and "unavailable" not in report


def test_small_pages_only(client, shop):
    shop.settings(max_page_size=1)
    assert outcome(check(client, "MCP-002"), "category") == {"default": True}


def test_unknown_sku_of_the_report(client):
    refused = client.refused(SALABLE, "NOT_FOUND", {"sku": "NOPE"})
    assert "catalog_search_products" in refused.message


# ---- indexer_status_report ----


def test_stock_magento_has_no_indexer_route(start, shop, era):
    """The miss is remembered: the shop is asked once."""
    client = era(start(workers=1))
    client.login()
    for _ in range(3):
        report = client.ok(INDEXERS)
        assert (report["available"], report["indexers"], report["total"]) == (False, [], 0)
        assert report["message"].startswith("This Magento does not offer indexer status over REST.")
    assert paths(shop, "indexer") == ["/rest/all/V1/indexer/status"]


def test_shop_with_the_route(start, shop, era):
    shop.settings(indexer_route=True)
    client = era(start(workers=1))
    client.login()
    report = client.ok(INDEXERS)
    assert (report["available"], report["total"], report["valid"], report["invalid"]) == (True, 9, 7, 1)
    assert report["needs_reindex"] == [{"indexer_id": "catalog_product_price", "title": "Product Price", "status": "invalid"}]
    assert report["indexers"][0]["mode"] == "Update on Save"


def test_route_of_another_name(start, shop, era):
    client = era(start(sections={"optional_routes": {"indexer_status": "/V1/store/websites"}}, workers=1))
    client.login()
    report = client.ok(INDEXERS)
    assert report["available"] is False and "not_json" in report["message"]


def test_route_switched_off(start, shop, era):
    shop.settings(indexer_route=True)
    client = era(start(sections={"optional_routes": {"indexer_status": ""}}, workers=1))
    client.login()
    assert client.ok(INDEXERS)["available"] is False
    assert not paths(shop, "indexer")


def test_route_that_is_not_allowed(start, shop, era):
    """401 is a missing permission, not a missing route."""
    client = era(start(sections={"optional_routes": {"indexer_status": "/V1/store/storeConfigs"}}, workers=1))
    client.login(**LIMITED_OAUTH)
    refused = client.refused(INDEXERS, "FORBIDDEN")
    assert "Magento_Backend::store" in refused.message
