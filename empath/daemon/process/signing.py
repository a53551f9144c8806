"""
signing - the keys that sign mail, as one process has them

The keys of files come from the supervisor, which reads them as root.  Those in the queue are read again when they have
changed: whether they have is looked up once a second at most, when mail may be signed.
"""

import time
from collections.abc import Callable, Iterator
from typing import Final

from empath.authentication.canonical import ArrivingBody, SignedFields
from empath.authentication.sign import SIGNED_FORM
from empath.authentication.signer import Signer
from empath.authentication.signing_key import SigningKey
from empath.config.model import Config
from empath.config.workable.contradiction import Contradiction
from empath.daemon.process.tls_files import TlsFiles, read_signing_files
from empath.errors import ConfigError, EmpathError, SyntaxViolation
from empath.message.fields import Fields
from empath.storage.engine import Reader
from empath.storage.queue.dkim_keys import signing_keys, stamp

_OTHERS: Final = 0o004  # whom a key must not be readable for
_LOOK_S: Final = 1.0


class SigningKeys:
    """
    The keys of files and those in the queue. While the queue cannot be read, the keys that were read last sign; a key
    in it that cannot be read signs nothing.
    """

    def __init__(self, files: Signer, reader: Reader, clock: Callable[[], float] = time.monotonic) -> None:
        """*files* has the keys of files; *clock* gives monotonic seconds."""
        self._files = files
        self._reader = reader
        self._clock = clock
        self._look_at = clock()
        self._news: int | None = None
        self._stamp: tuple[object, ...] | None = None
        self._signer = files

    def signer(self) -> Signer:
        """What signs now."""
        now = self._clock()
        if now >= self._look_at:
            self._look_at = now + _LOOK_S
            try:
                self._follow(self._reader)
            except EmpathError:
                self._news = None
        return self._signer

    def _follow(self, reader: Reader) -> None:
        news = reader.news()
        if news == self._news:
            return
        found = stamp(reader)
        if found != self._stamp:
            self._signer = self._files.joined_by(_row_keys(reader))
        self._news, self._stamp = news, found


def _row_keys(reader: Reader) -> dict[str, list[tuple[str, SigningKey]]]:
    found: dict[str, list[tuple[str, SigningKey]]] = {}
    for domain, selector, pem in signing_keys(reader):
        try:
            key = SigningKey.parse(pem)
        except SyntaxViolation:
            continue
        found.setdefault(domain, []).append((selector, key))
    return found


def file_keys(config: Config, files: TlsFiles) -> dict[str, list[tuple[str, SigningKey]]]:
    """
    The keys of [dkim] by domain; *files* are those that it names.

    Raises:
        ConfigError: a file is no key; the text is one line.
    """
    found: dict[str, list[tuple[str, SigningKey]]] = {}
    for file in config.dkim.files:
        try:
            key = SigningKey.parse(files[str(file.path)])
        except SyntaxViolation as exc:
            raise ConfigError(f"{file.path}: {exc}") from exc
        found.setdefault(file.domain, []).append((file.selector, key))
    return found


def signer_of(config: Config, files: TlsFiles) -> Signer:
    """What signs with the keys of *config*. Raises as `file_keys`."""
    return Signer(file_keys(config, files), config.dkim.expires_s)


def examine_signing(config: Config) -> Iterator[Contradiction]:
    """What is wrong with the keys of [dkim]; a warning where this user may not look, or where others may."""
    files, unread = read_signing_files(config)
    yield from (each for each in unread if each.keys[0] == "dkim")
    for file in config.dkim.files:
        octets = files.get(str(file.path))
        if octets is None:
            continue
        try:
            SigningKey.parse(octets)
        except SyntaxViolation as exc:
            yield Contradiction(file.keys, f"{file.path}: {exc}")
        else:
            if file.path.stat().st_mode & _OTHERS:
                words = f"{file.path} can be read by every user of this machine, who can sign in your name; chmod 600"
                yield Contradiction(file.keys, words, is_warning=True)


def signed_report(signer: Signer, content: bytes, now: float) -> bytes:
    """The signatures over a message of this host itself, which is whole: as fields, b"" without a key of its domain."""
    header, _, body = content.partition(b"\r\n\r\n")
    fields = SignedFields(Fields.of(header + b"\r\n"))
    domains = signer.domains(fields, lambda domain: True)
    if not domains:
        return b""
    arriving = ArrivingBody([SIGNED_FORM])
    arriving.feed(body)
    return signer.sign(fields, arriving.finish(), domains, now)
