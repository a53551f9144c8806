"""
mta_sts - one entry of the table [mta_sts]: what a domain of this host demands of those that send it mail
"""

from functools import cached_property
from typing import Annotated, Literal

from pydantic import BeforeValidator, model_validator

from empath.config.fields import Seconds, SigningDomain
from empath.config.pattern_tables import no_key_twice
from empath.config.reading import problem, read_by, setting
from empath.config.tables.table import Table
from empath.mail.domain import Domain
from empath.policy.sts import LONGEST_AGE_S, MOST_PATTERNS, StsPolicy, parse_pattern
from empath.policy.tls_demand import StsMode

StsPattern = Annotated[str, read_by(parse_pattern)]


class MtaSts(Table):
    """The MTA-STS policy (RFC 8461) of a domain of yours: [mta_sts."example.org"]. The address of [http] serves it to
    everybody as https://mta-sts.example.org/.well-known/mta-sts.txt. `empath-admin tls --publish` prints the records
    that it needs in the DNS, and `doctor` checks them."""

    mode: Literal["testing", "enforce", "none"] = setting("testing")
    """What a host does that finds no TLS with a proven name: "testing" (it delivers, and reports), "enforce" (it does
    not deliver), or "none" (there is no policy any more, which takes back an earlier one)."""

    mx: tuple[StsPattern, ...] = setting([], example=["mx.example.org"])  # type: ignore[arg-type]
    """The hosts that take mail for the domain: each name of its MX records, or "*.example.org" for one label before
    it. Their certificates have these names. Needed unless the mode is "none"."""

    max_age_s: Seconds = setting("7d", "max_age")
    """How long a host may hold to the policy without looking again, at most a year."""

    @cached_property
    def policy(self) -> StsPolicy:
        """What the file says."""
        return StsPolicy(StsMode(self.mode), int(self.max_age_s), tuple(dict.fromkeys(self.mx)))

    @model_validator(mode="after")
    def _can_be_read_by_others(self) -> "MtaSts":
        if self.mode != "none" and not self.mx:
            raise problem("needs at least one host", "mx")
        if len(self.mx) > MOST_PATTERNS:
            raise problem(f"has at most {MOST_PATTERNS} hosts", "mx")
        if not 1 <= self.max_age_s <= LONGEST_AGE_S:
            raise problem("must be between 1s and a year", "max_age")
        return self


MtaStsByDomain = Annotated[dict[SigningDomain, MtaSts], BeforeValidator(no_key_twice(Domain.parse))]
