"""What the storms share: a crowd of clients with its ledger on a server, phases of it, kills with their times."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time

import clients
from load import Load
from verdict import percentile

N_CLIENTS = int(os.environ.get("STRESS_CLIENTS", "200"))
RATE = float(os.environ.get("STRESS_RATE", "400"))
LAG_S = 0.1  # until the driver has noticed that a connection broke
SHORT = os.environ.get("STRESS_SHORT") is not None  # times are told and not judged


class Crowd:
    """N clients of all eras at RATE requests per second, until end(). Numbers from `first` on: each has its own products."""

    def __init__(self, server, n=N_CLIENTS, rate=RATE, **more):
        self.server = server
        self.ledger = clients.Ledger(server.port)
        self.clients = clients.make(self.ledger, n, pace=n / rate, **more)
        self.load = Load(server.port, self.clients)
        self.load.start()

    def warm_up(self, seconds=60.0):
        """Until every client has logged in once, so that phases compare like with like."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not all(client.logins for client in self.clients):
            time.sleep(0.05)
        time.sleep(1.0)

    def phase(self, seconds):
        """Lets them be for so long; the phase as (begin, end)."""
        begin = time.monotonic()
        time.sleep(seconds)
        return begin, time.monotonic()

    def p99_ms(self, phase, kinds=None):
        begin, end = phase
        return 1000 * percentile([seconds for ended, seconds, kind, _ in self.load.rows if begin <= ended < end and
                                  (kinds is None or kind in kinds)], 0.99)

    def end(self):
        self.load.end()

    def check(self):
        """Every entry of every ledger, on connections of its own; the requests that failed."""
        load = Load(self.server.port, [clients.Checker(client) for client in self.clients])
        load.start()
        load.end()
        return load.failures

    def judge(self, verdict, part=""):
        """The ledger's part of a verdict, which every storm has; `part` begins its lines."""
        failures = self.check()
        lost, twice = clients.check_shop(self.clients, self.server.shop.writes())
        verdict.note(f"{part}requests", self.load.done())
        verdict.note(f"{part}logins and sessions checked", sum(len(client.logins) for client in self.clients))
        verdict.note(f"{part}commits acknowledged", self.ledger.commits)
        verdict.zero(f"{part}failed after the storm", len(failures))
        verdict.ledger(self.ledger, part)
        verdict.zero(f"{part}writes acknowledged and lost", lost)
        verdict.zero(f"{part}writes done twice", twice)
        verdict.zero(f"{part}corrupt records in the table", int(self.server.metric("magento_mcp_table_corrupt_total")))


class Killer:
    """Deadly signals, and when the process was gone: its sockets are closed some time after the signal."""

    def __init__(self):
        self.kills = []  # [sent, gone, slot]
        self.watched = {}  # pidfd: its row
        self.poll = select.poll()

    def kill(self, pid, slot, number=signal.SIGKILL):
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            return False
        row = [time.monotonic(), None, slot, time.time()]
        try:
            signal.pidfd_send_signal(fd, number)
        except ProcessLookupError:
            os.close(fd)
            return False
        self.kills.append(row)
        self.watched[fd] = row
        self.poll.register(fd, select.POLLIN)
        return True

    def wait_until(self, moment):
        """Sleeps, and notes who is gone."""
        while True:
            left = moment - time.monotonic()
            if left <= 0:
                return
            for fd, _ in self.poll.poll(1000 * left):
                self.watched.pop(fd)[1] = time.monotonic()
                self.poll.unregister(fd)
                os.close(fd)

    def excuses(self, failure):
        """Was the worker of this request killed while the request was in flight?"""
        return any(sent <= failure.ended and failure.looked <= (gone or sent + 1.0) + LAG_S and
                   failure.slot in (None, slot) for sent, gone, slot, _ in self.kills)


def cpu_ms(pid):
    """What a process has used so far."""
    with open(f"/proc/{pid}/schedstat") as file:
        return int(file.read().split()[0]) / 1e6


BURN = """
import sys, time
due = time.monotonic()
while True:
    due += float(sys.argv[1])
    time.sleep(max(0.0, due - time.monotonic()))
    end = time.process_time() + float(sys.argv[2])
    while time.process_time() < end:
        pass
"""


@contextlib.contextmanager
def stranger(every_s, ms):
    """A process that has nothing to do with the server and uses so many ms of CPU every so often."""
    process = subprocess.Popen([sys.executable, "-c", BURN, str(every_s), str(ms / 1000)], stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait(timeout=60)


def in_background(run):
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread
