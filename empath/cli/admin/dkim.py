"""
dkim - the keys that sign mail: made, published, followed by others

A key in the queue waits until the DNS has its record, signs, and is retired when another one of its algorithm signs.
Its record must stay for as long as mail that it has signed may be on its way.
"""

import dataclasses
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from empath.cli.admin import output
from empath.cli.admin.dns_answers import resolver
from empath.cli.admin.options import ParsedType, json_option, wait_option, who, yes_option
from empath.cli.admin.output import NAME, Column
from empath.cli.common import (
    FINDINGS,
    INTERRUPTED,
    config_option,
    configuration,
    lenient_configuration,
    open_queue,
    say,
)
from empath.config import Config
from empath.config.fields import parse_selector
from empath.errors import CannotCreate, EmpathError, MissingInput, ServiceUnavailable, SyntaxViolation, UsageError
from empath.mail.domain import Domain
from empath.mail.lookup import Absent, Failed, Kind, LookupAnswer, Question, Texts
from empath.mail.words import count, instant
from empath.policy.own_zone import txt_line
from empath.storage.admin import dkim_keys as storage
from empath.storage.admin.records import DkimKey
from empath.storage.admin.snapshot import carry_out

if TYPE_CHECKING:
    from empath.authentication.key_record import Algorithm

_COLUMNS: Final = (
    *(Column("DOMAIN", 0, 20), Column("SELECTOR", 0, 12), Column("ALGORITHM", 1), Column("STATE"), Column("SINCE", 2)),
    Column("DNS", 0, 20),
)
PUBLISHED: Final = "published"
UNANSWERED: Final = "look-up failed: "  # begins what is seen of a record about which the DNS is silent
IN_FILE: Final = "file"  # state of a key that [dkim.sign] names
_WITHIN_S: Final = 5.0
_OVERLAP_S: Final = 7 * 86_400.0  # mail may be on its way for so long
_LETTER: Final = {"rsa": "r", "ed25519": "e"}
_DOMAIN: Final = ParsedType("domain", lambda text: str(Domain.parse(text)))
_SELECTOR: Final = ParsedType("selector", parse_selector)
_domain_argument: Final = click.argument("domain", type=_DOMAIN)
_optional_domain: Final = click.argument("domain", type=_DOMAIN, required=False, metavar="[DOMAIN]")
_algorithm_option: Final = click.option(
    "--algorithm",
    type=click.Choice(["both", "rsa", "ed25519"]),
    default="both",
    help="Kind of the key. Default: one of each, for receivers that do not know Ed25519.",
)
_bits_option: Final = click.option(
    "--bits", type=click.Choice(["1024", "2048", "3072", "4096"]), default="2048", help="Length of RSA. Default: 2048."
)


@click.group()
def dkim() -> None:
    """See and change the keys that sign mail."""


@dkim.command("generate")
@config_option()
@_domain_argument
@click.option("--selector", type=_SELECTOR, metavar="NAME", help="Name of the key. Default: s, the day, and r or e.")
@_algorithm_option
@_bits_option
@click.option("--to-file", is_flag=True, help="Write files into the directory of [dkim] keys, not rows of the queue.")
@wait_option
@click.pass_context
def generate(
    context: click.Context,
    *,
    domain: str,
    selector: str | None,
    algorithm: str,
    bits: str,
    to_file: bool,
    wait_s: float,
) -> None:
    """Make keys that sign mail of DOMAIN, and print their records."""
    kinds = ["rsa", "ed25519"] if algorithm == "both" else [algorithm]
    if selector is not None and len(kinds) > 1:
        raise UsageError("one selector is for one key: give --algorithm, too")
    day = time.strftime("s%Y%m%d", time.gmtime())
    named = [(selector or day + _LETTER[kind], kind) for kind in kinds]
    config = configuration(context)[1] if to_file else lenient_configuration(context)
    made = [(name, _new(kind, int(bits))) for name, kind in named]
    if to_file:
        _write_files(config, domain, made)
    else:
        change = storage.AddDkimKeys(domain, made, who=who(), now=time.time())
        carry_out(open_queue(config), change, deadline_s=wait_s)
    for name, pem in made:
        click.echo(_zone_line(domain, name, _record_of(pem)))
    if to_file:
        listed = ", ".join(f'"{name}"' for name, _ in made)
        say(NAME, f'publish these, then sign with the keys: [dkim.sign] "{domain}" = [{listed}]')
    else:
        say(NAME, f"publish these; `empath-admin dkim check {domain}` then has the keys sign")


