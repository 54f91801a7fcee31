"""A wall clock that jumps under a running server: logins and sessions do not age with it, plans are told the truth."""

import mmap
import struct

import pytest

from harness.client import Legacy, Modern
from harness.contract import OK
from harness.places import BUILD, is_sanitized
from harness.process import Server

PREPARE, COMMIT = "catalog_prepare_bulk_update", "catalog_commit_bulk_update"
HOUR = 3600

pytestmark = pytest.mark.skipif(is_sanitized(), reason="the sanitizer wants to be the first library")


class Clock:
    """The wall clock of a server's processes; the monotonic one stays what it is, as with a clock that is set."""

    def __init__(self, path):
        path.write_bytes(bytes(8))
        self.environment = {"LD_PRELOAD": str(BUILD / "shifted_clock.so"), "SHIFTED_CLOCK": str(path)}
        with open(path, "r+b") as file:
            self.place = mmap.mmap(file.fileno(), 8)

    def set(self, offset_s):
        self.place[:] = struct.pack("=q", offset_s)


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path / "clock")


def prepare(client, sku, name):
    return client.ok(PREPARE, {"match": {"sku_list": [sku]}, "updates": {"name": name}, "scope": {"scope": "global"}})


@pytest.mark.parametrize("offset_s", [HOUR, -HOUR])
def test_jump(shop, clock, offset_s):
    server = Server(shop, workers=2, environment=clock.environment)
    try:
        modern, legacy = Modern(server), Legacy(server)
        modern.login()
        legacy.login()
        plan = prepare(modern, "MCP-001", "Before the jump")
        clock.set(offset_s)
        shop.settings(clock_skew_s=offset_s)  # the shop's is the true one, and so is ours now
        for _ in range(8):  # both workers
            assert modern.ok("auth_whoami")["username"] == "main"
            assert legacy.ok("auth_whoami")["username"] == "main"
        assert modern.ok("catalog_get_product", {"sku": "MCP-001"})["sku"] == "MCP-001"
        assert legacy.ok("catalog_get_product", {"sku": "MCP-002"})["sku"] == "MCP-002"
        params = {"plan_id": plan["plan_id"], **OK}
        if offset_s > 0:
            modern.refused(COMMIT, "PLAN_EXPIRED", params)  # its time was told as a time of day, and that is over
            plan = prepare(modern, "MCP-001", "After the jump")
            params = {"plan_id": plan["plan_id"], **OK}
        assert modern.ok(COMMIT, params)["status"] == "completed"
        clock.set(0)
        shop.settings(clock_skew_s=0)
        assert modern.ok("catalog_get_product", {"sku": "MCP-001"})["name"].endswith("the jump")
        assert legacy.ok("auth_whoami")["username"] == "main"
        server.check()  # no worker was taken for one that hangs
        server.stop()
    finally:
        server.forget()
        shop.settings(clock_skew_s=0)
