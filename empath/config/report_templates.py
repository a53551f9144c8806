"""
report_templates - the directory with the words of reports

`failure.txt`, `delay.txt` and `success.txt` are for everyone, `failure.de.txt` is for senders who read German.  A file
that cannot be used is left out and named: no report waits for a person who corrects it.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from empath.config.places import Account, obstacle_to_file
from empath.errors import SyntaxViolation
from empath.message.report.facts import ReportKind
from empath.message.report.template import MAX_OCTETS, ReportTemplate, TemplateSet

_NAME: Final = re.compile(rf"({'|'.join(ReportKind)})(?:\.([A-Za-z]{{2,8}}(?:-[A-Za-z0-9]{{1,8}})*))?\.txt")


class ReportTemplates(NamedTuple):
    """The templates that can be used, and a line for each file that cannot, `file:line: reason` or `file: reason`."""

    usable: TemplateSet
    faults: tuple[str, ...]


def read_report_templates(directory: Path | None, account: Account | None = None) -> ReportTemplates:
    """Read the files of *directory*; with *account*, those that it may not read are faults."""
    templates: dict[tuple[ReportKind, str], ReportTemplate] = {}
    faults = []
    try:
        for file, kind, language in _files(directory) if directory is not None else ():
            try:
                templates[kind, language] = read_report_template(file, account)
            except SyntaxViolation as exc:
                faults.append(str(exc))
    except SyntaxViolation as exc:
        faults.append(str(exc))
    return ReportTemplates(TemplateSet(templates), tuple(faults))


def _files(directory: Path) -> Iterator[tuple[Path, ReportKind, str]]:
    try:
        files = sorted(directory.iterdir())
    except OSError as exc:
        raise SyntaxViolation(f"{directory}: {exc.strerror}") from exc
    for file in files:
        match = _NAME.fullmatch(file.name)
        if match is not None:
            yield file, ReportKind(match[1]), (match[2] or "").lower()


def read_report_template(file: Path, account: Account | None = None) -> ReportTemplate:
    """
    Read one template, also from elsewhere.

    Raises:
        SyntaxViolation: it is not a template, or cannot be read, by *account* if that is given.
    """
    obstacle = None if account is None else obstacle_to_file(file, account)
    if obstacle is not None:
        raise SyntaxViolation(f"{file}: {obstacle}")
    try:
        with file.open("rb") as opened:
            octets = opened.read(MAX_OCTETS + 1)
    except OSError as exc:
        raise SyntaxViolation(f"{file}: {exc.strerror}") from exc
    return ReportTemplate.parse(octets, str(file))