@dkim.command("rotate")
@config_option()
@_domain_argument
@_bits_option
@wait_option
@click.pass_context
def rotate(context: click.Context, domain: str, bits: str, wait_s: float) -> None:
    """
    Make a successor for each key that signs mail of DOMAIN.

    It waits until its record is in the DNS and `dkim check` has found it. Until then the old key signs.
    """
    config = lenient_configuration(context)
    engine = open_queue(config)
    known = [key for key in storage.all_dkim_keys(engine) if key.domain == domain]
    if waiting := [key.selector for key in known if key.state == "waiting"]:
        words = f"{domain} has keys that wait for their records: {' '.join(waiting)}"
        raise UsageError(f"{words}; publish them, then `empath-admin dkim check {domain}`, or `dkim remove` them")
    kinds = dict.fromkeys(_kind(key.algorithm) for key in known if key.state == "signing")
    if not kinds and any(file.domain == domain for file in config.dkim.files):
        words = f"the keys of {domain} are files: make new ones by `empath-admin dkim generate --to-file {domain}`"
        raise UsageError(f"{words}, publish them, and name them in [dkim.sign] in place of the others")
    if not kinds:
        raise MissingInput(f"no key in the queue signs mail of {domain}; `empath-admin dkim generate` makes one")
    taken = {key.selector for key in known}
    made = [(_free(kind, taken), _new(kind, int(bits))) for kind in kinds]
    carry_out(engine, storage.AddDkimKeys(domain, made, who=who(), now=time.time()), deadline_s=wait_s)
    for name, pem in made:
        click.echo(_zone_line(domain, name, _record_of(pem)))
    say(NAME, f"publish these; `empath-admin dkim check {domain}` then has them sign in place of the others")


@dkim.command("list")
@config_option()
@_optional_domain
@json_option("One JSON object for each key, a line each.")
@click.pass_context
def list_(context: click.Context, domain: str | None, is_json: bool) -> None:
    """List the keys, without their private parts."""
    found = keys_of(lenient_configuration(context), domain)
    if is_json:
        for each in found:
            output.write_json(each)
        return
    if found:
        output.write_table(_COLUMNS[:-1], [_row(key) for key in found])
    say(NAME, count(len(found), "key"))


@dkim.command("record")
@config_option()
@_domain_argument
@click.argument("selector", type=_SELECTOR, required=False, metavar="[SELECTOR]")
@click.pass_context
def record(context: click.Context, domain: str, selector: str | None) -> None:
    """
    Print the records of the keys of DOMAIN, as lines of a zone.

    With SELECTOR, that of one key.
    """
    found = [key for key in keys_of(lenient_configuration(context), domain) if selector in (None, key.selector)]
    if not found:
        raise MissingInput(f"no such key of {domain}; `empath-admin dkim list` shows all")
    for key in found:
        click.echo(_zone_line(key.domain, key.selector, key.record))


