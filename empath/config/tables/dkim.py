"""
dkim - the table [dkim]: the keys that sign mail, and whose mail they sign
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pydantic import model_validator

from empath.config.fields import ConfigPath, Seconds
from empath.config.keys import KeyPath
from empath.config.pattern_tables import SigningSelectors
from empath.config.reading import problem, setting
from empath.config.tables.table import Table


class KeyFile(NamedTuple):
    """The file of a key, after the setting that names it."""

    keys: KeyPath
    domain: str
    selector: str
    path: Path


class Dkim(Table):
    """Signatures over mail (RFC 6376). The keys here and those of `empath-admin dkim` sign mail from accounts and from
    [relay] networks, on listeners whose `sign` says so, if the domain of its From field has a key; and reports of this
    host. See AUTHENTICATION.md."""

    keys: ConfigPath | None = setting(None, example="/etc/empath/dkim")
    """Directory of the private keys in PEM form, each in a file DOMAIN.SELECTOR.key: RSA or Ed25519. Only root need be
    able to read them. Changed files are read without a reload."""

    sign: SigningSelectors = setting({})
    """The selectors of the keys that sign mail of a domain, each of them: [dkim.sign] with "example.org" = ["s2026r",
    "s2026e"]."""

    expires_s: Seconds = setting("0s", "expires")
    """How long a signature is to be believed (x=), such as "14d"; "0s" for as long as its key is published. A message
    may wait for days on its way."""

    @model_validator(mode="after")
    def _selectors_have_files(self) -> "Dkim":
        if self.sign and self.keys is None:
            raise problem("needs keys, the directory of their files", "sign")
        for domain, selectors in self.sign.items():
            if not selectors or len({*selectors}) < len(selectors):
                raise problem("needs one selector or more, each once", "sign", domain)
        return self

    @property
    def files(self) -> Iterator[KeyFile]:
        """The files of the keys that are named."""
        if self.keys is None:
            return
        for domain, selectors in self.sign.items():
            for place, selector in enumerate(selectors):
                path = self.keys / f"{domain}.{selector}.key"
                yield KeyFile(("dkim", "sign", domain, place), domain, selector, path)
