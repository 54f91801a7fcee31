"""Fixtures: a demo store and a server for each module, and what must hold after every test."""

import uuid

import pytest

from harness import process, record
from harness.contract import CODES
from harness.client import Legacy, Modern
from harness.places import ROOT
from harness.process import LIVE, Server, shm_entries
from harness.shop import Shop


def pytest_configure(config):
    if not hasattr(config, "workerinput"):  # not a process of pytest-xdist
        record.begin()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    """No secret was written anywhere; and when all tests ran, every tool showed all that its contract promises."""
    record.save()
    if hasattr(session.config, "workerinput"):
        return
    run = record.end()
    problems = [f"a secret was written: {leak}" for leak in run.leaks()]
    if is_whole(session.config) and session.testsfailed == 0:
        problems += [f"no test has seen {lack}" for lack in run.lacking(CODES)]
    session.config.record_problems = problems
    session.config.record_tried = run.tried
    if problems and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def is_whole(config):
    """Whether all tests were asked for."""
    option = config.option
    return (not option.keyword and not option.markexpr and not option.collectonly and not option.deselect
            and all((ROOT / argument).resolve() == ROOT / "tests" / "e2e" for argument in config.args))


def pytest_terminal_summary(terminalreporter, config):
    for what, n in sorted(getattr(config, "record_tried", {}).items()):
        terminalreporter.write_line(f"hostile: {n:7} {what}")
    for problem in getattr(config, "record_problems", []):
        terminalreporter.write_line(f"FAILED {problem}", red=True)


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


@pytest.fixture(params=[Modern, Legacy], ids=["modern", "legacy"])
def era(request):
    """The class of a client. Tests of tools are written once and run in both eras."""
    return request.param


@pytest.fixture
def client(server, era):
    """Somebody logged in at the module's server."""
    client = era(server)
    client.login()
    return client


@pytest.fixture
def key():
    """Makes idempotency keys of this test's own: a server remembers those of the tests before."""
    run = uuid.uuid4().hex
    return lambda name: f"{name}-{run}"


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
