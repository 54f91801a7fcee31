"""From the command to READY, and what a worker takes before anybody asks."""

import json
import statistics
import subprocess
import time

from lib import machine, servers

WORKERS, STARTS = 4, 10
TARGETS = {"start": (f"start to READY, {WORKERS} workers", "<= 50 ms"),
           "rest": ("a worker's resident memory at rest", "<= 8.0 MiB")}


def start(bench, number):
    """(milliseconds to READY, the largest worker in KiB)"""
    folder = bench.house.make_folder(f"start-{number}")
    command = [*machine.on(*machine.ALL), servers.PROGRAM, "serve", "-s", f"server.workers={WORKERS}", "-s",
               "server.listen=127.0.0.1:0", "-s", "admin.listen=off", "-s", f"server.state_dir={folder}",
               "-s", f"store.demo.base_url={bench.store.url}"]
    begun = time.monotonic()
    process = bench.house.start(command, stderr=subprocess.PIPE)
    try:
        for line in process.stderr:
            if b'"event":"serving"' in line:
                break
        else:
            raise RuntimeError("the server ended before it served")
        took = (time.monotonic() - begun) * 1000
        time.sleep(0.3)
        sizes = [machine.memory_kib(pid)["Rss"] for pid in machine.children(process.pid) if is_worker(pid)]
    finally:
        process.stderr.close()
        bench.house.end(process)
    return took, max(sizes)


def is_worker(pid):
    with open(f"/proc/{pid}/cmdline") as f:
        return "\0worker\0" in f.read()


def run(bench):
    report = bench.report
    report.title(f"Start, {WORKERS} workers, {STARTS} times")
    start(bench, "warm")
    found = [bench.patience.sample(lambda n=n: start(bench, n)) for n in range(STARTS)]
    took = [ms for ms, _ in found]
    median = statistics.median(took)
    largest = max(kib for _, kib in found)
    report.say(f"READY after {median:.1f} ms (from {min(took):.1f} to {max(took):.1f}); "
               f"the largest worker {largest:,} KiB resident")
    report.at_most("start", median, 50, "{:.1f} ms")
    report.at_most("rest", largest / 1024, 8.0, "{:.2f} MiB")
