"""Differences between listeners, and errors that prevent a start."""

import contextlib
import re

import apsw
import pytest

from tests.e2e.client import Client, code_of
from tests.e2e.service import split_trace
from tests.kit.queue import Queue, write
from tests.kit.waiting import eventually


@pytest.fixture
def client_of(service):
    """Makes a greeted connection to the listener of a role."""
    made = []

    def connect(role, source="127.0.0.1"):
        made.append(Client(service.ports[role], source))
        assert "250" == made[-1].say("EHLO client.example.test")[:3]
        return made[-1]

    yield connect
    for client in made:
        client.socket.close()


def test_a_limit_of_a_bare_shell_holds_on_one_listener_until_it_is_removed(service, client_of):
    """
    Within a second, for new sessions and for one that has begun. What a listener cannot be is refused.
    """
    here = f"127.0.0.1:{service.ports['submission']}"
    begun = client_of("submission")
    sender = "MAIL FROM:<a@example.org>"
    assert ["250 2.1.0", "250 2.0.0"] * 2 == begun.say_all(*[sender, "RSET"] * 2)
    limits = f"('{here}', 'message_size', '1MiB', NULL), ('{here}', 'messages_per_session', 2, '+1 hour')"
    service.shell(f"INSERT INTO listener_limit (listener, setting, value, expires_at) VALUES {limits}")

    def announced(role):
        client = client_of(role)
        return re.findall(r"SIZE (\d+)", client.say("EHLO client.example.test"))

    eventually(lambda: announced("submission") == ["1048576"])
    assert ["12582912"] == announced("mx")
    assert ["421 4.7.0"] == begun.say_all(sender)
    with pytest.raises(apsw.ConstraintError, match="listener takes the address"):
        write(service.queue, "INSERT INTO listener_limit (listener, setting, value) VALUES ('192.0.2.1:25', 'junk', 5)")
    with pytest.raises(apsw.ConstraintError, match="for which there are descriptors"):
        write(service.queue, "INSERT INTO listener_limit (listener, setting, value) VALUES ('*', 'connections', 4001)")

    service.shell("UPDATE _listener_limit SET expires_at = unixepoch() WHERE setting = 'messages_per_session'")
    service.shell("DELETE FROM listener_limit WHERE setting = 'message_size'")
    eventually(lambda: announced("submission") == ["12582912"])
    eventually(lambda: [] == service.rows("SELECT * FROM listener_limit"))
    assert ["250 2.1.0", "250 2.0.0"] * 3 == client_of("submission").say_all(*[sender, "RSET"] * 3)


def test_submission_adds_the_fields_that_are_missing(service, client_of):
    """
    RFC 6409 §8: a user's program may leave them out.
    """
    ulid = client_of("submission").mail("<a@example.org>", "<b@here.test>", content=b"Subject: s\r\n\r\ntext\r\n")
    service.wait_status(ulid, "delivered")
    [stored] = service.in_maildir(ulid)
    rest = split_trace(stored.partition(b"\r\nDelivered-To: b@here.test\r\n")[2])[1].decode()
    expected = (
        r"Date: \w{3}, \d\d? \w{3} \d{4} \d\d:\d\d:\d\d \+0000\r\n"
        rf"Message-ID: <{ulid}@mx\.example\.test>\r\n"
        r"Subject: s\r\n\r\ntext\r\n"
    )
    assert re.fullmatch(expected, rest)


def test_submission_leaves_the_fields_that_are_there(service, client_of):
    """
    No other role adds such fields.
    """
    content = b"message-id: <x@y>\r\nDATE: today\r\n\r\ntext\r\n"
    ulid = client_of("submission").mail("<a@example.org>", "<b@here.test>", content=content)
    service.wait_status(ulid, "delivered")
    [stored] = service.in_maildir(ulid)
    assert stored.endswith(b"+0000\r\n" + content)
    assert [("<x@y>", None)] == service.rows("SELECT header_message_id, subject FROM _message WHERE ulid = ?", ulid)


def test_submission_is_for_trusted_clients(client_of):
    """
    RFC 6409 §4.3.
    """
    assert "530 5.7.0" == code_of(client_of("submission", "127.0.0.9").say("MAIL FROM:<a@example.org>"))


