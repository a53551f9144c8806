"""How the queue stands, as httpd has read it: who waits for another reading, and who does not."""

from types import SimpleNamespace
from typing import Any

from empath.config.load import load_config
from empath.daemon.httpd.api.operation import Backend
from empath.daemon.httpd.api.reading import stats
from empath.daemon.httpd.queue_state import QueueState
from empath.mail.identity import Timestamp
from empath.telemetry.metrics.ledger import Ledger
from tests.kit.process import configuration
from tests.kit.queue import T0, Queue


def read_in(tmp_path, seconds):
    """The state of a queue of three recipients, whose reading takes so many *seconds*, and what operations work on."""
    queue = Queue(tmp_path / "queue.db")
    queue.accept("a.example", "b.example", "a.example")
    file = tmp_path / "empath.toml"
    file.write_text(configuration(2525, ""))
    instants = iter((0.0, seconds, seconds))
    runtime: Any = SimpleNamespace(engine=queue.engine, now=lambda: T0, emit=lambda what: None)
    state = QueueState(runtime, Ledger(), lambda: next(instants))
    state.read()
    config = load_config(file)
    return queue, state, Backend(queue.engine, config, lambda: config.router, lambda: False, state.spares_reading)


def test_nobody_waits_for_a_long_reading(tmp_path):
    """
    What was read in the background serves a client until it asks for more than that has; its instant is in the answer.
    """
    queue, state, backend = read_in(tmp_path, 0.2)
    found = state.latest()
    assert found is not None
    queue.accept("d.example")
    answer = stats(backend, {"top": 1}, "")
    assert (3, 1) == (answer["recipients"]["queued"], len(answer["top_destinations"]))
    assert Timestamp(found[1]).iso8601() == answer["at"]
    answer = stats(backend, {"top": 1000}, "")
    assert (4, 3) == (answer["recipients"]["queued"], len(answer["top_destinations"]))
    queue.close()


def test_a_short_reading_is_done_anew(tmp_path):
    """
    A program that has changed a small queue sees what it did.
    """
    queue, state, backend = read_in(tmp_path, 0.001)
    queue.accept("d.example")
    assert 4 == stats(backend, {"top": 1}, "")["recipients"]["queued"]
    assert state.latest() is not None
    queue.close()
