#!/usr/bin/env python3
"""
Measures magento-mcp beside nginx, the official SDKs and the demo store, in one run on one machine.

Server and load have a core each, the subjects take turns, medians of the rounds are printed, and ratios are those within a
round. Samples that others disturbed are repeated, as far as patience goes. CPU per request is the figure to trust: it does
not depend on the load generator. A case that fails is a target missed, not the end of the run.

BENCH_CASES, BENCH_SECONDS (3), BENCH_ROUNDS (3), BENCH_CONNECTIONS (64), BENCH_PATIENCE (150: seconds to wait for others in
all), BENCH_RESULTS (tests/bench/RESULTS.md; written by a run of all cases, or when it is set).
"""

import os
import signal
import sys
import time
import traceback

import cases
from lib import servers
from lib.bench import Bench
from lib.load import Load, Patience
from lib.report import Report

LIMIT_S = 14 * 60  # what has not begun by then is not measured


def number(name, default):
    return int(os.environ.get(name, "") or default)


def chosen():
    wanted = os.environ.get("BENCH_CASES", "").replace(",", " ").split()
    unknown = [name for name in wanted if name not in cases.ALL]
    if unknown:
        raise SystemExit(f"no such case: {' '.join(unknown)}; there are: {' '.join(cases.ALL)}")
    return [name for name in cases.ALL if not wanted or name in wanted]


def measure(bench, names, begun):
    for name in names:
        if time.monotonic() - begun > LIMIT_S:
            bench.report.say(f"\n{name}: not begun, {LIMIT_S // 60} minutes have passed")
            continue
        try:
            cases.ALL[name].run(bench)
        except Exception as error:  # whatever it is: the other cases are worth their figures
            traceback.print_exc()
            bench.report.say(f"\n{name} ended early: {error}")


def stop(_signal, _frame):
    raise KeyboardInterrupt


def main():
    lacking = servers.missing()
    if lacking:
        raise SystemExit(lacking)
    signal.signal(signal.SIGTERM, stop)
    names = chosen()
    report = Report()
    for name in names:
        report.expect(cases.ALL[name].TARGETS)
    load = Load(number("BENCH_CONNECTIONS", 64), number("BENCH_SECONDS", 3), number("BENCH_ROUNDS", 3))
    bench = Bench(report, load, Patience(number("BENCH_PATIENCE", 150), 2 * load.rounds))
    begun = time.monotonic()
    try:
        measure(bench, names, begun)
    except KeyboardInterrupt:
        report.say("\nended early: interrupted")
    finally:
        bench.close()
    print("\n" + "\n".join(report.verdicts()))
    print(f"\n{time.monotonic() - begun:.0f} s, {bench.patience.samples} samples, "
          f"{bench.patience.disturbed} of them disturbed by others")
    path = os.environ.get("BENCH_RESULTS") or (names == list(cases.ALL) and servers.HERE / "RESULTS.md")
    if path:
        report.write(path, bench.patience, load)
        print(f"written to {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
