#!/usr/bin/env python3
"""How long a commit takes: 500 products by PUT, and 500 prices by the bulk routes, against a store that takes its time.

One server, one demo store with a latency of BENCH_LATENCY_MS (50) for every request, BENCH_ROUNDS (3) rounds, medians
are printed. 16 requests at a time: what the latency alone costs stands beside the figure.
"""

import math
import os
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from harness.client import Modern  # noqa: E402
from harness.process import Server  # noqa: E402
from harness.shop import Shop  # noqa: E402

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
LATENCY_MS = int(os.environ.get("BENCH_LATENCY_MS", "50"))
ITEMS, PARALLEL = 500, 16
OK = {"confirm": True, "reason": "bench"}


def skus():
    return {"sku_list": [f"MCP-{number:03}" for number in range(1, ITEMS + 1)]}


def products(turn):
    return "catalog", "bulk_update", {"updates": {"name": f"Turn {turn}"}}


def prices(turn):
    return "pricing", "bulk_price_update", {"price_updates": {"price": 1000 + turn}}


def measure(client, case, turn):
    """(prepare, commit) in seconds, and how many products were written."""
    domain, name, params = case(turn)
    began = time.monotonic()
    plan = client.ok(f"{domain}_prepare_{name}", {"match": skus(), "scope": {"scope": "global"}, **params})
    prepared = time.monotonic()
    result = client.ok(f"{domain}_commit_{name}", {"plan_id": plan["plan_id"], **OK}, timeout=120)
    ended = time.monotonic()
    if result["status"] != "completed":
        raise SystemExit(f"{domain}: {result['message']}")
    return prepared - began, ended - prepared, result["success_count"]


def main():
    shop = Shop("--products", str(ITEMS + 100))
    server = Server(shop, {"magento": {"requests_per_call": PARALLEL, "connections_per_store": 24}}, workers=1)
    try:
        client = Modern(server)
        client.login()
        shop.settings(latency_ms=LATENCY_MS)
        floor = math.ceil(ITEMS / PARALLEL) * LATENCY_MS / 1000
        print(f"commits of {ITEMS} products, {LATENCY_MS} ms latency, {PARALLEL} requests at a time, {ROUNDS} rounds")
        cases = (("by PUT", products, f"latency alone {floor:.2f} s"), ("prices", prices, "bulk routes"))
        for label, case, note in cases:
            rows = [measure(client, case, turn) for turn in range(ROUNDS)]
            done = rows[0][2]
            print(f"  {label:8} prepare {statistics.median(row[0] for row in rows):5.2f} s   commit "
                  f"{statistics.median(row[1] for row in rows):5.2f} s   ({done} products, {note})")
    finally:
        server.forget()
        shop.stop()


if __name__ == "__main__":
    main()
