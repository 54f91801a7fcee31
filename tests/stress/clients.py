"""Clients of both eras, each with a ledger of what the server acknowledged.

An entry of the ledger is a set: after an acknowledged change its one value, while a change is under way or its answer was
lost the old and the new one. Whatever the server tells must be in the set:

  lost      an acknowledged login, session or plan that is not known any more
  corrupt   a value that was never acknowledged nor attempted
  revived   a login that was acknowledged as ended and still answers
  wrong     any other answer that should not be

A plan is committed with an idempotency key and asked for again until that is acknowledged, so at the end the shop must
have carried out each of its writes exactly once: check_shop().
"""

import json
import os
import random
import threading

from load import Request

META = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
SCOPES = (None, "default", "de")
SKUS_EACH = 2
# What a client does next, in shares.
MIX = (("whoami", 330), ("list", 120), ("product", 250), ("search", 100), ("scope", 80), ("relogin", 20), ("write", 60))


class Ledger:
    """What all clients of one storm have found."""

    def __init__(self, port):
        self.port = port
        self.found = {"lost": [], "corrupt": [], "revived": [], "wrong": []}
        self.may_forget = False  # a table begins anew: who is not known logs in again
        self.holds_plans = False  # plans are made and not committed for now
        self.relogins = 0
        self.commits = 0  # acknowledged
        self.lists = {}  # era: the one answer to tools/list
        self.lock = threading.Lock()

    def note(self, what, *details):
        self.found[what].append(details)

    def counts(self):
        return {what: len(found) for what, found in self.found.items()}


