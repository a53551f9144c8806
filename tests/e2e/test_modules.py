"""Modules at a running server: the examples of docs/examples, and one that holds and discards."""

import json
import signal
import smtplib
import subprocess
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.kit.process import Empathd
from tests.kit.queue import select
from tests.kit.starter import STARTER
from tests.kit.waiting import DEADLINE_S, eventually

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
ORDERS = """
from empath.modules import Discard, Hold, ReplaceField, Reply, SetRoute, hookimpl

@hookimpl
def attempt(context):
    if "orders" in context.metadata: return Reply.of("450 4.7.1 " + context.metadata["orders"])

@hookimpl
def data(context, message):
    match message.values("X-Order"):
        case ["hold"]: return Hold("looks odd")
        case ["discard"]: return Discard("spam")
        case ["replace"]: return ReplaceField("Subject", "[list] test")
        case ["crash"]: return 1 / 0
        case ["wait"]:
            context.metadata["orders"] = "wait"
            return SetRoute("discard:")
"""


class Modular(Empathd):
    """Has all examples, and the module `orders`."""

    def __init__(self, directory):
        directory.mkdir(mode=0o750, exist_ok=True)
        (directory / "orders.py").write_text(ORDERS)
        self.refused = directory / "refused"
        self.refused.write_text("spammer@example.net\n@bad.example\n")
        self.modules = f"""
[modules]
add_field = {{ name = "X-Our-Host", value = "yes" }}
refuse_listed = {{ file = "{self.refused}", on_failure = "pass" }}
tag_and_quota = {{ customers = {{ "example.org" = "org" }}, messages_a_day = 1 }}
orders = {{}}
"""
        path = f"{EXAMPLES}:{directory}"
        super().__init__(directory, self.modules, environment={"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"})

    def client(self):
        return smtplib.SMTP("127.0.0.1", self.port, timeout=DEADLINE_S)

    def check(self):
        """What `empathd check` says."""
        command = [*STARTER.words("empath.cli.empathd"), "check", "-c", str(self.config)]
        return subprocess.run(command, env=self.own_environment(), capture_output=True, text=True, check=False)

    def own_environment(self):
        return {"PATH": "/usr/bin:/bin", **self._environment}


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    made = Modular(tmp_path_factory.mktemp("modules") / "service")
    try:
        made.start()
        yield made
    finally:
        made.clean_up()


def test_the_examples_tag_refuse_and_count(service):
    """
    What the metadata has at reception, another process finds with the message.
    """
    with service.client() as client:
        client.sendmail("a@example.test", ["b@example.org"], b"Subject: x\r\n\r\ntext\r\n")
        with pytest.raises(smtplib.SMTPRecipientsRefused, match="452"):
            client.sendmail("a@example.test", ["b@example.org"], b"Subject: x\r\n\r\ntext\r\n")
        client.rset()
        assert [550, 550, 250] == [client.mail(each)[0] for each in ("spammer@example.net", "x@bad.example", "")]
    [mail] = eventually(lambda: list(service.delivered()), "delivered")
    headers = message_from_bytes(mail)
    assert ("yes", "org") == (headers["X-Our-Host"], headers["X-Customer"])
    [(metadata,)] = select(service.queue, "SELECT metadata FROM message")
    assert {"customers": ["org"]} == json.loads(metadata)


@pytest.mark.parametrize(
    ("order", "status", "reason"),
    [
        ("hold", "held", "administratively held by module:orders: looks odd"),
        ("discard", "cancelled", "administratively cancelled by module:orders: spam"),
    ],
)
def test_what_a_module_holds_or_discards_is_in_the_audit(service, order, status, reason):
    """
    No mail vanishes without a trace: the row has the reason, the audit has the author.
    """
    with service.client() as client:
        content = f"Subject: {order}\r\nX-Order: {order}\r\n\r\n".encode()
        client.sendmail("a@example.test", ["b@example.test", "c@example.test"], content)
    rows = select(
        service.queue,
        "SELECT r.status, r.reason, m.ulid FROM _recipient AS r JOIN _message AS m USING (message_id)"
        " WHERE m.subject = ?",
        order,
    )
    assert [(status, reason)] * 2 == [row[:2] for row in rows]
    audit = select(service.queue, "SELECT who, what, before, after FROM audit WHERE id = ?", rows[0][2])
    assert [("module:orders", "status", "queued", status)] * 2 + [("module:orders", "reason", None, reason)] == audit


