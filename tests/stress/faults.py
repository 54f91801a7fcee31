#!/usr/bin/env python3
"""
Every system call that the supervisor makes while it starts, made to fail once (strace -e inject): the server must serve
all the same, or end with status 1 or 2, an error in its log, and nothing left behind: no socket, shared memory, process.

    tests/stress/faults.py             all calls, a few minutes
    tests/stress/faults.py --short     a dozen of them

Prints what each call led to; the exit status says whether all was well. 77: processes cannot be traced here.
"""

import collections
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVER = str(pathlib.Path(os.environ.get("BUILD", ROOT / "build")).resolve() / "magento-mcp")
PATIENCE_S = 30

ERRORS = {"openat": "EMFILE", "socket": "EMFILE", "socketpair": "EMFILE", "bind": "EADDRINUSE", "listen": "ENOBUFS",
          "mmap": "ENOMEM", "mprotect": "ENOMEM", "brk": "ENOMEM", "madvise": "ENOMEM", "clone": "EAGAIN", "clone3": "EAGAIN",
          "fork": "EAGAIN", "vfork": "EAGAIN", "memfd_create": "EMFILE", "memfd_secret": "ENOSYS", "ftruncate": "ENOSPC",
          "fallocate": "ENOSPC", "signalfd4": "EMFILE", "pidfd_open": "EMFILE", "dup": "EMFILE", "dup2": "EBUSY",
          "dup3": "EBUSY", "write": "ENOSPC", "pwrite64": "ENOSPC", "pwritev2": "ENOSPC", "mkdir": "ENOSPC", "chmod": "EPERM",
          "fchmod": "EPERM", "unlink": "EACCES", "connect": "EAGAIN", "getrandom": "EINTR"}

# No program goes on without these, or they are how it ends; and what cannot be removed stays.
LEFT_ALONE = {"execve", "unlink", "exit", "exit_group", "rt_sigreturn", "restart_syscall", "munmap", "close"}

SHORT = [("openat", 1), ("socket", 1), ("socket", 2), ("bind", 1), ("listen", 1), ("ftruncate", 1), ("mmap", 1),
         ("memfd_create", 1), ("signalfd4", 1), ("socketpair", 1), ("fcntl", 1), ("newfstatat", 1), ("fstat", 1)]


