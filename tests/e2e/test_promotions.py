"""Cart price rules and coupons: found, changed, created once, exported; and nothing dangerous let through."""

import concurrent.futures
import csv
import http.client
import io
import json
import os
import re
import signal
import urllib.parse
import uuid

import pytest

from harness.client import Modern
from harness.places import ADMIN, LIMITED_OAUTH, poll
from harness.process import Server

CLASS = "Magento\\SalesRule\\Model\\Rule\\Condition\\"
CONFIRM = {"confirm": True, "reason": "asked for by the test"}
TEN, NEWSLETTER, SUMMER = 1, 2, 3  # the rules of the demo store
OVER_50 = [{"condition_type": "address", "attribute_name": "base_subtotal", "operator": ">=", "value": 50}]
RULE = {"name": "Spring", "website_ids": [1], "customer_group_ids": [0, 1], "simple_action": "by_percent",
        "discount_amount": 20, "to_date": "2031-05-31"}

WRITE_MS = 800


@pytest.fixture(scope="module")
def the_server(the_shop):
    """Writes have a short deadline: what is in doubt is settled soon."""
    server = Server(the_shop, {"magento": {"write_timeout_ms": f"{WRITE_MS}ms"}})
    yield server
    server.stop()


def make_rule(shop, **members):
    """Puts a rule into the shop behind the server's back; gives its id."""
    def post(path, body, token=None):
        connection = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=60)
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        connection.request("POST", "/rest/all/V1/" + path, json.dumps(body), headers)
        response = connection.getresponse()
        answer = json.loads(response.read())
        connection.close()
        assert response.status == 200, answer
        return answer

    token = post("integration/admin/token", ADMIN)
    rule = {"name": "Made", "website_ids": [1], "customer_group_ids": [0], "simple_action": "by_percent",
            "discount_amount": 10, **members}
    return post("salesRules", {"rule": rule}, token)["rule_id"]


def writes(shop, kind="rules"):
    """{key: {count, method, path, body}} of what was written."""
    return shop.control("GET", "writes").get(kind, {})


def asked(shop, part):
    return [urllib.parse.unquote(entry["path"]) for entry in shop.requests(part)]


def change(client, tool, params, **more):
    return client.ok(tool, {**params, **CONFIRM}, **more)


def prepare(client, **members):
    return client.ok("promotions_prepare_cart_price_rule_create", {**RULE, **members})


def commit(client, plan, **more):
    return client.call("promotions_commit_cart_price_rule_create", {"plan_id": plan["plan_id"], **CONFIRM, **more})


# ---- search and get ----


def test_search(client, shop):
    found = client.ok("promotions_search_rules")
    assert [rule["rule_id"] for rule in found["items"]] == [TEN, NEWSLETTER, SUMMER]
    assert (found["total_count"], found["has_more"]) == (3, False)
    assert found["search_criteria"] == {"page_size": 20, "current_page": 1}

    def ids(**params):
        found = client.ok("promotions_search_rules", params)
        assert found["total_count"] == len(found["items"])
        return [rule["rule_id"] for rule in found["items"]]

    assert ids(query="NEWS") == [NEWSLETTER]
    assert ids(query="e") == [TEN, NEWSLETTER, SUMMER]
    assert ids(enabled=True) == [TEN, NEWSLETTER]
    assert ids(enabled=False) == [SUMMER]
    assert ids(coupon_type="no_coupon") == [TEN]
    assert ids(coupon_type="specific_coupon") == [NEWSLETTER]
    assert ids(coupon_type="auto") == [SUMMER]
    assert ids(website_code="eu") == [TEN]
    assert ids(website_code="base", enabled=True, coupon_type="specific_coupon") == [NEWSLETTER]
    assert not [path for path in asked(shop, "salesRules/search") if "website" in path]
    assert all(path.startswith("/rest/all/V1/") for path in asked(shop, "salesRules"))


def test_search_pages(client, shop):
    there = [make_rule(shop, name=f"Page {i:03}", website_ids=[2] if i % 2 else [1]) for i in range(120)]
    page = client.ok("promotions_search_rules", {"query": "Page", "page_size": 50, "current_page": 2})
    assert [rule["rule_id"] for rule in page["items"]] == there[50:100]
    assert (page["total_count"], page["has_more"]) == (120, True)
    page = client.ok("promotions_search_rules", {"website_code": "eu", "query": "Page", "page_size": 50, "current_page": 2})
    assert [rule["rule_id"] for rule in page["items"]] == there[1::2][50:]
    assert (page["total_count"], page["has_more"]) == (60, False)


def test_search_wildcards_are_text(client, shop):
    percent = make_rule(shop, name="50% off_all")
    make_rule(shop, name="500 offXall")
    for query in ("50%", "off_all", "% OFF"):
        assert [rule["rule_id"] for rule in client.ok("promotions_search_rules", {"query": query})["items"]] == [percent]


