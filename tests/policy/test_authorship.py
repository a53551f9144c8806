import pytest

from empath.policy.authorship import (
    MOST_CHARACTERS,
    Author,
    statement_of,
    statement_of_command,
    statement_of_request,
    statement_of_sql,
)


def test_an_author_is_a_name_with_the_words_of_the_order() -> None:
    author = Author("token:crm", "POST /orders")
    assert ("token:crm", "POST /orders", None) == (author, statement_of(author), statement_of("sql"))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("hold", "--where", "size > 5"), "tool hold --where 'size > 5'"),
        (("x", "--password", "a", "--secret=b", "--name", "c"), "tool x --password '…' '--secret=…' --name c"),
        (("rule", "set", "*", "route", "smtp://u:p@h"), "tool rule set '*' route 'smtp://…@h'"),
        (("x", "api_key=a", "--token=", "b"), "tool x 'api_key=…' --token= b"),
        (("x", "a\0b"), "tool x 'ab'"),
    ],
)
def test_a_command_is_kept_as_a_shell_takes_it_and_without_secrets(arguments: tuple[str, ...], expected: str) -> None:
    """
    A NUL would end the text in SQL.
    """
    assert expected == statement_of_command("tool", arguments)


def test_a_request_is_kept_with_its_body() -> None:
    statement = statement_of_request("POST", "/api/v1/changes", {"values": {"password": "x", "name": "ö"}})
    assert 'POST /api/v1/changes {"values": {"password": "…", "name": "ö"}}' == statement


def test_a_statement_is_bounded() -> None:
    statement = statement_of_command("tool", ["hold", *map(str, range(10_000))])
    assert (MOST_CHARACTERS, "tool hold 0 1", "…") == (len(statement), statement[:13], statement[-1])


def test_the_sql_of_a_person_is_bounded_and_has_no_secrets() -> None:
    route = "UPDATE destination_rule SET value = 'smtp://me:secret@relay.test'"
    assert "secret" not in statement_of_sql(f"\n{route};\n")
    assert ("SELECT 1;", MOST_CHARACTERS) == (statement_of_sql(" SELECT\0 1; "), len(statement_of_sql("x" * 9999)))
