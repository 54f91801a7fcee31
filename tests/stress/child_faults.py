#!/usr/bin/env python3
"""
Every system call that a worker or the keeper makes from its birth up to its first requests, made to fail once (strace
follows the supervisor, which starts a successor of one that was killed). Whatever fails, in the end there is a worker, and a
keeper, that serves all of it: a login, a request to the shop, a plan, a scrape. Who does not get so far ends with a status
and an error in the log, never by a signal, and is replaced.

    tests/stress/child_faults.py             all calls, some minutes
    tests/stress/child_faults.py --short     a dozen of them
    tests/stress/child_faults.py openat#7    this one (of both roles)

Prints what each call led to; the exit status says whether all was well. 77: processes cannot be traced here.
"""

import collections
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

import clients
from faults import ERRORS, LEFT_ALONE, SERVER, count_calls, may_trace
from house import Server, poll

ROLES = ("worker", "keeper")
PATIENCE_S = 60  # for the successor of one that died before READY, and for any answer
SHORT = {"worker": [("execve", 1), ("close_range", 1), ("poll", 1), ("recvmsg", 1), ("epoll_create1", 1), ("getsockname", 1),
                    ("epoll_wait", 1)],
         "keeper": [("execve", 1), ("openat", 11), ("pread64", 4), ("epoll_wait", 1), ("fdatasync", 1)]}
NEVER = (0, 0, 0)
ALIKE = 24  # so many of one call are taken
SKU = "MCP-001"
SILENCE = "no answer"

# They have no error to give, or (brk, futex) none that strace can give as the kernel would.
CANNOT_FAIL = (LEFT_ALONE - {"execve", "unlink", "close"}) | {
    "arch_prctl", "brk", "futex", "getegid", "geteuid", "getgid", "getpid", "getppid", "getuid", "rseq", "rt_sigprocmask",
    "set_robust_list", "set_tid_address", "umask"}


class Caller(clients.Modern):
    """One request on one connection, as a client of the storms writes it."""

    def __init__(self, port):
        super().__init__(clients.Ledger(port), 0, close=True)

    def answer(self, tool, params, handle=None):
        """The structured result; raises when there is none."""
        steps = self.call(tool, tool, params, handle)
        request = next(steps)
        connection = http.client.HTTPConnection("127.0.0.1", self.ledger.port, timeout=PATIENCE_S)
        try:
            head, _, body = request.data.partition(b"\r\n\r\n")
            fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
            connection.request("POST", "/mcp", body, fields)
            reply = connection.getresponse()
            text = reply.read().decode()
        finally:
            connection.close()
        if reply.status != 200:
            raise Refused(f"{tool}: {reply.status} {text[:200]}")
        result = json.loads(text)["result"]
        if result.get("isError"):
            raise Refused(f"{tool}: {result['content'][0]['text'][:200]}")
        return result["structuredContent"]


class CannotTrace(Exception):
    """Another process may not be traced."""


class Refused(Exception):
    """An answer, but not what was asked for."""


def use(server):
    """All that a client and an operator want; raises what is wrong with it."""
    caller = Caller(server.port)
    handle = caller.answer("auth_login", {})["session"]
    read = caller.answer("catalog_get_product", {"sku": SKU}, handle)
    if read["sku"] != SKU:
        raise Refused(f"catalog_get_product: {read}")
    plan = caller.answer("catalog_prepare_bulk_update", {"match": {"sku_list": [SKU]}, "updates": {"name": "fault"},
                                                         "scope": {"scope": "global"}}, handle)
    if not plan["plan_id"]:
        raise Refused(f"catalog_prepare_bulk_update: {plan}")
    caller.answer("auth_logout", {}, handle)
    if server.metric("magento_mcp_worker_up") < 1:
        raise Refused("no worker in /metrics")