def test_search_refusals(client):
    outcome = client.refused("promotions_search_rules", "VALIDATION_ERROR", {"website_code": "nope"})
    assert {"base", "eu"} <= set(json.dumps(outcome.details).replace('"', " ").split())
    client.refused("promotions_search_rules", "VALIDATION_ERROR", {"coupon_type": "SPECIFIC_COUPON"})


@pytest.mark.parametrize("form", ["wrapped", "flat"])
def test_get(server, shop, form, era):
    client = era(server, form=form)
    client.login()
    rule = client.ok("promotions_get_rule", {"rule_id": TEN})
    assert (rule["name"], rule["coupon_type"]) == ("Ten percent off 50 and more", "NO_COUPON")
    assert rule["condition"]["conditions"][0]["condition_type"] == CLASS + "Address"
    assert "99999" in client.refused("promotions_get_rule", "NOT_FOUND", {"rule_id": 99999}).message
    client.refused("promotions_get_rule", "VALIDATION_ERROR", {"rule_id": "1"})


def test_missing_permission(start, era):
    client = era(start({'store "main"': LIMITED_OAUTH}))
    client.login()
    for tool, params in [("promotions_get_rule", {"rule_id": TEN}), ("promotions_search_rules", {}),
                         ("promotions_disable_rule", {"rule_id": TEN}), ("promotions_export_coupons", {"rule_id": TEN}),
                         ("promotions_enable_rule", {"rule_id": TEN, **CONFIRM})]:
        assert "Magento_SalesRule::quote" in client.refused(tool, "FORBIDDEN", params).message


def test_login_needed(server, era):
    client = era(server)
    for tool, params in [("promotions_get_rule", {"rule_id": TEN}), ("promotions_disable_rule", {"rule_id": TEN})]:
        client.refused(tool, "NOT_AUTHENTICATED", params)


# ---- confirmation ----


@pytest.mark.parametrize("tool,params", [
    ("promotions_update_rule", {"rule_id": TEN, "patch": {"name": "X"}}), ("promotions_enable_rule", {"rule_id": SUMMER}),
    ("promotions_generate_coupons", {"rule_id": SUMMER, "qty": 1}),
    ("promotions_commit_cart_price_rule_create", {"plan_id": str(uuid.uuid4())}),
])
def test_confirmation(client, shop, tool, params):
    n = len(shop.requests())
    for more in ({}, {"confirm": True}, {"confirm": True, "reason": " "}, {"confirm": False, "reason": "x"}):
        client.refused(tool, "CONFIRMATION_REQUIRED", {**params, **more})
    assert len(shop.requests()) == n


# ---- update ----


def test_update(client, shop):
    done = change(client, "promotions_update_rule",
                  {"rule_id": TEN, "patch": {"name": "Twelve off", "discount_amount": 12, "to_date": "2031-01-01",
                                             "conditions": OVER_50, "sort_order": 0}})
    assert done["message"] == "Rule updated successfully"
    assert done["changes"]["name"] == {"from": "Ten percent off 50 and more", "to": "Twelve off"}
    assert set(done["changes"]) == {"name", "discount_amount", "to_date"}  # the conditions were like that already
    assert (done["rule"]["name"], done["rule"]["discount_amount"], done["rule"]["to_date"]) == ("Twelve off", 12, "2031-01-01")
    assert (done["warnings"], done["replayed"]) == ([], False)
    assert writes(shop)[str(TEN)]["body"] == {"rule": {"rule_id": TEN, "name": "Twelve off", "discount_amount": 12,
                                                       "to_date": "2031-01-01"}}
    assert writes(shop)[str(TEN)]["path"] == f"/rest/all/V1/salesRules/{TEN}"
    assert len(writes(shop)) == 1

    done = change(client, "promotions_update_rule", {"rule_id": TEN, "patch": {"to_date": "", "conditions": []}})
    assert "to_date" not in done["rule"]
    assert [text for text in done["warnings"] if "every cart" in text]


def test_update_coupon_type(client, shop):
    rule = make_rule(shop)
    done = change(client, "promotions_update_rule", {"rule_id": rule, "patch": {"coupon_type": "auto"}})
    assert (done["rule"]["coupon_type"], done["rule"]["use_auto_generation"]) == ("SPECIFIC_COUPON", True)
    assert writes(shop)[str(rule)]["body"]["rule"] == {"rule_id": rule, "coupon_type": "SPECIFIC_COUPON",
                                                       "use_auto_generation": True}
    done = change(client, "promotions_update_rule", {"rule_id": rule, "patch": {"coupon_type": "specific_coupon"}})
    assert (done["rule"]["coupon_type"], done["rule"]["use_auto_generation"]) == ("SPECIFIC_COUPON", False)
    done = change(client, "promotions_update_rule", {"rule_id": rule, "patch": {"coupon_type": "no_coupon"}})
    assert done["rule"]["coupon_type"] == "NO_COUPON"


