"""The two pricing tools: new prices planned, warned about, and written in bulk."""

import concurrent.futures
import time

import pytest

from backoffice import Backoffice
from harness.client import Modern
from harness.places import ADMIN, LIMITED_OAUTH, READER_OAUTH, at_a_pace, poll
from harness.process import Server
from harness.shop import Shop

GLOBAL = {"scope": "global"}
OK = {"confirm": True, "reason": "test"}
PREPARE = "pricing_prepare_bulk_price_update"
COMMIT = "pricing_commit_bulk_price_update"
BASE, SPECIAL, DELETE = "/products/base-prices", "/products/special-price", "/products/special-price-delete"


@pytest.fixture
def office(shop):
    return Backoffice(shop)


def skus(*names):
    return {"sku_list": list(names)}


def prepare(client, match, updates, scope=GLOBAL, **more):
    return client.ok(PREPARE, {"match": match, "price_updates": updates, "scope": scope, **more})


def prepare_items(client, items, scope=GLOBAL, **more):
    return client.ok(PREPARE, {"items": items, "scope": scope, **more})


def commit(client, plan, **more):
    return client.ok(COMMIT, {"plan_id": plan["plan_id"], **OK, **more})


def changes(plan):
    return {diff["sku"]: diff["changes"] for diff in plan["sample_diffs"]}


def posts(shop, path):
    return [entry for entry in shop.requests() if entry["method"] == "POST" and entry["path"].endswith("/V1" + path)]


def puts(shop):
    return [entry["path"] for entry in shop.requests() if entry["method"] == "PUT"]


def special(product):
    return tuple(product.get(name) for name in ("special_price", "special_from_date", "special_to_date"))


# ---- prepare ----


@pytest.mark.parametrize("form", ["wrapped", "flat"])
def test_prepare(server, shop, office, form, era):
    client = era(server, form=form)
    client.login()
    office.set_product("MCP-001", price=10)
    office.set_product("MCP-002", price=20)
    office.set_product("MCP-003", price=12)
    written = shop.control("GET", "writes")["total"]
    plan = prepare(client, skus("MCP-001", "mcp-002", "MCP-003"), {"price": 12})
    assert changes(plan) == {"MCP-001": {"price": {"from": 10, "to": 12}}, "MCP-002": {"price": {"from": 20, "to": 12}}}
    assert (plan["affected_count"], plan["write_count"], plan["unchanged_count"]) == (2, 2, 1)
    assert plan["effective_scopes"] == [{"scope": "all", "fields": ["price"], "store_views": []}]
    assert plan["summary"] == {"min_change_pct": -40, "max_change_pct": 20, "total_before": 30, "total_after": 24}
    assert plan["warnings"] == [] and plan["commit_tool"] == COMMIT and COMMIT in plan["message"]
    assert shop.control("GET", "writes")["total"] == written


def test_prepare_nothing_to_do(client, office):
    office.set_product("MCP-001", price=10)
    plan = prepare(client, skus("MCP-001"), {"price": 10, "special_price": None})
    assert (plan["affected_count"], plan["unchanged_count"]) == (0, 1) and "plan_id" not in plan and "summary" not in plan


def test_prepare_own_values(client, office):
    for sku, price in (("MCP-001", 10), ("MCP-002", 20), ("WS/12-SLASH", 5)):
        office.set_product(sku, price=price)
    plan = prepare_items(client, [
        {"sku": "mcp-001", "price": 11}, {"sku": "WS/12-SLASH", "special_price": 4, "special_to_date": "2035-01-01"},
        {"sku": "NOPE", "price": 1}])
    assert changes(plan) == {
        "MCP-001": {"price": {"from": 10, "to": 11}},
        "WS/12-SLASH": {"special_price": {"from": None, "to": 4}, "special_to_date": {"from": None, "to": "2035-01-01 00:00:00"}}}
    assert plan["not_found_skus"] == ["NOPE"] and any("not_found_skus" in warning for warning in plan["warnings"])


