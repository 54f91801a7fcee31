#!/usr/bin/env python3
"""
The official conformance suite against build/conformance-server, both requirement sets.

Every scenario must pass without a failure or a warning, scored or not, but those of the tasks extension, which is not
served. The number of scenarios is that of the pinned suite: one that silently stays out is a failure too.
"""

import collections
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build")).resolve()
HOME = BUILD / "conformance"
SUITE = HOME / "node_modules/@modelcontextprotocol/conformance/dist/index.js"

# Requirement set: scenarios that must pass.
SETS = {"2026-07-28": 37 + 3, "2025-11-25": 30 + 3}
NOT_SERVED = "tasks-"

START_S, SET_S, STOP_S = 60, 600, 90
# What a server says at the level notice when it begins and ends, and the answers of 400 and more that are tested for.
# A machine that is busy with other things says so, too.
USUAL = {"listening", "serving", "stopping", "stopped", "refused", "worker_late", "loop_held"}


class Server:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="magento-mcp-conformance.")
        self.lines = []
        command = [str(BUILD / "conformance-server"), "--listen", "127.0.0.1:0", "-s", f"server.state_dir={self.folder}",
                   "-s", "server.drain_ms=5000"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for raw in self.process.stderr:
            try:
                self.lines.append(json.loads(raw))
            except ValueError:
                self.lines.append({"level": "error", "event": raw.decode("utf-8", "replace").rstrip()})

    def port(self):
        end = time.monotonic() + START_S
        while time.monotonic() < end and self.process.poll() is None:
            events = {line["event"]: line for line in list(self.lines)}
            if "serving" in events:
                return int(events["listening"]["listen"].rpartition(":")[2])
            time.sleep(0.01)
        return None

    def stop(self):
        """What was wrong with it: its exit status, and what it logged beyond the usual."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.reader.join(5)
        shutil.rmtree(self.folder, ignore_errors=True)
        odd = [f"logged: {json.dumps(line)}" for line in self.lines
               if line["level"] in ("error", "warn", "notice") and line["event"] not in USUAL]
        return odd + ([f"ended with status {status}"] if status != 0 else [])


def node():
    found = sorted(HOME.glob("node_modules/node-linux-*/bin/node"))
    if not found or not SUITE.exists():
        sys.exit(f"The suite is not installed: run `make {HOME.relative_to(ROOT)}/.installed`.")
    return str(found[0])


def run_set(name, url):
    """{scenario: its checks}"""
    results = HOME / f"results-{name}"
    shutil.rmtree(results, ignore_errors=True)
    # The exit status speaks of the scored scenarios only; the checks tell all.
    subprocess.run([node(), str(SUITE), "server", "--url", url, "--requirements", name, "-o", str(results)],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=SET_S)
    scenarios = {}
    for folder in sorted(results.glob("server-*")):
        scenario = re.sub(r"-\d{4}-\d\d-\d\dT[\dZ-]+$", "", folder.name.removeprefix("server-"))
        scenarios[scenario] = json.loads((folder / "checks.json").read_text())
    return scenarios


def judge(name, scenarios):
    """Prints a line for each scenario and what failed in it; gives the number that did not pass."""
    print(f"\n{name:44} passed  failed  warned  skipped")
    bad = 0
    for scenario, checks in scenarios.items():
        n = collections.Counter(check["status"] for check in checks)
        counts = f"{n['SUCCESS']:6}  {n['FAILURE']:6}  {n['WARNING']:6}  {n['SKIPPED']:7}"
        if scenario.startswith(NOT_SERVED):
            print(f"  - {scenario:40} {counts}  (extension, not served)")
            continue
        passed = n["SUCCESS"] > 0 and n["FAILURE"] == n["WARNING"] == 0
        bad += not passed
        print(f"  {'+' if passed else 'X'} {scenario:40} {counts}")
        for check in checks:
            if check["status"] in ("FAILURE", "WARNING"):
                print(f"      {check['status']} {check['id']} {check['name']}: {check.get('errorMessage', '')}")
    wanted = sum(not scenario.startswith(NOT_SERVED) for scenario in scenarios)
    print(f"  {wanted - bad} of {SETS[name]} scenarios passed")
    return bad + max(0, SETS[name] - wanted)


def main():
    server = Server()
    bad = 0
    try:
        port = server.port()
        if port is not None:
            for name in SETS:
                bad += judge(name, run_set(name, f"http://127.0.0.1:{port}/mcp"))
        else:
            bad = 1
    finally:
        problems = server.stop()
    for problem in problems:
        print(f"server: {problem}")
    sys.exit(1 if bad or problems else 0)


main()
