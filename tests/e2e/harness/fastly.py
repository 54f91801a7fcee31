"""In place of Fastly's API: records what it is told and answers as it is bidden."""

import http.server
import json
import threading


class Fastly:
    """`answers` maps a path prefix to (status, headers, body), or to an Event that is waited for; others are accepted."""

    def __init__(self):
        self.requests = []
        self.answers = {}
        self.lock = threading.Lock()
        self.busy = self.most_busy = 0
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    def stop(self):
        for answer in self.answers.values():
            if isinstance(answer, threading.Event):
                answer.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(60)

    def take(self):
        """What was asked since the last time."""
        with self.lock:
            taken, self.requests = self.requests, []
        return taken

    def paths(self):
        return sorted(request["path"] for request in self.take())

    def keys(self):
        """The surrogate keys of all purges, in order."""
        return [key for request in self.take() for key in request["body"]["surrogate_keys"]]

    def _note(self, request):
        with self.lock:
            self.requests.append(request)
            self.busy += 1
            self.most_busy = max(self.busy, self.most_busy)
            return next((answer for prefix, answer in self.answers.items() if request["path"].startswith(prefix)), None)

    def _handler(recorder):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self):
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                answer = recorder._note({"method": self.command, "path": self.path, "headers": dict(self.headers.items()),
                                         "body": json.loads(raw) if raw else None})
                try:
                    if isinstance(answer, threading.Event):
                        answer.wait(60)
                        self.close_connection = True
                        return
                    status, headers, body = answer or (200, {}, {"status": "ok", "id": f"id-{self.path[-8:]}"})
                    data = body if isinstance(body, bytes) else json.dumps(body).encode()
                    self.send_response_only(status)
                    for name, value in {"Content-Type": "application/json", **headers}.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)
                finally:
                    with recorder.lock:
                        recorder.busy -= 1

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer

        return Handler