def may_trace():
    try:
        return subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def session_of(pid):
    """(session, state) of a process, or None."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return int(fields[3]), fields[0]
    except OSError:
        return None


def members(session):
    found = {int(name): session_of(name) for name in os.listdir("/proc") if name.isdigit()}
    return [pid for pid, what in found.items() if what and what[0] == session and what[1] != "Z"]


def gone(what):
    """Whether it is nothing within a while: others use names in /dev/shm for a moment, too."""
    end = time.monotonic() + 20
    while what():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


class Run:
    """One start of the server, under strace with these options, up to serving or to its end."""

    def __init__(self, *options):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="magento-mcp-faults."))
        self.config = self.folder / "conf"
        self.config.write_text("[server]\nlisten = 127.0.0.1:0\nworkers = 1\n"
                               f"state_dir = {self.folder / 'state'}\n[admin]\nlisten = 127.0.0.1:0\n")
        self.shm = set(os.listdir("/dev/shm")) if os.path.isdir("/dev/shm") else set()
        self.trace = self.folder / "trace"
        self.lines = []
        # -D: strace stands aside, the server is our child.
        self.process = subprocess.Popen(
            ["strace", "-D", "-qq", "-o", str(self.trace), *options, SERVER, "serve", "-c", str(self.config)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        self.is_serving = self._read_until_serving()

    def _read_until_serving(self):
        os.set_blocking(self.process.stderr.fileno(), False)
        end, rest = time.monotonic() + PATIENCE_S, b""
        while time.monotonic() < end:
            piece = self.process.stderr.read(65536)
            rest += piece or b""
            *whole, rest = rest.split(b"\n")
            self.lines += [line.decode("utf-8", "replace") for line in whole]
            if any('"event":"serving"' in line for line in self.lines):
                return True
            if not piece and self.process.poll() is not None:
                return False
            if not piece:
                time.sleep(0.01)
            if not piece and time.monotonic() > end - PATIENCE_S + 4 and self._says_it_runs():
                return True  # the line that says so may be what got lost
        return None

    def _says_it_runs(self):
        try:
            with socket.socket(socket.AF_UNIX) as asking:
                asking.settimeout(1)
                asking.connect(str(self.folder / "state" / "control.sock"))
                asking.sendall(b"status json\n")
                return b'"state":"running"' in asking.recv(65536)
        except OSError:
            return False

    def finish(self):
        """Ends it; what is wrong with how it ended, as texts."""
        problems = []
        if self.is_serving is None:
            problems.append("it neither serves nor ends")
            os.killpg(self.process.pid, signal.SIGKILL)
        elif self.is_serving:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.status = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            problems.append("it does not stop")
            os.killpg(self.process.pid, signal.SIGKILL)
            self.status = self.process.wait()
        self.lines += (self.process.stderr.read() or b"").decode("utf-8", "replace").splitlines()
        self.process.stderr.close()
        if not problems:
            problems += self._judge()
        shutil.rmtree(self.folder, ignore_errors=True)
        return problems

    def _judge(self):
        problems = []
        if self.is_serving and self.status != 0 and not (self.status == 1 and self.complaint()):
            problems.append(f"it served, and ended with {self.status}")
        if not self.is_serving and self.status not in (1, 2):
            problems.append(f"it ended with {self.status}")
        if not self.is_serving and not self.complaint():
            problems.append("it did not say why it ended")
        if not gone(lambda: members(self.process.pid)):
            problems.append(f"processes are left: {members(self.process.pid)}")
            os.killpg(self.process.pid, signal.SIGKILL)
        for path in (self.folder / "state").glob("*.sock"):
            problems.append(f"{path.name} is left")
        if not gone(lambda: os.path.isdir("/dev/shm") and
                    {name for name in os.listdir("/dev/shm") if "magento" in name} - self.shm):
            problems.append("shared memory is left")
        return problems

    def complaint(self):
        """The last error that it told."""
        for line in reversed(self.lines):
            try:
                fields = json.loads(line)
            except ValueError:
                return line
            if fields["level"] in ("error", "warn"):
                return fields.get("error") or fields.get("text") or fields["event"]
        return None


def count_calls(argv):
    """How often each call is made by the process itself."""
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run(["strace", "-qq", "-o", file.name, *argv], capture_output=True)
        return collections.Counter(re.findall(r"^(\w+)\(", pathlib.Path(file.name).read_text(), re.M))


def calls_of_a_start():
    """(calls before main, calls up to serving): the loader's are not ours to answer for."""
    before = count_calls([SERVER, "--version"])
    run = Run()
    text = run.trace.read_text()
    assert run.is_serving, run.lines
    assert run.finish() == []
    return before, collections.Counter(re.findall(r"^(\w+)\(", text, re.M))


def points(is_short):
    before, whole = calls_of_a_start()
    if is_short:
        return [(name, before[name] + n) for name, n in SHORT if whole[name] >= before[name] + n]
    return [(name, n) for name in sorted(whole) if name not in LEFT_ALONE
            for n in range(before[name] + 1, whole[name] + 1)]


def main(argv):
    if not may_trace():
        print("processes cannot be traced here (strace is missing, or ptrace is not permitted)")
        return 77
    bad = served = refused = 0
    for name, n in points("--short" in argv):
        error = ERRORS.get(name, "EIO")
        run = Run("-e", f"trace={name}", "-e", f"inject={name}:error={error}:when={n}")
        problems = run.finish()
        served, refused = served + bool(run.is_serving), refused + (not run.is_serving)
        bad += bool(problems)
        verdict = "; ".join(problems) if problems else "serves" if run.is_serving else f"exit {run.status}"
        print(f"{'NOT' if problems else 'OK '} {name} #{n} {error}: {verdict}"
              + (f": {run.complaint()}" if run.complaint() else ""), flush=True)
        if problems:
            print("\n".join("      " + line for line in run.lines[-8:]))
    print(f"{served + refused} calls failed in turn: {served} times it served, {refused} times it refused, {bad} wrong")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
