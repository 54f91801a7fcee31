"""A tools/call that needs no upstream: authentication, session, schema, audit and metrics on, in both eras."""

from lib import wire
from lib.load import ratio, ratios

ROUNDS = 5  # at least, beside nginx: one moment in which others have a core is seen in the p99 of a round, of whichever subject

TARGETS = {
    "whoami modern cpu": ("tools/call 2026-07-28: CPU per request to nginx", "<= 1.30"),
    "whoami legacy cpu": ("tools/call 2025-11-25: CPU per request to nginx", "<= 1.30"),
    "whoami modern sdk": ("tools/call 2026-07-28: req/s to SDK v1", ">= 15"),
    "whoami legacy sdk": ("tools/call 2025-11-25: req/s to SDK v1", ">= 15"),
    "whoami modern p99": ("tools/call 2026-07-28: p99 to nginx", "<= 2.00"),
    "whoami legacy p99": ("tools/call 2025-11-25: p99 to nginx", "<= 2.00"),
}


def run(bench):
    report = bench.report
    modern, legacy = bench.whoami_modern(), bench.whoami_legacy()
    sizes = bench.size(modern), bench.size(legacy)
    report.title(f"tools/call auth_whoami, {bench.load.connections} connections, answers of {sizes[0]} and {sizes[1]} bytes")
    nginx = bench.nginx("whoami", *sizes)
    v1 = bench.by_sdk("v1", wire.legacy("tools/call", wire.tool("auth_whoami"), session=bench.sdk_session()))
    v2 = bench.by_sdk("v2", wire.modern("tools/call", wire.tool("auth_whoami")))
    pairs = {
        "modern": (bench.ours("2026-07-28", modern), bench.theirs("nginx, same size", nginx, modern, nginx.ports[0])),
        "legacy": (bench.ours("2025-11-25", legacy), bench.theirs("nginx, same size", nginx, legacy, nginx.ports[1])),
    }
    for ours, theirs in pairs.values():
        ours.rounds = theirs.rounds = ROUNDS
    bench.run([subject for pair in pairs.values() for subject in pair] + [v1, v2])
    report.say()
    for era, (ours, theirs) in pairs.items():
        report.at_most(f"whoami {era} cpu", ratio(ours, theirs, "us/req"), 1.3)
        report.at_least(f"whoami {era} sdk", ratio(ours, v1, "req/s"), 15, "{:.1f}")
        report.at_most(f"whoami {era} p99", ratio(ours, theirs, "p99 us"), 2)
        by_round = " ".join(f"{value:.2f}" for value in ratios(ours, theirs, "p99 us"))
        report.say(f"- {ours.name}: p99 to nginx's by round {by_round}")
