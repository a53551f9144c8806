"""
logins - the logins of one process: which mechanisms it offers, and the exchange of one client

THEORY
    A `Login` is one exchange.  Its steps come from smtp/sasl; what they ask for, it gets from the back ends, and each
    answer of the client has one deadline.  The refusal is the same, and comes after the same work, whether the account
    exists or not.
"""

import os
import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import gevent

from empath.config.tables.auth import Auth
from empath.daemon.acceptor.login.accounts import Accounts
from empath.daemon.acceptor.login.failures import Attempt, LoginFailures
from empath.daemon.acceptor.rates import RateMeter
from empath.errors import EmpathError, SyntaxViolation
from empath.mail.reply import Reply
from empath.policy.limits.rate import Rate
from empath.policy.limits.refusal_log import RefusalMeter
from empath.policy.login.account import LoggedIn
from empath.policy.login.backend import Backend, BackendUnavailable, ClientLeft, LoginPeer, Verdict
from empath.policy.login.turns import Standing
from empath.policy.senders import Senders, own_address
from empath.policy.units import parse_rate
from empath.smtp.sasl.mechanisms import Mechanism, begin_exchange
from empath.smtp.sasl.scram import ScramKeys, ScramServer, to_base64
from empath.smtp.sasl.steps import (
    Challenge,
    KeysWanted,
    Malformed,
    PasswordGiven,
    Proved,
    Refused,
    ServerExchange,
    Step,
    TokenGiven,
)
from empath.telemetry.occurrence import Emitter
from empath.telemetry.occurrences.acceptor import LoginFailed, LoginSucceeded, LoginUnavailable

LOGGED_IN: Final = Reply.of("235 2.7.0 Authentication successful")
WRONG: Final = Reply.of("535 5.7.8 Authentication credentials invalid")
MALFORMED: Final = Reply.of("501 5.5.2 The response does not fit the mechanism")
UNAVAILABLE: Final = Reply.of("454 4.7.0 Temporary authentication failure, try again later")
TOO_MANY_FAILURES: Final = Reply.of("454 4.7.0 Too many failed logins, try again later")

_NONCE_OCTETS: Final = 18
_USE_AGE_S: Final = 60.0  # the last use of an account is written at most that often


class _TooManyFailures(EmpathError):
    """The client or the account has had too many failed logins."""


@dataclass(frozen=True, slots=True)
class LoginClient:
    """
    The client of one exchange.

    Shape: key is what its failures are counted by, None for a client that they do not limit; bindings has the data of
    the channel by the name of its type, empty in the clear.
    """

    peer: LoginPeer
    key: Hashable | None
    bindings: Mapping[str, bytes]


class Logins:
    """The logins of one process, with the *backends* of `[auth]` in their order."""

    def __init__(
        self,
        settings: Auth,
        accounts: Accounts,
        backends: Sequence[Backend],
        emit: Emitter,
        refusals: RefusalMeter,
        *,
        meter: RateMeter,
    ) -> None:
        """
        *accounts* has the senders and rates of a name, whichever back end proves it; *refusals* bounds the log, *meter*
        the failures.
        """
        self._refusals = refusals
        self._settings = settings
        self._accounts = accounts
        self._backends = tuple(backends)
        self._emit = emit
        self.failures = LoginFailures(meter, accounts, settings.failures_per_client, settings.failures_per_account)
        served = frozenset[Mechanism]().union(*(backend.mechanisms for backend in backends))
        self._bound = tuple(each for each in settings.mechanisms if each in served)
        self._unbound = tuple(each for each in self._bound if each is not Mechanism.SCRAM_SHA_256_PLUS)

    def mechanisms(self, *, is_bound: bool) -> tuple[Mechanism, ...]:
        """The mechanisms that a session offers; *is_bound* says whether its channel has a binding."""
        return self._bound if is_bound else self._unbound

    def begin(self, mechanism: str, client: LoginClient) -> "Login | None":
        """Begin an exchange; None if the session of *client* does not offer the mechanism."""
        offered = self.mechanisms(is_bound=bool(client.bindings))
        if mechanism not in offered:
            return None
        nonce = to_base64(os.urandom(_NONCE_OCTETS))
        offers_plus = Mechanism.SCRAM_SHA_256_PLUS in offered
        exchange = begin_exchange(Mechanism(mechanism), nonce, client.bindings, offers_plus=offers_plus)
        return Login(self, Mechanism(mechanism), exchange, client, self._settings.deadline_s)

    def admit(self, name: str, client: LoginClient, mechanism: Mechanism) -> LoggedIn | None:
        """
        What the account *name*, which is proved, may do; None if it is disabled.

        Raises:
            BackendUnavailable: the queue cannot be read.
        """
        logged_in = self.vouched_for(name, client.peer.address)
        if logged_in is None:
            return None
        self._emit(LoginSucceeded(client=client.peer.address, account=name, mechanism=mechanism))
        return logged_in

    def vouched_for(self, name: str, client: str) -> LoggedIn | None:
        """
        What the account *name* of *client*, which was proved elsewhere, may do; None if it is disabled.

        Raises:
            BackendUnavailable: the queue cannot be read.
        """
        account = self._accounts.find(name)
        if account is None:
            return LoggedIn(name, Senders.parse(own_address(name)) if self._settings.check_sender else None)
        if not account.is_enabled:
            return None
        if time.time() - account.last_used_at > _USE_AGE_S:
            gevent.spawn(self._accounts.record_use, name, client)
        return LoggedIn(
            name,
            account.senders if self._settings.check_sender else None,
            _rate(account.message_rate),
            _rate(account.recipient_rate),
        )

    def report_failure(self, name: str, client: LoginClient, mechanism: Mechanism) -> None:
        """Report a failed login. Only names of accounts are reported: people mistype passwords there."""
        address = client.peer.address
        if self._refusals.admit(address, time.monotonic()):
            self._emit(LoginFailed(client=address, account=self._known(name), mechanism=mechanism))

    def report_fault(self, reason: str, client: LoginClient) -> None:
        """Report that a back end could not answer."""
        address = client.peer.address
        if self._refusals.admit(address, time.monotonic()):
            self._emit(LoginUnavailable(client=address, reason=reason))

    def is_proved(self, name: str, password: str, peer: LoginPeer) -> bool:
        """Whether the first back end that knows *name* says that this is its password."""
        for backend in self._backends:
            if Mechanism.PLAIN in backend.mechanisms:
                verdict = backend.check_password(name, password, peer)
                if verdict is not Verdict.UNKNOWN:
                    return verdict is Verdict.PROVED
        return False

    def name_of_token(self, token: str, peer: LoginPeer) -> str | None:
        """The account that a token proves, None if no back end knows it."""
        for backend in self._backends:
            if Mechanism.OAUTHBEARER in backend.mechanisms:
                name = backend.name_of_token(token, peer)
                if name is not None:
                    return name
        return None

    def keys_of(self, name: str) -> ScramKeys:
        """The keys of the first back end that has some; else keys that nothing proves."""
        for backend in self._backends:
            if Mechanism.SCRAM_SHA_256 in backend.mechanisms:
                keys = backend.keys_of(name)
                if keys is not None:
                    return keys
        return self._accounts.keys_of(name)

    def _known(self, name: str) -> str | None:
        try:
            return name if name and self._accounts.find(name) is not None else None
        except BackendUnavailable:
            return None


