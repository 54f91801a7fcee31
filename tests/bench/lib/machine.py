"""The machine: which core does what, who else uses it, and what a process has cost."""

import os
import platform
import re
import resource
import time

ALL = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = ALL[0], ALL[-1]  # the same one on a machine with one core
TICK = os.sysconf("SC_CLK_TCK")

QUIET_BUSY = 0.04  # of all cores, while nothing of ours runs
FOREIGN_MAX = 0.04  # of all cores, during a sample
STEAL_MAX = 0.02


def on(*cores):
    """The words that pin a command."""
    return ["taskset", "-c", ",".join(map(str, sorted(set(cores))))]


def children(pid):
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as f:
                found += [int(p) for p in f.read().split()]
    except OSError:
        pass
    return found


def family(pid):
    """The process and all below it."""
    return [pid] + [below for child in children(pid) for below in family(child)]


def cpu_us(pid):
    """What all threads of a process have used so far, in microseconds; 0 for one that is gone."""
    total = 0
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat") as f:
                total += int(f.read().split()[0]) / 1000
    except OSError:
        pass
    return total


def ticks(pid):
    """(user, kernel) of a process so far, in ticks; both 0 for one that is gone."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            fields = f.read().rpartition(")")[2].split()
    except OSError:
        return 0, 0
    return int(fields[11]), int(fields[12])


def family_cpu_us(pid):
    return sum(cpu_us(p) for p in family(pid))


class Meter:
    """What a family of processes uses from now on: the sum exact to the microsecond, its parts to the tick."""

    def __init__(self, pid):
        self.pid = pid
        self.begun = self._now()

    def _now(self):
        members = family(self.pid)
        return [sum(cpu_us(p) for p in members), *map(sum, zip(*map(ticks, members)))]

    def read(self):
        """(all, user, kernel) in microseconds."""
        used, user, kernel = (now - then for now, then in zip(self._now(), self.begun))
        share = user / (user + kernel) if user + kernel > 0 else 0.0
        return used, used * share, used * (1 - share)


def memory_kib(pid):
    """{"Rss": resident, "Pss": shared pages counted in parts, "Anonymous": not of files or of the table, ...}"""
    rows = {}
    with open(f"/proc/{pid}/smaps_rollup") as f:
        for name, kib in re.findall(r"^(\w+):\s+(\d+) kB$", f.read(), re.M):
            rows[name] = int(kib)
    with open(f"/proc/{pid}/status") as f:
        rows["RssAnon"] = int(re.search(r"^RssAnon:\s+(\d+)", f.read(), re.M).group(1))
    return rows


class Watch:
    """What others did to the machine since it was made."""

    def __init__(self):
        self.begun = self._now()

    @staticmethod
    def _now():
        with open("/proc/stat") as f:
            fields = [int(n) / TICK for n in f.readline().split()[1:9]]
        user, nice, system, idle, iowait, irq, softirq, steal = fields
        own = family_cpu_us(os.getpid()) / 1e6 + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
        return {"all": sum(fields), "busy": user + nice + system + irq + softirq, "steal": steal, "own": own}

    def read(self):
        """(foreign, steal): shares of all cores."""
        now = self._now()
        spent = {key: now[key] - self.begun[key] for key in now}
        if spent["all"] <= 0:
            return 0.0, 0.0
        return max(0.0, spent["busy"] - spent["own"]) / spent["all"], spent["steal"] / spent["all"]

    def is_disturbed(self):
        foreign, steal = self.read()
        return foreign > FOREIGN_MAX or steal > STEAL_MAX


def wait_quiet(deadline):
    """Until others leave the machine alone for half a second; False when that did not come before `deadline`."""
    while True:
        watch = Watch()
        time.sleep(0.5)
        foreign, steal = watch.read()
        if foreign <= QUIET_BUSY and steal <= STEAL_MAX:
            return True
        if time.monotonic() > deadline:
            return False


def describe():
    """[(name, value)] of what the figures depend on."""
    model = "unknown"
    with open("/proc/cpuinfo") as f:
        found = re.search(r"^model name\s*:\s*(.*)$", f.read(), re.M)
        model = found.group(1) if found else model
    with open("/proc/meminfo") as f:
        memory = int(re.search(r"MemTotal:\s+(\d+)", f.read()).group(1)) // 1024
    return [("processor", f"{model}, {len(ALL)} cores"), ("memory", f"{memory} MiB"),
            ("kernel", platform.release()), ("C library", " ".join(platform.libc_ver()))]
