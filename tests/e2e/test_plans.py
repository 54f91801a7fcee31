"""Plans: kept, claimed once, carried out once for each item whatever dies meanwhile, and recorded."""

import concurrent.futures
import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import threading
import time
import uuid

import pytest

from backoffice import Backoffice
from harness import proc, process
from harness.client import Legacy, Modern
from harness.http import Broken, Connection, head
from harness.places import OAUTH, at_a_pace, poll
from harness.process import SECRETS, Server, run_cli
from harness.shop import Shop

GLOBAL = {"scope": "global"}
OK = {"confirm": True, "reason": "test"}
PREPARE = "catalog_prepare_bulk_update"
COMMIT = "catalog_commit_bulk_update"
PRODUCTS = "/rest/all/V1/products/"
MANY = 2000
WRITE_MS = 1500  # deadline of a write: so long a commit waits for one that nobody has seen the end of
SHORT = {"magento": {"write_timeout_ms": f"{WRITE_MS}ms"}}


@pytest.fixture(scope="module")
def the_shop():
    shop = Shop("--products", str(MANY))
    yield shop
    shop.stop()


@pytest.fixture
def office(shop):
    return Backoffice(shop)


def numbered(first, last):
    return [f"MCP-{number:03}" for number in range(first, last + 1)]


def prepare(client, names, updates=None, scope=GLOBAL):
    return client.ok(PREPARE, {"match": {"sku_list": names}, "updates": updates or {"name": "New"}, "scope": scope})


def commit(client, plan, timeout=120, **more):
    return client.call(COMMIT, {"plan_id": plan["plan_id"], **OK, **more}, timeout=timeout)


def done(client, plan, **more):
    outcome = commit(client, plan, **more)
    assert not outcome.refused, outcome
    return outcome.data


def counts(shop):
    """{sku: how often it was written}, by the store's own ledger."""
    return {sku: entry["count"] for sku, entry in shop.control("GET", "writes")["products"].items()}


def puts(shop):
    return [entry for entry in shop.requests() if entry["method"] == "PUT"]


def wait_written(shop, n):
    poll(lambda: shop.control("GET", "writes")["total"] >= n, lambda: f"{n} writes: {len(counts(shop))}")


def slow_after(shop, n):
    """The first n writes take a moment, the others so long that what comes meanwhile comes in their midst."""
    shop.fault("latency", PRODUCTS, method="PUT", ms=20, count=n)
    shop.fault("latency", PRODUCTS, method="PUT", ms=600)


def keeper_pid(server):
    return server.status()["keeper"]["pid"]


def in_background(call):
    pool = concurrent.futures.ThreadPoolExecutor(1)
    running = pool.submit(call)
    pool.shutdown(wait=False)
    return running


def expect_killed(server, n=1):
    server.expects("worker_ended", n, level="error", by="signal", status=9)


# ---- size ----


@pytest.mark.parametrize("n", [260, MANY])
def test_large_plans(start, shop, office, n):
    server = start({"guardrails": {"max_skus_per_bulk": MANY}, "magento": {"requests_per_call": 16}}, workers=2)
    client = Modern(server)
    client.login()
    plan = client.ok(PREPARE, {"match": {"sku_prefix": "MCP-", "attribute_filters": {"entity_id": {
        "value": ids_up_to(office, n), "condition": "lteq"}}}, "updates": {"meta_title": "Large"}, "scope": GLOBAL},
        timeout=60)
    assert (plan["affected_count"], plan["write_count"], len(plan["sample_diffs"])) == (n, n, 5)
    result = done(client, plan)
    assert (result["status"], result["success_count"], result["pending_count"]) == ("completed", n, 0)
    assert counts(shop) == dict.fromkeys(numbered(1, n), 1)


def ids_up_to(office, n):
    return office.product(f"MCP-{n:03}")["id"]


def test_long_lists_of_long_skus(client, shop, office):
    """A list is cut so that no address is longer than a web server takes."""
    long = [f"{number:03}-" + "x" * 60 for number in range(300)]
    for sku in long:
        office.add_product(sku, custom={"url_key": f"long-{sku[:3]}"})
    before = shop.control("GET", "writes")["total"]
    plan = prepare(client, long)
    assert plan["affected_count"] == 300 and "not_found_skus" not in plan
    assert done(client, plan)["success_count"] == 300
    assert shop.control("GET", "writes")["total"] == before + 300
    assert max(len(entry["path"]) for entry in shop.requests()) <= 6000
    assert len([entry for entry in shop.requests("/V1/products?") if entry["method"] == "GET"]) >= 4


