"""
docs/INSTALL.md: the commands of backup and restore with a real server, and an upgrade of the schema with its rollback.
"""

import os
import re
import shutil
import smtplib
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from empath.storage.sqlite.schema import SCHEMA_VERSION
from tests.cli.admin.kit import run
from tests.docs.console import Shell, plain, section
from tests.host.kit import CONF, ROOT, install, shell
from tests.kit.process import Empathd
from tests.kit.queue import select, violations, write
from tests.kit.run_guard import Belongings
from tests.kit.starter import STARTER
from tests.kit.waiting import eventually

GUIDE = "docs/INSTALL.md"
NEWER = SCHEMA_VERSION + 1
LARGE = b"Subject: large\r\n\r\n" + b"x" * 70 + b"\r\n" + 8000 * (b"y" * 70 + b"\r\n")


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Empathd]:
    """A running server with a mail that waits for an hour, its content in spool/."""
    instance = Empathd(tmp_path / "host")
    program = install(instance)
    (tmp_path / "defaults").write_text(f"EMPATHD={program}\nCONFIG={instance.config}\n")
    admin = instance.directory / "empath-admin"
    STARTER.install_program(admin, "empath.cli.admin.__main__")
    try:
        assert 0 == shell(program, "-c", instance.config, "start").returncode
        assert 0 == shell(admin, "-c", instance.config, "freeze").returncode
        instance.send("you@example.org", LARGE)
        write(instance.queue, "UPDATE queue SET next_retry_at = '+1 hour'")
        assert 0 == shell(admin, "-c", instance.config, "thaw").returncode
        yield instance
        shell(program, "-c", instance.config, "stop")
    finally:
        instance.clean_up()


