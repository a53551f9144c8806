"""What those hear who listen to a connection to a host."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from empath.daemon.process.dialogues import Dialogues
from empath.daemon.process.failed_dialogues import FailedDialogues
from empath.daemon.worker.cargo import Cargo
from empath.daemon.worker.session_needs import SessionNeeds
from empath.mail.protocol import Protocol
from empath.policy.destinations.settings import BUILT_IN
from empath.policy.hosts.search import Host
from empath.policy.tls_demand import HostDemand, TlsLevel
from empath.smtp.sasl.client import ClientLogin
from empath.telemetry.occurrence import Emitter
from tests.daemon.listening import Listener, logging
from tests.daemon.worker.kit import MAIL
from tests.daemon.worker.test_tls import client_tls, secure_peer
from tests.kit.peer import ScriptedPeer

QUEUE_ID = "01KAN0000000000000000000ZZ"
OTHER_ID = "01KAN0000000000000000000ZY"


def cargo(queue_id=QUEUE_ID, destination="smtp:peer.test:25"):
    """A message on its way."""
    recipients = [SimpleNamespace(domain="d.test"), SimpleNamespace(domain="d.test")]
    return Cargo(destination, cast(Any, SimpleNamespace(queue_id=queue_id, recipients=recipients)))


def send(pool, peer, what, **more):
    host = Host(
        "peer.test", peer.host, peer.port, is_tls=peer.is_implicit, protocol=more.pop("protocol", Protocol.SMTP)
    )
    return pool.send(host, MAIL, lambda: iter((b"secret!!\r\n",)), lambda: True, cargo=what, **more)


@pytest.mark.parametrize(
    "part", [("destination", "smtp:peer.test:25"), ("destination", "d.test"), ("message", QUEUE_ID)]
)
def test_a_listener_hears_a_connection_from_its_banner_to_its_end(make_pool, part):
    """
    By the next hop, by the domain, or by the message.
    """
    listener = Listener(*part)
    listener.begin()
    with ScriptedPeer() as peer:
        pool = make_pool(dialogues=listener.dialogues)
        send(pool, peer, cargo())
        pool.close_idle(all_of_them=True)
        assert [line for line in listener.lines if line.startswith("C")] == [
            "C: EHLO mx.example.test", "C: MAIL FROM:<a@b.test> SIZE=10", "C: RCPT TO:<c@d.test>", "C: DATA",
            "C: (content of 10 octets)", "C: QUIT",
        ]  # fmt: skip
        assert {(f"peer.test[{peer.host}]:{peer.port}", QUEUE_ID)} == {
            (dialogue.peer, dialogue.queue_id) for dialogue, _ in listener.heard
        }


def test_a_connection_that_is_used_again_is_heard_for_the_message_alone(make_pool):
    """
    Who looks at one message sees nothing of the one before it.
    """
    listener = Listener("message", QUEUE_ID)
    listener.begin()
    with ScriptedPeer() as peer:
        pool = make_pool(dialogues=listener.dialogues)
        send(pool, peer, cargo(OTHER_ID))
        assert [] == listener.lines
        send(pool, peer, cargo())
        assert "C: MAIL FROM:<a@b.test> SIZE=10" in listener.lines
        listener.end()
        count = len(listener.lines)
        send(pool, peer, cargo())
        assert count == len(listener.lines)


def test_tls_and_a_login_are_heard_without_the_password(make_pool):
    """
    The dialogue inside TLS is what a person needs.
    """
    listener = Listener("destination", "d.test")
    listener.begin()
    login = ClientLogin("user", "secret")
    with secure_peer().extensions("STARTTLS").extensions_in_tls("AUTH PLAIN") as peer:
        peer.reply("AUTH", "235 2.7.0 Ok")
        needs = SessionNeeds(HostDemand(TlsLevel.ENCRYPT, server_name="peer.test"), login)
        send(make_pool(tls=client_tls(), dialogues=listener.dialogues), peer, cargo(), needs=needs)
    assert "-: TLSv1.3" in listener.lines
    assert "C: AUTH PLAIN (16 octets)" in listener.lines


def test_lmtp_and_chunks_are_heard(make_pool):
    """
    With a reply for each recipient of LMTP, and the size of a chunk.
    """
    listener = Listener("destination", "d.test")
    listener.begin()
    pool = make_pool(dialogues=listener.dialogues)
    with ScriptedPeer().lmtp() as peer:
        send(pool, peer, cargo(), protocol=Protocol.LMTP)
        assert "C: LHLO mx.example.test" in listener.lines
        assert "C: (content of 10 octets)" in listener.lines
    with ScriptedPeer().extensions("CHUNKING") as peer:
        send(pool, peer, cargo(), settings=replace(BUILT_IN, chunking=True))
        assert "C: BDAT 10 LAST" in listener.lines
    assert "secret" not in str(listener.lines)


def test_the_log_has_the_lines_of_destinations_that_it_wants(make_pool):
    """
    A level for a destination shows what its hosts say.
    """
    seen: list[Any] = []
    dialogues = logging(seen, lambda about: about.domain == "d.test")
    with ScriptedPeer() as peer:
        send(make_pool(dialogues=dialogues), peer, cargo())
    assert {(QUEUE_ID, "smtp:peer.test:25")} == {(each.queue_id, each.destination) for each in seen}
    assert ("client", "EHLO mx.example.test") in {(each.speaker, each.text) for each in seen}


def kept_of(make_pool, peer, *cargoes, **more):
    """What is kept of these messages, sent one after another over one pool."""
    dialogues = Dialogues(Emitter("", (), lambda _: False, lambda _, __: False), FailedDialogues(lambda: 1e9))
    pool = make_pool(dialogues=dialogues)
    for what in cargoes:
        what.message.mail_from = "a@b.test"
        if "listener" in more:
            dialogues.add(more["listener"])
        send(pool, peer, what)
    pool.close_idle(all_of_them=True)
    assert dialogues.failed is not None
    return dialogues.failed.take()


@pytest.mark.parametrize("more", [{}, {"listener": Listener("destination", "d.test")}])
def test_what_was_said_is_kept_if_a_recipient_is_refused(make_pool, more):
    """
    A message that was taken leaves nothing, and what was said of it is not shown with the next one. Who listens
    meanwhile takes nothing away.
    """
    with ScriptedPeer().reply("RCPT", "250 2.1.5 Ok", "450 4.7.1 Greylisted") as peer:
        [row] = kept_of(make_pool, peer, cargo(OTHER_ID), cargo(), **more)
    assert (QUEUE_ID, "smtp:peer.test:25", "RCPT", "450 4.7.1 Greylisted", "a@b.test") == (
        row.ulid, row.destination, row.stage.upper(), row.reply, row.sender,
    )  # fmt: skip
    lines = row.dialogue.split("\n")
    assert ["S: 220 peer.test ESMTP", "C: EHLO mx.example.test"] == lines[:2]
    assert ["C: MAIL FROM:<a@b.test> SIZE=10"] == [line for line in lines if "MAIL" in line]
    assert "S: 450 4.7.1 Greylisted" in lines
    assert "content of" not in row.dialogue


@pytest.mark.parametrize("step", ["EHLO", "DATA", "END_OF_DATA"])
def test_what_was_said_before_a_connection_broke_is_kept(make_pool, step):
    """
    The attempt says no more than where it broke.
    """
    with ScriptedPeer().drop_at(step) as peer:
        [row] = kept_of(make_pool, peer, cargo())
    assert row.dialogue.startswith("S: 220 peer.test ESMTP\nC: EHLO mx.example.test")
    assert "secret" not in row.dialogue
    assert "4.4.2" in row.reply
