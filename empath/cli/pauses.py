"""pauses - the words for a frozen delivery and for suspended destinations, with the way to end them"""

from collections.abc import Sequence

from empath.cli.words import instant
from empath.mail.status import WAITING
from empath.storage.admin.pauses import Pauses, pauses_of, resume_command
from empath.storage.admin.records import LiveRecipient, Recipient


def pause_words(pauses: Pauses) -> str:
    """A line for each pause; empty if due mail goes out."""
    lines = []
    if pauses.frozen_since is not None:
        lines.append(f"delivery is frozen since {pauses.frozen_since}; nothing goes out before `empath-admin thaw`")
    for each in pauses.suspensions:
        until = instant(each.suspended_until)
        why = f" ({each.reason})" if each.reason else ""
        end = resume_command(each.destination, each.reason)
        lines.append(f"{each.destination} is suspended until {until}{why}; to end that: {end}")
    more = pauses.suspended - len(pauses.suspensions)
    if more:
        where = "suspended_until_unix > unixepoch()"
        lines.append(f'{more} more are suspended: empath-admin sql "SELECT * FROM destination WHERE {where}"')
    return "\n".join(lines)


def pauses_of_rows(rows: Sequence[LiveRecipient | Recipient], frozen_since: str | None) -> Pauses:
    """The pauses that concern the waiting mail among *rows*."""
    waiting = [row for row in rows if row.status in WAITING]
    until = {row.destination: row.suspended_until for row in waiting if row.suspended_until is not None}
    return pauses_of(frozen_since if waiting else None, until)
