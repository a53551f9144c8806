"""
greylist_by_hand - have strangers come again before their first mail is taken

    [modules]
    "greylist_by_hand" = { file = "/var/lib/empath/greylist.db", wait_s = 300, on_failure = "pass" }

Empath has greylisting of its own, see [greylist]: this one shows how a module keeps a state that all processes share
and that outlives them.  It takes each triple of network, sender and recipient as known for as long as the file exists.
"""

import sqlite3
import time
from ipaddress import ip_address, ip_network

from pydantic import BaseModel, ConfigDict

from empath.modules import Context, Reply, hookimpl

TOO_EARLY = Reply.of("451 4.7.1 Greylisted, try again in a few minutes")
TABLE = """
CREATE TABLE IF NOT EXISTS seen (
  network TEXT NOT NULL, sender TEXT NOT NULL, recipient TEXT NOT NULL, first_at REAL NOT NULL,
  PRIMARY KEY (network, sender, recipient))
"""


class Settings(BaseModel):
    """What the table of this module may have."""

    model_config = ConfigDict(extra="forbid")

    file: str
    wait_s: float


def network_of(address: str) -> str:
    """Large senders come again from a neighbour of the first address."""
    bits = 24 if ip_address(address).version == 4 else 64
    return str(ip_network(f"{address}/{bits}", strict=False))


@hookimpl
def rcpt(context: Context, settings: Settings, recipient: str) -> Reply | None:
    """A client names a recipient; those that have logged in are no strangers."""
    if context.account is not None:
        return None
    triple = (network_of(context.client_address), context.sender, recipient)
    now = time.time()
    database = sqlite3.connect(settings.file, timeout=0.5)
    try:
        with database:
            database.execute(TABLE)
            database.execute("INSERT INTO seen VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", (*triple, now))
            [(first_at,)] = database.execute(
                "SELECT first_at FROM seen WHERE network = ? AND sender = ? AND recipient = ?", triple
            )
    finally:
        database.close()
    return TOO_EARLY if now < first_at + settings.wait_s else None