class Client:
    """Kept-alive unless `close`; `pace` is the mean pause between two requests."""

    era = None
    n_logins = 3

    def __init__(self, ledger, number, pace=0.3, close=False, mix=MIX):
        self.ledger, self.number, self.pace, self.close = ledger, number, pace, close
        self.random = random.Random(number)
        self.is_over = self.is_checking = False
        self.n_requests = 0
        self.logins = {}  # handle: scopes it may have
        self.gone = set()
        first = 1 + number * SKUS_EACH
        self.skus = [f"MCP-{n:03}" for n in range(first, first + SKUS_EACH)]
        self.names = {sku: None for sku in self.skus}  # None: as the shop was made
        self.written = dict.fromkeys(self.skus, 0)
        self.plan = None  # (id, key, name) prepared and not yet known to be committed
        self.steps = [name for name, share in mix for _ in range(share)]

    # ---- what is sent ----

    def request(self, kind, method, params, name=None):
        raise NotImplementedError

    def frame(self, kind, message, fields):
        body = json.dumps(message).encode()
        if self.close:
            fields["Connection"] = "close"
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return Request(kind, f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{self.ledger.port}\r\nContent-Type: application/json\r\n"
                             f"Accept: application/json, text/event-stream\r\nContent-Length: {len(body)}\r\n{head}\r\n"
                             .encode() + body, self.close)

    def ask(self, kind, method, params, name=None):
        """The message that answers, or None if there was none."""
        self.n_requests += 1
        reply = yield self.request(kind, method, params, name)
        if reply.failure is not None:
            return None
        if reply.status != 200:
            self.refused(method, reply)
            return None
        text = reply.body
        if reply.fields.get("content-type", "").startswith("text/event-stream"):
            text = [line[5:] for line in text.split(b"\n") if line.startswith(b"data:") and len(line) > 6][-1]
        return text if kind == "list" else json.loads(text)

    def refused(self, method, reply):
        self.ledger.note("wrong", method, reply.status, reply.body[:300])

    def call(self, kind, tool, params, handle=None):
        """(structured result, None), (None, error code), or (None, None) when no answer came."""
        arguments = {"params": params}
        if handle is not None:
            arguments["session"] = handle
        message = yield from self.ask(kind, "tools/call", {"name": tool, "arguments": arguments}, tool)
        if message is None:
            return None, None
        if "result" not in message:
            self.ledger.note("wrong", tool, message)
            return None, None
        result = message["result"]
        said = result.get("structuredContent") or json.loads(result["content"][0]["text"])
        return (None, said["error"]["code"]) if result.get("isError") else (said, None)

    def forgotten(self, handle, what):
        """The server does not know the login."""
        self.logins.pop(handle, None)
        if self.ledger.may_forget:
            self.ledger.relogins += 1
        else:
            self.ledger.note("lost", what, handle)

    def ok(self, kind, tool, params, handle):
        """The structured result of what must not be refused, or None."""
        result, code = yield from self.call(kind, tool, params, self.named(handle))
        if code == "NOT_AUTHENTICATED":
            self.forgotten(handle, tool)
        elif code is not None:
            self.ledger.note("wrong", tool, params, code)
        return result

    def named(self, handle):
        return handle

    # ---- its life ----

    def life(self):
        while not self.is_over:
            yield self.random.uniform(0.5, 1.5) * self.pace
            if len(self.logins) < self.n_logins:
                yield from self.login()
            else:
                yield from getattr(self, "do_" + self.random.choice(self.steps))(self.random.choice(list(self.logins)))
        yield from self.finish_plan()

    def login(self):
        result, code = yield from self.call("login", "auth_login", {})
        if code is not None:
            self.ledger.note("wrong", "auth_login", code)
        if result is not None:
            self.logins[result["session"]] = {None}

    def do_whoami(self, handle):
        result = yield from self.ok("whoami", "auth_whoami", {}, handle)
        if result is not None:
            scope = (result["default_scope"] or {}).get("store_view_code")
            if scope not in self.logins[handle]:
                self.ledger.note("corrupt", "scope", handle, scope, self.logins[handle])

    def do_list(self, _):
        text = yield from self.ask("list", "tools/list", {})
        if text is not None and self.ledger.lists.setdefault(self.era, text) != text:
            self.ledger.note("wrong", "tools/list", text[:200])

    def do_product(self, handle):
        sku = self.random.choice(self.skus)
        params = {"sku": sku, "fields": ["sku", "name"], "scope": {"scope": "global"}}
        result = yield from self.ok("product", "catalog_get_product", params, handle)
        if result is None:
            return
        allowed = {self.names[sku]} | ({self.plan[2]} if self.plan else set())
        if None not in allowed and result["name"] not in allowed:
            self.ledger.note("corrupt", "name", sku, result["name"], allowed)

    def do_search(self, handle):
        params = {"filters": {"sku": {"value": "MCP-00%", "condition": "like"}}, "page_size": 5, "fields": ["sku"]}
        result = yield from self.ok("search", "catalog_search_products", params, handle)
        if result is not None and len(result["items"]) != 5:
            self.ledger.note("wrong", "catalog_search_products", result)

    def do_scope(self, handle):
        scope = self.random.choice(SCOPES)
        self.logins[handle].add(scope)
        result = yield from self.ok("scope", "scope_set_default", {"store_view_code": scope or ""}, handle)
        if result is not None:
            self.logins[handle] = {scope}

    def do_relogin(self, handle):
        scopes = self.logins.pop(handle)
        result, code = yield from self.call("logout", "auth_logout", {}, self.named(handle))
        if result is not None:
            self.gone.add(handle)
        elif code is not None and not self.ledger.may_forget:
            self.ledger.note("lost", "auth_logout", handle, code, scopes)

    # ---- plans ----

    def do_write(self, handle):
        if self.plan is None:
            name = f"storm {self.number} {self.n_requests}"
            params = {"match": {"sku_list": self.skus}, "updates": {"name": name}, "scope": {"scope": "global"}}
            plan, code = yield from self.call("prepare", "catalog_prepare_bulk_update", params, self.named(handle))
            if code == "NOT_AUTHENTICATED":
                self.forgotten(handle, "prepare")
            elif code is not None:
                self.ledger.note("wrong", "catalog_prepare_bulk_update", code)
            if plan is None:
                return
            self.plan = (plan["plan_id"], os.urandom(12).hex(), name)
        if not self.ledger.holds_plans:
            yield from self.commit(handle)

    def commit(self, handle):
        plan_id, key, name = self.plan
        params = {"plan_id": plan_id, "idempotency_key": key, "confirm": True, "reason": "storm"}
        result, code = yield from self.call("commit", "catalog_commit_bulk_update", params, self.named(handle))
        if result is not None and result["status"] == "completed" and not result["errors"]:
            for sku in self.skus:
                self.names[sku] = name
                self.written[sku] += 1
            self.ledger.commits += 1
            self.plan = None
        elif result is not None and result["errors"]:
            self.ledger.note("wrong", "catalog_commit_bulk_update", result)
        elif code == "NOT_AUTHENTICATED":
            self.forgotten(handle, "commit")
        elif code in ("PLAN_NOT_FOUND", "PLAN_EXPIRED"):
            self.ledger.note("lost", "plan", plan_id, code)
            self.plan = None
        elif code not in (None, "IDEMPOTENCY_CONFLICT"):
            self.ledger.note("wrong", "catalog_commit_bulk_update", code)

    def finish_plan(self):
        for _ in range(60):
            if self.plan is None:
                return
            if self.logins:
                yield from self.commit(next(iter(self.logins)))
            else:
                yield from self.login()
            yield 0.2
        self.ledger.note("lost", "plan", self.plan, "is never committed")

    # ---- afterwards ----

    def check(self):
        """Every entry of the ledger, without a storm: run as a client's life."""
        self.is_over, known = True, list(self.logins)
        for handle in known:
            yield from self.do_whoami(handle)
        for sku in self.skus:
            if known and self.names[sku] is not None:
                yield from self.do_product(known[0])
        for handle in self.gone:
            result, _ = yield from self.call("whoami", "auth_whoami", {}, handle)
            if result is not None:
                self.ledger.note("revived", handle)


