"""
occurrence - what an occurrence is, and how it reaches its subscribers

An occurrence is one thing that happened and is worth a line in the log: a dataclass whose fields are plain, bounded
values. The class has the event name and the level. docs/logging.md is generated from its docstring and the texts of its
fields. An occurrence goes to an `Emitter`, which calls its subscribers one after another, in the greenlet that reports
the occurrence. A subscriber must be quick and must not raise.

The type checker takes occurrences for frozen. At run time they are not: a frozen dataclass makes a call for each field,
which took 1.5 us of the 80 that a worker needs for a mail.

Each process defines a hundred of these classes at its start. So what can be shared is in their base: a dataclass would
compile a comparison and a text for each.
"""

import traceback
from collections.abc import Callable
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, ClassVar, Final, Literal, TypeVar, dataclass_transform

from empath.policy.service_part import About

LevelName = Literal["debug", "info", "warning", "error", "critical"]
SEVERITY: Final[dict[str, int]] = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}

_AREAS: Final = {"acceptor": "smtp", "worker": "delivery", "housekeeper": "queue", "httpd": "http"}
_FRAMES: Final = 50  # most frames of a traceback, the innermost ones
_TEXT: Final = 8_000  # most characters at the beginning and at the end of one
_WORDS: Final = 500  # most characters of an error without its traceback


class Occurrence:
    """
    Base of all occurrences.

    event is the name in the log, severity the number of its level, field_names are the fields in the order of the line,
    and values_of gives the values of one in the same order.
    area is what the line is about, see policy/service_part.py.
    """

    __slots__ = ()

    event: ClassVar[str]
    level: ClassVar[LevelName]
    severity: ClassVar[int]
    field_names: ClassVar[tuple[str, ...]]
    values_of: ClassVar[Callable[[Any], tuple[Any, ...]]]
    area: ClassVar[str]

    @property
    def concerns(self) -> About:
        """What this is about, as far as its fields say so."""
        return About(
            self.area,
            getattr(self, "client", None),
            getattr(self, "destination", None),
            getattr(self, "domain", None),
            getattr(self, "queue_id", None),
        )

    @property
    def values(self) -> tuple[Any, ...]:
        """The values of the fields, in their order."""
        return type(self).values_of(self)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.values == other.values

    def __hash__(self) -> int:
        return hash((type(self), self.values))

    def __repr__(self) -> str:
        fields = zip(self.field_names, self.values, strict=True)
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in fields)})"


Subscriber = Callable[[str, Occurrence], None]
T = TypeVar("T", bound=type[Occurrence])


@dataclass_transform(frozen_default=True, kw_only_default=True)
def shared_fields(cls: T) -> T:
    """Make a class the base of occurrences that have its fields."""
    return dataclass(slots=True, kw_only=True, repr=False, eq=False)(cls)  # type: ignore[return-value]


@dataclass_transform(frozen_default=True, kw_only_default=True)
def occurrence(level: LevelName, event: str | None = None, *, area: str | None = None) -> Callable[[T], T]:
    """
    Make a class an occurrence of *level*. Its event name is the class name in snake case, unless *event* gives another;
    its area is that of its module, unless *area* gives another.
    """

    def decorate(cls: T) -> T:
        made: Any = shared_fields(cls)
        made.event = event or "".join(f"_{c.lower()}" if c.isupper() else c for c in cls.__name__).lstrip("_")
        made.level = level
        made.area = area or _AREAS.get(cls.__module__.rpartition(".")[2], "process")
        made.severity = SEVERITY[level]
        made.field_names = tuple(field.name for field in fields(made))
        made.values_of = _getter(made.field_names)
        return made  # type: ignore[no-any-return]

    return decorate


def _getter(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """The values of the attributes *names*, by one call of C for each line that is written."""
    if len(names) > 1:
        return attrgetter(*names)
    return staticmethod(lambda what: tuple(getattr(what, name) for name in names))


class Emitter:
    """
    Hands the occurrences of one process, known by its slot name, to each subscriber.

    `wants` says of a kind whether any subscriber takes it up. Ask it before you make an occurrence that is frequent and
    seldom wanted. `wants_about` says it of a kind that is about something.
    """

    __slots__ = ("_process", "_subscribers", "wants", "wants_about")

    def __init__(
        self,
        process: str,
        subscribers: tuple[Subscriber, ...],
        wants: Callable[[type[Occurrence]], bool] = lambda _kind: True,
        wants_about: Callable[[type[Occurrence], About], bool] = lambda _kind, _about: True,
    ) -> None:
        self._process = process
        self._subscribers = subscribers
        self.wants = wants
        self.wants_about = wants_about

    def __call__(self, what: Occurrence) -> None:
        for subscriber in self._subscribers:
            subscriber(self._process, what)


def words_of(error: BaseException) -> str:
    """*error* in one bounded piece of text. Its class may be of others, and fail to give one."""
    try:
        return repr(error)[:_WORDS]
    except Exception:  # noqa: BLE001 - any code may be in there
        return type(error).__name__[:_WORDS]


def traceback_text(error: BaseException) -> str:
    """The traceback of *error* for a field `exception`: many lines of text, bounded. Long text keeps both ends."""
    text = "".join(traceback.format_exception(error, limit=-_FRAMES)).removesuffix("\n")
    if len(text) <= 2 * _TEXT:
        return text
    return f"{text[:_TEXT]}\n[{len(text) - 2 * _TEXT} characters are left out]\n{text[-_TEXT:]}"
