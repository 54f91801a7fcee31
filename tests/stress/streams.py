#!/usr/bin/env python3
"""Many event streams: over a reload, and beside readers that do not read.

 1. STREAMS (500) streams wait for news and 50 calls take some seconds when a reload comes: the calls complete, the streams
    are ended as documented (a GET is told when to come back, subscriptions get their result), and the old workers are
    gone by their deadline
 2. MANY (2,000) calls talk on their streams, a tenth of the readers takes nothing: those are cut, memory stays within
    what each stream may hold, all others get every word

Run: make stress STORMS=streams
"""

import json
import os
import pathlib
import resource
import select
import socket
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import clients
from harness import proc
from harness.client import Modern as Caller
from harness.process import FixtureServer
from house import Server, is_sanitized, poll
from load import join_chunks, parse_head
from storm import SHORT, Crowd
from verdict import Verdict

STREAMS = int(os.environ.get("STREAMS", "500"))
CALLS = min(50, STREAMS // 4)
MANY = int(os.environ.get("STREAMS_MANY", "2000"))
SLOW_SHARE = 10
DRAIN_S = 30 if SHORT else 12  # nothing that goes well waits for it
CALL_S = 3
LINES, LINE_BYTES = 40, 400
BUFFER = 65536
KIB_ONCE = 4096  # of a worker's first calls
KIB_EACH = 48  # of a stream that is read: fiber, connection, buffers
LIMIT_S = 120


class Stream:
    """A request whose answer comes in pieces; nothing of it is read when `is_slow`."""

    def __init__(self, port, data, is_slow=False):
        self.socket = socket.socket()
        if is_slow:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect(("127.0.0.1", port))
        self.socket.sendall(data)
        self.socket.setblocking(False)
        self.data = bytearray()
        self.ended = None  # when the connection or the body ended
        self.is_whole = False

    def pull(self):
        try:
            piece = self.socket.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        self.data += piece
        self.is_whole = self.is_whole or self.data.endswith(b"0\r\n\r\n") or self.has_length()
        if not piece or self.is_whole:
            self.ended = time.monotonic()

    def has_length(self):
        head, _, body = bytes(self.data).partition(b"\r\n\r\n")
        fields = parse_head(head)[1] if body else {}
        return "content-length" in fields and len(body) >= int(fields["content-length"])

    def text(self):
        head, _, body = bytes(self.data).partition(b"\r\n\r\n")
        return (join_chunks(body) or b"") if b"chunked" in head else body

    def messages(self):
        text = self.text()
        if text.startswith(b"{"):
            return [json.loads(text)]
        return [json.loads(line[5:]) for line in text.split(b"\n") if line.startswith(b"data:") and len(line) > 6]


def read_until(streams, done, seconds=LIMIT_S):
    """Reads from all until done() or the time is over."""
    epoll = select.epoll()
    by_fd = {stream.socket.fileno(): stream for stream in streams if stream.ended is None}
    for fd in by_fd:
        epoll.register(fd, select.EPOLLIN)
    deadline = time.monotonic() + seconds
    while by_fd and not done() and time.monotonic() < deadline:
        for fd, _ in epoll.poll(0.1):
            by_fd[fd].pull()
            if by_fd[fd].ended is not None:
                epoll.unregister(fd)
                by_fd.pop(fd).socket.close()
    epoll.close()


# ---- 1. a reload ----


def get_stream(legacy):
    return (f"GET /mcp HTTP/1.1\r\nHost: 127.0.0.1:{legacy.ledger.port}\r\nAccept: text/event-stream\r\n"
            f"MCP-Protocol-Version: {legacy.era}\r\nMcp-Session-Id: {legacy.session_id}\r\n\r\n").encode()


def listen(modern):
    return modern.request("listen", "subscriptions/listen", {"notifications": {"toolsListChanged": True}}).data


def slow_call(client):
    handle = next(iter(client.logins))
    arguments = {"params": {"sku": client.skus[0], "fields": ["sku"]}}
    if client.named(handle):
        arguments["session"] = handle
    return client.request("product", "tools/call", {"name": "catalog_get_product", "arguments": arguments},
                          "catalog_get_product").data


def tally(streams):
    """(how many were ended as documented, how many not)"""
    fine = 0
    for stream, is_get in streams:
        if is_get:
            fine += stream.is_whole and b"retry:" in stream.text()
        else:
            last = (stream.messages() or [{}])[-1]
            fine += stream.is_whole and last.get("result", {}).get("resultType") == "complete"
    return fine, len(streams) - fine


def over_a_reload(verdict):
    settings = f"drain_ms = {DRAIN_S}s"
    with Server(settings=settings, sections=f"[http]\nstreams_per_principal = {4 * STREAMS}") as server:
        crowd = Crowd(server, n=STREAMS, rate=2000.0, mix=(("whoami", 1),))
        crowd.warm_up()
        crowd.end()
        legacy = [client for client in crowd.clients if isinstance(client, clients.Legacy)]
        modern = [client for client in crowd.clients if isinstance(client, clients.Modern)]
        streams = [(Stream(server.port, get_stream(client)), True) for client in legacy]
        streams += [(Stream(server.port, listen(client)), False) for client in modern]
        read_until([stream for stream, _ in streams], lambda: all(stream.data for stream, _ in streams))
        server.shop.fault(path_prefix="/rest", mode="latency", ms=1000 * CALL_S)
        calls = [Stream(server.port, slow_call(client)) for client in modern[:CALLS]]
        time.sleep(0.5)
        poll(lambda: server.metric("magento_mcp_streams") >= STREAMS, "the streams are open")
        began = time.monotonic()
        verdict.zero("reload with streams and calls: exit status", server.ctl("reload", "--wait").returncode)
        everybody = [stream for stream, _ in streams] + calls
        read_until(everybody, lambda: all(stream.ended for stream in everybody), DRAIN_S + 10)
        server.shop.heal()
        while not server.events("generation_ended") and time.monotonic() < began + DRAIN_S + 30:
            time.sleep(0.05)
        gone = time.monotonic() - began
        fine, not_fine = tally(streams)
        answered = sum(b'"sku"' in call.text() and call.is_whole for call in calls)
        verdict.note("streams that waited for news", STREAMS)
        verdict.zero("of these not ended as documented", not_fine)
        verdict.detail("stream", [bytes(s.data[-200:]) for s, is_get in streams if not s.is_whole])
        verdict.note("s until the last of these had ended", max([s.ended or 1e9 for s, _ in streams]) - began)
        verdict.zero(f"calls of {CALL_S} s that were not answered, of {CALLS}", CALLS - answered)
        if SHORT:
            verdict.note("s until the old workers were gone", gone)
        else:
            verdict.at_most("s until the old workers were gone", gone, DRAIN_S + 1.0)
        crowd.judge(verdict)
        verdict.zero("exit status", server.stop())


# ---- 2. readers that do not read ----


def flood(port, lines):
    meta = {**clients.META, "io.modelcontextprotocol/logLevel": "info"}
    arguments = {"lines": lines, "bytes": LINE_BYTES, "pause_ms": 50 if lines == LINES else 0}
    params = {"name": "test_flood", "arguments": arguments, "_meta": meta}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
    return (f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
            f"Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\n"
            f"Mcp-Method: tools/call\r\nMcp-Name: test_flood\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body


def slow_readers(verdict):
    server = FixtureServer(sections={"http": {"stream_buffer_bytes": BUFFER}}, workers=4)
    try:
        Caller(server).rpc("tools/list")
        before = sum(proc.rss_kib(pid) for pid in server.worker_pids())
        peak = before
        n_slow = MANY // SLOW_SHARE
        slow = [Stream(server.port, flood(server.port, 1000000), is_slow=True) for _ in range(n_slow)]
        readers = [Stream(server.port, flood(server.port, LINES)) for _ in range(MANY - n_slow)]
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline:
            read_until(readers, lambda: False, 0.3)
            peak = max(peak, sum(proc.rss_kib(pid) for pid in server.worker_pids()))
            cut = int(server.metric("magento_mcp_streams_cut_total"))
            if cut >= n_slow and all(stream.ended for stream in readers):
                break
        whole = sum(stream.is_whole and len(stream.messages()) == LINES + 1 for stream in readers)
        verdict.zero(f"readers that lack a word, of {len(readers)}", len(readers) - whole)
        verdict.at_least("readers that take nothing, cut", cut, n_slow)
        verdict.at_most("readers cut", cut, n_slow)
        limit = 4 * KIB_ONCE + n_slow * (BUFFER // 1024) + MANY * KIB_EACH
        verdict.at_most("KiB that the workers grew at most", peak - before, limit * (20 if is_sanitized() else 1))
        verdict.at_least("workers that live", len(server.worker_pids()), 4)
        for stream in slow:
            stream.socket.close()
        server.stop()
    finally:
        server.forget()


def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    verdict = Verdict(f"{STREAMS} streams and {CALLS} calls over a reload; {MANY} streams, a tenth of them not read")
    over_a_reload(verdict)
    slow_readers(verdict)
    return verdict.end()


if __name__ == "__main__":
    sys.exit(main())
