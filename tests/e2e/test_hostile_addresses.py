"""Addresses that a caller names: none of them leads into the network that the server stands in."""

import http.server
import itertools
import shutil
import socket
import subprocess
import threading

import pytest

from harness import record
from harness.client import Modern
from harness.places import INTEGRATION_TOKEN, OAUTH
from harness.process import Server

# What stands for 127.0.0.1, 169.254.169.254, 10.0.0.1 and their like wherever addresses are read.
HOSTS = """
127.0.0.1 127.1 127.0.1 127.000.000.001 0177.0.0.1 0177.1 017700000001 0x7f.0.0.1 0x7F.0x0.0x0.0x1 0x7f000001 0X7F000001
2130706433 127.0.0.1. 127.0.0.1.. 127.255.255.254 0 0.0.0.0 0x0 00000 0.0 localhost LOCALHOST localhost. a.localhost
ip6-localhost localhost.localdomain
169.254.169.254 0xa9fea9fe 2852039166 0251.0376.0251.0376 0xa9.0xfe.0xa9.0xfe 169.254.43518 metadata.google.internal
metadata.internal printer.local router.home.arpa 10.0.0.1 10.1 0xa000001 167772161 012.0.0.1 172.16.0.1 172.31.255.255 2886729729
192.168.0.1 192.168.1 0xc0a80001 3232235521 0300.0250.0.1 100.64.0.1 192.0.0.192 198.18.0.1 224.0.0.1 240.0.0.1 255.255.255.255
4294967295 256.256.256.256 1.2.3.4.5 127.0.0.1.5 4294967296 0x100000000 08.0.0.1 127.0.0.0x1g
[::1] [::] [0:0:0:0:0:0:0:1] [0000:0000:0000:0000:0000:0000:0000:0001] [::ffff:127.0.0.1] [::ffff:7f00:1] [0:0:0:0:0:ffff:127.0.0.1]
[::127.0.0.1] [::7f00:1] [::ffff:169.254.169.254] [::ffff:a9fe:a9fe] [64:ff9b::127.0.0.1] [64:ff9b::7f00:1] [64:ff9b::a9fe:a9fe]
[2002:7f00:1::] [2002:a9fe:a9fe::1] [2002:a00:1::1] [2001::1] [2001:0:7f00:1::] [2001:db8::1] [fe80::1] [fe80::1%25lo] [fe80::1%lo]
[fc00::1] [fd00:ec2::254] [ff02::1] [100::1] [5f00::1] [4000::1] [::ffff:0:127.0.0.1] [:::] [::1 [1] []
""".split()

# Forms of one URL that different readers take differently.
URLS = [
    "https://{inside}@shop.example.com/", "https://shop.example.com@{inside}/", "https://shop.example.com:x@{inside}/",
    "https://shop.example.com%40{inside}/", "https://{inside}#@shop.example.com/", "https://{inside}?@shop.example.com/",
    "https://{inside}\\@shop.example.com/", "https://shop.example.com\\@{inside}/", "https:\\\\{inside}\\", "https:{inside}",
    "https:/{inside}/", "https:///{inside}/", "//{inside}/", "{inside}", "http://{inside}/", "HTTP://{inside}/", "hTTps://{inside}",
    "ftp://{inside}/", "file:///etc/passwd", "gopher://{inside}/_x", "dict://{inside}/", "ldap://{inside}/", "jar:https://{inside}!/",
    "unix:///run/docker.sock", "data:text/plain,x", "javascript:0", " https://{inside}/", "https://{inside}/ ", "https://\t{inside}/",
    "https://{inside}\r\nHost: x/", "https://{inside}%0d%0aHost:x/", "https://{inside}\0.shop.example.com/", "https://{inside}%00.shop.example.com/",
    "https://127.0.0.1:{port}:80/", "https://{inside}/../../etc", "https://{inside}/%2e%2e/", "https://{inside}/;@shop.example.com/",
    "https://①②⑦.⓪.⓪.①:{port}/", "https://１２７.０.０.１:{port}/", "https://127。0。0。1:{port}/", "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{port}/",
    "https://xn--127-z63a.0.0.1:{port}/", "https://lo\u00adcalhost:{port}/", "https://localhost\u3002:{port}/", "https://\u202elocalhost:{port}/",
    "https://127.0.0.1:{port}0000/", "https://127.0.0.1:-1/", "https://127.0.0.1:0/", "https://127.0.0.1:/", "https://127.0.0.1: {port}/",
    "https://" + "a" * 300 + "/", "https://.127.0.0.1/", "https://{inside}/" + "x" * 600,
]

