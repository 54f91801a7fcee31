"""
What is refused, with which HTTP status and JSON-RPC code, and in which order (R-013,
                                                                               section 10 of the rules): one table
for each era, then pairs of faults of which the earlier one on the ladder must answer.
"""

import gzip
import json
import time

import pytest

from harness import schema
from harness.client import META, Legacy, Modern
from harness.http import Broken, Connection, head
from harness.places import at_a_pace, poll
from harness.schema import LEGACY, MODERN

ABSENT = None


class Request:
    """A request that is fine, and the ways to spoil it."""

    def __init__(self, client, method="tools/list", params=None):
        self.client = client
        self.message = client.message(method, params, id=7)
        self.fields = {"Host": client.server.host, **client.headers(), **client.extra(method, params)}
        self.verb = "POST"
        self.path = "/mcp"
        self.body = None

    def send(self):
        body = self.body if self.body is not None else json.dumps(self.message).encode()
        return self.client.server.http(self.verb, self.path, list(self.fields.items()), body)

    @property
    def meta(self):
        return self.message["params"]["_meta"]


def call_params(**arguments):
    return {"name": "auth_whoami", "arguments": arguments}


# ---- the ways to spoil a request, in the order of the ladder ----


def path(request):
    request.path = "/elsewhere"


def host(request):
    request.fields["Host"] = "evil.example"


def origin(request):
    request.fields["Origin"] = "https://evil.example"


def verb(request):
    request.verb = "PUT"


def forwarded(request):
    request.fields["X-Forwarded-For"] = "192.0.2.1"


def content_type(request):
    request.fields["Content-Type"] = "text/plain"


def accept(request):
    request.fields["Accept"] = "text/html"


def not_json(request):
    request.body = b'{"jsonrpc": "2.0", "id": 7, "method": '


def not_rpc(request):
    request.message["jsonrpc"] = "1.0"


def header_without_claim(request):
    del request.meta[META + "protocolVersion"]


def claim_without_header(request):
    del request.fields["MCP-Protocol-Version"]


def other_version_header(request):
    request.fields["MCP-Protocol-Version"] = "2025-11-25"


def version_not_served(request):
    request.fields["MCP-Protocol-Version"] = request.meta[META + "protocolVersion"] = "2027-01-01"


def no_capabilities(request):
    del request.meta[META + "clientCapabilities"]


def no_method_header(request):
    del request.fields["Mcp-Method"]


def unknown_method(request):
    request.message["method"] = "tools/forget"
    if "Mcp-Method" in request.fields:
        request.fields["Mcp-Method"] = "tools/forget"


def no_name_header(request):
    del request.fields["Mcp-Name"]


def bad_params(request):
    request.message["params"]["arguments"] = []


def no_session(request):
    del request.fields["Mcp-Session-Id"]


def dead_session(request):
    request.fields["Mcp-Session-Id"] = "A" * 43


def bad_legacy_version(request):
    request.fields["MCP-Protocol-Version"] = "2024-11-05"


HTTP_STEPS = [
    (path, 404, -32600),
    (host, 403, -32600),
    (origin, 403, -32600),
    (verb, 405, -32600),
    (forwarded, 403, -32600),
    (content_type, 415, -32600),
    (accept, 406, -32600),
    (not_json, 400, -32700),
    (not_rpc, 400, -32600),
]
MODERN_STEPS = HTTP_STEPS + [
    (header_without_claim, 400, -32602),
    (claim_without_header, 400, -32020),
    (other_version_header, 400, -32020),
    (version_not_served, 400, -32022),
    (no_capabilities, 400, -32602),
    (no_method_header, 400, -32020),
    (unknown_method, 404, -32601),
    (no_name_header, 400, -32020),
    (bad_params, 200, -32602),
]
LEGACY_STEPS = HTTP_STEPS + [
    (bad_legacy_version, 400, -32022),
    (no_session, 400, -32600),
    (dead_session, 404, -32600),
    (unknown_method, 200, -32601),
    (bad_params, 200, -32602),
]

# Steps that exclude each other: the second cannot be there when the first is.
EXCLUSIVE = {(not_json, step) for step in (not_rpc,)} | {
    (header_without_claim, step) for step in
    (claim_without_header, other_version_header, version_not_served, no_capabilities, no_method_header, unknown_method,
     no_name_header, bad_params)
} | {(claim_without_header, other_version_header), (claim_without_header, version_not_served),
     (other_version_header, version_not_served), (no_session, dead_session)}


def request_for(server, era):
    if era == MODERN:
        return Request(Modern(server), "tools/call", call_params())
    return Request(Legacy(server, era), "tools/call", call_params())


def steps_of(era):
    return MODERN_STEPS if era == MODERN else LEGACY_STEPS


