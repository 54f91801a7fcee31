#!/usr/bin/env python3
"""A tools/call that needs no upstream, measured beside nginx `return 200` with a body of the same size.

One server process each, pinned to one core; the load (wrk) is pinned to the other.  The subjects take turns, three rounds,
medians are printed.  CPU per request is the figure to trust: it does not depend on the load generator.  Ratios are to nginx
in the same run.  Needs nginx and wrk from Debian.
"""

import http.client
import json
import os
import platform
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

BUILD = os.environ.get("BUILD", "build")
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "5"))
CONNECTIONS = int(os.environ.get("BENCH_CONNECTIONS", "64"))
IDLE = int(os.environ.get("BENCH_IDLE", "2000"))
SERVER_CPU, LOAD_CPU = "0", "1"
TICK = os.sysconf("SC_CLK_TCK")
META = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_port(port, process):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"{process.args[0]} ended with status {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"nothing listens on {port}")


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(p) for p in f.read().split()]


def worker_of(pid):
    """The child that serves, not the one that keeps plans."""
    for child in children(pid):
        with open(f"/proc/{child}/cmdline") as f:
            if "\0worker\0" in f.read():
                return child
    raise SystemExit("the server has no worker")


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory_kib(pid):
    """(resident, private) of a process, in KiB."""
    rows = {}
    with open(f"/proc/{pid}/smaps_rollup") as f:
        for line in f:
            parts = line.split()
            if len(parts) == 3 and parts[2] == "kB":
                rows[parts[0].rstrip(":")] = int(parts[1])
    return rows["Rss"], rows["Private_Clean"] + rows["Private_Dirty"]


class Subject:
    """What is measured: a port, a request, the process that answers."""

    def __init__(self, name, port, pid, headers, body):
        self.name, self.port, self.pid, self.headers, self.body = name, port, pid, headers, body
        self.samples = []

    def script(self, folder):
        path = os.path.join(folder, self.name.replace(" ", "-") + ".lua")
        with open(path, "w") as f:
            f.write('wrk.method = "POST"\n')
            f.write(f"wrk.body = {json.dumps(self.body)}\n")
            for key, value in self.headers.items():
                f.write(f"wrk.headers[{json.dumps(key)}] = {json.dumps(value)}\n")
            f.write('done = function(s, l, r) io.write(string.format("FIGURES %d %d %d %d %d\\n", s.requests, s.duration,'
                    ' l:percentile(50), l:percentile(99), s.errors.connect + s.errors.read + s.errors.write + s.errors.status'
                    ' + s.errors.timeout)) end\n')
        return path

    def measure(self, folder, seconds):
        before = cpu_seconds(self.pid)
        out = subprocess.run(["taskset", "-c", LOAD_CPU, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s",
                              self.script(folder), f"http://127.0.0.1:{self.port}/mcp"],
                             check=True, capture_output=True, text=True).stdout
        used = cpu_seconds(self.pid) - before
        requests, duration, p50, p99, errors = map(int, out.split("FIGURES ")[1].split())
        if errors:
            raise SystemExit(f"{self.name}: {errors} errors\n{out}")
        return {"req/s": requests / (duration / 1e6), "us/req": used * 1e6 / requests, "p50 us": p50, "p99 us": p99}


def ask(port, headers, message):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", "/mcp", json.dumps(message), {"Content-Type": "application/json", **headers})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    if response.status not in (200, 202):
        raise SystemExit(f"status {response.status}: {body}")
    return response, body


def modern(tool, arguments):
    headers = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": tool}
    return headers, {"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                     "params": {"name": tool, "arguments": arguments, "_meta": META}}


def start_server(folder):
    store = subprocess.Popen([f"{BUILD}/demo-store", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    base_url = store.stdout.readline().split()[-1]
    port = free_port()
    conf = os.path.join(folder, "magento-mcp.conf")
    with open(conf, "w") as f:
        f.write(f"""[server]
listen = 127.0.0.1:{port}
workers = 1
state_dir = {folder}
log_file = {folder}/log
[admin]
listen = off
[store "demo"]
base_url = {base_url}
oauth_consumer_key = dummyconsumerkey0000000000000000
oauth_consumer_secret = dummyconsumersecret0000000000000
oauth_token = dummyaccesstoken0000000000000000
oauth_token_secret = dummytokensecret0000000000000000
""")
    server = subprocess.Popen(["taskset", "-c", SERVER_CPU, f"{BUILD}/magento-mcp", "serve", "-c", conf],
                              stderr=subprocess.DEVNULL)
    wait_port(port, server)
    return store, server, port


def start_nginx(folder, bodies):
    port = free_port()
    conf = os.path.join(folder, "nginx.conf")
    servers = []
    for i, body in enumerate(bodies):
        servers.append(f"""server {{ listen 127.0.0.1:{port + i}; location / {{ default_type application/json;
            return 200 "{'x' * len(body)}"; }} }}""")
    with open(conf, "w") as f:
        f.write(f"""worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.err;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000000; client_body_temp_path {folder}; proxy_temp_path {folder};
fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
{' '.join(servers)} }}
""")
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    process = subprocess.Popen(["taskset", "-c", SERVER_CPU, nginx, "-p", folder, "-c", conf], stderr=subprocess.DEVNULL)
    wait_port(port, process)
    return process, [port + i for i in range(len(bodies))]


def idle_connections(port, pid, n):
    """KiB of resident memory per idle connection that has made one request."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, n + 200)), hard))
    before = memory_kib(pid)[0]
    request = b"OPTIONS /mcp HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % port
    held = []
    for _ in range(n):
        s = socket.create_connection(("127.0.0.1", port))
        s.sendall(request)
        s.recv(4096)
        held.append(s)
    after = memory_kib(pid)[0]
    for s in held:
        s.close()
    return (after - before) / n


def median(subject, key):
    return statistics.median(sample[key] for sample in subject.samples)


def report(subjects, pairs):
    print(f"\n{'':26}{'req/s':>10}{'us CPU/req':>12}{'p50 us':>9}{'p99 us':>9}")
    for s in subjects:
        print(f"{s.name:26}{median(s, 'req/s'):10.0f}{median(s, 'us/req'):12.2f}{median(s, 'p50 us'):9.0f}"
              f"{median(s, 'p99 us'):9.0f}")
    print()
    for ours, theirs in pairs:
        ratios = [a["us/req"] / b["us/req"] for a, b in zip(ours.samples, theirs.samples)]
        rates = [a["req/s"] / b["req/s"] for a, b in zip(ours.samples, theirs.samples)]
        print(f"{ours.name} to {theirs.name}: CPU x {statistics.median(ratios):.2f} "
              f"({min(ratios):.2f} to {max(ratios):.2f}), req/s x {statistics.median(rates):.2f}")


def main():
    for tool in ("wrk", "taskset"):
        if shutil.which(tool) is None:
            raise SystemExit(f"{tool} is missing: apt-get install nginx-light wrk util-linux")
    with tempfile.TemporaryDirectory(prefix="magento-mcp-bench-") as folder:
        os.chmod(folder, 0o755)
        store, server, port = start_server(folder)
        processes = [store, server]
        try:
            headers, message = modern("auth_login", {})
            _, body = ask(port, headers, message)
            session = json.loads(body)["result"]["structuredContent"]["session"]
            modern_headers, modern_call = modern("auth_whoami", {"session": session})
            _, modern_body = ask(port, modern_headers, modern_call)
            response, _ = ask(port, {}, {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
                "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}})
            legacy_headers = {"Mcp-Session-Id": response.getheader("Mcp-Session-Id"),
                              "MCP-Protocol-Version": "2025-11-25"}
            ask(port, legacy_headers, {"jsonrpc": "2.0", "id": 2, "method": "tools/call",
                                       "params": {"name": "auth_login", "arguments": {}}})
            legacy_call = {"jsonrpc": "2.0", "id": 3, "method": "tools/call",
                           "params": {"name": "auth_whoami", "arguments": {}}}
            _, legacy_body = ask(port, legacy_headers, legacy_call)
            nginx, nginx_ports = start_nginx(folder, [modern_body, legacy_body])
            processes.append(nginx)
            worker, nginx_worker = worker_of(server.pid), children(nginx.pid)[0]
            accept = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
            subjects = [
                Subject("whoami 2026-07-28", port, worker, {**accept, **modern_headers}, json.dumps(modern_call)),
                Subject("nginx, same size", nginx_ports[0], nginx_worker, {**accept, **modern_headers},
                        json.dumps(modern_call)),
                Subject("whoami 2025-11-25", port, worker, {**accept, **legacy_headers}, json.dumps(legacy_call)),
                Subject("nginx, same size (2)", nginx_ports[1], nginx_worker, {**accept, **legacy_headers},
                        json.dumps(legacy_call)),
            ]
            print(f"magento-mcp beside nginx: {platform.release()}, {os.cpu_count()} CPUs, {CONNECTIONS} connections, "
                  f"{ROUNDS} rounds of {SECONDS} s, answers of {len(modern_body)} and {len(legacy_body)} bytes")
            fresh = memory_kib(worker)
            for s in subjects:
                s.measure(folder, 1)
            for _ in range(ROUNDS):
                for s in subjects:
                    s.samples.append(s.measure(folder, SECONDS))
            report(subjects, [(subjects[0], subjects[1]), (subjects[2], subjects[3])])
            loaded = memory_kib(worker)
            print(f"\nworker: resident {fresh[0]} KiB ({fresh[1]} private) at start, {loaded[0]} ({loaded[1]} private) after "
                  f"the load; nginx worker: resident {memory_kib(nginx_worker)[0]} KiB")
            print(f"idle connection: {idle_connections(port, worker, IDLE):.1f} KiB resident each, of {IDLE}")
        finally:
            for process in reversed(processes):
                process.send_signal(signal.SIGTERM)
            for process in processes:
                process.wait(timeout=30)
            store.stdout.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
