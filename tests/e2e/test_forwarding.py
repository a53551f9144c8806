"""Mail that is passed on by the whole service, and what comes back about it."""

import smtplib

import pytest

from empath.authentication.verify import Result
from empath.authentication.verp import Verp
from empath.mail.address import Address
from empath.mail.domain import Domain
from empath.mail.identity import QueueId
from tests.authentication.kit import TEXTS
from tests.authentication.test_sealer import judged
from tests.kit.dns import ScriptedDns
from tests.kit.process import Empathd, free_port
from tests.kit.queue import select, write
from tests.kit.vectors import vectors
from tests.kit.waiting import DEADLINE_S, eventually
from tests.message.report.samples import DSN

SECRET = "a secret of this host"


@pytest.fixture
def service(tmp_path):
    """A service with a listener for the Internet. It forwards, seals and reads reports; all mail ends in a Maildir."""
    port = free_port()
    folder = tmp_path / "service"
    folder.mkdir(mode=0o750)
    for name in ("srs.secrets", "verp.secrets"):
        (folder / name).write_text(f"{SECRET}\n")
    (folder / "keys").mkdir()
    (folder / "keys" / "example.com.r.key").write_text(vectors("dkim-signed")["private_keys"]["r"])
    with ScriptedDns() as names:
        names.txt("good.example", "v=spf1 ip4:127.0.0.1 -all").txt("_dmarc.good.example", "v=DMARC1; p=reject")
        names.txt("r._domainkey.example.com", *[TEXTS["r._domainkey.example.com"]])
        more = f"""
[[listener]]
address = "127.0.0.1:{port}"
role = "mx"
[listener.authentication]
spf = true
dkim = true
arc = true
dmarc = "reject"
[authentication]
trusted_sealers = ["example.com"]
[relay]
networks = ["192.0.2.0/24"]
domains = ["here.test"]
[aliases]
enabled = true
[dkim]
keys = "keys"
[dkim.sign]
"example.com" = ["r"]
[arc]
domain = "example.com"
[srs]
domain = "srs.test"
secrets_file = "srs.secrets"
[verp]
domain = "bounces.test"
secrets_file = "verp.secrets"
[suppression]
classes = ["bad-mailbox"]
[dns]
nameservers = ["{names.address}"]
"""
        made = Empathd(folder, more)
        try:
            yield made.start(), port
        finally:
            made.clean_up()


def send(port, sender, recipient, content):
    """Send a message; the reply to its recipient, or to its end."""
    with smtplib.SMTP("127.0.0.1", port, "client.example", timeout=DEADLINE_S) as client:
        client.ehlo()
        client.mail(sender)
        code, reply = client.rcpt(recipient)
        return (code, reply) if code != 250 else client.data(content)


def delivered(running, address):
    """The mail for *address*, once it is there."""

    def found():
        texts = [file.read_bytes() for file in (running.maildir / "new").glob("*")]
        return [text for text in texts if b"Delivered-To: " + address in text]

    [text] = eventually(found, f"mail for {address.decode()}")
    return text


def test_what_is_forwarded_comes_back_and_what_fails_later_is_known(service):
    """
    An alias leads elsewhere; its host reports, first to the sender, then about a recipient that does not exist.
    """
    running, port = service
    write(running.queue, "INSERT INTO alias (pattern, target) VALUES ('away@here.test', 'ann@far.test')")
    assert 250 == send(port, "joe@good.example", "away@here.test", b"From: joe@good.example\r\n\r\nx\r\n")[0]
    lines = delivered(running, b"ann@far.test")
    first, _, rest = lines.partition(b"\r\n")
    assert first.startswith(b"Return-Path: <SRS0=")
    assert first.endswith(b"=good.example=joe@srs.test>")
    sealed = rest.partition(b"\r\n")[2]
    assert Result.PASS == judged(sealed).result

    back = first.removeprefix(b"Return-Path: <").removesuffix(b">").decode()
    assert 250 == send(port, "", back, b"From: m@far.test\r\nSubject: failed\r\n\r\nx\r\n")[0]
    assert b"Subject: failed" in delivered(running, b"joe@good.example")
    code, reply = send(port, "", back.replace("SRS0=", "SRS0=A"), b"")
    assert (550, b"5.1.1") == (code, reply[:5])

    [(ulid,)] = select(running.queue, "SELECT id FROM history WHERE recipient = 'ann@far.test'")
    made = Verp(Domain("bounces.test"), (SECRET.encode(),)).sender(QueueId(ulid), Address.parse("ann@far.test"))
    assert 250 == send(port, "", str(made), DSN.replace(b"\n", b"\r\n"))[0]
    kept = "SELECT id, recipient, class, recipient_id IS NOT NULL FROM feedback"
    assert [(ulid, "ann@far.test", "bad-mailbox", 1)] == eventually(
        lambda: select(running.queue, kept), "what was reported"
    )
    assert [("ann@far.test", "bounce")] == select(running.queue, "SELECT address, source FROM suppression")
    assert [("delivered",)] == select(running.queue, "SELECT status FROM history WHERE recipient = 'ann@far.test'")
    heard = running.wait_for("feedback_heard")
    assert ("failure", True) == (heard["kind"], heard["is_suppressed"])


def test_a_host_that_trusts_the_seal_takes_what_it_would_refuse(service):
    """
    On the way SPF is lost, and there is no signature: only the seal says that the author was proven.
    """
    running, port = service
    write(running.queue, "INSERT INTO alias (pattern, target) VALUES ('away@here.test', 'ann@far.test')")
    assert 250 == send(port, "joe@good.example", "away@here.test", b"From: joe@good.example\r\n\r\nx\r\n")[0]
    sealed = delivered(running, b"ann@far.test").split(b"\r\n", 2)[2]
    code, reply = send(port, "a@elsewhere.example", "u@here.test", sealed[sealed.index(b"Received:") :])
    assert (550, True) == (code, b"proves good.example" in reply)
    assert 250 == send(port, "a@elsewhere.example", "u@here.test", sealed)[0]
    found = "SELECT dmarc, arc, sealers, disposition, reason FROM authentication WHERE arc = 'pass'"
    [(*results, reason)] = select(running.queue, found)
    assert ["fail", "pass", "example.com", "tag"] == results
    assert "example.com" in reason
