"""The processes of a run, and their end whatever happens."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time


class Household:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="magento-mcp-bench-")
        os.chmod(self.folder, 0o755)  # nginx as root looks for its files as somebody else
        self.processes = []

    def start(self, command, **more):
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True,
                                   **{"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **more})
        self.processes.append(process)
        return process

    def make_folder(self, name):
        path = os.path.join(self.folder, name)
        os.makedirs(path, exist_ok=True)
        return path

    def end(self, process):
        self.processes.remove(process)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdout:
            process.stdout.close()

    def close(self):
        for process in list(reversed(self.processes)):
            self.end(process)
        shutil.rmtree(self.folder, ignore_errors=True)


def first_line(process, seconds=20):
    """Of a server that says so where it listens."""
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args} ended: status {process.wait(timeout=seconds)}")
    return line


def free_ports(n):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def wait_port(port, process, seconds=20):
    deadline = time.monotonic() + seconds
    while True:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args} ended with status {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise RuntimeError(f"nothing listens on port {port}") from None
            time.sleep(0.02)