def test_update_nothing(client, shop):
    done = change(client, "promotions_update_rule", {"rule_id": TEN, "patch": {"discount_amount": 10.0, "is_active": True}})
    assert "Nothing to change" in done["message"] and done["changes"] == {}
    assert writes(shop) == {}


@pytest.mark.parametrize("patch,path", [
    ({}, "params.patch"),
    ({"rule_id": TEN}, "params.patch"),
    ({"rule_id": 2, "name": "X"}, "params.patch.rule_id"),
    ({"discount_amount": 51}, "params.patch.discount_amount"),
    ({"simple_action": "buy_x_get_y"}, "params.patch.discount_step"),
    ({"from_date": "2030-02-01", "to_date": "2030-01-31"}, "params.patch.to_date"),
    ({"from_date": "2030-02-30"}, "params.patch.from_date"),
    ({"description": None}, "params.patch.description"),
    ({"coupon_type": "SPECIFIC"}, "params.patch.coupon_type"),
    ({"coupon_type": "auto", "use_auto_generation": False}, "params.patch.use_auto_generation"),
    ({"use_auto_generation": True}, "params.patch.use_auto_generation"),
    ({"website_ids": [1, 99]}, "params.patch.website_ids[1]"),
    ({"website_ids": []}, "params.patch.website_ids"),
    ({"customer_group_ids": [0, 77]}, "params.patch.customer_group_ids[1]"),
    ({"store_labels": [{"store_id": 55, "store_label": "L"}]}, "params.patch.store_labels[0].store_id"),
    ({"conditions": [{"condition_type": "Foo\\Bar"}]}, "params.patch.conditions[0].condition_type"),
    ({"coupon_code": "X"}, "params.patch.coupon_code"),
])
def test_update_refusals(client, shop, patch, path):
    """Wrong patches are refused before anything is written."""
    outcome = client.refused("promotions_update_rule", "VALIDATION_ERROR", {"rule_id": TEN, "patch": patch, **CONFIRM})
    assert [detail["path"] for detail in outcome.details] == [path], outcome
    assert not re.search(r"\.\.$", outcome.message)
    assert writes(shop) == {}


def test_cap_holds_for_the_merged_rule(client, shop):
    """A harmless patch cannot turn 80 off into 80 percent, and names the setting."""
    rule = make_rule(shop, simple_action="by_fixed", discount_amount=80)
    outcome = client.refused("promotions_update_rule", "VALIDATION_ERROR",
                             {"rule_id": rule, "patch": {"simple_action": "by_percent"}, **CONFIRM})
    assert "guardrails.max_discount_pct" in outcome.message
    assert outcome.details[0]["path"] == "params.patch.discount_amount"


def test_update_unknown_rule(client, shop):
    client.refused("promotions_update_rule", "NOT_FOUND", {"rule_id": 4711, "patch": {"name": "X"}, **CONFIRM})
    assert writes(shop) == {}


def test_update_settled_by_reading(client, shop):
    """The answer is lost after the change was made: it is found, and not made again."""
    shop.fault("reset", "/rest/all/V1/salesRules/", method="PUT", count=1, after=True)
    done = change(client, "promotions_update_rule", {"rule_id": TEN, "patch": {"sort_order": 9}})
    assert (done["message"], done["rule"]["sort_order"]) == ("Rule updated successfully", 9)
    assert writes(shop)[str(TEN)]["count"] == 1


def test_update_that_never_arrived(client, shop):
    shop.fault("reset", "/rest/all/V1/salesRules/", method="PUT")
    client.refused("promotions_update_rule", "MAGENTO_API_ERROR", {"rule_id": TEN, "patch": {"sort_order": 9}, **CONFIRM})
    assert writes(shop) == {}


# ---- enable and disable ----


def test_disable_and_enable(client, shop):
    done = client.ok("promotions_disable_rule", {"rule_id": TEN})
    assert (done["message"], done["rule"]["is_active"]) == ("Rule disabled successfully", False)
    assert writes(shop)[str(TEN)]["body"] == {"rule": {"rule_id": TEN, "is_active": False}}
    done = change(client, "promotions_enable_rule", {"rule_id": TEN})
    assert (done["message"], done["rule"]["is_active"]) == ("Rule enabled successfully", True)
    assert writes(shop)[str(TEN)]["body"] == {"rule": {"rule_id": TEN, "is_active": True}}
    assert ["no end date" in text for text in done["warnings"]] == [True]
    done = change(client, "promotions_enable_rule", {"rule_id": TEN})
    assert "already" in done["message"]
    assert writes(shop)[str(TEN)]["count"] == 2
    assert list(writes(shop)) == [str(TEN)]


