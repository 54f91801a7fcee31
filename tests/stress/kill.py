#!/usr/bin/env python3
"""A worker killed every 100 ms, then all workers at once: nothing that was acknowledged is lost.

A calm phase comes first; its latencies are what those of the storm are compared with. A request that failed is excused only
when the very worker that had it was killed while it was in flight; any other is a stray.

Run: make stress STORMS=kill STRESS_SECONDS=60
"""

import datetime
import os
import random
import socket
import sys
import time

from house import Server, poll
from storm import SHORT, Crowd, Killer, cpu_ms, stranger
from verdict import Verdict, percentile

SECONDS = float(os.environ.get("STRESS_SECONDS", "60"))
CALM_S = float(os.environ.get("STRESS_CALM_S", str(min(15.0, SECONDS / 3))))
TIMES_ALL = int(os.environ.get("STRESS_ALL", "20"))
KILL_EVERY_S = 0.1
HERE = ("whoami", "list", "logout")  # never asks the shop
VIEWS = ("scope",)  # asks it for its store views where the worker does not know them, which a new one does not
THERE = ("product", "search", "login")  # one request to the shop; and its store views before it
PLANS = ("prepare", "commit")


def kill_workers(server, killer, seconds):
    chooser = random.Random(1)
    start = time.monotonic()
    for tick in range(int(seconds / KILL_EVERY_S)):
        killer.wait_until(start + (tick + 1) * KILL_EVERY_S)
        slots = server.worker_slots()
        if slots:
            pid = chooser.choice(sorted(slots))
            killer.kill(pid, slots[pid])
    killer.wait_until(time.monotonic() + 1.0)
    return start, time.monotonic()


def answers(server):
    """Whether a request on a new connection is answered, within a second."""
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=1) as wire:
            wire.sendall(b"GET /mcp HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n" % server.port)
            return wire.recv(4096).startswith(b"HTTP/1.1 ")
    except OSError:
        return False


def kill_all(server, killer, times):
    """Seconds until somebody answered again, each time."""
    back = []
    for _ in range(times):
        slots = server.worker_slots()
        began = time.monotonic()
        for pid, slot in slots.items():
            killer.kill(pid, slot)
        poll(lambda: not set(slots) & set(server.worker_slots()), "the dead are gone")
        poll(lambda: answers(server), "somebody answers")
        back.append(time.monotonic() - began)
        poll(lambda: len(server.worker_slots()) == server.workers, "all workers are back")
        killer.wait_until(time.monotonic() + 1.1)  # a slot starts at once five times per second
    return back


def wall_of(line):
    return datetime.datetime.fromisoformat(line["time"]).timestamp()


def respawn_times(server, kills):
    """(ms from start to READY, ms from kill to READY of its successor) of all that became READY in the storm."""
    ready = server.events("worker_ready")[server.workers:]
    by_slot = {}
    for line in ready:
        by_slot.setdefault(line["worker"], []).append(wall_of(line))
    since_kill = []
    for _, _, slot, wall in kills:
        after = [at for at in by_slot.get(slot, []) if at > wall]
        if after:
            since_kill.append(1000 * (min(after) - wall))
    return [line["ms"] for line in ready], since_kill


def cost_of_a_start(server, killer, times=5):
    """ms of CPU that a worker uses up to READY, the median."""
    costs = []
    for _ in range(times):
        seen = len(server.events("worker_ready"))
        pid, slot = sorted(server.worker_slots().items())[0]
        killer.kill(pid, slot)
        poll(lambda seen=seen: len(server.events("worker_ready")) > seen, "a new worker is READY")
        costs.append(cpu_ms(server.events("worker_ready")[-1]["worker_pid"]))
        killer.wait_until(time.monotonic() + 0.5)
    return percentile(costs, 0.5)


def crowded(crowd, cost_ms):
    """A calm phase, in which a stranger takes the CPU that the storm's starts took, as often."""
    with stranger(KILL_EVERY_S, cost_ms):
        return crowd.phase(CALM_S)


def judge_times(verdict, crowd, calm, control, storm):
    """
    Of requests that ended well. A start takes a core for a moment, which on few cores others feel whoever takes it; so
    what is answered here, in a fraction of that moment, is held against a calm in which a stranger took as much.
    """
    for name, kinds in (("answered here", HERE), ("scopes", VIEWS), ("one request to the shop", THERE), ("plans", PLANS),
                        ("reads", HERE + VIEWS + THERE)):
        before, during = crowd.p99_ms(calm, kinds), crowd.p99_ms(storm, kinds)
        label = f"p99 of {name}: calm {before:.1f} ms, storm {during:.1f} ms"
        if not SHORT and name == "reads":
            verdict.at_most(label, during / max(before, 0.1), 2.0)
        else:
            verdict.note(label, during / max(before, 0.1))
        if control is not None and name == "answered here":
            taken = crowd.p99_ms(control, kinds)
            verdict.at_most(f"the same: calm with that CPU taken {taken:.1f} ms", during / max(taken, 0.1), 2.0)


def main():
    verdict = Verdict(f"kill -9 of a worker every 100 ms for {SECONDS:.0f} s, then of all at once {TIMES_ALL} times")
    with Server() as server:
        crowd, killer = Crowd(server), Killer()
        crowd.warm_up()
        calm = crowd.phase(CALM_S)
        n_calm = len(crowd.load.failures)
        storm = kill_workers(server, killer, SECONDS)
        n_single = len(killer.kills)
        server.settle()
        cost_ms = None if SHORT else cost_of_a_start(server, killer)
        control = None if SHORT else crowded(crowd, cost_ms)
        n_probes = len(killer.kills) - n_single
        back = kill_all(server, killer, TIMES_ALL)
        crowd.end()
        server.settle()
        starts, since_kill = respawn_times(server, killer.kills[:n_single])
        failures = crowd.load.failures
        strays = [failure for failure in failures if not killer.excuses(failure)]
        verdict.note("workers killed one by one", n_single)
        verdict.note("workers killed at once", len(killer.kills) - n_single - n_probes)
        verdict.note("requests in flight on a killed worker", len(failures) - len(strays))
        verdict.zero("failed in the calm", n_calm)
        verdict.zero("failed elsewhere than on a killed worker", len(strays))
        verdict.detail("stray", [(f.kind, f.failure, f.slot, f.ended - f.began) for f in strays])
        crowd.judge(verdict)
        verdict.note("locks taken over from the dead", int(server.metric("magento_mcp_table_owner_deaths_total")))
        verdict.note("ms from a start to READY, median", percentile(starts, 0.5))
        verdict.note("ms from a kill to READY, median", percentile(since_kill, 0.5))
        verdict.note("ms from a kill to READY, p99", percentile(since_kill, 0.99))
        verdict.note("starts put off", len(server.events("worker_delayed")))
        limit = verdict.note if SHORT else lambda what, value: verdict.at_most(what, value, 150)
        limit("ms from a start to READY, p99", percentile(starts, 0.99))
        if not SHORT:
            verdict.note("ms of CPU that a start takes, median", cost_ms)
        judge_times(verdict, crowd, calm, control, storm)
        if SHORT:
            verdict.note("s until somebody answers, all killed, worst", max(back))
        else:
            verdict.at_most("ms until somebody answers, all killed, worst", 1000 * max(back), 1000)
        verdict.zero("exit status", server.stop())
    return verdict.end()


if __name__ == "__main__":
    sys.exit(main())
