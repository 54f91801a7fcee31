"""The server under test: a supervisor and its workers, watched from outside."""

import collections
import contextlib
import fcntl
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

from . import proc, record
from .http import Connection, head
from .sse import Stream
from .places import FIXTURE_SERVER, OAUTH, SERVER, poll

LIVE = []

# Texts that must never be seen in a log: whatever the tests use as a secret is added.
SECRETS = record.Secrets()
for value in OAUTH.values():
    SECRETS.add(value)

# What a server says at the level notice when it begins and ends.
LIFE = {"listening", "serving", "stopping", "stopped"}

NOTABLE = ("error", "warn", "notice")
LOG_PIPE_BYTES = 1 << 20

# A machine that is busy with other things says so in these; a worker that hangs is replaced, which is noticed.
BUSY = {"worker_late", "loop_held"}


def ini(sections):
    """{"server": {key: value}, 'store "main"': {...}} as text; a list is joined with commas."""
    lines = []
    for name, values in sections.items():
        lines.append(f"[{name}]")
        for key, value in values.items():
            lines.append(f"{key} = {', '.join(value) if isinstance(value, (list, tuple)) else value}")
        lines.append("")
    return "\n".join(lines)


def shm_entries():
    try:
        return {name for name in os.listdir("/dev/shm") if "magento" in name}
    except FileNotFoundError:
        return set()


def clean_environment(**more):
    """The tests' environment without what would configure the server."""
    kept = {key: value for key, value in os.environ.items()
            if not key.startswith(("MAGENTO_", "MCP_", "FASTLY_", "LISTEN_", "NOTIFY_", "WATCHDOG_"))}
    kept.update(more)
    return kept


def run_cli(*args, **environment):
    """magento-mcp ARGS to its end."""
    return subprocess.run([SERVER, *map(str, args)], capture_output=True, text=True, timeout=120,
                          env=clean_environment(**environment))


