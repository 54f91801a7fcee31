"""No ability that only exists in somebody's memory: every route that is asked for is one that a stock Magento has."""

import json
import re

import pytest

from harness.client import Modern, published_tools
from harness.places import ADMIN, DATA, ROOT, TFA_ADMIN
from harness.process import SECRETS

GLOBAL = {"scope": "global"}
OK = {"confirm": True, "reason": "test"}
RULE = {"name": "Spring", "website_ids": [1], "customer_group_ids": [0, 1], "simple_action": "by_percent",
        "discount_amount": 10}

# Routes that a module may add; settings of the section optional_routes.
OPTIONAL = {("GET", "/V1/url-rewrite"), ("GET", "/V1/indexer/status")}


def stock_routes():
    return [tuple(row) for row in json.loads((DATA / "magento" / "routes.json").read_text())["routes"]]


def pattern(url):
    return re.compile("".join("/[^/]+" if part.startswith(":") else "/" + re.escape(part)
                              for part in url.strip("/").split("/")))


class Routes:
    def __init__(self):
        self.fixed = {(method, url) for method, url in stock_routes() if ":" not in url}
        self.open = [(method, pattern(url)) for method, url in stock_routes() if ":" in url]

    def knows(self, method, path):
        return (method, path) in self.fixed or any(
            method == known and shape.fullmatch(path) for known, shape in self.open)


def test_the_digest_itself():
    """It tells routes from others: what the shop is known to have, and what it is known not to have."""
    routes = Routes()
    assert len(stock_routes()) > 400
    for method, path in (("PUT", "/V1/products/A%2F1"), ("GET", "/V1/cmsPage/search"), ("POST", "/V1/coupons/generate"),
                         ("GET", "/V1/inventory/get-product-salable-quantity/A/1")):
        assert routes.knows(method, path), path
    for method, path in (("PATCH", "/V1/products/A"), ("GET", "/V1/url-rewrite"), ("POST", "/V1/cache/flush"),
                         ("GET", "/V1/products/A/B/C/D"), ("DELETE", "/V1/store/websites")):
        assert not routes.knows(method, path), path


# ---- asked for ----


class Tour:
    """Calls every tool in turn; what it answers is for other tests, that it asks is what counts here."""

    def __init__(self, client):
        self.client = client
        self.called = set()

    def call(self, tool, params=None, **more):
        self.called.add(tool)
        outcome = self.client.call(tool, params, **more)
        assert outcome.code not in ("INTERNAL_ERROR", "NOT_AUTHENTICATED"), outcome
        return outcome.data

    def ok(self, tool, params=None, **more):
        data = self.call(tool, params, **more)
        assert data is not None, (tool, params)
        return data

    def pair(self, prepare, commit, **params):
        plan = self.ok(prepare, params)
        assert "plan_id" in plan, plan
        return self.ok(commit, {"plan_id": plan["plan_id"], **OK})

    def logins(self):
        self.called.add("auth_login")
        self.client.login(**ADMIN)
        self.client.login(**TFA_ADMIN, otp="123456")
        SECRETS.discard("123456")
        self.client.login()
        self.ok("auth_whoami", {"verify": True})

    def reads(self):
        self.ok("scope_list_websites_stores")
        self.ok("scope_set_default", {"store_view_code": "default"})
        self.ok("catalog_search_products", {"filters": {"sku": {"value": "MCP-0%", "condition": "like"}},
                                            "sort": [{"field": "price", "direction": "ASC"}]})
        self.ok("catalog_get_product", {"sku": "CONF-1", "scope": GLOBAL})
        for sku in ("MCP-001", "CONF-1", "VIRT-1"):
            self.ok("diagnostics_product_display_check", {"sku": sku})
            self.ok("diagnostics_inventory_salable_report", {"sku": sku})
        self.ok("diagnostics_indexer_status_report")
        self.ok("seo_report_redirect_chains", {"skus": ["MCP-001"], "urls": ["/p-2.html"]})

    def cms(self):
        for kind in ("page", "block"):
            row = self.ok(f"cms_search_{kind}s")["items"][0]
            number = row.get(f"{kind}_id", row.get("id"))
            self.ok(f"cms_get_{kind}", {f"{kind}_id": number})
            self.pair(f"cms_prepare_bulk_update_{kind}s", f"cms_commit_bulk_update_{kind}s", updates={"title": "Tour"},
                      scope=GLOBAL, match={f"{kind}_ids": [number]})

    def catalog(self):
        skus = {"sku_list": ["MCP-001", "WS/12-SLASH"]}
        self.pair("catalog_prepare_bulk_update", "catalog_commit_bulk_update", match=skus,
                  scope={"website_code": "base"},
                  updates={"name": "Tour", "status": 2, "category_ids": [3, 4], "special_price": 3})
        self.pair("catalog_prepare_bulk_update", "catalog_commit_bulk_update", updates={"category_ids": []},
                  scope=GLOBAL, match={"category_id": 4, "include_subcategories": True, "sku_prefix": "MCP-001"})
        self.pair("pricing_prepare_bulk_price_update", "pricing_commit_bulk_price_update", match=skus, scope=GLOBAL,
                  price_updates={"price": 12.5, "special_price": 10})
        self.pair("pricing_prepare_bulk_price_update", "pricing_commit_bulk_price_update", match=skus, scope=GLOBAL,
                  price_updates={"special_price": None})
        self.pair("seo_prepare_bulk_update_url_keys", "seo_commit_bulk_update_url_keys", match=skus, scope=GLOBAL,
                  url_key_transform={"prefix": "tour-"})
        self.ok("seo_bulk_update_meta", {"match": skus, "meta_updates": {"meta_title": "Tour"}, "scope": GLOBAL, **OK})

    def promotions(self):
        create = ("promotions_prepare_cart_price_rule_create", "promotions_commit_cart_price_rule_create")
        made = self.pair(*create, **RULE, coupon_type="specific_coupon", coupon_code="TOUR1")
        auto = self.pair(*create, **{**RULE, "name": "Generated"}, coupon_type="auto")
        rule, generated = made["rule"]["rule_id"], auto["rule"]["rule_id"]
        self.ok("promotions_search_rules")
        self.ok("promotions_get_rule", {"rule_id": rule})
        self.ok("promotions_update_rule", {"rule_id": rule, "patch": {"discount_amount": 11}, **OK})
        self.ok("promotions_disable_rule", {"rule_id": rule})
        self.ok("promotions_enable_rule", {"rule_id": rule, **OK})
        self.ok("promotions_generate_coupons", {"rule_id": generated, "qty": 3, **OK})
        self.ok("promotions_export_coupons", {"rule_id": generated})

    def caches(self, url):
        self.call("cache_purge_by_url", {"urls": [url + "/p-3.html"], **OK})
        self.call("cache_purge_product", {"sku": "MCP-001", **OK})
        self.call("cache_purge_category", {"category_id": 3, **OK})

    def all(self, url):
        self.logins()
        self.reads()
        self.cms()
        self.catalog()
        self.promotions()
        self.caches(url)
        self.ok("auth_logout")


