"""Reports about mail that went out, read by the worker that gets them."""

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from empath.authentication.verp import Verp
from empath.config import load_config
from empath.daemon.worker.connection import Abandoned
from empath.daemon.worker.transport.carrier import Body, DeliveryJob
from empath.daemon.worker.transport.feedback import FeedbackCarrier
from empath.errors import QueueBusy
from empath.mail.address import Address
from empath.mail.identity import QueueId, Timestamp
from empath.policy.replies.bounce_class import BounceClass
from empath.storage.queue.accept import INLINE
from empath.telemetry.occurrence import Emitter
from empath.telemetry.occurrences.worker import FeedbackHeard
from tests.daemon.worker.test_delivery import message
from tests.kit.process import configuration
from tests.kit.queue import Queue
from tests.message.report.samples import ARF, DSN, ODD

SETTINGS = """[verp]
domain = "bounces.example"
secrets_file = "x"
accounts = ["*"]
[feedback]
address = "fbl@own.example"
[suppression]
classes = ["bad-mailbox"]
"""
IN_SAMPLES = b"01M8PC4VJYQKTGRH502JS35RRZ"


@pytest.fixture
def queue(tmp_path):
    made = Queue(tmp_path / "queue.db")
    yield made
    made.close()


@pytest.fixture
def heard():
    return []


@pytest.fixture
def read(tmp_path, queue, heard):
    """Has a worker read a report that came to *address*; gives what it answers."""
    file = tmp_path / "empath.toml"
    file.write_text(configuration(2525, SETTINGS))
    config = load_config(file)

    def commit(write):
        queue.run(write)
        return write

    def read(text, address, *, writer=None, may_end=lambda: True, classify=lambda *_: BounceClass.BAD_MAILBOX):
        emit: Any = Emitter("worker-1", (lambda _, what: heard.append(what),))
        writer = writer or SimpleNamespace(commit=commit)
        carrier = FeedbackCarrier(config, writer, emit, classify, "feedback:")
        content = text.replace(b"\n", b"\r\n")
        leased = message(1, content=content)
        leased.recipients[0] = leased.recipients[0]._replace(address=address)
        job = DeliveryJob(leased, leased.recipients, Body(content, Path("/tmp"), INLINE, len(content)), may_end)
        [attempt] = carrier.carry(job)
        return [str(answer.said.reply) for answer in attempt.answers]

    return read


@pytest.fixture
def sent(queue):
    """The id of a message to ann@far.example, and the sender by VERP that it had."""
    queue.accept("far.example")
    queue.write("UPDATE _recipient SET address = 'ann@far.example'")
    [(ulid,)] = queue.select("SELECT ulid FROM _message")
    verp = Verp(load_domain(), (b"a secret of this host",))
    return ulid, verp.sender(QueueId.parse(ulid), Address.parse("ann@far.example"))


def load_domain():
    """That of [verp]."""
    return Address.parse("x@bounces.example").domain


def rows(queue):
    return queue.select("SELECT id, recipient, kind, class, code, form, suppressed_unix IS NULL FROM feedback")


def test_a_report_to_a_sender_by_verp_is_about_its_recipient(read, queue, sent, heard):
    """
    The status stays; the row has what is known, and the address gets no more mail.
    """
    ulid, sender = sent
    assert ["250 2.0.0 report kept"] == read(DSN, sender.lower())
    assert [(ulid, "ann@far.example", "failure", "bad-mailbox", 550, "dsn", 0)] == rows(queue)
    assert [("ann@far.example", "bounce")] == queue.select("SELECT address, source FROM suppression")
    [said] = [each for each in heard if isinstance(each, FeedbackHeard)]
    assert (ulid, "ann@far.example", "failure", True) == (said.about, said.recipient, said.kind, said.is_suppressed)


def test_words_about_another_address_count_for_the_one_that_was_written_to(read, queue, sent):
    """
    ann forwards her mail to bob, whose host writes in its own words.
    """
    ulid, sender = sent
    text = ODD["qmail"][0].replace(b"ann@far.example", b"bob@elsewhere.example")
    read(text, sender)
    assert [(ulid, "ann@far.example", "failure", "bad-mailbox", 550, "qmail", 0)] == rows(queue)


@pytest.mark.parametrize("name", ["exim, delay", "a reply without a form"])
def test_only_a_failure_for_good_with_a_class_of_the_settings_suppresses(read, queue, sent, name):
    _, sender = sent
    read(ODD[name][0], sender, classify=lambda *_: BounceClass.POLICY)
    assert [] == queue.select("SELECT address FROM suppression")
    assert 1 == len(rows(queue))


def test_an_answer_of_a_program_is_kept_as_that(read, queue, sent):
    ulid, sender = sent
    read(b"Subject: away\nAuto-Submitted: auto-replied\n\nI am away.\n", sender)
    assert [(ulid, "ann@far.example", "answer", None, None, None, 1)] == rows(queue)


def test_a_complaint_suppresses_the_recipient_of_the_message_that_it_quotes(read, queue, sent):
    ulid, _ = sent
    read(ARF.replace(IN_SAMPLES, ulid.encode()), "fbl@own.example")
    assert [(ulid, "ann@far.example", "complaint", None, None, "arf", 0)] == rows(queue)
    [(address, source, reason)] = queue.select("SELECT address, source, reason FROM suppression")
    assert ("ann@far.example", "complaint") == (address, source)
    assert "complaint (abuse) by dns; mx.provider.example" == reason


def test_a_complaint_may_name_its_recipient_by_the_sender_that_the_message_had(read, queue, sent):
    ulid, sender = sent
    text = ARF.replace(b"Original-Rcpt-To: <ann@far.example>\n", b"").replace(b"news@own.example", sender.encode())
    read(text, "fbl@own.example")
    assert [(ulid, "ann@far.example", "complaint", None, None, "arf", 0)] == rows(queue)


def test_a_complaint_about_mail_of_others_suppresses_nobody(read, queue, sent):
    """
    Anybody can write to that address.
    """
    read(ARF, "fbl@own.example")
    assert [(None, "ann@far.example", "complaint", None, None, "arf", 1)] == rows(queue)
    assert [] == queue.select("SELECT address FROM suppression")


def test_a_report_waits_while_it_cannot_be_kept(read, queue, sent):
    """
    Nor is one kept by a worker that is taken for dead.
    """

    def busy(_write):
        raise QueueBusy("locked")

    with pytest.raises(Abandoned):
        read(DSN, sent[1], writer=SimpleNamespace(commit=busy))
    with pytest.raises(Abandoned):
        read(DSN, sent[1], may_end=lambda: False)
    assert [] == rows(queue)


def test_what_came_to_no_address_of_ours_is_kept_as_unknown(read, queue):
    """
    A route of the operator may lead here.
    """
    read(b"Subject: hello\n\nx\n", '"not one"@own.example')
    assert [(None, "", "unknown", None, None, None, 1)] == rows(queue)
    assert time.time() > Timestamp(0)
