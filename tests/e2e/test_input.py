"""Wrong and odd input of every kind: each is answered with what is wrong and what would be right."""

import json
import re
import urllib.parse

import pytest

from harness.client import Modern, in_all_eras
from harness.places import ADMIN, INTEGRATION_TOKEN, LIMITED_ADMIN, LIMITED_OAUTH

VIEWS = ["default", "de", "eu_en"]

# Skus that are trouble in a path, a query, a signature or JSON; all of them are in the demo store.
ODD_SKUS = ["WS/12-SLASH", "SP ACE 01", "PCT-50%", "CAFÉ-ünï", "PLUS+1", "A&B#1?x", "COMMA,1", "quo\"te'1",
            "MixedCase-1"]


def wrong(client, tool, params):
    """The paths that the refusal names; nothing was asked of the shop."""
    outcome = client.refused(tool, "VALIDATION_ERROR", params)
    assert outcome.details and outcome.details[0]["path"] in outcome.message, outcome
    assert not re.search(r"must be (must|cannot)|\?\.$", outcome.message), outcome.message
    return {detail["path"]: detail for detail in outcome.details}


def test_unknown_tool(server):
    """R-191, R-077: a protocol error in-band, in every era; names are case-sensitive."""
    for client in in_all_eras(server):
        for name in ("no_such_tool", "AUTH_LOGIN", "auth.login", "", "x" * 1000):
            reply = client.ask("tools/call", {"name": name, "arguments": {}})
            assert (reply.status, reply.json["error"]["code"]) == (200, -32602), name
    for params in ({"arguments": {}}, {"name": 5}, {"name": None}):
        client = Modern(server)
        message = client.message("tools/call", params)
        reply = client.post_raw(json.dumps(message).encode(), {"Mcp-Method": "tools/call", "Mcp-Name": "x"})
        assert (reply.status, reply.json["error"]["code"]) == (200, -32602), params


@pytest.mark.parametrize("tool,given,meant", [
    ("auth_login", {"user": "x"}, "username"), ("auth_login", {"base_ulr": "x"}, "base_url"),
    ("auth_whoami", {"verfy": True}, "verify"), ("scope_set_default", {"store_view": "de"}, "store_view_code"),
    ("scope_list_websites_stores", {"includeAdmin": True}, "include_admin"),
    ("catalog_search_products", {"page_sise": 5}, "page_size"), ("catalog_search_products", {"filter": {}}, "filters"),
    ("catalog_get_product", {"skus": "x", "sku": "MCP-001"}, "sku"),
])
def test_unknown_parameter(client, tool, given, meant):
    """The nearest valid name is suggested, all valid ones are listed."""
    params = {"store_view_code": "de"} if tool == "scope_set_default" else {}
    (name,) = (name for name in given if name != meant)
    details = wrong(client, tool, {**params, **given})
    assert f'"{meant}"' in details[f"params.{name}"]["message"], details
    assert meant in details[f"params.{name}"]["allowed"]


