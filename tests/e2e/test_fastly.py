"""What the cache tools say to Fastly, alone and beside Varnish; Fastly's part is played by a stub that records."""

import threading
import time

import pytest

from harness.fastly import Fastly
from harness.places import LIMITED_OAUTH, OAUTH, at_a_pace
from harness.process import SECRETS
from harness.shop import Shop
from test_varnish import SURE, VARNISHD, fetched_anew, varnish, warm  # noqa: F401 (a fixture)

SERVICE = "SU1Z0isxPaozGVKXdv0eY"
TOKEN = "fastly~dummytoken0000000000000000"
OTHER_TOKEN = "fastly~othertoken0000000000000000"
for secret in (TOKEN, OTHER_TOKEN):
    SECRETS.add(secret)
PURGE = f"/service/{SERVICE}/purge"


@pytest.fixture
def fastly():
    stub = Fastly()
    yield stub
    stub.stop()


@pytest.fixture
def open_client(start, fastly, era):
    """Somebody logged in at a server that knows the Fastly service; sections over the usual ones."""
    def client_of(sections=None, **more):
        sections = {name: dict(values) for name, values in (sections or {}).items()}
        sections["fastly"] = {"api_url": fastly.url, "service_id": SERVICE, "api_token": TOKEN, **sections.get("fastly", {})}
        server = start(sections, workers=2, **more)
        server.upstream_ports.add(fastly.port)
        client = era(server)
        client.login()
        return client

    return client_of


def test_surrogate_keys(open_client, fastly, shop):
    """Both spellings of each tag, in one POST with the token; the shop hears nothing of the token."""
    client = open_client()
    result = client.ok("cache_purge_product", {"sku": "mcp-001", **SURE})
    (request,) = fastly.take()
    assert (request["method"], request["path"]) == ("POST", PURGE)
    assert request["body"] == {"surrogate_keys": ["cat_p_1", "p1"]}
    assert (request["headers"]["Fastly-Key"], request["headers"]["Accept"]) == (TOKEN, "application/json")
    assert not {name for name in request["headers"] if name.lower() in ("fastly-soft-purge", "authorization", "cookie")}
    assert (result["purged"], result["success"], result["sku"], result["product_id"]) == (True, True, "MCP-001", 1)
    assert result["tags"] == ["cat_p_1", "p1"] and result["purge_id"] == "id-eY/purge"
    assert result["backends"] == [{"backend": "fastly", "ok": True, "status": 200, "purge_id": "id-eY/purge"}]

    result = client.ok("cache_purge_category", {"category_id": 4, "store_view_code": "de", **SURE})
    assert fastly.keys() == ["cat_c_4", "cat_c_p_4", "c4", "cp_4"]
    assert result["purged"] and "every store view" in result["message"] and result["category_id"] == 4


def test_addresses(open_client, fastly, shop):
    """One POST for each; the address is part of the path, never a host that is talked to."""
    client = open_client()
    host = shop.url.removeprefix("http://")
    urls = [f"{shop.url}/p-{n}.html" for n in range(1, 9)] + [f"{shop.url}/a%20b.html?x=1&y=%2F", f"https://{host}/"]
    result = client.ok("cache_purge_by_url", {"urls": urls, **SURE})
    assert (result["message"], result["purged"]) == ("Purged 10/10 URLs.", True)
    assert all(row["success"] and row["id"].startswith("id-") for row in result["results"])
    assert [row["url"] for row in result["results"]] == urls
    taken = fastly.take()
    assert sorted(request["path"] for request in taken) == sorted(f"/purge/{url.partition('://')[2]}" for url in urls)
    assert {(request["method"], request["headers"]["Fastly-Key"]) for request in taken} == {("POST", TOKEN)}
    assert fastly.most_busy <= 6


NO_PAGES = ["https://example.com/p-1.html", "{shop}/*", "{shop}/a/../b", "{shop}/%2e%2E/b", "{shop}/a#b",
            "http://user@{host}/p-1.html", "http://user:x@{host}/", "{shop}/a\r\nX-Evil: 1", "{shop}/a b", "{shop}/a\\b",
            "{shop}/\u00e9", "ftp://{host}/a", "{shop}.evil.example/", "//{host}/a", "{host}/a", "{shop}@evil.example/",
            "{shop}\u0000", "file:///etc/passwd", "http://127.0.0.1:1/"]


