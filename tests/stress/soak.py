#!/usr/bin/env python3
"""Half an hour of quiet work with a worker killed each minute and a reload every five: what must stay constant, does it?

Every SOAK_SAMPLE_S (10) seconds the processes are looked at: descriptors, memory that is theirs alone, threads, zombies,
objects of shared memory. Workers and keepers are young and old by turns, so theirs are compared at the same age. The load
is small (SOAK_CLIENTS 20, SOAK_RATE 50 requests per second) and its ledger is checked at the end.

Run: make soak SOAK_SECONDS=1800
"""

import os
import random
import signal
import statistics
import sys
import time

import clients
from house import Server
from load import Load
from verdict import Verdict

SECONDS = float(os.environ.get("SOAK_SECONDS", "1800"))
SAMPLE_S = float(os.environ.get("SOAK_SAMPLE_S", "10"))
KILL_S = float(os.environ.get("SOAK_KILL_S", "60"))
RELOAD_S = float(os.environ.get("SOAK_RELOAD_S", "300"))
CLIENTS = int(os.environ.get("SOAK_CLIENTS", "20"))
RATE = float(os.environ.get("SOAK_RATE", "50"))
WARM_S = min(120.0, SECONDS / 6)  # until tables, pools and caches are filled
AGE_S = (40.0, 60.0) if SECONDS >= 600 else (SAMPLE_S, 4 * SAMPLE_S)  # at which workers are compared
SLOPE_KIB_H = 1024.0  # of memory that is anybody's own


def first_line(path, name):
    with open(path) as f:
        return next(int(line.split()[1]) for line in f if line.startswith(name + ":"))


def own_kib(pid):
    with open(f"/proc/{pid}/smaps_rollup") as f:
        return sum(int(line.split()[1]) for line in f if line.startswith("Private_"))


def links(pid):
    found = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            found.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except FileNotFoundError:
            continue
    return found


def is_shm(link):
    return link.startswith("/dev/shm/")


class Look:
    """One process at one time."""

    def __init__(self, pid, age_s):
        found = links(pid)
        self.age_s = age_s
        self.fds = len(found)
        self.plain_fds = sum(not link.startswith("socket:") for link in found)
        self.own_kib = own_kib(pid)
        self.rss_kib = first_line(f"/proc/{pid}/status", "VmRSS")
        self.threads = first_line(f"/proc/{pid}/status", "Threads")
        self.shm = {link for link in found if is_shm(link)}


class Watch:
    """All samples. {role: [(seconds since the start, Look)]}"""

    def __init__(self, server):
        self.server = server
        self.start = time.monotonic()
        self.looks = {"supervisor": [], "keeper": [], "worker": []}
        self.born = {}
        self.zombies = self.shm_names = self.shm_objects = 0
        self.suspects = set()

    def role(self, command):
        return command[1] if command[1:2] and command[1] in self.looks else None

    def sample(self):
        now = time.monotonic()
        processes = {self.server.pid: "supervisor"}
        processes |= {pid: self.role(command) for pid, command in self.server.children().items() if self.role(command)}
        shm = set()
        for pid, role in processes.items():
            try:
                look = Look(pid, now - self.born.setdefault(pid, now))
            except (FileNotFoundError, ProcessLookupError, StopIteration):
                continue  # it has just ended
            self.looks[role].append((now - self.start, look))
            shm |= look.shm
        self.shm_objects = max(self.shm_objects, len(shm))
        self.shm_names = max(self.shm_names, sum(not link.endswith(" (deleted)") for link in shm))
        self.look_for_zombies()

    def look_for_zombies(self):
        """One that two samples see is nobody's to reap."""
        with open(f"/proc/{self.server.pid}/task/{self.server.pid}/children") as f:
            pids = {int(pid) for pid in f.read().split()}
        dead = {pid for pid in pids if self.state(pid) == "Z"}
        self.zombies = max(self.zombies, len(dead & self.suspects))
        self.suspects = dead

    @staticmethod
    def state(pid):
        try:
            with open(f"/proc/{pid}/stat") as f:
                return f.read().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return ""

    def series(self, role, what, by_age=False):
        """[(seconds, value)] after the warm-up; of workers and keepers only at the age of AGE_S."""
        return [(at, getattr(look, what)) for at, look in self.looks[role]
                if at >= WARM_S and (not by_age or AGE_S[0] <= look.age_s <= AGE_S[1])]


