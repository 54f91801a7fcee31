"""Debian's Varnish in front of the demo store: what the cache tools purge is fetched anew, and nothing else is."""

import contextlib
import http.client
import pathlib
import shutil
import socket
import subprocess
import tempfile

import pytest

from harness.client import Modern
from harness.places import DATA, poll, reserved_port

VARNISHD = shutil.which("varnishd", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")

pytestmark = pytest.mark.skipif(VARNISHD is None, reason="varnishd is not installed (apt-get install varnish)")

SURE = {"confirm": True, "reason": "e2e"}


class Varnish:
    def __init__(self, shop, purger="127.0.0.1"):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="magento-mcp-varnish."))
        text = (DATA / "varnish" / "magento.vcl").read_text()
        vcl = self.folder / "magento.vcl"
        vcl.write_text(text.replace("@PORT@", str(shop.port)).replace("@PURGER@", purger))
        self.things = contextlib.ExitStack()
        self.port = self.things.enter_context(reserved_port())
        self.address = f"127.0.0.1:{self.port}"
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen(
            [VARNISHD, "-F", "-j", "none", "-n", str(self.folder / "work"), "-a", self.address, "-f", str(vcl), "-s", "malloc,16m",
             "-T", "none", "-p", "thread_pools=1", "-p", "thread_pool_min=5"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)
        poll(self.answers, lambda: f"varnishd listening: {(self.folder / 'log').read_text()}")

    def answers(self):
        assert self.process.poll() is None, (self.folder / "log").read_text()
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", self.port)) == 0

    def get(self, path):
        """HIT or MISS of a page that must be there."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            body = response.read()
            assert response.status == 200, (path, response.status, body[:200])
            return response.headers["X-Magento-Cache-Debug"]
        finally:
            connection.close()

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
        self.log.close()
        self.things.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture
def varnish(shop):
    started = []

    def start(**more):
        started.append(Varnish(shop, **more))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def client_of(start, *caches, **more):
    """Somebody logged in at a server that knows these caches."""
    sections = {'store "main"': {"varnish_hosts": [cache.address for cache in caches]}, **more}
    server = start(sections=sections, workers=2)
    server.upstream_ports |= {cache.port for cache in caches}  # connections to them are kept alive, too
    client = Modern(server)
    client.login()
    return client


PAGES = ["/p-1.html", "/p-2.html", "/gear.html", "/gear/bags.html", "/", "/about-us"]


def warm(cache):
    for page in PAGES:
        cache.get(page)
    assert [cache.get(page) for page in PAGES] == ["HIT"] * len(PAGES)


def fetched_anew(shop, cache):
    """The pages that the cache has to ask the shop for, each exactly once."""
    before = {page: len(shop.requests(page)) for page in PAGES}
    missed = [page for page in PAGES if cache.get(page) == "MISS"]
    assert [page for page in PAGES if page != "/" and len(shop.requests(page)) > before[page]] == [page for page in missed if page != "/"]
    assert [cache.get(page) for page in PAGES] == ["HIT"] * len(PAGES)
    return missed


def test_product(shop, start, varnish):
    """A product's own page and the category page that shows it."""
    cache = varnish()
    client = client_of(start, cache)
    warm(cache)
    sku = client.ok("catalog_search_products", {"filters": {"url_key": "p-1"}, "fields": ["sku"]})["items"][0]["sku"]
    result = client.ok("cache_purge_product", {"sku": sku, **SURE})
    assert (result["purged"], result["success"], result["tags"]) == (True, True, ["cat_p_1"])
    assert result["backends"] == [{"backend": "varnish", "host": cache.address, "ok": True, "status": 200}]
    assert fetched_anew(shop, cache) == ["/p-1.html", "/gear.html"]


def test_category(shop, start, varnish):
    cache = varnish()
    client = client_of(start, cache)
    warm(cache)
    result = client.ok("cache_purge_category", {"category_id": 4, "store_view_code": "de", **SURE})
    assert result["purged"] and "every store view" in result["message"]
    assert fetched_anew(shop, cache) == ["/gear/bags.html"]


def test_addresses(shop, start, varnish):
    """Product, category, home page and CMS page by their addresses; an address without an entity is told apart."""
    cache = varnish()
    client = client_of(start, cache)
    warm(cache)
    urls = [shop.url + path for path in ("/p-2.html?utm=1", "/", "/about-us", "/customer/account")]
    result = client.ok("cache_purge_by_url", {"urls": urls, **SURE})
    assert (result["message"], result["purged"]) == ("Purged 3/4 URLs.", False)
    assert [row["success"] for row in result["results"]] == [True, True, True, False]
    assert result["results"][0]["tags"] == ["cat_p_2"]
    assert result["results"][3]["error"] == "not an entity page; cannot be purged by tag"
    assert fetched_anew(shop, cache) == ["/p-2.html", "/gear/bags.html", "/", "/about-us"]

    warm(cache)
    refused = client.refused("cache_purge_by_url", "VALIDATION_ERROR", {"urls": ["https://example.com/p-1.html"], **SURE})
    assert refused.details[0]["path"] == "params.urls[0]"
    assert fetched_anew(shop, cache) == []


def test_two_machines(shop, start, varnish):
    """All machines are purged; one that refuses us is told, and alone it is an error."""
    good, closed = varnish(), varnish(purger="192.0.2.1")
    client = client_of(start, good, closed)
    warm(good)
    warm(closed)
    result = client.ok("cache_purge_category", {"category_id": 4, **SURE})
    assert result["purged"] is False
    assert [(row["ok"], row["status"]) for row in result["backends"]] == [(True, 200), (False, 405)]
    assert "acl" in result["backends"][1]["error"]
    assert fetched_anew(shop, good) == ["/gear/bags.html"]
    assert fetched_anew(shop, closed) == []

    alone = client_of(start, closed)
    refused = alone.refused("cache_purge_category", "MAGENTO_API_ERROR", {"category_id": 4, **SURE})
    assert (refused.details["backend"], refused.details["statusCode"]) == ("varnish", 405)


def test_rate_limit(shop, start, varnish):
    """Counted over all workers."""
    client = client_of(start, varnish(), guardrails={"cache_rate_limit": 3})
    for _ in range(3):
        client.ok("cache_purge_category", {"category_id": 4, **SURE})
    client.refused("cache_purge_category", "CONFIRMATION_REQUIRED", {"category_id": 4})
    refused = client.refused("cache_purge_category", "RATE_LIMITED", {"category_id": 4, **SURE})
    assert 1 <= refused.details["retry_after_s"] <= 60
