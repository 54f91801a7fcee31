#!/usr/bin/env python3
"""A worker that is stopped, and workers that do not come up: new clients notice neither.

 1. one worker gets SIGSTOP while clients come on new connections: nobody waits for long, the worker is found out by its
    heartbeat, says its last words and is replaced
 2. a reload whose workers die before they are READY fails, and the old generation serves on
 3. with no worker able to start again after its death, the starts are put off longer and longer; the others serve on,
    and all is well as soon as the cause is gone
 4. one that crashes again and again after it was READY is replaced at once each time, and only its own requests fail

Run: make stress STORMS=stall
"""

import os
import signal
import sys
import time

from house import BUILD, Server, is_sanitized, poll
from storm import LAG_S, SHORT, Crowd, Killer
from verdict import Verdict, percentile

STALL_S = 0.5
REPLACED_S = 12.0
DELAYS = 4 if SHORT else 6  # deaths before READY in a row
CPU_PERCENT = 1.0
CRASHES = 3 if SHORT else 12
MIX = (("whoami", 4), ("list", 1), ("scope", 1), ("product", 2))


def is_replaced(server, pid):
    """The last who became READY did so after its death."""
    last = server.events("worker_ended", "worker_ready")[-1]
    return pid not in server.worker_slots() and last["event"] == "worker_ready"


def stop_one(server, verdict):
    crowd = Crowd(server, n=20, rate=100.0, close=True, mix=MIX)
    crowd.warm_up()
    calm = crowd.phase(2.0)
    pid = min(server.worker_slots())
    began = time.monotonic()
    os.kill(pid, signal.SIGSTOP)
    poll(lambda: is_replaced(server, pid), "it is replaced", 180)
    replaced = time.monotonic() - began
    server.settle()
    storm = (began, time.monotonic())
    crowd.end()
    rows = [seconds for ended, seconds, _, _ in crowd.load.rows if storm[0] <= ended < storm[1]]
    verdict.note("requests on new connections", len(rows))
    verdict.note("ms p99, calm", crowd.p99_ms(calm))
    verdict.note("ms p99, while one is stopped", 1000 * percentile(rows, 0.99))
    later = [failure for failure in crowd.load.failures if failure.began > began + LAG_S]  # others were with it
    verdict.note("requests that it took with it", len(crowd.load.failures) - len(later))
    verdict.zero("failed requests", len(later))
    verdict.detail("failed", [(f.kind, f.failure, f.slot, f.ended - f.began) for f in later])
    slow = sum(seconds > STALL_S for seconds in rows)
    if SHORT:
        verdict.note("new clients stalled for more than 500 ms", slow)
        verdict.note("s until it is replaced", replaced)
    else:
        verdict.zero("new clients stalled for more than 500 ms", slow)
        verdict.at_most("s until it is replaced", replaced, REPLACED_S)
    words = [line for line in server.events("last_words") if line["worker_pid"] == pid]
    verdict.at_least("last words of the stopped one", len(words), 0 if is_sanitized() else 1)
    crowd.judge(verdict, "stopped: ")


def fail_reload(server, verdict):
    """Nobody of the new generation lives long enough."""
    crowd, old = Crowd(server, n=20, rate=100.0, mix=MIX), set(server.worker_slots())
    crowd.warm_up()
    with server.no_births():
        reload = server.begin_ctl("reload", "--wait")
        poll(lambda: reload.poll() is not None, "the reload ends")
    crowd.end()
    verdict.at_least("a reload whose workers die before READY: exit status", reload.returncode, 1)
    verdict.zero("workers of the old generation lost", len(old - set(server.worker_slots())))
    verdict.zero("failed requests during it", len(crowd.load.failures))
    crowd.judge(verdict, "failed reload: ")


def judge_strays(verdict, crowd, killer, part):
    """Nobody but the clients of those that were killed may notice anything."""
    strays = [failure for failure in crowd.load.failures if not killer.excuses(failure)]
    verdict.zero(f"{part}failed requests elsewhere during it", len(strays))
    verdict.detail("failed", [(f.kind, f.failure, f.slot, f.ended - f.began) for f in strays])
    crowd.judge(verdict, part)


def crash_loop(server, verdict):
    """One slot cannot start for a while; the others serve on."""
    crowd, killer = Crowd(server, n=20, rate=100.0, mix=MIX), Killer()
    crowd.warm_up()
    n_started, n_delayed = len(server.events("worker_started")), len(server.events("worker_delayed"))
    pid, slot = min(server.worker_slots().items())
    cpu_s, began = server.cpu_s(), time.monotonic()
    with server.no_births():
        killer.kill(pid, slot)
        poll(lambda: len(server.events("worker_delayed")) >= n_delayed + DELAYS, "it dies again and again")
    cpu_s, took_s = server.cpu_s() - cpu_s, time.monotonic() - began
    poll(lambda: server.events("worker_delayed", "worker_ready")[-1]["event"] == "worker_ready", "it starts at last")
    killer.wait_until(time.monotonic() + 0.2)
    crowd.end()
    server.settle()
    delays = [line["delay_ms"] for line in server.events("worker_delayed")[n_delayed:]]
    doubled = sum(not 0.8 * 100 * 2 ** n - 1 <= ms <= 1.2 * 100 * 2 ** n + 1 for n, ms in enumerate(delays))
    verdict.note("ms that the starts were put off", " ".join(map(str, delays)))
    verdict.zero("of these not 100 doubled each time, +-20 %", doubled)
    starts = len(server.events("worker_started")) - n_started
    verdict.zero("starts that were not put off, save the first", starts - len(delays) - 1)
    limit = verdict.note if SHORT else lambda what, value: verdict.at_most(what, value, CPU_PERCENT)
    limit("% of a core that the supervisor took meanwhile", 100 * cpu_s / took_s)
    judge_strays(verdict, crowd, killer, "crash loop: ")


def crash_when_ready(server, verdict):
    """One slot crashes again and again after it was READY, as when one client can crash his worker: no start is put off."""
    crowd, killer = Crowd(server, n=20, rate=100.0, mix=MIX), Killer()
    crowd.warm_up()
    n_delayed, slot = len(server.events("worker_delayed")), 0
    for _ in range(CRASHES):
        n_ready = len(server.events("worker_ready"))
        pid = next(pid for pid, at in server.worker_slots().items() if at == slot)
        killer.kill(pid, slot, signal.SIGSEGV)
        poll(lambda: len(server.events("worker_ready")) > n_ready, "its successor is READY")
        killer.wait_until(time.monotonic() + 0.25)  # a slot starts at once five times per second
    crowd.end()
    verdict.note("crashes after READY of one slot", CRASHES)
    verdict.zero("starts put off by them", len(server.events("worker_delayed")) - n_delayed)
    judge_strays(verdict, crowd, killer, "crashes after READY: ")


def main():
    verdict = Verdict("a stopped worker, workers that die before READY, a worker that crashes after READY")
    with Server(program=f"{BUILD}/stress/stillborn") as server:
        server.settle()
        stop_one(server, verdict)
        fail_reload(server, verdict)
        crash_loop(server, verdict)
        crash_when_ready(server, verdict)
        verdict.zero("exit status", server.stop())
    return verdict.end()


if __name__ == "__main__":
    sys.exit(main())
