"""What is measured, and what it is measured beside: our server, nginx, the official SDKs, the demo store."""

import hashlib
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import time

from . import machine, wire
from .household import first_line, free_ports, wait_port

HERE = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("BUILD", HERE.parents[1] / "build")).resolve()
PROGRAM = str(BUILD / "magento-mcp")
SDK = BUILD / "bench"

OAUTH = {
    "oauth_consumer_key": "dummyconsumerkey0000000000000000",
    "oauth_consumer_secret": "dummyconsumersecret0000000000000",
    "oauth_token": "dummyaccesstoken0000000000000000",
    "oauth_token_secret": "dummytokensecret0000000000000000",
}
ADMIN = {"admin_username": "admin", "admin_password": "Dummy123pass"}
TOKEN = "mmcp_" + 43 * "b"  # every request is authenticated by it

# Counted for every request as always, and never met.
OUT_OF_REACH = {"requests_per_second": 1000000, "requests_burst": 10000000, "calls_per_principal": 100000}

NGINX_WORD_MAX = 4000  # it takes no longer words in its configuration


def nginx_program():
    return shutil.which("nginx") or "/usr/sbin/nginx"


def node_program():
    system = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), "none")
    own = SDK / "node_modules" / f"node-linux-{system}" / "bin" / "node"
    return str(own) if own.exists() else shutil.which("node")


class Store:
    """The demo store, on the core of the load."""

    def __init__(self, household, *options, core=machine.LOAD_CORE):
        self.process = household.start([*machine.on(core), str(BUILD / "demo-store"), "--listen", "127.0.0.1:0",
                                        *options], stdout=subprocess.PIPE, text=True)
        self.url = first_line(self.process).split()[-1]
        self.port = int(self.url.rpartition(":")[2])
        self.pid = self.process.pid

    def control(self, method, path, **body):
        headers = {"Content-Type": "application/json"} if body else {}
        request = wire.Request(headers, json.dumps(body) if body else "", f"/_demo/{path}", method)
        return json.loads(request.send(self.port)[1])


class Server:
    """magento-mcp with everything on: authentication, audit, log, metrics, schema checks."""

    def __init__(self, household, store, name, workers=1, cores=(machine.SERVER_CORE,), login=OAUTH,
                 environment=None, **sections):
        self.folder = household.make_folder(name)
        (self.port,) = free_ports(1)
        sections = {
            "server": {"listen": f"127.0.0.1:{self.port}", "workers": workers, "state_dir": self.folder,
                       "log_file": f"{self.folder}/log", **sections.pop("server", {})},
            "admin": {"listen": "off"},
            "auth": {"mode": "token"},
            "limits": OUT_OF_REACH,
            'principal "bench"': {"token_sha256": hashlib.sha256(TOKEN.encode()).hexdigest()},
            'store "demo"': {"base_url": store.url, **login},
            **sections,
        }
        path = os.path.join(self.folder, "magento-mcp.conf")
        with open(path, "w") as f:
            for section, keys in sections.items():
                f.write(f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items()))
        self.process = household.start([*machine.on(*cores), PROGRAM, "serve", "-c", path],
                                       env={**os.environ, **(environment or {})})
        self.pid = self.process.pid
        self.wait_serving()

    def wait_serving(self, seconds=30):
        deadline = time.monotonic() + seconds
        while not self.has_said(b'"event":"serving"'):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"magento-mcp does not serve; see what it said in {self.folder}/log")
            time.sleep(0.02)

    def has_said(self, words):
        try:
            with open(f"{self.folder}/log", "rb") as f:
                return words in f.read()
        except OSError:
            return False

    def workers(self):
        found = []
        for child in machine.children(self.pid):
            with open(f"/proc/{child}/cmdline") as f:
                if "\0worker\0" in f.read():
                    found.append(child)
        return found

    def trim(self):
        """Log and audit log would fill the disk: millions of calls are recorded."""
        for name in ("log", "audit.jsonl"):
            path = os.path.join(self.folder, name)
            if os.path.exists(path):
                os.truncate(path, 0)

    def login(self):
        """The handle of a new login, for the modern era."""
        _, body = wire.modern("tools/call", wire.tool("auth_login"), TOKEN).send(self.port)
        return wire.result(body)["structuredContent"]["session"]

    def open(self):
        """The id of a new session of the legacy era that has logged in."""
        response, _ = wire.initialize(TOKEN).send(self.port)
        session = response.getheader("Mcp-Session-Id")
        wire.legacy("tools/call", wire.tool("auth_login"), TOKEN, session).send(self.port)
        return session


class Nginx:
    """For each body a port of its own that answers it by `return 200`."""

    def __init__(self, household, name, sizes, workers=1, cores=(machine.SERVER_CORE,)):
        folder = household.make_folder(name)
        self.ports = free_ports(len(sizes))
        servers = []
        for port, size in zip(self.ports, sizes):
            words, rest = divmod(size, NGINX_WORD_MAX)
            servers.append(f'server {{ listen 127.0.0.1:{port} backlog=16384; location / {{ '
                           f'default_type application/json; set $w "{"x" * NGINX_WORD_MAX}"; '
                           f'return 200 "{"${w}" * words}{"x" * rest}"; }} }}')
        temporary = " ".join(f"{kind}_temp_path {folder};" for kind in
                             ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        path = os.path.join(folder, "nginx.conf")
        with open(path, "w") as f:
            f.write(f"worker_processes {workers}; worker_rlimit_nofile 20000; daemon off; pid {folder}/pid; "
                    f"error_log {folder}/error;\nevents {{ worker_connections 16384; }}\n"
                    f"http {{ access_log off; keepalive_requests 1000000000; {temporary}\n"
                    + "\n".join(servers) + "\n}\n")
        self.process = household.start([*machine.on(*cores), nginx_program(), "-p", folder, "-c", path])
        wait_port(self.ports[0], self.process)
        self.pid = self.process.pid


class Sdk:
    """A server on the official TypeScript SDK: "v1" or "v2", with the tools that are in `offer` (a file)."""

    HEAP_MIB = 1500  # it keeps all sessions

    def __init__(self, household, version, offer, *words):
        self.process = household.start([*machine.on(machine.SERVER_CORE), node_program(),
                                        f"--max-old-space-size={self.HEAP_MIB}", str(SDK / f"{version}.mjs"), offer, *words],
                                       stdout=subprocess.PIPE, text=True)
        self.port = int(first_line(self.process))
        self.pid = self.process.pid


def missing():
    """Words about what has to be installed first, or None."""
    packages = {"wrk": shutil.which("wrk"), "nginx-light": os.path.exists(nginx_program()),
                "util-linux": shutil.which("taskset")}
    lacking = [name for name, found in packages.items() if not found]
    return f"missing: {' '.join(lacking)}; run `make bench`, which installs them" if lacking else None


def versions():
    """[(name, version)] of all that took part."""

    def said(command, pattern):
        try:
            run = subprocess.run(command, capture_output=True, text=True, timeout=20)
        except OSError:
            return "none"
        found = re.search(pattern, run.stdout + run.stderr)
        return found.group(1) if found else "unknown"

    rows = [("magento-mcp", said([PROGRAM, "--version"], r"magento-mcp (\S+)")),
            ("commit", said(["git", "-C", str(HERE), "describe", "--always", "--dirty"], r"(\S+)")),
            ("compiler", said(["cc", "--version"], r"(.*)\n")),
            ("nginx", said([nginx_program(), "-v"], r"nginx/(\S+)")),
            ("wrk", said(["wrk", "-v"], r"wrk (?:debian/)?(\S+)")),
            ("node", said([node_program() or "node", "--version"], r"v(\S+)"))]
    for label, package in (("TypeScript SDK v1", "sdk"), ("TypeScript SDK v2", "server")):
        try:
            with open(SDK / "node_modules" / "@modelcontextprotocol" / package / "package.json") as f:
                rows.append((label, json.load(f)["version"]))
        except OSError:
            rows.append((label, "none"))
    return rows