def test_from_the_internet_a_line_has_998_octets_at_most(service, client_of):
    """
    RFC 5321 §4.5.3.1.6. The setting is only for hosts of ours.
    """
    client = client_of("mx")
    client.say_all("MAIL FROM:<a@example.org>", "RCPT TO:<b@here.test>")
    assert "554 5.6.0" == code_of(client.content(b"X: y\r\n\r\n" + b"z" * 999 + b"\r\n"))
    service.wait_status(
        client.mail("<a@example.org>", "<b@here.test>", content=b"\r\n" + b"z" * 998 + b"\r\n"), "delivered"
    )


def test_a_listener_is_named_in_the_row(service, client_of):
    """
    The row also has the client's address and name.
    """
    ulid = client_of("mx").mail("<a@example.org>", "<b@here.test>")
    row = service.rows("SELECT listener, client_address, client_name, node FROM _message WHERE ulid = ?", ulid)
    assert [(f"127.0.0.1:{service.ports['mx']}", "127.0.0.1", "client.example.test", "mx.example.test")] == row


@pytest.mark.parametrize(
    ("harm", "words"),
    [("PRAGMA user_version = 999", "schema 999 is newer than this Empath"), ("PRAGMA application_id = 1", "")],
)
def test_a_queue_of_another_program_is_one_line_and_ex_dataerr(make_empathd, harm, words):
    """
    This version cannot know the meaning of rows of a newer Empath; the file stays as it is.
    """
    empathd = make_empathd()
    Queue(empathd.queue).close()
    write(empathd.queue, harm)
    before = empathd.queue.read_bytes()
    empathd.spawn()
    code, err = empathd.end()
    assert (65, 1) == (code, err.count("\n"))
    assert err.startswith(f"empathd: {empathd.queue}: ")
    assert words in err
    assert before == empathd.queue.read_bytes()


def test_a_file_that_is_no_database_is_one_line_and_ex_dataerr(make_empathd):
    """
    A mistaken path must not destroy a file.
    """
    empathd = make_empathd()
    empathd.queue.write_bytes(b"my thesis\n" * 1000)
    empathd.spawn()
    code, err = empathd.end()
    assert (65, 1, b"my thesis\n" * 1000) == (code, err.count("\n"), empathd.queue.read_bytes())


def test_a_start_brings_the_queue_to_its_mode(service):
    """
    Another connection reads the mode back. Without WAL mode the promise of a 250 does not hold.
    """
    connection = apsw.Connection(str(service.queue), flags=apsw.SQLITE_OPEN_READONLY)
    assert ("wal", 4096, 2) == tuple(connection.pragma(name) for name in ("journal_mode", "page_size", "auto_vacuum"))
    connection.close()


def test_a_stranger_has_only_so_many_connections(service):
    """
    The limit is per address. Hosts of ours are exempt, and a closed connection makes room for another.
    """
    with contextlib.ExitStack() as all_of_them:

        def greeting(source):
            return all_of_them.enter_context(Client(service.port, source)).greeting

        first = all_of_them.enter_context(Client(service.port, "127.0.0.8"))
        assert ["220"] * 4 == [greeting("127.0.0.8")[:3] for _ in range(4)]
        assert "421 4.7.0" == code_of(greeting("127.0.0.8"))
        assert {"220"} == {greeting("127.0.0.1")[:3] for _ in range(8)}
        assert "221 2.0.0" == code_of(first.say("QUIT"))
        eventually(lambda: greeting("127.0.0.8").startswith("220 "), "a place is free")
    assert 1 <= len(service.named("connection_refused", client="127.0.0.8", listener=f"127.0.0.1:{service.port}"))


def test_below_the_reserve_of_space_mail_is_refused_for_now(make_empathd):
    """
    The remaining space is for recording deliveries.
    """
    empathd = make_empathd()
    empathd.config.write_text(empathd.config.read_text().replace("[queue]", '[queue]\nreserve = "8000000GiB"'))
    empathd.start()
    with Client(empathd.port) as client:
        assert ["250", "452 4.3.1"] == client.say_all("EHLO client.example.test", "MAIL FROM:<a@example.org>")
    assert [False] == [event["has_space"] for event in empathd.named("space_changed")]
    assert 0 == empathd.stop()