# ---- whose plan ----


def test_plan_that_does_not_exist(client):
    assert "no such plan" in client.refused(COMMIT, "PLAN_NOT_FOUND", {"plan_id": str(uuid.uuid4()), **OK}).message
    client.refused(COMMIT, "VALIDATION_ERROR", {"plan_id": "1", **OK})


def test_plan_of_another_tool(client, shop):
    plan = prepare(client, ["MCP-001"])
    client.refused("pricing_commit_bulk_price_update", "PLAN_NOT_FOUND", {"plan_id": plan["plan_id"], **OK})
    client.refused("cms_commit_bulk_update_pages", "PLAN_NOT_FOUND", {"plan_id": plan["plan_id"], **OK})
    assert puts(shop) == []
    assert done(client, plan)["status"] == "completed", "nobody has used it up"


def token_of(name):
    """A principal's token and its section."""
    out = run_cli("token", name).stdout.splitlines()
    SECRETS.add(out[0])
    return out[0], {out[1][1:-1]: dict(line.split(" = ", 1) for line in out[2:])}


def test_plan_of_another_principal_or_store(start, shop):
    alice, first = token_of("alice")
    bob, second = token_of("bob")
    other_shop = Shop()
    try:
        server = start({"auth": {"mode": "token"}, **first, **second, 'store "main"': {"is_default": "yes"},
                        'store "other"': {"base_url": other_shop.url, **OAUTH}}, workers=2)
        server.upstream_ports.add(other_shop.port)
        clients = {"alice": Modern(server, token=alice), "bob": Modern(server, token=bob),
                   "alice elsewhere": Modern(server, token=alice)}
        clients["alice"].login()
        clients["bob"].login()
        clients["alice elsewhere"].login(store="other")
        plan = prepare(clients["alice"], ["MCP-001"])
        for name in ("bob", "alice elsewhere"):
            clients[name].refused(COMMIT, "PLAN_NOT_FOUND", {"plan_id": plan["plan_id"], **OK})
        assert counts(shop) == {} and counts(other_shop) == {}
        clients["alice"].ok("auth_logout")
        clients["alice"].login()
        assert done(clients["alice"], plan)["status"] == "completed", "a plan is the principal's, not the login's"
        server.stop()
    finally:
        other_shop.stop()


# ---- time ----


def test_expired_plan(shop, tmp_path):
    """Plans outlive the service; their time runs out in the database as well."""
    sections = {"server": {"state_dir": tmp_path}}
    with running(shop, sections) as client:
        late, due = prepare(client, ["MCP-001"]), prepare(client, ["MCP-002"])
    with sqlite3.connect(tmp_path / "keeper.db") as database:
        changed = database.execute("UPDATE plan SET expires_ms = ? WHERE id = ?",
                                   (int(time.time() * 1000) - 1, late["plan_id"])).rowcount
        assert changed == 1
    database.close()
    with running(shop, sections) as client:
        refusal = client.refused(COMMIT, "PLAN_EXPIRED", {"plan_id": late["plan_id"], **OK})
        assert "Prepare a new one" in refusal.message
        assert done(client, due)["status"] == "completed", "a plan survives a restart"
    assert counts(shop) == {"MCP-002": 1}


def test_store_view_that_is_gone(shop, tmp_path):
    """The plan names it, the shop does not have it any more: refused before anything is written."""
    sections = {"server": {"state_dir": tmp_path}}
    with running(shop, sections) as client:
        plan = prepare(client, ["MCP-001"], scope={"website_code": "base"})
    with sqlite3.connect(tmp_path / "keeper.db") as database:
        database.execute("""UPDATE item SET body = replace(body, '"scope":"de"', '"scope":"old"')""")
    database.close()
    with running(shop, sections) as client:
        refusal = client.refused(COMMIT, "VALIDATION_ERROR", {"plan_id": plan["plan_id"], **OK})
        assert "The store view old" in refusal.message and "Prepare a new plan" in refusal.message
    assert counts(shop) == {}


@contextlib.contextmanager
def running(shop, sections, workers=1):
    server = Server(shop, sections, workers=workers)
    try:
        client = Modern(server)
        client.login()
        yield client
        server.stop()
    finally:
        if server in process.LIVE:
            server.forget()


# ---- once ----


