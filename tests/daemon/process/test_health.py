"""The checks of health, each on something real: a listener, a disk, a log, a queue."""

import socket
import ssl
import threading
from contextlib import ExitStack

import pytest

from empath.config.load import load_config
from empath.daemon.process.health import HealthChecks
from empath.policy.health import Level
from empath.storage.admin.snapshot import Snapshot
from empath.storage.sqlite.engine import SqliteEngine
from tests.kit.certificates import TABLE, issued
from tests.kit.process import configuration, free_port
from tests.kit.queue import Queue, write

pytestmark = pytest.mark.on_disk


@pytest.fixture
def look(tmp_path):
    """Makes the checks with a configuration, and gives the diagnosis of one component."""
    queue = Queue(tmp_path / "queue.db")
    queue.accept("a.example", count=3)
    queue.close()

    def run(component, more="", queue_settings="", port=0):
        file = tmp_path / "empath.toml"
        text = configuration(port or free_port(), more)
        file.write_text(text.replace("[queue]", f"[queue]\n{queue_settings}"))
        engine = SqliteEngine(queue.path, max_leases=20)

        def read_stats():
            with Snapshot(engine) as snapshot:
                return snapshot.stats(0, 0.0)

        checks = HealthChecks(load_config(file), engine, reading=lambda: engine.visiting(None), read_stats=read_stats)
        assert component in checks.components
        return checks.run(component)

    return run


def test_the_reserve_of_the_disk(look):
    """
    Below it new mail is refused, so that a load balancer may as well send it elsewhere.
    """
    assert Level.ERROR is look("disk", queue_settings='reserve = "900000GiB"').level
    assert Level.ERROR is not look("disk", queue_settings='reserve = "1MiB"').level


def test_the_bounds_of_the_queue(look):
    assert Level.OK is look("queue", "[health]\nqueue_depth = 3\n").level
    found = look("queue", '[health]\nqueue_depth = 2\nqueue_age = "1d"\n')
    assert (Level.ERROR, True) == (found.level, found.found.startswith("3 recipients wait, more than 2; the oldest"))


def test_a_component_that_is_left_out_is_not_looked_at(look):
    with pytest.raises(AssertionError):
        look("dns", '[health]\nwithout = ["dns"]\n')


def test_a_log_that_cannot_be_written(look, tmp_path):
    """
    Its directory may be gone, or a rotation has moved it and no process has opened it again.
    """
    assert (Level.ERROR, True) == _said(look("log"), "No such file or directory")
    (tmp_path / "empath.log").touch()
    assert (Level.OK, True) == _said(look("log"), "can be written")


def test_a_queue_that_is_gone(look, tmp_path):
    """
    An error of a check is one of its component.
    """
    (tmp_path / "queue.db").unlink()
    assert Level.ERROR is look("database").level
    assert Level.ERROR is look("processes").level


def test_a_queue_that_nobody_has_written(look, tmp_path):
    write(tmp_path / "queue.db", "UPDATE _process SET ended_at = 1.0")
    assert (Level.ERROR, True) == _said(look("database"), "no process has written to it")


def _said(diagnosis, words):
    return diagnosis.level, words in diagnosis.found


@pytest.fixture
def answer(tmp_path):
    """Makes a listener that serves one connection: what it says, and None or how TLS begins."""
    with ExitStack() as kept:

        def make(octets, tls=None):
            server = kept.enter_context(socket.create_server(("127.0.0.1", 0)))

            def serve():
                client = server.accept()[0]
                with tls.wrap_socket(client, server_side=True) if tls else client as stream:
                    stream.sendall(octets)
                    heard.append(stream.recv(100))

            heard: list[bytes] = []
            thread = threading.Thread(target=serve)
            thread.start()
            kept.callback(thread.join)
            return server.getsockname()[1], heard

        yield make


def test_a_listener_greets_in_one_line_and_the_check_says_quit(look, answer):
    port, heard = answer(b"220 mx.example.test ESMTP\r\n")
    assert (Level.OK, True) == _said(look("listeners", port=port), "answers")
    assert [b"QUIT\r\n"] == heard
    port, _ = answer(b"421 4.7.0 too many\r\n")
    assert (Level.WARNING, True) == _said(look("listeners", port=port), "without a greeting 220")


def test_a_listener_with_implicit_tls_greets_inside_it(look, answer, tmp_path):
    """
    A connection alone would be in the log as one whose TLS did not begin.
    """
    issued("mx.example.test").write(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    port, heard = answer(b"220 mx.example.test ESMTP\r\n", context)
    more = f'{TABLE}[[listener]]\naddress = "127.0.0.1:{port}"\ntls = "implicit"\n'
    plain, _ = answer(b"220 mx.example.test ESMTP\r\n")
    assert (Level.OK, True) == _said(look("listeners", more, port=plain), f"127.0.0.1:{port} answers")
    assert [b"QUIT\r\n"] == heard


def test_a_listener_that_is_closed(look):
    assert (Level.ERROR, True) == _said(look("listeners"), "does not answer: Connection refused")
