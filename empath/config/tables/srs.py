"""
srs - the table [srs]: under which sender mail is forwarded
"""

from empath.config.fields import ConfigPath, HostName, RelayDomain
from empath.config.reading import setting
from empath.config.tables.table import Table


class Srs(Table):
    """The sender of mail that an alias sends to another domain (Sender Rewriting Scheme). Without it such mail keeps
    its sender, whose domain does not name this host, so that SPF fails. See AUTHENTICATION.md."""

    domain: HostName | None = setting(None, example="srs.example.org")
    """Domain of the new senders. Its MX is this host, its SPF record names this host. Mail to such a sender comes back,
    and goes on to the first one, without any other setting. Not set: the sender stays."""

    secrets_file: ConfigPath | None = setting(None, example="/etc/empath/srs.secrets")
    """File with the secrets that make such senders known again, one a line, of 16 characters or more. The first makes
    new ones, all are accepted. Only root need be able to read it. A changed file is read without a reload."""

    own_domains: tuple[RelayDomain, ...] = setting([])
    """Further domains whose SPF record names this host, so that their senders stay. Those in `domains` of [relay] and
    `hostname` are such anyway."""