def test_committed_twice(client, shop):
    plan = prepare(client, ["MCP-001"])
    done(client, plan)
    refusal = client.refused(COMMIT, "PLAN_NOT_FOUND", {"plan_id": plan["plan_id"], **OK})
    assert "already committed at 20" in refusal.message and "completed" in refusal.message
    assert counts(shop) == {"MCP-001": 1}


def test_two_commits_at_once(server, shop):
    """By two workers: exactly one works. Twenty times."""
    client = Modern(server)
    client.login()
    one, pid = client_of_worker(server, client.session)
    other, _ = client_of_worker(server, client.session, other_than=pid)
    shop.fault("latency", PRODUCTS, method="PUT", ms=30)
    for number in range(1, 21):
        plan = prepare(client, [f"MCP-{number:03}"], {"name": f"Race {number}"})
        barrier = threading.Barrier(2)

        def race(racer):
            barrier.wait()
            return commit(racer, plan)

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            outcomes = list(pool.map(race, (one, other)))
        (winner,) = [outcome for outcome in outcomes if not outcome.refused]
        (loser,) = [outcome for outcome in outcomes if outcome.refused]
        assert winner.data["status"] == "completed"
        assert loser.code in ("IDEMPOTENCY_CONFLICT", "PLAN_NOT_FOUND"), loser
    assert counts(shop) == dict.fromkeys(numbered(1, 20), 1)
    one.close()
    other.close()


def test_idempotency_key(client, shop, key):
    plan, other = prepare(client, ["MCP-001", "MCP-002"]), prepare(client, ["MCP-003"])
    first = done(client, plan, idempotency_key=key("key-1"))
    again = done(client, plan, idempotency_key=key("key-1"))
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert {**again, "replayed": False} == first
    assert commit(client, other, idempotency_key=key("key-1")).code == "IDEMPOTENCY_CONFLICT"
    assert commit(client, plan).code == "PLAN_NOT_FOUND"
    assert commit(client, plan, idempotency_key=key("key-2")).code == "PLAN_NOT_FOUND"
    assert counts(shop) == {"MCP-001": 1, "MCP-002": 1}
    assert done(client, other, idempotency_key=key("key-3"))["status"] == "completed"


def test_repeat_of_a_running_commit(server, client, shop, key):
    def attempt(ms):
        shop.reset()
        shop.fault("latency", PRODUCTS, method="PUT", ms=ms)
        plan, same = prepare(client, ["MCP-001"]), key(f"same-{ms}")
        began = time.monotonic()
        first = in_background(lambda: commit(client, plan, idempotency_key=same))
        poll(lambda: puts(shop), "the PUT")
        refusal = commit(client, plan, idempotency_key=same)
        was_in_time = time.monotonic() - began < ms / 1000
        assert not was_in_time or (refusal.code == "IDEMPOTENCY_CONFLICT" and "now" in refusal.message), refusal
        assert first.result().data["status"] == "completed"
        assert done(client, plan, idempotency_key=same)["replayed"]
        assert counts(shop) == {"MCP-001": 1}
        return was_in_time

    at_a_pace(attempt, 700)


# ---- drift ----


def test_drift(client, shop, office):
    """What somebody changed since is left alone; the rest is written."""
    before = office.product("MCP-137")["name"]
    plan = prepare(client, numbered(1, 250), {"name": "Planned"})
    office.set_product("MCP-137", name="Somebody's")
    office.set_product("MCP-138", price=999)  # another field: no drift
    office.set_product("MCP-139", name="Planned")  # there already
    result = done(client, plan)
    assert result["status"] == "completed_with_errors"
    assert (result["success_count"], result["unchanged_count"], result["conflict_count"]) == (249, 1, 1)
    assert result["conflicts"] == [{"sku": "MCP-137", "scope": "all", "changes": {
        "name": {"planned_from": before, "found": "Somebody's", "to": "Planned"}}}]
    assert office.product("MCP-137")["name"] == "Somebody's" and office.product("MCP-138")["price"] == 999
    written = counts(shop)
    assert written.pop("MCP-138") == 2 and set(written.values()) == {1}


def test_drift_overwritten(client, office):
    plan = prepare(client, ["MCP-001", "MCP-002"], {"name": "Planned"})
    office.set_product("MCP-001", name="Somebody's")
    result = done(client, plan, force=True)
    assert (result["status"], result["success_count"], result["conflict_count"]) == ("completed", 2, 0)
    assert office.product("MCP-001")["name"] == "Planned"


