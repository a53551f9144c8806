"""test_disk - a disk that fills up, and a log that cannot be truncated"""

import apsw

from empath.config.load import load_config
from empath.daemon.process.health import HealthChecks
from empath.policy.health import Level
from tests.faults.conftest import MIB, offer
from tests.kit.peer import ScriptedPeer
from tests.kit.process import configuration, free_port
from tests.kit.queue import Queue, select, violations
from tests.kit.waiting import eventually

_SETTINGS = """
[retry]
base = "1s"
max = "1s"
[receiving.limits]
message_size = "1MiB"
"""


def small_reserve(instance, reserve="6MiB", more=""):
    """Give the instance a queue that fits a small disk."""
    text = instance.config.read_text().replace("[queue]", f'[queue]\nreserve = "{reserve}"\n{more}')
    instance.config.write_text(text)
    return instance


def waiting(instance):
    """Recipients without a final status."""
    return select(instance.queue, "SELECT count(*) FROM queue")[0][0]


def test_a_disk_that_runs_full_refuses_mail_and_goes_on_delivering(new_disk, new_instance):
    """
    The reserve is for recording deliveries. New mail uses the space that they free, without a restart.
    """
    disk = new_disk(24)
    port = free_port()
    routes = f'"far.test" = "smtp://127.0.0.1:{port}"\n"*" = "maildir:mail"'
    instance = small_reserve(new_instance(disk.directory / "instance", _SETTINGS, routes)).start()
    taken = 0
    while (said := offer(instance, f"r{taken}@far.test", b"Subject: x\r\n\r\n" + b"x" * 70 + b"\r\n" * 90_000))[
        0
    ] == "2":
        taken += 1
    assert ("452 4.3.1", taken) == (said, waiting(instance))
    with ScriptedPeer("127.0.0.1", port) as peer:
        eventually(lambda: waiting(instance) == 0, "an empty queue")
        assert taken == len(peer.messages)
    eventually(lambda: offer(instance, "again@home.test") == "250 2.0.0", "room for new mail")
    assert 0 == instance.stop()
    assert {} == violations(instance.queue)


def test_health_tells_of_a_disk_that_is_full_and_of_a_log_on_it(new_disk):
    """
    The checks look at the disk itself: no process has to run.
    """
    disk = new_disk(24)
    queue = Queue(disk.directory / "queue.db")
    queue.close()
    file = disk.directory / "empath.toml"
    text = configuration(free_port(), '[receiving.limits]\nmessage_size = "1MiB"\n')
    file.write_text(text.replace("[queue]", '[queue]\nreserve = "1MiB"'))
    config = load_config(file)
    (disk.directory / "empath.log").touch()
    checks = HealthChecks(config, queue.engine, reading=lambda: queue.engine.visiting(None), read_stats=lambda: None)

    def levels():
        return [checks.run(component).level for component in ("disk", "log")]

    assert [Level.OK, Level.OK] == levels()
    disk.fill()
    assert [Level.ERROR, Level.ERROR] == levels()
    disk.free()
    assert [Level.OK, Level.OK] == levels()


def test_a_disk_without_any_room_loses_nothing(new_disk, new_instance):
    """
    Another program has filled the reserve, too, and commits fail. Clients get 4yz, and fates are written once there is
    space.
    """
    disk = new_disk(24)
    port = free_port()
    instance = new_instance(disk.directory / "instance", _SETTINGS, f'"*" = "smtp://127.0.0.1:{port}"')
    small_reserve(instance, "0B").start()
    assert "250 2.0.0" == offer(instance, "before@far.test")
    disk.fill()
    with ScriptedPeer("127.0.0.1", port) as peer:
        while (said := offer(instance, "full@far.test"))[0] == "2":
            pass  # the write-ahead log may have some pages left
        assert said in ("452 4.3.1", "451 4.3.0")
        disk.free()
        eventually(lambda: offer(instance, "after@far.test") == "250 2.0.0", "mail is taken again")
        eventually(lambda: waiting(instance) == 0, "an empty queue")
        arrived = {rcpt.partition("<")[2].partition("@")[0] for message in peer.messages for rcpt in message.rcpts}
    assert {"before", "after"} <= arrived
    assert 0 == instance.stop()
    assert {} == violations(instance.queue)
    assert [("ok",)] == select(instance.queue, "PRAGMA integrity_check")


def test_a_reader_that_never_ends_stops_mail_before_the_disk_is_full(tmp_path, new_instance):
    """
    While a snapshot is held, the write-ahead log grows with each commit. Beyond its limit MAIL is refused, until the
    reader ends.
    """
    instance = small_reserve(new_instance(tmp_path / "instance", _SETTINGS), "0B", 'wal_limit = "3MiB"').start()
    reader = apsw.Connection(str(instance.queue), flags=apsw.SQLITE_OPEN_READONLY)
    reader.execute("BEGIN; SELECT count(*) FROM _message").fetchall()
    taken = 0
    while (said := offer(instance, f"r{taken}@home.test", b"Subject: x\r\n\r\n" + b"\r\n" * (MIB // 20)))[0] == "2":
        taken += 1
    assert "452 4.3.1" == said
    reader.close()
    eventually(lambda: offer(instance, "again@home.test") == "250 2.0.0", "mail is taken again")
    assert 0 == instance.stop()
    assert {} == violations(instance.queue)
