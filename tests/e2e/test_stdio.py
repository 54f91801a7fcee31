"""`magento-mcp stdio`: both eras over standard input and output, as a desktop client starts it."""

import contextlib
import json
import os
import pathlib
import queue
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time

import pytest

from harness import proc, record, schema
from harness.client import Modern, Outcome
from harness.places import OAUTH, SERVER, at_best, is_sanitized, poll
from harness.process import SECRETS, clean_environment

OK = {"confirm": True, "reason": "test"}
PRODUCTS = "/rest/all/V1/products"


class Desk:
    """One process; every line that it writes must be a message, every line of its log JSON without a secret."""

    def __init__(self, shop, folder, settings=(), environment=None, argv=(), program=SERVER, reads=True):
        self.folder = folder
        variables = {"XDG_STATE_HOME": str(folder / "state home"), "HOME": str(folder)}
        if shop:
            variables["MAGENTO_BASE_URL"] = shop.url
            variables.update({f"MAGENTO_{name.upper()}": value for name, value in OAUTH.items()})
        variables.update(environment or {})
        self.protocol = schema.MODERN
        self.session = None
        self.next_id = 0
        self.waiting = {}
        self.words = []  # what the server said of its own
        self.messages = queue.Queue()
        self.reads = threading.Event()  # whether the client reads what is written to it
        if reads:
            self.reads.set()
        self.log = []
        options = [word for setting in settings for word in ("-s", setting)]
        self.process = subprocess.Popen(
            [program, "stdio", *options, *argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=clean_environment(**variables))
        self.pid = self.process.pid
        self.readers = [threading.Thread(target=target, daemon=True) for target in (self._read, self._read_log)]
        for reader in self.readers:
            reader.start()

    def _read(self):
        rest = b""
        while True:
            self.reads.wait()
            piece = os.read(self.process.stdout.fileno(), 1 << 16)
            if not piece:
                break
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                self.messages.put(line)
        self.messages.put(None if rest == b"" else rest)

    def _read_log(self):
        for raw in self.process.stderr:
            self.log.append(raw.decode())

    # ---- messages ----

    def write(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, method, params=None, id=None, claim=None, notification=False):
        modern = self.protocol == schema.MODERN if claim is None else claim
        message = {"jsonrpc": "2.0", "method": method}
        if not notification:
            self.next_id += 1
            message["id"] = self.next_id if id is None else id
        if modern:
            params = {"_meta": Modern.meta(), **(params or {})}
        if params is not None:
            message["params"] = params
        self.write(json.dumps(message).encode() + b"\n")
        return message.get("id")

    def receive(self, timeout=60):
        """The next message; None at the end of the output."""
        line = self.messages.get(timeout=timeout)
        if line is None:
            return None
        assert not line.endswith(b"\r") and line.strip() == line, line
        message = json.loads(line.decode("utf-8"))
        if "method" in message:
            schema.check_word(self.protocol, message)
        else:
            assert message["jsonrpc"] == "2.0" and ("result" in message) != ("error" in message), message
        return message

    def answer(self, id, timeout=60):
        while id not in self.waiting:
            message = self.receive(timeout)
            assert message is not None, "the process ended: " + "".join(self.log[-5:])
            if "method" in message:
                self.words.append(message)
            else:
                self.waiting[message.get("id")] = message
        return self.waiting.pop(id)

    def rpc(self, method, params=None, **more):
        answer = self.answer(self.send(method, params, **more))
        schema.check_answer(self.protocol, method, answer)
        return answer["result"]

    def start_call(self, tool, params=None, **more):
        arguments = {"params": params or {}}
        if self.session:
            arguments["session"] = self.session
        return self.send("tools/call", {"name": tool, "arguments": arguments}, **more)

    def finish_call(self, tool, id):
        answer = self.answer(id)
        schema.check_answer(self.protocol, "tools/call", answer)
        return Outcome(tool, answer["result"])

    def call(self, tool, params=None, **more):
        return self.finish_call(tool, self.start_call(tool, params, **more))

    def ok(self, tool, params=None, **more):
        outcome = self.call(tool, params, **more)
        assert not outcome.refused, outcome
        return outcome.data

    def initialize(self, protocol="2025-11-25", capabilities=None):
        self.protocol = protocol
        result = self.rpc("initialize", {"protocolVersion": protocol, "capabilities": capabilities or {},
                                         "clientInfo": {"name": "e2e", "version": "1"}})
        assert result["protocolVersion"] == protocol
        self.send("notifications/initialized", notification=True)

    def login(self):
        data = self.ok("auth_login")
        SECRETS.add(data["session"])
        if self.protocol == schema.MODERN:
            self.session = data["session"]
        return data

    # ---- the process ----

    def state(self):
        return pathlib.Path(self.folder / "state home" / "magento-mcp")

    def keepers(self):
        return [pid for pid in proc.children(self.pid) if proc.title(pid) == "magento-mcp keeper"]

    def children(self):
        try:
            return list(proc.children(self.pid))
        except FileNotFoundError:
            return []

    def end(self, how="eof", status=0):
        """Ends it, and looks at what it leaves: nothing."""
        children, began = self.children(), time.monotonic()
        if how == "eof":
            self.process.stdin.close()
        else:
            self.process.send_signal(how)
        return self.wait(children, status, began)

    def wait(self, children=(), status=0, began=None):
        began = began or time.monotonic()
        assert self.process.wait(timeout=60) == status, "".join(self.log[-5:])
        took = time.monotonic() - began
        for reader in self.readers:
            reader.join(60)
        assert not [pid for pid in children if os.path.exists(f"/proc/{pid}")]
        for line in self.log:
            json.loads(line)
            assert not [secret for secret in SECRETS if secret in line], line
        record.wrote("the log of stdio", "".join(self.log).encode())
        for path in self.state().glob("*") if self.state().is_dir() else ():
            if path.is_file():
                record.wrote(f"{path.name} of stdio", path.read_bytes())
        return took

    def rest(self):
        """What else it wrote."""
        found = []
        while True:
            message = self.receive()
            if message is None:
                return found
            found.append(message)


@pytest.fixture
def tmp_path():
    """Shorter than pytest's own: the path of a socket has to fit into it."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mcp."))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def desk(shop, tmp_path):
    started = []

    def start(*args, **more):
        desk = Desk(shop, tmp_path, *args, **more)
        started.append(desk)
        return desk

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


# ---- both eras ----


def test_modern(desk):
    """R-010, R-124: the claim decides; no headers are asked for."""
    one = desk()
    assert one.rpc("server/discover")["supportedVersions"] == ["2026-07-28"]
    assert len(one.rpc("tools/list")["tools"]) > 30
    one.login()
    assert one.ok("catalog_get_product", {"sku": "MCP-001"})["sku"] == "MCP-001"
    one.session = None  # nothing is remembered
    assert one.call("auth_whoami").code == "NOT_AUTHENTICATED"
    one.end()
    assert one.rest() == []


@pytest.mark.parametrize("protocol", schema.LEGACY)
def test_legacy(desk, protocol):
    """R-010: the session belongs to the process, no message names it."""
    one = desk()
    one.initialize(protocol)
    assert one.rpc("ping") == {}
    one.login()
    assert one.ok("auth_whoami")["username"] == "default"
    again = one.answer(one.send("initialize", {"protocolVersion": protocol, "capabilities": {},
                                               "clientInfo": {"name": "e2e", "version": "1"}}))
    assert again["error"]["code"] == -32600 and again["error"]["data"]["supported"] == list(reversed(schema.LEGACY))
    one.end()
    assert one.rest() == []


def test_both_eras_side_by_side(desk):
    """R-010, R-129: neither knows of the other's login."""
    one = desk()
    one.rpc("server/discover")
    one.initialize()
    one.login()
    one.protocol = schema.MODERN
    assert one.call("auth_whoami").code == "NOT_AUTHENTICATED"
    one.login()
    assert one.ok("auth_whoami")["username"] == "default"
    one.protocol, one.session = "2025-11-25", None
    assert one.ok("auth_whoami")["username"] == "default"
    one.end()


def test_before_initialize(desk):
    """R-011, R-012: an answer to everything that asks for one, and the process stays."""
    one = desk()
    for method in ("tools/list", "tools/call", "no/such", "server/discover"):
        answer = one.answer(one.send(method, {}, claim=False))
        assert answer["error"]["code"] == -32600 and "initialize" in answer["error"]["message"], answer
        assert answer["error"]["data"]["supported"] == list(reversed(schema.LEGACY))
    assert one.answer(one.send("ping", claim=False))["result"] == {}
    one.initialize()
    one.end()


def test_envelope_of_the_modern_era(desk):
    """R-124, R-005, R-002: the envelope is required, an unserved version named, initialize unknown."""
    one = desk()
    claim = "io.modelcontextprotocol/protocolVersion"
    bare = one.answer(one.send("tools/list", {"_meta": {claim: "2026-07-28"}}, claim=False))
    assert bare["error"]["code"] == -32602
    other = one.answer(one.send("tools/list", {"_meta": {**Modern.meta(), claim: "2031-01-01"}}, claim=False))
    assert other["error"]["code"] == -32022
    assert other["error"]["data"] == {"supported": ["2026-07-28"], "requested": "2031-01-01"}
    assert one.answer(one.send("initialize"))["error"]["code"] == -32601
    one.end()


# ---- lines ----


def test_bad_lines(desk):
    """R-120, R-128, R-026, R-023: each bad line has its answer, and the next is served."""
    one = desk(["http.max_body_bytes=64K"])
    one.write(b"no json\n")
    assert one.receive()["error"]["code"] == -32700
    one.write(b'{"jsonrpc":"2.0","id":1,"method":"ping"\xff}\n')
    assert one.receive()["error"]["code"] == -32700
    one.write(b"\xef\xbb\xbf{}\n")
    assert one.receive()["error"]["code"] == -32700
    one.write(b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]\n')
    message = one.receive()
    assert message["error"]["code"] == -32600 and "id" not in message
    one.write(b'{"jsonrpc":"2.0","id":null,"method":"ping"}\n')
    message = one.receive()
    assert message["error"]["code"] == -32600 and "id" not in message
    one.write(b"\n\r\n \t \n")
    one.write(b'{"jsonrpc":"2.0","method":"no/such/notification"}\n')
    one.write(b'{"jsonrpc":"2.0","id":9,"result":{}}\n')
    one.write(b'{"jsonrpc":"2.0","id":"\xc3\xa4","method":"ping"}\r\n')
    assert one.receive() == {"jsonrpc": "2.0", "id": "ä", "result": {}}
    one.write(b'{"jsonrpc":"2.0","id":123456789012345678901,')
    time.sleep(0.05)
    one.write(b'"method":"ping"}\n{"jsonrpc":"2.0","id":2,"method":"ping"}\n')
    assert one.receive()["id"] == 123456789012345678901
    assert one.receive()["id"] == 2
    one.end()
    assert one.rest() == []


def test_long_line(desk):
    """A line beyond the limit is refused once, whatever its length, and takes no memory."""
    one = desk(["http.max_body_bytes=64K"])
    padding = {"_meta": {"x": "y" * (64 * 1024 - 200)}}
    assert one.answer(one.send("ping", padding, claim=False))["result"] == {}
    resident = proc.resident_bytes(one.pid)
    for _ in range(64):
        one.write(b'{"jsonrpc":"2.0","id":1,"method":"' + b"x" * (1 << 20))
    one.write(b'"}\n')
    message = one.receive()
    assert message["error"]["code"] == -32700 and "http.max_body_bytes" in message["error"]["message"]
    assert "id" not in message
    assert one.answer(one.send("ping", claim=False))["result"] == {}
    assert is_sanitized() or proc.resident_bytes(one.pid) - resident < 8 << 20
    one.end()
    assert one.rest() == []


# ---- many at once ----


def test_slow_calls_block_nothing(desk, shop):
    """R-127: answers come as they are ready."""
    one = desk()
    one.login()
    shop.fault("hang", PRODUCTS)
    slow = [one.start_call("catalog_get_product", {"sku": "MCP-001"}) for _ in range(20)]
    fast = [one.start_call("auth_whoami") for _ in range(200)]
    order = []
    for _ in range(220):
        order.append(one.receive())
        if len(order) == 200:
            shop.heal()  # lets go of the connections that hang: the calls are sent again
    ids = [message["id"] for message in order]
    assert set(ids[:200]) == set(fast) and set(ids[200:]) == set(slow)
    assert all(not message["result"]["isError"] for message in order)
    one.end()


def test_client_that_does_not_read(desk):
    """More answers than the pipe holds: they wait, whole, and nothing is lost."""
    one = desk()
    release = threading.Event()
    original, one.messages.put = one.messages.put, lambda item: (release.wait(60), original(item))
    writer = threading.Thread(target=lambda: [one.send("tools/list") for _ in range(60)], daemon=True)
    writer.start()
    time.sleep(0.5)
    release.set()
    writer.join(60)
    tools = [one.receive() for _ in range(60)]
    assert [message["id"] for message in tools] == list(range(1, 61))
    assert len({json.dumps(message["result"]) for message in tools}) == 1
    one.end()
    assert one.rest() == []


def test_cancelled(desk, shop):
    """R-125, both eras: it stops, the shop's connection is closed, no answer follows."""
    one = desk()
    one.initialize()
    one.login()
    shop.fault("hang", PRODUCTS)
    legacy = one.start_call("catalog_get_product", {"sku": "MCP-001"}, id="a call")
    other = one.start_call("catalog_get_product", {"sku": "MCP-002"}, id="another")
    one.protocol = schema.MODERN
    one.login()
    one.start_call("catalog_get_product", {"sku": "MCP-001"}, id=77)
    shop.wait_requests(3, "/products")
    one.send("notifications/cancelled", {"requestId": "77"}, notification=True)  # another id
    one.send("notifications/cancelled", {"requestId": 77, "reason": "test"}, notification=True)
    one.send("notifications/cancelled", {"requestId": legacy}, notification=True, claim=False)
    one.send("notifications/cancelled", {"requestId": "unknown"}, notification=True)
    one.send("notifications/cancelled", {}, notification=True)
    one.rpc("server/discover")
    poll(lambda: sum("cancelled" in line for line in one.log) == 2, lambda: "".join(one.log))
    shop.heal()
    one.process.stdin.close()
    left = one.rest()
    assert [message["id"] for message in left] in ([], [other])
    one.wait()


# ---- the end ----


GRACE_S = 2  # of calls that run


def test_end_of_input_while_idle(desk):
    def attempt():
        one = desk()
        one.rpc("server/discover")
        took = one.end()
        assert one.rest() == []
        return took < GRACE_S

    at_best(attempt)


def test_end_of_input_lets_calls_finish(desk, shop):
    """R-123: what is running is finished, also a last line without its end."""
    def attempt():
        one = desk()
        one.login()
        shop.reset()
        shop.fault("latency", PRODUCTS, ms=200)
        slow = one.start_call("catalog_get_product", {"sku": "MCP-001"})
        one.write(b'{"jsonrpc":"2.0","id":"last","method":"ping"}')
        took = one.end()
        told = [message["id"] for message in one.rest()]
        assert told == ["last", slow] or (told == ["last"] and took > GRACE_S - 0.1), (told, took)
        return slow in told

    at_best(attempt)


def test_end_of_input_cancels_what_hangs(desk, shop):
    one = desk()
    one.login()
    shop.fault("hang", PRODUCTS)
    one.start_call("catalog_get_product", {"sku": "MCP-001"})
    shop.wait_requests(1, "/products")
    assert GRACE_S - 0.5 < one.end() < 20  # a shop may take longer than that
    assert one.rest() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals(desk, shop, number):
    """R-123: exit 0, after the grace; at once when nothing runs."""
    def attempt():
        one = desk()
        one.rpc("server/discover")
        return one.end(number) < GRACE_S

    def attempt_twice():
        shop.reset()
        two = desk()
        two.login()
        shop.fault("hang", PRODUCTS)
        two.start_call("catalog_get_product", {"sku": "MCP-001"})
        shop.wait_requests(1, "/products")
        began = time.monotonic()
        two.process.send_signal(number)
        time.sleep(0.2)
        was_waiting = two.process.poll() is None
        assert was_waiting or time.monotonic() - began > GRACE_S - 0.5
        two.end(number)  # a second one: now
        took = time.monotonic() - began
        assert two.rest() == []
        return was_waiting and took < GRACE_S

    at_best(attempt)
    at_best(attempt_twice)


def with_a_plan(desk):
    """One that is logged in and has a keeper, which holds a plan, and the keeper's pid."""
    one = desk()
    one.login()
    update = {"match": {"sku_list": ["MCP-001"]}, "price_updates": {"price": 37}, "scope": {"scope": "global"}}
    one.ok("pricing_prepare_bulk_price_update", update)
    (keeper,) = one.keepers()
    return one, keeper


def test_signals_while_it_ends_already(desk):
    """R-123: it waits for its keeper, and whoever is in a hurry meanwhile changes nothing."""
    one, keeper = with_a_plan(desk)
    os.kill(keeper, signal.SIGSTOP)
    one.process.stdin.close()
    poll(lambda: any('"stopped"' in line for line in one.log), lambda: one.log[-3:])
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        one.process.send_signal(number)
    with contextlib.suppress(ProcessLookupError):
        os.kill(keeper, signal.SIGCONT)
    one.wait([keeper])


@pytest.mark.parametrize("asked", [b"", b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n'])
def test_closed_output(shop, tmp_path, asked):
    """R-123: exits when nobody reads, by itself; its input is still open."""
    reader, writer = os.pipe()
    process = subprocess.Popen([SERVER, "stdio"], stdin=subprocess.PIPE, stdout=writer, stderr=subprocess.DEVNULL,
                               env=clean_environment(XDG_STATE_HOME=str(tmp_path)))
    os.close(writer)
    os.close(reader)
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(asked)
        process.stdin.flush()
    assert process.wait(timeout=60) == 0
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()


@pytest.mark.parametrize("era", ["modern", "legacy"])
def test_closed_output_of_a_subscriber(tmp_path, era):
    """Over a socket pair (what node makes) it is a word of the server's own that finds the client gone."""
    wish = {"_meta": Modern.meta(), "notifications": {"toolsListChanged": True}}
    listen = {"method": "subscriptions/listen", "params": wish}
    initialize = {"method": "initialize", "params": {"protocolVersion": "2025-11-25", "capabilities": {},
                                                     "clientInfo": {"name": "e2e", "version": "1"}}}
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen([SERVER, "stdio"], stdin=subprocess.PIPE, stdout=theirs, stderr=subprocess.PIPE,
                                   env=clean_environment(XDG_STATE_HOME=str(tmp_path)))
    ours.close()
    message = {"jsonrpc": "2.0", "id": 1, **(listen if era == "modern" else initialize)}
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(json.dumps(message).encode() + b"\n")
        process.stdin.flush()
    assert process.wait(timeout=60) == 0, process.stderr.read()
    process.stderr.close()
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()


@pytest.mark.parametrize("kind", ["file", "socket", "null"])
def test_kinds_of_input(shop, tmp_path, kind):
    """A file, a socket pair (what node makes), nothing at all."""
    text = b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n' * 3
    ours = None
    if kind == "file":
        (tmp_path / "in").write_bytes(text)
        given = open(tmp_path / "in", "rb")
    elif kind == "socket":
        ours, given = socket.socketpair()
        ours.sendall(text)
        ours.shutdown(socket.SHUT_WR)
    else:
        given = open("/dev/null", "rb")
    with given, open(tmp_path / "out", "wb") as out:
        done = subprocess.run([SERVER, "stdio"], stdin=given, stdout=out, stderr=subprocess.PIPE, timeout=60,
                              env=clean_environment(XDG_STATE_HOME=str(tmp_path)))
    assert done.returncode == 0, done.stderr
    wanted = 0 if kind == "null" else 3
    assert (tmp_path / "out").read_bytes() == b'{"jsonrpc":"2.0","id":1,"result":{}}\n' * wanted
    if ours:
        ours.close()


# ---- state, and the keeper ----


def test_plan_through_the_keeper_child(desk, shop):
    """A keeper at first use only; plans survive the process; it leaves no child behind."""
    one = desk()
    one.login()
    assert one.keepers() == []
    update = {"match": {"sku_list": ["MCP-001"]}, "price_updates": {"price": 33}, "scope": {"scope": "global"}}
    plan = one.ok("pricing_prepare_bulk_price_update", update)
    assert len(one.keepers()) == 1
    (keeper,) = one.keepers()
    environment = proc.environment(keeper)
    assert b"MAGENTO_" not in environment and not [s for s in OAUTH.values() if s.encode() in environment]
    one.end()
    two = desk()
    two.login()
    done = two.ok("pricing_commit_bulk_price_update", {"plan_id": plan["plan_id"], **OK})
    assert (done["status"], done["success_count"]) == ("completed", 1)
    assert two.ok("catalog_get_product", {"sku": "MCP-001"})["price"] == 33
    two.end(signal.SIGTERM)
    assert {entry.name for entry in one.state().iterdir()} >= {"audit.jsonl"}
    audit = [json.loads(line) for line in (one.state() / "audit.jsonl").read_text().splitlines()]
    assert {record["principal"] for record in audit} == {f"local:{os.getuid()}"}
    for path in (one.state(), one.state().parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_killed_keeper_is_replaced(desk):
    one = desk()
    one.login()
    update = {"match": {"sku_list": ["MCP-001"]}, "price_updates": {"price": 34}, "scope": {"scope": "global"}}
    plan = one.ok("pricing_prepare_bulk_price_update", update)
    (keeper,) = one.keepers()
    os.kill(keeper, signal.SIGKILL)
    poll(lambda: one.children() == [], lambda: one.children())
    one.ok("pricing_commit_bulk_price_update", {"plan_id": plan["plan_id"], **OK})
    assert len(one.keepers()) == 1
    one.end()


def test_keeper_that_cannot_start(desk, tmp_path):
    """A refusal within moments, not a hang; everything else works; a file that is no database is not touched."""
    (tmp_path / "foreign").write_text("not a database\n" * 100)
    one = desk([f"keeper.path={tmp_path}/foreign"])
    one.login()
    began = time.monotonic()
    update = {"match": {"sku_list": ["MCP-001"]}, "price_updates": {"price": 34}, "scope": {"scope": "global"}}
    assert one.call("pricing_prepare_bulk_price_update", update).refused
    assert time.monotonic() - began < 20
    assert one.ok("auth_whoami")["username"] == "default"
    assert (tmp_path / "foreign").read_text() == "not a database\n" * 100
    one.end()


def test_killed_process_takes_its_keeper_along(desk):
    one, keeper = with_a_plan(desk)
    one.process.kill()
    one.process.wait()
    poll(lambda: proc.title(keeper) != "magento-mcp keeper", "the keeper lives on")


def test_two_processes_share_the_state(desk):
    one, two = desk(), desk()
    for each in (one, two):
        each.login()
    update = {"match": {"sku_list": ["MCP-001"]}, "price_updates": {"price": 36}, "scope": {"scope": "global"}}
    plan = one.ok("pricing_prepare_bulk_price_update", update)
    two.ok("pricing_commit_bulk_price_update", {"plan_id": plan["plan_id"], **OK})
    one.end()
    two.end()


def test_where_the_state_is(desk, tmp_path):
    """XDG_STATE_HOME, else ~/.local/state, unless server.state_dir is set; made when it is missing."""
    one = desk(environment={"XDG_STATE_HOME": "relative/names/do/not/count"})
    one.rpc("server/discover")
    one.end()
    assert (tmp_path / ".local/state/magento-mcp/audit.jsonl").exists()
    two = desk([f"server.state_dir={tmp_path}/deep/er/still"])
    two.rpc("server/discover")
    two.end()
    assert (tmp_path / "deep/er/still/audit.jsonl").exists() and not two.state().exists()
    three = desk(environment={"MAGENTO_MCP_SERVER_STATE_DIR": str(tmp_path / "by environment")})
    three.rpc("server/discover")
    three.end()
    assert (tmp_path / "by environment/audit.jsonl").exists()
    (tmp_path / "file").write_text("")
    four = desk([f"server.state_dir={tmp_path}/file"])
    four.wait(status=2)
    assert four.rest() == [] and "server.state_dir" in "".join(four.log)


def test_bad_usage():
    for words in (["stdio", "-s", "no.such=1"], ["stdio", "--nonsense"], ["stdio", "operand"]):
        done = subprocess.run([SERVER, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                              env=clean_environment())
        assert done.returncode == 2 and done.stdout == "" and done.stderr, words
