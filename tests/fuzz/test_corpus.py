"""Earlier findings of the fuzzer, and a few new cases each time; `make fuzz` tries more."""

from random import Random

import pytest

from tests.fuzz import corpus as corpus_module
from tests.fuzz.__main__ import smallest
from tests.fuzz.case import Case
from tests.fuzz.corpus import CORPUS, TARGETS, corpus, failure, files, judge
from tests.fuzz.grammar import GENERATORS, mutated, raw_case

CASES = 60  # cases of each target
FILES = [(target, file) for target in TARGETS for file in files(target)]


@pytest.mark.parametrize(("target", "file"), FILES, ids=lambda value: getattr(value, "name", value))
def test_no_case_of_the_corpus_breaks_a_promise(target, file):
    """
    A fixed fault stays fixed.
    """
    judge(target, Case.parse(file.read_bytes()))


@pytest.mark.parametrize("target", TARGETS)
def test_no_new_case_breaks_a_promise(target):
    """
    Each run has the same cases, so that a failure comes from the change under test.
    """
    random = Random(f"suite {target}")
    for _ in range(CASES // 2):
        case = GENERATORS[target](random)
        judge(target, case)
        judge(target, mutated(random, case, case))
        judge(target, raw_case(random))


@pytest.mark.parametrize("target", TARGETS)
def test_the_grammar_goes_deep(target):
    """
    The cases must reach the end of a message.
    """
    goal = {
        "server": "ContentEnded",
        "chunks": "554",
        "client": "end-of-data 2",
        "relay": "end-of-data 250",
        "mime": "converted",
        "dns": "tried",
        "proxy": "client on IPv4",
        "sasl": "Proved",
        "tls": "whole",
        "address": "quoted ascii",
        "aliases": "expanded",
        "edits": "ReplaceField",
        "replies": "found",
        "senders": "softfail",
        "dkim": "fail the header has changed",
        "milter": "eom CONTINUE",
        "policies": "policy enforce",
        "feedback": "dsn failure False False",
        "letters": "written",
        "traceparent": "sampled, no fields",
        "aggregate": "dmarc",
    }[target]
    random = Random(f"depth {target}")
    reached = [goal in TARGETS[target](GENERATORS[target](random)) for _ in range(CASES)]
    assert sum(reached) > CASES // 20


def test_a_case_survives_its_file():
    """
    The saved case is the found one.
    """
    random = Random("file")
    for case in [raw_case(random) for _ in range(50)]:
        assert case == Case.parse(case.octets)


def test_a_found_case_is_made_small(monkeypatch):
    """
    People read it.
    """

    def check(case):
        assert not any(b"\xff\xfe" in turn for turn in case.turns)

    monkeypatch.setitem(TARGETS, "server", check)
    big = Case(77, (b"a" * 300, b"b" * 40 + b"\xff\xfe" + b"c" * 99))
    assert failure("server", big) is not None
    assert b"\xff\xfe" == smallest("server", big).octets.rpartition(b"\n")[2]


def test_a_case_that_takes_too_long_breaks_a_promise(monkeypatch):
    """
    A hostile peer needs no wrong answer: a slow one delays all other mail.
    """
    monkeypatch.setattr(corpus_module, "CPU_S", 0.0)
    found = failure("mime", Case(0, (b"x",)))
    assert found is not None
    assert "AssertionError" in found


def test_the_corpus_has_cases_for_every_target():
    """
    Mutation starts from them.
    """
    assert set(TARGETS) == {file.parent.name for file in CORPUS.glob("*/*.case")}
    assert all(corpus(target) for target in TARGETS)
