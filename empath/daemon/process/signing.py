"""
signing - the keys that sign mail, as one process has them

The keys of files come from the supervisor, which reads them as root.
"""

from collections.abc import Iterator

from empath.authentication.signer import Signer
from empath.authentication.signing_key import SigningKey
from empath.config.model import Config
from empath.config.workable import Contradiction
from empath.daemon.process.tls_files import TlsFiles, read_signing_files
from empath.errors import ConfigError, SyntaxViolation

_OTHERS: int = 0o004  # whom a key must not be readable for


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
    yield from unread
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
