"""
Whatever secret came in a call: where it may be while it is used, and that it is nowhere afterwards. Searched are the memory
of all processes, the shared table, log, audit log, database, metrics, arguments and environments.
"""

import base64
import contextlib
import hashlib
import json
import os
import pathlib
import resource
import signal
import subprocess
import threading

import pytest

from harness import memory, proc, record
from harness.client import Legacy, Modern
from harness.http import Connection, head
from harness.places import ADMIN, BUILD, INTEGRATION_TOKEN, LIMITED_OAUTH, OAUTH, PASSWORD, READER_OAUTH, is_sanitized, poll
from harness.process import SECRETS, Server
from test_doctor import make_certificate, tls_front
from test_stdio import Desk
from test_tokens import Caller

NO_CREDENTIALS = dict.fromkeys(OAUTH)
TABLE_FD = 4

# What a caller may get wrong; the secret is gone all the same. {} stands for the secret.
MISTAKES = {
    "wrong password": {"username": "limited", "password": "{}"},
    "wrong token": {"integration_token": "{}"},
    "wrong OAuth": {**OAUTH, "oauth_token_secret": "{}"},
    "misspelt name": {"username": "limited", "pasword": "{}"},
    "beside a wrong type": {"username": 5, "password": "{}"},
    "as otp": {"username": "limited", "password": "x", "otp": "{}"},
    "as address": {"base_url": "https://{}@shop.invalid/"},
    "in an object": {"password": {"value": "{}"}},
    "half an account": {"password": "{}"},
    "too long": {"integration_token": "{}" * 40},
}


@pytest.fixture(scope="module")
def caller():
    return Caller("carol")


@pytest.fixture(scope="module")
def the_server(the_shop, caller):
    sections = {caller.section: caller.values, "auth": {"mode": "token"}, "server": {"log_level": "debug"},
                "limits": {"penalty_free": 1000},
                'store "main"': NO_CREDENTIALS}
    server = Server(the_shop, sections, workers=2)
    yield server
    server.stop()


def processes(server):
    return [server.process.pid, *proc.children(server.process.pid)]


@pytest.fixture
def looked_into(server):
    if is_sanitized():
        pytest.skip("freed memory is kept apart by the sanitizer")
    if not all(memory.may_look(pid) for pid in processes(server)):
        pytest.skip("the memory of the server's processes can be read by root only")
    for pid in server.pids:
        assert memory.find(pid, [server.shop.url.encode()]), "the search does not find what is there"
    return server


def made_up(label):
    """A secret that nobody else has; the same in every run."""
    secret = base64.b32encode(hashlib.sha256(label.encode()).digest())[:32].decode().lower()
    SECRETS.add(secret)
    return secret


def found_in_processes(pids, secrets):
    needles = [secret.encode() for secret in secrets]
    return [(proc.title(pid), needle.decode()[:12], places)
            for pid in pids for needle, places in memory.find(pid, needles).items()]


def found_in_memory(server, secrets):
    needles = [secret.encode() for secret in secrets]
    pid = sorted(server.pids)[0]
    return found_in_processes(processes(server), secrets) + [
        ("the table", needle) for needle in proc.holds_bytes(pid, TABLE_FD, needles)]


def written_by(server):
    """{place: content} of where a server writes: state, audit log, database, log."""
    places = {path.name: path.read_bytes() for path in (server.folder / "state").iterdir() if path.is_file()}
    places["log"] = "\n".join(line["_raw"] for line in server.lines).encode()
    return places


def found_in_files(server, secrets):
    """What it has written, and what others may read of its processes."""
    places = written_by(server)
    places["metrics"] = server.admin("/metrics").raw
    places["status"] = server.ask("status json").encode()
    for pid in processes(server):
        places[f"arguments of {pid}"] = proc.title(pid).encode()
        places[f"environment of {pid}"] = proc.environment(pid)
    return found_in(places, secrets)