def test_addresses_that_are_refused(open_client, fastly, shop):
    """Nothing is sent for a list in which one of them stands, and it costs no rate."""
    client = open_client({"guardrails": {"cache_rate_limit": 1}})
    host = shop.url.removeprefix("http://")
    for url in NO_PAGES:
        bad = url.replace("{shop}", shop.url).replace("{host}", host)
        refused = client.refused("cache_purge_by_url", "VALIDATION_ERROR", {"urls": [f"{shop.url}/ok.html", bad], **SURE})
        assert [detail["path"] for detail in refused.details] == ["params.urls[1]"], url
    assert fastly.take() == []
    assert client.ok("cache_purge_by_url", {"urls": [f"{shop.url}/ok.html"], **SURE})["purged"]


def test_addresses_without_the_right_to_know_them(open_client, fastly, shop):
    """A role that may not read the shop's base URLs purges below that of its login, and nothing else."""
    client = open_client({'store "main"': LIMITED_OAUTH})
    assert client.ok("cache_purge_by_url", {"urls": [shop.url + "/p-1.html"], **SURE})["purged"]
    assert fastly.paths() == [f"/purge/127.0.0.1:{shop.port}/p-1.html"]
    client.refused("cache_purge_by_url", "VALIDATION_ERROR", {"urls": ["http://localhost/p-1.html"], **SURE})
    assert fastly.take() == []


def test_soft_purge(open_client, fastly, shop):
    client = open_client({"fastly": {"soft_purge": "yes"}})
    client.ok("cache_purge_product", {"sku": "MCP-001", **SURE})
    client.ok("cache_purge_by_url", {"urls": [shop.url + "/"], **SURE})
    assert [request["headers"]["Fastly-Soft-Purge"] for request in fastly.take()] == ["1", "1"]


@pytest.mark.parametrize("status,headers,code,word", [
    (401, {}, "FASTLY_API_ERROR", "the token needs the purge_select scope for this service"),
    (403, {}, "FASTLY_API_ERROR", "the token needs the purge_select scope for this service"),
    (404, {}, "FASTLY_API_ERROR", "service id"),
    (429, {"Retry-After": "17"}, "RATE_LIMITED", "no more purges for now"),
    (500, {}, "FASTLY_API_ERROR", "Fastly failed (500)"),
    (302, {"Location": "http://127.0.0.1:1/elsewhere"}, "FASTLY_API_ERROR", "did not accept"),
])
def test_refusals(open_client, fastly, shop, status, headers, code, word):
    """Said with the cure, without Fastly's own text; nothing is repeated and no redirect is followed."""
    fastly.answers["/"] = (status, headers, b"<html>/var/www secret</html>")
    client = open_client()
    for tool, params in (("cache_purge_product", {"sku": "MCP-001"}), ("cache_purge_category", {"category_id": 3}),
                         ("cache_purge_by_url", {"urls": [shop.url + "/"]})):
        refused = client.refused(tool, code, {**params, **SURE})
        assert word in refused.message and refused.details["statusCode"] == status, refused
        assert refused.details.get("retry_after_s") == (17 if status == 429 else None)
        assert len(fastly.take()) == 1


def test_some_addresses_fail(open_client, fastly, shop):
    fastly.answers[f"/purge/127.0.0.1:{shop.port}/bad"] = (503, {}, {})
    result = open_client().ok("cache_purge_by_url", {"urls": [f"{shop.url}/good", f"{shop.url}/bad"], **SURE})
    assert (result["message"], result["purged"]) == ("Purged 1/2 URLs.", False)
    assert [row["success"] for row in result["results"]] == [True, False]
    assert "Fastly failed (503)" in result["results"][1]["error"]


@pytest.mark.parametrize("answer", [(200, {}, b"not JSON"), (200, {}, {}), (200, {}, {"key": "108-1"}), (200, {}, b"")])
def test_accepted_without_an_id(open_client, fastly, answer):
    """The status is what counts."""
    fastly.answers["/"] = answer
    result = open_client().ok("cache_purge_product", {"sku": "MCP-001", **SURE})
    assert result["purged"] is True and result.get("purge_id") in (None, "108-1")


def test_no_answer_in_time(open_client, fastly):
    """A stub that hangs: the call ends, and says that the purge may have happened."""
    fastly.answers["/"] = threading.Event()
    client = open_client()
    server = client.server

    def attempt(ms):
        server.reload({**server.sections, "magento": {"call_timeout_ms": f"{ms}ms"}})
        began = time.monotonic()
        refused = client.call("cache_purge_product", {"sku": "MCP-001", **SURE})
        asked = len(fastly.take())
        if asked == 0 and time.monotonic() - began >= ms / 1000:
            return False  # it was over before the shop had told of the product
        assert refused.code == "FASTLY_API_ERROR" and asked == 1, refused
        assert "did not answer in time" in refused.message and "statusCode" not in refused.details
        return True

    at_a_pace(attempt, 1000)
    fastly.answers["/"].set()


