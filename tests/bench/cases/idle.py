"""What a connection costs that has asked once and waits."""

import resource
import socket

from lib import servers

COUNT = 10000
TARGETS = {"idle": (f"{COUNT:,} idle connections: memory each", "<= 4.0 KiB")}


def hold(port, count):
    """Connections that have had one answer each."""
    request = b"OPTIONS /mcp HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % port
    held = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        connection.sendall(request)
        if not connection.recv(4096):
            raise RuntimeError(f"connection {len(held)} was closed")
        held.append(connection)
    return held


def run(bench):
    bench.report.title("Idle connections")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < COUNT + 200:
        raise RuntimeError(f"this shell may open {hard} files, {COUNT + 200} are needed: raise `ulimit -Hn`")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server = servers.Server(bench.house, bench.store, "idle", server={"max_connections": COUNT + 100})
    held = []
    try:
        hold(server.port, 1)[0].close()
        before = bench.resident(server)["Rss"]
        held = hold(server.port, COUNT)
        after = bench.resident(server)["Rss"]
        bench.report.say(f"worker: {before:,} KiB resident before, {after:,} KiB with {COUNT:,} connections")
        bench.report.at_most("idle", (after - before) / COUNT, 4.0, "{:.2f} KiB")
    finally:
        for connection in held:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
