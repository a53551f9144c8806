"""
certificates - the certificates that a configuration names: what listeners present, and what a person should know
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from empath.config.keys import KeyPath
from empath.config.model import Config
from empath.config.tables.tls import PairFiles
from empath.config.workable.contradiction import Contradiction
from empath.daemon.process.tls_files import TlsFiles, read_tls_files
from empath.errors import ConfigError
from empath.net.certificate import Certificate, KeyPair, PemFile, ServerTls
from empath.policy.expiry import expiry_level, expiry_words
from empath.policy.health import Diagnosis, Level


def server_tls(config: Config, files: TlsFiles) -> ServerTls | None:
    """
    What the listeners of *config* present, None if none of them speaks TLS; *files* are those that it names.

    Raises:
        ConfigError: a certificate or key cannot be used; the text is one line.
    """
    if not config.uses_tls:
        return None
    return ServerTls([_key_pair(pair, files) for pair in config.tls.pairs], config.tls.minimum)


def diagnose_certificate(certificate: Certificate, now: float) -> Diagnosis:
    """How long *certificate* lasts, at *now* in Unix seconds."""
    names = ", ".join(certificate.names) or "no name"
    found = f"{certificate.path} for {names} {expiry_words(certificate.expires_at, now)}"
    level = expiry_level(certificate.expires_at, now)
    return Diagnosis("certificate", level, found, "" if level is Level.OK else "renew it; no reload is needed")


def _key_pair(pair: PairFiles, files: TlsFiles) -> KeyPair:
    return KeyPair(_file(pair.certificate, files), _file(pair.key, files), pair.names)


def _file(path: Path, files: TlsFiles) -> PemFile:
    return PemFile(path, files[str(path)])


@dataclass(frozen=True, slots=True)
class Findings:
    """
    What is to be said of the certificates of a configuration.

    Shape: presented are those that can be used, after the table that names each; wrong are the settings that cannot,
    a warning where this user
    may not look, or where clients that check the names will not like one.
    """

    presented: tuple[tuple[KeyPath, Certificate], ...]
    wrong: tuple[Contradiction, ...]

    def expiring(self, now: float) -> Iterator[Contradiction]:
        """A warning for each certificate that expires soon or has expired, at *now* in Unix seconds."""
        for keys, certificate in self.presented:
            if expiry_level(certificate.expires_at, now) is not Level.OK:
                words = f"{certificate.path} {expiry_words(certificate.expires_at, now)}; renew it"
                yield Contradiction((*keys, "certificate"), words, is_warning=True)


def _misnamed(pair: PairFiles, certificate: Certificate) -> Iterator[Contradiction]:
    """A warning for each name whose clients get a certificate for other names."""
    for place, pattern in enumerate(pair.names):
        if not {pattern.text, f"*.{pattern.text.partition('.')[2]}"} & set(certificate.names):
            words = f"{certificate.path} is for {', '.join(certificate.names) or 'no name'}, not for {pattern.text}"
            yield Contradiction(
                (*pair.keys, "names", place), f"{words}; clients that check it go away", is_warning=True
            )


def examine_certificates(config: Config) -> Findings:
    """Read the files that *config* names, as this user, and try each pair."""
    files, unread = read_tls_files(config)
    presented, wrong = [], list(unread)
    for pair in config.tls.pairs if config.uses_tls else ():
        if str(pair.certificate) not in files or str(pair.key) not in files:
            continue
        try:
            tls = ServerTls([_key_pair(pair, files)], config.tls.minimum)
        except ConfigError as exc:
            key = "key" if str(exc).startswith(f"{pair.key}: ") else "certificate"
            wrong.append(Contradiction((*pair.keys, key), str(exc)))
        else:
            presented.append((pair.keys, tls.certificates[0]))
            wrong += _misnamed(pair, tls.certificates[0])
    return Findings(tuple(presented), tuple(wrong))
