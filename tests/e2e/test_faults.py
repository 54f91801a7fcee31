"""What goes wrong around a running server: callbacks that hold the loop, full disks, readers that stop, famine."""

import contextlib
import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
import time

import pytest

from harness import proc
from harness.client import Modern
from harness.contract import OK
from harness.http import Connection, head
from harness.places import BUILD, ROOT, is_sanitized, poll
from harness.process import FixtureServer, parse_metrics

F_SETPIPE_SZ = 1031
SWITCH = {"rule_id": 3, **OK}  # of a rule of the demo store: changes that take one call


def test_who_holds_the_loop():
    """A tool that keeps the loop to itself is named in log and metrics, with how long."""
    server = FixtureServer(workers=1)
    client = Modern(server)
    client.rpc("tools/call", {"name": "test_hold", "arguments": {"ms": 200}})
    (line,) = server.wait_log("loop_held", holder="test_hold")
    assert line["level"] == "info" and line["ms"] >= 190, line
    assert server.metric("magento_mcp_loop_held_total", holder="test_hold") == 1
    assert server.metric("magento_mcp_loop_held_longest_seconds", holder="test_hold") >= 0.19
    assert server.metric("magento_mcp_loop_held_seconds_total", holder="test_hold") >= 0.19
    poll(lambda: server.metric("magento_mcp_loop_lag_over_50ms_total") >= 1, "the turn counted as long")
    assert server.metric("magento_mcp_loop_turns_total") >= server.metric("magento_mcp_loop_lag_over_10ms_total")
    server.check()
    server.stop()


@pytest.mark.skipif(is_sanitized(), reason="the sanitizer handles fatal signals")
def test_last_words_of_a_worker_that_hung():
    """What the watchdog does to it: the log says what it was doing."""
    server = FixtureServer(workers=1)
    (victim,) = server.pids
    call = {"name": "test_hold", "arguments": {"ms": 60000}}
    client = Modern(server, keep=True)
    body = json.dumps(client.message("tools/call", call)).encode()
    fields = client.fields(client.extra("tools/call", call)) + [("Host", server.host), ("Content-Length", len(body))]
    client.connection.send(head("POST", "/mcp", fields) + body)
    server.allows("worker_late")
    before = proc.cpu_s(victim)
    poll(lambda: proc.cpu_s(victim) >= before + 0.2, "it is busy")
    server.expects("last_words", text="signal SIGABRT: aborted, in test_hold")
    server.expects("worker_ended", level="error", by="signal", status=int(signal.SIGABRT))
    os.kill(victim, signal.SIGABRT)
    poll(lambda: len(server.worker_pids() - {victim}) == 1, "a new worker")
    server.note_workers()
    client.close()
    server.check()
    server.stop()


# ---- the log is not read ----


def test_log_that_nobody_reads(start):
    """Nothing waits for the reader of the log; what is lost is counted, and told as soon as it reads again."""
    server = start(workers=1)
    fcntl.fcntl(server.process.stderr, F_SETPIPE_SZ, 4096)
    client = Modern(server, keep=True)
    client.login()
    server.listening.clear()
    try:
        for _ in range(150):
            assert client.ok("auth_whoami")
        poll(lambda: server.metric("magento_mcp_log_lines_dropped_total") > 100, "lines dropped")
    finally:
        server.listening.set()
    poll(lambda: client.ok("auth_whoami") and any("dropped" in line for line in server.lines), "a line tells")
    client.close()
    poll(lambda: sum(line.get("dropped", 0) for line in server.lines if line["role"] == "worker")
         == server.metric("magento_mcp_log_lines_dropped_total"), "all that was lost is told")


# ---- no room on the disk ----


def limit(pid, which, soft=None):
    """Sets a soft limit of a running process; None: as high as it may be."""
    hard = resource.prlimit(pid, which)[1]
    resource.prlimit(pid, which, (hard if soft is None else soft, hard))


@pytest.mark.parametrize("on_failure", ["refuse", "allow"])
def test_audit_log_without_room(start, shop, on_failure):
    """A file that may not grow is a full disk. With room again all goes on by itself."""
    server = start({"audit": {"on_failure": on_failure}}, workers=1)
    path = server.folder / "state" / "audit.jsonl"
    client = Modern(server)
    client.login()
    client.ok("promotions_enable_rule", SWITCH)
    (worker,) = server.pids
    limit(worker, resource.RLIMIT_FSIZE, path.stat().st_size)
    server.expects("audit_failed", error="full")
    server.allows("audit_failed")
    shop.reset()
    assert client.ok("catalog_get_product", {"sku": "MCP-001"})["sku"] == "MCP-001"
    if on_failure == "allow":
        client.ok("promotions_disable_rule", {"rule_id": 3})
    else:
        refusal = client.refused("promotions_disable_rule", "INTERNAL_ERROR", {"rule_id": 3})
        assert "audit.on_failure" in refusal.message
        assert not [request for request in shop.requests() if request["method"] == "PUT"]
    poll(lambda: server.metric("magento_mcp_audit_lost_total") >= 3, "lost records are counted")
    limit(worker, resource.RLIMIT_FSIZE)
    server.expects("audit_restored")
    client.ok("promotions_disable_rule", {"rule_id": 3})
    (line,) = server.wait_log("audit_restored")
    assert line["lost"] == server.metric("magento_mcp_audit_lost_total")
    lines = [json.loads(text) for text in path.read_text().splitlines() if text.endswith("}")]
    assert [line["phase"] for line in lines if line["tool"] == "promotions.disable_rule"] == ["begin", "end"]


