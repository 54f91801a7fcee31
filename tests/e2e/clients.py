"""The official clients, with node as their lockfile pins it, and what each must find."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from harness.places import BUILD, OAUTH, SERVER
from harness.process import clean_environment

SCRIPTS = pathlib.Path(__file__).parent / "js"
HOME = BUILD / "js"
MODULES = HOME / "node_modules"

V2 = "@modelcontextprotocol/client"
V1 = "@modelcontextprotocol/sdk"
# The last releases that spoke the older revisions.
V1_2506, V1_2503 = "sdk-2506", "sdk-2503"

CONFIRM = [True, ["confirm", "reason"]]

WANTED = {
    "login": "Login successful (OAuth 1.0 integration)",
    "views": ["default", "de", "eu_en"],
    "found": ["MCP-001"],
    "product": "MCP-001",
    "guide": "text/markdown",
    "sites": ["base", "eu"],
    "prompts": ["product_not_showing", "prepare_sale", "bulk_price_change", "seo_cleanup", "coupon_campaign"],
    "prompt": True,
    "suggested": ["eu_en"],
    "unconfirmed": "CONFIRMATION_REQUIRED",
    "committed": ["completed", 3],
    "updated": True,
    "plan": True,
    "progressGrows": True,
    "logout": "Logged out successfully",
    "after": [True, "NOT_AUTHENTICATED"],
    "unknown": -32602,
    "instructions": "string",
    "errors": [],
}


@pytest.fixture(scope="module")
def node():
    """The pinned node; the scripts stand beside its modules, since ES modules are found by place."""
    found = sorted(MODULES.glob("node-linux-*/bin/node"))
    assert found, f"no node in {HOME}: run `make BUILD={BUILD} {HOME}/.installed`"
    for script in SCRIPTS.glob("*.mjs"):
        fresh = HOME / f"{script.name}.{os.getpid()}"
        shutil.copy(script, fresh)
        fresh.rename(HOME / script.name)  # another worker of the tests may be reading it
    return str(found[0])


@pytest.fixture
def home():
    """A user's own folder, shorter than pytest's: the path of a socket has to fit into it."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mcp."))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def run(*command, **environment):
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, env=clean_environment(**environment))
    assert done.returncode == 0, done.stderr
    return done


def talk(node, environment=None, **spec):
    """The facts that client.mjs finds."""
    done = run(node, str(HOME / "client.mjs"), json.dumps({"asks": True, **spec}), **(environment or {}))
    return json.loads(done.stdout)


def check(facts, asks=True, whoami="main", by_lines=False, **more):
    """
    `by_lines`: over stdio the SDKs look at an answer before the progress line that arrives in one read with it, and
    complain of the latter. So the last one cannot be counted upon.
    """
    assert facts["server"]["name"] == "magento-mcp"
    assert {"auth_login", "catalog_search_products"} <= set(facts["tools"])
    assert {"magento://tools/guide", "magento://stores"} <= set(facts["resources"])
    assert {"magento://plans/{id}{?from}"} <= set(facts["templates"])
    if by_lines:
        facts["errors"] = [text for text in facts["errors"] if "progress notification for an unknown token" not in text]
    else:
        assert facts["progress"] == [3, 3], facts
    questions = [CONFIRM, CONFIRM] if asks else []
    for name, value in {**WANTED, "whoami": whoami, "questions": questions, **more}.items():
        assert facts[name] == value, (name, facts[name], facts)


def desktop(shop, folder):
    """The environment of `magento-mcp stdio` as a desktop client sets it: no configuration file."""
    variables = {f"MAGENTO_{name.upper()}": value for name, value in OAUTH.items()}
    return {"MAGENTO_BASE_URL": shop.url, "XDG_STATE_HOME": str(folder / "state"), "HOME": str(folder), **variables}


def stdio_command():
    return {"command": SERVER, "args": ["stdio"]}


def remote_command(node, url):
    """mcp-remote: a bridge from a client that speaks stdio to an endpoint."""
    return {"command": node, "args": [str(MODULES / "mcp-remote/dist/proxy.js"), url, "--transport", "http-only",
                                      "--allow-http"]}