class Modern(Client):
    era = "2026-07-28"

    def request(self, kind, method, params, name=None):
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": META}}
        fields = {"MCP-Protocol-Version": self.era, "Mcp-Method": method}
        if name is not None:
            fields["Mcp-Name"] = name
        return self.frame(kind, message, fields)


class Legacy(Client):
    """The same in the era of sessions: one login, which the session remembers."""

    era = "2025-06-18"
    n_logins = 1

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.session_id = None

    def request(self, kind, method, params, name=None):
        fields = {"MCP-Protocol-Version": self.era}
        if self.session_id is not None:
            fields["Mcp-Session-Id"] = self.session_id
        message = {"jsonrpc": "2.0", "method": method}
        if params is not None:
            message |= {"id": 1, "params": params}
        return self.frame(kind, message, fields)

    def named(self, handle):
        return None

    def ask(self, kind, method, params, name=None):
        if self.session_id is None:
            yield from self.initialize()
        if self.session_id is None:
            return None
        return (yield from super().ask(kind, method, params, name))

    def initialize(self):
        params = {"protocolVersion": self.era, "capabilities": {}, "clientInfo": {"name": "storm", "version": "1"}}
        reply = yield self.request("initialize", "initialize", params)
        if reply.failure is None and reply.status != 200:
            super().refused("initialize", reply)
        elif reply.failure is None:
            self.session_id = reply.fields["mcp-session-id"]
            self.logins.clear()  # the new session remembers none
            yield self.request("initialize", "notifications/initialized", None)

    def refused(self, method, reply):
        if reply.status != 404:
            super().refused(method, reply)
            return
        if self.ledger.may_forget:
            self.ledger.relogins += 1
        else:
            self.ledger.note("lost", "session", self.session_id)
        self.session_id = None


class Legacy2025(Legacy):
    """Its answers that take a while come as streams."""

    era = "2025-11-25"


class Oldest(Legacy):
    era = "2025-03-26"


KINDS = (Modern, Legacy2025, Modern, Legacy, Modern, Oldest)


class Checker:
    """A client whose life is the check of another."""

    def __init__(self, client):
        self.client, self.is_over = client, True

    def life(self):
        return self.client.check()


def make(ledger, n, first=0, **more):
    return [KINDS[number % len(KINDS)](ledger, number, **more) for number in range(first, first + n)]


def check_shop(clients, writes):
    """(lost, twice): writes that were acknowledged and are not in the shop's record, or are there more than once."""
    lost = twice = 0
    for client in clients:
        for sku, wanted in client.written.items():
            lost += max(0, wanted - writes.get(sku, 0))
            twice += max(0, writes.get(sku, 0) - wanted)
    return lost, twice
