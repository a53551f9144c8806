"""The statuses of a recipient: one table in Python, one in the schema."""

import ast
import re
from pathlib import Path

from empath.mail.status import FINAL, LIVE, MOVES, WAITING, RecipientStatus
from empath.storage.queries import script
from empath.storage.sqlite.connection import open_reader
from empath.storage.sqlite.schema import prepare

PACKAGE = Path(__file__).parents[2] / "empath"
# The same words with another meaning: DSN actions, effects of orders, events, a setting, a column of a check.
QUOTED = re.compile(f"""[\"'](?:{"|".join(RecipientStatus)})[\"']""")
OTHER_WORDS = {
    "config/tables/queue.py": {"delivered"},
    "daemon/httpd/injection/injector.py": {"queued"},  # a key of the answer
    "message/report/facts.py": {"delivered"},
    "storage/admin/fsck.py": {"held"},
    "storage/admin/records.py": {"bounced", "held"},
}


def test_the_schema_knows_the_same_moves(tmp_path):
    """
    If one of them lacked a move, a write would fail, or an order would be impossible.
    """
    path = tmp_path / "queue.db"
    prepare(path)
    with open_reader(path) as connection:
        found = set(connection.execute("SELECT old_status, new_status FROM _recipient_transition"))
    assert found == {(old.value, new.value) for old, following in MOVES.items() for new in following}


def test_the_schema_knows_the_same_statuses():
    """
    The CHECK of the column names all statuses.
    """
    [check] = re.findall(r"^  status +TEXT +NOT NULL CHECK \((.*?)\)", script("sqlite/schema.sql"), re.M | re.S)
    assert sorted(RecipientStatus) == sorted(re.findall(r"status = '(\w+)'", check))


def test_every_status_is_live_or_final():
    """
    Only a live recipient may still get the mail. Only a waiting one is due at an instant.
    """
    assert set(RecipientStatus) == LIVE | FINAL == MOVES.keys()
    assert frozenset() == LIVE & FINAL
    assert WAITING < LIVE


def test_a_status_is_named_by_its_type():
    """
    mypy does not check a word in quotes.
    """
    literals = []
    for file in sorted(PACKAGE.rglob("*.py")):
        name = file.relative_to(PACKAGE).as_posix()
        words = set() if name == "mail/status.py" else set(RecipientStatus) - OTHER_WORDS.get(name, set())
        source = file.read_text(encoding="utf-8")
        if not QUOTED.search(source):  # to parse all of the package takes a second
            continue
        constants = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Constant)]
        literals += [f"{name}:{constant.lineno}" for constant in constants if constant.value in words]
    assert [] == literals
