"""A raw HTTP/1.1 client: sends what it is told, byte for byte, and reads strictly."""

import json
import socket


class Reply:
    def __init__(self, status, headers, raw, closed):
        self.status = status
        self.headers = headers
        self.raw = raw
        self.closed = closed

    def header(self, name):
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) <= 1, f"{name} stands {len(values)} times"
        return values[0] if values else None

    @property
    def content_type(self):
        return (self.header("Content-Type") or "").split(";")[0]

    @property
    def json(self):
        """The message of a JSON answer, or of an event stream with one event."""
        if self.content_type == "text/event-stream":
            (event,) = self.events
            return json.loads(event)
        assert self.content_type == "application/json", f"{self.status} {self.headers} {self.raw[:300]!r}"
        return json.loads(self.raw)

    @property
    def events(self):
        """The data of each event (R-052: one line, no id, event name absent or message)."""
        found = []
        for block in self.raw.decode().split("\n\n"):
            data = [line[5:].lstrip(" ") for line in block.split("\n") if line.startswith("data:")]
            assert not any(line.startswith(("id:", "retry:")) for line in block.split("\n")), block
            if data:
                assert len(data) == 1, block
                found.append(data[0])
        return found

    def __repr__(self):
        return f"<{self.status} {self.raw[:500]!r}>"


class Broken(Exception):
    """The connection ended before an answer was complete."""


class Connection:
    def __init__(self, address, timeout=20):
        self.socket = socket.create_connection(address, timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def close(self):
        self.socket.close()

    def abort(self):
        """Ends with a reset instead of a farewell."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def _more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionError as error:
            raise Broken(str(error)) from error
        if not data:
            raise Broken("end of connection")
        self.rest += data

    def _take(self, n):
        while len(self.rest) < n:
            self._more()
        taken, self.rest = self.rest[:n], self.rest[n:]
        return taken

    def _line(self):
        while b"\r\n" not in self.rest:
            self._more()
        line, _, self.rest = self.rest.partition(b"\r\n")
        return line

    def _chunks(self):
        body = b""
        while True:
            size = int(self._line().split(b";")[0], 16)
            body += self._take(size)
            assert self._line() == b"" or size == 0
            if size == 0:
                return body

    def _rest_of_connection(self):
        try:
            while True:
                self._more()
        except Broken:
            body, self.rest = self.rest, b""
            return body

    def read_reply(self, method="POST"):
        """The next final answer; 1xx answers are skipped."""
        while True:
            version, status, *_ = self._line().split(b" ", 2)
            assert version == b"HTTP/1.1", version
            status = int(status)
            headers = []
            while True:
                line = self._line()
                if not line:
                    break
                name, colon, value = line.partition(b":")
                assert colon, line
                headers.append((name.decode("ascii"), value.strip().decode("latin-1")))
            if status >= 200:
                break
        return self._body(method, status, headers)

    def _body(self, method, status, headers):
        lower = {name.lower(): value for name, value in headers}
        closes = lower.get("connection", "").lower() == "close"
        if method == "HEAD" or status in (204, 304):
            assert "transfer-encoding" not in lower
            raw = b""
        elif lower.get("transfer-encoding", "").lower() == "chunked":
            assert "content-length" not in lower
            raw = self._chunks()
        elif "content-length" in lower:
            raw = self._take(int(lower["content-length"]))
        else:
            assert closes, f"an answer without an end: {headers}"
            raw = self._rest_of_connection()
        return Reply(status, headers, raw, closes)


def head(method, path, headers):
    """headers: (name, value) pairs; value None leaves the field out; bytes go as they are."""
    lines = [f"{method} {path} HTTP/1.1".encode()]
    for name, value in headers:
        if value is not None:
            lines.append(name.encode() + b": " + (value if isinstance(value, bytes) else str(value).encode("latin-1")))
    return b"\r\n".join(lines) + b"\r\n\r\n"
