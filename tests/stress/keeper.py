#!/usr/bin/env python3
"""The keeper killed every second while clients commit: what was acknowledged is kept, nothing is carried out twice.

The shop's own record of writes decides. The workers live, so no request may fail: they wait for the next keeper.

Run: make stress STORMS=keeper KEEPER_SECONDS=30
"""

import os
import sys
import time

from house import Server
from storm import N_CLIENTS, RATE, SHORT, Crowd, Killer
from verdict import Verdict

SECONDS = float(os.environ.get("KEEPER_SECONDS", "30"))
MIX = (("whoami", 2), ("product", 2), ("write", 6))


def kill_keepers(server, killer, seconds):
    start = time.monotonic()
    for second in range(int(seconds)):
        killer.wait_until(start + second + 1)
        for pid in server.keeper_pids():
            killer.kill(pid, None)


def main():
    verdict = Verdict(f"the keeper killed every second for {SECONDS:.0f} s during commits")
    with Server() as server:
        crowd, killer = Crowd(server, n=N_CLIENTS // 2, rate=RATE / 4, mix=MIX), Killer()
        crowd.warm_up()
        kill_keepers(server, killer, SECONDS)
        crowd.end()
        server.settle()
        verdict.note("kills", len(killer.kills))
        verdict.zero("failed", len(crowd.load.failures))
        verdict.detail("failed", [(f.kind, f.failure, f.slot, f.ended - f.began) for f in crowd.load.failures])
        crowd.judge(verdict)
        verdict.note("keepers started anew", int(server.metric("magento_mcp_keeper_respawns_total")))
        if not SHORT:
            verdict.at_least("commits acknowledged", crowd.ledger.commits, 100)
        verdict.zero("exit status", server.stop())
    return verdict.end()


if __name__ == "__main__":
    sys.exit(main())
