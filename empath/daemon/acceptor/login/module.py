"""
module - the back end `module:NAME`: a module of [modules] proves who a client is

Whatever the module raises, the client hears 454, as of any other back end that cannot answer.
"""

from collections.abc import Callable
from typing import TypeVar

import gevent

from empath.errors import EmpathError
from empath.policy.login.backend import Backend, BackendUnavailable, LoginPeer, Verdict
from empath.smtp.sasl.scram import ScramKeys
from empath.telemetry.occurrence import words_of

T = TypeVar("T")


class WrongAnswer(EmpathError):
    """The answer of a module is of another type than the question wants."""


class ModuleBackend(Backend):
    """The back end of a module, whose mistakes end no session."""

    def __init__(self, name: str, backend: Backend) -> None:
        self._name = name
        self._backend = backend
        self.mechanisms = backend.mechanisms

    def check_password(self, name: str, password: str, peer: LoginPeer) -> Verdict:
        """See `Backend`."""
        return self._asked(Verdict, lambda: self._backend.check_password(name, password, peer))

    def name_of_token(self, token: str, peer: LoginPeer) -> str | None:
        """See `Backend`."""
        return self._asked((str, type(None)), lambda: self._backend.name_of_token(token, peer))

    def keys_of(self, name: str) -> ScramKeys | None:
        """See `Backend`."""
        return self._asked((ScramKeys, type(None)), lambda: self._backend.keys_of(name))

    def _asked(self, kind: type | tuple[type, ...], ask: Callable[[], T]) -> T:
        try:
            answer = ask()
            if not isinstance(answer, kind):
                raise WrongAnswer(f"it answered {type(answer).__name__}")
        except (BackendUnavailable, gevent.Timeout):  # the second is the deadline of the login
            raise
        except BaseException as exc:  # a module is code of others
            raise BackendUnavailable(f"module:{self._name}: {words_of(exc)}") from exc
        return answer
