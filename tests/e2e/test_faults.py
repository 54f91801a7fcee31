"""What goes wrong around a running server: callbacks that hold the loop, full disks, readers that stop, famine."""

import json
import os
import signal

import pytest

from harness.client import Modern
from harness.http import head
from harness.places import is_sanitized, poll
from harness.process import FixtureServer


def cpu_ticks(pid):
    """Time on the processor, user and system, in ticks."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


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
    before = cpu_ticks(victim)
    poll(lambda: cpu_ticks(victim) >= before + 20, "it is busy", 60)
    server.expects("last_words", text="signal SIGABRT: aborted, in test_hold")
    server.expects("worker_ended", level="error", by="signal", status=int(signal.SIGABRT))
    os.kill(victim, signal.SIGABRT)
    poll(lambda: len(server.worker_pids() - {victim}) == 1, "a new worker", 30)
    server.note_workers()
    client.close()
    server.check()
    server.stop()
