"""Values in words for people."""

import pytest

from empath.cli import common
from empath.mail.words import count, instant, path, size, span


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5.0, "0 s"), (0.0, "0 s"), (52.9, "52 s"), (119.0, "119 s"), (120.0, "2 min"), (7199.0, "119 min"),
        (7200.0, "2 h"), (172_799.0, "47 h"), (172_800.0, "2 d"), (1e9, "11574 d"),
    ],
)  # fmt: skip
def test_a_span_is_said_in_its_largest_unit(seconds: float, words: str) -> None:
    """
    A person counts down seconds, then minutes.
    """
    assert words == span(seconds)


@pytest.mark.parametrize(
    ("octets", "words"),
    [(0, "0"), (1023, "1023"), (1024, "1 KiB"), (1025, "2 KiB"), (3 * 2**20, "3 MiB"), (2**30, "1 GiB")],
)
def test_a_size_is_rounded_up(octets: int, words: str) -> None:
    """
    A mail that is one octet larger does not fit into the same place.
    """
    assert words == size(octets)


def test_instant_is_utc_to_the_second() -> None:
    """
    There is one form everywhere. An instant outside the calendar is shown as its number.
    """
    assert ["2023-11-14T22:13:20Z", "-", "1e+300", "nan"] == [
        instant(at) for at in (1_700_000_000.9, None, 1e300, float("nan"))
    ]


def test_counts_and_paths() -> None:
    """
    They have the form that a sentence needs.
    """
    assert ["1 recipient", "2 processes", r"<a\x1b@b>"] == [count(1, "recipient"), count(2, "process"), path("a\x1b@b")]


def test_words_for_a_person_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    """
    An argument or a reply in them may have any character. Each line has the name of the command.
    """
    common.say("empath-admin", "no \u202edestination\x1b[31m\nthe end\n")
    common.say("empath-admin", "")
    assert capsys.readouterr().err == "empath-admin: no \\u202edestination\\x1b[31m\nempath-admin: the end\n"
