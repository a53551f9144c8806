"""
unbound - a validating resolver of the test's own, as Debian has it, with signed zones and the keys that it trusts

    with Unbound(SignedZone("signed.test", "mx A 127.0.0.1")) as resolver:
        ... resolve through resolver.address ...

Each zone is a file that unbound reads and validates as it would validate answers of the zone's servers. A record that
is given as forged is changed after the zone was signed.
"""

import shutil
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import dns.dnssec
import dns.dnssectypes
import dns.name
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec

from tests.kit.process import free_port
from tests.kit.waiting import eventually

PROGRAM = shutil.which("unbound", path="/usr/sbin:/usr/local/sbin")
_SOA = "@ 60 SOA ns admin 1 3600 600 86400 60\n@ 60 NS ns\nns 60 A 127.0.0.1\n"
_CONFIGURATION = """\
server:
  interface: 127.0.0.1
  port: {port}
  access-control: 127.0.0.0/8 allow
  username: ""
  chroot: ""
  directory: "{directory}"
  pidfile: "{directory}/pid"
  logfile: "{directory}/log"
  use-syslog: no
  do-daemonize: no
  num-threads: 1
  module-config: "validator iterator"
  do-not-query-localhost: no
  qname-minimisation: no
  ede: yes
  val-log-level: 2
  local-zone: "test." nodefault
{anchors}
{zones}
"""


class SignedZone:
    """A zone of *records*, each `name type data`, below *origin*. Without *is_signed* it has no keys."""

    def __init__(self, origin: str, *records: str, is_signed: bool = True) -> None:
        self.origin = origin
        self.anchor = ""
        lines = [" ".join((name, "60", rest)) for name, _, rest in (record.partition(" ") for record in records)]
        zone = dns.zone.from_text(_SOA + "\n".join(lines) + "\n", origin=f"{origin}.", relativize=False)
        if is_signed:
            self._sign(zone)
        self.text = zone.to_text(relativize=False)

    def forged(self, old: str, new: str) -> Self:
        """Change a record after it was signed: *old* of the text becomes *new*."""
        assert old in self.text
        self.text = self.text.replace(old, new)
        return self

    def _sign(self, zone: dns.zone.Zone) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        public = dns.dnssec.make_dnskey(key.public_key(), dns.dnssectypes.Algorithm.ECDSAP256SHA256, flags=257)
        now = datetime.now(UTC)
        with zone.writer() as writer:
            dns.dnssec.sign_zone(
                zone, writer, [(key, public)], dnskey_ttl=60,
                inception=now - timedelta(days=1), expiration=now + timedelta(days=1),
            )  # fmt: skip
        self.anchor = f"{self.origin}. IN DNSKEY {public.to_text()}"


class Unbound:
    """To be used in a `with`."""

    def __init__(self, *zones: SignedZone) -> None:
        self.port = free_port()
        self.directory = Path(tempfile.mkdtemp(prefix="unbound-"))
        anchors, tables = [], []
        for zone in zones:
            file = self.directory / f"{zone.origin}.zone"
            file.write_text(zone.text)
            tables.append(
                f'auth-zone:\n  name: "{zone.origin}"\n  zonefile: "{file}"\n'
                "  for-downstream: no\n  for-upstream: yes\n  fallback-enabled: no"
            )
            anchors.append(f"  trust-anchor: '{zone.anchor}'" if zone.anchor else f'  domain-insecure: "{zone.origin}"')
        text = _CONFIGURATION.format(
            port=self.port, directory=self.directory, anchors="\n".join(anchors), zones="\n".join(tables)
        )
        (self.directory / "unbound.conf").write_text(text)

    def __enter__(self) -> Self:
        command = [str(PROGRAM), "-d", "-c", str(self.directory / "unbound.conf")]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        eventually(lambda: "start of service" in self.log(), "the start of unbound")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(30)
        shutil.rmtree(self.directory)

    @property
    def address(self) -> str:
        """`address:port` as `[dns] nameservers` has it."""
        return f"127.0.0.1:{self.port}"

    def log(self) -> str:
        """The log so far."""
        file = self.directory / "log"
        return file.read_text(errors="replace") if file.exists() else ""
