"""
How long a commit takes: 500 products by PUT, and 500 prices by the bulk routes, against a store that takes its time. What
the latency alone costs, 16 requests at a time, is the ideal.
"""

import math
import statistics
import time

from lib import servers, wire

ITEMS, PARALLEL, LATENCY_MS = 500, 16, 50
IDEAL_S = math.ceil(ITEMS / PARALLEL) * LATENCY_MS / 1000
OK = {"confirm": True, "reason": "bench"}

TARGETS = {
    "commit": (f"{ITEMS} products, {PARALLEL} connections at {LATENCY_MS} ms: to the ideal {IDEAL_S:.1f} s", "<= 1.15"),
    "prices": (f"{ITEMS} prices: upstream calls of the commit", "<= 4"),
}


class Shopkeeper:
    def __init__(self, bench):
        self.store = servers.Store(bench.house, "--products", str(ITEMS + 100))
        self.server = servers.Server(bench.house, self.store, "commits", magento={
            "requests_per_call": PARALLEL, "connections_per_store": 24})
        self.handle = self.server.login()

    def call(self, name, params):
        request = wire.modern("tools/call", wire.tool(name, params=params, session=self.handle), servers.TOKEN)
        return wire.result(final(request.send(self.server.port)))["structuredContent"]

    def asked(self):
        return self.store.control("GET", "requests")["total"]

    def change(self, domain, name, **params):
        """(seconds to prepare, seconds to commit, products written, requests of the commit)"""
        skus = {"sku_list": [f"MCP-{number:03}" for number in range(1, ITEMS + 1)]}
        begun = time.monotonic()
        plan = self.call(f"{domain}_prepare_{name}", {"match": skus, "scope": {"scope": "global"}, **params})
        prepared = time.monotonic()
        before, asked = self.asked(), time.monotonic()
        done = self.call(f"{domain}_commit_{name}", {"plan_id": plan["plan_id"], **OK})
        ended = time.monotonic()
        if done["status"] != "completed":
            raise RuntimeError(f"{domain}: {done['message']}")
        return prepared - begun, ended - asked, done["success_count"], self.asked() - before


def final(sent):
    """The answer, also when it came as a stream of events."""
    response, body = sent
    if response.getheader("Content-Type", "").startswith("text/event-stream"):
        body = [line[5:] for line in body.split(b"\n") if line.startswith(b"data:") and line[5:].strip()][-1]
    return body


def run(bench):
    report = bench.report
    report.title(f"Commits of {ITEMS} products, {PARALLEL} requests at a time, {LATENCY_MS} ms latency")
    keeper = Shopkeeper(bench)
    keeper.store.control("POST", "settings", latency_ms=LATENCY_MS)
    by_put, prices = [], []
    for turn in range(bench.load.rounds):
        by_put.append(bench.patience.sample(
            lambda t=turn: keeper.change("catalog", "bulk_update", updates={"name": f"Turn {t} {time.monotonic()}"})))
        prices.append(bench.patience.sample(
            lambda: keeper.change("pricing", "bulk_price_update", price_updates={"price": round(time.monotonic() % 9999, 2)})))
    report.table(["", "prepare s", "commit s", "products", "upstream calls"],
                 [[name, f"{statistics.median(row[0] for row in rows):.2f}", f"{statistics.median(row[1] for row in rows):.2f}",
                   str(rows[0][2]), str(max(row[3] for row in rows))]
                  for name, rows in (("products by PUT", by_put), ("prices by bulk routes", prices))])
    report.at_most("commit", statistics.median(row[1] for row in by_put) / IDEAL_S, 1.15)
    report.at_most("prices", max(row[3] for row in prices), 4, "{:d}")
