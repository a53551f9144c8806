"""Mail by HTTP to a real service: the examples of docs/api.md as they are printed, and a key that outlives a kill."""

import json
import os
import re
import signal
import subprocess
from email import message_from_bytes

import pytest

from tests.cli.admin.kit import run
from tests.docs.pages import text
from tests.kit.process import Empathd, free_port
from tests.kit.waiting import DEADLINE_S, eventually


@pytest.fixture
def service(tmp_path):
    """A service with the API, and what runs a command of the page."""
    port = free_port()
    made = Empathd(tmp_path / "service", f'[http]\naddress = "127.0.0.1:{port}"\n')
    try:
        yield made.start(), port
    finally:
        made.clean_up()


def test_the_examples_of_the_page(service):
    """
    A reader types them, and mail arrives.
    """
    made, port = service
    secret = run("-c", str(made.config), "token", "add", "shop", "--role", "inject").out.strip()
    section = text("docs/api.md").partition("## Sending mail")[2].partition("## Limits")[0]
    [block] = re.findall(r"```console\n(.*?)```", section, re.DOTALL)
    commands = [each.partition("\n{")[0] for each in re.split(r"^\$ ", block, flags=re.MULTILINE) if each]
    assert 3 == len(commands)

    def type_in(command):
        words = command.replace("127.0.0.1:8025", f"127.0.0.1:{port}")
        environment = {**os.environ, "TOKEN": secret}
        shell = ["bash", "-c", words]
        done = subprocess.run(shell, check=True, env=environment, capture_output=True, timeout=DEADLINE_S)
        return json.loads(done.stdout)

    answers = [type_in(command) for command in commands]
    assert [(1, 0), (2, 0), (1, 0)] == [(each["queued"], each["refused"]) for each in answers]
    shown = json.loads("{" + block.partition("\n{")[2].partition("\n")[0])
    assert shown["results"][0].keys() == answers[0]["results"][0].keys()
    made.wait_for("delivered", count=4)
    subjects = {message_from_bytes(mail)["Subject"] for mail in made.delivered()}
    assert {"Your order", "Invoice 7", "Invoice 8", "as it is"} == subjects

    os.kill(made.pid_of("httpd-1"), signal.SIGKILL)
    made.wait_for("process_ready", slot="httpd-1", generation=2)
    assert answers[1] == eventually(lambda: type_in(commands[1]), "the answer of before")
    assert 4 == len(list(made.delivered()))
