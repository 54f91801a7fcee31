"""Callers with access tokens of an OAuth 2.1 authorization server: a real one (oidc-provider), started here."""

import base64
import contextlib
import json
import subprocess
import time
import urllib.parse
import urllib.request

import pytest

from clients import HOME, node  # noqa: F401 (a fixture)
from harness.client import Legacy, Modern
from harness.places import is_sanitized, poll, reserved_port
from harness.process import SECRETS, Server
from test_clock import Clock
from test_tokens import Caller

RESOURCE = "https://mcp.example.com/mcp"
METADATA = "/.well-known/oauth-protected-resource"
CHALLENGE = f'resource_metadata="https://mcp.example.com{METADATA}/mcp"'
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]


class Issuer:
    """On a port that stays its own while it is away; close() gives it back."""

    def __init__(self, node):
        self.things = contextlib.ExitStack()
        self.port = self.things.enter_context(reserved_port())
        self.url = f"http://127.0.0.1:{self.port}"
        self.node = node
        self.start()

    def start(self):
        self.process = subprocess.Popen([self.node, HOME / "authorization_server.mjs", str(self.port)], stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        assert json.loads(self.process.stdout.readline())["issuer"] == self.url

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def close(self):
        self.stop()
        self.things.close()

    def post(self, path, form=None):
        data = urllib.parse.urlencode(form or {}).encode()
        with urllib.request.urlopen(self.url + path, data, timeout=60) as reply:
            return reply.read()

    def token(self, scope="", client="ES256.amy", resource=RESOURCE):
        form = {"grant_type": "client_credentials", "client_id": client, "client_secret": "secret",
                "resource": resource, "scope": scope}
        token = json.loads(self.post("/token", form))["access_token"]
        SECRETS.add(token)
        return token


@pytest.fixture(scope="module")
def issuer(node):  # noqa: F811
    issuer = Issuer(node)
    yield issuer
    issuer.close()


def sections_for(issuer, **more):
    return {"auth": {"mode": "oauth", "issuer": issuer.url, "resource": RESOURCE, **more}}


@pytest.fixture(scope="module")
def the_server(the_shop, issuer):
    server = Server(the_shop, sections_for(issuer))
    server.upstream_ports.add(issuer.port)
    wait_for_keys(server)
    yield server
    server.stop()


def wait_for_keys(server):
    poll(lambda: len(server.log("issuer_keys")) >= server.workers, lambda: server.log("issuer_keys_failed"))


def discover(server, token, scheme="Bearer"):
    client = Modern(server)
    headers = {**client.headers(), "Mcp-Method": "server/discover"}
    if token is not None:
        headers["Authorization"] = f"{scheme} {token}"
    return server.http("POST", headers=list(headers.items()),
                       body=json.dumps(client.message("server/discover")).encode())


def expect_challenge(reply, error="invalid_token", status=401):
    assert reply.status == status
    assert CHALLENGE in reply.header("WWW-Authenticate")
    assert (f'error="{error}"' in reply.header("WWW-Authenticate")) == (error is not None)


# ---- who is let in ----


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_algorithm(server, issuer, algorithm):
    token = issuer.token("catalog:read scope:read", f"{algorithm}.amy")
    client = Modern(server, token=token)
    client.login()
    assert client.ok("catalog_get_product", {"sku": "MCP-001"})["sku"] == "MCP-001"
    poll(lambda: server.log("mcp", tool="catalog_get_product", principal=f"oauth:{algorithm}.amy"), server.tail)


def test_legacy_session_belongs_to_its_caller(server, issuer):
    amy = Legacy(server, token=issuer.token("catalog:read"))
    amy.login()
    amy.ok("catalog_get_product", {"sku": "MCP-001"})
    bob = Legacy(server, token=issuer.token("catalog:read", "ES256.bob"), opened=False)
    bob.session_id = amy.session_id
    assert bob.ask("ping").status == 404
    # Another token of the same caller is the same caller.
    again = Legacy(server, token=issuer.token("catalog:read", "ES256.amy"), opened=False)
    again.session_id = amy.session_id
    assert again.ask("ping").status == 200


def test_no_token(server):
    reply = discover(server, None)
    expect_challenge(reply, error=None)
    assert 'scope="catalog:read cms:read' in reply.header("WWW-Authenticate")


def unsigned(claims, header):
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims))
    return ".".join(parts) + "."


