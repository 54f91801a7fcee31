"""A raw HTTP/1.1 client: sends what it is told, byte for byte, and reads strictly."""

import json
import socket

from . import sse


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
    def is_stream(self):
        return self.content_type == "text/event-stream"

    @property
    def json(self):
        """The answer: the message of a JSON body, or the last of an event stream."""
        if self.is_stream:
            return self.messages[-1]
        assert self.content_type == "application/json", f"{self.status} {self.headers} {self.raw[:300]!r}"
        return json.loads(self.raw)

    @property
    def events(self):
        """The events of a stream, the priming one too; not comments and retries."""
        return [event for event in sse.parse(self.raw) if event.data is not None]

    @property
    def messages(self):
        """All messages of the answer, the answer itself last."""
        return [event.message for event in self.events if event.data] if self.is_stream else [self.json]

    def __repr__(self):
        return f"<{self.status} {self.raw[:500]!r}>"


class Broken(Exception):
    """The connection ended before an answer was complete."""


class Connection:
    def __init__(self, address, timeout=60, receive_buffer=None):
        """With a small `receive_buffer` a client that does not read is soon one that is not written to."""
        self.socket = socket.socket(socket.AF_INET)
        self.socket.settimeout(timeout)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(address)
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

    def read_head(self, method="POST"):
        """Status and fields of the next final answer; 1xx answers are skipped. `raw` is None."""
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
                return Reply(status, headers, None, None)

    def read_reply(self, method="POST"):
        """The next final answer."""
        return self.read_body(self.read_head(), method)

    def read_piece(self, reply, timeout):
        """What comes next of a body whose end is not known; None at its end. TimeoutError."""
        self.socket.settimeout(timeout)
        if (reply.header("Transfer-Encoding") or "").lower() != "chunked":
            try:
                if not self.rest:
                    self._more()
            except Broken:
                return None
            piece, self.rest = self.rest, b""
            return piece
        # A chunk is taken when it is there as a whole, so that a timeout loses nothing.
        while True:
            size, end, rest = self.rest.partition(b"\r\n")
            n = int(size.split(b";")[0], 16) if end else None
            if end and len(rest) >= n + 2:
                assert rest[n:n + 2] == b"\r\n", rest[:200]
                self.rest = rest[n + 2:]
                return rest[:n] or None
            self._more()

    def read_body(self, reply, method="POST"):
        return self._body(method, reply.status, reply.headers)

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


def head(method, path, headers, version="1.1"):
    """headers: (name, value) pairs; value None leaves the field out; bytes go as they are."""
    lines = [f"{method} {path} HTTP/{version}".encode()]
    for name, value in headers:
        if value is not None:
            lines.append(name.encode() + b": " + (value if isinstance(value, bytes) else str(value).encode("latin-1")))
    return b"\r\n".join(lines) + b"\r\n\r\n"
