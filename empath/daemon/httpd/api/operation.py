"""operation - one operation of the API, and what it works on"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from empath.config.model import Config
from empath.daemon.httpd.api.models import Record
from empath.daemon.httpd.api.parameters import Parameter
from empath.policy.api_token import TokenRole
from empath.policy.limits.rate import Rate
from empath.policy.router import Router
from empath.storage.admin.records import Stats
from empath.storage.engine import Engine

PREFIX: Final = "/api/v1"
Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Backend:
    """
    What operations work on.

    Shape: is_ending says that this process is about to end, at a reload for example; stats gives the counts that were
    read in the background, and when, in Unix seconds, if they serve a client that asks for so many destinations.
    """

    engine: Engine
    config: Config
    router: Callable[[], Router]
    is_ending: Callable[[], bool]
    stats: Callable[[int], tuple[Stats, float] | None] = lambda _top: None


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. *run* gets the arguments, or the body, and the name for the audit."""

    method: str
    path: str
    text: str
    role: TokenRole
    answer: type[BaseModel]
    run: Callable[[Backend, Any, str], Record]
    parameters: tuple[Parameter, ...] = ()
    body: type[BaseModel] | None = None
    status: int = 200
    rate: Rate | None = None  # most in a time, one after the other
    role_of: Callable[[Any], TokenRole] | None = None  # what this body needs besides
    media: tuple[str, ...] = ("application/json",)  # of the body; what is not JSON is octets
