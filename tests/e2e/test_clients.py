"""The official SDK clients, with node as their lockfile pins it."""

import json
import pathlib
import shutil
import subprocess

import pytest

from harness.places import BUILD
from harness.process import clean_environment

SCRIPTS = pathlib.Path(__file__).parent / "js"
HOME = BUILD / "js"

WANTED = {
    "login": "Login successful (OAuth 1.0 integration)",
    "whoami": "main",
    "views": ["default", "de", "eu_en"],
    "found": ["MCP-001"],
    "product": "MCP-001",
    "prompts": ["product_not_showing", "prepare_sale", "bulk_price_change", "seo_cleanup", "coupon_campaign"],
    "prompt": True,
    "resources": ["magento://tools/guide", "magento://stores"],
    "templates": ["magento://stores{?session}", "magento://plans/{id}{?from}"],
    "sites": ["base", "eu"],
    "suggested": ["eu_en"],
    "logout": "Logged out successfully",
    "after": [True, "NOT_AUTHENTICATED"],
    "unknown": -32602,
    "instructions": "string",
    "errors": [],
}


@pytest.fixture(scope="module")
def node():
    """The pinned node; the scripts stand beside its modules, since ES modules are found by place."""
    found = sorted(HOME.glob("node_modules/node-linux-*/bin/node"))
    assert found, f"no node in {HOME}: run `make BUILD={BUILD} {HOME}/.installed`"
    for script in SCRIPTS.glob("*.mjs"):
        shutil.copy(script, HOME / script.name)
    return str(found[0])


def run(node, script, *args):
    done = subprocess.run([node, str(HOME / script), *args], capture_output=True, text=True, timeout=60,
                          env=clean_environment())
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def check(facts, **more):
    assert facts["server"]["name"] == "magento-mcp"
    assert {"auth_login", "catalog_search_products"} <= set(facts["tools"])
    for name, value in {**WANTED, **more}.items():
        assert facts[name] == value, (name, facts)


def test_sdk_v1(server, node):
    """R-097: the client opens a stream by GET; R-096: it ends its session by DELETE."""
    facts = run(node, "sdk-v1.mjs", f"http://{server.host}/mcp")
    check(facts, protocol="2025-11-25", ping={}, hadSession=True)


@pytest.mark.parametrize("mode", ["2026-07-28", "auto"])
def test_client_v2_modern(server, node, mode):
    """R-140, R-300: no session, the handle goes along."""
    facts = run(node, "client-v2.mjs", f"http://{server.host}/mcp", mode)
    check(facts, protocol="2026-07-28", era="modern", hadSession=False)


def test_client_v2_legacy(server, node):
    facts = run(node, "client-v2.mjs", f"http://{server.host}/mcp", "legacy")
    check(facts, protocol="2025-11-25", era="legacy", hadSession=True)
