#!/usr/bin/env python3
"""The storms named in STORMS, one after the other, each a program of its own; at the end one line for each.

Run: make stress [STORMS='kill reload']
"""

import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ALL = "table kill keeper stall reload upgrade streams slow_clients faults"


def command(name):
    if name == "table":
        return [f"{os.environ.get('BUILD', HERE.parents[1] / 'build')}/stress/table_kills",
                os.environ.get("TABLE_KILLS", "10000")]
    program = HERE / f"{name}.py"
    if not program.exists():
        raise SystemExit(f"there is no storm {name}: choose from {ALL} soak")
    return [sys.executable, program]


def main():
    names = (os.environ.get("STORMS") or ALL).split()
    commands = [command(name) for name in names]
    results = []
    for name, words in zip(names, commands):
        began = time.monotonic()
        status = subprocess.run(words).returncode
        results.append((name, status, time.monotonic() - began))
    print("storms:")
    for name, status, seconds in results:
        print(f"  {'NOT' if status else 'OK':3} {name:12} {seconds:6.0f} s")
    return any(status for _, status, _ in results)


if __name__ == "__main__":
    sys.exit(main())
