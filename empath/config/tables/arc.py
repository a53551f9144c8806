"""
arc - the table [arc]: in whose name mail that is passed on is sealed
"""

from typing import Literal

from empath.config.fields import HostName, Selector
from empath.config.reading import setting
from empath.config.tables.table import Table


class Arc(Table):
    """Seals over mail that is passed on (ARC, RFC 8617): they say to the next host what this one found out, so that
    mail whose SPF fails there, and whose signatures broke on the way, may still pass. See AUTHENTICATION.md."""

    domain: HostName | None = setting(None, example="example.org")
    """Domain that seals. It seals by a key that it has for DKIM, in [dkim] or by `empath-admin dkim`. Only mail is
    sealed that a listener with `arc` in [listener.authentication] has judged. Not set: nothing is sealed."""

    selector: Selector | None = setting(None, example="s2026r")
    """Selector of the key. Not set: the first key of RSA, which every verifier knows, else the first."""

    seal: Literal["forwarded", "all"] = setting("forwarded")
    """Which mail is sealed: "forwarded" (an alias leads to another domain), or "all", for a host behind which others
    judge mail again."""