# Names that are names; what they resolve to decides.
NAMES = {"loopback.example.com": ["127.0.0.1"], "rebound.example.com": ["127.0.0.2"], "ten.example.com": ["10.0.0.1"],
         "meta.example.com": ["169.254.169.254"], "six.example.com": ["::1"], "mapped.example.com": ["::ffff:127.0.0.1"],
         "zero.example.com": ["0.0.0.0"], "many.example.com": ["127.0.0.1", "::1", "127.0.0.3"]}


class Canary:
    """Listens on all addresses of this machine; whoever connects is noted."""

    def __init__(self):
        self.visits = []
        self.socket = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                visitor, address = self.socket.accept()
            except OSError:
                return
            self.visits.append(address)
            visitor.close()

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@pytest.fixture(scope="module")
def canary():
    canary = Canary()
    yield canary
    canary.close()


@pytest.fixture(scope="module")
def hosts_wrapper(tmp_path_factory):
    """Runs a program with a hosts file of ours, where mounts are allowed (root)."""
    hosts = tmp_path_factory.mktemp("etc") / "hosts"
    hosts.write_text("".join(f"{address} {name}\n" for name, addresses in NAMES.items() for address in addresses))
    wrapper = ("unshare", "--mount", "sh", "-c", f"mount --bind {hosts} /etc/hosts && exec \"$@\"", "sh")
    if shutil.which("unshare") and subprocess.run([*wrapper, "true"], capture_output=True, timeout=60).returncode == 0:
        return wrapper
    return None


@pytest.fixture(scope="module")
def the_server(the_shop, hosts_wrapper):
    """One that lets callers name any public shop."""
    server = Server(the_shop, {"auth": {"allow_any_base_url": "yes"}}, workers=1, wrapper=hosts_wrapper or ())
    yield server
    server.stop()


def log_in(client, url):
    return client.call("auth_login", {"base_url": url, "integration_token": INTEGRATION_TOKEN}, session=None)


def test_every_spelling_of_an_inside_address(server, shop, canary):
    client = Modern(server)
    for host in HOSTS:
        outcome = log_in(client, f"https://{host}:{canary.port}/")
        assert outcome.code == "VALIDATION_ERROR", (host, outcome)
    for url in URLS:
        outcome = log_in(client, url.replace("{inside}", f"127.0.0.1:{canary.port}").replace("{port}", str(canary.port)))
        assert outcome.code == "VALIDATION_ERROR", (url, outcome)
    assert canary.visits == [] and shop.requests() == []
    record.tried("addresses and URLs that lead inside", len(HOSTS) + len(URLS))


def test_names_that_resolve_to_inside_addresses(server, shop, canary, hosts_wrapper):
    """Judged when the connection is made, by the address and not by the name: so rebinding helps nobody."""
    if hosts_wrapper is None:
        pytest.skip("only root can give the server a hosts file of its own")
    client = Modern(server)
    for name in NAMES:
        server.allows("upstream_failed")
        outcome = log_in(client, f"https://{name}:{canary.port}/")
        assert outcome.code == "MAGENTO_API_ERROR", (name, outcome)
        assert "No connection" in outcome.message, outcome  # it was resolved: a name that is not says so
        assert "127.0.0" not in outcome.message and "::1" not in outcome.message, outcome
    assert canary.visits == [] and shop.requests() == []
    record.tried("names that resolve to inside addresses", len(NAMES))


def test_redirects_are_not_followed(start, shop, canary):
    """A shop that is allowed sends its visitors elsewhere: nobody goes there, with or without credentials."""
    hits = []

    class Redirecting(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            length = int(self.headers.get("Content-Length") or 0)
            self.rfile.read(length)
            status, where = next(answers)
            hits.append(status)
            self.send_response(status)
            self.send_header("Location", where)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = answer

        def log_message(self, *_):
            pass

    inside = [f"http://127.0.0.1:{canary.port}/", f"https://127.0.0.1:{canary.port}/", f"//127.0.0.1:{canary.port}/", "/rest/all/V1/x",
              "file:///etc/passwd", f"http://[::1]:{canary.port}/"]
    answers = itertools.cycle(itertools.product((301, 302, 303, 307, 308), inside))
    shop_elsewhere = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Redirecting)
    threading.Thread(target=shop_elsewhere.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{shop_elsewhere.server_port}"
        server = start({"auth": {"allowed_base_urls": url}}, workers=1)
        server.upstream_ports.add(shop_elsewhere.server_port)
        client = Modern(server)
        for _ in range(15):
            for credentials in ({"integration_token": INTEGRATION_TOKEN}, OAUTH):
                outcome = client.call("auth_login", {"base_url": url, **credentials}, session=None)
                assert outcome.refused, outcome
        assert len(hits) >= 30 and canary.visits == []
        record.tried("redirects of a shop", len(hits))
    finally:
        shop_elsewhere.shutdown()
        shop_elsewhere.server_close()
