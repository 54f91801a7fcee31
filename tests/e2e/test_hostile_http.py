"""Hostile requests over real connections: a table of cases, mutations of them against another implementation, storms."""

import json
import os
import random
import re
import subprocess
import threading
import urllib.parse

import h11
import pytest

from harness import proc, record, requests
from harness.client import Legacy, Modern
from harness.http import Broken, Connection, head
from harness.places import BUILD, is_sanitized, poll
from harness.process import Server
from test_storms import storm

CASES = requests.cases()
MUTATIONS = int(os.environ.get("HTTP_MUTATIONS", 6000))
LIMITS = {"max_incomplete_event_size": 1 << 20}


@pytest.fixture(scope="module")
def the_server(the_shop):
    server = Server(the_shop, workers=2)
    yield server
    server.stop()


def on_the_wire(server, data):
    """What the case says, for this server; a POST with what its head needs besides, so that its body is looked at."""
    post = b"POST /mcp HTTP/1.1\r\nHost: HOST\r\n"
    if data.startswith(post):
        data = post + b"Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n" + data[len(post):]
    return data.replace(b"HOST", server.host.encode())


def read_final(connection):
    """The next answer that is not 100 Continue."""
    reply = connection.read_reply()
    while reply.status == 100:
        reply = connection.read_reply()
    return reply


def check_case(server, case, connection):
    """As many answers as requests, a refusal with its status and an end, and behind accepted ones the next request."""
    data = on_the_wire(server, case.data)
    sentinel = on_the_wire(server, b"GET /mcp HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n")
    is_open = case.verdict[-1] == "ok"
    try:
        connection.send(data + (sentinel if is_open else b""))
    except ConnectionError:
        pass  # refused before all was sent: the answer is there
    for word in case.verdict:
        reply = server.count(read_final(connection))
        if word not in ("ok", "last"):
            assert reply.status == int(word), (case.name, reply)
        assert reply.closed == (word != "ok"), (case.name, reply)
    if is_open:
        reply = server.count(read_final(connection))
        assert reply.status == 405 and reply.closed, (case.name, reply)
    with pytest.raises(Broken):
        connection.read_reply()


@pytest.mark.parametrize("wanted", ["accepted", "refused"])
def test_cases(server, wanted):
    chosen = [case for case in CASES if case.verdict[-1] != "more" and (case.verdict[-1] in ("ok", "last")) == (wanted == "accepted")]
    for case in chosen:
        connection = Connection(server.address)
        try:
            check_case(server, case, connection)
        finally:
            connection.close()
    record.tried(f"requests over a connection, to be {wanted}", len(chosen))


def test_cases_without_end(start):
    """What is not whole is waited for as long as the deadline says: 408, all of them side by side."""
    server = start({"http": {"head_timeout_ms": "1s", "body_timeout_ms": "1s"}}, workers=1)
    chosen, connections = [case for case in CASES if case.verdict[-1] == "more"], []
    for case in chosen:
        connections.append(Connection(server.address))
        connections[-1].send(on_the_wire(server, case.data))
    for case, connection in zip(chosen, connections):
        reply = server.count(read_final(connection))
        assert reply.status == 408 and reply.closed, (case.name, reply)
        connection.close()
    poll(lambda: sum(server.metric("magento_mcp_http_timeouts_total", over=over) for over in ("head", "body")) == len(chosen),
         "the late are counted")
    assert server.metric("magento_mcp_http_received_bytes_total") >= sum(len(case.data) for case in chosen)
    assert server.metric("magento_mcp_http_sent_bytes_total") >= len(chosen) * len("HTTP/1.1 408 ")
    record.tried("requests over a connection, without end", len(chosen))


# ---- the texts of JSONTestSuite ----

SUITE = sorted((BUILD / "json-suite" / "texts").glob("*.json"))
POLICY = {f"y_object_{name}.json" for name in ("duplicated_key", "duplicated_key_and_value", "escaped_null_in_key")}


def ask_each(server, bodies):
    """The answers to these bodies, sent one behind the other on as few connections as the server lets them be."""
    client, replies = Modern(server, keep=True), []
    for body in bodies:
        replies.append(client.post_raw(body, {"Mcp-Method": "server/discover"}))
        if replies[-1].closed:
            client.close()
            client.connection = Connection(server.address)
    client.close()
    return replies


def code_of(reply):
    return reply.json.get("error", {}).get("code")


def test_json_suite_as_body(server):
    """What must not be JSON is refused as such, and what is JSON but no message, as no message."""
    texts = [path.read_bytes() for path in SUITE]
    assert len(texts) == 318
    for path, reply in zip(SUITE, ask_each(server, texts)):
        allowed = {"n": {-32700}, "y": {-32600}, "i": {-32700, -32600}}[path.name[0]]
        if path.name in POLICY:
            allowed = {-32700, -32600}
        assert reply.status == 400 and code_of(reply) in allowed, (path.name, reply)
    record.tried("texts of JSONTestSuite as bodies", len(texts))


