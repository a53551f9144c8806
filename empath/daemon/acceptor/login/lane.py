"""
lane - dear work for clients that log in, a few at once, in fair turns

THEORY
    Work runs in a native thread, and holds its place until it is done, even if its client gives up meanwhile.  What
    finds no place free waits for its turn (policy/login/turns.py).  A client that closes the connection while it waits
    is not worked for.  One whose work begins at once may have closed its side: a script that pipes its whole dialogue
    does so, and reads the replies.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import gevent
from gevent.event import AsyncResult

from empath.daemon.process.threads import in_thread
from empath.policy.login.backend import BackendUnavailable, ClientLeft, LoginPeer
from empath.policy.login.turns import Turns, place_of

T = TypeVar("T")


class _Task:
    """Work for one client, and what comes of it."""

    def __init__(self, peer: LoginPeer, work: Callable[[], object]) -> None:
        self.peer = peer
        self.result: AsyncResult[object] = AsyncResult()
        self._work = work

    def run(self) -> None:
        """Do the work in a thread."""
        try:
            self.result.set(in_thread(self._work))
        except Exception as exc:  # noqa: BLE001 - top frame of a greenlet; the session raises it
            self.result.set_exception(exc)


class Lane:
    """Places for *at_once* works. At most *most_waiting* wait, and *most_of_one* of one client."""

    def __init__(self, at_once: int, most_waiting: int, most_of_one: int) -> None:
        self._free = at_once
        self._turns: Turns[_Task] = Turns(most_waiting, most_of_one)

    def run(self, peer: LoginPeer, work: Callable[[], T]) -> T:
        """
        Do *work* for *peer* when it is its turn.

        Raises what *work* raises.

        Raises:
            BackendUnavailable: too much waits.
            ClientLeft: the client has closed the connection.
        """
        task = _Task(peer, work)
        if self._free:
            self._free -= 1
            gevent.spawn(self._serve, task)
            return cast(T, task.result.get())
        place = place_of(peer.standing, peer.address)
        displaced = self._turns.add(place, task, is_bounded=peer.is_bounded)
        if displaced is not None:
            displaced.result.set_exception(BackendUnavailable("too many logins at once"))
        try:
            return cast(T, task.result.get())
        finally:
            self._turns.remove(place, task)

    def _serve(self, task: _Task | None) -> None:
        """Body of a greenlet: do *task*, and then what waits."""
        while task is not None:
            task.run()
            task = self._next()
        self._free += 1

    def _next(self) -> _Task | None:
        while self._turns:
            _, task = self._turns.take()
            if not task.peer.has_left():
                return task
            task.result.set_exception(ClientLeft("the client has left"))
        return None
