"""A report is handed to a server by HTTP."""

from ipaddress import ip_network
from typing import Any

import pytest

from empath.daemon.housekeeper.report_post import post_report
from empath.mail.lookup import Absent, Addresses
from empath.net.http_client import HttpFailed
from tests.kit.http_server import HttpServer

OK = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
NO = b"HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n"
LOOPBACK = (ip_network("127.0.0.0/8"),)


class Names:
    """A resolver that knows one address."""

    def __init__(self, *addresses):
        self._answer = Addresses(addresses, 60) if addresses else Absent("NXDOMAIN", 60)

    def look_up(self, questions, _within_s):
        """As of the resolver."""
        return [self._answer for _ in questions]


def post(server, names=None, allowed=LOOPBACK):
    """Hand a file to *server*."""
    resolver: Any = names or Names("127.0.0.1")
    post_report(resolver, allowed, f"http://localhost:{server.port}/v1?x=y", b"file")


def test_a_server_gets_the_file_and_its_type():
    """
    RFC 8460 §5.4.
    """
    with HttpServer(OK) as server:
        post(server)
        [call] = server.calls
    assert ("POST /v1?x=y HTTP/1.1", b"file", "application/tlsrpt+gzip") == (
        *(call.line, call.body, call.field("content-type")),
    )


def test_a_server_that_does_not_take_it_is_a_failure():
    """
    Also one that cannot be reached.
    """
    with HttpServer(NO) as server:
        with pytest.raises(HttpFailed, match="HTTP status 503"):
            post(server)


@pytest.mark.parametrize(
    ("names", "words"),
    [(Names("127.0.0.1"), "it has no public address"), (Names(), "its address is not known")],
)
def test_a_domain_does_not_lead_into_our_own_network(names, words):
    """
    Anybody may publish a record that names a host of ours.
    """
    with HttpServer(OK) as server:
        with pytest.raises(HttpFailed, match=words):
            post(server, names, allowed=())
        assert [] == server.calls