def judge(reply, status, code, era, with_id):
    message = reply.json
    schema.check_error(era, message)
    assert (reply.status, message["error"]["code"]) == (status, code), message
    if with_id is not None:
        assert message.get("id", "none") == (7 if with_id else "none"), message
    assert len(message["error"]["message"]) <= 256


@pytest.mark.parametrize("era,step", [(era, step) for era in (MODERN, *LEGACY) for step in steps_of(era)],
                         ids=lambda value: value if isinstance(value, str) else value[0].__name__)
def test_step(server, era, step):
    """R-013, R-024, section 10: status and code of each check; the id is repeated when the body was read."""
    spoil, status, code = step
    request = request_for(server, era)
    spoil(request)
    reply = request.send()
    with_id = step not in HTTP_STEPS or spoil is not_rpc
    judge(reply, status, code, era if spoil is not host else era, with_id)
    assert reply.header("Mcp-Session-Id") is None
    if spoil is verb:
        assert reply.header("Allow") == "GET, POST, DELETE, OPTIONS"


def pairs(era):
    steps = steps_of(era)
    for i, first in enumerate(steps):
        for second in steps[i + 1:]:
            if (first[0], second[0]) not in EXCLUSIVE:
                yield era, first, second


@pytest.mark.parametrize("era", [MODERN, LEGACY[0], LEGACY[2]])
def test_order(server, era):
    """R-013: of any two faults the one earlier on the ladder answers."""
    for _, first, second in pairs(era):
        request = request_for(server, era)
        second[0](request)
        first[0](request)
        reply = request.send()
        got = (reply.status, reply.json["error"]["code"])
        assert got == first[1:], f"{first[0].__name__} and {second[0].__name__}: {got}, {reply}"


# ---- JSON-RPC ----


@pytest.mark.parametrize("token", ["1", "0", "-1", '"1"', '""', '"ä€😀"', '"\\u0041\\n"', "9007199254740993",
                                   "123456789012345678901234567890", "-9223372036854775808"])
@pytest.mark.parametrize("era", [MODERN, "2025-06-18"])
def test_id_is_echoed(server, era, token):
    """R-023: same type, same value, byte for byte; on errors, too (R-024)."""
    client = Modern(server) if era == MODERN else Legacy(server, era)
    for method, name in (("tools/list", None), ("no/such", None)):
        message = json.dumps(client.message(method, id="ID")).replace('"ID"', token)
        reply = client.post_raw(message.encode(), client.extra(method, {"name": name}))
        assert f'"id":{token}'.encode() in reply.raw, reply
        assert json.loads(reply.raw)["id"] == json.loads(token)


@pytest.mark.parametrize("token", ["null", "1.5", "1e3", "true", "[]", "{}", "[1]", "1.0"])
@pytest.mark.parametrize("era", [MODERN, "2025-11-25"])
def test_id_of_another_type(server, era, token):
    """R-022: only strings and integers; what cannot be an id is not repeated."""
    client = Modern(server) if era == MODERN else Legacy(server, era)
    message = json.dumps(client.message("tools/list", id="ID")).replace('"ID"', token)
    reply = client.post_raw(message.encode(), client.extra("tools/list", None))
    judge(reply, 400, -32600, era, None)
    assert "id" not in reply.json


BODIES = [
    (b"", -32700), (b" ", -32700), (b"nul", -32700), (b"{", -32700), (b'{"a":1}x', -32700), (b"{'a':1}", -32700),
    (b'{"jsonrpc":"2.0","id":7,"method":"tools/list",}', -32700),
    (b'\xef\xbb\xbf{"jsonrpc":"2.0","id":7,"method":"ping"}', -32700),
    (b'{"jsonrpc":"2.0","id":7,"method":"\xff"}', -32700),
    (b'{"jsonrpc":"2.0","id":7,"method":"\xc0\xaf"}', -32700),
    (b'{"jsonrpc":"2.0","id":7,"method":"\xed\xa0\x80"}', -32700),
    (b'{"jsonrpc":"2.0","id":7,"method":"ping","params":' + b"[" * 100 + b"]" * 100 + b"}", -32700),
    (b"[" * 100000, -32700),
    (b'{"jsonrpc":"2.0","id":7,"method":"ping","params":{"a":NaN}}', -32700),
    (b"1", -32600), (b'"ping"', -32600), (b"null", -32600), (b"[]", -32600), (b"{}", -32600),
    (b'{"jsonrpc":"2.0","id":7}', -32600),
    (b'{"jsonrpc":2.0,"id":7,"method":"ping"}', -32600),
    (b'{"id":7,"method":"ping"}', -32600),
    (b'{"jsonrpc":"2.0","id":7,"method":5}', -32600),
    (b'{"jsonrpc":"2.0","id":7,"method":"ping","params":5}', -32600),
    (b'{"jsonrpc":"2.0","id":7,"method":"ping","result":{}}', -32600),
    (b'{"jsonrpc":"2.0","id":7,"result":{},"error":{"code":1,"message":"x"}}', -32600),
    (b'[{"jsonrpc":"2.0","id":7,"method":"ping"}]', -32600),
]


