"""A real service whose log directory is removed."""

import os
import shutil
import signal

from tests.kit.process import Empathd
from tests.kit.waiting import eventually


def test_mail_goes_on_without_the_directory_of_the_log(tmp_path):
    """
    A process that replaces a killed one writes its lines to standard error. It takes the log file as soon as it can,
    and says so there.
    """
    service = Empathd(tmp_path / "service")
    logs = service.directory / "logs"
    logs.mkdir()
    service.config.write_text(service.config.read_text().replace('"empath.log"', '"logs/empath.log"'))
    service.log = logs / "empath.log"
    try:
        service.start()
        killed = service.pid_of("worker-1")
        shutil.rmtree(logs)
        os.kill(killed, signal.SIGKILL)
        service.send("user@example.test")
        eventually(lambda: list(service.delivered()), "delivered")
        astray = (service.directory / "stderr").read_text()
        reason = f"cannot open the log file {service.log}: No such file or directory"
        assert (True, True) == ('"event":"log_astray","process":"worker-1"' in astray, reason in astray)
        logs.mkdir()
        service.wait_for("log_found", process="worker-1")
        assert 0 == service.stop()
    finally:
        service.clean_up()
