"""
client_access - what this host shows to the hosts that mail goes to: its certificate, and its logins

It is made before a process drops its privileges, from files that the supervisor has read.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from empath.config.keys import KeyPath
from empath.config.model import Config
from empath.config.tables.credentials import Credentials
from empath.config.workable.contradiction import Contradiction
from empath.daemon.process.tls_files import TlsFiles, read_client_files
from empath.errors import ConfigError, SyntaxViolation
from empath.mail.endpoint import host_and_port
from empath.net.certificate import KeyPair, PemFile
from empath.net.client_tls import ClientTls
from empath.policy.hosts.search import Host
from empath.smtp.sasl.client import ClientLogin
from empath.smtp.sasl.prepared import prepared


@dataclass(frozen=True, slots=True)
class Login:
    """The login for one host, and whether it may go over a connection without TLS."""

    login: ClientLogin
    may_go_in_clear: bool = False


@dataclass(frozen=True, slots=True)
class ClientAccess:
    """Shape: logins are by host, or host and port, as [credentials] has them."""

    tls: ClientTls
    logins: Mapping[str, Login] = field(default_factory=dict)

    def login_of(self, host: Host) -> Login | None:
        """The login for *host*: only for one that the operator named, since a name from the DNS may be anyone's."""
        if not self.logins or host.preference is not None or host.is_socket:
            return None
        login = self.logins.get(host_and_port(host.name, host.port)) or self.logins.get(host.name)
        if login is not None and ipaddress.ip_address(host.address).is_loopback:
            return Login(login.login, may_go_in_clear=True)
        return login


def client_access(config: Config, files: TlsFiles) -> ClientAccess:
    """
    What *config* says, with the *files* that it names.

    Raises:
        ConfigError: a file cannot be used; the text is one line.
    """
    logins = {host: _login(each, files) for host, each in config.credentials.items()}
    return ClientAccess(_client_tls(config, files), logins)


def examine_client_access(config: Config) -> list[Contradiction]:
    """Read the files that *config* names, as this user; a finding for each that cannot be used."""
    files, findings = read_client_files(config)
    found = list(findings)
    client = config.tls.client
    if all(str(path) in files for path in (client.certificate, client.key, client.ca) if path is not None):
        try:
            _client_tls(config, files)
        except ConfigError as exc:
            key = next(
                (key for key in ("key", "ca") if str(exc).startswith(f"{getattr(client, key)}: ")), "certificate"
            )
            found.append(Contradiction(("tls", "client", key), str(exc)))
    for host, each in config.credentials.items():
        keys: KeyPath = ("credentials", host, "password_file")
        if str(each.password_file) in files:
            try:
                _login(each, files)
            except ConfigError as exc:
                found.append(Contradiction(keys, str(exc)))
    return found


def client_tls_as_user(config: Config) -> ClientTls:
    """
    What [tls.client] says, as far as this user may read its files: without the certificate, if need be.

    Raises:
        ConfigError: a file cannot be used, or the authorities cannot be read; the text is one line.
    """
    files, findings = read_client_files(config)
    client = config.tls.client
    for keys, words, _ in findings:
        if keys[-1] == "ca":
            raise ConfigError(words)
    if client.pair is not None and not {str(client.certificate), str(client.key)} <= files.keys():
        authorities = None if client.ca is None else _file(client.ca, files)
        return ClientTls(None, authorities, client.minimum)
    return _client_tls(config, files)


def _client_tls(config: Config, files: TlsFiles) -> ClientTls:
    client = config.tls.client
    pair = None
    if client.pair is not None:
        pair = KeyPair(_file(client.pair.certificate, files), _file(client.pair.key, files))
    return ClientTls(pair, None if client.ca is None else _file(client.ca, files), client.minimum)


def _login(credentials: Credentials, files: TlsFiles) -> Login:
    path = credentials.password_file
    lines = files[str(path)].splitlines()
    try:
        if len(lines) != 1:
            raise SyntaxViolation("needs one line" if lines else "is empty")
        password = prepared(lines[0].decode())
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{path}: the password is not UTF-8") from exc
    except SyntaxViolation as exc:
        raise ConfigError(f"{path}: the password {exc}") from exc
    return Login(ClientLogin(credentials.username, password, credentials.mechanisms), credentials.in_clear)


def _file(path: Path, files: TlsFiles) -> PemFile:
    return PemFile(path, files[str(path)])
