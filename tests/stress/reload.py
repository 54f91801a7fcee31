#!/usr/bin/env python3
"""Reloads under the load of clients that keep their connections, then under one connection per request: none may fail.

 1. RELOADS (100) times `ctl reload --wait` under STRESS_CLIENTS kept connections
 2. the same, while every request comes on a connection of its own, as fast as the clients can
 3. fifty HUPs in one second, five at a time, the configuration changed before the last: few reloads, the last one with the change

Run: make stress STORMS=reload RELOADS=100
"""

import os
import signal
import sys
import time

from house import Server, poll
from storm import N_CLIENTS, Crowd
from verdict import Verdict, percentile

RELOADS = int(os.environ.get("RELOADS", "100"))
REPLACEMENTS = int(os.environ.get("REPLACEMENTS", str(RELOADS)))
HUPS = 50
BURST = 5  # of them come at once
ONE_EACH = 60  # clients with a connection per request


def reload_many(server, times):
    """(exit statuses that are not 0, milliseconds of each)"""
    bad, took = [], []
    for _ in range(times):
        began = time.monotonic()
        done = server.ctl("reload", "--wait")
        took.append(1000 * (time.monotonic() - began))
        if done.returncode != 0:
            bad.append(done.stderr)
    return bad, took


def generations(server):
    """(alive, retiring) at once at most, by the log: a generation retires from the moment when the next one serves."""
    of, alive, serving = {}, {}, 0
    most_alive = most_retiring = 0
    for line in server.events("worker_started", "worker_ended", "reloaded", "upgraded"):
        if line["event"] == "worker_started":
            of[line["worker_pid"]] = line["generation"]
            alive.setdefault(line["generation"], set()).add(line["worker_pid"])
        elif line["event"] == "worker_ended":
            number = of.pop(line["worker_pid"])
            alive[number].discard(line["worker_pid"])
        else:
            serving = max(alive)
        now = [number for number, pids in alive.items() if pids]
        most_alive = max(most_alive, len(now))
        most_retiring = max(most_retiring, sum(number < serving for number in now))
    return most_alive, most_retiring


def hups(server, verdict):
    before = len(server.events("reloaded"))
    start = time.monotonic()
    for n in range(HUPS):
        if n == HUPS - 1:
            server.workers += 1
            server.configure()
        server.process.send_signal(signal.SIGHUP)
        if n % BURST == BURST - 1:
            time.sleep(max(0.0, start + (n + 1) / HUPS - time.monotonic()))
    poll(lambda: len(server.worker_slots()) == server.workers and server.status()["state"] == "running",
         "the change is active", 90)
    server.settle()
    reloads = len(server.events("reloaded")) - before
    verdict.at_least(f"reloads after {HUPS} HUPs in a second", reloads, 1)
    verdict.at_most(f"reloads after {HUPS} HUPs in a second", reloads, HUPS // 2)
    verdict.zero("reloads that failed", len(server.events("reload_failed")))


def phase(verdict, server, what, times, **more):
    crowd = Crowd(server, **more)
    crowd.warm_up()
    bad, took = reload_many(server, times)
    crowd.end()
    verdict.note(f"{what}: times", times)
    verdict.zero(f"{what}: without a true answer", len(bad))
    verdict.detail(what, bad)
    verdict.zero(f"{what}: failed requests", len(crowd.load.failures))
    verdict.detail(what, [(f.kind, f.failure, f.slot, f.ended - f.began) for f in crowd.load.failures])
    verdict.note(f"{what}: connections", crowd.load.n_connections)
    verdict.note(f"{what}: ms median", percentile(took, 0.5))
    verdict.note(f"{what}: ms worst", max(took, default=0))
    return crowd


def main():
    verdict = Verdict(f"{RELOADS} reloads, {REPLACEMENTS} replacements with one request per connection, {HUPS} HUPs")
    with Server() as server:
        server.settle()
        fds = server.descriptors()
        kept = phase(verdict, server, "reloads", RELOADS)
        kept.judge(verdict, "reloads: ")
        single = phase(verdict, server, "one request per connection", REPLACEMENTS, n=ONE_EACH, rate=1e9, close=True,
                       first=N_CLIENTS, mix=(("whoami", 6), ("list", 1), ("scope", 2), ("product", 1)))
        single.judge(verdict, "one request per connection: ")
        alive, retiring = generations(server)
        verdict.note("generations alive at once, one starting", alive)
        verdict.at_most("generations that retire at once", retiring, 2)
        verdict.note("generations cut short", len(server.events("generation_cut")))
        hups(server, verdict)
        server.settle()
        inboxes_and_all = server.descriptors() - fds
        verdict.at_most("descriptors more than before (one worker more)", inboxes_and_all, 2)
        verdict.zero("exit status", server.stop())
    return verdict.end()


if __name__ == "__main__":
    sys.exit(main())
