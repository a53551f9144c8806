"""docs/examples/cookbook.md: thirty questions, each of which two shells answer as the page does."""

import re
import shutil
import subprocess

import pytest

from tests.cli.admin.kit import run_apart
from tests.docs.cookbook import answer_rows, make_small, questions
from tests.docs.pages import ROOT
from tests.kit.process import configuration
from tests.kit.waiting import DEADLINE_S

QUESTIONS = questions()
SHELL = shutil.which("sqlite3", path="/usr/bin")


@pytest.fixture(scope="module")
def queue(tmp_path_factory):
    """The small queue of the page."""
    path = tmp_path_factory.mktemp("cookbook") / "queue.db"
    make_small(path)
    path.with_name("empath.toml").write_text(configuration(2525))
    return path


def answers(run):
    """What a shell prints for each question, by its number; it starts once for all of them."""
    script = [f"SELECT '# {each.number}';\n{each.statement}" for each in QUESTIONS]
    printed = run("\n".join([".mode list", ".headers on", ".nullvalue ''", *script]))
    found = re.split(r"^'# \d+'\n# (\d+)\n", printed, flags=re.MULTILINE)
    return dict(zip(map(int, found[1::2]), found[2::2], strict=True))


@pytest.fixture(scope="module")
def in_shell(queue):
    """The answers of the shell of Debian."""
    if SHELL is None:
        pytest.skip("needs the Debian package sqlite3")

    def run(script):
        command = [SHELL, "-init", ROOT / "conf/sqliterc", "-batch", "-bail", "-readonly", queue]
        done = subprocess.run(command, input=script, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        assert (0, "") == (done.returncode, done.stderr)
        return done.stdout

    return answers(run)


@pytest.fixture(scope="module")
def in_admin(queue):
    """The answers of `empath-admin sql`."""

    def run(script):
        done = run_apart("-c", str(queue.with_name("empath.toml")), "sql", text=script)
        assert (0, "") == (done.code, done.err)
        return done.out

    return answers(run)


def expected(question):
    """The rows of the page, as a shell prints them."""
    return "".join(f"{'|'.join(row)}\n" for row in answer_rows(question.answer))


def test_there_are_thirty_questions_each_with_an_answer_and_a_time():
    """
    A question that the reader of the page cannot see answered is left out.
    """
    assert [*range(1, 31)] == [each.number for each in QUESTIONS]
    assert [] == [each.number for each in QUESTIONS if len(answer_rows(each.answer)) < 2]
    assert [] == [each.number for each in QUESTIONS if not re.fullmatch(r"(less than )?[\d.]+ m?s\.", each.time)]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda each: each.text)
def test_the_shell_of_debian_answers_as_the_page(in_shell, question):
    """
    People copy it there.
    """
    assert expected(question) == in_shell[question.number]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda each: each.text)
def test_empath_admin_answers_as_the_page(in_admin, question):
    """
    People copy it there, too.
    """
    assert expected(question) == in_admin[question.number]