def test_bad_tokens(server, issuer):
    good = issuer.token("catalog:read")
    head, payload, signature = good.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    bad = {
        "another audience": issuer.token("catalog:read", resource="https://other.example.com/mcp"),
        "opaque": issuer.token("catalog:read", resource="https://other.example.com/opaque"),
        "alg none": unsigned(claims, {"alg": "none", "typ": "at+jwt"}),
        "alg none, signed": unsigned(claims, {"alg": "none"}) + signature,
        "changed claims": ".".join([head, unsigned({**claims, "scope": "*"}, {}).split(".")[1], signature]),
        "no signature": f"{head}.{payload}.",
        "nonsense": "nonsense",
    }
    for what, token in bad.items():
        if token:
            SECRETS.add(token)
        reply = discover(server, token)
        assert reply.status == 401, what
        expect_challenge(reply)
    assert discover(server, good).status == 200
    assert discover(server, good, scheme="Basic").status == 400


def judged(issuer, header=None, key="ES256", **claims):
    """A token that differs from a good one in this only; a claim that is None is left out."""
    now = int(time.time())
    whole = {"iss": issuer.url, "aud": RESOURCE, "sub": "ES256.amy", "client_id": "ES256.amy", "iat": now, "exp": now + 300,
             "scope": "catalog:read", **claims}
    request = {"header": {"alg": key, "typ": "at+jwt", "kid": f"{key}-1", **(header or {})}, "key": key,
               "claims": {name: value for name, value in whole.items() if value is not None}}
    request["header"] = {name: value for name, value in request["header"].items() if value is not None}
    with urllib.request.urlopen(issuer.url + "/test/sign", json.dumps(request).encode(), timeout=60) as reply:
        token = reply.read().decode()
    SECRETS.add(token)
    return token


HOUR = 3600
JUDGED = {
    "good": ({}, 200),
    "of another audience": ({"aud": "https://other.example.com/mcp"}, 401),
    "of a part of this audience": ({"aud": RESOURCE + "/x"}, 401),
    "of several audiences, this one too": ({"aud": ["https://other.example.com/mcp", RESOURCE]}, 200),
    "of several others": ({"aud": ["https://other.example.com/mcp", RESOURCE + "/"]}, 401),
    "of no audience": ({"aud": None}, 401),
    "expired": ({"exp": lambda now: now - HOUR}, 401),
    "without an end": ({"exp": None}, 401),
    "with a text for an end": ({"exp": "2099-01-01"}, 401),
    "not valid yet": ({"nbf": lambda now: now + HOUR}, 401),
    "made tomorrow": ({"iat": lambda now: now + 24 * HOUR}, 401),
    "of another issuer": ({"iss": "https://login.example.com"}, 401),
    "of a longer issuer": ({"iss": lambda issuer: issuer + "/"}, 401),
    "of nobody": ({"sub": None}, 401),
    "of a number": ({"sub": 7}, 401),
    "an identity token": ({"header": {"typ": "JWT+id"}}, 401),
    "with an extension that must be understood": ({"header": {"crit": ["b64"], "b64": True}}, 401),
    "by an unknown key": ({"header": {"kid": "ES256-99"}}, 401),
    "by a key of another type": ({"header": {"kid": "RS256-1"}}, 401),
    "by a key for another algorithm": ({"header": {"kid": "PS256-1"}, "key": "RS256"}, 401),
    "by a key that nobody published": ({"key": "stranger", "header": {"alg": "ES256", "kid": "ES256-1"}}, 401),
    "a MAC by a public key": ({"key": "public", "header": {"alg": "HS256", "kid": "RS256-1"}}, 401),
    "by an algorithm that is not on the list": ({"key": "RS256", "header": {"alg": "RS512"}}, 401),
}