@pytest.mark.parametrize("text", ["a\r\nb", "a\x1b[31mb", "\u0085 next\tline\n"])
def test_control_characters_in_texts(client, shop, text):
    """They are left out on the way to the shop and back: no difference is seen where there is none."""
    done = change(client, "promotions_update_rule", {"rule_id": TEN, "patch": {"description": text}})
    stored = re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "", text)
    assert done["rule"]["description"] == stored
    again = change(client, "promotions_update_rule", {"rule_id": TEN, "patch": {"description": text}})
    assert again["changes"] == {} and writes(shop)[str(TEN)]["count"] == 1
    shop.fault("reset", "/rest/all/V1/salesRules", method="POST", count=1, after=True)
    made = commit(client, prepare(client, name=f"Odd {text}")).data["rule"]
    assert made["name"] == f"Odd {stored}" and len(writes(shop)) == 2, "recognised, not made again"
    client.refused("promotions_update_rule", "VALIDATION_ERROR", {"rule_id": TEN, "patch": {"name": "\x1b\x01"}, **CONFIRM})


@pytest.mark.parametrize("members,path", [
    ({"discount_amount": 60}, "rule.discount_amount"),
    ({"website_ids": []}, "rule.website_ids"),
    ({"customer_group_ids": []}, "rule.customer_group_ids"),
    ({"coupon_type": "SPECIFIC"}, "rule.coupon_type"),
])
def test_enable_refusals(client, shop, members, path):
    rule = make_rule(shop, **members)
    before = writes(shop)
    outcome = client.refused("promotions_enable_rule", "VALIDATION_ERROR", {"rule_id": rule, **CONFIRM})
    assert [detail["path"] for detail in outcome.details] == [path]
    assert writes(shop) == before


def test_disable_needs_neither_confirmation_nor_order(client, shop):
    """A rule that breaks every guardrail can be stopped."""
    rule = make_rule(shop, discount_amount=100, is_active=True, website_ids=[])
    assert client.ok("promotions_disable_rule", {"rule_id": rule})["rule"]["is_active"] is False
    assert [entry["method"] for entry in shop.requests(f"salesRules/{rule}")] == ["PUT"]
    client.refused("promotions_disable_rule", "NOT_FOUND", {"rule_id": 4711})


def test_disable_settled_by_reading(client, shop):
    shop.fault("text500", "/rest/all/V1/salesRules/", method="PUT", count=1, after=True)
    assert client.ok("promotions_disable_rule", {"rule_id": TEN})["rule"]["is_active"] is False
    shop.fault("text500", "/rest/all/V1/salesRules/", method="PUT", count=1)
    client.refused("promotions_disable_rule", "MAGENTO_API_ERROR", {"rule_id": NEWSLETTER})


# ---- create ----


def test_create(client, shop):
    plan = prepare(client, conditions=OVER_50, description="d",
                   action_conditions={"condition_type": "product_combine", "conditions": [
                       {"condition_type": "product", "attribute_name": "category_ids", "operator": "==", "value": 3}]})
    assert writes(shop) == {}
    assert (plan["affected_count"], plan["commit_tool"]) == (1, "promotions_commit_cart_price_rule_create")
    assert plan["warnings"] == []
    preview = plan["rule_preview"]
    assert (preview["stop_rules_processing"], preview["is_active"], preview["coupon_type"]) == (False, False, "NO_COUPON")
    assert preview["condition"]["conditions"] == [{"condition_type": CLASS + "Address", "attribute_name": "base_subtotal",
                                                   "operator": ">=", "value": "50"}]

    done = commit(client, plan).data
    assert done["message"] == "Cart price rule created successfully"
    assert (done["plan_id"], done["replayed"], "differences" in done) == (plan["plan_id"], False, False)
    rule = done["rule"]
    assert (rule["name"], rule["stop_rules_processing"], rule["discount_amount"]) == ("Spring", False, 20)
    assert rule["action_condition"]["conditions"][0]["condition_type"] == CLASS + "Product"
    (key, written), = writes(shop).items()
    assert (key, written["count"], written["path"]) == (str(rule["rule_id"]), 1, "/rest/all/V1/salesRules")
    assert written["body"] == {"rule": preview} and "rule_id" not in preview

    again = commit(client, plan)
    assert again.code == "PLAN_NOT_FOUND" and "already committed" in again.message
    assert sum(written["count"] for written in writes(shop).values()) == 1


