"""
man - the manual pages, written from the commands, the table of settings and the views

`python -m tests.docs.reference.man FOLDER`, or `make man`, writes them: empathd(8), empath-admin(8),
empath-sendmail(8), empath.toml(5) and empath-sql(7). The day in their heads is that of SOURCE_DATE_EPOCH, so that the
same commit gives the same pages. The macros are those of man(7), which groff and mandoc both read.
"""

import datetime
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import click

from empath import __version__
from empath.cli.admin.__main__ import admin
from empath.cli.admin.verbs import SECTIONS
from empath.cli.empathd import empathd
from empath.cli.sendmail import sendmail
from empath.cli.sql import sql
from tests.docs.pages import rows
from tests.docs.reference.settings import destination_settings, sections
from tests.docs.reference.views import views

_WIDTH: Final = 78  # a line of the source; mandoc remarks on more than 80 octets
_ESCAPES: Final = {  # characters with a meaning, or another look, in roff
    "\\": "\\e", "-": "\\-", '"': "\\(dq", "'": "\\(aq", "^": "\\(ha", "~": "\\(ti", "`": "\\(ga"
}  # fmt: skip
_PAGES: Final = ("empathd(8)", "empath-admin(8)", "empath-sendmail(8)", "empath-sql(7)", "empath.toml(5)")
_FILES: Final = (
    ("/etc/empath/empath.toml", "The configuration."),
    ("/var/lib/empath/queue.db", "The queue, a database of SQLite, with its other files and spool/ next to it."),
    ("/var/log/empath/empath.log", "The log."),
    ("/run/empath/empathd.pid", "The pid of the supervisor."),
)
_CONFIGURATION: Final = (("EMPATH_CONFIG", "The configuration, where no option names it."),)


def pages(date: str) -> dict[str, str]:
    """The text of each page, by the name of its file; *date* is that in their heads, as in 2026-11-30."""
    made: dict[str, Callable[[], Iterator[str]]] = {
        "empathd.8": _empathd,
        "empath-admin.8": _empath_admin,
        "empath-sendmail.8": _empath_sendmail,
        "empath-sql.7": _empath_sql,
        "empath.toml.5": _empath_toml,
    }
    return {name: "\n".join([*_head(name, date), *body(), *_also(name)]) + "\n" for name, body in made.items()}


def _head(name: str, date: str) -> Iterator[str]:
    title, _, section = name.rpartition(".")
    yield '.\\" Made from the source by `make man`.'
    yield f'.TH {title.upper()} {section} {date} "Empath {__version__}" "Empath manual"'


def _also(name: str) -> Iterator[str]:
    title, _, section = name.rpartition(".")
    yield ".SH SEE ALSO"
    others = [page for page in _PAGES if page != f"{title}({section})"]
    ordered = sorted(others, key=lambda page: (page[-2], page))  # as mandoc wants it
    for place, page in enumerate(ordered):
        text, _, number = page.partition("(")
        yield f".BR {_escaped(text)} ({number}{',' if place < len(ordered) - 1 else ''}"


def _empathd() -> Iterator[str]:
    yield from _named("empathd", "start, stop and ask the Empath mail server")
    yield from _synopsis("empathd", "[-c FILE] VERB [OPTION]...")
    yield ".SH DESCRIPTION"
    yield from _paragraphs(
        "Empath receives mail by SMTP, keeps it in an SQLite queue and passes it on. `empathd` makes its configuration,"
        " starts and stops it, and says whether it runs. The configuration is named before or after the verb, or by the"
        " environment."
    )
    yield ".SH VERBS"
    for verb in empathd.commands.values():
        yield from _command(verb)
    yield from _environment(_CONFIGURATION)
    yield from _exit_codes()
    yield from _listed("FILES", _FILES)


def _empath_admin() -> Iterator[str]:
    yield from _named("empath-admin", "see and steer the mail queue of Empath")
    yield from _synopsis("empath-admin", "[-c FILE] VERB [OPTION]...")
    yield ".SH DESCRIPTION"
    yield from _paragraphs(
        "Every verb works on the queue itself, whether or not the server runs; a running server sees a change within"
        " half a second. Results go to standard output, messages about them to standard error. `--json` gives an object"
        " a line."
    )
    for title, names in SECTIONS.items():
        yield f".SH {_escaped(title.upper())}"
        for name in names:
            yield from _command(admin.verb(name))
    yield from _environment(_CONFIGURATION)
    yield from _exit_codes()
    yield from _listed("FILES", _FILES)


def _empath_sendmail() -> Iterator[str]:
    yield from _named("empath-sendmail", "leave a message for the Empath mail server, as sendmail does")
    yield from _synopsis("empath-sendmail", "[OPTION]... [RECIPIENT]...")
    yield ".SH DESCRIPTION"
    yield from _paragraphs(
        "Programs of this host send by it. The message is durable when the command ends with 0, also while the server"
        " is stopped. Called as `mailq` it lists the queue; called as `newaliases` it says that there is nothing to"
        " build."
    )
    yield ".SH OPTIONS"
    yield from _options(sendmail)
    yield from _environment((("EMPATH_CONFIG", "The configuration. Default: /etc/empath/empath.toml."),))
    yield from _exit_codes()


