"""
space - whether the queue can take more mail

The disk must have room: the reserve is for recording deliveries.  And the queue must still be the one that the process
has open.  The acceptor looks once a second, and more often while it writes much mail.
"""

from empath.config.model import Config
from empath.errors import StorageFailure
from empath.policy.limits.session import wanted_space_octets
from empath.storage.engine import Engine
from empath.telemetry.occurrence import Emitter
from empath.telemetry.occurrences.acceptor import QueueGone, SpaceChanged, SpaceUnknown

_LOOK_OCTETS = 1024 * 1024  # amount of written mail after which it looks again


class Space:
    """`has_room` and `is_in_place` are the answers of the last look; all listeners of the process share them."""

    def __init__(self, engine: Engine, config: Config, emit: Emitter) -> None:
        self._engine = engine
        self._log_limit = config.queue.wal_limit_octets
        self._wanted = wanted_space_octets(config.queue.reserve_octets, config.largest_message_octets)
        self._emit = emit
        self._taken = 0
        self._has_failed = False
        self.has_room = True
        self.is_in_place = True
        self.look()

    def fail(self) -> None:
        """The process cannot use the queue; no later look changes that."""
        self.is_in_place = False
        self._has_failed = True

    def take(self, octets: int) -> None:
        """Count mail that was just written; a checkpoint writes it a second time."""
        self._taken += octets
        if self._taken >= _LOOK_OCTETS:
            self.look()

    def look(self) -> None:
        """Ask the disk."""
        self._taken = 0
        self._look_for_queue()
        try:
            has_room = self._engine.free_octets() >= self._wanted and self._engine.log_octets() <= self._log_limit
        except OSError as exc:
            self._emit(SpaceUnknown(error=str(exc)))
            has_room = False
        if has_room != self.has_room:
            self._emit(SpaceChanged(has_space=has_room))
        self.has_room = has_room

    def _look_for_queue(self) -> None:
        try:
            self._engine.check_place()
        except StorageFailure as exc:
            if self.is_in_place:
                self._emit(QueueGone(error=str(exc)))
            self.is_in_place = False
        else:
            self.is_in_place = not self._has_failed  # it was moved away and back