class Use(threading.Thread):
    """The same while calls may fail. Only silence is not forgiven."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.trouble = server, None
        self.start()

    def run(self):
        try:
            use(self.server)
        except TimeoutError:
            self.trouble = SILENCE
        except (OSError, http.client.HTTPException, Refused, KeyError) as error:
            self.trouble = f"{type(error).__name__}: {error}"

    def end(self):
        """What went wrong, as text, or None."""
        self.join()
        return self.trouble


class Tracer:
    """strace of the supervisor and all it starts from now on."""

    def __init__(self, server, *options):
        self.file = tempfile.NamedTemporaryFile(prefix="magento-mcp-faults.", mode="r")
        self.process = subprocess.Popen(["strace", "-f", "-p", str(server.pid), "-o", self.file.name, *options],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if b"attached" not in self.process.stderr.readline():
            self.process.wait(timeout=60)
            raise CannotTrace

    def text(self):
        with open(self.file.name) as file:
            return file.read()

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)
        self.process.stderr.close()
        text = self.text()
        self.file.close()
        return text


def pid_of(server, role):
    pids = server.worker_slots() if role == "worker" else server.keeper_pids()
    return next(iter(pids), None)


def is_settled(server):
    try:
        status = json.loads(server.ctl("status", "--json").stdout)
    except ValueError:
        return False
    return [worker["state"] for worker in status["workers"]] == ["ready"] and status["keeper"]["state"] == "ready"


def replace(server, role):
    """Kills the one there is. (its pid, what the log says of the next one: READY or dead)"""
    events = (f"{role}_ready", f"{role}_ended", f"{role}_not_started")
    victim = pid_of(server, role)
    seen = len(server.events(*events))
    os.kill(victim, signal.SIGKILL)
    began = time.monotonic()

    def fate():
        lines = server.events(*events)[seen:]
        if len(lines) > 1:
            return lines[1]
        pid = pid_of(server, role)
        if time.monotonic() > began + 3 and pid not in (None, victim) and is_settled(server):
            return {"event": f"{role}_ready", f"{role}_pid": pid}  # the line that says so may be what got lost
        return None

    return victim, poll(fate, f"a successor of the {role} is READY, or dead", PATIENCE_S)


def calls_of(server, role):
    """{call: (before exec, loader, all)} of a successor up to the end of its first requests."""
    tracer = Tracer(server)
    _, line = replace(server, role)
    pid = line[f"{role}_pid"]
    trouble = Use(server).end()
    text = tracer.end()
    assert line["event"] == f"{role}_ready" and trouble is None, (line, trouble)
    mine = re.findall(rf"^{pid} +(?!<)(\w+)\(", text, re.M)
    born = mine.index("execve") + 1
    before, loader, whole = collections.Counter(mine[:born]), count_calls([SERVER, "--version"]), collections.Counter(mine)
    return {name: (before[name], loader[name] - (name == "execve"), n) for name, n in whole.items()}


def points(server, role, argv):
    """(call, number of it in the process's life); of many alike some, unless --all."""
    chosen = [word.split("#") for word in argv if "#" in word]
    calls = calls_of(server, role)
    if chosen:
        return [(name, int(n)) for name, n in chosen if name in calls]
    if "--short" in argv:
        return [(name, n) for name, n in SHORT[role] if calls.get(name, NEVER)[2] >= n]
    found = []
    for name in sorted(set(calls) - CANNOT_FAIL):
        before, loader, whole = calls[name]
        numbers = [n for n in range(1, whole + 1) if not before < n <= before + loader]
        step = 1 if "--all" in argv else max(1.0, len(numbers) / ALIKE)
        found += [(name, numbers[int(step * i)]) for i in range(int(len(numbers) / step))]
    return found


class Outcome:
    """Of one call that failed."""

    def __init__(self, server, role, name, n):
        self.server, self.role = server, role
        options = ("-e", f"trace={name}", "-e", f"inject={name}:error={ERRORS.get(name, 'EIO')}:when={n}")
        self.seen = len(server.log_lines())
        tracer = Tracer(server, *options)
        try:
            self.victim, line = replace(server, role)
            user = Use(server) if line["event"] == f"{role}_ready" else None
            while user is not None and user.is_alive() and os.path.exists(f"/proc/{line[role + '_pid']}"):
                user.join(0.01)
        finally:
            text = tracer.end()
        self.trouble = user.end() if user is not None else None
        hit = set(re.findall(r"^(\d+) .*\(INJECTED\)", text, re.M))
        self.is_hit = bool(hit - {str(server.pid)})
        self.hit_supervisor = str(server.pid) in hit
        self.problems = [] if self.trouble != SILENCE else ["somebody got no answer"]
        self.judge()

    def judge(self):
        if self.server.process.poll() is not None:
            self.problems.append(f"the server ended with {self.server.process.returncode}")
            return
        try:
            poll(lambda: is_settled(self.server), "it comes back", PATIENCE_S)
        except SystemExit:
            self.problems.append(f"no {self.role} comes back")
            return
        try:
            use(self.server)
        except (OSError, http.client.HTTPException, Refused, KeyError) as error:
            self.problems.append(f"it does not serve: {type(error).__name__}: {error}")
        for line in self.deaths():
            if line["by"] == "signal" or line["status"] == 0:
                self.problems.append(f"a {self.role} ended by {line['by']} {line['status']}")
            elif self.complaint() is None:
                self.problems.append("it did not say why it ended")

    def deaths(self):
        return [line for line in self.lines() if line["event"] == f"{self.role}_ended" and
                line[f"{self.role}_pid"] != self.victim]

    def lines(self):
        return self.server.log_lines()[self.seen:]

    def complaint(self):
        """The first that was told of it."""
        for line in self.lines():
            if line["level"] in ("error", "warn") and line.get(f"{self.role}_pid") != self.victim and \
                    line["event"] != "crash_loop":
                return f"{line['event']}: " + str(line.get("error") or line.get("text") or "")
        return None

    def text(self):
        if self.problems:
            return "; ".join(self.problems)
        if not self.is_hit:
            return "was not made"
        return ("replaced" if self.deaths() else "serves") + (", the supervisor too" if self.hit_supervisor else "")


def sweep(server, role, argv):
    """How many calls of this role failed, and how many were not got over."""
    done = bad = 0
    for name, n in points(server, role, argv):
        outcome = Outcome(server, role, name, n)
        done, bad = done + outcome.is_hit, bad + bool(outcome.problems)
        details = [text for text in (outcome.complaint(), outcome.trouble) if text]
        print(f"{'NOT' if outcome.problems else 'OK '} {role} {name} #{n} {ERRORS.get(name, 'EIO')}: {outcome.text()}"
              + (": " + " | ".join(details) if details else ""), flush=True)
        if outcome.problems:
            print("\n".join("      " + json.dumps(line)[:300] for line in outcome.lines()[-12:]))
        if server.process.poll() is not None:
            break
    return done, bad


def run(argv):
    wrong = 0
    for role in ROLES:
        with Server(workers=1) as server:
            done, bad = sweep(server, role, argv)
            wrong += bad
            print(f"{done} calls of the {role} failed in turn, {bad} wrong")
            if server.process.poll() is None and server.stop() != 0:
                print("NOT the server did not end well")
                wrong += 1
    return 1 if wrong else 0


def main(argv):
    try:
        if may_trace():
            return run(argv)
    except CannotTrace:
        pass
    print("processes cannot be traced here (strace is missing, or ptrace is not permitted)")
    return 77


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