def requests(shop):
    """(method, path below /rest/...) of every request besides GraphQL and the storefront; prefixes are checked."""
    found = set()
    for entry in shop.requests():
        path = entry["path"].split("?")[0]
        match = re.fullmatch(r"/rest/([a-z][a-z0-9_]*)(/V1/.+)", path)
        if match:
            assert match.group(1) in ("all", "default", "de", "eu_en"), path
            found.add((entry["method"], match.group(2)))
        else:
            assert path == "/graphql", f"neither REST nor GraphQL: {path}"
    return found


@pytest.mark.parametrize("optional, msi", [(False, True), (True, True), (False, False)])
def test_no_phantom_ability(start, shop, optional, msi):
    shop.settings(url_rewrite_route=optional, indexer_route=optional, msi=msi)
    server = start(workers=1)
    tour = Tour(Modern(server))
    try:
        tour.all(shop.url)
    finally:
        shop.settings(url_rewrite_route=False, indexer_route=False, msi=True)
    assert tour.called == set(published_tools(server)), "every tool had its turn"
    assert shop.control("GET", "requests")["total"] < 1000, "the log holds them all"
    routes = Routes()
    asked = requests(shop)
    unknown = sorted(one for one in asked if not routes.knows(*one) and one not in OPTIONAL)
    assert not unknown, unknown
    assert {method for method, _ in asked} == {"GET", "POST", "PUT"}
    assert len(asked) > 40


# ---- written down ----

VALUES = {"website": ":type"}  # written out where a route has a value
OTHER_TEXTS = {"/vendor/", "/graphql", "/rest/", "/V1", "/V1/", "/V1/indexer/status"}


def route_literals():
    """{text: where} of the string literals that begin like a route."""
    found = {}
    for folder in ("action", "magento", "doctor"):
        for path in sorted((ROOT / "src" / folder).rglob("*.[ch]")):
            code = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
            for match in re.finditer(r'"(/[A-Za-z][^"\\]*)"', code):
                found.setdefault(match.group(1), path.name)
    return found


def is_part_of_a_route(text):
    """
    A whole route, one whose value follows ("/products/"), or what stands behind a value ("/children"). A format's %
    stands for a value.
    """
    wanted = text.split("?")[0].strip("/").split("/")
    for _, url in stock_routes():
        parts = url.removeprefix("/V1/").split("/")
        for begin in range(len(parts) - len(wanted) + 1):
            piece = parts[begin:begin + len(wanted)]
            if begin > 0 and not parts[begin - 1].startswith(":"):
                continue
            rest = parts[begin + len(wanted):]
            ends = rest[:1] and rest[0].startswith(":") if text.endswith("/") else not rest
            if ends and all(a == b or VALUES.get(a) == b or (a.startswith("%") and b.startswith(":"))
                            for a, b in zip(wanted, piece)):
                return True
    return False


def test_routes_in_the_source():
    literals = route_literals()
    assert len(literals) > 30
    strange = {text: where for text, where in literals.items()
               if text not in OTHER_TEXTS and not is_part_of_a_route(text)}
    assert not strange, strange
    assert not is_part_of_a_route("/products/purge") and not is_part_of_a_route("/cache/flush")