@dkim.command("check")
@config_option()
@_optional_domain
@click.option("--only-look", is_flag=True, help="Change nothing: no key begins to sign.")
@json_option("One JSON object for each key, a line each.")
@wait_option
@click.pass_context
def check(context: click.Context, *, domain: str | None, only_look: bool, is_json: bool, wait_s: float) -> None:
    """
    Compare the keys with their records in the DNS.

    A key that waits begins to sign once its record is there, in place of others of its algorithm. Exits with 4 if a key
    signs whose record is not there, or is another, and with 69 if the DNS is silent about one that signs.
    """
    _, config = configuration(context)
    found = keys_of(config, domain)
    if domain is not None and not found:
        raise MissingInput(f"no key of {domain}; `empath-admin dkim list` shows all")
    seen = records_seen(config, found)
    ready = [key for key in found if key.state == "waiting" and seen[record_name(key)] == PUBLISHED]
    if ready and not only_look:
        carry_out(open_queue(config), storage.BeginSigning(ready, who=who()), deadline_s=wait_s)
        found = [key for key in keys_of(config, domain) if record_name(key) in seen]
    if is_json:
        for each in found:
            output.write_json({**dataclasses.asdict(each), "dns": seen[record_name(each)]})
    elif found:
        output.write_table(_COLUMNS, [(*_row(key), seen[record_name(key)]) for key in found])
    for key in ready if not only_look else ():
        # Of two that begin at once, the one that was made later signs.
        is_followed = any(record_name(each) == record_name(key) and each.state == "retired" for each in found)
        fate = "is published, but another key of its algorithm signs" if is_followed else "signs now"
        say(NAME, f"{key.selector} of {key.domain} {fate}")
    for key in found:
        if key.state == "retired" and time.time() - key.since_at > _OVERLAP_S:
            say(NAME, f"{key.selector} of {key.domain} was retired a week ago: remove its record, then the key")
    say(NAME, count(len(found), "key"))
    doubtful = {seen[record_name(key)] for key in found if key.state in (IN_FILE, "signing")} - {PUBLISHED}
    if any(not words.startswith(UNANSWERED) for words in doubtful):
        context.exit(FINDINGS)
    if doubtful:
        raise ServiceUnavailable("the DNS gave no answer about keys that sign; try again, or see [dns] nameservers")


@dkim.command("remove")
@config_option()
@_domain_argument
@click.argument("selector", type=_SELECTOR)
@wait_option
@yes_option
@click.pass_context
def remove(context: click.Context, domain: str, selector: str, wait_s: float, is_sure: bool) -> None:
    """Remove the key SELECTOR of DOMAIN from the queue. Nobody can sign with it again."""
    config = lenient_configuration(context)
    if not is_sure and not sys.stdin.isatty():
        raise UsageError("remove asks before it acts, and there is no terminal: add --yes")
    if not is_sure and not click.confirm(f"{NAME}: remove the key {selector} of {domain}?", err=True):
        say(NAME, "nothing was changed")
        context.exit(INTERRUPTED)
    try:
        carry_out(open_queue(config), storage.RemoveDkimKey(domain, selector, who=who()), deadline_s=wait_s)
    except MissingInput as exc:
        for file in config.dkim.files:
            if (file.domain, file.selector) == (domain, selector):
                words = f"the key {selector} of {domain} is a file: take it out of [dkim.sign], reload"
                raise UsageError(f"{words}, and remove {file.path}") from exc
        raise
    click.echo(f"removed {selector} of {domain}")


def keys_of(config: Config, domain: str | None) -> list[DkimKey]:
    """The keys of the files that this user can read, and those in the queue."""
    found = [*keys_of_files(config), *storage.all_dkim_keys(open_queue(config))]
    return [key for key in found if domain in (None, key.domain)]


def keys_of_files(config: Config) -> Iterator[DkimKey]:
    """The keys of [dkim.sign] that this user can read; a line on standard error about each other one."""
    from empath.authentication.signing_key import SigningKey  # noqa: PLC0415 - it loads cryptography

    for file in config.dkim.files:
        try:
            key = SigningKey.parse(file.path.read_bytes())
            since = file.path.stat().st_mtime
        except OSError as exc:
            say(NAME, f"{file.path} cannot be read: {exc.strerror}")
        except SyntaxViolation as exc:
            say(NAME, f"{file.path}: {exc}")
        else:
            yield DkimKey(file.domain, file.selector, str(key.algorithm), IN_FILE, since, key.record)


