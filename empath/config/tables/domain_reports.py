"""
domain_reports - the tables [dmarc_reports] and [tls_reports]: reports to other domains, and those that they send
"""

from pydantic import Field, field_validator, model_validator

from empath.config.fields import Mailbox, OneLine, Seconds, Wait
from empath.config.reading import problem, setting
from empath.config.tables.table import Table

_DAY_S = 86_400.0
_HOUR_S = 3600.0


class DmarcReports(Table):
    """Reports of DMARC (RFC 9990): what this host has seen of the mail of a domain, for domains that ask for it, and
    reports that others send about yours. See REPORTS.md."""

    send: bool = Field(False, strict=True)
    """Whether reports are sent about mail that listeners with `dmarc` have judged. They need `address`."""

    address: Mailbox | None = setting(None, example="dmarc-reports@example.org")
    """The sender of reports. Its domain needs a key of DKIM, or SPF for this host: others take no report that DMARC
    cannot prove. Reports that cannot be delivered come back to it."""

    org_name: OneLine | None = setting(None, example="Example Org")
    """Who reports, for people. Not set: `hostname`."""

    contact: OneLine | None = setting(None, example="https://example.org/postmaster")
    """How people reach you besides `address`, as a part of each report."""

    interval_s: Wait = setting("1d", "interval")
    """The time that a report is about: "1d", or a part of a day that is a whole number of hours."""

    receive: tuple[Mailbox, ...] = setting([], example=["dmarc@example.org"])  # type: ignore[arg-type]
    """Addresses whose mail are reports about your domains: it is read, shown in the view dmarc_report, and kept
    nowhere else. Their domains must be in [relay] domains."""

    keep_s: Seconds = setting("90d", "keep")
    """How long reports that came, and what was sent, can be seen."""

    @field_validator("interval_s")
    @classmethod
    def _divides_a_day(cls, value: float) -> float:
        if value > _DAY_S or value % _HOUR_S or _DAY_S % value:
            raise problem("must be 1d, or a part of a day in whole hours, such as 6h")
        return value

    @model_validator(mode="after")
    def _has_a_sender(self) -> "DmarcReports":
        if self.send and self.address is None:
            raise problem("needs address", "send")
        return self


class TlsReports(Table):
    """Reports about TLS (RFC 8460): how sessions with the hosts of a domain went, for domains that ask for it, and
    reports that others send about yours. See REPORTS.md."""

    send: bool = Field(False, strict=True)
    """Whether reports are sent about mail that goes to the hosts of a domain. They need `address`."""

    address: Mailbox | None = setting(None, example="tls-reports@example.org")
    """The sender of reports. Its domain needs a key of DKIM. Reports that cannot be delivered come back to it."""

    org_name: OneLine | None = setting(None, example="Example Org")
    """Who reports, for people. Not set: `hostname`."""

    contact: OneLine | None = setting(None, example="postmaster@example.org")
    """How people reach you. Not set: `address`."""

    receive: tuple[Mailbox, ...] = setting([], example=["tls@example.org"])  # type: ignore[arg-type]
    """Addresses whose mail are reports about your domains: it is read, shown in the view tls_report, and kept nowhere
    else. Their domains must be in [relay] domains. `[dmarc_reports] keep` says how long."""

    @model_validator(mode="after")
    def _has_a_sender(self) -> "TlsReports":
        if self.send and self.address is None:
            raise problem("needs address", "send")
        return self
