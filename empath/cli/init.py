"""
init - the verb init: the files of a new server, from four questions or their options

A development server is one directory, which only this machine reaches. With --host the files are those of a host of the
Internet, and the records that it needs in the DNS are printed.  Nothing that is there is written over: the files that
exist are found before the first one is made, and what was made goes again if one cannot be.
"""

import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import resources
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import click

from empath.cli.common import examples, say
from empath.config.first import (
    ANY_IPV6,
    DEVELOPMENT,
    HOST,
    MAILDIR,
    NO_DOMAIN,
    Answers,
    Submitters,
    configuration,
    hold_sensible,
    parse_target,
)
from empath.config.load import parse_config
from empath.errors import CannotCreate, SyntaxViolation, UsageError
from empath.mail.domain import Domain
from empath.policy.own_zone import OwnZone, zone_lines

_NAME: Final = "empathd"
_CONFIG: Final = "/etc/empath/empath.toml"
_KEYS: Final = "/etc/empath/dkim"
_INSTALLED: Final = "/opt/empath/bin/empathd"  # as the files of conf/ name it
_HOMES: Final = ("/root", "/home", "/run/user")  # where ProtectHome of the unit lets no process look
_FILES_OF_A_HOST: Final = {  # of conf/ -> where an administrator's own file is, and that of a package of the system
    "sysusers.d/empath.conf": ("/etc/sysusers.d/empath.conf", "/usr/lib/sysusers.d/empath.conf"),
    "tmpfiles.d/empath.conf": ("/etc/tmpfiles.d/empath.conf", "/usr/lib/tmpfiles.d/empath.conf"),
    "systemd/empath.service": ("/etc/systemd/system/empath.service", "/lib/systemd/system/empath.service"),
    "logrotate.d/empath": ("/etc/logrotate.d/empath", "/etc/logrotate.d/empath"),
}
_ALGORITHMS: Final = ("rsa", "ed25519")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _File:
    """A file to be made. Shape: mode as of chmod(2)."""

    path: Path
    octets: bytes
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class _Given:
    """What the options say; None and () for what is asked, or has its default."""

    hostname: str | None
    domains: tuple[str, ...]
    target: str | None
    submitters: str | None
    is_unasked: bool


@click.command(
    epilog=examples(
        "empathd init --yes",
        "empathd init --host acme.dev --submit local,accounts > acme.dev.zone",
        "empathd init --host acme.dev --root /tmp/look --yes",
    )
)
@click.argument("directory", required=False, metavar="[DIRECTORY]", type=click.Path(path_type=Path))
@click.option("--host", metavar="DOMAIN", help="Make the files of a host of the Internet that receives for DOMAIN.")
@click.option(
    "--root",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="With --host: write below DIR, to look at or to copy.",
)
@click.option("--hostname", metavar="NAME", help="Name of this host.")
@click.option("--domain", "domains", multiple=True, metavar="DOMAIN", help="A domain to receive for; several, or none.")
@click.option(
    "--deliver", "target", metavar="ROUTE", help="Where mail goes: maildir, smtp://HOST:PORT, or lmtp:/SOCKET."
)
@click.option("--submit", "submitters", metavar="WHO", help="Who may send: nobody, or some of local,accounts,NETWORK.")
@click.option(
    "--address", "addresses", multiple=True, metavar="IP", help="With --host: its address in the DNS; several."
)
@click.option("--yes", "is_unasked", is_flag=True, help="Ask nothing: take the default for what no option says.")
def init(
    directory: Path | None,
    *,
    host: str | None,
    root: Path | None,
    hostname: str | None,
    domains: tuple[str, ...],
    target: str | None,
    submitters: str | None,
    addresses: tuple[str, ...],
    is_unasked: bool,
) -> None:
    """
    Make the configuration of a new server, and what it needs.

    Without --host it is a server for tests and development in DIRECTORY, by default ./empath.
    """
    given = _Given(hostname, domains, target, submitters, is_unasked)
    try:
        if host is None:
            if root is not None or addresses:
                raise UsageError("--root and --address are for --host")
            _make_development(directory or Path("empath"), given)
        else:
            if directory is not None:
                raise UsageError("a host has its files in fixed places: leave DIRECTORY out, or give --root")
            _make_host(_parsed(host, Domain.parse, "--host"), root or Path("/"), given, _addresses(addresses))
    except OSError as exc:
        if exc.filename is None:  # standard output
            raise
        raise CannotCreate(f"{exc.filename} cannot be made: {exc.strerror}") from exc


