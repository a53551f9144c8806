"""
authentication - the tables [authentication] and [listener.authentication]: who vouches for mail that comes in
"""

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from empath.config.fields import HostName, Wait
from empath.config.pattern_tables import SingleRoute
from empath.config.reading import setting
from empath.config.tables.table import Table


class Authentication(Table):
    """How mail that comes in is judged, by listeners that have a table [listener.authentication]."""

    authserv_id: HostName | None = setting(None, example="mx.example.test")
    """The name of this host in Authentication-Results. Fields of others that have this name are removed. Several hosts
    may have one name in common. Not set: `hostname`."""

    deadline_s: Wait = setting("10s", "deadline")
    """Wait for the DNS, for all questions about one message together. What is not answered then is `temperror`, which
    refuses no mail."""

    questions: Annotated[int, Field(strict=True, ge=40, le=1000)] = setting(100)
    """Most questions about one message. A further one counts as not answered. SPF has half of them and of the time,
    signatures and DMARC a quarter each."""

    trusted_sealers: tuple[HostName, ...] = setting([])
    """Domains of hosts that pass mail on and may change it, such as those of mailing lists. Mail that DMARC finds to be
    false is accepted if all seals of its chain of ARC are theirs, and the first one says that DMARC had passed."""

    quarantine_route: SingleRoute | None = setting(None, example="maildir:/var/mail/quarantine")
    """Where mail in quarantine goes, written as in [routes]. Not set: such mail is accepted, with its results."""

    @cached_property
    def sealers(self) -> frozenset[str]:
        """The trusted sealers as text."""
        return frozenset(map(str, self.trusted_sealers))


class ListenerAuthentication(Table):
    """What is found out about mail that comes in by the listener above, of role mx, and what is done with it. Nothing
    is asked about clients in [relay] networks and those that have logged in. The field Authentication-Results and the
    view authentication have the results."""

    spf: bool = Field(False, strict=True)
    """Whether SPF is asked about the client, for the name in HELO and for the sender."""

    dkim: bool = Field(False, strict=True)
    """Whether signatures of DKIM are checked."""

    dmarc: Literal["none", "tag", "hold", "quarantine-route", "reject"] = setting("none")
    """The most that is done with mail whose author DMARC cannot prove, if its domain asks for it: "none" (DMARC is not
    asked), "tag" (the result is in the field), "hold" (a person decides), "quarantine-route" (see `quarantine_route`),
    or "reject" with 550 5.7.1, where `p=quarantine` leads to the quarantine. Anything beyond "tag" needs `spf` and
    `dkim`. Rows of the view authentication_override make it milder."""

    arc: bool = Field(False, strict=True)
    """Whether chains of ARC are checked, see `trusted_sealers`."""

    @property
    def is_on(self) -> bool:
        """Whether anything is to be found out."""
        return self.spf or self.dkim or self.arc or self.dmarc != "none"
