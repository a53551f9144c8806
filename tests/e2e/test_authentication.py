"""Mail from the Internet is judged by the whole service, with a scripted name server."""

import smtplib

import pytest

from tests.kit.dns import ScriptedDns
from tests.kit.process import Empathd, free_port
from tests.kit.queue import select, write
from tests.kit.waiting import DEADLINE_S, eventually

ASKS = "v=DMARC1; p=reject; rua=mailto:reports@here.test"


@pytest.fixture
def service(tmp_path):
    """A service with a listener for the Internet. This host is none of its networks, and may send for good.example."""
    port = free_port()
    with ScriptedDns() as names:
        names.txt("good.example", "v=spf1 ip4:127.0.0.1 -all").txt("_dmarc.good.example", "v=DMARC1; p=reject")
        names.txt("bank.example", "v=spf1 -all").txt("_dmarc.bank.example", ASKS)
        names.txt("bank.example._report._dmarc.here.test", "v=DMARC1")
        more = f"""
[[listener]]
address = "127.0.0.1:{port}"
role = "mx"
[listener.authentication]
spf = true
dkim = true
arc = true
dmarc = "reject"
[relay]
networks = ["192.0.2.0/24"]
domains = ["here.test"]
[dmarc_reports]
send = true
address = "dmarc@good.example"
receive = ["reports@here.test"]
[dns]
nameservers = ["{names.address}"]
"""
        made = Empathd(tmp_path / "service", more)
        try:
            yield made.start(), port
        finally:
            made.clean_up()


def send(port, author):
    """Send a message of *author*; the reply."""
    with smtplib.SMTP("127.0.0.1", port, "client.example", timeout=DEADLINE_S) as client:
        client.ehlo()
        client.mail(f"a@{author}")
        client.rcpt("u@here.test")
        return client.data(f"From: a@{author}\r\nAuthentication-Results: mx.example.test; dkim=pass\r\n\r\nx\r\n")


def test_who_is_not_proven_is_refused_and_who_is_has_the_results_on_top(service):
    """
    Nobody else's results in our name reach a mailbox.
    """
    running, port = service
    code, reply = send(port, "bank.example")
    assert (550, True) == (code, reply.startswith(b"5.7.23 Neither SPF nor DKIM proves bank.example"))
    assert 250 == send(port, "good.example")[0]
    found = select(running.queue, "SELECT author, spf, dkim, dmarc, disposition FROM authentication")
    assert [("good.example", "pass", "none", "pass", "tag")] == found
    [file] = eventually(lambda: [*(running.maildir / "new").glob("*")], "a mail")
    text = file.read_bytes().decode()
    assert "spf=pass (ip4:127.0.0.1) smtp.mailfrom=a@good.example;" in text
    assert ("dkim=pass" not in text, 1) == (True, text.count("Authentication-Results: mx.example.test;"))
    [disposed] = running.named("disposed")
    assert ("reject", "fail", "bank.example") == (disposed["action"], disposed["dmarc"], disposed["author"])
    # The domain that asks for reports hears of what was refused; that is an address of this host, which reads them.
    eventually(lambda: select(running.queue, "SELECT 1 FROM report_sent WHERE domain = 'bank.example'"), "the count")
    write(running.queue, "UPDATE report_sent SET due_at = 'now'")
    columns = "source_ip, messages, disposition, dkim, spf, header_from, spf_result, domain"
    told = eventually(lambda: select(running.queue, f"SELECT {columns} FROM dmarc_report"), "the report")
    assert [("127.0.0.1", 1, "reject", "fail", "fail", "bank.example", "fail", "bank.example")] == told
    assert [("reports@here.test",)] == select(running.queue, "SELECT sent_to FROM report_sent WHERE state = 'sent'")