@pytest.mark.parametrize("body,code", BODIES, ids=lambda value: repr(value[:40]) if isinstance(value, bytes) else None)
@pytest.mark.parametrize("era", [MODERN, "2025-06-18"])
def test_bodies(server, era, body, code):
    """R-020, R-021, R-029, R-031: what is no JSON, and what is JSON but no JSON-RPC."""
    client = Modern(server) if era == MODERN else Legacy(server, era)
    reply = client.post_raw(body, {"Mcp-Method": "ping"} if era == MODERN else {})
    judge(reply, 400, code, era, None)


@pytest.mark.parametrize("body", [
    '{"jsonrpc":"2.0","jsonrpc":"2.0","id":7,"method":"tools/list","params":PARAMS}',
    '{"jsonrpc":"2.0","id":7,"id":7,"method":"tools/list","params":PARAMS}',
    '{"jsonrpc":"2.0","id":7,"method":"tools/list","method":"ping","params":PARAMS}',
    '{"jsonrpc":"2.0","id":7,"m\\u0065thod":"tools/list","method":"ping","params":PARAMS}',
    '{"jsonrpc":"2.0","id":7,"method":"tools/list","params":PARAMS,"params":{}}',
    '{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{"_meta":META,"_meta":{}}}',
    '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"_meta":META,"name":"auth_whoami","name":"auth_login"}}',
    '{"jsonrpc":"2.0","id":7,"method":"tools/call",'
    '"params":{"_meta":META,"name":"auth_whoami","arguments":{},"arguments":{}}}',
])
@pytest.mark.parametrize("era", [MODERN, "2025-11-25"])
def test_duplicate_members(server, era, body):
    """R-030: two parsers that disagree are an attack."""
    client = Modern(server) if era == MODERN else Legacy(server, era)
    meta = json.dumps(Modern.meta()) if era == MODERN else "{}"
    text = body.replace("PARAMS", '{"_meta":META}').replace("META", meta)
    method = "tools/call" if "tools/call" in body else "tools/list"
    reply = client.post_raw(text.encode(), client.extra(method, {"name": "auth_whoami"}))
    judge(reply, 400, -32600, era, None)


@pytest.mark.parametrize("protocol", LEGACY)
def test_batch(server, protocol):
    """R-029: arrays are for 2025-03-26 alone; there each request has its answer."""
    client = Legacy(server, protocol)
    batch = [client.message("ping"), client.message("ping")]
    reply = client.post_raw(json.dumps(batch).encode())
    if protocol != "2025-03-26":
        judge(reply, 400, -32600, protocol, None)
        return
    assert reply.status == 200
    for answer in reply.json:
        schema.check_answer(protocol, "ping", answer)
    assert {answer["id"] for answer in reply.json} == {message["id"] for message in batch}


def test_unknown_members_are_ignored(server):
    """R-032: in the message and in params, not in arguments."""
    client = Modern(server)
    message = client.message("tools/list", {"future": {"a": [1]}}, id=7)
    message["later"] = True
    assert client.post_raw(json.dumps(message).encode(), client.extra("tools/list", None)).status == 200


def test_strings_with_nul_and_surrogates(server):
    """R-031: neither cut nor a crash."""
    client = Modern(server)
    client.login()
    for sku in ('"A\\u0000B"', '"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d\\ude00"'):
        text = json.dumps(client.message("tools/call", {"name": "catalog_get_product", "arguments": {
            "params": {"sku": "SKU"}, "session": client.session}}, id=7)).replace('"SKU"', sku)
        reply = client.post_raw(text.encode(), client.extra("tools/call", {"name": "catalog_get_product"}))
        if reply.status == 200 and "result" in reply.json:
            outcome = client.judge("catalog_get_product", reply.json["result"], {"params": {}})
            assert outcome.code in ("VALIDATION_ERROR", "NOT_FOUND"), outcome
        else:
            assert reply.json["error"]["code"] in (-32700, -32602), reply


def test_notifications(server):
    """R-026, R-046, R-078: 202 and nothing in it."""
    modern = Modern(server)
    for message in ({"method": "notifications/cancelled", "params": {"requestId": 1}},
                    {"method": "notifications/cancelled", "params": {"_meta": Modern.meta(), "requestId": 1}},
                    {"method": "notifications/anything"}):
        reply = modern.post_raw(json.dumps({"jsonrpc": "2.0", **message}).encode(), {"Mcp-Method": message["method"]})
        assert (reply.status, reply.raw, reply.header("Content-Type")) == (202, b"", None), reply
    for protocol in LEGACY:
        legacy = Legacy(server, protocol)
        for method in ("notifications/initialized", "notifications/cancelled", "notifications/unknown"):
            assert legacy.notify(method).status == 202


