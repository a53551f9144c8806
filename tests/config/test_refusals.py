"""Codes of the sentences by which the program refuses."""

import pytest

from empath import errors
from empath.config.refusals import AREAS, OF_REQUESTS, code_of, is_last_resort, parsed, refusals, with_codes
from empath.storage.refusals import WHY
from tests.config.refused import GAP, Said, said

DURATION = 'not a duration: … (use e.g. "90s", "4h", "5d"; units ms s m h d w)'
ACCOUNT = "no account …; `empath-admin account list` shows all"


def coded() -> dict[str, str]:
    """The code of each sentence that has a word of its own."""
    return {
        sentence: each.code
        for each in refusals().values()
        for sentence in each.sentences
        if not is_last_resort(sentence)
    }


def test_each_sentence_that_refuses_has_a_code():
    """
    Whoever writes a new one adds it to a page of empath/config/refusals.txt, or gives it one of its own.
    """
    without = [each for each in said() if not is_last_resort(each.sentence) and each.sentence not in coded()]
    assert [] == without


def test_each_code_has_a_sentence_that_is_said():
    """
    Those of click are not in the code; the last resorts are of the system.
    """
    known = {each.sentence for each in said()}
    of_click = refusals()["E-COMMAND-002"].sentences + refusals()["E-COMMAND-003"].sentences
    gone = [
        sentence for sentence in coded() if sentence not in {*known, *of_click, *refusals()["E-COMMAND-004"].sentences}
    ]
    assert [] == gone


def test_a_sentence_has_one_code():
    """
    Else it would depend on the order of the file which page a reader gets.
    """
    sentences = [
        sentence for each in refusals().values() for sentence in each.sentences if not is_last_resort(sentence)
    ]
    assert len(set(sentences)) == len(sentences)


def test_each_exit_code_and_requests_have_a_last_resort():
    """
    Words of the system get the page of what failed.
    """
    found = [each.code[2:-4] for each in refusals().values() if any(map(is_last_resort, each.sentences))]
    assert sorted([*AREAS.values(), OF_REQUESTS]) == sorted(found)
    codes = {each.exit_code for each in vars(errors).values() if isinstance(each, type) and hasattr(each, "exit_code")}
    assert codes == set(AREAS)


def test_areas_of_views_are_others():
    """
    A code is of one table, so that `empath-admin error` finds one page.
    """
    assert set() == {each[2:-4] for each in refusals()} & set(WHY)


def test_a_page_says_why_and_what_to_do():
    """
    No two codes have the same reason: the page of each is about its own sentences.
    """
    pages = [*refusals().values()]
    assert len({each.why for each in pages}) == len(pages)
    assert [] == [each.code for each in pages if not (each.why.endswith(".") and each.remedy.endswith("."))]


def test_codes_are_in_order():
    """
    The next number of an area is easy to see, and none is given twice.
    """
    assert sorted(refusals()) == [*refusals()]


@pytest.mark.parametrize(
    ("words", "area", "sentence"),
    [
        ("a.toml:2: dns.size: must be at least 100, not 1", "CONFIG", "must be at least …, not …"),
        ("a.toml:2: dns.colour: unknown key", "CONFIG", "unknown key"),
        ('a.toml:9: x: not a duration: \'5\' (use e.g. "90s", "4h", "5d"; units ms s m h d w)', "CONFIG", DURATION),
        ("Invalid value for '--domain': not a domain name: 'no domain'", "COMMAND", "not a domain name: …"),
        ("no account 'not running'; `empath-admin account list` shows all", "MISSING", ACCOUNT),
        ("/q: No space left on device", "DISK", "…: …"),
        ("not running", "RUN", "not running"),
        ("this host is not running", "RUN", "…"),
    ],
)
def test_the_longest_sentence_at_the_end_tells_the_code(words: str, area: str, sentence: str):
    """
    What stands before it is the place, and what stands in it may be anything.
    """
    code = code_of(words, area)
    assert sentence in refusals()[code].sentences


def test_each_sentence_finds_its_code():
    """
    With something for each gap, and a place before it.
    """
    for each in said():
        if not is_last_resort(each.sentence):
            words = f"/a/place: {each.sentence.replace(GAP, 'something')}"
            assert each.sentence in refusals()[code_of(words, "FAULT")].sentences or longer(each, words), words


def longer(each: Said, words: str) -> bool:
    """Whether the page found is about a value, or about a longer sentence that says the same."""
    code = code_of(words, "FAULT")
    return code.startswith("E-VALUE-") or max(map(len, refusals()[code].sentences)) > len(each.sentence)


def test_each_line_gets_a_code_once():
    """
    An error of a configuration has a line for each finding.
    """
    error = errors.ConfigError("a:1: dns.x: unknown key\na:2: dns.y: is missing [E-CONFIG-004]")
    assert "a:1: dns.x: unknown key [E-CONFIG-003]\na:2: dns.y: is missing [E-CONFIG-004]" == with_codes(
        error, str(error)
    )


@pytest.mark.parametrize(
    "text", ["E-X-1\na\nwhy: b.\ndo: c.", "E-X-001\nwhy: b.\ndo: c.", "E-X-001\na\ndo: c.\nwhy: b."]
)
def test_a_malformed_page_is_found(text: str):
    """
    By the one who writes it, not by the one who is refused.
    """
    with pytest.raises(ValueError, match="not a code, its sentences, why and do"):
        list(parsed(text))
