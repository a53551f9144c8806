"""kit - send one message over a pool to a scripted peer"""

from collections.abc import Callable, Iterator

from empath.daemon.worker.pool import ConnectionPool, HostResult
from empath.daemon.worker.session_needs import NO_NEEDS, SessionNeeds
from empath.policy.hosts.search import Host
from empath.smtp.client.session import ClientRecipient, Transaction
from tests.kit.peer import ScriptedPeer

MAIL = Transaction("a@b.test", {1: ClientRecipient("c@d.test")}, 10)


def send(  # noqa: PLR0917 - as the pool takes them
    pool: ConnectionPool,
    peer: ScriptedPeer,
    transaction: Transaction = MAIL,
    pieces: Callable[[], Iterator[bytes]] = lambda: iter((b"text\r\n",)),
    may_end: Callable[[], bool] = lambda: True,
    needs: SessionNeeds = NO_NEEDS,
) -> HostResult:
    """Send one message to *peer*, as if a resolver had named it."""
    host = Host("peer.test", peer.host, peer.port, is_tls=peer.is_implicit)
    return pool.send(host, transaction, pieces, may_end, needs=needs)


def said(result: HostResult) -> tuple[bool, str, str]:
    """Whether a host was reached, stage and code with enhanced code of the first recipient."""
    one = result.results[1]
    return result.was_reached, str(one.stage), str(one.reply)[:9]
