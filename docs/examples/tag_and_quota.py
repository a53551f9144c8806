"""
tag_and_quota - name the customer of each recipient, and let none get more than its messages of a day

    [modules]
    "tag_and_quota" = { customers = { "example.org" = "org", "example.net" = "net" }, messages_a_day = 1000 }

The name is in the metadata, so that it is in the view `message` for as long as the message is known:
`SELECT metadata ->> 'customers' FROM message`.  The counters are in memory: each acceptor counts for itself, and a
reload begins anew.  A module that must count exactly keeps its numbers in a database of its own.
"""

import time
from collections import Counter

from pydantic import BaseModel, ConfigDict

from empath.modules import AddField, Context, Reply, hookimpl

OVER_QUOTA = Reply.of("452 4.2.2 This customer has no more messages today")


class Settings(BaseModel):
    """What the table of this module may have."""

    model_config = ConfigDict(extra="forbid")

    customers: dict[str, str]
    messages_a_day: int


class Day:
    """How many messages each customer got on one day."""

    def __init__(self) -> None:
        self.number = 0
        self.messages: Counter[str] = Counter()

    def begin(self, number: int) -> None:
        """Forget the numbers of another day."""
        if number != self.number:
            self.number = number
            self.messages.clear()


today = Day()


@hookimpl
def rcpt(context: Context, settings: Settings, recipient: str) -> Reply | None:
    """A client names a recipient; what is written to the metadata now belongs to this message."""
    customer = settings.customers.get(recipient.rpartition("@")[2])
    if customer is None:
        return None
    today.begin(int(time.time() // 86_400))
    if today.messages[customer] >= settings.messages_a_day:
        return OVER_QUOTA
    known = context.metadata.setdefault("customers", [])
    if customer not in known:
        known.append(customer)
    return None


@hookimpl
def data(context: Context) -> AddField | None:
    """The message has arrived whole."""
    customers = context.metadata.get("customers")
    return AddField("X-Customer", ", ".join(customers)) if customers else None


@hookimpl
def accepted(context: Context) -> None:
    """The message is in the queue: it counts."""
    today.messages.update(context.metadata.get("customers", ()))
