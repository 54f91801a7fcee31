"""Signals, reloads, deaths, systemd, the command line, metrics, and what must never be seen from outside."""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from harness import memory, proc, schema
from harness.client import Legacy, Modern, kept
from harness.http import Broken, Connection, head
from harness.places import ADMIN, INTEGRATION_TOKEN, OAUTH, PASSWORD, poll
from harness.process import run_cli

PRODUCTS = "/rest/all/V1/products/"
PATIENT = {"magento": {"read_timeout_ms": "60s"}}


def request_bytes(client, tool, params=None):
    arguments = client.arguments(params or {}, True)
    message = client.message("tools/call", {"name": tool, "arguments": arguments})
    body = json.dumps(message).encode()
    fields = {"Host": client.server.host, **client.headers(), **client.extra("tools/call", message["params"])}
    return head("POST", "/mcp", list(fields.items()) + [("Content-Length", len(body))]) + body


def begin_slow_call(client, shop, n=1):
    """Calls for which the store takes its time, on connections of their own."""
    connections = []
    for _ in range(n):
        connection = Connection(client.server.address)
        connection.send(request_bytes(client, "catalog_get_product", {"sku": "MCP-001"}))
        connections.append(connection)
    shop.wait_requests(n, PRODUCTS)
    return connections


def worker_of(server, client):
    """The pid of the worker that serves the client's kept connection."""
    local_port = client.connection.socket.getsockname()[1]
    return poll(lambda: proc.holder(server.pids, server.port, local_port), "a worker accepted the connection")


def clients_of_workers(server, session, n):
    """{pid: client} on kept connections to n workers; the caller closes them."""
    found, spare = {}, []

    def try_one():
        client = Modern(server, keep=True)
        client.session = session
        pid = worker_of(server, client)
        spare.append(client) if pid in found else found.setdefault(pid, client)
        return len(found) == n

    poll(try_one, lambda: f"{n} workers: {server.status()}")
    for client in spare:
        client.close()
    return found


# ---- death of workers ----


def expect_killed(server, n=1):
    server.expects("worker_ended", n, level="error", by="signal", status=9)


def test_killed_worker(start, shop):
    """R-408: sessions and logins survive, it is replaced at once, only what it was doing fails."""
    server = start(PATIENT)
    modern, legacy = Modern(server), Legacy(server)
    modern.login()
    legacy.login()
    victim_client, other_client = (clients := clients_of_workers(server, modern.session, 2)).values()
    victim, other = clients
    shop.reset()
    shop.fault("hang", PRODUCTS)
    for client in clients.values():
        client.connection.send(request_bytes(client, "catalog_get_product", {"sku": "MCP-001"}))
    shop.wait_requests(2, PRODUCTS)
    expect_killed(server)
    os.kill(victim, signal.SIGKILL)
    assert modern.ok("auth_whoami")
    with pytest.raises(Broken):
        victim_client.connection.read_reply()
    shop.heal()  # lets go of the call that hangs: it is sent again
    reply = other_client.connection.read_reply()
    assert reply.status == 200 and reply.json["result"]["isError"] is False
    for client in clients.values():
        client.close()
    poll(lambda: len(server.worker_pids()) == 4 and victim not in server.worker_pids(), "a new worker")
    server.note_workers()
    assert other in server.pids and sum(worker["respawns"] for worker in server.status()["workers"]) == 1
    for _ in range(12):
        assert modern.ok("auth_whoami") and legacy.ok("auth_whoami")
    assert legacy.rpc("ping") == {}


def test_all_workers_killed(start):
    """Also when none is left: the table outlives them."""
    server = start()
    client, legacy = Modern(server), Legacy(server)
    client.login()
    legacy.login()
    for _ in range(3):
        old = server.pids
        expect_killed(server, 4)
        for pid in old:
            os.kill(pid, signal.SIGKILL)
        poll(lambda: len(server.worker_pids() - old) == 4 and not server.worker_pids() & old, "four new workers")
        server.note_workers()
        assert client.ok("auth_whoami") and legacy.ok("auth_whoami")
        server.allows("crash_loop")
        server.check_log()
    assert server.metric("magento_mcp_table_corrupt_total") == 0


def test_a_successor_is_ready_for_shops(start):
    """Nobody waits for a worker that comes while others serve: what its first request to a shop needs is loaded by then."""
    server = start(workers=2)
    victim = sorted(server.pids)[0]
    if not memory.may_look(victim):
        pytest.skip("only root may look into a worker")
    expect_killed(server)
    os.kill(victim, signal.SIGKILL)
    fresh = poll(lambda: {line["worker_pid"] for line in server.log("worker_ready")} - server.pids, "a new worker")
    with open(f"/proc/{fresh.pop()}/maps") as maps:
        assert "/libcurl.so" in maps.read()
    server.note_workers()


def test_logout_survives_a_kill(start):
    """What was acknowledged stays: no login comes back with a new worker."""
    server = start(workers=2)
    client = Modern(server)
    for _ in range(3):
        client.login()
        client.ok("auth_logout")
        expect_killed(server)
        victim = sorted(server.pids)[0]
        os.kill(victim, signal.SIGKILL)
        poll(lambda: victim not in server.worker_pids() and len(server.worker_pids()) == 2, "a new worker")
        server.note_workers()
        client.refused("auth_whoami", "NOT_AUTHENTICATED")
        server.allows("crash_loop")
        server.check_log()