def found_in(places, secrets):
    return [(place, secret[:12]) for place, content in places.items() for secret in secrets if secret.encode() in content]


def nothing_left(server, secrets):
    """A worker lets go of a request a moment after its answer: what stays is a find."""
    record.tried("secrets looked for in memory and files", len(secrets))
    poll(lambda: not found_in_memory(server, secrets), lambda: f"in memory: {found_in_memory(server, secrets)}")
    assert not found_in_files(server, secrets)


def use(client):
    """Calls of several kinds that send the credentials to the shop."""
    client.ok("auth_whoami")
    client.call("scope_list_websites_stores")
    client.ok("catalog_search_products", {"page_size": 2})
    client.call("catalog_get_product", {"sku": "MCP-001"})
    client.call("catalog_prepare_bulk_update", {"match": {"sku_list": ["MCP-001"]}, "updates": {"name": "x"},
                                                "scope": {"scope": "global"}})


@pytest.mark.parametrize("kind", ["oauth", "limited oauth", "admin", "integration token"])
def test_after_logout(looked_into, shop, caller, era, kind):
    """Credentials of a login, the admin token that the shop gave for them, the caller's token: all gone."""
    server = looked_into
    shop.settings(bearer=True)
    params = {"oauth": READER_OAUTH, "limited oauth": LIMITED_OAUTH, "admin": ADMIN,
              "integration token": {"integration_token": INTEGRATION_TOKEN}}[kind]
    for _ in range(3):
        client = era(server, token=caller.token)
        client.login(**params)
        use(client)
        client.ok("auth_logout")
    secrets = [value for name, value in params.items() if name != "username"]
    nothing_left(server, [*secrets, caller.token, "eyJraWQiOi"])  # how an admin token of the shop begins


def send_call(client, tool, params):
    """The connection on which the call is on its way."""
    connection = Connection(client.server.address)
    message = client.message("tools/call", {"name": tool, "arguments": client.arguments(params, True)})
    body = json.dumps(message).encode()
    fields = {"Host": client.server.host, **dict(client.fields()), **client.extra("tools/call", message["params"]),
              "Content-Length": len(body)}
    connection.send(head("POST", "/mcp", list(fields.items())) + body)
    return connection


def test_after_a_cancelled_call(looked_into, shop, caller):
    """The caller goes away while the shop works: his credentials go with the call, and with the login."""
    server = looked_into
    client = Modern(server, token=caller.token)
    client.login(**READER_OAUTH)
    shop.settings(latency_ms=500)
    seen = len(shop.requests())
    connection = send_call(client, "catalog_search_products", {})
    poll(lambda: server.metric("magento_mcp_calls_in_flight") > 0 or len(shop.requests()) > seen, "the call has begun")
    connection.close()
    server.allows("refused", status=499)
    server.wait_idle()
    shop.settings(latency_ms=0)
    client.ok("auth_logout")
    nothing_left(server, READER_OAUTH.values())


def test_after_mistakes(looked_into, shop, caller):
    """Refused before or by the shop: no logout will come, and nothing of it may be kept."""
    server = looked_into
    shop.settings(bearer=True)
    client, legacy = Modern(server, token=caller.token), Legacy(server, token=caller.token)
    secrets = []
    for label, params in MISTAKES.items():
        secret = made_up(label)
        secrets.append(secret)
        params = json.loads(json.dumps(params).replace("{}", secret))
        for who in (client, legacy):
            assert who.call("auth_login", params, session=None).refused, label
            who.call("auth_login", arguments=params)
    nothing_left(server, secrets)


