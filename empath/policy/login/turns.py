"""
turns - in which order clients get what only a few can have at once

THEORY
    Each wait has a place in a tree: its standing, wider and narrower networks, the client.  On each level the branches
    have turns, so that a client waits for one turn of each other branch, however much waits there.  A queue that is
    full sends away the newest wait of the branch in which most wait: a flood displaces itself.
"""

from collections import OrderedDict, deque
from collections.abc import Hashable, Sequence
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_PREFIXES: Final = {4: (16, 24, 32), 6: (32, 48, 64)}


class Standing(StrEnum):
    """What is known of a client that logs in. Each has as many turns as the others."""

    FAMILIAR = "familiar"  # has logged in to the account before, or is in [relay] networks
    NEW = "new"
    FAILED = "failed"  # has failed since its last login


def place_of(standing: Standing, client: str) -> tuple[str, ...]:
    """The place in the tree of *client*, an IP address or other text, from the root on."""
    try:
        address = ip_address(client)
    except ValueError:
        return (standing, client)
    networks = (ip_network((address, prefix), strict=False) for prefix in _PREFIXES[address.version])
    return (standing, *map(str, networks))


class _Branch(Generic[T]):
    """One node of the tree. Shape: size is the number of waits below it; a leaf has them in `waits`."""

    __slots__ = ("branches", "size", "waits")

    def __init__(self) -> None:
        self.size = 0
        self.branches: OrderedDict[Hashable, _Branch[T]] = OrderedDict()  # the one whose turn is next comes first
        self.waits: deque[T] = deque()


class Turns(Generic[T]):
    """What waits, at most *most* in all and *most_of_one* of one client."""

    def __init__(self, most: int, most_of_one: int) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._root: _Branch[T] = _Branch()

    def __len__(self) -> int:
        return self._root.size

    def add(self, place: Sequence[Hashable], wait: T, *, is_bounded: bool = True) -> T | None:
        """
        Let *wait* wait at *place*. The result is the wait that must go for it, which may be itself, or None.

        A client that *is_bounded* has *most_of_one* waits.
        """
        way = [self._root]
        for step in place:
            way.append(way[-1].branches.setdefault(step, _Branch()))
        way[-1].waits.append(wait)
        for branch in way:
            branch.size += 1
        if is_bounded and way[-1].size > self._most_of_one:
            return self._removed(place, wait)
        return self._displaced() if self._root.size > self._most else None

    def take(self) -> tuple[tuple[Hashable, ...], T]:
        """
        The wait whose turn it is, and its place.

        Raises:
            IndexError: nothing waits.
        """
        if not self._root.size:
            raise IndexError("nothing waits")
        branch, place = self._root, []
        while branch.branches:
            step = next(iter(branch.branches))
            branch.branches.move_to_end(step)
            branch = branch.branches[step]
            place.append(step)
        return tuple(place), self._removed(place, branch.waits[0])

    def remove(self, place: Sequence[Hashable], wait: T) -> bool:
        """Let *wait* wait no longer; False if it did not wait at *place*."""
        branch: _Branch[T] | None = self._root
        for step in place:
            branch = None if branch is None else branch.branches.get(step)
        if branch is None or wait not in branch.waits:
            return False
        self._removed(place, wait)
        return True

    def _displaced(self) -> T:
        branch, place = self._root, []
        while branch.branches:
            step = max(reversed(branch.branches), key=lambda step, at=branch: at.branches[step].size)  # type: ignore[misc]
            branch = branch.branches[step]
            place.append(step)
        return self._removed(place, branch.waits[-1])

    def _removed(self, place: Sequence[Hashable], wait: T) -> T:
        way = [self._root]
        for step in place:
            way.append(way[-1].branches[step])
        way[-1].waits.remove(wait)
        for branch in way:
            branch.size -= 1
        for step, above in reversed(list(zip(place, way, strict=False))):
            if not above.branches[step].size:
                del above.branches[step]
        return wait
