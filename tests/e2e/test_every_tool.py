"""What holds for each of the 38 tools alike, in both eras: its effect in the store, and its ways to refuse."""

import json
import sqlite3
import time
import uuid

import pytest

from harness import record
from harness.client import published_tools
from harness.contract import CODES, OK, PARAMS, PREPARE_OF, SUMMER, TEN, sample
from harness.process import Server

TOOLS = sorted(CODES, key=lambda tool: (tool != "scope_set_default", tool))  # the first, while no worker remembers the stores

# Reading routes of Magento that are asked by POST.
READ_BY_POST = ("/graphql", "/rest/all/V1/products/base-prices-information", "/rest/all/V1/products/special-price-information")

# Where a missing permission or a broken shop is met; the route that proves a login is not among them.
DOMAINS = ("products", "salesRules", "coupons", "cmsPage", "cmsBlock", "categories", "inventory", "stockItems", "indexer",
           "url-rewrite", "configurable-products", "store/storeViews", "store/storeConfigs", "customerGroups")


@pytest.fixture(scope="module")
def the_server(the_shop):
    """Purges are not counted here."""
    server = Server(the_shop, {"guardrails": {"cache_rate_limit": 10000}})
    yield server
    server.stop()


def ledger(shop):
    return shop.control("GET", "writes")["total"]


def break_domains(shop, mode, **more):
    for view in ("all", "default"):
        for domain in DOMAINS:
            shop.fault(mode, f"/rest/{view}/V1/{domain}", **more)


def test_the_tools_are_these(server):
    assert set(published_tools(server)) == set(CODES) and len(CODES) == 38
    assert {tool for tool in CODES if "_commit_" in tool} == set(PREPARE_OF)


# ---- effect ----


def check_bodies(shop, tool):
    """Each write has one key, the id within it when it changes something, and none when it makes something new."""
    for kind, entries in shop.control("GET", "writes").items():
        for id, entry in entries.items() if isinstance(entries, dict) else ():
            if not isinstance(entry["body"], dict) or "price" in entry["path"]:
                continue  # of a list of prices each row is noted
            assert len(entry["body"]) == 1, (tool, kind, entry)
            (inner,) = entry["body"].values()
            named = {name: inner[name] for name in ("sku", "rule_id", "id") if name in inner} if isinstance(inner, dict) else {}
            if entry["method"] == "PUT":
                assert id in map(str, named.values()), (tool, kind, entry)
            elif kind in ("rules", "pages", "blocks"):
                assert not named, (tool, kind, entry)


@pytest.mark.parametrize("form", ["wrapped", "flat"])
def test_effect_in_the_store(server, shop, era, form):
    """A tool that says it reads leaves the store's ledger alone; one that says it changes the store does."""
    client = era(server, form=form)
    client.login()
    for tool in (tool for tool in TOOLS if not tool.startswith("auth_")):
        params = sample(client, tool)
        before, asked = ledger(shop), shop.control("GET", "requests")["total"]
        client.ok(tool, params)
        fresh = shop.requests()[asked - shop.control("GET", "requests")["total"]:]
        hints = published_tools(server)[tool]["annotations"]
        if hints["readOnlyHint"] or tool.startswith(("cache_", "scope_")):
            assert ledger(shop) == before, tool
            assert all(entry["method"] == "GET" or entry["path"].startswith(READ_BY_POST) for entry in fresh), (tool, fresh)
        else:
            assert ledger(shop) > before, tool
            check_bodies(shop, tool)
        shop.reset()
    client.ok("auth_whoami")
    client.ok("auth_logout")


# ---- refusals that need no store ----


def refusals(client, shop, code, calls):
    """Each of the (tool, params, more) is refused so, and the store hears nothing of it."""
    asked = shop.control("GET", "requests")["total"]
    outcomes = [client.refused(tool, code, params, **more) for tool, params, more in calls]
    assert shop.control("GET", "requests")["total"] == asked
    return outcomes


def given(tool):
    """Parameters of the right shape; nobody will look for what they name."""
    if tool in PREPARE_OF:
        return {"plan_id": str(uuid.uuid4()), **OK}
    return {"urls": ["http://shop.example/p-3.html"], **OK} if tool == "cache_purge_by_url" else dict(PARAMS.get(tool, {}))


def test_login_needed(server, shop, era):
    """R-301 to R-305: no login, one that never was, and one that has ended are told alike."""
    gone = era(server)
    handle = gone.login()["session"]
    gone.ok("auth_logout", session=handle)
    client = era(server)
    with_login = [tool for tool in TOOLS if tool != "auth_login"]
    texts = set()
    for session in (None, "A" * len(handle), handle):
        outcomes = refusals(client, shop, "NOT_AUTHENTICATED",
                            [(tool, given(tool), {"session": session}) for tool in with_login])
        texts |= {outcome.message for outcome in outcomes}
    assert texts == {"Not authenticated. Call auth_login first."}


