"""The command line of the MCP inspector, over HTTP and stdio, in each of its eras."""

import concurrent.futures
import json
import re

import pytest

from clients import MODULES, desktop, home, node, run, stdio_command  # noqa: F401 (fixtures)

INSPECTOR = str(MODULES / "@modelcontextprotocol/inspector/clients/launcher/build/index.js")
ERAS = ["legacy", "auto", "modern"]

METHODS = {
    "tools/list": ["--strict"],  # exit 6 on a schema that some client could not use
    "tools/call": ["--tool-name", "auth_login"],
    "resources/list": [],
    "prompts/list": [],
}


@pytest.fixture
def inspect(node):  # noqa: F811
    """inspect(target words, era, environment): what each method gave."""

    def inspect_all(target, era, environment):
        def one(method):
            done = run(node, INSPECTOR, "--cli", *target, "--protocol-era", era, "--method", method, *METHODS[method],
                       **environment)
            return json.loads(done.stdout), done.stderr

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            return dict(zip(METHODS, pool.map(one, METHODS)))

    return inspect_all


def check(found):
    tools, notes = found["tools/list"]
    assert {"auth_login", "catalog_search_products"} <= {tool["name"] for tool in tools["tools"]}
    assert re.search(r"^0 errors, ", notes, re.MULTILINE), notes
    login, _ = found["tools/call"]
    assert not login.get("isError") and login["structuredContent"]["auth_method"] == "oauth"
    assert {"magento://tools/guide"} <= {row["uri"] for row in found["resources/list"][0]["resources"]}
    assert {"prepare_sale"} <= {row["name"] for row in found["prompts/list"][0]["prompts"]}


@pytest.mark.parametrize("era", ERAS)
def test_http(server, inspect, home, era):  # noqa: F811
    check(inspect([f"http://{server.host}/mcp", "--transport", "http"], era, {"HOME": str(home)}))


@pytest.mark.parametrize("era", ERAS)
def test_stdio(shop, inspect, home, era):  # noqa: F811
    """It hands a server only the variables that it was told."""
    command = stdio_command()
    variables = [word for name, value in desktop(shop, home).items() for word in ("-e", f"{name}={value}")]
    check(inspect([command["command"], *command["args"], *variables], era, {"HOME": str(home)}))
