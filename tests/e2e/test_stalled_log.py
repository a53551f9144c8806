"""A standard error that is not read does not stop the mail."""

import fcntl
import json
import os
import select
import smtplib
import time

from tests.kit.process import Empathd
from tests.kit.waiting import DEADLINE_S, eventually

_MAILS = 60  # enough for many times more lines than the pipe holds


def test_mail_goes_on_without_a_reader_of_the_log(tmp_path):
    """
    The log driver of a container may stall; acceptor, worker and housekeeper must not wait for it.
    """
    service = Empathd(tmp_path / "instance")
    service.config.write_text(service.config.read_text().replace('file = "empath.log"\n', ""))
    fifo = service.directory / "stderr"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    try:
        service.spawn()
        eventually(lambda: _is_greeted(service.port), "greeting")
        with smtplib.SMTP("127.0.0.1", service.port, timeout=DEADLINE_S) as client:
            for _ in range(_MAILS):
                client.sendmail("sender@example.test", ["rcpt@example.net"], b"Subject: test\r\n\r\ntext\r\n")
        eventually(lambda: len(list(service.delivered())) == _MAILS, "delivered")
        events = _read_events(reader, "accepted", _MAILS)
    finally:
        service.clean_up()
        os.close(reader)
    assert _MAILS == events.count("accepted")


def _is_greeted(port: int) -> bool:
    try:
        smtplib.SMTP("127.0.0.1", port, timeout=DEADLINE_S).quit()
    except OSError:
        return False
    return True


def _read_events(fd: int, event: str, count: int) -> list[str]:
    """Events of the lines that come out of *fd*, until *event* has come *count* times."""
    octets = b""
    deadline = time.monotonic() + DEADLINE_S
    while octets.count(f'"event":"{event}"'.encode()) < count and time.monotonic() < deadline:
        if select.select([fd], [], [], 0.1)[0]:
            octets += os.read(fd, 65536)
    whole, _, _ = octets.rpartition(b"\n")
    return [json.loads(line)["event"] for line in whole.splitlines()]
