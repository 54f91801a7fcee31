#!/usr/bin/env python3
"""Reloads, then upgrades, under the load of many kept-alive clients of both eras; no request may fail.

Each client makes calls one after the other on its connection, and opens another one only when it was told that this one
closes.  What fails, is answered wrongly, or is not known any more is counted:

  failed    a request without a whole answer of status 200
  wrong     an answer that should be another: a login that is lost, a scope that was never set
  refused   a reload or an upgrade whose `--wait` did not say that it was done

All must be 0, and the server must have as many descriptors after the storm as before.
Run: make stress RELOADS=100 UPGRADES=20 STRESS_CLIENTS=200
"""

import http.client
import json
import os
import shutil
import subprocess
import sys
import threading
import time

from kill_storm import BUILD, Broken, Client, Server, percentile

LIMIT_S = 900


class Steady(Client):
    """Always kept alive; any failure counts."""

    def __init__(self, server, number, stop):
        super().__init__(server, number, stop)
        self.keep_alive = True


class Legacy(Steady):
    """The same calls in the era of sessions, each of which has one login."""

    n_logins = 1

    def __init__(self, server, number, stop):
        super().__init__(server, number, stop)
        self.session_id = None

    def exchange(self, tool, params):
        try:
            if self.session_id is None:
                self.initialize()
            return self.post("tools/call", {"name": tool, "arguments": params})
        except (OSError, http.client.HTTPException) as e:
            raise Broken(repr(e)) from e

    def initialize(self):
        self.post("initialize", {"protocolVersion": "2025-06-18", "capabilities": {},
                                 "clientInfo": {"name": "storm", "version": "1"}})
        self.post("notifications/initialized", None)

    def post(self, method, params):
        message = {"jsonrpc": "2.0", "method": method}
        if params is not None:
            message |= {"params": params, "id": self.requests}
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
                   "MCP-Protocol-Version": "2025-06-18"}
        if self.session_id is not None:
            headers["Mcp-Session-Id"] = self.session_id
        self.requests += 1
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        self.connection.request("POST", "/mcp", json.dumps(message), headers)
        response = self.connection.getresponse()
        data = response.read()
        self.session_id = response.getheader("Mcp-Session-Id") or self.session_id
        if response.getheader("Connection") == "close":
            self.drop()
        if response.status not in (200, 202):
            self.wrong.append((method, response.status, data[:200]))
            raise Broken("status")
        return json.loads(data)["result"] if data else None


def ctl(server, verb, refused, times):
    began = time.monotonic()
    done = subprocess.run([server.program, "ctl", verb, "--wait", "-c", server.conf], capture_output=True, text=True,
                          timeout=120)
    times.append((time.monotonic() - began) * 1000)
    if done.returncode != 0:
        refused.append((verb, done.stderr))


def settle(server, workers):
    deadline = time.monotonic() + 60
    while len(server.workers()) != workers and time.monotonic() < deadline:
        time.sleep(0.05)


def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def storm(server, reloads, upgrades, refused, reload_ms, upgrade_ms):
    end = time.monotonic() + LIMIT_S
    for _ in range(reloads):
        ctl(server, "reload", refused, reload_ms)
        if time.monotonic() > end:
            raise SystemExit("the storm took too long")
    for _ in range(upgrades):
        fresh = server.program + ".new"
        shutil.copy(f"{BUILD}/magento-mcp", fresh)
        os.rename(fresh, server.program)
        ctl(server, "upgrade", refused, upgrade_ms)
        if time.monotonic() > end:
            raise SystemExit("the storm took too long")


def judge(server, clients, workers, fds_before):
    settle(server, workers)
    for client in clients:
        client.check()
    fds = descriptors(server)
    return {
        "requests": sum(client.requests for client in clients),
        "failed": sum(len(client.failures) for client in clients),
        "wrong": sum(len(client.wrong) for client in clients),
        "logins checked": sum(len(client.logins) for client in clients),
        "descriptors more than before": max(0, fds - fds_before),
        "workers more or less": abs(len(server.workers()) - workers),
    }


def run(reloads, upgrades, n_clients, workers=4):
    refused, reload_ms, upgrade_ms = [], [], []
    stop = threading.Event()
    with Server(workers, own_program=True) as server:
        fds_before = descriptors(server)
        clients = [(Steady, Legacy)[n % 2](server, n, stop) for n in range(n_clients)]
        for client in clients:
            client.start()
        storm(server, reloads, upgrades, refused, reload_ms, upgrade_ms)
        stop.set()
        for client in clients:
            client.join(timeout=60)
        figures = {"reloads": reloads, "upgrades": upgrades, "clients": n_clients, "refused": len(refused)}
        figures |= judge(server, clients, workers, fds_before)
        figures |= {"reload, ms, median": percentile(reload_ms, 0.5), "reload, ms, max": max(reload_ms, default=0),
                    "upgrade, ms, median": percentile(upgrade_ms, 0.5), "upgrade, ms, max": max(upgrade_ms, default=0)}
        figures["generations cut short"] = sum(line.get("event") == "generation_cut" for line in server.log_lines())
        figures["exit status"] = server.stop()
    details = refused + [w for client in clients for w in client.wrong + client.failures]
    return figures, details


MUST_BE_ZERO = ("refused", "failed", "wrong", "descriptors more than before", "workers more or less", "exit status")


def main():
    figures, details = run(int(os.environ.get("RELOADS", "100")), int(os.environ.get("UPGRADES", "20")),
                           int(os.environ.get("STRESS_CLIENTS", "200")))
    for name, value in figures.items():
        print(f"{name:34} {value if isinstance(value, int) else round(value)}")
    for detail in details[:10]:
        print("bad:", detail)
    return any(figures[name] for name in MUST_BE_ZERO)


if __name__ == "__main__":
    sys.exit(main())
