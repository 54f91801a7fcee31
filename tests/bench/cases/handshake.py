"""
initialize: each request makes a session in the shared table. A server on the SDK makes one with its tools and their schemas,
as the SDK's examples do, which is what is judged; one whose sessions share the schemas stands beside it.
"""

from lib import servers, wire
from lib.load import ratio

GROWTH_MAX_KIB = 1024  # of a worker's own memory over hundreds of thousands of sessions

TARGETS = {
    "initialize nginx": ("initialize: req/s to nginx, same size", ">= 0.60"),
    "initialize sdk": ("initialize: req/s to SDK v1", ">= 300"),
    "initialize memory": ("initialize: growth of the worker beyond the table", f"<= {GROWTH_MAX_KIB} KiB"),
}


def run(bench):
    report = bench.report
    request = wire.initialize(servers.TOKEN)
    size = bench.size(request)
    nginx = bench.nginx("initialize", size)
    report.title(f"initialize, {bench.load.connections} connections, answers of {size} bytes")
    ours = bench.ours("initialize", request)
    theirs = bench.theirs("nginx, same size", nginx, request, nginx.ports[0])
    v1 = bench.by_sdk("v1", wire.initialize())
    v1.connections = 4  # so slow is it that more would wait for longer than a sample takes
    before = None

    def warmed():
        nonlocal before
        bench.server.trim()
        if before is None and ours.samples:  # pools and tables of the process have their size by then
            before = bench.resident()["RssAnon"]

    ours.prepare = warmed
    bench.run([ours, theirs, v1, bench.by_sdk("v1", wire.initialize(), "shared")])
    grown = bench.resident()["RssAnon"] - (before if before is not None else 0)
    report.at_least("initialize nginx", ratio(ours, theirs, "req/s"), 0.6)
    report.at_least("initialize sdk", ratio(ours, v1, "req/s"), 300, "{:.0f}")
    if before is not None:
        report.at_most("initialize memory", grown, GROWTH_MAX_KIB, "{:d} KiB")