@pytest.fixture
def terminal(host: Empathd, tmp_path: Path) -> Iterator[Shell]:
    """A root's terminal on *host*."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "EMPATH_DEFAULTS": str(tmp_path / "defaults")}
    made = Shell(ROOT, **environment)
    try:
        yield made
    finally:
        made.close()


def follow(terminal: Shell, host: Empathd, heading: str) -> None:
    """Type the commands of one section; each must succeed and print what the page shows."""
    places = {
        "/opt/empath/bin": host.directory,
        "/var/log/empath/empath.log": host.log,
        "/etc/empath/empath.toml": host.config,
        "/var/lib/empath/mail": host.maildir,
        "/var/lib/empath": host.directory,
        "/var/backups/empath": host.directory.parent / "backup",
        "/etc/init.d/empath": CONF / "init.d/empath",
        "empath:empath": f"{os.geteuid()}:{os.getegid()}",
    }
    for command, printed in (step for block in section(GUIDE, heading) for step in block.steps):
        here, expected = command, printed
        for place, ours in places.items():
            here, expected = here.replace(place, str(ours)), expected.replace(place, str(ours))
        code, output = terminal.run(here)
        assert (command, 0, plain(expected)) == (command, code, plain(output))


def test_a_backup_of_a_running_server_is_restored_as_the_guide_says(host, terminal):
    """
    The mail that waited at that instant waits again, with its content. What was delivered after the backup stays so.
    """
    admin = (host.directory / "empath-admin", "-c", host.config)
    assert 0 == shell(*admin, "freeze").returncode
    host.send("she@example.org")
    write(host.queue, "UPDATE queue SET next_retry_at = '+1 hour' WHERE recipient_id = 2")
    assert 0 == shell(*admin, "thaw").returncode
    follow(terminal, host, "Back up")
    assert 0 == shell(*admin, "retry", "--id", "2").returncode
    eventually(lambda: list(host.delivered()), "the later one delivered")
    follow(terminal, host, "Restore")
    assert 0 == shell(host.directory / "empath-admin", "-c", host.config, "retry", "--id", "1").returncode
    eventually(lambda: 2 == len(list(host.delivered())), "the restored one delivered")
    assert 1 == sum(mail.count(b"Subject: large") and mail.count(b"y" * 70) == 8000 for mail in host.delivered())
    eventually(
        lambda: [("delivered",)] == select(host.queue, "SELECT status FROM history WHERE recipient_id = 1"), "settled"
    )
    assert [("delivered",)] == select(host.queue, "SELECT status FROM history WHERE recipient_id = 2")
    assert {} == violations(host.queue)


def test_mail_of_a_backup_made_in_traffic_survives_the_loss_of_the_disk(tmp_path: Path):
    """
    The server is killed right after the backup, and its queue is lost. All mail that was accepted before the backup is
    in the Maildir at the end; what the log names is there once.
    """
    instance = Empathd(tmp_path / "host").start()
    sent: list[str] = []
    goes_on = threading.Event()
    goes_on.set()

    def send(client: int) -> None:
        number = 0
        while goes_on.is_set():
            number += 1
            name = f"c{client}n{number}"
            with suppress(OSError, smtplib.SMTPException):
                instance.send(f"{name}@example.org", LARGE if number % 3 == 0 else b"Subject: small\r\n\r\nx\r\n")
                sent.append(name)

    target = tmp_path / "backups"
    target.mkdir()
    threads = [threading.Thread(target=send, args=(client,)) for client in range(3)]
    try:
        for thread in threads:
            thread.start()
        eventually(lambda: len(sent) >= 30, "mail")
        before = set(sent)
        made = run("-c", str(instance.config), "backup", str(target), "--copy")
        eventually(lambda: len(sent) >= len(before) + 10, "more mail")
    finally:
        goes_on.clear()
        Belongings(instance.directory).kill()
        for thread in threads:
            thread.join()
    assert 0 == made.code, made.err
    once = {line["recipient"].partition("@")[0] for line in instance.named("delivered")}
    for lost in ("queue.db*", "spool"):
        assert 0 == shell("sh", "-c", f"rm -r {instance.directory}/{lost}").returncode
    backup = made.out.strip()
    done = run("restore", backup, "--to", str(instance.directory), "--log", str(instance.log), "--apply")
    assert 0 == done.code, done.err
    assert {} == violations(instance.queue)
    try:
        instance.start()
        eventually(lambda: [(0,)] == select(instance.queue, "SELECT count(*) FROM queue"), "all delivered")
    finally:
        instance.clean_up()
    heads = [mail.partition(b"\r\n\r\n")[0].decode() for mail in instance.delivered()]
    arrived = Counter(name for head in heads for name in re.findall(r"for <?(c\d+n\d+)@", head))
    assert set() == before - arrived.keys()
    assert {} == {name: arrived[name] for name in once if arrived[name] != 1}
    assert {} == violations(instance.queue)


def test_the_schema_goes_up_and_back_as_the_guide_says(host, tmp_path):
    """
    An older program refuses the migrated queue in one line, and works with the copy from before.
    """
    program = host.directory / "empathd"
    newer = _newer_empath(tmp_path / "newer")
    assert 0 == shell(program, "-c", host.config, "stop").returncode
    before = tmp_path / "before"
    before.mkdir()
    assert 0 == shell("sh", "-c", f"cp -a {host.directory}/queue.db* {before}").returncode

    check = (sys.executable, "-P", "-m", "empath.cli.empathd", "-c", host.config, "check")
    done = shell(*check, PYTHONPATH=str(newer))
    assert (0, f"empathd: {host.config}: no findings\n") == (done.returncode, done.stderr)
    assert [(NEWER,)] == select(host.queue, "PRAGMA user_version")
    assert [("blue", 1)] == select(host.queue, "SELECT colour, count(*) FROM _message GROUP BY colour")

    versions = f"schema {NEWER} is newer than this Empath, which knows {SCHEMA_VERSION}"
    line = f"empathd: {host.queue}: {versions}; upgrade Empath [E-DATA-002]\n"
    for verb in ("check", "start"):
        done = shell(program, "-c", host.config, verb)
        assert (65, line) == (done.returncode, done.stderr)
    done = shell(host.directory / "empath-admin", "-c", host.config, "list")
    assert (65, line.replace("empathd:", "empath-admin:")) == (done.returncode, done.stderr)

    back = f"rm -r {host.directory}/queue.db* && cp -a {before}/queue.db* {host.directory}"
    assert 0 == shell("sh", "-c", back).returncode
    assert 0 == shell(program, "-c", host.config, "start").returncode
    assert [("you@example.org", "queued")] == select(host.queue, "SELECT recipient, status FROM queue")


def test_the_guide_waits_as_long_as_the_program_and_names_its_files():
    """
    A command cannot copy a file that is not shipped.
    """
    from empath.daemon.process.child import DRAIN_S

    page = (ROOT / GUIDE).read_text()
    assert f"at most {DRAIN_S:g} seconds" in page
    shipped = set(re.findall(r"(?<=\s)conf/[\w./-]+\w", page))
    assert [] == sorted(path for path in shipped if not (ROOT / path).is_file())
    assert {"conf/host.toml", "conf/init.d/empath", "conf/systemd/empath.service"} <= shipped


def _newer_empath(place: Path) -> Path:
    """A copy of the package whose schema is one version ahead."""
    shutil.copytree(ROOT / "empath", place / "empath", ignore=shutil.ignore_patterns("__pycache__"))
    module = place / "empath/storage/sqlite/schema.py"
    module.write_text(module.read_text().replace(f"SCHEMA_VERSION = {SCHEMA_VERSION}", f"SCHEMA_VERSION = {NEWER}"))
    step = place / f"empath/sql/sqlite/migrations/{NEWER:04}-colour.sql"
    step.write_text("ALTER TABLE _message ADD COLUMN colour TEXT;\nUPDATE _message SET colour = 'blue';\n")
    return place
