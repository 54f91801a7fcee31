"""The official SDK clients over standard input and output, as desktop clients start the server."""

import json
import os
import pathlib
import re
import uuid

import pytest

from clients import V1, V1_2503, V1_2506, V2, check, desktop, home, node, stdio_command, talk  # noqa: F401 (fixtures)
from harness.places import at_best, poll


def talk_stdio(node, shop, folder, **spec):  # noqa: F811
    return talk(node, desktop(shop, folder), **stdio_command(), **spec)


def ends_promptly(shop, folder, talk_in):
    """talk_in(folder) gives the facts of a client that is closed in the end, which the server has to understand."""
    def attempt():
        shop.reset()
        facts = talk_in(folder / uuid.uuid4().hex[:6])
        check(facts, whoami="default", by_lines=True, ping={})
        poll(lambda: not os.path.exists(f"/proc/{facts['pid']}"), "the server has ended")
        return facts["promptEnd"]

    at_best(attempt, 6)


@pytest.mark.parametrize("sdk", [V1, V1_2506])
def test_sdk_v1(shop, node, home, sdk):  # noqa: F811
    ends_promptly(shop, home, lambda folder: talk_stdio(node, shop, folder, sdk=sdk))


def test_sdk_of_2025_03_26(shop, node, home):  # noqa: F811
    facts = talk_stdio(node, shop, home, sdk=V1_2503, asks=False)
    check(facts, asks=False, whoami="default", by_lines=True, ping={})


def test_what_the_readme_shows(shop, node, home):  # noqa: F811
    """The block for desktop clients, with the values of this shop: its command, arguments and variables suffice."""
    text = (pathlib.Path(__file__).parents[2] / "README.md").read_text()
    blocks = [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", text, re.M | re.S)]
    shown, = (block["mcpServers"]["magento"] for block in blocks if "MAGENTO_BASE_URL" in str(block))
    assert os.path.basename(shown["command"]) == "magento-mcp"

    def talk_in(folder):
        values = desktop(shop, folder)
        environment = {name: values[name] for name in (*shown["env"], "XDG_STATE_HOME", "HOME")}
        return talk(node, environment, sdk=V1, command=stdio_command()["command"], args=shown["args"])

    ends_promptly(shop, home, talk_in)


@pytest.mark.parametrize("mode, era", [("auto", "modern"), ("2026-07-28", "modern"), ("legacy", "legacy")])
def test_client_v2(shop, node, home, mode, era):  # noqa: F811
    check(talk_stdio(node, shop, home, sdk=V2, mode=mode), whoami="default", by_lines=True, era=era)
