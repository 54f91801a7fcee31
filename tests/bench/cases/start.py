"""From the command to READY, from a worker's death to the next one's READY, and what a worker takes before anybody asks."""

import json
import os
import signal
import statistics
import subprocess
import time

from lib import machine, servers, wire

WORKERS, STARTS, KILLS = 4, 20, 100
KILL_EVERY_S = 0.1
SETTLED_S = 1.5  # a worker settles half a second after READY
TARGETS = {"start": (f"start to READY, {WORKERS} workers", "<= 50 ms"),
           "rest": ("a worker's resident memory at rest", "<= 8.0 MiB"),
           "respawn": ("a killed worker's death to the next one's READY, p99", "< 150 ms")}


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
        time.sleep(SETTLED_S)
        sizes = [machine.memory_kib(pid)["Rss"] for pid in machine.children(process.pid) if is_worker(pid)]
    finally:
        process.stderr.close()
        bench.house.end(process)
    return took, max(sizes)


def is_worker(pid):
    with open(f"/proc/{pid}/cmdline") as f:
        return "\0worker\0" in f.read()


def ready_workers(server):
    with open(f"{server.folder}/log", "rb") as f:
        return f.read().count(b'"event":"worker_ready"')


def kill_one(server):
    """Milliseconds from the kill until a worker is READY in its place; each slot in its turn, not too often."""
    ready = ready_workers(server)
    eldest = server.workers()[0]
    begun = time.monotonic()
    os.kill(eldest, signal.SIGKILL)
    while ready_workers(server) == ready:
        if time.monotonic() - begun > 20:
            raise RuntimeError("no worker came in place of the killed one")
        time.sleep(0.0005)
    took = (time.monotonic() - begun) * 1000
    server.trim()
    time.sleep(KILL_EVERY_S)
    return took


def measure_respawn(bench):
    server = servers.Server(bench.house, bench.store, "respawn", workers=WORKERS, cores=machine.ALL)
    took = sorted(kill_one(server) for _ in range(KILLS))
    bench.report.say(f"{KILLS} workers killed: the next one READY after {statistics.median(took):.1f} ms "
                     f"(p99 {took[KILLS * 99 // 100 - 1]:.1f}, longest {took[-1]:.1f})")
    bench.report.at_most("respawn", took[KILLS * 99 // 100 - 1], 150, "{:.1f} ms")


def measure_first_call(bench):
    server = servers.Server(bench.house, bench.store, "called")
    time.sleep(SETTLED_S)
    rest = bench.resident(server)
    handle = server.login()
    wire.modern("tools/call", wire.tool("catalog_get_product", params={"sku": "24-MB01"}, session=handle),
                servers.TOKEN).send(server.port)
    called = bench.resident(server)
    for name, figures in (("at rest", rest), ("after the first call to a shop", called)):
        bench.report.say(f"one worker {name}: {figures['Rss']:,} KiB resident, of which "
                         f"{figures['Private_Clean'] + figures['Private_Dirty']:,} are its own alone")


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
    measure_first_call(bench)
    measure_respawn(bench)
