"""The cases of tests/data/http/requests.txt."""

import collections
import re

from .places import DATA

Case = collections.namedtuple("Case", "verdict rule name data")

ESCAPE = re.compile(rb"\\(?:x(..)|(.))", re.S)
LETTERS = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"\\": b"\\"}
REPEAT = re.compile(rb"\\\((\d+) ((?:[^\\)]|\\[^(])*)\)")  # one that holds no other


def expand(text):
    while REPEAT.search(text):
        text = REPEAT.sub(lambda match: match.group(2) * int(match.group(1)), text)
    return ESCAPE.sub(lambda match: bytes.fromhex(match.group(1).decode()) if match.group(1) else LETTERS[match.group(2)], text)


def cases():
    found = []
    for line in (DATA / "http" / "requests.txt").read_bytes().splitlines():
        if line and not line.startswith(b"#"):
            verdict, rule, name, data = line.split(b"\t")
            found.append(Case(verdict.decode().split(), rule.decode(), name.decode(), expand(data)))
    return found
