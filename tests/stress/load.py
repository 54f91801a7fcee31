"""Many clients in one thread: each is a generator that yields what it wants to do next, and gets back what came of it.

  yield 0.2                 sleeps
  yield Request(...)        sends it on the client's connection and gives a Reply; reply.failure says if there was none

A connection is kept until the server says that it closes, or ends it while nothing is under way; only a request without a
whole answer counts as failed. One process serves a few thousand requests per second this way, so that the driver does not
become what is measured.
"""

import heapq
import select
import socket
import threading
import time

TIMEOUT_S = 40.0
PIECE = 262144


class Request:
    __slots__ = ("kind", "data", "close")

    def __init__(self, kind, data, close=False):
        self.kind, self.data, self.close = kind, data, close


class Reply:
    """
    Of one request. `slot` is the worker that answered, or answered last on this connection; None if unknown. `looked` is
    when the driver last saw which connections were closed, before it began.
    """

    __slots__ = ("kind", "looked", "began", "ended", "slot", "generation", "failure", "status", "fields", "body")

    def __init__(self, kind):
        self.kind = kind
        self.looked = self.began = self.ended = 0.0
        self.slot = self.generation = self.failure = None
        self.status, self.fields, self.body = 0, {}, b""


def parse_head(data):
    lines = data.decode("latin-1").split("\r\n")
    fields = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        fields[name.lower()] = value.strip()
    return int(lines[0].split(" ", 2)[1]), fields


def join_chunks(data):
    """The body if it is all there, else None."""
    parts, at = [], 0
    while True:
        end = data.find(b"\r\n", at)
        if end < 0:
            return None
        size = int(data[at:end].split(b";")[0], 16)
        if len(data) < end + 2 + size + 2:
            return None
        if size == 0:
            return b"".join(parts)
        parts.append(data[end + 2:end + 2 + size])
        at = end + 2 + size + 2


