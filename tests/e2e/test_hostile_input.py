"""Every parameter of every tool is given what nobody should send: refused as documented, and the shop hears no nonsense."""

import copy
import json
import re
import urllib.parse

import pytest

from harness import record
from harness.client import Modern, published_tools
from harness.contract import CODES, OK, sample
from harness.process import Server
from test_routes import OPTIONAL, Routes

TOOLS = sorted(CODES)

# Values of every type; which of them are wrong for a parameter, its schema tells.
TYPES = [None, True, -1, 0, 1.5, 10**17, 1e300, "", "text", [], [[]], [None], {}, {"a": 1}, {"__proto__": {"x": 1}}]

TEXTS = ["\0", "a\0b", "a\r\nX-Evil: 1\r\n\r\nGET / HTTP/1.1", "\x1b[31m\x07", "..", ".", "../../../../etc/passwd", "..\\..\\",
         "%2e%2e%2f%2e%2e", "/rest/all/V1/store/websites", "a?fields=b#c&d=e", "' OR 1=1 -- ", "{{config path=\"x\"}}${jndi:x}",
         "..%2f..%2f", "%252e%252e%252f", "/../../V1/store/websites?x=", "a\n\tX-Evil: 1", "\uff0e\uff0e\uff0f", "\u560d\u560aX-Evil: 1",
         "\u202e\u2028\ufeff", "\U0001f600" * 70, "x" * 100000, "-", " ", "*", "%", "%s%n%s%n"]

REFUSALS = {"VALIDATION_ERROR", "NOT_FOUND", "PLAN_NOT_FOUND", "CONFIRMATION_REQUIRED", "NOT_AUTHENTICATED", "BULK_CAP_EXCEEDED",
            "IDEMPOTENCY_CONFLICT"}


@pytest.fixture(scope="module")
def the_server(the_shop):
    server = Server(the_shop, {"guardrails": {"cache_rate_limit": 10000}, "session": {"logins_per_principal": 100000}})
    yield server
    server.stop()


def leaves(schema, path=()):
    """(path, schema) of everything below an object's properties, lists by their first item."""
    for name, inner in schema.get("properties", {}).items():
        yield (*path, name), inner
        yield from leaves(inner, (*path, name))
    items = schema.get("items")
    if isinstance(items, dict):
        yield (*path, 0), items
        yield from leaves(items, (*path, 0))


def put(params, path, value):
    """A copy of the parameters with the value there; what is missing on the way is made."""
    params = copy.deepcopy(params)
    here = params
    for step, follower in zip(path, path[1:]):
        empty = [] if isinstance(follower, int) else {}
        if isinstance(step, int):
            if not here or not isinstance(here[0], type(empty)):
                here[:] = [empty]
            here = here[0]
        else:
            if not isinstance(here.get(step), type(empty)):
                here[step] = empty
            here = here[step]
    if isinstance(path[-1], int):
        here[:] = [value]
    else:
        here[path[-1]] = value
    return params


def takes_text(schema):
    kinds = schema.get("type")
    return "string" in (kinds if isinstance(kinds, list) else [kinds]) or "anyOf" in schema or "oneOf" in schema or not kinds


def check(client, tool, params, path):
    """Whatever comes of it is documented, and safe to show."""
    outcome = client.call(tool, params)
    where = (tool, path, json.dumps(params)[:300], outcome)
    if outcome.refused:
        assert outcome.code in REFUSALS, where
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", outcome.message), where
        assert len(outcome.message) < 4000, where
    return outcome


def check_requests(shop, routes):
    """What the shop was asked: known routes, by their methods, each value one segment without anything to climb by."""
    for entry in shop.requests():
        path, _, query = entry["path"].partition("?")
        assert all(0x21 <= ord(letter) <= 0x7E for letter in entry["path"]), entry
        if path == "/graphql" and entry["method"] == "POST":
            continue
        match = re.fullmatch(r"/rest/(?:all|default|de|eu_en)(/V1/.+)", path)
        assert match, entry
        one = (entry["method"], match.group(1))
        assert routes.knows(*one) or one in OPTIONAL, entry
        assert not {urllib.parse.unquote(segment) for segment in path.split("/")} & {".", ".."}, entry
        assert len(entry["path"]) <= 6000, entry
        names = [part.partition("=")[0] for part in query.split("&") if part]
        assert len(names) == len(set(names)), entry


