"""
refusals - the sentences by which the views refuse a change, and the code of each

The sentences are in the triggers of sql/sqlite, and nowhere else. sql/refusals.txt gives each a code that stays: a line
is a code and its sentence. `make reference` adds a line for a new sentence and takes the sentence from a line that has
lost its own, so that its number is never given again. Whoever only rewords a sentence rewords the line as well, and the
code stays. Nothing of this is read before something is refused, and nothing of it is in the schema.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final, NamedTuple

from empath.storage.queries import query_files, script

FILE: Final = "refusals.txt"
# Why an area refuses anything, for the pages of its codes. An area is a file of sql/sqlite/control, the tables, or what
# several of these say.
WHY: Final = {
    "ACCOUNT": "A login reads the account, and must not fail on what stands there. SQL cannot hash a password.",
    "AUTHENTICATION": "An override makes the judgement of incoming mail milder. A wrong one would do so unseen.",
    "DESTINATION": "Workers follow these rows at each lease. What they cannot follow would stop the mail there.",
    "DKIM-KEY": "A key signs mail, and its record is public. A change would break signatures that are on their way.",
    "EVENT": "Programs rely on events: none is lost, changed or told twice, and a cursor leads only to what is there.",
    "GREYLIST": "Acceptors read these rows at RCPT, for clients that wait for the reply.",
    "HOLD-RULE": "Workers follow these rules at once. What they cannot read would hold nothing.",
    "LISTENER-LIMIT": "Acceptors follow these limits at once. What they cannot read would limit nothing.",
    "LOG-LEVEL": "A level that never ends or matches nothing would fill the log, or leave out what was asked for.",
    "LOOKUP": "These rows are what others publish. They can be forgotten, and are asked for anew, but not made up.",
    "PLAN": "A plan is looked at before it is carried out. What was looked at must be what is carried out.",
    "QUEUE": "No accepted mail is lost, and its past stays as it was. An order asks for what a recipient can become.",
    "RECIPIENT": "Acceptors read these rows at RCPT. One that leads nowhere would refuse or lose mail.",
    "RECORD": "These rows record what happened, or are counted. They can be trusted because nobody writes them.",
    "REPLY": "These rules decide what a reply of a host leads to. One that cannot match would have no effect.",
    "REPORT": "Reports say what was counted. They can be made sooner, but not made up.",
    "SERVICE": "An order goes to running processes, which must know how to carry it out.",
    "SOURCE": "Workers choose the address that mail goes out from by these rows.",
    "TABLE": "The service relies on its tables, whatever program writes. A row that others point to stays.",
    "TOKEN": "A token lets a program in. What it may do is fixed when it is made.",
    "VIEW": "Several views take such a value, and all of them take it alike.",
}
_AREAS: Final = {"_changes": "QUEUE"}  # of files that are about the same as another one
_MARK: Final = "empath: "  # before the sentence, in each trigger
_CONTROL: Final = "sqlite/control"
_TRIGGER: Final = re.compile(r"^CREATE TRIGGER \w+ (.*?)\nEND;$", re.MULTILINE | re.DOTALL)
_SENTENCE: Final = re.compile(r"raise\(ABORT, 'empath: ((?:[^']|'')+)'\)")
_STATEMENT: Final = re.compile(r"INSTEAD OF (INSERT|DELETE|UPDATE)(?:\s+OF\s+([\w,\s]+?))?\s+ON\s+(\w+)")
_LINE: Final = re.compile(r"^(E-[A-Z]+(?:-[A-Z]+)*-\d{3})(?: (.+))?$", re.MULTILINE)


class Refusal(NamedTuple):
    """
    One sentence. Shape: area is the word of its codes; views has the public views whose changes it refuses, each with
    the statement; empty where a trigger of the tables says it, whatever the view.
    """

    sentence: str
    area: str
    views: tuple[tuple[str, str], ...]


@cache
def refusals() -> Mapping[str, Refusal]:
    """All of them by their sentences, in the order of the files."""
    found: dict[str, Refusal] = {}
    for area, sentence, views in _said():
        known = found.get(sentence, Refusal(sentence, area, ()))
        everywhere = tuple(dict.fromkeys((*known.views, *views)))
        found[sentence] = Refusal(sentence, area if area == known.area else "VIEW", everywhere)
    return found


def _said() -> Iterator[tuple[str, str, tuple[tuple[str, str], ...]]]:
    areas = {f"control/{name}": _AREAS.get(name, name.upper().replace("_", "-")) for name in query_files(_CONTROL)}
    for name, area in (areas | {"schema": "TABLE"}).items():
        for body in _TRIGGER.findall(script(f"sqlite/{name}.sql")):
            statement = _STATEMENT.match(body)
            views: tuple[tuple[str, str], ...] = ()
            if statement is not None and not statement[3].startswith("_"):
                columns = f" of {' '.join(statement[2].split())}" if statement[2] else ""
                views = ((statement[3], f"{statement[1]}{columns}"),)
            for sentence in _SENTENCE.findall(body):
                yield area, sentence.replace("''", "'"), views


def view_takes(view: str) -> str:
    """What a public view has and takes, as the comment above it says."""
    [comment] = re.findall(rf"((?:^-- .*\n)+)CREATE VIEW {view} AS", script("sqlite/views.sql"), re.MULTILINE)
    return " ".join(line.removeprefix("-- ") for line in comment.splitlines())


@cache
def public_views() -> tuple[str, ...]:
    """The names of all views that people may read."""
    return (*re.findall(r"^CREATE VIEW ([a-z]\w*) AS$", script("sqlite/views.sql"), re.MULTILINE),)


@cache
def codes() -> Mapping[str, str]:
    """The codes in force, by their sentences."""
    return codes_in(script(FILE))


def codes_in(text: str) -> Mapping[str, str]:
    """As `codes`, of a file with this *text*."""
    return {sentence: code for code, sentence in _LINE.findall(text) if sentence}


def code_of(words: str) -> str | None:
    """The code of the refusal that *words* end with, None if they end with no sentence of a view."""
    return codes().get(words.rpartition(_MARK)[2])


def with_code(words: str) -> str:
    """*words* with the code of the refusal behind them, as they are if there is none."""
    code = code_of(words)
    return words if code is None else f"{words} [{code}]"


def refusal_of(code: str) -> Refusal | None:
    """The refusal that has this code; None: no code, or one whose sentence is gone."""
    return next((refusals()[sentence] for sentence, each in codes().items() if each == code.upper()), None)


def renewed(text: str) -> str:
    """The lines of sql/refusals.txt, which are *text*, for the sentences of today."""
    lines = {code: sentence if sentence in refusals() else "" for code, sentence in _LINE.findall(text)}
    known = set(lines.values())
    for refusal in refusals().values():
        if refusal.sentence not in known:
            taken = [int(code[-3:]) for code in lines if code[:-4] == f"E-{refusal.area}"]
            lines[f"E-{refusal.area}-{max(taken, default=0) + 1:03}"] = refusal.sentence
    return "".join(f"{code} {lines[code]}".rstrip() + "\n" for code in sorted(lines))
