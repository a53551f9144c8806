"""A queue that is removed under a running instance."""

import os
import shutil
import signal
import smtplib
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from empath.cli.admin.__main__ import admin
from empath.cli.empathd import empathd
from empath.config import load_config
from empath.daemon.supervisor.doctor import diagnose_instance
from empath.policy.health import Level
from empath.storage.spool_owner import OWNER
from tests.kit.process import Empathd
from tests.kit.queue import select
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

    eventually(lambda: _is_refused(instance), "451")  # within 20 ms of a look at the files it may still be 250
    assert "the file was removed while Empath had it open" in instance.wait_for("queue_gone", level="critical")["error"]
    with pytest.raises(smtplib.SMTPSenderRefused, match="The queue is not available"):
        instance.send("later@example.test")
    assert f"{instance.queue} was removed or replaced under the service" in _status(instance)
    assert 0 == instance.stop()

    (instance.directory / "spool" / OWNER).unlink()  # its content is that of the queue that was lost
    instance.start().send("again@example.test")
    eventually(lambda: len([*instance.delivered()]) >= 2, "delivery after the next start")
    assert 0 == instance.stop()


def test_a_queue_that_was_replaced_is_told_and_a_reload_takes_the_new_one(make_empathd: Callable[..., Empathd]) -> None:
    """
    The processes would go on with the old file, whose mail is lost with their end.
    """
    instance = make_empathd().start()
    copy = Path(f"{instance.queue}.copy")
    shutil.copy(instance.queue, copy)
    copy.rename(instance.queue)
    eventually(lambda: _is_refused(instance), "451")  # within 20 ms of a look at the files it may still be 250
    assert f"{instance.queue} was removed or replaced under the service" in _status(instance)
    service = diagnose_instance(load_config(instance.config))
    assert (Level.ERROR, True) == (service.level, "removed or replaced under it" in service.found)

    instance.signal(signal.SIGHUP)
    instance.wait_for("reload_finished")

    instance.send("again@example.test")
    eventually(lambda: [*instance.delivered()], "delivery")
    assert 0 == instance.stop()


def test_clients_of_an_acceptor_that_cannot_use_the_queue_are_told(make_empathd: Callable[..., Empathd]) -> None:
    """
    Each acceptor died at once, and its clients waited for a banner or lost their connections.
    """
    instance = make_empathd().start()
    with instance.queue.open("r+b") as file:
        file.write(bytes(100))
    Path(f"{instance.queue}-wal").write_bytes(b"")
    os.kill(instance.pid_of("acceptor-1"), signal.SIGKILL)

    assert "not a queue database" in instance.wait_for("queue_unusable", level="critical")["error"]
    with pytest.raises(smtplib.SMTPResponseException, match="The queue is not available"):
        instance.send("later@example.test")


def _is_refused(instance: Empathd) -> bool:
    try:
        instance.send("after@example.test")
    except smtplib.SMTPResponseException as exc:
        return exc.smtp_code == 451
    return False


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_no_mail_is_lost_when_a_file_next_to_the_queue_is_removed(
    make_empathd: Callable[..., Empathd], suffix: str
) -> None:
    """
    A process that was started afterwards made a new file, and the two files did not belong together.
    """
    instance = make_empathd().start()
    instance.send("before@example.test")
    eventually(lambda: [*instance.delivered()], "delivery")
    assert 0 == CliRunner().invoke(admin, ["-c", str(instance.config), "freeze"]).exit_code
    instance.send("accepted@example.test")
    Path(f"{instance.queue}{suffix}").unlink()

    error = instance.wait_for("queue_gone", level="critical")["error"]
    with pytest.raises(smtplib.SMTPResponseException, match=r"4\.3\.0"):
        instance.send("after@example.test")
    assert f"{instance.queue}{suffix}: the file was removed" in error
    assert f"{instance.queue}{suffix} was removed or replaced under the service" in _status(instance)
    service = diagnose_instance(load_config(instance.config))
    assert (Level.ERROR, True) == (service.level, f"{suffix} was removed or replaced under it" in service.found)
    assert 0 == instance.stop()

    assert [("before@example.test", "delivered"), ("accepted@example.test", "queued")] == select(
        instance.queue, "SELECT recipient, status FROM history UNION ALL SELECT recipient, status FROM queue"
    )