@pytest.mark.parametrize("tool,params,paths", [
    ("auth_login", {"username": 5, "password": ["x"], "otp": 123456, "store": None, "tfa_provider": "duo"},
     {"username", "password", "otp", "store", "tfa_provider"}),
    ("auth_login", {"username": "", "oauth_token": "x" * 300, "otp": "12 456", "base_url": ""},
     {"username", "oauth_token", "otp", "base_url"}),
    ("auth_logout", {"all": True, "force": 1}, {"all", "force"}),
    ("auth_whoami", {"verify": "true"}, {"verify"}),
    ("auth_whoami", {"verify": 1}, {"verify"}),
    ("scope_list_websites_stores", {"include_admin": "no", "x": 1}, {"include_admin", "x"}),
    ("scope_set_default", {}, {"store_view_code"}),
    ("scope_set_default", {"store_view_code": None}, {"store_view_code"}),
    ("scope_set_default", {"store_view_code": 1}, {"store_view_code"}),
    ("scope_set_default", {"store_view_code": "d-e"}, {"store_view_code"}),
    ("catalog_get_product", {}, {"sku"}),
    ("catalog_get_product", {"sku": ""}, {"sku"}),
    ("catalog_get_product", {"sku": "."}, {"sku"}),
    ("catalog_get_product", {"sku": ".."}, {"sku"}),
    ("catalog_get_product", {"sku": "x" * 65}, {"sku"}),
    ("catalog_get_product", {"sku": 5, "fields": "name", "scope": "de"}, {"sku", "fields", "scope"}),
    ("catalog_get_product", {"sku": "x", "fields": [], "scope": {}}, {"fields", "scope"}),
    ("catalog_get_product", {"sku": "x", "fields": ["a", "A", 5, "items[sku]"]},
     {"fields[1]", "fields[2]", "fields[3]"}),
    ("catalog_get_product", {"sku": "x", "scope": {"store_view_code": "../x", "website_code": 1, "scope": "all",
                                                   "view": "x"}},
     {"scope.store_view_code", "scope.website_code", "scope.scope", "scope.view"}),
    ("catalog_search_products", {"page_size": "5", "current_page": 0, "fields": "sku",
                                 "sort": [{"field": "A", "direction": "UP"}],
                                 "scope": {"scope": "al"}},
     {"page_size", "current_page", "fields", "sort[0].field", "sort[0].direction", "scope.scope"}),
    ("catalog_search_products", {"page_size": 201, "current_page": 1.5, "sort": [{"field": "sku"}] * 4},
     {"page_size", "current_page", "sort"}),
    ("catalog_search_products", {"sort": [{"direction": "ASC"}, "sku", {"field": "sku", "order": "x"}]},
     {"sort[0].field", "sort[1]", "sort[2].order"}),
    ("catalog_search_products", {"filters": []}, {"filters"}),
    ("catalog_search_products", {"filters": {"a-b": 1}}, {"filters.a-b"}),
    ("catalog_search_products", {"filters": {f"a{i}": 1 for i in range(21)}}, {"filters"}),
])
def test_wrong_types(client, shop, tool, params, paths):
    """Every offending path at once, types are strict, and the shop is not asked."""
    shop.reset()
    details = wrong(client, tool, params)
    assert set(details) == {f"params.{path}" for path in paths}
    assert all(detail["message"] for detail in details.values())
    assert shop.requests() == []


@pytest.mark.parametrize("filters", [
    {"sku": None}, {"sku": {"value": "x", "condition": "equals"}}, {"sku": {}}, {"sku": []}, {"sku": [[1]]},
    {"price": {"value": [1, 2], "condition": "gt"}}, {"price": {"condition": "gt"}}, {"sku": [{"value": 1}, 2]},
    {"sku": {"value": {"a": 1}}}, {"sku": {"value": "x", "op": "eq"}},
    {"sku": [f"a,{i}" for i in range(10)]}, {"sku": ["s"] + [f"a,{i}" for i in range(9)]},
])
def test_wrong_filters(client, filters):
    (name,) = filters
    details = wrong(client, "catalog_search_products", {"filters": filters})
    assert all(path.startswith(f"params.filters.{name}") for path in details), details


@pytest.mark.parametrize("filters,skus", [
    ({"sku": "MCP-001"}, ["MCP-001"]),
    ({"sku": ["MCP-001", "MCP-003"]}, ["MCP-001", "MCP-003"]),
    ({"sku": ["COMMA,1", "PLUS+1", "A&B#1?x"]}, ["PLUS+1", "A&B#1?x", "COMMA,1"]),
    ({"sku": {"value": "COMMA,1", "condition": "in"}}, ["COMMA,1"]),
    ({"sku": {"value": "PCT-50\\%", "condition": "like"}}, ["PCT-50%"]),
    ({"name": {"value": "Un%de pro%", "condition": "like"}}, ["CAFÉ-ünï"]),
    ({"price": [{"value": 5, "condition": "from"}, {"value": 5.0, "condition": "to"}], "type_id": "simple",
      "sku": {"value": "WS%", "condition": "like"}},
     ["WS/12-SLASH"]),
    ({"entity_id": {"value": [1, 2], "condition": "in"}}, ["MCP-001", "MCP-002"]),
    ({"sku": ["MCP-001", "MCP-002"], "entity_id": {"value": 1, "condition": "neq"}}, ["MCP-002"]),
    ({"type_id": "virtual", "sku": {"value": "VIRT%", "condition": "like"}}, ["VIRT-1"]),
    ({"status": 0}, []), ({"sku": ""}, []), ({"sku": False}, []),
    ({"special_price": {"condition": "null"}, "sku": "MCP-001"}, ["MCP-001"]),
])
def test_filters(client, filters, skus):
    """What was meant is found: lists, commas, wildcards, numbers, 0 and the empty text."""
    found = client.ok("catalog_search_products", {"filters": filters, "fields": ["sku"], "page_size": 50})
    assert [item["sku"] for item in found["items"]] == skus
    assert found["total_count"] == len(skus)


