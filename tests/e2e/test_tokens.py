"""Who may call: client tokens, their scopes, stores and lifetimes; and the bounds of a server without them."""

import collections
import json

import pytest

from harness.client import Legacy, Modern, in_all_eras
from harness.places import OAUTH
from harness.process import SECRETS, Server, run_cli
from harness.shop import Shop

DISCOVER = {"Mcp-Method": "server/discover"}


class Caller:
    """A principal with a token made by `magento-mcp token`."""

    def __init__(self, name, *options):
        done = run_cli("token", name, *options)
        assert done.returncode == 0, done.stderr
        self.token, section, *lines = done.stdout.splitlines()
        assert section == f'[principal "{name}"]'
        self.section = section[1:-1]
        self.values = dict(line.split(" = ", 1) for line in lines)
        SECRETS.add(self.token)


@pytest.fixture(scope="module")
def callers():
    return {
        "alice": Caller("alice"),
        "bob": Caller("bob"),
        "reader": Caller("reader", "--scopes=catalog:read"),
        "main-only": Caller("main-only", "--stores=main"),
        "gone": Caller("gone", "--expires=2020-01-01"),
    }


@pytest.fixture(scope="module")
def other_shop():
    shop = Shop()
    yield shop
    shop.stop()


@pytest.fixture(scope="module")
def the_server(the_shop, other_shop, callers):
    sections = {caller.section: caller.values for caller in callers.values()}
    sections["auth"] = {"mode": "token", "allowed_base_urls": f"http://127.0.0.1:{other_shop.port}/allowed"}
    sections['store "main"'] = {"is_default": "yes"}
    sections['store "second"'] = {"base_url": other_shop.url, **OAUTH}
    server = Server(the_shop, sections)
    server.upstream_ports.add(other_shop.port)
    yield server
    server.stop()


@pytest.fixture
def alice(server, callers):
    client = Modern(server, token=callers["alice"].token)
    client.login()
    return client


def discover(server, authorization):
    """server/discover with these Authorization values."""
    client = Modern(server)
    fields = list({**client.headers(), **DISCOVER}.items()) + [("Authorization", value) for value in authorization]
    return server.http("POST", headers=fields, body=json.dumps(client.message("server/discover")).encode())


# ---- the token itself ----


@pytest.mark.parametrize("authorization,status,challenge", [
    ([], 401, "Bearer realm="),
    (["Bearer mcp_nobody"], 401, 'error="invalid_token"'),
    (["Bearer "], 400, None), (["Bearer"], 400, None), (["Basic YTpi"], 400, None), (["token x"], 400, None),
    ([""], 400, None),
    (["Bearer a", "Bearer b"], 400, None),
    (["Bearer a b"], None, None),
])
def test_authorization(server, authorization, status, challenge):
    """R-361, R-362, R-368: absent 401 without error, unknown 401 invalid_token, malformed 400."""
    reply = discover(server, authorization)
    assert reply.status in ((status,) if status else (400, 401)), reply
    if status == 401:
        assert challenge in reply.header("WWW-Authenticate")
        assert ("error=" in reply.header("WWW-Authenticate")) == bool(authorization)
    assert "id" not in reply.json


def test_token_is_asked_of_everything(server, callers):
    """R-362: POST, DELETE, inside a session, discover; judged before the body; never from the query."""
    session = Legacy(server, token=callers["alice"].token)
    for method, path in (("POST", "/mcp"), ("DELETE", "/mcp"), ("POST", f"/mcp?access_token={callers['alice'].token}")):
        reply = server.http(method, path, [("Mcp-Session-Id", session.session_id),
                                           ("Content-Type", "application/json")], b"broken")
        assert reply.status == 401 and reply.header("WWW-Authenticate"), (method, path)
    assert session.rpc("ping") == {}
    assert discover(server, [f"bearer   {callers['alice'].token}"]).status == 200


def test_order_around_the_token(server, callers):
    """R-013: host and method come before the token, media type and body after it."""
    client = Modern(server)
    body = json.dumps(client.message("server/discover")).encode()
    for headers, status in (({"Host": "evil.example"}, 403), ({"Content-Type": "text/plain"}, 401),
                            ({"Accept": "text/html"}, 401)):
        assert client.post_raw(body, {**DISCOVER, **headers}).status == status
    assert server.http("GET").status == 405
    assert client.post_raw(b"{", DISCOVER).status == 401
    client.token = callers["alice"].token
    assert client.post_raw(body, {**DISCOVER, "Content-Type": "text/plain"}).status == 415


