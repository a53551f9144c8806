"""json_form - records as JSON: the same for `--json` of empath-admin and for the API"""

import dataclasses
from typing import Any, Final

from empath.mail.words import instant

INSTANTS: Final = ("_at", "_until")  # ends of the names of fields that have an instant
TRUTHS: Final = "is_"  # beginning of the names of fields that have a truth value


def as_json(value: Any, key: str = "") -> Any:
    """A record in the form of JSON: instants (`_at`, `_until`) as ISO 8601 text, `is_` as a truth value."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: as_json(getattr(value, f.name), f.name) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {name: as_json(part, name) for name, part in value.items()}
    if isinstance(value, list):
        return [as_json(part) for part in value]
    if key.endswith(INSTANTS) and isinstance(value, float):
        return instant(value)
    return bool(value) if key.startswith(TRUTHS) else value
