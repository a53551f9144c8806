"""zones - answers of the DNS from a dict, for generators that ask questions"""

import ipaddress
from collections.abc import Generator, Mapping, Sequence
from typing import Any, TypeVar

from empath.mail.lookup import Absent, Addresses, Exchanger, Exchangers, Failed, Kind, LookupAnswer, Question, Texts

T = TypeVar("T")
Zone = Mapping[str, Mapping[str, Any]]


def answer(zone: Zone, question: Question) -> LookupAnswer:
    """
    What *zone* says.

    `FAILS` in place of records is a server that does not answer; under `*` it stands for every kind that is not named.
    """
    records = next((each for name, each in zone.items() if name.lower().removesuffix(".") == question.name), None)
    if records is None:
        return Absent("NXDOMAIN", 60)
    found = records.get(question.kind, records.get("*", []))
    if found == "FAILS":
        return Failed("no answer in time")
    if not found:
        alias = records.get("CNAME")
        return answer(zone, Question(alias[0].lower(), question.kind)) if alias else Absent("NODATA", 60)
    if question.kind is Kind.MX:
        return Exchangers(tuple(Exchanger(preference, name.lower()) for preference, name in found), 60)
    if question.kind in (Kind.A, Kind.AAAA):
        return Addresses(tuple(str(ipaddress.ip_address(text)) for text in found), 60)
    return Texts(tuple(text.lower() if question.kind is Kind.PTR else text for text in found), 60)


def run(steps: Generator[Question, LookupAnswer, T], zone: Zone, asked: list[Question] | None = None) -> T:
    """Run *steps* to their end; *asked* takes the questions."""
    try:
        question = next(steps)
        while True:
            if asked is not None:
                asked.append(question)
            question = steps.send(answer(zone, question))
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]


def questions(asked: Sequence[Question]) -> list[str]:
    """*asked* as short texts."""
    return [f"{kind} {name}" for name, kind in asked]
