"""
dialogue - the logins that one session tries, RFC 4954

One exchange at a time.  After a wrong password the reply waits, each time longer.
"""

from collections.abc import Callable

import gevent

from empath.daemon.acceptor.client import Client
from empath.daemon.acceptor.context import ListenerContext
from empath.daemon.acceptor.login.logins import UNAVAILABLE, WRONG, Login, LoginClient
from empath.daemon.acceptor.securing import bindings
from empath.mail.reply import Reply
from empath.policy.limits.connections import client_network
from empath.policy.login.account import LoggedIn
from empath.policy.login.backend import BackendUnavailable, LoginPeer
from empath.policy.login.failures import failure_delay_s
from empath.smtp.server.events import AuthOffered, AuthResponded

_LOGGED_IN_ALREADY = Reply.of("503 5.5.1 Already authenticated")
_NO_SUCH_MECHANISM = Reply.of("504 5.5.4 Mechanism not offered")


class LoginDialogue:
    """The logins of one session. `account` is the one that the last answer proved, else None."""

    __slots__ = ("_context", "_failures", "_login", "account")

    def __init__(self, context: ListenerContext) -> None:
        self._context = context
        self._failures = 0
        self._login: Login | None = None  # the exchange under way
        self.account: LoggedIn | None = None

    def begin(self, client: Client, event: AuthOffered, has_left: Callable[[], bool]) -> Reply:
        """Answer AUTH. *has_left* tells whether the client closed its connection while it waits."""
        self.account = None
        context, logins = self._context, self._context.logins
        if client.account is not None:
            return _LOGGED_IN_ALREADY
        is_trusted = context.config.relay.policy.is_trusted(client.address)
        key = None if is_trusted else client_network(client.address, context.configured.ipv6_prefix)
        peer = LoginPeer(client.address_text, is_secured=client.tls is not None, has_left=has_left)
        if logins is not None:
            self._login = logins.begin(event.mechanism, LoginClient(peer, key, bindings(context, client.tls)))
        if self._login is None:
            return _NO_SUCH_MECHANISM
        return self._answer(self._login, event.response)

    def respond(self, event: AuthResponded) -> Reply:
        """Answer the response to a challenge."""
        if self._login is None:
            raise RuntimeError("the protocol session sent a response outside an exchange")
        return self._answer(self._login, event.response)

    def _answer(self, login: Login, response: bytes | None) -> Reply:
        reply = login.respond(response)
        if reply.code != 334:
            self._login = None
        if reply is WRONG:
            self._failures += 1
            gevent.sleep(failure_delay_s(self._context.config.auth.failure_delay_s, self._failures))
        self.account = login.account
        return reply


def offered_mechanisms(context: ListenerContext, client: Client) -> tuple[str, ...] | None:
    """The mechanisms that a session offers: none after a login; None where the client cannot log in here."""
    logins = context.logins
    if logins is None or (client.tls is None and not context.listener.auth_in_clear):
        return None
    return () if client.account is not None else logins.mechanisms(is_bound=bool(bindings(context, client.tls)))


def vouched_for(context: ListenerContext, name: str, client: str) -> LoggedIn | Reply:
    """The account that another host has proved, or the reply that refuses it."""
    logins = context.logins
    try:
        account = LoggedIn(name, None) if logins is None else logins.vouched_for(name, client)
    except BackendUnavailable:
        return UNAVAILABLE
    return account or WRONG
