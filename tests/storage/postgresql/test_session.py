"""test_session - how the statements of sql/ become statements of psycopg"""

import pytest

from empath.storage.postgresql.connection import location_of
from empath.storage.postgresql.session import compiled


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT :a, :a", "SELECT %(a)s, %(a)s"),
        ("SELECT :a::text[]", "SELECT %(a)s::text[]"),
        ("SELECT :a::bytea[]", "SELECT %(a)b::bytea[]"),
        ("SELECT '{0,1}'::smallint[], 'is :no parameter?'", "SELECT '{0,1}'::smallint[], 'is :no parameter?'"),
        ("VALUES (?, ?)", "VALUES (%s, %s)"),
        ("x IN (:a[])", "x = ANY(%(a)s::bigint[])"),
        ("x NOT IN (:a[text])", "x <> ALL(%(a)s::text[])"),
        ("x LIKE '%DELAY%'", "x LIKE '%%DELAY%%'"),
    ],
)
def test_statements_are_rewritten(text: str, expected: str) -> None:
    """
    One text serves two engines, and a literal is no parameter.
    """
    assert expected == compiled(text)


@pytest.mark.parametrize(
    ("conninfo", "expected"),
    [
        ("postgresql://empath:secret@db1.example:5433/mail", "postgresql://db1.example:5433/mail"),
        ("host=/run/postgresql user=empath password=secret", "postgresql:///run/postgresql/empath"),
        ("host=db1,db2 dbname=mail", "postgresql://db1,db2/mail"),
    ],
)
def test_a_place_is_named_without_its_password(conninfo: str, expected: str) -> None:
    """
    Messages to people go into logs.
    """
    assert expected == location_of(conninfo)
