"""The descriptor store: what systemd keeps while the supervisor is dead or restarted. A small manager plays systemd."""

import array
import contextlib
import os
import signal
import socket
import sys
import threading

import pytest

from harness.client import Legacy, Modern
from harness.http import Connection, head
from harness.places import BUILD, SERVER, poll, reserved_port

OTHER_LAYOUT = str(BUILD / "other-layout" / "magento-mcp")

# LISTEN_PID must be the server's own: a process between moves the descriptors to 3 and on, and becomes the server.
BECOME = """import os, sys
fds = [int(fd) for fd in sys.argv[1].split(",") if fd]
fds = [os.dup2(fd, 200 + i) for i, fd in enumerate(fds)]
os.closerange(3, 200)
for i, fd in enumerate(fds):
    os.dup2(fd, 3 + i)
    os.close(fd)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[2], sys.argv[2:])"""


class Manager:
    """Keeps descriptors as systemd does: by name, one entry for each file; hands them out at every start."""

    def __init__(self, path):
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.stored = []  # (name, fd)
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        size = array.array("i").itemsize
        while True:
            with contextlib.suppress(OSError):
                data, controls, _, _ = self.socket.recvmsg(4096, socket.CMSG_SPACE(8 * size))
                if data == b"END":
                    return
                fds = array.array("i")
                for _, _, part in controls:
                    fds.frombytes(part[:len(part) - len(part) % size])
                self._take(dict(line.split("=", 1) for line in data.decode().splitlines()), list(fds))

    def _take(self, message, fds):
        with self.lock:
            name = message.get("FDNAME", "stored")
            if "FDSTOREREMOVE" in message:
                for entry in [entry for entry in self.stored if entry[0] == name]:
                    self.stored.remove(entry)
                    os.close(entry[1])
            for fd in fds:
                if "FDSTORE" not in message or any(os.path.sameopenfile(fd, other) and n == name
                                                   for n, other in self.stored if is_regular(fd)):
                    os.close(fd)
                else:
                    self.stored.append((name, fd))

    def names(self):
        with self.lock:
            return sorted(name for name, _ in self.stored)

    def options(self):
        """For start()."""
        with self.lock:
            fds = tuple(fd for _, fd in self.stored)
            names = ":".join(name for name, _ in self.stored)
        environment = {"NOTIFY_SOCKET": self.path}
        if fds:
            environment |= {"LISTEN_FDS": str(len(fds)), "LISTEN_FDNAMES": names}
        return {"environment": environment, "popen": {"pass_fds": fds},
                "wrapper": [sys.executable, "-c", BECOME, ",".join(map(str, fds))]}

    def close(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as own:
            own.sendto(b"END", self.path)
        self.thread.join()
        self.socket.close()
        for _, fd in self.stored:
            os.close(fd)


def is_regular(fd):
    return not os.path.realpath(f"/proc/self/fd/{fd}").startswith("/proc/")


@pytest.fixture
def manager(tmp_path):
    manager = Manager(tmp_path / "notify")
    yield manager
    manager.close()


ALL = ["stored-admin", "stored-keys", "stored-listen", "stored-table"]


@pytest.fixture
def launch(start, manager, tmp_path):
    """Starts the service as the manager does, always on the same folder."""
    def launch_one(sections=None, **more):
        server_keys = {"state_dir": tmp_path / "state", **(sections or {}).get("server", {})}
        server = start({**(sections or {}), "server": server_keys}, workers=2, wait=False, **manager.options(), **more)
        server.allows("table_kept")
        server.allows("table_anew")
        server.wait_serving()
        poll(lambda: manager.names() == ALL, lambda: f"all is stored: {manager.names()}")
        return server

    return launch_one


def die(server):
    """The supervisor is killed; systemd then kills what is left of the service."""
    pids = set(server.pids) | {server.status()["keeper"]["pid"]}
    server.allows("supervisor_gone")
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait(60)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    poll(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), "all are gone")
    server.forget()


