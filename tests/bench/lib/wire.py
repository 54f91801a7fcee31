"""The requests that are measured, and single ones to prepare and check them."""

import dataclasses
import http.client
import json

MODERN, LEGACY = "2026-07-28", "2025-11-25"
META = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
CLIENT = {"name": "bench", "version": "1"}
TYPES = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


@dataclasses.dataclass
class Request:
    """One HTTP request, sent again and again."""

    headers: dict
    body: str = ""
    path: str = "/mcp"
    method: str = "POST"

    def script(self):
        """For wrk."""
        lines = [f"wrk.method = {json.dumps(self.method)}"]
        if self.body:
            lines.append(f"wrk.body = {json.dumps(self.body)}")
        lines += [f"wrk.headers[{json.dumps(key)}] = {json.dumps(value)}" for key, value in self.headers.items()]
        lines.append('done = function(s, l, r) io.write(string.format("FIGURES %d %d %d %d %d %d\\n", s.requests, '
                     's.duration, l:percentile(50), l:percentile(99), s.errors.status, '
                     's.errors.connect + s.errors.read + s.errors.write + s.errors.timeout)) end')
        return "\n".join(lines) + "\n"

    def send(self, port):
        """(response, body); a refusal ends the case."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request(self.method, self.path, self.body or None, self.headers)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status not in (200, 202):
            raise RuntimeError(f"{self.method} {self.path}: status {response.status}: {body[:300]}")
        return response, body


def modern(method, params=None, token=None):
    params = {**(params or {}), "_meta": META}
    headers = {**TYPES, "MCP-Protocol-Version": MODERN, "Mcp-Method": method}
    if method == "tools/call":
        headers["Mcp-Name"] = params["name"]
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return Request(headers, json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))


def legacy(method, params=None, token=None, session=None):
    headers = dict(TYPES)
    if session:
        headers.update({"Mcp-Session-Id": session, "MCP-Protocol-Version": LEGACY})
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return Request(headers, json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}))


def tool(name, **arguments):
    return {"name": name, "arguments": arguments}


def initialize(token=None):
    return legacy("initialize", {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": CLIENT}, token)


def result(body):
    """The result of a tool call that went well."""
    answer = json.loads(body)["result"]
    if answer.get("isError"):
        raise RuntimeError(f"a tool refused: {answer['content'][0]['text'][:300]}")
    return answer