@pytest.mark.parametrize("adjust,price", [
    ({"percent": 10}, 36.66),                           # 36.663
    ({"percent": -15}, 28.33),                          # 28.3305
    ({"amount": 1.005}, 34.34),                         # 34.335
    ({"percent": 5, "round_to": 0.05}, 35),
    ({"percent": 5, "ending": 0.99}, 34.99),
    ({"percent": 20, "round_to": 10, "ending": 0.99}, 39.99),
])
def test_prepare_adjust(client, office, adjust, price):
    office.set_product("MCP-001", price=33.33)
    plan = prepare(client, skus("MCP-001"), {"adjust": {"target": "price", **adjust}})
    assert changes(plan)["MCP-001"]["price"]["to"] == price
    plan = prepare(client, skus("MCP-001"), {"price": 40, "adjust": {"target": "special_price", **adjust}})
    assert changes(plan)["MCP-001"] == {"price": {"from": 33.33, "to": 40}, "special_price": {"from": None, "to": price}}


def test_prepare_skips(client, office):
    """What has no price of its own, what would fall below 0, a period without a special price or turned round."""
    office.set_product("MCP-001", price=5)
    office.set_product("MCP-002", price=50)
    office.set_product("MCP-003", price=9, custom={"special_price": "8", "special_from_date": "2030-01-01 00:00:00"})
    plan = prepare(client, skus("CONF-1", "MCP-001", "MCP-002"), {"adjust": {"target": "price", "amount": -10}})
    assert plan["affected_count"] == 1
    assert {row["sku"]: row["reason"] for row in plan["skipped"]} == {
        "CONF-1": "Its price comes from its children.", "MCP-001": "The adjusted price would be below 0."}
    plan = prepare(client, skus("MCP-001", "MCP-003"), {"special_to_date": "2029-01-01"})
    assert plan["affected_count"] == 0 and "plan_id" not in plan
    assert {row["sku"]: row["reason"] for row in plan["skipped"]} == {
        "MCP-001": "It has no special price, so there is no period to change.",
        "MCP-003": "Its special price would end before it begins."}


def test_prepare_warnings(client, office):
    for n, price in enumerate((10, 10, 0), 1):
        office.set_product(f"MCP-00{n}", price=price)

    def warnings(*updates):
        items = [{"sku": f"MCP-00{n}", **update} for n, update in enumerate(updates, 1) if update]
        return prepare_items(client, items)["warnings"]

    assert warnings({"price": 15}, {"price": 5}) == []
    assert warnings({"price": 99}, {"price": 4}) == [
        "2 products: price change over 50 %; largest: MCP-001 10.00 \u2192 99.00"]
    assert "0 now" in warnings({}, {}, {"price": 5})[0]
    assert any("sold for nothing" in text for text in warnings({"special_price": 0}))
    assert any("not below" in text for text in warnings({"special_price": 10}))
    assert any("already over" in text for text in warnings({"special_price": 9, "special_to_date": "2020-01-01"}))
    many = prepare(client, {"sku_prefix": "MCP-"}, {"adjust": {"target": "price", "amount": 0.01}})
    assert f"{many['affected_count']} products would change." in many["warnings"] and many["affected_count"] > 100


def test_prepare_scope(client, office):
    """Prices are global in a stock shop: a narrower scope is met globally, and said so."""
    office.set_product("MCP-001", price=10)
    plan = prepare(client, skus("MCP-001"), {"price": 11}, scope={"store_view_code": "de"})
    assert plan["effective_scopes"] == [{"scope": "all", "fields": ["price"], "store_views": []}]
    assert plan["warnings"] == ["price is global: this changes the price in every store."]
    params = {"match": skus("MCP-001"), "price_updates": {"price": 11}}
    assert client.refused(PREPARE, "VALIDATION_ERROR", params).message.startswith("Say where to write")
    client.refused(PREPARE, "VALIDATION_ERROR", {**params, "scope": {"website_code": "nope"}})


