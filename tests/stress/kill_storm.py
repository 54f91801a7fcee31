#!/usr/bin/env python3
"""Kills a random worker every 100 ms under load and holds the server against a ledger of what it acknowledged.

Each client thread keeps its own ledger: which logins were acknowledged, what default scope was last acknowledged or
attempted for each, and which were logged out.  After the storm every entry is checked on new connections:

  lost      an acknowledged login that is no longer known
  corrupt   a login that answers with another scope than one acknowledged or attempted
  revived   a login that was acknowledged as logged out and still answers
  stray     a request that failed although no worker was killed while it was in flight; on a kept-alive connection it must
            have been the very worker that answered on it before

All four must be 0.  Run: make stress STRESS_SECONDS=60
"""

import http.client
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

BUILD = os.environ.get("BUILD", "build")
KILL_EVERY_S = 0.1
CLIENTS = 24
SLACK_S = 0.05  # between the kill and our clock
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


class Broken(Exception):
    """The connection ended before a whole answer came."""


class Server:
    """Demo store and server, started on free ports."""

    def __init__(self, workers, own_program=False):
        self.dir = tempfile.TemporaryDirectory(prefix="magento-mcp-storm-")
        self.program = f"{BUILD}/magento-mcp"
        if own_program:  # one that may be replaced
            self.program = shutil.copy(self.program, os.path.join(self.dir.name, "magento-mcp"))
        self.store = subprocess.Popen([f"{BUILD}/demo-store", "--listen", "127.0.0.1:0"],
                                      stdout=subprocess.PIPE, text=True)
        base_url = self.store.stdout.readline().split()[-1]
        conf = os.path.join(self.dir.name, "magento-mcp.conf")
        with open(conf, "w") as f:
            f.write(f"""[server]
listen = 127.0.0.1:0
workers = {workers}
state_dir = {self.dir.name}
log_level = info
[admin]
listen = 127.0.0.1:0
[session]
logins_per_principal = 100000
[store "demo"]
base_url = {base_url}
oauth_consumer_key = dummyconsumerkey0000000000000000
oauth_consumer_secret = dummyconsumersecret0000000000000
oauth_token = dummyaccesstoken0000000000000000
oauth_token_secret = dummytokensecret0000000000000000
""")
        self.log_path = os.path.join(self.dir.name, "log")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([self.program, "serve", "-c", conf], stderr=log, stdout=log)
        self.conf = conf
        self.port = self.admin_port = None
        deadline = time.monotonic() + 10
        while not self.log_has('"event":"serving"'):
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise SystemExit("the server does not come up:\n" + open(self.log_path).read())
            time.sleep(0.02)
        for line in self.log_lines():
            if line.get("event") == "listening":
                self.port = int(line["listen"].rsplit(":", 1)[1])
                self.admin_port = int(line["admin"].rsplit(":", 1)[1])

    def log_has(self, text):
        with open(self.log_path) as f:
            return text in f.read()

    def log_lines(self):
        with open(self.log_path) as f:
            for line in f:
                try:
                    yield json.loads(line)
                except ValueError:
                    raise SystemExit("a log line is not JSON: " + line)

    def children(self):
        """{pid: slot} of the workers that run; the keeper has None in place of a slot."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as f:
            pids = [int(pid) for pid in f.read().split()]
        return {pid: slot_of(pid) for pid in pids if role_of(pid) in ("worker", "keeper")}

    def workers(self):
        return [pid for pid, slot in self.children().items() if slot is not None]

    def metric(self, name):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=5)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith((name + " ", name + "{")))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Whatever was raised, nothing stays behind."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(timeout=10)
        self.store.terminate()
        self.store.wait(timeout=10)
        self.store.stdout.close()
        self.dir.cleanup()


class Client(threading.Thread):
    """One client: kept-alive or one connection per request, and its ledger."""

    n_logins = 4

    def __init__(self, server, number, stop):
        super().__init__(daemon=True)
        self.server = server
        self.random = random.Random(number)
        self.stop = stop
        self.keep_alive = number % 2 == 0
        self.connection = None
        self.logins = {}  # handle -> set of scopes it may have
        self.gone = set()
        self.unsure = set()  # a logout was sent, its answer was lost
        self.requests = 0
        self.slot = None  # the worker that answered last on this connection
        self.failures = []  # (began, ended, slot or None) of each failed request
        self.wrong = []  # answers that should not be

    def exchange(self, tool, params):
        """Sends one tools/call; gives the structured result, or raises Broken."""
        arguments = dict(params)
        body = json.dumps({"jsonrpc": "2.0", "id": self.requests, "method": "tools/call",
                           "params": {"name": tool, "arguments": arguments, "_meta": META}})
        headers = {"Content-Type": "application/json", "MCP-Protocol-Version": "2026-07-28",
                   "Mcp-Method": "tools/call", "Mcp-Name": tool}
        if not self.keep_alive:
            headers["Connection"] = "close"
        self.requests += 1
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
            self.connection.request("POST", "/mcp", body, headers)
            response = self.connection.getresponse()
            data = response.read()
        except (OSError, http.client.HTTPException) as e:
            raise Broken(repr(e)) from e
        self.slot = int(response.getheader("X-Request-Id").split(".")[1])
        if not self.keep_alive or response.getheader("Connection") == "close":
            self.drop()
        if response.status != 200:
            self.wrong.append((tool, response.status, data[:200]))
            raise Broken("status")
        return json.loads(data)["result"]

    def drop(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = self.slot = None

    def call(self, tool, params):
        began = time.monotonic()
        try:
            return self.exchange(tool, params)
        except Broken:
            self.failures.append((began, time.monotonic(), self.slot))
            self.drop()
            return None

    def login(self):
        result = self.call("auth_login", {})
        if result is None:
            return
        if result["isError"]:
            self.wrong.append(("auth_login", result["structuredContent"]))
            return
        self.logins[result["structuredContent"]["session"]] = {None}

    def set_scope(self, handle):
        scope = self.random.choice(["default", "de", ""])
        self.logins[handle].add(scope or None)
        result = self.call("scope_set_default", {"params": {"store_view_code": scope}, "session": handle})
        if result is None:
            return
        if result["isError"]:
            self.wrong.append(("scope_set_default", handle, result["structuredContent"]))
            return
        self.logins[handle] = {scope or None}

    def whoami(self, handle):
        result = self.call("auth_whoami", {"session": handle})
        if result is not None:
            self.judge(handle, result)

    def judge(self, handle, result):
        content = result["structuredContent"]
        if result["isError"]:
            self.wrong.append(("lost", handle, content))
            return
        scope = (content["default_scope"] or {}).get("store_view_code")
        if scope not in self.logins[handle]:
            self.wrong.append(("corrupt", handle, scope, self.logins[handle]))

    def logout(self, handle):
        del self.logins[handle]
        self.unsure.add(handle)
        result = self.call("auth_logout", {"session": handle})
        if result is None:
            return
        self.unsure.discard(handle)
        if result["isError"]:
            self.wrong.append(("lost", handle, result["structuredContent"]))
        else:
            self.gone.add(handle)

    def run(self):
        while not self.stop.is_set():
            if len(self.logins) < self.n_logins:
                self.login()
                continue
            handle = self.random.choice(list(self.logins))
            die = self.random.random()
            if die < 0.02:
                self.logout(handle)
            elif die < 0.10:
                self.set_scope(handle)
            else:
                self.whoami(handle)
        self.drop()

    def check(self):
        """After the storm, without kills: every entry of the ledger."""
        for handle in self.logins:
            self.whoami(handle)
        for handle in self.gone:
            result = self.call("auth_whoami", {"session": handle})
            if result is not None and not result["isError"]:
                self.wrong.append(("revived", handle))
        self.drop()


def storm(server, seconds, kills):
    """
    A worker every 100 ms, by the clock, and the keeper with every tenth. Notes when; the death of the keeper excuses no
    failure, so it is not noted.
    """
    start = time.monotonic()
    chooser = random.Random(1)
    for tick in range(int(seconds / KILL_EVERY_S)):
        time.sleep(max(0.0, start + (tick + 1) * KILL_EVERY_S - time.monotonic()))
        children = server.children()
        workers = [pid for pid, slot in children.items() if slot is not None]
        victims = [chooser.choice(workers)] if workers else []
        if tick % 10 == 9:
            victims += [pid for pid, slot in children.items() if slot is None]
        for pid in victims:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            if children[pid] is not None:
                kills.append((time.monotonic(), children[pid]))


def command_of(pid):
    """magento-mcp worker N, or magento-mcp keeper; nothing of a process that is gone."""
    try:
        with open(f"/proc/{pid}/cmdline") as f:
            return f.read().split("\0")[:-1]
    except (FileNotFoundError, ProcessLookupError):
        return []


def role_of(pid):
    return (command_of(pid) + ["", ""])[1]


def slot_of(pid):
    command = command_of(pid)
    return int(command[2]) if command[1:2] == ["worker"] and len(command) > 2 else None


def is_stray(failure, kills):
    began, ended, slot = failure
    return not any(began - SLACK_S <= when <= ended + SLACK_S and slot in (None, killed) for when, killed in kills)


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0


def run(seconds, workers=4):
    with Server(workers) as server:
        return run_on(server, seconds, workers)


def run_on(server, seconds, workers):
    stop = threading.Event()
    clients = [Client(server, n, stop) for n in range(CLIENTS)]
    kills = []
    for client in clients:
        client.start()
    storm(server, seconds, kills)
    stop.set()
    for client in clients:
        client.join(timeout=60)
    deadline = time.monotonic() + 10
    while len(server.workers()) < workers and time.monotonic() < deadline:
        time.sleep(0.02)
    in_storm = sum(len(client.failures) for client in clients)
    strays = [f for client in clients for f in client.failures if is_stray(f, kills)]
    for client in clients:
        client.failures.clear()
        client.check()
    respawns = [line["ms"] for line in server.log_lines() if line.get("event") == "worker_ready"]
    wrong = [w for client in clients for w in client.wrong]
    figures = {
        "seconds": seconds,
        "kills": len(kills),
        "requests": sum(client.requests for client in clients),
        "failed in flight": in_storm,
        "stray failures": len(strays),
        "failed after the storm": sum(len(client.failures) for client in clients),
        "logins checked": sum(len(client.logins) for client in clients),
        "logouts checked": sum(len(client.gone) for client in clients),
        "lost": sum(1 for w in wrong if w[0] == "lost"),
        "corrupt": sum(1 for w in wrong if w[0] == "corrupt") + int(server.metric("magento_mcp_table_corrupt_total")),
        "revived": sum(1 for w in wrong if w[0] == "revived"),
        "other wrong answers": sum(1 for w in wrong if w[0] not in ("lost", "corrupt", "revived")),
        "locks taken over from the dead": int(server.metric("magento_mcp_table_owner_deaths_total")),
        "keepers started anew": int(server.metric("magento_mcp_keeper_respawns_total")),
        "start to READY, ms, median": percentile(respawns, 0.5),
        "start to READY, ms, p99": percentile(respawns, 0.99),
    }
    figures["exit status"] = server.stop()
    return figures, wrong


MUST_BE_ZERO = ("stray failures", "failed after the storm", "lost", "corrupt", "revived", "other wrong answers",
                "exit status")


def main():
    figures, wrong = run(float(os.environ.get("STRESS_SECONDS", "60")))
    for name, value in figures.items():
        print(f"{name:34} {value}")
    for w in wrong[:10]:
        print("wrong:", w)
    return any(figures[name] for name in MUST_BE_ZERO)


if __name__ == "__main__":
    sys.exit(main())