def test_responses(server):
    """R-078: nobody asked for a response; legacy clients may send one (R-046)."""
    body = b'{"jsonrpc":"2.0","id":7,"result":{}}'
    reply = Modern(server).post_raw(body)
    assert reply.status == 400 and "id" not in reply.json
    assert Legacy(server).post_raw(body).status == 202


# ---- media types ----


@pytest.mark.parametrize("value,status", [
    ("application/json", 200), ("application/json; charset=utf-8", 200), ("Application/JSON", 200),
    ("application/json;", 200),
    (None, 415), ("", 415), ("text/plain", 415), ("application/jsonp", 415), ("application/x-www-form-urlencoded", 415),
    ("multipart/form-data", 415), ("text/plain, application/json", 415),
])
def test_content_type(server, value, status):
    """R-047: application/json, which no page may send unasked."""
    client = Modern(server)
    reply = client.post_raw(json.dumps(client.message("tools/list")).encode(),
                            {**client.extra("tools/list", None), "Content-Type": value})
    assert reply.status == status


def test_content_encoding(server):
    """RFC 9110 15.5.16: nothing is unpacked, and the refusal says so instead of finding no JSON in the bytes."""
    client = Modern(server)
    message = json.dumps(client.message("tools/list")).encode()
    for value in ("gzip", "br", "identity, GZIP"):
        reply = client.post_raw(gzip.compress(message), {**client.extra("tools/list", None), "Content-Encoding": value})
        assert reply.status == 415 and reply.header("Accept-Encoding") == "identity", reply
        assert "Content-Encoding" in reply.json["error"]["message"]
    reply = client.post_raw(message, {**client.extra("tools/list", None), "Content-Encoding": "identity"})
    assert reply.status == 200 and reply.json["result"]["tools"]


@pytest.mark.parametrize("value,kind", [
    (None, "application/json"), ("*/*", "application/json"), ("application/json", "application/json"),
    ("application/*", "application/json"), ("text/event-stream, application/json", "application/json"),
    ("application/json;q=0.5", "application/json"), ("APPLICATION/JSON", "application/json"),
    ("text/event-stream", "text/event-stream"), ("text/*", "text/event-stream"),
    ("text/html, text/event-stream;q=0.1", "text/event-stream"),
    ("text/html", None), ("image/*", None), ("application/xml", None),
])
@pytest.mark.parametrize("era", [MODERN, "2025-06-18"])
def test_accept(server, era, value, kind):
    """R-048, R-050, R-052: JSON unless only event streams are taken; 406 when neither is."""
    client = Modern(server) if era == MODERN else Legacy(server, era)
    message = client.message("tools/list")
    reply = client.post_raw(json.dumps(message).encode(), {**client.extra("tools/list", None), "Accept": value})
    if kind is None:
        assert reply.status == 406
        return
    assert (reply.status, reply.content_type) == (200, kind)
    schema.check_answer(era, "tools/list", reply.json)
    if kind == "text/event-stream":
        assert reply.header("Cache-Control") == "no-store"
        assert reply.header("X-Accel-Buffering") == "no"


# ---- HTTP ----


@pytest.mark.parametrize("method", ["HEAD", "PUT", "PATCH", "TRACE", "FOO"])
def test_methods(server, method):
    """R-054."""
    reply = server.http(method, headers=[("Accept", "text/event-stream")])
    assert reply.status == 405 and reply.header("Allow") == "GET, POST, DELETE, OPTIONS"


@pytest.mark.parametrize("more", [[], [("MCP-Protocol-Version", MODERN)],
                                  [("MCP-Protocol-Version", MODERN), ("Mcp-Session-Id", "A" * 43)]])
def test_get_without_a_session(server, more):
    """R-009: GET belongs to the legacy eras."""
    reply = server.http("GET", headers=[("Accept", "text/event-stream"), *more])
    assert reply.status == 405 and reply.header("Allow") == "POST, OPTIONS"


def test_options(server):
    """R-053: an origin that is not listed gets no CORS answer."""
    reply = server.http("OPTIONS", headers=[])
    assert (reply.status, reply.header("Allow")) == (204, "GET, POST, DELETE, OPTIONS")
    assert reply.header("Access-Control-Allow-Origin") is None
    assert server.http("OPTIONS", headers=[("Origin", "https://evil.example")]).status == 403


