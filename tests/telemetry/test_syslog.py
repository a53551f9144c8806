"""Messages of syslog reach a real socket, and none of them is waited for."""

import os
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from empath.mail.endpoint import Endpoint, UnixSocket
from empath.mail.syslog import SyslogServer, SyslogTransport
from empath.telemetry.log import Log
from empath.telemetry.occurrence import Occurrence, occurrence
from empath.telemetry.syslog import DATAGRAM_OCTETS, KEPT_OCTETS, STREAM_OCTETS, Syslog

AT = "2025-11-22T12:40:00.123Z"
TIMEOUT_S = 5


@occurrence("warning")
class ThingHappened(Occurrence):
    """An occurrence with a text."""

    text: str


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def bind() -> Iterator[Callable[..., socket.socket]]:
    """Makes a server's socket."""
    made = []

    def bound(family: int, kind: int, address: Any) -> socket.socket:
        server = socket.socket(family, kind)
        made.append(server)
        server.settimeout(TIMEOUT_S)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(address)
        if kind == socket.SOCK_STREAM:
            server.listen()
        return server

    yield bound
    for each in made:
        each.close()


_connections: list[Syslog] = []


@pytest.fixture(autouse=True)
def _closed_connections() -> Iterator[None]:
    yield
    while _connections:
        _connections.pop().close()
    while _streams:
        _streams.pop().close()


def syslog(server: SyslogServer, facility: str = "mail", clock: Clock | None = None) -> Syslog:
    """A connection to *server*, closed at the end of the test."""
    made = Syslog(server, facility, "mx.example.org", clock or Clock())
    _connections.append(made)
    return made


def tcp(server: socket.socket, clock: Clock | None = None) -> Syslog:
    """A connection to *server*."""
    target = SyslogServer(SyslogTransport.TCP, Endpoint("127.0.0.1", server.getsockname()[1]))
    return syslog(target, clock=clock)


def unix(path: Path, clock: Clock | None = None) -> Syslog:
    """A connection to the socket at *path*."""
    return syslog(SyslogServer(SyslogTransport.UNIX, UnixSocket(str(path))), "local7", clock)


def framed(stream: socket.socket) -> bytes:
    """The next message of a stream, RFC 6587 §3.4.1."""
    digits = b""
    while (octet := stream.recv(1)) != b" ":
        digits += octet
    message = b""
    while len(message) < int(digits):
        message += stream.recv(int(digits) - len(message))
    return message


_streams: list[socket.socket] = []


def accepted(server: socket.socket) -> socket.socket:
    """The next connection to *server*, closed at the end of the test."""
    stream, _ = server.accept()
    stream.settimeout(TIMEOUT_S)
    _streams.append(stream)
    return stream


def test_a_message_over_udp_is_as_rfc_5424_has_it(bind):
    """
    Priority, version, instant, host, program, process id, event, no structured data, and the line.
    """
    server = bind(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0))
    target = SyslogServer(SyslogTransport.UDP, Endpoint("127.0.0.1", server.getsockname()[1]))
    syslog(target).write(AT, "warning", "thing_happened", b"text=x")
    expected = f"<20>1 {AT} mx.example.org empath {os.getpid()} thing_happened - text=x"
    assert expected == server.recv(9_000).decode()


@pytest.mark.parametrize(("level", "priority"), [("debug", 191), ("info", 190), ("error", 187), ("critical", 186)])
def test_a_level_has_its_severity(bind, tmp_path, level, priority):
    """
    RFC 5424 §6.2.1; local7 is 23.
    """
    server = bind(socket.AF_UNIX, socket.SOCK_DGRAM, str(tmp_path / "log"))
    unix(tmp_path / "log").write(AT, level, "x", b"")
    assert server.recv(9_000).startswith(b"<%d>1 " % priority)


def test_a_stream_has_the_length_before_each_message(bind):
    """
    A line may have any octet in it, so the end of a line ends no message.
    """
    server = bind(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))
    to = tcp(server)
    for text in (b"one", b"two"):
        to.write(AT, "info", "x", text)
    stream = accepted(server)
    to.flush()
    assert [b"one", b"two"] == [framed(stream).split(b" - ")[1] for _ in range(2)]


def test_a_unix_socket_may_be_a_stream(bind, tmp_path):
    """
    As syslog-ng has one: a line feed ends a message there, and there is no length.
    """
    server = bind(socket.AF_UNIX, socket.SOCK_STREAM, str(tmp_path / "log"))
    to = unix(tmp_path / "log")
    to.write(AT, "info", "x", b"one\nof two")
    to.write(AT, "info", "x", b"two")
    lines = accepted(server).makefile("rb")
    for text in (b"one of two", b"two"):
        line = lines.readline()
        assert line.startswith(b"<190>1 ")
        assert line.endswith(b" - " + text + b"\n")
    lines.close()