def _make_development(directory: Path, given: _Given) -> None:
    if directory.is_dir() and any(directory.iterdir()):
        raise UsageError(f"{directory} is not empty; name another directory")
    if not str(directory.absolute()).isprintable():
        raise UsageError(f"{str(directory)!r} has a character that a path of the configuration cannot have")
    answers = _answers(given, hostname="mail.example.test", domain="example.test")
    hold_sensible(answers, DEVELOPMENT)
    from empath.cli.self_signed import make_certificate  # noqa: PLC0415 - it loads cryptography

    made = make_certificate((str(answers.hostname), "localhost"))
    config = directory / "empath.toml"
    text = configuration(answers, DEVELOPMENT)
    _hold_valid(text, config)
    files = [
        _File(config, text.encode()),
        _File(directory / DEVELOPMENT.certificate, made.certificate),
        _File(directory / DEVELOPMENT.key, made.key, 0o600),
    ]
    # Who may write into pickup/ may send, and sees no mail of others; 3733 would be for all users.
    folders = {directory: 0o750, directory / "data": 0o750, directory / "tls": 0o750, directory / "pickup": 0o3730}
    _write(files, folders)
    _tell(f"made {config}, and a certificate for tests; it listens on 127.0.0.1:2525. Start it, send a mail, see it:")
    file = _typed(config)
    someone = f"you@{answers.domains[0] if answers.domains else answers.hostname}"
    click.echo(f"{_program('empathd')} -c {file} start")
    click.echo(f"printf 'Subject: hello\\n\\nHi!\\n' | {_program('empath-sendmail')} -C {file} {someone}")
    if answers.target is None:
        click.echo(f"cat {_typed(directory / DEVELOPMENT.maildir)}/new/*")
    else:
        click.echo(f"{_program('empath-admin')} -c {file} find --newer-than 1h")


def _make_host(domain: Domain, root: Path, given: _Given, addresses: tuple[str, ...]) -> None:
    answers = _answers(given, hostname=f"mx.{domain}", domain=str(domain))
    hold_sensible(answers, HOST)
    day = time.strftime("s%Y%m%d", time.gmtime())
    selectors = tuple(day + kind[0] for kind in _ALGORITHMS) if answers.domains else ()
    addresses = addresses or _own_addresses()
    has_ipv6 = any(":" in each for each in addresses)
    layout = replace(HOST, hosts=(*HOST.hosts, ANY_IPV6)) if has_ipv6 else HOST
    text = configuration(answers, layout, selectors)
    config = _hold_valid(text, Path(_CONFIG))
    keys = [*_keys(answers, selectors)]
    pair, public_key = _certificate(str(answers.hostname), root)
    files = [
        _File(_below(root, _CONFIG), text.encode()),
        *pair,
        *(_File(_below(root, f"{_KEYS}/{of}.{name}.key"), pem, 0o600) for name, of, pem, _ in keys),
        *_files_of_a_host(root),
    ]
    _write(files, {each.path.parent: 0o755 for each in files})
    zone = OwnZone(
        hostname=str(answers.hostname),
        domains=tuple(map(str, answers.domains)),
        addresses=addresses,
        keys=tuple((name, of, record) for name, of, _, record in keys),
        policies={name: table.policy for name, table in config.mta_sts.items()},
        dmarc_reports=next(map(str, config.dmarc_reports.receive), None),
        tls_reports=next(map(str, config.tls_reports.receive), None),
        sends_itself=answers.target is None or answers.is_lmtp,
        public_key=public_key,
    )
    for each in files:
        say(_NAME, f"made {each.path}")
    _tell("publish these records, then, as root:")
    for command in (
        "systemd-sysusers empath.conf && systemd-tmpfiles --create empath.conf",
        f"{_program('empathd')} -c {_CONFIG} check",
        "systemctl enable --now empath",
    ):
        _tell(f"  {command}")
    if _service_program().startswith(tuple(f"{home}/" for home in _HOMES)):
        _tell(f"the service may not use {_service_program()}, in the home of a user: install Empath into /opt/empath")
    for line in zone_lines(zone):
        click.echo(line)


