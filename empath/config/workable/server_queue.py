"""
server_queue - what does not work yet where a server keeps the queue, by [queue] url

Three tables, which are the only place that knows. A setting of the first one is a finding, a verb of the second one is
refused, and all lines are printed by `empathd check` and `empath-admin doctor`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from empath.config.keys import KeyPath, dotted
from empath.config.model import Config
from empath.config.workable.contradiction import Contradiction


@dataclass(frozen=True, slots=True)
class UnbuiltSetting:
    """One key of the file that asks for what is not built. Shape: words say what is not done, and what to do."""

    keys: KeyPath
    is_asked: Callable[[Config], bool]
    words: str


SETTINGS: Final = (
    UnbuiltSetting(
        ("http",),
        lambda config: config.http.is_served,
        "the API and the console are not built for PostgreSQL yet",
    ),
    UnbuiltSetting(
        ("greylist", "enabled"),
        lambda config: config.greylist.enabled,
        "is not built for PostgreSQL yet; leave it out",
    ),
    UnbuiltSetting(
        ("track", "keep"), lambda config: config.track.is_kept, "is not built for PostgreSQL yet; leave it out"
    ),
    UnbuiltSetting(
        ("dmarc_reports", "receive"),
        lambda config: bool(config.receives_reports),
        "reports of others are not kept in PostgreSQL yet; leave it out",
    ),
)
# Verbs of empath-admin, and what does their work meanwhile.
VERBS: Final[dict[str, str]] = {
    "backup": "the backup of the server has the queue; copy the directory spool/ as well",
    "forget": "[retention] forgets in time",
    "plan": "give the order itself, with --dry-run first",
    "reconcile": "cancel what was delivered by `empath-admin delete`",
    "repro": "`empath-admin show --raw` writes the content of a message",
    "restore": "restore the server; copy the directory spool/ back",
    "snapshot": "`empath-admin view --json` writes all that is known of a message",
    "sql": "`empath-sql` starts psql on the queue",
}
OTHERS: Final = (
    "two nodes on one queue: the second one is refused at its start",
    "changes of other views than queue, history, destination and control: each is refused by a sentence of the view",
    "max_leases of the view destination: give concurrency in [destinations]",
    "--where of `list` and of orders: use the other filters",
    "content above [queue] inline_size in the server: it is a file of this host, in spool/",
    "the removal of destinations that no mail needs: they stay",
)


def unbuilt_settings(config: Config) -> Iterator[Contradiction]:
    """The settings of *config* that ask for what is not built."""
    if config.queue.url is not None:
        for each in SETTINGS:
            if each.is_asked(config):
                yield Contradiction(each.keys, f"with [queue] url, {each.words}")


def unbuilt_words(config: Config) -> list[str]:
    """A line for each thing that does not work yet with this queue; none where the queue is a file."""
    if config.queue.url is None:
        return []
    return [
        *(f"{dotted(each.keys)}: {each.words}" for each in SETTINGS),
        *(f"`empath-admin {verb}`: {instead}" for verb, instead in VERBS.items()),
        *OTHERS,
    ]


def refusal_of_verb(config: Config, verb: str) -> str | None:
    """Why *verb* of empath-admin does nothing with this queue; None: it works."""
    if config.queue.url is None or verb not in VERBS:
        return None
    return f"`empath-admin {verb}` is not built for a queue in PostgreSQL yet; {VERBS[verb]}"
