#!/usr/bin/env python3
"""Upgrades under load: the installed file is replaced and takes over the running process; then one with another table.

 1. UPGRADES (20) times the same program under another inode: no request fails, every login and session stays
 2. a program whose table has another layout begins with an empty one: clients are told to log in again, nothing else
    fails, and the plans that were made before are committed after it

Run: make stress STORMS=upgrade UPGRADES=20
"""

import os
import sys
import time

from house import BUILD, Server, poll
from reload import generations
from storm import Crowd
from verdict import Verdict, percentile

UPGRADES = int(os.environ.get("UPGRADES", "20"))
OTHER_LAYOUT = f"{BUILD}/other-layout/magento-mcp"


def upgrade_to(server, program, bad, took):
    server.install(program)
    began = time.monotonic()
    done = server.ctl("upgrade", "--wait")
    took.append(1000 * (time.monotonic() - began))
    if done.returncode != 0:
        bad.append(done.stderr)


def programs(server):
    """Inodes of what supervisor and workers execute."""
    return {os.stat(f"/proc/{pid}/exe").st_ino for pid in (server.pid, *server.worker_slots())}


def same_layout(verdict, server, crowd):
    bad, took = [], []
    pid = server.pid
    for _ in range(UPGRADES):
        upgrade_to(server, f"{BUILD}/magento-mcp", bad, took)
    verdict.zero("upgrades without a true answer", len(bad))
    verdict.detail("upgrade", bad)
    verdict.zero("failed requests", len(crowd.load.failures))
    verdict.detail("failed", [(f.kind, f.failure, f.slot, f.ended - f.began) for f in crowd.load.failures])
    verdict.note("ms of an upgrade, median", percentile(took, 0.5))
    verdict.note("ms of an upgrade, worst", max(took, default=0))
    verdict.zero("taken over by another process", int(server.status()["pid"] != pid))


def other_layout(verdict, server, crowd):
    bad, took = [], []
    ledger = crowd.ledger
    failed = len(crowd.load.failures)
    ledger.holds_plans = True
    time.sleep(3.0)
    poll(lambda: any(client.plan for client in crowd.clients), "somebody has a plan")
    plans = {client.plan[0] for client in crowd.clients if client.plan}
    ledger.may_forget = True
    upgrade_to(server, OTHER_LAYOUT, bad, took)
    server.settle()
    ledger.holds_plans = False
    verdict.zero("another layout: without a true answer", len(bad))
    verdict.detail("another layout", bad)
    verdict.at_least("another layout: tables begun anew", len(server.events("table_anew")), 1)
    verdict.note("another layout: ms", took[0])
    return plans, failed


def main():
    verdict = Verdict(f"{UPGRADES} upgrades, then one to another layout of the table")
    with Server() as server:
        server.settle()
        fds = server.descriptors()
        crowd = Crowd(server)
        crowd.warm_up()
        same_layout(verdict, server, crowd)
        plans, failed = other_layout(verdict, server, crowd)
        crowd.end()
        server.settle()
        verdict.zero("another layout: failed requests", len(crowd.load.failures) - failed)
        verdict.at_least("another layout: told to log in again", crowd.ledger.relogins, 1)
        verdict.at_least("another layout: plans made before it", len(plans), 1)
        verdict.zero("another layout: plans not committed after it", sum(bool(c.plan) for c in crowd.clients))
        crowd.judge(verdict)
        verdict.at_most("programs that run afterwards", len(programs(server)), 1)
        verdict.at_most("generations that retire at once", generations(server)[1], 2)
        verdict.zero("descriptors more than before", max(0, server.descriptors() - fds))
        verdict.zero("exit status", server.stop())
    return verdict.end()


if __name__ == "__main__":
    sys.exit(main())
