"""A queue that is removed under a running instance."""

import smtplib
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from empath.cli.empathd import empathd
from tests.kit.process import Empathd
from tests.kit.waiting import eventually


def _status(instance: Empathd) -> str:
    return CliRunner().invoke(empathd, ["-c", str(instance.config), "status"]).output


def test_no_mail_is_taken_into_a_queue_that_was_removed(make_empathd: Callable[..., Empathd]) -> None:
    """
    Clients heard 250 for mail that was gone with the end of the processes, and no tool said a word.
    """
    instance = make_empathd().start()
    instance.send("before@example.test")
    eventually(lambda: [*instance.delivered()], "delivery")
    for suffix in ("", "-wal", "-shm"):
        Path(f"{instance.queue}{suffix}").unlink()

    with pytest.raises(smtplib.SMTPResponseException, match=r"4\.3\.0"):
        instance.send("after@example.test")
    assert "the file was removed while Empath had it open" in instance.wait_for("queue_gone", level="critical")["error"]
    with pytest.raises(smtplib.SMTPSenderRefused, match="The queue is not available"):
        instance.send("later@example.test")
    assert f"{instance.queue} was removed, though the service runs" in _status(instance)
    assert 0 == instance.stop()

    instance.start().send("again@example.test")
    eventually(lambda: len([*instance.delivered()]) == 2, "delivery after the next start")
    assert 0 == instance.stop()
