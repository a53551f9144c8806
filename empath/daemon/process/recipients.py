"""
recipients - what becomes of a recipient: refused as unknown, accepted, or replaced by the targets of its alias

The rows are read at RCPT, so that a client hears of an unknown recipient and nothing must be sent back later.  While
rows cannot be read or an alias leads nowhere, the mail stays with the client.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Protocol

from empath.config import Config
from empath.config.recipient_file import read_recipients
from empath.daemon.process.turns import let_others_run
from empath.errors import EmpathError
from empath.mail.address import Address
from empath.mail.reply import Reply
from empath.policy.limits.refusal_log import RefusalMeter
from empath.policy.recipients import (
    Expansion,
    RecipientRule,
    Source,
    UnusableAlias,
    catch_all,
    folded,
    is_of_any_postmaster,
    loop_mark,
    spellings,
)
from empath.storage.engine import Reader
from empath.storage.queue.recipients import find_targets, is_listed
from empath.storage.spool_owner import key_of_queue
from empath.telemetry.occurrence import Emitter
from empath.telemetry.occurrences.process import AliasUnusable

_QUESTIONS_AT_ONCE = 50  # about one alias, before other sessions run: one read may hold a thousand commands

UNKNOWN = Reply.of("550 5.1.1 No such recipient here")
_NO_ANSWER = Reply.of("451 4.3.0 Recipients cannot be looked up, try again later")
_UNUSABLE_ALIAS = Reply.of("451 4.3.5 The alias of this recipient cannot be used, try again later")


class Verifies(Protocol):
    """Asks the next host whether an address exists."""

    def refusal(self, reader: Reader, address: Address, rule: RecipientRule) -> Reply | None:
        """The refusal of *address*; None if it exists."""


class Recipients:
    """The rules, lists and aliases, as the sessions of one process see them."""

    def __init__(
        self,
        config: Config,
        lists: Mapping[str, frozenset[str]],
        reader: Reader,
        emit: Emitter,
        meter: RefusalMeter,
        *,
        verifier: Verifies | None = None,
    ) -> None:
        """
        *lists* has the files that rules name. *meter* bounds the log. Without its list, or without a *verifier*, a
        domain takes every address.
        """
        self._rules = config.recipient_rules
        self._reported = {folded(str(each)) for each in config.receives_reports}  # they exist, whatever the rules say
        self._aliases = config.aliases
        self._postmaster = config.postmaster
        self._lists = lists
        self._reader = reader
        self._emit = emit
        self._meter = meter
        self._verifier = verifier
        self._key: str | None = None

    def resolve(self, address: Address, *, is_known: bool = False) -> Sequence[Address] | Reply:
        """Where mail to *address* goes, or the reply that refuses it. *is_known*: it exists, whatever the rules say."""
        try:
            return self._resolved(self._reader, address, is_known or folded(str(address)) in self._reported)
        except UnusableAlias as exc:
            if self._meter.admit(f"alias:{address}", time.monotonic()):
                self._emit(AliasUnusable(recipient=str(address), error=str(exc)))
            return _UNUSABLE_ALIAS
        except EmpathError:
            return _NO_ANSWER

    def loop_mark(self, address: Address) -> str:
        """See `policy.recipients.loop_mark`, for an *address* that was resolved; the key is that of the queue."""
        return loop_mark(self._key or "", address)

    def _resolved(self, reader: Reader, address: Address, is_known: bool) -> Sequence[Address] | Reply:
        targets = self._targets(reader, spellings(address, self._aliases.delimiter))
        if not targets and not is_known:
            rule = self._rules.find(address.domain)
            is_open = rule is None or rule.source is Source.ANY
            refusal = None if rule is None or is_open else self._refusal(reader, address, rule)
            if refusal is not None and refusal.code < 500:
                return refusal
            if is_open or refusal is not None:
                targets = self._targets(reader, (catch_all(address),))
            if not targets and refusal is not None:
                return (self._postmaster,) if is_of_any_postmaster(address) else refusal
        return self._expanded(reader, address, targets) if targets else (address,)

    def _refusal(self, reader: Reader, address: Address, rule: RecipientRule) -> Reply | None:
        """Why the domain does not take *address*; None if it does."""
        if rule.source is Source.VERIFY:
            return None if self._verifier is None else self._verifier.refusal(reader, address, rule)
        if rule.path is not None and rule.path not in self._lists:
            return None
        names = spellings(address, self._aliases.delimiter)
        known = is_listed(reader, names) if rule.path is None else not self._lists[rule.path].isdisjoint(names)
        return None if known else UNKNOWN

    def _expanded(self, reader: Reader, address: Address, targets: Sequence[str]) -> Sequence[Address]:
        if self._key is None:
            self._key = key_of_queue(reader) or ""
        expansion = Expansion(address)
        expansion.answer(targets)
        for turn in count(1):
            question = expansion.question
            if question is None:
                break
            expansion.answer(self._targets(reader, spellings(question, self._aliases.delimiter)))
            if turn % _QUESTIONS_AT_ONCE == 0:
                let_others_run()
        return tuple(expansion.recipients)

    def _targets(self, reader: Reader, patterns: Sequence[str]) -> list[str]:
        return find_targets(reader, patterns) if self._aliases.enabled else []


def recipients_of_reports(config: Config, reader: Reader, emit: Emitter, meter: RefusalMeter) -> Recipients | None:
    """The same for mail that Empath composes, whose recipients have been here before; no host is asked about them."""
    return Recipients(config, {}, reader, emit, meter) if config.aliases.enabled else None


def recipients_of(
    config: Config,
    reader: Reader,
    emit: Emitter,
    meter: RefusalMeter,
    make_verifier: Callable[[], Verifies],
) -> Recipients | None:
    """
    What the settings ask for; None where every recipient is accepted as it is.

    Raises:
        MissingInput, SyntaxViolation: the file of a rule cannot be used.
    """
    rules = config.recipients_by_pattern.values()
    if not config.aliases.enabled and all(rule.source is Source.ANY for rule in rules):
        return None
    lists = {rule.path: read_recipients(rule.path) for rule in rules if rule.path is not None}
    verifier = make_verifier() if any(rule.source is Source.VERIFY for rule in rules) else None
    return Recipients(config, lists, reader, emit, meter, verifier=verifier)
