"""The seven tools in every revision: what they answer, and what they ask of the store."""

import json
import urllib.parse

import pytest

from harness import schema
from harness.client import Legacy, Modern, published_tools
from harness.schema import MODERN, REVISIONS

TOOLS = ["auth_login", "auth_logout", "auth_whoami", "scope_list_websites_stores", "scope_set_default",
         "catalog_search_products", "catalog_get_product"]


def client_of(server, protocol, form="wrapped"):
    return Modern(server, form=form) if protocol == MODERN else Legacy(server, protocol, form=form)


def paths(shop):
    return [urllib.parse.unquote(entry["path"]) for entry in shop.requests()]


@pytest.mark.parametrize("form", ["wrapped", "flat"])
@pytest.mark.parametrize("protocol", REVISIONS)
def test_seven_tools(server, shop, protocol, form):
    """R-187, R-188, R-076: the whole way of a user, every request on a new connection, any worker."""
    client = client_of(server, protocol, form)

    login = client.login()
    assert login["message"] == "Login successful (OAuth 1.0 integration)"
    assert (login["base_url"], login["auth_method"], login["store"]) == (shop.url, "oauth", "main")
    assert [entry["path"] for entry in shop.requests()] == ["/rest/all/V1/store/websites?fields=id"]

    me = client.ok("auth_whoami")
    assert (me["username"], me["default_scope"], me["environment"]) == ("main", None, "staging")
    assert "verified" not in me
    assert client.ok("auth_whoami", {"verify": True})["verified"] is True

    stores = client.ok("scope_list_websites_stores")
    assert [row["code"] for row in stores["websites"]] == ["base", "eu"]
    assert [row["code"] for row in stores["store_views"]] == ["default", "de", "eu_en"]
    assert stores["default_scope"] is None

    default = client.ok("scope_set_default", {"store_view_code": "de"})
    assert default == {"message": "Default scope set to store view: de", "store_view_code": "de",
                       "website_code": "base", "store_code": default["store_code"]}

    found = client.ok("catalog_search_products", {"filters": {"sku": "MCP-001"}, "page_size": 5})
    assert [item["sku"] for item in found["items"]] == ["MCP-001"]
    assert (found["total_count"], found["has_more"], found["scope"]) == (1, False, {"store_view_code": "de"})

    product = client.ok("catalog_get_product", {"sku": "MCP-001", "scope": {"scope": "global"}})
    assert product["sku"] == "MCP-001"
    assert client.ok("catalog_get_product", {"sku": "MCP-005", "fields": ["name"]})["name"] == "Blaues Gerät 5"

    assert client.ok("auth_logout") == {"message": "Logged out successfully"}
    refused = client.refused("auth_whoami", "NOT_AUTHENTICATED")
    assert refused.message == "Not authenticated. Call auth_login first."

    asked = paths(shop)
    assert any(path.startswith("/rest/de/V1/products?") for path in asked)
    assert "/rest/all/V1/products/MCP-001" in asked
    assert any(path.startswith("/rest/de/V1/products/MCP-005?fields=") for path in asked)
    assert all(entry["auth"] == "oauth" and entry["status"] == 200 for entry in shop.requests())