def test_killed_supervisor(start):
    """Workers without a supervisor finish and go; nothing is left."""
    server = start(workers=2)
    Modern(server).login()
    pids = server.pids
    server.allows("supervisor_gone")
    server.process.kill()
    assert server.process.wait(60) == -signal.SIGKILL
    poll(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), "the workers are gone")
    server.forget()


# ---- reload ----


def test_reload(start):
    """HUP: the new setting is seen, nobody's request fails, sessions stay, the old workers go."""
    server = start({"server": {"environment": "before"}})
    client, legacy = Modern(server), Legacy(server)
    client.login()
    legacy.login()
    assert client.ok("auth_whoami")["environment"] == "before"
    stop = threading.Event()
    seen = []

    def load(kind):
        mine = kind(server)
        mine.session = client.session
        with kept(mine) if kind is Legacy else contextlib.nullcontext():
            while not stop.is_set():
                reply = mine.ask("tools/call", {"name": "auth_whoami", "arguments": {"session": client.session}})
                assert reply.status == 200, reply
                seen.append(reply.json["result"]["content"][0]["text"])
                if reply.closed and mine.connection is not None:
                    mine.connection.close()
                    mine.connection = Connection(server.address)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        running = [pool.submit(load, kind) for kind in (Modern, Modern, Legacy, Legacy)]
        poll(lambda: len(seen) > 20, "load")
        old = set(server.pids)
        server.write({"server": {"environment": "after"}})
        server.expects("reload")
        server.expects("reloaded")
        server.process.send_signal(signal.SIGHUP)
        poll(lambda: "after" in seen[-1], "the new setting")
        poll(lambda: not server.worker_pids() & old, "the old workers are gone")
        server.note_workers()
        n = len(seen)
        poll(lambda: len(seen) > n + 20, "load afterwards")
        stop.set()
        for item in running:
            item.result()
    assert client.ok("auth_whoami")["environment"] == legacy.ok("auth_whoami")["environment"] == "after"
    assert server.status()["generation"] == 2 and server.status()["last_reload"]["ok"] is True


def test_reload_keeps_slow_calls(start, shop):
    """What an old worker has begun it finishes."""
    server = start(PATIENT, workers=2)
    client = Modern(server)
    client.login()
    shop.reset()
    shop.fault("hang", PRODUCTS)
    connections = begin_slow_call(client, shop, 3)
    server.expects("reload")
    server.expects("reloaded")
    assert server.ask("reload wait").startswith("OK")
    server.wait_log("draining", 2, role="worker")
    shop.heal()
    for connection in connections:
        reply = connection.read_reply()
        assert reply.status == 200 and reply.json["result"]["isError"] is False and reply.closed
        connection.close()
    poll(lambda: len(server.status()["workers"]) == 2, "the old generation is gone")
    server.note_workers()


def test_reload_of_idle_connections(start):
    """An idle kept-alive connection is not cut: its next request is answered, with `Connection: close`."""
    server = start(workers=2)
    clients = [Modern(server, keep=True) for _ in range(6)]
    clients[0].login()
    for client in clients:
        client.session = clients[0].session
        assert client.ok("auth_whoami")
    server.expects("reload")
    server.expects("reloaded")
    assert server.ask("reload wait").startswith("OK")
    for client in clients:
        reply = client.ask("tools/call", {"name": "auth_whoami", "arguments": {"session": client.session}})
        assert reply.status == 200 and reply.closed
        client.close()
    poll(lambda: len(server.status()["workers"]) == 2, "the old generation is gone")
    server.note_workers()


def test_scheduling(start):
    """A worker that has nothing to do is scheduled as any other process; it watches itself unless it shall not."""
    server = start(workers=1)

    ours = os.sched_getscheduler(0)  # of these tests, and so of what they start

    def watches():
        (pid,) = server.pids
        assert os.sched_getscheduler(pid) == ours
        return any(kind.endswith("/schedstat") for kind in proc.descriptors(pid))

    assert server.metric("magento_mcp_workers_batch") == 0
    assert watches() == (ours == os.SCHED_OTHER and os.path.exists("/proc/self/schedstat"))
    server.write({"server": {"scheduling": "normal"}})
    server.expects("reload")
    server.expects("reloaded")
    assert server.ask("reload wait").startswith("OK")
    poll(lambda: len(server.status()["workers"]) == 1, "the old generation is gone")
    server.note_workers()
    assert not watches()


@pytest.mark.parametrize("text,line,what", [
    ("[server]\nlisten = 127.0.0.1:0\nlistne = x\n", 3, "listne"),
    ("[server]\nworkers = many\n", 2, "workers"),
    ("[server]\nworkers = 2\nworkers = 3\n", 3, "workers"),
    ("nonsense\n", 1, ""),
    ("[session]\nidle_ms = 5x\n", 2, "idle_ms"),
])
def test_bad_configuration(the_server, shop, text, line, what):
    """The old generation goes on; ctl reload --wait says where and what, with status 1."""
    server = the_server
    client = Modern(server)
    client.login()
    good = server.path.read_text()
    try:
        server.path.write_text(text)
        server.expects("reload", 2)
        server.expects("reload_failed", 2)
        server.allows("check")
        done = run_cli("ctl", "reload", "--wait", "-s", f"server.control_socket={server.control_socket}")
        assert done.returncode == 1 and f"{server.path}:{line}:" in done.stderr and what in done.stderr, done.stderr
        server.process.send_signal(signal.SIGHUP)
        server.wait_log("reload_failed", 2)
    finally:
        server.path.write_text(good)
    assert client.ok("auth_whoami") and server.status()["last_reload"]["ok"] is False
    assert server.worker_pids() == server.pids


