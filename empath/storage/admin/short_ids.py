"""short_ids - the whole queue id of which a person gives the first characters"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from empath.errors import MissingInput, UsageError
from empath.mail.identity import QueueId
from empath.storage.admin.records import Reference
from empath.storage.admin.selection import Selection
from empath.storage.engine import Engine, Selects

_MOST_NAMED: Final = 5


def whole(selects: Selects, reference: Reference) -> Reference:
    """
    *reference*, with the whole id in the place of its first characters.

    Raises:
        MissingInput: no id begins so.
        UsageError: more than one does.
    """
    if reference.first is None:
        return reference
    keys = {"first": reference.first, "limit": _MOST_NAMED + 1}
    found = [ulid for (ulid,) in selects.rows("selection.ids_that_begin", keys)]
    if not found:
        raise MissingInput(f"no queue id in the queue database begins with {reference}")
    if len(found) > 1:
        more = ", …" if len(found) > _MOST_NAMED else ""
        raise UsageError(f"more than one queue id begins with {reference}: {', '.join(found[:_MOST_NAMED])}{more}")
    return Reference(QueueId.parse(found[0]), None)


def whole_selection(engine: Engine, selection: Selection) -> Selection:
    """
    The same of the references of a selection.

    Raises:
        MissingInput, UsageError: see `whole`.
        PermissionRefused, UnusableQueue, ServiceUnavailable, QueueBusy, StorageFailure: the queue cannot be read.
    """
    if all(reference.first is None for reference in selection.references):
        return selection
    with engine.visiting(None) as visit:
        return replace(selection, references=_all(visit, selection.references))


def _all(selects: Selects, references: Sequence[Reference]) -> tuple[Reference, ...]:
    return tuple(whole(selects, reference) for reference in references)
