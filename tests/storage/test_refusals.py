"""Codes of the sentences by which views refuse a change."""

import re

import pytest

from empath.storage.queries import query_files, script
from empath.storage.refusals import FILE, WHY, code_of, codes, refusal_of, refusals, renewed, view_takes, with_code

SENTENCE = "priority takes 0 (first), 1, 2, 3 or 4 (last)"


def test_each_sentence_has_one_code_and_each_code_one_sentence():
    """
    `make reference` gives a code to a new one; a forgotten one is found here.
    """
    assert set(refusals()) == set(codes())
    assert len(codes()) == len(set(codes().values()))
    assert {code[2:-4] for code in codes().values()} == set(WHY)


def test_no_sentence_of_a_trigger_is_overlooked():
    """
    Each RAISE of the schema has one, whatever the layout around it.
    """
    files = ("schema", "views", *(f"control/{name}" for name in query_files("sqlite/control")))
    said = [
        sentence.replace("''", "'")
        for file in files
        for sentence in re.findall(
            r"(?i)\braise\s*\(\s*ABORT\s*,\s*'empath: ((?:[^']|'')+)'", script(f"sqlite/{file}.sql")
        )
    ]
    raises = sum(len(re.findall(r"(?i)\braise\s*\(", script(f"sqlite/{file}.sql"))) for file in files)
    assert (raises, set(refusals())) == (len(said), set(said))


@pytest.mark.parametrize("words", [SENTENCE, f"empath: {SENTENCE}", f"/var/lib/empath/queue.db: empath: {SENTENCE}"])
def test_a_message_ends_with_the_code(words):
    """
    Whatever stands before the sentence.
    """
    code = code_of(words)
    assert code is not None
    assert f"{words} [{code}]" == with_code(words)
    found = refusal_of(code.lower())
    assert found is not None
    assert SENTENCE == found.sentence


def test_other_words_stay_as_they_are():
    """
    An error of SQLite has no code.
    """
    assert "no such table: x" == with_code("no such table: x")
    assert None is refusal_of("E-QUEUE-999")


def test_a_code_is_never_given_again():
    """
    The page that somebody wrote down must not be about another sentence.
    """
    text = script(FILE)
    code = code_of(SENTENCE)
    number = 1 + max(int(each[-3:]) for each in codes().values() if each.startswith("E-QUEUE-"))
    after = renewed(f"{text}E-QUEUE-{number:03} this is said no more\n".replace(f"{code} {SENTENCE}\n", ""))
    assert f"\nE-QUEUE-{number:03}\n" in after
    assert f"\nE-QUEUE-{number + 1:03} {SENTENCE}\n" in after
    assert after == renewed(after)
    assert text == renewed(text)


def test_each_view_that_refuses_says_what_it_takes():
    """
    The page of a code has these words.
    """
    assert [] == [view for each in refusals().values() for view, _ in each.views if not view_takes(view)]
