"""
listener_limits - the limits of listeners by the file and by the rows of the view listener_limit

For each setting the first of these counts that gives it: a row of the listener, its table [listener.limits], a row of
all listeners, [receiving.limits]. So what is said of one listener comes before what is said of all, and for the same a
row comes before the file.

What was made for the numbers of the file bounds what a row may say: descriptors for `connections`, room on the disk for
`message_size`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from empath.config.load import words_of_value
from empath.config.model import Config
from empath.config.tables.limits import Limits
from empath.config.tables.receiving import Listener
from empath.errors import SyntaxViolation
from empath.mail.identity import Timestamp
from empath.policy.limits.override import EVERY, LimitOverride
from empath.policy.units import size_text

_NONE: Final = "none"
# Connections are counted by networks of this prefix: the count of an open one must stay the same until its end.
_FIXED: Final = "ipv6_prefix"
# The attribute of each setting, by its key.
_ATTRIBUTES: Final = {
    field.alias or name: name for name, field in Limits.model_fields.items() if (field.alias or name) != _FIXED
}
_RATES: Final = frozenset(name for name in _ATTRIBUTES.values() if "_rate_per_" in name)


class LimitLayer(StrEnum):
    """What gave the value of a setting."""

    LISTENER_ROW = "row of the listener"
    LISTENER_FILE = "[listener.limits]"
    ROW = "row of all listeners"
    FILE = "[receiving.limits]"


@dataclass(frozen=True, slots=True)
class LimitDecision:
    """One setting of one listener. Shape: value as in the file, "none" for no limit; row is None without one."""

    setting: str
    value: str
    layer: LimitLayer
    row: LimitOverride | None = None


class Unusable(NamedTuple):
    """A row that is left out, and why."""

    row: LimitOverride
    words: str


def limit_settings() -> dict[str, str]:
    """What a row may set: each key with its default as in the file, "none" where there is none."""
    default = Limits()
    return {key: _text(default, key) for key in _ATTRIBUTES}


def read_limit(setting: str, text: str) -> Any:
    """
    The value of *setting* that *text* means.

    Raises:
        SyntaxViolation: there is no such setting, or no such value of it.
    """
    name = _ATTRIBUTES.get(setting)
    if name is None:
        raise SyntaxViolation(f"there is no setting {setting!r}; `empath-admin limit settings` lists them")
    if text == _NONE and Limits.model_fields[name].default is None:
        return None
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text
    try:
        return getattr(Limits.model_validate({setting: value}), name)
    except ValidationError as exc:
        raise SyntaxViolation(f"{setting} {words_of_value(exc.errors(include_url=False)[0])}") from exc


def obstacle_to_limit(config: Config, row: LimitOverride) -> str | None:
    """Why *row* cannot be in force with *config*, for people; None: it can."""
    try:
        value = read_limit(row.setting, row.value)
    except SyntaxViolation as exc:
        return str(exc)
    if row.setting == "connections" and value > config.limits.connections:
        most = config.limits.connections
        return f"connections is at most {most}, [receiving.limits] connections: there are descriptors for so many"
    if row.setting == "message_size" and value > config.largest_message_octets:
        most_text = size_text(config.largest_message_octets)
        return f"message_size is at most {most_text}, the largest of the configuration: the disk keeps room for that"
    return None


class LimitBook:
    """
    The limits of all listeners by *config* and *rows*.

    Shape: unusable are the rows that are left out; ends_at is when the first of the others ends, None: none does. A row
    of a listener that the file does not have is in no one's way.
    """

    def __init__(self, config: Config, rows: Iterable[LimitOverride] = ()) -> None:
        self._config = config
        self._rows: dict[str, dict[str, LimitOverride]] = {}
        self._values: dict[str, dict[str, Any]] = {}
        unusable = []
        for row in rows:
            if words := obstacle_to_limit(config, row):
                unusable.append(Unusable(row, words))
                continue
            self._rows.setdefault(row.listener, {})[row.setting] = row
            self._values.setdefault(row.listener, {})[_ATTRIBUTES[row.setting]] = read_limit(row.setting, row.value)
        self.unusable: Final = tuple(unusable)
        ends = [row.expires_at for of in self._rows.values() for row in of.values() if row.expires_at is not None]
        self.ends_at: Final[Timestamp | None] = min(ends, default=None)

    @property
    def of_all(self) -> Limits:
        """What holds for all listeners together, and for each that has nothing of its own."""
        return self._config.limits.model_copy(update=self._values.get(EVERY, {}))

    def of(self, listener: Listener) -> Limits:
        """The limits of *listener*."""
        own = self._values.get(listener.text, {})
        return self.of_all.model_copy(update={**listener.limits.given, **own})

    def has_own_rates(self, listener: Listener) -> bool:
        """Whether the use of rates is counted apart for *listener*: it has limits, or a rate by a row, of its own."""
        return bool(listener.limits.given) or not _RATES.isdisjoint(self._values.get(listener.text, {}))

    def explain(self, listener: Listener) -> list[LimitDecision]:
        """Each setting of *listener*, and what decided it."""
        limits = self.of(listener)
        return [self._decision(listener, key, _text(limits, key)) for key in _ATTRIBUTES]

    def _decision(self, listener: Listener, key: str, value: str) -> LimitDecision:
        row = self._rows.get(listener.text, {}).get(key)
        if row is not None:
            return LimitDecision(key, value, LimitLayer.LISTENER_ROW, row)
        if _ATTRIBUTES[key] in listener.limits.given:
            return LimitDecision(key, value, LimitLayer.LISTENER_FILE)
        row = self._rows.get(EVERY, {}).get(key)
        return LimitDecision(key, value, LimitLayer.FILE if row is None else LimitLayer.ROW, row)


def _text(limits: Limits, key: str) -> str:
    value = limits.model_dump(mode="json", by_alias=True, include={_ATTRIBUTES[key]})[key]
    return _NONE if value is None else str(value)