def test_create_with_a_code(client, shop):
    plan = prepare(client, coupon_type="specific_coupon", coupon_code="SPRING31", uses_per_coupon=5)
    assert plan["rule_preview"]["coupon_type"] == "SPECIFIC_COUPON"
    assert "coupon_code" not in plan["rule_preview"]
    done = commit(client, plan).data
    assert (done["coupon"]["code"], done["coupon"]["usage_limit"]) == ("SPRING31", 5)
    assert done["coupon"]["rule_id"] == done["rule"]["rule_id"]
    (coupon,) = [entry for entry in writes(shop, "coupons").values()]
    assert coupon["body"] == {"coupon": {"rule_id": done["rule"]["rule_id"], "code": "SPRING31", "is_primary": True}}


def test_create_with_a_code_that_is_taken(client, shop):
    """The rule stays, and the caller is told how to go on."""
    done = commit(client, prepare(client, coupon_type="specific_coupon", coupon_code="welcome5")).data
    assert "already exists" in done["coupon_error"] and "coupon" not in done
    assert "promotions_disable_rule" in done["message"]
    assert len(writes(shop)) == 1 and writes(shop, "coupons") == {}


@pytest.mark.parametrize("members,part", [
    ({"is_active": True}, "live as soon"), ({"is_active": True}, "every cart"), ({"to_date": "2020-01-01"}, "over"),
    ({"coupon_type": "specific_coupon"}, "no coupon_code"), ({"name": "Newsletter welcome"}, "rule_id 2"),
    ({"uses_per_customer": 1}, "guests"),
])
def test_create_warnings(client, members, part):
    assert [text for text in prepare(client, **members)["warnings"] if part in text]


def test_customer_groups_that_may_not_be_read(client, shop):
    """Unknown groups cannot be told then: said, not refused."""
    shop.fault("status", "/rest/all/V1/customerGroups", status=401)
    plan = prepare(client, customer_group_ids=[0, 77])
    assert [text for text in plan["warnings"] if "customer" in text.lower()], plan["warnings"]


def test_create_without_end(client):
    params = {key: value for key, value in RULE.items() if key != "to_date"}
    plan = client.ok("promotions_prepare_cart_price_rule_create", params)
    assert [text for text in plan["warnings"] if "no end date" in text]


@pytest.mark.parametrize("members,path", [
    ({"discount_amount": 50.5}, "params.discount_amount"), ({"from_date": "2031-06-01"}, "params.to_date"),
    ({"website_ids": [3]}, "params.website_ids[0]"), ({"customer_group_ids": [9]}, "params.customer_group_ids[0]"),
    ({"coupon_code": "X"}, "params.coupon_code"), ({"coupon_code": "X", "coupon_type": "auto"}, "params.coupon_code"),
    ({"simple_action": "buy_x_get_y"}, "params.discount_step"),
    ({"conditions": [{"condition_type": "Magento\\CatalogRule\\Model\\Rule\\Condition\\Product"}]},
     "params.conditions[0].condition_type"),
    ({"website_ids": []}, "params.website_ids"), ({"simple_action": "percent"}, "params.simple_action"),
    ({"rule_id": 1}, "params.rule_id"),
])
def test_create_refusals(client, shop, members, path):
    outcome = client.refused("promotions_prepare_cart_price_rule_create", "VALIDATION_ERROR", {**RULE, **members})
    assert [detail["path"] for detail in outcome.details] == [path], outcome
    assert writes(shop) == {}


def test_one_day_rule(client):
    prepare(client, from_date="2031-05-31")


def test_create_key_replays(client, shop, key):
    plan = prepare(client)
    first = commit(client, plan, idempotency_key=key("k-1")).data
    again = commit(client, plan, idempotency_key=key("k-1")).data
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert again["rule"] == first["rule"]
    assert len(writes(shop)) == 1
    assert commit(client, prepare(client), idempotency_key=key("k-1")).code == "IDEMPOTENCY_CONFLICT"


def test_create_answer_lost(client, shop):
    """The rule was made and the answer lost: it is recognised. It was not made: it is made now. Never twice."""
    shop.fault("reset", "/rest/all/V1/salesRules", method="POST", count=1, after=True)
    done = commit(client, prepare(client, name="Lost answer")).data
    assert done["rule"]["name"] == "Lost answer" and len(writes(shop)) == 1
    shop.fault("reset", "/rest/all/V1/salesRules", method="POST", count=1)
    done = commit(client, prepare(client, name="Lost request")).data
    assert done["rule"]["name"] == "Lost request" and len(writes(shop)) == 2
    shop.fault("reset", "/rest/all/V1/coupons", method="POST", count=1, after=True)
    done = commit(client, prepare(client, name="Lost code", coupon_type="specific_coupon", coupon_code="LOST1")).data
    assert done["coupon"]["code"] == "LOST1"
    assert [entry["count"] for entry in writes(shop, "coupons").values()] == [1]


