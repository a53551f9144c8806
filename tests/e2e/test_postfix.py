"""
A Postfix as Debian has it relays through us: as a smarthost, over LMTP, and with a login.

It needs the Postfix of the host, and root, so `make interop` runs it and `make test` does not know it.
"""

import email
import smtplib
import subprocess
import sys
from typing import Any

import pytest

from tests.kit.certificates import TABLE, authority, issued
from tests.kit.peer import ScriptedPeer
from tests.kit.postfix import Postfix
from tests.kit.process import Empathd, free_port
from tests.kit.queue import select
from tests.kit.waiting import DEADLINE_S, eventually

ALICE = "alice@example.org"
LISTENERS = """
[relay]
networks = ["127.0.0.2/32"]
[[listener]]
address = "127.0.0.1:{host}"
role = "internal"
tls = "starttls"
xclient = ["127.0.0.2/32"]
[[listener]]
address = "127.0.0.1:{users}"
role = "submission"
tls = "required"
[[listener]]
address = "127.0.0.1:{lmtp}"
role = "internal"
protocol = "lmtp"
"""
SETTINGS = """
relayhost = [127.0.0.1]:{host}
transport_maps = inline:{{ lmtp.test=lmtp:inet:127.0.0.1:{lmtp}, users.test=smtp:[127.0.0.1]:{users} }}
smtp_bind_address = 127.0.0.2
lmtp_bind_address = 127.0.0.2
smtp_tls_security_level = verify
smtp_tls_CAfile = {ca}
smtp_tls_verify_cert_match = mx.example.test
smtp_send_xforward_command = yes
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = inline:{{ [127.0.0.1]:{users}={alice}:pencil }}
smtp_sasl_security_options = noanonymous
smtp_sasl_mechanism_filter = {mechanism}
"""


class NextHost(Empathd):
    """It has a listener for each way in which Postfix comes, at a port of `ports`."""

    def __init__(self, directory):
        self.ports = {name: free_port() for name in ("host", "users", "lmtp")}
        super().__init__(directory, LISTENERS.format(**self.ports) + TABLE)
        issued("mx.example.test").write(directory)


@pytest.fixture(scope="module")
def empath(tmp_path_factory):
    instance = NextHost(tmp_path_factory.mktemp("behind-postfix"))
    try:
        instance.start()
        command = [sys.executable, "-m", "empath.cli.admin", "-c", str(instance.config), "account", "add", ALICE]
        subprocess.run(command, input="pencil", text=True, check=True, capture_output=True)
        yield instance
        assert 0 == instance.stop()
    finally:
        instance.clean_up()


def behind(empath, tmp_path, mechanism="plain"):
    (tmp_path / "ca.pem").write_bytes(authority().cert_pem.bytes())
    # Postfix reads this file before it gives up root.
    return Postfix(SETTINGS.format(**empath.ports, ca=tmp_path / "ca.pem", alice=ALICE, mechanism=mechanism))


def sent_by(empath, postfix, reverse_path, recipients, **options):
    """Send a message to Postfix; the row that it becomes here."""
    before = len(empath.named("accepted", sender=reverse_path))
    with smtplib.SMTP("127.0.0.1", postfix.port, timeout=DEADLINE_S) as client:
        client.ehlo("pc.test")
        text = f"From: {reverse_path}\r\nSubject: x\r\n\r\ntext\r\n".encode()
        assert {} == client.sendmail(reverse_path, recipients, text, **options)

    def arrived():
        assert "bounced" not in postfix.log(), postfix.log()
        assert "deferred" not in postfix.log(), postfix.log()
        return empath.named("accepted", sender=reverse_path)[before:]

    return eventually(arrived, "the mail")[0]


def test_postfix_relays_with_dsn_and_smtputf8_within_tls(empath, tmp_path):
    """
    Done when. It gives ORCPT= for a recipient that came without one, and says by XFORWARD who sent it the mail.
    """
    with behind(empath, tmp_path) as postfix:
        dsn = {"mail_options": ["RET=HDRS", "ENVID=QQ+2B314159"], "rcpt_options": ["NOTIFY=SUCCESS,FAILURE"]}
        accepted = sent_by(empath, postfix, "a@b.test", ["c@d.test", '"a b"@d.test'], **dsn)
        assert "TLSv1.3" == accepted["tls_version"]
        origin = empath.wait_for("origin_known", queue_id=accepted["queue_id"])["origin"]
        assert origin.startswith("localhost[127.0.0.1] ")
        asked = "SELECT dsn_return, envelope_id FROM message WHERE id = ?"
        assert [("HDRS", "QQ+2B314159")] == select(empath.queue, asked, accepted["queue_id"])

        utf8 = {"mail_options": ["SMTPUTF8", "BODY=8BITMIME"]}
        international = sent_by(empath, postfix, "jürgen@b.test", ["ä+tag@d.test", "e@bücher.test"], **utf8)
        assert 2 == international["recipients"]
        by_lmtp = sent_by(empath, postfix, "l@b.test", ["a@lmtp.test", "ü@lmtp.test"], **utf8)
        assert (2, None) == (by_lmtp["recipients"], by_lmtp.get("tls_version"))