def parameters_of(server, tool):
    return published_tools(server)[tool]["inputSchema"]["properties"]["params"]


def no_login(tool, path):
    """A refused login would be counted against the account: auth_login is asked only for what its schema refuses."""
    return tool == "auth_login" and path[0] not in ("otp", "tfa_provider", "store", "base_url")


@pytest.mark.parametrize("tool", TOOLS)
def test_wrong_types(server, shop, tool):
    """Each parameter with a value of every type; the whole parameters, too."""
    client = Modern(server)
    client.login()
    given = sample(client, tool)
    before, routes = shop.control("GET", "writes")["total"], Routes()
    for path, _ in leaves(parameters_of(server, tool)):
        if path[0] in OK or no_login(tool, path):
            continue
        for value in TYPES:
            params = put(given, path, value)
            params.pop("confirm", None)  # what is right by chance is not carried out
            check(client, tool, params, path)
            record.tried("values of a wrong type in parameters of tools")
    for value in TYPES[1:]:
        if not isinstance(value, dict):
            arguments = {"params": value, "session": client.session}
            assert client.call(tool, arguments=arguments).code in ("VALIDATION_ERROR", None), (tool, value)
        if tool == "auth_logout":
            client.login()
    check_requests(shop, routes)
    if "CONFIRMATION_REQUIRED" in CODES[tool] or "prepare" in tool:
        assert shop.control("GET", "writes")["total"] == before, tool


@pytest.mark.parametrize("tool", TOOLS)
def test_hostile_texts(server, shop, tool):
    """Control characters, line breaks, paths that climb, endless texts in every text parameter."""
    client = Modern(server)
    client.login()
    given, routes = sample(client, tool), Routes()
    for path, schema in leaves(parameters_of(server, tool)):
        if not takes_text(schema) or no_login(tool, path):
            continue
        for text in TEXTS:
            check(client, tool, put(given, path, text), path)
            record.tried("hostile texts in parameters of tools")
    check_requests(shop, routes)
    for session in TEXTS:
        if tool != "auth_login":
            assert client.call(tool, given, session=session).code in ("NOT_AUTHENTICATED", "VALIDATION_ERROR"), session


def test_names_nobody_knows(server, shop):
    """Names of parameters are as foreign as values: each is named in the refusal, without its control characters."""
    client = Modern(server)
    client.login()
    asked = len(shop.requests())
    for tool in TOOLS:
        for name in ("a\r\nb", "x" * 5000, "__proto__", "\u202ename", "..", "params\x1b"):
            assert check(client, tool, {**sample(client, "auth_whoami"), name: 1}, name).code == "VALIDATION_ERROR"
    assert len(shop.requests()) == asked


def test_audit_log_holds_lines(start, shop):
    """A text with line breaks is one line of JSON, and nothing in it passes for another."""
    server = start(workers=1)
    client = Modern(server)
    client.login()
    evil = 'x\r\n{"phase":"end","tool":"forged"}\n\x1b\u2028'
    plan = client.ok("catalog_prepare_bulk_update", {"match": {"sku_list": ["MCP-001"]}, "updates": {"name": evil},
                                                     "scope": {"scope": "global"}})
    client.call("catalog_commit_bulk_update", {"plan_id": plan["plan_id"], "confirm": True, "reason": evil})
    raw = (server.folder / "state" / "audit.jsonl").read_bytes()
    lines = [json.loads(line) for line in raw.decode().split("\n") if line]
    assert not [line for line in lines if line["tool"] == "forged"]
    assert not re.search(rb"[\x00-\x09\x0b-\x1f]", raw)
    assert [line["tool"] for line in lines][-3:] == [
        "catalog.prepare_bulk_update", "catalog.commit_bulk_update", "catalog.commit_bulk_update"]