def test_create_refused_by_magento(client, shop):
    """The plan stays and can be committed later."""
    plan = prepare(client)
    shop.fault("status", "/rest/all/V1/salesRules", method="POST", status=400, count=1)
    outcome = commit(client, plan)
    assert outcome.code == "MAGENTO_API_ERROR" and writes(shop) == {}
    assert commit(client, plan).data["rule"]["name"] == "Spring"
    assert len(writes(shop)) == 1


def test_cap_is_checked_again_at_commit(server, client, start, shop, era):
    """A plan made under another cap is not carried out."""
    other = start({"guardrails": {"max_discount_pct": 60}})
    planner = era(other)
    planner.login()
    plan = planner.ok("promotions_prepare_cart_price_rule_create", {**RULE, "discount_amount": 60})
    other.write({"guardrails": {"max_discount_pct": 50}})
    other.reload()
    committer = era(other)
    committer.login()
    outcome = commit(committer, plan)
    assert outcome.code == "VALIDATION_ERROR" and "guardrails.max_discount_pct" in outcome.message
    assert writes(shop) == {}
    other.fds.clear()  # the new workers were counted before they reached the keeper
    other.note_workers()


def test_two_commits_at_once(client, shop):
    plan = prepare(client)
    shop.settings(latency_ms=100)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda _: commit(client, plan), range(2)))
    assert sorted(outcome.code or "" for outcome in outcomes) in (["", "IDEMPOTENCY_CONFLICT"], ["", "PLAN_NOT_FOUND"])
    assert len(writes(shop)) == 1


def kill_while(server, shop, part, call, nth=1):
    """Kills the only worker while the nth request of `call` to `part` is under way at the shop."""
    n = len([entry for entry in shop.requests(part) if entry["method"] == "POST"])

    def has_come():
        return len([entry for entry in shop.requests(part) if entry["method"] == "POST"]) >= n + nth

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        running = pool.submit(call)
        poll(has_come, "the request")  # the shop answers one after the other: it has done with it what it will
        server.expects("worker_ended", 1, level="error", by="signal", status=9)
        (victim,) = server.worker_pids()
        os.kill(victim, signal.SIGKILL)
        with pytest.raises(Exception):
            running.result()
    poll(lambda: server.worker_pids() and victim not in server.worker_pids(), "a new worker")


@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize("route,kind", [("salesRules", "rules"), ("coupons", "coupons")])
def test_killed_in_a_commit(start, shop, route, kind, after):
    """The worker dies with the request under way, carried out or not: the plan goes on, and nothing is made twice."""
    server = start({"magento": {"write_timeout_ms": f"{WRITE_MS}ms"}}, workers=1)
    client = Modern(server)
    client.login()
    plan = prepare(client, name="Killed", coupon_type="specific_coupon", coupon_code="KILLED1")
    shop.fault("hang", f"/rest/all/V1/{route}", method="POST", count=1, after=after)
    kill_while(server, shop, f"V1/{route}", lambda: commit(client, plan))
    shop.heal()
    done = commit(client, plan).data
    assert (done["rule"]["name"], done["coupon"]["code"]) == ("Killed", "KILLED1")
    assert [entry["count"] for entry in writes(shop).values()] == [1]
    assert [entry["count"] for entry in writes(shop, "coupons").values()] == [1]
    server.note_workers()  # with its connection to the keeper


def test_killed_while_generating(start, shop, era):
    """The same key goes on where the dead worker stopped."""
    server = start({"magento": {"write_timeout_ms": f"{WRITE_MS}ms"}}, workers=1)
    client = era(server)
    client.login()
    shop.fault("latency", "/rest/all/V1/coupons/generate", method="POST", count=1, ms=1)
    shop.fault("hang", "/rest/all/V1/coupons/generate", method="POST", count=1, after=True)
    kill_while(server, shop, "coupons/generate", lambda: generate(client, qty=600, idempotency_key="dead"), nth=2)
    shop.heal()
    done = generate(client, qty=600, idempotency_key="dead").data
    assert (done["generated"], done["recovered"], len(set(done["coupons"]))) == (600, True, 600)
    assert client.ok("promotions_export_coupons", {"rule_id": SUMMER})["total_count"] == 605
    server.note_workers()


def test_unknown_plan(client, shop):
    client.refused("promotions_commit_cart_price_rule_create", "PLAN_NOT_FOUND", {"plan_id": str(uuid.uuid4()), **CONFIRM})
    client.refused("promotions_commit_cart_price_rule_create", "VALIDATION_ERROR", {"plan_id": "1", **CONFIRM})
    plan = client.ok("catalog_prepare_bulk_update", {"match": {"sku_list": ["MCP-001"]}, "updates": {"name": "X"},
                                                     "scope": {"scope": "global"}})
    assert commit(client, plan).code == "PLAN_NOT_FOUND"  # a plan of another tool


