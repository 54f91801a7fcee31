"""The cases, in the order in which they are measured: {name: module}."""

from . import commits, connections, handshake, idle, start, streams, table, tools, upstream, whoami, workers

ALL = {"start": start, "whoami": whoami, "list": tools, "initialize": handshake, "upstream": upstream,
       "connections": connections, "idle": idle, "workers": workers, "streams": streams, "table": table, "commits": commits}