@dataclass(frozen=True, slots=True)
class _Question(Generic[_T]):
    """What an option says, else a person, else the default. Shape: `parse` raises SyntaxViolation."""

    option: str
    words: str
    default: str
    parse: Callable[[str], _T]

    def answer(self, given: str | None, *, is_unasked: bool) -> _T:
        """The value; *given* is that of the option."""
        if given is not None or is_unasked:
            return _parsed(self.default if given is None else given, self.parse, self.option)
        return click.prompt(self.words, default=self.default, value_proc=self._parse_typed, err=True)

    def _parse_typed(self, text: str) -> _T:
        """A prompt asks again after this error."""
        try:
            return self.parse(text)
        except SyntaxViolation as exc:
            raise click.UsageError(str(exc)) from exc


def _answers(given: _Given, *, hostname: str, domain: str) -> Answers:
    """
    The options, the answers to questions about the rest, or with --yes the defaults.

    Raises:
        UsageError: something would be asked, and there is no terminal; or an option is wrong.
    """
    is_open = None in (given.hostname, given.target, given.submitters) or not given.domains
    if is_open and not given.is_unasked and not sys.stdin.isatty():
        options = "--hostname, --domain, --deliver and --submit"
        raise UsageError(f"init asks, and there is no terminal: add --yes, or all of {options}")
    where = f"Where mail goes: {MAILDIR}, smtp://HOST:PORT (a smarthost) or lmtp:/SOCKET"
    who = "Who may send to other domains: nobody, or some of local,accounts,NETWORK"
    names, given_names = (
        f"Domains it receives mail for, or {NO_DOMAIN}",
        ",".join(given.domains) if given.domains else None,
    )
    one, is_unasked = _Question, given.is_unasked
    return Answers(
        one("--hostname", "Name of this host", hostname, Domain.parse).answer(given.hostname, is_unasked=is_unasked),
        one("--domain", names, domain, _parse_domains).answer(given_names, is_unasked=is_unasked),
        one("--deliver", where, MAILDIR, parse_target).answer(given.target, is_unasked=is_unasked),
        one("--submit", who, "local", Submitters.parse).answer(given.submitters, is_unasked=is_unasked),
    )


def _parsed(text: str, parse: Callable[[str], _T], name: str) -> _T:
    try:
        return parse(text)
    except SyntaxViolation as exc:
        raise UsageError(f"{name}: {exc}") from exc


def _parse_domains(text: str) -> tuple[Domain, ...]:
    words = text.replace(",", " ").split()
    if words == [NO_DOMAIN]:
        return ()
    if not words or NO_DOMAIN in words:
        raise SyntaxViolation(f"give one or more domains, or {NO_DOMAIN} alone")
    return tuple(dict.fromkeys(map(Domain.parse, words)))


def _addresses(texts: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(str(_reachable(text)) for text in texts))
    except ValueError as exc:
        raise UsageError(f"--address: {exc}") from exc


def _reachable(text: str) -> IPv4Address | IPv6Address:
    """
    The address *text*, which other hosts may reach.

    Raises:
        ValueError: it is no address, or means something else on each host.
    """
    address = ip_address(text)
    if isinstance(address, IPv6Address):
        if address.scope_id is not None or address.is_link_local:
            raise ValueError(f"{text!r} is of one link, and has no place in the DNS")
        address = address.ipv4_mapped or address
    if address.is_unspecified or address.is_loopback or address.is_multicast or address.is_link_local:
        raise ValueError(f"{text!r} is no address at which other hosts reach this one")
    return address


def _own_addresses() -> tuple[str, ...]:
    """The addresses of the interfaces that hosts of the Internet may reach."""
    from empath.net.interfaces import read_addresses  # noqa: PLC0415 - for a host only

    try:
        found = read_addresses(is_lasting=True)
    except OSError:
        return ()
    return tuple(sorted((each for each in found if ip_address(each).is_global), key=lambda each: (":" in each, each)))


