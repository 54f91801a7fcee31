"""`magento-mcp doctor`: the usual causes, told apart, each with its cure."""

import json
import subprocess

import pytest

from harness.process import SERVER, clean_environment

OAUTH = {
    "oauth_consumer_key": "dummyconsumerkey0000000000000000",
    "oauth_consumer_secret": "dummyconsumersecret0000000000000",
    "oauth_token": "dummyaccesstoken0000000000000000",
    "oauth_token_secret": "dummytokensecret0000000000000000",
}
LIMITED = {
    "oauth_consumer_key": "limitedconsumerkey00000000000000",
    "oauth_consumer_secret": "limitedconsumersecret00000000000",
    "oauth_token": "limitedaccesstoken00000000000000",
    "oauth_token_secret": "limitedtokensecret00000000000000",
}


def examine(base_url, keys, *operands, settings=()):
    """Exit status and {point: (verdict, text)} of the one store."""
    settings = [f"store.main.base_url={base_url}", *(f"store.main.{k}={v}" for k, v in keys.items()), *settings]
    done = subprocess.run([SERVER, "doctor", "--json", *operands, *(x for s in settings for x in ("-s", s))],
                          capture_output=True, text=True, env=clean_environment(), timeout=60)
    for secret in keys.values():
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
    verdict, text = found["promotions"]
    assert verdict == "wrong" and "Magento_SalesRule::quote" in text


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
    done = subprocess.run([SERVER, "doctor"], capture_output=True, text=True, env=clean_environment(), timeout=30)
    assert done.returncode == 2 and "no store" in done.stderr
