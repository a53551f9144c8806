"""The line of a setting whose key the file writes in a way of its own."""

import pytest

from empath.config.load import find_lines, load_config

FILE = """hostname = "mx.empath.dev"
postmaster = "admin@empath.dev"
queue.path = "queue.db"
[[listener]]
address = "127.0.0.1:2525"
[routes]
"A.test" = "mx"
"User@B.Test" = "mx"
[sender_routes]
"@C.test" = "mx"
[account_routes]
"Newsletter" = "mx"
[senders]
"*.D.test" = { rate = "1/1m" }
[recipients]
"E.test" = "any"
[destinations."smtp:Relay.test"]
concurrency = 3
[destinations]
"smtp://relay.test:587" = { tls = "verify" }
[credentials."Relay.test:587"]
username = "me"
password_file = "secret"
[dnsbl]
threshold = 2
"zen.test" = 2
"""


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("routes", "a.test"), 7),
        (("routes", "User@b.test"), 8),
        (("sender_routes", "@c.test"), 10),
        (("account_routes", "Newsletter"), 12),
        (("senders", "*.d.test"), 14),
        (("recipients", "e.test"), 16),
        (("destinations", "smtp:relay.test:25", "concurrency"), 18),
        (("destinations", "smtp:relay.test:587", "tls"), 20),
        (("credentials", "relay.test:587", "password_file"), 23),
        (("dnsbl", "threshold"), 25),
        (("destinations", "smtp:other.test:25"), 19),
    ],
)
def test_a_key_in_another_spelling_has_its_line(tmp_path, keys, line):
    """
    A finding with the first line of the file, or of the table, sends people to a wrong place.
    """
    (tmp_path / "c.toml").write_text(FILE)
    load_config(tmp_path / "c.toml")
    assert [line] == find_lines(tmp_path / "c.toml", [keys])


def test_no_finding_needs_no_line(tmp_path):
    """
    `check` reads the file once where nothing is wrong.
    """
    assert [] == find_lines(tmp_path / "gone.toml", [])
