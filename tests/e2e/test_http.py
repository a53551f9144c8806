"""The HTTP server of a real service: HTTPS, a token, a thousand clients that say nothing, and its death."""

import http.client
import os
import signal
import socket
from contextlib import ExitStack, closing

import pytest

from tests.cli.admin.kit import run
from tests.kit.certificates import TABLE, client, issued
from tests.kit.process import Empathd, free_port
from tests.kit.waiting import DEADLINE_S, eventually


@pytest.fixture
def web(tmp_path):
    """A service with HTTPS, where this host needs a token, and what asks it."""
    port = free_port()
    more = f"""
[http]
address = "127.0.0.1:{port}"
networks = []
tls = true
{TABLE}
[health]
without = ["listeners", "dns"]
"""
    service = Empathd(tmp_path / "service", more)
    issued("localhost").write(service.directory)

    def get(path, token=None):
        with closing(http.client.HTTPSConnection("localhost", port, timeout=DEADLINE_S, context=client())) as asking:
            asking.request("GET", path, headers={} if token is None else {"Authorization": f"Bearer {token}"})
            answer = asking.getresponse()
            return answer.status, answer.read()

    try:
        yield service.start(), port, get
    finally:
        service.clean_up()


def test_a_token_by_https_and_clients_that_say_nothing(web):
    """
    A thousand of them keep nobody out, and no mail waits. Who has begun to speak is served.
    """
    service, port, get = web
    assert 401 == get("/health/live")[0]
    added = run("-c", str(service.config), "token", "add", "monitor", "--role", "read")
    assert 0 == added.code
    secret = added.out.strip()
    assert (200, b'{"status": "live"}') == get("/health/live", secret)
    with ExitStack() as idle:
        for _ in range(1000):
            idle.enter_context(socket.create_connection(("127.0.0.1", port), DEADLINE_S))
        assert 200 == get("/metrics", secret)[0]
        service.send("a@here.test")
        service.wait_for("delivered")
        assert eventually(lambda: b'"delivered": 1' in get("/api/v1/stats", secret)[1], "it is counted")
        descriptors = len(os.listdir(f"/proc/{service.pid_of('httpd-1')}/fd"))
        assert descriptors < 400

    os.kill(service.pid_of("httpd-1"), signal.SIGKILL)
    service.send("b@here.test")
    service.wait_for("delivered", count=2)
    service.wait_for("process_ready", slot="httpd-1", generation=2)
    assert eventually(lambda: get("/health/live", secret)[0] == 200, "the next httpd")
