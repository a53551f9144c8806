"""An instance whose queue is in PostgreSQL takes mail, delivers it, and survives the death of workers and server."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from empath.cli.admin.__main__ import main as admin_main
from tests.kit.commands import run_forked
from tests.kit.process import Empathd
from tests.kit.run_guard import guarded
from tests.kit.waiting import eventually

LARGE = b"Subject: large\r\n\r\n" + b"0123456789abcdef\r\n" * 20_000  # more than the queue keeps by itself


@pytest.fixture(scope="module")
def server() -> Iterator["object"]:
    """A server that may be killed: it syncs."""
    from tests.kit.postgresql import Server, programs

    if programs() is None:
        pytest.skip("the programs of PostgreSQL are not installed (Debian: postgresql)")
    made = Server("fsync = on", "autovacuum = on")
    with guarded(made.folder):
        try:
            made.run("CREATE DATABASE queue")
            yield made
        finally:
            made.stop()


def test_mail_flows_through_postgresql_whatever_is_killed(server, tmp_path: Path) -> None:
    """
    One instance from its start to its end: mail small and large, orders of empath-admin, kill -9 of a worker and of
    the server. Each mail that had its 250 is delivered, and none that was delivered before is sent again.
    """
    url = f"postgresql://postgres@/queue?host={server.folder}"
    service = Empathd(tmp_path / "mx", f'[queue]\nurl = "{url}"\nreplicas = 0\n')
    text = service.config.read_text().replace(f'[queue]\nurl = "{url}"\nreplicas = 0\n', "")
    service.config.write_text(text.replace('path = "queue.db"', f'path = "queue.db"\nurl = "{url}"\nreplicas = 0'))
    told = tmp_path / "events.jsonl"
    with service.config.open("a") as file:
        file.write(f'\n[events.files."log"]\npath = "{told}"\ntypes = ["delivered"]\n')

    def admin(*arguments: str) -> str:
        done = run_forked(admin_main, ["empath-admin", *arguments, "-c", str(service.config)])
        assert 0 == done.code, done.err
        return done.out

    def arrived(count: int) -> None:
        eventually(lambda: len([*service.delivered()]) == count, f"{count} mails")

    try:
        service.start()
        service.send("a@example.test")
        service.send("b@example.test", LARGE)
        arrived(2)

        admin("freeze")
        service.send("c@example.test")
        service.send("d@example.test")
        assert 2 == admin("list").count("queued")
        admin("hold", "--recipient", "c@example.test")
        admin("thaw")
        arrived(3)
        admin("retry", "--all")
        [held] = json.loads(admin("list", "--status", "held", "--json"))["recipients"]
        assert "Subject: test" in admin("show", held["id"])
        admin("release", "--all")
        arrived(4)

        refused = run_forked(admin_main, ["empath-admin", "sql", "-c", str(service.config)])
        assert (64, "") == (refused.code, refused.out)
        assert "`empath-admin sql` is not built for a queue in PostgreSQL yet" in refused.err

        os.kill(service.pid_of("worker-1"), signal.SIGKILL)
        service.send("e@example.test")
        arrived(5)

        server.crash()
        with pytest.raises(Exception, match="451"):
            service.send("f@example.test")
        server.restart()
        eventually(lambda: _takes(service, "f@example.test"), "a 250 after the restart")
        arrived(6)
        eventually(lambda: admin("list") == "", "the end of each lease")
        assert "" == admin("fsck", "--content")
        everyone = {f"{letter}@example.test" for letter in "abcdef"}
        eventually(lambda: {*_recipients(told)} == everyone, "an event of each delivery, at least once")
        admin("audit", "verify")
        assert 0 == service.stop()
    finally:
        service.clean_up()


def _recipients(told: Path) -> list[str]:
    """Recipients of the events in the file *told*."""
    lines = told.read_text().splitlines() if told.exists() else []
    return [json.loads(line)["recipient"] for line in lines]


def _takes(service: Empathd, recipient: str) -> bool:
    try:
        service.send(recipient)
    except OSError:  # smtplib's errors are of this class
        return False
    return True
