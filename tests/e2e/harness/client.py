"""MCP clients on top of the raw HTTP client. Every answer is checked against the schema of its revision."""

import contextlib
import itertools
import json

from . import record, schema
from .http import Connection
from .process import SECRETS
from .sse import Stream

JSON_TYPE = "application/json"
BOTH = "application/json, text/event-stream"
META = "io.modelcontextprotocol/"

_published = {"of": None, "tools": {}}


def published_tools(server, token=None):
    """{name: tool} as the server lists them for this caller in the modern era; read once for each server and caller."""
    if _published["of"] != (server, token):
        tools = Modern(server, token=token).rpc("tools/list")["tools"]
        _published.update(of=(server, token), tools={tool["name"]: tool for tool in tools})
    return _published["tools"]


class Outcome:
    """What a tool answered: data of a success, or code, message and details of a refusal."""

    def __init__(self, tool, result):
        self.result = result
        (block,) = result["content"]
        assert block["type"] == "text"
        self.object = json.loads(block["text"])
        self.refused = result.get("isError", False)
        error = self.object.get("error", {}) if self.refused else {}
        self.data = None if self.refused else self.object
        self.code = error.get("code")
        self.message = error.get("message")
        self.details = error.get("details")
        if self.refused:
            assert set(self.object) == {"error"} and set(error) <= {"code", "message", "details"}, self.object
            assert isinstance(self.code, str) and self.message, self.object
            for trace in ("/var/www", "SELECT ", "<html", "<b>", ".php", "#0 "):
                assert trace not in self.message, self.message

    def __repr__(self):
        return json.dumps(self.object)[:600]


class Client:
    protocol = None

    def __init__(self, server, token=None, keep=False, form="wrapped"):
        self.server = server
        self.token = token
        self.form = form
        self.connection = Connection(server.address) if keep else None
        self.session = None
        self.ids = itertools.count(1)

    def close(self):
        if self.connection:
            self.connection.close()

    def post_raw(self, body, headers=(), connection=None, timeout=60):
        """A POST of these bytes. `headers` replace those of the same name; value None removes."""
        return self.server.http("POST", "/mcp", self.fields(headers), body, connection or self.connection, timeout)

    def headers(self):
        return {"Content-Type": JSON_TYPE, "Accept": BOTH}

    def message(self, method, params=None, id=None):
        message = {"jsonrpc": "2.0", "id": next(self.ids) if id is None else id, "method": method}
        if params is not None:
            message["params"] = params
        return message

    def ask(self, method, params=None, headers=(), **more):
        """A request; its HTTP reply, with every message validated, those before the answer too."""
        message = self.message(method, params)
        fields = [*self.extra(method, params).items(), *headers]
        reply = self.post_raw(json.dumps(message).encode(), fields, **more)
        *before, answer = reply.messages
        for word in before:
            schema.check_word(self.protocol, word)
        schema.check_answer(self.protocol, method, answer)
        assert answer["id"] == message["id"]
        return reply

    def judge_of(self, method, id):
        """Checks each message of a stream that answers this request (None: that of a GET)."""
        answered = []

        def judge(message):
            if "method" in message:
                schema.check_word(self.protocol, message)
                assert not answered, f"after the answer: {message}"
                return
            assert method is not None and message["id"] == id, message
            schema.check_answer(self.protocol, method, message)
            answered.append(message)

        return judge

    def fields(self, headers=()):
        """All header fields of a request; `headers` replace those of the same name, value None removes."""
        fields = dict(self.headers())
        if self.token is not None:
            fields["Authorization"] = f"Bearer {self.token}"
        names = {name.lower(): name for name in fields}
        for name, value in dict(headers).items():
            fields[names.get(name.lower(), name)] = value
        return list(fields.items())

    def stream(self, method, params=None, headers=(), id=None, **more):
        """A request whose answer may be a stream: an open Stream, or the Reply if it is none (see Server.open_http)."""
        message = self.message(method, params, id)
        fields = self.fields({**self.extra(method, params), **dict(headers)})
        answer = self.server.open_http("POST", "/mcp", fields, json.dumps(message).encode(),
                                       judge=self.judge_of(method, message["id"]), **more)
        if isinstance(answer, Stream):
            assert answer.reply.header("Cache-Control") == "no-store"
            assert answer.reply.header("X-Accel-Buffering") == "no"
        return answer

    def stream_call(self, tool, params=None, session=True, meta=None, **more):
        """A tool call by stream(); `meta` goes into params._meta."""
        call = {"name": tool, "arguments": self.arguments(params, session)}
        if meta is not None:
            call["_meta"] = {**(self.meta() if isinstance(self, Modern) else {}), **meta}
        return self.stream("tools/call", call, **more)

    def extra(self, method, params):
        return {}

    def rpc(self, method, params=None, **more):
        """The result of a request that must succeed."""
        reply = self.ask(method, params, **more)
        assert reply.status == 200 and "result" in reply.json, reply
        return reply.json["result"]

    def arguments(self, params, session):
        params = dict(params or {})
        arguments = {"params": params} if self.form == "wrapped" else params
        handle = self.session if session is True else session
        if handle:
            arguments["session"] = handle
        return arguments

    def call(self, tool, params=None, session=True, arguments=None, **more):
        """A tool call, judged by the schemas: `params` in the form of this client, or the whole `arguments`."""
        if arguments is None:
            arguments = self.arguments(params, session)
        result = self.rpc("tools/call", {"name": tool, "arguments": arguments}, **more)
        return self.judge(tool, result, arguments)

    def judge(self, tool, result, arguments):
        outcome = Outcome(tool, result)
        record.called(tool, self.protocol, self.form, outcome.code)
        if outcome.data and "session" in outcome.data:
            SECRETS.add(outcome.data["session"])
        published = published_tools(self.server, self.token).get(tool)
        if published is None:  # what is not shown to the caller is not open to him
            assert outcome.code == "FORBIDDEN", outcome
            return outcome
        if self.protocol >= "2025-06-18":
            assert result["structuredContent"] == outcome.object
        else:
            assert "structuredContent" not in result
        # R-187, and refusals too: SDK 1.x clients compare them with the schema.
        problems = schema.errors(published["outputSchema"], outcome.object)
        assert not problems, problems
        if outcome.refused:
            return outcome
        if set(arguments) <= {"params", "session"} and isinstance(arguments.get("params", {}), dict):
            problems = schema.errors(published["inputSchema"], arguments)
            assert not problems, f"accepted against the published schema: {problems}"
        return outcome

    def ok(self, tool, params=None, **more):
        outcome = self.call(tool, params, **more)
        assert not outcome.refused, outcome
        return outcome.data

    def refused(self, tool, code, params=None, **more):
        outcome = self.call(tool, params, **more)
        assert outcome.refused and outcome.code == code, outcome
        return outcome

    def login(self, **params):
        for name, value in params.items():
            if name in ("password", "integration_token") or name.startswith("oauth_"):
                SECRETS.add(value)
        data = self.ok("auth_login", params, session=None)
        SECRETS.add(data["session"])
        return data