def test_drift_in_one_of_two_scopes(client, office):
    plan = prepare(client, ["MCP-001"], {"name": "Planned"}, {"website_code": "base"})
    office.set_product("MCP-001", view="de", name="Jemandes")
    result = done(client, plan)
    assert (result["success_count"], result["conflict_count"], result["conflicts"][0]["scope"]) == (0, 1, "de")
    assert office.product("MCP-001", "default")["name"] == "Planned"


def test_item_that_is_gone(client, shop, office):
    """A PUT would make a new product."""
    office.add_product("SHORT-LIVED")
    plan = prepare(client, ["SHORT-LIVED", "MCP-001"])
    office.ask("DELETE", PRODUCTS + "SHORT-LIVED")
    result = done(client, plan)
    assert (result["status"], result["success_count"], result["error_count"]) == ("completed_with_errors", 1, 1)
    assert (result["errors"][0]["sku"], result["errors"][0]["code"]) == ("SHORT-LIVED", "NOT_FOUND")
    assert not [entry for entry in puts(shop) if "SHORT-LIVED" in entry["path"]]


def test_sku_that_was_made_again(client, shop, office):
    """Another product under an old name is not the planned one."""
    office.add_product("REBORN", custom={"url_key": "reborn-1"})
    plan = prepare(client, ["REBORN"])
    office.ask("DELETE", PRODUCTS + "REBORN")
    office.add_product("REBORN", custom={"url_key": "reborn-2"})
    assert done(client, plan)["errors"][0]["code"] == "NOT_FOUND"
    assert office.product("REBORN")["name"] == "REBORN"


# ---- death ----


def client_of_worker(server, session, other_than=None):
    """A client on a kept connection, and the pid of the worker that serves it."""
    spare = []

    def try_one():
        client = Modern(server, keep=True)
        client.session = session
        port = client.connection.socket.getsockname()[1]
        pid = poll(lambda: proc.holder(server.pids, server.port, port), "a worker accepted the connection")
        if pid != other_than:
            return client, pid
        spare.append(client)
        return None

    try:
        return poll(try_one, "not all connections lead to one worker")
    finally:
        for client in spare:
            client.close()


def test_worker_killed_in_a_commit(start, shop):
    """Resumed on another worker: every item applied exactly once, nothing lost."""
    server = start({**SHORT, "magento": {**SHORT["magento"], "requests_per_call": 8}}, workers=2)
    client = Modern(server)
    client.login()
    plan = prepare(client, numbered(1, 500), {"name": "Survived"})
    shop.fault("hang", PRODUCTS + "MCP-500", method="PUT")  # it cannot be done before it is killed
    shop.fault("latency", PRODUCTS, method="PUT", ms=20)
    doomed, victim = client_of_worker(server, client.session)
    first = in_background(lambda: commit(doomed, plan))
    wait_written(shop, 200)
    expect_killed(server)
    os.kill(victim, signal.SIGKILL)
    with pytest.raises((Broken, ConnectionError)):
        first.result()
    doomed.close()
    shop.heal()
    at_death = len(counts(shop))
    assert 200 <= at_death < 500
    server.wait_log("worker_ended")  # only then the keeper can have seen that nobody holds the plan
    result = poll(lambda: (lambda again: None if again.code == "IDEMPOTENCY_CONFLICT" else again)(commit(client, plan)),
                  "the plan is let go").data
    assert (result["status"], result["success_count"], result["errors"]) == ("completed", 500, [])
    assert counts(shop) == dict.fromkeys(numbered(1, 500), 1)
    poll(lambda: len(server.worker_pids()) == 2, "a new worker")
    server.note_workers()
    assert commit(client, plan).code == "PLAN_NOT_FOUND"