def test_listed_origin_and_host(start):
    """R-041, R-042, R-053: the operator's lists let others in, by whatever form of target; CORS only for them."""
    server = start({"server": {"allowed_origins": "https://app.example.com", "allowed_hosts": "mcp.example.com"}},
                   workers=1)
    client = Modern(server)
    message = json.dumps(client.message("tools/list")).encode()
    extra = client.extra("tools/list", None)
    good = client.post_raw(message, {**extra, "Origin": "https://app.example.com"})
    assert (good.status, good.header("Access-Control-Allow-Origin"),
            good.header("Vary")) == (200, "https://app.example.com", "Origin")
    assert "Mcp-Session-Id" in good.header("Access-Control-Expose-Headers")
    assert client.post_raw(message, {**extra, "Origin": f"http://{server.host}"}).status == 200
    for origin_value in ("https://app.example.com.evil.example", "http://app.example.com", "null",
                         "https://app.example.com:8443"):
        assert client.post_raw(message, {**extra, "Origin": origin_value}).status == 403, origin_value
    for host_value, status in (("mcp.example.com", 200), ("mcp.example.com:443", 200), ("MCP.example.com", 200),
                               (f"localhost:{server.port}", 200), (f"[::1]:{server.port}", 200), ("localhost:1", 403),
                               ("mcp.example.com.evil.example", 403), ("192.0.2.1", 403)):
        assert client.post_raw(message, {**extra, "Host": host_value}).status == status, host_value
    fields = {**client.headers(), **extra, "Content-Length": len(message), "Connection": "close"}
    for target, host_value, status in (
            (f"http://{server.host}/mcp", server.host, 200), ("HTTP://MCP.example.com/mcp?x", "mcp.example.com", 200),
            ("https://mcp.example.com:443/mcp", "mcp.example.com:443", 200),
            ("http://evil.example/mcp", "evil.example", 403), ("http://evil.example/mcp", server.host, 400),
            (f"http://{server.host}/mcp", "evil.example", 400), (f"http://{server.host}", server.host, 404)):
        reply = server.http("POST", target, [("Host", host_value), *fields.items()], message)
        assert reply.status == status, (target, host_value, reply)
        assert status != 200 or reply.json["result"]["tools"]
    preflight = server.http("OPTIONS", headers=[
        ("Origin", "https://app.example.com"), ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "content-type, mcp-param-region,Mcp-Param-B, x-other")])
    assert preflight.status == 204
    assert preflight.header("Access-Control-Allow-Methods") == "GET, POST, DELETE"
    allowed = {name.strip().lower() for name in preflight.header("Access-Control-Allow-Headers").split(",")}
    assert {"authorization", "mcp-protocol-version", "mcp-method", "mcp-name", "mcp-session-id",
            "last-event-id", "mcp-param-region", "mcp-param-b"} <= allowed
    assert "x-other" not in allowed


@pytest.mark.parametrize("path_text", ["/", "/mcp/", "/MCP", "/mcp2", "/.well-known/oauth-protected-resource",
                                       "/metrics"])
def test_paths(server, path_text):
    """R-040: one path."""
    assert server.http("POST", path_text, [("Content-Type", "application/json")], b"{}").status == 404


def test_query_is_no_part_of_the_path(server):
    client = Modern(server)
    reply = server.http("POST", "/mcp?token=x", list({**client.headers(), **client.extra("tools/list", None)}.items()),
                        json.dumps(client.message("tools/list")).encode())
    assert reply.status == 200


def test_large_body(server):
    """R-031: 5 MiB are too much, announced or in chunks; 3 MiB are read and judged."""
    client = Modern(server)
    extra = client.extra("tools/list", None)
    padded = client.message("tools/list", {"pad": "x" * (5 << 20)})
    assert client.post_raw(json.dumps(padded).encode(), extra).status == 413
    with_chunks = Connection(server.address)
    try:
        fields = {"Host": server.host, **client.headers(), **extra, "Transfer-Encoding": "chunked"}
        with_chunks.send(head("POST", "/mcp", list(fields.items())))
        chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
        try:
            for _ in range(80):
                with_chunks.send(chunk)
        except ConnectionError:
            pass
        assert server.count(with_chunks.read_reply()).status == 413
    finally:
        with_chunks.close()
    padded["params"]["pad"] = "x" * (3 << 20)
    reply = client.post_raw(json.dumps(padded).encode(), extra)
    assert reply.status in (200, 400) and reply.content_type == "application/json"


def test_large_head(server):
    """R-054: 431 for a head beyond the limit, 414 for a target beyond it."""
    assert server.http("POST", "/mcp", [("X-Pad", "x" * 40000)], b"{}").status == 431
    assert server.http("POST", "/mcp?" + "x" * 40000, [], b"{}").status in (414, 431)