def test_json_suite_inside(server):
    """The same texts as a value inside of a request: accepted or refused with it."""
    assert len(SUITE) == 318
    message = json.dumps(Modern(server).message("server/discover")).encode()
    bodies = [message.replace(b'"_meta": {', b'"_meta": {"a/b": ' + path.read_bytes() + b", ") for path in SUITE]
    for path, reply in zip(SUITE, ask_each(server, bodies)):
        must_refuse = path.name[0] == "n" or path.name in POLICY
        assert path.name[0] == "i" or (reply.status == 400) == must_refuse, (path.name, reply)
        assert reply.status == (200 if code_of(reply) is None else 400), (path.name, reply)
    record.tried("texts of JSONTestSuite inside of a request", len(bodies))


# ---- storms ----


def test_a_thousand_pipelined(server):
    """Answered one by one in their order, while the client reads nothing of the first before all are sent."""
    client, n = Modern(server, keep=True), 1000
    resident = {pid: proc.rss_kib(pid) for pid in server.pids}
    bodies = [json.dumps(client.message("tools/call", {"name": "auth_whoami", "arguments": {}}, id=i)).encode() for i in range(n)]
    fields = {"Host": server.host, **client.headers(), "Mcp-Method": "tools/call", "Mcp-Name": "auth_whoami"}
    stream = b"".join(head("POST", "/mcp", [*fields.items(), ("Content-Length", len(body))]) + body for body in bodies)
    sender = threading.Thread(target=client.connection.send, args=(stream,), daemon=True)
    sender.start()
    for i in range(n):
        reply = client.connection.read_reply()
        assert reply.status == 200 and reply.json["id"] == i, reply
    sender.join(60)
    client.close()
    grown = {pid: proc.rss_kib(pid) - before for pid, before in resident.items()}
    assert is_sanitized() or max(grown.values()) < 8192, grown
    record.tried("pipelined requests", n)


def test_slow_clients():
    """Slow heads, slow bodies, answers not read, silence: cut at the deadlines, and honest clients hardly notice."""
    out = storm("slow_clients", SLOW_CLIENTS=200, SLOW_SECONDS=4, SLOW_DEADLINE_MS=1500)
    record.tried("slow connections", sum(map(int, re.findall(r"cut by the server +(\d+)", out))))
    assert re.search(r"head: cut by the server +[1-9]", out), out


# ---- bombs ----

MIB = 1 << 20

# Bodies that grow in somebody's hands; the second word is what may come of them.
BOMBS = {
    "arrays, 100,000 deep": (b"[" * 100000 + b"]" * 100000, "refused"),
    "objects, 50,000 deep": (b'{"a":' * 50000 + b"1" + b"}" * 50000, "refused"),
    "never closed": (b"[" * (3 * MIB), "refused"),
    "depth inside params": (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":' + b"[" * 5000 + b"]" * 5000 + b"}}", "refused"),
    "a string of 3 MiB": (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"' + b"x" * (3 * MIB) + b'"}}', "refused"),
    "a string over the limit": (b'"' + b"x" * (5 * MIB) + b'"', "too large"),
    "a name of 2 MiB": (b'{"' + b"x" * (2 * MIB) + b'":1}', "refused"),
    "400,000 names": (b"{" + b",".join(b'"%d":0' % i for i in range(350000)) + b"}", "refused"),
    "a million numbers": (b"[" + b"0," * 1000000 + b"0]", "refused"),
    "a million empty lists": (b"[" + b"[]," * 1000000 + b"[]]", "refused"),
    "the same name, 100,000 times": (b"{" + b",".join([b'"a":0'] * 100000) + b"}", "refused"),
    "a number of a million digits": (b'{"jsonrpc":"2.0","id":' + b"9" * MIB + b',"method":"ping"}', "refused"),
    "an exponent of a million digits": (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":1e' + b"9" * MIB + b"}}", "refused"),
    "a batch of 100,000": (b"[" + b",".join([b'{"jsonrpc":"2.0","id":1,"method":"ping"}'] * 90000) + b"]", "refused"),
    "escapes": (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"' + b"\\u0041" * 600000 + b'"}}', "refused"),
    "lone surrogates": (b'"' + b"\\ud800" * 500000 + b'"', "refused"),
    "overlong UTF-8": (b'"' + b"\xc0\xaf" * 1000000 + b'"', "refused"),
    "white space": (b" " * (4 * MIB - 1) + b"1", "refused"),
    "NULs": (b"\0" * (3 * MIB), "refused"),
}


@pytest.mark.parametrize("era", ["2026-07-28", "2025-03-26"])
def test_bombs(server, era):
    """Refused for what they are; the worker stays, and so does its size."""
    client = Modern(server)
    if era == "2025-03-26":
        client = Legacy(server, era)
    resident = {pid: proc.rss_kib(pid) for pid in server.pids}
    for name, (body, what) in BOMBS.items():
        reply = client.post_raw(body, {"Mcp-Method": "ping"} if era == "2026-07-28" else {})
        assert reply.status == 413 if what == "too large" else reply.status == 400 and "error" in reply.json, (name, reply)
    grown = {pid: proc.rss_kib(pid) - before for pid, before in resident.items()}
    assert is_sanitized() or max(grown.values()) < 65536, grown
    assert {worker["pid"] for worker in server.status()["workers"]} == server.pids
    record.tried("bombs of depth and size", len(BOMBS))


