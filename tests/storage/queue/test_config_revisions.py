"""Which configuration was in force when: a row for each that differs, with the number at processes and attempts."""

import hashlib

import pytest

from empath.mail.status import RecipientStatus
from empath.storage.queue.config_revisions import KEPT, Revision
from empath.storage.queue.process import Register
from tests.kit.queue import T0, Queue

NODE = "mx.example.test"


def begin(queue: Queue, text: str, *, slot: str, instance: str = "run", node: str = NODE, reading: str = "") -> int:
    """Register a process with the configuration *text*; its number."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    revision = Revision(
        text,
        digest,
        reading or slot,
        lambda: [("delivery.workers", text, "2", "empath.toml:8"), ("a", None, None, "default")],
    )
    run = Register(node=node, instance=instance, slot=slot, generation=1, pid=1, now=T0, revision=revision)
    return queue.done(run).process_id


def test_a_configuration_that_differs_gets_a_row(queue: Queue) -> None:
    """
    Not each process, and not each start. What comes back is a new revision: it was in force at another time.
    """
    for number, (text, instance) in enumerate([("3", "A"), ("3", "A"), ("3", "B"), ("4", "B"), ("3", "B"), ("4", "C")]):
        begin(queue, text, slot=f"s{number}", instance=instance)
    rows = queue.select("SELECT revision, text, cause, who FROM config_revision ORDER BY revision")
    expected = [
        (1, "3", "start", "empathd"), (2, "4", "start", "empathd"), (3, "3", "reload", "empathd"),
        (4, "4", "start", "empathd"),
    ]  # fmt: skip
    assert expected == rows
    of_processes = "SELECT config_revision FROM process WHERE slot GLOB 's[0-9]' ORDER BY process_id"
    assert [(1,), (1,), (1,), (2,), (3,), (4,)] == queue.select(of_processes)


def test_a_process_that_was_begun_before_the_last_reload_changes_nothing(queue: Queue) -> None:
    """
    It runs by the older configuration, and says so.
    """
    begin(queue, "3", slot="a", reading="1")
    begin(queue, "4", slot="b", reading="2")
    begin(queue, "3", slot="c", reading="1")
    assert [(1,), (2,), (1,)] == queue.select("SELECT config_revision FROM process WHERE slot IN ('a', 'b', 'c')")
    assert [(2,)] == queue.select("SELECT count(*) FROM config_revision")
    assert [("4",)] == queue.select("SELECT value FROM setting WHERE name = 'delivery.workers'")


def test_a_revision_names_who_ordered_the_reload(queue: Queue) -> None:
    begin(queue, "3", slot="a")
    queue.write("INSERT INTO control (verb) VALUES ('reload')")
    begin(queue, "4", slot="b")
    assert [("sql", "reload")] == queue.select("SELECT who, cause FROM config_revision WHERE revision = 2")


def test_the_settings_are_those_of_the_newest_revision(queue: Queue) -> None:
    begin(queue, "3", slot="a")
    begin(queue, "4", slot="b")
    begin(queue, "9", slot="c", node="other")
    rows = queue.select("SELECT * FROM setting WHERE node = 'mx.example.test' ORDER BY name")
    assert [
        ("a", None, None, "default", "mx.example.test"),
        ("delivery.workers", "4", "2", "empath.toml:8", "mx.example.test"),
    ] == rows


def test_an_attempt_has_the_revision_of_its_process(queue: Queue) -> None:
    """
    The mail path does nothing for it.
    """
    queue.process_id = begin(queue, "3", slot="worker-9")
    queue.accept("a.example")
    [lease] = queue.lease()
    queue.run(queue.new_settle(lease, RecipientStatus.DELIVERED))
    assert [(1,)] == queue.select("SELECT config_revision FROM attempt")


def test_the_number_of_revisions_is_bounded(queue: Queue) -> None:
    for number in range(KEPT + 3):
        begin(queue, str(number), slot=f"s{number}")
    assert [(KEPT, 4)] == queue.select("SELECT count(*), min(revision) FROM config_revision")


@pytest.mark.parametrize("view", ["config_revision", "setting"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET node = 'x'", "DELETE FROM {}", "INSERT INTO {} (node) VALUES ('x')"]
)
def test_what_was_in_force_is_a_record(queue: Queue, view: str, statement: str) -> None:
    begin(queue, "3", slot="a")
    with pytest.raises(Exception, match=r"empath: a (configuration|setting) "):
        queue.write(statement.format(view))
