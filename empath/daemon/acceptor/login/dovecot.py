"""
dovecot - the back end `dovecot:/path`: passwords that a Dovecot knows

Each question has a connection of its own to the socket of Dovecot's `auth` service.  It is on this host and cheap, and
a restart of Dovecot then costs nothing.
"""

import os
import socket

from empath.errors import SyntaxViolation
from empath.policy.login.backend import Backend, BackendUnavailable, LoginPeer, Verdict
from empath.smtp.sasl.dovecot import DovecotAnswer, DovecotExchange
from empath.smtp.sasl.mechanisms import Mechanism

_RECEIVE_OCTETS = 4096
_VERDICTS = {DovecotAnswer.PROVED: Verdict.PROVED, DovecotAnswer.WRONG: Verdict.UNKNOWN}


class Dovecot(Backend):
    """The accounts of a Dovecot. It does not say whether it knows a name: the next back end is asked in any case."""

    mechanisms = frozenset(each for each in Mechanism if each.has_password)

    def __init__(self, path: str) -> None:
        self._path = path

    def check_password(self, name: str, password: str, peer: LoginPeer) -> Verdict:
        """See `Backend`."""
        client_id = int.from_bytes(os.urandom(4), "big") | 1
        exchange = DovecotExchange(name, password, client_id=client_id, peer=peer.address, is_secured=peer.is_secured)
        try:
            answer = self._ask(exchange)
        except OSError as exc:
            raise BackendUnavailable(f"dovecot:{self._path}: {exc.strerror or exc}") from exc
        except SyntaxViolation as exc:
            raise BackendUnavailable(f"dovecot:{self._path}: {exc}") from exc
        if answer is DovecotAnswer.LATER:
            raise BackendUnavailable(f"dovecot:{self._path}: Dovecot cannot tell now; see its log")
        return _VERDICTS[answer]

    def _ask(self, exchange: DovecotExchange) -> DovecotAnswer:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as connection:
            connection.connect(self._path)
            while exchange.answer is None:
                connection.sendall(exchange.octets_to_send())
                octets = connection.recv(_RECEIVE_OCTETS)
                if not octets:
                    raise SyntaxViolation("the connection ended without an answer")
                exchange.receive(octets)
            return exchange.answer