# ---- beside h11 ----

TOKENS = [b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"transfer-encoding: identity\r\n",
          b"Connection: close\r\n", b"Expect: 100-continue\r\n", b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b"\x0b", b"\x0c", b";", b",",
          b":", b"+", b"-", b"0x", b"0", b"5", b"a", b"\xa0", b"\xff", b" chunked", b", chunked", b"gzip, ", b"0\r\n\r\n", b"5\r\nhello\r\n",
          b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.0", b"HTTP/1.1", b"http://x/", b"http://x", b"https://x?", b"HTTP://HOST", b"//", b"@", b"x", b"*", b"#", b"%", b"\\", b"\"", b" HTTP/1.1"]


def mutate(chance, seeds):
    """One of the seeds with a few changes; half of the time of those that are accepted."""
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.randint(1, 3)):
        at = chance.randint(0, len(data))
        how = chance.randint(0, 6)
        if how == 0:
            data[at:at] = chance.choice(TOKENS)
        elif how == 1:
            del data[at:at + chance.randint(1, 3)]
        elif how == 2 and at < len(data):
            data[at] = chance.choice((0, 9, 10, 13, 32, 44, 48, 58, 59, 127, 128, 255, chance.randint(0, 255)))
        elif how == 3:
            lines = data.split(b"\r\n")
            lines.insert(chance.randint(0, len(lines)), chance.choice(lines))
            data = bytearray(b"\r\n".join(lines))
        elif how == 4:
            lines = data.split(b"\r\n")
            chance.shuffle(lines)
            data = bytearray(b"\r\n".join(lines))
        elif how == 5 and at < len(data):
            data[at:at + 1] = bytes([data[at]]).swapcase()
        else:
            other = chance.choice(seeds)
            data[at:] = other[chance.randint(0, len(other)):]
    return bytes(data[:4000])


def ours(inputs):
    """[([(method, target, body, path, host, keeps)], how it ends)]"""
    done = subprocess.run([BUILD / "http-frames"], input=b"".join(b"%d\n%s" % (len(data), data) for data in inputs),
                          capture_output=True, check=True, timeout=120)
    told = []
    for line in done.stdout.decode().splitlines():
        *words, end = line.split(" ")
        told.append(([tuple(bytes.fromhex(part) for part in word.split(",")[:5]) + (word[-1] == "1",) for word in words], end))
    assert len(told) == len(inputs)
    return told


def place(request):
    """Path and host of what h11 takes for a request; it looks at neither itself."""
    host = dict(request.headers).get(b"host")
    if request.target.startswith(b"/"):
        return request.target.partition(b"?")[0], host or b""
    url = urllib.parse.urlsplit(request.target)
    assert url.scheme in (b"http", b"https") and (host is None or host.lower() == url.netloc.lower()), request
    return url.path or b"/", url.netloc if host is None else host


def theirs(data):
    """Requests as h11 sees them, and how it ends: "refused", "closed", or "more" may come."""
    connection = h11.Connection(h11.SERVER, **LIMITS)
    found = []
    try:
        connection.receive_data(data)
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                return found, "more"
            if event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                return found, "closed"
            if isinstance(event, h11.Request):
                request, body = event, b""
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                found.append((request, body))
                connection.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
                connection.send(h11.EndOfMessage())
                if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                    return found, "closed"
                connection.start_next_cycle()
    except h11.RemoteProtocolError:
        return found, "refused"


def compare(data, mine, my_end, others, their_end):
    """Nothing that one of them takes for a request, or for its body, is something else for the other, unless refused."""
    for request, (other, body) in zip(mine, others):
        assert request[:5] == (other.method, other.target, body, *place(other)), (data, mine, others)
    if len(mine) > len(others):
        assert their_end != "more", (data, mine, others)
    if len(others) > len(mine) and my_end in ".+":
        assert mine and not mine[-1][-1], (data, mine, others)


def test_beside_h11():
    """
    No request that we accept is one that h11 frames differently: method, target and body are the same bytes, and path and
    host what target and Host say, alike.
    """
    chance = random.Random(20261122)
    seeds = [case.data for case in CASES if len(case.data) < 2000]
    good = [case.data for case in CASES if len(case.data) < 2000 and case.verdict[-1] in ("ok", "last")]
    inputs = seeds + [mutate(chance, good if n % 4 else seeds) for n in range(MUTATIONS)]
    accepted = 0
    for data, (mine, my_end) in zip(inputs, ours(inputs)):
        others, their_end = theirs(data)
        compare(data, mine, my_end, others, their_end)
        accepted += min(len(mine), len(others))
    assert accepted > len(inputs) / 6
    record.tried("connections compared with h11", len(inputs))
    record.tried("requests that h11 and we accept alike", accepted)