class Server:
    """
    `sections` override or extend the default configuration (None removes a key or section). After every test check()
    looks at all that runs: see there.
    """

    program = SERVER

    def __init__(self, shop=None, sections=None, workers=4, args=(), environment=None, wait=True, popen=None,
                 log_file=False, wrapper=(), program=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="magento-mcp-e2e."))
        self.path = self.folder / "magento-mcp.conf"
        self.shop = shop
        self.workers = workers
        self.base = self._defaults(shop, log_file)
        self.write(sections or {})
        self.lines = []
        self.n_checked = 0
        self.expected = []
        self.allowed = []
        self.allowed_before = []  # a line may be read when the answer it belongs to has long been judged
        self.refusals = collections.Counter()
        self.upstream_ports = {shop.port} if shop else set()
        self.pids = set()
        self.fds = {}
        self.worker_fds = collections.Counter()
        self.port = self.admin_port = None
        self.last_metrics = b""
        self.process = subprocess.Popen(
            [*wrapper, str(program or self.program), "serve", "-c", str(self.path), *self.settings(), *args],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=clean_environment(**(environment or {})), **(popen or {}))
        with contextlib.suppress(OSError):  # a server drops lines that find no room, and this process may be held up
            fcntl.fcntl(self.process.stderr, fcntl.F_SETPIPE_SZ, LOG_PIPE_BYTES)
        self.listening = threading.Event()  # cleared: nobody reads the log
        self.listening.set()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        LIVE.append(self)
        if wait:
            self.wait_serving()

    # ---- configuration ----

    def settings(self):
        """-s options that this program needs."""
        return ()

    def _defaults(self, shop, log_file):
        base = {
            "server": {"listen": "127.0.0.1:0", "workers": self.workers, "state_dir": self.folder / "state"},
            "admin": {"listen": "127.0.0.1:0"},
            "limits": {"refused_lines": 0},  # each refusal is told: they are counted
        }
        if log_file:
            base["server"]["log_file"] = self.folder / "log"
        if shop:
            base['store "main"'] = {"base_url": shop.url, **OAUTH}
        return base

    def write(self, sections):
        """Writes the configuration file anew: the defaults with `sections` over them."""
        merged = {name: dict(values) for name, values in self.base.items()}
        for name, values in sections.items():
            if values is None:
                merged.pop(name, None)
                continue
            merged.setdefault(name, {}).update(values)
            merged[name] = {key: value for key, value in merged[name].items() if value is not None}
        self.sections = merged
        fresh = self.path.with_suffix(".new")
        fresh.write_text(ini(merged))
        fresh.rename(self.path)  # a reload that runs just now sees the old file or the new one

    # ---- the log ----

    def _read(self):
        for raw in self.process.stderr:
            self.listening.wait()
            line = raw.decode("utf-8", "replace").rstrip("\n")
            try:
                parsed = json.loads(line)
            except ValueError:
                parsed = {"level": "error", "event": "not JSON", "text": line}
            parsed["_raw"] = line
            self.lines.append(parsed)

    def log(self, event, **fields):
        """Lines of this test."""
        return [line for line in self.lines[self.n_checked:]
                if line["event"] == event and all(line.get(key) == value for key, value in fields.items())]

    def wait_log(self, event, n=1, **fields):
        return poll(lambda: (lambda found: found if len(found) >= n else None)(self.log(event, **fields)),
                    lambda: f"{n} x {event} {fields} in the log:\n" + self.tail())

    def tail(self, n=30):
        return "\n".join(line["_raw"] for line in list(self.lines)[-n:])

    def expects(self, event, n=1, **fields):
        """This test makes the server log this n times: notices and worse that nobody expects fail it."""
        self.expected.append((event, n, fields))

    def allows(self, event, **fields):
        """This may be logged, any number of times."""
        self.allowed.append((event, fields))

    # ---- life ----

    def wait_serving(self):
        poll(lambda: self.log("serving") or self.process.poll() is not None, lambda: "serving:\n" + self.tail())
        assert self.process.poll() is None, self.tail()
        line = self.log("listening")[0]
        self.port = int(line["listen"].split(",")[0].rpartition(":")[2])
        self.admin_port = int(line["admin"].rpartition(":")[2]) if line["admin"] != "off" else None
        self.control_socket = line["control_socket"]
        self.note_workers()

    def note_workers(self):
        """From now on the present workers are the ones that must stay."""
        poll(lambda: self._is_settled(self.status()), lambda: f"ready: {self.status()}")
        before, self.pids = self.pids, self.worker_pids()
        if len(before) != len(self.pids):
            self.fds.pop(self.process.pid, None)  # the supervisor holds two for each worker
        for pid in self.pids | {self.process.pid}:
            if pid not in self.fds:
                self.fds[pid] = proc.descriptors(pid)
        for pid in self.pids:  # workers are alike; a new one connects to the keeper a moment after it is ready
            self.worker_fds |= self.fds[pid]

    @staticmethod
    def _is_settled(status):
        """All are ready, the keeper too: after a reload it is replaced when the last of the old workers is gone."""
        keeper = status["keeper"]
        is_changing = keeper["state"] in ("starting", "stopping") or (
            keeper["state"] == "ready" and keeper["generation"] < status["generation"])
        return not is_changing and all(worker["state"] == "ready" for worker in status["workers"])

    def worker_pids(self):
        return {worker["pid"] for worker in self.status()["workers"]}

    def ask(self, line):
        """One line to the control socket, its whole answer."""
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as sock:
            sock.settimeout(120)
            sock.connect(self.control_socket)
            answer = b""
            with contextlib.suppress(ConnectionError):  # it did not wait for all of a line that is too long
                sock.sendall(line.encode() + b"\n")
            with contextlib.suppress(ConnectionResetError):  # nor read it
                while data := sock.recv(65536):
                    answer += data
            return answer.decode()

    def status(self):
        first, _, body = self.ask("status json").partition("\n")
        assert first == "OK", first
        return json.loads(body)

    def reload(self, sections=None):
        """Reloads, with a new configuration if one is given, and takes the new workers for granted."""
        if sections is not None:
            self.write(sections)
        self.expects("reload")
        self.expects("reloaded")
        answer = self.ask("reload wait")
        assert answer.startswith("OK\n"), answer
        poll(lambda: len(self.status()["workers"]) == self.workers, lambda: f"old workers gone: {self.status()}")
        self.note_workers()

    def stop(self, signal_number=signal.SIGTERM, status=0):
        """Ends it and checks that nothing is left behind."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        self.ended(status)

    def ended(self, status=0):
        try:
            code = self.process.wait(120)
            self.reader.join(60)
            assert code == status, f"exit status {code}, wanted {status}:\n{self.tail()}"
            assert self.process.stdout.read() == b""
            self.check_log()
            poll(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in self.pids), "workers gone")
            if getattr(self, "control_socket", None):
                assert not os.path.exists(self.control_socket), "the control socket is left"
        finally:
            self.forget()

    def forget(self):
        if self in LIVE:
            LIVE.remove(self)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(120)
        self.process.stdout.close()
        self.reader.join(60)
        self._record()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _record(self):
        """All that it wrote, for the search for secrets at the end of the run."""
        record.wrote("the log", "\n".join(line["_raw"] for line in self.lines).encode())
        record.wrote("the metrics", self.last_metrics)
        for path in [self.folder / "log", *self.folder.glob("state/*"), *self.folder.glob("audit*")]:
            if path.is_file():
                record.wrote(path.name, path.read_bytes())

    # ---- HTTP ----

    @property
    def address(self):
        return ("127.0.0.1", self.port)

    @property
    def host(self):
        return f"127.0.0.1:{self.port}"

    def count(self, reply):
        """Every answer from 400 on must stand in the log once; of limits there is word now and then."""
        if reply.status == 429:
            self.allows("limited")
        elif reply.status >= 400:
            self.refusals[reply.status] += 1
        return reply

    def http(self, method, path="/mcp", headers=(), body=None, connection=None, timeout=60):
        """One request, on a new connection unless one is given. Host and Content-Length are added when missing."""
        fields = list(headers)
        names = {name.lower() for name, _ in fields}
        if "host" not in names:
            fields.insert(0, ("Host", self.host))
        if body is not None and not names & {"content-length", "transfer-encoding"}:
            fields.append(("Content-Length", len(body)))
        if connection is None and "connection" not in names:
            fields.append(("Connection", "close"))
        used = connection or Connection(self.address, timeout)
        try:
            try:
                used.send(head(method, path, fields) + (body or b""))
            except ConnectionError:
                pass  # refused before all was sent: the answer is there
            return self.count(used.read_reply(method))
        finally:
            if connection is None:
                used.close()

    def open_http(self, method, path="/mcp", headers=(), body=None, timeout=60, judge=lambda message: None,
                  version="1.1", receive_buffer=None):
        """
        One request on a connection of its own. An event stream comes back as an open Stream (harness/sse.py), whatever
        else is answered as a Reply.
        """
        fields = [("Host", self.host), *headers]
        if body is not None:
            fields.append(("Content-Length", len(body)))
        connection = Connection(self.address, timeout, receive_buffer)
        try:
            connection.send(head(method, path, fields, version) + (body or b""))
            reply = connection.read_head(method)
            if reply.is_stream and reply.status == 200 and reply.header("Content-Length") is None:
                return Stream(connection, reply, judge)
            reply = self.count(connection.read_body(reply, method))
        except BaseException:
            connection.close()
            raise
        connection.close()
        return reply

    def admin(self, path, method="GET"):
        with contextlib.closing(Connection(("127.0.0.1", self.admin_port))) as connection:
            connection.send(head(method, path, [("Host", f"127.0.0.1:{self.admin_port}"), ("Connection", "close")]))
            return connection.read_reply(method)

    def metrics(self):
        reply = self.admin("/metrics")
        assert reply.status == 200
        assert reply.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
        self.last_metrics = reply.raw
        return parse_metrics(reply.raw.decode())

    def metric(self, name, **labels):
        return self.metrics()[(name, tuple(sorted(labels.items())))]

    def wait_idle(self):
        """Until no call runs any more."""
        poll(lambda: self.metric("magento_mcp_calls_in_flight") == 0, "calls_in_flight 0")

    # ---- what must hold after every test ----

    def _missing(self):
        seen = collections.Counter(line["status"] for line in self.log("refused"))
        lacking = [f"refused {status}" for status, n in self.refusals.items() if seen[status] < n]
        for event, n, fields in self.expected:
            if len(self.log(event, **fields)) < n:
                lacking.append(f"{event} {fields}")
        return lacking

    def check_log(self):
        """All that was expected has been logged, nothing else of note, and no secret at all."""
        try:
            poll(lambda: not self._missing(), lambda: f"these in the log: {self._missing()}\n" + self.tail())
        finally:
            n = len(self.lines)
            fresh, self.n_checked = self.lines[self.n_checked:n], n
            problems = self._unexpected(fresh)
            self.refusals.clear()
            self.expected.clear()
            self.allowed_before, self.allowed = self.allowed, []
        assert not problems, "unexpected in the log:\n" + "\n".join(problems)
        for line in fresh:
            leaked = [secret for secret in SECRETS if secret in line["_raw"]]
            assert not leaked, f"a secret in the log: {line['_raw']}"

    def _unexpected(self, fresh):
        refusals = collections.Counter(self.refusals)
        budget = [[event, n, fields] for event, n, fields in self.expected]
        problems = []
        for line in fresh:
            if line["event"] == "not_told" and line["what"] == "limited":
                continue  # said when the time is over, perhaps in another test
            if line["level"] not in NOTABLE or line["event"] in (LIFE if line["level"] == "notice" else BUSY):
                continue
            if line["event"] == "refused" and refusals[line["status"]] > 0:
                refusals[line["status"]] -= 1
                continue
            if not self._is_budgeted(line, budget):
                problems.append(line["_raw"])
        return problems

    def _is_budgeted(self, line, budget):
        def fits(event, fields):
            return line["event"] == event and all(line.get(key) == value for key, value in fields.items())

        for item in budget:
            if item[1] > 0 and fits(item[0], item[2]):
                item[1] -= 1
                return True
        return any(fits(event, fields) for event, fields in self.allowed + self.allowed_before)

    def check(self):
        """
        Nothing unexpected in the log, no worker replaced, no zombie, no descriptor more than at the start besides
        connections to the shop, no call left running.
        """
        assert self.process.poll() is None, f"the server ended: {self.process.returncode}\n{self.tail()}"
        self.check_log()
        if self.port is None:
            return
        status = self.status()
        pids = {worker["pid"] for worker in status["workers"]}
        assert pids == self.pids, f"workers were replaced: {status}\n{self.tail()}"
        if self.admin_port:
            self.wait_idle()
        poll(lambda: self._strays() == [], lambda: f"children that should not be: {self._strays()}")
        poll(lambda: not self._leaked(), lambda: f"more descriptors than at the start: {self._leaked()}")

    def _strays(self):
        """Children that are neither workers nor the keeper, dead ones that nobody has buried, and missing workers."""
        found = proc.children(self.process.pid)
        strays = [(pid, state) for pid, state in found.items()
                  if state == "Z" or pid not in self.pids and "keeper" not in proc.title(pid)]
        return strays + [(pid, "missing") for pid in self.pids - set(found)]

    def _leaked(self):
        # A worker connects to the keeper a moment after it is ready, and loads libcurl, which makes a pair of sockets to
        # wake itself: perhaps after the count was taken.
        worker = self.worker_fds + collections.Counter({"socket:": 3})
        alive = {pid: worker for pid in self.pids} | {self.process.pid: self.fds[self.process.pid]}
        return proc.more_descriptors(alive, self.upstream_ports)


class FixtureServer(Server):
    """The same server around the fixtures of the conformance suite: no shop, but tools that talk and ask."""

    program = FIXTURE_SERVER

    def settings(self):
        """It has defaults of its own, which come after the file."""
        words = {name: self.sections["server"][name] for name in ("listen", "workers", "state_dir")}
        pairs = [f"server.{name}={value}" for name, value in words.items()] + ["admin.listen=127.0.0.1:0"]
        return [word for pair in pairs for word in ("-s", pair)]


def parse_metrics(text):
    """{(name, sorted labels): value} of a Prometheus text, format 0.0.4, read strictly."""
    values, types, helped, last = {}, {}, set(), None
    assert text.endswith("\n")
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            name = line.split(" ", 3)[2]
            assert name not in helped, line
            helped.add(name)
            continue
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name in helped and name not in types and kind in ("counter", "gauge", "histogram"), line
            types[name] = kind
            last = name
            continue
        match = re.fullmatch(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)", line)
        assert match, line
        name, labels, value = match.groups()
        base = re.sub(r"_(bucket|sum|count)$", "", name) if types.get(last) == "histogram" else name
        assert base == last, f"{line} stands under {last}"
        pairs = re.findall(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"', labels or "")
        assert ",".join(f'{key}="{text}"' for key, text in pairs) == (labels or ""), line
        key = (name, tuple(sorted(pairs)))
        assert key not in values, f"twice: {line}"
        values[key] = float(value)
        assert values[key] >= 0
        assert types[base] != "counter" or name.endswith("_total"), line
    _check_histograms(values, types)
    return values


def _check_histograms(values, types):
    for name in (name for name, kind in types.items() if kind == "histogram"):
        groups = collections.defaultdict(list)
        for (sample, labels), value in values.items():
            if sample == name + "_bucket":
                bound = dict(labels)["le"]
                rest = tuple(pair for pair in labels if pair[0] != "le")
                groups[rest].append((float("inf") if bound == "+Inf" else float(bound), value))
        assert groups, name
        for rest, buckets in groups.items():
            buckets.sort()
            counts = [count for _, count in buckets]
            assert counts == sorted(counts), (name, rest)
            assert buckets[-1][0] == float("inf") and counts[-1] == values[(name + "_count", rest)]
            assert (name + "_sum", rest) in values
