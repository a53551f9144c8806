"""Limits of listeners by the file and by rows."""

import pytest

from empath.config import load_config
from empath.config.listener_limits import LimitBook, LimitLayer, limit_settings, obstacle_to_limit, read_limit
from empath.errors import SyntaxViolation
from empath.mail.identity import Timestamp
from empath.policy.limits.override import LimitOverride as Row
from empath.policy.limits.rate import Rate
from tests.kit.process import configuration

FILE = """
[[listener]]
address = "127.0.0.1:2526"
role = "internal"
[listener.limits]
recipients = 500

[receiving.limits]
connections = 900
junk = 50
message_rate_per_client = "100/1m"
"""
HERE, THERE = "127.0.0.1:2525", "127.0.0.1:2526"


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """Two listeners, the second with limits of its own."""
    file = tmp_path_factory.mktemp("config") / "empath.toml"
    file.write_text(configuration(2525, FILE))
    return load_config(file)


def test_what_is_said_of_one_listener_comes_before_what_is_said_of_all(config):
    """
    For the same, a row comes before the file.
    """
    rows = [
        Row("*", "recipients", "200"), Row("*", "junk", "7"), Row(HERE, "junk", "8"),
        Row("*", "message_rate_per_client", "none"), Row("192.0.2.1:25", "junk", "9"),
    ]  # fmt: skip
    book = LimitBook(config, rows)
    here, there = (book.of(listener) for listener in config.listeners)
    assert (200, 8, None) == (here.recipients, here.junk, here.message_rate_per_client)
    assert (500, 7, None) == (there.recipients, there.junk, there.message_rate_per_client)
    assert (200, 7) == (book.of_all.recipients, book.of_all.junk)
    assert () == book.unusable
    decided = [{each.setting: each for each in book.explain(listener)} for listener in config.listeners]
    assert [("200", LimitLayer.ROW), ("500", LimitLayer.LISTENER_FILE)] == [
        (each["recipients"].value, each["recipients"].layer) for each in decided
    ]
    assert [(LimitLayer.LISTENER_ROW, rows[2]), (LimitLayer.ROW, rows[1])] == [
        (each["junk"].layer, each["junk"].row) for each in decided
    ]
    assert ("none", "900", LimitLayer.FILE) == (
        decided[0]["message_rate_per_client"].value, decided[0]["connections"].value, decided[0]["connections"].layer,
    )  # fmt: skip


def test_without_rows_the_limits_are_those_of_the_file(config):
    """
    Also the value that says that there is none.
    """
    book = LimitBook(config)
    assert [config.limits_of(listener) for listener in config.listeners] == list(map(book.of, config.listeners))
    assert (config.limits, None) == (book.of_all, book.ends_at)
    assert Rate(100, 60.0) == book.of_all.message_rate_per_client


def test_a_book_ends_with_the_first_of_its_rows(config):
    """
    Then the process reads the rows again.
    """
    rows = [
        Row("*", "junk", "7", Timestamp(9.0)),
        Row("*", "errors", "7", Timestamp(8.0)),
        Row("*", "slow_errors", "7"),
    ]
    assert 8.0 == LimitBook(config, rows).ends_at


def test_rates_are_counted_apart_where_a_listener_has_its_own(config):
    """
    Two rates that used one bucket would each fill and empty that of the other.
    """
    here, there = config.listeners
    for rows, expected in (
        ([], False), ([Row(HERE, "junk", "7")], False), ([Row("*", "error_rate_per_client", "7/1m")], False),
        ([Row(HERE, "error_rate_per_client", "7/1m")], True),
    ):  # fmt: skip
        assert (expected, True) == tuple(LimitBook(config, rows).has_own_rates(each) for each in (here, there))


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("recipients", "99", "recipients must be at least 100, not 99"),
        ("recipients", "none", "must be a whole number"),
        ("recipients", "\u0663\u0663\u0663", "must be a whole number"),
        ("recipients", "9" * 5000, "must be a whole number"),
        ("message_size", "1KiB", "message_size must be at least 64KiB"),
        ("message_size", "60MiB", "message_size is at most 50MiB"),
        ("connections", "901", "connections is at most 900"),
        ("message_rate_per_client", "often", "not a rate"),
        ("ipv6_prefix", "56", "no setting 'ipv6_prefix'"),
    ],
)
def test_a_row_that_cannot_be_is_left_out(config, setting, value, words):
    """
    The others hold. What the file has made room for is a bound.
    """
    wrong = Row("*", setting, value)
    assert words in (obstacle_to_limit(config, wrong) or "")
    book = LimitBook(config, [wrong, Row("*", "junk", "7")])
    assert (7, [wrong]) == (book.of_all.junk, [each.row for each in book.unusable])


def test_each_default_reads_as_itself():
    """
    What `limit settings` shows can be given.
    """
    for setting, default in limit_settings().items():
        read_limit(setting, default)
    with pytest.raises(SyntaxViolation):
        read_limit("recipient", "100")