def test_unknown_sku(client):
    for sku in ("nope", "MCP-001x", "a/b/c", "%2e%2e", "../../V1/store/websites", "x?fields=sku", "商品", "\U0001f600",
                "a\nb", "a\tb"):
        outcome = client.refused("catalog_get_product", "NOT_FOUND", {"sku": sku})
        assert outcome.message == f"No product with SKU {sku}. Try catalog_search_products with a like filter.", outcome


@pytest.mark.parametrize("how", ["oauth", "bearer", "admin"])
@pytest.mark.parametrize("sku", ODD_SKUS)
def test_odd_skus(server, shop, how, sku):
    """One percent-encoded segment in the path, and signed as such."""
    client = Modern(server)
    if how == "bearer":
        shop.settings(bearer=True)
        client.login(integration_token=INTEGRATION_TOKEN)
    else:
        client.login(**(ADMIN if how == "admin" else {}))
    for scope in ({}, {"scope": {"store_view_code": "de"}}, {"fields": ["sku", "name"]}):
        assert client.ok("catalog_get_product", {"sku": sku, **scope})["sku"] == sku
    last = shop.requests("/products/")[-1]
    assert (last["auth"], last["status"]) == (how, 200)
    segment = last["path"].split("/products/")[1].split("?")[0]
    assert segment == urllib.parse.quote(sku, safe="-._~") and urllib.parse.unquote(segment) == sku
    found = client.ok("catalog_search_products", {"filters": {"sku": sku}})
    assert [item["sku"] for item in found["items"]] == [sku]


def test_other_spelling_of_a_sku(client):
    """Magento ignores case; the stored spelling is answered."""
    assert client.ok("catalog_get_product", {"sku": "mixedcase-1", "fields": ["sku"]})["sku"] == "MixedCase-1"


def test_unknown_attributes(client):
    """Magento's 400 for a filter, our own look-up for a sort field that it would ignore."""
    outcome = client.refused("catalog_search_products", "VALIDATION_ERROR", {"filters": {"no_such_attribute": "x"}})
    assert outcome.details[0]["path"] == "params.filters" and "no_such_attribute" in outcome.message
    details = wrong(client, "catalog_search_products", {"sort": [{"field": "sku"}, {"field": "no_such_attribute"}]})
    assert list(details) == ["params.sort[1].field"]
    found = client.ok("catalog_search_products", {"sort": [{"field": "url_key", "direction": "ASC"}], "page_size": 3})
    assert len(found["items"]) == 3


def test_fields(client):
    """Core fields, attribute codes, everything; media without content."""
    sku = {"sku": "MCP-001"}
    everything = client.ok("catalog_get_product", sku)
    assert everything["custom_attributes"] and everything["extension_attributes"]
    assert client.ok("catalog_get_product", {**sku, "fields": ["*"]}) == everything
    some = client.ok("catalog_get_product", {**sku, "fields": ["sku", "name", "url_key", "no_such_attribute"]})
    assert some["sku"] == "MCP-001" and some["name"] == everything["name"]
    assert "price" not in some
    assert some.get("url_key", "p-1") == "p-1"
    summary = client.ok("catalog_search_products", {"filters": sku})["items"][0]
    assert set(summary) == {"id", "sku", "name", "type_id", "status", "visibility", "price", "updated_at", "url_key"}
    full = client.ok("catalog_search_products", {"filters": sku, "fields": ["*"]})["items"][0]
    assert full["custom_attributes"]


