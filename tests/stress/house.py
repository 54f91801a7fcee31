"""The product under a storm: a demo store, the server with its workers, and what can be seen of them from outside."""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = os.environ.get("BUILD", str(ROOT / "build"))
LATENCY_MS = int(os.environ.get("STRESS_LATENCY_MS", "20"))
PRODUCTS = 1000
WRITE_TIMEOUT_MS = 3000  # a write that was cut off is in doubt for so long before a resumed commit reads the shop


def is_sanitized():
    """Whether the build carries AddressSanitizer: it is larger, and says its own last words."""
    with open(f"{BUILD}/magento-mcp", "rb") as f:
        return b"__asan_init" in f.read()


def poll(condition, what, seconds=60.0):
    """The first true value of condition(); the storm is over when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise SystemExit(f"waited {seconds:.0f} s in vain: {what}")
        time.sleep(0.01)


def ask_json(port, path, method="GET", body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, None if body is None else json.dumps(body))
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


class Shop:
    """The demo store; its answers come after LATENCY_MS."""

    def __init__(self):
        self.process = subprocess.Popen(
            [f"{BUILD}/demo-store", "--listen", "127.0.0.1:0", "--products", str(PRODUCTS), "--latency-ms",
             str(LATENCY_MS)], stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().split()[-1]
        self.port = int(self.url.rsplit(":", 1)[1])

    def writes(self):
        """{sku: how often it was written with effect}, by the shop's own record."""
        products = ask_json(self.port, "/_demo/writes").get("products", {})
        return {sku: entry["count"] for sku, entry in products.items()}

    def fault(self, **rule):
        ask_json(self.port, "/_demo/faults", "POST", rule)

    def heal(self):
        ask_json(self.port, "/_demo/faults", "DELETE")

    def stop(self):
        self.process.kill()
        self.process.wait(timeout=60)
        self.process.stdout.close()


def command_of(pid):
    """magento-mcp worker N, or magento-mcp keeper; nothing of a process that is gone."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            return f.read().decode().split("\0")[:-1]
    except (FileNotFoundError, ProcessLookupError):
        return []


class Server:
    """Demo store and server, on free ports, in a folder of its own. Whatever is raised, nothing stays behind."""

    def __init__(self, workers=4, sections="", settings="", program=f"{BUILD}/magento-mcp"):
        self.folder = tempfile.mkdtemp(prefix="magento-mcp-storm-")
        self.workers = workers
        self.program = os.path.join(self.folder, "magento-mcp")
        self.conf = os.path.join(self.folder, "magento-mcp.conf")
        self.log_path = os.path.join(self.folder, "log")
        self.mark = os.path.join(self.folder, "stillborn")
        self.install(program)
        self.shop = Shop()
        self.settings, self.sections = settings, sections
        self.configure()
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([self.program, "serve", "-c", self.conf], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env={**os.environ, "STILLBORN": self.mark})
        self.pid = self.process.pid
        self.port = self.admin_port = None
        poll(lambda: self.events("serving") or self.process.poll() is not None, "the server comes up")
        if self.process.poll() is not None:
            raise SystemExit("the server does not come up:\n" + open(self.log_path).read())
        (line,) = self.events("listening")
        self.port = int(line["listen"].rsplit(":", 1)[1])
        self.admin_port = int(line["admin"].rsplit(":", 1)[1])

    def configure(self, settings=None):
        """Writes the configuration; `settings` are more lines of [server]."""
        fresh = self.conf + ".new"
        with open(fresh, "w") as f:
            f.write(f"""[server]
listen = 127.0.0.1:0
workers = {self.workers}
state_dir = {self.folder}
log_level = info
{self.settings if settings is None else settings}
[admin]
listen = 127.0.0.1:0
[session]
logins_per_principal = 100000
[magento]
write_timeout_ms = {WRITE_TIMEOUT_MS}
[store "demo"]
base_url = {self.shop.url}
oauth_consumer_key = dummyconsumerkey0000000000000000
oauth_consumer_secret = dummyconsumersecret0000000000000
oauth_token = dummyaccesstoken0000000000000000
oauth_token_secret = dummytokensecret0000000000000000
{self.sections}
""")
        os.rename(fresh, self.conf)

    def install(self, source):
        """Puts another program in place, as a package does: a new file under the old name."""
        fresh = self.program + ".new"
        shutil.copy(source, fresh)
        os.rename(fresh, self.program)

    @contextlib.contextmanager
    def no_births(self):
        """Workers that start meanwhile die before they are READY; the program is stress/stillborn."""
        open(self.mark, "wb").close()
        try:
            yield
        finally:
            os.unlink(self.mark)

    # ---- what it says ----

    def events(self, *names):
        """Log lines of these events, oldest first."""
        marks = [f'"event":"{name}"'.encode() for name in names]
        found = []
        with open(self.log_path, "rb") as f:
            for line in f:
                if any(mark in line for mark in marks) and line.endswith(b"\n"):
                    found.append(json.loads(line))
        return found

    def log_lines(self):
        """All of them; what is none (the dynamic linker's last words) as one of level error."""
        found = []
        with open(self.log_path, "rb") as f:
            for line in f:
                try:
                    found.append(json.loads(line))
                except ValueError:
                    found.append({"level": "error", "event": "text", "text": line.decode("utf-8", "replace").rstrip()})
        return found

    def ctl(self, *words, timeout=120):
        return subprocess.run([self.program, "ctl", *words, "-c", self.conf], capture_output=True, text=True,
                              timeout=timeout)

    def begin_ctl(self, *words):
        """The same without waiting for its end."""
        return subprocess.Popen([self.program, "ctl", *words, "-c", self.conf], stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def status(self):
        return json.loads(self.ctl("status", "--json").stdout)

    def metric(self, name):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=60)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        lines = text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((name + " ", name + "{")))

    # ---- what runs ----

    def children(self):
        """{pid: command} of the processes that live."""
        try:
            with open(f"/proc/{self.pid}/task/{self.pid}/children") as f:
                pids = [int(pid) for pid in f.read().split()]
        except FileNotFoundError:
            return {}
        return {pid: command for pid in pids if (command := command_of(pid))}

    def worker_slots(self):
        """{pid: slot}"""
        return {pid: int(command[2]) for pid, command in self.children().items() if command[1:2] == ["worker"]}

    def keeper_pids(self):
        return [pid for pid, command in self.children().items() if command[1:2] == ["keeper"]]

    def settle(self):
        """Until there are as many workers as wanted, all READY, and a keeper."""
        def settled():
            status = self.status()
            states = [worker["state"] for worker in status["workers"]]
            return states == ["ready"] * self.workers and status["keeper"]["state"] == "ready"
        poll(settled, "the server settles")

    def cpu_s(self):
        """Processor time of the supervisor, without its children."""
        return time.clock_gettime(~self.pid << 3 | 2)  # what clock_getcpuclockid(3) gives

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    # ---- the end ----

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(timeout=60)
        self.shop.stop()
        if os.environ.get("STRESS_KEEP"):
            print("kept:", self.folder)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
