"""The demo store against recorded answers of a real Magento 2.4.7, and its own switches.

The binary is taken from the environment variable DEMO_STORE, by default demo-store in BUILD, by default build/.
Recorded exchanges are replayed in their order: status, content type, error bodies and the shape of the answers (keys
and JSON types) must be those of the record. Where the demo's data are the recorded ones, the whole body must be equal.
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time
import urllib.parse

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXCHANGES = ROOT / "tests" / "data" / "exchanges"
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build"))
BINARY = os.environ.get("DEMO_STORE", str(BUILD / "demo-store"))

KEY, KEY_SECRET = "dummyconsumerkey0000000000000000", "dummyconsumersecret0000000000000"
TOKEN, TOKEN_SECRET = "dummyaccesstoken0000000000000000", "dummytokensecret0000000000000000"

NOT_AUTHORISED = "The consumer isn't authorized to access %resources."
NO_PRODUCT = "The product that was requested doesn't exist. Verify the product and try again."

# Records that are not replayed, and why. Keys are (topic, name).
SKIPPED = {
    ("auth-2fa", "admin token, 2FA on, no provider configured"): "the demo's account has a provider configured",
    ("auth-2fa", "admin token, 2FA on, google forced but user has no secret"): "the demo's account has a secret",
    ("products-search", "products-render-info (storefront prices)"): "storefront prices are not part of the demo",
    ("products-search", "V1/search (needs the search engine; engine stubbed empty)"): "no search engine",
    ("misc-routes", "carts search"): "the recorded shop had a cart, the demo has none",
    ("misc-routes", "checkout agreements"): "checkout is not part of the demo",
    ("misc-routes", "checkout agreements list"): "checkout is not part of the demo",
    ("misc-routes", "directory countries"): "the demo lists no regions",
}


# Members of attributes that the demo leaves out: they name classes and styles inside Magento.
OPTIONAL = {"frontend_class", "backend_model", "source_model", "default_value", "note"}


class Reply:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.raw = response.read()
        kind = response.headers.get("Content-Type", "")
        self.json = json.loads(self.raw) if kind.startswith("application/json") and self.raw else None


class Store:
    """A running demo store."""

    def __init__(self, *options):
        self.process = subprocess.Popen(
            [BINARY, "--listen", "127.0.0.1:0", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        line = self.process.stdout.readline()
        match = re.fullmatch(r"demo-store listening on http://127\.0\.0\.1:(\d+)\n", line)
        assert match, f"unexpected first line {line!r}: {self.process.stderr.read() if not line else ''}"
        self.port = int(match.group(1))
        self.tokens = {}

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=10)
        assert self.process.returncode == 0, errors
        assert errors == ""

    def connect(self, timeout=10):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def request(self, method, path, body=None, headers=None, timeout=10):
        """Sends the path as it is; headers given as None are left out."""
        headers = dict(headers or {})
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        if body is not None and "Content-Type" not in headers:
            headers["Content-Type"] = "application/json"
        connection = self.connect(timeout)
        try:
            connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
            for name, value in headers.items():
                if value is not None:
                    connection.putheader(name, value)
            if body is not None:
                body = body.encode() if isinstance(body, str) else body
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            return Reply(connection.getresponse())
        finally:
            connection.close()

    def token(self, username="admin"):
        if username not in self.tokens:
            reply = self.request(
                "POST", "/rest/V1/integration/admin/token", {"username": username, "password": "Dummy123pass"}
            )
            assert reply.status == 200, reply.raw
            self.tokens[username] = reply.json
        return self.tokens[username]

    def admin(self, method, path, body=None):
        return self.request(method, path, body, {"Authorization": "Bearer " + self.token()})

    def control(self, method, path, body=None):
        reply = self.request(method, "/_demo/" + path, body)
        assert reply.status == 200, reply.raw
        return reply.json


@pytest.fixture(scope="module")
def running():
    """One store for the file, with the recorded catalogue: numbered products 1 to 30 and the fixed ones."""
    store = Store("--products", "30")
    yield store
    store.stop()


@pytest.fixture
def store(running):
    running.control("POST", "reset")
    return running


# --- Replay -----------------------------------------------------------------------------------------------------------


def load(topic):
    with open(EXCHANGES / f"{topic}.json", encoding="utf-8") as file:
        return json.load(file)["exchanges"]


def kind_of(value):
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return {str: "string", list: "array", dict: "object", type(None): "null"}[type(value)]


def compare_shape(recorded, actual, where):
    assert kind_of(actual) == kind_of(recorded), where
    if isinstance(recorded, dict):
        assert set(actual) == set(recorded) - (OPTIONAL - set(actual)), where
        for name in actual:
            compare_shape(recorded[name], actual[name], f"{where}.{name}")
    elif isinstance(recorded, list) and recorded:
        assert actual, f"{where} is empty"
        compare_list(recorded, actual, where)


def compare_list(recorded, actual, where):
    """Members that have a name are compared by it, all others by the first one."""
    if isinstance(recorded[0], dict) and "attribute_code" in recorded[0] and "value" in recorded[0]:
        values = {member["attribute_code"]: member for member in actual}
        for member in recorded:
            if member["attribute_code"] in values:
                compare_shape(member, values[member["attribute_code"]], f"{where}[{member['attribute_code']}]")
    elif isinstance(recorded[0], (dict, str)):
        compare_shape(recorded[0], actual[0], f"{where}[0]")


def bearer(store, auth):
    """The Authorization header that stands for the recorded one."""
    if auth in (None, "none"):
        return None
    if auth.startswith("bearer "):
        return "bearer " + store.token()
    if "tampered" in auth:
        return "Bearer " + store.token()[:-2] + "AA"
    if "token of an admin whose role" in auth:
        return "Bearer " + store.token("limited")
    if auth in ("Bearer <admin token>", "Bearer <older admin token>"):
        return "Bearer " + store.token()
    return auth


def send(store, exchange, extra_headers=None):
    request = exchange["request"]
    headers = {"Authorization": bearer(store, request.get("auth")), **(request.get("headers") or {})}
    headers.update(extra_headers or {})
    path = urllib.parse.quote(request["path"], safe="!#$%&'()*+,/:;=?@[]~\"<>\\^`{|}")
    return store.request(request["method"], path, request.get("body"), headers)


def check(exchange, reply, exact=False):
    response = exchange["response"]
    where = f"{exchange['name']}: {reply.status} {reply.raw[:300]!r}"
    assert reply.status == response["status"], where
    recorded_type = response.get("content_type", "").split(";")[0]
    if recorded_type:
        assert reply.headers.get("Content-Type", "").split(";")[0] == recorded_type, where
    if "body" not in response:
        return
    recorded = response["body"]
    if recorded == "<JWT>":
        assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", reply.json), where
    elif reply.status == 500:
        assert reply.json.keys() == recorded.keys(), where
    elif exact or reply.status >= 400:
        assert reply.json == recorded, where
    else:
        compare_shape(recorded, reply.json, exchange["name"])
        if isinstance(recorded, dict) and "search_criteria" in recorded:
            assert reply.json["search_criteria"] == recorded["search_criteria"], where


def exchanges(topic):
    return [e for e in load(topic) if (topic, e["name"]) not in SKIPPED]


def test_skipped_records_exist():
    for topic, name in SKIPPED:
        assert name in [e["name"] for e in load(topic)], (topic, name)


def test_replay_auth(store):
    for exchange in exchanges("auth"):
        if exchange["name"].startswith("brute force lock probe 6"):
            # The record leaves out probes 2 to 5, which count.
            for _ in range(4):
                assert send(store, exchange).status == 401
        check(exchange, send(store, exchange))


def test_replay_auth_2fa(store):
    for exchange in exchanges("auth-2fa"):
        body = exchange["request"].get("body")
        if body:
            body["username"] = "tfauser"
            if body.get("otp", "000000") != "000000":
                body["otp"] = "123456"
        check(exchange, send(store, exchange))


def oauth_timestamps(records):
    found = [re.search(r'oauth_timestamp="(\d+)"', e["request"].get("auth", "")) for e in records]
    return sorted(int(match.group(1)) for match in found if match)


def test_replay_oauth(store):
    """The recorded signatures, byte for byte: the store is addressed as the recorded one was, on its clock."""
    records = exchanges("oauth")
    stamps = oauth_timestamps(records)
    store.control("POST", "settings", {"clock_skew_s": stamps[len(stamps) // 2] - int(time.time())})
    for exchange in records:
        https = "http scheme" not in exchange["name"]
        recorded = exchange["response"].get("body")
        reply = send(store, exchange, {"Host": "magento.test", "X-Forwarded-Proto": "https" if https else "http"})
        if reply.status == 200 and isinstance(recorded, dict) and "total_count" in recorded:
            # The catalogue was still empty when these were recorded.
            assert exchange["response"]["status"] == 200
            assert isinstance(reply.json["total_count"], int)
        else:
            check(exchange, reply)


@pytest.mark.parametrize("topic", ["store", "misc-routes", "categories", "attributes-tax"])
def test_replay_reads(store, topic):
    for exchange in exchanges(topic):
        if "developer mode" not in exchange["name"]:
            check(exchange, send(store, exchange))


def test_replay_products_get(store):
    for exchange in exchanges("products-get"):
        check(exchange, send(store, exchange), exact="fields=" in exchange["request"]["path"])


def test_replay_products_search(store):
    for exchange in exchanges("products-search"):
        check(exchange, send(store, exchange))


def test_replay_extra(store):
    for exchange in exchanges("extra"):
        limits = "limits on" in exchange["name"]
        settings = {"bearer": "as bearer" in exchange["name"], "max_page_size": 10 if limits else 0}
        settings.update({"default_page_size": 5, "max_list_items": 3 if limits else 0})
        store.control("POST", "settings", settings)
        check(exchange, send(store, exchange))


def strip_changing(body):
    """Takes out what depends on the clock or on what happened to the recorded shop before."""
    if not isinstance(body, dict):
        return body
    body = {name: value for name, value in body.items() if name not in ("id", "created_at", "updated_at")}
    if isinstance(body.get("extension_attributes"), dict):
        extension = body["extension_attributes"] = dict(body["extension_attributes"])
        extension.pop("stock_item", None)
    if "custom_attributes" in body:
        custom = {entry["attribute_code"]: entry["value"] for entry in body["custom_attributes"]}
        body["custom_attributes"] = {code: custom[code] for code in custom if code != "special_from_date"}
    return body


def test_replay_products_update(store):
    """Writes in order, so that each finds what the ones before it left: the scope rules show in the values."""
    for exchange in exchanges("products-update"):
        reply = send(store, exchange)
        check(exchange, reply)
        recorded = exchange["response"].get("body")
        if reply.status == 200 and isinstance(recorded, dict):
            assert strip_changing(reply.json) == strip_changing(recorded), exchange["name"]


def test_replay_products_bulk_prices(store):
    for exchange in exchanges("products-bulk-prices"):
        check(exchange, send(store, exchange), exact=True)


# --- Signatures -------------------------------------------------------------------------------------------------------


def encode(text):
    return urllib.parse.quote(text, safe="-._~")


def natural(text):
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", text)]


def sign(origin, method, path, query, nonce, timestamp=None):
    """The Authorization header for a request; path as it is signed, query as decoded pairs."""
    params = {
        "oauth_consumer_key": KEY, "oauth_nonce": nonce, "oauth_signature_method": "HMAC-SHA256",
        "oauth_timestamp": str(timestamp or int(time.time())), "oauth_token": TOKEN, "oauth_version": "1.0",
    }
    pairs = sorted(((encode(k), encode(v)) for k, v in {**query, **params}.items()), key=lambda p: natural(p[0]))
    base = "&".join([method, encode(origin + path), encode("&".join(f"{k}={v}" for k, v in pairs))])
    mac = hmac.new(f"{KEY_SECRET}&{TOKEN_SECRET}".encode(), base.encode(), hashlib.sha256).digest()
    params["oauth_signature"] = base64.b64encode(mac).decode()
    return "OAuth " + ", ".join(f'{k}="{encode(v)}"' for k, v in params.items())


def test_signature_for_own_host_and_port(store):
    origin = f"http://127.0.0.1:{store.port}"
    header = sign(origin, "GET", "/rest/V1/modules", {}, "own-host")
    assert store.request("GET", "/rest/V1/modules", None, {"Authorization": header}).status == 200


def test_signature_for_fixed_origin():
    store = Store("--products", "1", "--oauth-host", "https://shop.example/")
    try:
        header = sign("https://shop.example", "GET", "/rest/V1/modules", {}, "fixed")
        assert store.request("GET", "/rest/V1/modules", None, {"Authorization": header}).status == 200
    finally:
        store.stop()


@pytest.mark.parametrize(
    "sku, signed",
    [
        ("a%41b", "a%41b"), ("x%2fy", "x%2fy"),
        ("WS/12-SLASH", "WS/12-SLASH"), ("CAFÉ-ünï", "CAF%C3%89-%C3%BCn%C3%AF"),
    ],
)
def test_signature_of_awkward_sku(store, sku, signed):
    origin = f"http://127.0.0.1:{store.port}"
    header = sign(origin, "GET", "/rest/V1/products/" + signed, {}, "sku-" + encode(sku))
    reply = store.request("GET", "/rest/V1/products/" + encode(sku), None, {"Authorization": header})
    assert reply.status in (200, 404) and reply.json.get("message", NO_PRODUCT) == NO_PRODUCT, reply.raw


# --- Catalogue --------------------------------------------------------------------------------------------------------


def test_default_catalogue_is_varied():
    store = Store()
    try:
        reply = store.admin("GET", "/rest/all/V1/products?searchCriteria=")
        items = reply.json["items"]
        assert reply.json["total_count"] == len(items) == 213
        assert {item["type_id"] for item in items} == {"simple", "virtual", "configurable"}
        assert {item["status"] for item in items} == {1, 2}
        codes = {entry["attribute_code"] for item in items for entry in item["custom_attributes"]}
        assert {"special_price", "special_from_date", "mcp_size", "url_key", "category_ids"} <= codes
        assert not any("stock_item" in item["extension_attributes"] for item in items)
        for parent in (item for item in items if item["type_id"] == "configurable"):
            path = f"/rest/V1/configurable-products/{encode(parent['sku'])}/children?fields=id"
            children = [child["id"] for child in store.admin("GET", path).json]
            assert children == parent["extension_attributes"]["configurable_product_links"]
    finally:
        store.stop()


def test_view_has_its_own_names(store):
    path = "/rest/{}/V1/products/MCP-005?fields=name"
    assert store.admin("GET", path.format("all")).json == {"name": "Blue Widget 5"}
    assert store.admin("GET", path.format("de")).json == {"name": "Blaues Gerät 5"}
    assert store.admin("GET", path.format("eu_en")).json == {"name": "Blue Widget 5"}


def test_null_in_a_view_inherits_again(store):
    reply = store.admin("PUT", "/rest/de/V1/products/MCP-005", {"product": {"name": None}})
    assert (reply.status, reply.json["name"]) == (200, "Blue Widget 5")


def test_created_product_can_be_listed_read_and_deleted(store):
    body = {"product": {"sku": "NEW 1", "name": "Brand New", "attribute_set_id": 4, "price": 9.99}}
    created = store.admin("POST", "/rest/all/V1/products", body)
    assert created.status == 200
    assert created.json["extension_attributes"]["website_ids"] == [1, 2]
    search = (
        "/rest/V1/products?searchCriteria[filter_groups][0][filters][0][field]=url_key"
        "&searchCriteria[filter_groups][0][filters][0][value]=brand-new&fields=items[sku,price],total_count"
    )
    assert store.admin("GET", search).json == {"items": [{"sku": "NEW 1", "price": 9.99}], "total_count": 1}
    assert store.admin("DELETE", "/rest/V1/products/NEW%201").json is True
    assert store.admin("GET", "/rest/V1/products/NEW%201").status == 404


def test_unknown_category_id_is_reported_after_saving(store):
    body = {"product": {"price": 5, "custom_attributes": [{"attribute_code": "category_ids", "value": ["4", "99"]}]}}
    reply = store.admin("PUT", "/rest/all/V1/products/MCP-001", body)
    assert (reply.status, reply.json["parameters"]) == (404, {"fieldName": "id", "fieldValue": 99})
    reply = store.admin("GET", "/rest/all/V1/products/MCP-001?fields=price,extension_attributes[category_links]")
    assert reply.json["price"] == 5
    assert [link["category_id"] for link in reply.json["extension_attributes"]["category_links"]] == ["4"]


# --- Logins -----------------------------------------------------------------------------------------------------------


def test_token_runs_out(store):
    store.control("POST", "settings", {"token_ttl": 60})
    reply = store.request(
        "POST", "/rest/V1/integration/admin/token", {"username": "admin", "password": "Dummy123pass"}
    )
    headers = {"Authorization": "Bearer " + reply.json}
    assert store.request("GET", "/rest/V1/modules", None, headers).status == 200
    store.control("POST", "settings", {"clock_skew_s": 61})
    reply = store.request("GET", "/rest/V1/modules", None, headers)
    assert (reply.status, reply.json["message"]) == (401, NOT_AUTHORISED)


def test_lock_ends(store):
    path, bad = "/rest/V1/integration/admin/token", {"username": "limited", "password": "no"}
    good = {**bad, "password": "Dummy123pass"}
    assert [store.request("POST", path, bad).status for _ in range(6)] == [401] * 6
    assert store.request("POST", path, good).status == 401
    store.control("POST", "settings", {"clock_skew_s": 1801})
    assert store.request("POST", path, good).status == 200


def test_limited_bearer(store):
    store.control("POST", "settings", {"bearer": True})
    headers = {"Authorization": "Bearer limitedaccesstoken00000000000000"}
    assert store.request("GET", "/rest/V1/products/MCP-001", None, headers).status == 200
    assert store.request("GET", "/rest/V1/store/websites", None, headers).status == 401


def test_requests_set_a_session_cookie(store):
    assert store.admin("GET", "/rest/V1/modules").headers["Set-Cookie"].startswith("PHPSESSID=")


# --- Switches ---------------------------------------------------------------------------------------------------------

PREFIX = "/rest/V1/modules"


def test_plain_faults_and_their_count(store):
    store.control("POST", "faults", {"path_prefix": PREFIX, "mode": "status", "status": 502, "count": 2})
    assert [store.admin("GET", PREFIX).status for _ in range(3)] == [502, 502, 200]
    store.control("POST", "faults", {"path_prefix": PREFIX, "mode": "html", "status": 503, "count": 1})
    reply = store.admin("GET", PREFIX)
    assert reply.status == 503 and reply.raw.startswith(b"<!doctype html>")
    store.control("POST", "faults", {"path_prefix": PREFIX, "mode": "text500", "count": 1})
    reply = store.admin("GET", PREFIX)
    assert reply.status == 500 and reply.headers["Content-Type"].startswith("text/plain")
    store.control("POST", "faults", {"path_prefix": PREFIX, "mode": "empty", "count": 1})
    reply = store.admin("GET", PREFIX)
    assert (reply.status, reply.raw) == (200, b"")
    store.control("POST", "faults", {"path_prefix": PREFIX, "mode": "retry_after", "retry_after": 7, "count": 1})
    reply = store.admin("GET", PREFIX)
    assert (reply.status, reply.headers["Retry-After"]) == (429, "7")
    assert store.admin("GET", PREFIX).status == 200


def test_fault_for_one_method_after_the_work(store):
    path = "/rest/all/V1/products/MCP-001"
    store.control("POST", "faults", {"path_prefix": path, "mode": "reset", "method": "PUT", "after": True, "count": 1})
    assert store.admin("GET", path).status == 200
    with pytest.raises(ConnectionError):
        store.admin("PUT", path, {"product": {"price": 77}})
    assert store.admin("GET", path).json["price"] == 77


def test_broken_connections(store):
    store.token()
    store.control("POST", "faults", [{"path_prefix": PREFIX, "mode": m, "count": 1} for m in ("garbage", "truncate")])
    with pytest.raises(http.client.BadStatusLine):
        store.admin("GET", PREFIX)
    with pytest.raises(http.client.IncompleteRead):
        store.admin("GET", PREFIX)
    store.control("POST", "faults", {"path_prefix": PREFIX, "mode": "reset", "count": 1})
    with pytest.raises(ConnectionResetError):
        store.admin("GET", PREFIX)
    assert store.admin("GET", PREFIX).status == 200


def test_hang_ends_with_the_faults(store):
    headers = {"Authorization": "Bearer " + store.token()}
    store.control("POST", "faults", {"path_prefix": PREFIX, "mode": "hang"})
    with pytest.raises(socket.timeout):
        store.request("GET", PREFIX, None, headers, timeout=0.2)
    seen = store.control("GET", "requests")["total"]
    connection = store.connect()
    connection.request("GET", PREFIX, headers=headers)
    while store.control("GET", "requests")["total"] == seen:
        pass  # until the store has the request
    store.control("DELETE", "faults")
    with pytest.raises(ConnectionError):
        connection.getresponse()
    connection.close()
    assert store.admin("GET", PREFIX).status == 200


def test_drip_is_the_true_answer(store):
    plain = store.admin("GET", "/rest/V1/store/websites")
    store.control("POST", "faults", {"path_prefix": "/rest/V1/store", "mode": "drip", "ms": 1, "bytes": 20})
    reply = store.admin("GET", "/rest/V1/store/websites")
    assert (reply.status, reply.json) == (200, plain.json)


def test_huge_answer_comes_in_pieces(store):
    size = 100 * 1024 * 1024
    store.control("POST", "faults", {"path_prefix": PREFIX, "mode": "huge", "bytes": size})
    connection = store.connect()
    connection.request("GET", PREFIX, headers={"Authorization": "Bearer " + store.token()})
    response = connection.getresponse()
    first, total = response.read(1), 1
    while piece := response.read(1 << 20):
        total, last = total + len(piece), piece
    connection.close()
    assert (first, last[-1:], total) == (b'"', b'"', size)
    process = pathlib.Path("/proc") / str(store.process.pid)
    if "libasan" not in (process / "maps").read_text():  # which keeps freed memory for a while
        peak_kb = int(re.search(r"VmHWM:\s+(\d+) kB", (process / "status").read_text()).group(1))
        assert peak_kb < 50 * 1024


def test_client_that_leaves_in_the_middle(store):
    """A connection that goes away while an answer is under way must not upset the store."""
    store.token()
    for rule in ({"mode": "huge", "bytes": 1 << 30}, {"mode": "drip", "ms": 5}, {"mode": "latency", "ms": 50}):
        store.control("POST", "faults", {"path_prefix": PREFIX, "count": 1, **rule})
        connection = store.connect()
        connection.request("GET", PREFIX, headers={"Authorization": "Bearer " + store.token()})
        if rule["mode"] != "latency":
            connection.getresponse().read(1)
        connection.close()
    assert store.admin("GET", "/rest/V1/store/websites").status == 200


def test_latency(store):
    store.token()
    store.control("POST", "settings", {"latency_ms": 120})
    began = time.monotonic()
    assert store.admin("GET", PREFIX).status == 200
    assert time.monotonic() - began >= 0.1  # timers run on a coarse clock


def test_request_log(store):
    store.admin("GET", "/rest/V1/products/MCP-001?fields=sku")
    store.request("GET", "/rest/V1/modules")
    log = store.control("GET", "requests")
    assert log["total"] == 2
    assert log["requests"] == [
        {"method": "GET", "path": "/rest/V1/products/MCP-001?fields=sku", "auth": "admin", "status": 200},
        {"method": "GET", "path": "/rest/V1/modules", "auth": "none", "status": 401},
    ]


def test_reset_brings_everything_back(store):
    store.admin("DELETE", "/rest/V1/products/MCP-001")
    store.admin("PUT", "/rest/all/V1/products/MCP-002", {"product": {"name": "Other"}})
    store.control("POST", "faults", {"path_prefix": "/rest", "mode": "text500"})
    store.control("POST", "settings", {"bearer": True})
    store.control("POST", "reset")
    assert store.admin("GET", "/rest/V1/products/MCP-001").status == 200
    assert store.admin("GET", "/rest/V1/products/MCP-002").json["name"] == "Red Widget 2"
    assert store.control("GET", "settings")["bearer"] is False


def test_bad_switches_are_refused(store):
    for path, body in (("faults", {"mode": "nonsense"}), ("settings", {"colour": 1}), ("settings", {"bearer": 1})):
        assert store.request("POST", "/_demo/" + path, body).status == 400


def test_usage():
    done = subprocess.run([BINARY, "--help"], capture_output=True, text=True, timeout=10, check=True)
    assert "--oauth-host" in done.stdout
    assert subprocess.run([BINARY], capture_output=True, timeout=10, check=False).returncode == 2
    bad = subprocess.run([BINARY, "--listen", "nowhere"], capture_output=True, text=True, timeout=10, check=False)
    assert bad.returncode == 2 and "--listen" in bad.stderr