@pytest.mark.parametrize("params,path", [
    ({}, "params"),
    ({"match": {"sku_prefix": "A"}}, "params.price_updates"),
    ({"match": {}, "price_updates": {"price": 1}}, "params.match"),
    ({"match": {"sku_prefix": "A"}, "price_updates": {}}, "params.price_updates"),
    ({"match": {"sku_prefix": "A"}, "price_updates": {"price": -1}}, "params.price_updates.price"),
    ({"match": {"sku_prefix": "A"}, "price_updates": {"price": "5"}}, "params.price_updates.price"),
    ({"match": {"sku_prefix": "A"}, "price_updates": {"price": None}}, "params.price_updates.price"),
    ({"match": {"sku_prefix": "A"}, "price_updates": {"price": 1.23456}}, "params.price_updates.price"),
    ({"match": {"sku_prefix": "A"}, "price_updates": {"price": 100000000}}, "params.price_updates.price"),
    ({"match": {"sku_prefix": "A"}, "price_updates": {"special_to_date": "2026-02-30"}}, "params.price_updates.special_to_date"),
    ({"match": {"sku_prefix": "A"}, "price_updates": {"special_to_date": "2026-02-03T00:00:00"}},
     "params.price_updates.special_to_date"),
    ({"match": {"sku_prefix": "A"}, "price_updates": {"special_from_date": "2026-02-03", "special_to_date": "2026-02-02"}},
     "params.price_updates.special_to_date"),
    ({"match": {"sku_prefix": "A"}, "price_updates": {"adjust": {"target": "cost", "percent": 1}}},
     "params.price_updates.adjust.target"),
    ({"match": {"sku_prefix": "A"}, "price_updates": {"adjust": {"target": "price", "percent": 501}}},
     "params.price_updates.adjust.percent"),
    ({"match": {"sku_prefix": "A"}, "price_updates": {"adjust": {"target": "price", "percent": 1, "amount": 1}}},
     "params.price_updates.adjust"),
    ({"match": {"sku_prefix": "A"}, "price_updates": {"price": 1, "adjust": {"target": "price", "percent": 1}}},
     "params.price_updates.adjust"),
    ({"items": []}, "params.items"),
    ({"items": [{"sku": "A"}]}, "params.items[0]"),
    ({"items": [{"sku": "A", "price": 1}, {"sku": "a", "price": 2}]}, "params.items"),
    ({"items": [{"sku": "A", "price": 1}], "price_updates": {"price": 1}}, "params.price_updates"),
])
def test_parameters_are_checked(client, shop, params, path):
    asked = len(shop.requests())
    refused = client.refused(PREPARE, "VALIDATION_ERROR", {**params, "scope": GLOBAL})
    assert path in [entry["path"] for entry in refused.details], refused
    assert len(shop.requests()) == asked, "refused without asking the shop"


def test_cap(start, shop, era):
    client = era(start({"guardrails": {"max_skus_per_bulk": 2}}))
    client.login()
    asked = len(shop.requests())
    items = [{"sku": f"MCP-00{n}", "price": 1} for n in range(1, 4)]
    refused = client.refused(PREPARE, "BULK_CAP_EXCEEDED", {"items": items, "scope": GLOBAL})
    assert refused.details == {"count": 3, "cap": 2, "setting": "guardrails.max_skus_per_bulk"}
    assert len(shop.requests()) == asked
    client.refused(PREPARE, "BULK_CAP_EXCEEDED", {"match": {"sku_prefix": "MCP-"}, "price_updates": {"price": 1}, "scope": GLOBAL})


def test_none_found(client):
    client.refused(PREPARE, "NOT_FOUND", {"items": [{"sku": "NOPE", "price": 1}], "scope": GLOBAL})
    refused = client.refused(PREPARE, "VALIDATION_ERROR", {"match": {"sku_prefix": "NOPE"}, "price_updates": {"price": 1}, "scope": GLOBAL})
    assert refused.message == "The match selects no product."


# ---- commit ----


AWKWARD = ["WS/12-SLASH", "SP ACE 01", "PCT-50%", "CAF\u00c9-\u00fcn\u00ef", "PLUS+1", "A&B#1?x", "COMMA,1", "quo\"te'1", "VIRT-1"]


def test_commit(client, shop, office):
    plan = prepare(client, skus(*AWKWARD), {"adjust": {"target": "price", "percent": 10}})
    done = commit(client, plan)
    assert (done["status"], done["success_count"], done["error_count"]) == ("completed", len(AWKWARD), 0)
    assert [office.product(sku)["price"] for sku in AWKWARD] == [5.5] * 8 + [55]
    assert len(posts(shop, BASE)) == 1 and puts(shop) == []
    assert all(entry["path"].startswith("/rest/all/V1/") for entry in posts(shop, BASE))


