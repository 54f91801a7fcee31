"""What stands in the memory of a process: for those who may look (root)."""

import os

PIECE = 1 << 20


def may_look(pid):
    """Whether this process may read that one's memory: a server is not dumpable, so only root may."""
    try:
        with open(f"/proc/{pid}/mem", "rb"):
            return True
    except OSError:
        return False


def regions(pid):
    """(begin, end, name) of what a process can write and has for itself; shared memory is read by its descriptor."""
    with open(f"/proc/{pid}/maps") as file:
        for line in file:
            span, rights, _, _, _, *name = line.split(maxsplit=5)
            if rights.startswith("rw") and rights.endswith("p"):
                begin, _, end = span.partition("-")
                yield int(begin, 16), int(end, 16), name[0].strip() if name else ""


def find(pid, needles):
    """{needle: [(address, region, bytes around it)]} of all the process can write and nobody else can."""
    found = {}
    overlap = max(map(len, needles)) - 1
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as file:
        for begin, end, name in regions(pid):
            tail, at = b"", begin
            while at < end:
                try:
                    piece = os.pread(file.fileno(), min(PIECE, end - at), at)
                except OSError:  # guard pages, memfd_secret
                    piece = b""
                if not piece:
                    tail, at = b"", at + PIECE
                    continue
                window = tail + piece
                for needle in needles:
                    here = window.find(needle)
                    if here >= 0:
                        around = window[max(0, here - 100):here + len(needle) + 60]
                        found.setdefault(needle, []).append((hex(at - len(tail) + here), name, around))
                tail, at = window[-overlap:], at + len(piece)
    return found
