"""INSERT INTO control, and its effect on a running instance."""

import signal
import smtplib
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.kit.process import Empathd
from tests.kit.queue import Queue, select, violations, write
from tests.kit.run_guard import Belongings
from tests.kit.sqlites import SHELL
from tests.kit.waiting import DEADLINE_S, eventually

Make = Callable[..., Empathd]


def order(queue: Path, verb: str, argument: str | None = None) -> int:
    """Give the order with the shell of this machine; its number."""
    value = "NULL" if argument is None else f"'{argument}'"
    statement = f"INSERT INTO control (verb, argument) VALUES ('{verb}', {value});"
    if SHELL is None:
        write(queue, statement)
    else:
        subprocess.run(
            [SHELL, "-batch", "-bail", "-cmd", ".timeout 10000", "-cmd", "PRAGMA wal_autocheckpoint=0", str(queue)],
            input=statement, text=True, check=True, capture_output=True, timeout=30,
        )  # fmt: skip
    [(number,)] = select(queue, "SELECT max(control_id) FROM control")
    return int(number)


def result(queue: Path, number: int) -> str:
    """The result of an order, once it is done."""
    found: list[tuple[Any, ...]] = eventually(
        lambda: select(queue, "SELECT result FROM control WHERE control_id = ? AND done_at IS NOT NULL", number),
        "the order is done",
    )
    return str(found[0][0])


def is_refused(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=30):
            return False
    except ConnectionRefusedError:
        return True


def test_reload_is_asked_of_the_supervisor_once(make_empathd: Make) -> None:
    """
    The reload replaces the housekeeper that takes up the order; its successor must not repeat the order.
    """
    service = make_empathd().start()

    assert "asked to reload" in result(service.queue, order(service.queue, "reload"))

    service.wait_for("reload_finished")
    service.wait_for("process_exited", slot="housekeeper-1", generation=1)
    assert 0 == service.stop()
    assert 1 == len(service.named("reload_started"))
    assert 1 == len(service.named("order_obeyed", verb="reload", who="sql"))
    assert {} == violations(service.queue)


def test_a_reload_that_is_refused_says_why(make_empathd: Make) -> None:
    """
    The person who ordered it may not read the log.
    """
    service = make_empathd().start()
    service.config.write_text(service.config.read_text().replace("mx.example.test", "mx2.example.test") + "\n")
    said = result(service.queue, order(service.queue, "reload"))
    finding = service.wait_for("reload_refused")["finding"]
    assert f"refused: {finding}" == said
    service.config.write_text("half a configu")
    said = result(service.queue, order(service.queue, "reload"))
    assert said.startswith(f"refused: {service.config}:1: ")
    assert 0 == service.stop()


def test_drain_ends_the_service(make_empathd: Make) -> None:
    """
    A person with write access to the queue may do the same as SIGTERM.
    """
    service = make_empathd().start()

    number = order(service.queue, "drain")

    assert 0 == service.end()[0]
    assert "end the service" in result(service.queue, number)
    assert 1 == len(service.named("stop_started", cause="order"))


def test_two_drains_in_one_statement_are_one_drain(make_empathd: Make) -> None:
    """
    Only a second signal, from a person that does not want to wait, kills draining processes.
    """
    service = make_empathd().start()
    client = smtplib.SMTP("127.0.0.1", service.port, timeout=DEADLINE_S)
    client.ehlo()
    client.mail("sender@example.test")
    write(service.queue, "INSERT INTO control (verb) VALUES ('drain'), ('drain')")
    service.wait_for("process_exited", slot="worker-1")
    service.signal(signal.SIGTERM)  # as from a service manager that finds it stopping
    assert 250 == client.rcpt("rcpt@a.example")[0]
    assert 250 == client.data(b"Subject: test\r\n\r\ntext\r\n")[0]
    assert 421 == client.getreply()[0]
    client.close()
    assert 0 == service.end()[0]
    assert [] == service.named("process_killed")