def test_tools_list_is_stable(server):
    """R-181, R-182, R-183, R-184, R-193, R-407: the same bytes on every connection, whichever worker answers."""
    client = Modern(server)
    texts = {client.post_raw(client_list(client), client.extra("tools/list", None)).raw for _ in range(20)}
    assert len(texts) == 1
    tools = client.rpc("tools/list")
    assert (tools["ttlMs"], tools["cacheScope"]) == (300000, "private")
    names = [tool["name"] for tool in tools["tools"]]
    assert set(TOOLS) <= set(names) and len(names) == len(set(names))
    for tool in tools["tools"]:
        assert tool["description"] and tool["title"]
        assert {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"} <= set(tool["annotations"])
        given = tool["inputSchema"]
        assert given["type"] == tool["outputSchema"]["type"] == "object"
        assert set(given["properties"]) == {"params", "session"}
        assert given["properties"]["params"]["additionalProperties"] is False
        assert len(tool["name"]) <= 64


def client_list(client):
    return json.dumps(client.message("tools/list", id=1)).encode()


@pytest.mark.parametrize("protocol", REVISIONS[:3])
def test_tools_list_legacy(server, protocol):
    """R-189, R-198: what a revision does not know is left out."""
    listed = Legacy(server, protocol).rpc("tools/list")
    assert "ttlMs" not in listed and "nextCursor" not in listed and "resultType" not in listed
    for tool in listed["tools"]:
        assert ("outputSchema" in tool) == (protocol >= "2025-06-18")
        assert "execution" not in tool


EXAMPLES = [
    ("auth_login", {}, True),
    ("auth_login", {"params": {"store": "main"}}, True),
    ("auth_login", {"params": {"otp": "12345"}}, False),
    ("auth_login", {"params": {"tfa_provider": "duo"}}, False),
    ("auth_whoami", {"params": {"verify": "yes"}}, False),
    ("scope_set_default", {}, False),
    ("scope_set_default", {"params": {"store_view_code": "de"}, "session": "x"}, True),
    ("scope_set_default", {"params": {"store_view_code": ""}}, True),
    ("scope_set_default", {"params": {"store_view_code": "9x"}}, False),
    ("catalog_get_product", {"params": {"sku": "WS/12-SLASH", "fields": ["*"]}}, True),
    ("catalog_get_product", {"params": {"sku": ".."}}, False),
    ("catalog_get_product", {"params": {"sku": "x" * 65}}, False),
    ("catalog_search_products", {"params": {"filters": {"sku": ["a", "b"], "price": {"value": 5, "condition": "gt"},
                                                        "status": [{"value": 1}], "visibility": True}}}, True),
    ("catalog_search_products", {"params": {"filters": {"Sku": "a"}}}, False),
    ("catalog_search_products", {"params": {"filters": {"sku": {"value": "a", "condition": "equals"}}}}, False),
    ("catalog_search_products", {"params": {"page_size": 201}}, False),
    ("catalog_search_products", {"params": {"page_size": 5.0}}, True),
    ("catalog_search_products", {"params": {"sort": [{"direction": "ASC"}]}}, False),
    ("catalog_search_products", {"params": {"scope": {}}}, False),
    ("catalog_search_products", {"params": {"scope": {"scope": "all"}}}, False),
    ("catalog_search_products", {"params": {"nothing": 1}}, False),
]


@pytest.mark.parametrize("tool,arguments,good", EXAMPLES)
def test_published_schema_is_what_is_checked(server, shop, tool, arguments, good):
    """R-185: the published inputSchema and the server agree on what may be given."""
    client = Modern(server)
    client.login()
    assert (not schema.errors(published_tools(server)[tool]["inputSchema"], arguments)) == good
    if "session" not in arguments:
        arguments = {**arguments, "session": client.session}
        outcome = client.call(tool, arguments=arguments)
        assert (outcome.code != "VALIDATION_ERROR") == good, outcome


def test_discover(server):
    """R-140, R-142, R-144: what is offered, and that nothing else is."""
    result = Modern(server).rpc("server/discover")
    assert result["supportedVersions"] == ["2026-07-28"]
    assert result["capabilities"]["tools"] == {"listChanged": True}
    assert "auth_login" in result["instructions"]
    assert "serverInfo" not in result


def test_initialize(server):
    """R-145: name, version and instructions; the session id is the only state."""
    client = Legacy(server, opened=False)
    reply = client.ask("initialize", client.initialize_params())
    result = reply.json["result"]
    assert result["serverInfo"]["name"] == "magento-mcp" and "auth_login" in result["instructions"]
    assert len(reply.header("Mcp-Session-Id")) == 43
    other = client.ask("initialize", client.initialize_params())
    assert other.header("Mcp-Session-Id") != reply.header("Mcp-Session-Id")


def test_search_pages(server, shop):
    """Paging, sorting and projection: 200 items are read as two pages of Magento's."""
    client = Modern(server)
    client.login()
    page = client.ok("catalog_search_products", {"page_size": 200,
                                                 "filters": {"sku": {"value": "MCP-%", "condition": "like"}}})
    assert (page["total_count"], len(page["items"]), page["has_more"]) == (200, 200, False)
    ids = [item["id"] for item in page["items"]]
    assert ids == sorted(set(ids))
    assert len(shop.requests("/products?")) == 2

    down = client.ok("catalog_search_products", {"page_size": 3, "current_page": 2,
                                                 "sort": [{"field": "sku", "direction": "DESC"}],
                                                 "fields": ["sku"],
                                                 "filters": {"sku": {"value": "MCP-%", "condition": "like"}}})
    assert [item["sku"] for item in down["items"]] == ["MCP-197", "MCP-196", "MCP-195"]
    assert down["has_more"] is True and set(down["items"][0]) == {"sku"}


def test_shop_with_a_smaller_page_limit(server, shop):
    """A shop whose administrator allows 50 items a page is asked again in pages of 50."""
    client = Modern(server)
    client.login()
    shop.settings(max_page_size=50)
    page = client.ok("catalog_search_products", {"page_size": 120,
                                                 "filters": {"sku": {"value": "MCP-%", "condition": "like"}}})
    assert len(page["items"]) == 120 and len({item["id"] for item in page["items"]}) == 120


def test_params_forms(server):
    """Flat, wrapped, as JSON text, null, absent: all mean the same (R-190)."""
    client = Modern(server)
    client.login()
    handle = client.session
    for arguments in ({"params": {"sku": "MCP-001"}}, {"sku": "MCP-001"}, {"params": '{"sku": "MCP-001"}'}):
        assert client.call("catalog_get_product", arguments={**arguments, "session": handle}).data["sku"] == "MCP-001"
    for arguments in ({"params": None}, {}, {"params": "{}"}):
        assert client.call("auth_whoami", arguments={**arguments, "session": handle}).data["username"] == "main"
    outcome = client.call("auth_whoami", arguments={"params": {}, "verify": True, "session": handle})
    assert (outcome.code, outcome.details[0]["path"]) == ("VALIDATION_ERROR", "verify")
    for wrong in ([], 5, True, "[1]", "nonsense"):
        assert client.call("auth_whoami", arguments={"params": wrong,
                                                     "session": handle}).code == "VALIDATION_ERROR", wrong


def test_arguments_may_be_absent(server):
    """R-190: no arguments at all mean none; another type is a protocol error."""
    client = Modern(server)
    result = client.rpc("tools/call", {"name": "auth_login"})
    assert client.judge("auth_login", result, {}).data["store"] == "main"
    for wrong in ([], "text", 5):
        reply = client.ask("tools/call", {"name": "auth_login", "arguments": wrong})
        assert (reply.status, reply.json["error"]["code"]) == (200, -32602)
