"""Collected values in the formats of Prometheus, read by its own parsers."""

from functools import partial

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_open
from prometheus_client.parser import text_string_to_metric_families as read_text

from empath.daemon.httpd.exposition import exposed
from empath.telemetry.metrics.catalogue import ACCEPT_SECONDS, EVENTS, OPEN_SESSIONS
from empath.telemetry.metrics.ledger import Ledger, decoded

OPEN = "application/openmetrics-text; version=1.0.0"


@pytest.fixture
def values():
    """The values of two processes."""
    found = {}
    for process, sessions in (("acceptor-1", 3), ("acceptor-2", 4)):
        ledger = Ledger()
        ledger.add(EVENTS, ('hostile"\n\\', "info"))
        ledger.observe(ACCEPT_SECONDS, 0.002)
        ledger.read(OPEN_SESSIONS, partial(int, sessions))
        found[process] = ledger.values()
    return found


@pytest.mark.parametrize(("accept", "read"), [("text/plain", read_text), (OPEN, read_open)])
def test_both_formats_are_read_back(values, accept, read):
    """
    Text of labels comes back as it was, whatever it has in it.
    """
    octets, content_type = exposed(values, accept)
    families = {family.name: family.samples for family in read(octets.decode())}
    assert content_type.startswith(accept.partition(";")[0])
    assert {3.0, 4.0} == {sample.value for sample in families["empath_smtp_open_sessions"]}
    [sample, _] = [each for each in families["empath_events"] if each.name.endswith("_total")]
    assert {"process": "acceptor-1", "event": 'hostile"\n\\', "level": "info"} == sample.labels
    counts = [each for each in families["empath_smtp_accept_seconds"] if each.labels.get("le") == "0.0025"]
    assert [1.0, 1.0] == [each.value for each in counts]


def test_a_traced_value_is_an_example_of_its_bucket():
    """
    The last one of each bucket. The older format has no examples.
    """
    ledger = Ledger()
    for seconds, trace_id in ((0.002, "1" * 32), (0.0021, "2" * 32), (1e9, "3" * 32)):
        ledger.observe(ACCEPT_SECONDS, seconds)
        ledger.exemplify(ACCEPT_SECONDS, seconds, (), trace_id)
    values = decoded(ledger.encoded())
    assert values is not None
    [family] = read_open(exposed({"acceptor-1": values}, OPEN)[0].decode())
    examples = {each.labels["le"]: each.exemplar for each in family.samples if each.exemplar is not None}
    assert {"0.0025": ("2" * 32, 0.0021), "+Inf": ("3" * 32, 1e9)} == {
        bound: (example.labels["trace_id"], example.value) for bound, example in examples.items()
    }
    [family] = read_text(exposed({"acceptor-1": values}, "text/plain")[0].decode())
    assert {"empath_smtp_accept_seconds_bucket"} <= {each.name for each in family.samples}
