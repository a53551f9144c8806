"""error - what a code behind a message means: the page of one refusal, or the list of all"""

import textwrap
from typing import Final

import click

from empath.errors import MissingInput
from empath.storage.refusals import WHY, Refusal, codes, refusal_of, view_takes

_WIDTH: Final = 100


@click.command()
@click.argument("code", required=False)
def error(code: str | None) -> None:
    """Explain the CODE behind a refusal. Without one, list all codes."""
    if code is None:
        for sentence, each in sorted(codes().items(), key=lambda pair: pair[1]):
            click.echo(f"{each}  {sentence}")
        return
    found = refusal_of(code)
    if found is None:
        raise MissingInput(f"no code {code}; `empath-admin error` lists all")
    click.echo("\n".join(page(code.upper(), found)))


def page(code: str, refusal: Refusal) -> list[str]:
    """The lines that explain one refusal: what was refused, why, and what to do."""
    views = list(dict.fromkeys(view for view, _ in refusal.views))
    parts = [refusal.sentence, "", f"Why: {WHY[refusal.area]}"]
    if refusal.views:
        asked = "; ".join(f"{statement} on {view}" for view, statement in refusal.views)
        parts += ["", f"Refused: {asked}. Nothing was changed."]
    else:
        parts += ["", "Refused whatever the view or table is by which it was asked for. Nothing was changed."]
    parts += [line for view in views for line in ("", f"The view {view}: {view_takes(view)}")]
    parts += ["", f"More: docs/errors.md, docs/sql.md{f'#{views[0]}' if len(views) == 1 else ''}"]
    return [code, *(line for part in parts for line in textwrap.wrap(part, _WIDTH) or [""])]


VERBS: Final = (error,)
