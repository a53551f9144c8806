"""Where a syslog server is."""

import pytest

from empath.errors import SyntaxViolation
from empath.mail.endpoint import Endpoint, UnixSocket
from empath.mail.syslog import SyslogServer, SyslogTransport

SERVERS = [
    ("unix:/dev/log", SyslogServer(SyslogTransport.UNIX, UnixSocket("/dev/log"))),
    ("udp:192.0.2.1:1514", SyslogServer(SyslogTransport.UDP, Endpoint("192.0.2.1", 1514))),
    ("tcp:[2001:db8::1]:601", SyslogServer(SyslogTransport.TCP, Endpoint("2001:db8::1", 601))),
]
WRONG = ["", "/dev/log", "unix:log", "unix:", "udp:log.example.org:514", "tls:192.0.2.1", "tcp:", "udp:192.0.2.1:0"]


@pytest.mark.parametrize(("text", "server"), SERVERS)
def test_a_server_is_read_from_its_text_and_written_as_it(text, server):
    """
    The text is what the file has and what messages name.
    """
    assert (server, text) == (SyslogServer.parse(text), str(server))


@pytest.mark.parametrize(("text", "port"), [("udp:192.0.2.1", 514), ("tcp:192.0.2.1", 601)])
def test_the_port_may_be_left_out(text, port):
    """
    RFC 5426 §3.3 and RFC 6587 §3.2 name the ports.
    """
    assert Endpoint("192.0.2.1", port) == SyslogServer.parse(text).at


@pytest.mark.parametrize("text", WRONG)
def test_other_text_is_no_server(text):
    """
    A name would have to be looked up, and a line of the log waits for nothing.
    """
    with pytest.raises(SyntaxViolation):
        SyslogServer.parse(text)


def test_a_path_that_no_socket_can_have_is_refused():
    """
    unix(7) allows 107 octets.
    """
    with pytest.raises(SyntaxViolation, match="at most 107"):
        SyslogServer.parse("unix:/" + "x" * 107)