@pytest.mark.parametrize("what", JUDGED)
def test_every_flaw(server, issuer, what):
    """R-361, R-363: one flaw each, signed by the true issuer where that is not the flaw; the status and the challenge."""
    difference, status = JUDGED[what]
    given = {"now": int(time.time()), "issuer": issuer.url}
    difference = {name: value(given[value.__code__.co_varnames[0]]) if callable(value) else value
                  for name, value in difference.items()}
    reply = discover(server, judged(issuer, **difference))
    if status == 401:
        expect_challenge(reply)
        assert reply.json["error"]["message"] and "id" not in reply.json
    assert reply.status == status, reply


@pytest.mark.skipif(is_sanitized(), reason="the sanitizer wants to be the first library")
def test_end_on_an_open_connection(start, issuer, tmp_path):
    """R-361: tokens of both kinds that were good a moment ago, and are again when the clock goes back."""
    clock = Clock(tmp_path / "clock")
    brief = Caller("brief", time.strftime("--expires=%Y-%m-%d", time.gmtime(time.time() + 48 * HOUR)))
    server = start({**sections_for(issuer), brief.section: brief.values}, environment=clock.environment)
    server.upstream_ports.add(issuer.port)
    wait_for_keys(server)
    client = Modern(server, keep=True)
    body = json.dumps(client.message("server/discover")).encode()
    tokens = [judged(issuer), brief.token]
    for offset_s, status in ((0, 200), (0, 200), (72 * HOUR, 401), (72 * HOUR, 401), (0, 200)):
        clock.set(offset_s)
        time.sleep(0.002)  # a worker reads its wall clock once a millisecond
        for client.token in tokens:
            assert client.post_raw(body, {"Mcp-Method": "server/discover"}).status == status
    client.close()


def test_too_little_scope(server, issuer):
    """R-365, R-366: 403 with all that the operation needs; none at all, the narrower one, and that of another store."""
    for scope in (None, "", "catalog", "catalog:read", "outlet/catalog:write", "catalog:write:x", "CATALOG:WRITE"):
        client = Modern(server, token=judged(issuer, scope=scope))
        client.login()
        reply = client.ask("tools/call", {"name": "catalog_prepare_bulk_update", "arguments": client.arguments(
            {"match": {"sku_list": ["MCP-001"]}, "updates": {"name": "x"}, "scope": {"scope": "global"}}, True)})
        expect_challenge(reply, "insufficient_scope", 403)
        assert 'scope="catalog:write"' in reply.header("WWW-Authenticate"), scope
        assert reply.json["error"]["code"] == 403


def test_forged_by_another_issuer(server, issuer, the_shop):
    """Right names, wrong keys: a second issuer that says what the first would."""
    forger = Issuer(issuer.node)
    try:
        token = forger.token("catalog:read")
    finally:
        forger.close()
    expect_challenge(discover(server, token))


# ---- what they may do ----


def test_scopes_rule_list_and_calls(server, issuer, shop):
    reader = Modern(server, token=issuer.token("catalog:read scope:read"))
    reader.login()
    names = [tool["name"] for tool in reader.rpc("tools/list")["tools"]]
    assert "catalog_get_product" in names and "auth_login" in names
    assert "catalog_prepare_bulk_update" not in names and "cms_get_page" not in names
    before = len(shop.requests())
    reply = reader.ask("tools/call", {"name": "catalog_prepare_bulk_update", "arguments": reader.arguments(
        {"match": {"sku_list": ["MCP-001"]}, "updates": {"name": "x"}, "scope": {"store_view_code": "default"}}, True)})
    expect_challenge(reply, "insufficient_scope", 403)
    assert 'scope="catalog:write"' in reply.header("WWW-Authenticate")
    assert len(shop.requests()) == before
    # The wider token of the same caller may, with the same login.
    wider = Modern(server, token=issuer.token("catalog:write"))
    wider.session = reader.session
    plan = wider.ok("catalog_prepare_bulk_update", {"match": {"sku_list": ["MCP-001"]}, "updates": {"name": "x"},
                                                    "scope": {"store_view_code": "default"}})
    assert plan["plan_id"]