def _empath_sql() -> Iterator[str]:
    yield from _named("empath-sql", "the queue of Empath in SQL: the command, and the views")
    yield from _synopsis("empath-sql", "[-c FILE] [--write] [OPTION|STATEMENT]...")
    yield ".SH DESCRIPTION"
    yield from _paragraphs(sql.help or "")
    yield from _paragraphs(
        "The names of tables begin with an underscore and may change. The views below are the interface: they keep"
        " their columns, and those that can be changed say so.",
        is_first=False,
    )
    yield ".SH OPTIONS"
    yield from _options(sql)
    yield ".SH VIEWS"
    for view in views():
        yield f".SS {_escaped(view.name)}"
        yield from _paragraphs(view.doc)
        for name, meaning in view.columns:
            yield from _item(name, meaning)
    yield from _environment(_CONFIGURATION)


def _empath_toml() -> Iterator[str]:
    yield from _named("empath.toml", "the configuration of the Empath mail server")
    yield ".SH DESCRIPTION"
    yield from _paragraphs(
        "One TOML file holds the whole configuration. `empathd check` reports each mistake with its line;"
        " `empathd init` writes a first file."
    )
    yield from _paragraphs(
        'Durations have units ("90s", "4h", "1h30m", "5d"), sizes too ("256KiB", "50MiB"). A rate is a number and a'
        ' duration ("100/1m"). Relative paths are relative to the directory of the file.',
        is_first=False,
    )
    for section in sections():
        name = f"[[{section.key}]]" if section.is_list else f"[{section.key}]"
        yield f".SH {_escaped(name) if section.key else 'SETTINGS ABOVE ALL TABLES'}"
        if section.doc:
            yield from _paragraphs(section.doc)
        for each in destination_settings() if section.key == "destinations" else section.settings:
            value = "required" if each.is_required else f"default {each.default}" if each.default else "not set"
            example = f"; for example {each.example}" if each.example else ""
            yield from _item(f"{each.key}", f"({each.kind}; {value}{example}) {each.doc}")


def _named(name: str, meaning: str) -> Iterator[str]:
    yield ".SH NAME"
    yield f"{_escaped(name)} \\- {_escaped(meaning)}"


def _synopsis(name: str, arguments: str) -> Iterator[str]:
    yield ".SH SYNOPSIS"
    yield f".B {_escaped(name)}"
    yield _escaped(arguments)


def _environment(variables: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield from _listed("ENVIRONMENT", variables)


def _exit_codes() -> Iterator[str]:
    codes = [(row[0], row[2]) for row in rows("docs/exit-codes.md") if row[0].isdigit()]
    yield from _listed("EXIT STATUS", [(code, f"{meaning[:1].upper()}{meaning[1:]}.") for code, meaning in codes])


def _listed(title: str, items: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield f".SH {title}"
    for name, meaning in items:
        yield from _item(name, meaning)


def _command(command: click.Command, above: str = "") -> Iterator[str]:
    """A verb with its options; a group with its verbs."""
    name = f"{above}{command.name}"
    context = click.Context(command, info_name=name)
    arguments = [piece for piece in command.collect_usage_pieces(context) if piece != "[OPTIONS]"]
    yield f".SS {_escaped(' '.join([name, *arguments]))}"
    yield from _paragraphs(command.help or "")
    if isinstance(command, click.Group):
        for each in command.commands.values():
            yield from _command(each, f"{name} ")
    else:
        yield from _options(command)


def _options(command: click.Command) -> Iterator[str]:
    context = click.Context(command)
    for parameter in command.params:
        record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
        if record is not None and parameter.name not in ("config", "help", "version"):
            yield from _item(*record)


def _item(name: str, meaning: str) -> Iterator[str]:
    yield ".TP"
    yield f".B {_escaped(name)}"
    yield from _filled(meaning)


def _paragraphs(text: str, *, is_first: bool = True) -> Iterator[str]:
    """The paragraphs of *text*; the first one after a heading has no request of its own."""
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        if not is_first:
            yield ".PP"
        is_first = False
        yield from _filled(paragraph)


def _filled(text: str) -> Iterator[str]:
    """Lines of running text: each sentence begins one, as man pages are kept."""
    for sentence in re.split(r"(?<=[.:?])\s+(?=[^a-z])", " ".join(_plain(text).split())):
        line = ""
        for word in _marked(sentence).split(" "):
            if line and len(line) + 1 + len(word) > _WIDTH:
                yield _not_a_request(line)
                line = word
            else:
                line = f"{line} {word}" if line else word
        yield _not_a_request(line)


def _plain(text: str) -> str:
    """Markdown without links."""
    return re.sub(r"\[([^\]\[]*)\]\([^)\s]+\)", r"\1", text).replace("\\|", "|").replace("\\*", "*")


def _marked(text: str) -> str:
    """*text* as roff, what Markdown marks as code in bold. A single mark is dropped."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return _escaped(text.replace("`", ""))
    return "".join(f"\\fB{_escaped(part)}\\fR" if place % 2 else _escaped(part) for place, part in enumerate(parts))


def _escaped(text: str) -> str:
    """*text* as roff: nothing in it is an escape, and a hyphen is the character that is typed."""
    return "".join(_ESCAPES.get(each) or (each if each.isascii() else f"\\[u{ord(each):04X}]") for each in text)


def _not_a_request(line: str) -> str:
    return f"\\&{line}" if line.startswith(".") else line


def write(folder: Path) -> None:
    """Write the pages into *folder*."""
    instant = int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))
    date = datetime.datetime.fromtimestamp(instant, datetime.UTC).strftime("%Y-%m-%d")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages(date).items():
        (folder / name).write_text(text, encoding="ascii")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