def record_name(key: DkimKey) -> str:
    """The name of its record in the DNS."""
    return f"{key.selector}._domainkey.{key.domain}"


def records_seen(config: Config, keys: Sequence[DkimKey]) -> dict[str, str]:
    """What the DNS has of each key, in words, by the name of its record."""
    questions = [Question(record_name(key), Kind.TXT) for key in keys]
    answers = resolver(config).look_up(questions, _WITHIN_S) if questions else []
    return {record_name(key): _words(key, answer) for key, answer in zip(keys, answers, strict=True)}


def _words(key: DkimKey, answer: LookupAnswer) -> str:
    match answer:
        case Texts(records):
            return _compared(key, records)
        case Absent(why):
            return f"no record ({why})"
        case Failed(why):
            return f"{UNANSWERED}{why}"
        case _:
            return "no record"


def _compared(key: DkimKey, records: Sequence[str]) -> str:
    from empath.authentication.key_record import Algorithm, parse_key  # noqa: PLC0415 - it loads cryptography

    algorithm = Algorithm(key.algorithm)
    own = parse_key(key.record, algorithm).key
    why = "another key"
    for text in records:
        try:
            if parse_key(text, algorithm).key == own:
                return PUBLISHED if len(records) == 1 else "published, with other records beside it"
        except SyntaxViolation as exc:
            why = str(exc)
    return why


def _row(key: DkimKey) -> tuple[object, ...]:
    return (key.domain, key.selector, key.algorithm, key.state, instant(key.since_at))


def _kind(algorithm: str) -> str:
    return algorithm.partition("-")[0]


def _free(kind: str, taken: set[str]) -> str:
    """A selector of today that is not taken."""
    name = time.strftime("s%Y%m%d", time.gmtime()) + _LETTER[kind]
    return next(each for number in range(1_000) if (each := f"{name}{number or ''}") not in taken)


def _algorithm(kind: str) -> "Algorithm":
    from empath.authentication.key_record import Algorithm  # noqa: PLC0415 - it loads cryptography

    return Algorithm.RSA if kind == "rsa" else Algorithm.ED25519


def _new(kind: str, bits: int) -> bytes:
    from empath.cli.admin.dkim_keys import new_key  # noqa: PLC0415 - it loads cryptography

    return new_key(_algorithm(kind), bits)


def _record_of(pem: bytes) -> str:
    from empath.authentication.signing_key import SigningKey  # noqa: PLC0415 - it loads cryptography

    return SigningKey.parse(pem).record


def _zone_line(domain: str, selector: str, text: str) -> str:
    return txt_line(f"{selector}._domainkey.{domain}", text)


def _write_files(config: Config, domain: str, made: Sequence[tuple[str, bytes]]) -> None:
    """Write keys that only their owner can read. A file that is there stays."""
    folder = config.dkim.keys
    if folder is None:
        raise UsageError("no directory for the files: set [dkim] keys")
    written: list[Path] = []
    try:
        for selector, pem in made:
            path = folder / f"{domain}.{selector}.key"
            _write_file(path, pem)
            written.append(path)
    except EmpathError:
        for path in written:  # nobody has seen its record
            path.unlink(missing_ok=True)
        raise


def _write_file(path: Path, octets: bytes) -> None:
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as exc:
        raise UsageError(f"{path} exists; take another selector") from exc
    except FileNotFoundError as exc:
        words = f"there is no directory {path.parent}, which [dkim] keys names"
        raise CannotCreate(f"{words}; make it: mkdir -m 700 {path.parent}") from exc
    except OSError as exc:
        raise CannotCreate(f"{path} cannot be written: {exc.strerror}") from exc
    try:
        with open(fd, "wb") as file:
            file.write(octets)
            file.flush()
            os.fsync(fd)
    except OSError as exc:
        path.unlink(missing_ok=True)
        raise CannotCreate(f"{path} cannot be written: {exc.strerror}") from exc


VERBS: Final = (dkim,)
