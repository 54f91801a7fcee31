"""
tools/call with a request to the shop: what we add to the shop's own answer. wrk asks the demo store directly, with the
same credentials (an admin token), through as many connections as the server has to the store; store and load share a core.

Asked without any latency the demo store is faster than any shop: there the figures show our own cost. Whether clients get
all that the store can give is asked of one that takes LATENCY_MS, still less than a shop that answers from its caches.
"""

import json

from lib import machine, servers, wire
from lib.load import Subject, ratio

CONNECTIONS = 24  # magento.connections_per_store, its default
CLIENTS = 64
LATENCY_MS = 10

TARGETS = {
    "upstream cpu": ("catalog_get_product: CPU added, OAuth", "<= 60 us"),
    "upstream p50": ("catalog_get_product: p50 added, one client", "<= 0.30 ms"),
    "upstream rate": (f"catalog_get_product, {CLIENTS} clients: req/s to wrk's on the store, {CONNECTIONS} connections",
                      ">= 0.90"),
}


def direct(store):
    """The same request as wrk sends it to the store."""
    login = wire.Request({"Content-Type": "application/json"},
                         json.dumps({"username": "admin", "password": "Dummy123pass"}),
                         "/rest/all/V1/integration/admin/token")
    token = json.loads(login.send(store.port)[1])
    return wire.Request({"Accept": "application/json", "Authorization": f"Bearer {token}"},
                        path="/rest/all/V1/products/MCP-001", method="GET")


def asker(bench, name, login):
    server = servers.Server(bench.house, bench.store, name, login=login)
    request = wire.modern("tools/call", wire.tool("catalog_get_product", session=server.login(), sku="MCP-001"),
                          servers.TOKEN)
    wire.result(request.send(server.port)[1])
    return server, request


def crowd(bench, oauth, oauth_request, token, token_request, alone):
    return [bench.ours(f"{CLIENTS} clients, OAuth", oauth_request, oauth),
            bench.ours(f"{CLIENTS} clients, admin token", token_request, token),
            Subject(f"the store, {CONNECTIONS} connections", bench.store.port, bench.store.pid, alone,
                    connections=CONNECTIONS)]


def run(bench):
    report = bench.report
    alone = direct(bench.store)
    report.title(f"catalog_get_product and the demo store ({len(alone.send(bench.store.port)[1]):,} bytes of product)")
    oauth, oauth_request = asker(bench, "oauth", servers.OAUTH)
    token, token_request = asker(bench, "token", servers.ADMIN)
    single = [bench.ours("1 client, admin token", token_request, token),
              Subject("the store, 1 connection", bench.store.port, bench.store.pid, alone)]
    bench.run(single, connections=1)
    report.say()
    many = crowd(bench, oauth, oauth_request, token, token_request, alone)
    bench.run(many, connections=CLIENTS)
    report.say()
    report.say(f"The same with a store that takes {LATENCY_MS} ms:")
    report.say()
    bench.store.control("POST", "settings", latency_ms=LATENCY_MS)
    slow = crowd(bench, oauth, oauth_request, token, token_request, alone)
    bench.run(slow, connections=CLIENTS)
    bench.store.control("POST", "settings", latency_ms=0)
    report.say()
    report.say("CPU is that of the server in its rows, that of the store in the others. "
               f"Cores: server {machine.SERVER_CORE}, store and load {machine.LOAD_CORE}.")
    report.at_most("upstream cpu", many[0].median("us/req"), 60, "{:.1f} us")
    if not (single[0].trouble or single[1].trouble):
        added = single[0].median("p50 us") - single[1].median("p50 us")
        report.at_most("upstream p50", added / 1000, 0.3, "{:.3f} ms")
    report.at_least("upstream rate", ratio(slow[1], slow[2], "req/s"), 0.9)

