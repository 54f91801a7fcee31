#!/usr/bin/env python3
"""
Instructions per request of the five hot calls, counted by callgrind in a worker of the real server, held against what is
recorded in instructions.json. The figures do not depend on how busy the machine is, but on compiler and libraries: a
machine with others is told so, and nothing is judged there. RECORD=1 records anew.

PROFILE=folder keeps callgrind's file of each call there, for callgrind_annotate: of the batch that counts, so its figures are
those of 25 requests. CALLS='initialize tools' takes only those whose names begin so, and judges nothing.

One request after the other on one kept-alive connection, so that each costs one turn of the loop; of several batches the
cheapest counts, which is the one without timers.
"""

import glob
import hashlib
import json
import os
import pathlib
import platform
import re
import socket
import subprocess
import sys

from lib import household, machine, servers, wire

RECORDED = servers.HERE / "instructions.json"
TOLERANCE = 0.05
WARM_UP, BATCHES, BATCH = 30, 8, 25
LIBRARIES = ("libc6", "libevent-2.1-7", "libjansson4", "libcurl4", "libssl3")


def here():
    """What the counts depend on."""
    compiler = subprocess.run([os.environ.get("CC", "cc").split()[-1], "--version"], capture_output=True, text=True)
    found = {"architecture": platform.machine(), "compiler": compiler.stdout.partition("\n")[0]}
    with open("/proc/cpuinfo") as f:
        processor = dict(re.findall(r"^(\S[^\t:]*)\s*:\s*(.*)$", f.read().split("\n\n")[0], re.M))
    found["processor"] = "/".join(processor.get(key, "?") for key in ("vendor_id", "cpu family", "model"))
    # The C library and OpenSSL choose by these among several forms of what is called most.
    flags = " ".join(sorted(processor.get("flags", processor.get("Features", "")).split()))
    found["features"] = hashlib.sha256(flags.encode()).hexdigest()[:12]
    for name in LIBRARIES:
        run = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", name], capture_output=True, text=True)
        found[name] = run.stdout
    return found


class Worker:
    """A server whose only worker runs under callgrind."""

    def __init__(self, house, store):
        self.folder = house.make_folder("counted")
        self.prefix = f"{self.folder}/vgdb"
        command = ["/usr/bin/valgrind.bin", "--tool=callgrind", "--instr-atstart=no", f"--vgdb-prefix={self.prefix}",
                   f"--callgrind-out-file={self.folder}/out", f"--log-file={self.folder}/valgrind.log"]
        self.server = servers.Server(house, store, "server", environment={
            "LD_PRELOAD": str(servers.BUILD / "bench" / "under_valgrind.so"), "BENCH_PROGRAM": servers.PROGRAM,
            "BENCH_VALGRIND": " ".join(command)})
        (self.pid,) = [pid for pid in machine.children(self.server.pid) if self.is_counted(pid)]

    @staticmethod
    def is_counted(pid):
        with open(f"/proc/{pid}/cmdline") as f:
            return "callgrind" in f.read()

    def tell(self, *words):
        subprocess.run(["vgdb", f"--vgdb-prefix={self.prefix}", f"--pid={self.pid}", *words], check=True,
                       capture_output=True, timeout=60)

    def counted(self):
        """(since the last zero, callgrind's file about it until the next one)"""
        for old in glob.glob(f"{self.folder}/out.*"):
            os.remove(old)
        self.tell("dump")
        (path,) = glob.glob(f"{self.folder}/out.*")
        text = pathlib.Path(path).read_text()
        return int(re.search(r"^(?:summary|totals): (\d+)", text, re.M).group(1)), text