def test_reload_that_needs_a_restart(the_server, shop):
    """A key that only a start can apply is named, and nothing is changed by halves."""
    server = the_server
    try:
        server.write({"server": {"table_slots": 128, "environment": "half"}})
        server.expects("reload")
        server.expects("reload_failed")
        done = run_cli("ctl", "reload", "--wait", "-c", server.path)
        assert (done.returncode, done.stdout) == (1, "")
        assert "a reload cannot change server.table_slots; restart the service" in done.stderr
        assert "changed: server.environment, server.table_slots\n" in done.stderr, done.stderr
    finally:
        server.write({})
    client = Modern(server)
    client.login()
    assert client.ok("auth_whoami")["environment"] == "staging"


def test_reload_storm(start):
    """Signals that come while a reload runs are one more reload, not one each, and none is lost."""
    server = start({"server": {"environment": "e0"}}, workers=2)
    client = Modern(server)
    client.login()
    for i in range(1, 6):
        server.write({"server": {"environment": f"e{i}"}})
        server.process.send_signal(signal.SIGHUP)
    server.allows("reload")
    server.allows("reloaded")
    server.allows("generation_cut")
    poll(lambda: client.ok("auth_whoami")["environment"] == "e5", "the last configuration")
    poll(lambda: server.status()["state"] == "running" and len(server.status()["workers"]) == 2,
         lambda: f"at rest: {server.status()}")
    server.note_workers()
    assert 2 <= server.status()["generation"] <= 6


def test_more_and_fewer_workers(start):
    """server.workers follows the reload."""
    server = start(workers=1)
    client = Modern(server)
    client.login()
    for n in (4, 2):
        server.workers = n
        server.base["server"]["workers"] = n
        server.reload({})
        assert len(server.pids) == n
        assert client.ok("auth_whoami")


# ---- drain, stop ----


def test_drain(start, shop):
    """ctl drain retires the workers and keeps sockets and table; a reload brings new ones."""
    server = start(workers=2)
    client = Modern(server)
    client.login()
    assert server.admin("/readyz").raw == b"ready\n"
    server.expects("draining")
    assert run_cli("ctl", "drain", "-c", server.path).returncode == 0
    poll(lambda: server.status()["state"] == "drained" and server.status()["workers"] == [], "no worker")
    waiting = Connection(server.address)  # the socket still takes it
    waiting.send(request_bytes(client, "auth_whoami"))
    server.expects("reload")
    server.expects("reloaded")
    assert server.ask("reload wait").startswith("OK")
    assert waiting.read_reply().status == 200
    waiting.close()
    server.note_workers()


def test_winch_drains(start):
    """WINCH is ctl drain; HUP brings the workers back, and logins are there still."""
    server = start(workers=2)
    client = Modern(server)
    client.login()
    server.expects("draining")
    server.process.send_signal(signal.SIGWINCH)
    poll(lambda: server.status()["state"] == "drained" and server.status()["workers"] == [], "no worker")
    server.expects("reload")
    server.expects("reloaded")
    server.process.send_signal(signal.SIGHUP)
    poll(lambda: len(server.status()["workers"]) == 2, "two workers")
    server.note_workers()
    assert client.ok("auth_whoami")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGQUIT])
def test_graceful_stop(start, shop, how):
    """A running call is finished, then all ends with status 0."""
    server = start(PATIENT, workers=2)
    client = Modern(server)
    client.login()
    shop.reset()
    shop.fault("hang", PRODUCTS)
    connections = begin_slow_call(client, shop, 3)
    server.process.send_signal(how)
    server.wait_log("stopping")
    server.wait_log("draining", 2, role="worker")
    server.allows("refused", status=403)  # answers to those who look whether it is still there
    poll(lambda: not can_connect(server), "the listener is closed")
    shop.heal()
    for connection in connections:
        reply = connection.read_reply()
        assert reply.status == 200 and reply.json["result"]["isError"] is False and reply.closed
        connection.close()
    server.ended(0)


