#!/usr/bin/env python3
"""Slow and silent clients beside honest ones, who must hardly notice.

Four forms, a quarter of the connections each, opened again whenever the server has cut them:

  head    a request line and fields that come byte by byte and never end
  body    a whole head, then one byte of a large body now and then
  read    requests with large answers, one after the other, of which nothing is read
  idle    nothing at all

Honest clients make calls meanwhile, half of them on a connection of their own each.  Counted are the calls that were not
answered as they should be, and attackers that lived much longer than the deadline of their form allows.
Run: make stress SLOW_CLIENTS=5000
"""

import json
import os
import resource
import socket
import sys
import threading
import time

from house import Server
from verdict import percentile

FORMS = ("head", "body", "read", "idle")
DEADLINES = {"head": "HEAD_TIMEOUT_MS", "body": "BODY_TIMEOUT_MS", "read": "WRITE_TIMEOUT_MS", "idle": "IDLE_TIMEOUT_MS"}
FIELDS = (b"Host: 127.0.0.1\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
          b"MCP-Protocol-Version: 2026-07-28\r\n")
PACE_S = 0.5  # between two bytes
SLACK_S = 20  # of a busy machine
SLOW_SELF_S = 0.5  # on a busy machine a client may be slow although it is honest
TRIES = 5
PER_TURN = 400  # connections opened before the others get their turn


def message(method, **params):
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": "storm", "version": "1"}}
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": {"_meta": meta, **params}}).encode()


def post(method, **params):
    body = message(method, **params)
    fields = FIELDS + b"Mcp-Method: " + method.encode() + b"\r\n"
    if "name" in params:
        fields += b"Mcp-Name: " + params["name"].encode() + b"\r\n"
    return b"POST /mcp HTTP/1.1\r\n" + fields + b"Content-Length: %d\r\n\r\n" % len(body) + body


LARGE = post("tools/list") * 40


class Attacker:
    """One connection of one form."""

    def __init__(self, address, form):
        self.form = form
        self.began = self.fed = time.monotonic()
        self.socket = socket.socket()
        self.socket.setblocking(False)
        if form == "read":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect_ex(address)
        self.is_begun = False

    def feed(self, now):
        """What is to be sent now; False when the server has cut the connection."""
        try:
            if not self.is_begun:
                self.socket.send({"head": b"POST /mcp HTTP/1.1\r\nX-Slow: ", "idle": b"", "read": LARGE,
                                  "body": b"POST /mcp HTTP/1.1\r\n" + FIELDS + b"Content-Length: 1000000\r\n\r\n"}[self.form])
                self.is_begun = True
            elif self.form in ("head", "body") and now - self.fed >= PACE_S:
                self.socket.send(b"x")
                self.fed = now
            if self.form != "read" and self.socket.recv(4096) == b"":
                return False
        except BlockingIOError:
            pass
        except OSError:
            return False
        return True


class Attack(threading.Thread):
    """Keeps so many connections open."""

    def __init__(self, server, n):
        super().__init__(daemon=True)
        self.address = ("127.0.0.1", server.port)
        self.n = n
        self.stopping = threading.Event()
        self.lives = {form: [] for form in FORMS}  # seconds that a connection lasted
        self.attackers = []
        self.peak = 0

    def run(self):
        cursor = opened = 0
        while not self.stopping.is_set():
            fresh = 0
            while len(self.attackers) < self.n and fresh < PER_TURN:
                self.attackers.append(Attacker(self.address, FORMS[opened % len(FORMS)]))
                opened += 1
                fresh += 1
            self.peak = max(self.peak, len(self.attackers))
            cursor = self.look_at(cursor)
            time.sleep(0.002)
        for attacker in self.attackers:
            attacker.socket.close()

    def look_at(self, cursor):
        """A part of them at a time."""
        now = time.monotonic()
        some = self.attackers[cursor:cursor + PER_TURN]
        gone = [attacker for attacker in some if not self.lives_on(attacker, now)]
        for attacker in gone:
            self.lives[attacker.form].append(now - attacker.began)
            attacker.socket.close()
        if gone:
            dead = set(map(id, gone))
            self.attackers = [attacker for attacker in self.attackers if id(attacker) not in dead]
        cursor += PER_TURN
        return cursor if cursor < len(self.attackers) else 0

    @staticmethod
    def lives_on(attacker, now):
        if attacker.form == "read" and attacker.is_begun:
            # Nothing is read, so only the kernel knows that the other side has gone: TCP_CLOSE, or a reset.
            state = attacker.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
            return state == 1  # TCP_ESTABLISHED
        return attacker.feed(now)

    def oldest_s(self, form):
        now = time.monotonic()
        return max((now - attacker.began for attacker in self.attackers if attacker.form == form), default=0)


