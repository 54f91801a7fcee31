"""Where things are, and the dummy credentials of the demo store."""

import contextlib
import os
import pathlib
import socket
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build")).resolve()
DATA = ROOT / "tests" / "data"
SERVER = str(BUILD / "magento-mcp")
FIXTURE_SERVER = str(BUILD / "conformance-server")
DEMO_STORE = os.environ.get("DEMO_STORE", str(BUILD / "demo-store"))

OAUTH = {
    "oauth_consumer_key": "dummyconsumerkey0000000000000000",
    "oauth_consumer_secret": "dummyconsumersecret0000000000000",
    "oauth_token": "dummyaccesstoken0000000000000000",
    "oauth_token_secret": "dummytokensecret0000000000000000",
}
DEADLINE_S = 40  # of all that is waited for: a machine may be busy, and a worker tidies up after a quiet minute

LIMITED_OAUTH = {
    "oauth_consumer_key": "limitedconsumerkey00000000000000",
    "oauth_consumer_secret": "limitedconsumersecret00000000000",
    "oauth_token": "limitedaccesstoken00000000000000",
    "oauth_token_secret": "limitedtokensecret00000000000000",
}
READER_OAUTH = {
    "oauth_consumer_key": "readerconsumerkey000000000000000",
    "oauth_consumer_secret": "readerconsumersecret000000000000",
    "oauth_token": "readeraccesstoken000000000000000",
    "oauth_token_secret": "readertokensecret000000000000000",
}
PASSWORD = "Dummy123pass"
ADMIN = {"username": "admin", "password": PASSWORD}
LIMITED_ADMIN = {"username": "limited", "password": PASSWORD}
TFA_ADMIN = {"username": "tfauser", "password": PASSWORD}
INTEGRATION_TOKEN = OAUTH["oauth_token"]


def is_sanitized():
    """Whether the build under test carries AddressSanitizer: it is slower and larger."""
    with open(SERVER, "rb") as file:
        return b"__asan_init" in file.read()


def poll(condition, what):
    """Waits until condition() gives something true, and gives that."""
    end = time.monotonic() + DEADLINE_S
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"not within {DEADLINE_S} s: {what() if callable(what) else what}"
        time.sleep(0.01)


def at_a_pace(attempt, first_ms=500, times=4):
    """
    Calls attempt(ms) with longer and longer times until the machine was fast enough: for what has to be looked at
    before a time of so many milliseconds is over. The attempt says whether it did, by the clock.
    """
    tried = [first_ms * 3 ** i for i in range(times)]
    assert any(attempt(ms) for ms in tried), f"whatever was tried was over too soon: {tried} ms"


def at_best(attempt, times=12):
    """
    Calls attempt() until it says that it was in time: for what takes less than a time that nobody can set, unless the
    machine is busy. What always takes longer is never in time.
    """
    assert any(attempt() for _ in range(times)), f"not once of {times} times was it in time"


@contextlib.contextmanager
def reserved_port():
    """
    A port on which a program may listen, cease, and listen again: the kernel gives it to nobody else meanwhile. Both
    sides say SO_REUSEADDR, and this one does not listen.
    """
    with socket.socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind(("127.0.0.1", 0))
        yield keeper.getsockname()[1]
