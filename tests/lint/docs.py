#!/usr/bin/env python3
"""What the documents name must be there: keys, metrics, events, files, make targets, commands, variables, JSON that parses."""

import json
import pathlib
import re
import subprocess
import sys

BUILD = sys.argv[1]
BY_HAND = ["README.md", "CHANGELOG.md", "tests/demo_store/README.md", "docs/man/magento-mcp.8", *map(str, pathlib.Path("docs").glob("*.md"))]
INSTALLED = ["debian/magento-mcp.conf", "conf/magento-mcp.logrotate", "systemd/magento-mcp.service", "systemd/magento-mcp.socket"]
SUFFIXES = ("c", "h", "py", "md", "conf", "db", "jsonl", "json", "service", "socket", "com", "org", "sock")

files = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout.split("\n")[:-1]
sources = "\n".join(pathlib.Path(name).read_text(errors="replace") for name in files if name.startswith(("src/", "include/")))
anywhere = sources + "\n".join(
    pathlib.Path(name).read_text(errors="replace") for name in [*files] if name.startswith("tests/") and name.endswith((".c", ".h", ".py", ".sh")))
makefile = pathlib.Path("Makefile").read_text()
sample = pathlib.Path("conf/magento-mcp.conf").read_text()


def keys_of(text):
    section, keys = None, set()
    for line in text.splitlines():
        if found := re.match(r"#?\s*\[(\w+)", line):
            section = found[1]
        elif section and (found := re.match(r"#?\s?([a-z_0-9]+) =", line)):
            keys.add(f"{section}.{found[1]}")
    return keys


KEYS = keys_of(sample)
SECTIONS = {key.split(".")[0] for key in KEYS}
METRICS = set(re.findall(r'"(?:# (?:HELP|TYPE) )?(magento_mcp_[a-z_0-9]+)', sources))
COMMANDS = set(re.findall(r"^  (\w+) ", subprocess.run([f"{BUILD}/magento-mcp", "--help"], capture_output=True, text=True, check=True).stdout, re.M))
wrong = []


def check(where, what, name, is_there):
    if not is_there:
        wrong.append(f"{where}: {what}: {name}")


def check_keys(where, text):
    for section, name in set(re.findall(rf"\b({'|'.join(SECTIONS)})\.([a-z][a-z_0-9]+)", text)):
        if name not in SUFFIXES:
            known = any(key.startswith(f"{section}.{name}") for key in KEYS) if name.endswith("_") else f"{section}.{name}" in KEYS
            check(where, "no such key", f"{section}.{name}", known)


def check_metrics(where, text):
    for name in set(re.findall(r"\bmagento_mcp_[a-z_0-9]+", text)):
        known = any(metric.startswith(name.rstrip("_")) for metric in METRICS) or re.sub(r"_(bucket|sum|count)$", "", name) in METRICS
        check(where, "no such metric", name, known)


def check_names(where, text):
    """Whatever looks like a name of ours: an event, a member, a function, a target."""
    for name in set(re.findall(r"`([a-z0-9]+(?:_[a-z0-9]+)+)(?:\(\))?`", text)):
        check(where, "nothing has this name", name, re.search(rf"\b{name}\b", anywhere) or name in sample)
    for target in set(re.findall(r"`make ([a-z0-9-]+)", text)):
        check(where, "no such target", target, re.search(rf"^{target}:", makefile, re.M))
    for name in set(re.findall(r"\bMAGENTO_(?!MCP_)[A-Z_]*[A-Z]\b", text)):
        check(where, "no such variable", name, f'"{name}"' in sources)
    for command in set(re.findall(r"magento-mcp (\w+) (?:-|NAME|reload|status)", text)):
        check(where, "no such command", command, command in COMMANDS)


def check_paths(where, text):
    for path in re.findall(r"\]\(([^)#:]+)\)", text):
        check(where, "dead link", path, (pathlib.Path(where).parent / path).exists())
    for path in re.findall(r"`([a-z_]+/[\w./-]+\.(?:c|h|py|sh|md|conf))`", text):
        roots = ("", "src/", "include/", "src/action/", "tests/")
        check(where, "no such file", path, any(pathlib.Path(root + path).exists() for root in roots))


def check_json(where, text):
    for block in re.findall(r"^ *```json\n(.*?)^ *```", text, re.M | re.S):
        try:
            json.loads(block)
        except ValueError as error:
            wrong.append(f"{where}: JSON that does not parse: {error}")


def check_versions(where, text):
    """The clients that the README says are tested are those of the tests."""
    for name, version in json.loads(pathlib.Path("tests/e2e/js/package.json").read_text())["dependencies"].items():
        if name != "oidc-provider":
            number = version.split("@")[-1]
            check(where, f"tested, but not said: {name}", number, re.search(rf"(?<![\d.]){re.escape(number)}(?![\d.])", text))
    for version in re.findall(r"mcp-remote@([\d.]+\d)", text):
        check(where, "not the tested version", f"mcp-remote@{version}", f'"mcp-remote": "{version}"' in pathlib.Path("tests/e2e/js/package.json").read_text())


def check_events(where, text):
    """The manual page's list of log lines."""
    for line in re.findall(r"^\.It (.*)$", text[text.index(".Sh DIAGNOSTICS"):], re.M):
        for event in re.findall(r"[a-z]+_[a-z_]+", line):
            check(where, "no such event", event, f'"{event}"' in sources)


for name in [*BY_HAND, *INSTALLED]:
    words = pathlib.Path(name).read_text().replace("\\-", "-")
    check_keys(name, words)
    check_metrics(name, words)
    check_names(name, words)
    if name.endswith(".md"):
        check_paths(name, words)
        check_json(name, words)
    if name == "README.md":
        check_versions(name, words)
    if name.endswith(".8"):
        check_events(name, words)

print("\n".join(wrong) or f"documents name nothing that is not there: {len(KEYS)} keys, {len(METRICS)} metrics, {len(COMMANDS)} commands known")
sys.exit(1 if wrong else 0)