def test_commit_special_price(client, shop, office):
    """Set, re-dated without losing the other values, and removed: no row of it is left."""
    office.set_product("MCP-001", price=10)
    plan = prepare(client, skus("MCP-001"), {"special_price": 8, "special_from_date": "2026-01-01", "special_to_date": "2030-06-30 23:59:59"})
    assert commit(client, plan)["status"] == "completed"
    assert special(office.product("MCP-001")) == ("8.000000", "2026-01-01 00:00:00", "2030-06-30 23:59:59")
    plan = prepare(client, skus("MCP-001"), {"special_to_date": "2031-01-01"})
    assert changes(plan)["MCP-001"] == {"special_to_date": {"from": "2030-06-30 23:59:59", "to": "2031-01-01 00:00:00"}}
    assert commit(client, plan)["status"] == "completed"
    assert special(office.product("MCP-001")) == ("8.000000", "2026-01-01 00:00:00", "2031-01-01 00:00:00")
    plan = prepare(client, skus("MCP-001"), {"special_price": None})
    assert changes(plan)["MCP-001"] == {"special_price": {"from": 8, "to": None},
                                        "special_from_date": {"from": "2026-01-01 00:00:00", "to": None},
                                        "special_to_date": {"from": "2031-01-01 00:00:00", "to": None}}
    assert commit(client, plan)["status"] == "completed"
    assert special(office.product("MCP-001")) == (None, None, None)
    assert (len(posts(shop, SPECIAL)), len(posts(shop, DELETE)), puts(shop)) == (2, 1, ["/rest/all/V1/products/MCP-001"])


def test_commit_both_prices(client, shop, office):
    office.set_product("MCP-001", price=10)
    plan = prepare(client, skus("MCP-001"), {"price": 20, "special_price": 15})
    assert commit(client, plan)["success_count"] == 1
    product = office.product("MCP-001")
    assert (product["price"], product["special_price"]) == (20, "15.000000")


def test_clearing_a_date(client, office):
    """Magento puts today's date where none is given: what the route cannot do is done by a PUT."""
    office.set_product("MCP-001", price=10, custom={
        "special_price": "8", "special_from_date": "2026-01-01 00:00:00", "special_to_date": "2030-01-01 00:00:00"})
    plan = prepare(client, skus("MCP-001"), {"special_from_date": None, "special_to_date": None})
    assert commit(client, plan)["status"] == "completed"
    assert special(office.product("MCP-001")) == ("8.000000", None, None)


def test_dates_of_an_old_special_price_stay(client, shop, office):
    """A special price that was taken away left its dates: a new one does not clear what was not spoken of."""
    dates = {"special_from_date": "2026-01-01 00:00:00", "special_to_date": "2031-01-01 00:00:00"}
    for sku in ("MCP-001", "MCP-002", "MCP-003"):
        office.set_product(sku, price=10, custom={**dates, "special_price": "9"})
        office.set_product(sku, custom={"special_price": None})
        assert special(office.product(sku)) == (None, *dates.values())
    plan = prepare_items(client, [{"sku": "MCP-001", "special_price": 8},
                                  {"sku": "MCP-002", "special_price": 8, "special_to_date": "2032-01-01"},
                                  {"sku": "MCP-004", "special_price": 1, "special_from_date": "2026-05-05"}])
    done = commit(client, plan)
    assert (done["status"], done["success_count"], done["conflict_count"]) == ("completed", 3, 0), done
    assert special(office.product("MCP-001")) == ("8.000000", *dates.values())
    assert special(office.product("MCP-002")) == ("8.000000", dates["special_from_date"], "2032-01-01 00:00:00")
    assert special(office.product("MCP-004")) == ("1.000000", "2026-05-05 00:00:00", None)
    assert (len(posts(shop, SPECIAL)), puts(shop)[6:]) == (1, [])
    assert client.ok("catalog_prepare_bulk_update", {"match": skus("MCP-003"), "updates": {"special_price": 7},
                                                     "scope": GLOBAL})["affected_count"] == 1


# ---- prices of websites ----


@pytest.fixture
def websites(shop):
    """The shop keeps prices per website: base with the views default and de, eu with eu_en."""
    shop.settings(website_prices=True)
    return shop


VIEWS = ("all", "default", "de", "eu_en")


def prices(office, sku, name="price"):
    return [office.product(sku, view).get(name) for view in VIEWS]