class Login:
    """One exchange. `account` is None until it has succeeded."""

    def __init__(
        self, logins: Logins, mechanism: Mechanism, exchange: ServerExchange, client: LoginClient, deadline_s: float
    ) -> None:
        self.account: LoggedIn | None = None
        self._logins = logins
        self._mechanism = mechanism
        self._exchange = exchange
        self._client = client
        self._deadline_s = deadline_s
        self._name = ""  # as the client claims
        self._attempt: Attempt | None = None  # for a client whose failures are counted

    def respond(self, response: bytes | None) -> Reply:
        """Take what the client said, and give the reply: 334, 235, or the refusal that ends the exchange."""
        logins, client = self._logins, self._client
        try:
            # No exception of our own: a back end that catches every Exception would take it for one of its own.
            with gevent.Timeout(self._deadline_s):
                step = self._next_step(response)
                if isinstance(step, Proved):
                    self.account = logins.admit(step.name, client, self._mechanism)
        except (BackendUnavailable, gevent.Timeout) as exc:
            is_late = isinstance(exc, gevent.Timeout)
            self._take_attempt_back()
            logins.report_fault(f"no answer within {self._deadline_s:g} s" if is_late else str(exc), client)
            return UNAVAILABLE
        except _TooManyFailures:
            return TOO_MANY_FAILURES
        except ClientLeft:  # counted as a failure: else it could try as often as it likes
            self._fail()
            return UNAVAILABLE
        match step:
            case Challenge(octets):
                return Reply(334, None, to_base64(octets))
            case Malformed():
                return MALFORMED
            case _ if self.account is not None:
                if self._attempt is not None:
                    self._attempt.succeed(self.account.name)
                return LOGGED_IN
            case _:
                self._fail()
                return WRONG

    def _fail(self) -> None:
        if self._attempt is not None:
            self._attempt.fail()
        self._logins.report_failure(self._name, self._client, self._mechanism)

    def _next_step(self, response: bytes | None) -> Step:
        """Ask the back ends what the exchange wants to know."""
        exchange, logins = self._exchange, self._logins
        match step := exchange.respond(response):
            case KeysWanted(name) if isinstance(exchange, ScramServer):
                self._begin_attempt(name)
                return exchange.use(logins.keys_of(name))
            case PasswordGiven(name, password):
                peer = self._begin_attempt(name)
                return Proved(name) if logins.is_proved(name, password, peer) else Refused()
            case TokenGiven(name, token):
                peer = self._begin_attempt(name)
                proved = logins.name_of_token(token, peer)
                return Proved(proved) if proved is not None and name in ("", proved) else exchange.refuse()
            case _:
                return step

    def _begin_attempt(self, name: str) -> LoginPeer:
        """
        Count an attempt; the peer as the back ends see it.

        Raises:
            _TooManyFailures: the client may not try.
        """
        key, peer = self._client.key, self._client.peer
        if key is None:
            self._name = name
            return replace(peer, standing=Standing.FAMILIAR, is_bounded=False)
        attempt = self._logins.failures.begin(key, name)
        if attempt is None:
            raise _TooManyFailures
        self._name, self._attempt = name, attempt
        return replace(peer, standing=attempt.standing)

    def _take_attempt_back(self) -> None:
        if self._attempt is not None:
            self._attempt.take_back()


def _rate(text: str | None) -> Rate | None:
    """The rate in a row; a person may have written anything there, and then the configured one holds."""
    try:
        return None if text is None else parse_rate(text)
    except SyntaxViolation:
        return None
