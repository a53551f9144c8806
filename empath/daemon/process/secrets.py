"""
secrets - the secrets by which this host knows addresses again that it has given out, as one process has them

The supervisor reads the files together with the keys that sign mail, see `tls_files`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from empath.authentication.forwarder import Forwarder
from empath.authentication.verp import Verp
from empath.config.keys import KeyPath
from empath.config.model import Config
from empath.config.workable.contradiction import Contradiction
from empath.daemon.process.tls_files import TlsFiles, read_signing_files, secret_paths, unusable_secrets
from empath.errors import ConfigError, SyntaxViolation
from empath.policy.secret_list import parse_secrets

_OTHERS: Final = 0o004  # whom a secret must not be readable for

Secrets = Mapping[str, tuple[bytes, ...]]  # by the name of the table
NO_SECRETS: Final[Secrets] = MappingProxyType({})


def secrets_of(config: Config, files: TlsFiles) -> Secrets:
    """
    The secrets that the tables of *config* name.

    Raises:
        ConfigError: a file has none.
    """
    try:
        return {str(keys[0]): parse_secrets(files[str(path)]) for keys, path in secret_paths(config)}
    except SyntaxViolation as exc:
        raise ConfigError(str(exc)) from exc


def examine_secrets(config: Config) -> Iterator[Contradiction]:
    """What is wrong with the files of secrets; a warning where this user may not look, or where others may."""
    paths: dict[KeyPath, Path] = dict(secret_paths(config))
    files, unread = read_signing_files(config)
    yield from (each for each in unread if each.keys in paths)
    yield from unusable_secrets(config, files)
    for keys, path in paths.items():
        if str(path) in files and path.stat().st_mode & _OTHERS:
            words = f"{path} can be read by every user of this machine, who can send mail through it; chmod 600"
            yield Contradiction(keys, words, is_warning=True)


def forwarder_of(config: Config, secrets: Secrets) -> Forwarder | None:
    """What [srs] asks for; None where forwarded mail keeps its sender."""
    if config.srs.domain is None or "srs" not in secrets:
        return None
    return Forwarder(config.srs.domain, secrets["srs"], config.is_own_domain)


def verp_of(config: Config, secrets: Secrets) -> Verp | None:
    """What [verp] asks for; None where mail keeps its sender."""
    if config.verp.domain is None or "verp" not in secrets:
        return None
    return Verp(config.verp.domain, secrets["verp"])
