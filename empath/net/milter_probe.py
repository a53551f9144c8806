"""
milter_probe - what a filter agrees to, asked by one connection without mail

The whole of it has one deadline. It uses the sockets of the standard library, as `smtp_probe` does.
"""

import socket
import time

from empath.mail.endpoint import Endpoint, UnixSocket
from empath.smtp.milter.agreement import Agreement
from empath.smtp.milter.dialogue import Dialogue
from empath.smtp.milter.requests import QUIT

_MOST_OCTETS = 4096


def agreement_with(address: Endpoint | UnixSocket, within_s: float) -> Agreement:
    """
    What the filter at *address* agrees to.

    Raises:
        OSError: there is no connection, or no answer within *within_s*.
        SyntaxViolation: the answer is not one of a filter.
    """
    ends_at = time.monotonic() + within_s
    dialogue = Dialogue()
    with _connected(address, within_s) as filter_socket:
        filter_socket.sendall(dialogue.negotiate())
        while not dialogue.agree():
            left_s = ends_at - time.monotonic()
            if left_s <= 0:
                raise TimeoutError("timed out")
            filter_socket.settimeout(left_s)
            octets = filter_socket.recv(_MOST_OCTETS)
            if not octets:
                raise ConnectionError("it closed the connection")
            dialogue.receive(octets)
        filter_socket.sendall(QUIT)
    return dialogue.agreement


def _connected(address: Endpoint | UnixSocket, within_s: float) -> socket.socket:
    if isinstance(address, Endpoint):
        return socket.create_connection((address.host, address.port), within_s)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(within_s)
    try:
        made.connect(address.path)
    except OSError:
        made.close()
        raise
    return made