class Wire:
    """One client's connection."""

    def __init__(self, load, client):
        self.load, self.client = load, client
        self.life = client.life()
        self.socket = None
        self.slot = self.generation = None
        self.request = self.reply = None
        self.out = b""
        self.inward = bytearray()
        self.head = None  # (status, fields, where the body begins)
        self.wish = None  # what epoll watches for

    # ---- the generator ----

    def go_on(self, value):
        """Lets the client say what comes next."""
        try:
            wanted = self.life.send(value)
        except StopIteration:
            self.drop()
            self.load.n_alive -= 1
            return
        if isinstance(wanted, Request):
            self.begin(wanted)
        else:
            self.load.sleep(self, wanted)

    def begin(self, request):
        self.request, self.reply = request, Reply(request.kind)
        self.out, self.head = request.data, None
        self.inward.clear()
        self.reply.looked, self.reply.began = self.load.looked, time.monotonic()
        self.load.watch(self, self.reply.began + TIMEOUT_S)
        if self.socket is None and not self.connect():
            return
        self.reply.slot = self.slot
        self.push()

    def connect(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        error = self.socket.connect_ex(("127.0.0.1", self.load.port))
        self.slot = self.generation = self.wish = None
        if error not in (0, 115):
            self.fail("refused" if error == 111 else f"connect {error}")
            return False
        self.load.n_connections += 1
        self.load.wires[self.socket.fileno()] = self
        return True

    def drop(self):
        if self.socket is not None:
            self.load.wires.pop(self.socket.fileno(), None)
            self.socket.close()
        self.socket = self.slot = self.generation = None

    # ---- bytes ----

    def watch(self, wish):
        if self.wish is None:
            self.load.epoll.register(self.socket.fileno(), wish)
        elif self.wish != wish:
            self.load.epoll.modify(self.socket.fileno(), wish)
        self.wish = wish

    def push(self):
        try:
            while self.out:
                self.out = self.out[self.socket.send(self.out):]
            self.watch(select.EPOLLIN)
        except BlockingIOError:
            self.watch(select.EPOLLIN | select.EPOLLOUT)
        except OSError as error:
            self.pull(error)

    def on_event(self, events):
        if events & select.EPOLLOUT and self.out and not events & (select.EPOLLERR | select.EPOLLHUP):
            self.push()
        else:
            self.pull()

    def pull(self, error=None):
        """What came; an answer that was sent before the connection broke counts."""
        try:
            piece = self.socket.recv(PIECE)
        except BlockingIOError:
            if error is None:
                return
            piece = b""
        except OSError as why:
            piece, error = b"", error or why
        if self.request is None:
            self.drop()  # closed while nothing was under way: not a failure
            return
        self.inward += piece
        if self.is_whole():
            self.finish()
        elif not piece:
            self.fail(f"{type(error).__name__}" if error else "half" if self.inward else "eof")

    def is_whole(self):
        if self.head is None:
            end = self.inward.find(b"\r\n\r\n")
            if end < 0:
                return False
            self.head = (*parse_head(self.inward[:end]), end + 4)
        status, fields, at = self.head
        if "content-length" in fields:
            length = int(fields["content-length"])
            body = bytes(self.inward[at:at + length]) if len(self.inward) >= at + length else None
        elif fields.get("transfer-encoding") == "chunked":
            body = join_chunks(self.inward[at:]) if self.inward.endswith(b"0\r\n\r\n") else None
        else:
            body = b""
        if body is None:
            return False
        self.reply.status, self.reply.fields, self.reply.body = status, fields, body
        return True

    # ---- the end of a request ----

    def finish(self):
        reply = self.reply
        reply.ended = time.monotonic()
        name = reply.fields.get("x-request-id", "").split(".")
        if len(name) == 3:
            reply.generation, reply.slot = int(name[0]), int(name[1])
            self.generation, self.slot = reply.generation, reply.slot
        if self.request.close or reply.fields.get("connection", "").lower() == "close":
            self.drop()
        self.request = None
        self.load.note(reply)
        self.go_on(reply)

    def fail(self, why):
        reply = self.reply
        reply.ended, reply.failure = time.monotonic(), why
        reply.slot = self.slot
        self.request = None
        self.drop()
        self.load.note(reply)
        self.load.sleep(self, 0.0, reply)  # not at once: the client may try again without end


class Load(threading.Thread):
    """Runs clients until all have ended. `replies` has a row (ended, seconds, kind, slot) of each answer."""

    def __init__(self, port, clients):
        super().__init__(daemon=True)
        self.port = port
        self.clients = clients
        self.epoll = select.epoll()
        self.wires = {}
        self.timers = []
        self.n_timers = 0
        self.n_alive = len(clients)
        self.n_connections = 0
        self.rows = []
        self.failures = []
        self.trouble = None
        self.looked = 0.0

    def sleep(self, wire, seconds, value=None):
        self.n_timers += 1
        heapq.heappush(self.timers, (time.monotonic() + seconds, self.n_timers, wire, None, value))

    def watch(self, wire, deadline):
        self.n_timers += 1
        heapq.heappush(self.timers, (deadline, self.n_timers, wire, wire.reply, None))

    def note(self, reply):
        if reply.failure is None:
            self.rows.append((reply.ended, reply.ended - reply.began, reply.kind, reply.slot))
        else:
            self.failures.append(reply)

    def due(self, now):
        while self.timers and self.timers[0][0] <= now:
            _, _, wire, reply, value = heapq.heappop(self.timers)
            if reply is None:
                wire.go_on(value)
            elif wire.request is not None and wire.reply is reply:
                wire.fail("timeout")

    def turn(self):
        self.looked = time.monotonic()
        pause = self.timers[0][0] - self.looked if self.timers else 0.1
        for fd, events in self.epoll.poll(max(0.0, min(pause, 0.1))):
            wire = self.wires.get(fd)
            if wire is not None:
                wire.on_event(events)
        self.due(time.monotonic())

    def run(self):
        try:
            for number, client in enumerate(self.clients):
                self.sleep(Wire(self, client), 0.002 * number)
            while self.n_alive > 0:
                self.turn()
        except BaseException as error:  # told by end()
            self.trouble = error
            raise
        finally:
            self.epoll.close()

    def end(self):
        """Lets every client finish what it is at."""
        for client in self.clients:
            client.is_over = True
        self.join(timeout=120)
        if self.trouble is not None or self.is_alive():
            raise SystemExit(f"the load broke: {self.trouble or 'clients do not end'}")

    def done(self):
        return len(self.rows) + len(self.failures)