def test_expired_token(server, callers):
    """R-361."""
    reply = discover(server, [f"Bearer {callers['gone'].token}"])
    assert reply.status == 401 and 'error="invalid_token"' in reply.header("WWW-Authenticate")
    assert "expired" in reply.json["error"]["message"]


def test_every_request_of_a_connection_is_judged(server, alice, callers):
    """What came before on the connection counts for nothing: neither its token nor its Host and Origin."""
    client = Modern(server, keep=True)
    body = json.dumps(client.message("server/discover")).encode()
    good, other = callers["alice"].token, callers["bob"].token
    for _ in range(3):
        for token, headers, status in ((good, {}, 200), (good[:-1] + "~", {}, 401), (good[:-1], {}, 401), (other, {}, 200),
                                       (good + good[-1], {}, 401), (callers["gone"].token, {}, 401), (None, {}, 401),
                                       (good, {"Host": "evil.example"}, 403), (good, {"Origin": "http://evil.example"}, 403),
                                       (good.swapcase(), {}, 401)):
            client.token = token
            assert client.post_raw(body, {**DISCOVER, **headers}).status == status, (token, headers)
        for client.token, name in ((good, "main"), (other, None), (good, "main")):
            outcome = client.call("auth_whoami", session=alice.session)
            assert (outcome.refused, (outcome.data or {}).get("username")) == (name is None, name)
    client.close()


def test_refusals_are_counted(server):
    before = server.metric("magento_mcp_auth_refused_total")
    for _ in range(3):
        discover(server, [])
    assert server.metric("magento_mcp_auth_refused_total") == before + 3


def test_behind_a_proxy(server, callers):
    """With tokens a proxy in front is fine."""
    client = Modern(server, token=callers["alice"].token)
    reply = client.post_raw(json.dumps(client.message("server/discover")).encode(),
                            {**DISCOVER, "X-Forwarded-For": "192.0.2.1", "Forwarded": "for=192.0.2.1"})
    assert reply.status == 200


# ---- two callers ----


def test_handle_of_another(server, alice, callers):
    """R-302, R-301, R-304: answered like an unknown one, in every era; also for logging out."""
    for bob in in_all_eras(server, token=callers["bob"].token):
        for tool in ("auth_whoami", "auth_logout"):
            outcome = bob.refused(tool, "NOT_AUTHENTICATED", session=alice.session)
            assert outcome.message == "Not authenticated. Call auth_login first."
    assert alice.ok("auth_whoami")


def test_session_of_another(server, callers):
    """R-093, R-290: 404 for all three verbs' worth of use, and it lives on."""
    alice = Legacy(server, token=callers["alice"].token)
    alice.login()
    bob = Legacy(server, token=callers["bob"].token, opened=False)
    bob.session_id = alice.session_id
    assert bob.ask("ping").status == 404
    assert bob.ask("tools/call", {"name": "auth_whoami"}).status == 404
    assert bob.delete().status == 404
    assert bob.post_raw(b'{"jsonrpc":"2.0","method":"notifications/initialized"}').status == 404
    assert alice.ok("auth_whoami")["username"] == "main"


def test_limits_are_per_caller(start, callers):
    """R-294: one who uses up his logins leaves those of the other alone."""
    both = {callers[name].section: callers[name].values for name in ("alice", "bob")}
    server = start({**both, "auth": {"mode": "token"}, "session": {"logins_per_principal": 2}}, workers=2)
    alice, bob = (Modern(server, token=callers[name].token) for name in ("alice", "bob"))
    alice.login()
    alice.login()
    alice.refused("auth_login", "RATE_LIMITED")
    assert bob.login()


# ---- scopes and stores ----