def test_an_order_that_was_given_while_nothing_ran_is_not_carried_out(make_empathd: Make) -> None:
    """
    Otherwise a drain would end the next start, long after its reason has passed.
    """
    service = make_empathd().start()
    Belongings(service.directory).kill()  # its rows count as alive until the next start
    service.end()
    # A child that saw the supervisor die may have recorded its end before it was killed.
    write(service.queue, "UPDATE _process SET ended_at = NULL")
    numbers = [order(service.queue, verb) for verb in ("drain", "reload")]
    service.start()
    said = "not carried out: the service was not running when it was ordered"
    assert [said, said] == [result(service.queue, number) for number in numbers]
    assert [] == service.named("stop_started") + service.named("reload_started")
    assert 0 == service.stop()


def test_log_level_reaches_every_process_and_is_taken_back(make_empathd: Make) -> None:
    """
    A person who looks for a fault needs more lines for a while, without a reload.
    """
    service = make_empathd().start()

    assert "within 2 s" in result(service.queue, order(service.queue, "log-level", "error"))
    quiet = select(service.queue, "SELECT max(beat) FROM process")[0][0] + 2
    eventually(lambda: select(service.queue, "SELECT min(beat) FROM process")[0][0] >= quiet, "each has beaten")
    service.send("quiet@a.example")
    eventually(lambda: len(list(service.delivered())) == 1, "delivered")
    assert [] == service.named("accepted") + service.named("delivered")
    order(service.queue, "log-level")
    loud = select(service.queue, "SELECT max(beat) FROM process")[0][0] + 2
    eventually(lambda: select(service.queue, "SELECT min(beat) FROM process")[0][0] >= loud, "each has beaten")
    service.send("loud@a.example")

    service.wait_for("delivered", recipient="loud@a.example")
    assert 1 == len(service.named("accepted"))


def test_stopped_listener_refuses_until_a_reload(make_empathd: Make) -> None:
    """
    An order for an unknown address gets its result, too.
    """
    service = make_empathd().start()
    address = f"127.0.0.1:{service.port}"

    assert f"no listener 127.0.0.1:1; there are {address}" == result(
        service.queue, order(service.queue, "stop-listener", "127.0.0.1:1")
    )
    assert not is_refused(service.port)
    for _ in range(2):
        assert f"{address} takes no connection until a reload" == result(
            service.queue, order(service.queue, "stop-listener", address)
        )
        assert is_refused(service.port)
    result(service.queue, order(service.queue, "reload"))
    service.wait_for("reload_finished")

    service.send("later@a.example")
    service.wait_for("delivered", recipient="later@a.example")
    assert 0 == service.stop()


def test_order_that_a_housekeeper_died_over_is_not_done_again(make_empathd: Make) -> None:
    """
    An order is carried out at most once, because it is unknown how far the first try came.
    """
    service = make_empathd()
    queue = Queue(service.queue)
    queue.close()
    order(service.queue, "drain")
    write(service.queue, "UPDATE _control_outcome SET started_at = 1")

    service.start()

    assert "unknown" in result(service.queue, 1)
    assert 0 == service.stop()


def test_orders_act_while_mail_flows(make_empathd: Make) -> None:
    """
    Hold, cancel, release and freeze from a shell, in a running instance.
    """
    service = make_empathd().start()
    order(service.queue, "freeze")
    for name in ("held", "cancelled", "sent"):
        service.send(f"{name}@a.example")
    write(service.queue, "UPDATE queue SET status = 'held' WHERE recipient = 'held@a.example'")
    write(service.queue, "DELETE FROM queue WHERE recipient = 'cancelled@a.example'")
    assert [] == list(service.delivered())

    order(service.queue, "thaw")
    held = [("held@a.example", "held")]
    eventually(lambda: held == select(service.queue, "SELECT recipient, status FROM queue"), "sent is gone")
    assert 1 == len(list(service.delivered()))
    write(service.queue, "UPDATE queue SET status = 'queued'")
    write(service.queue, "UPDATE history SET status = 'queued' WHERE status = 'cancelled'")

    service.wait_for("delivered", recipient="held@a.example")
    service.wait_for("delivered", recipient="cancelled@a.example")
    assert 0 == service.stop()
    assert {} == violations(service.queue)
