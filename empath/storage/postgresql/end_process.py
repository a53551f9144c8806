"""
end_process - the end of a run, and the release of what it held

The end is a commit of its own, after which the process gets no lease. What it held is released in rounds. A round
leaves out the leases and recipients that another transaction has locked, such as a settle that is being written, and
the next one looks again. Several processes may release the same.
"""

from collections.abc import Iterator

from empath.mail.status import RecipientStatus
from empath.storage.postgresql.session import PostgresSession
from empath.storage.queue.order_trail import finish_order
from empath.storage.queue.process import EndProcess


def end_process(session: PostgresSession, end: EndProcess) -> Iterator[bool]:
    """End a run; after each round, whether anything was released. It is over when nothing is left."""
    end.released = end.held = 0
    with session.connection.transaction():
        session.run("sessions.forget_all", end.row)
        session.run("process.end", end.row)
    while session.value("process.has_leases", end.row):
        with session.connection.transaction():
            released, held, ended = _round(session, end)
        end.released += released
        end.held += held
        yield bool(released or ended)


def _round(session: PostgresSession, end: EndProcess) -> tuple[int, int, int]:
    """Recipients that were released, those of them that are held, and leases that have ended."""
    leases = [number for (number,) in session.rows("process.lock_leases_of", end.row)]
    if not leases:
        return 0, 0, 0
    back = session.rows("process.release", {**end.unknown, "leases": leases})
    held = 0
    for recipient_id, status, is_ordered in back:
        if is_ordered:
            finish_order(session, recipient_id, status, now=end.row["now"])
        else:
            held += status == RecipientStatus.HELD
    return len(back), held, len(session.rows("put_back.end_leases", {"leases": leases}))
