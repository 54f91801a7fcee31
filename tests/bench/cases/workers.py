"""
Several workers: what sharing the table costs. They may use all cores, and share the last one with the load: beside two
workers it runs on cores that are busy, beside one it has a core to itself. What that alone costs is seen in nginx, whose
workers share nothing: it runs with as many under the same conditions.
"""

from lib import machine, servers, wire
from lib.load import ratio

ROUNDS = 5  # at least, for what is judged: who sits on which core is another matter in each round
TARGETS = {"workers": ("two workers: CPU per request to one worker's", "<= 1.10")}


def counted(number):
    return f"{number} worker{'s' if number > 1 else ''}"


def ours(bench, number):
    server = servers.Server(bench.house, bench.store, f"workers-{number}", workers=number, cores=machine.ALL)
    request = wire.modern("tools/call", wire.tool("auth_whoami", session=server.login()), servers.TOKEN)
    return bench.ours(counted(number), request, server)


def theirs(bench, number, request, size):
    nginx = servers.Nginx(bench.house, f"nginx-workers-{number}", [size], workers=number, cores=machine.ALL)
    return bench.theirs(f"nginx, {counted(number)}", nginx, request, nginx.ports[0])


def run(bench):
    report = bench.report
    report.title("auth_whoami (2026-07-28) by the number of workers, all cores")
    one, two, four = (ours(bench, number) for number in (1, 2, 4))
    size = len(one.request.send(one.port)[1])
    nginx_one, nginx_two = (theirs(bench, number, one.request, size) for number in (1, 2))
    for subject in (one, two, nginx_one, nginx_two):
        subject.rounds = ROUNDS
    bench.run([one, two, four, nginx_one, nginx_two])
    ours_to_one, nginx_to_one = ratio(two, one, "us/req"), ratio(nginx_two, nginx_one, "us/req")
    if nginx_to_one is not None:
        report.say(f"\nTwo workers of nginx, which share nothing: CPU per request x {nginx_to_one:.2f} of one worker's.")
    report.at_most("workers", ours_to_one, 1.1)
