"""Clients that no one here knows: blocklists, names, the greylist, and XCLIENT, at a running server."""

import shutil
import smtplib
import subprocess
from contextlib import closing
from ipaddress import ip_address

import pytest

from empath.policy.dnsbl import asked_of
from tests.kit.dns import ScriptedDns
from tests.kit.process import Empathd, free_port
from tests.kit.queue import select, write
from tests.kit.waiting import DEADLINE_S, eventually

LISTED, NAMED, NEW, PROXY = "127.0.0.66", "127.0.0.67", "127.0.0.68", "127.0.0.69"
SWAKS = shutil.which("swaks")


class Careful(Empathd):
    """At `mx` it asks about clients, greylists, and lets PROXY speak for others."""

    def __init__(self, directory, nameserver):
        self.mx = free_port()
        more = f"""
[[listener]]
address = "127.0.0.1:{self.mx}"
role = "mx"
client_names = true
xclient = ["{PROXY}/32"]
[relay]
networks = ["192.0.2.0/24"]
domains = ["here.test"]
[dns]
nameservers = ["{nameserver}"]
[dnsbl]
"zen.test=127.0.0.[2..11]" = 2
threshold = 2
[greylist]
enabled = true
"""
        super().__init__(directory, more)

    def session(self, source):
        return smtplib.SMTP(timeout=DEADLINE_S, source_address=(source, 0))


@pytest.fixture(scope="module")
def names():
    with ScriptedDns() as server:
        server.a(asked_of("zen.test", ip_address(LISTED)).name, "127.0.0.4")
        server.txt(asked_of("zen.test", ip_address(LISTED)).name, "Listed for this test")
        server.a(asked_of("zen.test", ip_address("198.51.100.6")).name, "127.0.0.2")
        server.ptr(NAMED, "named.test").a("named.test", NAMED)
        yield server


@pytest.fixture(scope="module")
def service(tmp_path_factory, names):
    instance = Careful(tmp_path_factory.mktemp("careful"), names.address)
    try:
        yield instance.start()
        assert 0 == instance.stop()
    finally:
        instance.clean_up()


def test_a_listed_client_reaches_the_postmaster_only(service):
    with closing(service.session(LISTED)) as client:
        client.connect("127.0.0.1", service.mx)
        client.ehlo("c.test")
        client.mail("a@b.test")
        said = (550, b"5.7.1 Client [127.0.0.66] is blocked by zen.test: Listed for this test")
        assert said == client.rcpt("user@here.test")
        assert 250 == client.rcpt("postmaster@here.test")[0]
    service.wait_for("refused", client=LISTED, recipient="user@here.test")


def test_a_new_sender_must_come_again_until_an_operator_lets_it_pass(service):
    """
    The row is there at once, and an edit of it counts at once.
    """
    with closing(service.session(NAMED)) as client:
        client.connect("127.0.0.1", service.mx)
        client.ehlo("c.test")
        client.mail("a@b.test")
        assert (451, b"4.7.1 Greylisted, try again in 300 seconds") == client.rcpt("user@here.test")
        assert [("127.0.0.0/24", "a@b.test", "user@here.test", 0)] == select(
            service.queue, "SELECT client, sender, recipient, hits FROM greylist WHERE sender = 'a@b.test'"
        )
        write(service.queue, "UPDATE greylist SET passes_at = 'now' WHERE sender = 'a@b.test'")
        assert 250 == client.rcpt("user@here.test")[0]
        client.data(b"Subject: x\r\n\r\ntext\r\n")
    accepted = service.wait_for("accepted", client=NAMED)
    assert "named.test" == accepted["ptr"]
    [mail] = eventually(lambda: [m for m in service.delivered() if accepted["queue_id"].encode() in m], "delivered")
    assert b"from c.test (named.test [127.0.0.67])" in mail


def test_the_housekeeper_forgets_rows_that_are_over(service):
    with closing(service.session(NEW)) as client:
        client.connect("127.0.0.1", service.mx)
        client.ehlo("c.test")
        client.mail("forgotten@b.test")
        client.rcpt("user@here.test")
    ours = "SELECT * FROM greylist WHERE sender = 'forgotten@b.test'"
    assert 1 == len(select(service.queue, ours))
    write(service.queue, "UPDATE greylist SET expires_unix = 1e9 + 1 WHERE sender = 'forgotten@b.test'")
    eventually(lambda: not select(service.queue, ours), "forgotten")


@pytest.mark.skipif(SWAKS is None, reason="needs swaks")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--xclient-addr", "192.0.2.7", "--to", "x@elsewhere.test"], "250 2.0.0 Ok: queued as "),
        (["--xclient-addr", "203.0.113.5", "--to", "x@elsewhere.test"], "554 5.7.1 Relay access denied"),
        (["--xclient-addr", "203.0.113.5", "--xclient-login", "u", "--to", "x@elsewhere.test"], "250 2.0.0 Ok: queued"),
        (["--xclient-addr", "198.51.100.6", "--to", "user@here.test"], "550 5.7.1 Client [198.51.100.6] is blocked by"),
    ],
)
def test_swaks_speaks_for_others(service, options, said):
    """
    The way in which people try out the rules of their server.
    """
    run = subprocess.run(
        [str(SWAKS), "--server", f"127.0.0.1:{service.mx}", "-li", PROXY, "--from", "a@b.test", "--helo", "c.test",
         "--timeout", "20", *options],
        capture_output=True, text=True, timeout=DEADLINE_S, check=False,
    )  # fmt: skip
    assert said in run.stdout, run.stdout + run.stderr