def test_too_large_result(start, shop):
    """A result over the limit is refused with what to do about it."""
    server = start({"magento": {"max_result_bytes": "8K"}}, workers=1)
    client = Modern(server)
    client.login()
    outcome = client.refused("catalog_search_products", "VALIDATION_ERROR", {"page_size": 100})
    assert "page_size" in outcome.message and "fields" in outcome.message
    assert client.ok("catalog_search_products", {"page_size": 5, "fields": ["sku"]})


# ---- scopes ----


@pytest.mark.parametrize("given,prefix", [
    (None, "all"), ({"scope": "global"}, "all"),
    ({"store_view_code": "de"}, "de"), ({"store_view_code": "default"}, "default"),
    ({"store_code": "main_website_store"}, "default"), ({"store_code": "eu_group"}, "eu_en"),
    ({"website_code": "base"}, "default"), ({"website_code": "eu"}, "eu_en"),
    ({"website_code": "base", "store_view_code": "de"}, "de"),
    ({"website_code": "base", "store_code": "main_website_store", "store_view_code": "de", "scope": "global"}, "de"),
    ({"website_code": "eu", "store_code": "eu_group"}, "eu_en"),
    ({"website_code": "eu", "scope": "global"}, "eu_en"),
])
def test_scope_precedence(client, shop, given, prefix):
    """The most precise member wins; the prefix is always explicit."""
    for tool, params, part in (("catalog_get_product", {"sku": "MCP-005"}, "/products/MCP-005"),
                               ("catalog_search_products", {"page_size": 1}, "/products?")):
        result = client.ok(tool, {**params, **({"scope": given} if given else {})})
        assert shop.requests(part)[-1]["path"].startswith(f"/rest/{prefix}/V1/products")
    assert result["scope"] == ({"scope": "global"} if prefix == "all" else {"store_view_code": prefix})
    assert not shop.requests("/rest/V1/")


def test_default_scope(client, shop):
    """Used when a call gives none, not when it gives one; kept in the login, so every worker knows it; empty clears."""
    for view in ("de", "eu_en"):
        client.ok("scope_set_default", {"store_view_code": view})
        for _ in range(8):
            assert client.ok("catalog_search_products", {"page_size": 1})["scope"] == {"store_view_code": view}
        assert client.ok("catalog_search_products", {"page_size": 1,
                                                     "scope": {"scope": "global"}})["scope"] == {"scope": "global"}
        assert client.ok("auth_whoami")["default_scope"] == {"store_view_code": view}
        assert client.ok("scope_list_websites_stores")["default_scope"] == {"store_view_code": view}
    cleared = client.ok("scope_set_default", {"store_view_code": ""})
    assert cleared == {"message": "Default scope cleared", "store_view_code": ""}
    assert client.ok("catalog_search_products", {"page_size": 1})["scope"] == {"scope": "global"}


def test_codes_in_other_case(client, shop):
    """Codes are found in any case and written as the shop writes them."""
    result = client.ok("scope_set_default", {"store_view_code": "DE"})
    assert result["store_view_code"] == "de"


@pytest.mark.parametrize("given,member,allowed", [
    ({"store_view_code": "xx"}, "store_view_code", VIEWS), ({"store_view_code": "admin"}, "store_view_code", VIEWS),
    ({"store_view_code": "all"}, "store_view_code", VIEWS),
    ({"store_code": "xx"}, "store_code", ["main_website_store", "eu_group"]),
    ({"website_code": "xx"}, "website_code", ["base", "eu"]), ({"website_code": "admin"}, "website_code",
                                                               ["base", "eu"]),
])
def test_unknown_scope_codes(client, given, member, allowed):
    """With the codes that there are."""
    outcome = client.refused("catalog_get_product", "VALIDATION_ERROR", {"sku": "MCP-001", "scope": given})
    assert [detail["path"] for detail in outcome.details] == [f"params.scope.{member}"]
    assert outcome.details[0]["allowed"] == allowed


def test_unknown_default_scope(client):
    for code in ("xx", "admin", "all"):
        outcome = client.refused("scope_set_default", "VALIDATION_ERROR", {"store_view_code": code})
        assert outcome.details[0]["allowed"] == VIEWS and outcome.details[0]["path"] == "params.store_view_code"