def test_chunked_body_and_continue(server):
    """R-054: a chunked body is as good as another; 100-continue is answered."""
    client = Modern(server)
    body = json.dumps(client.message("tools/list")).encode()
    fields = {"Host": server.host, **client.headers(), **client.extra("tools/list", None)}
    connection = Connection(server.address)
    try:
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + 9]),
                                             body[i:i + 9]) for i in range(0, len(body), 9)) + b"0\r\n\r\n"
        connection.send(head("POST", "/mcp", list(fields.items()) + [("Transfer-Encoding", "chunked")]) + chunks)
        assert connection.read_reply().status == 200
        connection.send(head("POST", "/mcp", list(fields.items()) + [("Content-Length", len(body)),
                                                                     ("Expect", "100-continue")]))
        line = connection._line()
        assert line.startswith(b"HTTP/1.1 100"), line
        assert connection._line() == b""
        connection.send(body)
        assert connection.read_reply().status == 200
    finally:
        connection.close()


def test_pipelining_keeps_order(server):
    """R-054, R-027: answers come in the order of the requests, also with the same id."""
    client = Modern(server)
    client.login()
    fields = {"Host": server.host, **client.headers()}
    stream = b""
    methods = ["tools/list", "server/discover", "tools/call", "no/such", "server/discover"]
    for method in methods:
        params = {"name": "auth_whoami", "arguments": {"session": client.session}} if method == "tools/call" else None
        body = json.dumps(client.message(method, params, id=1)).encode()
        all_fields = {**fields, **client.extra(method, params), "Content-Length": len(body)}
        stream += head("POST", "/mcp", list(all_fields.items())) + body
    connection = Connection(server.address)
    try:
        connection.send(stream)
        replies = [server.count(connection.read_reply()) for _ in methods]
    finally:
        connection.close()
    assert [reply.status for reply in replies] == [200, 200, 200, 404, 200]
    assert "tools" in replies[0].json["result"] and "content" in replies[2].json["result"]
    assert "supportedVersions" in replies[1].json["result"] and "supportedVersions" in replies[4].json["result"]


