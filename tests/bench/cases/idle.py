"""What a connection costs that has asked once and waits, and whether those that work notice."""

import contextlib
import dataclasses
import resource
import socket
import statistics
import time

from lib import load, machine, servers, wire

COUNT, WORKERS, ROUNDS = 10000, 4, 3
ADDRESSES = 4  # of the clients: one has 28,000 ports, of which the load wants some, too
SETTLED_S = 1.5  # by then a worker has loaded what it needs for a first call
TARGETS = {"idle": (f"{COUNT:,} idle connections, {WORKERS} workers: memory each", "<= 4.0 KiB"),
           "idle p99": (f"64 clients beside {COUNT:,} idle connections: p99 to that without", "<= 1.20")}


def connect(port, number):
    connection = socket.socket()
    connection.settimeout(60)
    connection.bind((f"127.0.0.{1 + number % ADDRESSES}", 0))
    connection.connect(("127.0.0.1", port))
    return connection


@contextlib.contextmanager
def held(port, count):
    """Connections that have had one answer each."""
    request = b"OPTIONS /mcp HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % port
    open_ones = []
    try:
        for number in range(count):
            open_ones.append(connect(port, number))
            open_ones[-1].sendall(request)
            if not open_ones[-1].recv(4096):
                raise RuntimeError(f"connection {number} was closed")
        yield open_ones
    finally:
        for connection in open_ones:
            connection.close()


def workers_kib(server):
    return sum(machine.memory_kib(pid)["Rss"] for pid in server.workers())


def kernel_kib():
    """What the kernel has in its own pools, whoever it is for."""
    with open("/proc/meminfo") as f:
        rows = dict(line.split(":") for line in f)
    return int(rows["Slab"].split()[0])


def measure_memory(bench, server):
    report = bench.report
    with held(server.port, 4 * WORKERS):
        pass
    before, kernel = workers_kib(server), kernel_kib()
    with held(server.port, COUNT):
        after, kernel = workers_kib(server), kernel_kib() - kernel
        report.say(f"{WORKERS} workers together: {before:,} KiB resident before, {after:,} KiB with {COUNT:,} connections")
        report.say(f"the kernel's pools grew by {kernel:,} KiB, {kernel / 2 / COUNT:.1f} KiB for each end of a connection")
    report.at_most("idle", (after - before) / COUNT, 4.0, "{:.2f} KiB")


def measure_pace(bench, server):
    """Without, with, without, with ...: what the machine does besides hits both."""
    call = wire.modern("tools/call", wire.tool("auth_whoami", session=server.login()), servers.TOKEN)
    without, beside = (bench.ours(name, call, server) for name in ("64 clients alone", f"beside {COUNT:,} idle ones"))
    plan = dataclasses.replace(bench.load, connections=64)

    def sample(subject):
        subject.samples.append(bench.patience.sample(lambda: load.measure(subject, plan, bench.house.folder)))

    load.measure(without, dataclasses.replace(plan, seconds=1), bench.house.folder)
    for _ in range(ROUNDS):
        sample(without)
        with held(server.port, COUNT):
            sample(beside)
    bench.report.loads([without, beside])
    ratios = [a["p99 us"] / b["p99 us"] for a, b in zip(beside.samples, without.samples)]
    bench.report.at_most("idle p99", statistics.median(ratios), 1.2, "x {:.2f}")


def run(bench):
    bench.report.title(f"Idle connections, {WORKERS} workers")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < COUNT + 200:
        raise RuntimeError(f"this shell may open {hard} files, {COUNT + 200} are needed: raise `ulimit -Hn`")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        server = servers.Server(bench.house, bench.store, "idle", workers=WORKERS)
        time.sleep(SETTLED_S)
        measure_memory(bench, server)
        measure_pace(bench, server)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