def test_after_requests_that_are_none(looked_into, caller):
    """Secrets in what is not even a call: broken JSON, unknown tools and methods, wrong paths, refused heads."""
    server = looked_into
    client = Modern(server, token=caller.token)
    labels = ["broken JSON", "unknown tool", "unknown method", "large", "header", "refused head", "path", "wrong bearer"]
    secret = {label: made_up(label) for label in labels}
    client.post_raw(b'{"jsonrpc":"2.0","id":1,"params":{"password":"%s"' % secret["broken JSON"].encode())
    client.post_raw(json.dumps(client.message("tools/call", {
        "name": "auth_logn", "arguments": {"password": secret["unknown tool"]}})).encode(),
        {"Mcp-Method": "tools/call", "Mcp-Name": "auth_logn"})
    client.post_raw(json.dumps(client.message("auth/login", {"password": secret["unknown method"]})).encode(),
                    {"Mcp-Method": "auth/login"})
    client.post_raw(json.dumps({"pad": "x" * 300000, "password": secret["large"] * 100}).encode())
    client.post_raw(b"{}", {"X-Password": secret["header"]})
    client.post_raw(b"{}", {"X-Password": secret["refused head"], "Host": "evil.example"})
    server.http("POST", f"/mcp?password={secret['path']}", [("Authorization", f"Bearer {caller.token}")], b"{}")
    server.http("POST", "/mcp", [("Authorization", f"Bearer {secret['wrong bearer']}")], b"{}")
    nothing_left(server, secret.values())


def login_message(client, params):
    return client.message("tools/call", {"name": "auth_login", "arguments": params})


def test_after_a_batch(looked_into, shop, caller):
    """Elements that are served, refused on the way, read twice, and none; one that is plain and one that is not."""
    server = looked_into
    client = Legacy(server, "2025-03-26", token=caller.token)
    labels = ["in a batch", "refused in a batch", "twice in a batch", "unknown in a batch", "escaped in a batch"]
    secret = {label: made_up(label) for label in labels}
    batch = [login_message(client, {"username": "limited", "password": secret["in a batch"]}),
             login_message(client, {"username": 5, "password": secret["refused in a batch"]}),
             {"jsonrpc": "2.0", "password": secret["unknown in a batch"]},
             login_message(client, {"username": "lim\u00e4ted", "password": secret["escaped in a batch"]})]
    twice = login_message(client, {"username": "limited", "password": "x"})
    texts = [json.dumps(message) for message in batch]
    texts.append(json.dumps(twice)[:-3] + ', "password": "%s"}}}' % secret["twice in a batch"])
    reply = client.post_raw(f"[{','.join(texts)}]".encode())
    assert reply.status == 200 and len(reply.json) == len(texts)
    for text in texts:
        client.post_raw(text.encode())
    nothing_left(server, secret.values())


@pytest.mark.parametrize("end", ["the call's", "the shop's", "the client's"])
def test_after_a_login_that_is_cut_off(start, shop, caller, end):
    """The shop does not answer in time, or nobody waits for it any more."""
    limit = {"the call's": {"call_timeout_ms": "300ms"}, "the shop's": {"read_timeout_ms": "300ms"}, "the client's": {}}[end]
    server = start({caller.section: caller.values, "auth": {"mode": "token"}, "magento": limit,
                    'store "main"': NO_CREDENTIALS}, workers=1)
    if is_sanitized() or not memory.may_look(server.process.pid):
        pytest.skip("the memory of the server's processes cannot be judged here")
    secrets = []
    for params in ({"username": "limited", "password": "{}"}, {"integration_token": "{}"}):
        shop.settings(latency_ms=1000)
        secrets.append(made_up(f"{end} {min(params)}"))
        params = json.loads(json.dumps(params).replace("{}", secrets[-1]))
        client = Modern(server, token=caller.token)
        if end == "the client's":
            seen = len(shop.requests())
            connection = send_call(client, "auth_login", params)
            poll(lambda: server.metric("magento_mcp_calls_in_flight") > 0 or len(shop.requests()) > seen, "it has begun")
            connection.close()
            server.allows("refused", status=499)
        else:
            assert client.call("auth_login", params, session=None).refused
        shop.settings(latency_ms=0)
        server.wait_idle()
    nothing_left(server, secrets)


