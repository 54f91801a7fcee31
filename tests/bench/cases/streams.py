"""Open streams of events: what one takes, and what a thousand of them cost the calls beside them."""

import socket

from lib import servers, wire
from lib.load import ratio

COUNT = 1000
TARGETS = {}


def listen(port):
    """A stream of the modern era that waits for changes."""
    request = wire.modern("subscriptions/listen", {"notifications": {"toolsListChanged": True}}, servers.TOKEN)
    head = [f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {len(request.body)}"]
    head += [f"{name}: {value}" for name, value in request.headers.items()]
    stream = socket.create_connection(("127.0.0.1", port), timeout=30)
    stream.sendall(("\r\n".join(head) + "\r\n\r\n" + request.body).encode())
    answer = stream.recv(4096)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"no stream: {answer[:300]!r}")
    return stream


def run(bench):
    report = bench.report
    report.title(f"{COUNT:,} open streams (subscriptions/listen), one worker")
    server = servers.Server(bench.house, bench.store, "streams", **settings())
    request = wire.modern("tools/call", wire.tool("auth_whoami", session=server.login()), servers.TOKEN)
    alone = bench.ours("no stream", request, server)
    beside = bench.ours(f"{COUNT:,} streams", request, server)
    held = []
    try:
        bench.run([alone])
        before = bench.resident(server)["Rss"]
        held = [listen(server.port) for _ in range(COUNT)]
        each = (bench.resident(server)["Rss"] - before) / COUNT
        report.say()
        bench.run([beside])
    finally:
        for stream in held:
            stream.close()
    report.say()
    report.say(f"A stream takes {each:.1f} KiB; CPU of the calls beside them x "
               f"{ratio(beside, alone, 'us/req') or 0:.2f}.")


def settings():
    """Room for so many streams of one caller."""
    return {"server": {"max_connections": 4 * COUNT}}