def test_price_of_a_website(client, websites, office):
    for sku in ("MCP-001", "MCP-002"):
        office.set_product(sku, price=10)
    plan = prepare(client, skus("MCP-001", "MCP-002"), {"price": 12}, scope={"website_code": "base"})
    assert plan["effective_scopes"] == [{"scope": "default", "fields": ["price"], "store_views": ["default", "de"]}]
    assert plan["warnings"] == [] and plan["write_count"] == 2
    done = commit(client, plan)
    assert (done["status"], done["success_count"]) == ("completed", 2), done
    assert prices(office, "MCP-001") == prices(office, "MCP-002") == [10, 12, 12, 10]
    assert len(posts(websites, BASE)) == 1
    assert websites.control("GET", "writes")["products"]["MCP-002"]["body"] == {"sku": "MCP-002", "store_id": 1, "price": 12}
    again = prepare(client, skus("MCP-001"), {"price": 12}, scope={"website_code": "base"})
    assert (again["affected_count"], again["unchanged_count"]) == (0, 1)


def test_price_by_store_view(client, websites, office):
    """A view's price is its website's: the plan says so."""
    office.set_product("MCP-001", price=10)
    plan = prepare(client, skus("MCP-001"), {"adjust": {"target": "price", "percent": 10}}, scope={"store_view_code": "de"})
    assert plan["effective_scopes"] == [{"scope": "default", "fields": ["price"], "store_views": ["default", "de"]}]
    assert plan["warnings"] == ["price has one value per website: this changes it in all store views of the website."]
    assert commit(client, plan)["success_count"] == 1
    assert prices(office, "MCP-001") == [10, 11, 11, 10]
    plan = prepare(client, skus("MCP-001"), {"price": 20}, scope={"store_view_code": "eu_en"})
    assert plan["warnings"][0].startswith("1 product") and changes(plan)["MCP-001"] == {"price": {"from": 10, "to": 20}}
    assert commit(client, plan)["success_count"] == 1
    assert prices(office, "MCP-001") == [10, 11, 11, 20]


def test_global_price_beside_those_of_websites(client, websites, office):
    office.set_product("MCP-001", price=10)
    office.set_product("MCP-001", view="eu_en", price=15)
    plan = prepare(client, skus("MCP-001"), {"price": 11})
    assert plan["effective_scopes"] == [{"scope": "all", "fields": ["price"], "store_views": []}]
    assert commit(client, plan)["success_count"] == 1
    assert prices(office, "MCP-001") == [11, 11, 11, 15]


def test_drift_is_judged_by_the_website(client, websites, office):
    for sku in ("MCP-001", "MCP-002"):
        office.set_product(sku, price=10)
        office.set_product(sku, view="default", price=12)
    plan = prepare(client, skus("MCP-001", "MCP-002"), {"price": 13}, scope={"website_code": "base"})
    office.set_product("MCP-001", price=50)  # of all stores, and of the other website: not what is written
    office.set_product("MCP-001", view="eu_en", price=60)
    office.set_product("MCP-002", view="de", price=70)
    done = commit(client, plan)
    assert (done["success_count"], done["conflict_count"]) == (1, 1)
    assert done["conflicts"][0]["sku"] == "MCP-002" and done["conflicts"][0]["scope"] == "default"
    assert prices(office, "MCP-001") == [50, 13, 13, 60]
    assert prices(office, "MCP-002") == [10, 70, 70, 10]


def test_special_price_of_a_website(client, websites, office):
    """Set, re-dated and removed for one website; the one of all stores stays."""
    eu = {"website_code": "eu"}
    office.set_product("MCP-001", price=10, custom={"special_price": "9", "special_from_date": "2026-01-01 00:00:00"})
    plan = prepare(client, skus("MCP-001"), {"special_price": 8, "special_to_date": "2030-01-01"}, scope=eu)
    assert {row["scope"] for row in plan["effective_scopes"]} == {"eu_en"}
    assert commit(client, plan)["success_count"] == 1
    assert prices(office, "MCP-001", "special_price") == ["9.000000"] * 3 + ["8.000000"]
    assert special(office.product("MCP-001", "eu_en")) == ("8.000000", "2026-01-01 00:00:00", "2030-01-01 00:00:00")
    plan = prepare(client, skus("MCP-001"), {"special_to_date": "2031-01-01"}, scope=eu)
    assert commit(client, plan)["success_count"] == 1
    assert special(office.product("MCP-001", "eu_en")) == ("8.000000", "2026-01-01 00:00:00", "2031-01-01 00:00:00")
    assert special(office.product("MCP-001")) == ("9.000000", "2026-01-01 00:00:00", None)
    assert prices(office, "MCP-001") == [10] * 4