class Modern(Client):
    """2026-07-28: every request stands alone and carries the handle."""

    protocol = schema.MODERN

    def headers(self):
        return {**super().headers(), "MCP-Protocol-Version": self.protocol}

    @staticmethod
    def meta(**more):
        return {META + "protocolVersion": schema.MODERN, META + "clientCapabilities": {},
                META + "clientInfo": {"name": "e2e", "version": "1"}, **more}

    def message(self, method, params=None, id=None):
        return super().message(method, {"_meta": self.meta(), **(params or {})}, id)

    def extra(self, method, params):
        extra = {"Mcp-Method": method}
        if method in ("tools/call", "prompts/get", "resources/read"):
            extra["Mcp-Name"] = params["uri" if method == "resources/read" else "name"]
        return extra

    def login(self, **params):
        data = super().login(**params)
        self.session = data["session"]
        return data


class Legacy(Client):
    """A session of one of the three revisions before; the session remembers the login."""

    def __init__(self, server, protocol="2025-11-25", opened=True, **more):
        super().__init__(server, **more)
        self.protocol = protocol
        self.session_id = None
        if opened:
            self.open()

    def initialize_params(self, **more):
        return {"protocolVersion": self.protocol, "capabilities": {}, "clientInfo": {"name": "e2e", "version": "1"},
                **more}

    def open(self):
        reply = self.ask("initialize", self.initialize_params())
        assert reply.status == 200 and "result" in reply.json, reply
        assert reply.json["result"]["protocolVersion"] == self.protocol
        self.session_id = reply.header("Mcp-Session-Id")
        assert self.session_id and all(0x21 <= ord(c) <= 0x7E for c in self.session_id)
        SECRETS.add(self.session_id)
        assert self.notify("notifications/initialized").status == 202

    def headers(self):
        headers = super().headers()
        if self.session_id:
            headers["Mcp-Session-Id"] = self.session_id
            if self.protocol >= "2025-06-18":
                headers["MCP-Protocol-Version"] = self.protocol
        return headers

    def notify(self, method, params=None):
        message = {"jsonrpc": "2.0", "method": method}
        if params is not None:
            message["params"] = params
        reply = self.post_raw(json.dumps(message).encode())
        assert reply.raw == b""
        return reply

    def listen(self, last_event_id=None, of=(None, None), headers=(), **more):
        """
        GET: the session's own stream, or the rest of a broken one, `of` the request (method, id). A Stream, or the
        Reply of a refusal.
        """
        fields = self.fields({"Content-Type": None, "Accept": "text/event-stream", "Last-Event-ID": last_event_id,
                              **dict(headers)})
        return self.server.open_http("GET", "/mcp", fields, judge=self.judge_of(*of), **more)

    def delete(self, headers=()):
        fields = [(name, value) for name, value in self.headers().items() if name.startswith(("Mcp", "MCP"))]
        if self.token is not None:
            fields.append(("Authorization", f"Bearer {self.token}"))
        return self.server.http("DELETE", "/mcp", fields + list(headers))


@contextlib.contextmanager
def kept(client):
    """The client on one kept-alive connection."""
    client.connection = Connection(client.server.address)
    try:
        yield client
    finally:
        client.connection.close()
        client.connection = None


def in_all_eras(server, **more):
    """A client of each revision, newest first."""
    return [Modern(server, **more)] + [Legacy(server, protocol, **more) for protocol in reversed(schema.LEGACY)]