def again(client, server):
    """The same client with the server that came after."""
    client.server = server
    return client


def test_logins_survive_the_supervisor(launch, manager):
    """Killed three times: logins, sessions and address stay; who came meanwhile is answered."""
    server = launch()
    modern, legacy = Modern(server), Legacy(server)
    modern.login()
    legacy.login()
    for _ in range(3):
        port = server.port
        die(server)
        assert manager.names() == ALL
        early = Connection(("127.0.0.1", port))
        early.send(head("GET", "/healthz", [("Host", f"127.0.0.1:{port}"), ("Connection", "close")]))
        server = launch()
        server.expects("refused", status=404)
        assert server.port == port and early.read_reply("GET").status == 404
        early.close()
        assert server.log("table_kept")
        assert again(modern, server).ok("auth_whoami") and again(legacy, server).ok("auth_whoami")
    assert server.status()["generation"] == 4
    assert server.metric("magento_mcp_table_corrupt_total") == 0


def test_logins_survive_a_restart(launch, manager):
    """systemctl restart: a graceful stop, then a start."""
    server = launch()
    client = Modern(server)
    client.login()
    port = server.port
    server.stop()
    assert manager.names() == ALL
    server = launch()
    assert server.port == port and again(client, server).ok("auth_whoami")


def test_nothing_worth_keeping_is_let_go(launch, manager):
    server = launch()
    server.stop()
    poll(lambda: manager.names() == [], lambda: f"let go: {manager.names()}")


def test_a_table_of_another_size_is_made_anew(launch, manager):
    """What only a restart can apply is applied by a restart, and the log says what it costs."""
    server = launch()
    client = Modern(server)
    client.login()
    server.stop()
    server = launch({"server": {"table_slots": 4096}})
    assert server.log("table_anew") and not server.log("table_kept")
    again(client, server).refused("auth_whoami", "NOT_AUTHENTICATED")
    assert server.metric("magento_mcp_table_slots") == 4096
    client.login()
    server.stop()
    server = launch({"server": {"table_slots": 4096}})
    assert server.log("table_kept") and again(client, server).ok("auth_whoami")


def test_another_address_is_opened(launch, manager):
    """A socket that was kept serves only the address that it is bound to."""
    server = launch()
    client = Modern(server)
    client.login()
    port = server.port
    server.stop()
    with reserved_port() as other:
        server = launch({"server": {"listen": f"127.0.0.1:{other}"}})
        assert server.port == other != port and again(client, server).ok("auth_whoami")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


def test_a_table_of_another_version_is_made_anew(launch, manager):
    server = launch()
    client = Modern(server)
    client.login()
    server.stop()
    server = launch(program=OTHER_LAYOUT)
    assert server.log("table_anew")
    again(client, server).refused("auth_whoami", "NOT_AUTHENTICATED")
    client.login()
    die(server)
    server = launch(program=OTHER_LAYOUT)
    assert again(client, server).ok("auth_whoami")


def test_an_upgrade_gives_the_new_table(launch, manager, tmp_path):
    """After an upgrade to another layout the store holds the new table, not the old one."""
    path = tmp_path / "magento-mcp"
    path.write_bytes(open(SERVER, "rb").read())
    path.chmod(0o755)
    server = launch(program=path)
    fresh = tmp_path / "fresh"
    fresh.write_bytes(open(OTHER_LAYOUT, "rb").read())
    fresh.chmod(0o755)
    fresh.rename(path)
    for event in ("upgrade", "check", "taken_over", "table_anew", "upgraded"):
        server.expects(event)
    assert server.ask("upgrade wait").startswith("OK")
    poll(lambda: len(server.status()["workers"]) == 2, "the old workers are gone")
    server.fds.clear()
    server.note_workers()
    client = Modern(server)
    client.login()
    die(server)
    server = launch(program=path)
    assert server.log("table_kept") and again(client, server).ok("auth_whoami")
