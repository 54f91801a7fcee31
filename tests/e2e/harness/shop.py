"""A running demo store."""

import http.client
import json
import re
import signal
import subprocess

from .places import DEMO_STORE, poll


class Shop:
    def __init__(self, *options):
        self.process = subprocess.Popen(
            [DEMO_STORE, "--listen", "127.0.0.1:0", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        line = self.process.stdout.readline()
        match = re.fullmatch(r"demo-store listening on http://127\.0\.0\.1:(\d+)\n", line)
        assert match, f"unexpected first line {line!r}: {self.process.stderr.read() if not line else ''}"
        self.port = int(match.group(1))
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, errors
        assert errors == ""

    def control(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            text = json.dumps(body) if body is not None else None
            connection.request(method, "/_demo/" + path, text, {"Content-Type": "application/json"} if text else {})
            response = connection.getresponse()
            raw = response.read()
            assert response.status == 200, raw
            return json.loads(raw)
        finally:
            connection.close()

    def reset(self):
        self.control("POST", "reset")

    def fault(self, mode, path_prefix="/rest/", **more):
        self.control("POST", "faults", {"path_prefix": path_prefix, "mode": mode, **more})

    def heal(self):
        self.control("DELETE", "faults")

    def settings(self, **settings):
        self.control("POST", "settings", settings)

    def requests(self, part=""):
        """Logged requests whose path contains `part`, oldest first."""
        return [entry for entry in self.control("GET", "requests")["requests"] if part in entry["path"]]

    def wait_requests(self, n, part=""):
        """Waits until at least n such requests have come in."""
        return poll(lambda: (lambda found: found if len(found) >= n else None)(self.requests(part)),
                    lambda: f"{n} requests with {part!r}: {self.requests()}")
