"""
audit - the table [audit]: how changes and attempts are sealed, and what of them is redacted when it is old
"""

from pydantic import Field

from empath.config.fields import Seconds, Wait
from empath.config.reading import setting
from empath.config.tables.redaction_way import RedactionWay
from empath.config.tables.table import Table
from empath.policy.redaction import Redaction, Way


class AuditRedaction(Table):
    """What records no longer say of people when they are old. Mail that is not finished, and its records, stay as they
    are. `empath-admin audit verify` follows what was left out, and says how many rows it was."""

    after_s: Seconds | None = setting(None, "after", example="30d")
    """Age from which on the audit, attempts, refusals, feedback, and the messages and recipients of finished mail are
    redacted. Not set: never."""

    addresses: RedactionWay = setting("mask")
    """Addresses, also in replies: "keep", "mask" (`j…@example.org`), "hmac" (digits that are the same for the same
    address, by a key in the queue, and the domain), or "drop"."""

    subjects: RedactionWay = setting("drop")
    """Subject fields; "mask" keeps the first letter."""

    clients: RedactionWay = setting("mask")
    """IP addresses and names of clients; "mask" keeps the network, /24 or /48."""

    def redaction(self, key: bytes) -> Redaction:
        """What these settings do, with pseudonyms by *key*."""
        return Redaction(Way(self.addresses), Way(self.subjects), Way(self.clients), key)


class Audit(Table):
    """How rows of the audit and attempts are sealed, so that nobody can change them later without being found out."""

    is_sealed: bool = Field(True, alias="sealed", strict=True)
    """Whether each second the new rows of the audit, and each ten seconds the new attempts, get a seal: a digest over
    them and over the seal before it. `empath-admin audit verify` checks them."""

    anchor_s: Wait = setting("1h", "anchor")
    """How often the newest seal is written to the log, as audit_sealed. A log that is kept elsewhere shows whether the
    seals themselves were replaced."""

    redaction: AuditRedaction = setting({})
