"""The official SDK clients over standard input and output, as desktop clients start the server."""

import os

import pytest

from clients import V1, V1_2503, V1_2506, V2, check, desktop, home, node, stdio_command, talk  # noqa: F401 (fixtures)


def talk_stdio(node, shop, folder, **spec):  # noqa: F811
    return talk(node, desktop(shop, folder), **stdio_command(), **spec)


@pytest.mark.parametrize("sdk", [V1, V1_2506])
def test_sdk_v1(shop, node, home, sdk):  # noqa: F811
    facts = talk_stdio(node, shop, home, sdk=sdk)
    check(facts, whoami="default", by_lines=True, ping={}, promptEnd=True)
    assert not os.path.exists(f"/proc/{facts['pid']}")


def test_sdk_of_2025_03_26(shop, node, home):  # noqa: F811
    facts = talk_stdio(node, shop, home, sdk=V1_2503, asks=False)
    check(facts, asks=False, whoami="default", by_lines=True, ping={})


@pytest.mark.parametrize("mode, era", [("auto", "modern"), ("2026-07-28", "modern"), ("legacy", "legacy")])
def test_client_v2(shop, node, home, mode, era):  # noqa: F811
    check(talk_stdio(node, shop, home, sdk=V2, mode=mode), whoami="default", by_lines=True, era=era)