def test_unknown_parameters(client, shop):
    outcomes = refusals(client, shop, "VALIDATION_ERROR",
                        [(tool, {**given(tool), "no_such_parameter": 1}, {}) for tool in TOOLS])
    for outcome in outcomes:
        assert "params.no_such_parameter" in [detail["path"] for detail in outcome.details], outcome


def test_parameters_that_are_missing(client, shop, server):
    """All of them at once."""
    calls, wanted = [], []
    for tool in TOOLS:
        required = published_tools(server)[tool]["inputSchema"]["properties"]["params"].get("required", [])
        assert ("params" in published_tools(server)[tool]["inputSchema"].get("required", [])) == bool(required), tool
        if required:
            calls.append((tool, {}, {}))
            wanted.append({f"params.{name}" for name in required})
    for outcome, paths in zip(refusals(client, shop, "VALIDATION_ERROR", calls), wanted):
        assert {detail["path"] for detail in outcome.details} == paths, outcome
    assert len(calls) > 20


def test_confirmation(client, shop):
    """confirm and reason, both; missing they are no fault of the schema."""
    tools = [tool for tool in TOOLS if "CONFIRMATION_REQUIRED" in CODES[tool]]
    assert len(tools) == 13
    for more in ({}, {"confirm": True}, {"reason": "because"}, {"confirm": True, "reason": " \t"}, {"confirm": False, "reason": "x"}):
        calls = [(tool, {key: value for key, value in given(tool).items() if key not in OK} | more, {}) for tool in tools]
        for tool, outcome in zip(tools, refusals(client, shop, "CONFIRMATION_REQUIRED", calls)):
            assert outcome.details == {"action": tool.replace("_", ".", 1)}


def test_read_only_store(start, shop, era):
    """Whatever changes the shop is refused by name of the setting; reading and planning go on."""
    client = era(start({'store "main"': {"read_only": "yes"}}, workers=1))
    client.login()
    for tool in (tool for tool in TOOLS if not tool.startswith(("auth_", "scope_"))):
        hints = published_tools(client.server)[tool]["annotations"]
        params = sample(client, tool)
        asked = shop.control("GET", "requests")["total"]
        if hints["readOnlyHint"]:
            client.ok(tool, params)
        else:
            assert "store.main.read_only" in client.refused(tool, "FORBIDDEN", params).message
            assert shop.control("GET", "requests")["total"] == asked, tool
    assert ledger(shop) == 0


def test_read_only_server(server, start, shop, era):
    """What changes a shop is neither listed nor done when it is called all the same; ctl says so."""
    hints = {tool: published_tools(server)[tool]["annotations"] for tool in TOOLS}
    server = start({"server": {"read_only": "yes"}}, workers=2)
    client = era(server)
    client.login()
    writing = {tool for tool in TOOLS if not hints[tool]["readOnlyHint"] and not tool.startswith(("auth_", "scope_"))}
    assert len(writing) > 10
    for tool in sorted(writing):
        assert "server.read_only" in client.refused(tool, "FORBIDDEN", sample(client, tool)).message
    assert ledger(shop) == 0
    assert {tool["name"] for tool in client.rpc("tools/list")["tools"]} == set(TOOLS) - writing
    assert server.status()["read_only"] is True
    assert "server.read_only" in server.ask("status")


def audit_of(server, tool):
    lines = [json.loads(line) for line in (server.folder / "state" / "audit.jsonl").read_text().splitlines()]
    return [(line["phase"], line.get("outcome")) for line in lines if line["tool"] == tool.replace("_", ".", 1)]


def test_audit_of_every_tool(start, era):
    """What changes the shop is recorded before it begins, too."""
    client = era(start(workers=1))
    client.login()
    for tool in (tool for tool in TOOLS if not tool.startswith("auth_")):
        params = sample(client, tool)
        before = len(audit_of(client.server, tool))
        client.ok(tool, params)
        is_write = not published_tools(client.server)[tool]["annotations"]["readOnlyHint"] and not tool.startswith("scope_")
        assert audit_of(client.server, tool)[before:] == [("begin", None)] * is_write + [("end", "ok")], tool
        client.server.shop.reset()


def test_nothing_is_changed_that_cannot_be_recorded(start, shop, era):
    server = start({"audit": {"path": "/dev/full"}}, workers=1)
    server.allows("audit_failed")
    client = era(server)
    client.login()
    for tool in (tool for tool in TOOLS if not tool.startswith(("auth_", "scope_"))):
        params = sample(client, tool)
        if published_tools(server)[tool]["annotations"]["readOnlyHint"]:
            client.ok(tool, params)
        else:
            assert "audit log" in client.refused(tool, "INTERNAL_ERROR", params).message, tool
    assert ledger(shop) == 0


