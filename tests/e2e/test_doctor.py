"""`magento-mcp doctor`: the usual causes, told apart, each with its cure."""

import contextlib
import json
import socket
import ssl
import subprocess
import threading

import pytest

from harness.fastly import Fastly
from harness.places import LIMITED_OAUTH as LIMITED
from harness.places import OAUTH
from harness.process import SERVER, clean_environment
from test_varnish import VARNISHD, varnish  # noqa: F401 (a fixture)


def examine(base_url, keys, *operands, settings=(), only=False):
    """Exit status and {point: (verdict, text)} of the store "main", the only one unless there are settings of others."""
    operands = ("main",) if only else operands
    settings = [f"store.main.base_url={base_url}", *(f"store.main.{k}={v}" for k, v in keys.items()), *settings]
    done = subprocess.run([SERVER, "doctor", "--json", *operands, *(x for s in settings for x in ("-s", s))],
                          capture_output=True, text=True, env=clean_environment(), timeout=60)
    for secret in (value for key, value in keys.items() if key != "admin_username"):
        assert secret not in done.stdout
    if not done.stdout:
        return done.returncode, done.stderr
    (report,) = json.loads(done.stdout)
    assert report["store"] == "main"
    return done.returncode, {f["point"]: (f["verdict"], f["text"]) for f in report["findings"]}


def test_a_store_in_good_health(shop):
    status, found = examine(shop.url, OAUTH)
    assert status == 0
    for point in ("reachable", "clock", "credentials", "scope", "catalog, pricing, seo", "promotions", "cms pages",
                  "cms blocks", "inventory (MSI)", "GraphQL"):
        assert found[point][0] == "ok", found[point]
    assert found["indexer status route"][0] == "note"
    assert not [r for r in shop.requests() if r["method"] not in ("GET", "POST")], "it changes nothing"
    assert not [r for r in shop.requests("/rest/") if r["method"] == "POST"]


def test_missing_permissions_are_named(shop):
    status, found = examine(shop.url, LIMITED)
    assert status == 2
    assert found["credentials"][0] == "ok"
    assert found["catalog, pricing, seo"][0] == "ok"
    for toolset, permission in (
            ("scope", "Magento_Backend::store"), ("promotions", "Magento_SalesRule::quote"), ("cms pages", "Magento_Cms::page"),
            ("cms blocks", "Magento_Cms::block"), ("inventory (MSI)", "Magento_InventoryApi::source")):
        verdict, text = found[toolset]
        assert verdict == "wrong" and permission in text and "admin panel" in text, toolset


@pytest.mark.parametrize("change, word", [
    ({"oauth_token_secret": "dummytokensecret0000000000000001"}, "signature"),
    ({"oauth_consumer_key": "dummyconsumerkey0000000000000009"}, "four values"),
])
def test_bad_oauth(shop, change, word):
    status, found = examine(shop.url, {**OAUTH, **change})
    assert status == 2
    verdict, text = found["credentials"]
    assert verdict == "wrong" and word in text
    assert "promotions" not in found, "nothing more is asked with credentials that do not work"


def test_bearer_switched_off(shop):
    status, found = examine(shop.url, {"integration_token": "dummyaccesstoken0000000000000000"})
    assert status == 2
    assert "Allow OAuth" in found["credentials"][1] or "Consumer Settings" in found["credentials"][1]
    shop.settings(bearer=True)
    status, found = examine(shop.url, {"integration_token": "dummyaccesstoken0000000000000000"})
    assert status == 0 and found["credentials"][0] == "ok"


def test_account_with_2fa(shop):
    status, found = examine(shop.url, {"admin_username": "tfauser", "admin_password": "Dummy123pass"})
    assert status == 2
    assert "2FA" in found["credentials"][1]


def test_nobody_there():
    status, found = examine("http://127.0.0.1:1", OAUTH)
    assert status == 1
    assert found["reachable"][0] == "away" and "no connection" in found["reachable"][1]


def test_something_else_answers(shop):
    shop.fault("html", status=200)
    status, found = examine(shop.url, OAUTH)
    assert status == 2
    assert found["reachable"][0] == "wrong" and "base_url" in found["reachable"][1]


def test_clock_skew_is_not_hidden(shop):
    """The demo store's own clock decides over OAuth timestamps."""
    shop.settings(clock_skew_s=-3600)
    try:
        status, found = examine(shop.url, OAUTH)
    finally:
        shop.settings(clock_skew_s=0)
    assert status == 2
    assert "clock" in found["credentials"][1] or found["clock"][0] == "wrong"


def test_unknown_store_and_no_store(shop):
    status, text = examine(shop.url, OAUTH, "other")
    assert status == 2 and "other" in text
    done = subprocess.run([SERVER, "doctor"], capture_output=True, text=True, env=clean_environment(), timeout=60)
    assert done.returncode == 2 and "no store" in done.stderr


# ---- TLS ----


