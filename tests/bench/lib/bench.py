"""What every case gets: servers that are started when first asked for, the load, and the report."""

import dataclasses
import json
import os

from . import household, load, machine, servers, wire


class Bench:
    def __init__(self, report, settings, patience):
        self.report = report
        self.load = settings
        self.patience = patience
        self.house = household.Household()
        self._made = {}

    def close(self):
        self.house.close()

    def once(self, key, make):
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    # ---- who is there ----

    @property
    def store(self):
        return self.once("store", lambda: servers.Store(self.house))

    @property
    def server(self):
        """One worker, on the core of servers."""
        return self.once("server", lambda: servers.Server(
            self.house, self.store, "one", server={"max_connections": 12000}))

    @property
    def handle(self):
        return self.once("handle", self.server.login)

    @property
    def session(self):
        return self.once("session", self.server.open)

    def nginx(self, name, *sizes):
        return self.once(("nginx", name), lambda: servers.Nginx(self.house, f"nginx-{name}", sizes))

    def sdk(self, version, *words):
        return self.once(("sdk", version, *words), lambda: servers.Sdk(self.house, version, self.offer(), *words))

    def offer(self):
        """A file with what our server offers and answers, for the SDK's to do the same."""
        def write():
            listed = json.loads(wire.modern("tools/list", token=servers.TOKEN).send(self.server.port)[1])["result"]["tools"]
            _, body = self.whoami_modern().send(self.server.port)
            path = os.path.join(self.house.folder, "offer.json")
            with open(path, "w") as f:
                json.dump({"tools": listed, "whoami": wire.result(body)["structuredContent"]}, f)
            return path
        return self.once("offer", write)

    # ---- what is asked ----

    def whoami_modern(self):
        return wire.modern("tools/call", wire.tool("auth_whoami", session=self.handle), servers.TOKEN)

    def whoami_legacy(self):
        return wire.legacy("tools/call", wire.tool("auth_whoami"), servers.TOKEN, self.session)

    def sdk_session(self):
        def opened():
            response, _ = wire.initialize().send(self.sdk("v1").port)
            return response.getheader("Mcp-Session-Id")
        return self.once("sdk session", opened)

    # ---- subjects ----

    def by_sdk(self, version, request, *words):
        """They are slow: a short sample would hold no answer at all."""
        return self.theirs(" ".join(("SDK", version, *words)), self.sdk(version, *words), request, seconds=3)

    def ours(self, name, request, server=None):
        server = server or self.server
        return load.Subject(name, server.port, server.pid, request, server.trim)

    def theirs(self, name, process, request, port=None, seconds=1):
        return load.Subject(name, port or process.port, process.pid, request, seconds=seconds)

    def run(self, subjects, **changes):
        load.interleave(subjects, dataclasses.replace(self.load, **changes), self.house.folder, self.patience)
        self.report.loads(subjects)

    def size(self, request, server=None):
        return len(request.send((server or self.server).port)[1])

    def resident(self, server=None):
        """Of the first worker."""
        return machine.memory_kib((server or self.server).workers()[0])
