"""
parallel - a resolver for a command, which waits for all answers at once

A daemon asks from greenlets.  A command has no hub, so it asks from threads, which live for one set of questions.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from empath.mail.lookup import LookupAnswer, Question
from empath.net.resolver import DnsResolver

_MOST_AT_ONCE: Final = 16


class ParallelResolver:
    """Resolver that asks up to 16 questions at a time."""

    def __init__(self, resolver: DnsResolver) -> None:
        self._resolver = resolver

    def look_up(self, questions: Sequence[Question], within_s: float) -> list[LookupAnswer]:
        """See Resolver."""
        ends_at = time.monotonic() + within_s
        with ThreadPoolExecutor(_MOST_AT_ONCE) as threads:
            return list(
                threads.map(lambda question: self._resolver.ask(question, ends_at - time.monotonic()), questions)
            )


def ask_each(servers: Sequence[DnsResolver], question: Question, within_s: float) -> list[LookupAnswer]:
    """The answer of each of *servers* to the one *question*, all asked at once."""
    with ThreadPoolExecutor(_MOST_AT_ONCE) as threads:
        return list(threads.map(lambda server: server.ask(question, within_s), servers))
