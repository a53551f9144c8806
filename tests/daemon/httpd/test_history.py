"""Shares over the last minutes."""

import pytest

from empath.daemon.httpd.history import History
from empath.telemetry.metrics.catalogue import ATTEMPTS, MESSAGES, REFUSALS


def of(delivered=0, bounced=0, messages=0, refusals=0):
    return {
        ATTEMPTS.name: [[["delivered", "end-of-data"], delivered], [["bounced", "rcpt"], bounced]],
        MESSAGES.name: [[["none"], messages]],
        REFUSALS.name: [[["RCPT", "550 5.1.1"], refusals]],
    }


def test_a_share_is_that_of_what_came_since():
    history = History()
    history.take({"worker-1": of(delivered=90, bounced=10)}, 0.0)
    history.take({"worker-1": of(delivered=93, bounced=11)}, 200.0)
    assert ({"5m": 0.75, "1h": 0.75}, 0.25) == (history.shares()["success"], history.shares()["error"]["5m"])
    history.take({"worker-1": of(delivered=94, bounced=11)}, 400.0)
    assert (1.0, 0.8) == (history.shares()["success"]["5m"], history.shares()["success"]["1h"])


def test_a_process_that_was_replaced_takes_nothing_back():
    """
    Its counts begin at zero, and what it had counted before stays counted.
    """
    history = History()
    history.take({"acceptor-1": of(messages=10)}, 0.0)
    history.take({"acceptor-1": of(messages=20, refusals=10)}, 10.0)
    history.take({"acceptor-1": of(messages=2, refusals=3)}, 20.0)
    assert 13 / 25 == pytest.approx(history.shares()["refusal"]["5m"])


def test_where_nothing_happened_there_is_no_share():
    history = History()
    assert {"success": {}, "error": {}, "refusal": {}} == history.shares()
    history.take({"worker-1": of(delivered=3)}, 0.0)
    history.take({}, 10.0)
    assert {} == history.shares()["success"]


def test_a_process_that_was_left_out_once_is_not_counted_twice():
    history = History()
    history.take({"worker-1": of(delivered=100)}, 0.0)
    history.take({}, 10.0)
    history.take({"worker-1": of(delivered=101, bounced=1)}, 20.0)
    assert 0.5 == history.shares()["success"]["5m"]
