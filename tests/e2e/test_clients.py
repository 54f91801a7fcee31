"""The official SDK clients over HTTP, directly and through mcp-remote."""

import pytest

from clients import V1, V1_2503, V1_2506, V2, check, node, remote_command, talk  # noqa: F401 (a fixture)
from harness.process import SECRETS, run_cli


@pytest.fixture
def url(server):
    return f"http://{server.host}/mcp"


def test_sdk_v1(url, node):  # noqa: F811
    check(talk(node, sdk=V1, url=url), protocol="2025-11-25", ping={}, hadSession=True)


def test_sdk_of_2025_06_18(url, node):  # noqa: F811
    check(talk(node, sdk=V1_2506, url=url), protocol="2025-06-18", ping={}, hadSession=True)


def test_sdk_of_2025_03_26(url, node):  # noqa: F811
    """It knows no elicitation, and sends no version header."""
    check(talk(node, sdk=V1_2503, url=url, asks=False), asks=False, ping={}, hadSession=True)


@pytest.mark.parametrize("mode", ["2026-07-28", "auto"])
def test_client_v2_modern(url, node, mode):  # noqa: F811
    """R-140, R-300: no session, the handle goes along."""
    check(talk(node, sdk=V2, mode=mode, url=url), protocol="2026-07-28", era="modern", hadSession=False)


def test_client_v2_legacy(url, node):  # noqa: F811
    check(talk(node, sdk=V2, mode="legacy", url=url), protocol="2025-11-25", era="legacy", ping={}, hadSession=True)


def test_client_that_cannot_ask(url, node):  # noqa: F811
    """R-272: it is not asked, but told what is missing."""
    check(talk(node, sdk=V2, mode="auto", url=url, asks=False), asks=False, era="modern")


@pytest.mark.parametrize("sdk, mode, era", [(V1, None, "legacy"), (V2, "auto", "modern")])
def test_mcp_remote(server, url, node, tmp_path, sdk, mode, era):  # noqa: F811
    """It asks for a stream before it has a session, and for an issuer of tokens where there is none."""
    server.allows("refused", method="GET")
    facts = talk(node, {"MCP_REMOTE_CONFIG_DIR": str(tmp_path)}, sdk=sdk, mode=mode, **remote_command(node, url))
    check(facts, by_lines=True, era=era)


def test_mcp_remote_with_a_token(start, node, tmp_path):  # noqa: F811
    """A header whose value comes from the environment, as the README shows it."""
    token, section, *lines = run_cli("token", "alice").stdout.splitlines()
    SECRETS.add(token)
    principal = dict(line.split(" = ", 1) for line in lines)
    server = start({"auth": {"mode": "token"}, section[1:-1]: principal})
    server.allows("refused", method="GET")
    command = remote_command(node, f"http://{server.host}/mcp")
    command["args"] += ["--header", "Authorization:${REMOTE_AUTHORIZATION}"]
    variables = {"MCP_REMOTE_CONFIG_DIR": str(tmp_path), "REMOTE_AUTHORIZATION": f"Bearer {token}"}
    check(talk(node, variables, sdk=V2, mode="auto", **command), by_lines=True, era="modern")