def test_before_logout(looked_into, shop, caller):
    """While a login lasts, its credentials are sealed: not even the memory of the processes has them in the clear."""
    server = looked_into
    shop.settings(bearer=True)
    client = Modern(server, token=caller.token)
    client.login(**READER_OAUTH)
    use(client)
    other = Modern(server, token=caller.token)
    other.login(**ADMIN)
    use(other)
    secrets = [*READER_OAUTH.values(), PASSWORD, "eyJraWQiOi"]
    nothing_left(server, secrets)
    client.ok("auth_logout")
    other.ok("auth_logout")


def test_over_tls(start, shop, caller, tmp_path):
    """What TLS decrypts and encrypts for the way to the shop is not kept either."""
    shop.settings(bearer=True)
    with tls_front(shop, tmp_path) as (url, cert):
        server = start({caller.section: caller.values, "auth": {"mode": "token"}, "magento": {"ca_file": cert},
                        'store "main"': {"base_url": url, **NO_CREDENTIALS}}, workers=1)
        server.upstream_ports.add(int(url.rpartition(":")[2]))
        if is_sanitized() or not memory.may_look(server.process.pid):
            pytest.skip("the memory of the server's processes cannot be judged here")
        for params in (ADMIN, {"integration_token": INTEGRATION_TOKEN}):
            client = Modern(server, token=caller.token)
            client.login(**params)
            use(client)
            client.ok("auth_logout")
        nothing_left(server, [INTEGRATION_TOKEN, PASSWORD, caller.token, "eyJraWQiOi"])


@contextlib.contextmanager
def http2_front(shop, folder):
    """The shop behind a server that prefers HTTP/2; its address, its certificate, and the versions it was spoken to in."""
    (node,) = BUILD.glob("js/node_modules/node-linux-*/bin/node")
    key, cert = make_certificate(folder)
    process = subprocess.Popen([node, pathlib.Path(__file__).parent / "js" / "h2_front.mjs", key, cert, str(shop.port)],
                               stdout=subprocess.PIPE, text=True)
    try:
        spoken = []
        port = int(process.stdout.readline())
        threading.Thread(target=lambda: spoken.extend(map(str.strip, process.stdout)), daemon=True).start()
        yield f"https://127.0.0.1:{port}", cert, spoken
    finally:
        process.kill()
        process.wait()


def test_over_http2(start, shop, caller, tmp_path):
    """
    The library for HTTP/2 leaves what it has sent in memory: credentials of callers go by HTTP/1.1, also where connections
    of the other kind are open for the store's own.
    """
    shop.settings(bearer=True)
    with http2_front(shop, tmp_path) as (url, cert, spoken):
        server = start({caller.section: caller.values, "auth": {"mode": "token"}, "magento": {"ca_file": cert},
                        'store "main"': {"base_url": url}}, workers=1)
        server.upstream_ports.add(int(url.rpartition(":")[2]))
        operators = Modern(server, token=caller.token)
        operators.login()
        use(operators)
        before = len(shop.requests())
        poll(lambda: len(spoken) == before, lambda: spoken)
        assert set(spoken) == {"2.0"}
        for params in (ADMIN, READER_OAUTH):
            client = Modern(server, token=caller.token)
            client.login(**params)
            use(client)
            client.ok("auth_logout")
        total = len(shop.requests())
        poll(lambda: len(spoken) == total, lambda: spoken)
        assert set(spoken[before:]) == {"1.1"}
        use(operators)
        if not is_sanitized() and memory.may_look(server.process.pid):
            nothing_left(server, [PASSWORD, *READER_OAUTH.values(), "eyJraWQiOi"])