def test_keeper_killed_again_and_again(start, shop):
    """What was acknowledged is kept; a commit goes on over the deaths, or is resumed."""
    server = start({**SHORT, "magento": {**SHORT["magento"], "requests_per_call": 8}}, workers=2)
    client = Modern(server)
    client.login()
    plans = [prepare(client, numbered(first, first + 299), {"name": "Kept"}) for first in (1, 301)]
    shop.fault("latency", PRODUCTS, method="PUT", ms=100)
    for event in ("keeper_ended", "keeper_delayed", "keeper_not_understood", "crash_loop"):
        server.allows(event)
    running = [in_background(lambda plan=plan: commit(client, plan)) for plan in plans]
    deaths, killed, written = 0, None, 0

    def over():
        return all(one.done() for one in running)

    def goes_on():
        return server.status()["keeper"]["state"] == "ready" and keeper_pid(server) != killed and sum(
            counts(shop).values()) >= written + 50

    while not over():
        poll(lambda: over() or goes_on(), lambda: f"the commits go on after {deaths} deaths: {server.status()}")
        killed, written = keeper_pid(server), sum(counts(shop).values())
        if killed and not over():
            with contextlib.suppress(ProcessLookupError):
                os.kill(killed, signal.SIGKILL)
                deaths += 1
    poll(lambda: server.status()["keeper"]["state"] == "ready", "the keeper")
    results = [one.result() for one in running]
    for number, plan in enumerate(plans):
        def completed(number=number, plan=plan):
            if results[number].refused or results[number].data["status"] != "completed":
                results[number] = commit(client, plan)
            outcome = results[number]
            return not outcome.refused and outcome.data["status"] == "completed"

        poll(completed, lambda number=number: f"the commit is carried out: {results[number]}")
        assert results[number].data["success_count"] == 300, (deaths, results[number])
    assert deaths >= 3
    assert counts(shop) == dict.fromkeys(numbered(1, 600), 1)
    server.fds.clear()  # connections to the keeper come and go
    server.note_workers()


def test_logout_in_a_commit(start, shop):
    """Ends between two requests; the next login goes on."""
    server = start(SHORT, workers=2)
    client = Modern(server)
    client.login()
    plan = prepare(client, numbered(1, 300))
    slow_after(shop, 60)
    first = in_background(lambda: commit(client, plan))
    wait_written(shop, 50)
    client.ok("auth_logout")
    shop.heal()
    result = first.result().data
    assert result["status"] == "interrupted" and "auth_login" in result["message"]
    assert result["success_count"] + result["pending_count"] == 300 and 0 < result["pending_count"] < 250
    assert len(counts(shop)) == result["success_count"], "nothing was cut off"
    client.login()
    result = done(client, plan)
    assert (result["status"], result["success_count"]) == ("completed", 300)
    assert counts(shop) == dict.fromkeys(numbered(1, 300), 1)


def begin_commit(server, client, plan):
    """The connection of a commit that nobody listens to."""
    message = client.message("tools/call", {"name": COMMIT, "arguments": {
        "params": {"plan_id": plan["plan_id"], **OK}, "session": client.session}})
    body = json.dumps(message).encode()
    fields = {"Host": server.host, **client.headers(), **client.extra("tools/call", message["params"])}
    connection = Connection(server.address)
    connection.send(head("POST", "/mcp", [*fields.items(), ("Content-Length", len(body))]) + body)
    return connection


def test_client_that_goes_away(start, shop):
    """Modern: the call is over with its connection, the plan is not."""
    server = start(SHORT, workers=2)
    client = Modern(server)
    client.login()
    plan = prepare(client, numbered(1, 300))
    slow_after(shop, 60)
    connection = begin_commit(server, client, plan)
    wait_written(shop, 50)
    server.allows("refused", status=499)
    connection.abort()
    server.wait_idle()
    assert len(counts(shop)) < 300
    shop.heal()
    result = done(client, plan)
    assert (result["status"], result["success_count"]) == ("completed", 300)
    assert counts(shop) == dict.fromkeys(numbered(1, 300), 1)


def test_legacy_client_that_goes_away(start, shop):
    """Its protocol says that a broken connection is no cancellation: the commit goes on to its end."""
    server = start(workers=2)
    client = Legacy(server)
    client.login()
    plan = prepare(client, numbered(1, 100))
    shop.fault("latency", PRODUCTS, method="PUT", ms=20)
    message = client.message("tools/call", {
        "name": COMMIT, "arguments": {"params": {"plan_id": plan["plan_id"], **OK}}})
    body = json.dumps(message).encode()
    connection = Connection(server.address)
    connection.send(head("POST", "/mcp", [("Host", server.host), *client.headers().items(),
                                          ("Content-Length", len(body))]) + body)
    wait_written(shop, 10)
    server.allows("refused", status=499)
    connection.abort()
    wait_written(shop, 100)
    server.wait_idle()
    assert commit(client, plan).code == "PLAN_NOT_FOUND"
    assert counts(shop) == dict.fromkeys(numbered(1, 100), 1)