@pytest.mark.parametrize("mechanism", ["plain", "login", "scram-sha-256"])
def test_postfix_logs_in(empath, tmp_path, mechanism):
    """
    By Cyrus SASL, which prefers SCRAM where it is offered, and has limits of its own.
    """
    with behind(empath, tmp_path, mechanism) as postfix:
        accepted = sent_by(empath, postfix, ALICE, ["c@users.test"])
    assert ALICE == accepted["account"]
    assert mechanism.upper() == empath.named("login_succeeded")[-1]["mechanism"]


def test_d2_postfix_as_the_next_host_gets_what_the_sender_wants_to_hear(tmp_path):
    """
    It reports in our place, with ENVID, ORCPT and RET as the client gave them, to a host without DSN. Empath reports
    nothing, because Postfix offers DSN.
    """
    with ScriptedPeer().extensions("PIPELINING") as end, ScriptedPeer().extensions("PIPELINING") as home:
        end.reply_to_recipient("no@far.test", "550 5.1.1 Who?").reply_to_recipient("never@far.test", "550 5.1.1 Who?")
        maps = f"far.test=smtp:[127.0.0.1]:{end.port}, home.test=smtp:[127.0.0.1]:{home.port}"
        with Postfix(f"transport_maps = inline:{{ {maps} }}\n") as postfix:
            empath = Empathd(tmp_path, routes=f'"*" = "smtp://127.0.0.1:{postfix.port}"')
            try:
                empath.start()
                with smtplib.SMTP("127.0.0.1", empath.port, timeout=DEADLINE_S) as client:
                    client.ehlo("pc.test")
                    client.docmd("MAIL FROM:<s@home.test> RET=HDRS ENVID=QQ+2B314159")
                    client.docmd("RCPT TO:<yes@far.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;R+2B1@old.test")
                    client.docmd("RCPT TO:<no@far.test>")
                    client.docmd("RCPT TO:<never@far.test> NOTIFY=NEVER")
                    assert 250 == client.data(b"Subject: x\r\n\r\ntext\r\n")[0]
                reports = home.wait_for_messages(2)
                mine = select(empath.queue, "SELECT status, count(*) FROM _recipient GROUP BY status")
                assert 0 == empath.stop()
            finally:
                empath.clean_up()
    assert [("delivered", 3)] == mine
    told: dict[str, tuple[str, str]] = {}
    for report in reports:
        found: Any = email.message_from_bytes(report.content)
        _, status, original = found.get_payload()
        message, *recipients = status.get_payload()
        assert ("QQ+314159", "text/rfc822-headers") == (
            message["Original-Envelope-Id"], original.get_content_type()
        )  # fmt: skip
        told |= {each["Final-Recipient"]: (each["Action"], each["Original-Recipient"]) for each in recipients}
    assert {
        "rfc822; yes@far.test": ("relayed", "rfc822;R+1@old.test"),
        "rfc822; no@far.test": ("failed", "rfc822;no@far.test"),
    } == told


@pytest.mark.parametrize("size", [3, 100_000])
def test_postfix_takes_content_in_a_chunk(tmp_path, size):
    """
    RFC 3030 with another implementation: every octet arrives, dots at the beginning of lines, too.
    """
    lines = b".\r\n..x\r\n" * size
    with ScriptedPeer() as end:
        with Postfix(f"transport_maps = inline:{{ far.test=smtp:[127.0.0.1]:{end.port} }}\n") as postfix:
            rules = '[destinations."*"]\nchunking = true'
            empath = Empathd(tmp_path, rules, routes=f'"*" = "smtp://127.0.0.1:{postfix.port}"')
            try:
                empath.start()
                with smtplib.SMTP("127.0.0.1", empath.port, timeout=DEADLINE_S) as client:
                    client.sendmail("a@b.test", ["c@far.test", "d@far.test"], b"Subject: x\r\n\r\n" + lines)
                [arrived] = end.wait_for_messages(1)
                assert 0 == empath.stop()
                assert eventually(lambda: " bdat=1 " in postfix.log(), "the end of the session")
            finally:
                empath.clean_up()
    assert arrived.content.endswith(b"\r\n\r\n" + lines)