def make_certificate(folder):
    """Of nobody that is known; the files of its key and of itself."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)],
                   check=True, capture_output=True, timeout=60)
    return key, cert


@contextlib.contextmanager
def tls_front(shop, folder):
    """The shop behind a certificate that nobody knows; its address and the file of the certificate."""
    key, cert = make_certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    listener = socket.create_server(("127.0.0.1", 0))

    def copy(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def serve(raw):
        with contextlib.suppress(OSError), context.wrap_socket(raw, server_side=True) as client, \
                socket.create_connection(("127.0.0.1", shop.port)) as upstream:
            back = threading.Thread(target=copy, args=(upstream, client), daemon=True)
            back.start()
            copy(client, upstream)
            back.join(60)

    def accept():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}", cert
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def test_tls(shop, tmp_path):
    """A certificate that is not trusted is not a shop that is away: somebody has to do something."""
    with tls_front(shop, tmp_path) as (url, cert):
        status, found = examine(url, OAUTH)
        assert status == 2 and "reachable" not in found and "credentials" not in found
        assert found["TLS"][0] == "wrong" and "magento.ca_file" in found["TLS"][1]
        assert not shop.requests(), "nothing is said to somebody unknown"

        shop.settings(oauth_host=url)
        try:
            status, found = examine(url, OAUTH, settings=[f"magento.ca_file={cert}"])
            assert (status, found["TLS"]) == (0, ("ok", "the certificate is trusted"))
            status, found = examine(url, OAUTH, settings=["magento.verify_tls=no"])
        finally:
            shop.settings(oauth_host="")
        assert (status, found["TLS"][0]) == (0, "note") and "magento.verify_tls" in found["TLS"][1]


def test_no_tls(shop):
    assert examine(shop.url, OAUTH)[1]["TLS"][0] == "note"


# ---- what Magento sees ----


def test_host_seen_by_magento(shop):
    """Somebody in between rewrites the host: the signature that Magento works out is another one."""
    shop.settings(oauth_host="http://inside.example:8080")
    try:
        status, found = examine(shop.url, OAUTH)
    finally:
        shop.settings(oauth_host="")
    verdict, text = found["credentials"]
    assert (status, verdict) == (2, "wrong") and "host" in text and "proxy" in text


def test_clock_that_is_ahead(shop):
    """By the Date of the answer, before anything is refused for it."""
    with dated(shop, "Sun, 06 Nov 1994 08:49:37 GMT") as url:
        found = examine(url, OAUTH)[1]
    assert found["clock"][0] == "wrong" and "ahead of the shop's" in found["clock"][1] and "time service" in found["clock"][1]
    with dated(shop, "Fri, 06 Nov 2065 08:49:37 GMT") as url:
        found = examine(url, OAUTH)[1]
    assert found["clock"][0] == "note" and "behind the shop's" in found["clock"][1]


@contextlib.contextmanager
def dated(shop, date):
    """Somebody who answers with this Date and a JSON body."""
    stub = Fastly()
    stub.answers["/"] = (401, {"Date": date}, {"message": "The consumer isn't authorized to access %resources."})
    try:
        yield stub.url
    finally:
        stub.stop()


# ---- accounts ----


def test_admin_account(shop):
    status, found = examine(shop.url, {"admin_username": "admin", "admin_password": "Dummy123pass"})
    assert (status, found["credentials"]) == (0, ("ok", "admin account: accepted"))
    before = len(shop.requests("/integration/admin/token"))
    status, found = examine(shop.url, {"admin_username": "admin", "admin_password": "Dummy123wrong"})
    assert status == 2 and "wrong user name or password" in found["credentials"][1]
    assert len(shop.requests("/integration/admin/token")) == before + 1, "once: six lock the account"


def test_no_credentials(shop):
    status, found = examine(shop.url, {})
    assert (status, found["credentials"][0]) == (0, "note") and "auth_login" in found["credentials"][1]
    assert found["GraphQL"][0] == "ok", "needs none"


# ---- modules and routes ----


def test_modules_that_are_missing(shop):
    shop.settings(msi=False)
    shop.fault("html", "/graphql", status=404)
    try:
        status, found = examine(shop.url, OAUTH)
    finally:
        shop.settings(msi=True)
    assert status == 0, "not everybody needs them"
    assert found["inventory (MSI)"][0] == "note" and "module" in found["inventory (MSI)"][1]
    assert found["GraphQL"][0] == "note" and "redirects cannot be followed" in found["GraphQL"][1]


def test_optional_routes(shop):
    points = ("URL rewrites route", "indexer status route")
    shop.settings(url_rewrite_route=True, indexer_route=True)
    try:
        found = examine(shop.url, OAUTH)[1]
        query = examine(shop.url, OAUTH, settings=["optional_routes.url_rewrites=/V1/url-rewrite?fields=items[request_path]"])[1]
    finally:
        shop.settings(url_rewrite_route=False, indexer_route=False)
    assert [found[point][0] for point in points] == ["ok", "ok"] and query[points[0]][0] == "ok", query
    found = examine(shop.url, OAUTH)[1]
    assert [found[point][0] for point in points] == ["note", "note"] and "not there" in found[points[0]][1]
    off = examine(shop.url, OAUTH, settings=["optional_routes.url_rewrites=", "optional_routes.indexer_status="])[1]
    assert [off[point] for point in points] == [("note", "switched off by configuration")] * 2
    shop.fault("status", "/rest/all/V1/indexer", status=401)
    status, found = examine(shop.url, OAUTH)
    assert (status, found[points[1]][0]) == (2, "wrong") and "needs the Magento permission" in found[points[1]][1]
    shop.heal()
    shop.fault("html", "/rest/all/V1/indexer", status=500)
    status, found = examine(shop.url, OAUTH)
    assert (status, found[points[1]][0]) == (0, "note") and "cannot be used" in found[points[1]][1]


@pytest.mark.parametrize("value", ["/V2/x", "V1/x", "/V1/../admin", "/V1/x y", "https://example.com/V1/x"])
def test_optional_route_that_is_none(value):
    """Refused when the configuration is read, not when the tool is called."""
    done = subprocess.run([SERVER, "check", "-s", f"optional_routes.indexer_status={value}"], capture_output=True, text=True,
                          env=clean_environment(), timeout=60)
    assert done.returncode == 2 and "optional_routes.indexer_status: " in done.stderr and "is no route, write" in done.stderr


# ---- caches ----


def test_fastly(shop):
    """Asked for a purge of what no page carries."""
    stub = Fastly()
    settings = [f"fastly.api_url={stub.url}", "fastly.service_id=SRV", "fastly.api_token=fastly~doctor-token00000000000"]
    try:
        status, found = examine(shop.url, OAUTH, settings=settings)
        assert (status, found["Fastly"]) == (0, ("ok", "takes purges of this service"))
        (request,) = stub.take()
        assert (request["path"], request["body"]) == ("/service/SRV/purge", {"surrogate_keys": ["magento_mcp_doctor"]})
        stub.answers["/"] = (403, {}, {})
        status, found = examine(shop.url, OAUTH, settings=settings)
        assert (status, found["Fastly"][0]) == (2, "wrong") and "purge_select" in found["Fastly"][1]
        stub.answers["/"] = (503, {}, {})
        assert examine(shop.url, OAUTH, settings=settings)[1]["Fastly"][0] == "away"
        assert examine(shop.url, OAUTH, settings=[*settings, "store.second.base_url=http://127.0.0.1:1",
                                                  "store.second.is_default=yes"], only=True)[1]["Fastly"] == (
            "note", "not configured"), "the global one is the default store's"
    finally:
        stub.stop()


@pytest.mark.skipif(VARNISHD is None, reason="varnishd is not installed (apt-get install varnish)")
def test_varnish(shop, varnish):  # noqa: F811
    """Its ACL is what a purge will meet; no page leaves it."""
    good, closed = varnish(), varnish(purger="192.0.2.1")
    good.get("/p-1.html")
    status, found = examine(shop.url, OAUTH, settings=[f"store.main.varnish_hosts={good.address}"])
    assert (status, found["Varnish"]) == (0, ("ok", "takes purges from here (1 of 1)"))
    assert good.get("/p-1.html") == "HIT"
    status, found = examine(shop.url, OAUTH, settings=[f"store.main.varnish_hosts={good.address}, {closed.address}"])
    assert (status, found["Varnish"][0]) == (2, "wrong")
    assert closed.address in found["Varnish"][1] and "acl" in found["Varnish"][1]
    status, found = examine(shop.url, OAUTH, settings=["store.main.varnish_hosts=127.0.0.1:1"])
    assert (status, found["Varnish"][0]) == (1, "away") and "127.0.0.1:1" in found["Varnish"][1]


# ---- the table ----


def test_table_of_all_stores(shop):
    """Without --json for people; every store unless one is named; the worst of them gives the status."""
    settings = [f"store.main.base_url={shop.url}", *(f"store.main.{k}={v}" for k, v in OAUTH.items()),
                "store.away.base_url=http://127.0.0.1:1"]
    options = [word for setting in settings for word in ("-s", setting)]

    def run(*operands):
        return subprocess.run([SERVER, "doctor", *operands, *options], capture_output=True, text=True, env=clean_environment(),
                              timeout=60)

    both, one = run(), run("main")
    assert (both.returncode, one.returncode) == (1, 0)
    assert [line for line in both.stdout.splitlines() if not line.startswith(" ")] == ["main", "away"]
    assert "  ok     reachable              Magento answers in " in one.stdout and "127.0.0.1:1" not in one.stdout
    assert "  away   reachable              no connection" in both.stdout
    assert not any(secret in both.stdout + both.stderr for secret in OAUTH.values())
