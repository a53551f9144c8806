"""
greylist - the decision about a recipient, with the rows of the queue

A row that cannot be read or written refuses no mail that would pass, and lets no mail pass that must come again.
"""

from collections.abc import Callable

from empath.daemon.process.hub_writer import HubWriter
from empath.errors import EmpathError
from empath.mail.address import Address, ReversePath
from empath.mail.reply import Reply
from empath.policy.access import ClientAddress
from empath.policy.greylist import GreylistRules, Note, judge, refusal, triple_of
from empath.storage.engine import Reader
from empath.storage.queue.greylist import NoteTry, find_entries


class Greylist:
    """The greylist, as the sessions of one process see it."""

    def __init__(self, rules: GreylistRules, reader: Reader, writer: HubWriter, clock: Callable[[], float]) -> None:
        """*clock* gives Unix seconds."""
        self._rules = rules
        self._reader = reader
        self._writer = writer
        self._clock = clock

    def judge(self, client: ClientAddress, reverse_path: ReversePath, recipient: Address) -> Reply | None:
        """The refusal of a mail that must come again; None for one that passes."""
        triple = triple_of(self._rules, client, reverse_path, recipient)
        now = self._clock()
        try:
            judgement = judge(self._rules, now, *find_entries(self._reader, triple, now))
        except EmpathError:
            return None
        if judgement.note is not Note.NOTHING:
            try:
                self._writer.commit(NoteTry(self._rules, triple, judgement.note, now))
            except EmpathError:
                pass  # the end of data will say so: it cannot be written either
        return None if judgement.wait_s is None else refusal(judgement.wait_s)
