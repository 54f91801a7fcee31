"""Logins: shared by all workers at once, kept apart from MCP sessions, bounded, and with every kind of credentials."""

import concurrent.futures
import json
import time

import pytest

from harness.client import Legacy, Modern, in_all_eras, kept
from harness.http import Connection, head
from harness.places import ADMIN, INTEGRATION_TOKEN, LIMITED_ADMIN, LIMITED_OAUTH, OAUTH, PASSWORD, TFA_ADMIN, at_a_pace, poll
from harness.process import SECRETS
from harness.shop import Shop

NO_LOGIN = "Not authenticated. Call auth_login first."
ADMIN_STORE = {'store "main"': {**dict.fromkeys(OAUTH), "admin_username": "admin", "admin_password": PASSWORD}}
NO_CREDENTIALS = {'store "main"': dict.fromkeys(OAUTH)}


def later(seconds):
    """Waits without touching the server, so that nothing counts as use."""
    began = time.monotonic()
    poll(lambda: time.monotonic() >= began + seconds, "the time is over")


def log_in_with_a_token_for(client, shop, more_s, params=None):
    """Logs in with an admin token whose last more_s seconds have begun when this returns: a life that a login fits into."""
    def attempt(ms):
        shop.reset()
        shop.settings(token_ttl=more_s + ms // 1000)
        began = time.monotonic()
        outcome = client.call("auth_login", params, session=None)
        took = time.monotonic() - began
        if took >= ms / 1000 - 1:  # tokens live for whole seconds
            return False
        assert not outcome.refused, outcome
        client.session = outcome.data["session"]
        SECRETS.add(client.session)
        later(ms / 1000 + 0.3)
        return True

    at_a_pace(attempt, 2000)


def in_parallel(n, work):
    with concurrent.futures.ThreadPoolExecutor(n) as pool:
        return list(pool.map(work, range(n)))


# ---- shared by all workers ----


def reached(server, before):
    """Slots of the workers that have served since."""
    return {worker["slot"] for worker in server.status()["workers"] if worker["requests"] > before[worker["slot"]]}


@pytest.mark.parametrize("kind", [Modern, Legacy])
def test_login_is_known_to_all_workers_at_once(server, kind):
    """R-076, R-400, R-405: call after call on new connections, until every worker has had some; no exception."""
    client = kind(server)
    client.login()
    before = {worker["slot"]: worker["requests"] for worker in server.status()["workers"]}

    def burst():
        in_parallel(8, lambda _: [client.ok("auth_whoami") for _ in range(5)])
        return len(reached(server, before)) == 4

    poll(burst, lambda: f"all four workers: {server.status()}")


def test_logout_ends_it_everywhere(server):
    """The login is gone for every worker, era and session that knew it."""
    owner, other, session = Modern(server), Modern(server), Legacy(server)
    other.session = owner.login()["session"]
    assert session.ok("auth_whoami", session=other.session)
    assert other.ok("auth_logout") == {"message": "Logged out successfully"}
    for _ in range(20):
        assert owner.refused("auth_whoami", "NOT_AUTHENTICATED").message == NO_LOGIN
    session.refused("auth_whoami", "NOT_AUTHENTICATED", session=other.session)


def call_bytes(client, tool, arguments):
    message = client.message("tools/call", {"name": tool, "arguments": arguments})
    body = json.dumps(message).encode()
    fields = {"Host": client.server.host, **client.headers(), **client.extra("tools/call", message["params"])}
    return head("POST", "/mcp", list(fields.items()) + [("Content-Length", len(body))]) + body


def test_two_logouts_at_once(server):
    """Exactly one of two simultaneous logouts says that it did it; fifty times."""
    client = Modern(server)
    pair = [Connection(server.address) for _ in range(2)]
    told = set()
    try:
        for _ in range(50):
            client.login()
            request = call_bytes(client, "auth_logout", {"session": client.session})
            for connection in pair:
                connection.send(request)
            results = [connection.read_reply().json["result"] for connection in pair]
            objects = [json.loads(result["content"][0]["text"]) for result in results]
            messages = sorted(item.get("message") or item["error"]["code"] for item in objects)
            assert messages[0] == "Logged out successfully", objects
            assert messages[1] in ("No active session", "NOT_AUTHENTICATED"), objects
            told.add(messages[1])
    finally:
        for connection in pair:
            connection.close()
    assert told


def test_no_login(server):
    """All tools but auth_login want one; an unknown handle is answered like none (R-303)."""
    for client in in_all_eras(server):
        for tool, params in (("auth_logout", {}), ("auth_whoami", {}), ("scope_list_websites_stores", {}),
                             ("scope_set_default", {"store_view_code": "de"}), ("catalog_search_products", {}),
                             ("catalog_get_product", {"sku": "MCP-001"})):
            for handle in (None, "A" * 43, "short", "", "ä" * 43, "A" * 2000):
                assert client.refused(tool, "NOT_AUTHENTICATED", params, session=handle).message == NO_LOGIN
        for wrong in (5, True, [], {}):
            outcome = client.call("auth_whoami", arguments={"params": {}, "session": wrong})
            assert (outcome.code, outcome.details[0]["path"]) == ("VALIDATION_ERROR", "session")


# ---- MCP sessions and logins ----


@pytest.mark.parametrize("protocol", ["2025-03-26", "2025-06-18", "2025-11-25"])
def test_session_remembers_its_login(server, protocol):
    """R-305: without a handle the session's login counts, with one the handle wins."""
    client, stranger = Legacy(server, protocol), Legacy(server, protocol)
    client.login()
    assert client.ok("auth_whoami")["username"] == "main"
    stranger.refused("auth_whoami", "NOT_AUTHENTICATED")
    handle = Modern(server).login(**LIMITED_OAUTH)["session"]
    client.ok("scope_set_default", {"store_view_code": "de"})
    assert client.ok("auth_whoami", session=handle)["default_scope"] is None
    assert client.ok("auth_whoami")["default_scope"] == {"store_view_code": "de"}
    client.refused("auth_whoami", "NOT_AUTHENTICATED", session="A" * 43)


def test_second_login_of_a_session_ends_the_first(server):
    """In a legacy session; modern logins stand beside each other."""
    legacy, modern = Legacy(server), Modern(server)
    first = legacy.login()["session"]
    second = legacy.login()["session"]
    assert first != second
    modern.refused("auth_whoami", "NOT_AUTHENTICATED", session=first)
    assert modern.ok("auth_whoami", session=second)
    handles = [modern.login()["session"] for _ in range(3)]
    assert all(modern.ok("auth_whoami", session=handle) for handle in handles)


def test_failed_login_replaces_nothing(server):
    """The old login is ended only after the new one is verified."""
    client = Legacy(server)
    client.login()
    client.refused("auth_login", "NOT_AUTHENTICATED", {**OAUTH, "oauth_token_secret": "wrong"}, session=None)
    assert client.ok("auth_whoami")["username"] == "main"


def test_delete_leaves_the_login(server):
    """R-096: the end of the MCP session is not the end of the login."""
    client, modern = Legacy(server), Modern(server)
    handle = client.login()["session"]
    assert client.delete().status == 200
    assert modern.ok("auth_whoami", session=handle)["username"] == "main"
    assert modern.ok("auth_logout", session=handle)


class Lifetime:
    """Of a login that lives for ms from now on: calls that must find it alive count only when they were in time."""

    def __init__(self, ms):
        self.seconds = ms / 1000
        self.began = time.monotonic()
        self.kept_up = True

    def check(self, client, renews=False):
        """The client is logged in, unless it is too late; perhaps its time begins anew."""
        began = time.monotonic()
        outcome = client.call("auth_whoami")
        self.kept_up = self.kept_up and time.monotonic() - self.began < self.seconds
        assert not outcome.refused or not self.kept_up, outcome
        if renews:
            self.began = began


def test_idle_login_ends(start):
    """Unused for session.idle_ms; every use begins the time anew."""
    def attempt(ms):
        client = Modern(start({"session": {"idle_ms": f"{ms}ms"}}, workers=2))
        life = Lifetime(ms)
        client.login()
        for _ in range(4):
            later(0.4 * life.seconds)
            life.check(client, renews=True)
        later(1.3 * life.seconds)
        client.refused("auth_whoami", "NOT_AUTHENTICATED")
        return life.kept_up

    at_a_pace(attempt)


def test_old_login_ends(start):
    """Used or not, at session.max_age_ms."""
    def attempt(ms):
        client = Modern(start({"session": {"max_age_ms": f"{ms}ms"}}, workers=2))
        life = Lifetime(ms)
        data = client.login()
        for _ in range(6):
            life.check(client)
            later(0.1 * life.seconds)
        later(0.5 * life.seconds)
        client.refused("auth_whoami", "NOT_AUTHENTICATED")
        assert data["session_expires_at"].endswith("Z")
        return life.kept_up

    at_a_pace(attempt, 900)


def test_too_many_logins(start):
    """session.logins_per_principal: a clear refusal, and room again after a logout."""
    server = start({"session": {"logins_per_principal": 3}}, workers=2)
    client = Modern(server)
    handles = [client.login()["session"] for _ in range(3)]
    refused = client.refused("auth_login", "RATE_LIMITED", session=None)
    assert "3 logins" in refused.message and "auth_logout" in refused.message
    client.ok("auth_logout", session=handles[0])
    client.login()
    assert client.ok("auth_whoami", session=handles[1])


def test_too_many_sessions(start):
    """session.mcp_sessions_per_principal: the oldest that never logged in makes room; logged-in ones stay."""
    server = start({"session": {"mcp_sessions_per_principal": 3}}, workers=2)
    keeper = Legacy(server)
    keeper.login()
    first = Legacy(server)
    moment = time.monotonic_ns() // 10**6  # the clock that tells which is oldest counts in milliseconds
    poll(lambda: time.monotonic_ns() // 10**6 > moment, "a later millisecond")
    second, third = Legacy(server), Legacy(server)
    assert first.ask("ping").status == 404
    assert [client.rpc("ping") for client in (keeper, second, third)] == [{}, {}, {}]
    second.login()
    third.login()
    client = Legacy(server, opened=False)
    reply = client.ask("initialize", client.initialize_params())
    assert reply.status == 429 and "mcp_sessions_per_principal" in reply.json["error"]["message"], reply
    assert int(reply.header("Retry-After")) > 0
    assert server.metric("magento_mcp_limited_total", limit="sessions") == 1


def test_full_table(start):
    """server.table_slots: an error that says so, the old logins stay, and nothing crashes."""
    server = start({"server": {"table_slots": 64}}, workers=2)
    client = Modern(server)
    handles = []
    for _ in range(70):
        outcome = client.call("auth_login", session=None)
        if outcome.refused:
            break
        handles.append(outcome.data["session"])
    assert 8 <= len(handles) <= 64, len(handles)
    assert outcome.code in ("INTERNAL_ERROR", "RATE_LIMITED"), outcome
    assert "as many sessions as it can" in outcome.message
    assert all(client.ok("auth_whoami", session=handle) for handle in handles)
    assert server.metric("magento_mcp_table_full_total") >= 1
    for handle in handles:
        client.ok("auth_logout", session=handle)
    assert client.login()


# ---- credentials ----


def test_oauth_in_the_call(server, shop):
    client = Modern(server)
    data = client.login(**LIMITED_OAUTH)
    assert (data["message"], data["auth_method"]) == ("Login successful (OAuth 1.0 integration)", "oauth")
    assert "Magento_Backend::store" in data["warnings"][0]
    assert client.ok("catalog_get_product", {"sku": "MCP-001"})["sku"] == "MCP-001"
    assert {entry["auth"] for entry in shop.requests()} == {"oauth"}


@pytest.mark.parametrize("missing", sorted(OAUTH))
def test_incomplete_oauth(server, shop, missing):
    """The missing values are named, nothing is asked."""
    given = {name: value for name, value in OAUTH.items() if name != missing}
    outcome = Modern(server).refused("auth_login", "VALIDATION_ERROR", given)
    assert [detail["path"] for detail in outcome.details] == [f"params.{missing}"]
    assert missing in outcome.message and shop.requests() == []


def test_one_oauth_value_only(server, shop):
    outcome = Modern(server).refused("auth_login", "VALIDATION_ERROR",
                                     {"oauth_token": "x", "username": "admin", "password": PASSWORD})
    named = {detail["path"] for detail in outcome.details}
    assert named == {f"params.{name}" for name in OAUTH} - {"params.oauth_token"}
    assert shop.requests() == []


@pytest.mark.parametrize("wrong", sorted(OAUTH))
def test_wrong_oauth(server, wrong):
    outcome = Modern(server).refused("auth_login", "NOT_AUTHENTICATED", {**OAUTH, wrong: "x" * 32})
    assert "four values" in outcome.message


def test_clock_of_the_shop(server, shop):
    """A nonce or timestamp that the shop refuses is told apart from wrong credentials."""
    shop.settings(clock_skew_s=-3600)
    try:
        outcome = Modern(server).refused("auth_login", "NOT_AUTHENTICATED")
        assert "clock" in outcome.message
    finally:
        shop.settings(clock_skew_s=0)


def test_integration_token(server, shop):
    """Bearer only where the shop allows it; the message says which switch."""
    client = Modern(server)
    outcome = client.refused("auth_login", "NOT_AUTHENTICATED", {"integration_token": INTEGRATION_TOKEN})
    assert "Consumer Settings" in outcome.message
    shop.settings(bearer=True)
    data = client.login(integration_token=INTEGRATION_TOKEN)
    assert (data["message"], data["auth_method"]) == ("Login successful (integration token)", "integration_token")
    shop.reset()
    shop.settings(bearer=True)
    assert client.ok("catalog_get_product", {"sku": "MCP-001"})
    assert [entry["auth"] for entry in shop.requests()] == ["bearer"]


@pytest.mark.parametrize("token", ["a b", "a\r\nX-Evil: 1", "ä", "a" * 511])
def test_odd_integration_token(server, shop, token):
    """Nothing in a token may reach the request as anything but a token."""
    shop.settings(bearer=True)
    outcome = Modern(server).call("auth_login", {"integration_token": token})
    assert outcome.code in ("NOT_AUTHENTICATED", "VALIDATION_ERROR"), outcome


def test_admin_in_the_call(server, shop):
    """The token ends the login; the shop is asked with it, the password is not kept."""
    client = Modern(server)
    data = client.login(**ADMIN)
    assert (data["message"], data["auth_method"], data["username"]) == ("Login successful", "admin_token", "admin")
    assert data["token_expires_at"] >= data["session_expires_at"][:4]
    me = client.ok("auth_whoami")
    assert me["user_id"] >= 1 and me["token_expires_at"] == data["token_expires_at"]
    assert client.ok("catalog_get_product", {"sku": "MCP-001"})
    assert [entry["auth"] for entry in shop.requests()][1:] == ["admin"] * (len(shop.requests()) - 1)
    assert shop.requests()[0]["path"] == "/rest/all/V1/integration/admin/token"


def test_admin_token_expires(server, shop):
    """The login that came with a password ends with its token; only a new auth_login helps."""
    client = Modern(server)
    log_in_with_a_token_for(client, shop, 0, ADMIN)
    client.refused("catalog_get_product", "NOT_AUTHENTICATED", {"sku": "MCP-001"})
    client.refused("auth_whoami", "NOT_AUTHENTICATED")


def test_half_an_account(server, shop):
    client = Modern(server)
    for given, missing in (({"username": "admin"}, "password"), ({"password": "x"}, "username"),
                           ({"otp": "123456"}, "username")):
        outcome = client.refused("auth_login", "VALIDATION_ERROR", given)
        assert outcome.details[0]["path"] == f"params.{missing}"
    assert shop.requests() == []


def test_two_factor(start, shop):
    """Without otp the message asks for it, a wrong one is told apart, the right one lets in."""
    client = Modern(start(NO_CREDENTIALS, workers=2))
    asked = client.refused("auth_login", "VALIDATION_ERROR", TFA_ADMIN)
    assert asked.message == "This account uses 2FA. Call again with otp."
    wrong = client.refused("auth_login", "NOT_AUTHENTICATED", {**TFA_ADMIN, "otp": "654321"})
    assert "otp" in wrong.message
    assert client.login(**TFA_ADMIN, otp="123456")["username"] == "tfauser"
    paths = [entry["path"] for entry in shop.requests()]
    assert paths[:2] == ["/rest/all/V1/integration/admin/token", "/rest/all/V1/tfa/provider/google/authenticate"]


def test_guard_of_accounts(start, shop):
    """After four failures nobody asks the shop a fifth time, from whichever worker: six would lock the account."""
    server = start(NO_CREDENTIALS)
    wrong = {"username": "limited", "password": "wrong"}
    for _ in range(4):
        outcome = Modern(server).refused("auth_login", "NOT_AUTHENTICATED", wrong)
        assert "do not retry blindly" in outcome.message
    for client in in_all_eras(server):
        outcome = client.refused("auth_login", "RATE_LIMITED", LIMITED_ADMIN)
        assert 1 <= outcome.details["retry_after_s"] <= 1800
    assert len(shop.requests("admin/token")) == 4
    assert Modern(server).login(**ADMIN)["username"] == "admin"
    assert server.metric("magento_mcp_rate_limited_total") == 4


def test_guard_counts_attempts_at_once(start, shop):
    """Twelve wrong passwords at the same moment: no more than four reach the shop."""
    server = start(NO_CREDENTIALS)
    shop.settings(latency_ms=100)
    outcomes = in_parallel(12, lambda _: Modern(server).call("auth_login",
                                                             {"username": "limited", "password": "wrong"}).code)
    assert sorted(outcomes) == ["NOT_AUTHENTICATED"] * 4 + ["RATE_LIMITED"] * 8
    assert len(shop.requests("admin/token")) == 4


def test_success_clears_the_guard(start, shop):
    server = start(NO_CREDENTIALS, workers=2)
    client = Modern(server)
    for _ in range(2):
        for _ in range(3):
            client.refused("auth_login", "NOT_AUTHENTICATED", {"username": "limited", "password": "wrong"})
        client.login(**LIMITED_ADMIN)


def test_guard_as_configured(start, shop):
    """session.failed_logins and session.failed_login_window_ms."""
    wrong = {"username": "limited", "password": "wrong"}

    def attempt(ms):
        session = {"failed_logins": 2, "failed_login_window_ms": f"{ms}ms"}
        client = Modern(start({**NO_CREDENTIALS, "session": session}, workers=2))
        began = time.monotonic()
        codes = [client.call("auth_login", wrong).code for _ in range(3)]
        if time.monotonic() - began >= ms / 1000:
            shop.reset()  # it has counted them, too
            return False
        assert codes == ["NOT_AUTHENTICATED", "NOT_AUTHENTICATED", "RATE_LIMITED"]
        later(1.2 * ms / 1000)
        client.login(**LIMITED_ADMIN)
        return True

    at_a_pace(attempt)


def test_shop_out_of_order_does_not_count(start, shop):
    """A login that never got a verdict is no failed one."""
    server = start(NO_CREDENTIALS, workers=2)
    client = Modern(server)
    shop.fault("status", "/rest/all/V1/integration", status=500)
    for _ in range(6):
        client.refused("auth_login", "MAGENTO_API_ERROR", LIMITED_ADMIN)
    shop.heal()
    client.login(**LIMITED_ADMIN)


# ---- a configured admin account ----


def test_configured_admin(start, shop):
    """The token is fetched and renewed by the server; the login does not end with it."""
    server = start(ADMIN_STORE)
    client = Modern(server)
    data = client.login()
    assert (data["auth_method"], data["username"]) == ("admin_token", "admin") and "token_expires_at" not in data
    assert "token_expires_at" not in client.ok("auth_whoami")
    for _ in range(10):
        client.ok("catalog_get_product", {"sku": "MCP-001"})
    assert len(shop.requests("admin/token")) == 1


def test_thirty_logins_fetch_one_token(start, shop):
    """One flight over all workers, also from cold."""
    server = start(ADMIN_STORE)
    shop.settings(latency_ms=50)
    assert all(in_parallel(30, lambda _: Modern(server).login()["session"]))
    assert len(shop.requests("admin/token")) == 1


def test_thirty_calls_renew_one_token(start, shop):
    """An admin token that is about to end, used by thirty calls at once, is renewed by exactly one of them."""
    server = start(ADMIN_STORE)
    client = Modern(server)
    log_in_with_a_token_for(client, shop, 60)  # the last minute of a token's life counts as its end
    fetched = len(shop.requests("admin/token"))
    shop.settings(token_ttl=3600, latency_ms=50)
    in_parallel(30, lambda _: Modern(server).ok("catalog_get_product", {"sku": "MCP-001"}, session=client.session))
    assert len(shop.requests("admin/token")) == fetched + 1


def test_dead_token_is_renewed(start, shop):
    """A token that the shop no longer knows is replaced, once, by the next call."""
    server = start(ADMIN_STORE)
    client = Modern(server)
    log_in_with_a_token_for(client, shop, 0)
    fetched = len(shop.requests("admin/token"))
    shop.settings(token_ttl=3600)
    for _ in range(8):
        client.ok("catalog_get_product", {"sku": "MCP-001"})
    assert len(shop.requests("admin/token")) == fetched + 1


def test_refused_configured_admin(start, shop):
    """After one refusal nobody tries again before the next auth_login."""
    server = start({'store "main"': {**dict.fromkeys(OAUTH), "admin_username": "limited", "admin_password": "wrong"}},
                   workers=2)
    client = Modern(server)
    outcome = client.refused("auth_login", "NOT_AUTHENTICATED")
    assert outcome.message and len(shop.requests("admin/token")) == 1


def test_refused_configured_admin_does_not_lock_the_account(start, shop):
    """However often a client calls auth_login, a wrong configured password never makes six failures."""
    server = start({'store "main"': {**dict.fromkeys(OAUTH), "admin_username": "limited", "admin_password": "wrong"}},
                   workers=2)
    client = Modern(server)
    codes = {client.call("auth_login").code for _ in range(10)}
    assert codes <= {"NOT_AUTHENTICATED", "RATE_LIMITED"}
    assert len(shop.requests("admin/token")) < 6, "the shop's account is locked now"


# ---- addresses ----


def test_addresses_that_are_not_served(server, shop):
    """The stores that may be named are listed, nothing is asked anywhere."""
    client = Modern(server)
    for url in ("http://127.0.0.1:1", "https://shop.example.com", f"http://localhost:{shop.port}", shop.url + "/other",
                f"https://127.0.0.1:{shop.port}", "http://169.254.169.254/", "http://[::1]:80", "http://2130706433/"):
        outcome = client.refused("auth_login", "VALIDATION_ERROR", {"base_url": url})
        assert outcome.details == [{"path": "params.base_url", "message": outcome.details[0]["message"],
                                    "allowed": ["main"]}], url
    for url in ("ftp://x", "x", "http://user:pass@127.0.0.1/", shop.url + "/?a=b", shop.url + "/#x",
                "file:///etc/passwd"):
        client.refused("auth_login", "VALIDATION_ERROR", {"base_url": url})
    outcome = client.refused("auth_login", "VALIDATION_ERROR", {"store": "other"})
    assert outcome.details[0]["allowed"] == ["main"]
    assert shop.requests() == []


def test_address_of_a_store(server, shop):
    """A configured store may be named by its address, in any spelling of it."""
    client = Modern(server)
    for url in (shop.url, shop.url + "/", shop.url.replace("http", "HTTP")):
        assert client.login(base_url=url)["store"] == "main"
    assert client.login(base_url=shop.url, store="main")["store"] == "main"
    client.refused("auth_login", "VALIDATION_ERROR", {"base_url": "https://shop.example.com", "store": "main"})


def test_configured_secrets_stay_at_home(start, shop):
    """Another address, allowed as it may be, gets the credentials of the call and never those of a store."""
    other = Shop("--bearer", "on")
    try:
        server = start({"auth": {"allowed_base_urls": other.url}}, workers=2)
        server.upstream_ports.add(other.port)
        client = Modern(server)
        outcome = client.refused("auth_login", "VALIDATION_ERROR", {"base_url": other.url})
        assert "No credentials" in outcome.message
        assert other.requests() == [] and shop.requests() == []
        data = client.login(base_url=other.url, integration_token=INTEGRATION_TOKEN)
        assert (data["base_url"], data["username"]) == (other.url, "integration") and "store" not in data
        assert client.ok("catalog_get_product", {"sku": "MCP-001"})
        assert {entry["auth"] for entry in other.requests()} == {"bearer"} and shop.requests() == []
    finally:
        other.stop()


def test_several_stores(start, shop):
    """Each by its name; without a default one must be named."""
    other = Shop()
    try:
        server = start({'store "second"': {"base_url": other.url, "label": "Other shop", **OAUTH}}, workers=2)
        server.upstream_ports.add(other.port)
        client = Modern(server)
        outcome = client.refused("auth_login", "VALIDATION_ERROR")
        assert outcome.details[0]["path"] == "params.store" and outcome.details[0]["allowed"] == ["main", "second"]
        assert client.login(store="second")["username"] == "Other shop"
        assert shop.requests() == [] and len(other.requests()) == 1
        first = client.login(store="main")["session"]
        assert client.ok("auth_whoami", session=first)["base_url"] == shop.url
    finally:
        other.stop()


def test_no_store_at_all(start):
    """A server without a store says so instead of failing."""
    server = start({'store "main"': None}, workers=1)
    outcome = Modern(server).refused("auth_login", "VALIDATION_ERROR")
    assert outcome.details[0]["allowed"] == []


def test_kept_connection(server):
    """A whole life on one connection."""
    for client in in_all_eras(server):
        with kept(client):
            client.login()
            assert client.ok("auth_whoami")
            assert client.ok("auth_logout")
