"""Another program takes over the running service: nothing is lost; what cannot work changes nothing."""

import concurrent.futures
import os
import shutil
import signal
import threading

import pytest

from harness import proc
from harness.client import Legacy, Modern
from harness.http import Connection
from harness.places import BUILD, SERVER, poll
from harness.process import run_cli

OTHER_LAYOUT = str(BUILD / "other-layout" / "magento-mcp")


@pytest.fixture
def installed(tmp_path):
    """The path of an installed program, and a function that installs another one there."""
    path = tmp_path / "magento-mcp"

    def install(source=SERVER):
        fresh = tmp_path / "fresh"
        shutil.copy(source, fresh)
        fresh.rename(path)

    install()
    return path, install


def upgrade(server):
    server.expects("upgrade")
    server.expects("check")
    server.expects("taken_over")
    server.expects("upgraded")
    answer = server.ask("upgrade wait")
    assert answer.startswith("OK"), answer
    settle(server)


def settle(server):
    poll(lambda: len(server.status()["workers"]) == server.workers, lambda: f"old workers: {server.status()}")
    poll(lambda: server.status()["keeper"]["state"] == "ready", "the keeper")
    server.note_workers()


class Load:
    """Clients of both eras on kept connections, with the same login; every failed request is kept."""

    def __init__(self, server, session, n):
        self.server, self.session = server, session
        self.stop = threading.Event()
        self.done = 0
        self.failed = []
        self.pool = concurrent.futures.ThreadPoolExecutor(n)
        self.running = [self.pool.submit(self._run, (Modern, Legacy)[i % 2]) for i in range(n)]

    def _run(self, kind):
        client = kind(self.server, keep=True)
        client.session = self.session
        while not self.stop.is_set():
            try:
                reply = client.ask("tools/call", {"name": "auth_whoami", "arguments": {"session": self.session}})
                if reply.status != 200 or reply.json["result"]["isError"]:
                    self.failed.append(reply)
                self.done += 1
                if not reply.closed:
                    continue
            except Exception as error:
                self.failed.append(error)
            client.connection.close()
            client.connection = Connection(self.server.address)
        client.close()

    def end(self):
        self.stop.set()
        for item in self.running:
            item.result()
        self.pool.shutdown()


def test_upgrades_under_load(start, installed):
    """Same process, new file, new workers; no request fails, logins and sessions stay."""
    path, install = installed
    server = start(workers=2, program=path)
    modern, legacy = Modern(server), Legacy(server)
    modern.login()
    legacy.login()
    load = Load(server, modern.session, 8)
    for i in range(5):
        poll(lambda: load.done > 40 * (i + 1), "load")
        old, inode = set(server.pids), os.stat(path).st_ino
        install()
        assert os.stat(path).st_ino != inode
        upgrade(server)
        assert not server.pids & old and server.status()["pid"] == server.process.pid
        for pid in server.pids | {server.process.pid}:
            assert os.stat(f"/proc/{pid}/exe").st_ino == os.stat(path).st_ino
            assert b"MAGENTO_HANDOVER" not in (proc.environment(pid) if pid != server.process.pid else b"")
    load.end()
    assert load.failed == [] and load.done > 200
    assert modern.ok("auth_whoami") and legacy.ok("auth_whoami")
    assert server.status()["generation"] == 6 and server.status()["uptime_s"] >= 0


def test_upgrade_by_signal(start, installed):
    """USR2 does the same; the command line tool waits for the outcome over the exec."""
    path, install = installed
    server = start(workers=1, program=path)
    for _ in range(2):
        server.expects("upgrade")
        server.expects("check")
        server.expects("taken_over")
        server.expects("upgraded")
    server.process.send_signal(signal.SIGUSR2)
    server.wait_log("upgraded")
    settle(server)
    done = run_cli("ctl", "upgrade", "--wait", "-c", server.path)
    assert (done.returncode, done.stderr) == (0, "")
    settle(server)
    assert server.status()["generation"] == 3


def test_upgrade_keeps_what_runs(start, installed, shop):
    """A call that an old worker has begun is finished by it, though its supervisor is another program by now."""
    path, install = installed
    server = start({"magento": {"read_timeout_ms": "60s"}}, workers=2, program=path)
    client = Modern(server, keep=True)
    client.login()
    shop.fault("latency", "/rest/all/V1/products/", ms=800)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        running = pool.submit(client.ok, "catalog_get_product", {"sku": "MCP-001"})
        shop.wait_requests(1, "/rest/all/V1/products/")
        server.expects("upgrade")
        server.expects("check")
        server.expects("taken_over")
        server.expects("upgraded")
        assert server.ask("upgrade wait").startswith("OK")
        assert running.result()["sku"] == "MCP-001"
    client.close()
    settle(server)


def test_another_layout_begins_anew(start, installed, shop):
    """Logins are made anew, plans stay, no request fails otherwise; and the log says so."""
    path, install = installed
    server = start(workers=2, program=path)
    client = Modern(server)
    client.login()
    plan = client.ok("catalog_prepare_bulk_update", {
        "match": {"sku_prefix": "MCP-00"}, "updates": {"meta_title": "Kept"}, "scope": {"scope": "global"}})
    install(OTHER_LAYOUT)
    server.expects("table_anew")
    before = proc.descriptors(server.process.pid)
    server.fds.clear()  # the new table has another name
    upgrade(server)

    def after():
        return proc.descriptors(server.process.pid)

    poll(lambda: len(after()) == len(before) and sum(after().values()) == sum(before.values()), lambda: (before, after()))
    client.refused("auth_whoami", "NOT_AUTHENTICATED")
    client.login()
    assert client.ok("auth_whoami")
    done = client.ok("catalog_commit_bulk_update", {"plan_id": plan["plan_id"], "confirm": True, "reason": "kept"})
    assert (done["status"], done["success_count"]) == ("completed", plan["write_count"]), done
    generation = server.status()["generation"]
    upgrade(server)  # now both are alike
    assert server.status()["generation"] == generation + 1
    assert client.ok("auth_whoami")


@pytest.mark.parametrize("what", ["missing", "text", "true", "restart", "broken configuration"])
def test_what_cannot_work_changes_nothing(start, installed, tmp_path, what):
    path, install = installed
    server = start(workers=2, program=path)
    client = Modern(server)
    client.login()
    reason = {"missing": "cannot be executed", "text": "cannot be executed", "true": "gave none",
              "restart": "server.table_slots", "broken configuration": f"{server.path}:2:"}[what]
    if what == "missing":
        path.unlink()
    elif what == "text":
        (tmp_path / "x").write_text("not a program\n")
        install(tmp_path / "x")
    elif what == "true":
        install("/bin/true")
    elif what == "restart":
        server.write({"server": {"table_slots": 128}})
    else:
        server.path.write_text("[server]\nlistne = x\n")
    server.expects("upgrade")
    server.expects("upgrade_failed")
    server.allows("check")
    answer = server.ask("upgrade wait")
    assert answer.startswith("ERROR") and reason in answer, answer
    server.write({})
    assert client.ok("auth_whoami") and server.worker_pids() == server.pids
    assert server.status()["last_reload"]["ok"] is False and server.status()["generation"] == 1