def crash(pid):
    """Ends a process as a fault in it would, with leave to write a core file where that can be given; gives the new ones."""
    pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text().strip()
    folder = pathlib.Path(pattern).parent if pattern.startswith("/") else pathlib.Path(os.readlink(f"/proc/{pid}/cwd"))
    before = set(folder.iterdir())
    with contextlib.suppress(PermissionError):  # a hard limit is there, and this is no full root
        resource.prlimit(pid, resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    os.kill(pid, signal.SIGSEGV)
    poll(lambda: proc.title(pid) == "", lambda: f"{pid} has ended")
    return [path for path in set(folder.iterdir()) - before if path.name.startswith("core")]


def writes_cores(folder):
    """Whether this machine writes core files at all."""
    if pathlib.Path("/proc/sys/kernel/core_pattern").read_text().startswith("|") or os.getuid() != 0:
        return False
    with subprocess.Popen(["sleep", "60"], cwd=folder) as process:
        cores = crash_and_reap(process)
    for core in cores:
        core.unlink()
    return bool(cores)


def crash_and_reap(process):
    threading.Thread(target=process.wait, daemon=True).start()
    return crash(process.pid)


def test_after_crashes(start, shop, caller, tmp_path):
    """Worker, keeper and supervisor, in the middle of a call with credentials: no core, no word of them in any file."""
    may_judge = writes_cores(tmp_path)
    server = start({caller.section: caller.values, "auth": {"mode": "token"}, "server": {"log_level": "debug"},
                    'store "main"': NO_CREDENTIALS}, workers=1)
    for event in ("worker_ended", "keeper_ended", "keeper_delayed", "last_words", "refused"):
        server.allows(event)
    shop.settings(bearer=True)
    cores = []
    for role in ("worker", "keeper"):
        client = Modern(server, token=caller.token)
        client.login(**READER_OAUTH)
        other = Modern(server, token=caller.token)
        other.login(**ADMIN)
        use(other)
        (pid,) = [pid for pid in proc.children(server.process.pid) if role in proc.title(pid)]
        shop.settings(latency_ms=300)
        seen = len(shop.requests())
        with contextlib.closing(send_call(client, "catalog_search_products", {})):
            shop.wait_requests(seen + 1)
            cores += crash(pid) if may_judge else os.kill(pid, signal.SIGSEGV) or []
        shop.settings(latency_ms=0)
        poll(lambda: any(role in proc.title(found) for found in proc.children(server.process.pid) if found != pid),
             lambda: f"another {role}: {server.tail()}")
        server.note_workers()
    client.login(**LIMITED_OAUTH)
    secrets = [*READER_OAUTH.values(), *LIMITED_OAUTH.values(), PASSWORD, "eyJraWQiOi", caller.token]
    cores += crash_and_reap(server.process) if may_judge else server.process.kill() or []
    assert server.process.wait(60) != 0  # a sanitizer makes an exit of the signal
    server.reader.join(60)
    assert not cores
    assert not found_in(written_by(server), secrets)
    record.tried("secrets looked for in memory and files", len(secrets))
    server.forget()


def test_stdio(shop, tmp_path):
    """The same of a desktop client's process: what came as a line of text."""
    desk = Desk(shop, tmp_path)
    try:
        if is_sanitized() or not memory.may_look(desk.pid):
            pytest.skip("the memory of the server's processes cannot be judged here")
        for params in (READER_OAUTH, ADMIN):
            desk.session = desk.ok("auth_login", params)["session"]
            SECRETS.add(desk.session)
            desk.ok("catalog_search_products", {"page_size": 2})
            desk.ok("auth_logout")
            desk.session = None
        made = made_up("broken line")
        desk.write(b'{"jsonrpc":"2.0","id":99,"method":"tools/call","params":{"password":"%s"\n' % made.encode())
        assert "error" in desk.receive()
        secrets = [*READER_OAUTH.values(), PASSWORD, "eyJraWQiOi", made]
        record.tried("secrets looked for in memory and files", len(secrets))
        poll(lambda: not found_in_processes([desk.pid, *desk.children()], secrets),
             lambda: found_in_processes([desk.pid, *desk.children()], secrets))
    finally:
        desk.end()
