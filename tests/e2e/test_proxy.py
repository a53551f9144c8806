"""Clients behind a proxy: the header of the PROXY protocol, as HAProxy and others send it."""

import contextlib
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess

import pytest

from tests.kit.certificates import TABLE, authority, issued
from tests.kit.process import Empathd, free_port
from tests.kit.waiting import DEADLINE_S, eventually

HAPROXY = shutil.which("haproxy")
PROXY, STRANGER, CLIENT = "127.0.0.1", "127.0.0.5", "127.0.0.9"

CONFIGURATION = """
global
    maxconn 100
defaults
    mode tcp
    timeout connect 10s
    timeout client 60s
    timeout server 60s
listen lines
    bind 127.0.0.1:{lines}
    server empath 127.0.0.1:{port} send-proxy
listen binary
    bind 127.0.0.1:{binary}
    server empath 127.0.0.1:{port} send-proxy-v2 proxy-v2-options unique-id,crc32c check inter 200ms
    unique-id-format %ci.%cp
"""


class Proxied(Empathd):
    """The listeners believe PROXY, and wait half a minute for a header; `secured` speaks TLS. Only CLIENT may relay."""

    def __init__(self, directory):
        self.proxied, self.secured = free_port(), free_port()
        more = f"""
[[listener]]
address = "127.0.0.1:{self.proxied}"
role = "mx"
proxy_protocol = ["{PROXY}/32"]
[[listener]]
address = "127.0.0.1:{self.secured}"
role = "mx"
tls = "implicit"
proxy_protocol = ["{PROXY}/32"]
{TABLE}
[relay]
networks = ["{CLIENT}/32"]
[receiving.timeouts]
proxy_header = "30s"
"""
        super().__init__(directory, more)
        issued("mx.example.test").write(directory)
        self.config.write_text(self.config.read_text().replace("[log]\n", '[log]\nlevel = "debug"\n'))


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    instance = Proxied(tmp_path_factory.mktemp("proxy"))
    try:
        yield instance.start()
        assert 0 == instance.stop()
    finally:
        instance.clean_up()


def connected(port: int, octets: bytes = b"", source: str = PROXY) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S, source_address=(source, 0))
    client.sendall(octets)
    return client


def line(client: str = CLIENT) -> bytes:
    return f"PROXY TCP4 {client} 127.0.0.1 40000 25\r\n".encode()


def test_policy_log_and_trace_show_the_client_behind_the_proxy(service):
    """
    The proxy itself may not relay.
    """
    with connected(service.proxied, line()) as raw, raw.makefile("rb") as replies:
        for command in (b"", b"EHLO c.test", b"MAIL FROM:<a@b.test>", b"RCPT TO:<x@elsewhere.test>", b"DATA"):
            if command:
                raw.sendall(command + b"\r\n")
            while (reply := replies.readline())[3:4] == b"-":
                pass
        raw.sendall(b"Subject: x\r\n\r\ntext\r\n.\r\n")
        assert b"354" == reply[:3]
        assert b"250" == replies.readline()[:3]
    accepted = service.wait_for("accepted", client=CLIENT)
    [mail] = eventually(lambda: [m for m in service.delivered() if accepted["queue_id"].encode() in m], "delivered")
    assert f"from c.test ([{CLIENT}])".encode() in mail


def test_a_connection_of_a_proxy_without_a_header_is_closed(service):
    """
    Whatever it says: it would get the rights of the proxy.
    """
    for octets, words in (
        (b"EHLO c.test\r\n", "does not begin with a PROXY header"),
        (b"PROXY TCP4 1.2.3.4 127.0.0.1 4 70000\r\n", "malformed port"),
    ):
        with connected(service.proxied, octets) as raw, contextlib.suppress(ConnectionResetError):
            assert b"" == raw.recv(100)
        eventually(lambda: [e for e in service.named("proxy_refused", proxy=PROXY) if words in e["error"]], words)  # noqa: B023


def test_a_header_from_elsewhere_is_not_believed(service):
    """
    Any client could take the address of another.
    """
    with connected(service.proxied, line(), source=STRANGER) as raw:
        raw.settimeout(DEADLINE_S)
        assert raw.recv(100).startswith((b"554 5.5.0 ", b"220 "))
    ended = service.wait_for("session_ended", client=STRANGER)
    assert ended["messages"] == 0
    assert [] == service.named("session_ended", client="127.0.0.77")


def test_octets_behind_the_header_came_before_the_banner(service):
    """
    A5 holds behind a proxy, too.
    """
    with connected(service.proxied, line() + b"EHLO c.test\r\n") as raw:
        assert raw.recv(100).startswith(b"554 5.5.0 ")


@pytest.mark.skipif(HAPROXY is None, reason="needs haproxy")
def test_haproxy_names_its_clients_in_both_versions(service, tmp_path):
    """
    HAProxy of Debian, with TLVs and its own checks, which are LOCAL.
    """
    lines, binary = free_port(), free_port()
    file = tmp_path / "haproxy.cfg"
    file.write_text(CONFIGURATION.format(lines=lines, binary=binary, port=service.proxied))
    haproxy = subprocess.Popen([str(HAPROXY), "-db", "-f", str(file)], cwd=tmp_path, stderr=subprocess.DEVNULL)
    try:
        for number, port in enumerate((lines, binary)):
            source = f"127.0.0.{20 + number}"

            def greeted(port=port, source=source):
                with contextlib.suppress(OSError), smtplib.SMTP(timeout=DEADLINE_S, source_address=(source, 0)) as smtp:
                    return smtp.connect("127.0.0.1", port)[0] == 220 and smtp.helo("c.test")[0] == 250

            eventually(greeted, f"a session through HAProxy, port {port}")
            service.wait_for("session_ended", client=source, reason="quit")
        assert [] != service.named("session_began", client=PROXY)
    finally:
        haproxy.terminate()
        haproxy.wait(DEADLINE_S)


def test_tls_may_follow_the_header(service):
    """
    Its first octets come right behind: HAProxy passes them on with the header.
    """
    trust = ssl.create_default_context()
    authority().configure_trust(trust)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    secured = trust.wrap_bio(incoming, outgoing, server_hostname="mx.example.test")
    with contextlib.suppress(ssl.SSLWantReadError):
        secured.do_handshake()
    with connected(service.secured, line() + outgoing.read()) as raw:
        while True:
            incoming.write(raw.recv(65536))
            try:
                secured.do_handshake()
                break
            except ssl.SSLWantReadError:
                raw.sendall(outgoing.read())
        raw.sendall(outgoing.read())
        banner = b""
        while not banner:
            try:
                banner = secured.read()
            except ssl.SSLWantReadError:
                incoming.write(raw.recv(65536))
    assert banner.startswith(b"220 mx.example.test ")


def test_a_reload_and_a_stop_treat_a_client_that_the_proxy_has_not_named_as_any_other(service):
    """
    A reload refuses no connection; a stop does not wait for those that have said nothing.
    """
    with connected(service.proxied) as raw, connected(service.proxied) as silent:
        service.signal(signal.SIGHUP)
        service.wait_for("reload_finished")
        raw.sendall(line())
        assert raw.recv(100).startswith(b"220 ")
        raw.sendall(b"QUIT\r\n")
        assert 0 == service.stop()
        assert b"" == silent.recv(100)
    assert [] == service.named("process_killed")