def test_removing_a_special_price_of_a_website(client, websites, office):
    eu = {"website_code": "eu"}
    office.set_product("MCP-001", price=10)
    assert commit(client, prepare(client, skus("MCP-001"), {"special_price": 8}, scope=eu))["success_count"] == 1
    assert prices(office, "MCP-001", "special_price") == [None] * 3 + ["8.000000"]
    done = commit(client, prepare(client, skus("MCP-001"), {"special_price": None}, scope=eu))
    assert done["success_count"] == 1, done
    assert prices(office, "MCP-001", "special_price") == [None] * 4


def test_a_website_does_not_remove_the_special_price_of_all(client, websites, office):
    """A website inherits it: there is nothing of its own to take away, and the others keep theirs."""
    office.set_product("MCP-001", price=10, custom={"special_price": "9", "special_from_date": "2026-01-01 00:00:00"})
    plan = prepare(client, skus("MCP-001"), {"special_price": None}, scope={"website_code": "eu"})
    done = commit(client, plan)
    assert (done["success_count"], done["error_count"]) == (0, 1), done
    assert "did not store special_price" in done["errors"][0]["error"]
    assert prices(office, "MCP-001", "special_price") == ["9.000000"] * 4
    assert posts(websites, DELETE) == []


def test_role_without_bulk_routes_prices_a_website(server, websites, office, era):
    """By PUTs through a view of the website."""
    client = era(server)
    client.login(base_url=websites.url, **READER_OAUTH)
    office.set_product("MCP-001", price=10)
    plan = prepare(client, skus("MCP-001"), {"price": 12}, scope={"store_view_code": "eu_en"})
    assert commit(client, plan)["success_count"] == 1
    assert prices(office, "MCP-001") == [10, 10, 10, 12]
    assert puts(websites)[1:] == ["/rest/eu_en/V1/products/MCP-001"]


@pytest.mark.parametrize("per_website", (True, False), ids=("per website", "global"))
def test_role_that_may_not_read_the_scope_of_prices(server, shop, office, era, per_website):
    """Whatever the shop has, the price lands as narrowly as the shop allows, and the plan tells what is not known."""
    shop.settings(website_prices=per_website)
    client = era(server)
    client.login(base_url=shop.url, **LIMITED_OAUTH)
    office.set_product("MCP-001", price=10)
    office.set_product("MCP-002", price=10)
    eu = {"store_view_code": "eu_en"}
    plan = prepare(client, skus("MCP-001"), {"price": 12}, scope=eu)
    assert [row["scope"] for row in plan["effective_scopes"]] == ["eu_en"]
    assert any("every store" in warning for warning in plan["warnings"])
    assert commit(client, plan)["success_count"] == 1
    assert prices(office, "MCP-001") == ([10, 10, 10, 12] if per_website else [12] * 4)
    plan = client.ok("catalog_prepare_bulk_update", {"match": skus("MCP-002"), "updates": {"price": 11}, "scope": eu})
    assert [row["scope"] for row in plan["effective_scopes"]] == ["eu_en"]
    assert any("price is global" in warning for warning in plan["warnings"])
    done = client.ok("catalog_commit_bulk_update", {"plan_id": plan["plan_id"], **OK})
    assert done["success_count"] == 1, done
    assert prices(office, "MCP-002") == ([10, 10, 10, 11] if per_website else [11] * 4)


def test_commit_meets_other_peoples_changes(client, shop, office):
    for n in range(1, 5):
        office.set_product(f"MCP-00{n}", price=10)
    plan = prepare(client, skus("MCP-001", "MCP-002", "MCP-003", "MCP-004"), {"price": 12})
    office.set_product("MCP-001", price=99)
    office.set_product("MCP-002", price=12)
    office.ask("DELETE", "/rest/all/V1/products/MCP-003")
    done = commit(client, plan)
    assert done["status"] == "completed_with_errors"
    assert (done["success_count"], done["unchanged_count"], done["conflict_count"], done["error_count"]) == (2, 1, 1, 1)
    assert done["conflicts"][0]["sku"] == "MCP-001"
    assert done["conflicts"][0]["changes"] == {"price": {"planned_from": 10, "found": 99, "to": 12}}
    assert (done["errors"][0]["sku"], done["errors"][0]["code"]) == ("MCP-003", "NOT_FOUND")
    assert (office.product("MCP-001")["price"], office.product("MCP-004")["price"]) == (99, 12)
    assert not office.get("/rest/all/V1/products?searchCriteria[filter_groups][0][filters][0][field]=sku"
                          "&searchCriteria[filter_groups][0][filters][0][value]=MCP-003")["items"]


