"""turns - let other greenlets run in the middle of long work"""

from typing import Final

import gevent

_TICK_S: Final = 1e-6


def let_others_run() -> None:
    """
    Wait for one turn of the hub, with its look at all sockets.

    gevent.sleep(0) is not one: the hub runs up to 50 such callbacks before it looks at a socket.
    """
    gevent.sleep(_TICK_S)
