"""The same call from one client and from ten thousand."""

from lib.load import ratio

COUNTS = (1, 64, 1000, 10000)
PER_SECOND = 2500  # so many connections are open a second after they were asked for, also on a busy machine
TARGETS = {}


def run(bench):
    report = bench.report
    modern = bench.whoami_modern()
    nginx = bench.nginx("whoami", bench.size(modern), bench.size(bench.whoami_legacy()))
    report.title("auth_whoami (2026-07-28) by the number of connections, one worker")
    rows = []
    for count in COUNTS:
        ours = bench.ours(f"{count:,} connections", modern)
        theirs = bench.theirs(f"nginx, {count:,}", nginx, modern, nginx.ports[0])
        ours.connections = theirs.connections = count
        ours.seconds = theirs.seconds = 1 + count // PER_SECOND
        rows += [ours, theirs]
    bench.run(rows)
    report.say()
    for ours, theirs in zip(rows[::2], rows[1::2]):
        cpu, rate = ratio(ours, theirs, "us/req"), ratio(ours, theirs, "req/s")
        if cpu is not None:
            report.say(f"- {ours.name}: CPU x {cpu:.2f} of nginx's, req/s x {rate:.2f}")
