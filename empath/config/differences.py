"""differences - what a new configuration changes, setting by setting, for the log of a reload"""

from dataclasses import dataclass
from typing import Any

from empath.config.effective import settings
from empath.config.keys import KeyPath, dotted
from empath.config.model import Config


@dataclass(frozen=True, slots=True)
class Difference:
    """
    One setting that differs.

    Shape: key is dotted, as in `limits.recipients`, `routes."example.org"` or `listener."127.0.0.1:2525".role`; before
    and after are values as in the file (text, a number or a list), None where there is none.
    """

    key: str
    before: Any
    after: Any


def differences(old: Config, new: Config) -> tuple[Difference, ...]:
    """
    The settings that differ, in the order of the file, removed settings last. The order of listeners and routes has no
    meaning, so it is not a difference.
    """
    return differences_of(settings(old), settings(new))


def differences_of(old: dict[str, Any], new: dict[str, Any]) -> tuple[Difference, ...]:
    """The same of two tables of settings."""
    before, after = flat(old), flat(new)
    return tuple(
        Difference(dotted(path), before.get(path), after.get(path))
        for path in dict.fromkeys((*after, *before))
        if before.get(path) != after.get(path)
    )


def flat(found: dict[str, Any]) -> dict[KeyPath, Any]:
    """The settings of the tables *found*, one by one. A listener and a filter are named by their addresses."""
    # Addresses are unique. By position, a new listener at the top would seem to change all below it.
    named = {
        table: {
            each["address"]: {key: value for key, value in each.items() if key != "address"}
            for each in found.get(table, ())
        }
        for table in ("listener", "milter")
    }
    return dict(_leaves((), found | named))


def _leaves(path: KeyPath, value: Any) -> list[tuple[KeyPath, Any]]:
    if not isinstance(value, dict):
        return [(path, value)]
    return [leaf for key, inner in value.items() for leaf in _leaves((*path, key), inner)]