@pytest.mark.parametrize("raw,status", [
    (b"POST /mcp HTTP/1.1\r\nHost: HOST\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
    (b"POST /mcp HTTP/1.1\r\nHost: HOST\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", 400),
    (b"POST /mcp HTTP/1.1\r\nHost: HOST\r\nContent-Length: +2\r\n\r\n{}", 400),
    (b"POST /mcp HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", 400),
    (b"POST /mcp HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\nContent-Length: 2\r\n\r\n{}", 400),
    (b"POST /mcp HTTP/1.1\nHost: HOST\n\n", 400),
    (b"POST /mcp HTTP/2.0\r\nHost: HOST\r\n\r\n", 505),
    (b"POST  /mcp HTTP/1.1\r\nHost: HOST\r\n\r\n", 400),
    (b"POST /mcp HTTP/1.1\r\nHost : HOST\r\n\r\n", 400),
    (b"POST /mcp HTTP/1.1\r\nHost: HOST\r\nX: a\r\n b\r\n\r\n", 400),
    (b"POST /mcp HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
])
def test_hostile_heads(server, raw, status):
    """RFC 9112: what two parsers could read differently is refused and the connection closed."""
    connection = Connection(server.address)
    try:
        connection.send(raw.replace(b"HOST", server.host.encode()))
        reply = server.count(connection.read_reply())
        assert reply.status == status and reply.closed
        with pytest.raises(Broken):
            connection.read_reply()
    finally:
        connection.close()


def test_slow_head(start):
    """A head that does not come to its end is given up after http.head_timeout_ms."""
    server = start({"http": {"head_timeout_ms": "500ms", "body_timeout_ms": "500ms"}}, workers=1)
    fields = [("Host", server.host), ("Content-Type", "application/json"), ("Content-Length", 5)]
    for data in (b"POST /mcp HT", head("POST", "/mcp", fields) + b"{"):
        connection = Connection(server.address)
        try:
            connection.send(data)
            reply = server.count(connection.read_reply())
            assert reply.status == 408
        finally:
            connection.close()


# ---- modern headers ----


def named_call(server, header, tool="auth_whoami"):
    client = Modern(server)
    message = client.message("tools/call", {"name": tool, "arguments": {}}, id=7)
    return client.post_raw(json.dumps(message).encode(), {"Mcp-Method": "tools/call", "Mcp-Name": header})


@pytest.mark.parametrize("header", ["auth_whoami", "  auth_whoami\t", "=?base64?YXV0aF93aG9hbWk=?="])
def test_name_header_good(server, header):
    """R-049, R-062, R-063: literal or base64."""
    assert named_call(server, header).json["result"]["isError"] is True  # nobody is logged in


@pytest.mark.parametrize("header", [
    None, "", "auth_login", "AUTH_WHOAMI", "auth_whoami x", "=?base64?YXV0aF93aG9hbWk?=", "=?base64?YXV0aF93aG9hbWl=?=",
    "=?base64?YXV0aF93aG9h bWk=?=", "=?base64?YXV0aF9sb2dpbg==?=", "=?BASE64?YXV0aF93aG9hbWk=?=",
    "=?base64?YXV0aF93aG9hbWk=",
    "YXV0aF93aG9hbWk=?=", "=?base64?YXV0aF93aG9hbWk-?=", "=?base64?/////w==?=", "=?base64??=", b"auth_who\xe4mi",
])
def test_name_header_bad(server, header):
    """R-062, R-063, R-064: 400 and -32020."""
    judge(named_call(server, header), 400, -32020, MODERN, True)


def test_name_header_unicode(server):
    """R-063: a name outside ASCII comes in base64; the tool is then unknown (R-191), in-band (R-077)."""
    reply = named_call(server, "=?base64?5ZWG5ZOB?=", "商品")
    assert (reply.status, reply.json["error"]["code"]) == (200, -32602)


@pytest.mark.parametrize("header,value", [("Mcp-Method", "TOOLS/LIST"), ("Mcp-Method", "tools/call"),
                                          ("Mcp-Method", "=?base64?dG9vbHMvbGlzdA==?=")])
def test_method_header(server, header, value):
    """R-061: byte for byte."""
    client = Modern(server)
    reply = client.post_raw(json.dumps(client.message("tools/list", id=7)).encode(), {header: value})
    judge(reply, 400, -32020, MODERN, True)


@pytest.mark.parametrize("name", ["MCP-Protocol-Version", "Mcp-Method", "Mcp-Session-Id"])
def test_header_twice(server, name):
    """A field that decides must not stand twice: the two could disagree."""
    client = Modern(server)
    fields = list({**client.headers(), **client.extra("tools/list", None), "Mcp-Session-Id": "x"}.items())
    fields.append((name, dict(fields)[name]))
    assert server.http("POST", headers=fields, body=json.dumps(client.message("tools/list")).encode()).status == 400


def test_version_not_served(server):
    """R-005, R-072, R-141: what is served, and what was asked for."""
    for asked in ("2027-01-01", "2025-11-25", "2024-11-05", "nonsense"):
        client = Modern(server)
        message = client.message("tools/list", id=7)
        message["params"]["_meta"][META + "protocolVersion"] = asked
        reply = client.post_raw(json.dumps(message).encode(), {"Mcp-Method": "tools/list",
                                                               "MCP-Protocol-Version": asked})
        judge(reply, 400, -32022, MODERN, True)
        assert reply.json["error"]["data"] == {"supported": ["2026-07-28"], "requested": asked}


@pytest.mark.parametrize("change", [
    {"protocolVersion": 5}, {"protocolVersion": None}, {"clientCapabilities": None}, {"clientCapabilities": []},
    {"clientInfo": {"name": "x"}}, {"clientInfo": "x"}, {"clientInfo": {"name": 1, "version": "1"}},
])
def test_envelope(server, change):
    """R-070, R-071."""
    client = Modern(server)
    message = client.message("tools/list", id=7)
    for name, value in change.items():
        message["params"]["_meta"][META + name] = value
    judge(client.post_raw(json.dumps(message).encode(), {"Mcp-Method": "tools/list"}), 400, -32602, MODERN, True)


def test_client_info_is_optional(server):
    """R-071."""
    client = Modern(server)
    message = client.message("tools/list", id=7)
    del message["params"]["_meta"][META + "clientInfo"]
    assert client.post_raw(json.dumps(message).encode(), {"Mcp-Method": "tools/list"}).status == 200


@pytest.mark.parametrize("method", ["initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe",
                                    "tasks/list",
                                    "tasks/get", "prompts/forget",
                                    "rpc.discover", "x"])
def test_unknown_methods(server, method):
    """R-002, R-068, R-069: 404, also for what an earlier revision had."""
    client = Modern(server)
    reply = client.post_raw(json.dumps(client.message(method, id=7)).encode(), {"Mcp-Method": method})
    judge(reply, 404, -32601, MODERN, True)


def test_session_header_is_ignored(server):
    """R-073: neither used nor repeated."""
    client = Modern(server)
    for value in ("A" * 43, "x", Legacy(server).session_id):
        reply = client.ask("tools/list", headers=[("Mcp-Session-Id", value), ("Last-Event-ID", "5")])
        assert reply.status == 200 and reply.header("Mcp-Session-Id") is None


def test_cursor(server):
    """R-231: there is one page, so no cursor was ever given out."""
    for client in (Modern(server), Legacy(server)):
        for cursor in ("", "x"):
            reply = client.ask("tools/list", {"cursor": cursor})
            assert (reply.status, reply.json["error"]["code"]) == (200, -32602)


# ---- legacy ----


@pytest.mark.parametrize("asked,given", [("2025-03-26", "2025-03-26"), ("2025-06-18", "2025-06-18"),
                                         ("2025-11-25", "2025-11-25"),
                                         ("2024-11-05", "2025-11-25"), ("2026-07-28", "2025-11-25"),
                                         ("2099-01-01", "2025-11-25"),
                                         ("", "2025-11-25")])
def test_negotiation(server, asked, given):
    """R-145: the same version back, or our latest of the era."""
    client = Legacy(server, opened=False)
    client.protocol = given
    reply = client.ask("initialize", client.initialize_params(protocolVersion=asked))
    assert reply.json["result"]["protocolVersion"] == given


def test_initialize_wins_over_the_header(server):
    """R-002: initialize without a claim is legacy whatever the header says."""
    client = Legacy(server, opened=False)
    for value in ("2026-07-28", "2025-11-25"):
        assert client.ask("initialize", client.initialize_params(),
                          headers=[("MCP-Protocol-Version", value)]).status == 200


@pytest.mark.parametrize("params", [None, {}, {"protocolVersion": 5},
                                    {"protocolVersion": "2025-11-25", "capabilities": {}},
                                    {"protocolVersion": "2025-11-25", "clientInfo": {"name": "x", "version": "1"}}])
def test_initialize_without_params(server, params):
    """R-012: the error names the versions served."""
    client = Legacy(server, opened=False)
    reply = client.ask("initialize", params)
    error = reply.json["error"]
    assert (reply.status, error["code"]) == (200, -32602)
    assert set(error["data"]["supported"]) == set(LEGACY)
    assert reply.header("Mcp-Session-Id") is None


def test_initialize_again(server):
    """R-094: within a session 400, with a dead one 404."""
    client = Legacy(server)
    reply = client.ask("initialize", client.initialize_params())
    assert (reply.status, reply.json["error"]["code"]) == (400, -32600)
    client.session_id = "B" * 43
    assert client.ask("initialize", client.initialize_params()).status == 404


def test_session_life(server):
    """R-090, R-092, R-093, R-096: from initialize to DELETE, and 404 ever after."""
    client = Legacy(server)
    assert client.rpc("ping") == {}
    assert client.rpc("tools/list")["tools"]
    reply = client.delete()
    assert (reply.status, reply.raw) == (200, b"")
    for reply in (client.delete(), client.ask("ping"), client.ask("tools/list")):
        assert reply.status == 404
    reply = client.post_raw(b'{"jsonrpc":"2.0","method":"notifications/initialized"}')
    assert reply.status == 404
    assert server.http("DELETE").status == 400
    for wrong in ("x", "A" * 43, "A" * 500):
        assert server.http("DELETE", headers=[("Mcp-Session-Id", wrong)]).status == 404


def test_session_expires(start):
    """R-093: unused for session.idle_ms it is unknown."""
    def attempt(ms):
        server = start({"session": {"idle_ms": f"{ms}ms"}}, workers=2)
        client, began = Legacy(server, opened=False), time.monotonic()
        client.session_id = client.ask("initialize", client.initialize_params()).header("Mcp-Session-Id")
        status = client.ask("ping").status
        was_in_time = time.monotonic() - began < ms / 1000
        assert status == 200 or not was_in_time, status
        began = time.monotonic()
        poll(lambda: time.monotonic() > began + 1.3 * ms / 1000, "the time is over")
        assert client.ask("ping").status == 404
        return was_in_time

    at_a_pace(attempt)


def test_version_header_in_a_session(server):
    """R-095: absent or another served one is accepted, the negotiated one rules; others are 400."""
    client = Legacy(server, "2025-03-26")
    for value in (None, "2025-03-26", "2025-06-18", "2025-11-25"):
        reply = client.ask("tools/list", headers=[("MCP-Protocol-Version", value)])
        assert reply.status == 200 and "outputSchema" not in reply.json["result"]["tools"][0]
    for value in ("2024-11-05", "x", "2025-11-26"):
        reply = client.ask("tools/list", headers=[("MCP-Protocol-Version", value)])
        assert reply.status == 400
    # a modern header without a claim is a broken modern request.
    reply = client.post_raw(json.dumps(client.message("tools/list", id=7)).encode(),
                            {"MCP-Protocol-Version": "2026-07-28"})
    judge(reply, 400, -32602, MODERN, True)


def test_before_initialized(server):
    """R-104: clients that race are served."""
    client = Legacy(server, opened=False)
    client.session_id = client.ask("initialize", client.initialize_params()).header("Mcp-Session-Id")
    assert client.rpc("tools/list")["tools"]


@pytest.mark.parametrize("protocol", LEGACY)
def test_legacy_unknown_method(server, protocol):
    """Section 10: in-band, HTTP 200."""
    client = Legacy(server, protocol)
    for method in ("server/discover", "subscriptions/listen", "resources/forget", "x"):
        reply = client.post_raw(json.dumps(client.message(method, id=7)).encode())
        judge(reply, 200, -32601, protocol, True)
    reply = client.ask("tools/call", {"name": "no_such_tool"})
    assert (reply.status, reply.json["error"]["code"]) == (200, -32602)