# ---- the store refuses ----


def outcomes_of(client, shop, code, spoil):
    """Every tool that may answer so does, with the store spoiled after its plan was made."""
    for tool in (tool for tool in TOOLS if code in CODES[tool] and not tool.startswith("auth_")):
        if tool.startswith("cache_") and code == "RATE_LIMITED":
            continue  # its own limit
        params = sample(client, tool)
        spoil(tool)
        outcome = client.refused(tool, code, params)
        shop.heal()
        yield tool, outcome


def test_missing_permission(start, shop, era):
    """Magento's 401 with a login that still works names what the role lacks."""
    client = era(start(workers=1))
    client.login()

    def spoil(_tool):
        break_domains(shop, "status", status=401)

    for _tool, outcome in outcomes_of(client, shop, "FORBIDDEN", spoil):
        assert "needs the Magento permission Magento_Backend::admin" in outcome.message, outcome
    client.ok("auth_whoami", {"verify": True})


def test_answers_that_are_no_answers(start, shop, era):
    """HTML of somebody in between: said cleanly, without its text."""
    client = era(start(workers=1))
    client.login()
    for tool, outcome in outcomes_of(client, shop, "MAGENTO_API_ERROR", lambda _: break_domains(shop, "html", status=400)):
        assert outcome.details["kind"] == "not_json" and outcome.details["statusCode"] == 400, (tool, outcome)
        assert "/V1/" in outcome.details["route"], outcome
    shop.fault("html", "/rest/", status=400)
    assert era(client.server).refused("auth_login", "MAGENTO_API_ERROR", {}, session=None).details["kind"] == "not_json"


def test_shop_that_takes_no_more_requests(start, shop, era):
    client = era(start(workers=1))
    client.login()
    for tool, outcome in outcomes_of(client, shop, "RATE_LIMITED", lambda _: break_domains(shop, "retry_after", retry_after=7)):
        assert outcome.details["retry_after_s"] == 7, (tool, outcome)


def test_rates_of_purges(start, shop, era):
    client = era(start({"guardrails": {"cache_rate_limit": 1}}, workers=1))
    client.login()
    client.ok("cache_purge_product", sample(client, "cache_purge_product"))
    for tool in (tool for tool in TOOLS if tool.startswith("cache_")):
        assert 0 < client.refused(tool, "RATE_LIMITED", sample(client, tool)).details["retry_after_s"] <= 60


NOWHERE = {
    "catalog_get_product": {"sku": "NOPE"},
    "catalog_prepare_bulk_update": {"match": {"sku_list": ["NOPE"]}},
    "pricing_prepare_bulk_price_update": {"match": {"sku_list": ["NOPE"]}},
    "promotions_get_rule": {"rule_id": 4711}, "promotions_update_rule": {"rule_id": 4711},
    "promotions_enable_rule": {"rule_id": 4711}, "promotions_disable_rule": {"rule_id": 4711},
    "promotions_generate_coupons": {"rule_id": 4711}, "promotions_export_coupons": {"rule_id": 4711},
    "cms_get_page": {"page_id": 4711}, "cms_prepare_bulk_update_pages": {"match": {"page_ids": [4711]}},
    "cms_get_block": {"block_id": 4711}, "cms_prepare_bulk_update_blocks": {"match": {"block_ids": [4711]}},
    "seo_prepare_bulk_update_url_keys": {"match": {"sku_list": ["NOPE"]}},
    "seo_bulk_update_meta": {"match": {"sku_list": ["NOPE"]}},
    "diagnostics_inventory_salable_report": {"sku": "NOPE"},
    "cache_purge_product": {"sku": "NOPE"}, "cache_purge_category": {"category_id": 4711},
}


def test_what_is_not_there(client, shop):
    """Said as such, and nothing is written."""
    assert set(NOWHERE) == {tool for tool in TOOLS if "NOT_FOUND" in CODES[tool]}
    before = ledger(shop)
    for tool, change in NOWHERE.items():
        client.refused(tool, "NOT_FOUND", {**PARAMS[tool], **change})
    assert ledger(shop) == before


# ---- plans and keys ----


def test_plans_of_others(client, shop):
    """No such plan, and the plan of another tool."""
    plans = {tool: sample(client, tool)["plan_id"] for tool in PREPARE_OF}
    for tool in PREPARE_OF:
        for plan in [str(uuid.uuid4()), *(plans[other] for other in PREPARE_OF if other != tool)]:
            client.refused(tool, "PLAN_NOT_FOUND", {"plan_id": plan, **OK})
    assert ledger(shop) == 0