def test_scope_of_one_store(server, issuer):
    client = Modern(server, token=issuer.token("main/catalog:read"))
    client.login()
    client.ok("catalog_get_product", {"sku": "MCP-001"})
    other = Modern(server, token=issuer.token("outlet/catalog:read", "ES256.bob"))
    other.login()
    reply = other.ask("tools/call", {"name": "catalog_get_product", "arguments": other.arguments({"sku": "MCP-001"},
                                                                                              True)})
    expect_challenge(reply, "insufficient_scope", 403)


# ---- the issuer's side ----


def test_metadata(server, issuer):
    for path in (METADATA, METADATA + "/mcp"):
        reply = server.http("GET", path)
        assert reply.status == 200
        assert reply.header("Access-Control-Allow-Origin") == "*"
        assert reply.json["resource"] == RESOURCE
        assert reply.json["authorization_servers"] == [issuer.url]
        assert reply.json["bearer_methods_supported"] == ["header"]
        assert "offline_access" not in reply.json["scopes_supported"]
    assert server.http("POST", METADATA, body=b"{}").status in (404, 405)


def test_rotation(start, node_issuer):
    """A token with a new key has the keys fetched; a key that is withdrawn lets nobody in any more."""
    server = start(sections=sections_for(node_issuer, jwks_refresh_ms="1s"), workers=2)
    server.upstream_ports.add(node_issuer.port)
    wait_for_keys(server)
    old = node_issuer.token("catalog:read")
    assert discover(server, old).status == 200
    node_issuer.post("/test/rotate")
    new = node_issuer.token("catalog:read")
    poll(lambda: all(discover(server, new).status == 200 for _ in range(8)), lambda: server.log("issuer_keys_failed"))
    assert discover(server, old).status == 200
    node_issuer.post("/test/forget")
    poll(lambda: all(discover(server, old).status == 401 for _ in range(8)), lambda: server.log("issuer_keys_failed"))
    assert discover(server, new).status == 200
    server.check()
    server.stop()  # it asks every second, and the issuer goes first


def test_issuer_away(start, node_issuer):
    """Without keys nobody is judged, and nobody loses his token by it; when the issuer comes, all is well."""
    token = node_issuer.token("catalog:read")
    node_issuer.stop()
    server = start(sections=sections_for(node_issuer), workers=2)
    server.upstream_ports.add(node_issuer.port)
    server.expects("issuer_keys_failed", 2)
    server.allows("issuer_keys_failed")  # for another reason, while it starts
    server.wait_log("issuer_keys_failed", 2)
    reply = discover(server, token)
    assert reply.status == 503 and reply.header("WWW-Authenticate") is None
    assert reply.header("Retry-After")
    node_issuer.start()
    fresh = node_issuer.token("catalog:read")  # its keys live in memory only
    poll(lambda: all(discover(server, fresh).status == 200 for _ in range(8)), "the keys")


@pytest.fixture
def node_issuer(issuer):
    own = Issuer(issuer.node)
    yield own
    own.close()


def test_anything_but_loopback_is_served(start, issuer, free_address="0.0.0.0:0"):
    """A server that asks everybody for a token may listen everywhere."""
    server = start(sections={**sections_for(issuer), "server": {"listen": free_address}}, workers=1)
    server.upstream_ports.add(issuer.port)
    assert discover(server, None).status in (401, 403)