# ---- no descriptors ----


def turns_of(server, watcher):
    """How often the loop has turned, asked for on a connection that is open already."""
    watcher.send(head("GET", "/metrics", [("Host", f"127.0.0.1:{server.admin_port}")]))
    return parse_metrics(watcher.read_reply("GET").raw.decode())[("magento_mcp_loop_turns_total", ())]


def lowest_free(pid):
    used = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
    return next(number for number in range(len(used) + 1) if number not in used)


def begin_call(client, tool, params):
    """Sends a call on the client's connection; the answer is read later."""
    call = {"name": tool, "arguments": client.arguments(params, True)}
    body = json.dumps(client.message("tools/call", call)).encode()
    fields = client.fields(client.extra("tools/call", call)) + [("Host", client.server.host),
                                                                ("Content-Length", len(body))]
    client.connection.send(head("POST", "/mcp", fields) + body)


def test_no_descriptors_left(start, shop):
    """Who is connected is served, who comes waits or is told; nothing spins, no shop is blamed, all goes on by itself."""
    server = start(workers=1)
    (worker,) = server.pids
    first, second = Modern(server, keep=True), Modern(server, keep=True)
    second.session = first.login()["session"]
    for client in (first, second):
        client.ok("auth_whoami")
    shop.reset()
    shop.fault("hang")
    with contextlib.ExitStack() as stack:
        watcher = stack.enter_context(contextlib.closing(Connection(("127.0.0.1", server.admin_port))))
        before = turns_of(server, watcher)
        limit(worker, resource.RLIMIT_NOFILE, lowest_free(worker))
        crowd = [stack.enter_context(contextlib.closing(Connection(server.address))) for _ in range(20)]
        for connection in crowd:
            connection.send(head("GET", "/nowhere", [("Host", server.host), ("Connection", "close")]))
        began, n = time.monotonic(), 0
        while time.monotonic() - began < 1:
            assert first.ok("auth_whoami")
            n += 1
            time.sleep(0.03)
        assert turns_of(server, watcher) - before < 200 + 20 * n + 100 * (time.monotonic() - began), "it spins"
        # The connection to the shop that is kept takes one call; the other one would need a new one.
        begin_call(first, "catalog_get_product", {"sku": "MCP-001"})
        shop.wait_requests(1, "MCP-001")
        refusal = second.refused("catalog_get_product", "INTERNAL_ERROR", {"sku": "MCP-002"})
        assert "open files" in refusal.message
        limit(worker, resource.RLIMIT_NOFILE)
        shop.heal()
        first.connection.read_reply()
        statuses = [connection.read_reply("GET").status for connection in crowd]
        assert set(statuses) <= {404, 503} and 404 in statuses, statuses
    server.allows("refused", status=404)
    assert second.ok("catalog_get_product", {"sku": "MCP-002"})["sku"] == "MCP-002"
    metrics = server.metrics()
    assert metrics[("magento_mcp_upstream_failures_total", (("reason", "connect"), ("store", "main")))] == 0
    assert metrics[("magento_mcp_upstream_breaker_open", (("store", "main"),))] == 0
    poll(lambda: server.metric("magento_mcp_connections_refused_total") == statuses.count(503), "the refused are counted")
    for client in (first, second):
        client.close()


def test_no_room_for_connections(start):
    """At the ceiling who is connected is served, who comes is told after a while, and the log names the cure."""
    server = start({"server": {"max_connections": 4}}, workers=1)
    clients = [Modern(server, keep=True) for _ in range(4)]
    for client in clients:
        client.rpc("tools/list")
    server.expects("connections_full", connections=4)
    with contextlib.closing(Connection(server.address)) as waiting:
        reply = waiting.read_reply("GET")
    assert reply.status == 503 and reply.header("Retry-After")
    poll(lambda: server.metric("magento_mcp_connections_refused_total") == 1, "it is counted")
    for client in clients:
        client.rpc("tools/list")
        client.close()
    Modern(server).rpc("tools/list")


# ---- start ----


def test_system_calls_that_fail_at_start():
    """A dozen of those that tests/stress/faults.py has fail: it serves, or says why not and leaves nothing behind."""
    done = subprocess.run([sys.executable, ROOT / "tests" / "stress" / "faults.py", "--short"], capture_output=True,
                          text=True, timeout=900, env={**os.environ, "BUILD": str(BUILD)})
    if done.returncode == 77:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(is_sanitized(), reason="its leak checker does not run under a tracer")
def test_system_calls_that_fail_in_children():
    """Likewise of workers and keeper, from their birth to their first requests: each is got over."""
    done = subprocess.run([sys.executable, ROOT / "tests" / "stress" / "child_faults.py", "--short"], capture_output=True,
                          text=True, timeout=900, env={**os.environ, "BUILD": str(BUILD)})
    if done.returncode == 77:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stdout + done.stderr