def test_write_that_takes_for_ever(start, shop):
    """The others go on meanwhile, never more of them at a time than allowed; a kill then leaves one in doubt."""
    server = start({"magento": {"requests_per_call": 4}}, workers=1)
    client = Modern(server)
    client.login()
    plan = prepare(client, numbered(1, 150))
    shop.fault("hang", PRODUCTS + "MCP-001", method="PUT", count=1, after=True)
    shop.fault("latency", PRODUCTS, method="PUT", ms=10)
    connection = begin_commit(server, client, plan)
    most = 0

    def the_others_are_written():
        nonlocal most
        unanswered = [entry["path"] for entry in shop.requests() if entry["status"] == 0]
        most = max(most, len(unanswered))
        return len(counts(shop)) == 150 and unanswered == [PRODUCTS + "MCP-001"]

    poll(the_others_are_written, lambda: f"149 answers, 150 writes: {len(counts(shop))}")
    assert most <= 4
    (victim,) = server.worker_pids()
    expect_killed(server)
    os.kill(victim, signal.SIGKILL)
    connection.close()
    server.wait_log("worker_ended")
    poll(lambda: server.worker_pids() - {victim}, "a new worker")
    server.note_workers()
    assert done(client, plan)["success_count"] == 150
    assert counts(shop) == dict.fromkeys(numbered(1, 150), 1)


# ---- doubt ----


@pytest.mark.parametrize("mode", ["hang", "reset", "truncate", "garbage", "status", "html", "text500", "empty"])
def test_write_whose_answer_is_lost(start, shop, mode):
    """It was carried out: seen by reading, not written again."""
    server = start(SHORT, workers=1)
    client = Modern(server)
    client.login()
    plan = prepare(client, numbered(1, 3))
    shop.fault(mode, PRODUCTS + "MCP-002", method="PUT", count=1, after=True)
    result = done(client, plan)
    assert (result["status"], result["success_count"]) == ("completed", 3), result
    assert counts(shop) == dict.fromkeys(numbered(1, 3), 1)


@pytest.mark.parametrize("mode", ["hang", "reset", "status"])
def test_write_that_never_arrived(start, shop, mode):
    """Looked at, then written again: once in all."""
    server = start(SHORT, workers=1)
    client = Modern(server)
    client.login()
    plan = prepare(client, numbered(1, 3))
    shop.fault(mode, PRODUCTS + "MCP-002", method="PUT", count=1)
    assert done(client, plan)["success_count"] == 3
    assert counts(shop) == dict.fromkeys(numbered(1, 3), 1)


def test_write_that_magento_cannot_do(client, shop):
    """A plain 500 is an answer: the item fails at once, the others do not wait for it."""
    plan = prepare(client, numbered(1, 3))
    shop.fault("text500", PRODUCTS + "MCP-002", method="PUT")
    began = time.monotonic()
    result = done(client, plan)
    assert time.monotonic() - began < 30, "not the deadline of a write"
    assert (result["status"], result["success_count"], result["error_count"]) == ("completed_with_errors", 2, 1)
    assert result["errors"][0]["sku"] == "MCP-002" and result["errors"][0]["code"] == "MAGENTO_API_ERROR"
    assert len([entry for entry in puts(shop) if entry["path"].endswith("MCP-002")]) == 1


def test_proxy_that_stays_broken(start, shop):
    """502 twice, and the values are the old ones: then it is the item's error."""
    server = start(SHORT, workers=1)
    client = Modern(server)
    client.login()
    plan = prepare(client, numbered(1, 3))
    shop.fault("html", PRODUCTS + "MCP-002", method="PUT", status=502)
    result = done(client, plan)
    assert (result["success_count"], result["error_count"], result["pending_count"]) == (2, 1, 0)
    assert len([entry for entry in puts(shop) if entry["path"].endswith("MCP-002")]) == 2


def test_rate_limit_of_the_shop(client, shop):
    """429 refuses unread: the plan stops and waits."""
    plan = prepare(client, numbered(1, 200))
    shop.fault("retry_after", PRODUCTS, method="PUT", retry_after=1)
    result = done(client, plan)
    assert (result["status"], result["success_count"], result["pending_count"]) == ("interrupted", 0, 200)
    assert len(puts(shop)) < 200, "not all of them were tried"
    shop.heal()
    assert done(client, plan)["success_count"] == 200
    assert counts(shop) == dict.fromkeys(numbered(1, 200), 1)