# ---- coupons ----


def generate(client, **params):
    return client.call("promotions_generate_coupons", {"rule_id": SUMMER, **params, **CONFIRM})


def test_generate(client, shop):
    done = generate(client, qty=3, length=10, format="numeric", prefix="A-", suffix="_Z").data
    assert (done["message"], done["generated"], done["requested"], done["rule_id"]) == ("Generated 3 coupon(s)", 3, 3, SUMMER)
    assert all(re.fullmatch(r"A-[0-9]{10}_Z", code) for code in done["coupons"]) and len(set(done["coupons"])) == 3
    assert (done["warnings"], done["replayed"], "recovered" in done) == ([], False, False)
    done = generate(client, qty=1).data
    assert re.fullmatch(r"[A-Z0-9]{12}", done["coupons"][0])
    assert re.fullmatch(r"[A-Z]{12}", generate(client, qty=1, format="alphabetical").data["coupons"][0])
    assert {entry["path"] for entry in shop.requests("coupons/generate")} == {"/rest/all/V1/coupons/generate"}


def test_generate_in_slices(client, shop):
    done = generate(client, qty=600).data
    assert len(set(done["coupons"])) == done["generated"] == 600
    assert len(shop.requests("coupons/generate")) == 3


def test_generate_refusals(client, shop, key):
    n = len(shop.requests())
    outcome = generate(client, qty=1001)
    assert outcome.code == "BULK_CAP_EXCEEDED"
    assert outcome.details == {"count": 1001, "cap": 1000, "setting": "guardrails.max_coupon_qty"}
    outcome = generate(client, qty=1000, length=4, format="alphabetical", prefix="X")
    assert outcome.refused is False and "easy to guess" in outcome.data["warnings"][0]
    n = len(shop.requests())
    outcome = generate(client, qty=1000, length=4, format="numeric", idempotency_key=key("no"))
    assert outcome.refused is False  # 10,000 codes for 1,000
    outcome = generate(client, qty=0)
    assert outcome.code == "VALIDATION_ERROR"
    outcome = generate(client, qty=1, prefix="a b")
    assert outcome.code == "VALIDATION_ERROR" and outcome.details[0]["path"] == "params.prefix"
    for rule in (TEN, NEWSLETTER):
        outcome = client.refused("promotions_generate_coupons", "VALIDATION_ERROR", {"rule_id": rule, "qty": 1, **CONFIRM})
        assert '{"coupon_type":"auto"}' in outcome.message
    client.refused("promotions_generate_coupons", "NOT_FOUND", {"rule_id": 4711, "qty": 1, **CONFIRM})
    outcome = generate(client, qty=1, uses_per_coupon=5)
    assert outcome.code == "VALIDATION_ERROR" and "promotions_update_rule" in outcome.message
    assert generate(client, qty=1, uses_per_coupon=1).data["generated"] == 1


def test_generate_key_space(start, shop, era):
    client = era(start({"guardrails": {"max_coupon_qty": 100000}}))
    client.login()
    outcome = generate(client, qty=1001, length=4, format="numeric")
    assert outcome.code == "VALIDATION_ERROR" and "length >= 5" in outcome.message
    assert shop.requests("coupons") == []


def test_generate_answer_lost(client, shop):
    """Made, and the answer lost: the codes are found. Not made: nothing is claimed."""
    shop.fault("reset", "/rest/all/V1/coupons/generate", method="POST", count=1, after=True)
    done = generate(client, qty=300).data
    assert (done["generated"], done["recovered"], len(set(done["coupons"]))) == (300, True, 300)
    total = client.ok("promotions_export_coupons", {"rule_id": SUMMER})["total_count"]
    assert total == 305
    shop.fault("status", "/rest/all/V1/coupons/generate", method="POST", status=400, count=1)
    assert generate(client, qty=1).code == "MAGENTO_API_ERROR"


def test_generate_tells_of_a_part(client, shop):
    """The second slice fails: the codes of the first are not lost."""
    shop.fault("latency", "/rest/all/V1/coupons/generate", method="POST", count=1, ms=1)
    shop.fault("status", "/rest/all/V1/coupons/generate", method="POST", status=400)
    done = generate(client, qty=300).data
    assert (done["generated"], done["requested"]) == (250, 300)
    assert "Only 250 of 300" in done["warnings"][0]


