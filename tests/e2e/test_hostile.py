"""Shortages that clients can bring about must not look like anything else."""

import contextlib

from harness import process
from harness.client import Modern
from harness.http import Connection
from harness.places import poll


def test_clients_cannot_take_the_descriptors_for_the_shop(start):
    """As many idle clients as come in leave the calls of others, and the breaker that workers share, alone."""
    server = start(workers=1, wrapper=("prlimit", "--nofile=384"))
    server.allows("connections_limited")
    server.allows("connections_full")  # said when it lasts, as on a busy machine
    client = Modern(server, keep=True)
    client.login()
    with contextlib.ExitStack() as idle:
        for _ in range(300):
            idle.enter_context(contextlib.closing(Connection(server.address)))
        poll(lambda: server.metric("magento_mcp_connections") >= 120, "clients come in")
        for _ in range(10):
            client.ok("catalog_search_products", {"page_size": 1})
    client.close()
    poll(lambda: server.metric("magento_mcp_connections") == 0, "clients gone")


def test_too_few_descriptors_are_named(start):
    server = start(workers=1, wrapper=("prlimit", "--nofile=40"), wait=False)
    assert server.process.wait(60) == 2
    server.reader.join(60)
    assert "may open 40 files, at least 384 are needed" in server.tail()
    process.LIVE.remove(server)