def test_scopes(server, callers):
    """R-298: the caller's rights come first; what has no scope is open to every caller."""
    reader = Modern(server, token=callers["reader"].token)
    reader.login()
    assert reader.ok("auth_whoami")
    assert reader.ok("catalog_search_products", {"page_size": 1})["items"]
    for tool, params in (("scope_list_websites_stores", {}), ("scope_set_default", {"store_view_code": "de"})):
        outcome = reader.refused(tool, "FORBIDDEN", params)
        assert "scope:read" in outcome.message
    # Rights are judged before the parameters.
    reader.refused("scope_set_default", "FORBIDDEN", {"nonsense": 1})


def test_stores(server, callers, other_shop):
    """A caller with named stores logs in to those only, and does not learn which others there are."""
    client = Modern(server, token=callers["main-only"].token)
    assert client.login(store="main")["store"] == "main"
    other_shop.reset()
    known = [{"store": "second"}, {"base_url": other_shop.url}]
    unknown = [{"store": "nope"}, {"base_url": other_shop.url + "/allowed", **OAUTH}, {"base_url": "https://elsewhere.example"}]
    told = collections.Counter()
    for params in known + unknown:
        outcome = client.refused("auth_login", "FORBIDDEN", params)
        assert outcome.details == [{"path": "params." + next(iter(params)), "message": "is not one of your stores", "allowed": ["main"]}]
        told[outcome.message] += 1
    assert len(told) == 1, "what he may not use and what does not exist are told apart"
    assert other_shop.requests() == []
    records = [json.loads(line) for line in (server.folder / "state" / "audit.jsonl").read_text().splitlines()][-5:]
    assert {record["outcome"] for record in records} == {"FORBIDDEN"}
    assert [record.get("store") for record in records] == [other_shop.url] * 2 + [None] * 3, records
    assert Modern(server, token=callers["alice"].token).login(store="second")["store"] == "second"


def test_stores_taken_away(start, callers, shop):
    """A login to a store that the caller may no longer use is refused after the reload."""
    caller = callers["alice"]
    base = {caller.section: caller.values, "auth": {"mode": "token"}}
    server = start(base, workers=2)
    alice = Modern(server, token=caller.token)
    alice.login()
    server.reload({**base, caller.section: {**caller.values, "stores": "other"},
                   'store "other"': {"base_url": shop.url + "/other", **OAUTH}})
    outcome = alice.refused("auth_whoami", "FORBIDDEN")
    assert "main" in outcome.message
    server.reload({**base, caller.section: {**caller.values, "token_sha256": "0" * 64}})
    reply = discover(server, [f"Bearer {caller.token}"])
    assert reply.status == 401


# ---- without tokens ----


@pytest.mark.parametrize("name,value", [("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-Host", "x"),
                                        ("x-forwarded-proto", "https"),
                                        ("Forwarded", "for=192.0.2.1"), ("X-Real-IP", "192.0.2.1")])
def test_proxy_without_tokens(start, name, value):
    """Else a proxy on the same host would publish the shop; the cure is named."""
    server = start(workers=1)
    client = Modern(server)
    reply = client.post_raw(json.dumps(client.message("server/discover")).encode(), {**DISCOVER, name: value})
    assert reply.status == 403 and "auth.mode = token" in reply.json["error"]["message"]


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "192.0.2.1:8765", "127.0.0.1:0, 0.0.0.0:0"])
def test_open_address_without_tokens(shop, tmp_path, listen):
    """R-043, R-296: it does not start, with the status that says so for good, and the cure."""
    for command in ("check", "serve"):
        done = run_cli(command, "-s", f"server.listen={listen}", "-s", f"server.state_dir={tmp_path}", "-s",
                       "admin.listen=off",
                       "-s", f"store.main.base_url={shop.url}")
        assert done.returncode == 2, (command, done.stderr)
        assert "auth.mode" in done.stderr and "token" in done.stderr and len(done.stderr.splitlines()) == 1


def test_open_address_with_tokens(start, callers):
    """With tokens any address is fine, and so is any Host."""
    caller = callers["alice"]
    server = start({"server": {"listen": "0.0.0.0:0"}, "auth": {"mode": "token"}, caller.section: caller.values},
                   workers=1)
    client = Modern(server, token=caller.token)
    for host in (server.host, f"shop-mcp.example.com:{server.port}", "shop-mcp.example.com"):
        reply = client.post_raw(json.dumps(client.message("server/discover")).encode(), {**DISCOVER, "Host": host})
        assert reply.status == 200, host