def test_a_replaced_field_passes_the_check_of_the_content(service):
    """
    The digest is that of the content as stored, so that delivery finds it whole.
    """
    with service.client() as client:
        body = b"0123456789\r\n" * 50_000
        client.sendmail("a@example.test", ["b@example.test"], b"Subject: x\r\nX-Order: replace\r\n\r\n" + body)

    def replaced():
        return [mail for mail in service.delivered() if b"Subject: [list] test" in mail]

    [mail] = eventually(replaced, "delivered")
    assert mail.replace(b"\r\n", b"\n").endswith(body.replace(b"\r\n", b"\n"))


def test_what_a_module_wrote_at_reception_decides_at_delivery(service):
    """
    A worker has the metadata and the route of another process.
    """
    with service.client() as client:
        client.sendmail("a@example.test", ["b@example.test"], b"Subject: wait\r\nX-Order: wait\r\n\r\n")
    seen = "SELECT destination, status, last_reply FROM queue WHERE status = 'deferred'"
    assert [("discard:", "deferred", "450 4.7.1 wait")] == eventually(
        lambda: select(service.queue, seen), "the attempt"
    )


def test_a_broken_module_stops_neither_a_reload_nor_the_service(service):
    """
    One line with the place in the file; the old process and its modules stay.
    """
    with service.client() as client, pytest.raises(smtplib.SMTPDataError, match="451"):
        client.sendmail("a@example.test", ["b@example.test"], b"X-Order: crash\r\n\r\n")
    failed = service.wait_for("module_failed", module="orders", hook="data")
    assert ("ZeroDivisionError" in failed["error"], "orders.py" in failed["exception"]) == (True, True)
    service.configure(f"{service.modules}no_such_module = {{}}\n")
    checked = service.check()
    line = f"{service.config}:25: modules.no_such_module: module no_such_module is not where Python looks; "
    assert (78, True) == (checked.returncode, line.split(":25:")[1] in checked.stderr), checked.stderr
    command = [*STARTER.words("empath.cli.empathd"), "reload", "-c", str(service.config)]
    reloaded = subprocess.run(command, env=service.own_environment(), capture_output=True, text=True, check=False)
    assert (78, 1) == (reloaded.returncode, len(reloaded.stderr.splitlines())), reloaded.stderr
    with service.client() as client:
        client.sendmail("a@example.test", ["b@example.test"], b"X-Order: none\r\n\r\n")
    service.configure(service.modules)
    assert 0 == service.check().returncode, service.check().stderr


def test_a_module_that_is_switched_off_is_an_alarm(service):
    """
    The log says it once; doctor says it until a reload.
    """
    for _ in range(5):
        with service.client() as client, pytest.raises(smtplib.SMTPDataError, match="451"):
            client.sendmail("a@example.test", ["b@example.test"], b"X-Order: crash\r\n\r\n")
    service.wait_for("module_switched_off", module="orders")
    off = [("acceptor-1", "orders")]
    seen = "SELECT slot, modules_off FROM process WHERE modules_off IS NOT NULL AND ended_at IS NULL"
    assert off == eventually(lambda: select(service.queue, seen), "the row")
    command = [*STARTER.words("empath.cli.admin.__main__"), "-c", str(service.config), "doctor"]
    doctor = subprocess.run(command, env=service.own_environment(), capture_output=True, text=True, check=False)
    assert "acceptor-1 has switched off after failures: orders" in doctor.stdout + doctor.stderr
    service.signal(signal.SIGHUP)
    eventually(lambda: not select(service.queue, seen), "the new process")
    with service.client() as client:
        client.sendmail("a@example.test", ["b@example.test"], b"X-Order: none\r\n\r\n")