def test_keys_of_others(client, shop):
    """A key stands for one plan, or for one set of arguments; nothing is written for another."""
    def another(tool):
        if tool in PREPARE_OF:
            return sample(client, tool)
        return {**PARAMS[tool], **{"promotions_update_rule": {"patch": {"discount_amount": 12}},
                                   "promotions_enable_rule": {"rule_id": TEN}, "promotions_generate_coupons": {"qty": 4},
                                   "seo_bulk_update_meta": {"meta_updates": {"meta_title": "Other"}}}[tool]}

    for tool in (tool for tool in TOOLS if "IDEMPOTENCY_CONFLICT" in CODES[tool]):
        params, other, key = sample(client, tool), another(tool), {"idempotency_key": f"{type(client).__name__}-{tool}"}
        first = client.ok(tool, {**params, **key})
        assert client.ok(tool, {**params, **key}) == {**first, "replayed": True}, tool
        before = ledger(shop)
        client.refused(tool, "IDEMPOTENCY_CONFLICT", {**other, **key})
        assert ledger(shop) == before, tool
        shop.reset()


def test_expired_plans(shop, tmp_path, era):
    sections = {"server": {"state_dir": tmp_path}}
    plans = {}
    for step in ("prepare", "commit"):
        server = Server(shop, sections, workers=1)
        try:
            client = era(server)
            client.login()
            for tool in PREPARE_OF:
                if step == "prepare":
                    plans[tool] = sample(client, tool)
                else:
                    assert "Prepare a new one" in client.refused(tool, "PLAN_EXPIRED", plans[tool]).message
            server.stop()
        finally:
            server.forget()
        with sqlite3.connect(tmp_path / "keeper.db") as database:
            database.execute("UPDATE plan SET expires_ms = ?", (int(time.time() * 1000) - 1,))
        database.close()
    assert ledger(shop) == 0


def test_caps(start, shop, era, tmp_path):
    """Asked of the shop at most the first page, written nothing; a cap that was lowered holds for old plans, too."""
    server = start({"guardrails": {"max_skus_per_bulk": 2, "max_coupon_qty": 2}}, workers=1)
    client = era(server)
    client.login()
    many = {"cms_prepare_bulk_update_pages": {"page_ids": [1, 2, 3]}, "cms_prepare_bulk_update_blocks": {"block_ids": [1, 2, 3]}}
    plan = sample(client, "catalog_commit_bulk_update")
    for tool in (tool for tool in TOOLS if "BULK_CAP_EXCEEDED" in CODES[tool] and tool not in PREPARE_OF):
        change = {} if tool == "promotions_generate_coupons" else {"match": many.get(tool, {"sku_prefix": "MCP-"})}
        details = client.refused(tool, "BULK_CAP_EXCEEDED", {**PARAMS[tool], **change}).details
        assert details["cap"] == 2 and details["count"] > 2 and details["setting"].startswith("guardrails.max_"), tool
    server.reload({"guardrails": {"max_skus_per_bulk": 1}})
    client = era(server)
    client.login()
    assert client.refused("catalog_commit_bulk_update", "BULK_CAP_EXCEEDED", plan).details["count"] == 2
    assert ledger(shop) == 0
    server.fds.clear()  # the new worker was counted before it reached the keeper
    server.note_workers()


# ---- the counting itself ----


def test_secrets_are_found_where_they_should_not_be(tmp_path, monkeypatch):
    """The search at the end of the run is not blind, and lacking calls are told."""
    for name in ("_calls", "_words", "_secrets"):
        monkeypatch.setattr(record, name, type(getattr(record, name))())
    monkeypatch.setenv(record.VARIABLE, str(tmp_path))
    secrets = record.Secrets()
    secrets.add("a planted~secret-of-32-characters!")
    secrets.add("short")
    record.wrote("audit.jsonl", b'{"params":{"x":"see secret-of-32-characters"}} short')
    record.wrote("the log", b"nothing but secret-of-31 here")
    record.wrote("keeper.db", b"\0\1eyJraWQiOiIxIiwiYWxnIjoiSFMyNTYifQ.eyJ1aWQiOjF9\2")
    record.called("auth_login", "2026-07-28", "wrapped", None)
    record.called("auth_login", "2026-07-28", "wrapped", "FORBIDDEN")
    record.save()
    seen = record.Record(tmp_path)
    leaks = seen.leaks()
    assert len(leaks) == 2, leaks
    assert leaks[0].startswith("secret..., used by ") and "stands in audit.jsonl" in leaks[0]
    assert leaks[1].startswith("an admin token stands in keeper.db")
    assert seen.lacking({"auth_login": {"FORBIDDEN"}}) == [
        "auth_login in 2025-11-25: success", "auth_login in 2025-11-25: FORBIDDEN", "auth_login in the flat form: success",
        "2025-06-18: any success", "2025-03-26: any success"]