def test_generate_key(client, shop, key):
    first = generate(client, qty=3, idempotency_key=key("gen-1")).data
    again = generate(client, qty=3, idempotency_key=key("gen-1")).data
    assert again["coupons"] == first["coupons"] and (first["replayed"], again["replayed"]) == (False, True)
    assert len(shop.requests("coupons/generate")) == 1
    assert generate(client, qty=4, idempotency_key=key("gen-1")).code == "IDEMPOTENCY_CONFLICT"


def test_generate_key_goes_on(client, shop, key):
    """The same key after a failure in the middle makes only the rest."""
    shop.fault("latency", "/rest/all/V1/coupons/generate", method="POST", count=1, ms=1)
    shop.fault("status", "/rest/all/V1/coupons/generate", method="POST", status=400)
    part = generate(client, qty=300, idempotency_key=key("gen-2")).data
    shop.heal()
    whole = generate(client, qty=300, idempotency_key=key("gen-2")).data
    assert part["generated"] == 250 and whole["coupons"][:250] == part["coupons"]
    assert (whole["generated"], whole["replayed"]) == (300, False)
    assert client.ok("promotions_export_coupons", {"rule_id": SUMMER})["total_count"] == 305


def test_key_of_update_and_enable(client, shop, key):
    params = {"rule_id": SUMMER, "idempotency_key": key("up-1")}
    first = change(client, "promotions_update_rule", {**params, "patch": {"sort_order": 4}})
    again = change(client, "promotions_update_rule", {**params, "patch": {"sort_order": 4}})
    assert again == {**first, "replayed": True}
    client.refused("promotions_update_rule", "IDEMPOTENCY_CONFLICT", {**params, "patch": {"sort_order": 5}, **CONFIRM})
    first = change(client, "promotions_enable_rule", params)
    again = change(client, "promotions_enable_rule", params)
    assert again == {**first, "replayed": True}
    assert writes(shop)[str(SUMMER)]["count"] == 2


# ---- export ----


def rows(data):
    assert data["csv"].endswith("\r\n")
    return list(csv.DictReader(io.StringIO(data["csv"], newline="")))


def test_export(client, shop):
    data = client.ok("promotions_export_coupons", {"rule_id": SUMMER})
    assert (data["format"], data["total_count"], data["row_count"], data["complete"]) == ("csv", 5, 5, True)
    assert "next_after_id" not in data and data["escaped_count"] == 0
    assert data["csv"].split("\r\n")[0] == ("coupon_id,code,usage_limit,usage_per_customer,times_used,is_primary,"
                                            "created_at,expiration_date,type")
    assert [row["code"] for row in rows(data)] == ["SUMMER-1999", "SUMMER-3998", "SUMMER-5997", "SUMMER-7996", "SUMMER-9995"]
    assert rows(data)[0]["usage_limit"] == "1" and rows(data)[0]["expiration_date"] == ""
    assert rows(client.ok("promotions_export_coupons", {"rule_id": NEWSLETTER}))[0]["is_primary"] == "true"
    assert client.ok("promotions_export_coupons", {"rule_id": TEN})["row_count"] == 0
    client.refused("promotions_export_coupons", "NOT_FOUND", {"rule_id": 4711})


def test_export_goes_on(client):
    first = client.ok("promotions_export_coupons", {"rule_id": SUMMER, "max_rows": 2})
    assert (first["row_count"], first["complete"], first["total_count"]) == (2, False, 5)
    rest = client.ok("promotions_export_coupons", {"rule_id": SUMMER, "after_coupon_id": first["next_after_id"]})
    assert (rest["row_count"], rest["complete"], rest["total_count"]) == (3, True, 5)
    assert len({row["coupon_id"] for row in rows(first) + rows(rest)}) == 5


def test_export_many(client, shop):
    generate(client, qty=1000)
    shop.settings(max_page_size=300)
    data = client.ok("promotions_export_coupons", {"rule_id": SUMMER})
    shop.settings(max_page_size=0)
    assert (data["row_count"], data["complete"]) == (1005, True)
    assert len({row["code"] for row in rows(data)}) == 1005


def test_export_disarms_formulas(client, shop):
    generate(client, qty=2, prefix="-")
    data = client.ok("promotions_export_coupons", {"rule_id": SUMMER})
    assert data["escaped_count"] == 2
    assert [row["code"][:2] for row in rows(data)[5:]] == ["'-", "'-"]


def test_export_ends_at_the_size_limit(start, shop, era):
    client = era(start({"magento": {"max_result_bytes": "16K"}}))
    client.login()
    generate(client, qty=1000)
    got, after = [], 0
    while True:
        data = client.ok("promotions_export_coupons", {"rule_id": SUMMER, "after_coupon_id": after})
        got += [row["code"] for row in rows(data)]
        if data["complete"]:
            break
        after = data["next_after_id"]
    assert len(set(got)) == len(got) == 1005
