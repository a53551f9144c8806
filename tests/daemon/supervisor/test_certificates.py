"""Files of certificates that change while the service runs: the supervisor over fake children."""

import socket

import pytest

from tests.kit.certificates import TABLE, issued
from tests.kit.process import free_port

CREDENTIALS = '[credentials."relay.test"]\nusername = "me"\npassword_file = "secret"\n'


def replace_key(service, octets):
    """Exchange one file at once, so that one change is seen."""
    new = service.directory / "new.pem"
    new.write_bytes(octets)
    new.rename(service.directory / "key.pem")


DKIM = '[dkim]\nkeys = "."\n[dkim.sign]\n"example.com" = ["r"]\n'


@pytest.fixture
def service(supervised):
    """A running service with a listener that speaks TLS; its files are looked at all the time."""
    listener = f'[[listener]]\naddress = "127.0.0.1:{free_port()}"\ntls = "starttls"\n'
    made = supervised(more=listener + TABLE + CREDENTIALS + DKIM, look_s=0.05)
    issued("mx.example.test").write(made.directory)
    (made.directory / "secret").write_text("secret")
    (made.directory / "example.com.r.key").write_text("a key that signs")
    return made.start()


def test_a_change_replaces_every_process_and_refuses_no_connection(service):
    """
    Only the supervisor may read a key of root, so the processes cannot take it by themselves.
    """
    service.config.write_text("a file that is being edited")
    replace_key(service, issued("mx.example.test", days=60).key)
    assert 0 == service.wait_for("reload_finished")["changes"]
    service.wait_for("process_exited", slot="acceptor-1", generation=1, ordered=True)
    assert 1 == len(service.named("certificates_changed"))
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as client, client.makefile() as file:
        assert "2" == file.readline().strip()


def test_a_process_gets_only_the_files_that_it_needs(service):
    """
    An acceptor has no use for the passwords of this host, a worker none for its keys, and the housekeeper only for
    those that sign its reports.
    """
    acceptor, worker, housekeeper = (service.inherited(f"{kind}-1") for kind in ("acceptor", "worker", "housekeeper"))
    assert acceptor.tls_fd is not None
    assert worker.tls_fd not in (None, acceptor.tls_fd)
    assert housekeeper.tls_fd is None
    assert worker.signing_fd is None
    assert acceptor.signing_fd not in (None, acceptor.tls_fd)
    assert acceptor.signing_fd == housekeeper.signing_fd


def test_a_password_that_changes_replaces_the_processes(service):
    """
    As a certificate does: only the supervisor may read it.
    """
    new = service.directory / "new"
    new.write_text("another")
    new.rename(service.directory / "secret")
    assert 0 == service.wait_for("reload_finished")["changes"]


def test_files_that_are_not_usable_are_tried_once_and_the_old_ones_stay(service):
    """
    One line says what is wrong; the next version of the files is tried again.
    """
    service.behave("fail", "acceptor-1")
    replace_key(service, b"a key that a process refuses")
    service.wait_for("reload_refused")
    service.wait_for("process_exited", slot="worker-1", generation=2)
    (service.directory / "key.pem").unlink()
    finding = f"tls.key: {service.directory}/key.pem cannot be read: No such file or directory"
    service.wait_for("reload_refused", finding=finding)
    service.behave("serve", "acceptor-1")
    replace_key(service, issued("mx.example.test").key)
    service.wait_for("reload_finished")
    assert 3 == len(service.named("certificates_changed"))