class Honest(threading.Thread):
    """
    Calls, one after the other. A connection that was kept, or on which this client itself was slow, may have been closed
    meanwhile: then, and only then, the call is made again on a fresh one.
    """

    def __init__(self, server, keeps):
        super().__init__(daemon=True)
        self.address = ("127.0.0.1", server.port)
        self.keeps = keeps
        self.stopping = threading.Event()
        self.socket = None
        self.served, self.failures, self.times_ms = 0, [], []

    def run(self):
        request = post("tools/call", name="auth_whoami", arguments={})
        while not self.stopping.is_set():
            began = time.monotonic()
            try:
                reply = self.call(request)
                if b"NOT_AUTHENTICATED" not in reply:
                    raise OSError(f"a wrong answer: {reply[:100]!r}")
                self.served += 1
            except OSError as error:
                self.failures.append(repr(error))
                self.drop()
            self.times_ms.append((time.monotonic() - began) * 1000)
            if not self.keeps:
                self.drop()
            time.sleep(0.005)
        self.drop()

    def drop(self):
        if self.socket:
            self.socket.close()
        self.socket = None

    def call(self, request):
        for _ in range(TRIES):
            began, may_be_closed = time.monotonic(), self.socket is not None
            try:
                if self.socket is None:
                    self.socket = socket.create_connection(self.address, timeout=60)
                self.socket.sendall(request)
                may_be_closed |= time.monotonic() - began > SLOW_SELF_S
                return self.read_reply()
            except OSError:
                if not may_be_closed:
                    raise
            self.drop()
        raise OSError("closed each time")

    def read_reply(self):
        reply = b""
        while b"\r\n\r\n" not in reply:
            reply += self.more()
        head, _, body = reply.partition(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        while len(body) < length:
            body += self.more()
        return body

    def more(self):
        data = self.socket.recv(65536)
        if not data:
            raise OSError("the connection ended before the answer")
        return data


def run(n_slow, seconds, deadline_ms, workers=2):
    for name in DEADLINES.values() if deadline_ms else ():
        os.environ[f"MAGENTO_MCP_HTTP_{name}"] = f"{deadline_ms}ms"
    os.environ["MAGENTO_MCP_SERVER_ALLOWED_HOSTS"] = "127.0.0.1"
    wanted = {"head": 10, "body": 30, "read": 30, "idle": 75} if not deadline_ms else dict.fromkeys(FORMS, deadline_ms / 1000)
    with Server(workers) as server:
        attack = Attack(server, n_slow)
        honest = [Honest(server, keeps=n % 2 == 0) for n in range(8)]
        for thread in (attack, *honest):
            thread.start()
        time.sleep(seconds)
        while not attack.lives["head"] and attack.oldest_s("head") <= wanted["head"] + SLACK_S:
            time.sleep(0.05)
        overdue = {form: sum(life > wanted[form] + SLACK_S for life in attack.lives[form]) +
                   (attack.oldest_s(form) > wanted[form] + SLACK_S) for form in FORMS}
        for thread in (*honest, attack):
            thread.stopping.set()
        for thread in (*honest, attack):
            thread.join(timeout=60)
        served = sum(client.served for client in honest)
        failures = [failure for client in honest for failure in client.failures]
        times = [ms for client in honest for ms in client.times_ms]
        figures = {"slow connections at once": attack.peak,
                   "seconds": seconds,
                   **{f"{form}: cut by the server": len(attack.lives[form]) for form in FORMS},
                   **{f"{form}: not cut in time": overdue[form] for form in FORMS},
                   "honest calls": served + len(failures),
                   "honest calls that failed": len(failures),
                   "honest, served, %": 100 * served / max(1, served + len(failures)),
                   "honest, ms, median": percentile(times, 0.5), "honest, ms, p99": percentile(times, 0.99),
                   "workers more or less": abs(len(server.worker_slots()) - workers),
                   "exit status": server.stop()}
    return figures, failures


def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    figures, failures = run(int(os.environ.get("SLOW_CLIENTS", "5000")), float(os.environ.get("SLOW_SECONDS", "60")),
                            int(os.environ.get("SLOW_DEADLINE_MS", "0")))
    for name, value in figures.items():
        print(f"{name:34} {value if isinstance(value, int) else round(value, 3)}")
    for failure in failures[:10]:
        print("bad:", failure)
    bad = [name for name, value in figures.items() if value and ("in time" in name or name in ("workers more or less", "exit status"))]
    is_fine = not bad and figures["honest, served, %"] >= 99.9
    print("OK: honest clients were served, slow ones cut" if is_fine else f"NOT OK: {bad or 'honest clients suffered'}")
    return not is_fine


if __name__ == "__main__":
    sys.exit(main())
