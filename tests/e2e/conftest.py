"""Fixtures: a demo store and a server for each module, and what must hold after every test."""

import pytest

from harness import process
from harness.process import LIVE, Server, shm_entries
from harness.shop import Shop


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left():
    """At the very end no server runs and no shared memory has a name."""
    yield
    for server in list(LIVE):
        server.forget()


@pytest.fixture(scope="module")
def the_shop():
    shop = Shop()
    yield shop
    shop.stop()


@pytest.fixture(scope="module")
def the_server(the_shop):
    """Four workers, one store with OAuth credentials."""
    server = Server(the_shop)
    yield server
    server.stop()


@pytest.fixture
def shop(the_shop):
    the_shop.reset()
    the_shop.settings(bearer=False, token_ttl=3600, latency_ms=0)
    yield the_shop
    the_shop.heal()


@pytest.fixture
def server(the_server, shop):
    """The module's server, in front of a store that is as at the start."""
    return the_server


@pytest.fixture
def start(request, shop):
    """Starts servers of this test's own; those that still run at its end are stopped gracefully."""
    started = []

    def start_one(*args, **more):
        server = Server(shop, *args, **more)
        started.append(server)
        return server

    yield start_one
    try:
        for server in started:
            if server in LIVE and not getattr(request.node, "failed_call", False):
                server.check()
                server.stop()
    finally:
        for server in started:
            if server in LIVE:
                server.forget()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.failed_call = outcome.get_result().failed


@pytest.fixture(autouse=True)
def vigil(request):
    """After every test: see Server.check(); and no shared memory that has a name."""
    before = shm_entries()
    yield
    failures = []
    for server in list(LIVE):
        try:
            server.check()
        except AssertionError as error:
            failures.append(error)
            if server.process.poll() is None and server.port is not None:
                server.fds.clear()
                server.worker_fds.clear()
                server.note_workers()  # the next test is judged by itself
    assert not failures, failures[0]
    process.poll(lambda: not shm_entries() - before, lambda: f"left in /dev/shm: {shm_entries() - before}")
