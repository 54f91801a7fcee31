"""tools/list with everything in it."""

import json

from lib import servers, wire
from lib.load import ratio

TARGETS = {
    "list nginx": ("tools/list: req/s to nginx, same size", ">= 0.90"),
    "list sdk": ("tools/list: req/s to SDK v1", ">= 200"),
}


def run(bench):
    report = bench.report
    modern = wire.modern("tools/list", token=servers.TOKEN)
    body = modern.send(bench.server.port)[1]
    nginx = bench.nginx("list", len(body))
    report.title(f"tools/list, {len(json.loads(body)['result']['tools'])} tools, {len(body):,} bytes, "
                 f"{bench.load.connections} connections")
    ours = bench.ours("2026-07-28", modern)
    old = bench.ours("2025-11-25", wire.legacy("tools/list", token=servers.TOKEN, session=bench.session))
    theirs = bench.theirs("nginx, same size", nginx, modern, nginx.ports[0])
    v1 = bench.by_sdk("v1", wire.legacy("tools/list", session=bench.sdk_session()))
    v2 = bench.by_sdk("v2", wire.modern("tools/list"))
    bench.run([ours, theirs, old, v1, v2])
    report.at_least("list nginx", ratio(ours, theirs, "req/s"), 0.9)
    report.at_least("list sdk", ratio(ours, v1, "req/s"), 200, "{:.0f}")