def test_commit_by_force(client, office):
    office.set_product("MCP-001", price=10)
    plan = prepare(client, skus("MCP-001"), {"price": 12})
    office.set_product("MCP-001", price=99)
    assert commit(client, plan, force=True)["success_count"] == 1
    assert office.product("MCP-001")["price"] == 12


def test_commit_confirmation_and_key(client, shop, office, key):
    office.set_product("MCP-001", price=10)
    plan = prepare(client, skus("MCP-001"), {"price": 12})
    client.refused(COMMIT, "CONFIRMATION_REQUIRED", {"plan_id": plan["plan_id"]})
    first = commit(client, plan, idempotency_key=key("key-p"))
    assert commit(client, plan, idempotency_key=key("key-p")) == {**first, "replayed": True}
    client.refused(COMMIT, "PLAN_NOT_FOUND", {"plan_id": plan["plan_id"], **OK})
    client.refused("cms_commit_bulk_update_pages", "PLAN_NOT_FOUND", {"plan_id": plan["plan_id"], **OK})
    assert len(posts(shop, BASE)) == 1


def test_list_limit(client, shop, office):
    """A shop whose administrator allows lists of three: the rows come in pieces, and all of them arrive."""
    names = [f"MCP-{n:03}" for n in range(1, 11)]
    plan = prepare(client, skus(*names), {"price": 77, "special_price": 70})
    shop.settings(max_list_items=3)
    done = commit(client, plan)
    shop.settings(max_list_items=0)
    assert (done["status"], done["success_count"]) == ("completed", 10)
    assert {office.product(sku)["price"] for sku in names} == {77}
    assert len(posts(shop, BASE)) == 5  # one too long, four pieces


def test_role_without_bulk_routes(server, shop, office, era):
    """A role with Magento_Catalog::products only: the same prices by PUTs, one per product."""
    client = era(server)
    client.login(base_url=shop.url, **LIMITED_OAUTH)
    office.set_product("MCP-002", price=10, custom={"special_price": "8", "special_to_date": "2030-01-01 00:00:00"})
    office.set_product("WS/12-SLASH", price=10)
    plan = prepare_items(client, [{"sku": "WS/12-SLASH", "price": 11, "special_price": 9}, {"sku": "MCP-002", "special_price": None}])
    assert any("taken as global" in warning for warning in plan["warnings"])
    before = len(puts(shop))
    done = commit(client, plan)
    assert (done["status"], done["success_count"]) == ("completed", 2), done
    assert (office.product("WS/12-SLASH")["price"], office.product("WS/12-SLASH")["special_price"]) == (11, "9.000000")
    assert special(office.product("MCP-002")) == (None, None, None)
    assert sorted(puts(shop)[before:]) == ["/rest/all/V1/products/MCP-002", "/rest/all/V1/products/WS%2F12-SLASH"]


def test_prices_that_cannot_be_read(start, shop, office, era):
    """Without the present prices nothing is written; the plan is kept and carried out later."""
    client = era(start(workers=1))
    client.login()
    office.set_product("MCP-001", price=10)
    office.set_product("MCP-002", price=10)
    plan = prepare(client, skus("MCP-001", "MCP-002"), {"price": 12})
    shop.fault("html", "/rest/all/V1/products/base-prices-information", method="POST", status=400)
    done = commit(client, plan)
    assert (done["status"], done["pending_count"]) == ("interrupted", 2)
    shop.heal()
    assert office.product("MCP-001")["price"] == 10 and not posts(shop, BASE)
    assert commit(client, plan)["status"] == "completed"
    assert office.product("MCP-001")["price"] == 12


def test_a_list_that_is_refused(client, shop, office):
    """An error of each of its products; what stands in other lists is not touched by it."""
    for n in range(1, 4):
        office.set_product(f"MCP-00{n}", price=10, custom={"special_price": "8"})
    plan = prepare_items(client, [{"sku": "MCP-001", "special_price": None}, {"sku": "MCP-002", "special_price": None},
                                  {"sku": "MCP-003", "special_price": 7}])
    shop.fault("status", "/rest/all/V1/products/special-price-delete", method="POST", status=400)
    done = commit(client, plan)
    assert (done["success_count"], done["error_count"]) == (1, 2)
    assert {row["sku"] for row in done["errors"]} == {"MCP-001", "MCP-002"}
    assert {row["code"] for row in done["errors"]} == {"MAGENTO_API_ERROR"}
    assert office.product("MCP-003")["special_price"] == "7.000000"
    assert office.product("MCP-001")["special_price"] == "8.000000"


