"""import_postfix - import-postfix: a configuration of Postfix as one of Empath, and what it leaves to a person"""

import os
from pathlib import Path
from typing import Final

import click

from empath.cli.admin.output import NAME
from empath.cli.common import examples, say
from empath.config.load import read_file
from empath.config.postfix.source import Postfix
from empath.config.postfix.translate import ALIASES, Translation, translate
from empath.errors import CannotCreate, MissingInput, UsageError
from empath.net.interfaces import read_addresses

_HOME: Final = Path("/etc/postfix")
_MOST_OCTETS: Final = 16 * 2**20


@click.command(
    "import-postfix",
    short_help="Translate a configuration of Postfix.",
    epilog=examples("empath-admin import-postfix /etc/postfix/main.cf", "empath-admin import-postfix old/main.cf new"),
)
@click.argument("main_cf", metavar="MAIN.CF", type=click.Path(path_type=Path))
@click.argument(
    "directory", metavar="[DIR]", required=False, default="empath-from-postfix", type=click.Path(path_type=Path)
)
def import_postfix(main_cf: Path, directory: Path) -> None:
    """
    Translate a configuration of Postfix.

    Reads main.cf, and what is beside it: master.cf, and the tables that are text. Writes empath.toml, further files
    that it names, and the commands that make the aliases into DIR, a new directory, by default empath-from-postfix.
    Prints each setting that has no counterpart, with its line and the reason.
    """
    if directory.is_dir() and any(directory.iterdir()):
        raise UsageError(f"{directory} is not empty; name another directory")
    files = _Files(main_cf.parent)
    main = files.must_read(main_cf)
    postfix = Postfix.parse(main, files.read(str(_HOME / "master.cf")) or "", files.read, os.uname().nodename)
    has_ipv6 = any(":" in each for each in read_addresses())
    made = translate(postfix, os.path.realpath(directory), has_ipv6=has_ipv6)
    _write(made, directory)
    for told in made.told:
        click.echo(str(told))
    file = directory / "empath.toml"
    say(NAME, f"made {file}; what is left to you: {len(made.told) or 'nothing'}")
    if ALIASES in made.files:
        say(NAME, f"aliases are rows of the queue: once `empathd check` has made it, {ALIASES} adds them")
    say(NAME, "look at it, move the files to /etc/empath, then: empathd -c /etc/empath/empath.toml check")


class _Files:
    """The files beside main.cf, by the paths that a configuration in /etc/postfix has."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._is_home = os.path.realpath(directory) == str(_HOME)

    def must_read(self, path: Path) -> str:
        """
        The text of one file.

        Raises:
            MissingInput: it is not there, or cannot be read.
        """
        try:
            return _text(path)
        except OSError as exc:
            raise MissingInput(f"{path} cannot be read: {exc.strerror}; name main.cf of a Postfix") from exc

    def read(self, path: str) -> str | None:
        """
        The text of the file that a configuration names, or None.

        A file below /etc/postfix, or one of its name, is looked for beside main.cf. Another one counts only if main.cf
        is that of this host: a copy from elsewhere means files from there.
        """
        named = Path(path)
        below = named.relative_to(_HOME) if named.is_relative_to(_HOME) else Path(named.name)
        places = [self._directory / below, self._directory / named.name]
        if not named.is_absolute():
            places.insert(0, self._directory / named)
        elif self._is_home:
            places.insert(0, named)
        for place in places:
            try:
                return _text(place)
            except (OSError, ValueError):
                continue
        return None


def _text(path: Path) -> str:
    octets = read_file(path, _MOST_OCTETS + 1)
    if len(octets) > _MOST_OCTETS:
        raise OSError(0, "it is larger than 16 MiB")
    return octets.decode(errors="replace")


def _write(made: Translation, directory: Path) -> None:
    files = {"empath.toml": made.text, **made.files}
    try:
        directory.mkdir(mode=0o750, parents=True, exist_ok=True)
        for name, text in {**files, **made.secrets}.items():
            mode = 0o600 if name in made.secrets else 0o644
            with open(
                os.open(directory / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8"
            ) as file:
                file.write(text)
    except OSError as exc:
        raise CannotCreate(f"{exc.filename or directory} cannot be made: {exc.strerror}") from exc


VERBS: Final = (import_postfix,)
