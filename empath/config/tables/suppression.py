"""
suppression - the table [suppression]: which failures suppress an address, and where mail to it ends
"""

from functools import cached_property
from typing import Literal

from pydantic import field_validator

from empath.config.fields import BounceClassName, Count, Wait
from empath.config.reading import problem, setting
from empath.config.tables.table import Table
from empath.policy.replies.bounce_class import BounceClass
from empath.policy.suppression import OF_ADDRESSES, SuppressionRules


class Suppression(Table):
    """Addresses that get no mail: the rows of the view `suppression`, which `empath-admin suppress` changes."""

    classes: tuple[BounceClassName, ...] = setting([])
    """Classes of failure that suppress an address which a host refuses for good, such as "bad-mailbox" and
    "inactive-mailbox". `empath-admin classify --dry-run` shows what the attempts on record would have suppressed."""

    lifetime_s: Wait = setting("30d", "lifetime")
    """How long such an address stays suppressed."""

    at_rcpt: Literal["refuse", "accept"] = setting("refuse")
    """What a client hears at RCPT for a suppressed address. "refuse": 550 and the reason. "accept": the mail is
    accepted, and bounces before any host is asked."""

    rows: Count = setting(1_000_000)
    """Most rows with an end that are kept. Those that end first are removed first."""

    @field_validator("classes")
    @classmethod
    def _classes_are_of_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if BounceClass(name) not in OF_ADDRESSES:
                raise problem(f"{name} says nothing of an address")
        return value

    @cached_property
    def rules(self) -> SuppressionRules:
        """The rule that these settings make."""
        return SuppressionRules(frozenset(BounceClass(name) for name in self.classes), self.lifetime_s)