def test_messages_wait_for_a_server_that_is_not_there_yet(bind, tmp_path):
    """
    A restart of the server loses no line, and a try to connect is made once a second, not for each line.
    """
    clock = Clock()
    to = unix(tmp_path / "log", clock)
    to.write(AT, "info", "x", b"one")
    server = bind(socket.AF_UNIX, socket.SOCK_DGRAM, str(tmp_path / "log"))
    to.write(AT, "info", "x", b"two")
    assert to.is_waiting
    clock.now = 1.0
    assert to.flush()
    assert [b"one", b"two"] == [server.recv(9_000).split(b" - ")[1] for _ in range(2)]


def test_a_message_that_a_lost_connection_cut_goes_out_again_whole(bind):
    """
    The next server must not get the second half of a line.
    """
    clock = Clock()
    server = bind(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))
    to = tcp(server, clock)
    to.write(AT, "info", "x", b"first")
    accepted(server).close()
    clock.now = 1.0
    to.write(AT, "info", "x", b"second")
    stream = accepted(server)
    to.flush()
    assert framed(stream).endswith(b" - second")


def test_a_server_that_reads_nothing_costs_bounded_memory_and_the_loss_is_counted(bind):
    """
    A line never waits: mail goes on.
    """
    server = bind(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))
    to = tcp(server)
    line = b"x" * 60_000
    for _ in range(400):  # more than the sockets and the memory hold
        to.write(AT, "info", "x", line)
    assert to.lost > 0
    assert to.kept_octets <= KEPT_OCTETS
    stream = accepted(server)
    got = b""
    while not to.flush():
        got += stream.recv(65_536)
    to.close()
    while octets := stream.recv(65_536):
        got += octets
    assert 400 == got.count(b" empath ") + to.lost


@pytest.mark.parametrize("most", [DATAGRAM_OCTETS, STREAM_OCTETS])
def test_a_long_line_is_cut_between_characters(bind, tmp_path, most):
    """
    A server would cut it elsewhere, or drop it.
    """
    kind = socket.SOCK_DGRAM if most == DATAGRAM_OCTETS else socket.SOCK_STREAM
    server = bind(socket.AF_UNIX, kind, str(tmp_path / "log"))
    to = unix(tmp_path / "log")
    to.write(AT, "info", "x", b"")  # it learns the kind of the socket
    to.write(AT, "info", "x", "ä".encode() * 40_000)
    if kind == socket.SOCK_DGRAM:
        server.recv(70_000)
        message = server.recv(70_000)
    else:
        lines = accepted(server).makefile("rb")
        lines.readline()
        to.flush()
        message = lines.readline()[:-1]
        lines.close()
    assert most - 1 <= len(message) <= most
    assert {"ä"} == set(message.decode().split(" - ")[1])


def test_the_log_goes_to_the_server_alone_where_no_file_is_named(bind, tmp_path, capfd):
    """
    Who names a server and no file wants no second copy.
    """
    server = bind(socket.AF_UNIX, socket.SOCK_DGRAM, str(tmp_path / "log"))
    log = Log()
    log.configure("logfmt", "info", None, unix(tmp_path / "log"))
    log.write("worker-1", ThingHappened(text="x"))
    assert server.recv(9_000).endswith(b"level=warning event=thing_happened process=worker-1 text=x")
    assert "" == capfd.readouterr().err


def test_the_log_goes_to_file_and_server_and_says_what_the_server_lacks(bind, tmp_path):
    """
    Lines that were dropped are counted for the server alone: the file has them.
    """
    clock = Clock()
    to = unix(tmp_path / "socket", clock)
    log = Log()
    log.configure("text", "info", tmp_path / "log", to)
    count = KEPT_OCTETS // 1_000
    for _ in range(count):
        log.write("worker-1", ThingHappened(text="x" * 1_000))
    server = bind(socket.AF_UNIX, socket.SOCK_DGRAM, str(tmp_path / "socket"))
    lost, clock.now = to.lost, 1.0
    got: list[bytes] = []
    while lost and not any(b"log_lines_lost" in each for each in got):
        log.flush("worker-1")
        got.append(server.recv(9_000))
    assert lost > 0
    assert f"lines={lost} output=syslog" in got[-1].decode()
    assert count == (tmp_path / "log").read_text().count("thing_happened")
    assert re.search(rb" - at=\S+ level=warning event=thing_happened", got[0])  # logfmt: one line


def test_a_process_that_ends_sends_its_last_words(bind):
    """
    The connection may still be under way when a process says why it ends.
    """
    server = bind(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))
    log = Log()
    log.configure("logfmt", "info", None, tcp(server))
    log.write("worker-1", ThingHappened(text="last"))
    log.close("worker-1")
    assert framed(accepted(server)).endswith(b"text=last")