class Line:
    """A kept-alive connection; a request leaves in one piece, as those of most clients do."""

    def __init__(self, port):
        self.port = port
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)

    def ask(self, request):
        fields = {"Host": f"127.0.0.1:{self.port}", "Content-Length": len(request.body), **request.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.socket.sendall(f"{request.method} {request.path} HTTP/1.1\r\n{head}\r\n{request.body}".encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.more()
        head, _, body = answer.partition(b"\r\n\r\n")
        length = int(re.search(rb"\r\ncontent-length: (\d+)", head, re.I).group(1))
        while len(body) < length:
            body += self.more()
        if not head.startswith(b"HTTP/1.1 200") or b'"isError":true' in body:
            raise RuntimeError(f"refused: {head!r} {body[:300]!r}")

    def more(self):
        piece = self.socket.recv(1 << 17)
        if not piece:
            raise RuntimeError("the server closed the connection")
        return piece


def calls(server):
    handle, session = server.login(), server.open()
    token = servers.TOKEN
    return {
        "auth_whoami 2026-07-28": wire.modern("tools/call", wire.tool("auth_whoami", session=handle), token),
        "auth_whoami 2025-11-25": wire.legacy("tools/call", wire.tool("auth_whoami"), token, session),
        "tools/list": wire.modern("tools/list", token=token),
        "initialize": wire.initialize(token),
        "catalog_get_product": wire.modern(
            "tools/call", wire.tool("catalog_get_product", session=handle, sku="MCP-001"), token),
    }


def count(worker, line, request):
    for _ in range(WARM_UP):
        line.ask(request)
    batches = []
    for _ in range(BATCHES):
        worker.tell("zero")
        for _ in range(BATCH):
            line.ask(request)
        batches.append(worker.counted())
    cheapest, profile = min(batches)
    return round(cheapest / BATCH), profile


def chosen(names):
    """By the beginnings in CALLS; all without it."""
    beginnings = tuple(os.environ.get("CALLS", "").split())
    return [name for name in names if not beginnings or name.startswith(beginnings)]


def keep(profiles):
    folder = os.environ.get("PROFILE", "")
    if not folder:
        return
    os.makedirs(folder, exist_ok=True)
    for name, profile in profiles.items():
        path = os.path.join(folder, "callgrind." + re.sub(r"[^\w.-]+", "-", name))
        with open(path, "w") as f:
            f.write(profile)
        print(f"profile of {BATCH} requests: callgrind_annotate {path}")


def measure():
    house = household.Household()
    try:
        worker = Worker(house, servers.Store(house))
        line = Line(worker.server.port)
        requests = calls(worker.server)
        worker.tell("instrumentation", "on")
        counts = {name: count(worker, line, requests[name]) for name in chosen(requests)}
        keep({name: profile for name, (_, profile) in counts.items()})
        return {name: figure for name, (figure, _) in counts.items()}
    finally:
        house.close()


def read():
    return json.loads(RECORDED.read_text()) if RECORDED.exists() else []


def record(machine_here, counts):
    kept = [entry for entry in read() if entry["machine"] != machine_here]
    RECORDED.write_text(json.dumps([*kept, {"machine": machine_here, "counts": counts}], indent=4) + "\n")
    for name, figure in counts.items():
        print(f"recorded  {name:24}{figure:10,}")
    return 0


def judge(recorded, counts):
    """How many got dearer than they may."""
    worse = 0
    for name, figure in counts.items():
        limit = recorded.get(name)
        if limit is None:
            print(f"NOT  {name:24}{figure:10,}  is not recorded")
            worse += 1
            continue
        change = figure / limit - 1
        worse += change > TOLERANCE
        note = "  cheaper: record it" if change < -TOLERANCE else ""
        print(f"{'NOT' if change > TOLERANCE else 'OK '}  {name:24}{figure:10,}  recorded {limit:10,}  {change:+7.1%}{note}")
    return worse


def difference(machine_here):
    """What is not as where counts were recorded, in words."""
    entries = read()
    if not entries:
        return "nothing is recorded yet"
    other = entries[-1]["machine"]
    return "; ".join(f"{key} is {value!r} here, {other.get(key)!r} there" for key, value in machine_here.items()
                     if other.get(key) != value)


def main():
    machine_here = here()
    recorded = next((entry["counts"] for entry in read() if entry["machine"] == machine_here), None)
    is_recording = os.environ.get("RECORD", "") not in ("", "0")
    is_asking = any(os.environ.get(name) for name in ("PROFILE", "CALLS"))
    if recorded is None and not (is_recording or is_asking):
        print(f"instructions: not compared, there are no counts for this machine: {difference(machine_here)}.\n"
              "Record some with: make instructions RECORD=1")
        return 0
    try:
        counts = measure()
    except (OSError, RuntimeError, ValueError, subprocess.SubprocessError) as error:
        print(f"instructions: not compared, nothing could be counted here: {error}")
        return 1 if is_recording or is_asking else 0
    if is_asking:
        for name, figure in counts.items():
            print(f"{name:24}{figure:10,}")
        return 0
    if is_recording:
        return record(machine_here, counts)
    if judge(recorded, counts) == 0:
        return 0
    print(f"Instructions per request grew by more than {TOLERANCE:.0%}. Find out where (callgrind_annotate), or, when that is "
          "what it has to cost, record it: make instructions RECORD=1")
    return 1


if __name__ == "__main__":
    sys.exit(main())
