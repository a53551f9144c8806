"""The rates of deliveries in the file."""

import pytest

from empath.errors import ConfigError
from empath.policy.limits.delivery import Bucket
from empath.policy.limits.rate import Rate
from tests.config.test_load import LEAST, findings, parsed

TABLES = """
[delivery]
rate = "6000/1m"
[destinations."*"]
rate = "60/1m"
[senders]
"news@example.org" = { rate = "10/1h burst 5" }
"*.example.net" = { rate = "100/1h" }
"""


def test_without_a_setting_there_is_no_rate():
    """
    Then no lease does anything for it.
    """
    config = parsed(LEAST)
    assert not config.delivery_rates(config.rule_book())


def test_rates_are_read_for_all_mail_destinations_and_senders():
    """
    Each is a table or setting of its own.
    """
    config = parsed(LEAST + TABLES)
    rates = config.delivery_rates(config.rule_book())
    assert Bucket("all", Rate(6000, 60.0, 600)) == rates.all
    assert (Bucket("destination a.test", Rate(60, 60.0, 6)),) == rates.find("a.test", None)
    assert rates.senders is not None
    assert Bucket("sender news@example.org", Rate(10, 3600.0, 5)) == rates.senders.find("news@example.org")
    assert Bucket("sender a.example.net", Rate(100, 3600.0, 10)) == rates.senders.find("x@a.example.net")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ('"a.test" = "100/1m"', "must be a table, not text"),
        ('"a.test" = {}', "has no rate"),
        ('"a.test" = { rat = "1/1m" }', "unknown key; there is rate"),
        ('"a.test" = { rate = "soon" }', "not a rate: 'soon'"),
        ('"a.test" = { rate = 5 }', "must be text"),
        ('"x y" = { rate = "1/1m" }', "x y"),
        ('"a.test" = { rate = "1/1m" }\n"A.test" = { rate = "1/1m" }', "is the same pattern as another key"),
    ],
)
def test_what_is_wrong_in_the_table_of_senders_is_said(setting, words):
    """
    With the line and the key.
    """
    [line] = findings(f"{LEAST}[senders]\n{setting}")
    assert words in line
    with pytest.raises(ConfigError):
        parsed(f"{LEAST}[senders]\n{setting}")
