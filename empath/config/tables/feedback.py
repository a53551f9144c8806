"""
verp - the tables [verp] and [feedback]: what comes back about mail that went out
"""

from empath.config.fields import ConfigPath, Count, HostName, Mailbox, Wait
from empath.config.reading import setting
from empath.config.tables.table import Table


class VerpTable(Table):
    """A sender for each recipient, so that a report which comes later is known to be about that mail. Such a report is
    read, kept in the view feedback, and may suppress the address by [suppression]. See DELIVERY.md."""

    domain: HostName | None = setting(None, example="bounces.example.org")
    """Domain of these senders, for nothing else. Its MX is this host, its SPF record names this host."""

    secrets_file: ConfigPath | None = setting(None, example="/etc/empath/verp.secrets")
    """File with the secrets that make such senders known again, written as that of [srs]."""

    accounts: tuple[str, ...] = setting([])
    """Accounts whose mail gets such senders, such as ["newsletter"]; "*" for every account. Mail within the own domains
    keeps its sender. The setting verp of [destinations] does the same for what goes to a domain or by a route."""


class Feedback(Table):
    """Reports about mail that went out: how long they are kept, and where complaints come in."""

    address: Mailbox | None = setting(None, example="fbl@example.org")
    """Address that is registered with providers for their feedback loops (ARF, RFC 5965). A complaint about a message
    of this host suppresses its recipient."""

    complaint_lifetime_s: Wait = setting("365d", "complaint_lifetime")
    """How long such an address stays suppressed."""

    retention_s: Wait = setting("90d", "retention")
    """How long what was reported stays in the view feedback."""

    rows: Count = setting(100_000)
    """Most rows of it. The oldest go first."""