def can_connect(server):
    """Whether somebody serves a new connection. The supervisor holds the socket, so the kernel may still accept."""
    try:
        with contextlib.closing(Connection(server.address, timeout=0.2)) as connection:
            connection.send(b"GET /mcp HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return connection.socket.recv(1) != b""
    except OSError:
        return False


@pytest.mark.parametrize("second", ["TERM", "INT"])
def test_stop_now(start, shop, second):
    """A second TERM, or INT, does not wait for what runs, nor for the end of the grace."""
    server = start({"magento": {"read_timeout_ms": "10m"}, "server": {"drain_ms": "10m"}}, workers=2)
    client = Modern(server)
    client.login()
    shop.reset()
    shop.fault("hang", PRODUCTS)
    connections = begin_slow_call(client, shop, 3)
    if second == "TERM":
        server.process.send_signal(signal.SIGTERM)
        server.wait_log("stopping")
        assert server.process.poll() is None
    server.expects("stopping_now")
    server.allows("refused", status=503)
    server.allows("refused", status=499)
    server.process.send_signal(getattr(signal, "SIG" + second))
    server.ended(0)
    for connection in connections:
        try:
            assert connection.read_reply().status == 503
        except Broken:
            pass
        connection.close()


def test_stop_at_the_deadline(start, shop):
    """server.drain_ms bounds the grace."""
    server = start({"magento": {"read_timeout_ms": "10m"}, "server": {"drain_ms": "400ms"}}, workers=2)
    client = Modern(server)
    client.login()
    shop.reset()
    shop.fault("hang", PRODUCTS)
    connections = begin_slow_call(client, shop, 2)
    server.allows("refused", status=503)
    server.allows("refused", status=499)
    server.allows("worker_killed")
    server.allows("worker_ended")
    server.process.send_signal(signal.SIGTERM)
    server.ended(0)
    for connection in connections:
        connection.close()


def test_ctl_stop(start):
    server = start(workers=1)
    done = run_cli("ctl", "stop", "--wait", "-c", server.path)
    assert (done.returncode, done.stderr) == (0, "")
    server.ended(0)


def events(path):
    """Event names in a log file, of the lines that are whole."""
    *lines, _ = path.read_text().split("\n") if path.exists() else [""]
    return [json.loads(line)["event"] for line in lines]


@pytest.fixture
def logging_server(start):
    """A server that logs into a file of its folder."""
    server = start(workers=2, wait=False, log_file=True)
    path = server.folder / "log"
    poll(lambda: "serving" in events(path), "serving in the file")
    line = next(json.loads(text) for text in path.read_text().splitlines() if '"listening"' in text)  # before "serving"
    server.port, server.admin_port = int(line["listen"].rpartition(":")[2]), int(line["admin"].rpartition(":")[2])
    server.control_socket = line["control_socket"]
    server.note_workers()
    return server


def rotate(server, reopen, number):
    """Moves the log away and has the server begin a new one."""
    path, old = server.folder / "log", server.folder / f"old{number}"
    path.rename(old)
    reopen()
    poll(lambda: "reopened" in events(path), "reopened")
    client = Modern(server)
    poll(lambda: client.login() and events(path).count("mcp") >= 2, "lines of the workers in the new file")
    # The names of open files have changed; their number must not grow from now on.
    server.fds = {pid: proc.descriptors(pid) for pid in server.fds}
    server.worker_fds.clear()
    server.note_workers()
    return old


def test_log_file(logging_server):
    """USR1 and ctl reopen begin a new file; every line of each is whole."""
    server = logging_server
    Modern(server).login()
    poll(lambda: "mcp" in events(server.folder / "log"), "lines of the workers")
    for number, reopen in enumerate([lambda: server.process.send_signal(signal.SIGUSR1), lambda: server.ask("reopen")]):
        assert events(rotate(server, reopen, number))


def test_old_log_file_is_let_go(logging_server):
    """A rotated log that is removed gives its space back: nobody holds it open."""
    old = str(rotate(logging_server, lambda: logging_server.ask("reopen"), 0))
    for pid in logging_server.pids | {logging_server.process.pid}:
        poll(lambda: not any(kind.startswith(old) for kind in proc.descriptors(pid)),
             lambda: f"{proc.title(pid)} holds {proc.descriptors(pid)}")


# ---- status and metrics ----


def test_status(server):
    """ctl status, for people and as JSON."""
    done = run_cli("ctl", "status", "--json", "-c", server.path)
    assert done.returncode == 0, done.stderr
    status = json.loads(done.stdout)
    assert status["pid"] == server.process.pid and status["state"] == "running"
    assert status["listen"] == [f"127.0.0.1:{server.port}"] and status["admin"] == f"127.0.0.1:{server.admin_port}"
    assert [worker["state"] for worker in status["workers"]] == ["ready"] * 4
    poll(lambda: all(worker["heartbeat_age_ms"] < 5000 for worker in server.status()["workers"]), "hearts beat")
    assert status["table"]["slots"] == 65536 and status["table"]["corrupt"] == 0
    for worker in status["workers"]:
        assert proc.title(worker["pid"]) == f"magento-mcp worker {worker['slot']}"
    text = run_cli("ctl", "status", "-c", server.path).stdout
    assert f"pid {server.process.pid}, running" in text and f"127.0.0.1:{server.port}" in text


def test_control_socket_is_private(server):
    assert os.stat(server.control_socket).st_mode & 0o777 == 0o600
    for line in ("", "status xml", "bogus", "reload now please", "\0\0"):
        assert server.ask(line).startswith("ERROR "), line
    assert server.ask("status" + "x" * 100000)[:6] in ("ERROR ", "")
    assert server.status()["state"] == "running"


def test_admin_paths(server):
    for path, status in (("/healthz", 200), ("/readyz", 200), ("/metrics", 200), ("/", 404), ("/mcp", 404)):
        assert server.admin(path).status == status
    assert server.admin("/healthz", "HEAD").raw == b"" and server.admin("/healthz", "POST").status == 405
    assert server.http("GET", "/metrics").status == 404


def test_metrics_are_not_for_pages(server):
    """DNS rebinding: a page whose name points to this machine now would read the counters. Addresses are fine, in Host or target."""
    for host, status in (("evil.example", 403), (f"evil.example:{server.admin_port}", 403), ("127.0.0.1.nip.io", 403),
                         ("localhost.evil.example", 403), ("localhost", 200), (f"LOCALHOST:{server.admin_port}", 200),
                         ("[::1]:9", 200), ("192.0.2.1", 200)):
        with contextlib.closing(Connection(("127.0.0.1", server.admin_port))) as connection:
            connection.send(head("GET", "/metrics", [("Host", host), ("Connection", "close")]))
            assert connection.read_reply("GET").status == status, host
        with contextlib.closing(Connection(("127.0.0.1", server.admin_port))) as connection:
            connection.send(head("GET", f"http://{host}/metrics", [("Host", host), ("Connection", "close")]))
            assert connection.read_reply("GET").status == status, f"http://{host}"


def test_metrics(server):
    """The counts per tool are those of the calls made; totals are the sum over all workers."""
    client = Modern(server)
    client.login()

    def counts():
        metrics = server.metrics()
        return {(name, dict(labels).get("tool")): value for (name, labels), value in metrics.items()
                if name in ("magento_mcp_tool_errors_total", "magento_mcp_tool_duration_seconds_count")}

    before, requests = counts(), server.metric("magento_mcp_http_requests_total")
    for _ in range(7):
        client.ok("auth_whoami")
    for _ in range(3):
        client.ok("catalog_get_product", {"sku": "MCP-001"})
    for _ in range(2):
        client.refused("catalog_get_product", "NOT_FOUND", {"sku": "nope"})
    client.refused("scope_set_default", "VALIDATION_ERROR", {})
    grown = {key: value - before[key] for key, value in counts().items() if value != before[key]}
    calls, errors = "magento_mcp_tool_duration_seconds_count", "magento_mcp_tool_errors_total"
    assert grown == {(calls, "auth_whoami"): 7, (calls, "catalog_get_product"): 5, (errors, "catalog_get_product"): 2,
                     (calls, "scope_set_default"): 1, (errors, "scope_set_default"): 1}
    assert server.metric("magento_mcp_http_requests_total") == requests + 13
    server.wait_idle()
    metrics = server.metrics()
    assert sum(value for (name, _), value in metrics.items() if name == "magento_mcp_worker_up") == 4
    assert metrics[("magento_mcp_table_slots", ())] == 65536
    assert metrics[("magento_mcp_log_lines_dropped_total", ())] == 0


def test_metrics_count_records(server):
    before = server.metric("magento_mcp_table_records", kind="login")
    client = Modern(server)
    handles = [client.login()["session"] for _ in range(4)]
    assert server.metric("magento_mcp_table_records", kind="login") == before + 4
    for handle in handles:
        client.ok("auth_logout", session=handle)
    assert server.metric("magento_mcp_table_records", kind="login") == before


def test_ready_while_draining(start, shop):
    """/readyz says 503 on a connection that is still open, /healthz goes on."""
    server = start(PATIENT, workers=1)
    client = Modern(server)
    client.login()
    shop.reset()
    shop.fault("hang", PRODUCTS)
    (slow,) = begin_slow_call(client, shop)
    admin = Connection(("127.0.0.1", server.admin_port))
    ask = head("GET", "/readyz", [("Host", "x")])
    admin.send(ask)
    assert admin.read_reply("GET").status == 200
    server.process.send_signal(signal.SIGTERM)
    server.wait_log("stopping")
    server.wait_log("draining", role="worker")
    admin.send(ask)
    assert admin.read_reply("GET").status == 503
    admin.close()
    shop.heal()
    assert slow.read_reply().status == 200
    slow.close()
    server.ended(0)


def test_admin_off_and_unix(start, tmp_path):
    path = tmp_path / "admin.sock"
    server = start({"admin": {"listen": f"unix:{path}"}}, workers=1, wait=False)
    server.wait_log("serving")
    server.port = int(server.log("listening")[0]["listen"].rpartition(":")[2])
    server.control_socket = server.log("listening")[0]["control_socket"]
    server.note_workers()
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as sock:
        sock.connect(str(path))
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.1 200")
    server.process.send_signal(signal.SIGTERM)
    server.ended(0)
    other = start({"admin": {"listen": "off"}}, workers=1)
    assert other.admin_port is None and other.status()["admin"] is None


# ---- systemd ----


class NotifySocket:
    def __init__(self, path):
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(0.02)
        self.messages = []

    def drain(self):
        with contextlib.suppress(TimeoutError):
            while True:
                lines = self.socket.recv(4096).decode().splitlines()
                self.messages.append(dict(line.split("=", 1) for line in lines))
        return self.messages

    def wait(self, name, n=1):
        return poll(lambda: (lambda found: found if len(found) >= n else None)(
            [message for message in self.drain() if name in message]), lambda: f"{n} x {name}: {self.messages}")


def test_notify(start, tmp_path):
    """READY, RELOADING with MONOTONIC_USEC, READY again, WATCHDOG while healthy, STOPPING; STATUS says what is."""
    notify = NotifySocket(tmp_path / "notify")
    server = start(workers=2, environment={"NOTIFY_SOCKET": notify.path, "WATCHDOG_USEC": "400000"})
    notify.wait("READY")
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    server.reload({"server": {"environment": "two"}})
    (reloading,) = notify.wait("RELOADING")
    assert before <= int(reloading["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    notify.wait("READY", 2)
    order = [next(name for name in ("READY", "RELOADING", "STOPPING", "WATCHDOG", "STATUS", "FDNAME") if name in message)
             for message in notify.drain()]
    assert order.index("READY") < order.index("RELOADING") < len(order) - 1 - order[::-1].index("READY")
    notify.wait("WATCHDOG", len([1 for message in notify.messages if "WATCHDOG" in message]) + 4)
    assert any("2 workers serve" in message.get("STATUS", "") for message in notify.messages)
    for pid in server.pids:
        assert b"NOTIFY_SOCKET" not in proc.environment(pid) and b"WATCHDOG" not in proc.environment(pid)
    server.process.send_signal(signal.SIGTERM)
    server.ended(0)
    assert notify.wait("STOPPING")
    notify.socket.close()


def test_notify_of_a_failed_reload(start, tmp_path):
    """systemd must not wait for ever: READY follows also a reload that failed, and STATUS says so."""
    notify = NotifySocket(tmp_path / "notify")
    server = start(workers=1, environment={"NOTIFY_SOCKET": notify.path})
    good = server.path.read_text()
    server.path.write_text("[server]\nlistne = x\n")
    server.expects("reload")
    server.expects("reload_failed")
    server.allows("check")
    server.process.send_signal(signal.SIGHUP)
    notify.wait("READY", 2)
    poll(lambda: any("reload failed" in message.get("STATUS", "") for message in notify.drain()), "STATUS")
    server.path.write_text(good)
    server.process.send_signal(signal.SIGTERM)
    server.ended(0)
    notify.socket.close()


def test_socket_activation(start):
    """LISTEN_FDS: the passed sockets are served, a request that came before the start is answered."""
    mcp, admin = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    port, admin_port = mcp.getsockname()[1], admin.getsockname()[1]
    early = Connection(("127.0.0.1", port))
    early.send(head("GET", "/mcp", [("Host", f"127.0.0.1:{port}")]))
    # LISTEN_PID must be the server's own, so a process between moves the sockets, sets it and becomes the server.
    script = ("import os, sys\nfor to, at in enumerate(sys.argv[1:3], 50): os.dup2(int(at), to)\n"
              "for to in (3, 4): os.dup2(47 + to, to); os.close(47 + to)\n"
              "os.closerange(5, 50)\nos.environ['LISTEN_PID'] = str(os.getpid())\nos.execv(sys.argv[3], sys.argv[3:])")
    wrapper = [sys.executable, "-c", script, str(mcp.fileno()), str(admin.fileno())]
    server = start(workers=2, wait=False, popen={"pass_fds": (mcp.fileno(), admin.fileno())}, wrapper=wrapper,
                   environment={"LISTEN_FDS": "2", "LISTEN_FDNAMES": "mcp:admin"})
    mcp.close()
    admin.close()
    server.wait_serving()
    assert (server.port, server.admin_port) == (port, admin_port)
    server.expects("refused", status=405)
    assert early.read_reply("GET").status == 405
    early.close()
    client = Modern(server)
    client.login()
    for pid in server.pids:
        assert b"LISTEN_" not in proc.environment(pid)
    server.reload({"server": {"environment": "two"}})
    assert client.ok("auth_whoami")["environment"] == "two"


def test_two_servers_on_one_folder(server):
    """The second one gives up for good and says why."""
    done = run_cli("serve", "-c", server.path)
    assert done.returncode == 2 and "another server is running" in done.stderr
    assert server.status()["state"] == "running"


def test_port_in_use(shop, tmp_path):
    """May be better later: status 1."""
    taken = socket.create_server(("127.0.0.1", 0))
    done = run_cli("serve", "-s", f"server.listen=127.0.0.1:{taken.getsockname()[1]}", "-s",
                   f"server.state_dir={tmp_path}",
                   "-s", "admin.listen=off", "-s", f"store.main.base_url={shop.url}")
    taken.close()
    assert done.returncode == 1 and str(taken) and "in use" in done.stderr.lower(), done.stderr


# ---- the command line ----


def test_check(server, tmp_path):
    done = run_cli("check", "-c", server.path)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout == f"{server.path}: fine, 1 store, 0 principals\n"
    path = tmp_path / "bad.conf"
    for text, line in (("[server]\nworkers = -1\n", 2), ("[server]\n\n[nope]\nx = 1\n", None),
                       ("[store \"a\"]\nbase_url = ftp://x\n", 2),
                       ("[server]\nlisten = 127.0.0.1\n", 2), ("[session]\nidle_ms = 1\n", 2),
                       ("[store \"a\"]\nbase_url = https://a.example\noauth_token = x\n", None)):
        path.write_text(text)
        done = run_cli("check", "-c", path)
        assert done.returncode == 2 and done.stdout == "", text
        (message,) = done.stderr.splitlines()
        assert re.match(rf"{re.escape(str(path))}:{line or '[0-9]+'}: .+: .+", message), message
    done = run_cli("check", "-c", tmp_path / "missing")
    assert done.returncode == 2 and "missing" in done.stderr


def test_sample_configuration(tmp_path):
    """What check --print-sample prints is accepted, and is what the repository holds."""
    done = run_cli("check", "--print-sample")
    path = tmp_path / "sample.conf"
    path.write_text(done.stdout)
    assert done.returncode == 0 and run_cli("check", "-c", path).returncode == 0
    assert run_cli("check", "--print-man").stdout.startswith((".\\\"", ".TH", "'\\\""))


def test_environment_names(shop):
    """The names of the server that this one replaces define the store `default`."""
    names = {"MAGENTO_BASE_URL": shop.url, "MAGENTO_ADMIN_USERNAME": "admin", "MAGENTO_ADMIN_PASSWORD": PASSWORD,
             "MCP_DEFAULT_ENV": "dev"}
    done = run_cli("check", "-s", "server.workers=1", **names)
    assert done.returncode == 0 and "1 store" in done.stdout, done.stderr


def test_tools_command(server):
    """The same tools and schemas as tools/list."""
    listed = json.loads(run_cli("tools", "--json").stdout)
    served = {tool["name"]: tool for tool in Modern(server).rpc("tools/list")["tools"]}
    assert {tool["name"] for tool in listed} == set(served)
    for tool in listed:
        mine = served[tool["name"]]
        for name in ("inputSchema", "outputSchema", "description", "title"):
            assert tool[name] == mine[name]
        assert tool["tier_name"] in ("Safe", "Risk", "Critical") and tool["action"].replace(".", "_") == tool["name"]
    lines = run_cli("tools").stdout.splitlines()
    assert len(lines) == len(listed)


def test_token_command():
    """First the token, shown once, then the lines for the configuration."""
    done = run_cli("token", "alice", "--scopes=catalog:read", "--expires=2099-12-31")
    assert done.returncode == 0
    token, section, *lines = done.stdout.splitlines()
    assert section == '[principal "alice"]' and re.fullmatch(r"token_sha256 = [0-9a-f]{64}", lines[0])
    assert lines[1:] == ["scopes = catalog:read", "expires = 2099-12-31"] and len(token) >= 43
    assert token != run_cli("token", "alice").stdout.splitlines()[0]
    for args in ((), ("a b",), ("x", "--expires=tomorrow"), ("x", "--stores=a/b"), ("x", "y")):
        assert run_cli("token", *args).returncode == 2, args


def test_usage():
    assert run_cli("--version").stdout == f"magento-mcp {(schema.DATA.parents[1] / 'VERSION').read_text().strip()}\n"
    for command in ("", "help", "--help"):
        assert "serve" in run_cli(*command.split()).stdout
    for command in ("serve", "check", "tools", "token", "ctl"):
        done = run_cli(command, "--help")
        assert done.returncode == 0 and len(done.stdout.splitlines()) <= 24, command
        assert run_cli(command, "--bogus").returncode == 2
    assert run_cli("bogus").returncode == 2
    assert run_cli("ctl", "status", "-s", "server.control_socket=/nonexistent/x.sock").returncode == 1
    assert run_cli("worker", "0").returncode in (1, 2)


# ---- secrets ----


def test_secrets_stay_inside(start, shop, tmp_path):
    """Neither log, process list, environment, metrics nor status shows a secret of the configuration or of a call."""
    server = start({"server": {"log_level": "debug"}, 'store "admin"': {"base_url": shop.url + "/x",
                                                                        "admin_username": "admin",
                                                                      "admin_password": PASSWORD},
                    'store "main"': {"is_default": "yes"}}, workers=2,
                   environment={"FASTLY_API_TOKEN": "environment-secret-0123456789", "FASTLY_SERVICE_ID": "service"})
    shop.settings(bearer=True)
    client, legacy = Modern(server), Legacy(server)
    client.login()
    secrets = [*OAUTH.values(), PASSWORD, INTEGRATION_TOKEN, "environment-secret-0123456789", client.session,
               legacy.login(**ADMIN)["session"], legacy.session_id]
    client.login(integration_token=INTEGRATION_TOKEN)
    client.refused("auth_login", "NOT_AUTHENTICATED", {"username": "limited", "password": "wrong-password-of-a-call"})
    client.refused("auth_login", "NOT_AUTHENTICATED", {"integration_token": "wrong-token-of-a-call"})
    client.refused("auth_login", "VALIDATION_ERROR", {"username": "limited", "pasword": "misspelt-password-of-a-call"})
    secrets += ["wrong-password-of-a-call", "wrong-token-of-a-call", "misspelt-password-of-a-call", client.session]
    seen = {"log": "\n".join(line["_raw"] for line in server.lines), "metrics": server.admin("/metrics").raw.decode(),
            "status": server.ask("status json") + server.ask("status")}
    for pid in server.pids | {server.process.pid}:
        seen[f"cmdline {pid}"] = proc.title(pid)
    for pid in server.pids:
        seen[f"environ {pid}"] = proc.environment(pid).decode("latin-1")
    for place, text in seen.items():
        for secret in secrets:
            assert secret not in text, f"{secret} in {place}"


def test_logout_erases(start, shop):
    """The shared segment holds no secret in the clear at any time, no record of the login after the logout."""
    server = start({'store "main"': dict.fromkeys(OAUTH)}, workers=2)
    shop.settings(bearer=True)
    client = Modern(server)
    needles = [text.encode() for text in (*OAUTH.values(), PASSWORD, INTEGRATION_TOKEN)]
    handles = []
    for params in (OAUTH, ADMIN, {"integration_token": INTEGRATION_TOKEN}):
        handles.append(client.login(**params)["session"])
    pid = sorted(server.pids)[0]
    marks = [b"/store/websites", shop.url.encode()]  # what a login's record holds in the clear
    assert proc.holds_bytes(pid, 4, needles + [handle.encode() for handle in handles]) == set()
    assert proc.holds_bytes(pid, 4, marks) == set(marks)
    for handle in handles:
        client.ok("auth_logout", session=handle)
    assert proc.holds_bytes(pid, 4, needles + marks + [handle.encode() for handle in handles]) == set()
    assert server.metric("magento_mcp_table_records", kind="login") == 0


def core_limits(pid):
    with open(f"/proc/{pid}/limits") as file:
        return next(line for line in file if line.startswith("Max core file size")).split()[4:6]


def test_no_process_leaves_a_core(server):
    children = proc.children(server.process.pid)
    assert len(children) == len(server.pids) + 1  # and the keeper
    for pid in [server.process.pid, *children]:
        assert core_limits(pid) == ["0", "0"]


# What a process of the same user may do to another: {pid: {what: "done" or why not}}.
PRY = r"""
import ctypes, errno, json, os, sys

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.restype = ctypes.c_long
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
ATTACH, DETACH = 16, 17

def attach(pid):
    if libc.ptrace(ATTACH, pid, None, None) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")
    os.waitpid(pid, 0x40000000)  # __WALL
    libc.ptrace(DETACH, pid, None, None)

def read(name):
    def read_one(pid):
        with open(f"/proc/{pid}/{name}", "rb") as file:
            name == "mem" or file.read()
    return read_one

def attempt(what, pid):
    try:
        what(pid)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"

ways = {"environ": read("environ"), "maps": read("maps"), "fd": lambda pid: os.listdir(f"/proc/{pid}/fd"),
        "mem": read("mem"), "attach": attach}
print(json.dumps({pid: {name: attempt(way, int(pid)) for name, way in ways.items()} for pid in sys.argv[1:]}))
"""
NOBODY = 65534

# A copy, since the tree may be closed to others; the folder belongs to whom the server runs as.
AS_NOBODY = ("sh", "-ec", f"""
    folder=${{4%/*}}
    cp "$1" "$folder/server"
    shift
    chown -R {NOBODY}:{NOBODY} "$folder"
    exec setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups --inh-caps=-all -- "$folder/server" "$@"
    """, "sh")


def test_same_user_cannot_look_into_them(start):
    """
    Supervisor, workers and keeper are closed to other processes of their user: memory, environment, descriptors, tracing.
    One that is not hardened shows that the attempts work.
    """
    is_root = os.geteuid() == 0
    popen = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if is_root else {}
    # A leak checker would have to trace its own process at the end, which root may and this user may not.
    sanitizer = {"ASAN_OPTIONS": ":".join([*filter(None, [os.environ.get("ASAN_OPTIONS")]), "detect_leaks=0"])}
    server = start(workers=2, wrapper=AS_NOBODY if is_root else (), environment=sanitizer)
    pids = [server.process.pid, *proc.children(server.process.pid)]
    assert len(pids) == 4  # with two workers and the keeper
    with subprocess.Popen(["sleep", "1000"], **popen) as open_one:
        try:
            done = subprocess.run([sys.executable, "-IBc", PRY, *map(str, [open_one.pid, *pids])], capture_output=True,
                                  text=True, timeout=60, cwd="/", **popen)
        finally:
            open_one.kill()
    found = json.loads(done.stdout or "{}")
    assert len(found) == len(pids) + 1, done.stderr
    open_to = found.pop(str(open_one.pid))
    assert {open_to[name] for name in ("environ", "maps", "fd")} == {"done"}, open_to
    yama = pathlib.Path("/proc/sys/kernel/yama/ptrace_scope")  # closes these two for everybody's processes
    assert yama.exists() and yama.read_text() != "0\n" or open_to["mem"] == open_to["attach"] == "done", open_to
    for pid, ways in found.items():
        assert ways == {"environ": "EACCES", "maps": "EACCES", "fd": "EACCES", "mem": "EACCES", "attach": "EPERM"}, (pid, ways)
        with open(f"/proc/{pid}/status") as file:
            fields = dict(line.rstrip("\n").split(":\t", 1) for line in file)
        assert set(fields["Uid"].split()) == {str(NOBODY if is_root else os.geteuid())}
        assert os.stat(f"/proc/{pid}/environ").st_uid == 0, "the kernel's mark of one that is not dumpable"
        assert core_limits(pid) == ["0", "0"]


def test_argument_secret_warns(shop, tmp_path):
    """-s with a secret is for tests: the process list would show it."""
    done = run_cli("check", "-s", f"store.main.base_url={shop.url}", "-s", "store.main.admin_username=admin", "-s",
                   "store.main.admin_password=secret-on-the-command-line")
    assert done.returncode == 0 and "secret-on-the-command-line" not in done.stdout + done.stderr
    assert "admin_password" in done.stderr
