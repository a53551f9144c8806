"""HTTP to a real service: the examples of docs/api.md as they are printed, and a key that outlives a kill."""

import json
import os
import re
import signal
import subprocess
import time
from email import message_from_bytes

import pytest

from tests.cli.admin.kit import run
from tests.docs.pages import text
from tests.kit.process import Empathd, free_port
from tests.kit.waiting import DEADLINE_S, eventually

PAGE = text("docs/api.md")
_NAMED = re.compile(r"^<!-- not run: .{10,} -->\n```console\n.*?```", re.MULTILINE | re.DOTALL)


def commands(heading):
    """The commands of one section that are run, each with its answer if it is printed: an object of JSON."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = []
    for block in re.findall(r"```console\n(.*?)```", _NAMED.sub("", section), re.DOTALL):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, answer = step.partition("\n{")
            found.append((command, answer and json.loads("{" + answer)))
    return found


def type_in(port, secret, *lines):
    """What a shell prints for *lines* of the page, typed by somebody with this token; a server of the test answers."""
    words = "\n".join(lines).replace("127.0.0.1:8025", f"127.0.0.1:{port}")
    environment = {**os.environ, "TOKEN": secret}
    shell = ["bash", "-O", "expand_aliases", "-c", words]
    done = subprocess.run(shell, check=True, env=environment, capture_output=True, timeout=DEADLINE_S)
    return json.loads(done.stdout)


@pytest.fixture
def service(tmp_path):
    """A service with the API, and what runs a command of the page."""
    port = free_port()
    routes = '"*" = "maildir:mail"\n"example.org" = "mx"'  # example.org as a destination of that name
    made = Empathd(tmp_path / "service", f'[http]\naddress = "127.0.0.1:{port}"\n', routes)
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
    printed = commands("Sending mail")
    assert 3 == len(printed)

    answers = [type_in(port, secret, command) for command, _ in printed]
    assert [(1, 0), (2, 0), (1, 0)] == [(each["queued"], each["refused"]) for each in answers]
    assert printed[0][1]["results"][0].keys() == answers[0]["results"][0].keys()
    made.wait_for("delivered", count=4)
    subjects = {message_from_bytes(mail)["Subject"] for mail in made.delivered()}
    assert {"Your order", "Invoice 7", "Invoice 8", "as it is"} == subjects

    os.kill(made.pid_of("httpd-1"), signal.SIGKILL)
    made.wait_for("process_ready", slot="httpd-1", generation=2)
    assert answers[1] == eventually(lambda: type_in(port, secret, printed[1][0]), "the answer of before")
    assert 4 == len(list(made.delivered()))


def test_the_examples_of_the_api(service):
    """
    They are about mail for example.org, which waits. Each section with commands is run, here or above.
    """
    sections = [each.partition("\n")[0] for each in PAGE.split("\n## ") if "```console" in each]
    assert ["Tokens", "The API", "Sending mail"] == sections
    made, port = service

    def token(words):
        return run("-c", str(made.config), *words.split())

    [(typed, _)] = commands("Tokens")
    command, secret, said = typed.splitlines()
    added = token(command.removeprefix("empath-admin "))
    assert f"{said}\n" == added.err
    assert all(re.fullmatch(r"empath_[\w-]{43}", each) for each in (secret, added.out.strip()))

    (alias, _), *printed = commands("The API")
    later = json.dumps(
        {"from": "a@example.com", "to": ["b@example.org"], "text": "later", "send_at": time.time() + 3600}
    )
    sender, operator = (token(f"token add {role} --role {role}").out.strip() for role in ("inject", "operate"))
    type_in(port, sender, alias, f"api http://127.0.0.1:8025/api/v1/messages -d '{later}'")
    queue, order, by_rule, by_hold, added_row, rehearsed, freeze, rows = (
        type_in(port, operator, alias, command) for command, _ in printed
    )
    assert ["b@example.org"] == [each["recipient"] for each in queue["recipients"]]
    assert (1, True) == (order["matched"], order["is_dry_run"])
    assert [(0, 1), (1, 0)] == [(each["newly_held"], each["after"]["settled"]) for each in (by_rule, by_hold)]
    assert ["ann@example.com"] == [each["address"] for each in added_row["rows"]]
    assert (True, ["example.org"]) == (rehearsed["is_dry_run"], [each["destination"] for each in rehearsed["rows"]])
    assert ["freeze"] == [each["verb"] for each in freeze["rows"]]
    assert ["ann@example.com"] == [each["address"] for each in rows["rows"]]
    made.wait_for("delivery_frozen")