def _keys(answers: Answers, selectors: tuple[str, ...]) -> Iterator[tuple[str, str, bytes, str]]:
    """Selector, domain, file and record of each new key that signs mail."""
    from empath.authentication.key_record import Algorithm  # noqa: PLC0415 - it loads cryptography
    from empath.authentication.signing_key import SigningKey  # noqa: PLC0415 - it loads cryptography
    from empath.cli.admin.dkim_keys import RSA_BITS, new_key  # noqa: PLC0415 - it loads cryptography

    for domain in map(str, answers.domains):
        for selector, algorithm in zip(selectors, (Algorithm.RSA, Algorithm.ED25519), strict=True):
            pem = new_key(algorithm, RSA_BITS)
            yield selector, domain, pem, SigningKey.parse(pem).record


def _certificate(hostname: str, root: Path) -> tuple[list[_File], bytes]:
    """The files of a new certificate, none if there is one, and its public key."""
    from empath.cli.self_signed import make_certificate, public_key_of, read_public_key  # noqa: PLC0415 - slow to load

    path = _below(root, HOST.certificate)
    if path.exists():
        return [], read_public_key(path)
    made = make_certificate((hostname,))
    key = _File(_below(root, HOST.key), made.key, 0o600)
    return [_File(path, made.certificate), key], public_key_of(made.certificate, path)


def _files_of_a_host(root: Path) -> Iterator[_File]:
    """Those of the package in the wheel, with the path of this program; not those that a package of the system has."""
    folder = resources.files("empath").joinpath("conf")
    for name, (place, packaged) in _FILES_OF_A_HOST.items():
        if _below(root, packaged).exists():
            continue
        text = folder.joinpath(*name.split("/")).read_text(encoding="utf-8")
        yield _File(_below(root, place), text.replace(_INSTALLED, _service_program()).encode())


def _below(root: Path, place: str) -> Path:
    return root / place.lstrip("/")


def _hold_valid(text: str, file: Path) -> Any:
    """The configuration that *text* is; a mistake in it is one of this program, and no file is made."""
    return parse_config(text.encode(), str(file), str(file.parent.absolute()))


def _write(files: list[_File], folders: dict[Path, int]) -> None:
    """Make all of it, or nothing."""
    if there := [str(each.path) for each in files if os.path.lexists(each.path)]:
        raise CannotCreate(f"{there[0]} exists, and init writes over nothing; remove it or take another place")
    made: list[Path] = []
    try:
        for folder, mode in folders.items():
            made += _make_folder(folder, mode)
        for each in files:
            _make_file(each)
            made.append(each.path)
    except OSError:
        for path in reversed(made):
            path.rmdir() if path.is_dir() else path.unlink()
        raise


def _make_folder(folder: Path, mode: int) -> list[Path]:
    """Make *folder* and those above it; the new ones, from above."""
    new = [each for each in (*reversed(folder.parents), folder) if not each.is_dir()]
    for each in new:
        each.mkdir()
        each.chmod(mode)  # whatever the umask is
    return new


def _make_file(file: _File) -> None:
    fd = os.open(file.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, file.mode)
    try:
        with open(fd, "wb") as stream:
            os.fchmod(fd, file.mode)
            stream.write(file.octets)
            stream.flush()
            os.fsync(fd)
    except OSError:
        file.path.unlink()
        raise


def _typed(path: Path) -> str:
    """How a person names *path* in a shell; one that begins with "-" would be an option."""
    return shlex.quote(f"./{path}" if str(path).startswith("-") else str(path))


def _program(name: str) -> str:
    """How a shell finds the command *name*: by PATH, else next to this one."""
    if shutil.which(name) is not None:
        return name
    return shlex.quote(str(_neighbour(name)))


def _neighbour(name: str) -> Path:
    started = Path(sys.argv[0]).absolute().parent / name
    return started if started.is_file() else Path(sys.executable).parent / name


def _service_program() -> str:
    """The path of `empathd` for a service manager."""
    found = Path(sys.executable).parent / _NAME
    return str(found) if found.is_file() else _INSTALLED


def _tell(words: str) -> None:
    say(_NAME, words)