@pytest.mark.parametrize("given", [
    {"website_code": "eu", "store_view_code": "de"}, {"store_code": "eu_group", "store_view_code": "de"},
    {"website_code": "eu", "store_code": "main_website_store"},
])
def test_scopes_that_contradict(client, given):
    """A wider member must contain the narrower one."""
    outcome = client.refused("catalog_get_product", "VALIDATION_ERROR", {"sku": "MCP-001", "scope": given})
    assert "does not belong" in outcome.message


def test_admin_rows(client):
    """The internal rows with id 0 only when asked for."""
    for name in ("websites", "store_groups", "store_views"):
        plain = client.ok("scope_list_websites_stores")[name]
        assert all(row["id"] != 0 for row in plain)
        assert [row["id"] for row in plain] == sorted(row["id"] for row in plain)
        assert any(row["id"] == 0 for row in client.ok("scope_list_websites_stores", {"include_admin": True})[name])


# ---- rights in the shop ----


@pytest.mark.parametrize("how", [LIMITED_OAUTH, LIMITED_ADMIN])
def test_limited_role(start, shop, how):
    """Without Magento_Backend::store: views are tried as they are, wider codes are forbidden, the login stays."""
    client = Modern(start(workers=2))
    data = client.login(**how)
    assert "Magento_Backend::store" in data["warnings"][0]
    assert "Magento_Backend::store" in client.refused("scope_list_websites_stores", "FORBIDDEN").message
    assert client.ok("catalog_get_product", {"sku": "MCP-001", "scope": {"scope": "global"}})
    assert client.ok("catalog_search_products", {"page_size": 1, "scope": {"store_view_code": "de"}})
    assert client.ok("scope_set_default", {"store_view_code": "de"})["store_view_code"] == "de"
    for given in ({"website_code": "base"}, {"store_code": "main_website_store"}):
        outcome = client.refused("catalog_search_products", "FORBIDDEN", {"scope": given})
        assert "Magento_Backend::store" in outcome.message
    for code in ("nope", "admin"):
        client.refused("catalog_search_products", "VALIDATION_ERROR", {"scope": {"store_view_code": code}})
    assert client.ok("catalog_search_products", {"page_size": 1, "sort": [{"field": "url_key"}]})
    assert client.ok("auth_whoami")["username"]
    assert client.ok("auth_whoami", {"verify": True})["verified"] is True


def test_limited_role_next_to_a_mighty_one(start, shop):
    """R-298: what another login has read and this server remembers does not widen the rights of this one."""
    server = start(workers=1)
    mighty, limited = Modern(server), Modern(server)
    mighty.login()
    limited.login(**LIMITED_OAUTH)
    for _ in range(2):
        assert mighty.ok("catalog_search_products", {"page_size": 1, "scope": {"website_code": "base"}})
        limited.refused("catalog_search_products", "FORBIDDEN", {"page_size": 1, "scope": {"website_code": "base"}})


def test_forbidden_or_not_authenticated(server, shop):
    """Magento says 401 to both: the route that proved the login tells them apart, and a dead login stays dead."""
    client = Modern(server)
    client.login(**ADMIN)
    shop.fault("status", "/rest/all/V1/products/", status=401, count=1)
    outcome = client.refused("catalog_get_product", "FORBIDDEN", {"sku": "MCP-001"})
    assert "Magento_Backend::admin" in outcome.message
    assert client.ok("catalog_get_product", {"sku": "MCP-001"})
    shop.fault("status", "/rest/all/V1/", status=401)
    client.refused("catalog_get_product", "NOT_AUTHENTICATED", {"sku": "MCP-001"})
    shop.heal()
    n = len(shop.requests())
    for _ in range(6):
        outcome = client.refused("catalog_get_product", "NOT_AUTHENTICATED", {"sku": "MCP-001"})
        assert "auth_login" in outcome.message
    assert len(shop.requests()) == n
    assert client.ok("auth_logout") == {"message": "Logged out successfully"}


def test_verify_tells_of_dead_credentials(server, shop):
    client = Modern(server)
    client.login(**ADMIN)
    shop.fault("status", "/rest/all/V1/", status=401)
    assert client.ok("auth_whoami", {"verify": True})["verified"] is False
    shop.heal()
    assert client.ok("auth_whoami")["username"] == "admin"
