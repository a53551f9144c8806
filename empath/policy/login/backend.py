"""
backend - what proves who a client is, as the server asks it

A back end is one entry of `[auth] backends`.  The server asks them in that order, until one knows the account.  A
module may be a back end: it subclasses `Backend` and answers what it can.  An answer may take up to `[auth] deadline`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from empath.errors import EmpathError
from empath.policy.login.turns import Standing
from empath.smtp.sasl.mechanisms import Mechanism
from empath.smtp.sasl.scram import ScramKeys


class BackendUnavailable(EmpathError):
    """A back end cannot answer now; the client hears 454 4.7.0 and tries again later. The text says what failed."""

    exit_code = 75  # EX_TEMPFAIL


class ClientLeft(EmpathError):
    """The client closed the connection while its login waited: nothing was done for it."""

    exit_code = 75  # EX_TEMPFAIL


class Verdict(Enum):
    """What a back end knows about a name and a password."""

    PROVED = auto()
    WRONG = auto()  # the account is of this back end; no other is asked
    UNKNOWN = auto()  # another back end may know the account


@dataclass(frozen=True, slots=True)
class LoginPeer:
    """
    The client that logs in.

    Shape: address is its IP address; is_secured says whether it came by TLS; is_bounded is false for a client that no
    limit per client holds for; has_left tells, at any time, whether it has closed the connection.
    """

    address: str
    is_secured: bool
    standing: Standing = Standing.NEW
    is_bounded: bool = True
    has_left: Callable[[], bool] = field(default=bool, compare=False, repr=False)


class Backend:
    """
    A back end. A subclass names the mechanisms that it serves, and answers the questions that belong to them.

    Every question may raise BackendUnavailable. Names and passwords are in the spelling of SASLprep.
    """

    mechanisms: frozenset[Mechanism] = frozenset()

    def check_password(self, name: str, password: str, peer: LoginPeer) -> Verdict:
        """Judge a password, for PLAIN and LOGIN. It must take as long for a wrong name as for a wrong password."""
        raise NotImplementedError

    def name_of_token(self, token: str, peer: LoginPeer) -> str | None:
        """The account that a bearer token proves, for OAUTHBEARER and XOAUTH2; None if it proves none."""
        raise NotImplementedError

    def keys_of(self, name: str) -> ScramKeys | None:
        """The keys of an account that may log in, for SCRAM; None if this back end has none of this name."""
        raise NotImplementedError
