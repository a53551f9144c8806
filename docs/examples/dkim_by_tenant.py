"""
dkim_by_tenant - sign the mail of each account for the domain of its tenant

    [modules."dkim_by_tenant".tenants]
    "acme" = { domain = "acme.example.org", selector = "s1", key = "/etc/empath/acme.key" }

Empath signs for the domain of the author by itself, see [dkim].  This module adds a signature for whom the account
belongs to, whatever the author: the tenant of `acme/shop` is `acme`.  A provider's feedback loop and its reputation
then count each tenant apart.  The user of the processes must be able to read the keys; a changed key takes a reload.
"""

import time
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from empath.authentication.arriving import ArrivingMessage
from empath.authentication.canonical import SignedFields
from empath.authentication.sign import SIGNED_FORM, names_to_sign, sign
from empath.authentication.signing_key import SigningKey
from empath.message.fields import Fields, unfolded
from empath.modules import AddField, Context, Message, hookimpl


class Tenant(BaseModel):
    """Who signs, and the private key in PEM whose public part is the record SELECTOR._domainkey.DOMAIN."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    domain: str
    selector: str
    key: str


class Settings(BaseModel):
    """What the table of this module may have."""

    model_config = ConfigDict(extra="forbid")

    tenants: dict[str, Tenant]


@cache
def key_of(tenant: Tenant) -> SigningKey:
    """The key, which is read once."""
    return SigningKey.parse(Path(tenant.key).read_bytes())


@hookimpl
def data(context: Context, settings: Settings, message: Message) -> AddField | None:
    """The message has arrived whole."""
    tenant = settings.tenants.get((context.account or "").partition("/")[0])
    if tenant is None:
        return None
    arriving = ArrivingMessage(len(message.header), [lambda _: [SIGNED_FORM]])
    for piece in message.chunks():
        arriving.feed(piece, is_headerless=False)
    arriving.finish()
    fields = SignedFields(Fields.of(message.header))
    digest = arriving.digests[SIGNED_FORM].sha256
    keys = [(tenant.selector, key_of(tenant))]
    signed = sign(fields, digest, keys, domain=tenant.domain, names=names_to_sign(fields), now=int(time.time()))
    return AddField("DKIM-Signature", unfolded(signed.partition(b":")[2]).decode().strip())
