"""The shared table by itself, at a million sessions: see tests/bench/table.c."""

import os
import subprocess

PROGRAM = os.path.join(os.environ.get("BUILD", "build"), "bench-table")
TARGETS = {"table": ("the shared table at 1,000,000 sessions", "find p99 < 2 us, 200,000 inserts/s, none evicted below 75 %")}


def run(bench):
    bench.report.title("The shared table")
    found = bench.patience.sample(lambda: subprocess.run([PROGRAM], capture_output=True, text=True, timeout=600))
    if "find, p99" not in found.stdout:
        raise RuntimeError(f"{PROGRAM}: {found.stderr.strip() or 'no figures'}")
    bench.report.say("\n```\n" + found.stdout.strip() + "\n```")
    missed = found.stdout.count(": NOT")
    bench.report.judge("table", f"{missed} of {found.stdout.count(' OK') + missed} missed", found.returncode == 0)
