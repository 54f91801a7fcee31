"""Where things are, and the dummy credentials of the demo store."""

import os
import pathlib
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


def poll(condition, what, deadline_s=10.0):
    """Waits until condition() gives something true, and gives that."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"not within {deadline_s} s: {what() if callable(what) else what}"
        time.sleep(0.01)
