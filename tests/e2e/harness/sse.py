"""Event streams: a strict reader of text/event-stream, and an open stream whose events come one by one."""

import json
import time


class Event:
    """One block of the stream: an event (data, maybe id), a retry, or a comment."""

    def __init__(self, block):
        self.id = self.retry = self.data = self.comment = None
        for line in block.split("\n"):
            name, colon, value = line.partition(":")
            assert colon, f"no field: {block!r}"
            value = value[1:] if value.startswith(" ") else value
            if name == "":
                assert self.comment is None, block
                self.comment = value
            elif name == "id":
                assert self.id is None and value and "\0" not in value, block
                self.id = value
            elif name == "retry":
                assert self.retry is None and value.isdigit(), block
                self.retry = int(value)
            elif name == "event":
                assert value == "message", block
            else:
                assert name == "data" and self.data is None, block  # one line
                self.data = value
        assert self.id is None or self.data is not None, f"an id without an event: {block!r}"

    @property
    def message(self):
        """The JSON-RPC message; None for comments, retries and the priming event (R-100)."""
        return json.loads(self.data) if self.data else None

    def __repr__(self):
        return f"<event id={self.id} retry={self.retry} comment={self.comment!r} {(self.data or '')[:300]}>"


class Blocks:
    """Cuts bytes into events; the verdict does not depend on how they came."""

    def __init__(self):
        self.rest = b""

    def feed(self, data):
        self.rest += data
        assert b"\r" not in self.rest, self.rest
        *blocks, self.rest = self.rest.split(b"\n\n")
        return [Event(block.decode("utf-8")) for block in blocks]


def parse(raw):
    """All events of a stream that has ended."""
    blocks = Blocks()
    events = blocks.feed(raw)
    assert blocks.rest == b"", f"half an event: {blocks.rest!r}"
    return events


class Stream:
    """
    An answer that goes on. `judge` (a function of a message) is called for every message that comes. The connection is
    this stream's own.
    """

    def __init__(self, connection, reply, judge=lambda message: None):
        self.connection = connection
        self.reply = reply
        self.judge = judge
        self.blocks = Blocks()
        self.waiting = []
        self.ended = False
        self.comments = 0
        self.retry = None
        self.last_id = None

    def close(self):
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _take(self, event):
        if event.comment is not None:
            self.comments += 1
        if event.retry is not None:
            self.retry = event.retry
        if event.id is not None:
            self.last_id = event.id
        if event.data:
            self.judge(event.message)

    def next_block(self, timeout=60):
        """The next event, retry or comment; None at the end. TimeoutError."""
        deadline = time.monotonic() + timeout
        while not self.waiting:
            if self.ended:
                assert self.blocks.rest == b"", f"half an event: {self.blocks.rest!r}"
                return None
            piece = self.connection.read_piece(self.reply, max(0.001, deadline - time.monotonic()))
            self.ended = piece is None
            self.waiting += self.blocks.feed(piece or b"")
        event = self.waiting.pop(0)
        self._take(event)
        return event

    def next_event(self, timeout=60):
        """The next event with data, the priming one too; None at the end."""
        deadline = time.monotonic() + timeout
        while True:
            event = self.next_block(max(0.001, deadline - time.monotonic()))
            if event is None or event.data is not None:
                return event

    def next(self, timeout=60):
        """The next message; None at the end."""
        deadline = time.monotonic() + timeout
        while True:
            event = self.next_event(max(0.001, deadline - time.monotonic()))
            if event is None or event.data:
                return event and event.message

    def until(self, method, timeout=60):
        """The first message of that method; others before it are passed over."""
        deadline = time.monotonic() + timeout
        while True:
            message = self.next(max(0.001, deadline - time.monotonic()))
            assert message is not None, f"the stream ended without {method}"
            if message.get("method") == method:
                return message

    def rest(self, timeout=60):
        """All messages to the end."""
        found = []
        while True:
            message = self.next(timeout)
            if message is None:
                return found
            found.append(message)

    def silent(self, seconds):
        """Nothing but comments comes for so long."""
        try:
            event = self.next_event(seconds)
        except TimeoutError:
            return
        raise AssertionError(f"not silent: {event}")