def slope_per_hour(series):
    """By least squares."""
    if len(series) < 3:
        return 0.0
    mean_x = statistics.fmean(x for x, _ in series)
    mean_y = statistics.fmean(y for _, y in series)
    spread = sum((x - mean_x) ** 2 for x, _ in series)
    return 3600 * sum((x - mean_x) * (y - mean_y) for x, y in series) / spread if spread else 0.0


def thirds(series):
    """The medians of the first and the last third: what one sample happens to show says little."""
    values = [value for _, value in series]
    n = max(1, len(values) // 3)
    return (statistics.median(values[:n]), statistics.median(values[-n:])) if values else (0, 0)


def judge_series(verdict, name, series, limit, slope_limit=None):
    first, last = thirds(series)
    slope = slope_per_hour(series)
    label = f"{name}: first {first:.0f}, last {last:.0f}, per hour {slope:+.0f}"
    if slope_limit is None:
        verdict.at_most(label, abs(last - first), limit)
    elif SECONDS < 600:
        verdict.note(label, slope)  # warming up
    else:
        verdict.at_most(label, slope, slope_limit)


def run_storm(server, watch, reloads, kills):
    chooser = random.Random(1)
    start = time.monotonic()
    next_sample, next_kill, next_reload = SAMPLE_S, KILL_S, RELOAD_S
    while time.monotonic() - start < SECONDS:
        at = time.monotonic() - start
        if at >= next_sample:
            watch.sample()
            next_sample += SAMPLE_S
        elif at >= next_reload:
            reloads.append(server.ctl("reload", "--wait").returncode)
            next_reload += RELOAD_S
        elif at >= next_kill:
            victims = list(server.worker_slots())
            os.kill(chooser.choice(victims), signal.SIGKILL)
            kills.append(at)
            next_kill += KILL_S
        time.sleep(0.1)


def main():
    with Server() as server:
        ledger = clients.Ledger(server.port)
        crowd = clients.make(ledger, CLIENTS, pace=CLIENTS / RATE)
        load = Load(server.port, crowd)
        watch = Watch(server)
        reloads, kills = [], []
        load.start()
        run_storm(server, watch, reloads, kills)
        load.end()
        server.settle()
        check = Load(server.port, [clients.Checker(client) for client in crowd])
        check.start()
        check.end()
        return judge(server, watch, ledger, crowd, (load, check), reloads, kills)


def judge(server, watch, ledger, crowd, loads, reloads, kills):
    verdict = Verdict(f"soak of {SECONDS:.0f} s, {CLIENTS} clients, {RATE:.0f} requests per second")
    load, check = loads
    lost, twice = clients.check_shop(crowd, server.shop.writes())
    verdict.note("requests", load.done())
    verdict.note("kills", len(kills))
    verdict.note("reloads", len(reloads))
    verdict.note("commits acknowledged", ledger.commits)
    verdict.zero("reloads that failed", sum(code != 0 for code in reloads))
    verdict.at_most("failed requests (in flight at a kill)", len(load.failures), len(kills) * CLIENTS)
    verdict.zero("failed afterwards", len(check.failures))
    verdict.ledger(ledger)
    verdict.zero("writes acknowledged and lost", lost)
    verdict.zero("writes done twice", twice)
    verdict.zero("corrupt records in the table", int(server.metric("magento_mcp_table_corrupt_total")))
    judge_constants(verdict, watch)
    verdict.zero("exit status", server.stop())
    return verdict.end()


def judge_constants(verdict, watch):
    judge_series(verdict, "supervisor descriptors", watch.series("supervisor", "fds"), 0)
    judge_series(verdict, "keeper descriptors", watch.series("keeper", "fds", True), 1)
    judge_series(verdict, "worker descriptors but sockets", watch.series("worker", "plain_fds", True), 0)
    judge_series(verdict, "supervisor own KiB", watch.series("supervisor", "own_kib"), 0, SLOPE_KIB_H)
    judge_series(verdict, "keeper own KiB, same age", watch.series("keeper", "own_kib", True), 0, SLOPE_KIB_H)
    judge_series(verdict, "worker own KiB, same age", watch.series("worker", "own_kib", True), 0, SLOPE_KIB_H)
    for role in watch.looks:
        judge_series(verdict, f"{role} threads", watch.series(role, "threads", role != "supervisor"), 0)
    verdict.at_most("objects of shared memory", watch.shm_objects, 1)
    verdict.zero("of these with a name in /dev/shm", watch.shm_names)
    verdict.zero("zombies", watch.zombies)


if __name__ == "__main__":
    sys.exit(main())
