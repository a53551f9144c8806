"""consumer - a consumer of events that the configuration names"""

from collections.abc import Iterable
from typing import Final, NamedTuple

STREAM: Final = "stream"  # kind and name of the one that stands for the clients of the HTTP API


class ConsumerOfFile(NamedTuple):
    """Shape: types is sorted, with a blank between two; empty for all."""

    name: str
    kind: str
    types: str = ""


def types_text(types: Iterable[str]) -> str:
    """*types* as a row has them."""
    return " ".join(sorted(types))
