"""
What a whole run has seen, gathered over the processes of pytest-xdist in one folder: which tool answered what in which
revision, every secret that was used, and every word that a server wrote where no secret may stand.
"""

import collections
import json
import os
import pathlib
import re
import shutil
import tempfile

VARIABLE = "MAGENTO_MCP_E2E_RECORD"

# Texts are kept as their words: a secret is found in them, and a word that is repeated a million times stands once.
WORD = re.compile(rb"[A-Za-z0-9_-]{12,}")
NEEDLE_MIN = 12
NEEDLE_MAX = 20  # a secret of which the beginning can be seen is not kept
JWT = re.compile(r"eyJ[A-Za-z0-9_-]{20,}")  # admin tokens of the shop, which nobody can know beforehand

_calls = set()
_words = {}  # word: where it was seen first
_secrets = {}  # needle: which test used it
_tried = collections.Counter()  # class of hostile input: cases


def begin():
    """In the process that starts the others: they inherit the folder's name."""
    os.environ[VARIABLE] = tempfile.mkdtemp(prefix="magento-mcp-record.")


def _test():
    return os.environ.get("PYTEST_CURRENT_TEST", "").split(" ")[0].rpartition("/")[2]


# ---- gathering ----


def called(tool, protocol, form, code):
    """A tool answered; code None is success."""
    _calls.add((tool, protocol, form, code or "", _test().partition("::")[0]))


def tried(what, n=1):
    """So many hostile cases of a class were tried; what came of them the test asserts."""
    _tried[what] += n


def needle(secret):
    """What of a secret is looked for; None: it is too short to be told from other words."""
    words = WORD.findall(secret.encode("utf-8", "replace"))
    longest = max(words, key=len, default=b"")[:NEEDLE_MAX].decode()
    return longest if len(longest) >= NEEDLE_MIN else None


def wrote(where, data):
    """A server wrote these bytes to its audit log, log, metrics or database."""
    for word in set(WORD.findall(data)):
        _words.setdefault(word.decode(), f"{where} ({_test()})")


class Secrets(set):
    """Texts that must never be seen in a log; whatever a test uses as a secret is added."""

    def add(self, secret):
        super().add(secret)
        looked_for = needle(secret)
        if looked_for:
            _secrets.setdefault(looked_for, _test())


def save():
    """At the end of each process of the run."""
    folder = os.environ.get(VARIABLE)
    if folder:
        content = {"calls": sorted(_calls), "words": _words, "secrets": _secrets, "tried": _tried}
        (pathlib.Path(folder) / f"{os.getpid()}.json").write_text(json.dumps(content))


# ---- judging ----


class Record:
    def __init__(self, folder):
        self.calls, self.words, self.secrets, self.tried = set(), {}, {}, collections.Counter()
        for path in sorted(pathlib.Path(folder).glob("*.json")):
            content = json.loads(path.read_text())
            self.calls |= {tuple(call) for call in content["calls"]}
            self.words |= content["words"]
            self.secrets |= content["secrets"]
            self.tried.update(content["tried"])

    def leaks(self):
        """Each secret that somebody wrote, and where."""
        every = "\n".join(self.words)
        found = [(secret, test) for secret, test in self.secrets.items() if secret in every]
        places = [f"{secret[:6]}..., used by {test}, stands in {place}" for secret, test in found
                  for word, place in self.words.items() if secret in word]
        return places + [f"an admin token stands in {place}" for word, place in self.words.items() if JWT.match(word)]

    def lacking(self, wanted):
        """What of {tool: codes} was never seen; "" is success, and stands for itself in both forms."""
        seen = {(tool, protocol, code) for tool, protocol, _, code, _ in self.calls}
        forms = {(tool, form) for tool, _, form, code, _ in self.calls if code == ""}
        lacks = [f"{tool} in {protocol}: {code or 'success'}" for tool, codes in wanted.items()
                 for protocol in ("2026-07-28", "2025-11-25") for code in ("", *codes)
                 if (tool, protocol, code) not in seen]
        lacks += [f"{tool} in the {form} form: success" for tool in wanted for form in ("wrapped", "flat")
                  if (tool, form) not in forms]
        older = {protocol for _, protocol, _, code, _ in self.calls if code == ""}
        return lacks + [f"{protocol}: any success" for protocol in ("2025-06-18", "2025-03-26") if protocol not in older]


def end():
    """The record of the whole run, once; its folder is gone afterwards."""
    folder = os.environ.pop(VARIABLE, None)
    if folder is None:
        return None
    record = Record(folder)
    shutil.rmtree(folder)
    return record
