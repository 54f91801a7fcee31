"""What the kernel knows about processes: descriptors, children, memory."""

import collections
import os
import re
import time


def children(pid):
    """{pid: state} of the processes whose parent is pid."""
    found = {}
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        names = file.read().split()
    for name in names:
        try:
            with open(f"/proc/{name}/stat") as file:
                found[int(name)] = file.read().rpartition(")")[2].split()[0]
        except OSError:
            continue
    return found


def holder(pids, local_port, remote_port):
    """Which of the processes holds the TCP socket with these ports; None: not (yet) one of them."""
    with open("/proc/net/tcp") as file:
        next(file)
        rows = [line.split() for line in file]
    ends = (f":{local_port:04X}", f":{remote_port:04X}")
    inodes = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(ends[0]) and row[2].endswith(ends[1])}
    for pid in pids:
        for name in os.listdir(f"/proc/{pid}/fd"):
            try:
                if os.readlink(f"/proc/{pid}/fd/{name}") in inodes:
                    return pid
            except OSError:
                continue
    return None


def title(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode("utf-8", "replace").strip()
    except OSError:
        return ""


def environment(pid):
    with open(f"/proc/{pid}/environ", "rb") as file:
        return file.read()


def cpu_s(pid):
    """Processor time of its own, user and system, to the nanosecond."""
    return time.clock_gettime(~pid << 3 | 2)  # what clock_getcpuclockid(3) gives


def resident_bytes(pid):
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _tcp_peers():
    """{socket inode: remote port}"""
    peers = {}
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(path) as file:
            next(file)
            for line in file:
                fields = line.split()
                peers[fields[9]] = int(fields[2].rpartition(":")[2], 16)
    return peers


def descriptors(pid, kept=frozenset()):
    """Counter of the kinds of open descriptors, without the sockets whose inodes are in `kept`."""
    kinds = collections.Counter()
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return kinds
    for name in names:
        try:
            target = os.readlink(f"/proc/{pid}/fd/{name}")
        except OSError:
            continue
        match = re.fullmatch(r"socket:\[(\d+)\]", target)
        if match and match.group(1) in kept:
            continue
        kinds[re.sub(r"\[\d+\]|\d{3,}", "", target)] += 1
    return kinds


def rss_kib(pid):
    """Resident memory of its own: pages of files and of the shared table are not counted."""
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon:"))


def more_descriptors(before, without_peers):
    """
    {pid: Counter} of what is open beyond `before`, another such table. Connections to the ports are left out: they may
    be kept alive.
    """
    grown = [pid for pid, kinds in before.items() if descriptors(pid) - kinds]
    if not grown:
        return {}
    # Reading the kernel's table takes longer than all the rest: once for all processes.
    kept = {inode for inode, port in _tcp_peers().items() if port in without_peers}
    more = {pid: descriptors(pid, kept) - before[pid] for pid in grown}
    return {pid: kinds for pid, kinds in more.items() if kinds}


def holds_bytes(pid, fd, needles):
    """Which of the needles stand in the file that descriptor fd of the process refers to."""
    found = set()
    longest = max(len(needle) for needle in needles)
    with open(f"/proc/{pid}/fd/{fd}", "rb") as file:
        tail = b""
        while True:
            # The table is sparse: holes cost nothing to skip.
            here = file.tell()
            try:
                data_at = os.lseek(file.fileno(), here, os.SEEK_DATA)
            except OSError:
                return found
            if data_at != here:
                tail = b""
                file.seek(data_at)
            piece = file.read(1 << 20)
            if not piece:
                return found
            window = tail + piece
            found.update(needle for needle in needles if needle in window)
            tail = window[-longest:]
