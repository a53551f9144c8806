"""
sources - one entry of the table [sources]: addresses that mail goes out from
"""

from pydantic import Field, field_validator

from empath.config.fields import HostName, SourceEntry, TransportName
from empath.config.reading import problem, setting
from empath.config.tables.table import Table
from empath.policy.sources import SourceAddress, SourcePool


class Source(Table):
    """Addresses that mail goes out from, by the name that the setting `source` of a destination has for them. Each
    connection takes one, by weight, of the family of the host's address."""

    addresses: tuple[SourceEntry, ...] = Field(
        examples=[["192.0.2.10*3", "192.0.2.11 out2.example.org", "2001:db8::10"]]
    )
    """Addresses of this host, each with its weight after a star, and after a blank its own name for EHLO, which should
    resolve to it."""

    hostname: HostName | None = setting(None, example="out1.example.org")
    """Name in EHLO for the addresses that have none of their own. The default is the `hostname` of this host."""

    @field_validator("addresses")
    @classmethod
    def _each_once(cls, value: tuple[SourceAddress, ...]) -> tuple[SourceAddress, ...]:
        if not value:
            raise problem("needs at least one")
        seen = set()
        for index, member in enumerate(value):
            if member.address in seen:
                raise problem(f"{member.address} is there twice; give it a weight", index)
            seen.add(member.address)
        return value

    def pool(self, name: str) -> SourcePool:
        """The pool called *name* that this is."""
        hostname = None if self.hostname is None else str(self.hostname)
        members = (SourceAddress(each.address, each.weight, each.hostname or hostname) for each in self.addresses)
        return SourcePool(name, tuple(members))


Sources = dict[TransportName, Source]
