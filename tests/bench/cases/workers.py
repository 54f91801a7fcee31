"""Several workers: what sharing the table costs. They may use all cores, and share the last one with the load."""

from lib import machine, servers, wire
from lib.load import ratio

COUNTS = (1, 2, 4)
TARGETS = {"workers": ("two workers: CPU per request to one worker's", "<= 1.10")}


def run(bench):
    report = bench.report
    report.title("auth_whoami (2026-07-28) by the number of workers, all cores")
    rows = []
    for count in COUNTS:
        server = servers.Server(bench.house, bench.store, f"workers-{count}", workers=count, cores=machine.ALL)
        request = wire.modern("tools/call", wire.tool("auth_whoami", session=server.login()), servers.TOKEN)
        rows.append(bench.ours(f"{count} worker{'s' if count > 1 else ''}", request, server))
    bench.run(rows)
    report.at_most("workers", ratio(rows[1], rows[0], "us/req"), 1.1)