def test_nobody_there(open_client, fastly):
    client = open_client({"fastly": {"api_url": "http://127.0.0.1:1"}})
    refused = client.refused("cache_purge_category", "FASTLY_API_ERROR", {"category_id": 3, **SURE})
    assert "cannot be reached" in refused.message


def test_no_back_end(start, era):
    """Not an error, and not a success either."""
    client = era(start(workers=1))
    client.login()
    result = client.ok("cache_purge_product", {"sku": "MCP-001", **SURE})
    assert (result["purged"], result["success"], result["backends"]) == (False, False, [])
    assert result["message"].startswith("No cache back end is configured (Fastly: FASTLY_SERVICE_ID and FASTLY_API_TOKEN; ")
    result = client.ok("cache_purge_by_url", {"urls": [client.server.shop.url + "/"], **SURE})
    assert result["results"][0]["success"] is False and result["message"].startswith("No cache back end")


def test_each_store_its_own(start, fastly, shop, era):
    """Tags of one shop never purge another's: each store has its service; without one of its own only the default has the global."""
    others = [Shop(), Shop()]
    try:
        server = start({"fastly": {"api_url": fastly.url, "service_id": SERVICE, "api_token": TOKEN},
                        'store "main"': {"is_default": "yes"},
                        'store "own"': {"base_url": others[0].url, **OAUTH, "fastly_service_id": "OWNSERVICE",
                                        "fastly_api_token": OTHER_TOKEN},
                        'store "bare"': {"base_url": others[1].url, **OAUTH}}, workers=2)
        server.upstream_ports |= {fastly.port, *(other.port for other in others)}
        seen = {}
        for store in ("main", "own", "bare"):
            client = era(server)
            client.login(store=store)
            purged = client.ok("cache_purge_product", {"sku": "MCP-001", **SURE})["purged"]
            seen[store] = (purged, [(request["path"], request["headers"]["Fastly-Key"]) for request in fastly.take()])
        assert seen == {"main": (True, [(PURGE, TOKEN)]), "own": (True, [("/service/OWNSERVICE/purge", OTHER_TOKEN)]),
                        "bare": (False, [])}
        foreign = {"urls": [others[0].url + "/p-1.html"], **SURE}
        client.refused("cache_purge_by_url", "VALIDATION_ERROR", foreign)
        assert fastly.take() == []
        server.stop()
    finally:
        for other in others:
            other.stop()


@pytest.mark.skipif(VARNISHD is None, reason="varnishd is not installed (apt-get install varnish)")
def test_both_back_ends(open_client, fastly, shop, varnish):  # noqa: F811
    """All are used; success is success of all, and what one of them refuses is told."""
    cache = varnish()
    client = open_client({'store "main"': {"varnish_hosts": [cache.address]}, "guardrails": {"cache_rate_limit": 100}})
    client.server.upstream_ports.add(cache.port)
    warm(cache)
    result = client.ok("cache_purge_product", {"sku": "MCP-001", **SURE})
    assert result["purged"] and [(row["backend"], row["ok"]) for row in result["backends"]] == [("fastly", True), ("varnish", True)]
    assert fastly.keys() == ["cat_p_1", "p1"] and fetched_anew(shop, cache) == ["/p-1.html", "/gear.html"]

    result = client.ok("cache_purge_by_url", {"urls": [shop.url + "/p-2.html", shop.url + "/customer/account"], **SURE})
    assert [row["success"] for row in result["results"]] == [True, False] and result["results"][0]["tags"] == ["cat_p_2"]
    assert len(fastly.take()) == 2 and "/p-2.html" in fetched_anew(shop, cache)

    fastly.answers["/"] = (403, {}, {})
    result = client.ok("cache_purge_category", {"category_id": 4, **SURE})
    assert (result["purged"], result["success"]) == (False, False)
    assert [(row["backend"], row["ok"]) for row in result["backends"]] == [("fastly", False), ("varnish", True)]
    assert "purge_select" in result["backends"][0]["error"] and fetched_anew(shop, cache) == ["/gear/bags.html"]

    cache.stop()
    refused = client.refused("cache_purge_category", "FASTLY_API_ERROR", {"category_id": 4, **SURE})
    assert refused.details["statusCode"] == 403