@pytest.mark.parametrize("route, field", [(BASE, "price"), (SPECIAL, "special_price")])
def test_rows_that_magento_refuses(client, shop, office, route, field):
    """A list in which some rows fail answers 200: the error stands at its product, the other rows are written."""
    names = ["MCP-001", "MCP-002", "MCP-003", "MCP-004"]
    done = {}

    def attempt(ms):
        shop.reset()
        for sku in names:
            office.set_product(sku, price=10)
        plan = prepare(client, skus(*names), {field: 7})
        shop.fault("latency", "/rest/all/V1" + route, method="POST", ms=1, count=1)  # the reading of present values
        shop.fault("latency", "/rest/all/V1" + route, method="POST", ms=ms, count=1)  # the list
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            began = time.monotonic()
            running = pool.submit(commit, client, plan)
            poll(lambda: posts(shop, route), "the list is on its way")
            for sku in ("MCP-002", "MCP-004"):
                office.ask("DELETE", f"/rest/all/V1/products/{sku}")
            was_in_time = time.monotonic() - began < ms / 1000
            done.update(running.result())
        return was_in_time

    at_a_pace(attempt, 1500)
    assert (done["status"], done["success_count"], done["error_count"]) == ("completed_with_errors", 2, 2), done
    assert {row["sku"] for row in done["errors"]} == {"MCP-002", "MCP-004"}
    assert all("%" not in row["error"] for row in done["errors"]), done["errors"]
    assert [float(office.product(sku)[field]) for sku in ("MCP-001", "MCP-003")] == [7, 7]
    assert len(posts(shop, route)) == 1 and puts(shop)[-1:] == ["/rest/all/V1/products/MCP-004"], "nothing was sent again"


AWKWARD_IN_LISTS = ["WS/12-SLASH", "SP ACE 01", "PCT-50%", "CAFÉ-ünï", "PLUS+1", "A&B#1?x", "COMMA,1", "quo\"te'1", "MixedCase-1"]


@pytest.mark.parametrize("login", [{}, ADMIN], ids=["oauth", "bearer"])
def test_awkward_skus_in_lists(server, shop, office, login, era):
    client = era(server)
    client.login(**login)
    for sku in AWKWARD_IN_LISTS:
        office.set_product(sku, price=10)
    done = commit(client, prepare(client, skus(*AWKWARD_IN_LISTS), {"price": 12, "special_price": 8}))
    assert (done["status"], done["success_count"]) == ("completed", len(AWKWARD_IN_LISTS)), done
    assert [(office.product(sku)["price"], float(office.product(sku)["special_price"])) for sku in AWKWARD_IN_LISTS] == \
        [(12, 8)] * len(AWKWARD_IN_LISTS)


def test_a_list_whose_answer_is_lost(start, shop, office, era):
    """Carried out, and then the answer goes wrong: the values are read, nothing is written again."""
    client = era(start(workers=1))
    client.login()
    office.set_product("MCP-001", price=10, custom={"special_price": "8"})
    plan = prepare(client, skus("MCP-001"), {"special_price": None})
    shop.fault("text500", "/rest/all/V1/products/special-price-delete", method="POST", after=True)
    done = commit(client, plan)
    assert (done["status"], done["success_count"]) == ("completed", 1)
    assert len(posts(shop, DELETE)) == 1
    assert special(office.product("MCP-001"))[0] is None


def test_five_hundred_prices():
    """500 products at 50 ms a request: one list, no PUT."""
    shop = Shop("--products", "700")
    server = Server(shop)
    try:
        office, client = Backoffice(shop), Modern(server)
        client.login()
        simple = [f"MCP-{n:03}" for n in range(1, 700) if n % 25][:500]
        plan = prepare_items(client, [{"sku": sku, "price": 1 + n / 100} for n, sku in enumerate(simple)])
        assert plan["affected_count"] == 500
        shop.settings(latency_ms=50)
        done = commit(client, plan)
        shop.settings(latency_ms=0)
        assert done["success_count"] == 500, done
        assert len(posts(shop, BASE)) == 1 and puts(shop) == []
        assert office.product(simple[499])["price"] == 5.99
        server.check()
        server.stop()
    finally:
        server.forget()
        shop.stop()
