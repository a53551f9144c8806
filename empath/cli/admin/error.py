"""error - what a code behind a message means: the page of one refusal, or the list of all"""

import textwrap
from collections.abc import Iterator
from typing import Final

import click

from empath.config import refusals as program
from empath.errors import MissingInput
from empath.storage.refusals import WHY, Refusal, codes, refusal_of, view_takes

_WIDTH: Final = 100


@click.command()
@click.argument("code", required=False)
def error(code: str | None) -> None:
    """Explain the CODE behind a refusal. Without one, list all codes."""
    if code is None:
        for each, sentence in sorted(_all()):
            click.echo(f"{each}  {sentence}")
        return
    wanted = code.strip("[]").upper()
    if found := refusal_of(wanted):
        click.echo("\n".join(page(wanted, found)))
    elif own := program.refusals().get(wanted):
        click.echo("\n".join(page_of(own)))
    else:
        raise MissingInput(f"no code {code}; `empath-admin error` lists all")


def _all() -> Iterator[tuple[str, str]]:
    """Each code with each of its sentences."""
    for sentence, code in codes().items():
        yield code, sentence
    for each in program.refusals().values():
        for sentence in each.sentences:
            yield each.code, sentence


def page(code: str, refusal: Refusal) -> list[str]:
    """The lines that explain one refusal of a view: what was refused, why, and what to do."""
    views = list(dict.fromkeys(view for view, _ in refusal.views))
    parts = [refusal.sentence, "", f"Why: {WHY[refusal.area]}"]
    if refusal.views:
        asked = "; ".join(f"{statement} on {view}" for view, statement in refusal.views)
        parts += ["", f"Refused: {asked}. Nothing was changed."]
    else:
        parts += ["", "Refused whatever the view or table is by which it was asked for. Nothing was changed."]
    parts += [line for view in views for line in ("", f"The view {view}: {view_takes(view)}")]
    parts += ["", f"More: docs/errors.md, docs/sql.md{f'#{views[0]}' if len(views) == 1 else ''}"]
    return [code, *_wrapped(parts)]


def page_of(refusal: program.Refusal) -> list[str]:
    """The same for one of the program."""
    parts = [*refusal.sentences, "", f"Why: {refusal.why}", "", f"What to do: {refusal.remedy}"]
    return [refusal.code, *_wrapped([*parts, "", f"More: docs/error-codes.md#{refusal.code.lower()}"])]


def _wrapped(parts: list[str]) -> list[str]:
    return [line for part in parts for line in textwrap.wrap(part, _WIDTH) or [""]]


VERBS: Final = (error,)
