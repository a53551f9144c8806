"""
judged - mail that is signed, the name server that vouches for it, and the filters that judge it for Postfix

Both servers ask the same name server for the key, the SPF record and the policy. It listens on port 53 of an address of
the loopback network of its own, since OpenDKIM and OpenDMARC cannot be given a port; they see a resolv.conf with it.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from empath.authentication.canonical import SignedFields
from empath.authentication.sign import names_to_sign, sign
from empath.authentication.signing_key import SigningKey
from empath.message.fields import Fields
from tests.kit.dns import ScriptedDns

from .accounting import Account
from .machine import command, output_of, wait_for
from .traffic import RECIPIENT, SENDER

NAME_SERVER: Final = "127.53.53.53"
DOMAIN: Final = SENDER.partition("@")[2]
_OCTETS: Final = 4096
_LINE: Final = b"A line of the body of a message of the usual size, as people write it.\r\n"

# Debian's defaults, but for what the run needs: where they listen, that 127.0.0.1 is judged, and no syslog.
_OPENDKIM: Final = """\
Mode v
Socket local:{folder}/opendkim.sock
PidFile {folder}/opendkim.pid
UMask 000
Syslog no
AuthservID judged.bench.example
Nameservers {name_server}
InternalHosts {folder}/nobody
"""
_OPENDMARC: Final = """\
Socket local:{folder}/opendmarc.sock
PidFile {folder}/opendmarc.pid
UMask 000
Syslog false
AuthservID judged.bench.example
TrustedAuthservIDs judged.bench.example
IgnoreHosts {folder}/nobody
SPFSelfValidate true
SPFIgnoreResults true
"""
FILTERS: Final = ("opendkim", "opendmarc")


@dataclass(frozen=True, slots=True)
class SignedMail:
    """A message whose signature, SPF record and policy pass. Shape: file has it, with bare line feeds."""

    file: Path


@contextmanager
def signed_mail(scratch: Path) -> Iterator[SignedMail]:
    """A message in *scratch*, while its name server answers."""
    key = SigningKey(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    now = int(time.time())
    lines = (
        f"From: {SENDER}",
        f"To: {RECIPIENT}",
        f"Date: {formatdate(now)}",
        f"Message-ID: <1@{DOMAIN}>",
        "Subject: signed",
    )
    header = "".join(f"{line}\r\n" for line in lines).encode()
    body = _LINE * ((_OCTETS - len(header)) // len(_LINE))
    fields = SignedFields(Fields.of(header + b"\r\n"))
    signature = sign(
        fields,
        sha256(body).digest(),
        [("s1", key)],
        domain=DOMAIN,
        names=names_to_sign(fields),
        now=now,
    )
    file = scratch / "signed.eml"
    file.write_bytes((signature + header + b"\r\n" + body).replace(b"\r\n", b"\n"))
    zone = (
        ScriptedDns(NAME_SERVER, port=53)
        .txt(f"s1._domainkey.{DOMAIN}", key.record)
        .txt(DOMAIN, "v=spf1 ip4:127.0.0.0/8 -all")
        .txt(f"_dmarc.{DOMAIN}", "v=DMARC1; p=reject")
    )
    with zone:
        yield SignedMail(file)


def write_keys(folder: Path) -> None:
    """Make the keys of two signatures for mail of the sender's domain, in files of *folder*: RSA and Ed25519."""
    folder.mkdir()
    keys: dict[str, rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey] = {
        "s1": rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "s2": ed25519.Ed25519PrivateKey.generate(),
    }
    for selector, key in keys.items():
        file = folder / f"{DOMAIN}.{selector}.key"
        file.touch(0o600)
        file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def start_filters(folder: Path, account: Account) -> str:
    """Start OpenDKIM and OpenDMARC as a part of *account*; what Postfix is told, in main.cf."""
    resolver = folder / "resolv.conf"
    resolver.write_text(f"nameserver {NAME_SERVER}\n")
    (folder / "nobody").write_text("192.0.2.1\n")
    for name, text in zip(FILTERS, (_OPENDKIM, _OPENDMARC), strict=True):
        config = folder / f"{name}.conf"
        config.write_text(text.format(folder=folder, name_server=NAME_SERVER))
        option = "-x" if name == FILTERS[0] else "-c"
        start = f'mount --bind "$0" /etc/resolv.conf && exec {command(name)} {option} "$1"'
        output_of(account.wrap(["unshare", "-m", "sh", "-c", start, str(resolver), str(config)]))
    sockets = [folder / f"{name}.sock" for name in FILTERS]
    wait_for(lambda: all(map(os.path.exists, sockets)), 10, "the filters to listen")
    return f"smtpd_milters = {', '.join(f'unix:{socket}' for socket in sockets)}\nmilter_default_action = tempfail\n"