def test_credentials_that_end_in_a_commit(start, shop):
    """Nothing more is sent with a dead token; the next login goes on."""
    server = start({'store "main"': {"base_url": shop.url, **dict.fromkeys(OAUTH)}}, workers=1)
    client = Modern(server)
    admin = {"username": "admin", "password": "Dummy123pass"}
    client.login(**admin)
    plan = prepare(client, numbered(1, 300))

    def attempt(ms):
        began = time.monotonic()
        shop.settings(token_ttl=ms // 1000)
        outcome = client.call("auth_login", admin, session=None)
        if time.monotonic() - began > ms / 1000 - 4:  # tokens live for whole seconds, and a few writes are to be carried out
            return False
        assert not outcome.refused, outcome
        client.session = outcome.data["session"]
        SECRETS.add(client.session)
        shop.fault("latency", PRODUCTS, method="PUT", ms=ms // 25)
        return True

    at_a_pace(attempt, 5000)
    result = done(client, plan)
    assert result["status"] == "interrupted" and 0 < result["pending_count"] < 300
    refusals = [entry for entry in puts(shop) if entry["status"] == 401]
    said = ("expired", "session has ended") if refusals else ("session has ended",)  # the shop notices, or the clock
    assert result["error_count"] == 0 and any(text in result["message"] for text in said), result
    assert len(refusals) <= 24, "one window at most"
    shop.settings(token_ttl=3600)
    shop.heal()
    client.login(**admin)
    assert done(client, plan)["success_count"] == 300
    assert counts(shop) == dict.fromkeys(numbered(1, 300), 1)


# ---- audit ----


def audit_lines(server):
    return [json.loads(line) for line in (server.folder / "state" / "audit.jsonl").read_text().splitlines()]


def of_tool(server, name):
    return [(line["phase"], line.get("outcome")) for line in audit_lines(server) if line["tool"] == name]


def test_audit_of_a_commit(start, shop):
    server = start(workers=2)
    client = Modern(server)
    client.login()
    plan = prepare(client, numbered(1, 3))
    done(client, plan)
    commit(client, plan)
    client.refused(COMMIT, "CONFIRMATION_REQUIRED", {"plan_id": plan["plan_id"]})
    client.refused(COMMIT, "VALIDATION_ERROR", {"plan_id": 1, **OK})
    assert of_tool(server, "catalog.commit_bulk_update") == [
        ("begin", None), ("end", "ok"), ("begin", None), ("end", "PLAN_NOT_FOUND"),
        ("refused", "CONFIRMATION_REQUIRED"), ("refused", "VALIDATION_ERROR")]
    assert of_tool(server, "catalog.prepare_bulk_update") == [("end", "ok")]
    lines = [line for line in audit_lines(server) if line["tool"] == "catalog.commit_bulk_update"]
    begin, end, *_, unconfirmed, _ = lines
    for line in (begin, end):
        assert (line["plan_id"], line["reason"], line["store"]) == (plan["plan_id"], "test", shop.url)
    assert end["counts"]["success_count"] == 3
    assert unconfirmed["plan_id"] == plan["plan_id"]


def test_no_secret_is_kept(start, shop):
    """Neither in the audit log nor in the log, the metrics or the database."""
    secrets = {"handle": None, "password": "Dummy123pass", "personal": "jane.doe@example.com", "key": "Sup3rSecretKey"}
    server = start(workers=1)
    client = Modern(server)
    secrets["handle"] = client.login(username="admin", password=secrets["password"])["session"]
    plan = prepare(client, ["MCP-001"])
    done(client, plan)
    client.call(PREPARE, {"match": {"attribute_filters": {"customer_email": secrets["personal"],
                                                          "api_token": secrets["key"]}},
                          "updates": {"name": "x"}, "scope": GLOBAL})
    client.call(COMMIT, {"plan_id": plan["plan_id"], **OK, "password": secrets["key"], "session": secrets["handle"]})
    client.call(COMMIT, arguments={"plan_id": plan["plan_id"], "oauth_token_secret": secrets["key"],
                                   "session": secrets["handle"]})
    audit = (server.folder / "state" / "audit.jsonl").read_text()
    seen = {"audit": audit, "metrics": server.admin("/metrics").raw.decode(), "log": server.tail(10000)}
    for place, text in seen.items():
        for name, secret in [*secrets.items(), *OAUTH.items()]:
            assert secret not in text, f"{name} in the {place}"
    database = b"".join(path.read_bytes() for path in (server.folder / "state").glob("keeper.db*"))
    for name in ("handle", "password"):
        assert secrets[name].encode() not in database


def test_audit_log_that_cannot_be_written(start, shop):
    """A write that cannot be recorded is not begun; reading goes on."""
    server = start({"audit": {"path": "/dev/full"}}, workers=1)
    server.allows("audit_failed")
    client = Modern(server)
    client.login()
    plan = prepare(client, numbered(1, 3))
    refusal = client.refused(COMMIT, "INTERNAL_ERROR", {"plan_id": plan["plan_id"], **OK})
    assert "audit log" in refusal.message and "nothing was changed" in refusal.message
    assert counts(shop) == {}
    assert client.ok("catalog_get_product", {"sku": "MCP-001"})["sku"] == "MCP-001"


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 4 MB, where this user may mount one."""
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", tmp_path], capture_output=True).returncode != 0:
        pytest.skip("no file system can be mounted here")
    yield tmp_path
    subprocess.run(["umount", "-l", tmp_path], check=True)


def test_full_disk(shop, small_disk, tmp_path_factory):
    """A commit that could not be journalled is refused before anything is sent; with room again it is carried out."""
    server = Server(shop, {"server": {"state_dir": small_disk}, "audit": {"path": tmp_path_factory.mktemp("audit") / "a.jsonl"}},
                    workers=1)
    try:
        server.allows("database_failed", error="database or disk is full")
        client = Modern(server)
        client.login()
        plan = prepare(client, numbered(1, 200), {"description": "x" * 2000})
        filler = small_disk / "filler"
        with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as file:
            while file.write(b"x" * 4096):
                pass
        assert os.statvfs(small_disk).f_bfree == 0
        refusal = client.refused(COMMIT, "INTERNAL_ERROR", {"plan_id": plan["plan_id"], **OK})
        assert "disk" in refusal.message and puts(shop) == [], refusal
        refusal = client.refused(PREPARE, "INTERNAL_ERROR", {"match": {"sku_list": ["MCP-001"]}, "updates": {"name": "y" * 200},
                                                             "scope": GLOBAL})
        assert "disk" in refusal.message
        filler.unlink()
        assert done(client, plan)["success_count"] == 200
        assert counts(shop) == dict.fromkeys(numbered(1, 200), 1)
        server.stop()
        with contextlib.closing(sqlite3.connect(small_disk / "keeper.db")) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    finally:
        if server in process.LIVE:
            server.forget()


@pytest.mark.parametrize("kind", ["text", "another program's"])
def test_file_that_is_no_database_of_ours(tmp_path, kind):
    """Told with the cure, for good: it is neither overwritten nor tried again and again."""
    path = tmp_path / "theirs.db"
    if kind == "text":
        path.write_text("not a database\n" * 500)
    else:
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE ledger (entry TEXT)")
        database.close()
    before = path.read_bytes()
    ended = run_cli("serve", "-s", "server.listen=127.0.0.1:0", "-s", "admin.listen=127.0.0.1:0", "-s",
                    f"server.state_dir={tmp_path / 'state'}", MCP_IDEMPOTENCY_PATH=str(path))
    assert ended.returncode == 2, ended.stderr[-2000:]
    assert f"{path} is " in ended.stderr and "set keeper.path to a file that does not exist yet" in ended.stderr
    assert path.read_bytes() == before


# ---- confirmation ----


@pytest.mark.parametrize("given", [{}, {"confirm": True}, {"reason": "because"}, {"confirm": True, "reason": "  \n"},
                                   {"confirm": False, "reason": "because"}])
def test_confirmation(client, shop, given):
    plan = prepare(client, ["MCP-001"])
    refusal = client.refused(COMMIT, "CONFIRMATION_REQUIRED", {"plan_id": plan["plan_id"], **given})
    assert refusal.details == {"action": "catalog.commit_bulk_update"}
    assert puts(shop) == []
    assert done(client, plan)["status"] == "completed", "the plan is still there"


def test_without_confirmation(start, shop):
    server = start({"guardrails": {"tier2_confirm": "no"}}, workers=1)
    client = Modern(server)
    client.login()
    plan = prepare(client, ["MCP-001"])
    assert client.ok(COMMIT, {"plan_id": plan["plan_id"]})["status"] == "completed"


def test_guardrails_of_today(shop, tmp_path):
    """A plan of yesterday is held against the limits of today."""
    sections = {"server": {"state_dir": tmp_path}}
    with running(shop, sections) as client:
        plan = prepare(client, numbered(1, 3))
    with running(shop, {**sections, "guardrails": {"max_skus_per_bulk": 2}}) as client:
        assert client.refused(COMMIT, "BULK_CAP_EXCEEDED", {"plan_id": plan["plan_id"], **OK}).details["count"] == 3
    with running(shop, sections) as client:
        assert done(client, plan)["success_count"] == 3
